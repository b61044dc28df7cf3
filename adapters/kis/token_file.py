"""The access token on disk, shared by all processes of an app key (fact sheet §2, trap 1).

Where the folder can't be used that is said once, and every process has a token of its own.
"""

from __future__ import annotations

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

from adapters.wire.clock import NANOS, Clock
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


LOCK_WAIT_S = 150.0
"""Whoever holds it may wait for two minutes itself: for its turn, and once more where the venue says it is too soon."""
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
            log.protect(kept["token"])
            return Token(SecretStr(kept["token"]), int(kept["expires_ns"]), int(kept["issued_ns"])), asked_ns
        except (OSError, ValueError, KeyError, TypeError):
            return None, 0

    def write(self, token: Token | None, asked_ns: int) -> None:
        """Replace it in one step."""
        if self._path is None:
            return
        content = {
            "token": "" if token is None else token.value.get_secret_value(),
            "expires_ns": 0 if token is None else token.expires_ns,
            "issued_ns": 0 if token is None else token.issued_ns,
            "asked_ns": asked_ns,
        }
        try:
            beside = self._path.with_suffix(f".{os.getpid()}")
            beside.unlink(missing_ok=True)
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file)
            beside.replace(self._path)
        except OSError as error:
            self._give_up(error)

    @asynccontextmanager
    async def locked(self, clock: Clock) -> AsyncIterator[None]:
        """Alone among all processes. VenueError where another one holds it for too long."""
        handle = self._lock_handle()
        if handle is None:
            yield
            return
        try:
            until = clock.monotonic() + LOCK_WAIT_S
            while not _is_taken(handle):
                if clock.monotonic() >= until:
                    raise VenueError(
                        "another process holds the token cache", code="TOKEN_LOCK", remedy="see whether one hangs"
                    )
                await clock.sleep(_LOCK_LOOK_S)
            yield
        finally:
            os.close(handle)

    def _lock_handle(self) -> int | None:
        if self._path is None:
            return None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            self._give_up(error)
            return None

    def _give_up(self, error: OSError) -> None:
        """A disk that fails must stop no order."""
        self._path = None
        log.bound(venue="kis").warning(
            "the access token can't be kept ({}): every start asks for another, of which there is one a minute",
            error.strerror,
        )


def _is_taken(handle: int) -> bool:
    try:
        _take(handle)
    except (BlockingIOError, PermissionError):
        return False
    return True
