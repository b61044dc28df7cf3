"""Property: in whatever order, and however often, the messages of a day are heard, book and orders end the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.model.event import Fill, OrderStatus, OrderUpdate
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.orders.orders import Orders
from tests.runtime.account import INSTRUMENTS, LONG, SHORT, make_fill, make_holdings, make_order


class Day(NamedTuple):
    """What a venue said, in its own order, and what of it is left in the end by simple sums."""

    orders: list[Order]
    messages: list[OrderUpdate | Fill]
    left: dict[str, Decimal]
    balance: Decimal


@st.composite
def days(draw: st.DrawFn) -> Day:
    """Some trades, each opened in up to three pieces and reduced by up to three orders, times ascending."""
    orders: list[Order] = []
    messages: list[OrderUpdate | Fill] = []
    left: dict[str, Decimal] = {}
    balance, ts = Decimal(500_000), 10
    for number in range(draw(st.integers(1, 4))):
        side: Side = draw(st.sampled_from([LONG, SHORT]))
        trade, name = f"t{number}", f"qr-o{number}"
        pieces = draw(st.lists(st.integers(1, 50), min_size=1, max_size=3))
        orders.append(make_order(name, side, str(sum(pieces)), strategy="M1Scalper"))
        ts += 1
        messages.append(OrderUpdate(ts, ts, name, OrderStatus.ACCEPTED))
        for units in pieces:
            ts += 1
            messages.append(make_fill(name, side, str(units), str(150 + ts), trade, ts=ts, fee=Decimal(1)))
            balance -= 1
        held = sum(pieces)
        for step in range(draw(st.integers(0, 3))):
            units = draw(st.integers(0, held))
            if not units:
                continue
            held -= units
            ts += 1
            closing = f"qr-x{number}-{step}"
            orders.append(make_order(closing, side.opposite, str(units), is_reduce_only=True, trade_id=trade))
            fill = make_fill(
                closing, side.opposite, str(units), "170", trade, opens=False, ts=ts, realised=Decimal(step)
            )
            messages += [OrderUpdate(ts, ts, closing, OrderStatus.ACCEPTED), fill]
            balance += step
        if held:
            left[trade] = Decimal(held)
    return Day(orders, messages, left, balance)


def run(day: Day, messages: list[OrderUpdate | Fill]) -> tuple[Holdings, Orders]:
    holdings, orders = make_holdings(), Orders(INSTRUMENTS)
    for order in day.orders:
        orders.open(order, f"d-{order.id}", "rule", "exit" if order.is_reduce_only else "entry", 1)
    for heard, message in enumerate(messages):
        event: Any = replace(message, ts=1000 + heard, seq=heard)
        if isinstance(event, Fill):
            record = orders.get(event.order_id)
            assert record is not None
            holdings.apply(event, record.order, record.kind, record.rule)
            orders.on_fill(event)
        else:
            orders.on_update(event)
    return holdings, orders


def end(holdings: Holdings, orders: Orders) -> Any:
    frames = {
        name: (t.units, t.entry_price, t.initial_units, t.opened_ns, t.side, t.identity)
        for name, t in holdings.trades.items()
    }
    position = holdings.positions["USD_JPY"]
    sides = (position.long_units, position.short_units)
    states = {name: (record.state, record.filled) for name in _names(orders) if (record := orders.get(name))}
    return sorted(frames.items()), sides, holdings.balance, states, orders.pending_units("USD_JPY")


def _names(orders: Orders) -> list[str]:
    return sorted(row["order"]["id"] for row in orders.state()["orders"])


@settings(max_examples=150)
@given(st.data())
def test_the_end_does_not_depend_on_the_order_of_hearing(data: st.DataObject) -> None:
    day = data.draw(days())
    heard = data.draw(st.permutations(day.messages))
    repeated = data.draw(st.lists(st.sampled_from(heard), max_size=5))
    place = data.draw(st.integers(0, len(heard)))
    in_order = run(day, day.messages)
    assert {name: trade.units for name, trade in in_order[0].trades.items()} == day.left
    assert in_order[0].balance == day.balance
    mixed = [*heard[:place], *(each for each in repeated if each in heard[:place]), *heard[place:], *repeated]
    assert end(*run(day, mixed)) == end(*in_order)


@settings(max_examples=100)
@given(st.data())
def test_a_restart_in_between_changes_nothing(data: st.DataObject) -> None:
    day = data.draw(days())
    place = data.draw(st.integers(0, len(day.messages)))
    holdings, orders = run(day, day.messages[:place])
    again, orders_again = make_holdings(), Orders(INSTRUMENTS)
    again.restore(holdings.state())
    orders_again.restore(orders.state())
    for book, out in ((holdings, orders), (again, orders_again)):
        for message in day.messages[place:]:
            if isinstance(message, Fill):
                record = out.get(message.order_id)
                assert record is not None
                book.apply(message, record.order, record.kind, record.rule)
                out.on_fill(message)
            else:
                out.on_update(message)
    assert again.state() == holdings.state()
    assert orders_again.state() == orders.state()


@pytest.mark.parametrize("opens_first", [True, False])
def test_a_close_that_overtakes_its_opening_is_settled_by_it(opens_first: bool) -> None:
    holdings = make_holdings()
    opening = make_fill("qr-1", LONG, "100", "150", "t1", ts=5)
    closing = make_fill("qr-2", SHORT, "30", "151", "t1", opens=False, ts=6)
    codes = []
    for fill in (opening, closing) if opens_first else (closing, opening):
        codes += [note.code for note in holdings.apply(fill, make_order(fill.order_id, strategy="M1Scalper"))]
    assert codes == ([] if opens_first else ["RE566"])
    assert holdings.trades["t1"].units == 70
