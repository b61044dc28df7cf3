"""Whatever a client does, the books agree: seeded series of requests and price moves on both kinds of account."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Bench = Any
_STEPS = 150


@pytest.mark.parametrize("hedging", ["true", "false"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_books_agree_after_any_series_of_requests(bench_of: Callable[..., Bench], hedging: str, seed: int) -> None:
    draw = random.Random(seed)
    bench = bench_of(balance="1000000", hedging=hedging)
    for _ in range(_STEPS):
        step(bench, draw)
        check(bench)
    rows = everything(bench)
    assert [row["id"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    changes = sum((Decimal(row.get(name, "0")) for row in rows for name in ("pl", "financing", "amount")), Decimal(0))
    assert changes == Decimal(bench.summary()["balance"])
    assert sum(row["type"] == "ORDER_FILL" for row in rows) > 30


def step(bench: Bench, draw: random.Random) -> None:
    """One thing that a client or the market may do."""
    kind = draw.choice(["price", "price", "market", "market", "pending", "close", "cancel", "position", "time"])
    units = draw.choice([-1, 1]) * draw.randint(1, 9000)
    if kind == "price":
        bid = Decimal(154) + Decimal(draw.randint(-600, 600)) / 1000
        bench.price(str(bid), str(bid + Decimal("0.008")))
    elif kind == "market":
        fill = draw.choice(["DEFAULT", "OPEN_ONLY", "REDUCE_FIRST", "REDUCE_ONLY"])
        sign = 1 if units > 0 else -1
        bench.order(
            units=units,
            positionFill=fill,
            stopLossOnFill={"price": str(Decimal(154) - sign * Decimal("0.7"))},
            trailingStopLossOnFill={"distance": "0.300"},
        )
    elif kind == "pending":
        price = str(Decimal(154) + Decimal(draw.randint(-400, 400)) / 1000)
        bench.order(draw.choice(["LIMIT", "STOP", "MARKET_IF_TOUCHED"]), units, price=price)
    elif kind == "close" and (trades := bench.get("/openTrades")["trades"]):
        trade = draw.choice(trades)
        held = abs(int(trade["currentUnits"]))
        answer = bench.put(f"/trades/{trade['id']}/close", {"units": str(draw.randint(1, held))})
        assert answer.status == 200
    elif kind == "cancel" and (orders := bench.get("/pendingOrders")["orders"]):
        assert bench.put(f"/orders/{draw.choice(orders)['id']}/cancel").status == 200
    elif kind == "position":
        bench.put("/positions/USD_JPY/close", {"longUnits": "ALL", "shortUnits": "NONE"})
    elif kind == "time":
        bench.advance(draw.randint(1, 30_000))


def check(bench: Bench) -> None:
    """Account, positions, trades and orders tell the same."""
    account = bench.get("")["account"]
    trades = account["trades"]
    balance, unrealized = Decimal(account["balance"]), Decimal(account["unrealizedPL"])
    assert Decimal(account["NAV"]) == balance + unrealized
    assert abs(sum(Decimal(row["unrealizedPL"]) for row in trades) - unrealized) < Decimal("0.01")
    long = sum(int(row["currentUnits"]) for row in trades if int(row["currentUnits"]) > 0)
    short = sum(int(row["currentUnits"]) for row in trades if int(row["currentUnits"]) < 0)
    assert account["hedgingEnabled"] or not (long and short)
    for row in account["positions"]:
        assert (int(row["long"]["units"]), int(row["short"]["units"])) == (long, short)
    booked = sum(Decimal(row["pl"]) + Decimal(row["financing"]) for row in account["positions"])
    assert balance == Decimal(1_000_000) + booked
    owned = {row["tradeID"] for row in account["orders"] if "tradeID" in row}
    assert owned <= {row["id"] for row in trades}
    assert account["pendingOrderCount"] == len(account["orders"])


def everything(bench: Bench) -> list[Any]:
    rows: list[Any] = []
    while found := bench.transactions(len(rows)):
        rows += found
    return rows


def test_no_figure_breaks_the_venue(bench: Bench) -> None:
    """Whatever stands where a figure should be, the answer is a refusal or an order, never a fault of the server."""
    figures: list[Any] = [
        "1e99", "1e-99", "1e25", "NaN", "Infinity", "-0", "0x10", "1_000", "１００", " 1", "", "9" * 400, "-" * 30,
        None, True, 5, 1.5, -3, [], {}, "null", "\x00",
    ]  # fmt: skip
    for value in figures:
        for fields in (
            {"units": value}, {"type": "LIMIT", "price": value}, {"priceBound": value},
            {"stopLossOnFill": {"price": value}}, {"trailingStopLossOnFill": {"distance": value}},
            {"takeProfitOnFill": value}, {"clientExtensions": {"id": value}}, {"type": value}, {"instrument": value},
            {"timeInForce": value}, {"type": "LIMIT", "price": "1", "timeInForce": "GTD", "gtdTime": value},
        ):  # fmt: skip
            order = {"type": "MARKET", "instrument": "USD_JPY", "units": "1", **fields}
            answer = bench.ask("POST", "/v3/accounts/{a}/orders", {"order": order})
            assert answer.status in (201, 400), (fields, answer.body)
        for path, body in (
            ("/trades/1/close", {"units": value}),
            ("/positions/USD_JPY/close", {"longUnits": value}),
            ("/orders/1", {"order": value}),
            ("/trades/1/orders", {"stopLoss": value}),
        ):
            assert bench.put(path, body).status in (200, 400, 404), (path, body)
        answer = bench.ask("PATCH", "/v3/accounts/{a}/configuration", {"marginRate": value})
        assert answer.status in (200, 400)
        for path, name in (("/transactions/sinceid", "id"), ("/changes", "sinceTransactionID"), ("/orders", "count")):
            assert bench.get(path, **{name: value if isinstance(value, str) else "x"}).status in (200, 400, 416)
