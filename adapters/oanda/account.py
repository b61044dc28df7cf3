"""The account as OANDA states it: what it is, and what is in it at one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from adapters.oanda.times import to_ns
from adapters.wire.decimals import BadPayload, number, objects, optional
from ruleengine.model.side import Side
from ruleengine.model.venue_book import TradeState, VenueSnapshot
from ruleengine.ports.venue import VenueAccount

Row = Mapping[str, Any]
_ATTACHED = frozenset({"TAKE_PROFIT", "STOP_LOSS", "TRAILING_STOP_LOSS", "GUARANTEED_STOP_LOSS"})
_SHOWN = ("alias", "guaranteedStopLossOrderMode", "marginRate", "openTradeCount", "pendingOrderCount")


def account_of(row: Row, environment: Literal["practice", "live"]) -> VenueAccount:
    """What it says of itself. The flag of hedging must be there: neither kind is assumed (trap 14)."""
    hedges = row.get("hedgingEnabled")
    if not isinstance(hedges, bool):
        raise BadPayload("the account does not say whether it hedges (`hedgingEnabled`)")
    rate = margin_rate_of(row)
    flags = [("hedgingEnabled", str(hedges).lower())]
    flags += [(name, str(row[name])) for name in _SHOWN if name in row]
    return VenueAccount(
        id=str(row.get("id", "")),
        currency=str(row.get("currency", "")),
        mode="hedging" if hedges else "netting",
        environment=environment,
        margin_model="max_side" if hedges else "net",
        leverage=1 / rate if rate else None,
        flags=tuple(flags),
    )


def margin_rate_of(row: Row) -> Decimal | None:
    return optional(row.get("marginRate"), "marginRate")


def snapshot_of(row: Row, as_of_ns: int, counted: Iterable[str]) -> VenueSnapshot:
    """The whole account. `as_of_ns`: the venue's time of its last transaction; `counted`: numbers of the fills of that
    very instant that are in it. Raises BadPayload."""
    orders, trades = objects(row.get("orders"), "orders"), objects(row.get("trades"), "trades")
    return VenueSnapshot(
        ts=as_of_ns,
        balance=number(row.get("balance"), "balance"),
        margin_used=number(row.get("marginUsed"), "marginUsed"),
        trades=tuple(_trade(trade, orders) for trade in trades),
        open_orders=tuple(name_of(order) for order in orders if str(order.get("type")) not in _ATTACHED),
        counted=tuple(counted),
    )


def name_of(order: Row) -> str:
    """The client's id of an order, else the venue's."""
    return str(extensions(order).get("id") or order.get("id", ""))


def extensions(row: Row, key: str = "clientExtensions") -> Row:
    """What a client attached: `id`, `tag`, `comment`; empty where there is nothing."""
    found = row.get(key)
    return found if isinstance(found, dict) else {}


def _trade(trade: Row, orders: list[dict[str, Any]]) -> TradeState:
    """`currentUnits` is signed: negative is short (trap 5)."""
    units = number(trade.get("currentUnits"), "currentUnits")
    own = extensions(trade)
    return TradeState(
        id=_word(trade, "id"),
        instrument=_word(trade, "instrument"),
        side=Side.LONG if units > 0 else Side.SHORT,
        units=abs(units),
        price=number(trade.get("price"), "price"),
        opened_ns=to_ns(trade.get("openTime"), "openTime"),
        client_id=str(own.get("id", "")),
        tag=str(own.get("tag", "")),
        pocket=str(own.get("comment", "")),
        stop=_attached(trade, orders, ("stopLossOrder", "guaranteedStopLossOrder", "trailingStopLossOrder")),
        target=_attached(trade, orders, ("takeProfitOrder",)),
    )


def _word(row: Row, key: str) -> str:
    """What a row has to name."""
    found = row.get(key)
    if not isinstance(found, str) or not found:
        raise BadPayload(f"a trade has no `{key}`")
    return found


def _attached(trade: Row, orders: list[dict[str, Any]], keys: tuple[str, ...]) -> Decimal | None:
    """Price of an order that closes the trade. Lists of trades have the order itself, the account only its number."""
    for key in keys:
        order = trade.get(key)
        if not isinstance(order, dict):
            order = next((each for each in orders if each.get("id") == trade.get(f"{key}ID", "")), None)
        if order is not None:
            return optional(order.get("price") or order.get("trailingStopValue"), key)
    return None
