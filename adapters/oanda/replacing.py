"""An order of ours under another number: OANDA changes nothing, it puts a whole new order in the place of the old one
(trap 8). What the new one is to be, and what a row says that it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

from adapters.oanda.orders import Request, body_of
from adapters.wire.decimals import optional
from ruleengine.model.order import Order
from ruleengine.model.side import Side

Row = Mapping[str, Any]
_ATTACHED = ("stopLossOnFill", "takeProfitOnFill", "trailingStopLossOnFill")
_TERMS = ("timeInForce", "gtdTime", "triggerCondition", "priceBound")
_DETAILS = ("price", "distance", "timeInForce", "gtdTime", "clientExtensions", "guaranteed")


def replacement_of(
    order: Order, filled: Decimal, mode: Literal["netting", "hedging"], number: str, terms: Row | None
) -> Request:
    """The request that puts `order` in the place of number `number`. `filled`: units of it that are done: the new one
    is of the rest. `terms`: an earlier replacement, whoever made it; a stop or an end that a person gave it stays."""
    reduces = order.is_reduce_only or bool(order.trade_id)
    body = body_of(replace(order, units=order.units - filled), mode, reduces=reduces)
    if terms is not None:
        mine = {name: value for name, value in body.items() if name not in (*_TERMS, *_ATTACHED)}
        body = {**mine, **_kept(terms, reduces=reduces)}
    return Request("PUT", f"/orders/{number}", {"order": body}, reduces)


def as_stated(order: Order, row: Row, filled: Decimal) -> Order | None:
    """The order with the figures of a row (an order, or the transaction that made it). What a row leaves out is as it
    was. None: it is of another side or instrument, and can't be this one changed."""
    units, price = optional(row.get("units"), "units"), optional(row.get("price"), "price")
    if str(row.get("instrument", order.instrument)) != order.instrument:
        return None
    if units is not None and (units > 0) is not (order.side is Side.LONG):
        return None
    return replace(
        order,
        units=order.units if units is None else filled + abs(units),
        price=order.price if price is None else price,
    )


def _kept(terms: Row, *, reduces: bool) -> dict[str, Any]:
    kept = {name: terms[name] for name in _TERMS if terms.get(name) is not None}
    for name in _ATTACHED if not reduces else ():
        details = terms.get(name)
        if isinstance(details, Mapping):
            kept[name] = {key: details[key] for key in _DETAILS if details.get(key) is not None}
    return kept
