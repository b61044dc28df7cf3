"""Ours and somebody else's on one side of an account that nets: two trades, and ours alone is ever sold (FX-16)."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.event import Fill
from ruleengine.model.order import Order
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.orders.orders import Orders
from tests.runtime.account import INSTRUMENTS, LONG, SHORT, make_fill, make_holdings, make_order, state_of

SIDE = "USD_JPY:long"
OURS = make_order("qr-1", units="1000")
EXIT = make_order("qr-2", SHORT, units="1000", is_reduce_only=True)


def ours(holdings: Holdings, units: str = "1000", *, name: str = SIDE, price: str = "152", ts: int = 20) -> None:
    holdings.apply(make_fill("qr-1", LONG, units, price, name, ts=ts), OURS, "entry", "take")


def manual(holdings: Holdings, units: str = "5000", *, name: str = SIDE, price: str = "150", ts: int = 10) -> list[str]:
    return [note.code for note in holdings.apply(make_fill("web-1", LONG, units, price, name, ts=ts))]


def sells(holdings: Holdings, units: str, order: Order | None, *, name: str = SIDE, ts: int = 30, **more: Any) -> Fill:
    who = "web-2" if order is None else order.id
    fill = make_fill(more.pop("order_id", who), SHORT, units, "151", name, opens=False, ts=ts, **more)
    holdings.apply(fill, order, "" if order is None else "exit", "" if order is None else "out")
    return fill


def both(holdings: Holdings) -> tuple[int, int]:
    """(ours, everybody's) long units; the frames say the same."""
    own, held = holdings.side_units("USD_JPY", own=True)[0], holdings.side_units("USD_JPY")[0]
    position = holdings.positions["USD_JPY"]
    assert (position.side_units, position.long_units) == (float(own), float(held))
    return int(own), int(held)


def stated(units: str, *, at: int = 100, opened: int = 10, name: str = SIDE, **more: Any) -> VenueSnapshot:
    state = TradeState(name, "USD_JPY", LONG, Decimal(units), Decimal(150), opened, **more)
    return VenueSnapshot(at, Decimal(500_000), Decimal(0), (state,))


@pytest.fixture
def shared() -> Holdings:
    """5,000 manual at 150, then 1,000 of ours at 152, on a venue that numbers nothing."""
    holdings = make_holdings("netting")
    assert manual(holdings) == ["RE568"]
    ours(holdings)
    return holdings


# --- fills ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mine", "theirs"), [(SIDE, SIDE), ("o1", "m1")])
@pytest.mark.parametrize("is_ours_first", [False, True])
def test_each_owner_has_a_trade(mine: str, theirs: str, is_ours_first: bool) -> None:
    holdings = make_holdings("netting")
    if is_ours_first:
        ours(holdings, name=mine, ts=5)
    manual(holdings, name=theirs)
    if not is_ours_first:
        ours(holdings, name=mine)
    own = holdings.trades[SIDE].frame
    assert (own.units, own.entry_price, own.initial_units, own.owner) == (1000.0, 152.0, 1000.0, "engine")
    rest = holdings.trades[f"{SIDE}:manual"].frame
    assert (rest.units, rest.entry_price, rest.owner, rest.strategy) == (5000.0, 150.0, "manual", "unknown")
    assert [frame.id for frame in holdings.account.trades] == [SIDE]
    position = holdings.positions["USD_JPY"]
    assert (position.side, position.first_entry_price, position.average_price) == ("long", 152.0, 152.0)
    assert both(holdings) == (1000, 6000)


@pytest.mark.parametrize("name", [SIDE, "m1", "o1"])
def test_our_exit_takes_our_units_whatever_lot_the_venue_closes(name: str) -> None:
    holdings = make_holdings("netting")
    manual(holdings, name=SIDE if name == SIDE else "m1")
    ours(holdings, name=SIDE if name == SIDE else "o1")
    sells(holdings, "400", EXIT, name=name)
    assert both(holdings) == (600, 5600)
    sells(holdings, "600", EXIT, name=name, ts=31)
    assert both(holdings) == (0, 5000)
    assert [(each.id, each.units, each.rule) for each in holdings.account.closed] == [(SIDE, 1000.0, "out")]


def test_numbers_that_stand_for_other_units_here_and_there() -> None:
    """Our exit went off m1 at the venue; then they sell all of their 1,000, which is o1 there and m1 here."""
    holdings = make_holdings("netting")
    manual(holdings, "1000", name="m1")
    ours(holdings, name="o1")
    sells(holdings, "1000", EXIT, name="m1")
    sells(holdings, "1000", None, name="o1", ts=31)
    assert both(holdings) == (0, 0)


def test_what_somebody_sells_is_theirs_first_then_ours(shared: Holdings) -> None:
    """4,000 of 5,000; then 1,500 of the 1,000 that are left and of ours."""
    sells(shared, "4000", None)
    assert both(shared) == (1000, 2000)
    sells(shared, "1500", None, ts=31)
    assert both(shared) == (500, 500)


def test_the_money_of_a_shared_reduction_is_counted_once(shared: Holdings) -> None:
    """5,500 sold for 6,000 JPY with 11 JPY of fee: ours has 500 / 5,500 of both."""
    sells(shared, "5500", None, realised=Decimal(6000), fee=Decimal(11))
    assert shared.balance == 505_989
    sells(shared, "500", EXIT, ts=31, realised=Decimal(-500))
    (closed,) = shared.account.closed
    assert closed.pnl == pytest.approx(6000 * 500 / 5500 - 500)


@pytest.mark.parametrize("reason", ["stop", "target", "protection"])
def test_a_stop_that_the_venue_has_on_our_lot_is_ours(reason: str) -> None:
    """OKX says only that it was one of the two."""
    holdings = make_holdings("netting")
    manual(holdings)
    order = make_order("qr-1", units="1000", stop=Decimal(149))
    holdings.apply(make_fill("qr-1", LONG, "1000", "152", SIDE, ts=20), order, "entry", "take")
    sells(holdings, "1000", None, order_id="", reason=reason)
    assert both(holdings) == (0, 5000)


def test_our_close_before_our_opening_takes_nothing_manual() -> None:
    holdings = make_holdings("netting")
    manual(holdings)
    sells(holdings, "1000", EXIT, name="o1", ts=30)
    assert holdings.side_units("USD_JPY")[0] == 5000
    ours(holdings, name="o1", ts=20)
    assert both(holdings) == (0, 5000)


def by_side(first: str) -> Holdings:
    """A hedging account whose venue numbers a side and no trade of it, as OKX's in long/short mode."""
    holdings = make_holdings("hedging")
    for each in (manual, ours) if first == "manual" else (ours, manual):
        each(holdings)
    return holdings


@pytest.mark.parametrize("first", ["manual", "ours"])
def test_a_side_under_one_number_is_shared_where_the_account_hedges(first: str) -> None:
    """Each owner has a trade; an exit of ours takes 600 of 1,000, a person's order of 5,100 takes 100 of ours."""
    holdings = by_side(first)
    assert {trade.id: int(trade.units) for trade in holdings.trades.values()} == {SIDE: 1000, f"{SIDE}:manual": 5000}
    sells(holdings, "600", replace(EXIT, units=Decimal(600), trade_id=SIDE))
    assert [int(each[0]) for each in (holdings.side_units("USD_JPY", own=True), holdings.side_units("USD_JPY"))] == [
        400, 5400,
    ]  # fmt: skip
    sells(holdings, "5100", None, ts=31)
    assert {trade.id: int(trade.units) for trade in holdings.trades.values()} == {SIDE: 300}


@pytest.mark.parametrize("first", ["manual", "ours"])
def test_the_book_read_again_keeps_both_owners_where_the_account_hedges(first: str) -> None:
    holdings = by_side(first)
    holdings.adopt(stated("6000"))
    assert {trade.id: int(trade.units) for trade in holdings.trades.values()} == {SIDE: 1000, f"{SIDE}:manual": 5000}
    again = make_holdings("hedging")
    again.restore(json.loads(json.dumps(holdings.state())))
    assert {trade.id: int(trade.units) for trade in again.trades.values()} == {SIDE: 1000, f"{SIDE}:manual": 5000}


def test_an_exit_beyond_what_we_heard_open_takes_nothing_manual(shared: Holdings) -> None:
    """1,000 are known, 1,500 are closed: 500 more of ours opened, and their fill is heard later."""
    sells(shared, "1500", EXIT)
    assert shared.side_units("USD_JPY")[0] == 5000
    ours(shared, "500", ts=25)
    assert both(shared) == (0, 5000)


@pytest.mark.parametrize("is_theirs", [False, True])
def test_a_close_of_nobody_known_waits_for_its_opening(is_theirs: bool) -> None:
    holdings = make_holdings("netting")
    sells(holdings, "1000", None, order_id="", ts=30)
    if is_theirs:
        manual(holdings, "1000", ts=20)
    else:
        ours(holdings, "1000", ts=20)
    assert both(holdings) == (0, 0)


def test_an_entry_of_ours_that_nets_against_somebody_elses_leaves_us_flat() -> None:
    """Not a reduction by intent: the venue set our short against their long."""
    holdings = make_holdings("netting")
    manual(holdings)
    sells(holdings, "1000", make_order("qr-3", SHORT, units="1000"))
    assert both(holdings) == (0, 4000)


def test_ours_turns_while_theirs_is_gone(shared: Holdings) -> None:
    sells(shared, "5000", None)
    sells(shared, "1000", EXIT, ts=31)
    turn = make_fill("qr-3", SHORT, "700", "151", "USD_JPY:short", ts=32)
    shared.apply(turn, make_order("qr-3", SHORT, units="700"), "entry", "take")
    assert list(shared.trades) == ["USD_JPY:short"]
    assert shared.positions["USD_JPY"].side == "short"


# --- the venue's book -------------------------------------------------------------------------------------------------


def test_the_same_size_leaves_both_as_they_are(shared: Holdings) -> None:
    """6,000 at 150.3333 in all: 152 × 1,000 + 150 × 5,000 = 902,000; the rest is told at what is left of the cost."""
    shared.adopt(stated("6000"))
    assert both(shared) == (1000, 6000)
    assert shared.trades[SIDE].frame.entry_price == 152.0
    assert shared.trades[f"{SIDE}:manual"].frame.entry_price == pytest.approx((150 * 6000 - 152 * 1000) / 5000)


@pytest.mark.parametrize(("left", "mine"), [("4000", 1000), ("1000", 1000), ("400", 400)])
def test_what_is_gone_is_manual_first_and_ours_is_never_more_than_there_is(
    shared: Holdings, left: str, mine: int
) -> None:
    (told,) = [note.message for note in shared.adopt(stated(left)) if note.code == "RE558"]
    gone = f"{6000 - int(left) - (1000 - mine)} manual, {1000 - mine} ours"
    assert told == f"`{SIDE}`: 6000 in our book, {left} at the venue; taken to be gone: {gone}"
    assert both(shared) == (mine, int(left))


def test_what_our_exit_that_is_out_may_have_taken_is_ours(shared: Holdings) -> None:
    orders = Orders(INSTRUMENTS)
    orders.open(EXIT, "d", "out", "exit", 25)
    shared.adopt(stated("5000"), orders=orders)
    assert both(shared) == (0, 5000)
    sells(shared, "1000", EXIT, ts=30)  # its fill, told after the book
    assert both(shared) == (0, 5000)


def test_more_than_we_know_of_is_manual() -> None:
    holdings = make_holdings("netting")
    ours(holdings)
    holdings.adopt(stated("6000", opened=20, client_id="qr-1"))
    assert both(holdings) == (1000, 6000)
    assert holdings.trades[SIDE].frame.entry_price == 152.0


def test_more_of_an_order_of_ours_that_is_out_is_ours(shared: Holdings) -> None:
    orders = Orders(INSTRUMENTS)
    orders.open(make_order("qr-9", units="500"), "d", "add", "pyramid", 25)
    shared.adopt(stated("6500"), orders=orders)
    assert both(shared) == (1500, 6500)


def test_ours_beside_theirs_that_only_the_book_told_of() -> None:
    holdings, orders = make_holdings("netting"), Orders(INSTRUMENTS)
    manual(holdings)
    orders.open(make_order("qr-9", units="500"), "d", "take", "entry", 25)
    holdings.adopt(stated("5500"), orders=orders)
    assert both(holdings) == (500, 5500)
    assert holdings.positions["USD_JPY"].side == "long"


def _entered(*units: str) -> tuple[Holdings, Orders]:
    """Flat, and entries out of which nothing was heard."""
    holdings, orders = make_holdings("netting"), Orders(INSTRUMENTS)
    for number, each in enumerate(units):
        entry = make_order(f"qr-{9 + number}", units=each, strategy="M1Scalper", pocket="micro")
        orders.open(entry, f"d{number}", "take", "entry", 25 + number)
    return holdings, orders


@pytest.mark.parametrize(("there", "mine"), [("500", 500), ("200", 200), ("700", 500)])
def test_a_position_that_the_book_tells_of_first_is_of_our_entry_that_is_out(there: str, mine: int) -> None:
    """As of a run that ends before it hears its fill: what is nobody's in the record is closed by nobody."""
    holdings, orders = _entered("500")
    holdings.adopt(stated(there, opened=30), orders=orders)
    assert both(holdings) == (mine, int(there))
    frame = holdings.trades[SIDE].frame
    assert (frame.owner, frame.strategy, frame.pocket, frame.opened_by) == ("engine", "M1Scalper", "micro", "entry")
    entry = orders.get("qr-9")
    assert entry is not None
    holdings.apply(make_fill("qr-9", LONG, str(mine), "150", SIDE, ts=30), entry.order, "entry", "take")
    assert both(holdings) == (mine, int(there))
    opening = holdings.books.side("USD_JPY", LONG).history.openings["qr-9"]
    assert (opening.rule, int(opening.units)) == ("take", mine)
    sells(holdings, str(mine), EXIT, ts=150)
    assert both(holdings) == (0, int(there) - mine)
    assert [(each.id, each.units) for each in holdings.account.closed] == [(SIDE, float(mine))]


@pytest.mark.parametrize(("before", "there"), [(False, "500"), (True, "1500")])
def test_what_appears_beside_an_entry_that_the_same_book_has_as_still_out_is_manual(before: bool, there: str) -> None:
    """A limit order of 500 rests unfilled, and a human buys 500 while no engine runs. The order's own fill comes later:
    only that is ours to sell."""
    holdings, orders = _entered("500")
    mine = 1000 if before else 0
    if before:
        ours(holdings)
    book = replace(stated(there, opened=20), open_orders=("qr-9",))
    holdings.adopt(book, orders=orders)
    assert both(holdings) == (mine, int(there))
    assert "qr-9" not in holdings.books.side("USD_JPY", LONG).history.openings
    entry = orders.get("qr-9")
    assert entry is not None
    holdings.apply(make_fill("qr-9", LONG, "500", "149", SIDE, ts=200), entry.order, "entry", "take")
    assert both(holdings) == (mine + 500, int(there) + 500)


def test_a_fill_that_the_book_had_though_its_order_was_still_listed_is_ours_when_it_is_told() -> None:
    """The list was read a moment before the position."""
    holdings, orders = _entered("500")
    holdings.adopt(replace(stated("500", opened=30), open_orders=("qr-9",)), orders=orders)
    assert both(holdings) == (0, 500)
    entry = orders.get("qr-9")
    assert entry is not None
    for units, before in (("200", 0), ("300", 200)):
        fill = make_fill("qr-9", LONG, units, "150", SIDE, ts=30, fill_id=units)
        holdings.apply(fill, entry.order, "entry", "take", filled=Decimal(before))
    assert both(holdings) == (500, 500)
    assert holdings.trades[SIDE].frame.owner == "engine"
    assert int(holdings.books.side("USD_JPY", LONG).history.openings["qr-9"].units) == 500


def test_of_two_entries_that_are_out_both_stand_in_the_history() -> None:
    holdings, orders = _entered("500", "300")
    holdings.adopt(stated("800", opened=30), orders=orders)
    assert both(holdings) == (800, 800)
    history = holdings.books.side("USD_JPY", LONG).history
    assert [(name, int(each.units)) for name, each in history.openings.items()] == [("qr-9", 500), ("qr-10", 300)]
    assert history.additions() == 1


def test_a_late_fill_takes_its_units_back_from_manual() -> None:
    """Nothing of the order is known when the book is read; its fill is told after it."""
    holdings = make_holdings("netting")
    ours(holdings)
    holdings.adopt(stated("1500", opened=20))
    assert both(holdings) == (1000, 1500)
    late = make_fill("qr-9", LONG, "500", "153", SIDE, ts=50)
    holdings.apply(late, make_order("qr-9", units="500"), "pyramid", "add")
    assert both(holdings) == (1500, 1500)
    sells(holdings, "1500", EXIT, ts=150)
    assert [(each.id, each.units) for each in holdings.account.closed] == [(SIDE, 1500.0)]


def test_numbered_lots_that_the_venue_closed_in_its_own_order() -> None:
    """Our exit of 1,000 came off lot m1 at the venue, which was the older one: 4,000 of m1 and o1 whole are left, and
    all of it is manual."""
    holdings = make_holdings("netting")
    manual(holdings, name="m1")
    ours(holdings, name="o1")
    sells(holdings, "1000", EXIT, name="m1")
    left = (
        state_of("m1", units="4000", opened_ns=10, client_id="web-1", tag="", pocket=""),
        state_of("o1", units="1000", price="152", opened_ns=20),
    )
    for at in (100, 200):
        holdings.adopt(VenueSnapshot(at, Decimal(500_000), Decimal(0), left))
        assert both(holdings) == (0, 5000)
    holdings.resolve_anew()  # as a restart does: the lot has a client id of ours at the venue, and is not
    assert both(holdings) == (0, 5000)
    assert holdings.trades.keys() == {f"{SIDE}:manual"}


def test_numbered_lots_at_the_start_are_their_own() -> None:
    holdings = make_holdings("netting")
    first = (state_of("m1", units="5000", client_id="web-1", tag="", pocket=""), state_of("o1", units="1000"))
    holdings.adopt(VenueSnapshot(5, Decimal(500_000), Decimal(0), first))
    assert both(holdings) == (1000, 6000)


# --- state ------------------------------------------------------------------------------------------------------------


def test_a_restart_keeps_whose_is_whose(shared: Holdings) -> None:
    shared.observe("USD_JPY", 153.0, 153.1)
    shared.advance_stage(SIDE, "out#0")
    again = make_holdings("netting")
    again.restore(json.loads(json.dumps(shared.state())))
    assert again.state() == shared.state()
    for each in (shared, again):
        sells(each, "300", EXIT, ts=40)
        each.adopt(stated("5700"))
    assert both(again) == both(shared) == (700, 5700)
    assert again.has_stage(SIDE, "out#0")
    assert again.trades[SIDE].frame.best_price == shared.trades[SIDE].frame.best_price == 153.0


def test_an_older_state_in_which_the_earliest_lot_owned_the_side() -> None:
    """m1 manual, then o1 of ours: one manual trade then; ours has its own from here on, and its history."""
    holdings = make_holdings("netting")
    manual(holdings, name="m1")
    ours(holdings, name="o1")
    state = json.loads(json.dumps(holdings.state()))
    for lot in state["lots"]:
        lot["id"] = lot["id"].removesuffix(":manual")
        del lot["number"], lot["is_sent"]
    state["trades"] = [{**row, "id": SIDE} for row in state["trades"] if row["who"][0] == "manual"]
    state["sides"] = {}
    again = make_holdings("netting")
    again.restore(state)
    again.resolve_anew()
    assert both(again) == (1000, 6000)
    assert set(again.trades) == {SIDE, f"{SIDE}:manual"}
    position = again.positions["USD_JPY"]
    assert (position.side, position.first_entry_price, position.additions) == ("long", 152.0, 0)
