"""Isolated margin of perpetual swaps, by hand: 10 contracts of 0.01 BTC at 90,000 USDT are worth 9,000 USDT.

At leverage 3 they tie up 3,000 and can lose no more: all of it is gone at 60,000. With 0.4 % maintenance the venue
takes them over where 3,000 + (p − 90,000) × 0.1 = 0.004 × p × 0.1, at p = 6,000 / 0.0996 = 60,240.96.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.paper.broker import PaperVenue
from adapters.paper.instruments import known
from ruleengine.model.event import AccountRead, Fill, OrderStatus
from ruleengine.ports.venue import VenueSetup
from tests.adapters.paper.conftest import NOON, Desk

BTC = "BTC-USDT-SWAP"


def desk_of(balance: str = "5000", **more: Any) -> Desk:
    account = {
        "name": "swaps", "currency": "USDT", "balance": balance, "mode": "netting",
        "margin_model": {"model": "isolated"}, "fees": {"maker": "0", "taker": "0"},
        "instruments": {BTC: {"leverage": "10", "maintenance_rate": "0.004"}}, **more,
    }  # fmt: skip
    venue = PaperVenue(VenueSetup(account, known([BTC, "ETH-USDT-SWAP"]), 1, start_ns=NOON))
    found = Desk(venue, BTC, NOON)
    found.quote("90000", "90000")
    return found


def margin_used(desk: Desk) -> Decimal:
    return desk.venue.snapshot().margin_used


@pytest.mark.parametrize(("leverage", "margin"), [(3, "3000"), (10, "900"), (None, "900")])
def test_margin_is_the_value_at_entry_by_the_orders_leverage(leverage: int | None, margin: str) -> None:
    desk = desk_of()
    desk.send("long", 10, leverage=None if leverage is None else Decimal(leverage))
    assert margin_used(desk) == Decimal(margin)
    desk.quote("99000", "99000")
    assert margin_used(desk) == Decimal(margin), "it doesn't move with the price"


def test_every_fill_is_followed_by_a_statement_of_the_account() -> None:
    events = desk_of().send("long", 10, leverage=Decimal(3))
    assert [type(each) for each in events][-2:] == [Fill, AccountRead]
    read = events[-1]
    assert isinstance(read, AccountRead)
    assert (read.balance, read.margin_used) == (Decimal(5_000), Decimal(3_000))


@pytest.mark.parametrize(("units", "status"), [("16.66", None), ("16.67", OrderStatus.REJECTED)])
def test_cash_that_no_position_has_is_what_there_is(units: str, status: OrderStatus | None) -> None:
    """5,000 × 3 / 900 a contract = 16.666… contracts."""
    desk = desk_of()
    found = [each for each in desk.send("long", units, leverage=Decimal(3)) if getattr(each, "code", "")]
    assert [each.code for each in found] == ([] if status is None else ["INSUFFICIENT_MARGIN"])  # type: ignore[union-attr]


def test_open_results_can_not_be_used_for_another_position() -> None:
    desk = desk_of("3000")
    desk.send("long", 10, leverage=Decimal(3))
    desk.quote("99000", "99000")  # 900 USDT in profit
    assert desk.venue.equity() == 3_900
    refused = desk.send("long", 1, leverage=Decimal(3))
    assert [getattr(each, "code", "") for each in refused] == ["INSUFFICIENT_MARGIN"]


def test_a_leverage_above_the_largest_is_refused() -> None:
    refused = desk_of().send("long", 1, leverage=Decimal(11))
    assert [getattr(each, "code", "") for each in refused] == ["LEVERAGE_EXCEEDED"]


@pytest.mark.parametrize(("bid", "is_over"), [("60241", False), ("60240.9", True), ("42000", True)])
def test_a_long_loses_its_margin_and_no_more(bid: str, is_over: bool) -> None:
    """Also through a gap far below: what is beyond the margin is the venue's loss."""
    desk = desk_of()
    desk.send("long", 10, leverage=Decimal(3))
    desk.quote("61000", "61000")
    fills = [each for each in desk.quote(bid, bid) if isinstance(each, Fill)]
    assert bool(fills) is is_over
    if is_over:
        assert (fills[0].reason, fills[0].price, fills[0].realised) == ("liquidation", Decimal(60_000), Decimal(-3_000))
        assert (desk.balance, margin_used(desk)) == (Decimal(2_000), Decimal(0))


@pytest.mark.parametrize(("ask", "is_over"), [("119521.9", False), ("119522", True)])
def test_a_short_on_the_other_side(ask: str, is_over: bool) -> None:
    """(90,000 + 30,000) / 1.004 = 119,521.91."""
    desk = desk_of()
    desk.send("short", 10, leverage=Decimal(3))
    desk.quote("110000", "110000")
    fills = [each for each in desk.quote(ask, ask) if isinstance(each, Fill)]
    assert [(each.price, each.realised) for each in fills] == ([(Decimal(120_000), Decimal(-3_000))] if is_over else [])


def test_one_positions_end_leaves_the_others_alone() -> None:
    """On a cross account equity would carry both; here each stands alone."""
    desk = desk_of("20000", instruments={BTC: {"leverage": "10"}, "ETH-USDT-SWAP": {"leverage": "10"}})
    desk.quote("3000", "3000", instrument="ETH-USDT-SWAP")
    desk.send("long", 10, leverage=Decimal(10))
    desk.send("long", 10, instrument="ETH-USDT-SWAP", leverage=Decimal(10))
    desk.quote("80000", "80000")  # 90,000 × 0.9 = 81,000: gone
    assert [trade.instrument for trade in desk.venue.snapshot().trades] == ["ETH-USDT-SWAP"]
    assert desk.balance == Decimal(20_000 - 900)


def test_a_saved_venue_goes_on_with_each_trades_leverage() -> None:
    desk = desk_of()
    desk.send("long", 10, leverage=Decimal(3))
    state = desk.venue.state()
    other = desk_of()
    other.venue.restore(state)
    assert margin_used(other) == 3_000
    assert [each.reason for each in other.quote("60200", "60200") if isinstance(each, Fill)] == ["liquidation"]
