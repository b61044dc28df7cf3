"""Latency, repeated ids, injected faults and queries: what of an order's fate we hear, and when."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.model.order import Cleared, Order
from ruleengine.model.side import Side

SECOND = 1_000_000_000
MS = 1_000_000


def test_an_order_meets_the_market_as_of_its_arrival(desk: Any, fills: Any) -> None:
    at = desk(settings={"latency_s": "0.050"})
    assert at.send("long", 1_000) == []
    assert at.venue.next_due_ns() == at.now + 50 * MS
    at.quote("157.100", "157.108", after=0.040)  # arrives before the order
    (filled,) = fills(at.quote("157.200", "157.208", after=0.020))  # 60 ms: after it
    assert (filled.price, filled.ts) == (D("157.108"), at.now - 10 * MS)


def test_answers_come_in_order_of_time(desk: Any) -> None:
    at = desk(settings={"latency_s": "0.050"})
    at.send("long", 1_000, stop="157.050")  # refused: the stop is reached already
    at.send("long", 1_000, type="limit", price="157.100")
    events = at.quote("156.000", "156.008", after=5)
    assert [event.ts for event in events] == sorted(event.ts for event in events)
    assert {event.order_id for event in events} == {"o1", "o2"}


def test_jitter_is_seeded_and_keeps_the_order_of_sending(desk: Any) -> None:
    def arrivals(seed: int) -> list[int]:
        at = desk(settings={"latency_s": "0.010", "jitter_s": "0.100"}, seed=seed)
        for _ in range(20):
            at.send("long", 1)
        filled = [event for event in at.wait(1) if event.kind == "fill"]
        assert [event.order_id for event in filled] == [f"o{number}" for number in range(1, 21)]
        return [event.ts - at.now for event in filled]

    first = arrivals(7)
    assert len(first) == 20
    assert arrivals(7) == first
    assert arrivals(8) != first


def test_the_same_id_gets_the_same_answer_and_no_second_fill(desk: Any, fills: Any, updates: Any) -> None:
    at = desk()
    first = at.send("long", 1_000, id="d-1")
    again = at.send("long", 1_000, id="d-1")
    assert fills(again) == []
    assert at.sides == (1_000, 0)
    assert [(each.status, each.venue_id) for each in updates(again)] == [
        (each.status, each.venue_id) for each in updates(first)
    ]
    refused = at.send("long", 1_000, id="d-2", stop="158.000")
    at.quote("159.000", "159.008")  # now it would pass; the answer is still the first one
    repeated = at.send("long", 1_000, id="d-2", stop="158.000")
    assert updates(repeated)[0].code == updates(refused)[0].code == "STOP_LOSS_ON_FILL_LOSS"
    assert at.sides == (1_000, 0)


def test_the_same_id_with_another_content_is_told_and_not_done(desk: Any, updates: Any) -> None:
    at = desk()
    at.send("long", 1_000, id="d-1")
    (answer,) = updates(at.send("long", 2_000, id="d-1"))
    assert (answer.code, answer.status) == ("DUPLICATE_ID_OTHER_CONTENT", OrderStatus.ACCEPTED)
    assert at.sides == (1_000, 0)


def test_an_id_still_on_its_way_is_not_sent_twice(desk: Any, fills: Any) -> None:
    at = desk(settings={"latency_s": "0.050"})
    at.send("long", 1_000, id="d-1")
    assert at.send("long", 1_000, id="d-1") == []
    assert len(fills(at.wait(1))) == 1


def test_an_answer_is_kept_for_a_day(desk: Any, fills: Any) -> None:
    at = desk(settings={"ignore_sessions": True})
    at.send("long", 1_000, id="d-1")
    at.wait(24 * 3600)
    assert fills(at.send("long", 1_000, id="d-1")) == []
    at.wait(2)
    at.send("long", 1, id="other")  # forgets what ended more than a day ago
    assert len(fills(at.send("long", 1_000, id="d-1"))) == 1


# --- faults --------------------------------------------------------------------------------------------------------


def test_a_lost_reply_is_unknown_and_then_the_truth(desk: Any, fills: Any, updates: Any) -> None:
    at = desk(settings={"faults": {"reply_lost": 1, "timeout_s": 2, "resolve_s": 5}})
    assert at.send("long", 1_000, stop="156.900") == []
    assert at.sides == (1_000, 0)  # the venue has it
    (unknown,) = updates(at.wait(2))
    assert (unknown.status, unknown.code) == (OrderStatus.UNKNOWN, "TIMEOUT")
    assert fills(at.quote("156.800", "156.808")) == []  # its trade's stop is not heard either
    told = at.wait(5)
    assert [event.kind for event in told] == ["order", "fill", "fill"]
    assert updates(told)[0].status is OrderStatus.ACCEPTED
    assert [each.opens for each in fills(told)] == [True, False]
    assert {event.ts for event in told} == {at.now - SECOND}  # known from the query on: 2 s + 5 s after sending
    assert at.wait(60) == []


def test_a_lost_request_is_unknown_and_then_absent(desk: Any, updates: Any) -> None:
    at = desk(settings={"faults": {"request_lost": 1}})
    assert at.send("long", 1_000) == []
    assert [each.status for each in updates(at.wait(2))] == [OrderStatus.UNKNOWN]
    assert [each.status for each in updates(at.wait(5))] == [OrderStatus.ABSENT]
    assert at.sides == (0, 0)


def test_sending_the_same_id_again_resolves_a_lost_reply_without_a_second_order(desk: Any, fills: Any) -> None:
    at = desk(settings={"faults": {"reply_lost": 1}})
    at.send("long", 1_000, id="d-1")
    at.wait(2)
    assert len(fills(at.send("long", 1_000, id="d-1"))) == 1
    assert at.sides == (1_000, 0)


def test_a_query_tells_at_once(desk: Any, updates: Any) -> None:
    at = desk(settings={"faults": {"reply_lost": 1}})
    at.send("long", 1_000, id="d-1")
    assert [event.kind for event in at.venue.query("d-1", at.now)] == ["order", "fill"]
    assert updates(at.wait(3)) == []  # no timeout any more
    (absent,) = at.venue.query("d-2", at.now)
    assert absent.status is OrderStatus.ABSENT


def test_a_delayed_order_is_unknown_until_it_arrives(desk: Any, fills: Any, updates: Any) -> None:
    at = desk(settings={"faults": {"delay": 1, "delay_s": 10, "timeout_s": 2}})
    at.send("long", 1_000)
    assert [each.status for each in updates(at.wait(2))] == [OrderStatus.UNKNOWN]
    at.quote("157.100", "157.108")
    (filled,) = fills(at.wait(7))
    assert filled.price == D("157.108")


def test_an_outage_holds_answers_and_loses_requests(desk: Any, fills: Any, updates: Any) -> None:
    at = desk(settings={"faults": {"outages": [{"at_s": 10, "for_s": 30}], "timeout_s": 2, "resolve_s": 5}})
    at.send("long", 1_000, stop="156.900")
    at.wait(11)
    assert fills(at.quote("156.800", "156.808")) == []
    assert at.sides == (0, 0)  # stopped at the venue, unheard
    assert at.send("long", 1_000) == []
    assert [each.status for each in updates(at.wait(3))] == [OrderStatus.UNKNOWN]
    over = at.wait(26)
    assert [each.reason for each in fills(over)] == ["stop"]
    # asked at 19, 24, 29, 34, 39 s in vain, at 44 s with an answer
    assert updates(over) == []
    assert [each.status for each in updates(at.wait(3))] == [OrderStatus.ABSENT]


def test_random_refusals_come_at_their_rate(desk: Any, updates: Any) -> None:
    at = desk(settings={"faults": {"reject": 0.25}}, seed=3)
    codes = [updates(at.send("long", 1))[0].code for _ in range(400)]
    # binomial, 400 × 0.25 = 100, standard deviation 8.7; four of them either way
    assert 65 <= codes.count("VENUE_REFUSED") <= 135


@pytest.mark.parametrize("seed", range(5))
def test_at_most_one_order_is_accepted_for_an_id_whatever_is_lost(desk: Any, fills: Any, seed: int) -> None:
    """P1: a stubborn sender repeats each id until it hears of it; the venue never has two of one."""
    faults = {"reply_lost": 0.3, "request_lost": 0.3, "delay": 0.2, "delay_s": 4, "timeout_s": 2, "resolve_s": 3}
    at = desk(settings={"latency_s": "0.05", "faults": faults}, seed=seed)
    for number in range(30):
        order = Order(f"d-{number}", "USD_JPY", Side.LONG, D(100))
        for _ in range(6):
            at.log += at.venue.submit(Cleared(order, "i"), at.now)
            at.wait(1)
        at.wait(30)
    opened = [each for each in fills(at.log) if each.opens]
    assert len({each.order_id for each in opened}) == len(opened)
    assert at.sides == (100 * len(opened), 0)
