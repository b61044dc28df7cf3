"""The door of a running engine: commands of people come in over a socket, become events of the log like any other, and
are answered with what they led to.

1. `__aenter__`   listen, for this user alone; a run whose door can't be opened goes on without, and says so
2. `_answer`      a command that can't mean anything here is refused with what could be meant; nothing is recorded
3. `events`       the others, for the live loop
4. `told`         what an event led to: the answer
5. `__aexit__`    what the run did not come to is answered so; who stalls is left
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ruleengine.cli.accounts import AccountReader
from ruleengine.cli.control_targets import STOPS, unmeant
from ruleengine.cli.control_wire import LINE_BYTES_MAX, Reply, Request, State, as_told, line_of, socket_of
from ruleengine.cli.display import decision_line
from ruleengine.cli.failure import CommandError
from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.event import Event, OperatorCommand, OrderStatus, OrderUpdate
from ruleengine.model.order import Cancel, Cleared
from ruleengine.reports.tables import quantity, when
from ruleengine.runtime import codes
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.operator import RULE as OPERATOR
from ruleengine.runtime.safety_codes import OVER

TALK_MAX_S = 10.0
"""How long somebody may take to say it, the engine to do it, and somebody to hear the answer."""
END_MAX_S = 0.5
"""So long the run's end waits for people to hear their answers."""
_IGNORED = frozenset({"RE540", "RE542", codes.OPERATOR, OVER})
"""Warnings by which the engine says that a command did nothing."""

_ENDED = "the run has ended"


@dataclass(slots=True)
class _Asked:
    """`out`: the orders that it sent or took back."""

    event: OperatorCommand
    reply: Reply = field(default_factory=Reply)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    out: set[str] = field(default_factory=set)

    def give_up(self, why: str) -> None:
        """It is not done, and never will be."""
        self.reply = Reply(problem=f"{why}: nothing was done")
        self.done.set()


class Control:
    """See the module's head. `title`: how the run is called; `now_ns`: the run's clock; `say`: tells people that it
    can't listen."""

    def __init__(
        self, engine: Engine, reader: AccountReader, journal: Path, title: str, now_ns: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._engine, self._reader, self._journal, self._title = engine, reader, journal, title
        self._now_ns, self._say = now_ns, say
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._in_hand: _Asked | None = None
        self._has_ended = False
        self._path: Path | None = None
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[Any]] = set()
        self._heard: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Control:
        try:
            path = socket_of(self._journal)
            path.unlink(missing_ok=True)  # of a run that was killed: the journal's lock says that there is no other
            self._server = await asyncio.start_unix_server(self._talk, path=str(path), limit=LINE_BYTES_MAX)
            path.chmod(0o600)
            self._path = path
        except CommandError as error:
            self._say(f"no command can reach this run: {error.message}; {error.help}")
        except OSError as error:
            self._say(f"no command can reach this run: {error.strerror}")
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        self._has_ended = True
        if self._server is None:
            return
        self._server.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._answer_the_rest(is_clean=kind is None)
        for each in self._talks - self._heard:
            each.cancel()
        if self._heard:
            await asyncio.wait(self._heard, timeout=END_MAX_S)
        left = set(self._talks)
        for each in left:
            each.cancel()
        if left:
            await asyncio.wait(left)

    def _answer_the_rest(self, *, is_clean: bool) -> None:
        """An event without a number was never processed. Of one that an error ended nobody knows: no answer."""
        in_hand = self._in_hand
        if in_hand is not None and in_hand.event.seq == 0:
            in_hand.give_up(_ENDED)
        elif in_hand is not None and is_clean:
            in_hand.done.set()
        while not self._asked.empty():
            self._asked.get_nowait().give_up(_ENDED)

    # --- the live loop's side ----------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        """Commands as they come. The next is asked for once the one before has been dealt with."""
        while True:
            asked = await self._asked.get()
            if asked.done.is_set():
                continue  # it was given up
            self._in_hand = asked
            yield asked.event
            self._in_hand = None
            asked.done.set()

    def told(self, event: Event, audit: Audit) -> None:
        """What an event led to. One that follows the command may say that its order could not be handed over."""
        asked = self._in_hand
        if asked is None:
            return
        reply = asked.reply
        if event is asked.event:
            reply.problem = "; ".join(each.message for each in audit.notes if _is_ignored(each))
            reply.notes = [as_told(each) for each in audit.notes if not _is_ignored(each)]
            reply.cancelled = sum(isinstance(each, Cancel) for each in audit.commands)
            reply.sent = sum(isinstance(each, Cleared) for each in audit.commands)
            reply.refused = [decision_line(each) for each in audit.decisions if _is_held_back(each)]
            asked.out = {each.order_id if isinstance(each, Cancel) else each.order.id for each in audit.commands}
        elif isinstance(event, OrderUpdate) and event.status is OrderStatus.UNKNOWN and event.order_id in asked.out:
            reply.unsure.append(f"{event.order_id}: {event.reason or event.code}")

    # --- the people's side -------------------------------------------------------------------------------------------

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            async with asyncio.timeout(TALK_MAX_S):
                line = await _line(reader)
            self._heard.add(talk)
            reply = await self._answer(line)
            writer.transport.set_write_buffer_limits(0)  # heard is what has left us, all of it
            writer.write(line_of(reply))
            async with asyncio.timeout(TALK_MAX_S):
                await writer.drain()
        except (TimeoutError, OSError):
            return
        except asyncio.CancelledError:
            return  # the run ends; nobody waits for this task, and asyncio of 3.11 would report it as a fault
        except Exception as error:  # noqa: BLE001 - a fault of ours is told in a line, and the run goes on
            self._say(f"a command could not be answered: {type(error).__name__}: {error}")
        finally:
            self._talks.discard(talk)
            self._heard.discard(talk)
            writer.transport.abort()  # what waits for somebody who doesn't take it would wait for ever

    async def _answer(self, line: bytes | None) -> Reply:
        if line is None:
            return Reply(problem=f"a line of more than {LINE_BYTES_MAX} bytes")
        try:
            request = Request.model_validate_json(line)
        except ValidationError as error:
            return Reply(problem="not a command", help="; ".join(each["msg"] for each in error.errors())[:500])
        if request.command == "status":
            return Reply(state=self.state())
        problem = unmeant(request, self._engine)
        if problem is not None:
            return Reply(problem=problem[0], help=problem[1])
        asked = _Asked(OperatorCommand(self._now_ns(), request.command, request.by, request.reason, _given(request)))
        if self._has_ended:
            asked.give_up(_ENDED)
        else:
            self._asked.put_nowait(asked)
        await self._done(asked)
        return asked.reply

    async def _done(self, asked: _Asked) -> None:
        """Wait for it. What the loop does not come to is given up, but a stop: that is done as soon as can be. Raises
        TimeoutError where it is still to be done, or is being done."""
        try:
            async with asyncio.timeout(TALK_MAX_S):
                await asked.done.wait()
        except TimeoutError:
            if asked is self._in_hand or asked.event.command in STOPS:
                raise
            asked.give_up(f"the engine did not come to it within {TALK_MAX_S:g} s")

    def state(self) -> State:
        """As it stands between two events."""
        engine, gate = self._engine, self._engine.gate
        return State(
            title=self._title,
            journal=str(self._journal),
            process=os.getpid(),
            time=when(engine.position[0]) if engine.position[0] >= 0 else "",
            off=[
                {"scope": scope, "by": switch.by, "reason": switch.reason, "since": when(switch.ts)}
                for scope, switch in gate.switched_off.items()
            ],
            tripped={rule: when(ts) for rule, ts in gate.tripped.items()},
            protections=engine.protections.on,
            unheard=[f"{channel}: {why}" for channel, (_, why) in gate.contact.down.items()],
            overrides={limit: when(until) for limit, until in gate.lifted(engine.position[0]).items()},
            held=self._held(),
            orders=[
                {
                    "id": each.order.id, "rule": each.rule, "instrument": each.order.instrument,
                    "side": each.order.side.value, "left": quantity(each.left), "state": each.state.value,
                }
                for each in engine.orders.live()
            ],
            trades=self._reader.open_trades(),
            figures=self._reader.figures(),
            currency=engine.desk.currency,
        )  # fmt: skip

    def _held(self) -> list[str]:
        contact, hours, now = self._engine.contact, self._engine.gate.hours, self._engine.position[0]
        found = [] if contact.books_agree else [f"books differ: {contact.found}"]
        if not contact.clocks_agree:
            apart, _, which = contact.apart_words()
            found.append(f"clocks: ours is {apart} s {which} the venue's")
        against = ((name, hours.against(name, now)) for name in self._engine.specs)
        return found + [hours.wording(word, name).message for name, word in against if word is not None]


async def _line(reader: asyncio.StreamReader) -> bytes | None:
    """What somebody says; None where it is too long."""
    try:
        return await reader.readline()
    except ValueError:
        return None


def _is_ignored(note: Note) -> bool:
    return note.level == "warning" and note.code in _IGNORED


def _is_held_back(decision: Decision) -> bool:
    """What the command itself wanted and did not get; what rules want in the same event is not its answer."""
    return decision.rule == OPERATOR and decision.outcome != "sent"


def _given(request: Request) -> dict[str, Any]:
    """The command's arguments as the engine names them."""
    match request.command:
        case "kill" | "lift":
            return {"scope": request.target}
        case "rearm":
            return {"rule": request.target}
        case "override":
            return {"limit": request.target, "seconds": request.seconds}
        case "close":
            return {"trade": request.target}
    return {}
