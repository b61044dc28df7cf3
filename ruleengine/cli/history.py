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


def warmed(make: Callable[[], Engine], recording: Recording, begin: int | None, names: Sequence[str]) -> Engine:
    """A new engine that has seen as much of the recording before `begin` as its policy's features read, or all."""
    engine = make()
    reach = history_ns(engine)
    if begin is None or begin <= recording.first_ns or not reach:
        return engine
    while True:
        start = max(begin - reach, recording.first_ns)
        warm_up(engine, _market(recording, start, begin, names))
        if start == recording.first_ns or is_warm(engine):
            return engine
        reach, engine = reach * _FURTHER, make()


def _market(recording: Recording, start: int, end: int, names: Sequence[str]) -> Iterator[MarketEvent]:
    present = [name for name in names if name in recording.instruments]
    events = chain.from_iterable(map(events_of, recording.batches(start, end, present)))
    return (event for event in events if not isinstance(event, Signal))
