"""How market events move the venue's view, and which spans of price they bring orders in contact with.

A quote or the top of a book is one point. A bar is walked as: its open (a gap fills here), then its whole range, then
its close. What the venue must not know is the order of high and low inside a bar; `execution` answers that by taking
stops before targets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from adapters.paper import fills
from adapters.paper.settings import Settings
from adapters.paper.ticks import exact
from adapters.paper.view import MarketView
from ruleengine.model.event import BarEvent, Book, Funding, MarketEvent, Quote, Reference, TradePrint

_OPEN, _HIGH, _LOW, _CLOSE = range(4)
_Ohlc = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Span:
    """Prices that orders meet. `is_range`: between two points, so a stop fills at its own price. `since_ns`: what came
    to be after this is new inside a bar: its stops see the whole bar, its limits and targets the close alone."""

    bid_low: Decimal
    bid_high: Decimal
    ask_low: Decimal
    ask_high: Decimal
    is_range: bool = False
    is_open: bool = False
    since_ns: int | None = None


class Intake:
    """Applies market events to the views. Defective ones (flagged, crossed, not positive, a jump of scale that the next
    one does not confirm) are ignored and counted."""

    def __init__(self, settings: Settings, views: dict[str, MarketView]) -> None:
        self._settings = settings
        self._views = views
        self.ignored = 0
        self.unpriced = 0

    def spans(self, event: MarketEvent) -> Iterator[Span]:
        """Move the view of the event's instrument, step by step; each step that may concern an order is given out."""
        view = self._views.get(event.instrument)
        if view is None or event.__class__ in (Funding, Reference):
            return
        if event.flags:  # type: ignore[union-attr]  # Funding, which has none, has left
            self.ignored += 1
        elif isinstance(event, BarEvent):
            yield from self._bar(event, view)
        elif isinstance(event, TradePrint):
            yield from self._print(event, view)
        elif isinstance(event, Quote):
            view.has_quotes = True
            yield from self._point(view, event.bid, event.ask, event.ts, event.bid_size, event.ask_size)
        elif isinstance(event, Book):
            yield from self._book(event, view)

    def _book(self, event: Book, view: MarketView) -> Iterator[Span]:
        if not event.bids or not event.asks:
            self.ignored += 1
            return
        view.has_quotes = True
        view.bids, view.asks, view.book_ts = event.bids, event.asks, event.ts
        (bid, bid_size), (ask, ask_size) = event.bids[0], event.asks[0]
        yield from self._point(view, bid, ask, event.ts, bid_size, ask_size)

    def _print(self, event: TradePrint, view: MarketView) -> Iterator[Span]:
        """Prints move the price only where no quotes come, by the declared spread."""
        if event.price > 0.0:
            view.last = event.price
        if view.has_quotes:
            return
        terms = self._settings.terms[event.instrument]
        if terms.spread is None:
            self.unpriced += 1
            return
        bid, ask = fills.around(event.price, terms.spread, terms)
        yield from self._point(view, bid, ask, event.ts, None, None)

    def _point(
        self,
        view: MarketView,
        bid: float,
        ask: float,
        ts: int,
        bid_size: float | None,
        ask_size: float | None,
        *,
        is_open: bool = False,
        since_ns: int | None = None,
        is_bar: bool = False,
    ) -> Iterator[Span]:
        if not 0.0 < bid <= ask < float("inf") or (not is_bar and view.is_jump(bid)):
            self.ignored += 1
            return
        view.bid, view.ask, view.ts, view.bid_size, view.ask_size = bid, ask, ts, bid_size, ask_size
        if view.is_inside(bid, ask):
            return
        low, high = exact(bid), exact(ask)
        yield Span(low, low, high, high, is_open=is_open, since_ns=since_ns)

    def _bar(self, event: BarEvent, view: MarketView) -> Iterator[Span]:
        sides = self._sides(event)
        if sides is None:
            self.unpriced += 1
            return
        bid, ask = sides
        is_sound = 0.0 < bid[_LOW] <= bid[_HIGH] < float("inf") and 0.0 < ask[_LOW] <= ask[_HIGH] < float("inf")
        if not is_sound or view.is_jump(bid[_OPEN]):
            self.ignored += 1
            return
        view.has_quotes = True
        if event.price == "last":
            view.last = event.close
        since_ns = event.ts - event.interval_ns
        yield from self._point(
            view, bid[_OPEN], ask[_OPEN], event.ts, None, None, is_open=True, since_ns=since_ns, is_bar=True
        )
        if not (view.is_inside(bid[_LOW], ask[_LOW]) and view.is_inside(bid[_HIGH], ask[_HIGH])):
            bid_low, bid_high, ask_low, ask_high = (exact(p) for p in (bid[_LOW], bid[_HIGH], ask[_LOW], ask[_HIGH]))
            yield Span(bid_low, bid_high, ask_low, ask_high, is_range=True, since_ns=since_ns)
        yield from self._point(view, bid[_CLOSE], ask[_CLOSE], event.ts, None, None, is_bar=True)

    def _sides(self, event: BarEvent) -> tuple[_Ohlc, _Ohlc] | None:
        """Bid and ask of a bar: its own, or made with the declared spread; None where neither is there."""
        own = (event.open, event.high, event.low, event.close)
        if event.ask_ohlc is not None:
            return own, event.ask_ohlc
        terms = self._settings.terms[event.instrument]
        spread = terms.spread
        if spread is None:
            return None
        if event.price == "bid":
            shift = float(spread)
            return own, (own[0] + shift, own[1] + shift, own[2] + shift, own[3] + shift)
        if event.price == "ask":
            shift = float(spread)
            return (own[0] - shift, own[1] - shift, own[2] - shift, own[3] - shift), own
        pairs = [fills.around(price, spread, terms) for price in own]
        return (
            (pairs[0][0], pairs[1][0], pairs[2][0], pairs[3][0]),
            (pairs[0][1], pairs[1][1], pairs[2][1], pairs[3][1]),
        )
