"""What was appended is what is read: in order, by every way of asking, and again as a recording."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from ruleengine.journal import SHAPES, EntryRefused, JournalForeign, JournalMissing, JournalReader, JournalWriter
from ruleengine.journal.events import from_input, is_batched, key_of, to_body, to_tuple
from ruleengine.journal.places import default_path, journal_at
from ruleengine.model import event as model
from ruleengine.model.side import Side
from ruleengine.model.venue_book import TradeState, VenueSnapshot
from tests.journal.conftest import SECOND, START, quote


def test_entries_come_in_the_order_of_what_happened(sample: Path) -> None:
    one_round = ["market", "event", "check", "intent", "order", "order", "fill", "verdict_change", "refusal"]
    with JournalReader(sample, "practice") as reader:
        rows = list(reader.rows())
    assert [row.kind for row in rows] == ["activation", *one_round * 3, "snapshot", "defect"]
    assert [row.seq for row in rows] == list(range(1, 31))
    # three quotes and a signal a round: what follows an event carries that event's number
    assert [row.event_no for row in rows[:10]] == [0, 3, 4, 4, 4, 4, 4, 4, 4, 4]
    assert rows[-1].body == {"code": "RE4", "message": "한국어 — crossed"}


def test_a_row_hash_can_be_worked_out_by_hand(sample: Path) -> None:
    """The format as docs/journal.md states it, put together here without our code."""
    connection = sqlite3.connect(sample)
    rows = connection.execute(
        "SELECT seq, ts_ns, event_no, kind, key, decision, body, prev_hash, hash FROM log ORDER BY seq LIMIT 9"
    ).fetchall()
    connection.close()
    before = hashlib.sha256(b"ruleengine journal " + json.dumps([1, "practice", "run-1"]).encode()).digest()
    for seq, ts_ns, event_no, kind, key, decision, body, prev_hash, hash_ in rows:
        texts = [text.encode() for text in (kind, key, decision)]
        frame = struct.pack(">32sQqQIII", before, seq, ts_ns, event_no, *map(len, texts))
        assert prev_hash == before
        assert hash_ == hashlib.sha256(frame + b"".join(texts) + body.encode()).digest()
        before = hash_


def test_ways_of_asking(sample: Path) -> None:
    with JournalReader(sample) as reader:
        assert [row.kind for row in reader.decision("d-1")] == ["check", "intent", "order", "order", "fill"]
        assert [row.kind for row in reader.decision("d-1-b")] == ["refusal"]
        assert reader.decision("") == []
        assert [row.body.get("state", "fill") for row in reader.order("o-2")] == ["SENDING", "ACKED", "fill"]
        assert [(order, row.body["state"]) for order, row in reader.orders()] == [(f"o-{n}", "ACKED") for n in range(3)]
        assert [row.seq for row in reader.rows(kinds=("fill",))] == [8, 17, 26]
        assert [row.seq for row in reader.rows(kinds=("fill",), is_reversed=True)] == [26, 17, 8]
        assert [row.seq for row in reader.rows(kinds=("fill", "check"), from_seq=5, to_seq=17)] == [8, 13, 17]
        between = reader.rows(since_ns=START + 10 * SECOND, until_ns=START + 10 * SECOND + 1)
        assert [row.kind for row in between] == ["event", "check", "intent", "order"]
        assert [row.seq for row in reader.tail(29)] == [29, 30]
        assert list(reader.tail(31)) == []
        assert reader.last_seq == 30


def test_snapshots(sample: Path) -> None:
    with JournalReader(sample) as reader:
        snapshot = reader.latest_snapshot()
        assert snapshot is not None
        assert snapshot.body["state"] == {"units": Decimal("3000")}
        assert snapshot.event_no == 12
        assert reader.latest_snapshot(before_seq=snapshot.seq) is None


def test_a_journal_is_a_recording(sample: Path) -> None:
    with JournalReader(sample) as reader:
        events = list(reader.replay())
        assert [event.event_no for event in events] == list(range(1, 13))
        assert [event.type for event in events] == ["quote", "quote", "quote", "signal"] * 3
        quotes = [quote(10 * number + place) for number in range(3) for place in range(3)]
        assert [event.payload for event in events if event.is_market] == quotes
        assert [event.event_no for event in reader.replay(after_event=6)] == list(range(7, 13))
        assert list(reader.replay(after_event=12)) == []
        some = reader.replay(since_ns=START + 10 * SECOND, until_ns=START + 12 * SECOND)
        assert [event.event_no for event in some] == [5, 6, 8]


def test_batches_of_several_shapes_keep_their_order(path: Path) -> None:
    trade = ("trade", START, START, "X", Decimal("1.50"), 2.0, None, 0, None, None, None)
    book: tuple[object, ...] = ("book", START, START, "X", [[1.1, 5.0], [1.0, 2.0]], [], 0)
    timer = ("timer", START, START)
    events = [quote(1), trade, timer, quote(2), book, quote(3), trade]
    with JournalWriter(path, "practice", events_a_batch=5) as writer:
        assert [writer.append_market(event) for event in events] == list(range(1, 8))
    with JournalReader(path) as reader:
        assert [event.payload for event in reader.replay()] == events
        assert [row.body["count"] for row in reader.rows()] == [5, 2]


def test_going_on_after_a_restart(sample: Path) -> None:
    with JournalWriter(sample, "practice", origin="another run") as writer:
        assert (writer.seq, writer.event_no, writer.origin) == (30, 12, "run-1")
        assert writer.append_market(quote(99)) == 13
        assert writer.append("note", START, "", {"code": "restart"}) == 32
    with JournalReader(sample) as reader:
        assert [row.kind for row in reader.tail(31)] == ["market", "note"]
        assert [event.event_no for event in reader.replay(after_event=11)] == [12, 13]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (("quote", 1, 1, "X", math.nan, 1.0, None, None, 0), "bid is nan"),
        (("quote", 1, 1, "X", 1.0, math.inf, None, 5.0, 0), "ask is inf"),
        (("quote", 1, 1, "X", math.inf, -math.inf, 1.0, 1.0, 0), "bid is inf"),
        (("quote", 1, 1, "X", 10**400, 1.0, 1.0, 1.0, 0), "bid"),
        (("quote", 1, 1, "X", "1.0", 1.0, 1.0, 1.0, 0), "bid is '1.0'"),
        (("quote", 1.5, 1, "X", None, 1.0, 1.0, 1.0, 0), "ts is 1.5"),
        (("quote", 2**63, 1, "X", None, 1.0, 1.0, 1.0, 0), "ts is"),
        (("quote", 1, 1, "X", 1.0), "5 values, needs 9"),
        (("tick", 1, 1), "'tick'"),
        (("book", 1, 1, "X", [[math.nan, 1.0]], [], 0), "bids"),
    ],
)
def test_market_events_are_looked_at_before_anything_uses_them(
    path: Path, event: tuple[object, ...], says: str
) -> None:
    with JournalWriter(path, "practice") as writer:
        writer.append_market(quote(1))
        for _ in range(2):  # the second look is the remembered one
            with pytest.raises(EntryRefused, match="RE724") as refused:
                writer.append_market(event)
        assert says in refused.value.diagnostic.message
        assert writer.append_market(quote(2)) == 2
    with JournalReader(path) as reader:
        assert [recorded.payload for recorded in reader.replay()] == [quote(1), quote(2)]


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("nonsense", {}, "no kind"),
        ("market", {"count": 0, "order": [], "columns": {}}, "no kind"),
        ("fill", {"decision": "d", "units": 1}, "lacks instrument, price"),
        ("note", {"code": "x", "decision": 5}, "decision is not text"),
        ("note", {"code": math.nan}, "code is nan"),
    ],
)
def test_entries_that_cannot_be_recorded(path: Path, kind: str, body: dict[str, object], says: str) -> None:
    with JournalWriter(path, "practice") as writer:
        with pytest.raises(EntryRefused) as refused:
            writer.append(kind, 1, "", body)
        assert says in refused.value.diagnostic.message
        with pytest.raises(EntryRefused):
            writer.append("event", 2**63, "", {"type": "signal"})
        assert (writer.seq, writer.event_no) == (0, 0)
        assert writer.append("event", 2**63 - 1, "", {"type": "signal"}) == 1


def test_places() -> None:
    assert default_path("p-1", Path("x")) == Path("x/p-1/journal.sqlite")
    for name in ("", "..", "a/b", "a\\b", ".hidden", "a\n", "x" * 101):
        with pytest.raises(JournalForeign, match="RE706"):
            default_path(name)


def test_the_journal_option_takes_folder_or_file(sample: Path) -> None:
    assert journal_at(sample.parent) == sample
    assert journal_at(sample) == sample
    with pytest.raises(JournalMissing, match="RE705"):
        JournalReader(sample.parent / "nothing.sqlite")


_EVENTS: list[model.Event] = [
    model.Quote(5, 4, "X", 1.0, 1.1, None, 3.0),
    model.TradePrint(6, 5, "X", 1.0, 2.0, "buy"),
    model.TradePrint(6, 5, "X", 1.0, 3.0, None, 0, 1.5, 0.5, 9.0),
    model.BarEvent(7, 6, "X", 60, "bid", 1.0, 2.0, 0.5, 1.5, None, (1.1, 2.1, 0.6, 1.6)),
    model.Book(8, 7, "X", ((1.0, 5.0), (0.9, 6.0)), ((1.1, 4.0),)),
    model.Funding(9, 9, "X", -0.0001),
    model.Reference(10, 10, "X", 101.5, "mark"),
    model.Timer(10),
    model.Signal(11, 10, "s-1", "X", "fast_scalp", Side.SHORT, size=1000.0),
    model.OrderUpdate(12, 12, "o-1", model.OrderStatus.UNKNOWN, reason="timeout"),
    model.Fill(13, 13, "X", "o-1", Side.SHORT, Decimal("1000"), Decimal("1.10"), "t-1", True, fee=Decimal("0.2")),
    model.CashChange(14, 14, Decimal("-1.5"), "financing"),
    model.AccountRead(15, 15, Decimal("500000"), None),
    model.OperatorCommand(16, "kill", "me", "because", {"scope": "all"}),
    model.LinkChange(17, 17, "account", False, "stream closed"),
    model.HoursWord(17, 16, "", 10**18, 10**18 + 86_400 * 10**9, False, "chk-holiday 20261119"),
    model.Reconciliation(
        18,
        18,
        VenueSnapshot(
            17,
            Decimal("500000.10"),
            Decimal(0),
            (
                TradeState(
                    "1",
                    "X",
                    Side.LONG,
                    Decimal("1000"),
                    Decimal("1.10"),
                    5,
                    "qr-1",
                    "tag",
                    "micro",
                    stop=Decimal("1.05"),
                    leverage=Decimal(3),
                ),
                TradeState("2", "X", Side.SHORT, Decimal("0.1"), Decimal("1.2"), 6),
            ),
            ("o-1", "77"),
            ("f-1",),
        ),
    ),
    model.Reconciliation(19, 19, VenueSnapshot(19, Decimal("-1"), Decimal("2.5"))),
    model.LinkChange(20, 20, "prices", True),
    model.HoursWord(20, 20, "BTC-USDT-SWAP", 20, None, True, "state"),
]


def test_events_of_the_model_come_back_equal(path: Path, copy_of: Callable[[Path, str], Path]) -> None:
    with JournalWriter(path, "practice") as writer:
        for number, event in enumerate(_EVENTS, 1):
            event.seq = number
            if is_batched(event):
                assert writer.append_market(to_tuple(event)) == number
            else:
                writer.append("event", event.ts, key_of(event), to_body(event))
        assert writer.event_no == len(_EVENTS)
    with JournalReader(path) as reader:
        assert [from_input(event) for event in reader.replay()] == _EVENTS


def test_shapes_have_the_fields_of_the_model() -> None:
    classes = {type(event).kind: type(event) for event in _EVENTS if is_batched(event)}
    assert sorted(classes) == sorted(shape.name for shape in SHAPES)
    for shape in SHAPES:
        expected = [field.name for field in fields(classes[shape.name]) if field.name != "seq"]
        if shape.name == "timer":
            expected.append("ts_event")
        assert [field.name for field in shape.fields] == expected


def test_questions_about_a_long_journal_do_not_read_it_all(path: Path) -> None:
    """Each way of asking goes to its rows: no plan sorts, and none but the one over several kinds passes all rows."""
    with JournalWriter(path, "practice") as writer:
        for number in range(2000):
            writer.append("note", number, f"k-{number}", {"code": "n", "decision": f"d-{number}"})
            writer.append("event", 2000 - number, "", {"type": "timer"})  # times that go down must be found as well
    with JournalReader(path) as reader:
        steps: list[int] = []
        reader._connection.set_progress_handler(lambda: steps.append(1), 100)
        assert [row.seq for row in reader.rows(key="k-1500")] == [3001]
        assert [row.seq for row in reader.decision("d-20")] == [41]
        assert [event.event_no for event in reader.replay(after_event=1998)] == [1999, 2000]
        assert [row.seq for row in reader.rows(kinds=("note",), is_reversed=True, to_seq=2)] == [1]
        assert len(steps) < 60
        assert [row.seq for row in reader.rows(since_ns=1990, until_ns=1992)] == [20, 22, 3981, 3983]
        assert len(list(reader.rows(kinds=("note", "event")))) == 4000
        assert len(steps) < 4000
