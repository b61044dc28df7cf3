"""Market events in columns: many tuples become one body, and come back the same.

Columns are why a batch is small: equal neighbours compress well, and encoding runs at the speed of the JSON encoder.
An event is looked at when it comes (`EventCheck`), so that a batch of looked-at events can always be encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from math import isfinite
from operator import itemgetter
from typing import Any

from ruleengine.journal.canonical import is_sound
from ruleengine.journal.errors import EntryRefused, refuse_entry
from ruleengine.journal.layout import SHAPE_BY_NAME, Shape

MarketEvent = tuple[Any, ...]
"""`(shape, ts, ts_event, …)`, see `layout.SHAPES`."""


def pack(events: Sequence[MarketEvent]) -> dict[str, Any]:
    """The body of a batch.

    >>> body = pack([("funding", 11, 10, "X", 0.0001), ("funding", 12, 11, "X", 0.0002)])
    >>> body["order"], list(body["columns"]["funding"]["rate"])
    ([['funding', 2]], [0.0001, 0.0002])
    """
    names = [event[0] for event in events]
    if names.count(names[0]) == len(names):
        only = names[0]
        return {"count": len(events), "order": [[only, len(events)]], "columns": {only: _columns(only, events)}}
    order = [[name, sum(1 for _ in run)] for name, run in groupby(names)]
    by_shape: dict[str, list[MarketEvent]] = {}
    for event in events:
        by_shape.setdefault(event[0], []).append(event)
    columns = {name: _columns(name, group) for name, group in by_shape.items()}
    return {"count": len(events), "order": order, "columns": columns}


def unpack(body: dict[str, Any]) -> Iterator[MarketEvent]:
    """The events of a batch, in their order. Fields come as stored: lists stay lists."""
    rows = {name: _rows(name, columns) for name, columns in body["columns"].items()}
    for name, count in body["order"]:
        source = rows[name]
        for _ in range(count):
            yield next(source)


def _columns(name: str, events: Sequence[MarketEvent]) -> dict[str, Any]:
    values = list(zip(*events, strict=True))
    return {field.name: values[place] for place, field in enumerate(SHAPE_BY_NAME[name].fields, 1)}


def _rows(name: str, columns: dict[str, Any]) -> Iterator[MarketEvent]:
    """Fields that a later version added to a shape are left out, ones that an earlier one lacked come as None."""
    count = len(columns["ts"])
    fields = [columns.get(field.name) or [None] * count for field in SHAPE_BY_NAME[name].fields]
    return iter(zip([name] * count, *fields, strict=True))


_Numbers = Callable[[MarketEvent], tuple[Any, ...]]

_SIGNATURES_MAX = 512
_TIME_MAX = 2**63 - 1


class EventCheck:
    """Refuses what a batch could not hold: another shape or width, a number that is NaN or infinite, other types.

    The usual event (all numbers there) passes by one sum over its numbers and times, which is finite only if all of
    them are. What does not pass that is looked at properly: numbers may be missing, and a sum of finite ones may
    overflow. The types of texts are left to the encoder, which takes any.
    """

    def __init__(self) -> None:
        self._usual = {
            shape.name: (shape.width, _taker([1, 2, *shape.number_places]))
            for shape in SHAPE_BY_NAME.values()
            if not shape.list_places
        }
        self._with_gaps: dict[tuple[object, ...], _Numbers] = {}

    def __call__(self, event: MarketEvent) -> None:
        """Raise `EntryRefused` unless the event can be recorded."""
        usual = self._usual.get(event[0])
        if usual is not None and len(event) == usual[0]:
            try:
                if isfinite(sum(usual[1](event))):
                    return
            except (TypeError, OverflowError):  # a number is missing, or something worse stands in its place
                numbers = self._with_gaps.get((event[0], *map(type, event)))
                if numbers is not None and all(map(isfinite, numbers(event))):
                    return
        self._look(event)

    def _look(self, event: MarketEvent) -> None:
        """Look at every value; remember where numbers may be missing."""
        shape = SHAPE_BY_NAME.get(event[0])
        if shape is None or len(event) != shape.width or not _has_types(shape, event):
            raise refusal(event)
        if not shape.list_places and len(self._with_gaps) < _SIGNATURES_MAX:
            places = [place for place in (1, 2, *shape.number_places) if event[place] is not None]
            self._with_gaps[(event[0], *map(type, event))] = _taker(places)


def refusal(event: MarketEvent) -> EntryRefused:
    """What is wrong with an event that cannot be recorded."""
    shape = SHAPE_BY_NAME.get(event[0])
    if shape is None:
        return refuse_entry("market", "", f"has the shape {event[0]!r}, which is none of {', '.join(SHAPE_BY_NAME)}")
    if len(event) != shape.width:
        return refuse_entry("market", f"`{shape.name}`", f"has {len(event)} values, needs {shape.width}")
    for field, value in zip(shape.fields, event[1:], strict=True):
        if not _is_of(field.holds, value):
            return refuse_entry("market", f"`{shape.name}` {field.name}", f"is {value!r}, not a {field.holds}")
    return refuse_entry("market", f"`{shape.name}`", "has a value that cannot be recorded")


def _has_types(shape: Shape, event: MarketEvent) -> bool:
    return all(_is_of(field.holds, value) for field, value in zip(shape.fields, event[1:], strict=True))


def _is_of(holds: str, value: object) -> bool:
    """Whether a value can stand in a field; only times must be there."""
    if holds == "time":
        return type(value) is int and -_TIME_MAX <= value <= _TIME_MAX
    if value is None:
        return True
    if holds == "list":
        return isinstance(value, (list, tuple)) and is_sound(value)
    if holds == "number":
        return isinstance(value, (float, int, Decimal)) and _is_finite(value)
    return type(value) is str


def _is_finite(value: float | Decimal) -> bool:
    """Also for whole numbers that no float holds: those have no place in a market event."""
    try:
        return isfinite(value)
    except OverflowError:
        return False


def _taker(places: list[int]) -> _Numbers:
    """Takes the values at these places out of a tuple, as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda event: tuple(event[place] for place in places)
