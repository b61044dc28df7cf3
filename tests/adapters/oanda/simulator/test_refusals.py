"""What OANDA refuses, with which status, reason and words (fact sheet §5, §8, §11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Bench = Any

REJECTS: list[tuple[dict[str, Any], str]] = [
    ({"units": None}, "UNITS_MISSING"),
    ({"units": "0"}, "UNITS_INVALID"),
    ({"units": "1.5"}, "UNITS_PRECISION_EXCEEDED"),
    ({"units": "100000001"}, "UNITS_LIMIT_EXCEEDED"),
    ({"instrument": None}, "INSTRUMENT_MISSING"),
    ({"timeInForce": "GTC"}, "TIME_IN_FORCE_INVALID"),
    ({"positionFill": "CLOSE"}, "ORDER_FILL_POSITION_ACTION_INVALID"),
    ({"priceBound": "154.2081"}, "PRICE_BOUND_PRECISION_EXCEEDED"),
    ({"priceBound": "-1"}, "PRICE_BOUND_INVALID"),
    ({"type": "LIMIT"}, "PRICE_MISSING"),
    ({"type": "LIMIT", "price": "0"}, "PRICE_INVALID"),
    ({"type": "LIMIT", "price": "154.2001"}, "PRICE_PRECISION_EXCEEDED"),  # trap 6: refused, not rounded
    ({"type": "LIMIT", "price": "154", "timeInForce": "GTD"}, "TIME_IN_FORCE_GTD_TIMESTAMP_MISSING"),
    (
        {"type": "LIMIT", "price": "154", "timeInForce": "GTD", "gtdTime": "2026-03-04T12:00:00.000000000Z"},
        "TIME_IN_FORCE_GTD_TIMESTAMP_IN_PAST",
    ),
    ({"type": "STOP", "price": "155", "triggerCondition": "TRIGGER_DEFAULT"}, "TRIGGER_CONDITION_INVALID"),  # trap 16
    ({"type": "MARKET_IF_TOUCHED", "price": "155", "timeInForce": "IOC"}, "TIME_IN_FORCE_INVALID"),
    ({"clientExtensions": {"id": "x" * 129}}, "CLIENT_ORDER_ID_INVALID"),
    ({"clientExtensions": {"id": "@x"}}, "CLIENT_ORDER_ID_INVALID"),
    ({"clientExtensions": {"tag": "x" * 129}}, "CLIENT_ORDER_TAG_INVALID"),
    ({"clientExtensions": {"comment": "x" * 129}}, "CLIENT_ORDER_COMMENT_INVALID"),
    ({"tradeClientExtensions": {"id": "x" * 129}}, "CLIENT_TRADE_ID_INVALID"),
    (
        {"positionFill": "REDUCE_ONLY", "tradeClientExtensions": {"id": "x"}},
        "TRADE_ON_FILL_CLIENT_EXTENSIONS_NOT_SUPPORTED",
    ),
    ({"takeProfitOnFill": {}}, "TAKE_PROFIT_ON_FILL_PRICE_MISSING"),
    ({"takeProfitOnFill": {"price": "160.0001"}}, "TAKE_PROFIT_ON_FILL_PRICE_PRECISION_EXCEEDED"),
    ({"stopLossOnFill": {"price": "-1"}}, "STOP_LOSS_ON_FILL_PRICE_INVALID"),
    (
        {"stopLossOnFill": {"price": "150", "distance": "1"}},
        "STOP_LOSS_ON_FILL_PRICE_AND_DISTANCE_BOTH_SPECIFIED",
    ),
    ({"stopLossOnFill": {"price": "150", "guaranteed": True}}, "STOP_LOSS_ON_FILL_GUARANTEED_NOT_ALLOWED"),
    ({"stopLossOnFill": {"price": "150", "timeInForce": "FOK"}}, "STOP_LOSS_ON_FILL_TIME_IN_FORCE_INVALID"),
    ({"trailingStopLossOnFill": {}}, "TRAILING_STOP_LOSS_ON_FILL_PRICE_DISTANCE_MISSING"),
    (
        {"trailingStopLossOnFill": {"distance": "0.049"}},
        "TRAILING_STOP_LOSS_ON_FILL_PRICE_DISTANCE_MINIMUM_NOT_MET",
    ),
    (
        {"trailingStopLossOnFill": {"distance": "100.001"}},
        "TRAILING_STOP_LOSS_ON_FILL_PRICE_DISTANCE_MAXIMUM_EXCEEDED",
    ),
    ({"type": "STOP_LOSS"}, "TRADE_ID_UNSPECIFIED"),
]


def asked(bench: Bench, changed: dict[str, Any]) -> Any:
    order = {"type": "MARKET", "instrument": "USD_JPY", "units": "100", **changed}
    given = {name: value for name, value in order.items() if value is not None}
    return bench.ask("POST", "/v3/accounts/{a}/orders", {"order": given})


@pytest.mark.parametrize(("changed", "reason"), REJECTS, ids=[reason for _, reason in REJECTS])
def test_a_refused_order_leaves_its_reject_and_nothing_else(bench: Bench, changed: Any, reason: str) -> None:
    before = bench.summary()["lastTransactionID"]
    answer = asked(bench, changed)
    assert (answer.status, answer["errorCode"]) == (400, reason)
    row = answer["orderRejectTransaction"]
    assert (row["type"], row["rejectReason"]) == (f"{changed.get('type', 'MARKET')}_ORDER_REJECT", reason)
    assert bench.transactions(before) == [row]
    assert answer["relatedTransactionIDs"] == [row["id"]] == [answer["lastTransactionID"]]
    assert answer["errorMessage"]
    assert bench.get("/orders", state="ALL")["orders"] == []


def test_units_below_the_least_are_named_as_the_specification_spells_it(bench: Bench) -> None:
    """Fact sheet §5: MIMIMUM."""
    answer = asked(bench, {"instrument": "US30_USD", "units": "0.05"})
    assert answer["errorCode"] == "UNITS_PRECISION_EXCEEDED"
    row = bench.get("/instruments", instruments="US30_USD")["instruments"][0]
    assert (row["tradeUnitsPrecision"], row["minimumTradeSize"]) == (1, "0.1")


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"instrument": "ABC_DEF"}, "instrument"),
        ({"type": "GUESS"}, "order.type"),
        ({"units": "many"}, "order.units"),
        ({"units": "NaN"}, "order.units"),
        ({"units": True}, "order.units"),
        ({"type": "LIMIT", "price": "dear"}, "order.price"),
        ({"clientExtensions": "x"}, "order.clientExtensions"),
        ({"stopLossOnFill": "150"}, "order.stopLossOnFill"),
        ({"type": "LIMIT", "price": "1", "timeInForce": "GTD", "gtdTime": "noon"}, "order.gtdTime"),
    ],
)
def test_what_means_nothing_is_a_400_without_code_or_transaction(bench: Bench, changed: Any, name: str) -> None:
    """Fact sheet §5, §11."""
    before = bench.summary()["lastTransactionID"]
    answer = asked(bench, changed)
    assert (answer.status, answer.body) == (400, {"errorMessage": f"Invalid value specified for '{name}'"})
    assert bench.summary()["lastTransactionID"] == before


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff", b"[" * 100_000, b'{"order": 5}', b""])
def test_a_body_that_is_no_order_is_a_400(bench: Bench, text: bytes) -> None:
    answer = bench.ask("POST", "/v3/accounts/{a}/orders", text)
    assert answer.status == 400
    assert answer["errorMessage"]


def test_a_client_id_is_taken_by_a_pending_order_only(bench: Bench) -> None:
    """Trap 3: a market order that filled no longer holds its id: sending it again buys twice."""
    extensions = {"clientExtensions": {"id": "mine"}}
    assert bench.order("LIMIT", 100, price="150.000", **extensions).status == 201
    again = bench.order("LIMIT", 100, price="150.000", **extensions)
    assert (again.status, again["errorCode"]) == (400, "CLIENT_ORDER_ID_ALREADY_EXISTS")
    assert bench.order(units=100, **extensions).status == 400
    bench.put("/orders/@mine/cancel")
    for _ in range(2):
        assert bench.order(units=100, **extensions)["orderFillTransaction"]["clientOrderID"] == "mine"
    assert bench.get("/positions/USD_JPY")["position"]["long"]["units"] == "200"


def test_a_trade_id_is_taken_by_an_open_trade_only(bench: Bench) -> None:
    extensions = {"tradeClientExtensions": {"id": "t"}}
    trade = bench.order(units=100, **extensions)["orderFillTransaction"]["id"]
    again = bench.order(units=100, **extensions)
    assert again["orderCancelTransaction"]["reason"] == "CLIENT_TRADE_ID_ALREADY_EXISTS"
    assert bench.put("/trades/@t/close").status == 200
    assert bench.order(units=100, **extensions)["orderFillTransaction"]["tradeOpened"]["tradeID"] != trade


def test_the_key_and_the_account_must_fit(bench: Bench) -> None:
    """Fact sheet §1, §5: 401 without a key; 403 with another's account; 400 for the retired all-digit id. Any
    well-formed id that nobody has is made for who asks."""
    bench.headers = {}
    answer = bench.ask("GET", "/v3/accounts")
    assert (answer.status, answer["errorMessage"]) == (401, "Insufficient authorization to perform request.")
    for header in ("Bearer ", "Basic abc", "Bearer a b", "key-1"):
        bench.headers = {"Authorization": header}
        assert bench.get("/summary").status == 401
    bench.headers = {"Authorization": "Bearer key-2"}
    assert bench.get("/summary").status == 403
    own = bench.ask("GET", "/v3/accounts")["accounts"]
    assert [row["id"].split("-")[3] for row in own] == ["001", "002"]
    assert bench.account not in [row["id"] for row in own]
    made = bench.ask("GET", "/v3/accounts/101-001-0000001-001/summary")
    assert (made.status, made["account"]["id"]) == (200, "101-001-0000001-001")
    assert len(bench.ask("GET", "/v3/accounts")["accounts"]) == 3
    for name in ("1234567", "101-001-1", "x-y-z-w"):
        answer = bench.ask("GET", f"/v3/accounts/{name}/summary")
        assert (answer.status, answer["errorMessage"]) == (400, "Invalid value specified for 'accountID'")


def test_the_second_account_is_of_the_other_kind(bench_of: Callable[..., Bench]) -> None:
    for option, kinds in (("false", [False, True]), ("true", [True, False])):
        bench = bench_of(hedging=option)
        ids = [row["id"] for row in bench.ask("GET", "/v3/accounts")["accounts"]]
        found = [bench.ask("GET", f"/v3/accounts/{each}/summary")["account"]["hedgingEnabled"] for each in ids]
        assert found == kinds


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v3/nowhere", 404, None),
        ("DELETE", "/v3/accounts", 405, None),
        ("POST", "/v3/accounts/{a}/summary", 405, None),
        ("GET", "/v3/accounts/{a}/orders/999", 404, "NO_SUCH_ORDER"),
        ("GET", "/v3/accounts/{a}/orders/@none", 404, "NO_SUCH_ORDER"),
        ("GET", "/v3/accounts/{a}/trades/999", 404, "NO_SUCH_TRADE"),
        ("GET", "/v3/accounts/{a}/transactions/999", 404, "NO_SUCH_TRANSACTION"),
        ("GET", "/v3/accounts/{a}/positions/EUR_USD", 404, "NO_SUCH_POSITION"),
        ("GET", "/v3/accounts/{a}/positions/NOPE", 400, None),
        ("GET", "/v3/accounts/{a}/pricing", 400, None),
        ("GET", "/v3/accounts/{a}/pricing?instruments=NOPE", 400, None),
        ("GET", "/v3/accounts/{a}/instruments?instruments=NOPE", 400, None),
        ("GET", "/v3/accounts/{a}/orders?state=LOST", 400, None),
        ("GET", "/v3/accounts/{a}/orders?count=501", 400, None),
        ("GET", "/v3/instruments/NOPE/candles", 400, None),
        ("GET", "/v3/instruments/USD_JPY/orderBook", 404, None),
        ("GET", "/v3/accounts/{a}/changes?sinceTransactionID=999", 416, "INVALID_TRANSACTION_RANGE"),
        ("GET", "/v3/accounts/{a}/transactions/idrange?from=1&to=999", 416, "INVALID_TRANSACTION_RANGE"),
        ("GET", "/v3/accounts/{a}/transactions/sinceid?id=999", 416, "INVALID_TRANSACTION_RANGE"),
        ("GET", "/v3/accounts/{a}/transactions/sinceid", 400, None),
        ("PUT", "/v3/accounts/{a}/trades/999/close", 404, "TRADE_DOESNT_EXIST"),
    ],
)
def test_what_is_not_there_is_said(bench: Bench, method: str, path: str, status: int, code: str | None) -> None:
    answer = bench.ask(method, path)
    assert (answer.status, answer.body.get("errorCode")) == (status, code)
    assert answer["errorMessage"]
    assert answer.headers["RequestID"]


def test_more_than_the_rate_is_a_429_until_the_second_is_over(bench_of: Callable[..., Bench]) -> None:
    """Fact sheet §7: 120 a second and address. The bench has asked once for its account already."""
    bench = bench_of(rate="120")
    codes = [bench.get("/summary").status for _ in range(120)]
    assert codes == [200] * 119 + [429]
    bench.advance(1)
    assert bench.get("/summary").status == 200


def test_a_fresh_order_may_be_unreadable_for_a_while(bench_of: Callable[..., Bench]) -> None:
    """Fact sheet §8: NO_SUCH_ORDER for 0.25–0.5 s."""
    bench = bench_of(read_lag="0.5")
    number = bench.order(clientExtensions={"id": "fresh"})["orderCreateTransaction"]["id"]
    assert bench.get("/orders/@fresh").status == 404
    bench.advance(0.5)
    assert bench.get(f"/orders/{number}")["order"]["state"] == "FILLED"


def test_an_injected_refusal_is_one_of_the_venues(bench: Bench) -> None:
    bench.ask("POST", "/_control/fault", {"kind": "reject", "code": "ACCOUNT_LOCKED", "count": 1})
    answer = bench.order()
    assert (answer.status, answer["errorCode"]) == (400, "ACCOUNT_LOCKED")
    assert bench.order().status == 201


@pytest.mark.parametrize(
    ("name", "text"), [("colour", "red"), ("hedging", "maybe"), ("balance", "-1"), ("rate", "x"), ("hours", "noon")]
)
def test_an_option_that_can_not_be_is_a_sentence(bench_of: Callable[..., Bench], name: str, text: str) -> None:
    with pytest.raises(ValueError, match=name):
        bench_of(**{name: text})
