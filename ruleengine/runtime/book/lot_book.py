"""All lots of an account by their numbers, open ones and the last that closed, and whose each of them is.

live       lots that are not closed: what trades are made of
closed     the last ones that ended, so that a late fill finds its lot
trade      one lot on a hedging account; on a netting one all of ours of one side of an instrument, and beside it all
           that is somebody else's there
number     the venue's; two lots can stand under one, ours and somebody else's (`shares.py`), where the account nets and
           where it hedges and the venue numbers sides
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.model.event import Fill
from ruleengine.model.side import Side
from ruleengine.runtime.book.lots import Lot, lot_from_json, lot_to_json
from ruleengine.runtime.book.since_flat import Sender
from ruleengine.runtime.book.tags import Identity, Owner, Tags
from ruleengine.runtime.orders.ids import position_key

CLOSED_MAX = 1_000
"""Closed lots that are remembered, so that a late fill of one finds it."""

MANUAL = ":manual"
"""How the name of somebody else's part ends, where a number has several owners."""
_SIDES = tuple(position_key("", side) for side in Side)

_HERE = Span.of_file("holdings")


class LotBook:
    """`lots`: by number. `live`: those of them that are not closed. `nets`: an account of one position an instrument.
    `tags`: what the policy declares of names."""

    def __init__(self, tags: Tags, *, nets: bool) -> None:
        self.tags, self.nets = tags, nets
        self.lots: dict[str, Lot] = {}
        self.live: dict[str, Lot] = {}
        self._closed: dict[str, None] = {}

    def shares(self, name: str) -> bool:
        """Can several owners stand under the venue's number? Where the account nets, and where it hedges and the number
        is a side's: such a venue numbers no trades."""
        return self.nets or name.endswith(_SIDES)

    # --- by number ---------------------------------------------------------------------------------------------------

    def get(self, name: str) -> Lot | None:
        return self.lots.get(name)

    def of_fill(self, fill: Fill, name: str, side: Side, owner: Owner = "engine") -> Lot:
        """The lot that a fill belongs to; a new one where none is known, or the one of that number is over."""
        key = self.key(name, owner)
        lot = self.lots.get(key)
        if lot is None or (fill.opens and lot.is_over(fill.ts_event)):
            lot = self.lots[key] = Lot(key, fill.instrument, side, number="" if key == name else name)
        self.live[key] = lot
        self._closed.pop(key, None)
        return lot

    def key(self, name: str, owner: Owner) -> str:
        """How an owner's lot of that number is named here. Where trades are numbered a number has one owner."""
        waiting = self.lots.get(name)
        if not self.shares(name) or (waiting is not None and waiting.identity is None):
            return name  # a close came before its opening: whose it is, the opening says
        key = name + (MANUAL if owner == "manual" else "")
        while (lot := self.live.get(key)) is not None and lot.owner not in ("", owner):
            key += "+"  # it changed hands under other declarations
        return key

    def put(self, lot: Lot) -> None:
        """A lot as the venue states it."""
        self.lots[lot.id] = self.live[lot.id] = lot

    def close(self, lot: Lot) -> None:
        """It has closed, and is remembered for a while."""
        self.live.pop(lot.id, None)
        self._closed[lot.id] = None
        while len(self._closed) > CLOSED_MAX:
            oldest = next(iter(self._closed))
            del self._closed[oldest], self.lots[oldest]

    def begin_anew(self) -> dict[str, Lot]:
        """Forgets all lots, and hands them over as they were."""
        kept, self.lots, self.live, self._closed = self.lots, {}, {}, {}
        return kept

    def end_unstated(self, kept: Mapping[str, Lot]) -> None:
        """Of the lots as they were, those that the venue states no more have ended."""
        for name, lot in kept.items():
            if name not in self.lots:
                lot.end()
                self.lots[name] = lot
                self.close(lot)

    def open(self) -> list[Lot]:
        """Those whose opening is known and of which something is left."""
        return [lot for lot in self.live.values() if lot.is_open and lot.identity is not None]

    # --- as trades ---------------------------------------------------------------------------------------------------

    def trade_name(self, lot: Lot) -> str:
        if not self.nets:
            return lot.id
        return position_key(lot.instrument, lot.side) + (MANUAL if lot.owner == "manual" else "")

    def is_shared(self, instrument: str, side: Side) -> bool:
        """Has a side lots of ours and somebody else's, or had it as far as is remembered: then the venue's numbers may
        stand for other units than ours do."""
        owners = {lot.owner for lot in self.lots.values() if (lot.instrument, lot.side) == (instrument, side)}
        return len(owners - {""}) > 1

    def on_side(self, instrument: str, side: Side) -> list[Lot]:
        """Open lots of a side, oldest first."""
        lots = [lot for lot in self.live.values() if (lot.instrument, lot.side) == (instrument, side) and lot.is_open]
        return sorted(lots, key=lambda lot: (lot.opened_ns, lot.id))

    def groups(self, instrument: str = "") -> dict[str, list[Lot]]:
        """Open lots by the trade that they make; of all instruments where none is named."""
        groups: dict[str, list[Lot]] = {}
        for lot in self.live.values():
            if instrument in ("", lot.instrument) and lot.is_open and lot.identity is not None:
                groups.setdefault(self.trade_name(lot), []).append(lot)
        return groups

    # --- whose -------------------------------------------------------------------------------------------------------

    def who(self, name: str, fill: Fill, sender: Sender) -> Identity:
        """Whose a lot is, by the fill that opens it."""
        order = sender.order
        tag, pocket = (order.strategy, order.pocket) if order is not None else ("", "")
        return self.tags.identify(
            f"trade {name}", fill.order_id, tag, pocket, is_ours=order is not None, opened_by=sender.kind
        )

    def begin(self, lot: Lot, fill: Fill, sender: Sender) -> list[Diagnostic]:
        """The first opening that is heard of a lot says whose it is."""
        lot.client_id, lot.rule, order = fill.order_id, sender.rule, sender.order
        lot.is_sent = order is not None
        if order is not None:
            lot.stop, lot.target, lot.first_stop = order.stop, order.target, order.stop
        lot.identity = self.who(lot.id, fill, sender)
        found = list(lot.identity.found)
        if lot.identity.owner == "manual":
            found.append(book.manual_trade(_HERE, lot.stated_as, lot.side.value, str(fill.units), lot.instrument))
        return found

    def resolve_anew(self) -> list[tuple[Lot, Identity]]:
        """Resolves whose each lot is by the declarations of now. Those that changed, with whose they were."""
        changed: list[tuple[Lot, Identity]] = []
        for lot in self.lots.values():
            before = lot.identity
            if before is not None:
                lot.identity = self._again(lot, before)
                if (before.owner, before.strategy) != (lot.identity.owner, lot.identity.strategy):
                    changed.append((lot, before))
        return changed

    def _again(self, lot: Lot, who: Identity) -> Identity:
        """What an order of ours opened is ours whatever is declared; of the rest the prefixes of now decide."""
        return self.tags.identify(
            f"trade {lot.stated_as}", lot.client_id, who.raw_tag, who.pocket, is_ours=lot.is_sent,
            opened_by=who.opened_by,
        )  # fmt: skip

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"lots": [lot_to_json(lot) for lot in self.lots.values()], "closed": list(self._closed)}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.lots = {row["id"]: lot_from_json(row) for row in state["lots"]}
        self._closed = dict.fromkeys(state["closed"])
        self._name_manual()
        self.live = {name: lot for name, lot in self.lots.items() if name not in self._closed}

    def _name_manual(self) -> None:
        """In a state from before owners had lots of their own, somebody else's have the venue's number."""
        for name, lot in list(self.lots.items()):
            if lot.owner == "manual" and not lot.number and self.shares(name) and not name.endswith(MANUAL):
                del self.lots[name]
                lot.id, lot.number = name + MANUAL, name
                self.lots[lot.id] = lot
                if self._closed.pop(name, ...) is None:
                    self._closed[lot.id] = None
