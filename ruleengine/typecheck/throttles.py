"""Rules whose own pace the order gate's throttles stop (OPS-01): the latch on repeated execution, and message budgets.

A rule that adds risk and says how far apart its orders are (`cooldown`, `interval`), so that within the gate's window
more of them come than the gate lets pass, although nothing but its own steps is at work. A rule that says no distance
is left to the throttle, which is what that is for. Reductions never wait for either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from math import inf

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import limits as faults
from ruleengine.schema.additions import Adding
from ruleengine.schema.entries import Entry
from ruleengine.schema.hedges import Hedge
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.spoken import in_words
from ruleengine.units import DURATION

_BUDGETS = (("orders_per_second", 1.0), ("orders_per_minute", 60.0))


def throttled(
    rules: Sequence[TypedRule], limits: Mapping[str, float], places: Mapping[str, Span]
) -> Iterator[Diagnostic]:
    """A finding for each rule that a throttle stops; `places`: of the limits, by their path."""
    for rule in rules:
        source = rule.source
        if not isinstance(source, Entry | Adding | Hedge) or (isinstance(source, Hedge) and source.open is None):
            continue
        if not rule.constants["enabled"] or source.enforcement != "enforce":
            continue
        apart, leaf = _apart(rule)
        if leaf is not None and apart > 0:
            yield from _stopped(rule.id, leaf, apart, _orders(rule), limits, places)


def _stopped(
    rule: str, place: Span, apart: float, orders: float, limits: Mapping[str, float], places: Mapping[str, Span]
) -> Iterator[Diagnostic]:
    """`orders`: how many one position brings at most."""
    said = in_words(apart, DURATION)
    most, within = limits.get("repeated_execution.orders"), limits.get("repeated_execution.within")
    if most is not None and within is not None and orders > most and most * apart < within:
        path = "repeated_execution.orders"
        needed = in_words(within / most, DURATION)
        yield faults.trips_the_latch(place, rule, said, f"{most:g}", in_words(within, DURATION), needed, places[path])
    for path, window in _BUDGETS:
        budget = limits.get(path)
        if budget is not None and _empties(orders, apart, budget, window):
            yield faults.empties_the_budget(place, rule, said, path, f"{budget:g}", places[path])


def _empties(orders: float, apart: float, budget: float, window: float) -> bool:
    """Does a full bucket run dry? It refills while orders go out."""
    if apart * budget >= window:
        return False
    return orders == inf or orders > budget + (orders - 1) * apart * budget / window


def _apart(rule: TypedRule) -> tuple[float, Span | None]:
    """The shortest time from one order of the rule to the next, and where it is said."""
    cooldown, source, found = rule.constants.get("cooldown"), rule.source, []
    if cooldown and isinstance(source, Entry | Adding | Hedge) and source.cooldown is not None:
        found.append((float(cooldown), source.cooldown.node.span))
    interval = _constant(rule, "interval")
    if interval is not None and isinstance(source, Adding) and source.interval is not None:
        found.append((interval, source.interval.node.span))
    return max(found, key=lambda each: each[0]) if found else (0.0, None)


def _orders(rule: TypedRule) -> float:
    """How many orders of the rule one position brings at most."""
    counts = [_constant(rule, name) for name in ("most", "steps", "per_day", "max_open")]
    return min((count for count in counts if count is not None), default=inf)


def _constant(rule: TypedRule, output: str) -> float | None:
    block = rule.blocks.get("order")
    expr = None if block is None else dict(block.outputs).get(output)
    if expr is None or expr.op != "const" or not isinstance(expr.data, Decimal):
        return None
    return float(expr.data)
