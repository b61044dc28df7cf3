"""The recording's past before `--from`: shown to the engine so that its features are known from the first row on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from ruleengine.model.event import MarketEvent, Signal
from ruleengine.recordings import Recording, events_of
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.warm import history_ns, is_warm, warm_up

_FURTHER = 4
"""How much further back to look where closed hours left too few bars."""


def first_event_ns(recording: Recording, begin: int | None, names: Sequence[str], signals: Sequence[Signal]) -> int:
    """Time of the first event of a run from `begin` on: until then there is neither an account nor a timer."""
    if begin is None or begin <= recording.first_ns:
        return recording.first_ns
    row = next((event.ts for event in _rows(recording, begin, None, names)), begin)
    return min([row, *(each.ts for each in signals if each.ts >= begin)])


def warmed(make: Callable[[], Engine], recording: Recording, first_ns: int, names: Sequence[str]) -> Engine:
    """A new engine that has seen as much of the recording before `first_ns` as its policy's features read, or all."""
    engine = make()
    reach = history_ns(engine)
    if first_ns <= recording.first_ns or not reach:
        return engine
    while True:
        start = max(first_ns - reach, recording.first_ns)
        rows = _rows(recording, start, first_ns, names)
        warm_up(engine, (each for each in rows if not isinstance(each, Signal)), first_ns - 1)
        if start == recording.first_ns or is_warm(engine):
            return engine
        reach, engine = reach * _FURTHER, make()


def _rows(recording: Recording, start: int, end: int | None, names: Sequence[str]) -> Iterator[MarketEvent | Signal]:
    present = [name for name in names if name in recording.instruments]
    return chain.from_iterable(map(events_of, recording.batches(start, end, present)))
