"""Closing trades and positions, and what protects a trade."""

from __future__ import annotations

from typing import Any

import pytest

Bench = Any


def trade_of(bench: Bench, units: int = 1000, **fields: Any) -> str:
    return str(bench.order(units=units, **fields)["orderFillTransaction"]["id"])


def test_a_trade_is_closed_in_part_and_then_whole(bench: Bench) -> None:
    """Short 1,000 at 154.200; 400 bought back at 153.008: 400 × 1.192 = 476.8; the rest at 153.508: 600 × .692 =
    415.2; average (400 × 153.008 + 600 × 153.508) / 1,000 = 153.308."""
    trade = trade_of(bench, -1000)
    bench.price("153.000", "153.008")
    part = bench.put(f"/trades/{trade}/close", {"units": "400"})
    assert part.status == 200
    create = part["orderCreateTransaction"]
    assert (create["reason"], create["positionFill"], create["units"]) == ("TRADE_CLOSE", "REDUCE_ONLY", "400")
    assert create["tradeClose"] == {"units": "400", "tradeID": trade}
    fill = part["orderFillTransaction"]
    assert (fill["reason"], fill["pl"]) == ("MARKET_ORDER_TRADE_CLOSE", "476.8000")
    assert fill["tradeReduced"]["tradeID"] == trade
    held = bench.get(f"/trades/{trade}")["trade"]
    assert (held["currentUnits"], held["initialUnits"], held["realizedPL"]) == ("-600", "-1000", "476.8000")
    bench.price("153.500", "153.508")
    rest = bench.put(f"/trades/{trade}/close")["orderFillTransaction"]
    assert (rest["units"], rest["pl"]) == ("600", "415.2000")
    closed = bench.get(f"/trades/{trade}")["trade"]
    assert (closed["state"], closed["averageClosePrice"], closed["currentUnits"]) == ("CLOSED", "153.308", "0")
    assert closed["closingTransactionIDs"] == [fill["id"], rest["id"]]
    assert "unrealizedPL" not in closed


def test_a_close_takes_the_named_trade_not_the_oldest(bench: Bench) -> None:
    first, second = trade_of(bench), trade_of(bench, clientExtensions={"id": "x"}, tradeClientExtensions={"id": "two"})
    fill = bench.put("/trades/@two/close", {"units": "ALL"})["orderFillTransaction"]
    assert [row["tradeID"] for row in fill["tradesClosed"]] == [second]
    assert [row["id"] for row in bench.get("/openTrades")["trades"]] == [first]


@pytest.mark.parametrize(
    ("units", "status", "code"),
    [
        ("1001", 400, "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE"),
        ("-5", 400, "UNITS_INVALID"),
        ("0.5", 400, "UNITS_PRECISION_EXCEEDED"),
        ("some", 400, None),
    ],
)
def test_a_close_that_can_not_be_is_refused(bench: Bench, units: str, status: int, code: str | None) -> None:
    """Seen in the operator's log: CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE (fact sheet §14)."""
    trade = trade_of(bench)
    answer = bench.put(f"/trades/{trade}/close", {"units": units})
    assert (answer.status, answer.body.get("errorCode")) == (status, code)
    assert bench.get(f"/trades/{trade}")["trade"]["currentUnits"] == "1000"


def test_closing_twice_is_a_404_and_the_first_holds(bench: Bench) -> None:
    """Fact sheet §14: TRADE_DOESNT_EXIST means that the close is done."""
    trade = trade_of(bench)
    assert bench.put(f"/trades/{trade}/close").status == 200
    again = bench.put(f"/trades/{trade}/close")
    assert (again.status, again["errorCode"]) == (404, "TRADE_DOESNT_EXIST")
    assert again["orderRejectTransaction"]["rejectReason"] == "TRADE_DOESNT_EXIST"


def test_a_close_in_a_closed_market_is_cancelled(bench: Bench) -> None:
    trade = trade_of(bench)
    bench.venue.market.set_open(False)
    answer = bench.put(f"/trades/{trade}/close")
    assert (answer.status, answer["orderCancelTransaction"]["reason"]) == (200, "MARKET_HALTED")
    assert bench.get(f"/trades/{trade}")["trade"]["state"] == "OPEN"


def test_closing_both_sides_of_a_one_sided_position_closes_nothing(bench: Bench) -> None:
    """Trap 4."""
    trade_of(bench)
    answer = bench.put("/positions/USD_JPY/close", {"longUnits": "ALL", "shortUnits": "ALL"})
    assert (answer.status, answer["errorCode"]) == (400, "CLOSEOUT_POSITION_DOESNT_EXIST")
    assert answer["longOrderRejectTransaction"]["rejectReason"] == "CLOSEOUT_POSITION_REJECT"
    assert answer["shortOrderRejectTransaction"]["rejectReason"] == "CLOSEOUT_POSITION_DOESNT_EXIST"
    assert bench.get("/positions/USD_JPY")["position"]["long"]["units"] == "1000"
    answer = bench.put("/positions/USD_JPY/close", {"longUnits": "ALL", "shortUnits": "NONE"})
    assert (answer.status, answer["longOrderFillTransaction"]["units"]) == (200, "-1000")
    assert "shortOrderFillTransaction" not in answer.body


def test_closing_both_sides_of_a_hedged_position_closes_both(hedging: Bench) -> None:
    """Trap 5: amounts to close are positive on both sides."""
    trade_of(hedging, 1000), trade_of(hedging, 500), trade_of(hedging, -700)
    part = hedging.put("/positions/USD_JPY/close", {"longUnits": "1200", "shortUnits": "200"})
    assert part["longOrderFillTransaction"]["units"] == "-1200"
    assert part["shortOrderFillTransaction"]["units"] == "200"
    assert part["relatedTransactionIDs"] == sorted(part["relatedTransactionIDs"], key=int)
    position = hedging.get("/positions/USD_JPY")["position"]
    assert (position["long"]["units"], position["short"]["units"]) == ("300", "-500")
    hedging.put("/positions/USD_JPY/close", {"longUnits": "ALL", "shortUnits": "ALL"})
    assert hedging.get("/openPositions")["positions"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "CLOSEOUT_POSITION_INCOMPLETE_SPECIFICATION"),
        ({"longUnits": "1001"}, 400, "CLOSEOUT_POSITION_UNITS_EXCEED_POSITION_SIZE"),
        ({"longUnits": "-1"}, 400, "UNITS_INVALID"),
        ({"longUnits": "NONE", "shortUnits": "NONE"}, 400, None),
    ],
)
def test_a_closeout_that_can_not_be_is_refused(bench: Bench, body: Any, status: int, code: str | None) -> None:
    trade_of(bench)
    answer = bench.put("/positions/USD_JPY/close", body)
    assert (answer.status, answer.body.get("errorCode")) == (status, code)


def test_closing_where_nothing_is_held_is_a_404(bench: Bench) -> None:
    answer = bench.put("/positions/USD_JPY/close", {"longUnits": "ALL"})
    assert (answer.status, answer["errorCode"]) == (404, "CLOSEOUT_POSITION_DOESNT_EXIST")


def test_flat_positions_stay_in_the_list_of_positions(bench: Bench) -> None:
    """Trap 10."""
    bench.put(f"/trades/{trade_of(bench)}/close")
    assert [row["instrument"] for row in bench.get("/positions")["positions"]] == ["USD_JPY"]
    assert bench.get("/openPositions")["positions"] == []


def test_a_trades_orders_are_set_replaced_and_cancelled(bench: Bench) -> None:
    trade = trade_of(bench)
    first = bench.put(f"/trades/{trade}/orders", {"stopLoss": {"price": "150.000"}, "takeProfit": {"price": "160.000"}})
    stop = first["stopLossOrderTransaction"]
    assert (stop["reason"], stop["tradeID"], stop["price"]) == ("CLIENT_ORDER", trade, "150.000")
    second = bench.put(f"/trades/{trade}/orders", {"stopLoss": {"price": "151.000"}})
    assert second["stopLossOrderCancelTransaction"]["orderID"] == stop["id"]
    assert second["stopLossOrderTransaction"]["replacesOrderID"] == stop["id"]
    held = bench.get(f"/trades/{trade}")["trade"]
    assert (held["stopLossOrder"]["price"], held["takeProfitOrder"]["price"]) == ("151.000", "160.000")
    third = bench.put(f"/trades/{trade}/orders", {"stopLoss": None})
    assert third["stopLossOrderCancelTransaction"]["reason"] == "CLIENT_REQUEST"
    held = bench.get(f"/trades/{trade}")["trade"]
    assert "stopLossOrder" not in held
    assert "takeProfitOrder" in held
    summary = bench.get("")["account"]["trades"][0]
    assert summary["takeProfitOrderID"] == held["takeProfitOrder"]["id"]


def test_a_trades_order_that_can_not_be_leaves_the_old_one(bench: Bench) -> None:
    trade = trade_of(bench, stopLossOnFill={"price": "150.000"})
    answer = bench.put(f"/trades/{trade}/orders", {"stopLoss": {"price": "150.0001"}})
    assert (answer.status, answer["errorCode"]) == (400, "PRICE_PRECISION_EXCEEDED")
    assert answer["stopLossOrderRejectTransaction"]["rejectReason"] == "PRICE_PRECISION_EXCEEDED"
    assert bench.get(f"/trades/{trade}")["trade"]["stopLossOrder"]["price"] == "150.000"
    assert bench.put("/trades/999/orders", {"stopLoss": {"price": "1"}}).status == 404


def test_a_stop_that_is_already_passed_fills_at_once(bench: Bench) -> None:
    trade = trade_of(bench)
    answer = bench.put(f"/trades/{trade}/orders", {"stopLoss": {"price": "154.300"}})
    assert answer["stopLossOrderFillTransaction"]["tradesClosed"][0]["tradeID"] == trade


def test_a_stop_may_be_an_order_of_its_own(bench: Bench) -> None:
    trade = trade_of(bench, tradeClientExtensions={"id": "t"})
    body = {"order": {"type": "STOP_LOSS", "clientTradeID": "t", "price": "150.000"}}
    answer = bench.ask("POST", "/v3/accounts/{a}/orders", body)
    assert (answer.status, answer["orderCreateTransaction"]["tradeID"]) == (201, trade)
    again = bench.ask("POST", "/v3/accounts/{a}/orders", body)
    assert (again.status, again["errorCode"]) == (400, "STOP_LOSS_ORDER_ALREADY_EXISTS")
    body["order"] |= {"price": "151.000"}
    replaced = bench.put(f"/orders/{answer['orderCreateTransaction']['id']}", body)
    assert replaced.status == 201
    assert bench.get(f"/trades/{trade}")["trade"]["stopLossOrder"]["price"] == "151.000"


def test_names_of_orders_and_trades_may_be_changed(bench: Bench) -> None:
    trade = trade_of(bench)
    answer = bench.put(f"/trades/{trade}/clientExtensions", {"clientExtensions": {"id": "late", "tag": "a"}})
    row = answer["tradeClientExtensionsModifyTransaction"]
    assert (row["type"], row["tradeID"]) == ("TRADE_CLIENT_EXTENSIONS_MODIFY", trade)
    assert bench.get("/trades/@late")["trade"]["clientExtensions"] == {"id": "late", "tag": "a"}
    other = trade_of(bench)
    taken = bench.put(f"/trades/{other}/clientExtensions", {"clientExtensions": {"id": "late"}})
    assert (taken.status, taken["errorCode"]) == (400, "CLIENT_TRADE_ID_ALREADY_EXISTS")
    order = bench.order("LIMIT", 1, price="150.000")["orderCreateTransaction"]["id"]
    bench.put(f"/orders/{order}/clientExtensions", {"clientExtensions": {"id": "name/with?signs"}})
    second = bench.order("LIMIT", 1, price="150.000")["orderCreateTransaction"]["id"]
    refused = bench.put(f"/orders/{second}/clientExtensions", {"clientExtensions": {"id": "name/with?signs"}})
    assert (refused.status, refused["errorCode"]) == (400, "CLIENT_ORDER_ID_ALREADY_EXISTS")
    assert bench.ask("GET", "/v3/accounts/{a}/orders/@name%2Fwith%3Fsigns")["order"]["id"] == order
