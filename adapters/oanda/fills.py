"""Transactions that move money or units, as events. The one place where fills are made, so that a fill heard by reply,
by stream or from history is the same one.

`Fill.fill_id` is the number of the ORDER_FILL: all parts of one fill have it, and differ in the trade they act on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from adapters.oanda.times import to_ns
from adapters.wire.decimals import number, optional
from ruleengine.model.event import CashChange, Fill
from ruleengine.model.side import Side

Row = Mapping[str, Any]
FILL, FINANCING, TRANSFER = "ORDER_FILL", "DAILY_FINANCING", "TRANSFER_FUNDS"
_ZERO = Decimal(0)
_REASONS = {
    "MARKET_ORDER": "market", "LIMIT_ORDER": "limit", "STOP_ORDER": "stop_order", "MARKET_IF_TOUCHED_ORDER": "touched",
    "MARKET_ORDER_TRADE_CLOSE": "market", "MARKET_ORDER_POSITION_CLOSEOUT": "market",
    "STOP_LOSS_ORDER": "stop", "TRAILING_STOP_LOSS_ORDER": "stop", "GUARANTEED_STOP_LOSS_ORDER": "stop",
    "TAKE_PROFIT_ORDER": "target", "MARKET_ORDER_MARGIN_CLOSEOUT": "liquidation",
}  # fmt: skip
"""As the engine calls what closed a trade; any other reason stays as it is."""


@dataclass(frozen=True, slots=True)
class _Leg:
    """What a fill did to one trade."""

    trade_id: str
    units: Decimal
    price: Decimal
    opens: bool
    realised: Decimal
    own_fee: Decimal


def fills_of(row: Row, order_id: str, received_ns: int) -> list[Fill]:
    """An ORDER_FILL: what it closed, then what it reduced, then what it opened. A reversal has the first and the last
    (two fills). Commission is stated for the whole and is shared out by units, to the last digit."""
    legs, is_long = _legs(row), number(row.get("units"), "units") > 0
    whole = sum((leg.units for leg in legs), _ZERO)
    commission = _sum_of(row, "commission") + _stray_guarantee(row, legs)
    fills: list[Fill] = []
    charged = _ZERO
    for leg in legs:
        is_last = leg is legs[-1]
        share = commission - charged if is_last else _share(commission, leg.units, whole)
        charged += share
        fills.append(
            Fill(
                ts=received_ns,
                ts_event=to_ns(row.get("time")),
                instrument=str(row["instrument"]),
                order_id=order_id,
                side=Side.LONG if is_long else Side.SHORT,
                units=leg.units,
                price=leg.price,
                trade_id=leg.trade_id,
                opens=leg.opens,
                realised=leg.realised,
                fee=share + leg.own_fee,
                reason=_REASONS.get(str(row.get("reason")), str(row.get("reason", ""))),
                is_last=is_last,
                fill_id=str(row["id"]),
            )
        )
    return fills


def financing_of(row: Row, received_ns: int) -> list[CashChange]:
    """What a fill or a day's end paid for holding; by instrument where the parts add up to the whole. It is part of
    the balance and of no trade's result."""
    whole = optional(row.get("financing"), "financing") or _ZERO
    parts = [
        (str(part.get("instrument", "")), number(part.get("financing"), "financing"))
        for part in row.get("positionFinancings") or []
        if isinstance(part, dict) and part.get("financing") is not None
    ]
    if not parts or sum((amount for _, amount in parts), _ZERO) != whole:
        parts = [(str(row.get("instrument", "")), whole)]
    return [_cash(row, amount, "financing", received_ns, instrument) for instrument, amount in parts if amount]


def past_of(
    rows: Iterable[Row], since_ns: int, received_ns: int, *, is_followed: Callable[[Row], bool] = lambda row: False
) -> list[Fill | CashChange]:
    """What of a history moved units or money after a time, in its order. Of an order it has the name that its sender
    gave it. `is_followed`: the fill is told with its order; what it was charged for holding is not."""
    found: list[Fill | CashChange] = []
    for row in rows:
        if row.get("type") == FILL and not is_followed(row):
            found += fills_of(row, str(row.get("clientOrderID") or ""), received_ns)
        found += transfer_of(row, received_ns) if row.get("type") == TRANSFER else financing_of(row, received_ns)
    return [each for each in found if each.ts_event > since_ns]


def transfer_of(row: Row, received_ns: int) -> list[CashChange]:
    """TRANSFER_FUNDS: positive came in. An adjustment is the broker's own correction."""
    amount = number(row.get("amount"), "amount")
    if not amount:
        return []
    if row.get("fundingReason") == "ADJUSTMENT":
        return [_cash(row, amount, "correction", received_ns)]
    return [_cash(row, amount, "deposit" if amount > 0 else "withdrawal", received_ns)]


def _legs(row: Row) -> list[_Leg]:
    """`tradeOpened` and its kin say what became of trades; their units are signed as the whole's are (trap 5)."""
    reduced = row.get("tradeReduced")
    parts = [*(row.get("tradesClosed") or []), *([reduced] if reduced else [])]
    legs = [_leg(row, part, opens=False) for part in parts]
    opened = row.get("tradeOpened")
    return [*legs, _leg(row, opened, opens=True)] if opened else legs


def _leg(row: Row, part: Row, *, opens: bool) -> _Leg:
    price = part.get("price") or row.get("fullVWAP") or row.get("price")
    return _Leg(
        trade_id=str(part["tradeID"]),
        units=abs(number(part.get("units"), "units")),
        price=number(price, "price"),
        opens=opens,
        realised=_ZERO if opens else number(part.get("realizedPL"), "realizedPL"),
        own_fee=optional(part.get("guaranteedExecutionFee"), "guaranteedExecutionFee") or _ZERO,
    )


def _stray_guarantee(row: Row, legs: list[_Leg]) -> Decimal:
    """The part of the fee for a guaranteed stop that no trade names."""
    whole = optional(row.get("guaranteedExecutionFee"), "guaranteedExecutionFee")
    return _ZERO if whole is None else whole - sum((leg.own_fee for leg in legs), _ZERO)


def _share(amount: Decimal, units: Decimal, whole: Decimal) -> Decimal:
    """By units, with as many digits as the amount has."""
    return (amount * units / whole).quantize(amount) if amount and whole else _ZERO


def _sum_of(row: Row, key: str) -> Decimal:
    return optional(row.get(key), key) or _ZERO


def _cash(
    row: Row, amount: Decimal, reason: Literal["financing", "deposit", "withdrawal", "correction"], received_ns: int,
    instrument: str = "",
) -> CashChange:  # fmt: skip
    return CashChange(received_ns, to_ns(row.get("time")), amount, reason, instrument, id=str(row["id"]))
