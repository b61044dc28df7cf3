"""Raw WebSocket frames of Binance, one a line (`<local ns> <json>`), as rows of quotes, trades and books.

1. A line is split into the recording machine's time and the frame.
2. bookTicker frames become quotes, trade frames become trades.
3. Depth frames wait for the REST snapshot, which gives the book; those whose last update number is older than the
   snapshot's are dropped and counted, the rest is applied in order (`_is_applied`).
4. A frame that does not follow the one before marks the book as broken until the end: `gap` is 1 on its rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.order_book import OrderBook
from ruleengine.recordings.problem import RecordingProblem, whole_file
from ruleengine.recordings.sources import SEPARATOR, Lines, open_text

_SYMBOL = re.compile(rb'"s"\s*:\s*"([A-Za-z0-9._-]+)"')

STREAMS: dict[str, tuple[str, ...]] = {
    "bookTicker": ("line", "received", "event_ms", "symbol", "update", "bid", "bid_size", "ask", "ask_size"),
    "trade": ("line", "received", "event_ms", "symbol", "trade_id", "price", "size", "buyer_is_maker"),
    "depth": (
        "line",
        "received",
        "event_ms",
        "symbol",
        "update",
        "bid_prices",
        "bid_sizes",
        "ask_prices",
        "ask_sizes",
        "gap",
    ),
}
"""Fields of each stream's rows. Spot bookTicker frames carry no time of their own: event_ms is empty there."""


@dataclass(slots=True)
class Seen:
    """What the frames of one file were."""

    frames: int = 0
    before_snapshot: list[int] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)
    by_type: dict[str, int] = field(default_factory=dict)
    united: int = 0
    """Depth updates that are no row of their own: they waited for a snapshot and are one book with it."""

    @property
    def book_frames(self) -> int:
        """Frames that books are made of, with those of which nobody knows what they were."""
        return self.by_type.get("depthUpdate", 0) + self.by_type.get("snapshot", 0) + len(self.unreadable)


@dataclass(slots=True)
class _Depth:
    """The book while frames come in. `waiting` holds frames received before the snapshot."""

    book: OrderBook | None = None
    last_update: int = 0
    is_first: bool = True
    is_broken: bool = False
    waiting: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    symbol: str = ""


def split_frames(path: Path, work: Path) -> tuple[dict[str, Lines], Seen]:
    """One text of rows for each stream, and what was seen on the way."""
    seen = Seen()
    targets = {name: work / f"{path.name}.{name}.txt" for name in STREAMS}
    writers = {name: target.open("w", encoding="utf-8", newline="\n") for name, target in targets.items()}
    try:
        for stream, row in _rows(path, seen):
            writers[stream].write(SEPARATOR.join(row) + "\n")
    except (OSError, EOFError) as failure:
        raise RecordingProblem(faults.input_unreadable(whole_file(path), str(failure))) from failure
    finally:
        for writer in writers.values():
            writer.close()
    lines = {name: Lines(target, path.name, path.name, SEPARATOR, STREAMS[name], 0) for name, target in targets.items()}
    return lines, seen


def _rows(path: Path, seen: Seen) -> Iterator[tuple[str, list[str]]]:
    # The REST snapshot does not say whose it is, so one file may hold one symbol only.
    depth = _Depth(symbol=_first_symbol(path))
    with open_text(path) as source:
        for number, raw in enumerate(source, 1):
            if not raw.strip():
                continue
            received, _, text = raw.decode("utf-8", "replace").partition(" ")
            seen.frames += 1
            try:
                frame = json.loads(text, parse_float=str)
                yield from _rows_of(number, received, frame, depth, seen)
                _count(seen, _kind_of(frame))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError):
                seen.unreadable.append(number)
    # No snapshot came for them any more.
    seen.before_snapshot += [line for line, _ in depth.waiting]


def _kind_of(frame: dict[str, Any]) -> str:
    if "lastUpdateId" in frame:
        return "snapshot"
    return str(frame.get("data", frame).get("e") or str(frame.get("stream", "")).partition("@")[2])


def _first_symbol(path: Path) -> str:
    with open_text(path) as source:
        for raw in source:
            found = _SYMBOL.search(raw)
            if found:
                return found[1].decode()
    return ""


def _rows_of(
    number: int, received: str, frame: dict[str, Any], depth: _Depth, seen: Seen
) -> Iterator[tuple[str, list[str]]]:
    if "lastUpdateId" in frame:
        yield from _start_book(number, received, frame, depth, seen)
        return
    data = frame.get("data", frame)
    kind = _kind_of(frame)
    if kind == "bookTicker":
        time = str(data.get("T", data.get("E", "")))
        prices = (data["b"], data["B"], data["a"], data["A"])
        yield "bookTicker", [str(number), received, time, data["s"], str(data["u"]), *prices]
    elif kind == "trade":
        maker = "true" if data["m"] else "false"
        yield "trade", [str(number), received, str(data["T"]), data["s"], str(data["t"]), data["p"], data["q"], maker]
    elif kind == "depthUpdate":
        if data["s"] != depth.symbol:
            raise ValueError(data["s"])
        if depth.book is None:
            depth.waiting.append((number, data))
        else:
            yield from _follow(number, received, data, depth, seen)
    else:
        raise ValueError(kind)


def _start_book(
    number: int, received: str, snapshot: dict[str, Any], depth: _Depth, seen: Seen
) -> Iterator[tuple[str, list[str]]]:
    """One row: the snapshot with every waiting frame applied, which is the first book that could be known."""
    depth.book = OrderBook(snapshot["bids"], snapshot["asks"])
    depth.last_update = int(snapshot["lastUpdateId"])
    depth.is_first, depth.is_broken = True, False
    # Spot snapshots carry no time: that of receipt stands for it.
    times = [int(snapshot["T"])] if "T" in snapshot else []
    waiting, depth.waiting = depth.waiting, []
    for line, data in waiting:
        if _is_applied(line, data, depth, seen):
            times.append(_time_of(data))
            seen.united += 1
    yield "depth", _book_row(number, received, str(max(times, default="")), depth)


def _follow(
    number: int, received: str, data: dict[str, Any], depth: _Depth, seen: Seen
) -> Iterator[tuple[str, list[str]]]:
    if _is_applied(number, data, depth, seen):
        yield "depth", _book_row(number, received, str(_time_of(data)), depth)


def _is_applied(number: int, data: dict[str, Any], depth: _Depth, seen: Seen) -> bool:
    """Apply an update, unless it is older than the snapshot; a missing one before it breaks the book."""
    assert depth.book is not None
    first, last = int(data["U"]), int(data["u"])
    is_futures = "pu" in data
    if depth.is_first and last < depth.last_update + (0 if is_futures else 1):
        seen.before_snapshot.append(number)
        return False
    if depth.is_first:
        # A frame that begins right after the snapshot's number leaves nothing out either.
        follows = first <= depth.last_update + 1
    else:
        follows = int(data["pu"]) == depth.last_update if is_futures else first == depth.last_update + 1
    depth.is_broken = depth.is_broken or not follows
    depth.is_first = False
    depth.last_update = last
    depth.book.apply(data["b"], data["a"])
    return True


def _book_row(number: int, received: str, time: str, depth: _Depth) -> list[str]:
    assert depth.book is not None
    gap = "1" if depth.is_broken else "0"
    return [str(number), received, time, depth.symbol, str(depth.last_update), *depth.book.fields(), gap]


def _time_of(data: dict[str, Any]) -> int:
    """Milliseconds: of the match in futures, of the event in spot."""
    return int(data.get("T", data["E"]))


def _count(seen: Seen, kind: str) -> None:
    seen.by_type[kind] = seen.by_type.get(kind, 0) + 1
