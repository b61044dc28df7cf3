"""One engine an account: a lock that the system gives back when its process ends, however it ends.

The lock's text names the holder; it is only information, the lock itself is the system's. A file left behind without a
living holder locks nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import storage
from ruleengine.journal.errors import JournalInUse

_TEXT_BYTES_MAX = 400

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE = 1 << 20  # beyond the text, which others must be able to read

    def _take(handle: int) -> None:
        os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Lock:
    """Held from construction to `release`. OSErrors other than "held by another" pass."""

    def __init__(self, path: Path, account: str, holder: str) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take(self._handle)
        except (BlockingIOError, PermissionError) as error:
            os.close(self._handle)
            raise JournalInUse(storage.journal_in_use(Span.of_file(str(path)), account, holder_of(path))) from error
        except OSError:
            os.close(self._handle)
            raise
        os.ftruncate(self._handle, 0)
        os.lseek(self._handle, 0, os.SEEK_SET)
        process = os.getpid()  # determinism: names the holder for people, never read back
        os.write(self._handle, f"process {process}{', ' if holder else ''}{holder}".encode()[:_TEXT_BYTES_MAX])

    def release(self) -> None:
        """Let another engine have the account. The file stays: removing it could remove the next holder's."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def holder_of(path: Path) -> str:
    """What the last holder wrote about itself; empty where it left nothing."""
    try:
        with path.open("rb") as file:
            return file.read(_TEXT_BYTES_MAX).decode(errors="replace").strip()
    except OSError:
        return ""
