"""The engine's events as rows: the inverse of `events.py`.

A row says exactly what its event said, its flags too, so that who reads it back judges as who heard it live.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from ruleengine.model.event import BarEvent, Book, Event, Funding, Quote, Reference, Signal, TradePrint
from ruleengine.recordings.layout import KINDS

Values = tuple[Any, ...]
"""What a kind's own columns hold, in the layout's order."""

_BESIDE_PAYLOAD = frozenset({"ts", "ts_event", "instrument", "seq"})


def is_recorded(event: Event) -> bool:
    """Whether it is an event of the market, or a signal: what a recording holds."""
    return event.kind in _MAKERS


def row_of(event: Event) -> tuple[str, Values]:
    """Kind of row, and what its own columns hold.

    >>> row_of(Funding(11, 10, "BTC-USDT-SWAP", 0.0001))
    ('funding', (0.0001,))
    """
    return _MAKERS[event.kind](event)


def columns_of_row(kind: str) -> tuple[str, ...]:
    """Names of the columns that `row_of` fills.

    >>> columns_of_row("reference")
    ('price', 'source')
    """
    return tuple(column.name for column in KINDS[kind].own_columns)


def _quote(event: Quote) -> tuple[str, Values]:
    return "quote", (event.bid, event.ask, event.bid_size, event.ask_size)


def _trade(event: TradePrint) -> tuple[str, Values]:
    of_day = (event.day_high, event.day_low, event.day_volume)
    return "trade", (event.price, event.size, event.aggressor, None, *of_day)


def _bar(event: BarEvent) -> tuple[str, Values]:
    span = (event.ts_event - event.interval_ns, event.interval_ns)
    own = (event.open, event.high, event.low, event.close)
    if event.ask_ohlc is not None:
        return "quote_bar", (*span, *own, *event.ask_ohlc, event.volume, None)
    return "bar", (*span, event.price, *own, event.volume, None)


def _book(event: Book) -> tuple[str, Values]:
    sides = [[[level[place] for level in side] for place in (0, 1)] for side in (event.bids, event.asks)]
    return "book", (*sides[0], *sides[1])


def _funding(event: Funding) -> tuple[str, Values]:
    return "funding", (event.rate,)


def _reference(event: Reference) -> tuple[str, Values]:
    return "reference", (event.price, event.source)


def _signal(event: Signal) -> tuple[str, Values]:
    said = {field.name: getattr(event, field.name) for field in fields(event) if field.name not in _BESIDE_PAYLOAD}
    stated = {name: value for name, value in said.items() if value is not None}
    return "signal", (event.id, json.dumps(stated, sort_keys=True, ensure_ascii=False))


_MAKERS: dict[str, Callable[[Any], tuple[str, Values]]] = {
    Quote.kind: _quote,
    TradePrint.kind: _trade,
    BarEvent.kind: _bar,
    Book.kind: _book,
    Funding.kind: _funding,
    Reference.kind: _reference,
    Signal.kind: _signal,
}
