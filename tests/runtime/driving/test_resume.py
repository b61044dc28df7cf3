"""A run built again from its journal: exact, or carried over by name; what can't be read is refused."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.journal import JournalDamaged, JournalReader, JournalWriter, journal_at
from ruleengine.model.event import OrderStatus, OrderUpdate, Reconciliation, VenueEvent
from ruleengine.model.order import Order
from ruleengine.runtime.driving.resume import Resumed, resume
from ruleengine.runtime.orders.states import OrderState
from ruleengine.runtime.snapshot import StateForeign
from tests.runtime.driving.killed import Killed, Place, go_on, maker, recorder_of, run
from tests.runtime.driving.wire import Connected, Wire, quotes
from tests.runtime.engine.world import T0, trade

RISE = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""
HIGHER = RISE.replace("157.05", "158").replace("rise", "higher")


def a_wire(*prices: float, outcome: str = "fill", held: bool = False) -> Wire:
    return Wire(quotes(*prices, start=T0), (trade("1000", "157"),) if held else (), outcome)


def killed(folder: Path, wire: Wire, place: Place, rules: str = RISE) -> Path:
    """The folder of a run that was killed."""
    with pytest.raises(Killed):
        run(folder / "run", rules, wire, place)
    return folder / "run" / "killed"


def opened(folder: Path, rules: str = RISE, digest: str = "digest") -> Resumed | None:
    with JournalWriter(journal_at(folder), "test") as writer, JournalReader(journal_at(folder), "test") as reader:
        return resume(reader, maker(rules, digest), recorder_of(writer, digest))


def said(found: Resumed) -> list[str]:
    return [each.code for each in found.notes]


# --- what it goes on from ---------------------------------------------------------------------------------------------


def test_there_is_nothing_to_go_on_from_in_a_new_journal(tmp_path: Path) -> None:
    assert opened(tmp_path) is None


def test_orders_without_a_state_are_no_beginning(tmp_path: Path) -> None:
    """P2: an order of the record is never forgotten in silence."""
    with JournalWriter(journal_at(tmp_path), "test") as writer:
        writer.append("order", T0, "qr-1", {"decision": "qr-1", "state": "sending"})
    with pytest.raises(StateForeign, match=r"RE597 .* has orders and no state"):
        opened(tmp_path)


def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = killed(tmp_path, a_wire(157.0, 157.1), Place("submitted"))
    with JournalWriter(journal_at(folder), "test") as writer:
        state = {"version": 99, "policy": "digest", "run": "run"}
        writer.append("snapshot", T0, "", {"schema_digest": "1", "state": state})
    with pytest.raises(StateForeign, match="version 99"):
        opened(folder)


def test_a_row_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    folder = killed(tmp_path, a_wire(157.0, 157.1), Place("submitted"))
    with sqlite3.connect(journal_at(folder)) as connection:
        connection.execute("UPDATE log SET ts_ns = ts_ns + 1 WHERE seq = (SELECT max(seq) FROM log)")
    connection.close()
    with pytest.raises(JournalDamaged, match="RE71"):
        opened(folder)
    with JournalReader(journal_at(folder), "test") as reader, pytest.raises(JournalDamaged, match="RE71"):
        resume(reader, maker(RISE), recorder_of(None))  # type: ignore[arg-type]  # it doesn't come to writing


def test_numbers_go_on_and_no_id_comes_twice(tmp_path: Path) -> None:
    wire = a_wire(157.0, *[157.1] * 10)
    folder = killed(tmp_path, wire, Place("synced"))
    with JournalReader(journal_at(folder)) as reader:
        last = max(row.event_no for row in reader.rows())
    found, loop = go_on(folder, RISE, wire)
    assert found.engine.run_id == "run"
    with JournalReader(journal_at(folder)) as reader:
        numbers = [each.event_no for each in reader.replay()]
        ids = [row.key for row in reader.rows(kinds=("check",))]
    assert numbers == list(range(1, numbers[-1] + 1))
    assert numbers[-1] == loop.engine.position[1] > last
    assert len(set(ids)) == len(ids)


def test_after_a_clean_end_nothing_is_replayed(tmp_path: Path) -> None:
    wire = a_wire(157.0, *[157.1] * 5, outcome="rest")
    run(tmp_path / "run", RISE, wire)
    wire.quotes.extend(quotes(157.1, 157.1, start=wire.now + 1))
    found, loop = go_on(tmp_path / "run", RISE, wire)
    assert found.events == 0
    assert [each.order.id for each in found.restart.sent] == [wire.accepted[0].id]
    assert [each.order.id for each in loop.out] == [wire.accepted[0].id]
    assert len(wire.accepted) == 1


def test_it_takes_what_was_heard_of_an_order_along(tmp_path: Path) -> None:
    """A half was filled and heard of; the rest is asked for."""
    wire = a_wire(157.0, *[157.1] * 5, outcome="partial")
    folder = killed(tmp_path, wire, Place("reply", 2, is_on_disk=True))
    found = opened(folder)
    assert found is not None
    asked = found.restart.sent[0]
    assert (asked.venue_id, asked.filled) == (f"v-{asked.order.id}", Decimal(1500))
    assert asked.order == wire.accepted[0]
    assert asked.sent_ns == T0 + 3_000_000_000, "the time of the quote that led to it"


def test_it_is_quick_about_a_long_record(tmp_path: Path) -> None:
    """What is replayed is bounded by how often the state is kept (live.KEPT_EVERY_…), not by the record's length."""
    wire = a_wire(*[157.0] * 260, 157.1, 157.1)
    folder = killed(tmp_path, wire, Place("submitted"))
    found = opened(folder)
    assert found is not None
    assert found.events < 130, "the last state is at most five minutes, or 100 quotes, before"


# --- a decision that never left ---------------------------------------------------------------------------------------


def test_a_decision_that_did_not_reach_the_record_is_in_it_before_it_is_said_to_be_absent(tmp_path: Path) -> None:
    """Its quote is on the disk, its decision is not: replayed it is decided again, and goes into the record."""
    wire = a_wire(157.0, *[157.1] * 10)
    folder = killed(tmp_path, wire, Place("decided", is_on_disk=True))
    with JournalReader(journal_at(folder)) as reader:
        assert list(reader.rows(kinds=("check",))) == []
    found, _ = go_on(folder, RISE, wire)
    assert said(found) == ["RE517"]
    with JournalReader(journal_at(folder)) as reader:
        rows = [row for row in reader.rows() if found.restart.unsent[0] in (row.key, row.decision)]
    assert [row.kind for row in rows] == ["check", "intent", "event"]
    assert (rows[-1].body["status"], rows[-1].body["reason"]) == ("absent", "the record has no step of sending it")
    assert len(wire.accepted) == 1


# --- another policy, another engine -----------------------------------------------------------------------------------


def test_under_another_policy_old_orders_are_followed_and_new_rules_decide(tmp_path: Path) -> None:
    """The old policy's order was taken and not heard of; the new one opens at 158 only."""
    wire = a_wire(157.0, *[157.1] * 6, *[156.5] * 6)
    folder = killed(tmp_path, wire, Place("submitted"))
    found, loop = go_on(folder, HIGHER, wire, digest="another")
    assert said(found)[-2:] == ["RE518", "RE517"]
    assert [each.order.id for each in found.restart.sent] == [wire.accepted[0].id]
    record = loop.engine.orders.get(wire.accepted[0].id)
    assert record is not None
    assert record.state is OrderState.FILLED
    assert record.rule == "rise"
    # its trade was adopted as ours, and the exit that both have closes it
    assert [each.is_reduce_only for each in wire.accepted] == [False, True]
    assert wire.book == {}


def test_under_another_policy_nothing_of_the_past_is_decided_anew(tmp_path: Path) -> None:
    """The new policy would have bought at 157.0, which is over."""
    wire = a_wire(157.0, *[157.1] * 6)
    folder = killed(tmp_path, wire, Place("submitted"))
    found, loop = go_on(folder, HIGHER.replace("mid > 158", "mid == 157"), wire, digest="another")
    assert len(wire.accepted) == 1
    assert found.restart.unsent == []
    assert loop.engine.decides


def test_a_record_that_this_engine_would_have_decided_otherwise_counts(tmp_path: Path) -> None:
    """The same digest, and other rules: as if another version of the engine had decided."""
    wire = a_wire(157.0, *[157.1] * 6)
    folder = killed(tmp_path, wire, Place("submitted"))
    found, loop = go_on(folder, HIGHER, wire)
    assert "RE518" in said(found)
    assert [each.order.id for each in found.restart.sent] == [wire.accepted[0].id]
    assert loop.engine.holdings.side_units("USD_JPY")[0] == 3000


HALF = """
exits:
  - {id: half, for_each: trade, when: trade.pnl_pips >= 5pips, close: 50%, on_unknown: {wait: 30s, then: alert}}
"""


def test_what_an_order_of_the_record_completes_is_complete_with_its_fill(tmp_path: Path) -> None:
    """Under another policy: half of 1,000 was out as the run was killed, and is not closed once more of the rest."""
    wire = a_wire(157.0, *[157.1] * 12, held=True)
    folder = killed(tmp_path, wire, Place("submitted"), HALF)
    found, _ = go_on(folder, HALF, wire, digest="another")
    assert said(found)[-2:] == ["RE518", "RE517"]
    assert [(each.units, each.is_reduce_only) for each in wire.accepted] == [(Decimal(500), True)]


def test_what_an_order_of_the_record_adds_is_added_once(tmp_path: Path) -> None:
    """Under another policy: the one addition that there may be was out as the run was killed."""
    add = """
pyramids:
  - {id: win, source: market, when: position.gain_over_first >= 5bps, size: 50% of position.initial_units, most: 1}
"""
    wire = a_wire(157.0, *[157.1] * 12, held=True)
    folder = killed(tmp_path, wire, Place("submitted"), add)
    found, loop = go_on(folder, add, wire, digest="another")
    assert said(found)[-2:] == ["RE518", "RE517"]
    assert [each.units for each in wire.accepted] == [Decimal(500)]
    record = loop.engine.orders.get(wire.accepted[0].id)
    assert record is not None
    assert record.addition is not None


def test_a_full_close_of_the_record_is_one(tmp_path: Path) -> None:
    whole = HALF.replace("50%", "100%")
    wire = a_wire(157.0, *[157.1] * 12, held=True)
    folder = killed(tmp_path, wire, Place("submitted"), whole)
    found = opened(folder, whole, digest="another")
    assert found is not None
    assert [(each.is_full_close, each.stage) for each in found.engine.orders.live()] == [(True, "0")]


def test_an_order_that_was_changed_at_the_venue_is_no_other_order(tmp_path: Path) -> None:
    """3,000 were sent and lowered to 2,000; the run is killed as the next thing is heard."""
    wire = Lowered(quotes(157.0, *[157.1] * 6, start=T0), outcome="rest")
    folder = killed(tmp_path, wire, Place("reply", 2, is_on_disk=True))
    found = opened(folder)
    assert found is not None
    assert said(found) == ["RE517"]
    assert [each.order.units for each in found.restart.sent] == [2000]


class Lowered(Wire):
    """Its first order rests and is lowered to 2,000 by a person, who looks at it once more."""

    def take(self, order: Order) -> list[VenueEvent]:
        said, ts = super().take(order), self.tick()
        said.append(OrderUpdate(ts, ts, order.id, OrderStatus.AMENDED, units=Decimal(2000)))
        return [*said, OrderUpdate(ts, ts, order.id, OrderStatus.ACCEPTED)]


def test_where_our_clock_was_put_right_meanwhile_the_book_is_adopted_all_the_same(tmp_path: Path) -> None:
    """It was ten minutes ahead as the run was killed: what comes is of an earlier time than the record's last event,
    in which a person bought 500."""
    wire = a_wire(157.0, 157.1, *[157.1] * 6)
    folder = killed(tmp_path, wire, Place("submitted"))
    wire.now -= 600_000_000_000
    for each in wire.quotes:
        each.ts -= 600_000_000_000
    wire.book["8"] = replace(trade("500", name="8"), client_id="")
    _, loop = go_on(folder, RISE, wire)
    assert loop.engine.holdings.side_units("USD_JPY")[0] == 3_500
    assert loop.engine.contact.is_sure
    with JournalReader(journal_at(folder)) as reader:
        times = [each.ts_ns for each in reader.replay()]
        told = [row.body["code"] for row in reader.rows(kinds=("note",))]
    assert times == sorted(times)
    assert "RE587" not in told, "nothing is out of order"


# --- the account changed meanwhile ------------------------------------------------------------------------------------


def test_what_happened_at_the_venue_meanwhile_is_adopted_and_said(tmp_path: Path) -> None:
    """A stop took trade 1 while the engine was away, and somebody bought by hand."""
    wire = a_wire(157.0, 157.1, *[157.1] * 6, held=True)
    folder = killed(tmp_path, wire, Place("submitted"))
    del wire.book["1"]
    wire.book["8"] = replace(trade("500", name="8"), client_id="")
    _, loop = go_on(folder, RISE, wire)
    with JournalReader(journal_at(folder)) as reader:
        codes = [row.body["code"] for row in reader.rows(kinds=("note", "defect"))]
    assert {"RE562", "RE563"} <= set(codes)
    assert {name: each.is_manual for name, each in loop.engine.holdings.trades.items()} == {"101": False, "8": True}


def test_an_order_of_before_the_last_state_is_asked_for(tmp_path: Path) -> None:
    """Sent, then eight minutes of prices: its step of sending is older than the last state."""
    wire = a_wire(157.1, *[157.0] * 160, 156.0, outcome="rest", held=True)
    folder = killed(tmp_path, wire, Place("reply", 1, is_on_disk=True))
    found = opened(folder)
    assert found is not None
    assert [each.order.id for each in found.restart.sent] == [each.id for each in wire.accepted]


def test_an_answer_that_comes_only_after_the_restart_still_counts_once(tmp_path: Path) -> None:
    """The venue can't tell yet when it is asked: UNKNOWN, and the truth later, over the stream."""

    class Late(Connected):
        async def recover(self, sent: Any) -> Any:
            now = self.wire.tick()
            self.replies += [replace(event, ts=now + 1) for each in sent for event in self.wire.said[each.order.id]]
            from ruleengine.model.event import OrderStatus

            return [OrderUpdate(now, now, each.order.id, OrderStatus.UNKNOWN) for each in sent]

    wire = a_wire(157.0, *[157.1] * 8)
    folder = killed(tmp_path, wire, Place("submitted"))
    _, loop = go_on(folder, RISE, wire, venue=Late(wire))
    assert loop.engine.holdings.side_units("USD_JPY")[0] == 3000
    assert len(wire.accepted) == 1
    assert loop.out == []
    with JournalReader(journal_at(folder)) as reader:
        books = [row for row in reader.rows(kinds=("event",)) if row.body["type"] == Reconciliation.kind]
    assert [str(each["units"]) for each in books[1].body["snapshot"]["trades"]] == ["3000"]
