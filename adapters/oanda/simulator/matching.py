"""Pending orders meet the prices: expiry, triggers, trailing stops."""

from __future__ import annotations

from decimal import Decimal

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.errors import Cancelled
from adapters.oanda.simulator.execution import Execution, NotYet, trailing_level
from adapters.oanda.simulator.records import OrderRecord
from adapters.simulation.market import Top


class Matching:
    """Watches the pending orders of one account."""

    def __init__(self, account: Account, execution: Execution) -> None:
        self._account, self._execution = account, execution

    def run(self) -> None:
        """Everything due now, oldest order first."""
        for order in sorted(self._account.pending, key=lambda each: int(each.id)):
            if order.is_pending:
                self.meet(order)

    def meet(self, order: OrderRecord) -> None:
        """One order with the prices now."""
        account = self._account
        if order.expires is not None and account.now() >= order.expires:
            with account.log.request(""):
                self._execution.cancel(order, "TIME_IN_FORCE_EXPIRED")
            return
        top = account.market.top(order.instrument)
        if not top.is_open:
            return
        if order.type == "TRAILING_STOP_LOSS":
            self._trail(order, top)
        if is_triggered(order, self._units(order), top):
            self._fill(order)

    def _fill(self, order: OrderRecord) -> None:
        account = self._account
        targets = None
        if order.is_dependent:
            trade = account.trades[order.trade_id]
            targets = [(trade, abs(trade.units))]
        with account.log.request(""):
            try:
                self._execution.carry_out(
                    self._execution.prepare(order, self._units(order), targets), f"{order.type}_ORDER"
                )
            except NotYet:
                return
            except Cancelled as end:
                self._execution.cancel(order, end.reason)

    def _units(self, order: OrderRecord) -> Decimal:
        """Signed units of an order; a dependent one closes what its trade holds."""
        if order.is_dependent:
            return -self._account.trades[order.trade_id].units
        return Decimal(order.terms["units"])

    def _trail(self, order: OrderRecord, top: Top) -> None:
        trade = self._account.trades[order.trade_id]
        level = trailing_level(top, trade, order.terms["distance"])
        assert order.trailing is not None
        order.trailing = max(order.trailing, level) if trade.is_long else min(order.trailing, level)


def is_triggered(order: OrderRecord, units: Decimal, top: Top) -> bool:
    """Whether the price that an order watches has come to its own.

    Buys watch the ask, sells the bid, or what the order's trigger condition says. Limits and targets wait for a better
    price, stops for a worse one; a market-if-touched order for its price from the side on which it began."""
    is_buy = units > 0
    price: Decimal = order.terms["price"] if order.trailing is None else order.trailing
    level = watched(order.terms.get("triggerCondition", "DEFAULT"), top, is_buy=is_buy)
    if order.type in ("LIMIT", "TAKE_PROFIT"):
        waits_for_fall = is_buy
    elif order.type == "MARKET_IF_TOUCHED":
        waits_for_fall = price <= order.level_at_creation
    else:
        waits_for_fall = not is_buy
    return level <= price if waits_for_fall else level >= price


def watched(condition: str, top: Top, *, is_buy: bool) -> Decimal:
    """The price that a trigger condition looks at."""
    if condition == "MID":
        return (top.bid + top.ask) / 2
    is_ask = is_buy != (condition == "INVERSE") if condition in ("DEFAULT", "INVERSE") else condition == "ASK"
    return top.ask if is_ask else top.bid
