"""An order of ours as a request, and what a reply to one holds.

Units are signed text, never more digits than the instrument has: the gate put them on the grid, and what is not on it
is refused by the venue, not rounded (trap 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.oanda.account import extensions
from adapters.oanda.times import to_text
from adapters.wire.decimals import plain
from ruleengine.model.order import Order
from ruleengine.model.side import Side

Row = Mapping[str, Any]
_TEXT_MAX = 128
_REPLY_KEYS = (
    "orderCreateTransaction", "orderFillTransaction", "orderCancelTransaction", "orderReissueTransaction",
    "orderReissueRejectTransaction", "orderRejectTransaction", "orderCancelRejectTransaction",
    "replacingOrderCancelTransaction",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What to send: below the account's path."""

    method: Literal["POST", "PUT"]
    path: str
    body: Row | None
    reduces: bool


def request_of(order: Order, mode: Literal["netting", "hedging"]) -> Request | str:
    """The request for an order, or a sentence on why OANDA has none for it."""
    reduces = order.is_reduce_only or bool(order.trade_id)
    if not order.units.is_finite() or order.units <= 0:
        return f"{order.units} units: a size is above 0"
    if order.type != "market" and order.price is None:
        return f"a {order.type} order has a price"
    if order.trade_id:
        if order.type != "market":
            return f"a {order.type} order can't close one trade at OANDA: attach a target or a stop to it instead"
        if not (order.trade_id.isascii() and order.trade_id.isdigit()):
            return f"`{order.trade_id}` is no number of a trade"
        return Request("PUT", f"/trades/{order.trade_id}/close", {"units": plain(order.units)}, True)
    return Request("POST", "/orders", {"order": body_of(order, mode, reduces=reduces)}, reduces)


def cancel_of(name: str) -> Request:
    """`name`: the venue's number, or `@` with our id."""
    return Request("PUT", f"/orders/{name}/cancel", None, True)


def transactions_in(reply: Any) -> list[Row]:
    """The transactions that a reply tells of, in the order of their numbers."""
    if not isinstance(reply, dict):
        return []
    rows = [reply[key] for key in _REPLY_KEYS if isinstance(reply.get(key), dict)]
    numbered = [row for row in rows if str(row.get("id", "")).isdigit() and row.get("type")]
    return sorted(numbered, key=lambda row: int(row["id"]))


def is_of(row: Row, order: Order) -> bool:
    """Whether a transaction that created or refused an order can be of this one; others don't say."""
    if not str(row.get("type", "")).endswith(("_ORDER", "_ORDER_REJECT")):
        return True
    close = row.get("tradeClose")
    if order.trade_id:
        return isinstance(close, dict) and str(close.get("tradeID")) == order.trade_id
    return bool(extensions(row).get("id", order.id) == order.id)


def body_of(order: Order, mode: Literal["netting", "hedging"], *, reduces: bool) -> dict[str, Any]:
    """An order that can't open a trade has no extensions for one: the venue refuses them."""
    ours = _extensions(order)
    body: dict[str, Any] = {
        "type": order.type.upper(),
        "instrument": order.instrument,
        "units": plain(order.units if order.side is Side.LONG else -order.units),
        "positionFill": _position_fill(mode, reduces=reduces),
        **_time_in_force(order),
        "clientExtensions": ours,
    }
    if order.type != "market" and order.price is not None:
        body["price"] = plain(order.price)
    if reduces:
        return body
    body["tradeClientExtensions"] = ours
    if order.stop is not None:
        body["stopLossOnFill"] = {"price": plain(order.stop), "timeInForce": "GTC"}
    if order.target is not None:
        body["takeProfitOnFill"] = {"price": plain(order.target), "timeInForce": "GTC"}
    return body


def _position_fill(mode: Literal["netting", "hedging"], *, reduces: bool) -> str:
    """REDUCE_ONLY is the venue's reduce-only. On a hedging account nothing that opens may reduce (fact sheet §14)."""
    if reduces:
        return "REDUCE_ONLY"
    return "OPEN_ONLY" if mode == "hedging" else "DEFAULT"


def _time_in_force(order: Order) -> dict[str, str]:
    """Market orders fill whole and at once or not at all; others rest until they fill, or until their time is over."""
    if order.type == "market":
        return {"timeInForce": "FOK"}
    if order.expires_ns is None:
        return {"timeInForce": "GTC"}
    return {"timeInForce": "GTD", "gtdTime": to_text(order.expires_ns)}


def _extensions(order: Order) -> dict[str, str]:
    """Our id, and what the trade is to be told by after a restart: tag is the strategy, comment the pocket."""
    found = {"id": order.id, "tag": order.strategy, "comment": order.pocket}
    return {key: text[:_TEXT_MAX] for key, text in found.items() if text}
