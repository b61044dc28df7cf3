"""What closes and what opens, in net mode and in long/short mode (fact sheet §6.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from adapters.okx.simulator import desk, preferences
from adapters.okx.simulator.errors import Refusal

BTC = "BTC-USDT-SWAP"


@pytest.fixture
def hedger(make_desk: Callable[..., Any]) -> Any:
    return make_desk(position_mode="long_short_mode")


def test_trap_4_long_short_mode_needs_the_side_of_the_position(hedger: Any) -> None:
    assert hedger.order("buy", "1")["sCode"] == "51000"
    assert hedger.order("buy", "1", posSide="net")["sCode"] == "51000"
    assert hedger.order("buy", "1", posSide="long")["sCode"] == "0"
    assert hedger.order("sell", "2", posSide="short")["sCode"] == "0"
    rows = {(row["posSide"], row["pos"], row["availPos"]) for row in hedger.positions()}
    assert rows == {("long", "1", "1"), ("short", "2", "2")}  # positive both, trap 5


def test_long_short_mode_never_turns_over(hedger: Any) -> None:
    hedger.order("buy", "1", posSide="long")
    assert hedger.order("sell", "1.01", posSide="long")["sCode"] == "51112"
    assert hedger.order("buy", "1", posSide="short")["sCode"] == "51169"
    assert hedger.order("sell", "1", posSide="long")["sCode"] == "0"
    assert hedger.positions() == []


def test_reduce_only_says_nothing_in_long_short_mode(hedger: Any) -> None:
    """It is ignored there: a sell of the short side opens."""
    assert hedger.order("sell", "1", posSide="short", reduceOnly=True)["sCode"] == "0"
    assert hedger.positions()[0]["pos"] == "1"


def test_a_pending_close_holds_its_part_of_the_position(hedger: Any) -> None:
    hedger.order("buy", "3", posSide="long")
    hedger.order("sell", "2", "60500", posSide="long")
    assert hedger.positions()[0]["availPos"] == "1"
    assert hedger.order("sell", "2", posSide="long")["sCode"] == "51112"


def test_a_short_earns_when_the_price_falls(hedger: Any) -> None:
    hedger.order("sell", "2", posSide="short")
    hedger.price("59000", "59010")
    assert hedger.positions()[0]["upl"] == "19.9"  # 0.02 × (60,000 − 59,005)
    hedger.order("buy", "2", posSide="short")
    assert hedger.fills()[0]["fillPnl"] == "19.8"  # 0.02 × (60,000 − 59,010)


def test_a_reduce_only_order_above_the_position_is_refused_whole(trader: Any) -> None:
    """The venue's documents of placing an order, on `reduceOnly`: it is not trimmed."""
    trader.order("buy", "2")
    assert trader.order("sell", "5", reduceOnly=True)["sCode"] == "51112"
    assert trader.order("sell", "2", reduceOnly=True)["sCode"] == "0"


def test_reduce_only_orders_ahead_of_it_count_against_the_position(trader: Any) -> None:
    """Likewise: those of a better price, or as good and earlier; a market order goes before all of them."""
    trader.order("buy", "5")
    assert trader.order("sell", "3", "60500", reduceOnly=True)["sCode"] == "0"
    assert trader.order("sell", "3", "60600", reduceOnly=True)["sCode"] == "51112"
    assert trader.order("sell", "3", "60500", reduceOnly=True)["sCode"] == "51112"
    assert trader.order("sell", "5", "60400", reduceOnly=True)["sCode"] == "0"
    assert trader.order("sell", "5", reduceOnly=True)["sCode"] == "0"


def test_a_reduce_only_order_above_the_position_can_be_cut(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(excess_reduce_only="cut")
    trader.order("buy", "2")
    placed = trader.order("sell", "5", reduceOnly=True)
    order = trader.look(placed["ordId"])
    assert (order["state"], order["accFillSz"]) == ("canceled", "2")
    assert trader.positions() == []


def test_a_reduce_only_order_of_the_positions_own_side_is_refused(trader: Any) -> None:
    trader.order("buy", "2")
    assert trader.order("buy", "1", reduceOnly=True)["sCode"] == "51169"


def test_what_could_only_reduce_goes_with_the_position(trader: Any) -> None:
    trader.order("buy", "2")
    resting = trader.order("sell", "2", "60500", reduceOnly=True)
    trader.order("sell", "2")
    order = trader.look(resting["ordId"])
    assert (order["state"], order["cancelSource"]) == ("canceled", "2")


def test_what_could_only_reduce_goes_when_the_position_turns_over(trader: Any) -> None:
    trader.order("buy", "2")
    resting = trader.order("sell", "2", "60500", reduceOnly=True)
    stop = {"ordType": "conditional", "slTriggerPx": "59000", "slOrdPx": "-1", "reduceOnly": True}
    trader.algo("sell", "2", **stop, cxlOnClosePos=True)
    trader.order("sell", "3")
    assert trader.positions()[0]["pos"] == "-1"
    assert trader.look(resting["ordId"])["state"] == "canceled"
    assert trader.account.open_algos() == []


def test_cross_and_isolated_are_two_positions(trader: Any) -> None:
    trader.order("buy", "1")
    trader.order("buy", "2", tdMode="isolated")
    assert {(row["mgnMode"], row["pos"]) for row in trader.positions()} == {("cross", "1"), ("isolated", "2")}
    assert len({row["posId"] for row in trader.positions()}) == 2


def test_the_mode_stays_while_something_is_open(trader: Any) -> None:
    placed = trader.order("buy", "1", "59000")
    with pytest.raises(Refusal, match="59000"):
        preferences.set_position_mode(trader.account, {"posMode": "long_short_mode"})
    trader.cancel(ordId=placed["ordId"])
    assert preferences.set_position_mode(trader.account, {"posMode": "long_short_mode"})
    assert trader.order("buy", "1")["sCode"] == "51000"


def test_leverage_of_a_side_is_for_isolated_in_long_short_mode(hedger: Any) -> None:
    with pytest.raises(Refusal, match="50014"):
        hedger.lever("5", "isolated")
    hedger.lever("5", "isolated", posSide="long")
    rows = preferences.leverage_rows(hedger.exchange, hedger.account, {"instId": BTC, "mgnMode": "isolated"})
    assert [(row["posSide"], row["lever"]) for row in rows] == [("long", "5"), ("short", "10")]


def test_trap_16_closing_a_position_tells_no_order_number(trader: Any) -> None:
    trader.order("sell", "3")
    request = {"instId": BTC, "mgnMode": "cross", "clOrdId": "bye1"}
    assert desk.close_position(trader.exchange, trader.account, request) == [
        {"instId": BTC, "posSide": "net", "clOrdId": "bye1", "tag": ""}
    ]
    assert trader.positions() == []
    assert trader.fills()[0]["clOrdId"] == "bye1"
    with pytest.raises(Refusal, match="51023"):
        desk.close_position(trader.exchange, trader.account, request)


def test_pending_closers_stand_in_the_way_unless_they_may_go(trader: Any) -> None:
    trader.order("buy", "3")
    trader.order("sell", "1", "60500", reduceOnly=True)
    request: dict[str, Any] = {"instId": BTC, "mgnMode": "cross"}
    with pytest.raises(Refusal, match="51115"):
        desk.close_position(trader.exchange, trader.account, request)
    desk.close_position(trader.exchange, trader.account, request | {"autoCxl": True})
    assert trader.positions() == []


def test_money_can_be_put_to_an_isolated_position_and_taken_back(trader: Any) -> None:
    trader.order("buy", "3", tdMode="isolated")
    request = {"instId": BTC, "posSide": "net", "type": "add", "amt": "50"}
    preferences.move_margin(trader.exchange, trader.account, request)
    assert trader.positions()[0]["margin"] == "230.03"  # 180.03 + 50
    with pytest.raises(Refusal, match="59301"):
        preferences.move_margin(trader.exchange, trader.account, request | {"type": "reduce", "amt": "50.01"})
    preferences.move_margin(trader.exchange, trader.account, request | {"type": "reduce"})
    assert trader.positions()[0]["margin"] == "180.03"
