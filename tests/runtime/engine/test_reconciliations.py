"""The venue's whole book as an event: it becomes ours, what differed is said, an order that it lacks is unknown and no
more; two differences in a row keep openings back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import Fill, LinkChange, OperatorCommand, OrderStatus, Reconciliation
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.gate.contact import AWAY
from ruleengine.runtime.orders.states import OrderState
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders, trade

RULES = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 30s, then: close}}
"""


def reconcile(
    world: World, trades: Sequence[TradeState], *, at: float, of: float | None = None, balance: str = "500000",
    out: Sequence[str] = (),
) -> Audit:  # fmt: skip
    """The venue's book of the second `of`, heard at the second `at`."""
    ts = world._at(at)
    stated = ts if of is None else world._at(of)
    book = VenueSnapshot(stated, Decimal(balance), Decimal(0), tuple(trades), tuple(out))
    return world.feed(Reconciliation(ts, stated, book))


def codes(audit: Audit) -> list[tuple[str, str]]:
    return [(note.level, note.code) for note in audit.notes]


def units(world: World) -> list[float]:
    """Long and short."""
    return [float(each) for each in world.engine.holdings.side_units("USD_JPY")]


@pytest.fixture
def world() -> World:
    found = World(RULES, trades=(trade("1000", "157"),))
    found.quote(157.0, at=1)
    return found


def test_a_book_that_agrees_says_nothing_and_changes_nothing(world: World) -> None:
    before = {name: each.units for name, each in world.engine.holdings.trades.items()}
    assert codes(reconcile(world, [trade("1000", "157")], at=2)) == []
    assert {name: each.units for name, each in world.engine.holdings.trades.items()} == before


def test_a_book_of_a_quiet_account_is_as_old_as_its_last_change(world: World) -> None:
    """A venue dates its book by that: an order that it lacks is missed all the same, no clock is taken for wrong."""
    sent = order(world.quote(157.1, at=2))
    said = reconcile(world, [trade("1000", "157")], at=30, of=-1)
    assert codes(said) == [("alert", "RE515"), ("alert", "RE555")]
    later = reconcile(world, [trade("999", "157")], at=60, of=-1)
    assert [(each.code, each.ts) for each in later.notes] == [("RE564", world._at(60))], "noted when it was found"
    assert world.engine.orders.is_unknown(sent.id)


def test_what_differs_counts_and_is_said(world: World) -> None:
    """One unit less of trade 1, a manual trade that nobody told of, and 7 JPY more."""
    manual = TradeState("8", "USD_JPY", Side.SHORT, Decimal(500), Decimal("157.2"), T0)
    said = reconcile(world, [trade("999", "157"), manual], at=2, balance="500007")
    assert codes(said) == [("warning", "RE564"), ("warning", "RE564"), ("warning", "RE562")]
    assert units(world) == [999, 500]
    assert world.engine.holdings.balance == 500007


def test_an_exit_works_on_the_book_that_was_adopted_and_on_nothing_that_is_gone(world: World) -> None:
    """Trade 1 is gone, trade 2 is there: −10 pips close 2 of 2_000 units, and nothing of trade 1."""
    reconcile(world, [trade("2000", "157", name="2")], at=2)
    closing = order(world.quote(156.9, at=3))
    assert (closing.trade_id, float(closing.units)) == ("2", 2000)


def test_a_reconciliation_proposes_nothing_by_itself_but_a_timer_looks_soon_after(world: World) -> None:
    """A trade at 157.2 is 20 pips down at 157.0, which was heard a second before: its exit acts with the timer, should
    no price come."""
    audit = reconcile(world, [trade("1000", "157"), trade("700", "157.2", name="2")], at=2)
    assert orders(audit) == []
    assert world.engine.next_timer_ns() == T0 + 3 * SECOND
    assert order(world.timer(at=3)).trade_id == "2"


def test_the_first_event_may_be_a_reconciliation_and_no_exit_acts_without_a_price() -> None:
    world = World(RULES)
    assert orders(reconcile(world, [trade("1000", "158")], at=1)) == []
    assert orders(world.timer(at=2)) == [], "a price that nobody heard of is no loss of a hundred pips"
    assert order(world.quote(157.0, at=2.5)).trade_id == "1"


def test_a_book_older_than_a_fill_that_we_counted_is_left_out(world: World) -> None:
    """The fill of second 3 is not in the venue's book of second 2.9, which is heard at 3.2."""
    sent = order(world.quote(157.1, at=2))
    world.fill(sent, 157.1, trade_id="2", at=3)
    said = reconcile(world, [trade("1000", "157")], at=3.2, of=2.9)
    assert codes(said) == [("info", "RE516")]
    assert units(world) == [4000, 0]
    mine = trade("3000", "157.1", name="2", client_id=sent.id, opened_s=3)
    assert codes(reconcile(world, [trade("1000", "157"), mine], at=4, of=3.5)) == []
    assert units(world) == [4000, 0]


def test_of_fills_at_its_own_instant_a_book_names_those_that_it_has(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    ts = world._at(3)
    world.feed(Fill(ts, ts, "USD_JPY", sent.id, Side.LONG, sent.units, Decimal("157.1"), "2", True, fill_id="f1"))
    old = VenueSnapshot(ts, Decimal(500000), Decimal(0), (trade("1000", "157"),))
    assert codes(world.feed(Reconciliation(ts + 1, ts, old))) == [("info", "RE516")]
    mine = trade("3000", "157.1", name="2", client_id=sent.id, opened_s=3)
    new = VenueSnapshot(ts, Decimal(500000), Decimal(0), (trade("1000", "157"), mine), counted=("f1",))
    assert codes(world.feed(Reconciliation(ts + 2, ts, new))) == []


def test_a_fill_that_the_book_had_before_we_heard_of_it_counts_once(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    mine = trade("3000", "157.1", name="2", client_id=sent.id, opened_s=3)
    reconcile(world, [trade("1000", "157"), mine], at=4)
    ts = world._at(5)
    world.feed(
        Fill(ts, T0 + 3 * SECOND, "USD_JPY", sent.id, Side.LONG, sent.units, Decimal("157.1"), "2", True, fill_id="f1")
    )
    assert units(world) == [4000, 0]
    record = world.engine.orders.get(sent.id)
    assert record is not None
    assert record.state is OrderState.FILLED


# --- orders that are out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "is_looked_for"), [(6.9, False), (7.1, True)])
def test_an_order_that_the_list_lacks_is_unknown_once_it_should_have_arrived(
    world: World, at: float, is_looked_for: bool
) -> None:
    """Sent at second 2; five seconds are left to it."""
    sent = order(world.quote(157.1, at=2))
    said = reconcile(world, [trade("1000", "157")], at=at)
    record = world.engine.orders.get(sent.id)
    assert record is not None
    assert (record.state is OrderState.UNKNOWN) is is_looked_for
    assert (("alert", "RE515") in codes(said)) is is_looked_for
    assert world.engine.holdings.account.unknown_orders == is_looked_for


def test_it_is_never_taken_for_absent_and_counts_in_full(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    for at in (30, 60, 90):
        reconcile(world, [trade("1000", "157")], at=at)
    assert [each.order.id for each in world.engine.orders.unknown()] == [sent.id]
    assert world.engine.orders.pending_units("USD_JPY")[0] == 3000


def test_an_order_heard_of_just_now_is_left_alone(world: World) -> None:
    """The list may have been made before."""
    sent = order(world.quote(157.1, at=2))
    world.update(sent, OrderStatus.ACCEPTED, at=20)
    reconcile(world, [trade("1000", "157")], at=24.9)
    record = world.engine.orders.get(sent.id)
    assert record is not None
    assert record.state is OrderState.ACKED


def test_a_working_order_that_the_list_lacks_is_unknown_until_it_is_answered_for(world: World) -> None:
    """Our own time limit after an ack changes nothing; a list without it does."""
    sent = order(world.quote(157.1, at=2))
    world.update(sent, OrderStatus.ACCEPTED, at=3)
    reconcile(world, [trade("1000", "157")], at=30)
    assert world.engine.orders.is_unknown(sent.id)
    world.update(sent, OrderStatus.CANCELLED, at=31)
    record = world.engine.orders.get(sent.id)
    assert record is not None
    assert record.state is OrderState.CANCELLED


@pytest.mark.parametrize("by", ["client id", "venue's number"])
def test_an_order_that_the_list_has_is_accepted(world: World, by: str) -> None:
    sent = order(world.quote(157.1, at=2))
    world.update(sent, OrderStatus.UNKNOWN, at=3)
    record = world.engine.orders.get(sent.id)
    assert record is not None
    record.venue_id = "77"
    said = reconcile(world, [trade("1000", "157")], at=4, out=[sent.id if by == "client id" else "77"])
    assert record.state is OrderState.ACKED
    assert ("info", "RE556") in codes(said)


def test_exits_of_what_is_left_go_on_while_an_entry_is_unknown(world: World) -> None:
    order(world.quote(157.1, at=2))
    reconcile(world, [trade("1000", "157")], at=30)
    assert order(world.quote(156.9, at=31)).trade_id == "1"


# --- books that differ ------------------------------------------------------------------------------------------------


def test_one_difference_keeps_nothing_back_two_in_a_row_do(world: World) -> None:
    """999 for 1_000, then 998 for 999: fills are not heard."""
    reconcile(world, [trade("999", "157")], at=2)
    assert order(world.quote(157.1, at=3)).units == 3000
    world.update(order_of(world), OrderStatus.REJECTED, at=4)
    said = reconcile(world, [trade("998", "157")], at=5)
    assert ("alert", "RE511") in codes(said)
    refused = decision(world.quote(157.11, at=8))
    assert (refused.code, refused.first_blocker) == ("RE511", "limits.books")
    assert "USD_JPY:long 999 here, 998 there" in refused.message
    assert order(world.quote(156.9, at=9)).is_reduce_only


def order_of(world: World) -> Order:
    return next(iter(world.engine.orders.live())).order


def test_a_reconciliation_that_agrees_lets_openings_through(world: World) -> None:
    reconcile(world, [trade("999", "157")], at=2)
    reconcile(world, [trade("998", "157")], at=3)
    assert ("info", "RE514") in codes(reconcile(world, [trade("998", "157")], at=4))
    assert order(world.quote(157.1, at=5)).units == 3000


def test_differences_with_one_that_agrees_between_them_are_not_in_a_row(world: World) -> None:
    reconcile(world, [trade("999", "157")], at=2)
    reconcile(world, [trade("999", "157")], at=3)
    said = reconcile(world, [trade("998", "157")], at=4)
    assert ("alert", "RE511") not in codes(said)


@pytest.mark.parametrize(("reason", "goes_on"), [("looked at the venue", True), ("", False)])
def test_a_human_lets_them_through_with_a_reason(world: World, reason: str, goes_on: bool) -> None:
    reconcile(world, [trade("999", "157")], at=2)
    reconcile(world, [trade("998", "157")], at=3)
    world.feed(OperatorCommand(world._at(4), "resume", "me", reason, {}))
    assert (len(orders(world.quote(157.1, at=5))) == 1) is goes_on


def test_a_restart_does_not_forget_that_books_differ(world: World) -> None:
    reconcile(world, [trade("999", "157")], at=2)
    world.restart()
    reconcile(world, [trade("998", "157")], at=3)
    world.restart()
    assert decision(world.quote(157.1, at=4)).code == "RE511"


def test_what_happened_while_the_engine_was_away_is_no_fill_that_was_not_heard(world: World) -> None:
    """The last book of a run, and the first of the next, which has what was sent before it was read."""
    reconcile(world, [trade("999", "157")], at=2)
    world.restart()
    world.feed(LinkChange(world._at(3), world._at(3), "account", False, AWAY))
    assert codes(reconcile(world, [trade("500", "157")], at=4)) == [("warning", "RE564")]
    world.feed(LinkChange(world._at(4), world._at(4), "account", True, "connected anew"))
    assert order(world.quote(157.1, at=5)).units == 3000
    assert ("alert", "RE511") in codes(reconcile(world, [trade("400", "157")], at=6))


def test_a_share_is_taken_of_the_whole_that_filled_meanwhile() -> None:
    """An entry of 3,000 that was out as the run was killed: its fills of 500 and 2,500 are told one by one at the next
    start. Half of the trade is 1,500, not 250; and it is taken once the book was read, on a price that was heard."""
    world = World(
        """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
exits:
  - id: scale-out
    for_each: trade
    stages: [{when: trade.pnl_pips >= 5pips, close: 50%}]
    on_unknown: {wait: 30s, then: close}
"""
    )
    entry = order(world.quote(157.10, at=1))
    world.restart()
    world.feed(LinkChange(world._at(2), world._at(2), "account", False, AWAY))
    for units, is_last in (("500", False), ("2500", True)):
        assert not orders(world.fill(entry, 157.0, units=units, trade_id="101", is_last=is_last, at=2))
        assert not orders(world.timer(at=2))
    whole = TradeState("101", "USD_JPY", Side.LONG, Decimal(3000), Decimal(157), world._at(2), client_id=entry.id)
    assert not orders(reconcile(world, [whole], at=2))
    world.feed(LinkChange(world._at(2), world._at(2), "account", True, "connected anew"))
    taken = order(world.quote(157.10, at=3))
    assert (taken.trade_id, taken.units, taken.is_reduce_only) == ("101", Decimal(1500), True)


def test_books_that_differed_agree_again_at_the_first_of_a_start(world: World) -> None:
    reconcile(world, [trade("999", "157")], at=2)
    reconcile(world, [trade("998", "157")], at=3)
    world.restart()
    world.feed(LinkChange(world._at(4), world._at(4), "account", False, AWAY))
    assert ("info", "RE514") in codes(reconcile(world, [trade("998", "157")], at=5))


def test_a_balance_that_differs_keeps_nothing_back(world: World) -> None:
    """Financing that was not told of is money, and no unit."""
    reconcile(world, [trade("1000", "157")], at=2, balance="499000")
    reconcile(world, [trade("1000", "157")], at=3, balance="498000")
    assert order(world.quote(157.1, at=4)).units == 3000


def test_books_that_go_on_differing_alarm_once(world: World) -> None:
    """Each has a unit less than the one before, which was adopted: the second alarms; one that agrees ends it."""
    said = [codes(reconcile(world, [trade(str(1000 - n), "157")], at=2 + n)) for n in (1, 2, 3, 4, 4)]
    assert [("alert", "RE511") in each for each in said] == [False, True, False, False, False]
    assert said[-1] == [("info", "RE514")]


# --- a clock that was wrong -------------------------------------------------------------------------------------------


def test_a_stamp_of_the_future_keeps_no_fill_and_no_book_out() -> None:
    """A book that is stamped an hour ahead. What is bought after it is counted, so `max_open: 1` holds; the next book
    is the newer one, though its stamp is the smaller."""
    world = World(RULES)
    reconcile(world, [], at=1, of=3_601)
    sent = order(world.quote(157.1, at=3))
    assert codes(world.fill(sent, 157.1, trade_id="7", at=4)) == []
    assert units(world) == [3000, 0]
    assert orders(world.quote(157.1, at=5)) == []
    assert codes(reconcile(world, [trade("3000", "157.1", name="7", strategy="TrendMA")], at=6)) == []
    world.restart()
    assert codes(reconcile(world, [], at=7)) == [("warning", "RE563")]
    assert units(world) == [0, 0]


def test_after_a_fill_that_was_stamped_in_the_future_books_are_heard(world: World) -> None:
    """The clock that stamped it is right again by the next fill, of an order that was sent after it."""
    sent = order(world.quote(157.1, at=2))
    ts = world._at(3)
    world.feed(Fill(ts, world._at(3_603), "USD_JPY", sent.id, Side.LONG, sent.units, Decimal("157.1"), "7", True))
    exits = orders(world.quote(156.9, at=4))
    for number, each in enumerate(exits):
        world.fill(each, 156.9, at=5 + number)
    assert units(world) == [0, 0]
    assert codes(reconcile(world, [], at=9)) == []


def test_a_book_that_comes_long_after_the_last_news_is_newer_than_they_are(world: World) -> None:
    """Nothing of ours was sent since, so that only our own clock tells: no question takes two minutes."""
    reconcile(world, [trade("1000", "157")], at=2, of=3_602)
    assert codes(reconcile(world, [], at=122)) == [("info", "RE516")]
    assert codes(reconcile(world, [], at=123)) == [("warning", "RE563")]
    assert units(world) == [0, 0]


def test_the_book_of_a_start_is_the_newest_whatever_it_is_stamped(world: World) -> None:
    """The machine's clock was ahead and was put right while the engine was away; the line was lost before it went."""
    reconcile(world, [trade("1000", "157")], at=2, of=602)
    ts = world._at(3)
    world.feed(LinkChange(ts, ts, "account", False, "no answer"))
    world.restart()
    world.feed(LinkChange(ts, ts, "account", False, AWAY))
    assert codes(reconcile(world, [], at=4)) == [("warning", "RE563")]
    assert units(world) == [0, 0]
