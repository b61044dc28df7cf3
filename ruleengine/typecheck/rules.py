"""Rules → blocks of typed expressions. One function per section; the outputs of each block are listed there.

Every block may have an output `applies` (from `applies_to.when`); static filters stay with the rule's own model.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ruleengine import units
from ruleengine.diagnostics.catalogue import naming, requirements, sense
from ruleengine.facts.catalogue import FACTS
from ruleengine.schema.declarations import Metric
from ruleengine.schema.entries import Entry
from ruleengine.schema.exits import Exit, Floor, Trail
from ruleengine.schema.guards import Cap, Guard, Sizing
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.leaf import Expression
from ruleengine.schema.places import span_of
from ruleengine.schema.rule import AppliesTo, UnknownPosture
from ruleengine.typecheck import names as scopes
from ruleengine.typecheck.constants import fold, never_known
from ruleengine.typecheck.derived import fact
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.floors import floor_over_cap
from ruleengine.typecheck.growth import depends_on_size, is_net
from ruleengine.typecheck.names import Names, Scope
from ruleengine.typecheck.policy import TypedBlock, TypedRule
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.slips import check_bracket, check_factor
from ruleengine.typecheck.solvable import conjuncts, obstacle_to_cap, obstacle_to_reduce
from ruleengine.typecheck.trailing import trailing
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, BOOL, CONTRACTS, COUNT, DISTANCE, DURATION, PIPS, PRICE, RATIO, UNITS

Outputs = dict[str, Expr]
SIDE_TYPE = units.enum("side")


class RuleReader:
    """Reads one rule: gathers its blocks and constants."""

    def __init__(self, names: Names, section: str, rule: Any) -> None:
        self.names, self.section, self.rule = names, section, rule
        self.blocks: dict[str, TypedBlock] = {}
        self.constants: dict[str, Any] = {}

    def done(self) -> TypedRule:
        self.constants["enabled"] = True if self.rule.enabled is None else self.constant(self.rule.enabled, BOOL)
        return TypedRule(
            self.section, self.rule.id.text, self.rule, self.rule.id.node.span, self.blocks, self.constants
        )

    def block(self, name: str, scope: Scope, outputs: Outputs, leaf: Expression) -> None:
        if "applies" in outputs and "when" in outputs:
            self.together(outputs["applies"], outputs["when"], leaf)
        kept = tuple((output, fold(expr)) for output, expr in outputs.items())
        for output, expr in kept:
            lost = never_known(expr)
            if lost is not None:
                self.names.found.append(sense.never_known(lost.span or leaf.node.span))
            if expr.op != "const" or expr.type != BOOL or _is_meant(leaf):
                continue
            if outputs[output].is_sound and not self.names.is_switched(outputs[output]):
                self.names.found.append(sense.constant_condition(leaf.node.span, bool(expr.data)))
        full = f"{self.section}/{self.rule.id.text}.{name}"
        self.blocks[name] = TypedBlock(full, scope.name, kept, leaf.node.span, tuple(outputs.values()))

    def together(self, one: Expr, other: Expr, leaf: Expression) -> None:
        """Both have to hold for the rule to act: whether they can is looked at with everything else that is read."""
        self.names.read.append(Expr("and", BOOL, (one, other), span=leaf.node.span))

    def checker(self, scope: Scope) -> Checker:
        return Checker(self.names, scope)

    def applies(self, applies_to: AppliesTo | None, scope: Scope) -> Outputs:
        check_references(self.names, applies_to)
        if applies_to is None or applies_to.when is None:
            return {}
        return {"applies": self.checker(scope).condition(applies_to.when)}

    def constant(self, leaf: Expression, *wanted: units.Type) -> Any:
        """A constant in its internal unit: bool, or Decimal."""
        expr = fold(Checker(self.names, scopes.CONSTANT).value(leaf, *wanted))
        if expr.type == ANY:
            return False if wanted == (BOOL,) else Decimal(0)
        if expr.op != "const":
            self.names.found.append(naming.argument_not_constant(leaf.node.span, self.rule.id.text, "this value"))
            return Decimal(0)
        return expr.data

    def posture(self, posture: UnknownPosture | None, scope: Scope) -> None:
        if posture is None:
            return
        self.constants["unknown_wait"] = self.constant(posture.wait, DURATION)
        self.constants["unknown_then"] = posture.then
        if posture.use is not None:
            self.block("use", scope, {"use": self.checker(scope).condition(posture.use)}, posture.use)

    def cooldown(self, leaf: Expression | None) -> None:
        self.constants["cooldown"] = self.constant(leaf, DURATION) if leaf is not None else Decimal(0)


def read_guard(names: Names, rule: Guard) -> TypedRule:
    """Block `judge`: applies, require, unless."""
    reader = RuleReader(names, "guards", rule)
    outputs = reader.applies(rule.applies_to, scopes.INTENT)
    outputs["require"] = reader.checker(scopes.INTENT).condition(rule.require)
    if rule.unless is not None:
        outputs["unless"] = reader.checker(scopes.INTENT).condition(rule.unless)
    reader.block("judge", scopes.INTENT, outputs, rule.require)
    return reader.done()


def read_cap(names: Names, rule: Cap) -> TypedRule:
    """Block `limit`: applies, limit, unless; evaluated at several sizes. Where `limit` is several comparisons at once,
    limit_0 … too: each of them is solved by itself."""
    reader = RuleReader(names, "caps", rule)
    outputs = reader.applies(rule.applies_to, scopes.INTENT)
    read = reader.checker(scopes.INTENT).condition(rule.limit)
    limit = outputs["limit"] = fold(read) if read.is_sound else read
    if rule.unless is not None:
        outputs["unless"] = reader.checker(scopes.INTENT).condition(rule.unless)
    if read.is_sound:
        why = obstacle_to_cap(limit)
        if not depends_on_size(limit):
            names.found.append(sense.cap_without_size(rule.limit.node.span))
        elif why:
            names.found.append(sense.cap_not_monotone(rule.limit.node.span, why))
        parts = [part for part in conjuncts(limit) if depends_on_size(part)]
        outputs |= {f"limit_{index}": part for index, part in enumerate(parts) if len(parts) > 1}
    reader.block("limit", scopes.INTENT, outputs, rule.limit)
    return reader.done()


def read_sizing(names: Names, rule: Sizing) -> TypedRule:
    """Block `size`: applies, size [units] or scale [ratio]."""
    reader = RuleReader(names, "sizing", rule)
    outputs = reader.applies(rule.applies_to, scopes.INTENT)
    leaf = rule.size or rule.scale
    assert leaf is not None  # the schema asks for one of the two
    if rule.size is not None:
        outputs["size"] = read_size(reader, "size", rule.size, scopes.INTENT)
    if rule.scale is not None:
        scale = outputs["scale"] = reader.checker(scopes.INTENT).value(rule.scale, RATIO, units.NUMBER)
        check_factor(names, rule.scale, scale)
    reader.block("size", scopes.INTENT, outputs, leaf)
    return reader.done()


def read_entry(names: Names, rule: Entry) -> TypedRule:
    """Block `when`: applies, when. Block `order`: side, size [units], stop and target [price | pips | distance],
    max_open [count], leverage [number]."""
    reader = RuleReader(names, "entries", rule)
    scope = scopes.SIGNAL if rule.on == "signal" else scopes.INSTRUMENT
    outputs = reader.applies(rule.applies_to, scope)
    outputs["when"] = reader.checker(scope).condition(rule.when)
    reader.block("when", scope, outputs, rule.when)
    order: Outputs = {}
    if rule.side is not None:
        order["side"] = _side(reader, rule.side, scope)
    if rule.size is not None:
        order["size"] = read_size(reader, "size", rule.size, scope)
    order |= read_brackets(reader, rule.stop, rule.target, scope)
    if rule.max_open is not None:
        order["max_open"] = reader.checker(scope).value(rule.max_open, COUNT)
    if rule.leverage is not None:
        order["leverage"] = reader.checker(scope).value(rule.leverage, units.NUMBER)
    if order:
        reader.block(
            "order", scope, order, rule.side or rule.size or rule.stop or rule.target or rule.max_open or rule.when
        )
    for leaf, kind, words in ((rule.strategy, "strategy", "strategies"), (rule.pocket, "pocket", "pockets")):
        if leaf is not None and leaf.text not in names.vocabulary(words):
            names.found.append(naming.unknown_reference(leaf.node.span, kind, leaf.text, names.vocabulary(words)))
    reader.cooldown(rule.cooldown)
    return reader.done()


def read_hedge(names: Names, rule: Hedge) -> TypedRule:
    """Block `when`: applies, when. Block `require`. For `reduce`: block `until` (at several sizes), block `amounts`:
    wanted, otherwise, at_least, at_most_0 … [units]. For `open`: block `order` as an entry's."""
    reader = RuleReader(names, "hedges", rule)
    scope = scopes.INSTRUMENT
    outputs = reader.applies(rule.applies_to, scope)
    outputs["when"] = reader.checker(scope).condition(rule.when)
    reader.block("when", scope, outputs, rule.when)
    if rule.require is not None:
        require = reader.checker(scope).condition(rule.require)
        reader.together(outputs["when"], require, rule.require)
        reader.block("require", scope, {"require": require}, rule.require)
    if rule.reduce is not None:
        _reduction(reader, rule)
    if rule.open is not None:
        if names.policy.requires.account != "hedging":
            account = span_of(names.policy, ("requires", "account"), value=True)
            is_sure = names.policy.requires.account == "netting"
            told = requirements.needs_both_sides if is_sure else requirements.may_need_both_sides
            names.found.append(told(rule.id.node.span, rule.id.text, account))
        size = read_size(reader, "size", rule.open.size, scope)
        order: Outputs = {"side": _side(reader, rule.open.side, scope), "size": size}
        order |= read_brackets(reader, rule.open.stop, rule.open.target, scope)
        reader.block("order", scope, order, rule.open.size)
        if rule.open.strategy.text not in names.policy.strategies:
            leaf = rule.open.strategy
            names.found.append(
                naming.unknown_reference(leaf.node.span, "strategy", leaf.text, list(names.policy.strategies))
            )
    reader.posture(rule.on_unknown, scope)
    reader.cooldown(rule.cooldown)
    if rule.confidence is not None:
        reader.constants["confidence"] = rule.confidence.value.number
    return reader.done()


def _reduction(reader: RuleReader, rule: Hedge) -> None:
    reduce, scope = rule.reduce, scopes.INSTRUMENT
    assert reduce is not None
    if reduce.until is not None:
        read = reader.checker(scopes.REDUCTION).condition(reduce.until)
        until = fold(read) if read.is_sound else read
        if read.is_sound:
            why = obstacle_to_reduce(until)
            if not depends_on_size(until):
                reader.names.found.append(sense.cap_without_size(reduce.until.node.span))
            elif why:
                reader.names.found.append(sense.reduction_not_monotone(reduce.until.node.span, why))
        reader.block("until", scopes.REDUCTION, {"until": until}, reduce.until)
    amounts: Outputs = {}
    for name, leaf in (("wanted", reduce.wanted), ("otherwise", reduce.otherwise), ("at_least", reduce.at_least)):
        if leaf is not None:
            amounts[name] = read_size(reader, name, leaf, scope)
    if reduce.side is not None:
        amounts["side"] = _side(reader, reduce.side, scope)
    for index, leaf in enumerate(reduce.at_most):
        amounts[f"at_most_{index}"] = read_size(reader, "at_most", leaf, scope)
    if amounts:
        place = reduce.wanted or reduce.otherwise or reduce.at_least or reduce.at_most[0]
        reader.block("amounts", scope, amounts, place)
    reader.names.found += floor_over_cap(reader.names, reduce, amounts)


def read_exit(names: Names, rule: Exit) -> TypedRule:
    """Blocks `stage_0` …: applies, when, close [ratio | units]. Block `use`: the fallback condition on unknown.
    Block `floor`: what a part has to come to.
    Block `result`: what closing a trade would leave, where a strategy of the rule says `no_loss_close`."""
    reader = RuleReader(names, "exits", rule)
    scope = {"trade": scopes.TRADE, "position": scopes.INSTRUMENT, "account": scopes.ACCOUNT}[rule.for_each]
    applies = reader.applies(rule.applies_to, scope)
    stages: list[tuple[Expression | Trail, Expression | None]] = []
    if rule.stages:
        stages = [(stage.when, stage.close) for stage in rule.stages]
    else:
        stages = [(when, rule.close) for when in (rule.when or rule.trail,) if when is not None]
    for index, (when, close) in enumerate(stages):
        outputs = dict(applies)
        if isinstance(when, Trail):
            outputs["when"], when = trailing(reader.checker(scope), when, rule.for_each), when.begin
        else:
            outputs["when"] = reader.checker(scope).condition(when)
        if close is not None:
            outputs["close"] = reader.checker(scope).value(close, RATIO, UNITS)
        reader.block(f"stage_{index}", scope, outputs, when)
    if rule.floor is not None:
        _floor(reader, rule.floor)
    if not (rule.may_lose or rule.emergency):  # an emergency is no time to ask what it costs
        _no_loss(reader, rule)
    reader.posture(rule.on_unknown, scope)
    reader.cooldown(rule.cooldown)
    return reader.done()


def _floor(reader: RuleReader, floor: Floor) -> None:
    """Block `floor`, of one trade whatever the rule looks at: value [money] of all of it, at_least [units], worth
    [money]."""
    checker, leaf = reader.checker(scopes.TRADE), floor.at_least or floor.worth
    assert leaf is not None  # the schema asks for one of the two
    outputs: Outputs = {"value": fact(checker, FACTS["trade.value"], leaf.node.span, False)}
    if floor.at_least is not None:
        outputs["at_least"] = read_size(reader, "at_least", floor.at_least, scopes.TRADE)
    if floor.worth is not None:
        outputs["worth"] = checker.value(floor.worth, units.HOME)
    reader.block("floor", scopes.TRADE, outputs, leaf)


def _no_loss(reader: RuleReader, rule: Exit) -> None:
    """Constant `no_loss`: strategies whose trades this rule closes in profit only. Block `result`, of one trade:
    result [money] after fees."""
    admitted = [str(leaf.text) for leaf in as_list(rule.applies_to.strategy if rule.applies_to else None)]
    strategies = reader.names.policy.strategies
    leaves = {name: strategies[name].no_loss_close for name in admitted or strategies if name in strategies}
    kept = tuple(name for name, leaf in leaves.items() if leaf is not None and reader.constant(leaf, BOOL))
    if not kept:
        return
    checker, place = reader.checker(scopes.TRADE), rule.id
    result = fact(checker, FACTS["trade.pnl_after_fees"], place.node.span, False)
    reader.constants["no_loss"] = kept
    reader.blocks["result"] = TypedBlock(
        f"exits/{place.text}.result", scopes.TRADE.name, (("result", result),), place.node.span
    )


def read_metric(names: Names, name: str, metric: Metric | Expression) -> TypedRule:
    """Block `value`: value, of any type."""
    leaf = metric.value if isinstance(metric, Metric) else metric
    by = metric.for_each if isinstance(metric, Metric) else "account"
    scope = {
        "account": scopes.ACCOUNT,
        "instrument": scopes.INSTRUMENT,
        "strategy": scopes.BY_STRATEGY,
        "pocket": scopes.BY_POCKET,
    }[by]
    expr = fold(Checker(names, scope).check(leaf))
    block = TypedBlock(f"metrics/{name}.value", scope.name, (("value", expr),), leaf.node.span)
    return TypedRule("metrics", name, metric, leaf.node.span, {"value": block}, {"enabled": True, "for_each": by})


# --- shared by sections ----------------------------------------------------------------------------------------------


_BOUNDS = ("otherwise", "at_least", "at_most")


def read_size(reader: RuleReader, key: str, leaf: Expression, scope: Scope) -> Expr:
    """A size in base units. What is wanted may come out below zero and is nothing then; a bound may not, and neither
    may be the signed net position."""
    expr = _units(reader, leaf, scope)
    of_net = is_net(expr)
    if expr.type != ANY and (of_net or (key in _BOUNDS and sign_of(fold(expr)) <= 0)):
        reader.names.found.append(sense.may_be_negative(leaf.node.span, key, of_net))
    return expr


def _units(reader: RuleReader, leaf: Expression, scope: Scope) -> Expr:
    """A size in base units; a size in contracts is converted."""
    expr = reader.checker(scope).value(leaf, UNITS, CONTRACTS)
    if expr.type == CONTRACTS:
        size = fact(reader.checker(scope), FACTS["instrument.contract_size"], leaf.node.span, False)
        return Expr("mul", UNITS, (expr, size), span=expr.span)
    return expr


def _side(reader: RuleReader, leaf: Expression, scope: Scope) -> Expr:
    return reader.checker(scope).value(leaf, SIDE_TYPE)


def read_brackets(reader: RuleReader, stop: Expression | None, target: Expression | None, scope: Scope) -> Outputs:
    found: Outputs = {}
    for name, leaf in (("stop", stop), ("target", target)):
        if leaf is not None:
            found[name] = reader.checker(scope).value(leaf, PRICE, PIPS, DISTANCE)
            check_bracket(reader.names, name, leaf, found[name])
    return found


def check_references(names: Names, applies_to: AppliesTo | None) -> None:
    """Words of `applies_to` must be declared ones."""
    if applies_to is None:
        return
    for attribute, kind, words in (
        ("strategy", "strategy", "strategies"),
        ("pocket", "pocket", "pockets"),
        ("instrument", "instrument", "instruments"),
    ):
        for leaf in as_list(getattr(applies_to, attribute)):
            if leaf.text not in names.vocabulary(words):
                names.found.append(naming.unknown_reference(leaf.node.span, kind, leaf.text, names.vocabulary(words)))


def as_list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _is_meant(leaf: Expression) -> bool:
    """`when: true` is how an author says always."""
    return leaf.text.strip() in ("true", "false")
