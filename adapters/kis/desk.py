"""The desk: sends our orders one at a time for each share and side, and tells what becomes of all orders.

    1. `place`        wait for the lane; read which numbers are there; send once; say what came back
    2. `on_notice`    the venue's notices; of a number that nobody knows yet while an order of ours has none, they wait
    3. `apply`        the order list: what was missed, what belongs to whom, what has ended
    4. `recover`      orders of a run before this one

Everything it says goes through `emit`, in order. Nothing is sent twice (`client.send` says when it may be repeated).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapters.kis import errors, kst, orders
from adapters.kis.account import AccountReader
from adapters.kis.client import Client, Sent
from adapters.kis.errors import Answer, Meaning
from adapters.kis.fills import Doubtful, FillBook, Tally, total_filled
from adapters.kis.hosts import AccountNumber
from adapters.kis.ledger import Ledger, LedgerOrder, LedgerReader
from adapters.kis.notices import Notice
from adapters.kis.orders import Number
from adapters.kis.placements import Placement, Register, Stage
from adapters.kis.reconcile import pair, resolve
from adapters.kis.services import CANCEL
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS, Clock
from adapters.wire.outcome import NotSent, Unknown
from ruleengine import log
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import SentOrder, VenueError

ENTRY_WAIT_S = 5.0
"""So long an entry may wait for its lane, and again for its turn; then it is not sent: its price is of another time."""
BASELINE_S = 1.0
"""An order list that was read so short a time ago need not be read again before a send."""
_ZERO = Decimal(0)


class Desk:
    """Of one account."""

    def __init__(
        self,
        client: Client,
        account: AccountNumber,
        ledgers: LedgerReader,
        accounts: AccountReader,
        fills: FillBook,
        specs: Mapping[str, Instrument],
        clock: Clock,
        emit: Callable[[OrderUpdate | Fill], None],
    ) -> None:
        self._client, self._account, self._ledgers, self._accounts = client, account, ledgers, accounts
        self._fills, self._specs, self._clock, self._emit = fills, specs, clock, emit
        self.register = Register()
        self.doubt = asyncio.Event()
        """The order list should be looked at soon."""
        self.base_day = ""
        """The KST date whose base prices the specifications have."""
        self._lanes: dict[tuple[str, Side], asyncio.Lock] = {}
        self._parked: list[tuple[Notice, int]] = []
        self._listed: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = log.bound(venue="kis")

    # --- sending ------------------------------------------------------------------------------------------------

    def place(self, order: Order) -> None:
        """Hand an order over; what becomes of it is told."""
        spec = self._specs.get(order.instrument)
        is_base_today = self.base_day == kst.day_of(self._clock.now_ns())
        refused = orders.refusal(order, spec, is_base_today=is_base_today)
        if refused is not None or spec is None:
            code, why = refused or ("INSTRUMENT_UNKNOWN", "")
            self._say(order.id, OrderStatus.REJECTED, code=code, reason=why)
            return
        placement = Placement(order, self._clock.now_ns(), orders.request_of(order, spec))
        self.register.add(placement)
        self._spawn(self._place(placement, spec))
        if order.expires_ns is not None:
            self._spawn(self._expire(order.id, order.expires_ns))

    def cancel(self, order_id: str) -> None:
        """Hand a cancel over."""
        self._spawn(self._cancel(order_id))

    async def _place(self, placement: Placement, spec: Instrument) -> None:
        begun = self._clock.monotonic()
        async with self._lane(placement):
            waited_s = self._clock.monotonic() - begun
            if not placement.reduces and waited_s > ENTRY_WAIT_S:
                self._not_sent(placement, "LANE", f"waited {waited_s:.0f} s for an order before it to be answered")
                return
            if not await self._prepare(placement, spec):
                return
            placement.stage, placement.sent_ns = Stage.SENT, self._clock.now_ns()
            await self._answered(placement, await self._send(placement))

    async def _send(self, placement: Placement) -> Sent:
        try:
            return await self._client.send(
                placement.request.service, placement.request.body(self._account),
                urgency=Urgency.EXIT if placement.reduces else Urgency.ENTRY,
                patience_s=None if placement.reduces else ENTRY_WAIT_S,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001 - whatever went wrong here, the order may have left
            self._log.opt(exception=error).error("sending an order ended in an error")
            return Unknown("ERROR", type(error).__name__)

    async def _prepare(self, placement: Placement, spec: Instrument) -> bool:
        """What has to be known before a send; False: it is not sent, and that was said."""
        order = placement.order
        try:
            await self._read_numbers(placement)
        except VenueError as error:
            if not placement.reduces:
                self._not_sent(placement, error.code or "LEDGER", f"the order list can't be read before: {error}")
                return False
            self._log.warning("an exit is sent without the order list: {}", error)
        placement.known = placement.known | self.register.numbers()
        if placement.reduces:
            most = await self._sellable(placement)
            if most <= 0:
                self._end(placement, OrderStatus.REJECTED, "NOTHING_TO_SELL", f"no {order.instrument} can be sold")
                return False
            placement.request = orders.request_of(order, spec, most)
        if placement.is_cancelling:
            self._end(placement, OrderStatus.CANCELLED, "", "cancelled before it was sent")
            return False
        return True

    async def _read_numbers(self, placement: Placement) -> None:
        symbol = placement.request.symbol
        at = self._listed.get(symbol, self._listed.get(""))
        if at is not None and self._clock.monotonic() - at < BASELINE_S:
            return
        ledger = await self._ledgers.today(symbol, urgency=Urgency.EXIT if placement.reduces else Urgency.ENTRY)
        self.apply(ledger, symbol=symbol)
        placement.known = ledger.numbers()

    async def _sellable(self, placement: Placement) -> Decimal:
        """Units that may be sold: never more than is held and free (trap 15)."""
        symbol, wanted = placement.request.symbol, placement.order.units
        known = self._fills.held(symbol) - self.register.selling(symbol)
        if wanted <= known:
            return wanted
        try:
            return (await self._accounts.balance(urgency=Urgency.EXIT)).sellable(symbol)
        except VenueError as error:
            self._log.warning("what can be sold can't be read, so what we know of is: {}", error)
            return max(known, _ZERO)

    async def _answered(self, placement: Placement, came: Sent) -> None:
        """What came back of a send. While nobody knows, the lane stays closed."""
        match came:
            case Answer(meaning=Meaning.DONE):
                number = self._number_of(came)
                if number is not None:
                    self._adopt(placement, number)
                    return
                came = Unknown("PAYLOAD", "the venue took an order and told no number")
            case Answer():
                self._end(placement, OrderStatus.REJECTED, came.code, errors.said(came))
                self._release()
                return
            case NotSent():
                self._not_sent(placement, came.code, came.reason)
                self._release()
                return
        placement.stage = Stage.UNKNOWN
        self._say(placement.order.id, OrderStatus.UNKNOWN, code=came.code, reason=came.reason)
        await self._resolve(placement)

    def _number_of(self, answer: Answer) -> Number | None:
        try:
            row = answer.row("output")
        except VenueError:
            return None
        number, clock = row.text("odno"), row.text("ord_tmd")
        now = self._clock.now_ns()
        day = kst.day_of(kst.join(clock, now) if clock.isdigit() else now)
        return Number(day, row.text("krx_fwdg_ord_orgno"), number) if number else None

    async def _cancel(self, order_id: str) -> None:
        placement = self.register.get(order_id)
        if placement is None or placement.stage in (Stage.DONE, Stage.ABSENT):
            self._log.info("nothing to cancel of order {}", order_id)
            return
        placement.is_cancelling = True
        if placement.stage is not Stage.WORKING:
            return  # done when it has a number, or before it is sent
        body = orders.cancel_body(self._account, placement.numbers[-1], placement.request.kind)
        came = await self._client.send(CANCEL, body, urgency=Urgency.EXIT)
        if not (isinstance(came, Answer) and came.meaning is Meaning.DONE):
            why = errors.said(came) if isinstance(came, Answer) else came.reason
            self._log.warning("cancel of order {}: {}; the order list will tell", order_id, why)
        self.doubt.set()

    async def _expire(self, order_id: str, at_ns: int) -> None:
        await self._clock.sleep(max(at_ns - self._clock.now_ns(), 0) / NANOS)
        await self._cancel(order_id)

    # --- no answer ----------------------------------------------------------------------------------------------

    async def _resolve(self, placement: Placement) -> None:
        """Find it, prove that it is not there, or say that nobody can tell (then the lane opens again)."""
        verdict = await resolve(placement, self.register, self._look, self._clock)
        if placement.stage is not Stage.UNKNOWN:
            return
        self._judge(placement, verdict.rows)

    def _judge(self, placement: Placement, rows: Sequence[LedgerOrder]) -> None:
        if len(rows) == 1:
            row = rows[0]
            self._adopt(placement, Number(row.day, row.branch, row.number))
        elif rows:
            placement.is_ambiguous = True
            numbers = ", ".join(row.number for row in rows)
            why = f"{len(rows)} orders of the venue could be it ({numbers}); look at them in HTS"
            self._say(placement.order.id, OrderStatus.UNKNOWN, code="AMBIGUOUS", reason=why)
        else:
            placement.stage = Stage.ABSENT
            self._say(placement.order.id, OrderStatus.ABSENT, code="ABSENT", reason="three full order lists lack it")
            self._release()

    async def _look(self, placement: Placement) -> tuple[Ledger, bool]:
        symbol, today = placement.request.symbol, kst.day_of(self._clock.now_ns())
        first = min(kst.day_of(placement.sent_ns), today)
        ledger = await self._ledgers.between(first, today, symbol)
        balance = await self._accounts.balance()
        return ledger, balance.agrees_with(ledger, symbol)

    def _adopt(self, placement: Placement, number: Number) -> None:
        """Its number is known: it is at the venue."""
        self.register.own(placement, number)
        placement.stage, placement.is_accepted = Stage.WORKING, True
        self._say(placement.order.id, OrderStatus.ACCEPTED, venue_id=placement.venue_id)
        self._release()
        self.doubt.set()
        if placement.is_cancelling and placement.is_live:
            self.cancel(placement.order.id)

    # --- notices ------------------------------------------------------------------------------------------------

    def on_notice(self, notice: Notice, ts: int) -> None:
        """A notice of this account, heard at `ts`."""
        day = kst.day_of(kst.join(notice.clock, ts))
        placement = self._named(notice, day) or self._named(notice, kst.shifted(day, -1), is_live=True)
        if placement is not None:
            self._of_ours(placement, notice, day, ts)
        elif self.register.foreign(day, notice.number) is not None:
            self._of_others(notice, day, ts)
        elif self.register.undecided(notice.symbol, notice.side) is not None:
            self._parked.append((notice, ts))
        elif self._may_be_late(notice):
            self._parked.append((notice, ts))
            self.doubt.set()
        else:
            self._of_others(notice, day, ts)

    def _named(self, notice: Notice, day: str, *, is_live: bool = False) -> Placement | None:
        """Our order that it names, or whose revision or cancel it names."""
        found = self.register.owner(day, notice.number)
        if found is None and notice.original:
            found = self.register.owner(day, notice.original)
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
                self.register.own(placement, Number(day, notice.branch, notice.number))
                self.doubt.set()
            case "cancelled" if tally.counted + notice.units >= placement.request.units:
                self._end(placement, OrderStatus.CANCELLED)
            case "rejected" if not notice.original:
                self._end(placement, OrderStatus.REJECTED, "EXCHANGE", "the exchange refused it")
            case "cancelled" | "rejected":
                self.doubt.set()
            case _:
                pass  # taken, which the reply said

    def _of_others(self, notice: Notice, day: str, ts: int) -> None:
        """Of an order that is not ours: a person's, or another program's."""
        if notice.kind != "fill" and notice.original:
            return
        tally = self.register.foreign(day, notice.number) or self.register.adopt_foreign(
            Tally(day, notice.number, "", notice.symbol, notice.side, notice.order_units)
        )
        if notice.kind == "fill":
            self._count(tally, notice, ts)

    def _count(self, tally: Tally, notice: Notice, ts: int) -> None:
        try:
            fill = self._fills.of_notice(tally, notice, ts, kst.join(notice.clock, ts))
        except Doubtful as why:
            self._log.warning("{}; the order list will tell", why)
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

    def _release(self) -> None:
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

    def apply(self, ledger: Ledger, *, symbol: str = "", is_first: bool = False) -> None:
        """What the order list has beyond what was heard. `symbol`: it is of this share only. `is_first`: what others'
        orders filled before it is in the account's statement."""
        ours: dict[str, list[LedgerOrder]] = {}
        for row in sorted(ledger.orders, key=lambda each: (each.day, each.ordered_ns, each.number)):
            if row.is_cancel:
                continue
            owner = self._owner_of(row)
            if owner is not None:
                ours.setdefault(owner.order.id, []).append(row)
            elif not self._may_be_ours(row):
                self._of_others_row(row, ledger.read_ns, is_first=is_first)
        for order_id, rows in ours.items():
            placement = self.register.get(order_id)
            if placement is not None:
                self._settle(placement, rows, ledger.read_ns)
        self._listed[symbol] = self._clock.monotonic()
        if not self.register.is_away:
            self._settle_tallies(ledger)
        if self._parked:
            self._release()

    def first_day(self) -> str:
        """The KST date of the oldest order that is out, or today."""
        today = kst.day_of(self._clock.now_ns())
        return min([today, *(number.day for each in self.register.live() for number in each.numbers[:1])])

    def open_orders(self, ledger: Ledger) -> tuple[str, ...]:
        """Orders that may still fill: ours by our id, others by the venue's number."""
        ours = [each.order.id for each in self.register.live()]
        others = [
            Number(row.day, row.branch, row.number).text
            for row in ledger.orders
            if row.left > 0 and not row.is_cancel and self.register.foreign(row.day, row.number) is not None
        ]
        return (*ours, *others)

    @property
    def is_busy(self) -> bool:
        """Are orders out, or is something to be found out?"""
        return bool(self.register.live()) or bool(self._parked)

    def is_ahead_of(self, ledger: Ledger) -> bool:
        """Have fills been counted that the list lacks, or may an order of ours be in it unrecognised?"""
        filled: dict[tuple[str, str], Decimal] = {(row.day, row.number): row.filled for row in ledger.orders}
        today = kst.day_of(ledger.read_ns)
        if any(row.filled > 0 and self._may_be_ours(row) for row in ledger.orders):
            return True
        for placement in self.register.all():
            if placement.tally is not None and placement.tally.day == today:
                total = sum((filled.get((n.day, n.number), _ZERO) for n in placement.numbers), _ZERO)
                if placement.tally.counted > total:
                    return True
        return any(
            tally.day == today and not tally.order_id and tally.counted > filled.get((tally.day, tally.number), _ZERO)
            for tally in self.register.tallies()
        )

    def _owner_of(self, row: LedgerOrder) -> Placement | None:
        owner = self.register.owner(row.day, row.number)
        if owner is None and row.original:
            owner = self.register.owner(row.day, row.original)
            if owner is not None:
                self.register.own(owner, Number(row.day, row.branch, row.number))
        if owner is None and not self.register.is_taken(row.day, row.number):
            owner = self.register.late_owner(row)
            if owner is not None:
                self._log.error("order {} was proved absent, and is at the venue as {}", owner.order.id, row.number)
                self._adopt(owner, Number(row.day, row.branch, row.number))
        return owner

    def _may_be_ours(self, row: LedgerOrder) -> bool:
        undecided = self.register.undecided(row.symbol, row.side)
        is_taken = self.register.is_taken(row.day, row.number)
        return undecided is not None and not is_taken and undecided.could_be(row)

    def _of_others_row(self, row: LedgerOrder, read_ns: int, *, is_first: bool) -> None:
        tally = self.register.foreign(row.day, row.number)
        if tally is None:
            tally = self.register.adopt_foreign(Tally(row.day, row.number, "", row.symbol, row.side, row.units))
            if is_first:
                tally.counted = tally.heard = row.filled
                tally.value = row.value if row.filled else _ZERO
        fill = self._fills.of_ledger(tally, row.filled, row.value, self._clock.now_ns(), read_ns)
        if fill is not None:
            self._emit(fill)

    def _settle(self, placement: Placement, rows: list[LedgerOrder], read_ns: int) -> None:
        tally = placement.tally
        if tally is None:
            return
        if not placement.is_accepted:
            placement.is_accepted = True
            self._say(placement.order.id, OrderStatus.ACCEPTED, placement.venue_id)
        units, value = total_filled(rows)
        fill = self._fills.of_ledger(tally, units, value, self._clock.now_ns(), read_ns)
        if fill is not None:
            self._emit(fill)
        self._end_if_filled(placement)
        if placement.stage is Stage.DONE or tally.counted != units:
            return
        left = sum((row.left for row in rows), _ZERO)
        if left == 0 and any(row.rejected > 0 for row in rows) and not units:
            self._end(placement, OrderStatus.REJECTED, "EXCHANGE", "the exchange refused it")
        elif left == 0 and any(row.cancelled > 0 or row.rejected > 0 for row in rows):
            self._end(placement, OrderStatus.CANCELLED)
        elif left > 0 and rows[-1].day < kst.day_of(read_ns):
            self._end(placement, OrderStatus.EXPIRED, "DAY_OVER", "an order is good for its day")

    def _settle_tallies(self, ledger: Ledger) -> None:
        listed = ledger.numbers()
        for tally in self.register.tallies():
            if (tally.day, tally.number) in listed:
                self._fills.settle(tally, ledger.read_ns)
                if tally.is_unsure:
                    self.doubt.set()

    # --- after a restart ----------------------------------------------------------------------------------------

    async def recover(self, sent: Sequence[SentOrder]) -> None:
        """What became of orders of a run before. Nothing is sent."""
        waiting = [self._remember(each) for each in sorted(sent, key=lambda each: each.sent_ns)]
        if not waiting:
            return
        first = min(kst.day_of(each.sent_ns) for each in waiting)
        first = min([first, *(each.numbers[0].day for each in waiting if each.numbers)])
        try:
            ledger = await self._ledgers.between(first, kst.day_of(self._clock.now_ns()))
        except VenueError as error:
            self._log.warning("orders of the run before can't be looked up yet: {}", error)
            ledger = Ledger(self._clock.now_ns(), ())
        unnumbered = [each for each in waiting if not each.numbers]
        pairs = pair(unnumbered, self.register, ledger)
        for placement in unnumbered:
            if pairs.get(placement.order.id):
                self._judge(placement, pairs[placement.order.id])
            else:
                self._say(placement.order.id, OrderStatus.UNKNOWN, code="RESTART", reason="no order of it seen yet")
                self._spawn(self._resolve_in_lane(placement))
        self.apply(ledger, is_first=True)
        listed = ledger.numbers()
        for placement in waiting:
            if placement.is_live and placement.numbers and (
                placement.numbers[0].day, placement.numbers[0].number
            ) not in listed:  # fmt: skip
                why = f"the order list has no {placement.numbers[0].number} (any more, or yet)"
                self._say(placement.order.id, OrderStatus.UNKNOWN, placement.venue_id, "RESTART", why)

    def _remember(self, sent: SentOrder) -> Placement:
        spec = self._specs.get(sent.order.instrument)
        request = (
            orders.request_of(sent.order, spec)
            if spec is not None
            else orders.Request(sent.order.instrument, sent.order.side, sent.order.units, sent.order.price or _ZERO)
        )
        placement = Placement(sent.order, sent.sent_ns, request, Stage.UNKNOWN)
        self.register.add(placement)
        number = Number.of(sent.venue_id)
        if number is not None:
            tally = self.register.own(placement, number)
            tally.counted = tally.heard = sent.filled
            tally.value = None if sent.filled else _ZERO
            placement.stage = Stage.WORKING
        return placement

    async def _resolve_in_lane(self, placement: Placement) -> None:
        async with self._lane(placement):
            await self._resolve(placement)

    # --- saying it ----------------------------------------------------------------------------------------------

    def _say(self, order_id: str, status: OrderStatus, venue_id: str = "", code: str = "", reason: str = "") -> None:
        now = self._clock.now_ns()
        update = OrderUpdate(now, now, order_id, status, venue_id=venue_id, code=code, reason=reason)
        placement = self.register.get(order_id)
        if placement is not None:
            placement.told = update
        self._emit(update)

    def tell_again(self, order_id: str) -> None:
        """What was said of an order last."""
        placement = self.register.get(order_id)
        told = placement.told if placement is not None else None
        if told is None:
            self._say(order_id, OrderStatus.UNKNOWN, code="NOT_HERE", reason="this run knows no such order")
        else:
            self._say(order_id, told.status, told.venue_id, told.code, told.reason)

    def _end(self, placement: Placement, status: OrderStatus, code: str = "", reason: str = "") -> None:
        placement.stage = Stage.DONE
        self._say(placement.order.id, status, placement.venue_id, code, reason)

    def _end_if_filled(self, placement: Placement) -> None:
        """All that was sent has filled; what could not be sent of a sale is cancelled."""
        tally = placement.tally
        if tally is None or placement.stage is Stage.DONE or tally.counted < placement.request.units:
            return
        placement.stage = Stage.DONE
        if placement.request.units < placement.order.units:
            why = f"only {placement.request.units} could be sold"
            self._say(placement.order.id, OrderStatus.CANCELLED, placement.venue_id, "SELLABLE", why)

    def _not_sent(self, placement: Placement, code: str, why: str) -> None:
        self._end(placement, OrderStatus.ABSENT, code, f"not sent: {why}")

    # --- tasks --------------------------------------------------------------------------------------------------

    def _lane(self, placement: Placement) -> asyncio.Lock:
        """One order in flight for each share and side, so that a new number can be told whose it is."""
        return self._lanes.setdefault((placement.request.symbol, placement.request.side), asyncio.Lock())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._log.opt(exception=task.exception()).error("an order's course ended in an error; the list will tell")
            self.doubt.set()

    @property
    def is_sending(self) -> bool:
        """Is anything on its way, or waiting for its lane?"""
        return bool(self._tasks)

    async def close(self) -> None:
        """Stop; what is out stays out."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
