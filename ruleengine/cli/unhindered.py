"""Standard error that never makes a run wait.

A terminal that stands still (Ctrl-S, a paused pager, a line that hangs) takes no more, and whoever writes to it waits.
So a thread of its own writes, and the engine only hands over; what there is no room for is counted and said later.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A file that takes nothing now: there may be room again, and somebody who reads it."""
CHARS_MAX = 1 << 20
"""So much may wait to be shown."""
END_S = 1.0
"""So long the end waits for what is still to be shown."""


@contextmanager
def unhindered(end_s: float = END_S) -> Iterator[None]:
    """As long as the block lasts, nothing that is written to standard error waits. A stream without a file descriptor
    (a test's) stays as it is."""
    stream = sys.stderr
    try:
        stream.flush()
        handed = _Handed(stream)
    except (OSError, ValueError):
        yield
        return
    sys.stderr = handed
    try:
        yield
    finally:
        if sys.stderr is handed:
            sys.stderr = stream
        handed.end(end_s)


class _Handed(io.TextIOBase):
    """Takes text and returns at once. It writes to the descriptor itself, so that no lock of the stream is held by who
    waits there."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._fd = stream, stream.fileno()
        self._waiting: list[str] = []
        self._size = self._lost = 0
        self._is_ending = self._is_gone = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="stderr", daemon=True)
        self._thread.start()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # of the stream it stands for
        return self._stream.encoding or "utf-8"

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        with self._changed:
            if self._is_gone or self._size + len(text) > CHARS_MAX:
                self._lost += 1
            else:
                self._waiting.append(text)
                self._size += len(text)
                self._changed.notify()
        return len(text)

    def end(self, wait_s: float) -> None:
        """No more comes; what waits may still be shown that long."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join(wait_s)

    def _work(self) -> None:
        while (text := self._next()) is not None:
            rest = text.encode(self.encoding, "replace")
            try:
                while rest:
                    try:
                        rest = rest[os.write(self._fd, rest) :]
                    except BlockingIOError:  # somebody reads the same terminal without waiting (signals from it)
                        select.select((), (self._fd,), ())
            except OSError as error:
                with self._changed:
                    if error.errno in _FULL:
                        self._lost += rest.count(b"\n")
                        continue
                    # nobody reads there any more
                    self._is_gone = True
                return

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            if not self._waiting:
                return None
            text = "".join(self._waiting)
            if self._lost:
                text += f"\n{self._lost:,} lines could not be shown here\n"
            self._waiting, self._size, self._lost = [], 0, 0
            return text
