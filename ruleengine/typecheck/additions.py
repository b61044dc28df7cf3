"""Ladders and pyramids → blocks of typed expressions, and what is wrong with them before they run.

Which coefficient counts is an expression over `position.additions`, like everything else that is evaluated: of a list
the one of the next addition, of `choices` the list of the first one that holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics.catalogue import additions as faults
from ruleengine.facts.catalogue import FACTS
from ruleengine.schema.additions import Adding, Choice, Ladder, Pyramid
from ruleengine.schema.guards import Sizing
from ruleengine.schema.leaf import Expression
from ruleengine.schema.policy import Policy
from ruleengine.typecheck import names as scopes
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.derived import fact
from ruleengine.typecheck.names import Names, Scope
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.rules import Outputs, RuleReader, as_list, read_brackets, read_size
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, BOOL, COUNT, DURATION, RATIO

NEW_POSITION, INITIAL_POSITION = "new_position", "initial_position"
"""The two words that `base` knows; anything else is a size."""


def base_word(rule: Ladder) -> str:
    """`new_position`, `initial_position`, or the text of a size."""
    return NEW_POSITION if rule.base is None else rule.base.text.strip()


def read_ladder(names: Names, rule: Ladder) -> TypedRule:
    """Block `when`: applies, when. Block `order`: coefficient [ratio], steps [count], base [units] where it is no new
    position, most and per_day [count], interval [duration], stop and target."""
    reader, scope = RuleReader(names, "ladders", rule), _scope(rule)
    outputs, place = _common(reader, rule, scope), rule.when
    choices = _choices(rule)
    outputs["coefficient"], outputs["steps"] = _coefficients(reader, choices, scope)
    word = base_word(rule)
    if word == INITIAL_POSITION:
        outputs["base"] = fact(reader.checker(scope), FACTS["position.initial_units"], None, False)
    elif rule.base is not None and word != NEW_POSITION:
        outputs["base"] = read_size(reader, "size", rule.base, scope)
    elif rule.on == "market" and not _sizes_new_positions(names.policy):
        place_of = rule.id.node.span if rule.base is None else rule.base.node.span
        names.found.append(faults.no_base(place_of, rule.id.text))
    reader.block("order", scope, outputs, place)
    _check_steps(names, rule, choices, outputs.get("most"))
    return reader.done()


def read_pyramid(names: Names, rule: Pyramid) -> TypedRule:
    """Block `when`: applies, when. Block `order`: size [units], most and per_day [count], interval [duration], stop and
    target."""
    reader, scope = RuleReader(names, "pyramids", rule), _scope(rule)
    outputs = _common(reader, rule, scope)
    outputs["size"] = read_size(reader, "size", rule.size, scope)
    reader.block("order", scope, outputs, rule.size)
    return reader.done()


def _scope(rule: Adding) -> Scope:
    return scopes.SIGNAL if rule.on == "signal" else scopes.INSTRUMENT


def _common(reader: RuleReader, rule: Adding, scope: Scope) -> Outputs:
    """The block `when`, the cooldown, and what both kinds have of the block `order`."""
    outputs = reader.applies(rule.applies_to, scope)
    outputs["when"] = reader.checker(scope).condition(rule.when)
    reader.block("when", scope, outputs, rule.when)
    reader.cooldown(rule.cooldown)
    order: Outputs = {}
    for name, leaf, wanted in (
        ("most", rule.most, COUNT),
        ("interval", rule.interval, DURATION),
        ("per_day", rule.per_day, COUNT),
    ):
        if leaf is not None:
            order[name] = reader.checker(scope).value(leaf, wanted)
    return order | read_brackets(reader, rule.stop, rule.target, scope)


# --- coefficients ----------------------------------------------------------------------------------------------------


def _choices(rule: Ladder) -> list[Choice | list[Expression]]:
    return [rule.steps] if rule.steps else list(rule.choices or ())


def _coefficients(reader: RuleReader, choices: Sequence[Choice | list[Expression]], scope: Scope) -> tuple[Expr, Expr]:
    """(coefficient of the next addition, number of steps), of the first choice that holds; unknown where none does.

    Past the last step the coefficient is that of the last; the number of steps says that there is none."""
    coefficient: Expr = Expr("norow", RATIO, data=f"{reader.rule.id.text}.choices")
    steps: Expr = Expr("norow", COUNT, data=f"{reader.rule.id.text}.choices")
    for choice in reversed(choices):
        leaves = choice if isinstance(choice, list) else choice.coefficients
        by_step = _by_step(reader, leaves, scope)
        count = Expr("const", COUNT, data=Decimal(len(leaves)))
        if isinstance(choice, list) or choice.when is None:
            coefficient, steps = by_step, count
            continue
        holds = reader.checker(scope).condition(choice.when)
        if ANY in (holds.type, by_step.type):
            coefficient = Expr("const", ANY, data=True)
            continue
        coefficient = Expr("if", RATIO, (holds, by_step, coefficient))
        steps = Expr("if", COUNT, (holds, count, steps))
    return coefficient, steps


def _by_step(reader: RuleReader, leaves: Sequence[Expression], scope: Scope) -> Expr:
    checker = reader.checker(scope)
    made = fact(checker, FACTS["position.additions"], None, False)
    values = [checker.value(leaf, RATIO) for leaf in leaves]
    if any(value.type == ANY for value in values):
        return Expr("const", ANY, data=True)
    found = values[-1]
    for number in range(len(values) - 1, 0, -1):
        is_before = Expr("lt", BOOL, (made, Expr("const", COUNT, data=Decimal(number))))
        found = Expr("if", RATIO, (is_before, values[number - 1], found))
    return found


# --- what can't be meant ---------------------------------------------------------------------------------------------


def _check_steps(names: Names, rule: Ladder, choices: Sequence[Choice | list[Expression]], most: Expr | None) -> None:
    otherwise: Choice | None = None
    longest = 0
    for choice in choices:
        leaves = choice if isinstance(choice, list) else choice.coefficients
        longest = max(longest, len(leaves))
        for leaf in leaves:
            _check_coefficient(names, rule, leaf)
        if isinstance(choice, list):
            continue
        if otherwise is not None:
            names.found.append(faults.choice_out_of_reach(leaves[0].node.span, otherwise.coefficients[0].node.span))
        otherwise = choice if choice.otherwise and otherwise is None else otherwise
    allowed = None if most is None else fold(most)
    if allowed is not None and allowed.op == "const" and isinstance(allowed.data, Decimal) and allowed.data > longest:
        assert rule.most is not None
        names.found.append(faults.more_than_steps(rule.most.node.span, f"{allowed.data:f}", longest))


def _check_coefficient(names: Names, rule: Ladder, leaf: Expression) -> None:
    """A step of nothing, or below: read once more, by itself, without a second finding of what is wrong in it."""
    before = len(names.found)
    value = fold(RuleReader(names, "ladders", rule).checker(_scope(rule)).value(leaf, RATIO))
    del names.found[before:]
    is_known = value.op == "const" and isinstance(value.data, Decimal)
    if value.type != ANY and (value.data <= 0 if is_known else sign_of(value) < 0):
        said = f"{(value.data * 100).normalize():f}%" if is_known else "never above 0"
        names.found.append(faults.step_of_nothing(leaf.node.span, said))


def _sizes_new_positions(policy: Policy) -> bool:
    """Can a position that the market opens have a size, by a sizing rule or by the entry that opened it?"""
    return any(entry.on == "market" for entry in policy.entries) or any(_sizes_entries(rule) for rule in policy.sizing)


def _sizes_entries(rule: Sizing) -> bool:
    kinds: list[Any] = as_list(rule.applies_to.intent)
    return rule.size is not None and (not kinds or "entry" in kinds)


def adding(policy: Policy) -> Iterator[tuple[str, Adding]]:
    """All rules that add to a position, with the kind of their intents."""
    yield from (("ladder", rule) for rule in policy.ladders)
    yield from (("pyramid", rule) for rule in policy.pyramids)
