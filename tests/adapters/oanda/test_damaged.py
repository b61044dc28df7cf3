"""Payloads that are damaged at one or two places: a key gone, a value of another kind, numbers beyond reason.

The only thing that comes out of reading them is a VenueError, and a transaction that can't be read stops none after it.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.oanda.account import account_of, snapshot_of
from adapters.oanda.client import transactions_of
from adapters.oanda.history import _bar
from adapters.oanda.hours import Tradeable
from adapters.oanda.instruments import instrument_of
from adapters.oanda.ledger import Ledger
from adapters.oanda.orders import transactions_in
from adapters.oanda.prices import Prices
from adapters.oanda.sent import Sent, SentOrders
from ruleengine.model.event import Event
from ruleengine.ports.venue import VenueError
from tests.adapters.oanda.payloads import T0, Row, account_row, cancelled, closing, created, filled, rejected
from tests.adapters.oanda.test_ledger import an_order

ROUNDS = 600
JUNK: list[Any] = [
    None, "", "x", -1, 0, 10**30, True, [], {}, [[]], {"a": 1}, "NaN", "1e400", "-0", "1e29", "1e-29", "٣", ["a"],
]  # fmt: skip
PART = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "2", "guaranteedExecutionFee": "0.1"}
TRADE = {
    "id": "7", "instrument": "EUR_USD", "price": "1.1", "openTime": T0, "currentUnits": "400", "stopLossOrderID": "9",
    "clientExtensions": {"id": "a", "tag": "t", "comment": "p"},
}  # fmt: skip
STOP = {"id": "9", "type": "STOP_LOSS", "tradeID": "7", "price": "1.0", "state": "PENDING"}
SIDES = {"bids": [{"price": "1.1", "liquidity": 1000}], "asks": [{"price": "1.2", "liquidity": "1000"}]}
PRICE = {"type": "PRICE", "instrument": "EUR_USD", "time": T0, "tradeable": True, **SIDES}
OHLC = {"o": "1", "h": "1.2", "l": "0.9", "c": "1"}
INSTRUMENT = {
    "name": "EUR_USD", "pipLocation": -4, "displayPrecision": 5, "tradeUnitsPrecision": 0, "minimumTradeSize": "1",
    "maximumOrderUnits": "100000000", "marginRate": "0.02",
}  # fmt: skip
CLOSED = filled(106, 105, units="-400", tradesClosed=[PART], tradeReduced=PART, commission="1.5", financing="-2")
TRANSACTIONS = [
    created(101, "a"), filled(102, 101, "a", commission="0.3"), rejected(103, "b", "UNITS_INVALID"),
    cancelled(104, 101, "MARKET_HALTED", "a"), closing(105, "7", "400"), CLOSED,
    {"id": "107", "type": "DAILY_FINANCING", "time": T0, "financing": "-1", "accountBalance": "5",
     "positionFinancings": [{"instrument": "EUR_USD", "financing": "-1"}]},
    {"id": "108", "type": "TRANSFER_FUNDS", "time": T0, "amount": "5"},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload, as the keys that lead there."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


def damaged(payload: Any, chance: random.Random) -> Any:
    """A copy with a place or two gone or spoilt."""
    found = copy.deepcopy(payload)
    for _ in range(chance.choice((1, 1, 2))):
        *way, last = chance.choice(list(places(found)) or [("id",)])
        at = found
        for key in way:
            at = at[key]
        if chance.random() < 0.3 and isinstance(at, dict):
            at.pop(last, None)
        else:
            at[last] = copy.deepcopy(chance.choice(JUNK))
    return found


def ledger_of(told: list[Event], doubts: list[int]) -> Ledger:
    sent = SentOrders()
    for order in (an_order("a"), an_order("b"), an_order("c", 400, "7")):
        sent.add(Sent(order, 0, 100))
    return Ledger(sent, 100, told.append, lambda: 0, on_doubt=lambda: doubts.append(1))


READERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "account": (account_row(), lambda row: account_of(row, "practice")),
    "snapshot": (account_row(trades=[TRADE], orders=[STOP]), lambda row: snapshot_of(row, 0, ())),
    "instrument": (INSTRUMENT, lambda row: instrument_of(row, None)),
    "price": (PRICE, lambda row: Prices().events_of(row, 1)),
    "hours": (PRICE, lambda row: Tradeable().word_of(row, 1)),
    "candle": ({"time": T0, "volume": 3, "bid": OHLC, "ask": OHLC}, lambda row: _bar(row, "EUR_USD", 1, 1)),
    "list": ({"transactions": TRANSACTIONS}, transactions_of),
    "reply": ({"orderCreateTransaction": created(101, "a"), "orderFillTransaction": CLOSED}, transactions_in),
}


@pytest.mark.parametrize("name", READERS)
def test_what_can_not_be_read_is_an_error_of_the_venue(name: str) -> None:
    payload, read = READERS[name]
    for seed in range(ROUNDS):
        given = damaged(payload, random.Random(seed))
        try:
            read(given)
        except VenueError:
            continue
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {type(error).__name__} {error}: {given}") from error


def test_a_damaged_transaction_stops_none_after_it() -> None:
    """One that has a number is applied, or the account is read in its place; the next one is applied either way."""
    after = {"id": "200", "type": "TRANSFER_FUNDS", "time": T0, "amount": "7"}
    for seed in range(3 * ROUNDS):
        chance = random.Random(seed)
        row: Row = {**damaged(chance.choice(TRANSACTIONS), chance), "id": "150"}
        told: list[Event] = []
        ledger_of(told, []).take([row, after])
        assert str(getattr(told[-1], "amount", "")) == "7", f"seed {seed}: {row}"
