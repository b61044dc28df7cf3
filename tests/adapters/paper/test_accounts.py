"""Netting and hedging, money in other currencies, fees, tax, financing, funding and the margin close-out."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import pytest

from adapters.paper.settings import SettingsError
from ruleengine.model.event import CashChange, Funding, OrderStatus

SECOND = 1_000_000_000


def cash(events: Any) -> list[CashChange]:
    return [event for event in events if isinstance(event, CashChange)]


# --- netting and hedging -------------------------------------------------------------------------------------------


def test_a_netting_account_closes_the_oldest_first_and_flips(desk: Any, fills: Any) -> None:
    at = desk({"mode": "netting"})
    at.send("long", 3_000)
    at.quote("157.100", "157.108")
    at.send("long", 2_000)
    at.quote("157.200", "157.208")
    out = fills(at.send("short", 6_000))
    # 3,000 from 157.008: +576; 2,000 from 157.108: +184; 1,000 open short
    assert [(each.units, each.opens, each.realised) for each in out] == [
        (D(3_000), False, D(576)),
        (D(2_000), False, D(184)),
        (D(1_000), True, D(0)),
    ]
    assert [each.is_last for each in out] == [False, False, True]
    assert at.sides == (0, 1_000)
    assert at.balance == D(1_000_760)


def test_a_hedging_account_keeps_both_sides(desk: Any) -> None:
    at = desk()
    at.send("long", 3_000)
    at.send("short", 5_000)
    assert at.sides == (3_000, 5_000)
    # the larger side: 5,000 × 157.004 × 4 %
    assert at.venue.snapshot().margin_used == D("31400.8")


@pytest.mark.parametrize("mode", ["netting", "hedging"])
def test_reduce_only_is_cut_to_the_position_and_never_flips(desk: Any, fills: Any, updates: Any, mode: str) -> None:
    at = desk({"mode": mode})
    at.send("long", 3_000)
    answers = at.send("short", 5_000, is_reduce_only=True)
    assert [(each.units, each.opens) for each in fills(answers)] == [(D(3_000), False)]
    assert [(each.status, each.code) for each in updates(answers)] == [
        (OrderStatus.ACCEPTED, ""),
        (OrderStatus.CANCELLED, "POSITION_TO_REDUCE_TOO_SMALL"),
    ]
    assert at.sides == (0, 0)


def test_a_resting_reduce_only_order_ends_when_its_position_is_gone(desk: Any, updates: Any) -> None:
    at = desk()
    at.send("long", 3_000, stop="156.900")
    at.send("short", 3_000, type="limit", price="157.500", is_reduce_only=True)
    at.quote("156.800", "156.808")  # stopped out
    (ended,) = updates(at.quote("157.600", "157.608"))
    assert (ended.status, ended.code) == (OrderStatus.CANCELLED, "NO_POSITION_TO_REDUCE")
    assert at.sides == (0, 0)


def test_starting_trades_are_there_before_the_first_event(desk: Any, fills: Any) -> None:
    trades = [
        {"id": "24522", "instrument": "USD_JPY", "side": "long", "units": 5_000, "price": "156.500",
         "opened": "2026-01-04T00:36:00Z", "tag": "TrendMA-bull", "pocket": "macro", "client_id": "qr-1"},
        {"instrument": "USD_JPY", "side": "short", "units": 2_000, "price": "157.500", "age_s": 3_600},
    ]  # fmt: skip
    at = desk({"trades": trades}, quote=None)
    ours, manual = at.venue.snapshot().trades
    assert (ours.id, ours.tag, ours.pocket, ours.client_id) == ("24522", "TrendMA-bull", "macro", "qr-1")
    assert at.now - ours.opened_ns == int(84.4 * 3600) * SECOND
    assert (manual.client_id, at.now - manual.opened_ns) == ("", 3_600 * SECOND)
    # before the first price at the entries' average: 5,000 × (5,000 × 156.5 + 2,000 × 157.5) ÷ 7,000 × 4 %
    assert at.venue.snapshot().margin_used == D("31357.14285714")
    at.quote("157.000", "157.008")
    assert at.venue.equity() == D(1_000_000 + 2_500 + 984)  # 5,000 × 0.5 + 2,000 × 0.492
    (closed,) = fills(at.send("short", 5_000, trade_id="24522"))
    assert closed.realised == D(2_500)


def test_two_starting_trades_cannot_share_an_id(desk: Any) -> None:
    row = {"id": "7", "instrument": "USD_JPY", "side": "long", "units": 1, "price": "157"}
    with pytest.raises(SettingsError, match="two trades have the id `7`"):
        desk({"trades": [row, row]})


# --- money ---------------------------------------------------------------------------------------------------------


def test_results_are_converted_at_the_middle_of_the_fill(desk: Any, fills: Any) -> None:
    at = desk(names=["EUR_USD", "USD_JPY"], quote=("1.17000", "1.17008"))
    at.quote("156.996", "157.004", instrument="USD_JPY")
    at.send("long", 10_000)
    at.quote("1.17108", "1.17116")
    (closed,) = fills(at.send("short", 10_000, is_reduce_only=True))
    # 10,000 × 0.00100 = 10 USD × 157.000
    assert closed.realised == D(1_570)


def test_an_inverse_pair_converts_by_division(desk: Any, fills: Any) -> None:
    at = desk({"currency": "USD", "balance": "10000"})
    at.send("long", 10_000)
    at.quote("160.004", "160.012")
    (closed,) = fills(at.send("short", 10_000, is_reduce_only=True))
    # 10,000 × 2.996 = 29,960 JPY ÷ 160.008
    assert closed.realised == D("187.24063797")


def test_a_missing_conversion_is_said_before_the_start(desk: Any) -> None:
    with pytest.raises(SettingsError, match="no conversion from USD to the account's JPY"):
        desk(names=["EUR_USD"])
    fixed = {"conversion": {"USD": {"rate": "150"}}}
    assert desk(fixed, names=["EUR_USD"], quote=("1.17000", "1.17008")).venue.equity() == 1_000_000


def test_a_starting_trade_without_a_rate_is_said_before_the_start(desk: Any) -> None:
    trades = [{"instrument": "EUR_USD", "side": "long", "units": 1, "price": "1.17"}]
    with pytest.raises(SettingsError, match=r"give `conversion\.USD\.rate`"):
        desk({"trades": trades}, names=["EUR_USD", "USD_JPY"])


def test_fees_of_a_swap(desk: Any, fills: Any) -> None:
    account = {"currency": "USDT", "balance": "1000", "mode": "netting", "leverage": 3,
               "fees": {"maker": "0.0002", "taker": "0.0005"}}  # fmt: skip
    at = desk(account, names=["BTC-USDT-SWAP"], quote=("90000.0", "90000.1"))
    (taken,) = fills(at.send("long", 2))
    # 2 × 0.01 × 90,000.1 × 0.05 % = 0.900001
    assert taken.fee == D("0.900001")
    at.send("short", 2, type="limit", price="90100.0")
    (made,) = fills(at.quote("90100.0", "90100.1"))
    # maker: 2 × 0.01 × 90,100 × 0.02 % = 0.3604; result 2 × 0.01 × 99.9 = 1.998
    assert (made.fee, made.realised) == (D("0.3604"), D("1.998"))
    assert at.balance == D("1000") - D("0.900001") - D("0.3604") + D("1.998")


def test_commission_and_tax_of_a_korean_stock(desk: Any, fills: Any) -> None:
    account = {"currency": "KRW", "balance": "10000000", "mode": "netting",
               "fees": {"taker": "0.00015", "maker": "0.00015", "sell_tax": "0.002"}}  # fmt: skip
    at = desk(account, names=["005930"], quote=("71000", "71100"), start_ns=1_767_747_600 * SECOND)
    (bought,) = fills(at.send("long", 10))
    assert bought.fee == D("106.65")  # 711,000 × 0.015 %
    (sold,) = fills(at.send("short", 10, is_reduce_only=True))
    assert sold.fee == D("1526.5")  # 710,000 × (0.015 % + 0.2 %)
    assert at.balance == D("10000000") - D("106.65") - D("1526.5") - D(1_000)


def test_a_minimum_fee_counts_a_fill(desk: Any, fills: Any) -> None:
    at = desk({"fees": {"taker": "0.0001", "minimum": "20", "per_order": "5"}})
    # 100 × 157.008 × 0.01 % = 1.57 + 5, at least 20; 10,000: 157.008 + 5
    assert fills(at.send("long", 100))[0].fee == D(20)
    assert fills(at.send("long", 10_000))[0].fee == D("162.008")


# --- charges without an order ---------------------------------------------------------------------------------------


def test_daily_financing_at_17_new_york_and_three_days_on_wednesday(desk: Any) -> None:
    rates = {"financing": {"rates": {"USD_JPY": {"long": "0.0365", "short": "-0.073"}}}}
    at = desk(rates)  # Wednesday, New York 08:00
    at.quote("157.000", "157.008")
    at.send("long", 10_000)
    at.send("short", 1_000)
    assert at.venue.next_due_ns() == at.now + 9 * 3600 * SECOND - SECOND
    (wednesday,) = cash(at.wait(9 * 3600))
    # middle 157.004 × (10,000 × 3.65 % − 1,000 × 7.3 %) ÷ 365 × 3 = 157.004 × 292 × 3 ÷ 365
    assert wednesday.amount == D("376.8096")
    assert (wednesday.reason, wednesday.instrument) == ("financing", "USD_JPY")
    (thursday,) = cash(at.wait(24 * 3600))
    assert thursday.amount == D("125.6032")
    assert at.balance == D(1_000_000) + D("376.8096") + D("125.6032")
    assert len(cash(at.wait(24 * 3600))) == 1  # Friday
    assert cash(at.wait(48 * 3600)) == []  # the week-end was Wednesday's


def test_financing_moves_with_new_yorks_summer(desk: Any) -> None:
    rates = {"financing": {"rates": {"USD_JPY": {"long": "0.0365"}}}}
    winter = desk(rates, start_ns=1_772_800_000 * SECOND)  # 2026-03-06 12:26:40 UTC, Friday
    assert winter.venue.next_due_ns() == 1_772_834_400 * SECOND  # 22:00 UTC
    winter.wait(4 * 86_400)
    summer = desk(rates, start_ns=1_773_000_000 * SECOND)  # 2026-03-08 20:00 UTC, after the change
    assert summer.venue.next_due_ns() == 1_773_090_000 * SECOND  # Monday 21:00 UTC


def test_funding_is_paid_by_longs(desk: Any) -> None:
    account = {"currency": "USDT", "balance": "1000", "mode": "netting", "leverage": 3, "fees": {}}
    at = desk(account, names=["BTC-USDT-SWAP"], quote=("90000.0", "90000.2"))
    at.send("long", 2)
    at.now += SECOND
    (paid,) = cash(at.venue.on_market(Funding(at.now, at.now - 7, "BTC-USDT-SWAP", 0.0001)))
    # 2 × 0.01 × 90,000.1 × 0.01 %
    assert (paid.amount, paid.reason, paid.ts_event) == (D("-0.1800002"), "funding", at.now - 7)
    assert cash(at.venue.on_market(Funding(at.now, at.now, "ETH-USDT-SWAP", 0.0001))) == []


def test_a_funding_that_is_stated_ahead_is_charged_once_when_it_is_due(desk: Any) -> None:
    """OKX states the next funding hours ahead, and again as its rate changes (fact sheet §7, `funding-rate`)."""
    account = {"currency": "USDT", "balance": "1000", "mode": "netting", "leverage": 3, "fees": {}}
    at = desk(account, names=["BTC-USDT-SWAP"], quote=("90000.0", "90000.2"))
    at.send("long", 2)
    due = at.now + 3600 * SECOND
    for rate in (0.0003, 0.0003, 0.0001):
        at.now += SECOND
        assert cash(at.venue.on_market(Funding(at.now, due, "BTC-USDT-SWAP", rate))) == []
    assert at.venue.next_due_ns() == due
    again = desk(account, names=["BTC-USDT-SWAP"], quote=None).venue
    again.restore(json.loads(json.dumps(at.venue.state())))
    for venue in (at.venue, again):
        assert cash(venue.advance(due - 1)) == []
        (paid,) = cash(venue.advance(due))
        # the rate that was stated last: 2 × 0.01 × 90,000.1 × 0.01 %
        assert (paid.amount, paid.ts, paid.ts_event) == (D("-0.1800002"), due, due)
        assert cash(venue.on_market(Funding(due + 5, due, "BTC-USDT-SWAP", 0.0001))) == [], "told again afterwards"
        assert venue.next_due_ns() is None


# --- close-out -----------------------------------------------------------------------------------------------------


def test_a_margin_close_out_comes_at_its_level_and_closes_everything(desk: Any, fills: Any) -> None:
    at = desk({"balance": "100000"})
    at.send("long", 10_000)
    # equity 100,000 + 10,000 × (bid − 157.008); margin 10,000 × mid × 4 %. With mid = bid + 0.004:
    # 100,000 + 10,000 b − 1,570,080 = 400 b + 1.6 → b = 1,470,081.6 ÷ 9,600 = 153.1335
    assert fills(at.quote("153.134", "153.142")) == []
    (closed,) = fills(at.quote("153.133", "153.141"))
    assert (closed.reason, closed.price, closed.order_id) == ("margin_closeout", D("153.133"), "")
    assert at.sides == (0, 0)


def test_a_close_out_is_found_in_many_small_steps(desk: Any, fills: Any) -> None:
    # the bounds that spare the exact check must not let the level slip by
    at = desk({"balance": "100000"})
    at.send("long", 10_000)
    price = D("157.000")
    out: list[Any] = []
    while not out and price > 150:
        price -= D("0.001")
        out = fills(at.quote(str(price), str(price + D("0.008")), after=0.01))
    assert out[0].price == D("153.133")


def test_a_close_out_through_the_converting_pair(desk: Any, fills: Any) -> None:
    at = desk({"balance": "20000"}, names=["EUR_USD", "USD_JPY"], quote=("1.17000", "1.17008"))
    at.quote("156.996", "157.004", instrument="USD_JPY")
    at.send("long", 2_500)  # 2,500 × 1.17004 × 4 % = 117 USD = 18,370 JPY of 19,969
    rate = D("157")
    out: list[Any] = []
    while not out and rate < 200:
        rate += D("0.01")
        out = fills(at.quote(str(rate), str(rate), after=0.01, instrument="USD_JPY"))
    # equity 20,000 − 0.2 r; margin 117.004 r (1.17004 is a tick): r = 20,000 ÷ 117.204 = 170.6426
    assert rate == D("170.65")
    assert out[0].instrument == "EUR_USD"


def test_fully_paid_stocks_are_never_closed_out(desk: Any, fills: Any) -> None:
    account = {"currency": "KRW", "balance": "720000", "mode": "netting"}
    at = desk(account, names=["005930"], quote=("71000", "71100"), start_ns=1_767_747_600 * SECOND)
    at.send("long", 10)
    assert fills(at.quote("50000", "50100")) == []
    assert at.sides == (10, 0)
