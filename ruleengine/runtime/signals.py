"""Which signals can't be used at all: stamped later than they came, or with a figure that is none.

Their sender is outside, and the engine is the last place that can tell: a time in the future has a negative age, which
every bound on `signal.age` would let pass, and a size that is no number can't be put on any grid.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from ruleengine.model.comparison import Comparison
from ruleengine.model.event import Signal
from ruleengine.runtime.market import AHEAD_NS
from ruleengine.runtime.verdicts import measured
from ruleengine.schema.signal import CONFIDENCE_MAX

_NANOS = 1_000_000_000
_NO_SCALE = Decimal(0)
_UNITS = {"size": "units", "stop": "price", "target": "price", "leverage": "number"}
"""Figures that have to be above zero, with their units."""


def fault_of(signal: Signal, now: int) -> Comparison | None:
    """What keeps a signal that came at `now` (UTC ns) from being used: the first fault, as a comparison that failed."""
    ahead = signal.ts_event - now
    if ahead > AHEAD_NS:
        limit = AHEAD_NS / _NANOS
        found = measured("signal.time after its arrival", "le", ahead / _NANOS, limit, "duration", f"{limit:g}s")
        found.verdict = False  # by a nanosecond too
        return found
    faults = (out_of_range(signal, name) for name in (*_UNITS, "confidence"))
    return next((fault for fault in faults if fault is not None), None)


def out_of_range(signal: Signal, name: str) -> Comparison | None:
    """The comparison that a figure of the signal fails; None where it is usable, or not stated."""
    value: Any = getattr(signal, name)
    if value is None:
        return None
    what = f"signal.{name}"
    if isinstance(value, bool | str) or not math.isfinite(value):
        return measured(what, "eq", str(value), "a number", "", "a number")
    if name != "confidence":
        held = measured(what, "gt", value, 0, _UNITS[name], "0", scale=_NO_SCALE)
        return None if held.verdict else held
    for operator, limit in (("ge", 0), ("le", CONFIDENCE_MAX)):
        held = measured(what, operator, value, limit, "number", str(limit), scale=_NO_SCALE)
        if not held.verdict:
            return held
    return None


def needs(fault: Comparison) -> str:
    """A fault in words.

    >>> needs(measured("signal.confidence", "le", 130.0, 100, "number", "100"))
    'signal.confidence <= 100, and it is 130'
    """
    shown = f"{fault.left:.10g}" if isinstance(fault.left, float | int) else str(fault.left)
    unit = {"duration": "s", "units": " units"}.get(fault.unit, "")
    return f"{fault.text}, and it is {shown}{unit}"
