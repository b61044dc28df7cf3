"""Pending orders, take profits and stops meet prices that are set by hand; and they expire."""

from __future__ import annotations

from typing import Any

import pytest

Bench = Any


def pending(bench: Bench) -> list[str]:
    return [row["type"] for row in bench.get("/pendingOrders")["orders"]]


def state(bench: Bench, number: str) -> str:
    return str(bench.get(f"/orders/{number}")["order"]["state"])


def placed(answer: Any) -> str:
    assert answer.status == 201
    return str(answer["orderCreateTransaction"]["id"])


# Market 154.200/154.208. (type, units, price, prices that don't trigger, prices that do and what the fill costs)
TRIGGERS = [
    ("LIMIT", 100, "154.100", ("154.093", "154.101"), ("154.090", "154.098"), "154.098"),
    ("LIMIT", -100, "154.300", ("154.299", "154.307"), ("154.302", "154.310"), "154.302"),
    ("STOP", 100, "154.300", ("154.291", "154.299"), ("154.301", "154.309"), "154.309"),
    ("STOP", -100, "154.100", ("154.101", "154.109"), ("154.098", "154.106"), "154.098"),
    ("MARKET_IF_TOUCHED", 100, "154.100", ("154.093", "154.101"), ("154.090", "154.098"), "154.098"),
    ("MARKET_IF_TOUCHED", 100, "154.300", ("154.291", "154.299"), ("154.301", "154.309"), "154.309"),
]


@pytest.mark.parametrize(("type_", "units", "price", "before", "at", "filled_at"), TRIGGERS)
def test_an_order_waits_for_its_price(
    bench: Bench, type_: str, units: int, price: str, before: tuple[str, str], at: tuple[str, str], filled_at: str
) -> None:
    """Buys watch the ask, sells the bid; what triggers fills at the market's price, never at a worse one than its
    limit."""
    number = placed(bench.order(type_, units, price=price))
    bench.price(*before)
    assert pending(bench) == [type_]
    since = bench.summary()["lastTransactionID"]
    bench.price(*at)
    assert pending(bench) == []
    fill = bench.transactions(since)[0]
    assert (fill["type"], fill["orderID"], fill["price"], fill["reason"]) == (
        "ORDER_FILL", number, filled_at, f"{type_}_ORDER",
    )  # fmt: skip
    order = bench.get(f"/orders/{number}")["order"]
    assert (order["state"], order["fillingTransactionID"], order["tradeOpenedID"]) == ("FILLED", fill["id"], fill["id"])


@pytest.mark.parametrize(("type_", "price"), [("LIMIT", "154.300"), ("STOP", "154.100")])
def test_an_order_whose_price_is_there_fills_at_once(bench: Bench, type_: str, price: str) -> None:
    answer = bench.order(type_, 100, price=price)
    assert (answer.status, answer["orderFillTransaction"]["price"]) == (201, "154.208")


@pytest.mark.parametrize("in_force", ["FOK", "IOC"])
def test_a_limit_that_must_fill_now_ends_now(bench: Bench, in_force: str) -> None:
    answer = bench.order("LIMIT", 100, price="154.100", timeInForce=in_force)
    assert answer["orderCancelTransaction"]["reason"] == "TIME_IN_FORCE_EXPIRED"
    assert pending(bench) == []


@pytest.mark.parametrize(
    ("condition", "waits", "fills"),
    [
        ("BID", ("154.101", "154.109"), ("154.100", "154.100")),
        ("MID", ("154.098", "154.106"), ("154.096", "154.100")),
        ("INVERSE", ("154.101", "154.109"), ("154.100", "154.100")),
        ("ASK", ("154.098", "154.106"), ("154.092", "154.100")),
    ],
)
def test_a_trigger_condition_names_the_price_that_is_watched(
    bench: Bench, condition: str, waits: tuple[str, str], fills: tuple[str, str]
) -> None:
    """A buy limit at 154.100: DEFAULT is the ask, INVERSE the bid."""
    bench.order("LIMIT", 100, price="154.100", triggerCondition=condition)
    bench.price(*waits)
    assert pending(bench) == ["LIMIT"]
    bench.price(*fills)
    assert pending(bench) == []


def test_a_stop_beyond_its_bound_is_cancelled(bench: Bench) -> None:
    number = placed(bench.order("STOP", 100, price="154.300", priceBound="154.350"))
    bench.price("154.400", "154.408")
    assert (state(bench, number), bench.transactions()[-1]["reason"]) == ("CANCELLED", "BOUNDS_VIOLATION")


def test_a_limit_without_enough_liquidity_stays(bench: Bench) -> None:
    """One order, at most one fill: 600 wait until they are there at once."""
    bench.order("LIMIT", 600, price="154.100")
    bench.price("154.092", "154.100", size=100)
    assert pending(bench) == ["LIMIT"]
    bench.price("154.092", "154.100", size=600)
    assert pending(bench) == []


def test_a_closed_market_triggers_nothing(bench: Bench) -> None:
    bench.order("LIMIT", 100, price="154.100")
    bench.venue.market.set_open(False)
    bench.price("154.000", "154.008")
    assert pending(bench) == ["LIMIT"]
    bench.venue.market.set_open(True)
    bench.venue.settle()
    assert pending(bench) == []


def test_an_order_until_a_time_ends_then(bench: Bench) -> None:
    """12:00 UTC and an hour."""
    number = placed(bench.order("LIMIT", 1, price="100.000", timeInForce="GTD", gtdTime="2026-03-04T13:00:00Z"))
    bench.advance(3599)
    assert state(bench, number) == "PENDING"
    bench.advance(1)
    assert state(bench, number) == "CANCELLED"
    assert bench.transactions()[-1]["reason"] == "TIME_IN_FORCE_EXPIRED"


def test_an_order_for_the_day_ends_at_17_in_new_york(bench: Bench) -> None:
    """On 4 March New York is at UTC−5: 22:00 UTC, ten hours away."""
    number = placed(bench.order("LIMIT", 1, price="100.000", timeInForce="GFD"))
    bench.advance(10 * 3600 - 1)
    assert state(bench, number) == "PENDING"
    bench.advance(1)
    assert state(bench, number) == "CANCELLED"


def test_the_first_of_target_and_stop_ends_the_other(bench: Bench) -> None:
    """Long 1,000 from 154.208 with 155.000 and 153.000: at 155.010/155.018 the target gives 1,000 × .802 = 802."""
    answer = bench.order(takeProfitOnFill={"price": "155.000"}, stopLossOnFill={"price": "153.000"})
    create, trade, target, stop = answer["relatedTransactionIDs"]
    assert pending(bench) == ["STOP_LOSS", "TAKE_PROFIT"]
    bench.price("155.010", "155.018")
    fill, cancel = bench.transactions(int(stop))
    assert (fill["orderID"], fill["reason"], fill["pl"], fill["price"]) == (
        target, "TAKE_PROFIT_ORDER", "802.0000", "155.010",
    )  # fmt: skip
    assert fill["tradesClosed"][0]["tradeID"] == trade
    assert (cancel["orderID"], cancel["reason"]) == (stop, "LINKED_TRADE_CLOSED")
    assert [state(bench, each) for each in (create, target, stop)] == ["FILLED", "FILLED", "CANCELLED"]
    closed = bench.get(f"/trades/{trade}")["trade"]
    assert (closed["state"], closed["averageClosePrice"], closed["realizedPL"]) == ("CLOSED", "155.010", "802.0000")


def test_a_stop_fills_at_the_market_not_at_its_price(bench: Bench) -> None:
    """A gap from 154.200 to 152.500: 1,000 × (152.500 − 154.208) = −1,708."""
    bench.order(stopLossOnFill={"price": "153.000"})
    bench.price("152.500", "152.508")
    fill = bench.transactions()[-1]
    assert (fill["reason"], fill["price"], fill["pl"]) == ("STOP_LOSS_ORDER", "152.500", "-1708.0000")


def test_the_stop_of_a_short_watches_the_ask(bench: Bench) -> None:
    bench.order(units=-1000, stopLossOnFill={"price": "155.000"}, takeProfitOnFill={"price": "153.000"})
    bench.price("154.991", "154.999")
    assert len(pending(bench)) == 2
    bench.price("154.992", "155.000")
    assert pending(bench) == []
    assert bench.transactions()[-2]["price"] == "155.000"


def test_a_stop_by_distance_stands_that_far_from_the_fill(bench: Bench) -> None:
    answer = bench.order(stopLossOnFill={"distance": "0.500"})
    trade = bench.get(f"/trades/{answer['orderFillTransaction']['id']}")["trade"]
    assert trade["stopLossOrder"]["price"] == "153.708"  # 154.208 − 0.5


def test_a_trailing_stop_follows_and_never_goes_back(bench: Bench) -> None:
    """0.5 below the best bid: 153.700 at first, 154.500 after 155.000; a bid of 154.500 ends it."""
    answer = bench.order(trailingStopLossOnFill={"distance": "0.500"})
    stop = answer["relatedTransactionIDs"][2]

    def level() -> str:
        return str(bench.get(f"/orders/{stop}")["order"]["trailingStopValue"])

    assert level() == "153.700"
    bench.price("155.000", "155.008")
    assert level() == "154.500"
    assert bench.get("/changes", sinceTransactionID="1")["state"]["orders"][0]["triggerDistance"] == "0.500"
    bench.price("154.600", "154.608")
    assert (level(), state(bench, stop)) == ("154.500", "PENDING")
    bench.price("154.500", "154.508")
    assert state(bench, stop) == "FILLED"
    assert bench.transactions()[-1]["reason"] == "TRAILING_STOP_LOSS_ORDER"


def test_reducing_a_trade_keeps_its_stop_for_the_rest(bench: Bench) -> None:
    trade = bench.order(stopLossOnFill={"price": "153.000"})["orderFillTransaction"]["id"]
    bench.put(f"/trades/{trade}/close", {"units": "400"})
    bench.price("152.900", "152.908")
    assert bench.transactions()[-1]["units"] == "-600"


def test_a_replaced_order_has_a_new_number(bench: Bench) -> None:
    """Trap 8: the client id stays only if it is given again."""
    first = placed(bench.order("LIMIT", 100, price="154.100", clientExtensions={"id": "mine"}))
    body: dict[str, Any] = {"order": {"type": "LIMIT", "instrument": "USD_JPY", "units": "200", "price": "154.050"}}
    answer = bench.put("/orders/@mine", body)
    second = placed(answer)
    assert int(second) == int(first) + 2
    assert answer["orderCancelTransaction"]["reason"] == "CLIENT_REQUEST_REPLACED"
    assert answer["orderCancelTransaction"]["replacedByOrderID"] == second
    assert answer["orderCreateTransaction"]["replacesOrderID"] == first
    assert (state(bench, first), state(bench, second)) == ("CANCELLED", "PENDING")
    assert bench.get(f"/orders/{first}")["order"]["replacedByOrderID"] == second
    assert bench.put("/orders/@mine/cancel").status == 404
    body["order"]["clientExtensions"] = {"id": "again"}
    kept = placed(bench.put(f"/orders/{second}", body))
    body["order"]["price"] = "154.040"
    assert placed(bench.put("/orders/@again", body)) != kept
    assert bench.put("/orders/@again/cancel")["orderCancelTransaction"]["clientOrderID"] == "again"


def test_a_replacement_may_fill_at_once(bench: Bench) -> None:
    number = placed(bench.order("LIMIT", 100, price="154.100"))
    body = {"order": {"type": "LIMIT", "instrument": "USD_JPY", "units": "200", "price": "154.300"}}
    answer = bench.put(f"/orders/{number}", body)
    assert answer["orderFillTransaction"]["units"] == "200"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"price": "154.0001"}, "PRICE_PRECISION_EXCEEDED"),
        ({"units": "0.5"}, "UNITS_PRECISION_EXCEEDED"),
        ({"type": "STOP"}, "REPLACING_ORDER_INVALID"),
        ({}, "ACCOUNT_LOCKED"),
    ],
)
def test_a_replacement_that_is_refused_leaves_the_order_as_it_is(
    bench: Bench, change: dict[str, str], code: str
) -> None:
    """Fact sheet §4.4: 400 with `orderRejectTransaction`, which says what it was to replace."""
    number = placed(bench.order("LIMIT", 100, price="154.100", clientExtensions={"id": "mine"}))
    if not change:
        bench.ask("POST", "/_control/fault", {"kind": "reject", "code": code})
    asked = {"type": "LIMIT", "instrument": "USD_JPY", "units": "50", "price": "154.050", **change}
    answer = bench.put(f"/orders/{number}", {"order": asked})
    assert (answer.status, answer["errorCode"]) == (400, code)
    row = answer["orderRejectTransaction"]
    assert (row["reason"], row["intendedReplacesOrderID"], row["rejectReason"]) == ("REPLACEMENT", number, code)
    (still,) = bench.get("/pendingOrders")["orders"]
    assert (still["id"], still["units"], still["price"]) == (number, "100", "154.100")


def test_replacing_what_has_ended_is_a_404(bench: Bench) -> None:
    """Fact sheet §4.4: with `orderCancelRejectTransaction`; nothing is made of it: a request that comes twice changes
    an order once."""
    number = placed(bench.order("LIMIT", 100, price="154.100"))
    body = {"order": {"type": "LIMIT", "instrument": "USD_JPY", "units": "50", "price": "154.100"}}
    assert bench.put(f"/orders/{number}", body).status == 201
    answer = bench.put(f"/orders/{number}", body)
    assert (answer.status, answer["errorCode"]) == (404, "ORDER_DOESNT_EXIST")
    assert answer["orderCancelRejectTransaction"]["orderID"] == number
    assert len(bench.get("/pendingOrders")["orders"]) == 1


def test_cancelling_what_just_filled_is_a_404(bench: Bench) -> None:
    """Trap 15."""
    number = placed(bench.order(clientExtensions={"id": "done"}))
    for specifier, name in ((number, "orderID"), ("@done", "clientOrderID")):
        answer = bench.put(f"/orders/{specifier}/cancel")
        assert (answer.status, answer["errorCode"]) == (404, "ORDER_DOESNT_EXIST")
        reject = answer["orderCancelRejectTransaction"]
        assert (reject["rejectReason"], reject[name]) == ("ORDER_DOESNT_EXIST", specifier.removeprefix("@"))
