"""Access tokens: one for all processes of an app key, kept on disk, asked for once a minute at most (§2, trap 1).

    1. a token in memory that lasts is used
    2. else, under a lock of the file and of this process: the one on disk, where another process has renewed it
    3. else a new one is asked for, no sooner than a minute after the last time anybody asked

Each issue also sends the account's owner a message, so a process per command would be noticed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from adapters.kis import errors, kst
from adapters.kis.rows import Row
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS, Clock
from adapters.wire.decimals import dumps
from adapters.wire.outcome import Answered
from adapters.wire.transport import Transport
from ruleengine import log
from ruleengine.ports.venue import VenueError

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


ISSUE_EVERY_S = 60.0
RENEW_AHEAD_S = 1800.0
"""So long before its end a token is renewed."""
LOCK_WAIT_S = 90.0
_LOCK_LOOK_S = 0.2


@dataclass(frozen=True, slots=True)
class Token:
    """`expires_ns`: by the venue's statement. Its value is not shown."""

    value: SecretStr
    expires_ns: int
    issued_ns: int

    def lasts(self, now_ns: int, ahead_s: float = 0.0) -> bool:
        return now_ns + int(ahead_s * NANOS) < self.expires_ns


class TokenFile:
    """The token on disk, for the owner alone; `folder` None: nothing is kept. Named after domain and app key."""

    def __init__(self, folder: Path | None, domain: str, appkey: SecretStr) -> None:
        name = hashlib.sha256(f"{domain}\n{appkey.get_secret_value()}".encode()).hexdigest()[:24]
        self._path = None if folder is None else folder / f"kis-{name}.json"

    def read(self) -> tuple[Token | None, int]:
        """The token, and when somebody last asked for one; a file that others may read, or that is none, counts as
        empty."""
        if self._path is None:
            return None, 0
        try:
            if stat.S_IMODE(self._path.stat().st_mode) & 0o077:
                log.bound(file=self._path.name).warning("the token cache could be read by others; it is not used")
                return None, 0
            kept = json.loads(self._path.read_text("utf-8"))
            asked_ns = int(kept["asked_ns"])
            if not kept["token"]:
                return None, asked_ns
            return Token(SecretStr(kept["token"]), int(kept["expires_ns"]), int(kept["issued_ns"])), asked_ns
        except (OSError, ValueError, KeyError, TypeError):
            return None, 0

    def write(self, token: Token | None, asked_ns: int) -> None:
        """Replace it in one step."""
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        content = {
            "token": "" if token is None else token.value.get_secret_value(),
            "expires_ns": 0 if token is None else token.expires_ns,
            "issued_ns": 0 if token is None else token.issued_ns,
            "asked_ns": asked_ns,
        }
        beside = self._path.with_suffix(f".{os.getpid()}")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file)
        beside.replace(self._path)

    @asynccontextmanager
    async def locked(self, clock: Clock) -> AsyncIterator[None]:
        """Alone among all processes. VenueError where another one holds it for too long."""
        if self._path is None:
            yield
            return
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            until = clock.monotonic() + LOCK_WAIT_S
            while True:
                try:
                    _take(handle)
                    break
                except (BlockingIOError, PermissionError):
                    if clock.monotonic() >= until:
                        raise VenueError(
                            "another process holds the token cache", code="TOKEN_LOCK", remedy="see whether one hangs"
                        ) from None
                    await clock.sleep(_LOCK_LOOK_S)
            yield
        finally:
            os.close(handle)


class Tokens:
    """Of one app key on one domain. `appkey`, `appsecret`: not shown."""

    def __init__(self, transport: Transport, clock: Clock, file: TokenFile, appkey: SecretStr, appsecret: SecretStr):
        self._transport, self._clock, self._file = transport, clock, file
        self._appkey, self._appsecret = appkey, appsecret
        self._token: Token | None = None
        self._lock = asyncio.Lock()

    @property
    def present(self) -> Token | None:
        """What is in memory, for `doctor`."""
        return self._token

    async def get(self) -> SecretStr:
        """A token that lasts for a while.

        Errors   VenueError where none can be had.
        """
        token = self._token
        if token is None or not token.lasts(self._clock.now_ns(), RENEW_AHEAD_S):
            token = await self._renew(bad="")
        return token.value

    async def replace(self, bad: SecretStr) -> SecretStr:
        """Another token in the place of one that the venue does not take any more; one call asks for all that wait."""
        return (await self._renew(bad.get_secret_value())).value

    async def approval_key(self) -> SecretStr:
        """A key for the socket, asked for anew (the same secret has another name here: trap 2)."""
        body = {
            "grant_type": "client_credentials",
            "appkey": self._appkey.get_secret_value(),
            "secretkey": self._appsecret.get_secret_value(),
        }
        answer = await self._ask("/oauth2/Approval", body, "the socket's approval key")
        return self._secret(answer, "approval_key")

    async def _renew(self, bad: str) -> Token:
        async with self._lock, self._file.locked(self._clock):
            kept, asked_ns = self._file.read()
            lasting = self._usable(kept, bad, RENEW_AHEAD_S)
            if lasting is not None:
                self._token = lasting
                return lasting
            wait_s = ISSUE_EVERY_S - (self._clock.now_ns() - asked_ns) / NANOS
            short = self._usable(kept, bad, ISSUE_EVERY_S)
            if 0 < wait_s <= ISSUE_EVERY_S:
                if short is not None:
                    return short  # it lasts for now; the first call after the minute renews it
                await self._clock.sleep(wait_s)
            try:
                self._token = await self._issue(short)
            except VenueError:
                if short is None:
                    raise
                self._token = short
            return self._token

    def _usable(self, kept: Token | None, bad: str, ahead_s: float) -> Token | None:
        """Of the tokens in memory and on disk the one that lasts so long and is not the bad one."""
        now = self._clock.now_ns()
        for token in (kept, self._token):
            if token is not None and token.value.get_secret_value() != bad and token.lasts(now, ahead_s):
                return token
        return None

    async def _issue(self, short: Token | None) -> Token:
        """Ask for one; told that it is too soon, once more after a minute. `short`: what is kept until then."""
        body = {
            "grant_type": "client_credentials",
            "appkey": self._appkey.get_secret_value(),
            "appsecret": self._appsecret.get_secret_value(),
        }
        try:
            answer = await self._ask("/oauth2/tokenP", body, "an access token")
        except VenueError as error:
            if error.code != errors.TOKEN_OFTEN:
                raise
            self._file.write(short, self._clock.now_ns())
            if short is not None:
                raise
            log.bound().warning("a token was asked for less than a minute ago; waiting")
            await self._clock.sleep(ISSUE_EVERY_S)
            answer = await self._ask("/oauth2/tokenP", body, "an access token")
        now = self._clock.now_ns()
        token = Token(self._secret(answer, "access_token"), self._end_of(answer, now), now)
        self._file.write(token, now)
        return token

    def _end_of(self, answer: errors.Answer, now: int) -> int:
        """When it ends: by the length stated, else by the Korean time stated."""
        row = Row(answer.body, "token")
        seconds = row.maybe("expires_in")
        if seconds is not None:
            return now + int(seconds * NANOS)
        day, _, clock = row.text("access_token_token_expired").partition(" ")
        return kst.moment(day.replace("-", ""), clock.replace(":", ""))

    async def _ask(self, path: str, body: dict[str, str], what: str) -> errors.Answer:
        outcome = await self._transport.write(
            "POST", path, dumps(body), headers={"content-type": "application/json; charset=utf-8"},
            urgency=Urgency.EXIT,
        )  # fmt: skip
        if not isinstance(outcome, Answered):
            raise VenueError(f"{what}: {outcome.reason}", code=outcome.code)
        answer = errors.read(outcome.reply.status, outcome.reply.body)
        if not outcome.reply.is_good:
            raise errors.error_of(answer, what)
        return answer

    @staticmethod
    def _secret(answer: errors.Answer, name: str) -> SecretStr:
        """A value of a reply that must not be seen, hidden from logs from here on."""
        text = Row(answer.body, "token").text(name)
        if not text:
            raise VenueError(f"the venue's reply has no `{name}`", code="PAYLOAD", remedy="try again later")
        log.protect(text)
        return SecretStr(text)
