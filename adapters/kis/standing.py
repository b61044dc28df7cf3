"""Where all orders stand, by what the venue says: its notices one by one, and its order list, which has the last word.

    1. `on_notice`    a notice; of a number that nobody knows while an order of ours has none yet, it waits
    2. `apply`        the order list: what was missed, what belongs to whom, what has ended
    3. `adopt`        a number is known to be an order's; notices that waited are looked at again
    4. `say`, `end`   what is told of an order of ours; `tell_figures`: its units and price as they are now

Everything goes out through `emit`, in order. Sends nothing and asks nothing: `doubt` says that the list should be read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from adapters.kis import kst
from adapters.kis.figures import figures_of, without_refused
from adapters.kis.fills import Doubtful, FillBook, Tally, total_filled
from adapters.kis.ledger import Ledger, LedgerOrder
from adapters.kis.notices import Notice
from adapters.kis.numbers import NumberFile
from adapters.kis.orders import Number
from adapters.kis.placements import Placement, Register, Stage
from adapters.wire.clock import Clock
from ruleengine import log
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate
from ruleengine.ports.venue import VenueError

_ZERO = Decimal(0)


class Standing:
    """Of one account. `on_working`: told when an order of ours is known to be out: as its number becomes known, and
    whenever the list has units of it left; `kept`: numbers on disk."""

    def __init__(
        self, fills: FillBook, clock: Clock, emit: Callable[[OrderUpdate | Fill], None],
        on_working: Callable[[Placement], None], kept: NumberFile,
    ) -> None:  # fmt: skip
        self._fills, self._clock, self._emit, self._on_working = fills, clock, emit, on_working
        self.register = Register(kept)
        self.doubt = asyncio.Event()
        """The order list should be looked at soon."""
        self._parked: list[tuple[Notice, int]] = []
        self._log = log.bound(venue="kis")

    # --- what is told -------------------------------------------------------------------------------------------

    def say(self, order_id: str, status: OrderStatus, venue_id: str = "", code: str = "", reason: str = "") -> None:
        now = self._clock.now_ns()
        self._tell(OrderUpdate(now, now, order_id, status, venue_id=venue_id, code=code, reason=reason))

    def tell_figures(self, placement: Placement, code: str = "", reason: str = "") -> None:
        """How it stands: AMENDED, with a code where a change that was wanted was not made."""
        self._tell(placement.amended(self._clock.now_ns(), code, reason))

    def _tell(self, update: OrderUpdate) -> None:
        placement = self.register.get(update.order_id)
        if placement is not None:
            placement.told = update
        self._emit(update)

    def tell_again(self, order_id: str) -> None:
        """What was said of an order last."""
        placement = self.register.get(order_id)
        told = placement.told if placement is not None else None
        if told is None:
            self.say(order_id, OrderStatus.UNKNOWN, code="NOT_HERE", reason="this run knows no such order")
        else:
            now = self._clock.now_ns()
            self._tell(replace(told, ts=now, ts_event=now))

    def end(self, placement: Placement, status: OrderStatus, code: str = "", reason: str = "") -> None:
        placement.stage = Stage.DONE
        self.say(placement.order.id, status, placement.venue_id, code, reason)

    def _end_if_filled(self, placement: Placement) -> None:
        """All that is at the venue has filled; what could not be sent of a sale is cancelled."""
        tally = placement.tally
        if tally is None or placement.stage is Stage.DONE or tally.counted < placement.request.units:
            return
        placement.stage = Stage.DONE
        if placement.is_changed:
            self.tell_figures(placement)
        elif placement.request.units < placement.order.units:
            why = f"only {placement.request.units} could be sold"
            self.say(placement.order.id, OrderStatus.CANCELLED, placement.venue_id, "SELLABLE", why)

    def adopt(self, placement: Placement, number: Number) -> None:
        """Its number is known: it is at the venue."""
        self.register.own(placement, number)
        placement.stage, placement.is_accepted = Stage.WORKING, True
        self.say(placement.order.id, OrderStatus.ACCEPTED, placement.venue_id)
        self.release()
        self.doubt.set()
        self._on_working(placement)

    # --- notices ------------------------------------------------------------------------------------------------

    def on_notice(self, notice: Notice, ts: int) -> None:
        """A notice of this account, heard at `ts`."""
        try:
            self._on_notice(notice, ts)
        except VenueError as error:
            self._log.warning("a notice that can't be read; the order list will tell: {}", error)
            self.doubt.set()

    def _on_notice(self, notice: Notice, ts: int) -> None:
        day = kst.day_of(kst.join(notice.clock, ts))
        placement = self._named(notice, day) or self._named(notice, kst.shifted(day, -1), is_live=True)
        if placement is not None:
            self._of_ours(placement, notice, day, ts)
        elif self.register.foreign(notice.key(day)) is not None:
            self._of_others(notice, day, ts)
        elif self.register.undecided(notice.symbol, notice.side) is not None:
            self._parked.append((notice, ts))
        elif self._may_be_late(notice) or self.register.may_be_revised(notice.symbol, notice.side):
            self._parked.append((notice, ts))
            self.doubt.set()
        else:
            self._of_others(notice, day, ts)

    def _named(self, notice: Notice, day: str, *, is_live: bool = False) -> Placement | None:
        """Our order that it names, or whose revision or cancel it names."""
        found = self.register.owner(notice.key(day))
        if found is None and notice.original:
            found = self.register.owner(notice.key(day)._replace(number=notice.original))
        return found if found is not None and (found.is_live or not is_live) else None

    def _of_ours(self, placement: Placement, notice: Notice, day: str, ts: int) -> None:
        tally = placement.tally
        if tally is None or (placement.stage is Stage.DONE and notice.kind != "fill"):
            return
        match notice.kind:
            case "fill":
                self._count(tally, notice, ts)
                self._end_if_filled(placement)
            case "revised":
                number = Number(day, notice.branch, notice.number)
                self.register.own(placement, number)
                placement.rests_under((number,))
                self.doubt.set()
            case "cancelled" if tally.counted + notice.units >= placement.request.units:
                self.end(placement, OrderStatus.CANCELLED)
            case "rejected" if not notice.original and len(placement.numbers) == 1:
                self.end(placement, OrderStatus.REJECTED, "EXCHANGE", "the exchange refused it")
            case "cancelled" | "rejected":
                self.doubt.set()
            case _:
                pass  # taken, which the reply said

    def _of_others(self, notice: Notice, day: str, ts: int) -> None:
        """Of an order that is not ours: a person's, or another program's."""
        if notice.kind != "fill" and notice.original:
            return
        tally = self.register.foreign(notice.key(day)) or self.register.adopt_foreign(
            Tally(day, notice.number, "", notice.symbol, notice.side, notice.order_units)
        )
        if notice.kind == "fill":
            self._count(tally, notice, ts)

    def _count(self, tally: Tally, notice: Notice, ts: int) -> None:
        try:
            fill = self._fills.of_notice(tally, notice, ts, kst.join(notice.clock, ts))
            if tally.is_unsure:
                self.doubt.set()
        except Doubtful as why:
            self._log.warning("{}; the order list will tell", why)
            tally.is_unsure = True
            self.doubt.set()
            return
        if fill is not None:
            self._emit(fill)

    def _may_be_late(self, notice: Notice) -> bool:
        """Could it be of an order that was proved absent?"""
        return any(
            each.stage is Stage.ABSENT
            and (each.request.symbol, each.request.side, each.request.units)
            == (notice.symbol, notice.side, notice.order_units)
            for each in self.register.all()
        )

    def release(self) -> None:
        """Notices that waited for an order's number are looked at again."""
        waiting, self._parked = self._parked, []
        for notice, ts in waiting:
            self.on_notice(notice, ts)

    def away(self) -> None:
        """Notices are not heard from here on."""
        self.register.is_away = True
        for tally in self.register.tallies():
            tally.is_unsure = True

    def back(self) -> None:
        """Notices are heard again; the order list has to be read now."""
        self.register.is_away = False

    # --- the order list -----------------------------------------------------------------------------------------

    def apply(self, ledger: Ledger, *, is_first: bool = False) -> None:
        """What the order list has beyond what was heard. `is_first`: what others' orders filled before it is in the
        account's statement."""
        ours: dict[str, list[LedgerOrder]] = {}
        for row in sorted(ledger.orders, key=lambda each: (each.day, each.ordered_ns, each.number)):
            if row.is_cancel:
                continue
            owner = self._owner_of(row)
            if owner is not None:
                ours.setdefault(owner.order.id, []).append(row)
            elif not self.register.may_be_undecided(row):
                self._of_others_row(row, ledger.read_ns, is_first=is_first)
        for order_id, rows in ours.items():
            placement = self.register.get(order_id)
            if placement is not None:
                self._settle(placement, rows, ledger.read_ns)
        self._end_ambiguous(kst.day_of(ledger.read_ns))
        self._end_missing(ledger)
        if not self.register.is_away:
            self._settle_tallies(ledger)
        if self._parked:
            self.release()

    def first_day(self) -> str:
        """The KST date of the oldest order that is out, or today."""
        today = kst.day_of(self._clock.now_ns())
        return min([today, *(number.day for each in self.register.live() for number in each.numbers[:1])])

    def open_orders(self, ledger: Ledger) -> tuple[str, ...]:
        """Orders that are out by the venue's word: ours by our id, others by the venue's number. One that has no number
        yet is not the venue's: to list it would say that it was accepted."""
        ours = [each.order.id for each in self.register.live() if each.numbers]
        others = [
            Number(row.day, row.branch, row.number).text
            for row in ledger.orders
            if row.left > 0 and not row.is_cancel and self.register.foreign(row.key) is not None
        ]
        return (*ours, *others)

    @property
    def is_busy(self) -> bool:
        """Are orders out, or is something to be found out?"""
        return bool(self.register.live()) or bool(self._parked)

    def is_ahead_of(self, ledger: Ledger) -> bool:
        """Have fills been counted that the list lacks, or may an order of ours be in it unrecognised?"""
        filled = ledger.filled()
        today = kst.day_of(ledger.read_ns)
        if any(row.filled > 0 and self.register.may_be_undecided(row) for row in ledger.orders):
            return True
        for placement in self.register.all():
            if placement.tally is not None and placement.tally.day == today:
                keys = [number.key(placement.request.symbol) for number in placement.numbers]
                total = sum((filled.get(key, _ZERO) for key in keys), _ZERO)
                if placement.tally.counted > total:
                    return True
        return any(
            tally.day == today and not tally.order_id and tally.counted > filled.get(tally.key, _ZERO)
            for tally in self.register.tallies()
        )

    def _owner_of(self, row: LedgerOrder) -> Placement | None:
        owner = self.register.owner(row.key)
        if owner is None and row.original:
            owner = self.register.owner(row.key._replace(number=row.original))
            if owner is not None:
                self.register.own(owner, Number(row.day, row.branch, row.number))
        if owner is None and not self.register.is_taken(row.key) and not self.register.may_be_undecided(row):
            owner = self.register.late_owner(row)
            if owner is not None:
                self._log.error("order {} was proved absent, and is at the venue as {}", owner.order.id, row.number)
                self.adopt(owner, Number(row.day, row.branch, row.number))
        return owner

    def _of_others_row(self, row: LedgerOrder, read_ns: int, *, is_first: bool) -> None:
        tally = self.register.foreign(row.key)
        if tally is None:
            tally = self.register.adopt_foreign(Tally(row.day, row.number, "", row.symbol, row.side, row.units))
            if is_first:
                tally.counted = tally.heard = row.filled
                tally.value = row.value if row.filled else _ZERO
        fill = self._fills.of_ledger(tally, row.filled, row.value, self._clock.now_ns(), read_ns)
        if fill is not None:
            self._emit(fill)

    def _settle(self, placement: Placement, rows: list[LedgerOrder], read_ns: int) -> None:
        tally, rows = placement.tally, without_refused(rows)
        if tally is None or not rows:
            return
        last = rows[-1]
        if not placement.is_accepted:
            placement.is_accepted = True
            self.say(placement.order.id, OrderStatus.ACCEPTED, placement.venue_id)
        if placement.is_recovered and placement.reduces and rows[0].units < placement.request.units:
            placement.request = replace(placement.request, units=rows[0].units)  # it was cut to what was free
        units, value = total_filled(rows)
        fill = self._fills.of_ledger(tally, units, value, self._clock.now_ns(), read_ns)
        if fill is not None:
            self._emit(fill)
        self._end_if_filled(placement)
        if placement.stage is Stage.DONE or tally.counted != units:
            return  # it has ended, or the list lags
        self._follow(placement, rows)
        left = sum((row.left for row in rows), _ZERO)
        is_whole = not placement.is_revising and (
            last.filled + last.cancelled + last.rejected >= last.units
            or sum((row.filled + row.cancelled for row in rows), _ZERO) >= placement.request.units
        )
        if left == 0 and is_whole and last.rejected > 0 and not units:
            self.end(placement, OrderStatus.REJECTED, "EXCHANGE", "the exchange refused it")
        elif left == 0 and is_whole:
            self.end(placement, OrderStatus.CANCELLED)
        elif left > 0 and last.day < kst.day_of(read_ns):
            self.end(placement, OrderStatus.EXPIRED, "DAY_OVER", "an order is good for its day")
        elif left > 0:
            self._on_working(placement)

    def _follow(self, placement: Placement, rows: list[LedgerOrder]) -> None:
        """What rests of it as the list has it. A change that is none of ours on its way is told. Rows that have more
        than there was are not of one moment: nobody can make an order larger."""
        found = figures_of(rows)
        if found is None or found.units > placement.request.units:
            return
        placement.follow(found)
        if placement.is_changed and not placement.is_amending:
            self.tell_figures(placement)

    def _end_ambiguous(self, today: str) -> None:
        """What nobody could tell whose it is: when its day is over nothing of it can fill any more, and what did is in
        the account's statement."""
        for each in self.register.live():
            if each.is_ambiguous and kst.day_of(each.sent_ns) < today:
                self.end(each, OrderStatus.EXPIRED, "DAY_OVER", "nobody could tell which order it was; its day is over")

    def _end_missing(self, ledger: Ledger) -> None:
        """What the venue had, and has no more in all orders since: likewise."""
        listed, today = ledger.keys(), kst.day_of(ledger.read_ns)
        for each in self.register.live() if ledger.whole_from else ():
            days = sorted(number.day for number in each.numbers)
            is_over = bool(days) and ledger.whole_from <= days[0] and days[-1] < today
            if is_over and not any(number.key(each.request.symbol) in listed for number in each.numbers):
                self.end(each, OrderStatus.EXPIRED, "DAY_OVER", "the order list has no more of it; its day is over")

    def _settle_tallies(self, ledger: Ledger) -> None:
        listed = ledger.keys()
        for tally in self.register.tallies():
            if tally.key in listed:
                self._fills.settle(tally, ledger.read_ns)
                if tally.is_unsure:
                    self.doubt.set()
