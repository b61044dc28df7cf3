"""Fills by hand: prices, pieces, stops and targets on quotes. Quote 157.000 / 157.008 unless said."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from ruleengine.model.event import Book, OrderStatus

SECOND = 1_000_000_000


def test_a_buy_takes_the_ask_and_a_sell_the_bid(desk: Any, fills: Any) -> None:
    at = desk()
    (bought,) = fills(at.send("long", 10_000))
    (sold,) = fills(at.send("short", 10_000))
    assert (bought.price, sold.price) == (D("157.008"), D("157"))
    assert bought.opens
    assert sold.opens  # a hedging account holds both
    assert at.sides == (10_000, 10_000)
    # both sides lose the spread: 2 × 10,000 × 0.008 = 160
    assert at.venue.equity() == D(1_000_000 - 160)


def test_closing_one_trade_books_its_result(desk: Any, fills: Any) -> None:
    at = desk()
    (opened,) = fills(at.send("long", 10_000, strategy="M1Scalper", pocket="scalp"))
    stated = at.venue.snapshot().trades[0]
    assert (stated.client_id, stated.tag, stated.pocket) == ("o1", "M1Scalper", "scalp")
    at.quote("157.100", "157.108")
    (closed,) = fills(at.send("short", 4_000, trade_id=opened.trade_id))
    # 4,000 × (157.100 − 157.008) = 368
    assert (closed.price, closed.realised, closed.opens, closed.units) == (D("157.1"), D(368), False, D(4_000))
    assert closed.is_last
    assert at.balance == D(1_000_368)
    assert at.sides == (6_000, 0)


def test_stop_and_target_are_one_cancels_other(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, stop="156.900", target="157.200")
    (exit_fill,) = fills(at.quote("157.203", "157.211"))
    # the target fills at its own price: 10,000 × (157.200 − 157.008) = 1,920
    assert (exit_fill.reason, exit_fill.price, exit_fill.realised, exit_fill.order_id) == (
        "target",
        D("157.2"),
        D(1920),
        "",
    )
    assert fills(at.quote("156.500", "156.508")) == []  # the stop went with the trade
    assert at.balance == D(1_001_920)


def test_a_stop_fills_at_the_gapped_price(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, stop="156.900")
    assert fills(at.quote("156.901", "156.909")) == []
    (stopped,) = fills(at.quote("156.700", "156.708"))
    # gap through 156.900: 10,000 × (156.700 − 157.008) = −3,080
    assert (stopped.reason, stopped.price, stopped.realised) == ("stop", D("156.7"), D(-3_080))


def test_a_stop_is_reached_at_its_price_exactly(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("short", 10_000, stop="157.108", target="156.808")
    assert fills(at.quote("157.099", "157.107")) == []
    (stopped,) = fills(at.quote("157.100", "157.108"))
    # short from 157.000, out at the ask 157.108: −1,080
    assert (stopped.price, stopped.realised) == (D("157.108"), D(-1_080))
    at.send("long", 10_000, stop="157.000", target="157.300")
    assert fills(at.quote("157.001", "157.009")) == []
    (stopped,) = fills(at.quote("157.000", "157.008"))
    assert (stopped.price, stopped.reason) == (D("157"), "stop")


def test_a_limit_waits_and_fills_at_its_own_price(desk: Any, fills: Any, updates: Any) -> None:
    at = desk()
    answers = at.send("long", 10_000, type="limit", price="156.950")
    assert [each.status for each in updates(answers)] == [OrderStatus.ACCEPTED]
    assert at.venue.snapshot().open_orders == ("o1",)
    assert fills(at.quote("156.943", "156.951")) == []
    (filled,) = fills(at.quote("156.900", "156.908"))  # gapped through: no improvement, by assumption
    assert (filled.price, filled.order_id, filled.is_last) == (D("156.95"), "o1", True)
    assert at.venue.snapshot().open_orders == ()


def test_a_marketable_limit_takes_at_once_but_never_worse_than_its_price(desk: Any, fills: Any) -> None:
    at = desk(settings={"slippage": {"model": "ticks", "ticks": 5}})
    (filled,) = fills(at.send("long", 10_000, type="limit", price="157.010"))
    # ask 157.008 + 5 ticks = 157.013, held to the limit
    assert filled.price == D("157.01")


def test_a_stop_entry_fires_upwards(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, type="stop", price="157.100", stop="157.000")
    assert fills(at.quote("157.091", "157.099")) == []
    (filled,) = fills(at.quote("157.110", "157.118"))
    assert (filled.price, filled.reason, filled.opens) == (D("157.118"), "stop", True)
    assert at.venue.snapshot().trades[0].stop == D("157")


@pytest.mark.parametrize(
    ("slippage", "bought", "sold"),
    [
        ({"model": "none"}, "157.008", "157.000"),
        ({"model": "ticks", "ticks": 2}, "157.010", "156.998"),
        ({"model": "spread", "share": "0.5"}, "157.012", "156.996"),  # half of 0.008
        ({"model": "size", "ticks": 10}, "157.013", "156.995"),  # 10 ticks × 10,000 / 20,000 shown
    ],
)
def test_slippage_is_always_against_us(desk: Any, fills: Any, slippage: Any, bought: str, sold: str) -> None:
    at = desk(settings={"slippage": slippage})
    at.quote("157.000", "157.008", size=20_000)
    assert fills(at.send("long", 10_000))[0].price == D(bought)
    assert fills(at.send("short", 10_000))[0].price == D(sold)


def test_a_market_order_takes_only_what_is_shown(desk: Any, fills: Any, updates: Any) -> None:
    at = desk(settings={"participation": "0.5"})
    at.quote("157.000", "157.008", size=10_000)
    answers = at.send("long", 8_000)
    (filled,) = fills(answers)
    assert (filled.units, filled.is_last) == (D(5_000), False)  # half of 10,000
    assert [(each.status, each.code) for each in updates(answers)] == [
        (OrderStatus.ACCEPTED, ""),
        (OrderStatus.CANCELLED, "INSUFFICIENT_LIQUIDITY"),
    ]
    # the same quote has nothing left for us; the next one has
    again = at.send("long", 1_000)
    assert fills(again) == []
    at.quote("157.000", "157.008", size=10_000)
    assert len(fills(at.send("long", 1_000))) == 1


def test_fill_or_kill_refuses_what_does_not_fit(desk: Any, fills: Any, updates: Any) -> None:
    at = desk(settings={"remainder": "kill"})
    at.quote("157.000", "157.008", size=5_000)
    answers = at.send("long", 8_000)
    assert fills(answers) == []
    assert (updates(answers)[0].status, updates(answers)[0].code) == (OrderStatus.REJECTED, "INSUFFICIENT_LIQUIDITY")


def test_a_resting_limit_fills_in_parts_into_one_trade(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, type="limit", price="156.950")
    (first,) = fills(at.quote("156.940", "156.948", size=6_000))
    (second,) = fills(at.quote("156.940", "156.948", size=6_000))
    assert [(each.units, each.is_last) for each in (first, second)] == [(D(6_000), False), (D(4_000), True)]
    assert first.trade_id == second.trade_id
    (trade,) = at.venue.snapshot().trades
    assert (trade.units, trade.price) == (D(10_000), D("156.95"))


def test_a_protective_stop_that_finds_too_little_goes_on(desk: Any, fills: Any) -> None:
    at = desk()
    at.send("long", 10_000, stop="156.900")
    (first,) = fills(at.quote("156.890", "156.898", size=7_000))
    assert (first.units, first.is_last) == (D(7_000), False)
    (rest,) = fills(at.quote("156.950", "156.958", size=7_000))  # back above the stop: it was triggered
    assert (rest.units, rest.price, rest.is_last) == (D(3_000), D("156.95"), True)


def test_a_book_is_walked_level_by_level(desk: Any, fills: Any) -> None:
    at = desk({"currency": "USDT", "balance": "10000", "mode": "netting"}, names=["BTC-USDT-SWAP"], quote=None)
    at.now += SECOND
    bids = ((90_000.0, 3.0), (89_999.9, 5.0))
    asks = ((90_000.1, 3.0), (90_000.2, 5.0), (90_000.5, 50.0))
    at.venue.on_market(Book(at.now, at.now, "BTC-USDT-SWAP", bids, asks))
    pieces = fills(at.send("long", 10))
    assert [(each.units, each.price) for each in pieces] == [
        (D(3), D("90000.1")),
        (D(5), D("90000.2")),
        (D(2), D("90000.5")),
    ]
    (trade,) = at.venue.snapshot().trades
    # (3 × 90,000.1 + 5 × 90,000.2 + 2 × 90,000.5) ÷ 10 = 90,000.23
    assert (trade.units, trade.price) == (D(10), D("90000.23"))
    assert [each.is_last for each in pieces] == [False, False, True]


def test_expiry_ends_a_working_order(desk: Any, updates: Any) -> None:
    at = desk()
    at.send("long", 10_000, type="limit", price="156.000", expires_ns=at.now + 30 * SECOND)
    assert at.venue.next_due_ns() == at.now + 30 * SECOND
    assert at.wait(29) == []
    (ended,) = updates(at.wait(1))
    assert (ended.status, ended.code) == (OrderStatus.EXPIRED, "TIME_IN_FORCE_EXPIRED")


def test_cancel_ends_a_working_order_and_says_so_of_others(desk: Any, updates: Any) -> None:
    at = desk()
    at.send("long", 10_000, type="limit", price="156.000")
    assert [each.status for each in updates(at.cancel("o1"))] == [OrderStatus.CANCELLED]
    (again,) = updates(at.cancel("o1"))
    assert (again.status, again.code) == (OrderStatus.CANCELLED, "ORDER_DOESNT_EXIST")
    (never,) = updates(at.cancel("nobody"))
    assert (never.status, never.code) == (OrderStatus.ABSENT, "ORDER_DOESNT_EXIST")


def test_every_fill_has_its_number_and_the_book_says_which_it_has(desk: Any, fills: Any) -> None:
    at = desk()
    first = fills(at.send("long", 3_000))
    second = fills(at.send("short", 1_000))
    numbers = [each.fill_id for each in (*first, *second)]
    assert len(set(numbers)) == len(numbers) == 2
    assert at.venue.snapshot().counted == tuple(numbers), "both are of this instant"
    kept = at.venue.state()
    at.venue.restore(kept)
    assert at.venue.snapshot().counted == tuple(numbers)
    at.quote("157.100", "157.108")
    assert at.venue.snapshot().counted == ()
