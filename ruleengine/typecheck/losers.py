"""What can be so of a trade that only ever lost: ranges of what is known of it, and conditions by them (FX-16).

Its result and its best one are below zero, and never at it: what waits for break-even waits for a gain. Its prices are
taken by their distance from its entry: of a long one what would close it now, the middle, and the best it ever saw, lie
below, its target and the price at which nothing is lost above; of a short one the other way round. A price of which
that is not known (a bar's, a number) may lie anywhere. So a condition is judged by what it compares, however it is
written: `not (trade.pnl_pips < 5pips)` waits for a gain as `trade.pnl_pips >= 5pips` does.
"""

from __future__ import annotations

from math import inf
from typing import Literal

from ruleengine.facts.catalogue import FACTS
from ruleengine.typecheck.ranges import ANYTHING, Range, Ranges
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.typed import Expr
from ruleengine.units import PRICE

Side = Literal["long", "short"]

GAINS = frozenset(
    f"{of}.{each}"
    for of, names in (
        ("trade", "pnl pnl_pips pnl_after_fees gain_ratio gain_r peak_pips peak_ratio peak_r"),
        (
            "position",
            "pnl gain_over_first gain_over_average peak_over_first peak_over_average pnl_of_margin best_gain"
            " closing_gain_over_first closing_gain_over_average pips_over_first pips_over_average"
            " peak_pips_over_first peak_pips_over_average"
            " peak_over_first_since_addition peak_over_average_since_addition"
            " peak_pips_over_first_since_addition peak_pips_over_average_since_addition",
        ),
    )
    for each in names.split()
)
"""Facts that are below zero of what only lost."""
_ABOVE = 1e-12
"""By however little: a target, and what fees ask for, are beyond the entry, and every result is short of it."""
_LOSS = Range(-inf, -_ABOVE)
_FALLS = tuple(
    f"{of}.{each}"
    for of, names in (
        ("trade", "back_off back_off_ratio"),
        ("position", "back_off back_off_ratio back_off_since_addition back_off_ratio_since_addition"),
    )
    for each in names.split()
)
_OF_THE_BOOK = {
    "account.day_pnl": _LOSS,
    "account.day_pnl_ratio": _LOSS,
    "account.unrealised": _LOSS,
    "account.day_peak_ratio": Range(-inf, 0.0),  # of the day's start, which is its first peak
}
"""Of a book that only loses."""
_EQUITY = {"account.equity": Range(-inf, 0.0)}
"""Of one that goes on losing: it falls below whatever was named."""
_PRICES = {
    "trade.entry_price": Range(0.0, 0.0),
    "trade.exit_price": _LOSS,
    "trade.best_price": _LOSS,
    "trade.worst_price": _LOSS,
    "trade.target": Range(_ABOVE, inf),
    "trade.break_even": Range(_ABOVE, inf),
    "position.average_price": Range(0.0, 0.0),
    "position.first_entry_price": Range(0.0, inf),  # additions came at worse prices
    "position.exit_price": _LOSS,
    "position.worst_price": _LOSS,
    "position.break_even": Range(_ABOVE, inf),
}
"""Distance from the entry of a long trade; of a position from its average."""
_OF_THE_MARKET = {"mid": _LOSS, "last": Range(-inf, 0.0)}
"""Like it, of the market that a long one's entry is compared with: its entry was at the ask."""
_SIDES = ("trade.side", "position.side", "side")
_INVERSE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "eq": "ne", "ne": "eq"}
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}


class Losers(Ranges):
    """`side`: of the trade. `is_of_book`: the rule looks at the account as a whole. `is_alone`: nothing else gains,
    either. `stages`: exit stages that may have filled."""

    def __init__(self, side: Side, *, is_of_book: bool = False, is_alone: bool = False, stages: float = inf) -> None:
        sign = 1.0 if side == "long" else -1.0
        at_prices = _PRICES | _OF_THE_MARKET | {"bid" if side == "long" else "ask": _LOSS}
        given = dict.fromkeys(GAINS, _LOSS) | dict.fromkeys(_FALLS, Range(0.0, inf))
        given |= {name: at if side == "long" else Range(-at.high, -at.low) for name, at in at_prices.items()}
        given |= dict.fromkeys(("trade.sign", "position.sign"), Range(sign, sign))
        given["instrument.pip"] = Range(_ABOVE, inf)
        given["trade.stage"] = Range(0.0, stages)
        if is_of_book or is_alone:
            given |= _OF_THE_BOOK
        if is_of_book:
            given |= _EQUITY
        super().__init__({}, {}, given)
        self.side, self.is_of_book = side, is_of_book

    def _of(self, expr: Expr) -> Range:
        if expr.label in self.given:
            return self.given[expr.label]
        if expr.type == PRICE and (expr.label in FACTS or not _is_of_distances(expr)):
            return self._scaled_price(expr)
        if expr.op == "div" and all(arg.type == PRICE for arg in expr.args):
            return _quotient(*(self.of(arg) for arg in expr.args))
        if self._adds_up_losses(expr):
            return _LOSS
        return super()._of(expr)

    def _adds_up_losses(self, expr: Expr) -> bool:
        """A sum over all of a book, where something is open."""
        if not self.is_of_book or expr.op != "agg" or expr.data[0] != "sum" or expr.args[1].op != "const":
            return False
        return self.of(expr.args[0]).high < 0

    def _scaled_price(self, expr: Expr) -> Range:
        """A price × a plain number: a share of the price farther from the entry, up or down."""
        if expr.op != "mul" or expr.label in FACTS:
            return ANYTHING
        price, factor = expr.args if expr.args[0].type == PRICE else expr.args[::-1]
        at, by = self.of(price), self.of(factor)
        if price.type != PRICE or by.low <= 0 or at == ANYTHING:
            return ANYTHING
        low = at.low * (by.high if at.low < 0 else by.low) + _ABOVE * (by.low > 1) if by.low >= 1 else -inf
        high = at.high * (by.high if at.high > 0 else by.low) - _ABOVE * (by.high < 1) if by.high <= 1 else inf
        return Range(low, high)

    # --- conditions --------------------------------------------------------------------------------------------------

    def can_be(self, compared: Expr, truth: bool) -> bool:
        """Can a comparison be true (false) of it?"""
        op = str(compared.op) if truth else _INVERSE[compared.op]
        left, right = compared.args
        if left.op == "const":
            left, right, op = right, left, _MIRRORED[op]
        if left.label in _SIDES and right.op == "const":
            return (str(right.data) == self.side) == (op == "eq")
        if _asks_for_gain(left, op, right) or _asks_for_gain(right, _MIRRORED[op], left):
            return False
        if left.type.kind in ("enum", "text", "bool") or len(_bases(compared)) > 1:
            return True
        return _can_hold(self.of(left), op, self.of(right))


def _bases(expr: Expr) -> set[str]:
    """Whose prices it reads: a trade's and a position's have different entries."""
    if expr.label in _PRICES:
        return {expr.label.partition(".")[0]}
    return set() if expr.label in FACTS else {base for arg in expr.args for base in _bases(arg)}


def _is_of_distances(expr: Expr) -> bool:
    """A price made of prices and distances, or one of several: its distance from the entry follows from theirs."""
    return expr.op in ("add", "sub", "if", "coalesce") or (expr.op == "call" and expr.data.name in ("min", "max"))


def _quotient(value: Range, by: Range) -> Range:
    """Of two prices, by where they lie."""
    if value.high <= by.low:
        return Range(0.0, 1.0 if value.high == by.low else 1.0 - _ABOVE)
    if value.low >= by.high:
        return Range(1.0 if value.low == by.high else 1.0 + _ABOVE, inf)
    return Range(0.0, inf)


def _asks_for_gain(of: Expr, op: str, limit: Expr) -> bool:
    """`trade.pnl >= 2 * trade.fees`: computed, so meant as a gain unless it can be none."""
    return of.label in GAINS and op in ("gt", "ge") and limit.op != "const" and sign_of(limit) >= 0


def _can_hold(left: Range, op: str, right: Range) -> bool:
    match op:
        case "gt":
            return left.high > right.low
        case "ge":
            return left.high >= right.low
        case "lt":
            return left.low < right.high
        case "le":
            return left.low <= right.high
        case "eq":
            return left.low <= right.high and right.low <= left.high
    return not (left == right and left.low == left.high)
