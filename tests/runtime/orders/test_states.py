"""The table of an order's life: complete, without dead ends, and the same end in whatever order true answers come."""

from __future__ import annotations

from functools import reduce
from itertools import permutations

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.runtime.orders.states import (
    CONTRADICTIONS,
    LIVE,
    TABLE,
    ImpossibleTransition,
    OrderEvent,
    OrderState,
    diagram,
    step,
)

E, S = OrderEvent, OrderState
VENUE_EVENTS = [event for event in OrderEvent if event not in (E.STORED, E.SENT)]

# What a venue can truly say of one order, and where the order then ends; written by hand from the outcome protocol.
TRUE_STORIES = {
    "filled at once": ([E.ACCEPTED, E.FILLED], S.FILLED),
    "filled in parts": ([E.ACCEPTED, E.PART_FILLED, E.FILLED], S.FILLED),
    "rejected": ([E.REJECTED], S.REJECTED),
    "accepted, then rejected": ([E.ACCEPTED, E.REJECTED], S.REJECTED),
    "cancelled": ([E.ACCEPTED, E.CANCELLED], S.CANCELLED),
    "part filled, rest cancelled": ([E.ACCEPTED, E.PART_FILLED, E.CANCELLED], S.CANCELLED),
    "part filled, rest expired": ([E.ACCEPTED, E.PART_FILLED, E.EXPIRED], S.EXPIRED),
    "cancel came too late": ([E.ACCEPTED, E.CANCELLED, E.FILLED], S.FILLED),
    "timeout, working after all": ([E.UNKNOWN, E.ACCEPTED], S.ACKED),
    "timeout, filled after all": ([E.UNKNOWN, E.FILLED], S.FILLED),
    "timeout, proved absent": ([E.UNKNOWN, E.ABSENT], S.ABSENT),
    "timeout, rejected after all": ([E.UNKNOWN, E.REJECTED], S.REJECTED),
}


@pytest.mark.parametrize("name", TRUE_STORIES)
def test_an_order_ends_the_same_in_every_order_of_hearing(name: str) -> None:
    events, end = TRUE_STORIES[name]
    for heard in permutations(events):
        # a part that is heard after the whole is the whole by then: `Orders` counts units, so that is left out here
        if E.PART_FILLED in heard and E.FILLED in heard and heard.index(E.FILLED) < heard.index(E.PART_FILLED):
            continue
        assert reduce(step, heard, S.SENDING) is end, heard
        assert reduce(step, heard, S.INTENT) is end, heard


@pytest.mark.parametrize("name", TRUE_STORIES)
def test_hearing_everything_twice_changes_nothing(name: str) -> None:
    events, end = TRUE_STORIES[name]
    said_twice = [event for event in (*events, *events) if event not in (E.FILLED, E.PART_FILLED)]
    assert reduce(step, said_twice, reduce(step, events, S.SENDING)) is end


def test_a_timeout_is_no_rejection() -> None:
    assert step(S.SENDING, E.UNKNOWN) is S.UNKNOWN
    assert S.UNKNOWN in LIVE


@pytest.mark.parametrize("state", [S.SENDING, S.UNKNOWN, S.ACKED, S.CANCELLED, S.EXPIRED, S.REJECTED, S.ABSENT])
def test_a_fill_always_counts(state: OrderState) -> None:
    assert step(state, E.FILLED) is S.FILLED


@pytest.mark.parametrize("state", [S.REJECTED, S.ABSENT])
@pytest.mark.parametrize("event", [E.FILLED, E.PART_FILLED])
def test_a_fill_of_what_was_said_never_to_be_is_a_contradiction(state: OrderState, event: OrderEvent) -> None:
    assert (state, event) in CONTRADICTIONS


def test_a_late_fill_after_a_cancel_is_none() -> None:
    assert (S.CANCELLED, E.FILLED) not in CONTRADICTIONS
    assert (S.CANCELLED, E.PART_FILLED) not in CONTRADICTIONS


@pytest.mark.parametrize("state", [state for state in OrderState if state is not S.DECIDED])
def test_every_state_takes_everything_a_venue_says(state: OrderState) -> None:
    missing = [event for event in VENUE_EVENTS if (state, event) not in TABLE]
    assert missing == ([E.PART_FILLED] if state is S.FILLED else [])


@pytest.mark.parametrize("event", VENUE_EVENTS)
def test_nothing_is_heard_of_an_order_that_is_not_stored(event: OrderEvent) -> None:
    with pytest.raises(ImpossibleTransition, match=f"decided cannot be {event.value}"):
        step(S.DECIDED, event)


@pytest.mark.parametrize("state", [S.INTENT, S.SENDING, S.ACKED, S.PARTIALLY_FILLED, S.UNKNOWN])
def test_a_list_that_lacks_an_order_makes_it_unknown_and_no_more(state: OrderState) -> None:
    assert step(state, E.MISSING) is S.UNKNOWN


@pytest.mark.parametrize("state", [S.FILLED, S.REJECTED, S.CANCELLED, S.EXPIRED, S.ABSENT])
def test_a_list_that_lacks_what_has_ended_says_nothing(state: OrderState) -> None:
    assert step(state, E.MISSING) is state


def test_contradictions_are_in_the_table() -> None:
    assert [pair for pair in sorted(CONTRADICTIONS) if pair not in TABLE] == []


def test_venue_words_are_events() -> None:
    """But AMENDED: it changes sizes, of which the table knows nothing."""
    assert {status.value for status in OrderStatus} - {event.value for event in OrderEvent} == {OrderStatus.AMENDED}


def test_every_state_can_be_reached_and_left_to_an_end() -> None:
    reached = {S.DECIDED}
    for _ in OrderState:
        reached |= {after for (state, _), after in TABLE.items() if state in reached}
    assert reached == set(OrderState)


def test_the_diagram_is_drawn_from_the_table() -> None:
    lines = diagram().splitlines()
    changes = {(state, after) for (state, _), after in TABLE.items() if state is not after}
    assert sum("-->" in line and "[*]" not in line for line in lines) == len(changes)
    assert "    sending --> unknown: unknown, missing" in lines
    assert "    absent --> filled: filled (!)" in lines
