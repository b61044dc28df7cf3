"""What entries, ladders and pyramids come to at their largest, against the limits that stop it (OPS-01).

    first     the largest order of an entry (`largest`)
    n-th      the position so far + the largest n-th addition of any rule that may still make one. Rules count the
              additions of a position together, so that the n-th is of one of them: a ladder's n-th step, a pyramid's
              size; where nothing ends a pyramid (`most`), there is always a next one
    an order  each of these alone, against `max_order_units`

Only what the policy alone bounds is added up: where nothing bounds a size, nothing is said. Parameters have the values
that are set now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from math import ceil, inf, isinf
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import limits as faults
from ruleengine.schema.additions import Adding, Ladder
from ruleengine.schema.guards import Cap
from ruleengine.schema.leaf import Expression
from ruleengine.typecheck.additions import INITIAL_POSITION, NEW_POSITION, base_word
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.largest import Largest, narrows
from ruleengine.typecheck.names import INSTRUMENT, Names
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.ranges import Range, Ranges
from ruleengine.typecheck.rules import as_list
from ruleengine.typecheck.spoken import in_words
from ruleengine.typecheck.typed import Expr
from ruleengine.units import UNITS

_SIDES = ("position.long_units_after", "position.short_units_after", "position.gross_units_after")
"""What a cap may compare with a constant so that it bounds the side that is added to."""
_KEYS = ("strategy", "pocket", "side", "instrument")


class _Bound(NamedTuple):
    units: float
    said: str
    place: Span

    def is_passed(self, units: float) -> bool:
        return not isinf(units) and units > self.units * (1 + 1e-9)


class _Steps(NamedTuple):
    """A rule's additions at their largest, by their number in the position. `rest`: of each after the last of these;
    0 where there is none."""

    rule: TypedRule
    sizes: tuple[float, ...]
    rest: float

    def size(self, number: int) -> float:
        return self.sizes[number - 1] if number <= len(self.sizes) else self.rest


def beyond_limits(
    names: Names, rules: Sequence[TypedRule], limits: Mapping[str, float], places: Mapping[str, Span]
) -> Iterator[Diagnostic]:
    """A finding for each entry, ladder and pyramid that asks for more than a limit leaves, and for what additions of
    several rules come to together where none does alone."""
    acting = [rule for rule in rules if rule.constants["enabled"]]
    largest = Largest(acting)
    additions = [
        _steps(names, largest, rule)
        for rule in acting
        if isinstance(rule.source, Adding) and rule.source.enforcement == "enforce"
    ]
    for bound in _limit("max_order_units", limits, places):
        yield from _orders(largest, additions, acting, bound)
    bounds = [*_limit("max_position_units", limits, places), *_caps(acting, "ladder", "pyramid")]
    if bounds:
        yield from _sums(largest.first, additions, min(bounds, key=lambda each: each.units))


def _limit(path: str, limits: Mapping[str, float], places: Mapping[str, Span]) -> Iterator[_Bound]:
    if path in limits:
        yield _Bound(limits[path], f"limits.{path}", places[path])


def _caps(rules: Sequence[TypedRule], *kinds: str) -> Iterator[_Bound]:
    """Caps that hold each order of these kinds to so many units of a side."""
    for rule in rules:
        cap = rule.source
        if not isinstance(cap, Cap) or cap.enforcement != "enforce":
            continue
        if cap.unless is not None or narrows(cap.applies_to):
            continue
        judged = as_list(cap.applies_to.intent)
        limit = dict(rule.blocks["limit"].outputs)["limit"]
        if judged and not set(kinds) <= set(judged):
            continue
        if limit.op in ("le", "lt") and limit.args[0].label in _SIDES and isinstance(limit.args[1].data, Decimal):
            yield _Bound(float(limit.args[1].data), f"cap {rule.id}", rule.place)


# --- single orders ---------------------------------------------------------------------------------------------------


def _orders(
    largest: Largest, additions: Sequence[_Steps], rules: Sequence[TypedRule], bound: _Bound
) -> Iterator[Diagnostic]:
    """Orders that are above the limit by themselves. A side that caps hold below it never gets one."""
    held = min((cap.units for cap in _caps(rules, "entry")), default=inf)
    for rule, units in largest.entries:
        if bound.is_passed(min(units, held)):
            yield _finding([rule], 0, units, bound, is_order=True)
    held = min((cap.units for cap in _caps(rules, "ladder", "pyramid")), default=inf)
    for steps in additions:
        sizes = [*steps.sizes, steps.rest]
        number = next((n for n, units in enumerate(sizes, 1) if bound.is_passed(min(units, held))), 0)
        if number:
            yield _finding([steps.rule], number, sizes[number - 1], bound, is_order=True)


# --- sums ------------------------------------------------------------------------------------------------------------


def _sums(first: float, additions: Sequence[_Steps], bound: _Bound) -> Iterator[Diagnostic]:
    """Of each rule alone; then of those that may add to one position, where none of them passes the limit alone."""
    start = 0.0 if isinf(first) else first
    told = set()
    for steps in additions:
        passed = _passing(start, [steps], bound)
        if passed is not None:
            told.add(steps.rule.id)
            yield _finding([steps.rule], *passed, bound)
    for group in _meeting(additions):
        passed = None if any(steps.rule.id in told for steps in group) else _passing(start, group, bound)
        if passed is not None:
            told |= {steps.rule.id for steps in group}
            yield _finding([steps.rule for steps in group], *passed, bound)


def _passing(start: float, group: Sequence[_Steps], bound: _Bound) -> tuple[int, float] | None:
    """The addition that takes the position past the limit, and the units that it then has."""
    total = start
    if all(isinf(steps.size(1)) or not steps.size(1) for steps in group):
        return None
    if bound.is_passed(total):
        return 0, total
    last = max(len(steps.sizes) for steps in group)
    for number in range(1, last + 1):
        total += max(steps.size(number) for steps in group)
        if isinf(total):
            return None
        if bound.is_passed(total):
            return number, total
    rest = max(steps.rest for steps in group)
    if rest <= 0 or isinf(rest):
        return None
    more = ceil((bound.units - total) / rest * (1 - 1e-9)) or 1
    more += not bound.is_passed(total + more * rest)
    return last + more, total + more * rest


def _meeting(additions: Sequence[_Steps]) -> list[list[_Steps]]:
    """Rules, two or more, that may add to the same position: by the words that they are narrowed by."""
    named = [sorted({word for steps in additions for word in _words(steps.rule, key)}) for key in _KEYS]
    groups: dict[tuple[str, ...], list[_Steps]] = {}
    for position in product(*([*words, ""] for words in named)):
        group = [
            steps
            for steps in additions
            if all(not (of := _words(steps.rule, key)) or at in of for key, at in zip(_KEYS, position, strict=True))
        ]
        if len(group) > 1:
            groups[tuple(steps.rule.id for steps in group)] = group
    return list(groups.values())


def _words(rule: TypedRule, key: str) -> list[str]:
    words = getattr(rule.source, "applies_to", None)
    return [str(getattr(each, "text", each)) for each in as_list(getattr(words, key, None))]


def _finding(
    rules: Sequence[TypedRule], number: int, units: float, bound: _Bound, *, is_order: bool = False
) -> Diagnostic:
    ids, place = [rule.id for rule in rules], rules[-1].place
    said, allowed = in_words(units, UNITS), in_words(bound.units, UNITS)
    return faults.adds_up_to_more(place, ids, number, said, allowed, bound.said, bound.place, is_order=is_order)


# --- what a rule adds ------------------------------------------------------------------------------------------------


def _steps(names: Names, largest: Largest, rule: TypedRule) -> _Steps:
    ranges = Ranges({}, {}, {"position.initial_units": Range(0.0, largest.first)})
    outputs = dict(rule.blocks["order"].outputs)
    most = outputs.get("most")
    limit = int(most.data) if most is not None and isinstance(most.data, Decimal) else None
    if isinstance(rule.source, Ladder):
        shares = _shares(names, rule.source)[:limit]
        base = _base(rule.source, largest, ranges, outputs)
        return _Steps(rule, tuple(largest.order("ladder", base * share) if share else 0.0 for share in shares), 0.0)
    size = largest.order("pyramid", ranges.of(outputs["size"]).high)
    if most is None:
        return _Steps(rule, (), size)
    return _Steps(rule, (size,) * min(1 if limit is None else limit, 100), 0.0)


def _base(ladder: Ladder, largest: Largest, ranges: Ranges, outputs: Mapping[str, Expr]) -> float:
    is_first = base_word(ladder) in (NEW_POSITION, INITIAL_POSITION)
    return largest.first if is_first else ranges.of(outputs["base"]).high


def _shares(names: Names, ladder: Ladder) -> list[float]:
    """Step by step the largest coefficient of any list, up to the first of each that is no constant."""
    lists: list[list[Expression]] = (
        [ladder.steps] if ladder.steps else [each.coefficients for each in ladder.choices or ()]
    )
    found: list[float] = []
    for leaves in lists:
        for number, leaf in enumerate(leaves):
            value = _constant_ratio(names, leaf)
            if value is None:
                break
            found[number:] = [max([value, *found[number : number + 1]]), *found[number + 1 :]]
    return found


def _constant_ratio(names: Names, leaf: Expression) -> float | None:
    """A share that the policy alone says, as it is set now."""
    before, read = len(names.found), len(names.read)
    value = fold(Checker(names, INSTRUMENT).check(leaf))
    del names.found[before:], names.read[read:]
    return float(value.data) if value.op == "const" and isinstance(value.data, Decimal) else None
