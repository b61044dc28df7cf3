"""A mode → one step over conditions: what turns it is written out here, what it remembers stands in `functions.modes`.

enter, leave        a switch: the two conditions
of, states: {…}     levels: for each state `of >= its value`, then for each `of < its value less the hysteresis`
states: […]         choices: the conditions in their order
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from ruleengine import units
from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import measures, naming, rules
from ruleengine.diagnostics.catalogue import modes as faults
from ruleengine.functions.modes import CHOICES, LEVELS, SWITCH
from ruleengine.schema.leaf import Expression
from ruleengine.schema.modes import ModeState
from ruleengine.schema.places import span_of
from ruleengine.typecheck import comparisons, steps
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.fitting import fit
from ruleengine.typecheck.names import words_of
from ruleengine.typecheck.typed import Expr, StepCall
from ruleengine.units import ANY, BOOL, RATIO, TIME, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker

_POSTURES = {SWITCH: ("keep", "enter", "leave"), LEVELS: ("unknown", "keep"), CHOICES: ("unknown", "keep")}
"""What `on_unknown` may say of each kind, the default first."""


def read(checker: Checker, name: str, place: Span) -> Expr:
    """A mode where it is named."""
    names = checker.names
    names.used.add(("mode", name))
    if name in names.in_progress:
        return checker.fail(naming.cycle(place, names.circle(name)))
    found = written_out(checker, name)
    return found if found.type == ANY else steps.placed(checker, found, place)


def written_out(checker: Checker, name: str) -> Expr:
    """The mode's step; made once, in the scope of an instrument."""
    names = checker.names
    if name not in names.modes_read:
        names.in_progress.append(name)
        names.modes_read[name] = _Reader(checker, name).step()
        names.in_progress.pop()
    return names.modes_read[name]


class _Reader(steps.StepReader):
    section, longest, may_be_zero, time_bounds = "modes", 86_400, True, "from 0s to 24h"

    def __init__(self, checker: Checker, name: str) -> None:
        super().__init__(checker, name)
        self.mode = self.names.policy.modes[name]

    def step(self) -> Expr:
        mode = self.mode
        if mode.states is None:
            return self._made(SWITCH, BOOL, tuple(self._switch()), self.duration(mode.at_least))
        words = words_of(mode)
        self._check_words(words)
        if isinstance(mode.states, dict):
            if mode.of is None:
                return self.checker.fail(faults.states_misfit(self.at("states"), "of"))
            inputs = self._levels(mode.of, mode.states)
            kind = LEVELS
        else:
            if mode.of is not None:
                return self.checker.fail(faults.states_misfit(self.at("states"), "list"))
            inputs = tuple(self._choices(mode.states))
            kind = CHOICES
        return self._made(kind, units.enum(self.name), inputs, self.duration(mode.confirm), words)

    def _made(
        self, kind: str, type_: Type, inputs: tuple[Expr, ...], length: float, words: tuple[str, ...] = ()
    ) -> Expr:
        posture = self.mode.on_unknown or _POSTURES[kind][0]
        if posture not in _POSTURES[kind]:
            place = span_of(self.names.policy, ("modes", self.name, "on_unknown"), value=True)
            self.names.found.append(faults.posture_misfits(place, posture, _POSTURES[kind]))
        if not inputs or any(each.type == ANY for each in inputs):
            return Expr("const", ANY, data=True, span=self.place)
        constants = (self.name, words, length, posture) if words else (self.name, posture, length)
        call = StepCall(kind, constants, self.name)
        return steps.step(self.checker, call, type_, inputs, self.place, self.name)

    # --- inputs ------------------------------------------------------------------------------------------------------

    def _switch(self) -> Iterator[Expr]:
        for leaf in (self.mode.enter, self.mode.leave):
            assert leaf is not None  # the schema asks for both
            yield self.condition(leaf)

    def _choices(self, states: list[ModeState]) -> Iterator[Expr]:
        places = list(self._places())
        for place, state in zip(places[:-1], states, strict=False):
            if state.otherwise:
                self.names.found.append(faults.otherwise_first(place, state.name))
        for state in states:
            yield Expr("const", BOOL, data=True) if state.when is None else self.condition(state.when)

    def _levels(self, of: Expression, states: dict[str, Expression]) -> tuple[Expr, ...]:
        value = self.checker.check(of)
        if value.type == ANY:
            return ()
        if value.type.kind not in units.NUMERIC or value.type == TIME:
            self.checker.fail(faults.not_a_number(of.node.span, str(value.type)))
            return ()
        pairs = [self._pair(value, leaf) for leaf in states.values()]
        known = [pair for pair in pairs if pair is not None]
        if len(known) < len(pairs):
            return ()
        self._check_rising(list(states.values()), [begin.data for _, begin in known])
        reached, left = ("ge", "lt") if self.mode.begins == "at" else ("gt", "le")
        up = [Expr(reached, BOOL, pair, span=of.node.span) for pair in known]
        ends = [(side, self._end(begin)) for side, begin in known]
        return (*up, *(Expr(left, BOOL, pair, span=of.node.span) for pair in ends))

    def _pair(self, value: Expr, leaf: Expression) -> tuple[Expr, Expr] | None:
        """The value and where a state begins, in one unit; None with a finding."""
        begin = self.constants.check(leaf)
        if begin.type == ANY:
            return None
        pair = comparisons.meet(self.checker, value, begin, leaf.node.span)
        if pair is None:
            return None
        bound = fold(pair[1])
        if bound.op != "const":
            self.checker.fail(naming.argument_not_constant(leaf.node.span, self.name, "where a state begins"))
            return None
        return fold(pair[0]), bound

    def _end(self, begin: Expr) -> Expr:
        """Where a state is left that begins there: a share of that value below it, or a distance."""
        leaf = self.mode.hysteresis
        if leaf is None:
            return begin
        width = fold(self.constants.check(leaf))
        fitted = width if width.type in (RATIO, ANY) else fit(self.checker, width, begin.type)
        if fitted is None or fitted.op != "const":
            self.checker.fail(measures.wrong_value_type(leaf.node.span, f"ratio or {begin.type}", str(width.type), ""))
            return begin
        if width.type == ANY:
            return begin
        if fitted.data < 0 or (width.type == RATIO and fitted.data >= 1):
            bounds = "0% or more, and below 100%"
            self.names.found.append(rules.out_of_bounds(leaf.node.span, "hysteresis", leaf.text, bounds))
        less = abs(begin.data) * fitted.data if width.type == RATIO else fitted.data
        return Expr("const", begin.type, data=begin.data - less, span=begin.span)

    def _check_rising(self, leaves: list[Expression], begins: list[Decimal]) -> None:
        for leaf, below, begin in zip(leaves[1:], begins, begins[1:], strict=False):
            if begin <= below:
                self.names.found.append(faults.not_rising(leaf.node.span, leaf.text))

    def _check_words(self, words: tuple[str, ...]) -> None:
        """Words of a state stand bare beside the mode, so they must name no value; and there are two at least."""
        if len(words) < 2:
            self.names.found.append(faults.too_few_states(self.at("states"), self.name))
        seen: set[str] = set()
        for place, word in zip(self._places(), words, strict=True):
            if word in seen:
                self.names.found.append(naming.name_taken(place, word, "a state of this mode"))
            elif self.names.is_value(word):
                self.names.found.append(naming.name_taken(place, word, "a value, which a bare word can't be told from"))
            seen.add(word)

    def _places(self) -> Iterator[Span]:
        """Of the states' names."""
        states = self.mode.states or ()
        for each in states if isinstance(states, dict) else range(len(states)):
            path = (each,) if isinstance(each, str) else (each, "name")
            yield self.at("states", *path, value=isinstance(each, int))
