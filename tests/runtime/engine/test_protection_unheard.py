"""A result that nobody heard: a human's reason lets a strategy go on, for this one and not for the next."""

from __future__ import annotations

from decimal import Decimal

from ruleengine.ports.venue import VenueSnapshot
from tests.runtime.engine.test_protections import SERIES, notes, rearm, trip_by_closing
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders

SCOPE = "losses/M1Scalper"


def unheard() -> World:
    """Trade `b` was closed while nobody listened: whether it lost is not known."""
    world = World(SERIES)
    world.quote(157.0, at=0)
    world.fill(order(world.signal(name="b", at=10)), 157.0, at=11, trade_id="b")
    _gone(world, 40)
    assert decision(world.signal(name="c", at=50)).code == "RE621"
    return world


def _gone(world: World, at: float) -> None:
    world.engine.adopt(VenueSnapshot(T0 + round(at * SECOND), Decimal(499_800), Decimal(0), ()))
    world.quote(157.0, at=at + 1)


def test_with_a_reason_it_need_not_be_known_over_restarts_too() -> None:
    world = unheard()
    assert [note.code for note in rearm(world, "ann", "", 51, SCOPE).notes] == ["RE540"]
    assert decision(world.signal(name="d", at=52)).code == "RE621"
    said = notes(rearm(world, "ann", "the venue says +20", 53, SCOPE))
    assert said == [("RE623", "losses/M1Scalper does without closed.pnl, accepted by ann: the venue says +20")]
    world.restart()
    assert len(orders(world.signal(name="e", at=54))) == 1


def test_the_next_unheard_one_is_asked_for_again() -> None:
    world = unheard()
    rearm(world, "ann", "the venue says +20", 53, SCOPE)
    world.fill(order(world.signal(name="d", at=54)), 157.0, at=55, trade_id="d")
    _gone(world, 60)
    assert decision(world.signal(name="e", at=62)).code == "RE621"


def test_another_end_in_its_scope_is_another_question() -> None:
    """Whether the loss that follows is the first or the second in a row, the reason given before doesn't say."""
    world = unheard()
    rearm(world, "ann", "the venue says +20", 53, SCOPE)
    trip_by_closing(world, "d", 54, "-100")
    assert decision(world.signal(name="e", at=60)).code == "RE621"


def test_a_gain_settles_it() -> None:
    """The newest run of losses is none, whatever was before the gain; and two losses after it trip."""
    world = unheard()
    rearm(world, "ann", "the venue says +20", 53, SCOPE)
    trip_by_closing(world, "d", 54, "100")
    assert notes(trip_by_closing(world, "e", 60, "-100")) == []
    assert [code for code, _ in notes(trip_by_closing(world, "f", 70, "-100"))] == ["RE622"]
