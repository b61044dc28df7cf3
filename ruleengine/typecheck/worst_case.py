"""What entries, hedges, ladders and pyramids come to at their largest, against the limits that stop it (OPS-01).

    first     the largest order of an entry (`largest`), as far as caps of entries let it fill
    n-th      the position so far + the largest n-th addition of any rule that may still make one. Rules count the
              additions of a position together, so that the n-th is of one of them: a ladder's n-th step, a pyramid's
              size; where nothing ends a pyramid (`most`), there is always a next one
    an order  each of these alone, and what a hedge opens, against `max_order_units`

An addition is judged by the caps of its own kind (`held`), and by `max_position_units`.

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
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.leaf import Expression
from ruleengine.typecheck.additions import INITIAL_POSITION, NEW_POSITION, base_word
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.held import SIDES, Bound, Caps
from ruleengine.typecheck.largest import Largest
from ruleengine.typecheck.names import INSTRUMENT, Names
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.ranges import Range, Ranges
from ruleengine.typecheck.rules import as_list
from ruleengine.typecheck.spoken import in_words
from ruleengine.typecheck.typed import Expr
from ruleengine.units import UNITS

_ORDER, _POSITION = "max_order_units", "max_position_units"
_KEYS = ("strategy", "pocket", "side", "instrument")


class _Steps(NamedTuple):
    """A rule's additions at their largest, by their number in the position. `rest`: of each after the last of these;
    0 where there is none. `bound`: the tightest limit of its kind. `start`: the largest first position."""

    rule: TypedRule
    sizes: tuple[float, ...]
    rest: float
    bound: Bound
    start: float

    def size(self, number: int) -> float:
        return self.sizes[number - 1] if number <= len(self.sizes) else self.rest


def beyond_limits(
    names: Names, rules: Sequence[TypedRule], limits: Mapping[str, float], places: Mapping[str, Span]
) -> Iterator[Diagnostic]:
    """A finding for each entry, hedge, ladder and pyramid that asks for more than a limit leaves, and for what
    additions of several rules come to together where none does alone."""
    acting = [rule for rule in rules if rule.constants["enabled"]]
    largest, caps = Largest(acting), Caps(acting)
    most = Bound(limits[_POSITION], f"limits.{_POSITION}", places[_POSITION])
    additions = [
        _steps(names, largest, caps, rule, most)
        for rule in acting
        if isinstance(rule.source, Adding) and rule.source.enforcement == "enforce"
    ]
    yield from _orders(largest, additions, caps, Bound(limits[_ORDER], f"limits.{_ORDER}", places[_ORDER]))
    yield from _sums(additions)


# --- single orders ---------------------------------------------------------------------------------------------------


def _orders(largest: Largest, additions: Sequence[_Steps], caps: Caps, bound: Bound) -> Iterator[Diagnostic]:
    """Orders that are above the limit by themselves. A side that caps hold below it never gets one."""
    for kind, orders in (("entry", largest.entries), ("hedge_open", largest.hedges)):
        for rule, units in orders:
            if bound.is_passed(min(units, caps.held(kind, _sides(rule)))):
                yield _finding([rule], 0, units, bound, is_order=True)
    for steps in additions:
        sizes, held = [*steps.sizes, steps.rest], caps.held(_kind(steps.rule), _sides(steps.rule))
        number = next((n for n, units in enumerate(sizes, 1) if bound.is_passed(min(units, held))), 0)
        if number:
            yield _finding([steps.rule], number, sizes[number - 1], bound, is_order=True)


# --- sums ------------------------------------------------------------------------------------------------------------


def _sums(additions: Sequence[_Steps]) -> Iterator[Diagnostic]:
    """Of each rule alone; then of those that may add to one position, where none of them passes its limit alone."""
    told = set()
    for steps in additions:
        passed = _passing([steps])
        if passed is not None:
            told.add(steps.rule.id)
            yield _finding([steps.rule], *passed)
    for group in _meeting(additions):
        passed = None if any(steps.rule.id in told for steps in group) else _passing(group)
        if passed is not None:
            told |= {steps.rule.id for steps in group}
            yield _finding([steps.rule for steps in group], *passed)


def _passing(group: Sequence[_Steps]) -> tuple[int, float, Bound] | None:
    """The addition that takes the position past the limit of the rule that makes it, the units that it then has, and
    that limit."""
    total = max(steps.start for steps in group)
    if all(isinf(steps.size(1)) or not steps.size(1) for steps in group):
        return None
    first = min((steps.bound for steps in group), key=lambda each: each.units)
    if first.is_passed(total):
        return 0, total, first
    last = max(len(steps.sizes) for steps in group)
    for number in range(1, last + 1):
        sizes = [(steps.size(number), steps.bound) for steps in group]
        most = max(size for size, _ in sizes)
        if isinf(most):
            return None
        passed = [(total + size, bound) for size, bound in sizes if size and bound.is_passed(total + size)]
        if passed:
            return number, *max(passed, key=lambda each: each[0])
        total += most
    steps = group[0]
    if len(group) > 1 or not 0 < steps.rest < inf:
        return None  # one that nothing ends passes its limit alone
    more = ceil((steps.bound.units - total) / steps.rest * (1 - 1e-9)) or 1
    more += not steps.bound.is_passed(total + more * steps.rest)
    return last + more, total + more * steps.rest, steps.bound


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
    rules: Sequence[TypedRule], number: int, units: float, bound: Bound, *, is_order: bool = False
) -> Diagnostic:
    ids, place = [rule.id for rule in rules], rules[-1].place
    said, allowed = in_words(units, UNITS), in_words(bound.units, UNITS)
    return faults.adds_up_to_more(place, ids, number, said, allowed, bound.said, bound.place, is_order=is_order)


# --- what a rule adds ------------------------------------------------------------------------------------------------


def _steps(names: Names, largest: Largest, caps: Caps, rule: TypedRule, most_of_all: Bound) -> _Steps:
    opened = {side for opening, _ in (*largest.entries, *largest.hedges) for side in _sides(opening)}
    kind, sides = _kind(rule), [side for side in _sides(rule) if side in opened] or SIDES
    bound = min([most_of_all, *caps.of(kind, sides)], key=lambda each: each.units)
    filled = min(largest.first, caps.held("entry", sides))  # of the first order, what caps leave of it
    sizes, rest = _sizes(names, largest, rule, filled)
    return _Steps(rule, sizes, rest, bound, 0.0 if isinf(largest.first) else filled)


def _sizes(names: Names, largest: Largest, rule: TypedRule, filled: float) -> tuple[tuple[float, ...], float]:
    """Of its additions by number, and of each after them. `filled`: the first order's units."""
    ranges = Ranges({}, {}, {"position.initial_units": Range(0.0, filled)})
    outputs = dict(rule.blocks["order"].outputs)
    most = outputs.get("most")
    limit = int(most.data) if most is not None and isinstance(most.data, Decimal) else None
    if isinstance(rule.source, Ladder):
        shares = _shares(names, rule.source)[:limit]
        base = _base(rule.source, largest, ranges, outputs)
        return tuple(largest.order("ladder", base * share) if share else 0.0 for share in shares), 0.0
    size = largest.order("pyramid", ranges.of(outputs["size"]).high)
    if most is None:
        return (), size
    return (size,) * min(1 if limit is None else limit, 100), 0.0


def _kind(rule: TypedRule) -> str:
    return "ladder" if isinstance(rule.source, Ladder) else "pyramid"


def _sides(rule: TypedRule) -> Sequence[str]:
    """Of the orders that it may make: by its words, or by the side that it gives them."""
    source = rule.source
    own = source.open.side if isinstance(source, Hedge) and source.open is not None else getattr(source, "side", None)
    said = {*_words(rule, "side"), own.text.strip() if own is not None else ""}
    return [side for side in SIDES if side in said] or SIDES


def _base(ladder: Ladder, largest: Largest, ranges: Ranges, outputs: Mapping[str, Expr]) -> float:
    match base_word(ladder):
        case word if word == NEW_POSITION:
            return largest.first
        case word if word == INITIAL_POSITION:
            return ranges.given["position.initial_units"].high
    return ranges.of(outputs["base"]).high


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
