"""Orders: kinds, pieces, names, changes, what is refused and with which code (fact sheet §6, §8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.okx.simulator import accounts, desk, preferences

BTC = "BTC-USDT-SWAP"


def test_a_market_order_takes_level_after_level_and_what_is_left_is_cancelled(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(depth="1")
    trader.price("60000", "60010", ask_size="2")
    placed = trader.order("buy", "5")
    order = trader.look(placed["ordId"])
    assert placed["sCode"] == "0"  # accepted is all that it says
    assert (order["state"], order["accFillSz"], order["sz"], order["avgPx"]) == ("canceled", "2", "5", "60010")
    assert trader.positions()[0]["pos"] == "2"  # trap 14: cancelled, and filled in part


def test_each_level_is_a_fill_of_its_own(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(depth="2")
    trader.price("60000", "60010", ask_size="2")
    order = trader.look(trader.order("buy", "2.5")["ordId"])
    fills = trader.fills()
    assert [(fill["fillPx"], fill["fillSz"]) for fill in fills] == [("60010.1", "0.5"), ("60010", "2")]  # newest first
    assert len({fill["tradeId"] for fill in fills}) == len({fill["billId"] for fill in fills}) == 2
    assert (order["state"], order["avgPx"]) == ("filled", "60010.02")  # (2 × 60,010 + 0.5 × 60,010.1) / 2.5


def test_a_level_that_was_taken_is_gone_until_the_market_moves_on(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(depth="1")
    trader.price("60000", "60010", ask_size="2")
    trader.order("buy", "2")
    assert trader.look(trader.order("buy", "1")["ordId"])["accFillSz"] == "0"
    trader.wait(0.25)
    assert trader.look(trader.order("buy", "1")["ordId"])["accFillSz"] == "1"


@pytest.mark.parametrize(
    ("kind", "px", "state", "filled", "source"),
    [
        ("limit", "60010", "partially_filled", "2", ""),
        ("ioc", "60010", "canceled", "2", "14"),
        ("fok", "60010", "canceled", "0", "13"),
        ("post_only", "60010", "canceled", "0", "31"),
        ("post_only", "60009.9", "live", "0", ""),
        ("optimal_limit_ioc", "", "canceled", "2", "14"),
    ],
)
def test_kinds(make_desk: Callable[..., Any], kind: str, px: str, state: str, filled: str, source: str) -> None:
    """2 of 5 contracts are there at the best price, nothing behind it."""
    trader = make_desk(depth="1")
    trader.price("60000", "60010", ask_size="2")
    order = trader.look(trader.order("buy", "5", px, ordType=kind)["ordId"])
    assert (order["state"], order["accFillSz"], order["cancelSource"]) == (state, filled, source)


def test_what_rests_fills_in_pieces_as_the_market_comes(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(depth="1")
    placed = trader.order("buy", "5", "59990")
    trader.price("59980", "59985", ask_size="2")
    assert trader.look(placed["ordId"])["state"] == "partially_filled"
    trader.price("59980", "59985", ask_size="4")
    order = trader.look(placed["ordId"])
    assert (order["state"], order["accFillSz"], order["avgPx"]) == ("filled", "5", "59990")


@pytest.mark.parametrize("name", ["a-b", "a_b", "a" * 33, "ä"])
def test_trap_6_a_client_id_is_letters_and_digits(trader: Any, name: str) -> None:
    assert trader.order("buy", "1", clOrdId=name)["sCode"] == "51000"


def test_trap_6_a_client_id_is_taken_only_while_its_order_is_pending(trader: Any) -> None:
    first = trader.order("buy", "1", "59000", clOrdId="re1")
    again = trader.order("buy", "1", clOrdId="re1")
    assert (again["sCode"], again["ordId"], again["clOrdId"]) == ("51016", "", "re1")
    trader.cancel(ordId=first["ordId"])
    second = trader.order("buy", "1", clOrdId="re1")
    third = trader.order("buy", "1", clOrdId="re1")  # filled: the name is free, and the position doubles
    assert [second["sCode"], third["sCode"]] == ["0", "0"]
    assert trader.positions()[0]["pos"] == "2"
    found = desk.order(trader.exchange, trader.account, {"instId": BTC, "clOrdId": "re1"})[0]
    assert found["ordId"] == third["ordId"]  # of several the latest
    assert trader.venue.ledger()["accepted"] == {"re1": 3}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"sz": "0.001"}, "51020"),
        ({"sz": "0.015"}, "51121"),
        ({"sz": "0"}, "51000"),
        ({"sz": "x"}, "51000"),
        ({"sz": "1e30"}, "51000"),
        ({"sz": "NaN"}, "51000"),
        ({"sz": ["1"]}, "51000"),
        ({"sz": ""}, "50014"),
        ({"sz": "12001"}, "51202"),
        ({"instId": "BTC-USD-SWAP"}, "51001"),
        ({"instId": ""}, "50014"),
        ({"tdMode": "cash"}, "51000"),
        ({"side": "long"}, "51000"),
        ({"ordType": "stop"}, "51000"),
        ({"ordType": "limit"}, "50014"),
        ({"ordType": "limit", "px": "60000.05"}, "51000"),
        ({"ordType": "limit", "px": "61300"}, "51006"),
        ({"side": "sell", "ordType": "limit", "px": "58700"}, "51006"),
        ({"posSide": "long"}, "51000"),
        ({"reduceOnly": True}, "51169"),
        ({"reduceOnly": "maybe"}, "51000"),
        ({"tag": "a-b"}, "51000"),
        ({"sz": "1000"}, "51008"),
    ],
)
def test_what_is_refused(trader: Any, change: dict[str, Any], code: str) -> None:
    """The band is 2 % about the mark of 60,005: buys up to 61,205.1, sells from 58,804.9."""
    request = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "market", "sz": "1"} | change
    row = desk.place(trader.exchange, trader.account, request)
    assert (row["sCode"], row["ordId"]) == (code, "")
    assert row["sMsg"]
    assert not trader.account.orders


def test_trap_3_what_is_sent_empty_was_not_sent(trader: Any) -> None:
    blank = dict.fromkeys(("ccy", "clOrdId", "tag", "posSide", "px", "reduceOnly", "tgtCcy", "stpMode"), "")
    assert trader.order("buy", "1", **blank, attachAlgoOrds="")["sCode"] == "0"


def test_a_position_too_big_for_its_leverage_is_refused(make_desk: Callable[..., Any]) -> None:
    """Leverage 100 holds up to the first tier, 100,000 contracts; leverage 50 up to 200,000."""
    trader = make_desk(balance="1000000000")
    trader.lever("100")
    assert [trader.order("buy", "90000", "59900")["sCode"] for _ in range(2)] == ["0", "51004"]
    trader.lever("50")
    assert trader.order("buy", "90000", "59900")["sCode"] == "0"


def test_a_spot_account_trades_no_swaps(make_desk: Callable[..., Any]) -> None:
    assert make_desk(account_level="1").order("buy", "1")["sCode"] == "51010"


def test_a_closed_market_suspends_its_contracts(trader: Any) -> None:
    trader.venue.market.set_open(False)
    trader.venue.settle()
    assert trader.order("buy", "1")["sCode"] == "51022"


def test_trap_17_an_amended_size_counts_what_is_filled(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(depth="1")
    trader.price("60000", "60010", ask_size="2")
    placed = trader.order("buy", "5", "60010")
    amended = trader.amend(ordId=placed["ordId"], newSz="6", reqId="r1")
    assert (amended["sCode"], amended["reqId"]) == ("0", "r1")
    order = trader.look(placed["ordId"])
    assert (order["sz"], order["accFillSz"], order["ordId"]) == ("6", "2", placed["ordId"])
    trader.amend(ordId=placed["ordId"], newSz="2")
    assert trader.look(placed["ordId"])["state"] == "filled"
    assert trader.amend(ordId=placed["ordId"], newSz="7")["sCode"] == "51503"


def test_an_amended_price_meets_the_market(trader: Any) -> None:
    placed = trader.order("buy", "5", "59990", clOrdId="re1")
    trader.amend(clOrdId="re1", newPx="60010")
    order = trader.look(placed["ordId"])
    assert (order["state"], order["avgPx"]) == ("filled", "60010")


def test_an_amendment_that_can_not_be_paid_changes_nothing(trader: Any) -> None:
    placed = trader.order("buy", "5", "59990")
    assert trader.amend(ordId=placed["ordId"], newSz="1000")["sCode"] == "0"  # only accepted
    assert trader.look(placed["ordId"])["sz"] == "5"
    trader.amend(ordId=placed["ordId"], newSz="1000", cxlOnFail=True)
    assert trader.look(placed["ordId"])["state"] == "canceled"


def test_what_is_gone_can_not_be_cancelled(trader: Any) -> None:
    placed = trader.order("buy", "1")
    assert trader.cancel(ordId=placed["ordId"])["sCode"] == "51400"
    assert trader.cancel(ordId="1")["sCode"] == "51400"
    assert trader.cancel()["sCode"] == "50014"


def test_the_venues_number_wins_over_the_clients(trader: Any) -> None:
    one, two = trader.order("buy", "1", "59000", clOrdId="re1"), trader.order("buy", "1", "59000", clOrdId="re2")
    assert trader.cancel(ordId=one["ordId"], clOrdId="re2")["clOrdId"] == "re1"
    assert trader.look(two["ordId"])["state"] == "live"


def test_a_cancelled_order_without_fill_leaves_the_history_after_two_hours(trader: Any) -> None:
    placed = trader.order("buy", "1", "59000")
    trader.cancel(ordId=placed["ordId"])
    trader.order("buy", "1")
    history = [row["state"] for row in desk.orders_history(trader.exchange, trader.account, {"instType": "SWAP"})]
    assert history == ["filled", "canceled"]
    trader.wait(2 * 3600 + 1)
    history = [row["state"] for row in desk.orders_history(trader.exchange, trader.account, {"instType": "SWAP"})]
    assert history == ["filled"]


def test_the_dead_mans_switch_cancels_unless_it_is_told_again(trader: Any) -> None:
    placed = trader.order("buy", "1", "59000")
    preferences.arm_dead_man(trader.exchange, trader.account, {"timeOut": "10"})
    trader.wait(9)
    preferences.arm_dead_man(trader.exchange, trader.account, {"timeOut": "10"})
    trader.wait(9)
    assert trader.look(placed["ordId"])["state"] == "live"
    trader.wait(1)
    order = trader.look(placed["ordId"])
    assert (order["state"], order["cancelSource"]) == ("canceled", "20")


def test_trap_13_leverage_is_set_ahead(trader: Any) -> None:
    assert trader.lever("25")["lever"] == "25"
    assert trader.look(trader.order("buy", "1")["ordId"])["lever"] == "25"
    isolated = trader.order("buy", "1", tdMode="isolated")
    assert trader.look(isolated["ordId"])["lever"] == "10"  # each margin mode has its own
    with pytest.raises(Exception, match="59102"):
        trader.lever("101")
    assert accounts.leverage_info(trader.exchange, trader.account, {"instId": BTC, "mgnMode": "cross"}) == [
        {"ccy": "", "instId": BTC, "lever": "25", "mgnMode": "cross", "posSide": "net"}
    ]


def test_leverage_that_the_money_does_not_bear_is_refused(trader: Any) -> None:
    trader.order("buy", "160")  # 96,016 USDT: 9,600 at leverage 10
    with pytest.raises(Exception, match="59107"):
        trader.lever("5")
    assert trader.positions()[0]["lever"] == "10"


def test_fills_can_lag_behind_the_orders_state(make_desk: Callable[..., Any]) -> None:
    """§6.4: by moments."""
    trader = make_desk(fills_lag_s="2")
    assert trader.look(trader.order("buy", "1")["ordId"])["state"] == "filled"
    assert trader.fills() == []
    trader.wait(2)
    assert len(trader.fills()) == 1
