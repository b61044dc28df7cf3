"""The border to the person at the prompt: no bare traceback leaves.

Exit codes: 0 done · 1 findings · 2 wrong use, unreadable data, or a fault of ours · 12 journal damaged · 15 policy
refused by `run` · 130 interrupted · 143 terminated.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

JOURNAL_DAMAGED = 12
POLICY_REFUSED = 15
INTERRUPTED = 130
TERMINATED = 143
_ENDING = (signal.SIGINT, signal.SIGTERM)


class CommandError(Exception):
    """Something the user can mend: one sentence, and what to do."""

    def __init__(self, message: str, help: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message, self.help, self.exit_code = message, help, exit_code


class _Terminated(BaseException):
    """SIGTERM came: unwind, so that nothing half-written stays behind."""


def guarded(app: Callable[[], object]) -> None:
    """Run the application; translate what escapes into a sentence and an exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):
            _reader_gone()
        raise
    except CommandError as error:
        _say(error.message, error.help)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _reader_gone()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)
    except _Terminated:
        sys.exit(TERMINATED)
    except OSError as error:
        if error.filename is None:
            _internal(error)
        _say(f"{error.filename}: {error.strerror}", "check the path, its permissions and the room on the disk")
        sys.exit(2)
    except Exception as error:  # noqa: BLE001  the last border: everything else becomes RE901
        _journal(error)
        _internal(error)


def _reader_gone() -> NoReturn:
    """The reader of our output went away (`| head`); nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(0)


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


def _terminate(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _journal(error: Exception) -> None:
    """Exit with a journal's own finding, if the error is one. The module is loaded where a journal was used."""
    errors = sys.modules.get("ruleengine.journal.errors")
    if errors is None or not isinstance(error, errors.JournalError):
        return
    found = error.diagnostic
    _say(f"{found.span.file}: {found.code} {found.message}", found.help or "")
    sys.exit(JOURNAL_DAMAGED if isinstance(error, errors.JournalDamaged) else 2)


def _internal(error: Exception) -> None:
    if os.environ.get("RULEENGINE_TRACEBACK"):
        raise error
    _say(
        f"RE901 internal error: {type(error).__name__}: {error}",
        "this is a fault of ruleengine; RULEENGINE_TRACEBACK=1 shows where",
    )
    sys.exit(2)


def _say(message: str, help: str) -> None:
    sys.stderr.write(f"ruleengine: {message}\n" + (f"help: {help}\n" if help else ""))
