"""Signals from outside: JSON lines from a file, from standard input, or from a Unix socket."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from ruleengine.cli.failure import CommandError
from ruleengine.cli.streams import tell
from ruleengine.diagnostics import Diagnostic, Related, Span
from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.load import load_bytes
from ruleengine.model.event import Event
from ruleengine.model.event import Signal as SignalEvent
from ruleengine.schema.shape import shape_as
from ruleengine.schema.signal import Signal, problems, to_event

LINE_BYTES_MAX = 64 * 1024
FINDINGS_SHOWN = 20
AGAIN_S, AGAIN_MAX_S = 1.0, 30.0
"""Waits before a socket is connected to again: the first, and the longest while nothing comes."""
SHAPE = "the shape is `ruleengine schema signal`"
_TOLD = frozenset({"RE123", "RE167"})
"""Besides what the shape says: a key written twice, a number where a text has to be. What else YAML asks of a text JSON
does not."""


class BadLine(CommandError):
    """A line that is no signal, with what is wrong in it."""

    def __init__(self, found: Sequence[Diagnostic]) -> None:
        first = found[0]
        super().__init__(f"{first.span}: {first.code} {first.message}", first.help or SHAPE)
        self.found = found


def from_file(source: str) -> list[SignalEvent]:
    """All signals of a file (`-`: standard input, to its end), ordered by time; each is available at its own time. A
    bad line refuses all; what is wrong in the first of them stands on stderr then."""
    taken: list[SignalEvent] = []
    bad: list[Diagnostic] = []
    text = _text(source)
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                taken.append(_read(line, source, number, None))
            except BadLine as refusal:
                bad += refusal.found
        if len(bad) >= FINDINGS_SHOWN:
            break
    if bad:
        tell(bad, {source: text})
        raise CommandError(f"{source} is refused", SHAPE)
    return sorted(taken, key=lambda event: (event.ts, event.id))


def _text(source: str) -> str:
    if source == "-":
        return _stdin().read()
    if Path(source).is_socket():
        raise CommandError(f"{source} is a socket", "give a dry run its signals as a file or on standard input (-)")
    try:
        return Path(source).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandError(f"{source}: not UTF-8 at byte {error.start}", "signals are JSON lines in UTF-8") from None


def _stdin() -> TextIO:
    if sys.stdin is None:  # it was closed before we began
        raise CommandError("standard input is closed", "--signals - reads the signals from there")
    return sys.stdin


def _read(line: str, source: str, number: int, available_ns: int | None) -> SignalEvent:
    """One line as an event. Raises BadLine."""
    try:
        plain = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        place = Span(source, number, error.colno, number, error.colno)
        raise BadLine([faults.signal_unreadable(place, error.msg[0].lower() + error.msg[1:])]) from None
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, ValueError) else "it is nested too deep"
        raise BadLine(_findings(line, source, number) or [_unreadable(source, number, reason)]) from None
    try:
        signal = Signal.model_validate(plain)
    except ValueError:
        found = _findings(line, source, number)
        raise BadLine(found or [_unreadable(source, number, "it is not of a signal's shape")]) from None
    wrong = problems(signal, source)
    if wrong:
        at = Span(source, number, 1, number, 1)
        raise BadLine(_findings(line, source, number) or [replace(each, span=at) for each in wrong])
    event = to_event(signal, 0)
    event.ts = event.ts_event if available_ns is None else available_ns
    return event


def _findings(line: str, source: str, number: int) -> list[Diagnostic]:
    """What is wrong in a line, each at its place: JSON is YAML too, so the documents' own reader can tell."""
    document, found = load_bytes(line.encode(), source)
    if document is not None:
        found = [*found, *shape_as(document, Signal)[1]]
    return [_moved(each, number) for each in sorted(dict.fromkeys(found)) if each.code in _TOLD or each.code > "RE2"]


def _moved(found: Diagnostic, number: int) -> Diagnostic:
    """The finding at its line of the file, which is where the one line that was read stands."""
    span = found.span
    message = found.message.replace(" at the top of the file", " in a signal")
    related = tuple(Related(each.message, _at_line(each.span, number)) for each in found.related)
    return replace(found, span=_at_line(span, number), message=message, related=related)


def _at_line(span: Span, number: int) -> Span:
    return Span(span.file, number, span.col, number, span.end_col)


def _unreadable(source: str, number: int, reason: str) -> Diagnostic:
    return faults.signal_unreadable(Span(source, number, 1, number, 1), reason)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise ValueError("a key is given twice")
    return seen


def is_stream(source: str) -> bool:
    """Standard input (unless a file was led into it) or a socket, rather than a file."""
    if source == "-":
        return not stat.S_ISREG(os.fstat(_stdin().fileno()).st_mode)
    return Path(source).is_socket()


async def followed(
    source: str, now_ns: Callable[[], int], refuse: Callable[[str], None], tell: Callable[[str], None]
) -> AsyncIterator[Event]:
    """Signals as long as somebody asks for them. A socket whose other end went away is connected to anew once somebody
    listens there; what was sent meanwhile is lost. `tell` hears of that, and that standard input has ended."""
    pause_s, was_there, is_away = AGAIN_S, False, False
    while True:
        try:
            async for event in from_stream(source, now_ns, refuse):
                if is_away:
                    tell(f"signals of {source} are heard again")
                pause_s, is_away = AGAIN_S, False
                yield event
            why = "it was closed there"
        except OSError as error:
            why = error.strerror or type(error).__name__
        except CommandError:
            if not was_there:
                raise
            why = "nobody listens there"
        if source == "-":
            tell("signals of standard input have ended; no more come")
            return
        if not is_away:
            tell(f"signals of {source} are not heard: {why}; it is tried again")
        was_there = is_away = True
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, AGAIN_MAX_S)


async def from_stream(source: str, now_ns: Callable[[], int], refuse: Callable[[str], None]) -> AsyncIterator[Event]:
    """Signals of one connection as they come, available when they are read. A bad line is refused and told, and the
    next is read."""
    reader, transport = await _connected(source)
    try:
        async for event in _events(reader, source, now_ns, refuse):
            yield event
    finally:
        transport.close()


async def _connected(source: str) -> tuple[asyncio.StreamReader, asyncio.BaseTransport]:
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    running = asyncio.get_running_loop()
    if source == "-":
        transport, _ = await running.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        return reader, transport
    try:
        return reader, (await running.create_unix_connection(lambda: asyncio.StreamReaderProtocol(reader), source))[0]
    except OSError as error:
        raise CommandError(f"{source}: {error.strerror}", "who sends the signals has to listen there") from None


async def _events(
    reader: asyncio.StreamReader, source: str, now_ns: Callable[[], int], refuse: Callable[[str], None]
) -> AsyncIterator[Event]:
    number = 0
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            number += 1
            refuse(f"{source}:{number}: longer than {LINE_BYTES_MAX} bytes")
            continue
        if not line:
            return
        number += 1
        if line.strip():
            try:
                yield _read(line.decode("utf-8", "replace"), source, number, now_ns())
            except BadLine as error:
                refuse(f"{error.message}; {error.help}")
