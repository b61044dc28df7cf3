"""Commands to a running engine: what each does, and that its answer is what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from ruleengine.cli import control as door
from ruleengine.cli.control_wire import Reply, socket_of
from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.event import OperatorCommand, OrderStatus, OrderUpdate
from ruleengine.model.order import Cleared
from tests.cli.control_desk import RULES, Desk, entries, play, said, world
from tests.runtime.engine.world import T0, World, trade

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


def test_a_trade_that_is_named_is_closed_and_no_other(tmp_path: Path) -> None:
    made = World(RULES, trades=(trade("10000"), trade("3000", name="2")))
    made.quote(157.0, at=0)

    async def course(desk: Desk) -> None:
        assert (await desk.ask("close", "2")).sent == 1

    play(course, tmp_path, made)
    sent = [each.order for what, each in made.recorder.lines if what == "order" and isinstance(each, Cleared)]
    assert [(each.trade_id, int(each.units)) for each in sent] == [("2", 3_000)]


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


def test_what_is_being_done_is_not_said_to_be_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its order may leave at any moment: who is told that nothing was done sends a second one. There is no answer."""
    monkeypatch.setattr(door, "TALK_MAX_S", 0.01)

    async def course(desk: Desk) -> None:
        asked = door._Asked(OperatorCommand(desk.world._at(None), "close", "me", "enough", {"what": "all"}))
        desk.control._asked.put_nowait(asked)
        await anext(desk.control.events())
        with pytest.raises(TimeoutError):
            await desk.control._done(asked)
        assert asked.reply.problem == ""

    play(course, tmp_path, deals=False)
