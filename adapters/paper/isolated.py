"""Isolated margin: each trade has margin of its own, and that is all it can lose (OKX fact sheet §5, `isolated`).

margin        value at the entry / leverage; it neither grows nor shrinks with the price
available     cash that no trade has: open results can't be used for another one
liquidation   where margin and open result are at or below `maintenance_rate` × value at the price that closes it,
              the venue takes the trade over at the price at which its margin is gone
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.paper import ticks
from adapters.paper.ticks import exact
from ruleengine.model.side import Side

if TYPE_CHECKING:
    from adapters.paper.ledger import Ledger, OpenTrade


def rate(leverage: Decimal | None, instrument: str, ledger: Ledger) -> Decimal:
    """Margin per value: 1 / leverage of the order, or the instrument's where it names none."""
    return ledger.settings.terms[instrument].margin_rate if leverage is None else 1 / leverage


def margin(trade: OpenTrade, ledger: Ledger) -> Decimal:
    """Margin of a trade, in quote currency."""
    size = ledger.settings.terms[trade.instrument].spec.contract_size
    return trade.price * trade.units * size * rate(trade.leverage, trade.instrument, ledger)


def used(ledger: Ledger) -> Decimal:
    """Margin of all trades, in account currency, to 1e-8."""
    total = Decimal(0)
    for trade in ledger.trades.values():
        quote = ledger.settings.terms[trade.instrument].spec.quote
        total += margin(trade, ledger) * ledger.known_rate(quote)
    return total.quantize(Decimal("0.00000001"))


def liquidation_price(trade: OpenTrade, ledger: Ledger) -> Decimal:
    """The closing price at which the trade's margin no longer carries it.

    Long: margin + (p − entry) × u = m × p × u, so p = (entry − margin / u) / (1 − m); short: (entry + margin / u) /
    (1 + m). u: base units.
    """
    terms = ledger.settings.terms[trade.instrument]
    own = trade.price * rate(trade.leverage, trade.instrument, ledger)
    if trade.side is Side.LONG:
        return (trade.price - own) / (1 - terms.maintenance_rate)
    return (trade.price + own) / (1 + terms.maintenance_rate)


def bankruptcy_price(trade: OpenTrade, ledger: Ledger) -> Decimal:
    """The price at which exactly the margin is lost, on the tick toward the entry: never more is lost."""
    spec = ledger.settings.terms[trade.instrument].spec
    own = trade.price * rate(trade.leverage, trade.instrument, ledger)
    price = trade.price - own * trade.side.sign
    tick = spec.tick_at(price)
    return max(ticks.up(price, tick), tick) if trade.side is Side.LONG else ticks.down(price, tick)


def due(ledger: Ledger) -> list[OpenTrade]:
    """Trades that the venue takes over at the prices of now."""
    found = []
    for trade in list(ledger.trades.values()):
        view = ledger.views[trade.instrument]
        if not view.is_priced:
            continue
        at = liquidation_price(trade, ledger)
        if exact(view.bid) <= at if trade.side is Side.LONG else exact(view.ask) >= at:
            found.append(trade)
    return found


def set_bounds(ledger: Ledger) -> None:
    """Narrow the views' bounds so that no liquidation can be due while prices stay inside."""
    for trade in ledger.trades.values():
        view, at = ledger.views[trade.instrument], liquidation_price(trade, ledger)
        if trade.side is Side.LONG:
            view.watch_bid_at_most(at)
        else:
            view.watch_ask_at_least(at)
