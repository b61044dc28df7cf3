"""The venue in a live loop. Meets `NetworkVenue`.

    prices     public websocket → events; only the latest of each instrument waits
    account    private and business websockets → `tell.py`; a lost one is told at once. When all are there again:
               1. the account is read whole (`reader.py`) while pushes wait in the socket's buffer
               2. fills and ends of orders that were missed are told
               3. Reconciliation, then the link is up; the waiting pushes follow, and tell nothing twice
    orders     `desk.py`, over REST

While orders are out, and when something proved missing, the account is read anew every 30 s.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import httpx

from adapters.okx import account as accounts
from adapters.okx import checks, history, instruments, prices, streams
from adapters.okx.account import Mode
from adapters.okx.api import Api
from adapters.okx.bills import Bills
from adapters.okx.capabilities import CAPABILITIES
from adapters.okx.deadman import REFRESHES, DeadMan
from adapters.okx.desk import Desk
from adapters.okx.hosts import hosts
from adapters.okx.hours import Hours
from adapters.okx.reader import Reader
from adapters.okx.rows import word
from adapters.okx.settings import Settings, read
from adapters.okx.signing import Keys, login
from adapters.wire.clock import Clock, SystemClock
from adapters.wire.conflate import Conflated, Received, Worth
from adapters.wire.socket import Down, Socket, Up
from ruleengine import log
from ruleengine.model.event import (
    BarEvent,
    CashChange,
    Event,
    Fill,
    HoursWord,
    LinkChange,
    MarketEvent,
    Reconciliation,
    VenueEvent,
)
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared
from ruleengine.ports.venue import (
    Capabilities,
    Finding,
    SentOrder,
    VenueAccount,
    VenueError,
    VenueSetup,
    VenueSnapshot,
)  # fmt: skip

RECONCILE_S, SYNC_S, BILLS_S, LOOK_S = 30.0, 300.0, 60.0, 1.0
_EVENTS_MAX = 100_000
_END = object()


async def connect(
    setup: VenueSetup, *, clock: Clock | None = None, rng: random.Random | None = None,
    via: httpx.AsyncBaseTransport | None = None,
) -> OkxVenue:  # fmt: skip
    """Open the venue of a setup: measure its time, read what the account is. `clock`, `rng`, `via`: for tests."""
    settings, access = read(setup.settings), setup.access
    where = hosts(access.environment, settings.region, access.address)
    clock = clock if clock is not None else SystemClock()
    keys = Keys.of(access)
    api = Api(where, keys, clock, via)
    try:
        await api.sync()
        flags = await accounts.config(api)
        mode = accounts.mode(flags, settings.margin_mode)
        stated = accounts.account(flags, mode, access.environment)
        if access.account_id and access.account_id != stated.id:
            raise VenueError(
                f"the key is of account {stated.id}, not {access.account_id}", code="account", is_final=True,
                remedy="name the key's own account, or use a key of the account that is named",
            )  # fmt: skip
    except BaseException:
        await api.close()
        raise
    jitter = rng if rng is not None else random.Random()  # noqa: S311 - it spreads clients, and hides nothing
    return OkxVenue(api, keys, settings, mode, stated, setup.instruments, jitter)


class OkxVenue:
    """One account. See the module's head."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(
        self, api: Api, keys: Keys, settings: Settings, mode: Mode, stated: VenueAccount,
        followed: Sequence[Instrument], rng: random.Random,
    ) -> None:  # fmt: skip
        self._api, self._keys, self._settings, self._mode, self._stated = api, keys, settings, mode, stated
        self._terms = {one.name: one for one in followed}
        self._hours = Hours(is_demo=stated.environment == "practice")
        self._out = Conflated(kept_max=_EVENTS_MAX)
        self._desk = Desk(api, mode, settings, self._emit)
        self._bills, self._dead_man = Bills(api), DeadMan(api, settings.dead_man_s)
        self._reader = Reader(api, self._desk, self._bills, mode.margin)
        self._log = log.bound(venue="okx", account=stated.id)
        self._sockets = self._make_sockets(rng)
        self._away: set[str] = set()
        self._is_account_down = False
        self._mend_at, self._mending_s = 0.0, LOOK_S
        self._tasks: list[asyncio.Future[None]] = []

    # --- asked --------------------------------------------------------------------------------------------------------

    async def account(self) -> VenueAccount:
        return self._stated

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Those of the names that this account may trade; they are followed from now on."""
        found = await instruments.instruments(self._api, names)
        instruments.need(found, names)
        self._terms = {one.name: one for one in found}
        return found

    def history(self, instrument: str, interval_ns: int, begin_ns: int, end_ns: int) -> AsyncIterator[MarketEvent]:
        return history.history(self._api, instrument, interval_ns, begin_ns, end_ns)

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        return await history.forming(self._api, instrument, interval_ns)

    def history_intervals(self) -> tuple[int, ...]:
        return tuple(sorted(history.BARS))

    async def hours(self, begin_ns: int, end_ns: int) -> Sequence[HoursWord]:
        """All that is announced, also for later."""
        return await self._hours.asked(self._api, self._terms)

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        """What became of orders of an earlier process. Nothing is sent."""
        async with self._reader.lock:
            await self._reader.begin()
        return await self._desk.recover(sent)

    async def past(self, since_ns: int) -> Sequence[Fill | CashChange]:
        """Of the account's fills and bills; what comes after the first reading is told by `events`."""
        async with self._reader.lock:
            found: list[Fill | CashChange] = [*await self._reader.past(since_ns)]
        found += await self._bills.past(since_ns)
        return sorted(found, key=lambda each: each.ts_event)

    async def snapshot(self) -> VenueSnapshot:
        """The account now, and where what is told later begins."""
        async with self._reader.lock:
            return await self._reader.snapshot(self._terms)

    async def query(self, order_id: str) -> None:
        await self._desk.query(order_id)

    async def check(self) -> Sequence[Finding]:
        return await checks.check(self._api, self._mode.margin, self._hours)

    # --- sent ---------------------------------------------------------------------------------------------------------

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        """Hand it over; nothing is waited for."""
        if isinstance(command, Cancel):
            self._desk.cancel(command.order_id)
        else:
            self._desk.submit(command.order)

    async def amend(self, order_id: str, units: Decimal | None = None, price: Decimal | None = None) -> None:
        """Hand a change over; nothing is waited for. Raises  ValueError."""
        self._desk.amend(order_id, units, price, self._terms)

    # --- told ---------------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        """Begins to listen when it is first asked; ends after `close`."""
        self._start()
        last = 0
        while (come := await self._out.take()).data is not _END:
            event: Event = come.data
            event.ts = last = max(event.ts, last)
            yield event

    async def close(self) -> None:
        """Listen no more. Orders that are out stay out, under the dead-man switch where they rest."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await asyncio.gather(*(socket.close() for socket in self._sockets.values()))
        await self._desk.close()
        await self._api.close()
        self._out.put(Received(0, _END))

    def _emit(self, event: Event, worth: Worth = Worth.KEPT, key: Any = "") -> None:
        if not self._out.put(Received(event.ts, event, worth, key)):
            self._log.error("events were not taken for so long that there is no room; the account is read anew")
            self._out.clear()
            for name in ("private", "business"):
                self._sockets[name].lose("events were not taken in time")

    # --- listening ----------------------------------------------------------------------------------------------------

    def _make_sockets(self, rng: random.Random) -> dict[str, Socket]:
        where, settings = self._api.hosts, self._settings
        sessions = {
            "public": (where.public, lambda: streams.public_channels(list(self._terms), settings), None),
            "private": (where.private, streams.private_channels, self._login),
            "business": (where.business, lambda: streams.business_channels(list(self._terms), settings), self._login),
        }
        return {
            name: Socket(
                url, streams.OkxSession(channels, log_in), clock=self._api.clock, rng=rng, keep=streams.KEEP,
                name=f"okx {name}",
            )
            for name, (url, channels, log_in) in sessions.items()
        }  # fmt: skip

    async def _login(self) -> Mapping[str, str]:
        await self._api.sync()
        return login(self._keys, self._api.venue_ms)

    def _start(self) -> None:
        if self._tasks:
            return
        self._away, self._desk.protections.acts = {"private", "business"}, True
        listeners = {"public": self._on_price, "private": self._on_account, "business": self._on_account}
        for name, take in listeners.items():
            self._sockets[name].start()
            self._tasks.append(asyncio.ensure_future(self._listen(name, take)))
        seconds = self._settings.dead_man_s
        jobs: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (LOOK_S, self._mend), (RECONCILE_S, self._look_after_orders), (SYNC_S, self._api.sync),
            (BILLS_S, self._tell_money), (seconds / REFRESHES, self._keep_alive),
        ]  # fmt: skip
        self._tasks += [asyncio.ensure_future(self._every(each, job)) for each, job in jobs if each]

    async def _listen(self, name: str, take: Callable[[streams.Push, int], Awaitable[None]]) -> None:
        socket = self._sockets[name]
        async for come in socket.messages():
            try:
                match come.data:
                    case Down(reason=reason):
                        self._lost(name, reason)
                    case Up():
                        await self._back(name)
                    case streams.Notice(code=code, message=message):
                        self._log.warning("notice {}: {}", code, message)
                        if code == streams.RENEW:
                            socket.renew()
                    case streams.Push() as push:
                        await take(push, come.ts)
            except Exception as error:  # noqa: BLE001 - one push that breaks something must not end the listening
                self._log.warning("what came over {} can't be used: {!r}", name, error)
                self._desk.teller.is_behind |= name != "public"

    async def _on_price(self, push: streams.Push, ts: int) -> None:
        if push.channel == "status":
            for each in self._hours.announced(push.rows, ts):
                self._emit(each)
        elif push.channel == "instruments":
            for row in push.rows:
                if known := self._terms.get(word(row, "instId")):
                    for told in (self._hours.state(row, ts), self._hours.terms(row, known, ts)):
                        if told is not None:
                            self._emit(told)
                if said := instruments.changed(self._terms, row):
                    self._log.warning("{}", said)
        else:
            self._tell_prices(push, ts)

    async def _on_account(self, push: streams.Push, ts: int) -> None:
        if push.channel == "orders":
            for row in push.rows:
                await self._desk.teller.order(row)
        elif push.channel == "orders-algo":
            for row in push.rows:
                await self._desk.teller.algo(row)
        elif streams.tells_money(push):
            await self._tell_money()
        else:
            self._tell_prices(push, ts)

    def _tell_prices(self, push: streams.Push, ts: int) -> None:
        for event in prices.events(push.channel, push.instrument, push.rows, ts):
            self._emit(event, prices.worth(push.channel), (push.channel, event.instrument))

    # --- links --------------------------------------------------------------------------------------------------------

    def _lost(self, name: str, reason: str) -> None:
        now = self._api.clock.now_ns()
        if name == "public":
            if name not in self._away:
                self._away.add(name)
                self._emit(LinkChange(now, now, "prices", is_up=False, detail=reason))
            return
        self._away.add(name)
        if not self._is_account_down:
            self._is_account_down = True
            self._emit(LinkChange(now, now, "account", is_up=False, detail=reason))

    async def _back(self, name: str) -> None:
        """A connection's session has begun (the first, a new one, or one that took another's place)."""
        was_away = name in self._away
        self._away.discard(name)
        if name == "public":
            if was_away:
                now = self._api.clock.now_ns()
                self._emit(LinkChange(now, now, "prices", is_up=True))
            return
        if not self._away & {"private", "business"}:
            await self._catch_up()

    async def _catch_up(self) -> None:
        """Everything that was missed, then the whole account, then the link. Until it is done, pushes of the connection
        that came last wait; what comes over the other one is told, and by nobody twice."""
        pause_s = 0.5
        while True:
            try:
                await self._reconcile()
                await self._tell_money()
                break
            except Exception as error:  # noqa: BLE001 - given up, nothing else would ever say that the link is up
                self._log.warning("the account can't be read yet: {!r}", error)
                await self._api.clock.sleep(pause_s)
                pause_s = min(pause_s * 2, 15.0)
        if self._is_account_down and not self._away & {"private", "business"}:
            self._is_account_down = False
            now = self._api.clock.now_ns()
            self._emit(LinkChange(now, now, "account", is_up=True))

    # --- the account, whole -------------------------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """Money that the account has by then is told first: no deposit is a gain until its bill is read."""
        async with self._reader.lock:
            snapshot = await self._reader.snapshot(self._terms)
            changes = await self._bills.news()
            for change in changes:
                if change.ts_event <= snapshot.ts:
                    self._emit(change)
            self._emit(Reconciliation(self._api.clock.now_ns(), snapshot.ts, snapshot))
            for change in changes:
                if change.ts_event > snapshot.ts:
                    self._emit(change)

    # --- now and then -------------------------------------------------------------------------------------------------

    async def _every(self, seconds: float, job: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._api.clock.sleep(seconds)
            try:
                await job()
            except Exception as error:  # noqa: BLE001 - what is done now and then is done again
                self._log.warning("put off: {!r}", error)

    async def _look_after_orders(self) -> None:
        if self._desk.orders.live() and not self._is_account_down:
            await self._reconcile()

    async def _mend(self) -> None:
        """Something proved missing: the account is read anew at once, then less and less often."""
        if not self._desk.teller.is_behind:
            self._mending_s = LOOK_S
        elif not self._is_account_down and self._api.clock.monotonic() >= self._mend_at:
            self._mend_at = self._api.clock.monotonic() + self._mending_s
            self._mending_s = min(self._mending_s * 2, RECONCILE_S)
            await self._reconcile()

    async def _tell_money(self) -> None:
        for change in await self._bills.news():
            self._emit(change)

    async def _keep_alive(self) -> None:
        await self._dead_man.refresh(rests=any(one.is_in_the_book for one in self._desk.orders.live()))
