"""What ladders and pyramids add up to at their largest, against the limits that stop it (OPS-01).

    first     the largest position that sizing gives: the smallest of all sizes that count for every entry, all scales
              at their largest
    n-th      first + its steps' shares of the base so far; a pyramid: first + n of its size

Only what the policy alone bounds is added up: where nothing bounds a size, nothing is said. Parameters have the values
that are set now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from math import inf, isinf
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import limits as faults
from ruleengine.schema.additions import Adding, Ladder
from ruleengine.schema.entries import Entry
from ruleengine.schema.guards import Cap, Sizing
from ruleengine.schema.leaf import Expression
from ruleengine.schema.rule import AppliesTo
from ruleengine.typecheck.additions import INITIAL_POSITION, NEW_POSITION, base_word
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import INSTRUMENT, Names
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.ranges import Range, Ranges
from ruleengine.typecheck.rules import as_list
from ruleengine.typecheck.spoken import in_words
from ruleengine.typecheck.typed import Expr
from ruleengine.units import UNITS

_SIDES = ("position.long_units_after", "position.short_units_after", "position.gross_units_after")
"""What a cap may compare with a constant so that it bounds the side that is added to."""


class _Bound(NamedTuple):
    units: float
    said: str
    place: Span


def beyond_limits(
    names: Names, rules: Sequence[TypedRule], limits: Mapping[str, float], places: Mapping[str, Span]
) -> Iterator[Diagnostic]:
    """A finding for each ladder and pyramid whose steps can't all come."""
    acting = [rule for rule in rules if rule.constants["enabled"]]
    bound = min(_bounds(acting, limits, places), key=lambda each: each.units, default=None)
    if bound is None:
        return
    for rule in acting:
        if isinstance(rule.source, Adding) and rule.source.enforcement == "enforce":
            yield from _of_rule(names, acting, rule, rule.source, bound)


def _bounds(rules: Sequence[TypedRule], limits: Mapping[str, float], places: Mapping[str, Span]) -> Iterator[_Bound]:
    path = "max_position_units"
    if path in limits:
        yield _Bound(limits[path], f"limits.{path}", places[path])
    for rule in rules:
        cap = rule.source
        if (
            not isinstance(cap, Cap)
            or cap.enforcement != "enforce"
            or cap.unless is not None
            or _narrows(cap.applies_to)
        ):
            continue
        kinds = as_list(cap.applies_to.intent)
        if kinds and not {"ladder", "pyramid"} <= set(kinds):
            continue
        limit = dict(rule.blocks["limit"].outputs)["limit"]
        if limit.op in ("le", "lt") and limit.args[0].label in _SIDES and isinstance(limit.args[1].data, Decimal):
            yield _Bound(float(limit.args[1].data), f"cap {rule.id}", rule.place)


def _narrows(words: AppliesTo | None) -> bool:
    keys = ("strategy", "pocket", "side", "instrument", "when")
    return words is not None and any(getattr(words, key) is not None for key in keys)


def _of_rule(
    names: Names, rules: Sequence[TypedRule], rule: TypedRule, source: Adding, bound: _Bound
) -> Iterator[Diagnostic]:
    first = _first(rules)
    given = {"position.initial_units": Range(0.0, first)}
    ranges = Ranges({}, {}, given)
    outputs = dict(rule.blocks["order"].outputs)
    if isinstance(source, Ladder):
        word = base_word(source)
        base = first if word in (NEW_POSITION, INITIAL_POSITION) else ranges.of(outputs["base"]).high
        additions = [[base * share for share in shares] for shares in _shares(names, source)]
    else:
        most = outputs.get("most")
        count = int(most.data) if most is not None and isinstance(most.data, Decimal) else 1
        additions = [[ranges.of(outputs["size"]).high] * min(count, 100)]
    for steps in additions:
        steps = steps[: _most(outputs, len(steps))]
        sums = list(accumulate(steps, initial=0.0 if isinf(first) else first))
        if steps and not isinf(sums[-1]) and sums[-1] > bound.units * (1 + 1e-9):
            number = next(n for n, total in enumerate(sums) if total > bound.units * (1 + 1e-9))
            said, allowed = in_words(sums[number], UNITS), in_words(bound.units, UNITS)
            yield faults.adds_up_to_more(rule.place, rule.id, number, said, allowed, bound.said, bound.place)
            return


def _most(outputs: Mapping[str, Expr], steps: int) -> int:
    most = outputs.get("most")
    return min(int(most.data), steps) if most is not None and isinstance(most.data, Decimal) else steps


def _shares(names: Names, ladder: Ladder) -> Iterator[list[float]]:
    """The coefficients of each list that are constants, up to the first that is not."""
    lists: list[list[Expression]] = (
        [ladder.steps] if ladder.steps else [each.coefficients for each in ladder.choices or ()]
    )
    for leaves in lists:
        found = []
        for leaf in leaves:
            value = _constant_ratio(names, leaf)
            if value is None:
                break
            found.append(value)
        yield found


def _constant_ratio(names: Names, leaf: Expression) -> float | None:
    """A share that the policy alone says, as it is set now."""
    before, read = len(names.found), len(names.read)
    value = fold(Checker(names, INSTRUMENT).check(leaf))
    del names.found[before:], names.read[read:]
    return float(value.data) if value.op == "const" and isinstance(value.data, Decimal) else None


def _first(rules: Sequence[TypedRule]) -> float:
    """The largest position that an entry opens, as far as sizes bound it; ∞ where they don't."""
    ranges = Ranges({}, {})
    sizes, scale = [inf], 1.0
    for rule in rules:
        if isinstance(rule.source, Sizing) and rule.source.enforcement == "enforce":
            outputs = dict(rule.blocks["size"].outputs)
            kinds = as_list(rule.source.applies_to.intent)
            if "size" in outputs and not _narrows(rule.source.applies_to) and (not kinds or "entry" in kinds):
                sizes.append(ranges.of(outputs["size"]).high)
            if "scale" in outputs:
                scale *= max(ranges.of(outputs["scale"]).high, 1.0)
    entries = [rule for rule in rules if isinstance(rule.source, Entry)]
    wanted = [_wanted(rule, ranges) for rule in entries]
    largest = min(*sizes, max(wanted, default=inf))
    return inf if isinf(largest) or isinf(scale) else largest * scale


def _wanted(rule: TypedRule, ranges: Ranges) -> float:
    """The largest that an entry itself asks for."""
    block = rule.blocks.get("order")
    size = None if block is None else dict(block.outputs).get("size")
    return inf if size is None else ranges.of(size).high
