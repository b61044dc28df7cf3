"""An account as its endpoints show it: summary, trades, positions, changes."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.errors import BadRequest, NoSuch
from adapters.oanda.simulator.figures import plain_units
from adapters.oanda.simulator.formats import money
from adapters.oanda.simulator.margin import calculated, margin_of, margin_used, unrealized
from adapters.oanda.simulator.records import DEPENDENT_KEYS, NOTHING, Trade
from adapters.oanda.simulator.requests import Terms
from adapters.oanda.simulator.transactions import out_of_range

_ZERO = money(NOTHING)
_SIDES = (("long", True), ("short", False))


def summary(account: Account) -> Terms:
    """`account` of the summary endpoint."""
    return {
        "guaranteedStopLossOrderMode": "DISABLED",
        "hedgingEnabled": account.hedging,
        "id": account.id,
        "createdTime": account.created,
        "currency": account.options.currency,
        "createdByUserID": account.user_id,
        "alias": account.alias,
        "marginRate": account.margin_rate,
        "lastTransactionID": account.log.last_id,
        "openTradeCount": sum(1 for _ in account.open_trades()),
        "openPositionCount": len(account.instruments_held()),
        "pendingOrderCount": len(account.pending),
        "resettablePLTime": account.created,
        "lastOrderFillTimestamp": account.last_fill,
        **_booked(account),
        **calculated(account),
    }


def _booked(account: Account) -> Terms:
    """Figures that prices don't move."""
    return {
        "balance": account.balance,
        "pl": money(account.pl),
        "resettablePL": money(account.pl),
        "financing": money(account.financing),
        "commission": _ZERO,
        "guaranteedExecutionFees": _ZERO,
    }


def whole(account: Account) -> Terms:
    """`account` with its lists."""
    return {
        **summary(account),
        "orders": [order.payload() for order in account.pending],
        "trades": [trade_summary(account, trade) for trade in account.open_trades()],
        "positions": [position(account, name) for name in account.instruments_traded()],
    }


def trade_summary(account: Account, trade: Trade) -> Terms:
    """A trade with the numbers of its dependent orders."""
    ids = {f"{DEPENDENT_KEYS[type_]}ID": number for type_, number in trade.dependents.items()}
    return {**trade.payload(), **_live(account, trade), **ids}


def trade_detail(account: Account, trade: Trade) -> Terms:
    """A trade with its dependent orders."""
    orders = {DEPENDENT_KEYS[type_]: account.orders[number].payload() for type_, number in trade.dependents.items()}
    return {**trade.payload(), **_live(account, trade), **orders}


def _live(account: Account, trade: Trade) -> Terms:
    if not trade.is_open:
        return {}
    margin = margin_of(account, trade.instrument, trade.units)
    return {"unrealizedPL": money(unrealized(account, trade)), "marginUsed": money(margin)}


def position(account: Account, instrument: str) -> Terms:
    """A position, flat or not. Raises NoSuch for an instrument that was never traded."""
    if instrument not in account.instruments_traded():
        raise NoSuch("position")
    sides = {name: _side(account, instrument, is_long=is_long) for name, is_long in _SIDES}
    found: Terms = {"instrument": instrument, **sides}
    for name in ("pl", "resettablePL", "financing", "guaranteedExecutionFees", "unrealizedPL"):
        found[name] = sides["long"][name] + sides["short"][name]
    return {**found, "commission": _ZERO, "marginUsed": money(margin_used(account, instrument))}


def _side(account: Account, instrument: str, *, is_long: bool) -> Terms:
    trades = [each for each in account.open_trades(instrument) if each.is_long == is_long]
    totals = account.side(instrument, is_long=is_long)
    units = sum((each.units for each in trades), NOTHING)
    found: Terms = {
        "units": plain_units(units),
        "pl": money(totals.pl),
        "resettablePL": money(totals.pl),
        "financing": money(totals.financing),
        "guaranteedExecutionFees": _ZERO,
        "unrealizedPL": money(sum((unrealized(account, each) for each in trades), NOTHING)),
    }
    if trades:
        value = sum((each.units * each.price for each in trades), NOTHING)
        found["averagePrice"] = (value / units).quantize(trades[0].spec.tick, ROUND_HALF_UP)
        found["tradeIDs"] = [each.id for each in trades]
    return found


def positions(account: Account, *, only_open: bool) -> list[Terms]:
    names = account.instruments_held() if only_open else account.instruments_traded()
    return [position(account, name) for name in names]


def changes(account: Account, since: str) -> Terms:
    """`changes` and `state` since a transaction (fact sheet §4.1). Raises Refusal 416 outside the account's range."""
    if not since.isdigit():
        raise BadRequest("sinceTransactionID")
    if int(since) > len(account.log.rows):
        raise out_of_range()
    rows = account.log.rows[int(since) :]
    fills = [row for row in rows if row["type"] == "ORDER_FILL"]
    opened = [row["tradeOpened"]["tradeID"] for row in fills if "tradeOpened" in row]
    reduced = [row["tradeReduced"]["tradeID"] for row in fills if "tradeReduced" in row]
    closed = [each["tradeID"] for row in fills for each in row.get("tradesClosed", ())]
    touched = dict.fromkeys(row["instrument"] for row in fills)
    return {
        "changes": {
            "ordersCreated": _orders(account, [row["id"] for row in rows if row["id"] in account.orders]),
            "ordersCancelled": _orders(account, [row["orderID"] for row in rows if row["type"] == "ORDER_CANCEL"]),
            "ordersFilled": _orders(account, [row["orderID"] for row in fills]),
            "ordersTriggered": [],
            "tradesOpened": _trades(account, opened),
            "tradesReduced": _trades(account, reduced),
            "tradesClosed": _trades(account, closed),
            "positions": [_without_prices(position(account, name)) for name in touched],
            "transactions": rows,
        },
        "state": _state(account),
    }


def _orders(account: Account, numbers: list[str]) -> list[Terms]:
    return [account.orders[number].payload() for number in dict.fromkeys(numbers)]


def _trades(account: Account, numbers: list[str]) -> list[Terms]:
    return [trade_summary(account, account.trades[number]) for number in dict.fromkeys(numbers)]


def _without_prices(found: Terms) -> Terms:
    """In `changes` a position has what fills made of it; `state` has the rest."""
    sides = {name: {key: each for key, each in found[name].items() if key != "unrealizedPL"} for name, _ in _SIDES}
    return {key: each for key, each in {**found, **sides}.items() if key not in ("unrealizedPL", "marginUsed")}


def _state(account: Account) -> Terms:
    rows: list[Terms] = []
    for name in account.instruments_held():
        sides = {each: _side(account, name, is_long=is_long)["unrealizedPL"] for each, is_long in _SIDES}
        rows.append(
            {
                "instrument": name,
                "netUnrealizedPL": sides["long"] + sides["short"],
                "longUnrealizedPL": sides["long"],
                "shortUnrealizedPL": sides["short"],
                "marginUsed": money(margin_used(account, name)),
            }
        )
    return {
        **_booked(account),
        **calculated(account),
        "orders": [
            {"id": order.id, "trailingStopValue": order.trailing, "triggerDistance": _distance(account, order.trade_id)}
            for order in account.pending
            if order.trailing is not None
        ],
        "trades": [{"id": trade.id, **_live(account, trade)} for trade in account.open_trades()],
        "positions": rows,
    }


def _distance(account: Account, trade_id: str) -> Decimal:
    """How far a trailing stop is from its trigger."""
    trade = account.trades[trade_id]
    top = account.market.top(trade.instrument)
    level = account.orders[trade.dependents["TRAILING_STOP_LOSS"]].trailing
    assert level is not None
    return abs((top.bid if trade.is_long else top.ask) - level)


def ledger(account: Account) -> dict[str, Any]:
    """What `/_control/ledger` says of an account."""
    long_short = {name: account.units(name) for name in account.instruments_held()}
    return {
        "currency": account.options.currency,
        "hedging": account.hedging,
        "balance": str(account.balance),
        "NAV": str(calculated(account)["NAV"]),
        "orders": [
            {
                "id": order.id,
                "type": order.type,
                "client_id": order.client_id,
                "instrument": order.instrument,
                "units": str(order.terms.get("units", "")),
                "state": order.state,
            }
            for order in account.orders.values()
        ],
        "positions": {name: {"long": str(each[0]), "short": str(each[1])} for name, each in long_short.items()},
        "trades": [
            {"id": each.id, "instrument": each.instrument, "units": str(each.units), "client_id": each.client_id}
            for each in account.open_trades()
        ],
        "last_transaction_id": account.log.last_id,
    }
