"""A pattern → its facts: one step for each side, over the price, the sizes and the conditions that it follows.

steps   `name.long_step`, `name.short_step`: how many are done; `name.long`, `name.short`: all of them
count   `name.long`, `name.short`: retraces and moves, by the side whose run they are in; `name.count`: conditions
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import measures, naming, rules
from ruleengine.diagnostics.catalogue import modes as faults
from ruleengine.functions.counts import MOVES, RETRACES, TURNS
from ruleengine.functions.sequences import SEQUENCE, Step
from ruleengine.schema.leaf import Expression
from ruleengine.schema.patterns import PatternStep
from ruleengine.typecheck import steps
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.fitting import fit, to_distance
from ruleengine.typecheck.remedies import of_value
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr, StepCall
from ruleengine.units import ANY, BOOL, COUNT, DISTANCE, PIPS, PRICE, QUOTIENT, RATIO

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_SIGNS = {"long": 1, "short": -1}


def read(checker: Checker, name: str, fact: str, place: Span) -> Expr:
    """A fact of a pattern where it is named."""
    names = checker.names
    names.used.add(("pattern", name))
    if name in names.in_progress:
        return checker.fail(naming.cycle(place, names.circle(name)))
    found = written_out(checker, name)
    if not found:
        return Expr("const", ANY, data=True, span=place)
    if fact not in found:
        return checker.fail(naming.unknown_column(place, name, fact, list(found)))
    expr = found[fact]
    label = f"{name}.{fact}"
    if expr.op == "step":
        placed = steps.placed(checker, expr, place)
        return placed if placed.type == ANY else Expr(expr.op, expr.type, expr.args, expr.data, place, label)
    if steps.placed(checker, expr.args[0], place).type == ANY:
        return Expr("const", ANY, data=True, span=place)
    return Expr(expr.op, expr.type, expr.args, expr.data, None, label)


def written_out(checker: Checker, name: str) -> dict[str, Expr]:
    """Its facts by name; made once, in the scope of an instrument. Nothing where it has a fault."""
    names = checker.names
    if name not in names.patterns_read:
        names.in_progress.append(name)
        before = len(names.found)
        found = _Reader(checker, name).facts()
        names.patterns_read[name] = found if len(names.found) == before else {}
        names.in_progress.pop()
    return names.patterns_read[name]


class _Reader(steps.StepReader):
    section, longest, may_be_zero, time_bounds = "patterns", 604_800, False, "above 0s, and at most 7 days"

    def __init__(self, checker: Checker, name: str) -> None:
        super().__init__(checker, name)
        self.pattern = self.names.policy.patterns[name]

    def facts(self) -> dict[str, Expr]:
        pattern = self.pattern
        if pattern.steps is not None:
            return self._sequence(pattern.steps)
        counting = pattern.count
        assert counting is not None  # the schema asks for one of the two
        lives = (
            self.duration(pattern.within),
            pattern.then,
            self.duration(pattern.reset_after),
            pattern.reset_on_new_extreme,
        )
        if counting.when is not None:
            if pattern.of is not None or pattern.reset_on_new_extreme:
                key = "of" if pattern.of is not None else "reset_on_new_extreme"
                self.names.found.append(faults.no_price(self.at(key), key))
            return self._made(TURNS, "count", 1, (self.condition(counting.when),), lives)
        price = self._price()
        sizes = [leaf for leaf in (counting.retrace, counting.after_run, counting.move) if leaf is not None]
        inputs = (price, *(self._distance(leaf, price) for leaf in sizes))
        kind = RETRACES if counting.retrace is not None else MOVES
        found: dict[str, Expr] = {}
        for side in self._sides():
            found |= self._made(kind, side, _SIGNS[side], inputs, lives)
        return found

    def _sides(self) -> tuple[str, ...]:
        return ("long", "short") if self.pattern.sides == "both" else (self.pattern.sides,)

    def _made(
        self, kind: str, fact: str, sign: int, inputs: tuple[Expr, ...], constants: tuple[Any, ...]
    ) -> dict[str, Expr]:
        if any(each.type == ANY for each in inputs):
            return {}
        label = f"{self.name}.{fact}"
        call = StepCall(kind, (label, sign, *constants), label)
        return {fact: steps.step(self.checker, call, COUNT, inputs, self.place, label)}

    # --- ordered steps -----------------------------------------------------------------------------------------------

    def _sequence(self, written: list[PatternStep]) -> dict[str, Expr]:
        inputs: list[Expr] = [self._price()]
        described = [self._step(index, written, inputs) for index in range(len(written))]
        assert self.pattern.holds is not None  # the schema asks for it
        holds = self.duration(self.pattern.holds)
        found: dict[str, Expr] = {}
        for side in self._sides():
            found |= self._made(SEQUENCE, f"{side}_step", _SIGNS[side], tuple(inputs), (tuple(described), holds))
        count = Expr("const", COUNT, data=Decimal(len(written)))
        return found | {fact.removesuffix("_step"): Expr("ge", BOOL, (expr, count)) for fact, expr in found.items()}

    def _step(self, index: int, written: list[PatternStep], inputs: list[Expr]) -> Step:
        """One step; what it reads is added to the inputs, of which the price is not counted."""
        step = written[index]
        self._check_order(index, written)
        ids = [each.id for each in written[:index]]
        within = self.duration(step.within)
        if step.when is not None:
            inputs.append(self.condition(step.when))
            return Step("when", 0, -1, False, -1, False, len(inputs) - 2, -1, within)
        if step.beyond is not None:
            target = ids.index(step.beyond) if step.beyond in ids else -1
            direction = self._direction(target, written)
            if direction == 0:
                place = self.at("steps", index, "beyond", value=True)
                passed = [each.id for at, each in enumerate(written[:index]) if self._direction(at, written)]
                self.names.found.append(
                    naming.unknown_reference(place, "earlier step with a price", step.beyond, passed)
                )
            return Step("beyond", direction, -1, False, -1, False, -1, target, within)
        assert step.at_least is not None
        least, least_is_ratio = self._extent(step.at_least)
        inputs.append(least)
        least_at, most_at, most_is_ratio = len(inputs) - 2, -1, False
        if step.at_most is not None:
            most, most_is_ratio = self._extent(step.at_most)
            inputs.append(most)
            most_at = len(inputs) - 2
            if least.op == most.op == "const" and least.type == most.type and most.data < least.data:
                self.names.found.append(faults.bounds_crossed(step.at_most.node.span, step.id))
        return Step(
            "move", 1 if step.move == "up" else -1, least_at, least_is_ratio, most_at, most_is_ratio, -1, -1, within
        )

    def _direction(self, index: int, written: list[PatternStep]) -> int:
        """Of a step that has an extreme; 0 where it has none."""
        if index < 0:
            return 0
        step = written[index]
        if step.move is not None:
            return 1 if step.move == "up" else -1
        ids = [each.id for each in written[:index]]
        return self._direction(ids.index(step.beyond), written) if step.beyond in ids else 0

    def _check_order(self, index: int, written: list[PatternStep]) -> None:
        """One name, one step; two moves in one direction are one; every step but a first condition has a time."""
        step = written[index]
        if step.id in [each.id for each in written[:index]]:
            place = self.at("steps", index, "id", value=True)
            self.names.found.append(naming.name_taken(place, step.id, "a step of this pattern"))
        before = next((d for at in range(index - 1, -1, -1) if (d := self._direction(at, written))), 0)
        if step.move is not None and before == self._direction(index, written):
            self.names.found.append(faults.same_direction(self.at("steps", index, "move"), step.id))
        if step.within is None and index > 0:
            self.names.found.append(faults.no_time(self.at("steps", index, "id"), step.id))

    # --- what is followed --------------------------------------------------------------------------------------------

    def _price(self) -> Expr:
        if self.pattern.of is None:
            return self.checker.fail(faults.no_price_followed(self.place, self.name))
        return fold(self.checker.value(self.pattern.of, PRICE))

    def _extent(self, leaf: Expression) -> tuple[Expr, bool]:
        """A size as a ratio, or as a price distance; is it a ratio?"""
        size = fold(self.checker.check(leaf))
        if size.type == ANY:
            return size, False
        fitted: Expr | None = size
        if size.type == PIPS:
            fitted = to_distance(self.checker, size)
        elif size.type not in (RATIO, DISTANCE):
            fitted = fit(self.checker, size, RATIO) if size.type == QUOTIENT else None
        if fitted is None:
            remedy = of_value(self.checker, size, PIPS, RATIO)
            fault = measures.wrong_value_type(leaf.node.span, "ratio or pips or price distance", str(size.type), remedy)
            return self.checker.fail(fault), False
        if (size.op == "const" and size.data <= 0) or sign_of(size) < 0:
            self.names.found.append(rules.out_of_bounds(leaf.node.span, "size of a move", leaf.text, "above 0"))
        return fitted, fitted.type == RATIO

    def _distance(self, leaf: Expression, price: Expr) -> Expr:
        """A size as a price distance; a ratio is one of the price."""
        size, is_ratio = self._extent(leaf)
        return Expr("mul", PRICE, (price, size), span=size.span) if is_ratio and size.type != ANY else size
