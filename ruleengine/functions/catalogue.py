"""Every function a policy can call, in the order of the reference."""

from __future__ import annotations

from ruleengine.functions import (  # noqa: F401  # imported for what they declare
    arithmetic,
    averages,
    channel,
    gap,
    latest,
    momentum,
    running,
    session,
    swing,
    trend,
    volatility,
    volume,
    window,
)
from ruleengine.functions.base import REGISTRY, Function, Param
from ruleengine.functions.counts import COUNTS
from ruleengine.functions.modes import MODES
from ruleengine.functions.sequences import SEQUENCES
from ruleengine.units import BAR_COUNT, BARS, Type

_FAMILIES = (
    "arithmetic", "window", "averages", "momentum", "trend", "volatility", "channel", "session", "volume", "swing",
    "gap", "running",
)  # fmt: skip
FUNCTIONS: dict[str, Function] = {
    function.name: function
    for family in _FAMILIES
    for function in REGISTRY.by_name.values()
    if function.family == family
}
"""By name; families in the order above, functions in the order of their file."""

STEPS: dict[str, Function] = {
    function.name: function
    for function in (*FUNCTIONS.values(), *MODES, *SEQUENCES, *COUNTS)
    if function.kind == "step"
}
"""Everything with state that is fed by events: running figures, and what modes and patterns are written out to."""


def signature(function: Function) -> str:
    """How a function is called, for the reference and for messages.

    >>> signature(FUNCTIONS["ramp"]), signature(FUNCTIONS["rsi"])
    ('ramp(x: T, low: T, high: T) -> ratio', 'rsi(bars: bars, n: bar count = 14) -> plain number')
    >>> signature(FUNCTIONS["min"])
    'min(x: T, y: T, …) -> T'
    """
    shown = [_parameter(param) for param in function.params]
    if function.variadic:
        shown.append("…")
    return f"{function.name}({', '.join(shown)}) -> {_type(function.returns)}"


def _parameter(param: Param) -> str:
    default = f" = {param.default}" if param.default is not None else ""
    return f"{param.name}: {_type(param.type)}{default}"


def _type(written: Type | str) -> str:
    if written == BAR_COUNT:
        return "bar count"
    return "bars" if written == BARS else str(written)
