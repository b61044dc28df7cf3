"""The market's past before a run's first event, of a recording or of the venue: shown to the engine, so that its
features are known from the first row on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ruleengine.model.event import MarketEvent, Signal
from ruleengine.runtime.driving.warm import history_ns, is_warm, warm_up
from ruleengine.runtime.engine import Engine

if TYPE_CHECKING:
    from ruleengine.cli.recorded import Recorded

_FURTHER = 2
"""How much further back to look where closed hours left too few bars."""


def first_event_ns(recording: Recorded, begin: int | None, names: Sequence[str], signals: Sequence[Signal]) -> int:
    """Time of the first event of a run from `begin` on: until then there is neither an account nor a timer."""
    if begin is None or (begin <= recording.first_ns and recording.live is None):
        return recording.first_ns
    if recording.live is not None and begin == recording.live.from_ns:
        return begin
    row = next((event.ts for event in _rows(recording, begin, None, names)), begin)
    return min([row, *(each.ts for each in signals if each.ts >= begin)])


def warmed(make: Callable[[], Engine], recording: Recorded, first_ns: int, names: Sequence[str]) -> Engine:
    """A new engine that has seen as much of the recording before `first_ns` as its policy's features read, or all."""

    def rows(begin: int) -> Iterator[MarketEvent]:
        return (each for each in _rows(recording, begin, first_ns, names) if not isinstance(each, Signal))

    return warmed_by(make, rows, recording.first_ns, first_ns)


def warmed_by(
    make: Callable[[], Engine], rows: Callable[[int], Iterable[MarketEvent]], earliest: int, first_ns: int
) -> Engine:
    """A new engine that has seen as much of `rows(begin)` as its policy's features read, or all from `earliest` on."""
    engine = make()
    reach = history_ns(engine)
    if first_ns <= earliest or not reach:
        return engine
    while True:
        begin = max(first_ns - reach, earliest)
        warm_up(engine, rows(begin), first_ns - 1)
        if begin == earliest or is_warm(engine):
            return engine
        reach, engine = reach * _FURTHER, make()


def _rows(recording: Recorded, start: int, end: int | None, names: Sequence[str]) -> Iterator[MarketEvent | Signal]:
    present = [name for name in names if name in recording.instruments]
    return recording.events(start, end, present)
