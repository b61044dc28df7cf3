"""Our orders as the venue takes them: what it can't do, request bodies, numbers (§4.1, §4.2).

Shares are bought with cash and sold where they are held: a sale is reduce-only by nature (trap 15).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from adapters.kis import kst
from adapters.kis.errors import Answer
from adapters.kis.hosts import AccountNumber
from adapters.kis.instruments import on_grid
from adapters.kis.services import BUY, SELL, Service
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError

LIMIT, MARKET = "00", "01"


class Key(NamedTuple):
    """What tells an order of the venue from every other one. Numbers are those of a day and a branch, and two branches
    may give the same one; since nothing says that notices and lists state branches alike, the share tells them apart.
    `code`: six characters of its symbol, for a letter before them is not stated everywhere."""

    day: str
    number: str
    code: str

    @classmethod
    def of(cls, day: str, number: str, symbol: str) -> Key:
        return cls(day, number, symbol[-6:])


@dataclass(frozen=True, slots=True)
class Number:
    """An order's number at the venue: per day and branch, with its zeros (trap 10)."""

    day: str
    branch: str
    number: str

    @property
    def text(self) -> str:
        """As the engine keeps it.

        >>> Number.of("20260304-06010-0000012345").number
        '0000012345'
        """
        return f"{self.day}-{self.branch}-{self.number}"

    def key(self, symbol: str) -> Key:
        """Of an order of this share."""
        return Key.of(self.day, self.number, symbol)

    @classmethod
    def of(cls, text: str) -> Number | None:
        """None for a text that is none."""
        parts = text.split("-")
        return cls(*parts) if len(parts) == 3 and len(parts[0]) == 8 and parts[2] else None


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent of an order, and what its row in the order list then has. `price` 0: at the market."""

    symbol: str
    side: Side
    units: Decimal
    price: Decimal

    @property
    def kind(self) -> str:
        return LIMIT if self.price else MARKET

    @property
    def service(self) -> Service:
        return BUY if self.side is Side.LONG else SELL

    def body(self, account: AccountNumber) -> dict[str, str]:
        fields = {
            **account.fields, "PDNO": self.symbol, "ORD_DVSN": self.kind, "ORD_QTY": f"{self.units:f}",
            "ORD_UNPR": f"{self.price:f}", "EXCG_ID_DVSN_CD": "KRX",
        }  # fmt: skip
        return {**fields, "SLL_TYPE": "01"} if self.side is Side.SHORT else fields


def refusal(order: Order, spec: Instrument | None, *, is_base_today: bool) -> tuple[str, str] | None:
    """(code, why) of an order that the venue could not take; None: it may be sent. `is_base_today`: the base price of
    the specification is this day's, so its price limits hold."""
    if spec is None:
        return "INSTRUMENT_UNKNOWN", f"`{order.instrument}` is not followed here"
    if order.type == "stop":
        return "ORDER_TYPE_UNSUPPORTED", "KIS has no stop orders"
    if order.stop is not None or order.target is not None:
        return "ATTACHED_STOP_UNSUPPORTED", "KIS has no stops or targets attached to an order"
    if order.units != order.units.to_integral_value() or order.units % spec.lot or order.units < spec.min_size:
        return "UNITS_INVALID", f"{order.units} is no whole number of shares above 0"
    if order.type == "limit" and (order.price is None or order.price <= 0):
        return "PRICE_MISSING", "a limit order has a price above 0"
    if (order.is_reduce_only or order.trade_id) and order.side is Side.LONG:
        return "NO_POSITION_TO_REDUCE", "a cash account has no short position that a purchase could reduce"
    if is_base_today and order.type == "limit" and order.price is not None and spec.base_price is not None:
        low, high = spec.limits_of(spec.base_price) or (order.price, order.price)
        if not low <= on_grid(spec, order.side, order.price) <= high:
            return "PRICE_LIMIT_EXCEEDED", f"{order.price} is outside the day's {low:f}–{high:f}"
    return None


def request_of(order: Order, spec: Instrument, most: Decimal | None = None) -> Request:
    """`most`: units that may be sent at most (a sale: what can be sold)."""
    units = order.units if most is None else min(order.units, most.to_integral_value(ROUND_FLOOR))
    price = on_grid(spec, order.side, order.price) if order.type == "limit" and order.price else Decimal(0)
    return Request(order.instrument, order.side, units.quantize(Decimal(1)), price.quantize(Decimal(1)))


def cancel_body(account: AccountNumber, number: Number, kind: str, units: Decimal | None = None) -> Mapping[str, str]:
    """To cancel units of an order; None: all that is left of it."""
    return _change_body(account, number, kind, "02", units, Decimal(0))


def revise_body(account: AccountNumber, number: Number, price: Decimal) -> Mapping[str, str]:
    """To move all that is left of an order to another price."""
    return _change_body(account, number, LIMIT, "01", None, price)


def _change_body(
    account: AccountNumber, number: Number, kind: str, change: str, units: Decimal | None, price: Decimal
) -> Mapping[str, str]:  # fmt: skip
    return {
        **account.fields, "KRX_FWDG_ORD_ORGNO": number.branch, "ORGN_ODNO": number.number, "ORD_DVSN": kind,
        "RVSE_CNCL_DVSN_CD": change, "ORD_QTY": "0" if units is None else f"{units:f}", "ORD_UNPR": f"{price:f}",
        "QTY_ALL_ORD_YN": "Y" if units is None else "N", "EXCG_ID_DVSN_CD": "KRX",
    }  # fmt: skip


def number_of(answer: Answer, now_ns: int) -> Number | None:
    """The number that a reply gives; None where it gives none."""
    try:
        row = answer.row("output")
    except VenueError:
        return None
    number, clock = row.text("odno"), row.text("ord_tmd")
    day = kst.day_of(kst.join(clock, now_ns) if clock.isdigit() else now_ns)
    return Number(day, row.text("krx_fwdg_ord_orgno"), number) if number else None
