"""The venue's book becomes ours, whole, in one step (SC-19): at the start, and whenever it is read again.

1. `differences`   what our lots had otherwise
2. `replace`       sides that the venue has nothing of are flat; its lots take the place of ours
3.                 what only we know of a lot (its rule, what kind of intent opened it) stays with it
4.                 what the venue has beyond what we heard of is told to the history of its side (`openings.py`)
5.                 what it has no more has ended
"""

from __future__ import annotations

from dataclasses import replace

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime.book import shares
from ruleengine.runtime.book.lot_book import LotBook
from ruleengine.runtime.book.lots import Lot, total
from ruleengine.runtime.book.mirror import Mirror
from ruleengine.runtime.book.openings import Openings
from ruleengine.runtime.book.positions import Positions
from ruleengine.runtime.book.shares import Share
from ruleengine.runtime.orders.orders import Orders

REOPENED_NS = 1_000_000_000
"""A position that began this much after the last fill we know of it is another one; less may be a venue's rounding."""

_HERE = Span.of_file("holdings")


class Adoption:
    """Of the books of one account."""

    def __init__(self, lots: LotBook, books: Positions, openings: Openings, mirror: Mirror) -> None:
        self._lots, self._books, self._openings, self._mirror = lots, books, openings, mirror

    def differences(self, snapshot: VenueSnapshot) -> list[Diagnostic]:
        """Trades that the venue has no more, or in another size."""
        theirs = {state.id: state for state in snapshot.trades}
        found: list[Diagnostic] = []
        by_number: dict[str, list[Lot]] = {}
        for lot in self._lots.lots.values():
            by_number.setdefault(lot.stated_as, []).append(lot)
        for name, lots in by_number.items():
            state, lot, units = theirs.get(name), lots[0], total(lots)
            if units != 0 and state is None:
                found.append(book.trade_vanished(_HERE, name, lot.side.value, str(units), lot.instrument))
            elif state is not None and units not in (0, state.units):
                found.append(book.book_differs(_HERE, f"units of trade {name}", str(units), str(state.units)))
        return found

    def replace(self, snapshot: VenueSnapshot, orders: Orders | None, *, is_first: bool) -> list[Diagnostic]:
        """`orders`: what we sent, to tell what a trade that we have not heard of came from. What is found of trades
        that we did not know."""
        stated, found = self._shares(snapshot, orders)
        kept = self._lots.begin_anew()
        self._close_flat(stated)
        for share in stated:
            if share.state.instrument in self._books.frames:
                found += self._take_over(share, orders, snapshot, is_first=is_first)
        self._lots.end_unstated(kept)
        self._mirror.match_closed(snapshot.ts)
        return found

    def _shares(self, snapshot: VenueSnapshot, orders: Orders | None) -> tuple[list[Share], list[Diagnostic]]:
        """What the snapshot tells of, with our lots of it."""
        if not (self._lots.nets or any(self._lots.shares(state.id) for state in snapshot.trades)):
            return [Share(state, state.id, self._lots.get(state.id)) for state in snapshot.trades], []
        return shares.of_book(self._lots, snapshot, self._kept(snapshot), orders)

    def _kept(self, snapshot: VenueSnapshot) -> dict[str, Lot]:
        """Lots that go on. On a netting account one name stands for one position after the other: one that was closed
        and opened again, unheard, is not the one whose peaks and stages we know (FX-35), and what we know is
        forgotten."""
        kept = dict(self._lots.lots)
        for state in snapshot.trades:
            same = [lot for lot in self._lots.lots.values() if lot.stated_as == state.id]
            if same and state.opened_ns > max(lot.last_ns for lot in same) + REOPENED_NS:
                for lot in same:
                    self._mirror.end(self._lots.trade_name(lot), unheard_ns=min(snapshot.ts, state.opened_ns))
                    del kept[lot.id]
        return kept

    def _close_flat(self, stated: list[Share]) -> None:
        """Sides of which the venue has nothing that was ours are flat."""
        ours = [share for share in stated if share.lot is not None and share.lot.is_ours]
        still = {(share.state.instrument, share.state.side) for share in ours}
        for name in self._books.frames:
            for side in Side:
                if (name, side) not in still:
                    self._books.side(name, side).close()

    def _take_over(
        self, share: Share, orders: Orders | None, snapshot: VenueSnapshot, *, is_first: bool
    ) -> list[Diagnostic]:
        """A lot as the venue states it. What only we know of it (its rule, what kind of intent opened it) stays."""
        found: list[Diagnostic] = []
        state, ours = share.state, share.lot
        identity = ours.identity if ours is not None else None
        record = None if ours is not None or orders is None else orders.get(state.client_id)
        is_sent = record is not None if ours is None else ours.is_sent
        if identity is None:
            identity = self._lots.tags.identify(
                f"trade {state.id}", state.client_id, state.tag, state.pocket, is_ours=share.owner == "engine",
                opened_by="" if record is None else record.kind,
            )  # fmt: skip
            found += identity.found
        # a number's client id may be that of the other owner of what stands under it
        is_its_own = not self._lots.shares(state.id) or self._lots.tags.owner(state.client_id) == identity.owner
        fees = ours.fees if ours is not None and ours.units == state.units else None
        what = (state.side.value, str(state.units), state.instrument)
        if not is_first and not (ours is not None and ours.is_open):
            found.append(book.trade_appeared(_HERE, state.id, identity.owner, *what))
        elif is_first and identity.owner == "manual":
            found.append(book.manual_trade(_HERE, state.id, *what))
        lot = Lot(
            id=share.key,
            instrument=state.instrument,
            side=state.side,
            identity=identity,
            client_id=state.client_id if ours is None or is_its_own else ours.client_id,
            rule=ours.rule if ours is not None else "" if record is None else record.rule,
            opened_ns=state.opened_ns,
            stop=state.stop,
            target=state.target,
            first_stop=ours.first_stop if ours is not None else state.stop,
            base_units=state.units,
            base_price=state.price,
            base_fees=fees,
            fees=fees,
            opened=max(ours.opened, state.units) if ours is not None else state.units,
            units=state.units,
            price=state.price,
            number="" if share.key == state.id else state.id,
            is_sent=is_sent,
        )
        self._lots.put(lot)
        if identity.owner == "engine":
            heard = state if share.heard_to is None else replace(state, units=share.heard_to)
            self._openings.grown(heard, ours, orders, snapshot)
        return found
