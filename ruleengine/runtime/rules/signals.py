"""Which signals can't be used at all: stamped later than they came, with a figure that is none, or with a word that the
policy doesn't have.

Their sender is outside, and the engine is the last place that can tell: a time in the future has a negative age, which
every bound on `signal.age` would let pass, a size that is no number can't be put on any grid, and the trade of a pocket
that nobody declared would have no exit.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

from ruleengine.model.comparison import Comparison
from ruleengine.model.event import Signal
from ruleengine.runtime import codes
from ruleengine.runtime.judging.judge import Refusal
from ruleengine.runtime.judging.verdicts import measured
from ruleengine.runtime.markets.market import AHEAD_NS
from ruleengine.runtime.plan.rules import Common
from ruleengine.schema.leaf import Id
from ruleengine.schema.policy import Policy
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


def stranger_of(signal: Signal, policy: Policy) -> Comparison | None:
    """The first word of the signal that the policy doesn't declare, as a comparison that failed. A policy without
    regimes reads none of them, so that any may come."""
    pockets, regimes = _words(policy.pockets), _words(policy.regimes)
    if signal.pocket and signal.pocket not in pockets:
        return measured("signal.pocket", "eq", signal.pocket, _declared(pockets), "", "a declared pocket")
    if signal.regime and regimes and signal.regime not in regimes:
        return measured("signal.regime", "eq", signal.regime, _declared(regimes), "", "a declared regime")
    return None


def refused_signal(
    rule: Common, signal: Signal, fault: Comparison | None, stranger: Comparison | None
) -> Refusal | None:
    """What refuses a signal before its rule is asked: the fault first, then the word that the policy doesn't have."""
    if fault is not None:
        message = f"signal {signal.id} can't be used: {needs(fault)}"
        return Refusal(codes.SIGNAL_UNUSABLE, rule.id, message, rule.place, comparison=fault)
    if stranger is not None:
        message = f"signal {signal.id} can't be used: {undeclared(stranger)}"
        return Refusal(codes.WORD_UNDECLARED, rule.id, message, rule.place, comparison=stranger)
    return None


def _words(leaves: list[Id]) -> list[str]:
    return [leaf.text for leaf in leaves]


def _declared(words: list[str]) -> str:
    return ", ".join(words) or "none"


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


def undeclared(stranger: Comparison) -> str:
    """A word that isn't the policy's, in words.

    >>> undeclared(measured("signal.pocket", "eq", "scalpp", "scalp, macro", "", "a declared pocket"))
    'signal.pocket is `scalpp`; declared: scalp, macro'
    """
    what = stranger.text.partition(" ")[0]
    return f"{what} is `{stranger.left}`; declared: {stranger.right}"
