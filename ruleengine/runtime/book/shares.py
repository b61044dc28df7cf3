"""Whose units are whose where an account nets, so that one number of the venue's stands for several owners (FX-16).

The venue knows one size for a side, or lots which it closes in an order of its own. Ours is what our own fills made of
it, whatever lot the venue took them off; the rest is somebody else's: counted, never touched.

    of_reduction   a reduction that we heard of: whose units it takes
    hand_over      what a late fill says of units that were taken for somebody else's
    of_book        the venue's book, read again: how much of each side is ours

Sizes are the venue's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.model.event import Fill
from ruleengine.model.number import CONTEXT
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.book.lot_book import LotBook
from ruleengine.runtime.book.lots import Lot, Piece, total
from ruleengine.runtime.book.openings import senders
from ruleengine.runtime.book.since_flat import Sender
from ruleengine.runtime.book.tags import Owner
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.orders.record import OrderRecord

_HERE = Span.of_file("holdings")
_ZERO = Decimal(0)
_ATTACHED = ("stop", "target", "protection")
"""Reasons of fills; the third where a venue says only that it was one of the two."""


@dataclass(slots=True)
class Share:
    """One owner's part of what the venue states. `lot`: as we knew it. `heard_to`: units up to which its side's history
    has to account for, those that nobody of ours explains among them."""

    state: TradeState
    key: str
    lot: Lot | None
    owner: Owner | None = None
    heard_to: Decimal | None = None


# --- a reduction ------------------------------------------------------------------------------------------------------


def of_reduction(lots: LotBook, fill: Fill, name: str, side: Side, order: Order | None) -> list[tuple[Lot, Fill]]:
    """The lots that a reduction takes units off, and the part of the fill for each. An order of ours takes our own;
    anybody else's takes what is not ours first. A stop or target at the venue on our lot is an order of ours."""
    is_ours = order is not None or lots.tags.owner(fill.order_id) == "engine"
    open_lots = lots.on_side(fill.instrument, side)
    named = [lot for lot in open_lots if lot.stated_as == name]
    if not lots.is_shared(fill.instrument, side):
        owner: Owner = "manual" if named and named[0].owner == "manual" else "engine"
        return [(lots.of_fill(fill, name, side, owner), fill)]
    if fill.reason in _ATTACHED and any(lot.is_ours and (lot.stop or lot.target) for lot in named):
        is_ours = True
    turn = sorted(open_lots, key=lambda lot: (lot.is_ours is not is_ours, lot.stated_as != name))
    may_only_close = order is None or order.is_reduce_only or bool(order.trade_id)
    if is_ours and may_only_close:
        turn = [lot for lot in turn if lot.is_ours]
    parts: list[tuple[Lot, Decimal]] = []
    left = fill.units
    for lot in turn:
        part = min(lot.units, left)
        if part > 0:
            parts.append((lot, part))
            left -= part
    if left > 0:  # what opened it has not been heard of yet
        parts.append((lots.of_fill(fill, name, side), left))
    return [(lot, _part(fill, units)) for lot, units in parts]


def hand_over(lots: LotBook, fill: Fill, name: str, side: Side, sender: Sender, units: Decimal) -> Decimal:
    """Units of the venue's book that nobody of ours explained turn out to be of our order: they are ours from here on.
    How many they are; 0 where they were ours all along."""
    left = units
    for lot in sorted(lots.on_side(fill.instrument, side), key=lambda lot: lot.stated_as != name):
        part = _ZERO if lot.is_ours else min(lot.units, left)
        if part > 0:
            left -= part
            lot.set_units(lot.units - part)
            if lot.units == 0:
                lots.close(lot)
    if left == units:
        return _ZERO
    mine = lots.of_fill(fill, name, side, "engine")
    if mine.identity is None:
        mine.opened_ns = fill.ts_event
        lots.begin(mine, fill, sender)
    mine.add(Piece(fill.ts_event, False, fill.price, units - left, fill.fee))
    return units - left


def _part(fill: Fill, units: Decimal) -> Fill:
    """A part of a fill, with its part of the money."""
    if units == fill.units:
        return fill
    share = CONTEXT.divide(units, fill.units)
    return replace(
        fill,
        units=units,
        realised=CONTEXT.multiply(fill.realised, share),
        fee=CONTEXT.multiply(fill.fee, share),
    )


# --- the venue's book -------------------------------------------------------------------------------------------------


def of_book(
    lots: LotBook, snapshot: VenueSnapshot, kept: Mapping[str, Lot], orders: Orders | None
) -> tuple[list[Share], list[Diagnostic]]:
    """Every owner's part of the venue's book. `kept`: lots that we knew and that go on."""
    sides: dict[tuple[str, Side], list[TradeState]] = {}
    for state in snapshot.trades:
        sides.setdefault((state.instrument, state.side), []).append(state)
    shares: list[Share] = []
    found: list[Diagnostic] = []
    for (instrument, side), stated in sides.items():
        known = [lot for lot in kept.values() if (lot.instrument, lot.side) == (instrument, side)]
        known.sort(key=lambda lot: (lot.opened_ns, lot.id))
        each = _Side(lots, stated, known, orders, snapshot.open_orders)
        shares += each.shares()
        found += each.found
    return shares, found


class _Side:
    """One side of an instrument: what the venue states of it, and our lots of it, oldest first."""

    def __init__(
        self, lots: LotBook, states: list[TradeState], known: list[Lot], orders: Orders | None, listed: Sequence[str]
    ) -> None:
        self._lots, self._states, self._orders, self._listed = lots, states, orders, listed
        self._ours = [lot for lot in known if lot.is_ours]
        self._manual = [lot for lot in known if lot.is_open and not lot.is_ours]
        self._past = {lot.stated_as: lot for lot in known if not lot.is_open and lot.owner}
        self._sent: list[tuple[OrderRecord, Decimal]] = []
        """Of what became ours unheard: which orders that are out brought it, and how many units each."""
        self.found: list[Diagnostic] = []

    def shares(self) -> list[Share]:
        owners = {state.id: self._owner(state) for state in self._states}
        before = total(self._ours) + total(self._manual)
        stated = sum((state.units for state in self._states), _ZERO)
        grown = self._grown(owners, stated - before)
        is_all_ours = not self._manual and "manual" not in owners.values()
        is_explained = not self._is_one or stated - before <= grown
        if not (self._ours or self._manual or grown) or (is_all_ours and is_explained):
            return [self._whole(state, owners[state.id]) for state in self._states]
        ours = total(self._ours) + grown
        gone = ours + total(self._manual) - stated
        if gone > 0:
            ours -= self._gone(gone, before, stated)
        return self._split(min(ours, stated), stated, owners, is_unheard=gone < 0 and self._is_one)

    @property
    def _is_one(self) -> bool:
        """Does the venue number no trades, so that the side is one?"""
        return any(state.id == position_key(state.instrument, state.side) for state in self._states)

    def _owner(self, state: TradeState) -> Owner:
        if any(lot.stated_as == state.id for lot in self._ours):
            return "engine"
        if any(lot.stated_as == state.id for lot in self._manual):
            return "manual"
        past = self._past.get(state.id)
        if past is not None and past.identity is not None:
            return past.identity.owner
        is_sent = self._orders is not None and self._orders.get(state.client_id) is not None
        return "engine" if is_sent else self._lots.tags.owner(state.client_id)

    def _grown(self, owners: Mapping[str, Owner], more: Decimal) -> Decimal:
        """Units that became ours unheard: of orders that are out, or what numbers of ours have beyond all that we heard
        open under them."""
        if self._is_one:
            if more <= 0 or self._orders is None:
                return _ZERO
            self._sent = senders(self._orders, self._states[0], more, self._listed)
            return sum((part for _, part in self._sent), _ZERO)
        opened = dict.fromkeys((state.id for state in self._states), _ZERO)
        for lot in (*self._past.values(), *self._ours):
            opened[lot.stated_as] = max(opened.get(lot.stated_as, _ZERO), lot.opened)
        shared = {lot.stated_as for lot in self._manual}
        ours = [state for state in self._states if owners[state.id] == "engine" and state.id not in shared]
        return sum((max(state.units - opened[state.id], _ZERO) for state in ours), _ZERO)

    def _gone(self, gone: Decimal, before: Decimal, stated: Decimal) -> Decimal:
        """How many of ours are taken to be gone: what our reductions that are out may have taken, and what was not
        manual."""
        state, ours, manual = self._states[0], total(self._ours), total(self._manual)
        out = _ZERO if self._orders is None else self._orders.closing_units(state.instrument, state.side)
        by_us = min(gone, out, ours)
        not_manual = max(gone - by_us - manual, _ZERO)
        mine = by_us + not_manual
        name = position_key(state.instrument, state.side)
        self.found.append(book.side_shrank(_HERE, name, str(before), str(stated), str(mine), str(gone - mine)))
        return mine

    def _whole(self, state: TradeState, owner: Owner) -> Share:
        lots = self._ours if owner == "engine" else self._manual
        lot = next((lot for lot in lots if lot.stated_as == state.id), self._past.get(state.id))
        return Share(state, self._lots.key(state.id, owner) if lot is None else lot.id, lot, owner)

    def _split(self, ours: Decimal, stated: Decimal, owners: Mapping[str, Owner], *, is_unheard: bool) -> list[Share]:
        """So much of what is stated is ours, as our own lots have it (of the oldest the rest is gone); what has no lot
        yet comes of the numbers that are ours. All else is manual."""
        shares, taken = list[Share](), dict.fromkeys(owners, _ZERO)
        by_number = {state.id: state for state in self._states}
        left = ours
        for lot in reversed(self._ours):
            units = min(lot.units, left)
            left -= units
            if units > 0:
                state = by_number.get(lot.stated_as) or _as_stated(lot)
                shares.append(Share(replace(state, units=units, price=lot.price), lot.id, lot, "engine"))
                taken[state.id] = taken.get(state.id, _ZERO) + units
        for state in self._states:
            part = min(left, state.units - taken[state.id])
            if part > 0 and (owners[state.id] == "engine" or self._is_one):
                left -= part
                taken[state.id] += part
                self._add(shares, state, part)
        if is_unheard and shares:
            first = shares[0]
            first.heard_to = first.state.units + stated - ours - total(self._manual)
        return [*reversed(shares), *self._rest(shares, stated - ours, taken, owners)]

    def _add(self, shares: list[Share], state: TradeState, units: Decimal) -> None:
        """More of ours under a number: of the lot that there is, at the average of both."""
        for share in shares:
            if share.state.id == state.id:
                held = share.state
                cost = CONTEXT.multiply(held.price, held.units) + CONTEXT.multiply(state.price, units)
                share.state = replace(held, units=held.units + units, price=CONTEXT.divide(cost, held.units + units))
                return
        mine = replace(state, units=units)
        if self._sent:  # where trades have no numbers the venue names nobody
            order = self._sent[0][0].order
            mine = replace(mine, client_id=order.id, tag=order.strategy, pocket=order.pocket)
        shares.append(Share(mine, self._lots.key(state.id, "engine"), None, "engine"))

    def _rest(
        self, ours: Sequence[Share], units: Decimal, taken: Mapping[str, Decimal], owners: Mapping[str, Owner]
    ) -> list[Share]:
        """What is somebody else's, under the numbers that are manual first; at a price that keeps the side's cost."""
        cost = sum((CONTEXT.multiply(state.price, state.units) for state in self._states), _ZERO)
        cost -= sum((CONTEXT.multiply(share.state.price, share.state.units) for share in ours), _ZERO)
        even = CONTEXT.divide(cost, units) if units > 0 else _ZERO
        shares: list[Share] = []
        for state in sorted(self._states, key=lambda state: owners[state.id] != "manual"):
            part = min(units, state.units - min(taken[state.id], state.units))
            if part > 0:
                units -= part
                is_whole = part == state.units or even <= 0
                is_manual = owners[state.id] == "manual"
                client_id, tag, pocket = (state.client_id, state.tag, state.pocket) if is_manual else ("", "", "")
                rest = replace(
                    state, units=part, price=state.price if is_whole else even, client_id=client_id, tag=tag,
                    pocket=pocket, stop=None, target=None,
                )  # fmt: skip
                lot = next((lot for lot in self._manual if lot.stated_as == state.id), None)
                shares.append(Share(rest, self._lots.key(state.id, "manual") if lot is None else lot.id, lot, "manual"))
        return shares


def _as_stated(lot: Lot) -> TradeState:
    """A lot of ours whose number the venue has no more: it took the units of ours that are gone off another one."""
    who = lot.identity
    return TradeState(
        lot.stated_as, lot.instrument, lot.side, lot.units, lot.price, lot.opened_ns, lot.client_id,
        "" if who is None else who.raw_tag, "" if who is None else who.pocket, lot.stop, lot.target,
    )  # fmt: skip
