"""Positions: what opened each side, what was added, and peaks that neither additions nor partial closes distort."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from ruleengine.market.interval import Timeframe
from ruleengine.model.addition import Addition
from ruleengine.model.unknown import known
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book.addition_days import AdditionDays
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.orders.orders import Orders
from tests.runtime.account import INSTRUMENTS, LONG, SHORT, make_fill, make_holdings, make_order, state_of

SECOND = 1_000_000_000
DAY = 86_400 * SECOND


def _opened(mode: str = "netting") -> Holdings:
    """10,000 at 150 with leverage 3."""
    holdings = make_holdings(mode)
    order = replace(make_order("qr-1", LONG, "10000"), leverage=Decimal(3))
    holdings.apply(make_fill("qr-1", LONG, "10000", "150", "t1", ts=5), order, "entry", "open")
    return holdings


def _added(holdings: Holdings, *, name: str = "qr-2", units: str = "5000", price: str = "153", ts: int = 60) -> None:
    order = replace(make_order(name, LONG, "5000"), leverage=Decimal(3))
    why = Addition(1, "signal s2", "new position", Decimal(7000), 0.7, 765_000.0, 3.0)
    holdings.apply(make_fill(name, LONG, units, price, f"t-{name}", ts=ts), order, "ladder", "scale-in", addition=why)


def test_an_opening_says_side_size_and_leverage() -> None:
    position = _opened().positions["USD_JPY"]
    assert (position.side, position.initial_units, position.leverage, position.additions) == ("long", 10000.0, 3.0, 0)
    assert not known(position.last_addition_at)


def test_partial_fills_of_the_opening_are_its_initial_size_and_no_addition() -> None:
    holdings = make_holdings("netting")
    for ts, units in ((5, "6000"), (6, "4000")):
        holdings.apply(
            make_fill("qr-1", LONG, units, "150", "t1", ts=ts), make_order("qr-1", LONG, "10000"), "entry", "r"
        )
    position = holdings.positions["USD_JPY"]
    assert (position.initial_units, position.additions) == (10000.0, 0)


def test_an_addition_in_parts_is_one_addition_and_its_history_is_kept() -> None:
    """SC-08. The average is (10,000 × 150 + 5,000 × 153) / 15,000 = 151."""
    holdings = _opened()
    _added(holdings, units="2000", ts=60)
    _added(holdings, units="3000", ts=61)
    position = holdings.positions["USD_JPY"]
    assert (position.additions, position.last_addition_at, position.average_price) == (1, 60, 151.0)
    assert (position.initial_units, position.first_entry_price, position.leverage) == (10000.0, 150.0, 3.0)
    opening = holdings.books.side("USD_JPY", LONG).history.last_addition()
    assert opening is not None
    assert opening.addition is not None
    assert (opening.rule, opening.kind, str(opening.units)) == ("scale-in", "ladder", "5000")
    assert opening.addition.coefficient == 0.7


def test_a_partial_close_leaves_the_history_as_it_is() -> None:
    holdings = _opened()
    _added(holdings)
    holdings.apply(make_fill("qr-3", SHORT, "12000", "154", "t1", opens=False, ts=70), None)
    position = holdings.positions["USD_JPY"]
    assert (position.additions, position.initial_units, position.first_entry_price) == (1, 10000.0, 150.0)


def test_a_new_position_begins_with_nothing_of_the_last_one() -> None:
    holdings = _opened()
    _added(holdings)
    for name, trade in (("qr-3", "t1"), ("qr-4", "t-qr-2")):
        units = "10000" if trade == "t1" else "5000"
        holdings.apply(make_fill(name, SHORT, units, "154", trade, opens=False, ts=70), None)
    position = holdings.positions["USD_JPY"]
    assert not any(known(getattr(position, slot)) for slot in ("side", "leverage", "best_price", "initial_units"))
    holdings.apply(
        make_fill("qr-5", SHORT, "1000", "154", "t5", ts=80), make_order("qr-5", SHORT, "1000"), "entry", "r"
    )
    assert (position.side, position.additions, position.initial_units) == ("short", 0, 1000.0)
    assert not known(position.leverage), "its order named none"


def test_peaks_are_prices_of_the_whole_position() -> None:
    """OPS-05: the best of the first 10,000 stays the best after an addition above it and a partial close."""
    holdings = _opened()
    position = holdings.positions["USD_JPY"]
    for bid in (151.0, 155.0, 149.0, 152.0):
        holdings.observe("USD_JPY", bid, bid + 0.1)
    assert (position.best_price, position.worst_price, position.best_price_since_addition) == (155.0, 149.0, 155.0)
    holdings.positions["USD_JPY"].m.bid, holdings.positions["USD_JPY"].m.ask = 152.0, 152.1
    _added(holdings)
    assert (position.best_price, position.best_price_since_addition) == (155.0, 152.0)
    holdings.observe("USD_JPY", 154.0, 154.1)
    holdings.apply(make_fill("qr-3", SHORT, "12000", "154", "t1", opens=False, ts=70), None)
    holdings.observe("USD_JPY", 153.0, 153.1)
    assert (position.best_price, position.best_price_since_addition, position.worst_price) == (155.0, 154.0, 149.0)


def test_gains_since_an_addition_begin_with_it_and_are_kept_from_there() -> None:
    """PY-03. 10,000 at 150, best 155: 5 over 150. 5,000 more at 153: the average is 151, and 152 is 1 over it."""
    holdings = _opened("hedging")
    position = holdings.positions["USD_JPY"]
    for bid in (155.0, 152.0):
        holdings.observe("USD_JPY", bid, bid + 0.1)
    assert position.best_gain == position.best_gain_since_addition == 5.0
    position.m.bid, position.m.ask = 152.0, 152.1
    _added(holdings, units="2000")
    holdings.observe("USD_JPY", 152.5, 152.6)
    _added(holdings, units="3000", ts=61)
    assert position.average_price == 151.0
    # 2,000 at 153 first: an average of 150.5, and 152.5 is 2 over that; 2 of 150.5 is 2 × 151 / 150.5 of 151
    assert position.best_gain_since_addition == pytest.approx(2 * 151 / 150.5)
    assert position.best_gain == pytest.approx(5 * 151 / 150)
    holdings.observe("USD_JPY", 153.5, 153.6)
    assert position.best_gain_since_addition == 2.5
    # what was added goes again: the average is 150, and nothing that was gained is taken back
    holdings.apply(make_fill("qr-3", SHORT, "5000", "153", "t-qr-2", opens=False, ts=70), None)
    position.m.bid = 153.0
    assert (position.average_price, position.best_gain_since_addition) == (150.0, 2.5)
    holdings.observe("USD_JPY", 153.25, 153.35)
    assert position.best_gain_since_addition == 3.25, "153.5 was 2.5 over the average of its time"
    assert position.best_gain == pytest.approx(5 * 151 / 150)
    _added(holdings, name="qr-4", price="153", ts=80)
    assert position.best_gain_since_addition == 2.0, "a second addition begins it anew: 153 over 151"


def test_gains_of_a_short_since_an_addition() -> None:
    """4,000 at 152 and 4,000 at 150: the average is 151. 149.5 to buy it back at is 1.5 below that."""
    holdings = make_holdings("netting")
    position = holdings.positions["USD_JPY"]
    for name, price, ts in (("qr-1", "152", 5), ("qr-2", "150", 6)):
        holdings.apply(make_fill(name, SHORT, "4000", price, name, ts=ts), make_order(name, SHORT), "entry", "r")
        holdings.observe("USD_JPY", float(price) - 3, float(price) - 2.5)
        holdings.observe("USD_JPY", 149.4, 149.5)
    # 152 − 149.5; then 151 − 147.5, and 149.5 is 2 above that
    assert (position.best_gain, position.best_gain_since_addition) == (3.5, 3.5)
    position.m.bid, position.m.ask = 149.4, 149.5
    holdings.apply(make_fill("qr-3", SHORT, "8000", "153", "t3", ts=7), make_order("qr-3", SHORT), "entry", "r")
    # (8,000 × 151 + 8,000 × 153) / 16,000 = 152, and 149.5 is 2.5 below it
    assert position.best_gain_since_addition == 2.5
    assert position.best_price_since_addition == 149.5


def test_a_state_from_before_gains_since_an_addition_were_kept() -> None:
    holdings = _opened()
    holdings.positions["USD_JPY"].m.bid, holdings.positions["USD_JPY"].m.ask = 152.0, 152.1
    _added(holdings)
    holdings.observe("USD_JPY", 154.0, 154.1)
    state = json.loads(json.dumps(holdings.state()))
    del state["sides"]["USD_JPY"]["long"]["best_gain_since_addition"]
    again = make_holdings("netting")
    again.restore(state)
    assert again.positions["USD_JPY"].best_gain_since_addition == 3.0  # 154 over an average of 151
    assert again.state() == holdings.state()


def test_both_sides_of_a_hedging_account_have_their_own() -> None:
    holdings = _opened("hedging")
    short = replace(make_order("qr-s", SHORT, "4000"), leverage=Decimal(5))
    holdings.apply(make_fill("qr-s", SHORT, "4000", "152", "s1", ts=50), short, "entry", "open")
    shared = holdings.positions["USD_JPY"]
    own = {side: holdings.books.side("USD_JPY", side).frame for side in (LONG, SHORT)}
    holdings.observe("USD_JPY", 151.0, 151.2)
    assert (shared.side, own[LONG].side, own[SHORT].side) == ("long", "long", "short")
    assert (shared.leverage, own[SHORT].leverage, own[SHORT].first_entry_price) == (3.0, 5.0, 152.0)
    assert (own[LONG].best_price, own[SHORT].best_price) == (151.0, 151.2)
    assert (own[SHORT].long_units, own[SHORT].short_units) == (10000.0, 4000.0)
    holdings.apply(make_fill("qr-x", SHORT, "10000", "153", "t1", opens=False, ts=60), None)
    assert (shared.side, shared.leverage, known(own[LONG].side)) == ("short", 5.0, False)


def test_all_of_it_survives_a_restart() -> None:
    holdings = _opened()
    _added(holdings)
    for bid in (155.0, 149.0):
        holdings.observe("USD_JPY", bid, bid + 0.1)
    again = make_holdings("netting")
    again.restore(json.loads(json.dumps(holdings.state())))
    before, after = holdings.positions["USD_JPY"], again.positions["USD_JPY"]
    slots = ("side", "additions", "initial_units", "leverage", "last_addition_at", "best_price", "worst_price",
             "best_price_since_addition", "best_gain", "best_gain_since_addition", "first_entry_price",
             "average_price")  # fmt: skip
    assert [getattr(after, slot) for slot in slots] == [getattr(before, slot) for slot in slots]
    assert again.books.side("USD_JPY", LONG).history == holdings.books.side("USD_JPY", LONG).history


@pytest.mark.parametrize(("is_numbered", "additions", "initial"), [(False, 1, 10000.0), (True, 0, 15000.0)])
def test_what_the_venue_has_beyond_what_was_heard(is_numbered: bool, additions: int, initial: float) -> None:
    """SC-19: more under the side's name is an addition that was not heard; of a numbered lot it is its own order's."""
    holdings, name = make_holdings("netting"), "t1" if is_numbered else "USD_JPY:long"
    holdings.adopt(VenueSnapshot(10, Decimal(500_000), Decimal(0), (state_of(name, opened_ns=5, leverage=Decimal(3)),)))
    position = holdings.positions["USD_JPY"]
    assert (position.leverage, position.initial_units) == (3.0, 10000.0)
    holdings.adopt(VenueSnapshot(20, Decimal(500_000), Decimal(0), (state_of(name, units="15000", opened_ns=5),)))
    assert (position.additions, position.initial_units, position.long_units) == (additions, initial, 15000.0)
    assert position.leverage == 3.0, "what a later statement doesn't say stays"


def test_a_lot_that_was_not_heard_of_is_what_its_order_says() -> None:
    """SC-08 over a crash: the order was on record, its fill was not heard, the venue states the lot."""
    holdings, orders = _opened(), Orders(INSTRUMENTS)
    days = holdings.openings.days = AdditionDays(Timeframe("d1"), holdings.books, is_read=True)
    days.turn(1)
    why = Addition(1, "signal s2", "new position", Decimal(7000), 0.7, 765_000.0, 3.0)
    orders.open(
        replace(make_order("qr-2", LONG, "5000"), leverage=Decimal(3)), "d", "scale-in", "ladder", 50, addition=why
    )
    trades = (
        state_of("t1", opened_ns=5, client_id="qr-1"),
        state_of("t2", units="5000", opened_ns=55, client_id="qr-2"),
    )
    holdings.adopt(VenueSnapshot(60, Decimal(500_000), Decimal(0), trades), orders=orders)
    last = holdings.books.side("USD_JPY", LONG).history.last_addition()
    assert last is not None
    assert (last.rule, last.kind, last.addition, holdings.positions["USD_JPY"].additions) == (
        "scale-in",
        "ladder",
        why,
        1,
    )
    assert days.count("USD_JPY", "scale-in") == 1


def test_additions_of_the_day_are_counted_over_positions_and_end_with_the_day() -> None:
    """PY-02: two positions in a day, one addition each; the day of this instrument here is that of UTC."""
    holdings = make_holdings("netting")
    days = holdings.openings.days = AdditionDays(Timeframe("d1"), holdings.books, is_read=True)
    assert days.turn(10 * DAY + 1) == 11 * DAY
    for number in range(2):
        base = 10 * DAY + number * 100
        for step, name in enumerate(("a", "b")):
            fill = make_fill(f"qr-{name}{number}", LONG, "1000", "150", f"t{name}{number}", ts=base + 10 + step)
            holdings.apply(fill, make_order(f"qr-{name}{number}", LONG, "1000"), "pyramid", "p")
        for name in ("a", "b"):
            close = make_fill(
                f"qr-x{name}{number}", SHORT, "1000", "150", f"t{name}{number}", opens=False, ts=base + 20
            )
            holdings.apply(close, None)
    position = holdings.positions["USD_JPY"]
    assert (position.additions_today, days.count("USD_JPY", "p"), days.count("USD_JPY", "other")) == (2, 2, 0)
    again = AdditionDays(Timeframe("d1"), holdings.books, is_read=True)
    again.restore(json.loads(json.dumps(days.state())))
    assert again.count("USD_JPY") == 2
    assert days.turn(11 * DAY) == 12 * DAY
    assert position.additions_today == 0


def test_what_opens_a_side_after_the_venue_stated_none_is_another_position() -> None:
    """Opened at 20, closed at 30, and at 100 the venue has nothing; what opens at 120 under the same name is as old as
    its own fill, and has its own strategy, stop and size."""
    holdings, name = make_holdings("netting"), "USD_JPY:long"
    first, out = (
        make_order("qr-1", strategy="M1Scalper", stop=Decimal(149)),
        make_order("qr-2", SHORT, is_reduce_only=True),
    )
    holdings.apply(make_fill("qr-1", LONG, "10000", "150", name, ts=20), first, "entry", "one")
    holdings.apply(make_fill("qr-2", SHORT, "10000", "151", name, opens=False, ts=30), out, "exit", "out")
    holdings.adopt(VenueSnapshot(100, Decimal(510_000), Decimal(0)))
    second = make_order("qr-3", strategy="Hedge", stop=Decimal(148))
    holdings.apply(make_fill("qr-3", LONG, "4000", "152", name, ts=120), second, "hedge_open", "two")
    trade = holdings.trades[name]
    assert (trade.opened_ns, trade.identity.strategy, trade.rule, trade.stop) == (120, "Hedge", "two", Decimal(148))
    assert (trade.frame.opened_at, trade.frame.units, trade.frame.initial_units) == (120, 4000.0, 4000.0)
