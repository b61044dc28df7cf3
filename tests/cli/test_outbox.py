"""What waits to be told, by a clock of the test's own: limits of the minute, digests, failures."""

from __future__ import annotations

from ruleengine.cli.outbox import KEPT_MAX, PER_MINUTE, Notice, Outbox


def notice(number: int) -> Notice:
    return Notice("alert", f"RE{number}", f"text {number}", "")


def codes(notices: list[Notice] | None) -> list[str]:
    return [] if notices is None else [each.code for each in notices]


def test_one_notice_is_one_message() -> None:
    box = Outbox()
    assert (box.due_s(5.0), box.take(5.0)) == (None, None)
    box.put(notice(1))
    box.put(notice(2))
    assert codes(box.take(5.0)) == ["RE1"]
    assert codes(box.take(5.0)) == ["RE1"], "the same until it is told"
    box.told(5.0, is_delivered=True)
    assert codes(box.take(5.0)) == ["RE2"]
    assert box.pending == 1
    box.told(5.0, is_delivered=True)
    assert (box.pending, box.delivered) == (0, 2)


def test_a_flood_becomes_one_message_and_a_minute_has_no_more_than_twenty() -> None:
    box, sent = Outbox(), []
    for number in range(100):
        box.put(notice(number))
    while (taken := box.take(10.0)) is not None:
        sent.append(codes(taken))
        box.told(10.0, is_delivered=True)
    assert sent == [[f"RE{number}" for number in range(100)]]
    for number in range(19):
        box.put(notice(number))
        assert codes(box.take(11.0)) == [f"RE{number}"]
        box.told(11.0, is_delivered=True)
    box.put(notice(200))
    box.put(notice(201))
    assert PER_MINUTE == 20
    assert box.take(69.9) is None, "20 messages since 10 s"
    assert box.due_s(69.9) == 70.0
    assert codes(box.take(70.0)) == ["RE200", "RE201"], "one place is free, and two wait"


def test_what_can_not_be_kept_is_counted() -> None:
    box = Outbox()
    for number in range(KEPT_MAX + 3):
        box.put(notice(number % 2))
    assert box.pending == KEPT_MAX + 3
    assert len(box.take(0.0) or []) == KEPT_MAX
    assert box.beyond() == {"RE0": 2, "RE1": 1}  # 500, 501, 502
    box.told(0.0, is_delivered=True)
    assert (box.pending, box.delivered, box.beyond()) == (0, KEPT_MAX + 3, {})


def test_what_comes_while_a_message_is_sent_is_counted_in_the_next() -> None:
    box = Outbox()
    box.put(notice(0))
    box.take(0.0)
    for number in range(KEPT_MAX + 2):
        box.put(notice(number))
    box.told(0.0, is_delivered=True)
    assert (box.delivered, box.pending) == (1, KEPT_MAX + 2)
    assert len(box.take(0.0) or []) == KEPT_MAX
    assert box.beyond() == {"RE500": 1, "RE501": 1}


def test_where_there_is_no_room_the_urgent_takes_the_place_of_the_least() -> None:
    box = Outbox()
    for _ in range(KEPT_MAX):
        box.put(Notice("info", "RE1", "x", ""))
    box.put(Notice("alert", "RE2", "x", ""))
    box.put(Notice("info", "RE3", "x", ""))
    assert codes(box.take(0.0)) == ["RE1"] * (KEPT_MAX - 1) + ["RE2"]
    assert box.beyond() == {"RE1": 1, "RE3": 1}


def test_the_end_waits_neither_for_the_minute_nor_for_a_retry() -> None:
    box = Outbox()
    for number in range(PER_MINUTE):
        box.put(notice(number))
        box.take(0.0)
        box.told(0.0, is_delivered=True)
    box.put(notice(77))
    assert box.take(1.0) is None
    box.hurry()
    assert codes(box.take(1.0)) == ["RE77"]
    box.told(1.0, is_delivered=False)
    assert (box.take(1.9), codes(box.take(2.0))) == (None, ["RE77"]), "tried again a second later"


def test_what_fails_is_tried_again_ever_later_and_nothing_is_lost() -> None:
    box, now, waits = Outbox(), 0.0, []
    box.put(notice(1))
    for _ in range(6):
        assert codes(box.take(now)) == ["RE1"]
        box.told(now, is_delivered=False)
        due = box.due_s(now)
        assert due is not None
        assert box.take(due - 0.01) is None
        waits.append(due - now)
        now = due
    assert waits == [1, 2, 5, 10, 30, 30]
    box.put(notice(2))
    assert codes(box.take(now)) == ["RE1"]
    box.told(now, is_delivered=True)
    assert codes(box.take(now)) == ["RE2"], "and after it goes well the next one goes at once"
