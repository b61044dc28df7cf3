"""Policy → TypedPolicy: the stages in order. A fault does not hide the next."""

from __future__ import annotations

from collections.abc import Mapping

from ruleengine import units
from ruleengine.diagnostics import Diagnostic, Span, has_errors
from ruleengine.diagnostics.catalogue import logic
from ruleengine.facts.catalogue import FACTS
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.schema.leaf import Expression, QuantityLeaf
from ruleengine.schema.policy import Feature, Limits, Policy
from ruleengine.typecheck.applies import check_own_words
from ruleengine.typecheck.bounds import out_of_bounds
from ruleengine.typecheck.calls import AGGREGATES, BUILTINS
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import CONSTANT, EVERYTHING, STANDARD_TIMEFRAMES, Names
from ruleengine.typecheck.parameters import read_parameters
from ruleengine.typecheck.policy import TypedPolicy
from ruleengine.typecheck.rules import all_rules
from ruleengine.typecheck.stages import out_of_reach
from ruleengine.typecheck.vocabulary import check_words


def check(
    policy: Policy, overrides: Mapping[str, Expression] | None = None
) -> tuple[TypedPolicy | None, list[Diagnostic]]:
    """The typed policy, or None with every finding; `overrides` replaces parameters' defaults."""
    currency = policy.requires.currency.text if policy.requires.currency else ""
    names = Names(policy, FUNCTIONS, currency)
    read_parameters(Checker(names, CONSTANT), overrides or {})
    _check_taken(names)
    _check_tags(names)
    check_words(names)
    check_own_words(names)
    rules = tuple(all_rules(names))
    names.found += out_of_bounds(rules)
    names.found += out_of_reach(rules)
    limits = read_limits(names, policy.limits)
    _check_unused(names)
    found = _distinct(names.found)
    if has_errors(found):
        return None, found
    return TypedPolicy(policy, rules, {n: fold(e) for n, e in names.parameters.items()}, limits), found


def read_limits(names: Names, limits: Limits) -> dict[str, float]:
    """The gate's limits in internal units. A unit that doesn't fit is a finding."""
    wanted: dict[str, tuple[units.Type, ...]] = {
        "max_order_units": (units.UNITS,),
        "max_order_value": (units.HOME,),
        "max_position_units": (units.UNITS,),
        "price_collar": (units.RATIO,),
        "orders_per_second": (units.COUNT,),
        "orders_per_minute": (units.COUNT,),
        "repeated_execution.orders": (units.COUNT,),
        "repeated_execution.within": (units.DURATION,),
        "refusals.count": (units.COUNT,),
        "refusals.within": (units.DURATION,),
        "refusals.pause": (units.DURATION,),
        "quote_age_max": (units.DURATION,),
    }
    checker = Checker(names, CONSTANT)
    found: dict[str, float] = {}
    for path, types in wanted.items():
        leaf: QuantityLeaf | None = limits  # type: ignore[assignment]
        for part in path.split("."):
            leaf = getattr(leaf, part)
        if leaf is None:
            continue
        expr = checker.value(Expression(leaf.text, leaf.node), *types)
        if expr.op == "const" and expr.type != units.ANY:
            found[path] = float(expr.data)
    return found


def _check_taken(names: Names) -> None:
    """One name, one meaning: what a policy declares, against the language and against each other."""
    policy = names.policy
    taken = dict.fromkeys(FACTS, "a fact")
    taken |= dict.fromkeys(names.functions, "a function")
    taken |= dict.fromkeys((*AGGREGATES, *BUILTINS), "a function")
    taken |= dict.fromkeys(STANDARD_TIMEFRAMES, "a timeframe")
    taken |= dict.fromkeys(
        ("true", "false", "and", "or", "not", "if", "else", "in", "of", "for"), "a word of the language"
    )
    for kind, places in _declared(policy):
        for name, place in places.items():
            if name in taken:
                names.found.append(logic.name_taken(place, name, taken[name]))
            taken[name] = kind


def _declared(policy: Policy) -> list[tuple[str, dict[str, Span]]]:
    """What the policy declares, by kind, each name with the place of its definition."""
    features = {name: each.value if isinstance(each, Feature) else each for name, each in policy.features.items()}
    return [
        ("a parameter", {name: each.default.node.span for name, each in policy.parameters.items()}),
        ("a feature", {name: leaf.node.span for name, leaf in features.items()}),
        ("a table", {name: each.by[0].node.span for name, each in policy.tables.items()}),
        ("a schedule", {name: each.timezone.node.span for name, each in policy.schedules.items()}),
        ("a timeframe", {name: each.interval.node.span for name, each in policy.timeframes.items()}),
    ]


def _check_tags(names: Names) -> None:
    """No tag may resolve to two strategies, whole or cut."""
    owner: dict[str, tuple[str, str]] = {}
    for name, strategy in names.policy.strategies.items():
        for leaf in strategy.aliases:
            tag = leaf.text
            other = owner.get(tag)
            if other is not None and other[0] != name:
                names.found.append(logic.same_cut_tag(leaf.node.span, other[0], name, tag))
            owner[tag] = (name, tag)
        owner.setdefault(name, (name, name))


def _check_unused(names: Names) -> None:
    policy, used = names.policy, names.used
    for name, parameter in policy.parameters.items():
        if ("parameter", name) not in used:
            names.found.append(logic.unused(parameter.default.node.span, "parameter", name))
    for name, feature in policy.features.items():
        if ("feature", name) not in used:
            leaf = feature.value if isinstance(feature, Feature) else feature
            Checker(names, EVERYTHING).check(leaf)
            names.found.append(logic.unused(leaf.node.span, "feature", name))
    for name, table in policy.tables.items():
        for column in table.columns:
            if ("column", f"{name}.{column}") not in used:
                names.found.append(logic.unused(table.columns[column].unit.node.span, "column", f"{name}.{column}"))
    for name, schedule in policy.schedules.items():
        if ("schedule", name) not in used:
            names.found.append(logic.unused(schedule.timezone.node.span, "schedule", name))
    for name, timeframe in policy.timeframes.items():
        if ("timeframe", name) not in used:
            names.found.append(logic.unused(timeframe.interval.node.span, "timeframe", name))


def _distinct(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each finding once (a feature is checked at every use), in the order of the text."""
    return sorted({(d.sort_key): d for d in found}.values())
