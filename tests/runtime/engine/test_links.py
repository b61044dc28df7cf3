"""A venue that is not heard, or whose clock is another one: nothing is added, exits go on, and all of it is kept over a
restart."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import Fill, LinkChange, OperatorCommand, OrderStatus, OrderUpdate, Reconciliation
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.gate.contact import AWAY
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders, trade

RULES = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units}
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""


def link(world: World, channel: str, is_up: bool, *, at: float, detail: str = "") -> Audit:
    ts = world._at(at)
    return world.feed(LinkChange(ts, ts, channel, is_up, detail))  # type: ignore[arg-type]


def codes(audit: Audit) -> list[tuple[str, str]]:
    return [(note.level, note.code) for note in audit.notes]


@pytest.fixture
def world() -> World:
    found = World(RULES, trades=(trade("1000", "157"),))
    found.quote(157.0, at=1)
    return found


def test_while_the_account_is_not_heard_nothing_is_added_and_exits_go_on(world: World) -> None:
    said = link(world, "account", False, at=2, detail="stream closed")
    assert codes(said) == [("alert", "RE510")]
    refused = decision(world.quote(157.1, at=3))
    assert (refused.outcome, refused.code, refused.first_blocker) == ("refused", "RE510", "limits.link")
    assert "not heard since 2023-11-14 22:14:02" in refused.message
    assert "stream closed" in refused.message
    assert refused.verdicts[-1].unknowns == ["unknown: orders and fills of the account"]
    closing = order(world.quote(156.9, at=4))
    assert closing.is_reduce_only


def test_a_restart_keeps_openings_back_and_alarms_nobody(world: World) -> None:
    """Nothing was lost: that the run goes on is said by itself (RE517)."""
    assert codes(link(world, "account", False, at=2, detail=AWAY)) == []
    assert decision(world.quote(157.1, at=3)).code == "RE510"
    assert codes(link(world, "account", True, at=4)) == [("info", "RE514")]


def test_once_it_is_heard_again_what_still_holds_is_sent(world: World) -> None:
    link(world, "account", False, at=2)
    assert orders(world.quote(157.1, at=3)) == []
    said = link(world, "account", True, at=4)
    assert codes(said) == [("info", "RE514")]
    assert "not since 2023-11-14 22:14:02" in said.notes[0].message
    assert order(world.quote(157.11, at=5)).units == 3000


def test_what_is_said_twice_is_noted_once(world: World) -> None:
    link(world, "account", False, at=2, detail="first")
    assert codes(link(world, "account", False, at=3, detail="second")) == []
    assert "since 2023-11-14 22:14:02" in decision(world.quote(157.1, at=4)).message
    assert codes(link(world, "account", True, at=5)) == [("info", "RE514")]
    assert codes(link(world, "account", True, at=6)) == []


def test_while_the_record_is_not_written_nothing_is_added_and_exits_go_on(world: World) -> None:
    said = link(world, "record", False, at=2, detail="no room left")
    assert codes(said) == [("alert", "RE725")]
    refused = decision(world.quote(157.1, at=3))
    assert (refused.outcome, refused.code, refused.first_blocker) == ("refused", "RE725", "limits.record")
    assert "no room left" in refused.message
    world.restart()
    assert not world.engine.contact.is_sure
    assert order(world.quote(156.9, at=4)).is_reduce_only
    assert codes(link(world, "record", True, at=5)) == [("info", "RE514")]
    assert order(world.quote(157.1, at=6)).units == 3000


def test_lost_prices_are_a_note_and_their_age_does_the_rest(world: World) -> None:
    """The common head has `quote_age_max: 240h`: within it the last price counts, lost or not."""
    assert codes(link(world, "prices", False, at=2)) == [("warning", "RE513")]
    assert order(world.quote(157.1, at=3)).units == 3000


@pytest.mark.parametrize(("hours", "is_known"), [(239, True), (241, False)])
def test_a_price_that_grew_old_while_prices_are_lost_is_unknown(hours: float, is_known: bool) -> None:
    """A price 10 pips below the entry of an open trade closes it while it may be believed, and not after."""
    world = World(RULES)
    world.quote(156.9, at=1)
    link(world, "prices", False, at=2)
    at = hours * 3600.0
    ts = world._at(at)
    book = VenueSnapshot(ts, Decimal(500000), Decimal(0), (trade("1000", "157"),))
    assert orders(world.feed(Reconciliation(ts, ts, book))) == []
    assert (len(orders(world.timer(at=at + 1))) == 1) is is_known


def test_a_restart_does_not_forget_that_the_account_is_not_heard(world: World) -> None:
    link(world, "account", False, at=2, detail="stream closed")
    world.restart()
    assert decision(world.quote(157.1, at=3)).code == "RE510"


def test_a_state_of_before_goes_on_without_it(world: World) -> None:
    state = world.engine.state()
    del state["gate"]["contact"]
    world.engine.restore(state)
    assert order(world.quote(157.1, at=3)).units == 3000


# --- clocks -----------------------------------------------------------------------------------------------------------


def heard(world: World, ahead_s: float, *, at: float) -> Audit:
    """A fill of a manual trade that is stamped so much later than we hear of it."""
    ts = world._at(at)
    return world.feed(
        Fill(ts, ts + round(ahead_s * SECOND), "USD_JPY", "", Side.SHORT, Decimal(1), Decimal(157), f"m{at}", True)
    )


@pytest.mark.parametrize(("ahead_s", "is_apart"), [(1.999, False), (2.0, False), (2.001, True), (3600.0, True)])
def test_news_from_the_future_prove_that_our_clock_is_behind(world: World, ahead_s: float, is_apart: bool) -> None:
    said = heard(world, ahead_s, at=2)
    assert (("alert", "RE512") in codes(said)) is is_apart
    audit = world.quote(157.1, at=3)
    if not is_apart:
        assert order(audit).units == 3000
        return
    refused = decision(audit)
    assert (refused.code, refused.first_blocker) == ("RE512", "limits.clock")
    assert refused.verdicts[-1].comparisons[0].left == pytest.approx(ahead_s)
    assert order(world.quote(156.9, at=4)).is_reduce_only


@pytest.mark.parametrize("late_s", [3.0, 86_400.0])
def test_late_news_prove_nothing(world: World, late_s: float) -> None:
    assert ("alert", "RE512") not in codes(heard(world, -late_s, at=2))
    assert order(world.quote(157.1, at=3)).units == 3000


@pytest.mark.parametrize(("before_s", "is_apart"), [(2.0, False), (2.1, True)])
def test_an_answer_from_before_the_question_proves_that_our_clock_is_ahead(
    world: World, before_s: float, is_apart: bool
) -> None:
    sent = order(world.quote(157.1, at=2))
    ts = world._at(2.01)
    said = world.feed(OrderUpdate(ts, T0 + round((2 - before_s) * SECOND), sent.id, OrderStatus.ACCEPTED))
    assert (("alert", "RE512") in codes(said)) is is_apart
    assert not is_apart or "2.1 s ahead of the venue's" in said.notes[0].message


def test_what_we_say_ourselves_of_an_order_tells_nothing_of_clocks(world: World) -> None:
    sent = order(world.quote(157.1, at=2))
    heard(world, 5.0, at=3)
    world.update(sent, OrderStatus.UNKNOWN, at=4)
    assert not world.engine.contact.clocks_agree


def test_clocks_that_agree_again_let_entries_through(world: World) -> None:
    heard(world, 5.0, at=2)
    assert decision(world.quote(157.1, at=3)).code == "RE512"
    said = heard(world, -1.0, at=4)
    assert ("info", "RE514") in codes(said)
    assert order(said).units == 3000, "a fill is looked at like a price"


@pytest.mark.parametrize(("reason", "goes_on"), [("the clock is set", True), ("", False)])
def test_a_human_who_set_the_clock_resumes_with_a_reason(world: World, reason: str, goes_on: bool) -> None:
    heard(world, 5.0, at=2)
    world.feed(OperatorCommand(world._at(3), "resume", "me", reason, {}))
    assert (len(orders(world.quote(157.1, at=4))) == 1) is goes_on


def test_late_news_do_not_prove_that_clocks_agree_again(world: World) -> None:
    heard(world, 5.0, at=2)
    heard(world, -5.0, at=3)
    assert decision(world.quote(157.1, at=4)).code == "RE512"
