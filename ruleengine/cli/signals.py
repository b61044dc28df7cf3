"""Signals from outside: JSON lines from a file, from standard input, or from a Unix socket."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TextIO

from ruleengine.cli.failure import CommandError
from ruleengine.diagnostics.diagnostic import Diagnostic
from ruleengine.model.event import Event
from ruleengine.model.event import Signal as SignalEvent
from ruleengine.schema.signal import Signal, problems, to_event

LINE_BYTES_MAX = 64 * 1024


def from_file(source: str) -> list[SignalEvent]:
    """All signals of a file (`-`: standard input, to its end), ordered by time; each is available at its own time. A
    bad line refuses all."""
    found: list[SignalEvent] = []
    for number, line in enumerate(_text(source).split("\n"), 1):
        if line.strip():
            found.append(_read(line, f"{source}:{number}", None))
    return sorted(found, key=lambda event: (event.ts, event.id))


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


def _read(line: str, place: str, available_ns: int | None) -> SignalEvent:
    """One line as an event. Raises CommandError with place and remedy."""
    try:
        plain = json.loads(line, parse_constant=_no_constant, object_pairs_hook=_unique)
        signal = Signal.model_validate(plain)
    except ValueError as error:
        raise CommandError(
            f"{place}: no signal: {_first_line(error)}", "the shape is `ruleengine schema signal`"
        ) from None
    wrong: list[Diagnostic] = problems(signal, place)
    if wrong:
        raise CommandError(f"{place}: {wrong[0].message}", wrong[0].help or "the shape is `ruleengine schema signal`")
    event = to_event(signal, 0)
    event.ts = event.ts_event if available_ns is None else available_ns
    return event


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise ValueError("a key is given twice")
    return seen


def _first_line(error: ValueError) -> str:
    lines = str(error).splitlines()
    return " ".join(line.strip() for line in lines[1:3]) if len(lines) > 2 else lines[0]


def is_stream(source: str) -> bool:
    """Standard input (unless a file was led into it) or a socket, rather than a file."""
    if source == "-":
        return not stat.S_ISREG(os.fstat(_stdin().fileno()).st_mode)
    return Path(source).is_socket()


async def from_stream(source: str, now_ns: Callable[[], int], refuse: Callable[[str], None]) -> AsyncIterator[Event]:
    """Signals as they come, available when they are read. A bad line is refused and told, and the next is read."""
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
                yield _read(line.decode("utf-8", "replace"), f"{source}:{number}", now_ns())
            except CommandError as error:
                refuse(error.message)
