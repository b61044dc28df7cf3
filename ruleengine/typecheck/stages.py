"""Stages of an exit that close a part and stand behind one that closes all; floors of exits that close no part.

A stage is done when it or a later one has filled: where the part is closed first, the stage that closes all never acts
again, and the rest stays open. Several that close all may follow each other (a stop, then a target).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import rules as faults
from ruleengine.diagnostics.catalogue.exits import floor_of_no_part
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.typed import Expr
from ruleengine.units import RATIO


def out_of_reach(rules: tuple[TypedRule, ...]) -> Iterator[Diagnostic]:
    """A finding for each stage that closes a part behind one that closes all; those that restrict stand anywhere."""
    for rule in rules:
        if rule.section != "exits":
            continue
        yield from _idle_floor(rule)
        whole: Span | None = None
        for block in rule.blocks.values():
            close = dict(block.outputs).get("close")
            if close is None:
                continue
            if _is_all(close):
                whole = whole or close.span or block.place
            elif whole is not None:
                yield faults.stage_out_of_reach(block.place, whole)


def _idle_floor(rule: TypedRule) -> Iterator[Diagnostic]:
    """A floor is for parts."""
    floor = rule.blocks.get("floor")
    closes = [dict(block.outputs).get("close") for block in rule.blocks.values()]
    if floor is not None and not any(close is not None and not _is_all(close) for close in closes):
        yield floor_of_no_part(floor.place)


def _is_all(close: Expr) -> bool:
    return close.op == "const" and close.type == RATIO and isinstance(close.data, Decimal) and close.data >= 1
