"""A reduction whose floor is above its cap, whatever the market does (FX-05)."""

from __future__ import annotations

from collections.abc import Mapping

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import limits as faults
from ruleengine.schema.hedges import Reduce
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.ranges import Ranges, is_below
from ruleengine.typecheck.spoken import range_in_words
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY


def floor_over_cap(names: Names, reduce: Reduce, amounts: Mapping[str, Expr]) -> list[Diagnostic]:
    """`amounts`: as written, nothing folded, so that a parameter is all that it may be set to."""
    floor = amounts.get("at_least")
    if floor is None or floor.type == ANY or reduce.at_least is None:
        return []
    ranges, found = Ranges(names.parameters, names.settable), []
    low = ranges.of(floor)
    for index, leaf in enumerate(reduce.at_most):
        cap = amounts[f"at_most_{index}"]
        if cap.type != ANY and is_below(ranges.of(cap).high, low.low, 1.0):
            least, most = range_in_words(low, floor.type), range_in_words(ranges.of(cap), cap.type)
            place, posture = reduce.at_least.node.span, reduce.floor_over_cap or ""
            found.append(faults.floor_above_cap(place, least, most, posture, leaf.node.span))
    return found
