"""Transactions asked again, changes, lists; daily financing and hours of New York."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Bench = Any


def test_an_account_begins_with_its_creation_and_its_money(bench: Bench) -> None:
    rows = bench.transactions()
    assert [row["type"] for row in rows] == ["CREATE", "CLIENT_CONFIGURE", "TRANSFER_FUNDS"]
    assert rows[0]["homeCurrency"] == "JPY"
    assert (rows[2]["amount"], rows[2]["accountBalance"]) == ("500000.0000", "500000.0000")
    assert [row["id"] for row in rows] == ["1", "2", "3"]


def test_since_is_exclusive_and_range_inclusive(bench: Bench) -> None:
    """Fact sheet §4.6."""
    bench.order()
    ids = [row["id"] for row in bench.transactions(3)]
    assert ids == ["4", "5"]
    found = bench.get("/transactions/idrange", **{"from": "3", "to": "4"})
    assert [row["id"] for row in found["transactions"]] == ["3", "4"]
    assert bench.get("/transactions/5")["transaction"]["type"] == "ORDER_FILL"
    assert bench.transactions(5) == []
    assert found["lastTransactionID"] == "5"


def test_types_filter_alone_and_in_groups(bench: Bench) -> None:
    bench.order()
    bench.order(units="0")

    def types(text: str) -> list[str]:
        return [row["type"] for row in bench.get("/transactions/sinceid", id=0, type=text)["transactions"]]

    assert types("ORDER_FILL") == ["ORDER_FILL"]
    assert types("FUNDING,ORDER_FILL") == ["TRANSFER_FUNDS", "ORDER_FILL"]
    assert types("ORDER") == ["MARKET_ORDER", "ORDER_FILL", "MARKET_ORDER_REJECT"]


def test_a_call_gives_a_thousand_rows_at_most(bench: Bench) -> None:
    """Fact sheet §4.6: repeat until `lastTransactionID`."""
    for _ in range(1003):
        bench.venue.desk("key-1", bench.account).account.transfer(Decimal(1))
    rows = bench.transactions()
    assert len(rows) == 1000
    assert len(bench.transactions(int(rows[-1]["id"]))) == 6


def test_pages_lead_to_oandas_own_host(bench: Bench) -> None:
    """Trap 7: whoever follows them as they are leaves loopback."""
    for _ in range(4):
        bench.order()
    found = bench.get("/transactions", pageSize=5)
    assert (found["count"], found["pageSize"]) == (11, 5)
    assert [page.split("?")[1] for page in found["pages"]] == ["from=1&to=5", "from=6&to=10", "from=11&to=11"]
    assert all(page.startswith("https://api-fxpractice.oanda.com/v3/accounts/") for page in found["pages"])
    bench.advance(60)
    late = bench.get("/transactions", **{"from": "2026-03-04T12:00:30Z"})
    assert (late["count"], late["pages"]) == (0, [])


def test_times_come_in_the_format_that_is_asked_for(bench: Bench) -> None:
    """Fact sheet §2, §3: nine digits either way, in requests too."""
    bench.headers["Accept-Datetime-Format"] = "UNIX"
    found = bench.get("/pricing", instruments="USD_JPY")
    assert found["time"] == "1772625600.000000000"  # 2026-03-04T12:00:00Z
    assert bench.get("/transactions", **{"from": "1772625600.000000000"})["count"] == 3
    bench.headers["Accept-Datetime-Format"] = "RFC3339"
    assert bench.get("/pricing", instruments="USD_JPY")["time"] == "2026-03-04T12:00:00.000000000Z"


def test_prices_since_a_time_leave_out_what_did_not_change(bench: Bench) -> None:
    at = bench.get("/pricing", instruments="USD_JPY")["prices"][0]["time"]
    assert bench.get("/pricing", instruments="USD_JPY", since=at)["prices"] == []
    bench.advance(1)
    assert len(bench.get("/pricing", instruments="USD_JPY", since=at)["prices"]) == 1


def test_changes_since_tell_what_became_of_orders_and_trades(bench: Bench) -> None:
    """Fact sheet §4.1: `state` has the figures that move with prices."""
    first = bench.order(units=1000)["orderFillTransaction"]["id"]
    since = bench.summary()["lastTransactionID"]
    limit = bench.order("LIMIT", 5, price="150.000")["orderCreateTransaction"]["id"]
    bench.put(f"/orders/{limit}/cancel")
    second = bench.order(units=500)["orderFillTransaction"]["id"]
    bench.order(units=-1200)
    found = bench.get("/changes", sinceTransactionID=since)
    changes = found["changes"]
    assert [row["id"] for row in changes["ordersCancelled"]] == [limit]
    assert len(changes["ordersCreated"]) == 3
    assert [row["state"] for row in changes["ordersFilled"]] == ["FILLED", "FILLED"]
    assert [row["id"] for row in changes["tradesOpened"]] == [second]
    assert [row["id"] for row in changes["tradesClosed"]] == [first]
    assert [row["id"] for row in changes["tradesReduced"]] == [second]
    assert changes["positions"][0]["long"]["units"] == "300"
    assert changes["transactions"] == bench.transactions(int(since))
    state = found["state"]
    # 300 × (154.200 − 154.208) = −2.4
    assert (state["unrealizedPL"], state["trades"][0]["id"]) == ("-2.4000", second)
    assert state["positions"][0]["netUnrealizedPL"] == "-2.4000"
    assert bench.get("/changes", sinceTransactionID=found["lastTransactionID"])["changes"]["transactions"] == []


def test_lists_come_newest_first_and_in_parts(bench: Bench) -> None:
    """Fact sheet §4.4."""
    ids = [bench.order("LIMIT", 1, price=f"15{n}.000")["orderCreateTransaction"]["id"] for n in range(4)]
    assert [row["id"] for row in bench.get("/orders", count=2)["orders"]] == [ids[3], ids[2]]
    assert [row["id"] for row in bench.get("/orders", beforeID=ids[2])["orders"]] == [ids[1], ids[0]]
    assert [row["id"] for row in bench.get("/orders", ids=f"{ids[0]},{ids[3]}")["orders"]] == [ids[3], ids[0]]
    assert bench.get("/orders", instrument="EUR_USD")["orders"] == []
    bench.put(f"/orders/{ids[0]}/cancel")
    assert [row["id"] for row in bench.get("/orders", state="CANCELLED")["orders"]] == [ids[0]]
    assert len(bench.get("/orders", state="ALL")["orders"]) == 4
    bench.put(f"/trades/{bench.order()['orderFillTransaction']['id']}/close")
    assert len(bench.get("/trades", state="CLOSED")["trades"]) == 1
    assert bench.get("/trades")["trades"] == []


def test_financing_is_charged_at_17_in_new_york(bench: Bench) -> None:
    """Trap 13. On Wednesday 4 March 22:00 UTC, for three days: long USD_JPY at −1 % a year: 10,000 × 154.204 × .01 × 3
    / 365 = 126.7430; short at −2 %. On Thursday one day: 42.2477."""
    bench.order(units=10_000)
    bench.advance(10 * 3600 - 1)
    assert "DAILY_FINANCING" not in bench.types()
    bench.advance(1)
    row = bench.transactions()[-1]
    assert (row["type"], row["financing"], row["accountBalance"]) == ("DAILY_FINANCING", "-126.7430", "499873.2570")
    assert row["time"] == "2026-03-04T22:00:00.000000000Z"
    assert "requestID" not in row
    position = row["positionFinancings"][0]
    assert position["openTradeFinancings"] == [{"tradeID": "5", "financing": "-126.7430"}]
    bench.advance(86_400)
    assert bench.transactions()[-1]["financing"] == "-42.2477"
    assert bench.get("/trades/5")["trade"]["financing"] == "-168.9907"
    assert (bench.summary()["financing"], bench.summary()["balance"]) == ("-168.9907", "499831.0093")


def test_nothing_is_charged_at_the_weekend(bench_of: Callable[..., Bench]) -> None:
    """Friday 6 March is charged, Saturday and Sunday not; on Sunday 8 March New York moves its clocks: Monday's end is
    at 21:00 UTC."""
    bench = bench_of(at="2026-03-06T12:00:00+00:00")
    bench.order()
    bench.advance(4 * 86_400)
    times = [row["time"][:16] for row in bench.transactions() if row["type"] == "DAILY_FINANCING"]
    assert times == ["2026-03-06T22:00", "2026-03-09T21:00"]


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-04T21:58:59+00:00", True),
        ("2026-03-04T21:59:00+00:00", False),  # 16:59 in New York
        ("2026-03-04T22:04:59+00:00", False),
        ("2026-03-04T22:05:00+00:00", True),
        ("2026-03-06T21:58:00+00:00", True),
        ("2026-03-06T22:10:00+00:00", False),  # Friday evening
        ("2026-03-08T20:59:00+00:00", False),
        ("2026-03-08T21:05:00+00:00", True),  # Sunday 17:05 in New York, the clocks have moved
    ],
)
def test_hours_of_new_york_where_they_are_asked_for(bench_of: Callable[..., Bench], at: str, is_open: bool) -> None:
    """Fact sheet §9."""
    bench = bench_of(at=at, hours="new_york")
    price = bench.get("/pricing", instruments="EUR_USD")["prices"][0]
    assert (price["tradeable"], price["status"] == "tradeable") == (is_open, is_open)
    answer = bench.order(instrument="EUR_USD", units=10)
    assert ("orderFillTransaction" in answer.body) is is_open
    if not is_open:
        assert answer["orderCancelTransaction"]["reason"] == "MARKET_HALTED"


def test_the_market_is_open_at_the_weekend_unless_asked_otherwise(bench_of: Callable[..., Bench]) -> None:
    assert bench_of(at="2026-03-07T12:00:00+00:00").order().body["orderFillTransaction"]
