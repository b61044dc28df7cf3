"""Who opened each side of a position and added to it, as it is heard of: by a fill, or by the venue's book (SC-08).

    of_fill          a fill of an order that opens
    grown            the venue's book has more than we heard of; the orders that are out are asked whose it is
    explain          a late fill says whose the units are that the book told of
    change_hands     a lot became ours under another policy's declarations, or is ours no more

The histories themselves are those of the sides (`since_flat.py`). Additions are told to the account's day, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from ruleengine.model.event import Fill
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.book.addition_days import NOT_KNOWN, OUTSIDE, AdditionDays
from ruleengine.runtime.book.lots import Lot
from ruleengine.runtime.book.positions import Positions
from ruleengine.runtime.book.since_flat import UNHEARD, Sender
from ruleengine.runtime.book.tags import Identity, Tags
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.orders.record import OrderRecord

_ZERO = Decimal(0)


class Openings:
    """Of all sides of an account. `days`: told of every addition; set where a run has days."""

    def __init__(self, books: Positions) -> None:
        self._books = books
        self.days: AdditionDays | None = None

    def of_fill(self, lot: Lot, fill: Fill, sender: Sender, tags: Tags) -> None:
        """What an opening fill of a lot of ours does to the history of its side."""
        side, key = self._books.side(lot.instrument, lot.side), fill.order_id or lot.id
        if side.is_open and key not in side.history.openings and self.days is not None:
            is_ours = sender.rule or tags.owner(fill.order_id) == "engine"
            self.days.add(lot.instrument, fill.ts_event, sender.rule if is_ours else OUTSIDE)
        side.opened(key, fill.ts_event, fill.price, fill.units).sent_by(sender)

    def grown(self, state: TradeState, ours: Lot | None, orders: Orders | None, snapshot: VenueSnapshot) -> None:
        """What the venue has beyond what we heard of: a new lot, or more of one. Under the name of a side, as of a
        venue that numbers no trades, it is of the orders that are out, and more of it is an addition; under a number it
        is the rest of its own order."""
        units = state.units - (ours.units if ours is not None and ours.is_open else _ZERO)
        if units <= 0:
            return
        at = snapshot.ts
        is_whole_side = state.id == position_key(state.instrument, state.side)
        is_more = ours is not None and ours.is_open and is_whole_side
        sent = senders(orders, state, units, snapshot.open_orders) if is_whole_side and orders is not None else []
        if not (is_more or sent):
            record = None if orders is None else orders.get(state.client_id)
            self._found(state, state.client_id or state.id, state.opened_ns, units, record)
            return
        for record, part in sent:
            self._found(state, record.order.id, at if is_more else state.opened_ns, part, record)
            units -= part
        if units > 0:
            self._found(state, f"{UNHEARD}{at}", at, units, None)

    def _found(self, state: TradeState, key: str, ts: int, units: Decimal, record: OrderRecord | None) -> None:
        """Units of an opening that the venue's book told of."""
        side = self._books.side(state.instrument, state.side)
        if side.is_open and key not in side.history.openings and self.days is not None:
            self.days.add(state.instrument, ts, NOT_KNOWN if record is None else record.rule)
        opening = side.opened(key, ts, state.price, units)
        if record is not None:
            opening.rule, opening.kind, opening.addition = record.rule, record.kind, record.addition
        stated = state.leverage if record is None else record.order.leverage
        opening.leverage = opening.leverage if stated is None else stated

    def explain(self, fill: Fill, side: Side, sender: Sender) -> Decimal:
        """An opening fill that the venue's book told of first says whose the units are that were found then. How many
        were."""
        history, order = self._books.side(fill.instrument, side).history, sender.order
        if order is None:
            return _ZERO
        told = history.explain(fill.order_id, order.units, fill.ts_event, fill.price, fill.units)
        if told is None:
            return _ZERO
        told.opening.sent_by(sender)
        if self.days is not None and told.is_all:
            self.days.forget(fill.instrument, told.found_ns)
        if self.days is not None and told.is_new:
            self.days.add(fill.instrument, fill.ts_event, sender.rule)
        return told.units

    def is_unheard(self, fill: Fill, side: Side, sender: Sender) -> bool:
        """An opening fill of a side that the venue numbers no trades of, which the book has: was nothing of its order
        found there? What it opened was taken for somebody else's then."""
        order = sender.order
        if order is None or fill.trade_id not in ("", position_key(fill.instrument, side)):
            return False
        known = self._books.side(fill.instrument, side).history.openings.get(order.id)
        return (known.units if known is not None else _ZERO) == sender.filled

    def begin_missing(self, lots: Iterable[Lot]) -> None:
        """Lots of ours on a side without a history: in a state from before owners had trades of their own, a side that
        somebody else opened had none."""
        ours = [lot for lot in lots if lot.is_ours]
        sides = [self._books.side(lot.instrument, lot.side) for lot in ours if lot.instrument in self._books.frames]
        bare = [side for side in sides if not side.is_open]
        for lot in ours:
            if lot.instrument in self._books.frames and (side := self._books.side(lot.instrument, lot.side)) in bare:
                side.opened(lot.client_id or lot.id, lot.opened_ns, lot.price, lot.opened).rule = lot.rule

    def change_hands(self, lot: Lot, before: Identity) -> None:
        """An open lot is ours under the new declarations and was not, or the other way round."""
        if lot.identity is None or lot.identity.owner == before.owner or not lot.is_open:
            return
        side, key = self._books.side(lot.instrument, lot.side), lot.client_id or lot.id
        if lot.identity.owner == "engine":
            side.opened(key, lot.opened_ns, lot.price, lot.opened).rule = lot.rule
        else:
            side.history.openings.pop(key, None)


def senders(
    orders: Orders, state: TradeState, units: Decimal, listed: Sequence[str]
) -> list[tuple[OrderRecord, Decimal]]:
    """Which orders that are out brought these units more on a side, and how many each: the only one there is, or all
    of them. Where some of several did, nobody can say which: none. One that the same book lists as still out brought
    nothing that is not told by fills."""
    out = [
        (record, record.order.units - record.filled)
        for record in orders.live()
        if not record.reduces
        and (record.order.instrument, record.order.side) == (state.instrument, state.side)
        and not (record.order.id in listed or (record.venue_id and record.venue_id in listed))
    ]
    if len(out) == 1:
        return [(out[0][0], min(out[0][1], units))]
    return out if sum((left for _, left in out), _ZERO) <= units else []
