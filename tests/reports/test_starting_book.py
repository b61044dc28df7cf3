"""What a run says was open when it began: lots as fills name and count them, on netting accounts too."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.event import Fill
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.reports.evidence.open import opened
from ruleengine.reports.evidence.terms import book_of
from tests.reports.hand_made import T0
from tests.reports.left_behind import TERMS, Happening, dry_run, fill, journal
from tests.runtime.account import make_holdings, state_of

BTC = "BTC-USDT-SWAP"
BOTH = pytest.mark.parametrize("written", [dry_run, journal])
CASES = pytest.mark.parametrize("mode", ["netting", "hedging"])


def book(mode: str) -> list[dict[str, Any]]:
    """Two lots of one position, 1.3 contracts at 46,500 and 0.7 at 47,000, and a manual one of the other side; a
    contract is 0.01 BTC."""
    holdings = make_holdings(mode)
    lots = [
        state_of("1001", units="1.3", price="46500", instrument=BTC, opened_ns=7, stop=Decimal(45000)),
        state_of("1002", units="0.7", price="47000", instrument=BTC, opened_ns=8),
        state_of("1003", Side.SHORT, "0.5", "46000", instrument=BTC, client_id="somebody", tag="", pocket=""),
    ]
    holdings.adopt(VenueSnapshot(100, Decimal(500_000), Decimal(0), tuple(lots)))
    return book_of(holdings.open_lots())


@CASES
def test_the_book_has_the_venues_numbers_and_units(mode: str) -> None:
    told = [(each["id"], each["units"], each["price"], each["stop"], each["is_manual"]) for each in book(mode)]
    assert told == [
        ("1001", 1.3, 46500.0, 45000.0, False), ("1002", 0.7, 47000.0, None, False), ("1003", 0.5, 46000.0, None, True),
    ]  # fmt: skip


def reduced(trade: str, at: int, units: str, price: str, realised: str, fee: str = "0.1") -> Fill:
    return Fill(T0 + at, T0 + at, BTC, "", Side.SHORT, Decimal(units), Decimal(price), trade, False,
                Decimal(realised), Decimal(fee))  # fmt: skip


@BOTH
@CASES
def test_what_reduces_a_trade_of_the_book_is_booked_and_closes_it(written: Any, mode: str, tmp_path: Path) -> None:
    # 0.65 of 1001 at +376 × 0.0065 = 2.444, then the rest at +348 × 0.0065 = 2.262: 4.706 less fees of 0.2;
    # of 1002 0.2 contracts at −124 × 0.002 = −0.248, less 0.1: it stays open with 0.5
    fills = [
        reduced("1001", 1, "0.65", "46876", "2.444"), reduced("1001", 2, "0.65", "46848", "2.262"),
        reduced("1002", 3, "0.2", "46876", "-0.248"),
    ]  # fmt: skip
    place = written(tmp_path / "run", fills, T0, T0 + 9, book(mode), instruments={BTC: TERMS["USD_JPY"]})
    with opened([place]) as evidence:
        assert evidence.rows("SELECT id, units, round(result, 6), exit_price FROM trades") == [
            ("1001", 1.3, 4.506, 46862.0)
        ]
        assert evidence.one("SELECT count(*), round(sum(amount), 6) FROM booked") == (3, 4.158)
        (source,) = evidence.sources
    assert [(each.id, each.side) for each in source.held] == [("1002", "long")]
    assert not any("opening is not recorded" in line for line in source.remarks)


@BOTH
def test_a_venue_that_numbers_no_trades_names_their_positions(written: Any, tmp_path: Path) -> None:
    # 100 USD/JPY bought at 150 and sold at 152, and meanwhile 1 BTC sold at 40: neither fill has a trade's number
    happened: list[Happening] = [
        fill(1, T0 + 1, 100, "150", trade=""),
        Fill(T0 + 2, T0 + 2, "BTC_JPY", "o2", Side.SHORT, Decimal(1), Decimal(40), "", True),
        Fill(T0 + 3, T0 + 3, "USD_JPY", "o3", Side.SHORT, Decimal(100), Decimal(152), "", False, Decimal(200)),
    ]
    with opened([written(tmp_path / "run", happened, T0, T0 + 9)]) as evidence:
        assert evidence.rows("SELECT id, units, side, result FROM trades") == [("USD_JPY:long", 100.0, "long", 200.0)]
        assert evidence.one("SELECT count(DISTINCT trade) FROM booked WHERE amount = 0") == (2,)
