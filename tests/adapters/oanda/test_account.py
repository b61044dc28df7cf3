"""What the account and its instruments are, by OANDA's own words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.oanda.account import account_of, snapshot_of
from adapters.oanda.hosts import LIVE, PRACTICE, checked_account, hosts_of
from adapters.oanda.instruments import instrument_of
from adapters.oanda.times import to_ns, to_text
from adapters.wire.decimals import BadPayload, loads
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, VenueError
from tests.adapters.oanda.payloads import account_row, at

D = Decimal


@pytest.mark.parametrize(("flag", "mode", "model"), [(True, "hedging", "max_side"), (False, "netting", "net")])
def test_the_kind_is_the_accounts_own_word(flag: bool, mode: str, model: str) -> None:
    """Trap 14."""
    stated = account_of(account_row(hedgingEnabled=flag, marginRate="0.04"), "practice")
    assert (stated.mode, stated.margin_model, stated.leverage, stated.currency) == (mode, model, D(25), "USD")


def test_an_account_that_does_not_say_its_kind_is_refused() -> None:
    row = account_row()
    del row["hedgingEnabled"]
    with pytest.raises(BadPayload, match="hedgingEnabled"):
        account_of(row, "practice")


def test_the_whole_account() -> None:
    trades = [
        {"id": "7", "instrument": "USD_JPY", "price": "154.200", "openTime": at(5), "initialUnits": "-40000",
         "currentUnits": "-30000", "clientExtensions": {"id": "reabc", "tag": "trend", "comment": "core"},
         "stopLossOrderID": "9", "takeProfitOrderID": "8"},
        {"id": "11", "instrument": "USD_JPY", "price": "154.1", "openTime": at(6), "currentUnits": "10000",
         "stopLossOrder": {"id": "12", "price": "150.0"}},
        {"id": "13", "instrument": "USD_JPY", "price": "154.1", "openTime": at(6), "currentUnits": "5",
         "trailingStopLossOrderID": "14"},
    ]  # fmt: skip
    orders = [
        {"id": "8", "type": "TAKE_PROFIT", "price": "150.000", "tradeID": "7"},
        {"id": "9", "type": "STOP_LOSS", "price": "156.000", "tradeID": "7"},
        {"id": "14", "type": "TRAILING_STOP_LOSS", "distance": "1", "trailingStopValue": "153.1", "tradeID": "13"},
        {"id": "20", "type": "LIMIT", "price": "150", "clientExtensions": {"id": "rerest"}},
        {"id": "21", "type": "MARKET_IF_TOUCHED", "price": "150"},
    ]  # fmt: skip
    found = snapshot_of(account_row(trades=trades, orders=orders), 99, ["5"])
    assert (found.ts, found.balance, found.margin_used, found.counted) == (99, D(100000), D("22.0020"), ("5",))
    short, long, trailing = found.trades
    assert (short.id, short.side, short.units, short.price) == ("7", Side.SHORT, D(30000), D("154.200"))
    assert (short.client_id, short.tag, short.pocket) == ("reabc", "trend", "core")
    assert (short.stop, short.target, short.opened_ns) == (D("156.000"), D("150.000"), 1_767_225_605_000_000_001)
    assert (long.side, long.stop, long.target, long.client_id) == (Side.LONG, D("150.0"), None, "")
    assert trailing.stop == D("153.1")
    assert found.open_orders == ("rerest", "21")  # protections of trades are no orders of their own


@pytest.mark.parametrize("key", ["trades", "orders"])
@pytest.mark.parametrize("value", [..., None, 0, {}, [None], ["7"]])
def test_an_account_that_does_not_state_its_trades_and_orders_is_not_taken_for_an_empty_one(
    key: str, value: Any
) -> None:
    row = account_row()
    if value is ...:
        del row[key]
    else:
        row[key] = value
    with pytest.raises(BadPayload, match=f"`{key}` is no list of objects"):
        snapshot_of(row, 0, ())


def test_captured_accounts(captured: Path) -> None:
    row = loads((captured / "rest/account.json").read_bytes())["account"]
    stated = account_of(row, "live")
    assert (stated.id, stated.mode, stated.environment, stated.leverage) == (
        "000-000-0000000-000", "netting", "live", D(1),
    )  # fmt: skip
    found = snapshot_of(row, 0, ())
    assert [(trade.id, trade.units) for trade in found.trades] == [("1", D(100))]  # of 1000 at first
    assert found.open_orders == ("1",)


def row(**more: Any) -> dict[str, Any]:
    return {
        "name": "USD_JPY", "type": "CURRENCY", "pipLocation": -2, "displayPrecision": 3, "tradeUnitsPrecision": 0,
        "minimumTradeSize": "1", "maximumOrderUnits": "100000000", "maximumPositionSize": "0", "marginRate": "0.04",
        **more,
    }  # fmt: skip


def test_an_instrument() -> None:
    found = instrument_of(row(), D("0.02"))
    assert (found.base, found.quote, found.kind, found.sessions) == ("USD", "JPY", "fx", "fx")
    assert (found.pip, found.tick, found.lot) == (D("0.01"), D("0.001"), D(1))
    assert (found.min_size, found.max_size, found.contract_size) == (D(1), D(100000000), D(1))


@pytest.mark.parametrize(("own", "account", "larger"), [("0.04", "0.02", "0.04"), ("0.04", "0.1", "0.1")])
def test_margin_is_the_larger_of_accounts_and_instruments(own: str, account: str, larger: str) -> None:
    assert instrument_of(row(marginRate=own), D(account)).margin_rate == D(larger)


def test_metals_and_whole_pips() -> None:
    found = instrument_of(row(name="XAU_USD", pipLocation=0, tradeUnitsPrecision=2, minimumTradeSize="0.01"), None)
    assert (found.pip, found.lot, found.min_size, found.margin_rate) == (D(1), D("0.01"), D("0.01"), D("0.04"))


@pytest.mark.parametrize(
    "change", [{"name": "EURUSD"}, {"pipLocation": "-2"}, {"displayPrecision": None}, {"minimumTradeSize": ""}]
)
def test_a_row_that_lacks_something_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadPayload):
        instrument_of(row(**change), None)


def test_captured_instruments(captured: Path) -> None:
    rows = loads((captured / "rest/instruments.json").read_bytes())["instruments"]
    found = [instrument_of(each, None) for each in rows]
    assert [(each.name, each.pip, each.tick) for each in found] == [
        ("EUR_USD", D("0.0001"), D("0.00001")), ("USD_JPY", D("0.01"), D("0.001")),
        ("GBP_USD", D("0.0001"), D("0.00001")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2026-03-04T14:00:00.123456789Z", 1_772_632_800_123_456_789),
        ("2026-03-04T14:00:00Z", 1_772_632_800_000_000_000),
        ("1772632800.123456789", 1_772_632_800_123_456_789), ("1772632800.1", 1_772_632_800_100_000_000),
        ("2026-03-04T14:00:00.1234567891Z", 1_772_632_800_123_456_789),
    ],
)  # fmt: skip
def test_nine_digits_of_a_second(text: str, ns: int) -> None:
    """Trap 9."""
    assert to_ns(text) == ns


@pytest.mark.parametrize(
    "text", ["", None, 5, "2026-03-04", "2026-13-04T14:00:00Z", "0x10", "2026-03-04T14:00:00+09:00"]
)
def test_what_is_no_time(text: object) -> None:
    with pytest.raises(BadPayload):
        to_ns(text)


def test_times_are_written_with_nine_digits() -> None:
    assert to_text(1_772_632_800_000_000_007) == "2026-03-04T14:00:00.000000007Z"


def test_hosts() -> None:
    assert (hosts_of(Access()), hosts_of(Access(environment="live"))) == (PRACTICE, LIVE)
    assert set(hosts_of(Access(environment="live", address="http://127.0.0.1:9"))) == {"http://127.0.0.1:9"}


@pytest.mark.parametrize("name", ["1234567", "", "101-001-1234567", "101-001-x-001", "../accounts", "1-1-1-1/orders"])
def test_what_is_no_account(name: str) -> None:
    """An id of digits alone is of the retired interface (§2)."""
    with pytest.raises(VenueError):
        checked_account(name)
