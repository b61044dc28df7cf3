"""Orders that wait: stops, targets, both, triggers, trailing stops, and those that come attached to an order."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.okx.simulator import desk
from adapters.okx.simulator import waiting as commands

BTC = "BTC-USDT-SWAP"
STOP = {"ordType": "conditional", "slTriggerPx": "59500", "slOrdPx": "-1"}


def waiting(trader: Any, kind: str = "conditional,oco,trigger,move_order_stop") -> list[dict[str, Any]]:
    return desk.algos_pending(trader.exchange, trader.account, {"ordType": kind})


def test_a_stop_closes_at_the_market_when_the_last_price_comes_to_it(trader: Any) -> None:
    trader.order("buy", "3")
    placed = trader.algo("sell", "3", **STOP, reduceOnly=True, algoClOrdId="stop1")
    assert (placed["sCode"], placed["algoClOrdId"]) == ("0", "stop1")
    trader.price("59500", "59510")  # last is 59,505
    assert waiting(trader)[0]["state"] == "live"
    trader.price("59490", "59500")
    assert (waiting(trader), trader.positions()) == ([], [])
    done = desk.algo(trader.exchange, trader.account, {"algoId": placed["algoId"]})[0]
    assert (done["state"], done["actualSide"], done["actualPx"]) == ("effective", "sl", "59490")
    order = trader.look(done["ordId"])
    assert (order["algoId"], order["algoClOrdId"], order["reduceOnly"]) == (placed["algoId"], "stop1", "true")


def test_of_both_the_one_that_is_reached_ends_the_other(trader: Any) -> None:
    trader.order("buy", "3")
    trader.algo(
        "sell",
        "3",
        ordType="oco",
        slTriggerPx="59500",
        slOrdPx="-1",
        tpTriggerPx="60500",
        tpOrdPx="-1",
        reduceOnly=True,
    )
    trader.price("60600", "60610")
    assert (waiting(trader), trader.positions()) == ([], [])
    assert trader.fills()[0]["fillPx"] == "60600"


def test_a_stop_goes_with_the_position_that_it_guards_where_that_is_asked(trader: Any) -> None:
    """The venue's documents of waiting orders, on `cxlOnClosePos`: false unless it is said; for reduce-only alone."""
    trader.order("buy", "3")
    assert trader.algo("sell", "3", **STOP, cxlOnClosePos=True)["sCode"] == "51000"
    trader.algo("sell", "3", **STOP, reduceOnly=True, cxlOnClosePos=True)
    left = trader.algo("sell", "3", **STOP, reduceOnly=True)
    trader.order("sell", "3")
    assert [row["algoId"] for row in waiting(trader)] == [left["algoId"]]
    trader.price("59400", "59410")
    done = desk.algo(trader.exchange, trader.account, {"algoId": left["algoId"]})[0]
    assert (done["state"], done["failCode"], trader.positions()) == ("order_failed", "51169", [])


def test_what_was_attached_outlives_its_position_and_opens_another_in_net_mode(make_desk: Any) -> None:
    """Seen by users of the venue (okxapi/python-okx, issues 111 and 112); that it only reduces is said nowhere. In
    long/short mode side and posSide close."""
    attached = [{"slTriggerPx": "59500", "slOrdPx": "-1"}]
    trader = make_desk()
    trader.order("buy", "3", attachAlgoOrds=attached)
    trader.order("sell", "3", reduceOnly=True)
    trader.price("59400", "59410")
    assert trader.positions()[0]["pos"] == "-3"
    hedger = make_desk(position_mode="long_short_mode")
    hedger.order("buy", "3", posSide="long", attachAlgoOrds=attached)
    hedger.order("sell", "3", posSide="long")
    hedger.price("59400", "59410")
    assert hedger.positions() == []


def test_what_closes_all_closes_what_there_is_then(trader: Any) -> None:
    trader.order("buy", "3")
    placed = trader.algo("sell", "", **STOP, closeFraction="1", reduceOnly=True)
    assert placed["sCode"] == "0"
    assert trader.positions()[0]["closeOrderAlgo"][0]["slTriggerPx"] == "59500"
    trader.order("buy", "2")
    trader.price("59400", "59410")
    assert trader.fills()[0]["fillSz"] == "5"


@pytest.mark.parametrize(
    ("side", "name", "price", "code"),
    [
        ("sell", "sl", "60100", "51280"),
        ("sell", "tp", "59900", "51279"),
        ("buy", "sl", "59900", "51278"),
        ("buy", "tp", "60100", "51277"),
    ],
)
def test_what_would_be_set_off_at_once_is_refused(trader: Any, side: str, name: str, price: str, code: str) -> None:
    more = {f"{name}TriggerPx": price, f"{name}OrdPx": "-1"}
    assert trader.algo(side, "1", ordType="conditional", **more)["sCode"] == code


def test_a_plain_trigger_opens_on_the_side_it_was_waiting_for(trader: Any) -> None:
    trader.algo("buy", "2", ordType="trigger", triggerPx="60500", orderPx="-1")
    trader.price("60400", "60410")
    assert trader.positions() == []
    trader.price("60500", "60510")
    assert trader.positions()[0]["pos"] == "2"


def test_a_trailing_stop_follows_the_best_price(trader: Any) -> None:
    trader.order("buy", "2")
    trader.algo("sell", "2", ordType="move_order_stop", callbackSpread="200", reduceOnly=True)
    trader.price("60995", "61005")  # last 61,000: the stop is at 60,800
    assert waiting(trader)[0]["moveTriggerPx"] == "60800"
    trader.price("60796", "60806")
    assert trader.positions()  # last 60,801
    trader.price("60795", "60805")
    assert trader.positions() == []


def test_what_is_attached_waits_once_its_order_is_done(trader: Any) -> None:
    protection = {"slTriggerPx": "59000", "slOrdPx": "-1", "tpTriggerPx": "61000", "tpOrdPx": "-1"}
    placed = trader.order("buy", "3", "59990", attachAlgoOrds=[protection | {"attachAlgoClOrdId": "guard1"}])
    assert waiting(trader) == []
    assert trader.look(placed["ordId"])["attachAlgoOrds"][0]["slTriggerPx"] == "59000"
    trader.price("59980", "59985")
    algo = waiting(trader)[0]
    assert (algo["ordType"], algo["sz"], algo["side"], algo["algoClOrdId"]) == ("oco", "3", "sell", "guard1")
    trader.price("58990", "59000")
    assert trader.positions() == []


def test_what_is_attached_guards_only_what_was_filled(make_desk: Any) -> None:
    trader = make_desk(depth="1")
    trader.price("60000", "60010", ask_size="2")
    trader.order("buy", "5", attachAlgoOrds=[{"slTriggerPx": "59000", "slOrdPx": "-1"}])
    assert waiting(trader)[0]["sz"] == "2"


@pytest.mark.parametrize(
    ("side", "protection", "code"),
    [
        ("buy", {"slTriggerPx": "60100", "slOrdPx": "-1"}, "51047"),
        ("buy", {"tpTriggerPx": "59900", "tpOrdPx": "-1"}, "51046"),
        ("sell", {"slTriggerPx": "59900", "slOrdPx": "-1"}, "51049"),
        ("sell", {"tpTriggerPx": "60100", "tpOrdPx": "-1"}, "51048"),
        ("buy", {}, "50014"),
        ("buy", {"slTriggerPx": "59000"}, "50014"),
    ],
)
def test_what_can_not_be_attached(trader: Any, side: str, protection: dict[str, str], code: str) -> None:
    assert trader.order(side, "1", attachAlgoOrds=[protection])["sCode"] == code


def test_a_waiting_order_is_changed_and_cancelled(trader: Any) -> None:
    trader.order("buy", "3")
    placed = trader.algo("sell", "3", **STOP, reduceOnly=True)
    commands.amend(
        trader.exchange, trader.account, {"algoId": placed["algoId"], "newSlTriggerPx": "59000", "newSz": "2"}
    )
    assert (waiting(trader)[0]["slTriggerPx"], waiting(trader)[0]["sz"]) == ("59000", "2")
    request = {"instId": BTC, "algoId": placed["algoId"]}
    assert desk.cancel_algo(trader.exchange, trader.account, request)["sCode"] == "0"
    assert desk.cancel_algo(trader.exchange, trader.account, request)["sCode"] == "51400"
    history = desk.algos_history(trader.exchange, trader.account, {"ordType": "conditional", "state": "canceled"})
    assert [row["algoId"] for row in history] == [placed["algoId"]]


def test_a_stop_is_not_changed_to_where_the_market_is_beyond_it(trader: Any) -> None:
    """60,010 was paid last: a sale below 60,020 would be off at once. Nothing of the change is done."""
    trader.order("buy", "3")
    placed = trader.algo("sell", "3", **STOP, reduceOnly=True)
    request = {"algoId": placed["algoId"], "newSlTriggerPx": "60020", "newSz": "2"}
    assert desk.amend_algo(trader.exchange, trader.account, request)["sCode"] == "51280"
    assert (waiting(trader)[0]["slTriggerPx"], waiting(trader)[0]["sz"]) == (STOP["slTriggerPx"], "3")


def test_what_is_attached_waits_once_an_order_is_cut_to_what_has_filled(make_desk: Any) -> None:
    """2 of 5 were there to take; the order is done with them."""
    trader = make_desk(depth="1")
    trader.price("60000", "60010", ask_size="2")
    placed = trader.order("buy", "5", "60010", attachAlgoOrds=[{"slTriggerPx": "59000", "slOrdPx": "-1"}])
    assert waiting(trader) == []
    trader.amend(ordId=placed["ordId"], newSz="2")
    assert [(row["slTriggerPx"], row["sz"]) for row in waiting(trader)] == [("59000", "2")]


def test_a_stop_without_a_position_is_refused(trader: Any) -> None:
    assert trader.algo("sell", "3", **STOP, reduceOnly=True)["sCode"] == "51169"
