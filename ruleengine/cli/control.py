"""The door of a running engine: commands of people come in over a socket, become events of the log like any other, and
are answered with what they led to.

1. `__aenter__`   listen, for this user alone; a run whose door can't be opened goes on without, and says so
2. `_answer`      a command that can't mean anything here is refused with what could be meant; nothing is recorded
3. `events`       the others, for the live loop
4. `told`         what an event led to: the answer
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
from ruleengine.cli.control_targets import unmeant
from ruleengine.cli.control_wire import LINE_BYTES_MAX, Reply, Request, State, as_told, line_of, socket_of
from ruleengine.cli.display import decision_line
from ruleengine.cli.failure import CommandError
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event, OperatorCommand
from ruleengine.model.order import Cancel, Cleared
from ruleengine.reports.tables import quantity, when
from ruleengine.runtime.engine import Engine

TALK_MAX_S = 10.0
"""How long one conversation may take; who says nothing is sent away."""


@dataclass(slots=True)
class _Asked:
    event: OperatorCommand
    reply: Reply = field(default_factory=Reply)
    done: asyncio.Event = field(default_factory=asyncio.Event)


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
        self._path: Path | None = None
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

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

    async def __aexit__(self, *_: object) -> None:
        if self._server is None:
            return
        self._server.close()
        for each in list(self._open):
            each.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    # --- the live loop's side ----------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        """Commands as they come. The next is asked for once the one before has been dealt with."""
        while True:
            asked = await self._asked.get()
            self._in_hand = asked
            try:
                yield asked.event
            finally:
                self._in_hand = None
                asked.done.set()

    def told(self, event: Event, audit: Audit) -> None:
        """What an event led to."""
        if self._in_hand is None or event is not self._in_hand.event:
            return
        reply = self._in_hand.reply
        reply.notes = [as_told(each) for each in audit.notes]
        reply.cancelled = sum(isinstance(each, Cancel) for each in audit.commands)
        reply.sent = sum(isinstance(each, Cleared) for each in audit.commands)
        reply.refused = [decision_line(each) for each in audit.decisions if each.outcome != "sent"]

    # --- the people's side -------------------------------------------------------------------------------------------

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            async with asyncio.timeout(TALK_MAX_S):
                try:
                    line = await reader.readline()
                except ValueError:
                    reply = Reply(problem=f"a line of more than {LINE_BYTES_MAX} bytes")
                else:
                    reply = await self._answer(line)
                writer.write(line_of(reply))
                await writer.drain()
        except (TimeoutError, OSError):
            return
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> Reply:
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
        self._asked.put_nowait(asked)
        await asked.done.wait()
        return asked.reply

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
