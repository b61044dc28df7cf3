"""The door of a running engine: who may come in, what a command can mean, what is answered."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cli import control as door
from ruleengine.cli.accounts import AccountReader
from ruleengine.cli.control import Control
from ruleengine.cli.control_targets import unmeant
from ruleengine.cli.control_wire import LINE_BYTES_MAX, Reply, Request, line_of, socket_of, sockets_folder
from ruleengine.cli.failure import CommandError
from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.event import OperatorCommand, OrderStatus, OrderUpdate
from ruleengine.model.order import Cleared
from tests.runtime.engine.world import SECOND, T0, World, trade

RULES = """
strategies: {M1Scalper: {pocket: micro}}
pockets: [micro, macro]
sizing: [{id: base, applies_to: {intent: entry}, size: "10_000units"}]
entries: [{id: take, source: signal, when: "true"}]
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
protections:
  - {id: rest, when: "account.equity < 100_000JPY", latch: human}
"""


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Where sockets of this test go, empty."""
    folder = Path(os.environ["XDG_RUNTIME_DIR"]) / "ruleengine"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def world(balance: str = "500000") -> World:
    made = World(RULES, balance=balance, trades=(trade("10000"),))
    made.quote(157.0, at=0)
    return made


class Desk:
    """An engine with its door, and the loop that deals with what comes in."""

    def __init__(self, made: World, journal: Path) -> None:
        self.world, self.journal, self.said = made, journal, list[str]()
        reader = AccountReader(made.engine)
        self.control = Control(made.engine, reader, journal, "test", self._now_ns, self.said.append)

    def _now_ns(self) -> int:
        return T0 + round(self.world.now * SECOND)

    async def deal(self) -> None:
        async for event in self.control.events():
            self.control.told(event, self.world.feed(event))

    async def hear(self, line: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(str(socket_of(self.journal)))
        writer.write(line)
        answer = await reader.read()
        writer.close()
        return answer

    async def say(self, line: bytes) -> Reply:
        return Reply.model_validate_json(await self.hear(line))

    async def ask(self, command: Any, target: str = "", **more: Any) -> Reply:
        return await self.say(said(command, target, **more))


def said(command: Any, target: str = "", **more: Any) -> bytes:
    return line_of(Request(command=command, by="anna", reason="a test", target=target, **more))


@asynccontextmanager
async def opened(made: World, journal: Path, *, deals: bool = True) -> AsyncIterator[Desk]:
    desk = Desk(made, journal)
    async with desk.control:
        dealing = asyncio.create_task(desk.deal() if deals else asyncio.sleep(0))
        try:
            yield desk
        finally:
            dealing.cancel()
            await asyncio.gather(dealing, return_exceptions=True)


def play(
    course: Callable[[Desk], Awaitable[None]], journal: Path, made: World | None = None, *, deals: bool = True
) -> World:
    async def run() -> World:
        async with asyncio.timeout(20):
            async with opened(made or world(), journal, deals=deals) as desk:
                await course(desk)
                return desk.world

    return asyncio.run(run())


def entries(made: World, at: float) -> list[str]:
    """What became of a signal: `sent`, or the code of its refusal."""
    audit = made.signal(name=f"s{at}", at=at)
    return [each.code or each.outcome for each in audit.decisions]


# --- what commands do -------------------------------------------------------------------------------------------------


def test_a_pause_holds_until_resume_and_says_who_and_why(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        paused = await desk.ask("pause")
        assert [(each.level, each.code) for each in paused.notes] == [("info", "RE541")]
        assert "anna: a test" in paused.notes[0].message
        desk.world.quote(157.0, at=6)
        assert entries(desk.world, 7) == ["RE531"]
        state = (await desk.ask("status")).state
        assert state is not None
        assert [(each["scope"], each["by"], each["reason"]) for each in state.off] == [("entries", "anna", "a test")]
        assert (await desk.ask("resume")).problem == ""
        desk.world.quote(157.0, at=8)
        assert entries(desk.world, 9) == ["sent"]

    made = play(course, tmp_path)
    commands = [each for what, each in made.recorder.lines if what == "event" and each.kind == "operator"]
    assert [(each.command, each.by, each.reason) for each in commands] == [
        ("pause", "anna", "a test"),
        ("resume", "anna", "a test"),
    ]


def test_what_was_answered_is_on_disk(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        await desk.ask("pause")
        kinds = [what for what, _ in desk.world.recorder.lines]
        assert kinds[-1] == "sync"
        assert "event" in kinds

    play(course, tmp_path)


def test_close_sends_a_reduction_past_every_guard(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        assert (await desk.ask("kill", "account")).problem == ""
        closed = await desk.ask("close", "all")
        assert (closed.sent, closed.refused, closed.cancelled) == (1, [], 0)
        again = await desk.ask("close", "all")  # it is on its way: nothing is sent twice
        assert again.sent == 0
        assert len(again.refused) == 1

    made = play(course, tmp_path)
    sent = [each for what, each in made.recorder.lines if what == "order" and isinstance(each, Cleared)]
    assert [(int(each.order.units), each.order.is_reduce_only) for each in sent] == [(10_000, True)]


def test_kill_takes_back_what_is_out_and_would_add(tmp_path: Path) -> None:
    made = world()
    assert entries(made, 1) == ["sent"]

    async def course(desk: Desk) -> None:
        assert (await desk.ask("kill", "strategy:M1Scalper")).cancelled == 1

    play(course, tmp_path, made)


def test_a_latch_is_re_armed(tmp_path: Path) -> None:
    """Equity 50,000 is below 100,000: the protection is on until a human ends it."""
    made = world("50000")

    async def course(desk: Desk) -> None:
        state = (await desk.ask("status")).state
        assert state is not None
        assert state.protections == ["rest/account"]
        over = await desk.ask("rearm", "rest")
        assert "re-armed by anna: a test" in over.notes[0].message

    play(course, tmp_path, made)


def test_status_tells_what_else_holds_openings_back_and_what_is_lifted(tmp_path: Path) -> None:
    """T0 is 2023-11-14 22:14:00 UTC; 600 s later it is 22:24. Our clock is behind where the venue's is ahead."""

    async def course(desk: Desk) -> None:
        assert (await desk.ask("override", "price_collar", seconds=600)).problem == ""
        contact = desk.world.engine.contact
        contact.differences, contact.found, contact.apart_ns = 9, "USD_JPY long 5", 3_500_000_000
        state = (await desk.ask("status")).state
        assert state is not None
        assert {limit: until[:19] for limit, until in state.overrides.items()} == {
            "price_collar": "2023-11-14 22:24:00"
        }
        assert state.held == ["books differ: USD_JPY long 5", "clocks: ours is 3.5 s behind the venue's"]
        desk.world.quote(157.0, at=600)
        later = (await desk.ask("status")).state
        assert later is not None
        assert later.overrides == {}

    play(course, tmp_path)


# --- answers that are right -------------------------------------------------------------------------------------------


def test_what_rules_want_in_the_same_event_is_not_the_answer(tmp_path: Path) -> None:
    """An entry that the pause itself holds back, and another rule's warning: the pause is done."""
    desk = Desk(world(), tmp_path)

    async def run() -> Reply:
        desk.control._asked.put_nowait(asked := door._Asked(OperatorCommand(T0, "pause", "anna", "why", {})))
        event = await anext(desk.control.events())
        assert event is asked.event
        audit = Audit(
            notes=[Note(T0, 1, "warning", "RE590", "waits for a price"), Note(T0, 1, "info", "RE541", "pause")]
        )
        for rule in ("take", "operator"):
            audit.decisions.append(
                Decision("d", T0, 1, "entry", rule, "USD_JPY", "long", "", "", Decimal(1), "refused", code="RE531")
            )
        desk.control.told(event, audit)
        return asked.reply

    reply = asyncio.run(run())
    assert reply.problem == ""
    assert len(reply.refused) == 1
    assert "operator" in reply.refused[0]


def test_what_the_engine_ignored_was_not_done(tmp_path: Path) -> None:
    """It is on nobody's list any more once its turn comes."""

    async def course(desk: Desk) -> None:
        assert (await desk.ask("rearm", "rest")).problem == "rearm of `rest` by anna: it is not on, and can be told"

    play(course, tmp_path)


def test_what_could_not_be_handed_over_is_not_sent(tmp_path: Path) -> None:
    """As the live loop has it: the order's fate is unknown, right behind the command."""

    async def course(desk: Desk) -> None:
        task = asyncio.create_task(desk.ask("close", "all"))
        events = desk.control.events()
        event = await anext(events)
        audit = desk.world.feed(event)
        desk.control.told(event, audit)
        (sent,) = (each.order for each in audit.commands if isinstance(each, Cleared))
        lost = OrderUpdate(desk._now_ns(), desk._now_ns(), sent.id, OrderStatus.UNKNOWN, reason="no route")
        follows = desk.world.feed(lost)
        assert follows, "the live loop tells of it"
        desk.control.told(lost, follows)
        ending = asyncio.ensure_future(anext(events))
        reply = await task
        ending.cancel()
        assert reply.unsure == [f"{sent.id}: no route"]

    play(course, tmp_path, deals=False)


# --- a run that ends, or has no time ----------------------------------------------------------------------------------


async def meets(*chances: Callable[[], bool]) -> None:
    for is_so in chances:
        while not is_so():
            await asyncio.sleep(0.005)


def end(tmp_path: Path, course: Callable[[Desk], Awaitable[None]], line: bytes, error: type[Exception] | None) -> bytes:
    """What somebody hears who said `line` to a run that ends after `course`; nothing runs on behind it."""

    async def run() -> bytes:
        desk = Desk(world(), tmp_path)
        async with asyncio.timeout(20):
            with suppress(*([error] if error else [])):
                async with desk.control:
                    hearing = asyncio.create_task(desk.hear(line))
                    await course(desk)
                    if error is not None:
                        raise error
            heard = await hearing
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return heard

    return asyncio.run(run())


async def speak_on(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"still there?\n")
        await writer.drain()
        await asyncio.sleep(0.005)


async def waits(desk: Desk) -> None:
    await meets(lambda: not desk.control._asked.empty())


async def is_in_hand(desk: Desk) -> None:
    await anext(desk.control.events())


async def is_done(desk: Desk) -> None:
    event = await anext(desk.control.events())
    desk.control.told(event, desk.world.feed(event))


@pytest.mark.parametrize("course", [waits, is_in_hand])
def test_what_a_run_did_not_come_to_was_not_done(tmp_path: Path, course: Callable[[Desk], Awaitable[None]]) -> None:
    reply = Reply.model_validate_json(end(tmp_path, course, said("pause"), None))
    assert reply.problem == "the run has ended: nothing was done"


def test_what_a_run_did_as_its_last_is_answered(tmp_path: Path) -> None:
    reply = Reply.model_validate_json(end(tmp_path, is_done, said("pause"), None))
    assert (reply.problem, [each.code for each in reply.notes]) == ("", ["RE541"])


def test_what_an_error_ended_has_no_answer(tmp_path: Path) -> None:
    assert end(tmp_path, is_done, said("pause"), ArithmeticError) == b""


def test_who_says_nothing_does_not_hold_the_end_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nor does it make noise: asyncio of 3.11 reports a conversation that ends by being cancelled as a fault."""

    async def is_there(desk: Desk) -> None:
        await meets(lambda: bool(desk.control._talks))

    assert end(tmp_path, is_there, b"half a com", None) == b""
    assert caplog.records == []


def test_who_does_not_take_the_answer_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """8 MB are more than a socket holds: the rest waits for somebody who doesn't read."""
    monkeypatch.setattr(door, "TALK_MAX_S", 0.05)

    async def course(desk: Desk) -> None:
        desk.control._title = "x" * 8_000_000
        _, writer = await asyncio.open_unix_connection(str(socket_of(desk.journal)), limit=1)
        writer.write(said("status"))
        await meets(lambda: bool(desk.control._heard), lambda: not desk.control._talks)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            await speak_on(writer)
        writer.transport.abort()

    play(course, tmp_path)


def test_what_the_engine_does_not_come_to_is_given_up_but_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A closing that comes when nobody expects it any more is as bad as one that is missing."""
    monkeypatch.setattr(door, "TALK_MAX_S", 0.05)

    async def course(desk: Desk) -> None:
        closed = await desk.ask("close", "all")
        assert closed.problem == "the engine did not come to it within 0.05 s: nothing was done"
        assert await desk.hear(said("kill", "account")) == b"", "it still will be done"
        dealing = asyncio.create_task(desk.deal())
        await meets(lambda: "account" in desk.world.engine.gate.switched_off)
        dealing.cancel()

    made = play(course, tmp_path, deals=False)
    commands = [each.command for what, each in made.recorder.lines if what == "event" and each.kind == "operator"]
    assert commands == ["kill"]


# --- what they can't mean ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "target", "problem", "help"),
    [
        ("kill", "strategy:M1Scaler", "`strategy:M1Scaler` is no scope", "did you mean `strategy:M1Scalper`?"),
        ("kill", "stratgy:M1Scalper", "is no scope", "strategy:M1Scalper"),
        ("kill", "rule:out", "`rule:out` is no scope", "rule:take"),  # exits go on whatever is off
        ("kill", "USD_JPY", "is no scope", "instrument:USD_JPY"),
        ("lift", "account", "is no scope that is off", "none now"),
        ("resume", "", "entries are not paused", "status"),
        ("rearm", "out", "is no rule that can be re-armed", "rest"),
        ("close", "77", "`77` is no open trade of ours", "all, 1"),
        ("override", "max_order_units", "is no limit that a person may lift", "price_collar"),
        ("override", "price_collar", "needs a time above 0", "--for"),
    ],
)
def test_a_target_that_means_nothing_is_refused_with_what_does(
    command: Any, target: str, problem: str, help: str
) -> None:
    found = unmeant(Request(command=command, by="anna", reason="a test", target=target), world().engine)
    assert found is not None
    assert problem in found[0]
    assert help in found[1]


@pytest.mark.parametrize("what", ["books", "clocks"])
def test_a_human_goes_on_with_what_did_not_agree(what: str) -> None:
    """RE511 and RE512 say that `resume` does it; nothing is paused."""
    engine = world().engine
    resume = Request(command="resume", by="anna", reason="looked into")
    assert unmeant(resume, engine) is not None
    if what == "books":
        engine.contact.differences = 9
    else:
        engine.contact.apart_ns = 5 * SECOND
    assert not engine.contact.is_sure
    assert unmeant(resume, engine) is None


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan")])
def test_an_override_ends_within_a_day(seconds: float) -> None:
    asked = Request(command="override", by="a", reason="b", target="price_collar", seconds=seconds)
    assert unmeant(asked, world().engine) is not None


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("anna", ""), ("anna", "  ")])
def test_who_and_why_are_needed_but_to_stop(by: str, reason: str) -> None:
    engine = world().engine
    assert unmeant(Request(command="rearm", by=by, reason=reason, target="rest"), engine) is not None
    assert unmeant(Request(command="kill", by=by, reason=reason, target="account"), engine) is None
    assert unmeant(Request(command="pause", by=by, reason=reason), engine) is None


def test_what_is_refused_is_not_in_the_record(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        assert (await desk.ask("kill", "rule:nobody")).problem

    made = play(course, tmp_path)
    assert not [each for what, each in made.recorder.lines if what == "event" and each.kind == "operator"]
    assert made.engine.gate.switched_off == {}


# --- the door itself --------------------------------------------------------------------------------------------------


def test_only_this_user_comes_in(tmp_path: Path, runtime: Path) -> None:
    async def course(desk: Desk) -> None:
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_of(desk.journal).stat().st_mode) == 0o600

    play(course, tmp_path)
    assert list(runtime.iterdir()) == [], "a run that ended leaves no socket"


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path, runtime: Path) -> None:
    runtime.mkdir(mode=0o755)
    runtime.chmod(0o755)
    with pytest.raises(CommandError, match="open to others"):
        sockets_folder()
    desk = Desk(world(), tmp_path)

    async def run() -> None:
        async with desk.control:
            pass

    asyncio.run(run())  # a run whose door can't be opened goes on
    assert len(desk.said) == 1
    assert "no command can reach this run" in desk.said[0]


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    socket_of(tmp_path).touch()

    async def course(desk: Desk) -> None:
        assert (await desk.ask("status")).state is not None

    play(course, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"pause\n",
        b'{"command": "explode"}\n',
        b'{"command": "pause", "colour": "red"}\n',
        b"\xff\xfe\n",
        b"[]\n",
    ],
)
def test_what_is_no_command_is_said_and_the_next_is_heard(tmp_path: Path, line: bytes) -> None:
    async def course(desk: Desk) -> None:
        assert (await desk.say(line)).problem == "not a command"
        assert (await desk.ask("pause")).problem == ""

    play(course, tmp_path)


def test_a_line_without_end_is_cut_off(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        assert "a line of more than" in (await desk.say(b"x" * (LINE_BYTES_MAX + 10))).problem

    play(course, tmp_path)


def test_who_says_nothing_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "TALK_MAX_S", 0.05)

    async def course(desk: Desk) -> None:
        reader, writer = await asyncio.open_unix_connection(str(socket_of(desk.journal)))
        assert await reader.read() == b""
        writer.close()

    play(course, tmp_path)


def test_each_of_many_hears_of_its_own(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        scopes = ["account", "instrument:USD_JPY", "strategy:M1Scalper", "rule:take"]
        replies = await asyncio.gather(*(desk.ask("kill", scope) for scope in scopes))
        for scope, reply in zip(scopes, replies, strict=True):
            assert [scope in each.message for each in reply.notes] == [True]

    play(course, tmp_path)


def test_two_journals_are_two_doors(tmp_path: Path) -> None:
    assert socket_of(tmp_path / "a") != socket_of(tmp_path / "b")
    assert socket_of(tmp_path / "a") == socket_of(tmp_path / "b" / ".." / "a")
    assert len(str(socket_of(tmp_path / ("x" * 200))).removeprefix(str(sockets_folder()))) == 22
