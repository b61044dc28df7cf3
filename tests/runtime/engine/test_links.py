"""A venue that is not heard, or whose clock is another one: nothing is added, exits go on, and all of it is kept over a
restart."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.model.audit import Audit
from ruleengine.model.event import AccountRead, LinkChange, OrderStatus, OrderUpdate, Reconciliation
from ruleengine.ports.venue import VenueSnapshot
from tests.runtime.engine.world import SECOND, World, decision, order, orders, trade

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
    """A word of the venue that is stamped so much later than we hear of it."""
    ts = world._at(at)
    return world.feed(OrderUpdate(ts, ts + round(ahead_s * SECOND), "nobody", OrderStatus.ACCEPTED))


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
    assert codes(heard(world, -late_s, at=2)) == [("warning", "RE554")]
    assert order(world.quote(157.1, at=3)).units == 3000


def test_clocks_that_agree_again_let_entries_through(world: World) -> None:
    heard(world, 5.0, at=2)
    assert decision(world.quote(157.1, at=3)).code == "RE512"
    ts = world._at(4)
    balance = world.engine.holdings.balance
    said = world.feed(AccountRead(ts, ts - SECOND, balance, world.engine.holdings.reported_margin))
    assert ("info", "RE514") in codes(said)
    assert order(said).units == 3000, "what the account says is looked at like a price"


def test_late_news_do_not_prove_that_clocks_agree_again(world: World) -> None:
    heard(world, 5.0, at=2)
    heard(world, -5.0, at=3)
    assert decision(world.quote(157.1, at=4)).code == "RE512"
