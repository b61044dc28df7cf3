"""An order in the making: what is wanted, what the market is, and what will be sent.

`settle` makes it final: size on the lot grid, prices on the tick grid, never more than is held, never a flip. Sizes are
the venue's; values are in account currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ruleengine.model.instrument import Instrument
from ruleengine.model.number import decimal_of
from ruleengine.model.order import Intent
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.judging.quantise import down, order_price, part_below, stop_price, target_price, up
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.orders.orders import Orders

_ZERO = Decimal(0)

Figure = float | Unknown | None


@dataclass(frozen=True, slots=True)
class GatePrices:
    """The market at the moment of the order. What is unknown is an `Unknown`, None or NaN."""

    bid: Figure
    ask: Figure
    quote_age_s: Figure
    quote_to_home: Figure
    limit_down: Figure = None
    limit_up: Figure = None


@dataclass(slots=True)
class Draft:
    """An order in the making. `held`, `closing`: units of what it reduces, and of orders on their way that do too."""

    intent: Intent
    instrument: Instrument
    wanted: Decimal
    prices: GatePrices
    holdings: Holdings
    orders: Orders
    now_ns: int
    reduces: bool
    units: Decimal = _ZERO
    held: Decimal = _ZERO
    closing: Decimal = _ZERO
    price: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None

    @property
    def base_units(self) -> Decimal:
        return self.units * self.instrument.contract_size

    @property
    def exit_key(self) -> str:
        return self.intent.trade_id or position_key(self.instrument.name, self.intent.side.opposite)

    @property
    def mid(self) -> Decimal | None:
        bid, ask = sound(self.prices.bid), sound(self.prices.ask)
        return None if bid is None or ask is None else (bid + ask) / 2

    @property
    def expected(self) -> Decimal | None:
        """Its own price, or the side of the quote at which it would fill now."""
        return self.price or sound(self.prices.ask if self.intent.side is Side.LONG else self.prices.bid)

    def value(self, units: Decimal) -> Decimal | None:
        """Value of base units in account currency, at the dearer of the middle and the order's price."""
        mid, expected, rate = self.mid, self.expected, sound(self.prices.quote_to_home)
        return None if mid is None or expected is None or rate is None else units * max(mid, expected) * rate


def settle(draft: Draft) -> None:
    """Size and prices on their grids, toward less risk; a size of 0 or less where nothing can be sent."""
    intent, instrument = draft.intent, draft.instrument
    if not draft.wanted.is_finite():
        draft.wanted = _ZERO
    if draft.reduces:
        draft.held, draft.closing = _reducible(draft)
        draft.units = _reduction(draft)
    else:
        draft.units = down(draft.wanted, instrument.lot)
        if intent.stop is not None:
            draft.stop = stop_price(intent.stop, instrument.tick_at(intent.stop), intent.side)
        if intent.target is not None:
            draft.target = target_price(intent.target, instrument.tick_at(intent.target), intent.side)
    if intent.order_type != "market" and intent.price is not None:
        tick = instrument.tick_at(intent.price)
        draft.price = order_price(intent.price, tick, intent.order_type, intent.side, reduces=draft.reduces)


def _reducible(draft: Draft) -> tuple[Decimal, Decimal]:
    """(held, on their way): units of the trade or side, and of live orders that reduce it, in the worst of all worlds:
    an order on the side may fall on this trade."""
    intent, name, side = draft.intent, draft.instrument.name, draft.intent.side.opposite
    own = draft.holdings.side_units(name, own=True)[0 if side is Side.LONG else 1]
    on_side = draft.orders.closing_units(name, side)
    if not intent.trade_id:
        return own, on_side
    trade = draft.holdings.trades.get(intent.trade_id)
    if trade is None or trade.instrument != name or trade.side is not side or trade.is_manual:
        return _ZERO, _ZERO
    on_trade = draft.orders.closing_units(name, side, intent.trade_id)
    free = min(trade.units - on_trade, own - on_side)
    return trade.units, trade.units - free


def _reduction(draft: Draft) -> Decimal:
    """A full close: all that is left. Else up to the lot grid, but never all of it (SC-01)."""
    free, lot, most = draft.held - draft.closing, draft.instrument.lot, draft.instrument.max_size
    wanted = free if draft.intent.is_full_close else min(up(draft.wanted, lot), part_below(free, lot))
    return wanted if most is None or wanted <= most else down(most, lot)


def finite(figure: Figure) -> Decimal | None:
    """The figure where it is known and finite."""
    if figure is None or isinstance(figure, Unknown):
        return None
    number = decimal_of(figure)
    return number if number.is_finite() else None


def sound(figure: Figure) -> Decimal | None:
    """A price or rate: known, finite, above zero."""
    number = finite(figure)
    return number if number is not None and number > 0 else None
