"""The search for orders of which no number was heard: in this run, and after a restart. Nothing is sent.

1. `resolve`   an order without an answer: found, proved absent, or left to a person who looks; `shows`: whether a
               change of one is in the list
2. `recover`   orders of a run before, by their numbers, by what the disk has, or by what they are
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from adapters.kis import kst, orders
from adapters.kis.account import AccountReader
from adapters.kis.ledger import Ledger, LedgerOrder, LedgerReader
from adapters.kis.orders import Number
from adapters.kis.placements import Placement, Stage
from adapters.kis.reconcile import pair, seek
from adapters.kis.standing import Standing
from adapters.wire.clock import Clock
from ruleengine import log
from ruleengine.model.event import OrderStatus
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import SentOrder, VenueError

_ZERO = Decimal(0)


class Search:
    """Of one account. What is found is told by `standing`."""

    def __init__(
        self, ledgers: LedgerReader, accounts: AccountReader, standing: Standing, specs: Mapping[str, Instrument],
        clock: Clock,
    ) -> None:  # fmt: skip
        self._ledgers, self._accounts, self._standing, self._specs = ledgers, accounts, standing, specs
        self._register, self._clock = standing.register, clock
        self._log = log.bound(venue="kis")

    async def resolve(self, placements: Sequence[Placement]) -> None:
        """Of one share and side. Find each of them, prove that it is not there, or say that nobody can tell; by the
        same lists, so that what is sent next waits no longer for several than for one."""

        def find(ledger: Ledger) -> bool | None:
            found = pair([each for each in placements if each.is_undecided], self._register, ledger)
            for placement in placements:
                if placement.order.id in found:
                    self._judge(placement, found[placement.order.id])
            return None if any(each.is_undecided for each in placements) else True

        await seek(min(placements, key=lambda each: each.sent_ns), find, self._look, self._clock)
        for placement in placements:
            if placement.is_undecided:
                self._judge(placement, ())

    async def shows(self, placement: Placement, is_told: Callable[[Ledger], bool]) -> bool:
        """Look until the list tells of a change, each list being dealt with first; False: it is proved that the list
        has none."""

        def find(ledger: Ledger) -> bool | None:
            self._standing.apply(ledger)
            return is_told(ledger) or None

        return await seek(placement, find, self._look, self._clock) is not None

    def _judge(self, placement: Placement, rows: Sequence[LedgerOrder]) -> None:
        if len(rows) == 1:
            row = rows[0]
            self._standing.adopt(placement, Number(row.day, row.branch, row.number))
        elif rows:
            placement.is_ambiguous = True
            numbers = ", ".join(row.number for row in rows)
            why = f"{len(rows)} orders of the venue could be it ({numbers}); look at them in HTS"
            self._standing.say(placement.order.id, OrderStatus.UNKNOWN, code="AMBIGUOUS", reason=why)
        else:
            placement.stage = Stage.ABSENT
            self._standing.say(
                placement.order.id, OrderStatus.ABSENT, code="ABSENT", reason="three full order lists lack it"
            )
            self._standing.release()

    async def _look(self, placement: Placement) -> tuple[Ledger, bool]:
        symbol, today = placement.request.symbol, kst.day_of(self._clock.now_ns())
        first = min(kst.day_of(placement.sent_ns), today)
        ledger = await self._ledgers.between(first, today, symbol)
        balance = await self._accounts.balance()
        return ledger, balance.agrees_with(ledger, symbol)

    # --- after a restart ----------------------------------------------------------------------------------------

    async def recover(self, sent: Sequence[SentOrder], early_ns: int) -> list[Placement]:
        """All of them, oldest first; those still `is_undecided` have to be resolved. `early_ns`: of a placement."""
        waiting = [self._remember(each, early_ns) for each in sorted(sent, key=lambda each: each.sent_ns)]
        if not waiting:
            return []
        for day in sorted({kst.day_of(each.sent_ns) for each in waiting}):
            self._register.remember(day)
        for placement in waiting:
            if placement.numbers:
                placement.stage = Stage.WORKING
        ledger = await self._ledger_of(waiting)
        self._decide([each for each in waiting if not each.numbers], ledger)
        self._standing.apply(ledger, is_first=True)
        self._tell_missing(waiting, ledger)
        return waiting

    def _remember(self, sent: SentOrder, early_ns: int) -> Placement:
        spec = self._specs.get(sent.order.instrument)
        request = (
            orders.request_of(sent.order, spec)
            if spec is not None
            else orders.Request(sent.order.instrument, sent.order.side, sent.order.units, sent.order.price or _ZERO)
        )
        placement = Placement(sent.order, sent.sent_ns, request, Stage.UNKNOWN, is_recovered=True)
        placement.early_ns = early_ns
        self._register.add(placement)
        number = Number.of(sent.venue_id)
        if number is not None:
            tally = self._register.own(placement, number)
            tally.counted = tally.heard = sent.filled
            tally.value = None if sent.filled else _ZERO
            placement.stage = Stage.WORKING
        return placement

    async def _ledger_of(self, waiting: Sequence[Placement]) -> Ledger:
        """The order list since the oldest of them; an empty one where it can't be read."""
        first = min(kst.day_of(each.sent_ns) for each in waiting)
        first = min([first, *(each.numbers[0].day for each in waiting if each.numbers)])
        try:
            return await self._ledgers.between(first, kst.day_of(self._clock.now_ns()))
        except VenueError as error:
            self._log.warning("orders of the run before can't be looked up yet: {}", error)
            return Ledger(self._clock.now_ns(), ())

    def _decide(self, unnumbered: Sequence[Placement], ledger: Ledger) -> None:
        pairs = pair(unnumbered, self._register, ledger)
        for placement in unnumbered:
            if rows := pairs.get(placement.order.id):
                self._judge(placement, rows)
            else:
                self._tell_unseen(placement, "no order of it seen yet")

    def _tell_missing(self, waiting: Sequence[Placement], ledger: Ledger) -> None:
        listed = ledger.keys()
        for placement in waiting:
            if not placement.is_live or not placement.numbers:
                continue
            number = placement.numbers[0]
            if number.key(placement.request.symbol) not in listed:
                self._tell_unseen(placement, f"the order list has no {number.number} (any more, or yet)")

    def _tell_unseen(self, placement: Placement, why: str) -> None:
        self._standing.say(placement.order.id, OrderStatus.UNKNOWN, placement.venue_id, "RESTART", why)
