"""The book: opened, added to, reduced, closed; netted or hedged; adopted; restored; mirrored into the frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.facts.catalogue import COLLECTIONS
from ruleengine.facts.frames import MarketFrame
from ruleengine.model.event import AccountRead, CashChange, Fill
from ruleengine.model.side import Side
from ruleengine.model.unknown import known
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book import lots
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.book.margin import MarginWeights
from ruleengine.runtime.book.tags import Tags
from ruleengine.runtime.orders.orders import Orders
from tests.runtime.account import (
    INSTRUMENTS,
    LONG,
    SHORT,
    TAGS,
    make_fill,
    make_holdings,
    make_order,
    state_of,
)

BTC = "BTC-USDT-SWAP"
OURS = make_order("qr-1", strategy="M1Scalper", pocket="micro", stop=Decimal("149.5"), target=Decimal("151"))


def snapshot(*trades: Any, ts: int = 100, balance: str = "500000", margin: str = "0") -> VenueSnapshot:
    return VenueSnapshot(ts, Decimal(balance), Decimal(margin), trades)


def an_account(**more: Any) -> Holdings:
    """Before its first book."""
    markets = {name: MarketFrame() for name in INSTRUMENTS}
    weights = MarginWeights.of("max_side")
    return Holdings(INSTRUMENTS, currency="JPY", mode="hedging", weights=weights, tags=TAGS, markets=markets, **more)


def play(holdings: Holdings, *fills: Fill) -> list[str]:
    return [note.code for fill in fills for note in holdings.apply(fill, OURS, "entry", "rule")]


def units(holdings: Holdings) -> dict[str, str]:
    return {name: str(trade.units) for name, trade in holdings.trades.items()}


# --- opening, reducing, closing -------------------------------------------------------------------------------------


def test_an_opening_fill_makes_a_trade(holdings: Holdings) -> None:
    assert play(holdings, make_fill("qr-1", LONG, "10000", "150.25", "t1", ts=7, fee=Decimal("12.5"))) == []
    frame = holdings.trades["t1"].frame
    assert (frame.id, frame.instrument, frame.side, frame.sign) == ("t1", "USD_JPY", "long", 1.0)
    assert (frame.units, frame.initial_units, frame.entry_price, frame.opened_at) == (10000.0, 10000.0, 150.25, 7)
    assert (frame.strategy, frame.pocket, frame.owner, frame.opened_by) == ("M1Scalper", "micro", "engine", "entry")
    assert (frame.stop, frame.target, frame.stage) == (149.5, 151.0, 0)
    assert frame.m is holdings.markets["USD_JPY"]
    assert holdings.balance == Decimal("499987.5")
    assert holdings.account.balance == 499987.5
    assert holdings.account.trades == holdings.account.all_trades == [frame]


def test_pieces_of_one_order_are_one_trade_at_their_average(holdings: Holdings) -> None:
    """(6,000 × 150 + 4,000 × 151) / 10,000 = 150.4."""
    play(holdings, make_fill("qr-1", LONG, "6000", "150", "t1"), make_fill("qr-1", LONG, "4000", "151", "t1", ts=2))
    assert holdings.trades["t1"].frame.entry_price == 150.4
    assert holdings.trades["t1"].frame.initial_units == 10000.0
    assert holdings.positions["USD_JPY"].additions == 0


def test_a_partial_close_keeps_price_and_initial_size(holdings: Holdings) -> None:
    play(
        holdings,
        make_fill("qr-1", LONG, "10000", "150", "t1"),
        make_fill("qr-2", SHORT, "4000", "151", "t1", opens=False, ts=2, realised=Decimal(4000)),
    )
    frame = holdings.trades["t1"].frame
    assert (frame.units, frame.initial_units, frame.entry_price) == (6000.0, 10000.0, 150.0)
    assert holdings.balance == 504000


def test_a_full_close_leaves_nothing_behind(holdings: Holdings) -> None:
    play(
        holdings,
        make_fill("qr-1", SHORT, "10000", "150", "t1"),
        make_fill("", LONG, "10000", "149", "t1", opens=False, ts=2),
    )
    position = holdings.positions["USD_JPY"]
    assert holdings.trades == {}
    assert holdings.account.trades == []
    assert (position.long_units, position.short_units, position.additions) == (0.0, 0.0, 0)
    assert not any(known(each) for each in (position.first_entry_price, position.average_price, position.opened_at))


def test_a_fill_counts_once(holdings: Holdings) -> None:
    fill = make_fill("qr-1", LONG, "10000", "150", "t1", fee=Decimal(5))
    play(holdings, fill, fill)
    assert units(holdings) == {"t1": "10000"}
    assert holdings.balance == 499995


def test_contracts_are_base_units_in_frames() -> None:
    holdings = make_holdings()
    holdings.apply(make_fill("qr-1", LONG, "30", "50000", "b1", instrument=BTC), OURS)
    assert holdings.trades["b1"].units == 30
    assert holdings.trades["b1"].frame.units == 0.3
    assert holdings.positions[BTC].long_units == 0.3
    assert holdings.side_units(BTC)[0] == 30


def test_a_trade_that_no_order_of_ours_opened_is_manual(holdings: Holdings) -> None:
    notes = holdings.apply(make_fill("", LONG, "1000", "150", "m1"))
    assert [note.code for note in notes] == ["RE568"]
    frame = holdings.trades["m1"].frame
    assert (frame.owner, frame.strategy, frame.opened_by) == ("manual", "unknown", "")
    assert holdings.account.all_trades == [frame]
    assert holdings.account.trades == []
    assert holdings.positions["USD_JPY"].long_units == 1000.0
    assert holdings.side_units("USD_JPY")[0] == 1000
    assert holdings.side_units("USD_JPY", own=True)[0] == 0


# --- positions ------------------------------------------------------------------------------------------------------


def test_a_position_knows_its_first_entry_average_and_additions(holdings: Holdings) -> None:
    """(10,000 × 150 + 5,000 × 153) / 15,000 = 151; the short side is smaller and no addition."""
    play(
        holdings,
        make_fill("qr-1", LONG, "10000", "150", "t1", ts=5),
        make_fill("qr-2", LONG, "5000", "153", "t2", ts=6),
        make_fill("qr-3", SHORT, "2000", "154", "t3", ts=7),
    )
    position = holdings.positions["USD_JPY"]
    assert (position.first_entry_price, position.average_price, position.opened_at) == (150.0, 151.0, 5)
    assert (position.long_units, position.short_units, position.additions) == (15000.0, 2000.0, 1)


def test_the_first_entry_stays_when_its_trade_is_gone(holdings: Holdings) -> None:
    play(
        holdings,
        make_fill("qr-1", LONG, "10000", "150", "t1", ts=5),
        make_fill("qr-2", LONG, "5000", "153", "t2", ts=6),
        make_fill("qr-3", SHORT, "10000", "154", "t1", opens=False, ts=7),
    )
    position = holdings.positions["USD_JPY"]
    assert (position.first_entry_price, position.average_price, position.additions) == (150.0, 153.0, 1)


def test_on_a_netting_account_a_side_is_one_trade() -> None:
    """Two lots, one trade: 15,000 at 151; the oldest lot closes, 5,000 at 153 stay; the trade keeps its opening."""
    holdings = make_holdings("netting")
    play(
        holdings,
        make_fill("qr-1", LONG, "10000", "150", "t1", ts=5),
        make_fill("qr-2", LONG, "5000", "153", "t2", ts=6),
    )
    trade = holdings.trades["USD_JPY:long"]
    assert trade.units == 15000
    assert (trade.frame.entry_price, trade.frame.initial_units) == (151.0, 10000.0)
    play(holdings, make_fill("qr-3", SHORT, "10000", "154", "t1", opens=False, ts=7))
    assert list(holdings.trades) == ["USD_JPY:long"]
    assert trade.units == 5000
    assert (trade.frame.entry_price, trade.frame.opened_at) == (153.0, 5)
    play(holdings, make_fill("qr-4", SHORT, "5000", "154", "t2", opens=False, ts=8))
    play(holdings, make_fill("qr-4", SHORT, "3000", "154", "t3", ts=8))
    assert units(holdings) == {"USD_JPY:short": "3000"}
    assert holdings.positions["USD_JPY"].first_entry_price == 154.0


def test_a_venue_that_numbers_no_trades_begins_anew_after_flat() -> None:
    holdings = make_holdings("netting")
    play(
        holdings,
        make_fill("qr-1", LONG, "10", "50000", "", ts=5, instrument=BTC),
        make_fill("qr-2", LONG, "10", "51000", "", ts=6, instrument=BTC),
        make_fill("qr-3", SHORT, "20", "52000", "", opens=False, ts=7, instrument=BTC),
        make_fill("qr-4", LONG, "5", "53000", "", ts=8, instrument=BTC),
    )
    frame = holdings.trades[f"{BTC}:long"].frame
    assert (frame.units, frame.entry_price, frame.opened_at, frame.initial_units) == (0.05, 53000.0, 8, 0.05)
    assert holdings.positions[BTC].additions == 0


# --- peaks and stages -----------------------------------------------------------------------------------------------


def test_peaks_are_the_best_and_worst_price_that_would_close_it(holdings: Holdings) -> None:
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1"), make_fill("qr-2", SHORT, "5000", "150", "t2"))
    for bid in (150.0, 150.3, 149.8, 150.1):
        holdings.observe("USD_JPY", bid, bid + 0.02)
    long, short = holdings.trades["t1"].frame, holdings.trades["t2"].frame
    assert (long.best_price, long.worst_price) == (150.3, 149.8)
    assert (short.best_price, short.worst_price) == (149.8 + 0.02, 150.3 + 0.02)


def test_a_later_trade_has_peaks_of_its_own(holdings: Holdings) -> None:
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1"))
    holdings.observe("USD_JPY", 151.0, 151.1)
    holdings.observe("USD_JPY", 149.0, 149.1)
    play(holdings, make_fill("qr-2", LONG, "10000", "150", "t2", ts=2))
    assert not known(holdings.trades["t2"].frame.best_price)
    holdings.observe("USD_JPY", 150.0, 150.1)
    holdings.observe("USD_JPY", 150.5, 150.6)
    assert (holdings.trades["t1"].frame.best_price, holdings.trades["t1"].frame.worst_price) == (151.0, 149.0)
    assert (holdings.trades["t2"].frame.best_price, holdings.trades["t2"].frame.worst_price) == (150.5, 150.0)


def test_peaks_begin_with_the_quote_of_the_opening(holdings: Holdings) -> None:
    market = holdings.markets["USD_JPY"]
    market.bid, market.ask = 149.99, 150.01
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1"), make_fill("qr-2", SHORT, "10000", "150", "t2"))
    assert holdings.trades["t1"].frame.best_price == 149.99
    assert holdings.trades["t2"].frame.worst_price == 150.01


def test_additions_and_partial_closes_leave_peaks_alone() -> None:
    """OPS-05."""
    holdings = make_holdings("netting")
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1"))
    holdings.observe("USD_JPY", 152.0, 152.1)
    holdings.observe("USD_JPY", 151.0, 151.1)
    play(holdings, make_fill("qr-2", LONG, "9000", "151", "t2", ts=2))
    play(holdings, make_fill("qr-3", SHORT, "5000", "151", "t1", opens=False, ts=3))
    assert holdings.trades["USD_JPY:long"].frame.best_price == 152.0


def test_a_stage_advances_on_its_fill_and_once(holdings: Holdings) -> None:
    """FX-35."""
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1"))
    frame = holdings.trades["t1"].frame
    holdings.apply(make_fill("x", SHORT, "4000", "151", "t1", opens=False, ts=2), OURS, "exit", "r", stage="r#0")
    holdings.apply(make_fill("x", SHORT, "100", "151", "t1", opens=False, ts=3), OURS, "exit", "r", stage="r#0")
    assert (frame.stage, holdings.has_stage("t1", "r#0"), holdings.has_stage("t1", "r#1")) == (1, True, False)
    assert not holdings.has_stage("gone", "r#0")


# --- adoption (SC-19) -----------------------------------------------------------------------------------------------


def test_the_first_adoption_takes_the_venue_s_book() -> None:
    holdings = make_holdings()
    holdings = Holdings(
        INSTRUMENTS, currency="JPY", mode="hedging", weights=holdings.weights, tags=TAGS, markets=holdings.markets
    )
    assert not known(holdings.account.trades)
    assert not known(holdings.account.balance)
    assert not holdings.is_known
    notes = holdings.adopt(snapshot(state_of("t1"), state_of("m1", client_id="", tag="", pocket="")))
    assert [note.code for note in notes] == ["RE568"]
    assert [frame.id for frame in holdings.account.trades] == ["t1"]
    assert [frame.id for frame in holdings.account.all_trades] == ["t1", "m1"]
    assert holdings.is_known


def test_what_appeared_vanished_or_changed_is_said_and_done_at_once(holdings: Holdings) -> None:
    holdings.adopt(snapshot(state_of("a"), state_of("b"), state_of("c")))
    notes = holdings.adopt(
        snapshot(state_of("a"), state_of("c", units="9999"), state_of("d"), ts=200, balance="499000")
    )
    assert [(note.code, note.message.split(":")[0]) for note in notes] == [
        ("RE563", "trade `b` (long 10000 USD_JPY) is no longer at the venue"),
        ("RE564", "units of trade c"),
        ("RE564", "balance"),
        ("RE562", "trade `d` (engine, long 10000 USD_JPY) is at the venue and was not in our book"),
    ]
    assert units(holdings) == {"a": "10000", "c": "9999", "d": "10000"}
    assert holdings.adopt(snapshot(state_of("a"), state_of("c", units="9999"), state_of("d"), balance="499000")) == []


def test_what_only_we_know_of_a_trade_survives_adoption(holdings: Holdings) -> None:
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1", ts=5))
    holdings.apply(make_fill("qr-2", LONG, "1000", "150", "t2", ts=6), OURS, "hedge_open", "h")
    holdings.observe("USD_JPY", 152.0, 152.1)
    holdings.advance_stage("t1", "r#0")
    same = [state_of("t1", opened_ns=5), state_of("t2", units="1000", opened_ns=6)]
    assert holdings.adopt(snapshot(*same)) == []
    frame = holdings.trades["t1"].frame
    assert (frame.best_price, frame.stage, holdings.trades["t2"].frame.opened_by) == (152.0, 1, "hedge_open")
    assert holdings.trades["t2"].rule == "h"
    assert holdings.positions["USD_JPY"].additions == 1


def test_a_fill_that_the_snapshot_has_already_is_not_counted_again(holdings: Holdings) -> None:
    holdings.adopt(snapshot(state_of("t1", units="6000"), ts=100))
    late = make_fill("qr-2", SHORT, "4000", "151", "t1", opens=False, ts=99, realised=Decimal(4000))
    assert play(holdings, late) == ["RE567"]
    assert units(holdings) == {"t1": "6000"}
    assert holdings.balance == 500000
    play(holdings, make_fill("qr-3", SHORT, "1000", "151", "t1", opens=False, ts=100))
    assert units(holdings) == {"t1": "5000"}


def test_of_the_snapshot_s_own_instant_its_numbers_say_what_it_has(holdings: Holdings) -> None:
    """Two closes of 1,000 at the snapshot's nanosecond: it has the first, so only the second still counts."""
    at = VenueSnapshot(100, Decimal("500000"), Decimal(0), (state_of("t1", units="9000"),), counted=("f7",))
    holdings.adopt(at)
    first, second = (
        make_fill("qr-2", SHORT, "1000", "151", "t1", opens=False, ts=100, fill_id=number, realised=Decimal(1000))
        for number in ("f7", "f8")
    )
    kept = json.loads(json.dumps(holdings.state()))
    assert play(holdings, first) == ["RE567"]
    assert play(holdings, second) == []
    assert units(holdings) == {"t1": "8000"}
    assert holdings.balance == 501000
    holdings.restore(kept)
    assert play(holdings, first) == ["RE567"], "a restart forgets none of it"


@pytest.mark.parametrize(("later_s", "is_same"), [(0, True), (1, True), (2, False)])
def test_a_netted_side_that_was_opened_again_unheard_begins_anew(later_s: int, is_same: bool) -> None:
    """FX-35: peaks and stages are the position's, not its name's. A venue may round its times."""
    holdings, name, second = make_holdings("netting"), "USD_JPY:long", 1_000_000_000
    play(holdings, make_fill("qr-1", LONG, "10000", "150", name, ts=5 * second))
    holdings.observe("USD_JPY", 152.0, 152.1)
    holdings.advance_stage(name, "r#0")
    again = state_of(name, price="151", opened_ns=(5 + later_s) * second)
    notes = holdings.adopt(snapshot(again, ts=20 * second))
    frame = holdings.trades[name].frame
    assert (frame.stage, holdings.has_stage(name, "r#0")) == ((1, True) if is_same else (0, False))
    assert known(frame.best_price) is is_same
    assert [note.code for note in notes] == ([] if is_same else ["RE562"])
    assert holdings.positions["USD_JPY"].first_entry_price == (150.0 if is_same else 151.0)


def under(holdings: Holdings, tags: Tags) -> tuple[Holdings, list[str]]:
    """The same holdings after a restart under other declarations, and the codes of what is told."""
    other = Holdings(
        INSTRUMENTS, currency="JPY", mode="hedging", weights=holdings.weights, tags=tags, markets=holdings.markets
    )
    other.restore(json.loads(json.dumps(holdings.state())))
    return other, [each.code for each in other.resolve_anew()]


def test_other_declarations_resolve_tags_anew(holdings: Holdings) -> None:
    notes = holdings.adopt(snapshot(state_of("t1", tag="TrendMAbe", client_id="qr-1")))
    assert [note.code for note in notes] == ["RE560", "RE562"]
    assert holdings.trades["t1"].frame.strategy == "unknown"
    other, codes = under(holdings, Tags({"TrendMAbe": []}, prefixes=("qr-",)))
    assert (other.trades["t1"].frame.strategy, codes) == ("TrendMAbe", ["RE557"])


def test_a_manual_trade_stays_manual_under_other_declarations(holdings: Holdings) -> None:
    holdings.adopt(snapshot(state_of("m1", client_id="web-1", tag="", pocket="")))
    other, codes = under(holdings, Tags({"M1Scalper": []}))
    assert (other.trades["m1"].frame.owner, codes) == ("manual", [])


def test_a_manual_trade_under_a_prefix_that_is_ours_now(holdings: Holdings) -> None:
    holdings.adopt(snapshot(state_of("m1", client_id="web-1", tag="M1Scalper", pocket="")))
    other, codes = under(holdings, Tags({"M1Scalper": []}, prefixes=("web-",)))
    assert (other.trades["m1"].frame.owner, codes) == ("engine", ["RE557"])
    assert other.positions["USD_JPY"].first_entry_price == other.trades["m1"].frame.entry_price


def test_old_fills_of_a_lot_are_folded_without_a_trace(holdings: Holdings, monkeypatch: pytest.MonkeyPatch) -> None:
    """8 × 100 at 150 … 157 and a reduction of 200 after the first four: (150+151+152+153)/4 = 151.5 for 200 left, then
    (200 × 151.5 + 100 × (154 + 155 + 156 + 157)) / 600 = 154.1666…"""
    monkeypatch.setattr(lots, "PIECES_MAX", 4)
    fills = [make_fill("qr-1", LONG, "100", str(150 + n), "t1", ts=10 * n) for n in range(8)]
    fills.insert(4, make_fill("qr-2", SHORT, "200", "160", "t1", opens=False, ts=35))
    play(holdings, *fills)
    frame = holdings.trades["t1"].frame
    assert (frame.units, frame.initial_units) == (600.0, 800.0)
    assert frame.entry_price == pytest.approx(154.16666666666667, rel=1e-15)
    assert len(holdings.state()["lots"][0]["pieces"]) <= 4


# --- money and what could not be read (FX-33) -----------------------------------------------------------------------


def test_cash_changes_the_balance(holdings: Holdings) -> None:
    holdings.cash(CashChange(1, 1, Decimal("-12.5"), "financing"))
    assert holdings.account.balance == 499987.5


def test_a_failed_read_is_unknown_not_flat(holdings: Holdings) -> None:
    holdings.adopt(snapshot(state_of("t1")))
    notes = holdings.account_read(AccountRead(200, 200, Decimal(0), Decimal(0), failed=True))
    assert [note.code for note in notes] == ["RE565"]
    account = holdings.account
    assert not any(known(each) for each in (account.balance, account.reported_margin_used, account.reported_estimate))
    assert units(holdings) == {"t1": "10000"}
    play(holdings, make_fill("qr-9", SHORT, "1000", "151", "t1", opens=False, ts=201))
    assert not known(account.balance)
    holdings.account_read(AccountRead(300, 300, Decimal(500000), Decimal(60000)))
    assert (account.balance, account.reported_margin_used, holdings.is_known) == (500000.0, 60000.0, True)


@pytest.mark.parametrize(("balance", "margin"), [(None, Decimal(1)), (Decimal(500000), None)])
def test_a_figure_that_is_missing_is_unknown(holdings: Holdings, balance: Any, margin: Any) -> None:
    notes = holdings.account_read(AccountRead(200, 200, balance, margin))
    assert [note.code for note in notes] == ["RE565"]
    assert known(holdings.account.balance) is (balance is not None)
    assert known(holdings.account.reported_margin_used) is (margin is not None)
    assert not holdings.is_known


def test_a_balance_that_differs_is_said_and_taken(holdings: Holdings) -> None:
    notes = holdings.account_read(AccountRead(200, 200, Decimal(499999), Decimal(0)))
    assert [(note.code, note.level) for note in notes] == [("RE564", "warning")]
    assert holdings.balance == 499999
    assert holdings.account_read(AccountRead(201, 201, Decimal("499999.00"), Decimal(0))) == []


def test_a_statement_from_before_the_last_fill_does_not_undo_it(holdings: Holdings) -> None:
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1", ts=10, fee=Decimal(7)))
    assert holdings.account_read(AccountRead(11, 9, Decimal(500000), Decimal(0))) == []
    assert holdings.balance == 499993


def test_a_statement_of_the_last_fill_s_own_instant_counts(holdings: Holdings) -> None:
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1", ts=10))
    holdings.account_read(AccountRead(10, 10, Decimal(499000), Decimal(0)))
    assert holdings.balance == 499000


@pytest.mark.parametrize(
    ("isolates", "stated_ns", "margin"),
    [
        (False, 9, 70_000.0),  # what orders need is a matter of size and price
        (True, 9, None),  # of before the fill, whose leverage only the venue knows
        (True, 10, 70_000.0),  # told behind the fill of its own instant
    ],
)
def test_a_margin_that_was_stated_before_an_opening_is_none_under_isolated_margin(
    isolates: bool, stated_ns: int, margin: float | None
) -> None:
    holdings = an_account(isolates=isolates)
    holdings.adopt(snapshot(ts=5))
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1", ts=10))
    holdings.account_read(AccountRead(11, stated_ns, Decimal(499000), Decimal(70_000)))
    found = holdings.account.reported_margin_used
    assert (found if known(found) else None) == margin


def test_after_the_venues_clock_went_back_its_statements_count_again(holdings: Holdings) -> None:
    """Five minutes after a fill of 1,000 the book is of 500: that stamp was wrong, and must not keep out what comes."""
    play(holdings, make_fill("qr-1", LONG, "10000", "150", "t1", ts=1000))
    holdings.adopt(snapshot(state_of("t1"), ts=500), heard_ns=300_000_000_000)
    assert holdings.account.last_fill_at == 500
    holdings.account_read(AccountRead(300_000_000_001, 700, Decimal(480_000), Decimal(60_000)))
    assert holdings.balance == 480_000


def test_our_estimate_is_of_the_moment_of_the_statement(holdings: Holdings) -> None:
    """10,000 × 150 × 4 % = 60,000 JPY under max_side; the 5,000 short are on the smaller side."""
    market = holdings.markets["USD_JPY"]
    market.bid, market.ask = 149.99, 150.01
    holdings.adopt(snapshot(state_of("t1"), state_of("t2", SHORT, "5000"), margin="75000"))
    assert (holdings.account.reported_margin_used, holdings.account.reported_estimate) == (75000.0, 60000.0)
    market.bid, market.ask = 151.99, 152.01
    holdings.observe("USD_JPY", 151.99, 152.01)
    assert holdings.account.reported_estimate == 60000.0


def test_before_the_first_quote_the_estimate_is_at_the_entry_price(holdings: Holdings) -> None:
    holdings.adopt(snapshot(state_of("t1", price="154"), margin="61600"))
    assert holdings.account.reported_estimate == 61600.0


def test_before_the_first_quote_the_larger_side_counts_at_its_own_entry_price(holdings: Holdings) -> None:
    """10,000 × 150 × 4 % = 60,000 JPY, wherever the 4,000 short were opened."""
    holdings.adopt(snapshot(state_of("t1", price="150"), state_of("t2", SHORT, "4000", "160"), margin="70000"))
    assert holdings.account.reported_estimate == 60000.0


def test_where_the_price_is_forgotten_the_estimate_is_at_the_last_one(holdings: Holdings) -> None:
    """A statement over a weekend, or before a restart has heard a price: 10,000 × 150 × 4 % = 60,000 JPY."""
    market = holdings.markets["USD_JPY"]
    market.marked = 150.0
    holdings.adopt(snapshot(state_of("t1", price="154"), margin="75000"))
    assert holdings.account.reported_estimate == 60000.0


def quoted(holdings: Holdings, mid: float) -> None:
    """A quote one pip wide."""
    market = holdings.markets["USD_JPY"]
    market.bid, market.ask = mid - 0.005, mid + 0.005
    holdings.observe("USD_JPY", market.bid, market.ask)


@pytest.mark.parametrize("last", [None, 147.5])
def test_the_first_quote_tells_what_ours_was_at_the_statement(holdings: Holdings, last: float | None) -> None:
    """Opened at 147, stated at 154: 40,000 × 154 × 4 % = 246,400 JPY are all ours, and nobody else's. Before a price of
    this run the estimate is at what is known; a later price moves it no more."""
    if last is not None:
        holdings.markets["USD_JPY"].marked = last
    holdings.adopt(snapshot(state_of("t1", SHORT, "40000", "147"), margin="246400"))
    assert holdings.account.reported_estimate == 40_000 * (last or 147) * 0.04
    for price in (154.0, 155.0):
        quoted(holdings, price)
        assert holdings.account.reported_estimate == pytest.approx(246_400)


def test_a_statement_by_the_price_that_we_have_is_not_valued_anew(holdings: Holdings) -> None:
    """A paper venue that has heard no price either: 40,000 × 147 × 4 % = 235,200 JPY here and there."""
    holdings.adopt(snapshot(state_of("t1", SHORT, "40000", "147"), margin="235200"))
    quoted(holdings, 144.0)
    assert holdings.account.reported_estimate == 235_200


def test_what_was_filled_before_the_first_quote_was_in_the_statement(holdings: Holdings) -> None:
    """An exit at the start, of all: the statement still had 40,000 of it, and a restart in between knows so."""
    holdings.adopt(snapshot(state_of("t1", SHORT, "40000", "147"), margin="246400"))
    play(holdings, make_fill("qr-2", LONG, "40000", "154", "t1", opens=False, ts=110))
    again = make_holdings()
    again.restore(json.loads(json.dumps(holdings.state())))
    for each in (holdings, again):
        quoted(each, 154.0)
        assert each.account.reported_estimate == pytest.approx(246_400)


def test_what_was_closed_before_the_next_statement_is_not_valued_by_its_first_quote(holdings: Holdings) -> None:
    """None of it is ours any more: else margin of somebody else would seem to be less than it is."""
    holdings.adopt(snapshot(state_of("t1", SHORT, "40000", "147"), margin="246400"))
    play(holdings, make_fill("qr-2", LONG, "40000", "154", "t1", opens=False, ts=110))
    holdings.account_read(AccountRead(120, 120, Decimal(499000), Decimal(50_000)))
    quoted(holdings, 154.0)
    assert holdings.account.reported_estimate == 0.0


def test_the_first_quote_of_one_instrument_tells_nothing_of_another(holdings: Holdings) -> None:
    """40,000 × 154 × 4 % = 246,400 JPY; 100 contracts × 0.01 × 50,000 × 10 % at 150 JPY stay at entry: 750,000."""
    holdings.markets[BTC].quote_to_home = 150.0
    mixed = state_of("b", units="100", price="50000", instrument=BTC)
    holdings.adopt(snapshot(state_of("t1", SHORT, "40000", "147"), mixed, margin="1000000"))
    quoted(holdings, 154.0)
    assert holdings.account.reported_estimate == pytest.approx(246_400 + 750_000)


def test_a_run_that_was_killed_before_its_first_book_goes_on_without_a_balance() -> None:
    """Its state is in the record before the book is."""
    before, after = an_account(), an_account()
    after.restore(json.loads(json.dumps(before.state())))
    assert after.balance is None
    assert not known(after.account.balance)
    assert not known(after.account.last_fill_at)


def test_an_estimate_waits_for_its_currency_s_rate(holdings: Holdings) -> None:
    """100 contracts × 0.01 × 50,000 × 10 % = 5,000 USDT; at 150 JPY: 750,000 JPY."""
    holdings.adopt(snapshot(state_of("b", units="100", price="50000", instrument=BTC), margin="800000"))
    assert not known(holdings.account.reported_estimate)
    holdings.observe("USD_JPY", 149.99, 150.01)
    assert not known(holdings.account.reported_estimate)
    holdings.markets[BTC].quote_to_home = 150.0
    holdings.observe("USD_JPY", 149.99, 150.01)
    assert holdings.account.reported_estimate == 750000.0


def test_orders_that_are_out_stand_in_the_frames(holdings: Holdings, orders: Orders) -> None:
    assert holdings.positions["USD_JPY"].pending_long_units == 0.0
    orders.open(make_order("a", units="7000"), "d", "r", "entry", 1)
    orders.open(make_order("b", SHORT, units="3000"), "d", "r", "entry", 1)
    holdings.mirror_orders(orders, "USD_JPY")
    position = holdings.positions["USD_JPY"]
    assert (position.pending_long_units, position.pending_short_units) == (7000.0, 3000.0)
    assert (holdings.account.working_orders, holdings.account.unknown_orders) == (2, 0)


# --- restore --------------------------------------------------------------------------------------------------------


def frames_of(holdings: Holdings) -> str:
    """All that rules can see, as text."""
    rows: list[Any] = []
    for frame in (holdings.account, *holdings.positions.values(), *(trade.frame for trade in holdings.trades.values())):
        slots: Sequence[str] = type(frame).__slots__
        rows.append([str(getattr(frame, slot)) for slot in slots if slot not in {"m", "s", *COLLECTIONS}])
    rows.append([frame.id for frame in holdings.account.trades])
    return json.dumps(rows)


@pytest.mark.parametrize("mode", ["hedging", "netting"])
def test_restore_gives_the_same_to_the_bit(mode: Any) -> None:
    first = make_holdings(mode)
    play(
        first, make_fill("qr-1", LONG, "10000", "150.123", "t1", ts=5), make_fill("qr-2", LONG, "7", "151", "t2", ts=6)
    )
    first.apply(make_fill("", SHORT, "3000", "150", "m1", ts=7))
    play(first, make_fill("qr-3", SHORT, "4", "150", "t2", opens=False, ts=8))
    first.observe("USD_JPY", 150.1, 150.3)
    first.observe("USD_JPY", 149.7, 149.9)
    first.advance_stage(next(iter(first.trades)), "r#0")
    first.account_read(AccountRead(9, 9, Decimal("500000.10"), Decimal("61000")))
    second = make_holdings(mode)
    second.restore(json.loads(json.dumps(first.state())))
    assert json.dumps(second.state()) == json.dumps(first.state())
    assert frames_of(second) == frames_of(first)
    for each in (first, second):
        play(each, make_fill("qr-3", SHORT, "4", "150", "t2", opens=False, ts=8))
        play(each, make_fill("qr-4", SHORT, "3", "150", "t2", opens=False, ts=10))
        each.observe("USD_JPY", 150.2, 150.4)
    assert frames_of(second) == frames_of(first)
    assert json.dumps(second.state()) == json.dumps(first.state())


def test_a_restart_with_trades_in_several_instruments() -> None:
    """Whose a trade is doesn't wait for the frames of another instrument to be made."""
    first, second = make_holdings(), make_holdings()
    play(first, make_fill("qr-1", LONG, "100", "150", "t1"))
    play(first, make_fill("qr-2", SHORT, "3", "60000", "t2", instrument=BTC, ts=2))
    first.apply(make_fill("", SHORT, "5", "60000", "m1", instrument=BTC, ts=3))
    second.restore(json.loads(json.dumps(first.state())))
    assert [frame.id for frame in second.account.trades] == ["t1", "t2"]
    assert frames_of(second) == frames_of(first)


def test_a_margin_stated_before_the_book_is_there_waits_for_it() -> None:
    weights, markets = MarginWeights.of("max_side"), {name: MarketFrame() for name in INSTRUMENTS}
    holdings = Holdings(INSTRUMENTS, currency="JPY", mode="hedging", weights=weights, tags=TAGS, markets=markets)
    holdings.account_read(AccountRead(1, 1, Decimal(500_000), Decimal(61_000)))
    assert not known(holdings.account.reported_estimate)
    holdings.adopt(snapshot(margin="61000"))
    assert holdings.account.reported_estimate == 0.0  # no trade of ours


def test_a_side_is_a_word() -> None:
    assert Side.LONG.value == "long"


def test_cash_of_the_snapshot_s_own_instant_is_in_it_already(holdings: Holdings) -> None:
    holdings.adopt(snapshot(ts=100))
    holdings.cash(CashChange(100, 100, Decimal("-645.21"), "financing"))
    assert holdings.balance == 500_000
    holdings.cash(CashChange(101, 101, Decimal("-645.21"), "financing"))
    assert holdings.balance == Decimal("499354.79")
