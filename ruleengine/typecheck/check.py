"""Policy → TypedPolicy: the stages in order. A fault does not hide the next."""

from __future__ import annotations

from collections.abc import Mapping

from ruleengine import units
from ruleengine.diagnostics import Diagnostic, has_errors
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.schema.leaf import Expression, QuantityLeaf
from ruleengine.schema.limits import Limits
from ruleengine.schema.policy import Policy
from ruleengine.typecheck.applies import check_kinds, check_own_words
from ruleengine.typecheck.bounds import out_of_bounds
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.contradictions import contradictions
from ruleengine.typecheck.currencies import check_account_currency
from ruleengine.typecheck.declared import check_tags, check_taken, check_unused
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.idle import idle
from ruleengine.typecheck.names import CONSTANT, Names
from ruleengine.typecheck.parameters import read_parameters
from ruleengine.typecheck.policy import TypedPolicy, limit_places
from ruleengine.typecheck.protections import all_protections
from ruleengine.typecheck.sections import all_rules
from ruleengine.typecheck.signals import never_of_a_signal
from ruleengine.typecheck.stages import out_of_reach
from ruleengine.typecheck.table_rows import rows_that_miss
from ruleengine.typecheck.throttles import throttled
from ruleengine.typecheck.vocabulary import check_words
from ruleengine.typecheck.worst_case import beyond_limits


def check(
    policy: Policy, overrides: Mapping[str, Expression] | None = None
) -> tuple[TypedPolicy | None, list[Diagnostic]]:
    """The typed policy, or None with every finding; `overrides` replaces parameters' defaults."""
    currency = policy.requires.currency.text if policy.requires.currency else ""
    names = Names(policy, FUNCTIONS, currency)
    check_account_currency(names)
    read_parameters(Checker(names, CONSTANT), overrides or {})
    check_taken(names)
    check_tags(names)
    check_words(names)
    check_own_words(names)
    check_kinds(names)
    rules = (*all_rules(names), *all_protections(names))
    names.found += out_of_bounds(rules)
    names.found += out_of_reach(rules)
    names.found += never_of_a_signal(policy, rules)
    limits = read_limits(names, policy.limits)
    check_unused(names)
    names.found += contradictions(names)
    names.found += rows_that_miss(names)
    if not has_errors(names.found):
        names.found += idle(names)
        names.found += throttled(rules, limits, limit_places(policy, limits))
        names.found += beyond_limits(names, rules, limits, limit_places(policy, limits))
    found = _distinct(names.found)
    if has_errors(found):
        return None, found
    return TypedPolicy(policy, rules, {n: fold(e) for n, e in names.parameters.items()}, names, limits), found


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
        "price_divergence": (units.RATIO,),
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


def _distinct(found: list[Diagnostic]) -> list[Diagnostic]:
    """Each finding once (a feature is checked at every use), in the order of the text."""
    return sorted({(d.sort_key): d for d in found}.values())
