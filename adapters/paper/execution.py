"""Fills: what happens to orders, stops and targets when the market moves to a point or through a range.

Order of things in one span: protective stops, stop orders, targets, limits; and in a range the stops of what was opened
in it. A stop and a target inside one bar: the stop. It is an assumption, on the pessimistic side, and is printed.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from adapters.paper import checks, fills, isolated
from adapters.paper.feed import Span
from adapters.paper.fills import Piece
from adapters.paper.ledger import Ledger, OpenTrade
from adapters.paper.orders import OrderRecord, OrderRecords
from adapters.paper.ticks import exact
from ruleengine.model.event import Fill, OrderStatus, VenueEvent
from ruleengine.model.side import Side

Out = list[VenueEvent]


class Execution:
    """Turns prices into fills on one ledger. `next_id` gives the venue's ascending numbers."""

    def __init__(self, ledger: Ledger, records: OrderRecords, next_id: Callable[[], str]) -> None:
        self._ledger = ledger
        self._settings = ledger.settings
        self._records = records
        self._next_id = next_id
        self.fills = 0
        """How many there were: the venue's numbers of them."""
        self.last_fills: tuple[int, list[str]] = (0, [])
        """The time of the last fills, and their numbers."""

    # --- orders ----------------------------------------------------------------------------------------------------

    def arrive(self, record: OrderRecord, ts: int, out: Out, *, is_open: bool) -> None:
        """An order reaches the venue: refused, filled at once, or left working."""
        order = record.order
        record.arrived_ns = ts
        refusal = checks.on_arrival(order, self._ledger, is_open=is_open)
        if refusal is not None:
            out.append(record.end(OrderStatus.REJECTED, refusal.code, refusal.reason, ts))
            return
        record.venue_id = self._next_id()
        view = self._ledger.views[order.instrument]
        if order.type == "market":
            self._take(record, ts, out)
            return
        record.status = OrderStatus.ACCEPTED
        self._records.working[order.id] = record
        out.append(record.update(ts))
        bid, ask = exact(view.bid), exact(view.ask)
        if order.type == "stop" and _is_stop_reached(record, bid, ask):
            record.is_triggered = True
        if record.is_triggered or (order.type == "limit" and _is_limit_reached(record, bid, ask)):
            self._take(record, ts, out)

    def cancel(self, record: OrderRecord, code: str, reason: str, ts: int, out: Out) -> None:
        """End a working order that has not filled in full."""
        self._records.working.pop(record.order.id, None)
        status = OrderStatus.EXPIRED if code == "TIME_IN_FORCE_EXPIRED" else OrderStatus.CANCELLED
        out.append(record.end(status, code, reason, ts))

    # --- the market moves --------------------------------------------------------------------------------------------

    def run(self, instrument: str, span: Span, ts: int, out: Out) -> None:
        """Everything of one instrument that the span reaches."""
        opened = set(self._ledger.trades)
        self._stops(instrument, span, ts, out)
        self._stop_orders(instrument, span, ts, out)
        self._targets(instrument, span, ts, out)
        self._limits(instrument, span, ts, out)
        if span.is_range and any(trade_id not in opened for trade_id in self._ledger.trades):
            self._stops(instrument, span, ts, out)

    def close_all(self, instrument: str, ts: int, out: Out, reason: str) -> None:
        """Close every trade of an instrument at the market, for as much as the market takes."""
        for trade in self._trades(instrument):
            self._exit(trade, ts, out, reason, reference=None)

    def liquidate(self, trade: OpenTrade, ts: int, out: Out) -> None:
        """Take an isolated trade over at the price at which its margin is gone; the fee is within that margin."""
        price = isolated.bankruptcy_price(trade, self._ledger)
        side, units = trade.side.opposite, trade.units
        realised = self._ledger.reduce(trade, units, price)
        out.append(
            Fill(
                ts, ts, trade.instrument, "", side, units, price, trade.id, False, realised, Decimal(0), "liquidation",
                fill_id=self._fill_id(ts),
            )
        )  # fmt: skip

    def _stops(self, instrument: str, span: Span, ts: int, out: Out) -> None:
        for trade in self._trades(instrument):
            if span.is_open and _is_new(trade.opened_ns, span):
                continue
            if trade.is_stopping:
                if not span.is_range:
                    self._exit(trade, ts, out, "stop", reference=None)
            elif trade.stop is not None and _is_stop_hit(trade, trade.stop, span):
                self._exit(trade, ts, out, "stop", reference=_reference(trade.side.opposite, trade.stop, span))

    def _stop_orders(self, instrument: str, span: Span, ts: int, out: Out) -> None:
        for record in self._records.of_instrument(instrument):
            order = record.order
            if order.type != "stop" or order.price is None or (span.is_open and _is_new(record.arrived_ns, span)):
                continue
            if record.is_triggered:
                if not span.is_range:
                    self._take(record, ts, out)
            elif span.ask_high >= order.price if order.side is Side.LONG else span.bid_low <= order.price:
                record.is_triggered = True
                self._take(record, ts, out, reference=_reference(order.side, order.price, span))

    def _targets(self, instrument: str, span: Span, ts: int, out: Out) -> None:
        for trade in self._trades(instrument):
            if trade.target is None or trade.is_stopping or _is_new(trade.opened_ns, span):
                continue
            if span.bid_high >= trade.target if trade.side is Side.LONG else span.ask_low <= trade.target:
                self._exit_at(trade, trade.target, ts, out)

    def _limits(self, instrument: str, span: Span, ts: int, out: Out) -> None:
        for record in self._records.of_instrument(instrument):
            order = record.order
            if order.type != "limit" or order.price is None or _is_new(record.arrived_ns, span):
                continue
            if _is_limit_reached(record, span.bid_high, span.ask_low):
                self._make(record, order.price, ts, out)

    # --- filling -----------------------------------------------------------------------------------------------------

    def _take(self, record: OrderRecord, ts: int, out: Out, reference: Decimal | None = None) -> None:
        order = record.order
        pieces = fills.taking(
            self._ledger.views[order.instrument],
            self._settings.terms[order.instrument],
            self._settings,
            is_buy=order.side is Side.LONG,
            units=record.left,
            limit=order.price if order.type == "limit" else None,
            reference=reference,
        )
        self._fill(record, pieces, ts, out, is_maker=False, is_reference=reference is not None)
        if order.type == "market" and not record.ended_ns:
            self.cancel(record, "INSUFFICIENT_LIQUIDITY", f"{record.left} of {order.units} found no size", ts, out)

    def _make(self, record: OrderRecord, price: Decimal, ts: int, out: Out) -> None:
        order = record.order
        view, terms = self._ledger.views[order.instrument], self._settings.terms[order.instrument]
        pieces = fills.making(
            view, terms, self._settings, is_buy=order.side is Side.LONG, units=record.left, price=price
        )
        self._fill(record, pieces, ts, out, is_maker=True, is_reference=True)

    def _fill(
        self, record: OrderRecord, pieces: list[Piece], ts: int, out: Out, *, is_maker: bool, is_reference: bool
    ) -> None:
        """Book the pieces of an order: close what it closes first, open the rest; or refuse it whole."""
        order = record.order
        closing = checks.closable(order, self._ledger)
        closes_at_most = sum((trade.units for trade in closing), Decimal(0))
        only_closes = order.is_reduce_only or bool(order.trade_id)
        planned = sum((piece.units for piece in pieces), Decimal(0))
        if only_closes and closes_at_most == 0:
            return self._refuse(record, checks.Refusal("NO_POSITION_TO_REDUCE", "nothing left to reduce"), ts, out)
        if self._settings.remainder == "kill" and order.type == "market" and planned < record.left:
            reason = f"only {planned} of {record.left} on offer"
            return self._refuse(record, checks.Refusal("INSUFFICIENT_LIQUIDITY", reason), ts, out)
        if not pieces:
            return self._accept(record, ts, out)
        reduces = min(planned, closes_at_most)
        opens = Decimal(0) if only_closes else planned - reduces
        refusal = checks.on_fill(
            order,
            opens,
            reduces,
            pieces[-1].price,
            self._closing_price(order.side, pieces[-1], order.instrument, is_reference=is_reference),
            self._ledger,
        )
        if refusal is not None:
            return self._refuse(record, refusal, ts, out)
        self._accept(record, ts, out)
        booked: list[Fill] = []
        for piece in pieces:
            left = piece.units
            for trade in closing:
                part = min(left, trade.units)
                if part > 0:
                    booked.append(self._reduce(trade, part, piece.price, ts, order.id, order.type, is_maker=is_maker))
                    left -= part
            if left > 0 and not only_closes:
                booked.append(self._open(record, left, piece.price, ts, is_maker=is_maker))
        for fill in booked:
            record.left -= fill.units
            fill.is_last = record.left == 0
        out.extend(booked)
        if record.left == 0:
            record.ended_ns = ts
            self._records.working.pop(order.id, None)
        elif only_closes and not checks.closable(order, self._ledger):
            reason = f"{record.left} of {order.units} had nothing left to reduce"
            self.cancel(record, "POSITION_TO_REDUCE_TOO_SMALL", reason, ts, out)
        return None

    def _closing_price(self, side: Side, piece: Piece, instrument: str, *, is_reference: bool) -> Decimal:
        """Where the market would close what `piece` opens: the other side of the quote, or of a price inside a bar."""
        view = self._ledger.views[instrument]
        bid, ask = exact(view.bid), exact(view.ask)
        if is_reference:
            return piece.price - (ask - bid) * side.sign
        return bid if side is Side.LONG else ask

    def _accept(self, record: OrderRecord, ts: int, out: Out) -> None:
        if record.status is None:
            record.status = OrderStatus.ACCEPTED
            out.append(record.update(ts))

    def _refuse(self, record: OrderRecord, refusal: checks.Refusal, ts: int, out: Out) -> None:
        """A market order is rejected on arrival; one that was accepted before is cancelled when it would fill."""
        if record.status is None:
            out.append(record.end(OrderStatus.REJECTED, refusal.code, refusal.reason, ts))
        else:
            self.cancel(record, refusal.code, refusal.reason, ts, out)

    def _exit(self, trade: OpenTrade, ts: int, out: Out, reason: str, reference: Decimal | None) -> None:
        """Close a trade by taking; what finds no size goes on at the next price."""
        view, terms = self._ledger.views[trade.instrument], self._settings.terms[trade.instrument]
        wanted = trade.units
        is_buy = trade.side is Side.SHORT
        for piece in fills.taking(view, terms, self._settings, is_buy=is_buy, units=wanted, reference=reference):
            out.append(self._reduce(trade, piece.units, piece.price, ts, "", reason, is_maker=False))
        if trade.units > 0:
            trade.is_stopping = True

    def _exit_at(self, trade: OpenTrade, price: Decimal, ts: int, out: Out) -> None:
        """Close a trade at its target, within the size shown."""
        view, terms = self._ledger.views[trade.instrument], self._settings.terms[trade.instrument]
        is_buy = trade.side is Side.SHORT
        for piece in fills.making(view, terms, self._settings, is_buy=is_buy, units=trade.units, price=price):
            out.append(self._reduce(trade, piece.units, piece.price, ts, "", "target", is_maker=True))

    def _reduce(
        self, trade: OpenTrade, units: Decimal, price: Decimal, ts: int, order_id: str, reason: str, *, is_maker: bool
    ) -> Fill:
        side = trade.side.opposite
        realised = self._ledger.reduce(trade, units, price)
        fee = self._ledger.charge_fee(trade.instrument, side, units, price, is_maker=is_maker)
        self._ledger.views[trade.instrument].take(side is Side.LONG, units)
        return Fill(
            ts, ts, trade.instrument, order_id, side, units, price, trade.id, False, realised, fee, reason,
            is_last=trade.units == 0, fill_id=self._fill_id(ts),
        )  # fmt: skip

    def _open(self, record: OrderRecord, units: Decimal, price: Decimal, ts: int, *, is_maker: bool) -> Fill:
        order = record.order
        if record.trade_id not in self._ledger.trades:
            record.trade_id = self._next_id()
        self._ledger.add(
            OpenTrade(
                id=record.trade_id,
                instrument=order.instrument,
                side=order.side,
                units=units,
                price=price,
                opened_ns=ts,
                client_id=order.id,
                tag=order.strategy,
                pocket=order.pocket,
                stop=order.stop,
                target=order.target,
                leverage=order.leverage,
            )
        )
        fee = self._ledger.charge_fee(order.instrument, order.side, units, price, is_maker=is_maker)
        self._ledger.views[order.instrument].take(order.side is Side.LONG, units)
        return Fill(
            ts, ts, order.instrument, order.id, order.side, units, price, record.trade_id, True, Decimal(0), fee,
            order.type, is_last=False, fill_id=self._fill_id(ts),
        )  # fmt: skip

    def _fill_id(self, ts: int) -> str:
        self.fills += 1
        number = f"f{self.fills}"
        if ts != self.last_fills[0]:
            self.last_fills = (ts, [])
        self.last_fills[1].append(number)
        return number

    def _trades(self, instrument: str) -> list[OpenTrade]:
        return [trade for trade in self._ledger.trades.values() if trade.instrument == instrument]


def _is_new(since: int, span: Span) -> bool:
    """Whether something came to be inside the bar that the span is part of."""
    return span.since_ns is not None and since > span.since_ns


def _is_stop_hit(trade: OpenTrade, stop: Decimal, span: Span) -> bool:
    return span.bid_low <= stop if trade.side is Side.LONG else span.ask_high >= stop


def _is_stop_reached(record: OrderRecord, bid: Decimal, ask: Decimal) -> bool:
    price = record.order.price
    if price is None:
        return False
    return ask >= price if record.order.side is Side.LONG else bid <= price


def _is_limit_reached(record: OrderRecord, bid: Decimal, ask: Decimal) -> bool:
    price = record.order.price
    if price is None:
        return False
    return ask <= price if record.order.side is Side.LONG else bid >= price


def _reference(side: Side, stop: Decimal, span: Span) -> Decimal | None:
    """Where a stop fills inside a range: its own price, or the nearest price of the range where that lies beyond; None
    at a point, where the quote itself (a gap included) is the price."""
    if not span.is_range:
        return None
    return max(stop, span.ask_low) if side is Side.LONG else min(stop, span.bid_high)
