"""Why the venue refuses an order: on arrival, and again when it is about to fill.

Codes are the broker's own words where it has one (OANDA fact sheet §5 and §14), in its sense.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from adapters.paper import isolated, ticks
from adapters.paper.ledger import Ledger, OpenTrade
from adapters.paper.settings import Terms
from ruleengine.model.order import Order
from ruleengine.model.side import Side


class Refusal(NamedTuple):
    """A code and one sentence with the figures."""

    code: str
    reason: str


def on_arrival(order: Order, ledger: Ledger, *, is_open: bool) -> Refusal | None:
    """The first thing wrong with an order as it stands; None: it may work."""
    terms = ledger.settings.terms.get(order.instrument)
    if terms is None:
        return Refusal("INSTRUMENT_UNKNOWN", f"`{order.instrument}` is not traded here")
    if not is_open:
        return Refusal("MARKET_HALTED", f"{order.instrument} is outside its trading hours ({terms.spec.sessions})")
    view = ledger.views[order.instrument]
    if not view.is_priced:
        return Refusal("INSTRUMENT_PRICE_UNKNOWN", _why_unpriced(order.instrument, terms))
    if ledger.rate(terms.spec.quote) is None:
        currencies = f"{terms.spec.quote} to {ledger.settings.currency}"
        return Refusal("CONVERSION_UNKNOWN", f"no rate from {currencies} yet")
    return _bad_size(order, terms, ledger) or _bad_price(order, terms, view.base) or _nothing_to_close(order, ledger)


def closable(order: Order, ledger: Ledger) -> list[OpenTrade]:
    """Trades the order would reduce, in the order the venue takes them: the named one, else the oldest opposite ones.
    Empty where it only opens (a hedging account, unless it is reduce-only)."""
    if order.trade_id:
        trade = ledger.trades.get(order.trade_id)
        return [trade] if trade is not None and trade.side is order.side.opposite else []
    if not order.is_reduce_only and ledger.settings.mode == "hedging":
        return []
    return [
        trade
        for trade in ledger.trades.values()
        if trade.instrument == order.instrument and trade.side is order.side.opposite
    ]


def on_fill(
    order: Order, opens: Decimal, reduces: Decimal, price: Decimal, closing: Decimal, ledger: Ledger
) -> Refusal | None:
    """What stands against opening `opens` units at `price` while the market would close them at `closing`; `reduces`
    units of the other side are closed by the same order."""
    if opens <= 0:
        return None
    terms = ledger.settings.terms[order.instrument]
    if order.side is Side.SHORT and not terms.spec.can_short:
        return Refusal("SHORT_NOT_ALLOWED", f"selling {opens} {order.instrument} more than held: no short sales here")
    is_long = order.side is Side.LONG
    if order.stop is not None and (order.stop >= closing if is_long else order.stop <= closing):
        return Refusal("STOP_LOSS_ON_FILL_LOSS", f"stop {order.stop} is reached already: it would close at {closing}")
    if order.target is not None and (order.target <= price if is_long else order.target >= price):
        return Refusal("LOSING_TAKE_PROFIT", f"target {order.target} is no profit on the fill at {price}")
    return _no_margin(order, opens, reduces, price, ledger)


def _no_margin(order: Order, opens: Decimal, reduces: Decimal, price: Decimal, ledger: Ledger) -> Refusal | None:
    """Margin after the fill must be within equity less the fee, or not above what it was (FX-01, FX-03)."""
    if ledger.settings.margin_model == "isolated":
        return _no_isolated_margin(order, opens, reduces, price, ledger)
    before = ledger.margin_used()
    long_units, short_units = ledger.sides(order.instrument)
    now = ledger.margin_of(order.instrument, long_units, short_units)
    if order.side is Side.LONG:
        long_units, short_units = long_units + opens, short_units - reduces
    else:
        long_units, short_units = long_units - reduces, short_units + opens
    after = before - now + ledger.margin_of(order.instrument, long_units, short_units)
    if after <= before:
        return None
    fee = ledger.fee_of(order.instrument, order.side, opens + reduces, price, is_maker=False)
    available = ledger.equity() - fee
    if after <= available:
        return None
    return Refusal("INSUFFICIENT_MARGIN", f"needs {after:f} {ledger.settings.currency}, has {available:f}")


def _no_isolated_margin(
    order: Order, opens: Decimal, reduces: Decimal, price: Decimal, ledger: Ledger
) -> Refusal | None:
    """Margin of the new part must be within the cash that no position has, less the fee: open results can't be used."""
    rate = isolated.rate(order.leverage, order.instrument, ledger)
    if rate < ledger.settings.terms[order.instrument].margin_rate:
        most = (1 / ledger.settings.terms[order.instrument].margin_rate).normalize()
        return Refusal("LEVERAGE_EXCEEDED", f"leverage {order.leverage} is above the largest, {most:f}")
    needed = ledger.value(order.instrument, opens, price) * rate
    fee = ledger.fee_of(order.instrument, order.side, opens + reduces, price, is_maker=False)
    available = ledger.balance - ledger.margin_used() - fee
    if needed <= available:
        return None
    return Refusal("INSUFFICIENT_MARGIN", f"needs {needed:f} {ledger.settings.currency}, has {available:f}")


def _bad_size(order: Order, terms: Terms, ledger: Ledger) -> Refusal | None:
    spec = terms.spec
    if order.units <= 0:
        return Refusal("UNITS_INVALID", f"{order.units} {spec.size_unit}: a size is above 0")
    if not ticks.is_on_grid(order.units, spec.lot):
        return Refusal("UNITS_PRECISION_EXCEEDED", f"{order.units} is no multiple of the lot {spec.lot}")
    if spec.max_size is not None and order.units > spec.max_size:
        return Refusal("UNITS_LIMIT_EXCEEDED", f"{order.units} is above the largest order, {spec.max_size}")
    if _closes_everything(order, ledger):
        return None  # an explicit full close is allowed at any size and value (SC-01)
    if order.units < spec.min_size:
        return Refusal("UNITS_MINIMUM_NOT_MET", f"{order.units} is below the smallest order, {spec.min_size}")
    if spec.min_value > 0:
        price = order.price if order.price is not None else ledger.views[order.instrument].mid
        value = order.units * spec.contract_size * price
        if value < spec.min_value:
            return Refusal(
                "MIN_VALUE_NOT_MET", f"worth {value:f} {spec.quote}, below the smallest order's {spec.min_value:f}"
            )
    return None


def _closes_everything(order: Order, ledger: Ledger) -> bool:
    if not (order.trade_id or order.is_reduce_only):
        return False
    return sum((trade.units for trade in closable(order, ledger)), Decimal(0)) == order.units


def _bad_price(order: Order, terms: Terms, base: Decimal | None) -> Refusal | None:
    if order.type != "market" and order.price is None:
        return Refusal("PRICE_MISSING", f"a {order.type} order has a price")
    for what, price in (("price", order.price), ("stop", order.stop), ("target", order.target)):
        if price is None:
            continue
        if price <= 0:
            return Refusal("PRICE_INVALID", f"{what} {price} is not above 0")
        tick = terms.spec.tick_at(price)
        if not ticks.is_on_grid(price, tick):
            return Refusal("PRICE_PRECISION_EXCEEDED", f"{what} {price} is off the tick of {tick}")
    limits = None if base is None else terms.spec.limits_of(base)
    if limits is not None and order.price is not None and not limits[0] <= order.price <= limits[1]:
        return Refusal("PRICE_LIMIT_EXCEEDED", f"price {order.price} is outside the day's {limits[0]:f}–{limits[1]:f}")
    return None


def _nothing_to_close(order: Order, ledger: Ledger) -> Refusal | None:
    if order.trade_id:
        trade = ledger.trades.get(order.trade_id)
        if trade is None or trade.instrument != order.instrument:
            return Refusal("TRADE_DOESNT_EXIST", f"no open trade `{order.trade_id}` in {order.instrument}")
        if trade.side is order.side:
            return Refusal("NO_POSITION_TO_REDUCE", f"a {order.side} order can't close {trade.side} trade {trade.id}")
        if order.units > trade.units:
            return Refusal(
                "CLOSE_TRADE_UNITS_EXCEED_TRADE_SIZE", f"{order.units} is above the trade's {trade.units} units"
            )
    elif order.is_reduce_only:
        if order.position_side is order.side:
            return Refusal("NO_POSITION_TO_REDUCE", f"a {order.side} order can't reduce the {order.side} side")
        if not closable(order, ledger):
            return Refusal("NO_POSITION_TO_REDUCE", f"no {order.side.opposite} position in {order.instrument}")
    return None


def _why_unpriced(instrument: str, terms: Terms) -> str:
    if terms.spread is not None:
        return f"no price of {instrument} yet"
    return (
        f"no bid and ask of {instrument} yet; where the data has only middle or last prices, declare "
        f"`instruments.{instrument}.spread` in the account file"
    )
