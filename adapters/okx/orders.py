"""Our orders as the venue wants them, by the account's mode. Pure. Source: fact sheet §6.

    want          net mode                long/short mode
    open long     buy                     buy, posSide long
    close long    sell, reduceOnly        sell, posSide long
    open short    sell                    sell, posSide short
    close short   buy, reduceOnly         buy, posSide short

A stop is an order of the algo family, with an id of its own kind. Leverage is no part of an order (`leverage.py`).
Positions are closed by orders: the venue's own call for it answers without a number to follow (trap 16). A change names
the size of the whole order, what is filled of it included (trap 17), as the model does.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.okx.account import Mode
from adapters.okx.names import ID_MAX, TAG, protection_id
from adapters.okx.tracked import Change
from ruleengine.model.order import Order
from ruleengine.model.side import Side

ORDER, ORDER_ALGO = "/api/v5/trade/order", "/api/v5/trade/order-algo"
CANCEL, CANCEL_ALGOS = "/api/v5/trade/cancel-order", "/api/v5/trade/cancel-algos"
AMEND, AMEND_ALGOS = "/api/v5/trade/amend-order", "/api/v5/trade/amend-algos"
_AT_MARKET = "-1"


@dataclass(frozen=True, slots=True)
class Call:
    """What to post where."""

    path: str
    body: Any


def bad_id(order_id: str) -> str:
    """Why the venue would refuse an id, or "" (trap 6).

    >>> bad_id("re-1a2b")
    '`re-1a2b` is no order id for OKX: letters and digits only, 32 at most; give the policy a prefix without `-`'
    >>> bad_id("re1a2b")
    ''
    """
    if order_id.isascii() and order_id.isalnum() and len(order_id) <= ID_MAX:
        return ""
    return (
        f"`{order_id[:40]}` is no order id for OKX: letters and digits only, {ID_MAX} at most; "
        "give the policy a prefix without `-`"
    )


def is_closing(order: Order) -> bool:
    """Whether it may only take off a position."""
    return order.is_reduce_only or bool(order.trade_id)


def held_side(order: Order) -> Side:
    """The side of the position that an order opens, adds to or takes off."""
    if not is_closing(order):
        return order.side
    return order.position_side or order.side.opposite


def pos_side(order: Order, mode: Mode) -> str:
    """`net`, or the position's side: needed in long/short mode, wrong in the other (trap 4)."""
    return "net" if mode.nets else held_side(order).value


def place(order: Order, mode: Mode, size: Decimal) -> Call:
    """A new order over `size` contracts."""
    body: dict[str, Any] = {
        "instId": order.instrument, "tdMode": mode.margin, "side": "buy" if order.side is Side.LONG else "sell",
        "sz": size, "tag": TAG,
    }  # fmt: skip
    if not mode.nets:
        body["posSide"] = pos_side(order, mode)
    elif is_closing(order):
        body["reduceOnly"] = True  # it closes in net mode only; in the other mode side and posSide do
    if order.type == "stop":
        return Call(ORDER_ALGO, body | _stop(order, mode))
    body |= {"ordType": order.type, "clOrdId": order.id}
    if order.type == "limit":
        body["px"] = order.price
    if not is_closing(order) and (order.stop is not None or order.target is not None):
        body["attachAlgoOrds"] = [_attached(order)]
    return Call(ORDER, body)


def _stop(order: Order, mode: Mode) -> dict[str, Any]:
    """A market order that waits for its price. One that reduces goes with its position, where that can be asked for."""
    known: dict[str, Any] = {"algoClOrdId": order.id}
    if is_closing(order):
        if mode.nets:
            known["cxlOnClosePos"] = True
        return known | {"ordType": "conditional", "slTriggerPx": order.price, "slOrdPx": _AT_MARKET}
    return known | {"ordType": "trigger", "triggerPx": order.price, "orderPx": _AT_MARKET}


def _attached(order: Order) -> dict[str, Any]:
    attached: dict[str, Any] = {"attachAlgoClOrdId": protection_id(order.id)}
    if order.stop is not None:
        attached |= {"slTriggerPx": order.stop, "slOrdPx": _AT_MARKET}
    if order.target is not None:
        attached |= {"tpTriggerPx": order.target, "tpOrdPx": _AT_MARKET}
    return attached


def cancel(order: Order, venue_id: str) -> Call:
    """Of an order of ours."""
    named = _named(order, venue_id)
    return Call(CANCEL_ALGOS, [named]) if order.type == "stop" else Call(CANCEL, named)


def amend(order: Order, venue_id: str, change: Change) -> Call:
    """Another size or price of an order that rests. One that can't be changed so stays as it is."""
    body = _named(order, venue_id) | {"reqId": change.number, "cxlOnFail": False}
    if change.size is not None:
        body["newSz"] = change.size
    if order.type != "stop":
        return Call(AMEND, body if change.price is None else body | {"newPx": change.price})
    if change.price is not None and is_closing(order):
        body |= {"newSlTriggerPx": change.price, "newSlOrdPx": _AT_MARKET}
    elif change.price is not None:
        body |= {"newTriggerPx": change.price, "newOrdPx": _AT_MARKET}
    return Call(AMEND_ALGOS, body)


def _named(order: Order, venue_id: str) -> dict[str, Any]:
    """By the venue's number where it is known: it wins where both are given."""
    if order.type == "stop":
        return {"instId": order.instrument} | ({"algoId": venue_id} if venue_id else {"algoClOrdId": order.id})
    return {"instId": order.instrument} | ({"ordId": venue_id} if venue_id else {"clOrdId": order.id})
