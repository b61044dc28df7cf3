"""Times at which a scenario's engine is down: one restart after the other, and nothing is expected of it meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.figures import Time
from ruleengine.schema.scenario_expect import Expected
from ruleengine.schema.scenario_given import Fault

_INSTANT = Decimal("0.001")
"""An expectation speaks of the millisecond that begins with its `at`."""


def overlapping_restarts(given: Sequence[Fault]) -> Iterator[Diagnostic]:
    """A restart that begins while the engine is still down from the one before would end that downtime."""
    restarts = sorted(_restarts(given), key=lambda each: each[0].at.number)
    for (before, down), (fault, _) in pairwise(restarts):
        up = before.at.number + down.number
        if fault.at.number < up:
            reason = f"at {fault.at.text} the engine is down, from {before.at.text} for {down.text}"
            hint = f"let this restart begin at {_seconds(up)} or later, or the one before last less long"
            yield faults.out_of_place(fault.at.node.span, reason, hint)


def expected_while_down(expect: Sequence[Expected], given: Sequence[Fault]) -> Iterator[Diagnostic]:
    """An expectation of an instant in which no engine runs: nothing can be decided, and nothing is known."""
    for expected in expect:
        at = expected.at.number
        for fault, down in _restarts(given):
            up = fault.at.number + down.number
            if fault.at.number - _INSTANT < at < up and down.number:
                reason = f"at {expected.at.text} the engine is down, from {fault.at.text} for {down.text}"
                hint = f"it decides nothing and knows nothing then: name an instant from {_seconds(up)} on, "
                hint += f"or one before {fault.at.text}"
                yield faults.out_of_place(expected.at.node.span, reason, hint)


def _restarts(given: Sequence[Fault]) -> list[tuple[Fault, Time]]:
    return [(fault, fault.restart) for fault in given if fault.restart is not None]


def _seconds(number: Decimal) -> str:
    """
    >>> _seconds(Decimal("8.0")), _seconds(Decimal("3600"))
    ('8s', '3600s')
    """
    return f"{number.normalize():f}s"
