"""Margin close-out: when it is due, and how far prices may move before it can be.

The venue closes every leveraged trade once equity is at or below `margin_closeout` × margin used. Fully paid
instruments (margin rate 1) neither count nor get closed: nobody lent anything for them.
"""

from __future__ import annotations

from decimal import Decimal

from adapters.paper.ledger import Ledger
from ruleengine.model.side import Side

_SHARE = 0.5
"""Of the headroom, how much all prices together may use up before the exact check is made again."""


def is_due(ledger: Ledger) -> bool:
    """Whether equity no longer carries the leveraged margin."""
    level = ledger.settings.margin_closeout
    if level is None or not ledger.trades:
        return False
    margin = ledger.margin_used(is_leveraged_only=True)
    return margin > 0 and ledger.equity() <= level * margin


def leveraged_instruments(ledger: Ledger) -> list[str]:
    """Instruments with open trades that the close-out closes."""
    return [name for name in ledger.traded_instruments() if ledger.settings.terms[name].margin_rate < 1]


def set_bounds(ledger: Ledger) -> None:
    """Narrow the views' bounds so that no close-out can be due while all prices stay inside.

    The headroom is shared out evenly: each instrument with trades, and each that converts their currency, may cost a
    part of it. Longs lose as the bid falls, shorts as the ask rises; margin moves with the price on either side.
    """
    level = ledger.settings.margin_closeout
    instruments = leveraged_instruments(ledger)
    if level is None or not instruments:
        return
    traded = ledger.traded_instruments()
    quotes = {name: ledger.settings.terms[name].spec.quote for name in traded}
    converters = [ledger.settings.conversion[q].instrument for q in quotes.values() if q in ledger.settings.conversion]
    movers = list(dict.fromkeys([*traded, *(name for name in converters if name)]))
    headroom = float(ledger.equity() - level * ledger.margin_used(is_leveraged_only=True))
    for name in movers:
        view = ledger.views[name]
        if headroom <= 0 or not view.is_priced:
            view.watch_always()
            continue
        allowance = _SHARE * headroom / len(movers)
        moved = _reach(ledger, name, level, allowance)
        if name in converters:
            moved = min(moved, _converter_reach(ledger, name, level, allowance))
        view.watch_bid_at_most(view.bid - moved)
        view.watch_ask_at_least(view.ask + moved)


def _reach(ledger: Ledger, name: str, level: Decimal, allowance: float) -> float:
    """Price move of an instrument that costs at most `allowance`: its trades lose value and need more margin."""
    terms = ledger.settings.terms[name]
    units = sum((trade.units for trade in ledger.trades.values() if trade.instrument == name), Decimal(0))
    if not units:
        return float("inf")
    per_price = units * terms.spec.contract_size * ledger.known_rate(terms.spec.quote)
    return allowance / float(per_price * (1 + level * terms.margin_rate * 2))


def _converter_reach(ledger: Ledger, name: str, level: Decimal, allowance: float) -> float:
    """Price move of a converting instrument that costs at most `allowance` through the amounts it converts."""
    exposed = Decimal(0)
    for trade in ledger.trades.values():
        quote = ledger.settings.terms[trade.instrument].spec.quote
        how = ledger.settings.conversion.get(quote)
        if how is None or how.instrument != name:
            continue
        long_units, short_units = (trade.units, Decimal(0)) if trade.side is Side.LONG else (Decimal(0), trade.units)
        exposed += abs(ledger.unrealised_of(trade))
        exposed += 2 * level * ledger.margin_of(trade.instrument, long_units, short_units)
    if not exposed:
        return float("inf")
    return float(ledger.views[name].mid) * min(0.5, allowance / float(exposed) / 2)
