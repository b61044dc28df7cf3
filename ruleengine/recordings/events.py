"""Batches as the engine's events, one by one, in order.

What features must not use is told by `flags`: only bits that make features unknown are passed on, notes are not. NaN
(the source says nothing) becomes None where an event allows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np

from ruleengine.model.event import BarEvent, Book, Funding, Quote, Reference, Signal, TradePrint
from ruleengine.model.side import Side
from ruleengine.recordings.batch import KIND_NAMES, Batch, Floats
from ruleengine.recordings.defects import UNSOUND_MASK
from ruleengine.recordings.layout import PRICE_SIDES

MarketOrSignal = Quote | TradePrint | BarEvent | Book | Funding | Reference | Signal
_Maker = Callable[[int, int, str, int, tuple[float, ...], Any, Any], MarketOrSignal]


def events_of(batch: Batch) -> Iterator[MarketOrSignal]:
    """One event a row. Their `seq` is 0: the engine numbers what comes in.

    A snapshot becomes a trade whose size is the volume since the snapshot before (NaN where that is not known).
    """
    kind = batch.only_kind
    return _quotes(batch) if kind is not None and kind.name == "quote" else _any_kind(batch)


def _any_kind(batch: Batch) -> Iterator[MarketOrSignal]:
    empty = [None] * len(batch)
    texts = batch.texts.tolist() if batch.texts is not None else empty
    levels = batch.levels.tolist() if batch.levels is not None else empty
    values = zip(*(value.tolist() for value in batch.values), strict=True) if batch.values else iter([()] * len(batch))
    common = batch.rows("ts_available", "ts_event", "kind_code", "instrument_code", "flags")
    names = batch.instruments
    for (ts, ts_event, kind, instrument, flags), numbers, text, level in zip(
        common, values, texts, levels, strict=True
    ):
        yield _MAKERS[kind](ts, ts_event, names[instrument], flags & UNSOUND_MASK, numbers, text, level)


def _quotes(batch: Batch) -> Iterator[Quote]:
    """The same for nothing but quotes, the longest recordings there are: column by column, nothing done for a row but
    to make its event."""
    bid, ask, bid_size, ask_size = batch.values[:4]
    return map(
        Quote,
        batch.ts_available.tolist(),
        batch.ts_event.tolist(),
        _names(batch),
        bid.tolist(),
        ask.tolist(),
        _nones_for_nan(bid_size),
        _nones_for_nan(ask_size),
        _unsound(batch),
    )


def _names(batch: Batch) -> Iterable[str]:
    codes = batch.instrument_code
    if (codes == codes[:1]).all():
        return repeat(batch.instruments[int(codes[0])]) if len(codes) else ()
    return map(batch.instruments.__getitem__, codes.tolist())


def _unsound(batch: Batch) -> Iterable[int]:
    flags = batch.flags & UNSOUND_MASK
    if not flags.any():
        return repeat(0)
    bits: list[int] = flags.tolist()
    return bits


def _nones_for_nan(column: Floats) -> Iterable[float | None]:
    missing = np.isnan(column)
    if missing.all():
        return repeat(None)
    numbers: list[float] = column.tolist()
    return map(_or_none, numbers) if missing.any() else numbers


def _quote(ts: int, ts_event: int, name: str, flags: int, v: tuple[float, ...], _t: Any, _l: Any) -> Quote:
    return Quote(ts, ts_event, name, v[0], v[1], _or_none(v[2]), _or_none(v[3]), flags)


def _trade(ts: int, ts_event: int, name: str, flags: int, v: tuple[float, ...], _t: Any, _l: Any) -> TradePrint:
    aggressor = {1.0: "buy", -1.0: "sell"}.get(v[2])
    of_day = (_or_none(v[3]), _or_none(v[4]), _or_none(v[5]))
    return TradePrint(ts, ts_event, name, v[0], v[1], aggressor, flags, *of_day)


def _snapshot(ts: int, ts_event: int, name: str, flags: int, v: tuple[float, ...], _t: Any, _l: Any) -> TradePrint:
    of_day = (_or_none(v[1]), _or_none(v[2]), _or_none(v[4]))
    return TradePrint(ts, ts_event, name, v[0], v[5], None, flags, *of_day)


def _bar(ts: int, ts_event: int, name: str, flags: int, v: tuple[float, ...], _t: Any, _l: Any) -> BarEvent:
    side: Any = PRICE_SIDES[int(v[7])]
    return BarEvent(ts, ts_event, name, int(v[6]), side, v[0], v[1], v[2], v[3], _or_none(v[4]), None, flags)


def _quote_bar(ts: int, ts_event: int, name: str, flags: int, v: tuple[float, ...], _t: Any, _l: Any) -> BarEvent:
    ask = (v[4], v[5], v[6], v[7])
    return BarEvent(ts, ts_event, name, int(v[10]), "bid", v[0], v[1], v[2], v[3], _or_none(v[8]), ask, flags)


def _book(ts: int, ts_event: int, name: str, flags: int, _v: tuple[float, ...], _t: Any, levels: Any) -> Book:
    bid_prices, bid_sizes, ask_prices, ask_sizes = (tuple(float(x) for x in side) for side in levels)
    bids = tuple(zip(bid_prices, bid_sizes, strict=True))
    return Book(ts, ts_event, name, bids, tuple(zip(ask_prices, ask_sizes, strict=True)), flags)


def _funding(ts: int, ts_event: int, name: str, _flags: int, v: tuple[float, ...], _t: Any, _l: Any) -> Funding:
    return Funding(ts, ts_event, name, v[0])


def _reference(ts: int, ts_event: int, name: str, flags: int, v: tuple[float, ...], text: Any, _l: Any) -> Reference:
    return Reference(ts, ts_event, name, v[0], text, flags)


def _signal(ts: int, ts_event: int, name: str, _flags: int, _v: tuple[float, ...], text: Any, _l: Any) -> Signal:
    said: dict[str, Any] = json.loads(text)
    optional: dict[str, Any] = {
        key: said.get(key) for key in ("size", "confidence", "pocket", "regime", "leverage", "stop", "target")
    }
    return Signal(ts, ts_event, said["id"], name, said["strategy"], Side(said["side"]), **optional)


def _or_none(value: float) -> float | None:
    return value if value == value else None


def decimal_of(price: float) -> Decimal:
    """The decimal that the source wrote.

    >>> decimal_of(157.031)
    Decimal('157.031')
    """
    return Decimal(repr(price))


_BY_KIND: dict[str, _Maker] = {
    "bar": _bar,
    "quote_bar": _quote_bar,
    "snapshot": _snapshot,
    "book": _book,
    "quote": _quote,
    "trade": _trade,
    "funding": _funding,
    "reference": _reference,
    "signal": _signal,
}
_MAKERS: tuple[_Maker, ...] = tuple(_BY_KIND[kind] for kind in KIND_NAMES)
