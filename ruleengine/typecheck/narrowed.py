"""Comparisons of one value with numbers that together leave nothing of it, where its range is known.

    abs(trade.pnl_pips) >= 5pips and trade.pnl_pips > -1pips     of what only lost the first says `pnl_pips <= -5pips`

Each for itself can hold. `together` finds such pairs where they are written alike; here the sign that is known of a
value takes `abs` away.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.ranges import Range, Ranges
from ruleengine.typecheck.same import Keys
from ruleengine.typecheck.together import CONTRARY, MIRROR, Literal
from ruleengine.typecheck.typed import Expr
from ruleengine.units import PRICE

_BY_LITTLE = 1e-12
"""By which a strict bound is beyond what it names."""


def leaves_something(ranges: Ranges, found: Iterable[Literal]) -> bool:
    """Is there a value left for everything that is compared with a number?"""
    keys, left = Keys({}), dict[Hashable, Range]()
    for literal in found:
        bound = _bound(ranges, literal)
        if bound is None:
            continue
        value, op, limit = bound
        low, high = left.get(keys.of(value), ranges.of(value))
        if op in ("gt", "ge", "eq"):
            low = max(low, limit + _BY_LITTLE * (op == "gt"))
        if op in ("lt", "le", "eq"):
            high = min(high, limit - _BY_LITTLE * (op == "lt"))
        if low > high:
            return False
        left[keys.of(value)] = Range(low, high)
    return True


def _bound(ranges: Ranges, literal: Literal) -> tuple[Expr, str, float] | None:
    """(value, comparison, number) that it says; None where it compares no value with a number."""
    compared, holds = literal
    if compared.op not in MIRROR:
        return None
    op = compared.op if holds else CONTRARY[compared.op]
    value, limit = compared.args
    if value.op == "const":
        value, limit, op = limit, value, MIRROR[op]
    if limit.op != "const" or not isinstance(limit.data, Decimal) or limit.type == PRICE:
        return None  # of a price its distance from the entry is known, not itself
    number = float(limit.data)
    while value.label not in FACTS and (sign := _sign(ranges, value)):
        value = value.args[0]
        if sign < 0:
            op, number = MIRROR[op], -number
    return value, op, number


def _sign(ranges: Ranges, expr: Expr) -> int:
    """By which its argument is multiplied; 0 where it is something else."""
    if expr.op == "neg":
        return -1
    if expr.op == "call" and expr.data.name == "abs":
        inner = ranges.of(expr.args[0])
        return -1 if inner.high <= 0 else 1 if inner.low >= 0 else 0
    return 0
