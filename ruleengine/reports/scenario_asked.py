"""What a scenario asks of an instant beyond decisions: expressions (`state`) and the policy's figures (`metrics`).

1. `questions_of`  type each expression in the scope that its expectation names, with what it is held against
2. `as_rules`      the blocks as they are laid onto the policy's graph
3. `Questions.ask`  evaluate them as of an instant

A bare figure is held to the digits in which it is stated, one with `±` to that; words, truths and expressions exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import naming, shape
from ruleengine.facts.frames import Env
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph.node import Graph
from ruleengine.load import MapNode, Node, ScalarNode
from ruleengine.model.figure import figure
from ruleengine.model.number import compare, decimal_of, scale_of
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.judging.verdicts import plain, unit_text
from ruleengine.runtime.plan.plan import Program
from ruleengine.schema.leaf import Expression
from ruleengine.schema.places import node_at
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_expect import Expected, Stated, kind_of
from ruleengine.schema.signal import nanoseconds
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import ACCOUNT, CONSTANT, INSTRUMENT, TRADE, Names
from ruleengine.typecheck.parameters import read_parameters
from ruleengine.typecheck.policy import TypedBlock, TypedPolicy, TypedRule
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, RATIO, TEXT, TIME, Type, literal_unit

_NUMBER = r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9][0-9_]*)?|\.[0-9][0-9_]*)"
_LITERAL = re.compile(rf"({_NUMBER})(%|[A-Za-z]+)?")
_MILLISECOND = 1_000_000


class Found(NamedTuple):
    """One value that is not as stated."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Question:
    """One expression of one expectation. `value`, `wanted`: outputs of its block; `wanted` is empty where the text
    itself says what is wanted. `metric`: name and word of a figure of the policy instead."""

    what: str
    stated: Stated
    type: Type
    value: str
    wanted: str = ""
    metric: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The questions of one expectation, in one block."""

    expected: Expected
    block: TypedBlock
    questions: tuple[Question, ...]


# --- reading ---------------------------------------------------------------------------------------------------------


def questions_of(scenario: Scenario, root: Node, typed: TypedPolicy) -> tuple[list[Asked], list[Diagnostic]]:
    """Every expectation of values, typed; findings where a text can't be read or can't be met."""
    policy = typed.policy
    names = Names(policy, FUNCTIONS, policy.requires.currency.text if policy.requires.currency else "")
    read_parameters(Checker(names, CONSTANT), {})
    names.found.clear()
    asked = [
        _asked(number, expected, root, names, typed)
        for number, expected in enumerate(scenario.expect)
        if kind_of(expected) == "values"
    ]
    return asked, sorted({each.sort_key: each for each in names.found}.values())


def _asked(number: int, expected: Expected, root: Node, names: Names, typed: TypedPolicy) -> Asked:
    instruments = [leaf.text for leaf in names.policy.requires.instruments]
    has_instrument = expected.instrument is not None or len(instruments) == 1
    scope = TRADE if expected.trade is not None else INSTRUMENT if has_instrument else ACCOUNT
    checker = Checker(names, scope)
    outputs: dict[str, Expr] = {}
    questions = [
        _state(checker, key, stated, outputs)
        for key, stated in _written(root, (*("expect", number), "state"), expected.state)
    ]
    for key, stated in _written(root, (*("expect", number), "metrics"), expected.metrics):
        found = _metric(names, typed, key, stated, outputs)
        questions += [] if found is None else [found]
    outputs = outputs or {"none": Expr("const", ANY, data=True)}
    block = TypedBlock(f"expect/{number}", scope.name, tuple(outputs.items()), expected.at.node.span)
    return Asked(expected, block, tuple(questions))


def _written(
    root: Node, path: tuple[str | int, ...], stated: dict[str, Stated] | None
) -> Iterator[tuple[ScalarNode, Stated]]:
    """Keys with their places, and what is stated of each."""
    node = node_at(root, path)
    for entry in node if isinstance(node, MapNode) else ():
        if stated is not None and entry.key.text in stated:
            yield entry.key, stated[entry.key.text]


def _state(checker: Checker, key: ScalarNode, stated: Stated, outputs: dict[str, Expr]) -> Question:
    expr = fold(checker.check(Expression(key.text, key)))
    value = f"value_{len(outputs)}"
    outputs[value] = expr
    wanted = _wanted(checker, expr.type, stated, outputs)
    return Question(key.text, stated, expr.type, value, wanted)


def _wanted(checker: Checker, type_: Type, stated: Stated, outputs: dict[str, Expr]) -> str:
    """The output that says what is wanted; empty where the text alone does."""
    text = stated.text.strip()
    if text.startswith("unknown") or type_ in (TEXT, TIME, ANY):
        if type_ == TIME and _instant(text, 0) is None and not text.startswith("unknown"):
            reason = f"`{text}` is no instant: write a time such as `2026-03-03T01:00:05Z`, or `5s` from the first one"
            checker.names.found.append(shape.out_of_place(stated.node.span, reason))
        return ""
    first, _, tolerance = text.partition("±")
    leaf = Expression(first.strip(), stated.node)
    if tolerance and not (_LITERAL.fullmatch(first.strip()) and _LITERAL.fullmatch(tolerance.strip())):
        reason = f"`{text}`: both sides of ± have to be figures"
        checker.names.found.append(shape.out_of_place(stated.node.span, reason))
        return ""
    bare = _LITERAL.fullmatch(first.strip())
    if type_ == RATIO and bare is not None and not tolerance and not bare[2] and "." not in bare[1]:
        reason, percent = f"a ratio stated as `{text}` would be held to a half of it", 100 * int(bare[1])
        checker.names.found.append(shape.out_of_place(stated.node.span, reason, f"write it in percent: `{percent}%`"))
        return ""
    name = f"wanted_{len(outputs)}"
    outputs[name] = fold(checker.value(leaf, type_))
    return name


def _metric(
    names: Names, typed: TypedPolicy, key: ScalarNode, stated: Stated, outputs: dict[str, Expr]
) -> Question | None:
    name, _, word = key.text.partition(".")
    rule = next((each for each in typed.rules if each.section == "metrics" and each.id == name), None)
    if rule is None:
        known = [each.id for each in typed.rules if each.section == "metrics"]
        names.found.append(naming.unknown_reference(key.span, "metric", name, known))
        return None
    vocabulary = {"strategy": "strategies", "pocket": "pockets", "instrument": "instruments"}
    words = names.vocabulary(vocabulary.get(rule.constants["for_each"], ""))
    if word not in (words or ("",)):
        names.found.append(naming.unknown_reference(key.span, rule.constants["for_each"], word, list(words)))
        return None
    type_ = next(expr.type for output, expr in rule.blocks["value"].outputs if output == "value")
    wanted = _wanted(Checker(names, CONSTANT), type_, stated, outputs)
    return Question(key.text, stated, type_, "", wanted, (name, word))


def as_rules(asked: Sequence[Asked]) -> list[TypedRule]:
    """The blocks as the graph takes them in."""
    return [TypedRule("expect", each.block.name, None, each.block.place, {"asked": each.block}, {}) for each in asked]


# --- asking ----------------------------------------------------------------------------------------------------------


class Questions:
    """Answers of an engine, by expectation."""

    def __init__(self, asked: Sequence[Asked], graph: Graph, program: Program, start: int) -> None:
        self._by_id = {id(each.expected): each for each in asked}
        self._graph, self._program, self._start = graph, program, start

    def ask(self, expected: Expected, engine: Engine, instant: int) -> list[Found]:
        """What of the expectation is not as stated at this instant."""
        asked = self._by_id[id(expected)]
        time = engine.desk.time
        before = time.now
        time.now = instant if isinstance(before, Unknown) else max(before, instant)
        try:
            env, missing = _env(expected, engine)
            if env is None:
                return [Found("trade", expected.trade.text if expected.trade else "", missing)]
            result = self._program.functions[asked.block.name](env)
            figures = engine.metrics.read() if expected.metrics else {}
        finally:
            time.now = before
        names = [name for name, _ in self._graph.blocks[asked.block.name].outputs]
        values = dict(zip(names, result, strict=False))
        currency = engine.desk.currency
        return [found for each in asked.questions if (found := self._of(each, values, figures, currency)) is not None]

    def _of(self, question: Question, values: dict[str, Any], figures: dict[str, Any], currency: str) -> Found | None:
        if question.metric is None:
            value = values[question.value]
        else:
            name, word = question.metric
            value = figures.get(name)
            value = value.get(word) if word and isinstance(value, dict) else value
        wanted = values[question.wanted] if question.wanted else None
        if self._is_as(question, value, wanted):
            return None
        shown = plain(value)
        text = shown if isinstance(shown, str) else figure(shown, unit_text(question.type, currency))
        return Found(question.what, question.stated.text, text)

    def _is_as(self, question: Question, value: Any, wanted: Any) -> bool:
        text = question.stated.text.strip()
        is_figure = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
        is_unknown = value is None or isinstance(value, Unknown) or (question.metric is not None and not is_figure)
        if text.startswith("unknown"):
            return is_unknown and text.removeprefix("unknown").strip() in str(value)
        if is_unknown or isinstance(wanted, Unknown):
            return False
        if question.type == TIME:
            instant = _instant(text, self._start)
            return instant is not None and abs(int(value) - instant) < _MILLISECOND
        if wanted is None or not is_figure:
            return bool(value == (text if wanted is None else wanted))
        return _near(text, decimal_of(value), decimal_of(wanted), question.type)


def _near(text: str, value: Decimal, wanted: Decimal, type_: Type) -> bool:
    """Is a value as stated: within `±`, to the digits stated, or, of an expression, equal by the language?"""
    first, _, tolerance = text.partition("±")
    literal = _LITERAL.fullmatch(first.strip())
    if literal is None:
        return compare("eq", value, wanted, scale_of(type_, type_))
    number, unit = Decimal(literal[1].replace("_", "")), literal[2] or ""
    factor = abs(wanted / number) if number else Decimal(literal_unit(unit).factor if literal_unit(unit) else 1)  # type: ignore[union-attr]
    room = Decimal(1).scaleb(int(number.as_tuple().exponent)) / 2 * factor
    if tolerance:
        match = _LITERAL.fullmatch(tolerance.strip())
        assert match is not None  # `_wanted` refuses what is none
        given = Decimal(match[1].replace("_", ""))
        is_share = match[2] == "%" and unit != "%"
        room = abs(wanted) * given / 100 if is_share else given * factor
    return abs(value - wanted) <= room + Decimal("1e-9") * max(abs(wanted), scale_of(type_, type_))


def _instant(text: str, start: int) -> int | None:
    """A time with its zone, or a time from the scenario's first instant."""
    literal = _LITERAL.fullmatch(text)
    unit = literal_unit(literal[2]) if literal is not None and literal[2] else None
    if literal is not None and unit is not None and unit.type.kind == "duration":
        return start + int(Decimal(literal[1].replace("_", "")) * Decimal(unit.factor) * 1_000_000_000)
    return nanoseconds(text)


def _env(expected: Expected, engine: Engine) -> tuple[Env | None, str]:
    desk = engine.desk
    name = expected.instrument.text if expected.instrument is not None else ""
    if expected.trade is not None:
        word = expected.trade.text
        own = [each for each in _trades(desk.account.all_trades) if name in ("", str(each.instrument))]
        one = next((each for each in own if str(each.id) == word), None)
        if one is None and own and word in ("oldest", "newest"):
            one = (min if word == "oldest" else max)(own, key=lambda each: each.opened_at)
        if one is None:
            return None, f"open are {', '.join(str(each.id) for each in own) or 'none'}"
        return desk.env_with(str(one.instrument), trade=one), ""
    if name or len(desk.specs) == 1:
        return desk.env(name or next(iter(desk.specs))), ""
    return desk.account_env, ""


def _trades(trades: Any) -> Iterable[Any]:
    return () if isinstance(trades, Unknown) else trades


def place_of(expected: Expected) -> Span:
    return expected.at.node.span
