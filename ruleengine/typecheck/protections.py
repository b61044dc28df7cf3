"""Protections and alerts → blocks of typed expressions."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics.catalogue import safety
from ruleengine.schema.leaf import Expression
from ruleengine.schema.protections import Alert, Protection
from ruleengine.typecheck import names as scopes
from ruleengine.typecheck.names import Names, Scope
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.rules import RuleReader
from ruleengine.units import DURATION, RATIO

NEXT_DAY = "next_day"
_SCOPES: dict[str, Scope] = {
    "account": scopes.ACCOUNT,
    "instrument": scopes.INSTRUMENT,
    "strategy": scopes.BY_STRATEGY,
    "pocket": scopes.BY_POCKET,
    "trade": scopes.TRADE,
}
_LONGEST = Decimal(366 * 86_400)


def all_protections(names: Names) -> Iterator[TypedRule]:
    """Every protection, then every alert, in the order of the text."""
    yield from (read_protection(names, rule) for rule in names.policy.protections)
    yield from (read_alert(names, rule) for rule in names.policy.alerts)


def read_protection(names: Names, rule: Protection) -> TypedRule:
    """Block `trip`: applies, when, close [ratio]. Block `until`: when. Constant `lasts`, in seconds; 0 where it doesn't
    end by time."""
    reader = RuleReader(names, "protections", rule)
    scope = _SCOPES[rule.for_each]
    outputs = reader.applies(rule.applies_to, scope)
    outputs["when"] = reader.checker(scope).condition(rule.when)
    if rule.close is not None:
        outputs["close"] = reader.checker(scope).value(rule.close, RATIO)
    reader.block("trip", scope, outputs, rule.when)
    if rule.until is not None and rule.until.text.strip() != NEXT_DAY:
        reader.block("until", scope, {"when": reader.checker(scope).condition(rule.until)}, rule.until)
    reader.constants["lasts"] = _time(reader, "lasts", rule.lasts)
    return reader.done()


def read_alert(names: Names, rule: Alert) -> TypedRule:
    """Block `when`: applies, when, show_0 … of any type. Constants `lasts` and `repeat`, in seconds; 0 where it says
    none."""
    reader = RuleReader(names, "alerts", rule)
    scope = _SCOPES[rule.for_each]
    outputs = reader.applies(rule.applies_to, scope)
    outputs["when"] = reader.checker(scope).condition(rule.when)
    for number, leaf in enumerate(rule.show):
        outputs[f"show_{number}"] = reader.checker(scope).check(leaf)
    reader.block("when", scope, outputs, rule.when)
    reader.constants["lasts"] = _time(reader, "lasts", rule.lasts)
    reader.constants["repeat"] = _time(reader, "repeat", rule.repeat)
    return reader.done()


def _time(reader: RuleReader, key: str, leaf: Expression | None) -> Any:
    """A time above 0; 0 where there is none."""
    if leaf is None:
        return Decimal(0)
    before = len(reader.names.found)
    seconds = reader.constant(leaf, DURATION)
    if len(reader.names.found) == before and not 0 < seconds <= _LONGEST:
        reader.names.found.append(safety.time_out_of_bounds(leaf.node.span, key, f"{seconds.normalize():f}s"))
    return seconds
