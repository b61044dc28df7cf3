"""What can be so of a trade that only ever lost: ranges of what is known of it, and conditions by them (FX-16).

Its result and its best one are never above zero. Its prices are taken by their distance from its entry: of a long one
what would close it now, and the best it ever saw, lie at or below, its target and the price at which nothing is lost
above; of a short one the other way round. A price of which that is not known (the market's, a number) may lie anywhere.
So a condition is judged by what it compares, however it is written: `not (trade.pnl_pips < 5pips)` waits for a gain as
`trade.pnl_pips >= 5pips` does.
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
"""Facts that are never above zero of what only lost."""
_OF_THE_BOOK = ("account.day_pnl", "account.day_pnl_ratio", "account.day_peak_ratio", "account.unrealised",
                "account.equity")  # fmt: skip
"""Of a book that only loses, and goes on losing: its equity falls below whatever was named."""
_ABOVE = 1e-12
"""A target, and what fees ask for, are beyond the entry, by however little."""
_PRICES = {
    "trade.entry_price": Range(0.0, 0.0),
    "trade.exit_price": Range(-inf, 0.0),
    "trade.best_price": Range(-inf, 0.0),
    "trade.target": Range(_ABOVE, inf),
    "trade.break_even": Range(_ABOVE, inf),
    "position.average_price": Range(0.0, 0.0),
    "position.exit_price": Range(-inf, 0.0),
    "position.break_even": Range(_ABOVE, inf),
}
"""Distance from the entry of a long trade; of a position from its average."""
_SIDES = ("trade.side", "position.side", "side")
_INVERSE = {"gt": "le", "ge": "lt", "lt": "ge", "le": "gt", "eq": "ne", "ne": "eq"}
_MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}


class Losers(Ranges):
    """`side`: of the trade. `is_of_book`: the rule looks at the account as a whole. `stages`: exit stages that may have
    filled."""

    def __init__(self, side: Side, *, is_of_book: bool = False, stages: float = inf) -> None:
        given = dict.fromkeys(GAINS, Range(-inf, 0.0))
        given |= {name: at if side == "long" else Range(-at.high, -at.low) for name, at in _PRICES.items()}
        given["instrument.pip"] = Range(_ABOVE, inf)
        given["trade.stage"] = Range(0.0, stages)
        if is_of_book:
            given |= dict.fromkeys(_OF_THE_BOOK, Range(-inf, 0.0))
        super().__init__({}, {}, given)
        self.side = side

    def _of(self, expr: Expr) -> Range:
        if expr.label in self.given:
            return self.given[expr.label]
        if expr.type == PRICE and not _is_of_distances(expr):
            return self._scaled_price(expr)
        if expr.op == "div" and all(arg.type == PRICE for arg in expr.args):
            return _quotient(*(self.of(arg) for arg in expr.args))
        return super()._of(expr)

    def _scaled_price(self, expr: Expr) -> Range:
        """A price × a plain number: a share of the price farther from the entry, up or down."""
        if expr.op != "mul":
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
        if _asks_for_gain(left, op, right):
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
        return Range(0.0, 1.0)
    return Range(1.0, inf) if value.low >= by.high else Range(0.0, inf)


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
