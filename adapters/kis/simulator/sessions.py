"""WebSocket sessions: registrations and their answers, PINGPONG and its echo, one session a key (fact sheet §5.1)."""

from __future__ import annotations

import asyncio
import json
import secrets
import string
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from adapters.kis.simulator.days import kst
from adapters.kis.simulator.keys import Key, Keys
from adapters.kis.simulator.settings import Settings
from adapters.simulation.clock import SECOND_NS, Clock

TRADES = frozenset({"H0STCNT0", "H0NXCNT0", "H0UNCNT0"})
BOOKS = frozenset({"H0STASP0", "H0NXASP0", "H0UNASP0"})
NOTICES = frozenset({"H0STCNI0", "H0STCNI9"})
FOREIGN = frozenset({"H0GSCNI0", "H0GSCNI9"})
"""Registered like others; nothing of theirs ever comes."""

_REGISTER, _RELEASE = "1", "2"
_GONE = object()
_TRY_LATER = 1013


class Session:
    """One connection. `registered`: (tr_id, tr_key); `ciphers`: (iv, key) by tr_id, new with every session."""

    def __init__(self, socket: WebSocket, keys: Keys, settings: Settings, clock: Clock) -> None:
        self._socket, self._keys, self._settings, self._clock = socket, keys, settings, clock
        self._queue: asyncio.Queue[Any] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._ping = ""
        self._unanswered = 0
        self.key: Key | None = None
        self.registered: dict[tuple[str, str], None] = {}
        self._last: dict[tuple[str, str], str] = {}
        self.ciphers: dict[str, tuple[str, str]] = {}

    # --- what the simulator sends ------------------------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Queue a message; messages go out in order."""
        self._idle.clear()
        self._queue.put_nowait(text)

    def send_price(self, registration: tuple[str, str], text: str) -> None:
        self._last[registration] = text
        self.send(text)

    async def drained(self) -> None:
        """Until everything that was queued is handed to the connection, or the session is over."""
        await self._idle.wait()

    # --- the connection's life ---------------------------------------------------------------------------------------

    async def run(self, is_taken: Callable[[Session, Key], bool]) -> None:
        """Serve until either side leaves. `is_taken`: whether another session has this key."""
        await self._socket.accept()
        tasks = [asyncio.create_task(work) for work in (self._write(), self._read(is_taken), self._pingpong())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._idle.set()
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(_TRY_LATER)

    async def _write(self) -> None:
        while True:
            if self._queue.empty():
                self._idle.set()
            text = await self._queue.get()
            if text is _GONE:
                return
            await self._socket.send_text(text)

    async def _read(self, is_taken: Callable[[Session, Key], bool]) -> None:
        while True:
            try:
                text = await self._socket.receive_text()
            except (WebSocketDisconnect, KeyError):
                return
            self._hear(text, is_taken)

    async def _pingpong(self) -> None:
        """A PINGPONG now and then; clients that leave too many without echo lose the session."""
        due = self._clock.now_ns()
        while True:
            due = max(due, self._clock.now_ns()) + int(self._settings.pingpong_s * SECOND_NS)
            await self._clock.sleep_until(due)
            patience = self._settings.pingpong_patience
            if patience and self._unanswered >= patience:
                return
            self._unanswered += 1
            stamp = kst(self._clock.now_ns()).strftime("%Y%m%d%H%M%S")
            self._ping = _compact({"header": {"tr_id": "PINGPONG", "datetime": stamp}})
            self.send(self._ping)

    # --- what the client says ----------------------------------------------------------------------------------------

    def _hear(self, text: str, is_taken: Callable[[Session, Key], bool]) -> None:
        try:
            message = json.loads(text)
            header = message["header"]
            if header.get("tr_id") == "PINGPONG":
                if self._ping and message == json.loads(self._ping):
                    self._unanswered = 0
                return
            asked = message["body"]["input"]
            tr_id, tr_key = str(asked["tr_id"]), str(asked["tr_key"])
            approval, what = str(header["approval_key"]), str(header["tr_type"])
        except (ValueError, KeyError, TypeError, AttributeError):
            self._answer("(null)", "", "1", "OPSP0007", "JSON PARSING ERROR")
            return
        if self._is_admitted(approval, tr_id, tr_key, is_taken):
            self._register(what, tr_id, tr_key)

    def _is_admitted(self, approval: str, tr_id: str, tr_key: str, is_taken: Callable[[Session, Key], bool]) -> bool:
        key = self._keys.of_approval(approval, self._clock.now_ns())
        if key is None:
            self._answer(tr_id, tr_key, "1", "OPSP0011", "invalid approval : NOT FOUND")
            return False
        if is_taken(self, key):
            self._answer("(null)", "", "9", "OPSP8996", "ALREADY IN USE appkey")
            self._queue.put_nowait(_GONE)
            return False
        self.key = key
        return True

    def _register(self, what: str, tr_id: str, tr_key: str) -> None:
        registration = tr_id, tr_key
        if what == _RELEASE:
            if registration not in self.registered:
                self._answer(tr_id, tr_key, "1", "OPSP0003", "UNSUBSCRIBE ERROR(not found!)")
                return
            del self.registered[registration]
            self._answer(tr_id, tr_key, "0", "OPSP0001", "UNSUBSCRIBE SUCCESS", self._cipher(tr_id))
            if late := self._last.pop(registration, ""):
                self.send(late)  # the venue sends what was on its way
        elif what != _REGISTER or tr_id not in TRADES | BOOKS | NOTICES | FOREIGN:
            self._answer(tr_id, tr_key, "1", "OPSP0007", "SUBSCRIBE INTERNAL ERROR")
        elif registration in self.registered:
            self._answer(tr_id, tr_key, "1", "OPSP0002", "ALREADY IN SUBSCRIBE", self._cipher(tr_id))
        elif len(self.registered) >= self._settings.registrations:
            self._answer(tr_id, tr_key, "1", "OPSP0008", "MAX SUBSCRIBE OVER")
        else:
            self.registered[registration] = None
            self._answer(tr_id, tr_key, "0", "OPSP0000", "SUBSCRIBE SUCCESS", self._cipher(tr_id))

    def _cipher(self, tr_id: str) -> tuple[str, str]:
        """The iv and key of a tr_id, as texts."""
        if tr_id not in self.ciphers:
            key = "".join(secrets.choice(string.ascii_lowercase) for _ in range(32))
            self.ciphers[tr_id] = secrets.token_hex(8), key
        return self.ciphers[tr_id]

    def _answer(
        self, tr_id: str, tr_key: str, rt_cd: str, msg_cd: str, msg1: str, cipher: tuple[str, str] | None = None
    ) -> None:
        encrypt = "Y" if tr_id in NOTICES | FOREIGN else "N"
        body: dict[str, Any] = {"rt_cd": rt_cd, "msg_cd": msg_cd, "msg1": msg1}
        if cipher is not None:
            body["output"] = {"iv": cipher[0], "key": cipher[1]}
        self.send(_compact({"header": {"tr_id": tr_id, "tr_key": tr_key, "encrypt": encrypt}, "body": body}))


def _compact(message: Any) -> str:
    return json.dumps(message, separators=(",", ":"))
