"""Market data of the socket as events: the book with the best quote, and prints.

Times have no date: a print has the business day beside it, a book is of the last such time before its receipt. Outside
the continuous session, and while a share is halted, prices are marked: nobody can trade at them (§5.2).
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.kis import kst
from adapters.kis.frames import Frame, records
from adapters.kis.rows import decimal_of
from adapters.kis.services import BOOK_STREAM, TRADES_STREAM
from ruleengine.model.event import Book, MarketEvent, Quote, TradePrint
from ruleengine.ports.venue import VenueError

NOT_TRADABLE = 1
"""Flag of prices at which nothing can be traded now."""
_LEVELS = 10
_AGGRESSORS = {"1": "buy", "5": "sell"}


def events_of(frame: Frame, symbols: frozenset[str], ts: int) -> list[MarketEvent]:
    """Events of a frame's records for these symbols, in order; nothing for other streams (trap 8).

    Errors   VenueError for a record that can't be read.
    """
    if frame.tr_id not in (TRADES_STREAM, BOOK_STREAM):
        return []
    found: list[MarketEvent] = []
    for fields in records(frame.tr_id, frame.count, frame.body):
        if fields[0].strip() in symbols:
            found += [print_of(fields, ts)] if frame.tr_id == TRADES_STREAM else book_of(fields, ts)
    return found


def print_of(fields: Sequence[str], ts: int) -> TradePrint:
    """A record of H0STCNT0."""
    day = fields[33].strip()
    ts_event = kst.moment(day, fields[1]) if len(day) == 8 else kst.join(fields[1], ts)
    price, size = _needed(fields, 2, "price"), _needed(fields, 12, "size")
    is_session = fields[43].strip() in {"0", ""} and fields[35].strip().upper() != "Y"
    return TradePrint(
        ts=ts, ts_event=ts_event, instrument=fields[0].strip(), price=price, size=size,
        aggressor=_AGGRESSORS.get(fields[21].strip()), flags=0 if is_session else NOT_TRADABLE,
        day_high=_maybe(fields, 8), day_low=_maybe(fields, 9), day_volume=_maybe(fields, 13),
    )  # fmt: skip


def book_of(fields: Sequence[str], ts: int) -> list[MarketEvent]:
    """A record of H0STASP0: ten levels, and the best of them. Levels of 0 are empty."""
    asks, bids = _levels(fields, 3, 23), _levels(fields, 13, 33)
    ts_event, symbol = kst.join(fields[1], ts), fields[0].strip()
    flags = 0 if fields[2].strip() == "0" and bids and asks else NOT_TRADABLE
    book = Book(ts=ts, ts_event=ts_event, instrument=symbol, bids=bids, asks=asks, flags=flags)
    bid, bid_size = bids[0] if bids else (0.0, None)
    ask, ask_size = asks[0] if asks else (0.0, None)
    quote = Quote(
        ts=ts, ts_event=ts_event, instrument=symbol, bid=bid, ask=ask, bid_size=bid_size, ask_size=ask_size, flags=flags
    )
    return [book, quote]


def _levels(fields: Sequence[str], prices: int, sizes: int) -> tuple[tuple[float, float], ...]:
    found = []
    for level in range(_LEVELS):
        price, size = _maybe(fields, prices + level), _maybe(fields, sizes + level)
        if price:
            found.append((price, size or 0.0))
    return tuple(found)


def _maybe(fields: Sequence[str], place: int) -> float | None:
    found = decimal_of(fields[place])
    return None if found is None else float(found)


def _needed(fields: Sequence[str], place: int, what: str) -> float:
    found = _maybe(fields, place)
    if found is None or found <= 0:
        raise VenueError(f"{fields[0]}: a print without a {what}", code="FRAME")
    return found
