"""A run that was cut off, built again from its journal. Nothing is sent while that is done.

1. the last state in the record, and every event after it: the same decisions follow, so the same orders are out
2. what the record has of each order that is out: with its step of sending it may have left and is to be asked for;
   without one it did not, for no command is handed out before that step is on disk
3. decisions of the last event that did not reach the record any more go into it now

Where another policy decides now, or the same events lead to other orders than the record has (another version of the
engine), nothing is decided anew: the events make the book, orders come from the record, and the state is carried over
by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import contact as faults
from ruleengine.journal import JournalReader, Row
from ruleengine.journal.events import from_input
from ruleengine.model.addition import Addition
from ruleengine.model.audit import Decision, Note
from ruleengine.model.order import Order
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import SentOrder
from ruleengine.runtime import codes
from ruleengine.runtime.driving.inquiry import Restart
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.notes import note
from ruleengine.runtime.orders.record import order_from_json
from ruleengine.runtime.snapshot import StateForeign

Make = Callable[[str, Recorder | None], Engine]
"""An engine of the policy that decides from now on, by the id of the run and where it records."""

_HERE = Span.of_file("resume")
_SENDING = "sending"


@dataclass(frozen=True, slots=True)
class Resumed:
    """`engine`: as it was after the last event of the record; what there is to say of it comes with its first event.
    `restart`: what it left open. `events`: how many were replayed."""

    engine: Engine
    restart: Restart
    events: int
    notes: tuple[Note, ...]


@dataclass(slots=True)
class _Record:
    """What the journal has after its last state: `orders` by the event that led to them, `intents`: what they were to
    complete, `checks`: decisions that are recorded, `sent`: when each order was handed over."""

    orders: dict[int, list[Mapping[str, Any]]] = field(default_factory=dict)
    intents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    checks: set[str] = field(default_factory=set)
    sent: dict[str, int] = field(default_factory=dict)
    last_no: int = 0

    @classmethod
    def after(cls, reader: JournalReader, kept: Row) -> _Record:
        found = cls(last_no=kept.event_no)
        for row in reader.rows(kinds=("check", "intent", "order"), from_seq=kept.seq):
            if row.kind == "check":
                found.checks.add(row.key)
                if row.body.get("order") is not None:
                    found.orders.setdefault(row.event_no, []).append(row.body)
            elif row.kind == "intent":
                found.intents[row.key] = row.body
            elif row.body["state"] == _SENDING:
                found.sent.setdefault(row.key, row.ts_ns)
        found.last_no = max(found.last_no, next(reader.rows(is_reversed=True)).event_no)
        return found


def resume(reader: JournalReader, make: Make, recorder: Recorder) -> Resumed | None:
    """The engine of the run that the journal tells of, to go on under `recorder`; None where no run got so far as to
    send anything. The journal is to be whole from its last state on: whoever writes on it has verified that.

    Raises  JournalUnreadable  where a row is not what was written,  StateForeign  where its state can't be read."""
    kept = reader.latest_snapshot()
    if kept is None:
        if next(reader.rows(kinds=("order",)), None) is not None:
            raise StateForeign(
                f"{codes.STATE_FOREIGN} {reader.path} has orders and no state to go on from; see at the venue what "
                "became of them, then begin a new journal"
            )
        return None
    state, record = kept.body["state"], _Record.after(reader, kept)
    run_id = str(state["run"])
    engine, said = _begun(make, run_id, state)
    is_same = state["policy"] == engine.policy_digest
    events, unrecorded, has_orders = 0, list[Decision](), False
    if is_same:
        events, unrecorded, has_orders = _decided_anew(reader, engine, record, kept.event_no)
    if not has_orders:
        wanted = str(state["policy"])
        engine, said = _begun(make, run_id, state)
        events, unrecorded = _followed(reader, engine, record, kept.event_no), []
        found = faults.carried_over(_HERE, "" if is_same else wanted, engine.policy_digest)
        said.append(note(found, *engine.position))
    engine.desk.seq = max(engine.desk.seq, record.last_no)
    restart = _restart(reader, engine, record)
    going_on = make(run_id, recorder)
    going_on.restore(engine.state())
    for decision in unrecorded:
        recorder.decision(decision)
    found = faults.resumed(_HERE, str(events), str(len(restart.sent)), str(len(restart.unsent)))
    said.append(note(found, *going_on.position))
    going_on.desk.audit.notes += said
    return Resumed(going_on, restart, events, tuple(said))


def _begun(make: Make, run_id: str, state: Mapping[str, Any]) -> tuple[Engine, list[Note]]:
    engine = make(run_id, None)
    return engine, engine.restore(state)


def _decided_anew(
    reader: JournalReader, engine: Engine, record: _Record, after: int
) -> tuple[int, list[Decision], bool]:
    """Replay as it was. How many events there were, decisions of the last one that the record lacks, and whether it led
    to every order that the record has, as it was sent: it may have been changed at the venue since."""
    count, last, sent = 0, list[Decision](), dict[str, Order]()
    for each in reader.replay(after_event=after):
        count += 1
        last = engine.process(from_input(each)).decisions
        sent.update({decision.order.id: decision.order for decision in last if decision.order is not None})
    recorded = [_order(body) for bodies in record.orders.values() for body in bodies]
    has_orders = all(sent.get(order.id) == order for order in recorded)
    has_orders = has_orders and all(engine.orders.get(name) is not None for name in record.sent)
    return count, [decision for decision in last if decision.id not in record.checks], has_orders


def _followed(reader: JournalReader, engine: Engine, record: _Record, after: int) -> int:
    """Replay without deciding anything: orders come from the record."""
    count = 0
    engine.decides = False
    for each in reader.replay(after_event=after):
        count += 1
        engine.process(from_input(each))
        for body in record.orders.get(each.event_no, ()):
            order, added, intent = _order(body), body.get("addition"), record.intents.get(str(body["id"]), {})
            engine.orders.open(
                order, str(body["id"]), str(body["rule"]), str(body["kind"]), each.ts_ns,
                stage=str(intent.get("stage", "")), is_full_close=bool(intent.get("full_close", False)),
                addition=None if added is None else Addition.from_json({"base": None, **added}),
            )  # fmt: skip
            engine.holdings.mirror_orders(engine.orders, order.instrument)
    engine.decides = True
    return count


def _order(body: Mapping[str, Any]) -> Order:
    """The order of a recorded decision; what there is not is left out there."""
    return order_from_json({"position_side": None, **body["order"]})


def _restart(reader: JournalReader, engine: Engine, record: _Record) -> Restart:
    sent, unsent = list[SentOrder](), list[str]()
    for each in engine.orders.live():
        name = each.order.id
        at = record.sent.get(name)
        if at is None:
            at = next(_sendings(reader, name), None)
        if at is None:
            unsent.append(name)
        else:
            sent.append(SentOrder(each.order, at, each.venue_id, each.filled))
    return Restart(sent, unsent)


def _sendings(reader: JournalReader, order_id: str) -> Iterator[int]:
    """When an order of before the last state was handed over."""
    return (row.ts_ns for row in reader.order(order_id) if row.body.get("state") == _SENDING)
