"""The bar in progress, of each venue's own words: as of when it was heard, and none where the venue has none.

12:00:37.5 UTC on 2026-01-07 (1,767,787,237.5 s) is 37.5 seconds into its minute, 21:00:37.5 in Seoul.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.kis import history as kis
from adapters.kis.rows import Row
from adapters.oanda import history as oanda
from adapters.okx import history as okx
from adapters.wire.clock import ManualClock
from adapters.wire.outcome import Reply
from ruleengine.model.event import BarEvent

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
OPENED = 1_767_787_200 * SECOND
NOW = OPENED + 37 * SECOND + SECOND // 2
HEARD = {"ts": NOW, "ts_event": NOW, "interval_ns": 37_500_000_000}


def shown(bar: BarEvent | None) -> dict[str, Any] | None:
    if bar is None:
        return None
    names = ("ts", "ts_event", "interval_ns", "price", "open", "high", "low", "close", "volume", "ask_ohlc")
    return {name: getattr(bar, name) for name in names}


class OandaStub:
    """Answers what is asked of candles."""

    def __init__(self, candle: dict[str, Any]) -> None:
        self.candle, self.asked = candle, dict[str, str]()

    def path(self, rest: str) -> str:
        return rest

    async def ask(self, path: str, query: dict[str, str]) -> Reply:
        self.asked = query
        return Reply(200, {"candles": [self.candle]}, httpx.Headers(), NOW - 1, NOW)


CANDLE = {
    "time": "2026-01-07T12:00:00.000000000Z", "complete": False, "volume": Decimal(41),
    "bid": {"o": "157.001", "h": "157.010", "l": "156.990", "c": "157.004"},
    "ask": {"o": "157.009", "h": "157.018", "l": "156.998", "c": "157.012"},
}  # fmt: skip


def test_oanda() -> None:
    stub = OandaStub(CANDLE)
    found = asyncio.run(oanda.forming(stub, "USD_JPY", MINUTE))  # type: ignore[arg-type]  # what it asks of a client
    assert shown(found) == {
        **HEARD, "price": "bid", "open": 157.001, "high": 157.01, "low": 156.99, "close": 157.004, "volume": 41.0,
        "ask_ohlc": (157.009, 157.018, 156.998, 157.012),
    }  # fmt: skip
    assert (stub.asked["count"], stub.asked["granularity"]) == ("1", "M1")


@pytest.mark.parametrize("change", [{"complete": True}, {"time": "2026-01-07T11:59:00.000000000Z"}])
def test_oanda_has_none(change: dict[str, Any]) -> None:
    """The last candle is closed, or of a minute that is over: nothing has happened in this one."""
    stub = OandaStub(CANDLE | change)
    assert asyncio.run(oanda.forming(stub, "USD_JPY", MINUTE)) is None  # type: ignore[arg-type]


class OkxStub:
    def __init__(self, row: list[str]) -> None:
        self.row, self.clock = row, ManualClock(NOW)

    async def get(self, path: str, query: dict[str, str]) -> list[list[str]]:
        return [self.row]


def row(opened_s: int, confirm: str) -> list[str]:
    return [str(opened_s * 1000), "90000", "90100.5", "89950", "90050", "312", "3.12", "281000", confirm]


def test_okx() -> None:
    found = asyncio.run(okx.forming(OkxStub(row(OPENED // SECOND, "0")), "BTC-USDT-SWAP", MINUTE))  # type: ignore[arg-type]
    assert shown(found) == {
        **HEARD, "price": "last", "open": 90_000.0, "high": 90_100.5, "low": 89_950.0, "close": 90_050.0,
        "volume": 312.0, "ask_ohlc": None,
    }  # fmt: skip


@pytest.mark.parametrize(("opened_s", "confirm"), [(OPENED // SECOND - 60, "1"), (OPENED // SECOND - 60, "0")])
def test_okx_has_none(opened_s: int, confirm: str) -> None:
    stub = OkxStub(row(opened_s, confirm))
    assert asyncio.run(okx.forming(stub, "BTC-USDT-SWAP", MINUTE)) is None  # type: ignore[arg-type]


class KisStub:
    def __init__(self, hour: str) -> None:
        self.hour = hour

    async def ask(self, service: object, query: dict[str, str]) -> Any:
        assert query["FID_INPUT_HOUR_1"] == "210037"
        plain = {
            "stck_bsop_date": "20260107", "stck_cntg_hour": self.hour, "stck_prpr": "70100", "stck_oprc": "70000",
            "stck_hgpr": "70200", "stck_lwpr": "69900", "cntg_vol": "1234",
        }  # fmt: skip

        class Answer:
            def rows(self, name: str) -> list[Row]:
                return [Row(plain, "a minute")]

        return Answer()


def test_kis() -> None:
    clock = ManualClock(NOW)
    found = asyncio.run(kis.forming(KisStub("210000"), clock, "005930", MINUTE))  # type: ignore[arg-type]
    assert shown(found) == {
        **HEARD, "price": "last", "open": 70_000.0, "high": 70_200.0, "low": 69_900.0, "close": 70_100.0,
        "volume": 1234.0, "ask_ohlc": None,
    }  # fmt: skip
    assert asyncio.run(kis.forming(KisStub("205900"), clock, "005930", MINUTE)) is None  # type: ignore[arg-type]
