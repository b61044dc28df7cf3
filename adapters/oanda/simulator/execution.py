"""Filling an order: at which price, against which trades, and what follows. First everything is looked at (`prepare`),
then everything is done (`carry_out`): an order fills whole and once, or it ends with a reason and nothing happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.conversion import eight
from adapters.oanda.simulator.errors import Cancelled
from adapters.oanda.simulator.figures import plain_units
from adapters.oanda.simulator.formats import Moment, money
from adapters.oanda.simulator.margin import lacks_margin, margin_of
from adapters.oanda.simulator.records import NOTHING, OrderRecord, Trade
from adapters.oanda.simulator.requests import ON_FILL, Terms
from adapters.oanda.simulator.schedule import expiry
from adapters.oanda.simulator.transactions import Transaction
from adapters.simulation.market import Level, Top

DEPTH = 3
"""Levels of liquidity of a price."""
_ZERO = money(NOTHING)


class NotYet(Exception):
    """A pending order whose price is there, but not enough liquidity at it: it stays."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A fill that may happen. `units`: signed, what fills; `reduces`: trades with the units taken off, without sign;
    `opens`: signed units of a new trade."""

    order: OrderRecord
    units: Decimal
    asked: Decimal
    price: Decimal
    reduces: tuple[tuple[Trade, Decimal], ...]
    opens: Decimal
    top: Top


class Execution:
    """Fills orders of one account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def prepare(
        self, order: OrderRecord, units: Decimal, targets: Sequence[tuple[Trade, Decimal]] | None = None
    ) -> Prepared:
        """What filling these signed units comes to. `targets`: the very trades to reduce, for closes.

        Raises  Cancelled  with the reason why it can't;  NotYet."""
        account, instrument = self._account, order.instrument
        top = account.market.top(instrument)
        if not top.is_open:
            raise Cancelled("MARKET_HALTED")
        filled, price = self._priced(order, units)
        if targets is None:
            reduces, opens = self._split(order, filled)
        else:
            reduces, opens = tuple(targets), NOTHING
        found = Prepared(order, filled, units, price, reduces, opens, top)
        if opens:
            self._check_opening(found)
        return found

    def carry_out(self, fill: Prepared, reason: str) -> Transaction:
        """Do it: trades, balance, transactions, take profits and stops."""
        account, order, now = self._account, fill.order, self._account.now()
        number = account.log.next_id
        factors = account.conversion.factors(order.spec.quote)
        rows = [(trade, self._reduce(trade, units, fill, number, now)) for trade, units in fill.reduces]
        closed = [row for trade, row in rows if not trade.is_open]
        reduced = [row for trade, row in rows if trade.is_open]
        opened = self._open(fill, number, now) if fill.opens else None
        account.last_fill = now
        row = account.log.add(
            "ORDER_FILL",
            now,
            orderID=order.id,
            clientOrderID=order.client_id or None,
            instrument=order.instrument,
            units=plain_units(fill.units),
            requestedUnits=plain_units(fill.asked),
            price=fill.price,
            fullVWAP=fill.price,
            fullPrice=full_price(account, order.instrument),
            reason=reason,
            pl=sum((each["realizedPL"] for _, each in rows), _ZERO),
            financing=_ZERO,
            commission=_ZERO,
            guaranteedExecutionFee=_ZERO,
            accountBalance=account.balance,
            gainQuoteHomeConversionFactor=eight(factors.gain).normalize() + 0,
            lossQuoteHomeConversionFactor=eight(factors.loss).normalize() + 0,
            halfSpreadCost=self._half_spread(fill, fill.units),
            tradeOpened=opened,
            tradesClosed=closed or None,
            tradeReduced=reduced[0] if reduced else None,
        )
        account.end_order(
            order,
            "FILLED",
            fillingTransactionID=row["id"],
            filledTime=now,
            tradeOpenedID=number if opened else None,
            tradeReducedID=reduced[0]["tradeID"] if reduced else None,
            tradeClosedIDs=[each["tradeID"] for each in closed] or None,
        )
        self._unlink(fill)
        if opened:
            self._attach(order, account.trades[number])
        return row

    def cancel(self, order: OrderRecord, reason: str, **extra: Any) -> Transaction:
        """End an order without a fill."""
        account, now = self._account, self._account.now()
        row = account.log.add(
            "ORDER_CANCEL", now, orderID=order.id, clientOrderID=order.client_id or None, reason=reason, **extra
        )
        account.end_order(order, "CANCELLED", cancellingTransactionID=row["id"], cancelledTime=now, **extra)
        trade = account.trades.get(order.trade_id)
        if trade is not None and trade.dependents.get(order.type) == order.id:
            del trade.dependents[order.type]
        return row

    # --- what it comes to --------------------------------------------------------------------------------------------

    def _priced(self, order: OrderRecord, units: Decimal) -> tuple[Decimal, Decimal]:
        """(signed units that fill, average price) against the levels that the order allows."""
        bids, asks = self._account.market.book(order.instrument, DEPTH)
        is_limit = order.type in ("LIMIT", "TAKE_PROFIT")
        bound = order.terms["price"] if is_limit else order.terms.get("priceBound")
        levels = asks if units > 0 else bids
        allowed = [each for each in levels if bound is None or (each.price - bound) * (1 if units > 0 else -1) <= 0]
        wanted = abs(units)
        size, value = _walk(allowed, wanted)
        in_force = order.terms.get("timeInForce")
        if size < wanted and (in_force != "IOC" or not size):
            if is_limit and in_force not in ("FOK", "IOC"):
                raise NotYet
            raise Cancelled("BOUNDS_VIOLATION" if len(allowed) < len(levels) else "INSUFFICIENT_LIQUIDITY")
        price = (value / size).quantize(order.spec.tick, ROUND_HALF_UP)
        return size.copy_sign(units), price

    def _split(self, order: OrderRecord, units: Decimal) -> tuple[tuple[tuple[Trade, Decimal], ...], Decimal]:
        """Trades that the order reduces, oldest first, and what it opens (fact sheet §14)."""
        account = self._account
        action = order.terms.get("positionFill", "DEFAULT")
        if action == "DEFAULT":
            action = "OPEN_ONLY" if account.hedging else "REDUCE_FIRST"
        opposite = [each for each in account.open_trades(order.instrument) if each.is_long != (units > 0)]
        if action == "OPEN_ONLY":
            if opposite and not account.hedging:
                raise Cancelled("FIFO_VIOLATION")
            return (), units
        left, taken = abs(units), []
        if action == "REDUCE_ONLY":
            if not opposite:
                raise Cancelled("NO_POSITION_TO_REDUCE")
            if left > sum(abs(each.units) for each in opposite):
                raise Cancelled("POSITION_TO_REDUCE_TOO_SMALL")
        for trade in opposite:
            part = min(left, abs(trade.units))
            if part:
                taken.append((trade, part))
            left -= part
        return tuple(taken), left.copy_sign(units) if left else NOTHING

    def _check_opening(self, fill: Prepared) -> None:
        account, order = self._account, fill.order
        client_id = order.terms.get("tradeClientExtensions", {}).get("id")
        if client_id and account.has_open_client_id(client_id):
            raise Cancelled("CLIENT_TRADE_ID_ALREADY_EXISTS")
        closing = fill.top.bid if fill.opens > 0 else fill.top.ask
        sign = 1 if fill.opens > 0 else -1
        target = order.terms.get("takeProfitOnFill")
        if target is not None and (target["price"] - closing) * sign <= 0:
            raise Cancelled("TAKE_PROFIT_ON_FILL_LOSS")
        if target is not None and (target["price"] - fill.price) * sign <= 0:
            raise Cancelled("LOSING_TAKE_PROFIT")
        stop = order.terms.get("stopLossOnFill")
        if stop is not None and (closing - _stop_price(stop, fill.price, fill.opens)) * sign <= 0:
            raise Cancelled("STOP_LOSS_ON_FILL_LOSS")
        for name in ON_FILL:
            client_id = order.terms.get(name, {}).get("clientExtensions", {}).get("id")
            if client_id and account.has_pending_client_id(client_id):
                raise Cancelled(f"{ON_FILL[name]}_ON_FILL_CLIENT_ORDER_ID_ALREADY_EXISTS")
        if lacks_margin(account, order.instrument, fill.opens, sum((units for _, units in fill.reduces), NOTHING)):
            raise Cancelled("INSUFFICIENT_MARGIN")

    # --- what is done ------------------------------------------------------------------------------------------------

    def _reduce(self, trade: Trade, units: Decimal, fill: Prepared, number: str, now: Moment) -> Terms:
        account = self._account
        sign = 1 if trade.is_long else -1
        result = money(
            account.conversion.factors(trade.spec.quote).of_result(sign * units * (fill.price - trade.price))
        )
        trade.units -= sign * units
        trade.realized += result
        trade.closings.append(number)
        trade.closed_units += units
        trade.closed_value += units * fill.price
        account.side(trade.instrument, is_long=trade.is_long).pl += result
        account.balance += result
        if not trade.units:
            account.end_trade(trade, now)
        return {
            "tradeID": trade.id,
            "clientTradeID": trade.client_id or None,
            "units": plain_units(-sign * units),
            "price": fill.price,
            "realizedPL": result,
            "financing": _ZERO,
            "guaranteedExecutionFee": _ZERO,
            "halfSpreadCost": self._half_spread(fill, units),
        }

    def _open(self, fill: Prepared, number: str, now: Moment) -> Terms:
        account, order = self._account, fill.order
        extensions = order.terms.get("tradeClientExtensions", {})
        margin = margin_of(account, order.instrument, fill.opens)
        account.add_trade(
            Trade(number, order.instrument, fill.price, now, fill.opens, fill.opens, margin, dict(extensions))
        )
        return {
            "tradeID": number,
            "units": plain_units(fill.opens),
            "price": fill.price,
            "guaranteedExecutionFee": _ZERO,
            "halfSpreadCost": self._half_spread(fill, fill.opens),
            "initialMarginRequired": money(margin),
            "clientExtensions": dict(extensions) or None,
        }

    def _unlink(self, fill: Prepared) -> None:
        """Take profits and stops of trades that are gone end; one that filled leaves its trade."""
        for trade, _ in fill.reduces:
            for type_, number in list(trade.dependents.items()):
                if number == fill.order.id:
                    del trade.dependents[type_]
                elif not trade.is_open:
                    self.cancel(self._account.orders[number], "LINKED_TRADE_CLOSED")

    def _attach(self, order: OrderRecord, trade: Trade) -> None:
        fill_id = trade.id
        for name, type_ in ON_FILL.items():
            if name in order.terms:
                self.add_dependent(trade, type_, dict(order.terms[name]), "ON_FILL", orderFillTransactionID=fill_id)

    def add_dependent(self, trade: Trade, type_: str, terms: Terms, reason: str, **extra: Any) -> Transaction:
        """A take profit, stop loss or trailing stop for an open trade; its transaction."""
        account, now = self._account, self._account.now()
        terms = {"tradeID": trade.id, **terms}
        if trade.client_id:
            terms["clientTradeID"] = trade.client_id
        if type_ == "STOP_LOSS" and "price" not in terms:
            terms["price"] = _stop_price(terms, trade.price, trade.units)
        row = account.log.add(f"{type_}_ORDER", now, **terms, reason=reason, **extra)
        order = OrderRecord(row["id"], type_, terms, trade.instrument, now, expires=expiry(terms, now))
        if "replacesOrderID" in extra:
            order.ends["replacesOrderID"] = extra["replacesOrderID"]
        if type_ == "TRAILING_STOP_LOSS":
            order.trailing = trailing_level(account.market.top(trade.instrument), trade, terms["distance"])
        account.add_order(order)
        trade.dependents[type_] = order.id
        return row

    def _half_spread(self, fill: Prepared, units: Decimal) -> Decimal:
        half = (fill.top.ask - fill.top.bid) / 2
        return money(abs(units) * half * self._account.conversion.factors(fill.order.spec.quote).loss)


def trailing_level(top: Top, trade: Trade, distance: Decimal) -> Decimal:
    """Where a trailing stop stands for the prices now."""
    return top.bid - distance if trade.is_long else top.ask + distance


def full_price(account: Account, instrument: str) -> Terms:
    """The price of a fill as the transaction has it: with `timestamp` (fact sheet §4.3)."""
    bids, asks = account.market.book(instrument, DEPTH)
    return {
        "closeoutBid": bids[-1].price,
        "closeoutAsk": asks[-1].price,
        "timestamp": Moment(account.market.top(instrument).ts_ns),
        "bids": [{"price": each.price, "liquidity": each.size} for each in bids],
        "asks": [{"price": each.price, "liquidity": each.size} for each in asks],
    }


def _walk(levels: Sequence[Level], wanted: Decimal) -> tuple[Decimal, Decimal]:
    """(size, value) that levels give for so many units, best first."""
    size = value = NOTHING
    for level in levels:
        part = min(level.size, wanted - size)
        size += part
        value += part * level.price
    return size, value


def _stop_price(stop: Terms, price: Decimal, units: Decimal) -> Decimal:
    """The price of a stop, which may be stated as a distance from the trade's price."""
    found = stop.get("price")
    if found is None:
        found = price - stop["distance"] if units > 0 else price + stop["distance"]
    return Decimal(found)
