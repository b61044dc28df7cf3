"""Market orders by hand: prices, balances, which trades an order eats, on netting and hedging accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Bench = Any


def test_a_market_order_buys_at_the_ask_and_closes_at_the_bid(bench: Bench) -> None:
    """Trap 1: the fill is its own transaction. 10,000 × 0.008 yen of spread = 80; half of it is the half spread cost.
    Margin: 10,000 × 154.204 (middle) × 4 % = 61,681.6."""
    answer = bench.order(units=10000)
    assert answer.status == 201
    fill = answer["orderFillTransaction"]
    assert (fill["price"], fill["units"], fill["pl"], fill["accountBalance"]) == (
        "154.208", "10000", "0.0000", "500000.0000",
    )  # fmt: skip
    assert fill["tradeOpened"]["initialMarginRequired"] == "61681.6000"
    assert fill["halfSpreadCost"] == "40.0000"
    summary = bench.summary()
    assert (summary["unrealizedPL"], summary["NAV"]) == ("-80.0000", "499920.0000")
    assert (summary["marginUsed"], summary["marginAvailable"]) == ("61681.6000", "438238.4000")
    bench.price("155.000", "155.008")
    closed = bench.order(units=-10000)["orderFillTransaction"]
    # 10,000 × (155.000 − 154.208) = 7,920
    assert (closed["pl"], closed["accountBalance"]) == ("7920.0000", "507920.0000")
    assert [row["tradeID"] for row in closed["tradesClosed"]] == [fill["tradeOpened"]["tradeID"]]
    assert "tradeOpened" not in closed
    assert bench.summary()["NAV"] == bench.summary()["balance"] == "507920.0000"


def test_one_sequence_numbers_transactions_orders_and_trades(bench: Bench) -> None:
    """Fact sheet §3: an order's id is its transaction's, a trade's id that of the fill that opened it."""
    before = int(bench.summary()["lastTransactionID"])
    answer = bench.order(stopLossOnFill={"price": "150.000"}, takeProfitOnFill={"price": "160.000"})
    numbers = [str(before + step) for step in (1, 2, 3, 4)]
    assert answer["relatedTransactionIDs"] == numbers
    assert answer["orderCreateTransaction"]["id"] == numbers[0]
    assert answer["orderFillTransaction"]["orderID"] == numbers[0]
    assert answer["orderFillTransaction"]["tradeOpened"]["tradeID"] == numbers[1]
    trade = bench.get(f"/trades/{numbers[1]}")["trade"]
    assert (trade["takeProfitOrder"]["id"], trade["stopLossOrder"]["id"]) == (numbers[2], numbers[3])
    assert bench.summary()["lastTransactionID"] == numbers[3]
    batches = {row["batchID"] for row in bench.transactions(before)}
    assert batches == {numbers[0]}


def test_a_netting_account_reduces_oldest_first_and_turns_over(bench: Bench) -> None:
    """Long 3,000 + 2,000; selling 4,000 closes the first trade and 1,000 of the second; selling 3,000 more closes the
    last 1,000 and opens 2,000 short (fact sheet §4.5, §4.6)."""
    first = bench.order(units=3000)["orderFillTransaction"]["id"]
    second = bench.order(units=2000)["orderFillTransaction"]["id"]
    fill = bench.order(units=-4000)["orderFillTransaction"]
    assert [(row["tradeID"], row["units"]) for row in fill["tradesClosed"]] == [(first, "-3000")]
    assert (fill["tradeReduced"]["tradeID"], fill["tradeReduced"]["units"]) == (second, "-1000")
    turned = bench.order(units=-3000)["orderFillTransaction"]
    assert [(row["tradeID"], row["units"]) for row in turned["tradesClosed"]] == [(second, "-1000")]
    assert turned["tradeOpened"]["units"] == "-2000"
    position = bench.get("/positions/USD_JPY")["position"]
    assert (position["long"]["units"], position["short"]["units"]) == ("0", "-2000")  # trap 5
    assert "averagePrice" not in position["long"]
    assert position["short"]["averagePrice"] == "154.200"


def test_a_hedging_account_holds_both_sides(hedging: Bench) -> None:
    """Trap 14, fact sheet §14: DEFAULT opens there."""
    assert hedging.summary()["hedgingEnabled"] is True
    hedging.order(units=1000)
    hedging.order(units=-600)
    position = hedging.get("/openPositions")["positions"][0]
    assert (position["long"]["units"], position["short"]["units"]) == ("1000", "-600")
    # the larger side needs margin: 1,000 × 154.204 × 4 %
    assert position["marginUsed"] == "6168.1600"


@pytest.mark.parametrize("kind", ["bench", "hedging"])
def test_reduce_only_never_opens_nor_turns_over(kind: str, request: pytest.FixtureRequest) -> None:
    """Fact sheet §14: NO_POSITION_TO_REDUCE, POSITION_TO_REDUCE_TOO_SMALL; nothing is done."""
    bench = request.getfixturevalue(kind)
    for units, reason in ((-500, "NO_POSITION_TO_REDUCE"), (-1500, "POSITION_TO_REDUCE_TOO_SMALL")):
        answer = bench.order(units=units, positionFill="REDUCE_ONLY")
        assert (answer.status, answer["orderCancelTransaction"]["reason"]) == (201, reason)
        assert "orderFillTransaction" not in answer.body
        bench.order(units=1000)
        bench.order(units=-400 if units == -500 else -1, positionFill="REDUCE_ONLY")
    # 1,000 − 400 + 1,000 − 1
    assert bench.get("/positions/USD_JPY")["position"]["long"]["units"] == "1599"


def test_open_only_on_a_netting_account_does_not_reduce(bench: Bench) -> None:
    bench.order(units=1000)
    answer = bench.order(units=-500, positionFill="OPEN_ONLY")
    assert answer["orderCancelTransaction"]["reason"] == "FIFO_VIOLATION"
    assert bench.order(units=500, positionFill="OPEN_ONLY")["orderFillTransaction"]["tradeOpened"]["units"] == "500"


def test_reduce_first_on_a_hedging_account_reduces_and_then_opens(hedging: Bench) -> None:
    trade = hedging.order(units=1000)["orderFillTransaction"]["id"]
    fill = hedging.order(units=-1500, positionFill="REDUCE_FIRST")["orderFillTransaction"]
    assert [row["tradeID"] for row in fill["tradesClosed"]] == [trade]
    assert fill["tradeOpened"]["units"] == "-500"


def test_a_large_order_walks_the_levels(bench: Bench) -> None:
    """Levels of 100, 200 and 300 a tick apart; 500 cost (100 × .208 + 200 × .209 + 200 × .210) / 500 = .2092 → .209."""
    bench.price("154.200", "154.208", size=100)
    assert bench.order(units=500)["orderFillTransaction"]["price"] == "154.209"
    bench.price("154.200", "154.208", size=100)
    too_much = bench.order(units=601)
    assert too_much["orderCancelTransaction"]["reason"] == "INSUFFICIENT_LIQUIDITY"
    part = bench.order(units=601, timeInForce="IOC")["orderFillTransaction"]
    assert (part["units"], part["requestedUnits"]) == ("600", "601")


def test_a_price_bound_is_the_worst_price(bench: Bench) -> None:
    assert bench.order(priceBound="154.207")["orderCancelTransaction"]["reason"] == "BOUNDS_VIOLATION"
    assert bench.order(priceBound="154.208")["orderFillTransaction"]["price"] == "154.208"
    assert bench.order(units=-10, priceBound="154.201")["orderCancelTransaction"]["reason"] == "BOUNDS_VIOLATION"


def test_a_closed_market_cancels_what_it_took(bench: Bench) -> None:
    """Trap 1, fact sheet §9: 201 and MARKET_HALTED."""
    bench.venue.market.set_open(False)
    answer = bench.order(clientExtensions={"id": "late"})
    assert answer.status == 201
    cancel = answer["orderCancelTransaction"]
    assert (cancel["reason"], cancel["clientOrderID"]) == ("MARKET_HALTED", "late")
    assert "orderFillTransaction" not in answer.body
    order = bench.get("/orders/@late")["order"]
    assert (order["state"], order["cancellingTransactionID"]) == ("CANCELLED", cancel["id"])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"takeProfitOnFill": {"price": "154.200"}}, "TAKE_PROFIT_ON_FILL_LOSS"),
        ({"takeProfitOnFill": {"price": "154.208"}}, "LOSING_TAKE_PROFIT"),
        ({"stopLossOnFill": {"price": "154.200"}}, "STOP_LOSS_ON_FILL_LOSS"),
        ({"units": "-1000", "takeProfitOnFill": {"price": "154.208"}}, "TAKE_PROFIT_ON_FILL_LOSS"),
        ({"units": "-1000", "stopLossOnFill": {"price": "154.208"}}, "STOP_LOSS_ON_FILL_LOSS"),
    ],
)
def test_a_bad_attached_price_cancels_the_whole_order(bench: Bench, fields: Any, reason: str) -> None:
    """Fact sheet §4.4: seen in the operator's log as STOP_LOSS_ON_FILL_LOSS, LOSING_TAKE_PROFIT (§14)."""
    answer = bench.order(**{"units": "1000", **fields})
    assert (answer.status, answer["orderCancelTransaction"]["reason"]) == (201, reason)
    assert bench.get("/openTrades")["trades"] == []


def test_results_in_another_currency_come_home_at_the_worse_price(bench_of: Callable[..., Bench]) -> None:
    """EUR/USD on a yen account with USD/JPY at 154.200/154.208: a gain of 10 dollars is 10 × 154.200 = 1,542 yen, a
    loss of 10 dollars 10 × 154.208 = 1,542.08 yen."""
    bench = bench_of(balance="500000")
    bench.price("1.10000", "1.10010", "EUR_USD")
    bench.order(units=1000, instrument="EUR_USD")
    bench.price("1.11010", "1.11020", "EUR_USD")
    won = bench.order(units=-1000, instrument="EUR_USD")["orderFillTransaction"]
    assert (won["pl"], won["accountBalance"]) == ("1542.0000", "501542.0000")
    assert (won["gainQuoteHomeConversionFactor"], won["lossQuoteHomeConversionFactor"]) == ("154.2", "154.208")
    bench.order(units=-1000, instrument="EUR_USD")
    bench.price("1.12000", "1.12010", "EUR_USD")
    lost = bench.order(units=1000, instrument="EUR_USD")["orderFillTransaction"]
    assert lost["pl"] == "-1542.0800"


def test_a_dollar_account_divides_yen(bench_of: Callable[..., Bench]) -> None:
    """1,000 × (155.000 − 154.208) = 792 yen; a gain at 1 / 155.008: 5.1094 dollars."""
    bench = bench_of(balance="10000", currency="USD")
    bench.order(units=1000)
    bench.price("155.000", "155.008")
    assert bench.order(units=-1000)["orderFillTransaction"]["pl"] == "5.1094"


def test_the_ledger_counts_orders_by_client_id(bench: Bench) -> None:
    bench.order(clientExtensions={"id": "a"})
    bench.order(clientExtensions={"id": "a"})
    bench.order(clientExtensions={"id": "b"}, units="0")
    ledger = bench.ask("GET", "/_control/ledger")
    assert (ledger["accepted"], ledger["filled"]) == ({"a": 2}, {"a": 2})
    assert ledger["accounts"][bench.account]["positions"] == {"USD_JPY": {"long": "2000", "short": "0"}}


def test_a_manual_order_is_an_order_of_the_account(bench: Bench) -> None:
    answer = bench.ask("POST", "/_control/trade", {"instrument": "USD_JPY", "units": "-500", "account": bench.account})
    assert answer["orderFillTransaction"]["tradeOpened"]["units"] == "-500"
    refused = bench.ask("POST", "/_control/trade", {"instrument": "USD_JPY", "units": "0"})
    assert (refused.status, refused["error"].split(":")[0]) == (400, "UNITS_INVALID")
    moved = bench.ask("POST", "/_control/transfer", {"amount": "-1000.5"})
    assert moved["balance"] == "498999.5000"
    assert bench.transactions()[-1]["type"] == "TRANSFER_FUNDS"  # trap 13: a balance without an order
