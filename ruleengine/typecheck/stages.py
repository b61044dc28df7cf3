"""Stages of an exit that a stage before them leaves nothing to close for.

A stage is done when it or a later one has filled: one behind `close: 100%` has nothing left to close, and where it acts
first, it keeps that one from ever closing the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import rules as faults
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.typed import Expr
from ruleengine.units import RATIO


def out_of_reach(rules: tuple[TypedRule, ...]) -> Iterator[Diagnostic]:
    """A finding for each closing stage behind one that closes all; stages that restrict may stand anywhere."""
    for rule in rules:
        if rule.section != "exits":
            continue
        whole: Span | None = None
        for block in rule.blocks.values():
            close = dict(block.outputs).get("close")
            if close is None:
                continue
            if whole is not None:
                yield faults.stage_out_of_reach(block.place, whole)
            elif _is_all(close):
                whole = close.span or block.place


def _is_all(close: Expr) -> bool:
    return close.op == "const" and close.type == RATIO and isinstance(close.data, Decimal) and close.data >= 1
