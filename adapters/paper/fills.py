"""At which prices and in which pieces an order fills. Pure: a view and an order in, pieces out.

market order, triggered stop   the other side of the quote, made worse by the slippage model; level after level
                               where a book is known; never more than the declared share of what is shown
resting limit, target          its own price, no improvement; never more than the share of what is shown
limit that is marketable       on arrival: as a market order, but no piece worse than its price, no slippage past it
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adapters.paper import ticks
from adapters.paper.settings import Settings, Slippage, Terms
from adapters.paper.view import MarketView


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an order at one price."""

    units: Decimal
    price: Decimal


def taking(
    view: MarketView,
    terms: Terms,
    settings: Settings,
    *,
    is_buy: bool,
    units: Decimal,
    limit: Decimal | None = None,
    reference: Decimal | None = None,
) -> list[Piece]:
    """Pieces of an order that takes what the market shows; fewer units where it shows too little.

    `limit`: no piece worse than this. `reference`: start from this price instead of the quote (a stop inside a bar).
    """
    pieces: list[Piece] = []
    left = units
    for shown, size in _levels(view, settings, is_buy, reference):
        if left <= 0:
            break
        price = slipped(shown, units, size, view, terms, settings.slippage, is_buy=is_buy)
        if limit is not None:
            if (shown > limit) if is_buy else (shown < limit):
                break
            price = min(price, limit) if is_buy else max(price, limit)
        part = left if size is None else ticks.down(min(left, size), terms.spec.lot)
        if part > 0:
            pieces.append(Piece(part, price))
            left -= part
    return pieces


def making(
    view: MarketView, terms: Terms, settings: Settings, *, is_buy: bool, units: Decimal, price: Decimal
) -> list[Piece]:
    """Pieces of a resting limit or target that the market reached: its own price, within what is shown."""
    size = _available(view, settings, is_buy, view.ask_size if is_buy else view.bid_size)
    part = units if size is None else ticks.down(min(units, size), terms.spec.lot)
    return [Piece(part, price)] if part > 0 else []


def slipped(
    price: Decimal,
    units: Decimal,
    size: Decimal | None,
    view: MarketView,
    terms: Terms,
    model: Slippage,
    *,
    is_buy: bool,
) -> Decimal:
    """The price after slippage, on the tick grid, never better than the price given.

    none: as it is. ticks: n ticks. spread: a share of bid-ask. size: n ticks × units / size shown (nothing where the
    size isn't known).
    """
    tick = terms.spec.tick_at(price)
    if model.model == "none":
        worse = Decimal(0)
    elif model.model == "ticks":
        worse = model.ticks * tick
    elif model.model == "spread":
        worse = model.share * (ticks.exact(view.ask) - ticks.exact(view.bid))
    else:
        worse = model.ticks * tick * units / size if size else Decimal(0)
    if worse <= 0:
        return price
    return ticks.up(price + worse, tick) if is_buy else max(ticks.down(price - worse, tick), tick)


def around(price: float, spread: Decimal, terms: Terms) -> tuple[float, float]:
    """Bid and ask from a middle or a last price and the declared spread, rounded outward to the tick.

    Units    price, spread, result: quote currency.
    """
    middle = ticks.exact(price)
    tick = terms.spec.tick_at(middle)
    return float(ticks.down(middle - spread / 2, tick)), float(ticks.up(middle + spread / 2, tick))


def _levels(
    view: MarketView, settings: Settings, is_buy: bool, reference: Decimal | None
) -> list[tuple[Decimal, Decimal | None]]:
    """(price, size we may take) from the best on; one level where only the top is known."""
    if reference is not None:
        return [(reference, _available(view, settings, is_buy, None))]
    book, top = (view.asks, view.ask) if is_buy else (view.bids, view.bid)
    if view.book_ts == view.ts and book and book[0][0] == top:
        used = view.used(is_buy)
        levels: list[tuple[Decimal, Decimal | None]] = []
        for price, size in book:
            free = Decimal(repr(size)) * settings.participation
            taken = min(free, used)
            used -= taken
            levels.append((ticks.exact(price), free - taken))
        return levels
    return [(ticks.exact(top), _available(view, settings, is_buy, view.ask_size if is_buy else view.bid_size))]


def _available(view: MarketView, settings: Settings, is_buy: bool, shown: float | None) -> Decimal | None:
    """Units that may be taken at the top: a share of the size shown, or the declared depth; None: no bound. A size of
    0 or less is what some recordings write for "not recorded"."""
    size = Decimal(repr(shown)) if shown is not None and shown > 0 else settings.depth
    if size is None:
        return None
    return max(size * settings.participation - view.used(is_buy), Decimal(0))
