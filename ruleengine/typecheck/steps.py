"""The node of something with state: whose it is, the account's or each instrument's, follows from what it reads; and
how what is common to all such things is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import naming, rules, sense
from ruleengine.schema.leaf import Expression
from ruleengine.schema.places import span_of
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.names import CONSTANT, INSTRUMENT
from ruleengine.typecheck.typed import Expr, StepCall
from ruleengine.units import ANY, BOOL, DURATION, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker


class StepReader:
    """Reads one declaration of a section whose entries are steps, in the scope of an instrument. `longest`: of its
    lengths of time, in seconds; `may_be_zero`: may they be nothing?"""

    section: str
    longest: int
    may_be_zero: bool
    time_bounds: str

    def __init__(self, checker: Checker, name: str) -> None:
        self.names, self.name = checker.names, name
        self.checker = checker.inside(INSTRUMENT, 0, 1e-6)
        self.constants = checker.inside(CONSTANT, 0, 1e-6)
        self.place = self.at()

    def at(self, *keys: str | int, value: bool = False) -> Span:
        return span_of(self.names.policy, (self.section, self.name, *keys), value=value)

    def condition(self, leaf: Expression) -> Expr:
        """One that can change; a parameter that switches it off is meant."""
        read = self.checker.condition(leaf)
        found = fold(read)
        if found.op == "const" and found.type == BOOL and not self.names.is_switched(read):
            self.names.found.append(sense.constant_condition(leaf.node.span, bool(found.data)))
        return found

    def duration(self, leaf: Expression | None) -> float:
        """A constant length of time in seconds; 0 where none is given."""
        if leaf is None:
            return 0.0
        found = fold(self.constants.value(leaf, DURATION))
        if found.type == ANY:
            return 0.0
        if found.op != "const":
            self.checker.fail(naming.argument_not_constant(leaf.node.span, self.name, "this length of time"))
            return 0.0
        if not 0 <= found.data <= self.longest or (found.data == 0 and not self.may_be_zero):
            fault = rules.out_of_bounds(leaf.node.span, "length of time", leaf.text, self.time_bounds)
            self.names.found.append(fault)
        return float(found.data)


def step(
    checker: Checker, call: StepCall, result: Type, inputs: tuple[Expr, ...], place: Span, label: str = ""
) -> Expr:
    """A step over its inputs. It is fed by events, whatever intent or trade is being judged, so it reads none."""
    for each in inputs:
        foreign = _foreign(each)
        if foreign is not None:
            frame = {"i": "an intent", "g": "a signal"}.get(foreign.data.letter, "a trade")
            fault = naming.not_in_scope(each.span or place, foreign.data.name, frame, "each instrument")
            return checker.fail(fault)
    call = call._replace(is_of_account=not any(_reads_instrument(each) for each in inputs))
    return placed(checker, Expr("step", result, inputs, call, place, label), place)


def _foreign(expr: Expr, inside: bool = False) -> Expr | None:
    """A fact of an intent, a signal or a trade; one of an element belongs to the aggregate around it, if it is in."""
    if expr.op == "fact":
        is_own = expr.data.letter in ("k", "m", "a", "p") or (inside and expr.data.letter in ("e", "em"))
        return None if is_own else expr
    inside = inside or expr.op == "agg"
    return next((found for arg in expr.args if (found := _foreign(arg, inside)) is not None), None)


def placed(checker: Checker, expr: Expr, place: Span) -> Expr:
    """A step where it is read: there must be an instrument, or an account, that has it."""
    call: StepCall = expr.data
    name = call.name or call.function
    if call.is_of_account and not checker.has("account"):
        return checker.fail(naming.not_in_scope(place, name, "an account", checker.scope.spoken))
    if not call.is_of_account and not checker.has("market"):
        return checker.fail(naming.not_in_scope(place, name, "an instrument", checker.scope.spoken))
    return Expr(expr.op, expr.type, expr.args, call, place, expr.label)


def _reads_instrument(expr: Expr) -> bool:
    """Does it read an instrument's market or position, rather than the account, the time or nothing?"""
    if expr.op in ("series", "ranked") or (expr.op == "step" and not expr.data.is_of_account):
        return True
    if expr.op == "fact":
        return expr.data.letter in ("m", "p")
    return any(map(_reads_instrument, expr.args))
