"""Orders that the adapter knows of: ours with what was sent of them, and the numbers the venue gave, whose ever.

    placement   an order of ours, from being handed over to its end
    tally       what filled of one order of the venue, ours or not (`fills.py`)

A number belongs to one order; a revise gives the same order a further number, a cancel has one of its own (trap 9).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum

from adapters.kis import kst
from adapters.kis.figures import Figures
from adapters.kis.fills import Tally
from adapters.kis.ledger import LedgerOrder
from adapters.kis.numbers import NumberFile
from adapters.kis.orders import Key, Number, Request
from ruleengine.model.event import OrderStatus, OrderUpdate
from ruleengine.model.order import Order
from ruleengine.model.side import Side

CLOCK_MARGIN_NS = 3_000_000_000
"""How much earlier than our send the venue's time of the order may seem, where the clocks agree."""
BASELINE_MARGIN_NS = 120_000_000_000
"""The same where the numbers before the send are known, so that the time hardly matters."""
LATE_NS = 330_000_000_000
"""So long after it was sent an order that was proved absent is still recognised, should it appear."""


class Stage(Enum):
    WAITING = "not handed to the wire yet"
    SENT = "handed to the wire, no answer yet"
    UNKNOWN = "may be at the venue"
    WORKING = "at the venue"
    DONE = "ended"
    ABSENT = "proved that the venue never had it"


@dataclass(slots=True)
class Placement:
    """An order of ours, as the engine has it. `numbers`: of it and its revisions, latest last."""

    order: Order
    sent_ns: int
    request: Request
    """What was sent of it, and then what the venue's list has of it: units with what has filled, price."""
    stage: Stage = Stage.WAITING
    numbers: list[Number] = field(default_factory=list)
    resting: tuple[Number, ...] = ()
    """Those under which units of it are left by the venue's last word: the first one until it says otherwise."""
    tally: Tally | None = None
    told: OrderUpdate | None = None
    """What was said of it last."""
    early_ns: int = CLOCK_MARGIN_NS
    has_baseline: bool = False
    """All numbers there were right before the send are in the register."""
    is_recovered: bool = False
    """Of a run before: what was sent of a sale may be less than the order."""
    is_accepted: bool = False
    """ACCEPTED was said."""
    is_ambiguous: bool = False
    """Several orders of the venue could be it: a person has to look."""
    is_cancelling: bool = False
    """A cancel was asked for: before it was sent, or of what is out."""
    cancel_due: float = 0.0
    """When a cancel may be sent again (monotonic); infinite while one is on its way."""
    is_amending: bool = False
    """A change of ours is on its way: what the list shows of it is told at its end."""
    is_revising: bool = False
    """A revision of ours left, and what became of it is not known: it may have a number that the list lacks."""
    has_lost_revision: bool = False
    """A revision of ours had no answer, and was not in the list later: a number of its own may still come up."""
    is_changed: bool = False
    """`request` was changed at the venue, and that was not told."""

    @property
    def reduces(self) -> bool:
        return self.order.side is Side.SHORT

    @property
    def is_undecided(self) -> bool:
        """It may have a number that nobody told us."""
        return self.stage in (Stage.SENT, Stage.UNKNOWN) and not self.is_ambiguous

    @property
    def is_live(self) -> bool:
        return self.stage in (Stage.SENT, Stage.UNKNOWN, Stage.WORKING)

    @property
    def venue_id(self) -> str:
        """The number under which it began."""
        return self.numbers[0].text if self.numbers else ""

    def follow(self, found: Figures) -> None:
        """What rests of it is this."""
        self.rests_under(found.numbers)
        price = self.request.price if found.price is None else found.price
        request = replace(self.request, units=found.units, price=price)
        if request != self.request:
            self.request, self.is_changed = request, True
            if self.tally is not None:
                self.tally.ordered = request.units

    def rests_under(self, numbers: tuple[Number, ...]) -> None:
        """It is out under these numbers: a cancel that named others is sent again at once."""
        if self.resting != numbers and self.cancel_due != math.inf:
            self.cancel_due = 0.0
        self.resting = numbers

    def amended(self, now_ns: int, code: str, reason: str) -> OrderUpdate:
        """Its figures as they are told; from then on they are those of the order. An order at the market has no
        price."""
        order, units = self.order, self.request.units
        price = self.request.price if self.request.price and order.type == "limit" else None
        self.order = replace(order, units=units, price=order.price if price is None else price)
        self.is_changed = False
        status = OrderStatus.AMENDED
        return OrderUpdate(now_ns, now_ns, order.id, status, self.venue_id, code, reason, units=units, price=price)

    def could_be(self, row: LedgerOrder) -> bool:
        """Is the row what was sent? By share, side, size, price, kind and time (§8)."""
        request = self.request
        if row.original or row.is_cancel:
            return False
        if (row.symbol, row.side) != (request.symbol, request.side):
            return False
        is_cut = self.is_recovered and self.reduces and row.units < request.units
        if row.units != request.units and not is_cut:
            return False
        if row.kind and row.kind != request.kind:
            return False
        if request.price and row.price != request.price:
            return False
        early_ns = max(self.early_ns, BASELINE_MARGIN_NS) if self.has_baseline else self.early_ns
        return self.sent_ns - early_ns <= row.ordered_ns <= self.sent_ns + LATE_NS


class Register:
    """All of them, by our ids and by the venue's numbers."""

    def __init__(self, kept: NumberFile) -> None:
        self._kept = kept
        self._told_before: set[tuple[str, str]] = set()
        """Numbers, by day, of orders that a run before knew and this one does not."""
        self.is_away = True
        """Notices are not heard now: what joins can be counted by the order list alone."""
        self._placements: dict[str, Placement] = {}
        self._owners: dict[Key, Placement] = {}
        self._foreign: dict[Key, Tally] = {}

    def add(self, placement: Placement) -> None:
        self._placements[placement.order.id] = placement

    def get(self, order_id: str) -> Placement | None:
        return self._placements.get(order_id)

    def all(self) -> Iterable[Placement]:
        return list(self._placements.values())

    def live(self) -> list[Placement]:
        return [each for each in self._placements.values() if each.is_live]

    def owner(self, key: Key) -> Placement | None:
        return self._owners.get(key)

    def own(self, placement: Placement, number: Number) -> Tally:
        """The venue gave it this number."""
        key = number.key(placement.request.symbol)
        if self._owners.get(key) is not placement:
            self._owners[key] = placement
            placement.numbers.append(number)
            placement.resting = placement.resting or (number,)
            self._kept.add(number.day, number.branch, number.number, placement.order.id)
        if placement.tally is None:
            request = placement.request
            placement.tally = Tally(
                number.day, number.number, placement.order.id, request.symbol, request.side, request.units,
                is_unsure=self.is_away,
            )  # fmt: skip
        return placement.tally

    def foreign(self, key: Key) -> Tally | None:
        """What filled of an order that is not ours, where it is known."""
        return self._foreign.get(key)

    def adopt_foreign(self, tally: Tally) -> Tally:
        tally.is_unsure = self.is_away
        self._foreign[tally.key] = tally
        if not self._is_disputed(tally):
            self._kept.add(tally.day, "", tally.number, "")
        return tally

    def _is_disputed(self, tally: Tally) -> bool:
        """Could it be one of ours after all, that nobody could tell from others?"""
        return any(
            each.is_ambiguous and (each.request.symbol, each.request.side) == (tally.symbol, tally.side)
            for each in self._placements.values()
        )

    def is_taken(self, key: Key) -> bool:
        """Is it known whose it is, here or to a run before?"""
        return key in self._owners or key in self._foreign or (key.day, key.number) in self._told_before

    def may_be_undecided(self, row: LedgerOrder) -> bool:
        """Could it be an order of ours whose number is not known yet?"""
        return not self.is_taken(row.key) and any(
            each.is_undecided and each.could_be(row) for each in self._placements.values()
        )

    def undecided(self, symbol: str, side: Side) -> Placement | None:
        """An order of ours on this share and side whose number is not known yet: one at most."""
        for placement in self._placements.values():
            if placement.is_undecided and (placement.request.symbol, placement.request.side) == (symbol, side):
                return placement
        return None

    def may_be_revised(self, symbol: str, side: Side) -> bool:
        """Could an unknown number be that of a revision of ours?"""
        return any(
            (each.is_revising or each.has_lost_revision) and (each.request.symbol, each.request.side) == (symbol, side)
            for each in self._placements.values()
        )

    def matches(self, placement: Placement, rows: Iterable[LedgerOrder]) -> list[LedgerOrder]:
        """Rows that could be it and belong to nobody else."""
        return [row for row in rows if not self.is_taken(row.key) and placement.could_be(row)]

    def remember(self, day: str) -> None:
        """What a run before knew of a day's numbers: those of orders that are here become theirs, others are not taken
        for an order that looks the same."""
        for number, (branch, order_id) in self._kept.read(day).items():
            placement = self._placements.get(order_id)
            if placement is not None:
                self.own(placement, Number(day, branch, number))
            else:
                self._told_before.add((day, number))

    def late_owner(self, row: LedgerOrder) -> Placement | None:
        """An order that was proved absent, and is this row after all."""
        for placement in self._placements.values():
            if placement.stage is Stage.ABSENT and placement.could_be(row):
                return placement
        return None

    def tallies(self) -> list[Tally]:
        own = [each.tally for each in self._placements.values() if each.tally is not None]
        return [*own, *self._foreign.values()]

    def forget(self, day: str) -> None:
        """Drop what ended before a KST date."""
        kept = {
            order_id: each
            for order_id, each in self._placements.items()
            if each.is_live or kst.day_of(each.sent_ns) >= day or each.stage is Stage.WAITING
        }
        self._placements = kept
        self._owners = {key: each for key, each in self._owners.items() if each.order.id in kept}
        self._foreign = {key: each for key, each in self._foreign.items() if each.day >= day}

    def selling(self, symbol: str) -> Decimal:
        """Units that sales of ours on their way may still take."""
        left = Decimal(0)
        for each in self.live():
            if each.request.symbol == symbol and each.reduces:
                left += each.request.units - (each.tally.counted if each.tally is not None else Decimal(0))
        return left
