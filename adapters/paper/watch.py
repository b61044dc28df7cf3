"""The prices at which something may become due, set on every view after each change.

Sound by construction: each bound lies at or before the price that triggers its order, so a quote inside all of them
needs no look at orders. It may over-approximate; the exact comparison is then made in Decimal.
"""

from __future__ import annotations

from adapters.paper import closeout, isolated
from adapters.paper.ledger import Ledger, OpenTrade
from adapters.paper.orders import OrderRecord, OrderRecords
from adapters.paper.view import MarketView
from ruleengine.model.side import Side


def set_bounds(ledger: Ledger, records: OrderRecords, *, has_closeout: bool) -> None:
    """Bounds of all views, anew; a view without a price looks at the first one it gets."""
    for view in ledger.views.values():
        view.widen()
        if not view.is_priced or view.suspect:  # the next price confirms a jump or dispels it
            view.watch_always()
    for trade in ledger.trades.values():
        _watch_trade(ledger.views[trade.instrument], trade)
    for record in records.working.values():
        _watch_order(ledger.views[record.order.instrument], record)
    if has_closeout and ledger.trades:
        if ledger.settings.margin_model == "isolated":
            isolated.set_bounds(ledger)
        else:
            closeout.set_bounds(ledger)


def _watch_trade(view: MarketView, trade: OpenTrade) -> None:
    if trade.is_stopping:
        view.watch_always()
    if trade.side is Side.LONG:
        if trade.stop is not None:
            view.watch_bid_at_most(trade.stop)
        if trade.target is not None:
            view.watch_bid_at_least(trade.target)
    else:
        if trade.stop is not None:
            view.watch_ask_at_least(trade.stop)
        if trade.target is not None:
            view.watch_ask_at_most(trade.target)


def _watch_order(view: MarketView, record: OrderRecord) -> None:
    order = record.order
    if record.is_triggered or order.price is None:
        view.watch_always()
    elif order.type == "stop":
        if order.side is Side.LONG:
            view.watch_ask_at_least(order.price)
        else:
            view.watch_bid_at_most(order.price)
    elif order.side is Side.LONG:
        view.watch_ask_at_most(order.price)
    else:
        view.watch_bid_at_least(order.price)
