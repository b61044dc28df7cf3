"""Replies have the form of OANDA's own: of the recorded ones where they are at hand, and of forms written down here
from the fact sheet (§3, §4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.oanda.simulator.streams import price_lines, transaction_lines

Bench = Any
_RECORDED = "brokers/fixtures/oanda"

# what older recordings have and a request of today does not (fact sheet §10, trap 16), or what is optional
_MAY_MISS = {"partialFill", "fullVWAP", "extensions"}


@pytest.fixture(scope="session")
def recorded(shared_data: Path) -> Path:
    """Recorded replies beside the recordings; skipped where there are none."""
    folder = shared_data.parent / _RECORDED
    if not folder.is_dir():
        pytest.skip("needs the recorded replies of OANDA beside the recordings")
    return folder


def kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, Mapping):
        return "object"
    assert isinstance(value, list | str)
    return "list" if isinstance(value, list) else "string"


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Keys of a recorded reply that ours lacks, and values of another kind. Each row of a list is compared with
    the one of ours that is most like it; liquidity may be a string or a number (fact sheet §3)."""
    if kind(wanted) != kind(found) and not path.endswith(".liquidity"):
        yield f"{path}: {kind(wanted)} there, {kind(found)} here"
    elif isinstance(wanted, Mapping):
        for name, value in wanted.items():
            if name not in found:
                if name not in _MAY_MISS:
                    yield f"{path}.{name}: missing here"
            else:
                yield from differences(value, found[name], f"{path}.{name}")
    elif isinstance(wanted, list) and wanted and found:
        for row in wanted:
            yield from min((list(differences(row, each, f"{path}[]")) for each in found), key=len)


def pending(bench: Bench) -> Any:
    """A netting account with a pending order."""
    return bench.order("MARKET_IF_TOUCHED", "101", "GBP_USD", price="1.10000", positionFill="OPEN_ONLY")


def open_trade(bench: Bench, units: str = "100") -> str:
    found = bench.order("MARKET", units, "EUR_USD", clientExtensions={"id": "id", "tag": "tag"})
    return str(found["orderFillTransaction"]["id"])


def closed(bench: Bench) -> None:
    bench.put(f"/trades/{open_trade(bench)}/close", {"units": "ALL"})


def busy(bench: Bench) -> None:
    """Everything at once: a pending order, a trade that is open, one that is closed, an order that ended."""
    closed(bench)
    number = pending(bench)["orderCreateTransaction"]["id"]
    bench.put(f"/orders/{number}/cancel")
    pending(bench)
    open_trade(bench)


def changes(bench: Bench) -> Any:
    since = bench.summary()["lastTransactionID"]
    trade = open_trade(bench)
    number = pending(bench)["orderCreateTransaction"]["id"]
    bench.order("MARKET_IF_TOUCHED", "5", "EUR_USD", price="1.00000", clientExtensions={"tag": "51"})
    bench.put(f"/orders/{int(number) + 1}/cancel")
    bench.put(f"/trades/{trade}/close")
    return bench.get("/changes", sinceTransactionID=since)


def financed(bench: Bench) -> str:
    """An account after 17:00 in New York with a trade; the number before."""
    open_trade(bench, "10000")
    before = bench.summary()["lastTransactionID"]
    bench.advance(86_400)
    return str(before)


def idrange(bench: Bench) -> Any:
    first = int(financed(bench)) + 1
    return bench.get("/transactions/idrange", **{"from": str(first), "to": str(first)})


def since_reject(bench: Bench) -> Any:
    open_trade(bench)
    before = bench.summary()["lastTransactionID"]
    bench.put("/positions/EUR_USD/close", {"shortUnits": "ALL"})
    bench.advance(86_400)
    return bench.get("/transactions/sinceid", id=before)


def after(prepare: Callable[[Bench], Any], path: str, **query: str) -> Callable[[Bench], Any]:
    def ask(bench: Bench) -> Any:
        prepare(bench)
        return bench.get(path, **query)

    return ask


def halted(bench: Bench) -> Any:
    bench.venue.market.set_open(False)
    return bench.order("MARKET", "1000", "EUR_USD", clientExtensions={"id": "id", "tag": "tag"})


def reply_of(path: str) -> Callable[[Bench], Any]:
    def ask(bench: Bench) -> Any:
        number = pending(bench)["orderCreateTransaction"]["id"]
        body = {"order": {"type": "MARKET_IF_TOUCHED", "instrument": "GBP_USD", "units": "100", "price": "1.20000"}}
        return bench.put(path.replace("{o}", number), body if path.endswith("{o}") else None)

    return ask


def filled(bench: Bench) -> Any:
    return bench.order("MARKET", "1000", "EUR_USD", clientExtensions={"id": "id", "tag": "tag"})


def closing(path: str, body: Any) -> Callable[[Bench], Any]:
    def ask(bench: Bench) -> Any:
        return bench.put(path.replace("{t}", open_trade(bench)), body)

    return ask


REPLIES: dict[str, tuple[int, Callable[[Bench], Any]]] = {
    "account": (200, after(busy, "")),
    "account_changes": (200, changes),
    "account_summary": (200, after(busy, "/summary")),
    "accounts": (200, lambda bench: bench.ask("GET", "/v3/accounts")),
    "candles": (
        200,
        lambda bench: bench.ask("GET", "/v3/instruments/GBP_USD/candles", granularity="D", price="A", count=5),
    ),
    "instruments": (200, lambda bench: bench.get("/instruments", instruments="EUR_USD,USD_JPY,GBP_USD")),
    "open_positions": (200, after(busy, "/openPositions")),
    "open_trades": (200, after(open_trade, "/openTrades")),
    "order_cancel": (200, reply_of("/orders/{o}/cancel")),
    "order_market_filled.http201": (201, filled),
    "order_market_halted.http201": (201, halted),
    "order_rejected.http400": (
        400,
        lambda bench: bench.order("MARKET_IF_TOUCHED", "101", "GBP_USD", price="1.33687666666666"),
    ),
    "order_replace.http201": (201, reply_of("/orders/{o}")),
    "orders": (200, after(pending, "/orders")),
    "position_close": (200, closing("/positions/EUR_USD/close", {"longUnits": "ALL", "shortUnits": "NONE"})),
    "position_close_reject.http400": (
        400,
        closing("/positions/EUR_USD/close", {"longUnits": "ALL", "shortUnits": "ALL"}),
    ),
    "pricing": (200, lambda bench: bench.get("/pricing", instruments="EUR_USD")),
    "trade_close": (200, closing("/trades/{t}/close", {"units": "ALL"})),
    "transactions_idrange": (200, idrange),
    "transactions_pages": (200, after(busy, "/transactions")),
    "transactions_sinceid": (200, since_reject),
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_has_what_the_recorded_one_has(name: str, bench: Bench, recorded: Path) -> None:
    status, ask = REPLIES[name]
    wanted = json.loads((recorded / "rest" / f"{name}.json").read_text())
    found = ask(bench)
    assert found.status == status
    assert list(differences(wanted, found.body)) == []


def test_every_recorded_reply_is_compared(recorded: Path) -> None:
    assert {path.stem for path in (recorded / "rest").glob("*.json")} == set(REPLIES)


def test_streams_have_the_lines_of_the_recorded_ones(bench: Bench, recorded: Path) -> None:
    async def first(lines: Any, count: int) -> list[Any]:
        found = [json.loads(await anext(lines)) for _ in range(count)]
        await lines.aclose()
        return found

    async def prices() -> list[Any]:
        lines = price_lines(bench.venue.market, ["EUR_USD"], "RFC3339", has_snapshot=True)
        await anext(lines)
        following = asyncio.ensure_future(anext(lines))
        while not following.done():
            await asyncio.sleep(0)
            bench.clock.advance(6_000_000_000)
        await lines.aclose()
        return [json.loads(line) for line in (await following).splitlines()]  # of one chunk

    wanted = [json.loads(line) for line in (recorded / "stream" / "pricing.ndjson").read_text().splitlines()]
    price, beat = asyncio.run(prices())
    assert [row["type"] for row in (price, beat)] == ["PRICE", "HEARTBEAT"]
    for row in wanted:
        assert list(differences(row, price if row["type"] == "PRICE" else beat)) == []

    wanted = [json.loads(line) for line in (recorded / "stream" / "transactions.ndjson").read_text().splitlines()]
    account = bench.venue.desk("key-1", bench.account).account
    heartbeat = asyncio.run(first(transaction_lines(account, "RFC3339"), 1))[0]
    before = financed(bench)
    rows = {row["type"]: row for row in bench.transactions(int(before) - 2)} | {"HEARTBEAT": heartbeat}
    for row in wanted:
        row.pop("clientOrderID", None), row.pop("requestID", None)
        assert list(differences(row, rows[row["type"]])) == []


# --- forms written down from the fact sheet --------------------------------------------------------------------------

DECIMALS = {
    "balance", "NAV", "unrealizedPL", "pl", "financing", "commission", "marginRate", "marginUsed", "marginAvailable",
    "positionValue", "marginCloseoutPercent", "marginCloseoutNAV", "marginCloseoutMarginUsed", "withdrawalLimit",
    "marginCallPercent",
}  # fmt: skip


def test_the_account_is_as_the_fact_sheet_says(bench: Bench) -> None:
    """§4.1: strings of decimals, counts as numbers.

    NAV = balance + unrealizedPL; marginAvailable = NAV − marginUsed."""
    open_trade(bench)
    account = bench.get("")["account"]
    for name in DECIMALS:
        assert kind(account[name]) == "string"
        Decimal(account[name])
    for name in ("openTradeCount", "openPositionCount", "pendingOrderCount", "createdByUserID"):
        assert kind(account[name]) == "number"
    assert account["hedgingEnabled"] is False
    assert Decimal(account["NAV"]) == Decimal(account["balance"]) + Decimal(account["unrealizedPL"])
    assert Decimal(account["marginAvailable"]) == Decimal(account["NAV"]) - Decimal(account["marginUsed"])
    assert (account["openTradeCount"], account["openPositionCount"], account["pendingOrderCount"]) == (1, 1, 0)


def test_an_instrument_is_as_the_fact_sheet_says(bench: Bench) -> None:
    """§4.2: `0` means no limit; pip = 10^pipLocation; 5 pips are the least trailing distance."""
    row = bench.get("/instruments", instruments="USD_JPY")["instruments"][0]
    assert {name: row[name] for name in ("name", "displayName", "type", "pipLocation", "displayPrecision")} == {
        "name": "USD_JPY", "displayName": "USD/JPY", "type": "CURRENCY", "pipLocation": -2, "displayPrecision": 3,
    }  # fmt: skip
    assert (row["minimumTradeSize"], row["maximumOrderUnits"], row["maximumPositionSize"]) == ("1", "100000000", "0")
    assert (row["minimumTrailingStopDistance"], row["maximumTrailingStopDistance"]) == ("0.050", "100.000")
    assert row["marginRate"] == "0.04"


def test_a_fill_is_as_the_fact_sheet_says(bench: Bench) -> None:
    """§4.6; trap 9: the full price has `timestamp`, times nine digits. Δbalance = pl + financing − commission − fee."""
    fill = bench.order(units=100)["orderFillTransaction"]
    assert "timestamp" in fill["fullPrice"]
    assert "time" not in fill["fullPrice"]
    for text in (fill["time"], fill["fullPrice"]["timestamp"]):
        assert text.endswith("Z")
        assert len(text.split(".")[1]) == 10
    for name in ("orderID", "units", "price", "fullVWAP", "pl", "financing", "commission", "accountBalance"):
        assert kind(fill[name]) == "string"
    assert kind(fill["userID"]) == "number"


def test_a_price_is_as_the_fact_sheet_says(bench: Bench) -> None:
    """§4.3: levels best first; the closeout prices lie behind them."""
    price = bench.get("/pricing", instruments="USD_JPY", includeHomeConversions="True")
    row = price["prices"][0]
    assert [Decimal(level["price"]) for level in row["bids"]] == [Decimal(p) for p in ("154.200", "154.199", "154.198")]
    assert (row["closeoutBid"], row["closeoutAsk"]) == ("154.198", "154.210")
    assert (row["tradeable"], row["status"], row["type"]) == (True, "tradeable", "PRICE")
    factors = {each["currency"]: each for each in price["homeConversions"]}
    assert factors["JPY"] == {
        "currency": "JPY", "accountGain": "1.00000000", "accountLoss": "1.00000000", "positionValue": "1.00000000",
    }  # fmt: skip
    assert (factors["USD"]["accountGain"], factors["USD"]["accountLoss"]) == ("154.20000000", "154.20800000")
    assert factors["USD"]["positionValue"] == "154.20400000"
