"""The border to the person at the prompt: no bare traceback leaves.

Exit codes: 0 done · 1 findings · 2 wrong use, unreadable data, or a fault of ours · 12 journal damaged · 15 policy
refused by `run` · 129 terminal closed (`run`) · 130 interrupted · 143 terminated.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import FrameType
from typing import NoReturn

JOURNAL_DAMAGED = 12
POLICY_REFUSED = 15
HUNG_UP = 129
INTERRUPTED = 130
TERMINATED = 143
_ENDING = (signal.SIGINT, signal.SIGTERM)
_AGAIN_S = 0.02
_IMPATIENCE_S = 1.0
"""Signals that follow each other closely are one wish: a second one must not cut the clearing up short."""
_NO_WAY_OUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""What writing fails with, without the name of a file where a stream was written."""
_came: list[int] = []
"""Signals that asked this process to end, as they came."""


class CommandError(Exception):
    """Something the user can mend: one sentence, and what to do."""

    def __init__(self, message: str, help: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message, self.help, self.exit_code = message, help, exit_code


class _Terminated(BaseException):
    """SIGTERM came: unwind, so that nothing half-written stays behind."""


def guarded(app: Callable[[], object]) -> None:
    """Run the application; translate what escapes into a sentence and an exit code."""
    _came.clear()
    otherwise = sys.unraisablehook
    _listen(otherwise)
    _find_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            _reader_gone(0)
        if is_ending():
            _end(end)
        raise
    except BaseException as error:  # noqa: BLE001  the last border
        _end(error)
    finally:
        # What was asked for is done and told: from here on a signal ends the process as the system does it.
        _leave_to_the_system()
        sys.unraisablehook = otherwise


def is_ending() -> bool:
    """Has a signal asked us to end? An error that comes then may be the signal, which a library turned into its own."""
    return bool(_came)


def _listen(otherwise: Callable[[sys.UnraisableHookArgs], object]) -> None:
    """Let a signal unwind what runs. It is noted as well: a library may turn the exception into one of its own.
    `otherwise`: gets what can't be raised and is no signal."""

    heard_s = -_IMPATIENCE_S

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal heard_s
        _came.append(number)
        if time.monotonic() - heard_s < _IMPATIENCE_S:
            return
        if _loads_a_compiled_module(frame):
            _raise_later(number)
            return
        heard_s = time.monotonic()
        raise KeyboardInterrupt if number == signal.SIGINT else _Terminated

    def again(unraisable: sys.UnraisableHookArgs) -> None:
        """A signal may come while the interpreter runs a callback of its own (`__del__`, a weak reference), which can't
        raise: it comes again a moment later."""
        nonlocal heard_s
        if not isinstance(unraisable.exc_value, KeyboardInterrupt | _Terminated):
            otherwise(unraisable)
            return
        heard_s = -_IMPATIENCE_S
        _raise_later(signal.SIGINT if isinstance(unraisable.exc_value, KeyboardInterrupt) else signal.SIGTERM)

    sys.unraisablehook = again
    for each in _ENDING:
        if signal.getsignal(each) != signal.SIG_IGN:  # as in the background of a shell
            signal.signal(each, end)


def _loads_a_compiled_module(frame: FrameType | None) -> bool:
    """Some of them run Python as they are loaded, and abort the process where that raises."""
    while frame is not None:
        if isinstance(frame.f_locals.get("self"), ExtensionFileLoader):
            return True
        frame = frame.f_back
    return False


def _raise_later(number: int) -> None:
    import threading

    later = threading.Timer(_AGAIN_S, signal.raise_signal, (number,))
    later.daemon = True
    later.start()


def _leave_to_the_system() -> None:
    for each in _ENDING:
        if signal.getsignal(each) != signal.SIG_IGN:
            signal.signal(each, signal.SIG_DFL)


def _find_streams() -> None:
    """A stream that was closed before we began is None here, and the next file opened would take its number."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  it lives as long as we do
    if sys.stdout is None:
        _say("standard output is closed", "send it to /dev/null if nobody is to read it")
        sys.exit(2)


def _end(error: BaseException) -> NoReturn:
    """One sentence and the exit code."""
    if isinstance(error, _Terminated) or signal.SIGTERM in _came:
        sys.exit(TERMINATED)
    if isinstance(error, KeyboardInterrupt) or is_ending():
        _say("interrupted", "")
        sys.exit(INTERRUPTED)
    if isinstance(error, CommandError):
        _say(error.message, error.help)
        sys.exit(error.exit_code)
    if isinstance(error, BrokenPipeError):
        _reader_gone(0)
    if isinstance(error, OSError):
        _outside(error)
    if isinstance(error, Exception):
        _journal(error)
        _internal(error)
    raise error


def _outside(error: OSError) -> NoReturn:
    """A file, or one of our streams (which has no name), that does not take or give what it should."""
    remedy = "check the path, its permissions and the room on the disk"
    if error.filename is not None:
        _say(f"{error.filename}: {error.strerror}", remedy)
        sys.exit(2)
    if error.errno not in _NO_WAY_OUT:
        _internal(error)
    _say(f"output: {error.strerror}", remedy)
    _reader_gone(2)


def _reader_gone(code: int) -> NoReturn:
    """Nobody takes our output (`| head`, a full disk): what is still held of it goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """What would end us waits until the block is over: what is begun in it can then be undone as a whole."""
    came: list[int] = []
    before = {each: signal.signal(each, lambda number, _frame: came.append(number)) for each in _ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextmanager
def heard_after() -> Iterator[None]:
    """An event loop that hears signals itself leaves them to the system as it is closed. After the block they are heard
    as before it, so that what is still to be written is unwound."""
    before = {each: signal.getsignal(each) for each in _ENDING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _journal(error: Exception) -> None:
    """Exit with a journal's own finding, if the error is one. The module is loaded where a journal was used."""
    errors = sys.modules.get("ruleengine.journal.errors")
    if errors is None or not isinstance(error, errors.JournalError):
        return
    found = error.diagnostic
    _say(f"{found.span.file}: {found.code} {found.message}", found.help or "")
    sys.exit(JOURNAL_DAMAGED if isinstance(error, errors.JournalDamaged) else 2)


def _internal(error: Exception) -> NoReturn:
    if os.environ.get("RULEENGINE_TRACEBACK"):
        raise error
    from ruleengine.diagnostics import Span
    from ruleengine.diagnostics.catalogue.internal import internal_error

    found = internal_error(Span.of_option("ruleengine"), type(error).__name__, str(error))
    _say(f"{found.code} {found.message}", found.help or "")
    sys.exit(2)


def _say(message: str, help: str) -> None:
    from ruleengine import log

    told = f"ruleengine: {message}\n" + (f"help: {help}\n" if help else "")
    with suppress(OSError):  # where stderr takes nothing either, the exit code has to do
        sys.stderr.write(log.unprotected(told))
