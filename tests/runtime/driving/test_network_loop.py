"""The live loop over a network: the venue's book is its first event, nothing that fails at the venue ends it silently,
it closes what it opened, and says what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.model.audit import Audit
from ruleengine.model.event import (
    Event,
    Fill,
    HoursWord,
    LinkChange,
    OperatorCommand,
    OrderStatus,
    OrderUpdate,
    Quote,
    Reconciliation,
    Signal,
)
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import SentOrder, VenueError, VenueSnapshot
from ruleengine.runtime.driving.inquiry import Restart
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.orders.states import OrderState
from tests.runtime.driving.killed import maker
from tests.runtime.driving.wire import Connected, Wire, WireClock, quotes
from tests.runtime.engine.world import SECOND, T0, Recorder, trade

RISE = """
entries:
  - {id: rise, source: market, when: mid > 157.05, side: long, strategy: TrendMA, size: 3_000units, max_open: 1}
exits:
  - {id: cut, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""


@dataclass
class Ran:
    """What a run left: its record, what was told, the loop."""

    loop: LiveLoop
    recorder: Recorder
    told: list[str] = field(default_factory=list)

    @property
    def events(self) -> list[Event]:
        return [each for what, each in self.recorder.lines if what == "event"]

    @property
    def notes(self) -> list[tuple[str, str]]:
        return [(each.level, each.code) for what, each in self.recorder.lines if what == "note"]


def ran(venue: Connected, *, restart: Restart | None = None, clock: Any = None, **bounds: Any) -> Ran:
    recorder = Recorder()
    engine: Engine = maker(RISE)("run", recorder)
    engine.desk.seq = 0
    told: list[str] = []

    def tell(trouble: Diagnostic) -> None:
        told.append(f"{trouble.code} {trouble.message}")

    loop = LiveLoop(engine, venue, clock or WireClock(venue.wire), on_trouble=tell, restart=restart, **bounds)
    found = Ran(loop, recorder, told)
    asyncio.run(loop.run())
    return found


def a_wire(*prices: float, outcome: str = "fill", held: bool = False) -> Wire:
    return Wire(quotes(*prices, start=T0), (trade("1000", "157"),) if held else (), outcome)


# --- its first event --------------------------------------------------------------------------------------------------


def test_the_venues_book_is_the_first_event_and_in_the_record() -> None:
    found = ran(Connected(a_wire(157.0, held=True)))
    first = found.events[0]
    assert isinstance(first, Reconciliation)
    assert (first.seq, [each.id for each in first.snapshot.trades]) == (1, ["1"])
    assert found.loop.engine.holdings.trades.keys() == {"1"}


def test_the_state_is_in_the_record_before_the_first_event() -> None:
    found = ran(Connected(a_wire(157.0)))
    assert [what for what, _ in found.recorder.lines[:3]] == ["snapshot", "sync", "event"]


def test_the_record_that_others_read_is_never_far_behind() -> None:
    """Two quotes a second for ten seconds, and nothing is sent, so nothing asks for the disk."""
    quiet = quotes(*[157.0] * 21, start=T0, every_ns=SECOND // 2)
    lines = ran(Connected(Wire(quiet))).recorder.lines
    waits: list[Event] = []
    for what, each in lines:
        if what in ("flush", "sync"):
            waits = []
        elif what == "event":
            waits.append(each)
            assert each.ts - waits[0].ts < 3 * SECOND
    assert 4 <= [what for what, _ in lines].count("flush") <= 6


def test_that_the_record_is_not_written_is_an_event_of_it_and_keeps_entries_back() -> None:
    """Not before the fourth price, the third above the entry's."""
    wire = Wire(quotes(157.0, 157.1, 157.1, 157.1, 157.1, start=T0))

    def says() -> str:
        return "no room left" if wire.now < T0 + 8 * SECOND else ""

    found = ran(Connected(wire), record_trouble=says)
    changes = [each for each in found.events if isinstance(each, LinkChange)]
    assert [(each.channel, each.is_up, each.detail) for each in changes] == [
        ("record", False, "no room left"), ("record", True, "")
    ]  # fmt: skip
    assert [code for level, code in found.notes if level == "alert"] == ["RE725"]
    decided = [each for what, each in found.recorder.lines if what == "decision"]
    assert [(each.outcome, each.code) for each in decided[:2]] == [("refused", "RE725"), ("sent", "")]
    (sent,) = wire.accepted
    assert changes[1].seq < next(each.seq for each in found.events if getattr(each, "order_id", "") == sent.id)


def test_no_entry_leaves_where_the_record_could_not_be_written_before_the_first_price() -> None:
    """The state at the start is what found it out."""
    wire = Wire(quotes(157.1, 157.1, start=T0))
    found = ran(Connected(wire), record_trouble=lambda: "no room left")
    assert [type(each) for each in found.events[:3]] == [Reconciliation, LinkChange, Quote]
    assert wire.accepted == []


def test_what_was_out_is_recovered_before_the_book_and_nothing_opens_meanwhile() -> None:
    """An order of a run before was filled while nobody listened; another one never left."""
    wire = a_wire(157.1, 157.1)
    engine = maker(RISE)("run", None)
    order = replace(_order(), id="qr-old")
    wire.take(order)
    lost = replace(_order(), id="qr-lost")
    for each in (order, lost):
        engine.orders.open(each, each.id, "rise", "entry", T0)
    recorder = Recorder()
    live = maker(RISE)("run", recorder)
    live.restore(engine.state())
    restart = Restart([SentOrder(order, T0)], ["qr-lost"])
    loop = LiveLoop(live, Connected(wire), WireClock(wire), restart=restart)
    asyncio.run(loop.run())
    kinds = [each.kind for what, each in recorder.lines if what == "event"]
    assert kinds[:6] == ["link", "order", "fill", "order", "reconciliation", "link"]
    states = {name: live.orders.get(name) for name in ("qr-old", "qr-lost")}
    assert {name: each.state for name, each in states.items() if each} == {
        "qr-old": OrderState.FILLED,
        "qr-lost": OrderState.ABSENT,
    }
    assert live.contact.is_sure


def _order() -> Order:
    return Order("x", "USD_JPY", Side.LONG, Decimal(3000), strategy="TrendMA")


def test_a_connection_that_was_away_when_the_run_ended_is_there_again() -> None:
    wire = a_wire(157.1, 157.1)
    before = maker(RISE)("run", None)
    before.desk.seq = 0
    before.process(LinkChange(T0 - SECOND, T0 - SECOND, "account", False, seq=1))
    engine = maker(RISE)("run", Recorder())
    engine.restore(before.state())
    asyncio.run(LiveLoop(engine, Connected(wire), WireClock(wire)).run())
    assert engine.contact.is_sure
    assert len(wire.accepted) == 1


def test_a_start_that_fails_closes_the_venue_and_is_raised() -> None:
    class Shut(Connected):
        async def snapshot(self) -> VenueSnapshot:
            raise VenueError("no such account", code="E40", remedy="look at the account's number", is_final=True)

    venue = Shut(a_wire(157.0))
    with pytest.raises(VenueError, match="no such account"):
        ran(venue)
    assert venue.is_closed


# --- what fails at the venue ------------------------------------------------------------------------------------------


class Fails(Connected):
    """The first order breaks on its way: before the venue has it, or after."""

    def __init__(self, wire: Wire, error: BaseException | None, *, arrives: bool) -> None:
        super().__init__(wire)
        self._error, self._arrives = error, arrives

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        if self._error is None:
            await super().submit(command, ts)
            return
        error, self._error = self._error, None
        if self._arrives and isinstance(command, Cleared):
            self.wire.take(command.order)
        raise error


ERRORS = [VenueError("the line broke", code="W7"), KeyError("token=abc123"), TimeoutError(), OSError(5, "pipe")]


def test_the_record_says_why_an_order_is_unknown() -> None:
    found = ran(Fails(a_wire(157.0, 157.1), VenueError("the line broke", code="W7"), arrives=False))
    unknown = [each for each in found.events if isinstance(each, OrderUpdate) and each.status is OrderStatus.UNKNOWN]
    assert [(each.code, "the line broke" in each.reason) for each in unknown[:1]] == [("W7", True)]


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("error", ERRORS, ids=lambda each: type(each).__name__)
def test_an_order_that_broke_on_its_way_is_unknown_with_an_alert_and_is_asked_for(
    error: BaseException, arrives: bool
) -> None:
    venue = Fails(a_wire(157.0, *[157.1] * 12), error, arrives=arrives)
    found = ran(venue)
    update = next(each for each in found.events if isinstance(each, OrderUpdate))
    assert update.status is OrderStatus.UNKNOWN
    assert ("alert", "RE555") in found.notes
    assert update.order_id in found.told[0]
    assert "abc123" not in found.told[0] + update.reason, "what an unknown error says may be a secret"
    assert venue.asked[0] == update.order_id
    assert venue.wire.doubles == 0
    # where it never arrived the answer is ABSENT, and the rule decides once more
    assert len(venue.wire.accepted) == 1
    assert {each.units for each in venue.wire.book.values()} == {3000}
    assert found.loop.engine.holdings.side_units("USD_JPY")[0] == 3000
    assert venue.is_closed


def test_an_adapter_that_never_hands_over_is_given_up_after_its_bound() -> None:
    class Hangs(Connected):
        async def submit(self, command: Cleared | Cancel, ts: int) -> None:
            await asyncio.Event().wait()

    found = ran(Hangs(a_wire(157.0, 157.1)), submit_max_s=0.02)
    assert ("alert", "RE555") in found.notes
    assert "TimeoutError" in found.told[0]


def test_an_exit_that_breaks_does_not_end_the_run() -> None:
    venue = Fails(a_wire(157.0, *[156.9] * 12, held=True), RuntimeError("x"), arrives=False)
    found = ran(venue)
    assert [each.is_reduce_only for each in venue.wire.accepted] == [True]
    assert venue.wire.book == {}
    assert found.loop.engine.holdings.trades == {}


@pytest.mark.parametrize(("error", "said"), [(VenueError("busy", code="429"), "429 busy"), (KeyError("x"), "KeyError")])
def test_a_question_that_fails_is_told_and_asked_again(error: Exception, said: str) -> None:
    class Deaf(Fails):
        async def query(self, order_id: str) -> None:
            self.asked.append(order_id)
            if len(self.asked) == 1:
                raise error
            self.replies += self._what_became_of(order_id)

    venue = Deaf(a_wire(157.0, *[157.1] * 16), ERRORS[0], arrives=True)
    found = ran(venue)
    assert len(venue.asked) == 2
    assert any(f"could not be asked for: {said}" in each for each in found.told)
    assert found.loop.out == []


def test_a_question_without_an_end_keeps_no_other_from_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Mute(Fails):
        async def query(self, order_id: str) -> None:
            self.asked.append(order_id)
            if len(self.asked) == 1:
                await asyncio.Event().wait()
            self.replies += self._what_became_of(order_id)

    monkeypatch.setattr("ruleengine.runtime.driving.inquiry.ASK_MAX_S", 0.0)
    venue = Mute(a_wire(157.0, *[157.1] * 16), ERRORS[0], arrives=True)
    found = ran(venue)
    assert len(venue.asked) == 2
    assert any("could not be asked for: TimeoutError" in each for each in found.told)
    assert found.loop.out == []


def test_nothing_is_asked_while_the_account_is_not_heard() -> None:
    wire = a_wire(157.0, *[157.1] * 12)

    class Lost(Fails):
        async def events(self) -> AsyncIterator[Event]:
            async for event in super().events():
                yield event
                if len(self.wire.quotes) == 11:
                    yield LinkChange(now := self.wire.tick(), now, "account", False)

    venue = Lost(wire, ERRORS[0], arrives=False)
    found = ran(venue)
    assert venue.asked == []
    assert [each.state for each in found.loop.out] == [OrderState.UNKNOWN]


def test_books_that_differ_are_asked_for_until_they_agree() -> None:
    """Twice the venue's book has a trade of a unit more than the stream told of; then it stays."""
    wire = a_wire(157.0, 157.0, *[157.1] * 20, held=True)

    class Differs(Connected):
        async def events(self) -> AsyncIterator[Event]:
            async for event in super().events():
                yield event
                left = len(self.wire.quotes)
                if isinstance(event, Quote) and left in (20, 19):
                    held = self.wire.book["1"]
                    self.wire.book["1"] = replace(held, units=held.units + 1)
                    now = self.wire.tick()
                    yield Reconciliation(now, now, self.wire.snapshot())

    found = ran(Differs(wire))
    assert ("alert", "RE511") in found.notes
    assert ("info", "RE514") in found.notes
    assert len(wire.accepted) == 1, "after the third book, which agreed"
    books = [each.ts for each in found.events if isinstance(each, Reconciliation)]
    assert len(books) == 5, "at the start, two that differ, one that was asked for, the last"
    assert wire.accepted[0].id
    assert found.loop.engine.contact.is_sure


# --- its end ----------------------------------------------------------------------------------------------------------


def test_orders_that_are_out_at_the_end_are_left_and_named() -> None:
    venue = Connected(a_wire(157.0, 157.1, outcome="rest"))
    found = ran(venue)
    assert [each.order.id for each in found.loop.out] == [venue.wire.accepted[0].id]
    assert list(venue.wire.working) == [venue.wire.accepted[0].id]


def test_a_book_that_may_have_a_fill_which_was_not_heard_is_none_to_end_with() -> None:
    """Of an order that is out. The next start hears of the fill first, and would count it beside such a book."""
    found = ran(Connected(a_wire(157.0, 157.1, outcome="rest")))
    assert found.loop.out
    assert [place for place, each in enumerate(found.events) if isinstance(each, Reconciliation)] == [0]


def test_stop_ends_it_after_the_event_in_hand_with_a_last_book_and_a_last_state() -> None:
    wire = a_wire(157.0, *[157.01] * 50)
    loops: list[LiveLoop] = []

    def stop(ts: int) -> None:
        loops[0].stop()

    venue = Connected(wire)
    recorder = Recorder()
    engine = maker(RISE)("run", recorder)
    loops.append(LiveLoop(engine, venue, WireClock(wire), before=stop))
    asyncio.run(loops[0].run())
    assert len(wire.quotes) > 40
    assert [what for what, _ in recorder.lines if what in ("event", "snapshot")][-2:] == ["event", "snapshot"]
    assert isinstance([each for what, each in recorder.lines if what == "event"][-1], Reconciliation)
    assert venue.is_closed


@pytest.mark.parametrize("how", ["hangs", "fails"])
def test_a_venue_that_does_not_close_keeps_nobody_waiting(how: str) -> None:
    class Stuck(Connected):
        async def close(self) -> None:
            if how == "hangs":
                await asyncio.Event().wait()
            raise VenueError("already gone", code="W9")

    found = ran(Stuck(a_wire(157.0)), end_max_s=0.02)
    assert len(found.told) == 1
    assert "did not close" in found.told[0]


def test_a_task_that_swallows_its_cancellation_keeps_nobody_waiting() -> None:
    """As `asyncio.wait_for` of Python 3.11 can: the venue is closed all the same, and its end is the task's."""

    class Deaf(Connected):
        closing = asyncio.Event()

        async def events(self) -> AsyncIterator[Event]:
            yield self.wire.quotes.popleft()
            loops[0].stop()
            closing = asyncio.ensure_future(self.closing.wait())
            while not self.closing.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.shield(closing)

        async def close(self) -> None:
            self.closing.set()
            await super().close()
            await asyncio.sleep(0)

    venue = Deaf(a_wire(157.0))
    recorder, told = Recorder(), list[str]()
    engine = maker(RISE)("run", recorder)
    engine.desk.seq = 0
    tell = told.append
    loops = [LiveLoop(engine, venue, WireClock(venue.wire), end_max_s=0.02, on_trouble=lambda each: tell(each.message))]
    asyncio.run(loops[0].run())
    assert venue.is_closed
    assert told == ["what follows the venue did not end: it was cancelled"]


def test_a_timer_comes_when_it_is_due_though_the_venue_says_nothing() -> None:
    """One quote, then five minutes of silence: the trade of T0 is four minutes old at T0 + 240 s, within one look at
    the clock (0.2 s), and leaves once."""

    class Silent(Connected):
        async def events(self) -> AsyncIterator[Event]:
            while self.wire.now < T0 + 300 * SECOND:
                async for event in super().events():
                    yield event
                await asyncio.sleep(0)

    wire = a_wire(157.0, held=True)
    recorder = Recorder()
    old = "{id: age, for_each: trade, when: trade.age >= 4min, close: 100%, on_unknown: {wait: 1h, then: alert}}"
    engine = maker(f"exits: [{old}]")("run", recorder)
    engine.desk.seq = 0
    asyncio.run(LiveLoop(engine, Silent(wire), WireClock(wire)).run())
    assert [(order.is_reduce_only, order.trade_id) for order in wire.accepted] == [(True, "1")]
    (decided,) = [each for what, each in recorder.lines if what == "decision"]
    assert 0 <= decided.ts - (T0 + 240 * SECOND) <= SECOND // 5
    assert wire.book == {}


def test_each_time_is_told_before_its_event_counts() -> None:
    wire = a_wire(157.0, 157.1)
    engine = maker(RISE)("run", Recorder())
    engine.desk.seq = 0
    seen: list[tuple[int, int]] = []
    loop = LiveLoop(
        engine, Connected(wire), WireClock(wire), before=lambda ts: seen.append((ts, engine.position[0]))
    )  # fmt: skip
    asyncio.run(loop.run())
    assert seen
    assert all(before <= ts for ts, before in seen)
    assert [ts for ts, _ in seen][:1] == [T0], "the book that was taken over is none of them"


@pytest.mark.parametrize("said", [
    OrderUpdate(T0, T0, "never-ours", OrderStatus.UNKNOWN, code="key hush", reason="no: hush"),
    LinkChange(T0, T0, "prices", False, "no: hush"),
    HoursWord(T0, T0, "", T0, None, False, "hush says"),
    Fill(T0, T0, "USD_JPY", "", Side.LONG, Decimal(1), Decimal(157), "7", True, reason="no: hush"),
])  # fmt: skip
def test_secrets_that_a_venue_repeats_do_not_reach_the_record(said: Event) -> None:
    class Talks(Connected):
        async def events(self) -> AsyncIterator[Event]:
            yield replace(said)
            async for event in super().events():
                yield event

    venue, recorder = Talks(a_wire(157.0)), Recorder()
    engine = maker(RISE)("run", recorder)
    engine.desk.seq = 0
    loop = LiveLoop(engine, venue, WireClock(venue.wire), hide=lambda text: text.replace("hush", "[redacted]"))
    asyncio.run(loop.run())
    written = str(recorder.lines)
    assert "[redacted]" in written
    assert "hush" not in written


def test_an_error_of_the_feed_closes_the_venue_and_is_raised() -> None:
    class Broken(Connected):
        async def events(self) -> AsyncIterator[Event]:
            yield self.wire.quotes.popleft()
            raise ConnectionError("the line is dead")

    venue = Broken(a_wire(157.0))
    with pytest.raises(ConnectionError, match="dead"):
        ran(venue)
    assert venue.is_closed


def test_a_last_book_that_cannot_be_had_is_told() -> None:
    class Gone(Connected):
        count = 0

        async def snapshot(self) -> VenueSnapshot:
            self.count += 1
            if self.count > 1:
                raise VenueError("gone", code="W1")
            return self.wire.snapshot()

    found = ran(Gone(a_wire(157.0)))
    assert found.told == ["RE519 the venue's last book could not be had: W1 gone"]


# --- the record -------------------------------------------------------------------------------------------------------


def test_the_state_is_kept_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every five minutes: 13 minutes of quotes three seconds apart have it at the start, twice between, at the end."""
    found = ran(Connected(a_wire(*[157.0] * 260)))
    kept = [number for number, (what, _) in enumerate(found.recorder.lines) if what == "snapshot"]
    assert len(kept) == 4
    monkeypatch.setattr("ruleengine.runtime.driving.live.KEPT_EVERY_EVENTS", 50)
    often = ran(Connected(a_wire(*[157.0] * 260)))
    assert sum(what == "snapshot" for what, _ in often.recorder.lines) >= 260 // 50


def test_an_audit_is_told_for_what_the_beginning_leads_to() -> None:
    heard: list[tuple[Event, Audit]] = []
    wire = a_wire(157.0)
    engine = maker(RISE)("run", None)
    engine.desk.seq = 0
    wire.book["8"] = replace(trade("5", name="8"), client_id="")
    loop = LiveLoop(engine, Connected(wire), WireClock(wire), on_audit=lambda *each: heard.append(each))
    asyncio.run(loop.run())
    assert "RE568" in [note.code for note in heard[0][1].notes]


def test_signals_from_outside_are_taken_beside_the_venue() -> None:
    wire = a_wire(*[157.0] * 5)

    async def signals() -> AsyncIterator[Event]:
        yield Signal(wire.now, wire.now, "s1", "USD_JPY", "TrendMA", Side.LONG)

    engine = maker(RISE)("run", recorder := Recorder())
    engine.desk.seq = 0
    asyncio.run(LiveLoop(engine, Connected(wire), WireClock(wire), signals=signals()).run())
    assert "signal" in [each.kind for what, each in recorder.lines if what == "event"]


def test_a_kill_takes_back_what_rests_at_the_venue() -> None:
    wire = a_wire(157.0, *[157.1] * 5, outcome="rest")

    async def operator() -> AsyncIterator[Event]:
        while not wire.working:
            await asyncio.sleep(0)
        yield OperatorCommand(wire.now, "kill", "me", "enough", {})

    engine = maker(RISE)("run", recorder := Recorder())
    engine.desk.seq = 0
    loop = LiveLoop(engine, Connected(wire), WireClock(wire), signals=operator())
    asyncio.run(loop.run())
    assert wire.working == {}
    assert len(wire.accepted) == 1
    assert loop.out == []
    steps = [each for what, each in recorder.lines if what == "order"]
    assert steps[-1] == Cancel(wire.accepted[0].id)


def test_a_cancellation_that_breaks_is_told_and_leaves_the_order_as_it_is() -> None:
    wire = a_wire(157.0, *[157.1] * 5, outcome="rest")

    class Unhearing(Connected):
        async def submit(self, command: Cleared | Cancel, ts: int) -> None:
            if isinstance(command, Cancel):
                raise VenueError("try later", code="503")
            await super().submit(command, ts)

    async def operator() -> AsyncIterator[Event]:
        while not wire.working:
            await asyncio.sleep(0)
        yield OperatorCommand(wire.now, "kill", "me", "enough", {})

    told: list[str] = []
    engine = maker(RISE)("run", Recorder())
    engine.desk.seq = 0
    loop = LiveLoop(
        engine, Unhearing(wire), WireClock(wire), signals=operator(), on_trouble=lambda each: told.append(each.message)
    )
    asyncio.run(loop.run())
    assert [each.order.id for each in loop.out] == list(wire.working)
    assert "could not be cancelled: 503 try later" in told[0]


@pytest.mark.parametrize("steps_back", [False, True])
def test_while_our_clock_is_behind_the_record_nothing_is_out_of_order(steps_back: bool) -> None:
    """It is an hour behind what the venue tells, or steps back half a second now and then. The first order breaks on
    its way."""

    class Behind(WireClock):
        def now_ns(self) -> int:
            return super().now_ns() - 3_600 * SECOND

    wire = Wire(quotes(157.0, *[157.1] * 30, start=T0, every_ns=SECOND))
    for each in list(wire.quotes)[1::2] if steps_back else ():
        each.ts -= 3 * SECOND // 2
    found = ran(Fails(wire, VenueError("the line broke"), arrives=True), clock=Behind(wire))
    times = [each.ts for each in found.events]
    assert times == sorted(times)
    assert "RE587" not in [code for _, code in found.notes]
    assert len(wire.accepted) == 1
