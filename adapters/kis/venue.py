"""The venue in a live loop: REST and socket wired to the desk; what is heard becomes one series of events.

    1. `account`, `instruments`, `history`, `recover`, `snapshot`   questions, each on its own
    2. `events`      connects the socket; prices go out as they come, notices go to the desk
    3. up again      order list and balance are read until they agree; what was missed is told, then the account's
                     statement, then that the connection is there
    4. `Watch`       reads the order list while orders are out, soon where something is doubtful

One session an app key: where the key is in use elsewhere it waits and tries again (trap 16).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from adapters.kis import account as accounts
from adapters.kis import checks, history, instruments, kst
from adapters.kis.capabilities import CAPABILITIES, LIVE_RATE_PER_S, MOCK_RATE_PER_S, SUBSCRIPTIONS
from adapters.kis.client import DEADLINE_S, Client
from adapters.kis.desk import WAIT_S, Desk
from adapters.kis.fills import FillBook
from adapters.kis.hosts import AccountNumber, hosts_of
from adapters.kis.hours import Holidays
from adapters.kis.ledger import LedgerReader
from adapters.kis.notices import Notice
from adapters.kis.numbers import NumberFile
from adapters.kis.streams import KEEP, KisSession
from adapters.kis.watch import Watch
from adapters.wire.clock import Clock, SystemClock
from adapters.wire.conflate import Conflated, Received, Worth
from adapters.wire.socket import Down, Socket, Up
from ruleengine import log
from ruleengine.model.event import (
    BarEvent,
    Book,
    Event,
    HoursWord,
    LinkChange,
    MarketEvent,
    OrderStatus,
    OrderUpdate,
    Quote,
    TradePrint,
    VenueEvent,
)
from ruleengine.model.fees import Fees, fees_of
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared
from ruleengine.ports.venue import Capabilities, Finding, SentOrder, VenueAccount, VenueError, VenueSetup, VenueSnapshot

_RETRY_S = 3.0
_CHANNELS = ("account", "prices")
_MARKET = (Quote, Book, TradePrint)


class _End:
    """The feed has ended."""


class KisVenue:
    """Meets `NetworkVenue` and `Amends`."""

    capabilities: Capabilities

    def __init__(
        self, setup: VenueSetup, client: Client, clock: Clock, *, url: str | Callable[[], str] | None = None,
        rng: random.Random | None = None, wait_s: float = WAIT_S,
    ) -> None:  # fmt: skip
        """`url`: of the socket, in place of the host's; `wait_s`: how long an order may wait (tests)."""
        self._setup, self._client, self._clock = setup, client, clock
        self._number = AccountNumber.of(setup.access.account_id)
        is_mock = client.hosts.is_mock
        self.capabilities = replace(CAPABILITIES, rate_per_s=client.rate_per_s)
        self._specs: dict[str, Instrument] = {spec.name: spec for spec in setup.instruments}
        self._fees: dict[str, Fees] = {name: fees_of(spec, setup.account) for name, spec in self._specs.items()}
        self._ledgers = LedgerReader(client, self._number, clock.now_ns)
        self._accounts = accounts.AccountReader(client, self._number, clock.now_ns)
        self._fills = FillBook(self._fees)
        self._holidays = Holidays(client, clock, setup.access.cache)
        self._outbox = Conflated(kept_max=1_000_000)
        self._collected: list[VenueEvent] | None = None
        kept = NumberFile(setup.access.cache, client.hosts.rest, self._number.text)
        self._desk = Desk(
            client, self._number, self._ledgers, self._accounts, self._fills, self._specs, clock, self._emit, kept,
            wait_s,
        )  # fmt: skip
        self._standing = self._desk.standing
        self._watch = Watch(self._ledgers, self._accounts, self._standing, self._fills, clock, self._emit)
        self._session = KisSession(
            self._number, lambda: self._specs, setup.access.secrets.get("hts_id") or SecretStr(""),
            client.tokens.approval_key, clock, is_mock=is_mock,
        )  # fmt: skip
        self._socket = Socket(
            url or client.hosts.socket, self._session, clock=clock, rng=rng or random.Random(), keep=KEEP, name="kis"  # noqa: S311 - spreads tries
        )  # fmt: skip
        self._is_up = True
        """As the engine was told."""
        self._catching_up: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._log = log.bound(venue="kis")

    @classmethod
    async def connect(
        cls, setup: VenueSetup, *, clock: Clock | None = None, deadline_s: float = DEADLINE_S,
        via: Callable[[], object] | None = None, **more: Any,
    ) -> KisVenue:  # fmt: skip
        """Prove keys and account with one question. What an account file's settings may say: `rate_per_s`, calls a
        second where several programs share the app key.

        Errors   VenueError where access is refused.
        """
        clock = clock or SystemClock()
        hosts = hosts_of(setup.access)
        AccountNumber.of(setup.access.account_id)
        _protect(setup)
        rate = _rate_of(setup.settings.get("rate_per_s"), MOCK_RATE_PER_S if hosts.is_mock else LIVE_RATE_PER_S)
        client = Client.of(setup.access, hosts, clock, rate_per_s=rate, deadline_s=deadline_s, via=via)
        venue = cls(setup, client, clock, **more)
        try:
            await venue._accounts.balance()
        except BaseException:
            await venue.close()
            raise
        return venue

    # --- questions ----------------------------------------------------------------------------------------------

    async def account(self) -> VenueAccount:
        balance = await self._accounts.balance()
        return accounts.account_of(self._number, balance, is_mock=self._client.hosts.is_mock)

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Errors   VenueError also for more shares than one session can follow."""
        if len(names) > SUBSCRIPTIONS:
            raise VenueError(
                f"{len(names)} shares are asked for, KIS streams {SUBSCRIPTIONS} in a session", code="SUBSCRIPTIONS",
                is_final=True, remedy="split the policy, with an app key for each part",
            )  # fmt: skip
        self._desk.base_day = kst.day_of(self._clock.now_ns())
        found = [spec for name in names if (spec := await instruments.look_up(self._client, name)) is not None]
        self._specs.clear()
        self._specs.update((spec.name, spec) for spec in found)
        self._fees.update((spec.name, fees_of(spec, self._setup.account)) for spec in found)
        return tuple(found)

    def history(self, instrument: str, interval_ns: int, begin_ns: int, end_ns: int) -> AsyncIterator[MarketEvent]:
        return history.bars(self._client, self._clock, instrument, interval_ns, begin_ns, end_ns)

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        return await history.forming(self._client, self._clock, instrument, interval_ns)

    def history_intervals(self) -> tuple[int, ...]:
        return history.INTERVALS

    async def hours(self, begin_ns: int, end_ns: int) -> Sequence[HoursWord]:
        return await self._holidays.words(begin_ns, end_ns)

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        collected: list[VenueEvent] = []
        self._collected = collected
        try:
            balance = await self._accounts.balance()
            self._fills.adopt(balance.holdings(), 0)
            await self._desk.recover(sent)
        finally:
            self._collected = None
        return collected

    async def snapshot(self) -> VenueSnapshot:
        """Errors   VenueError where order list and balance don't agree, or can't be read."""
        return await self._watch.state(is_first=True)

    async def query(self, order_id: str) -> None:
        try:
            await self._watch.read_list()
        except VenueError as error:
            now = self._clock.now_ns()
            update = OrderUpdate(now, now, order_id, OrderStatus.UNKNOWN, code=error.code, reason=str(error))
            self._emit(update)
            return
        self._standing.tell_again(order_id)

    async def check(self) -> Sequence[Finding]:
        has_notices = self._session.has_notices
        return await checks.findings(
            self._client, self._number, self._accounts, self._clock, has_notices=has_notices
        )  # fmt: skip

    # --- orders -------------------------------------------------------------------------------------------------

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        if isinstance(command, Cancel):
            self._desk.cancel(command.order_id)
        else:
            self._desk.place(command.order)

    async def amend(self, order_id: str, units: Decimal | None = None, price: Decimal | None = None) -> None:
        """Meets `Amends`: fewer units are a cancel of a part, another price is a revision with a number of its own."""
        self._desk.amend(order_id, units, price)

    # --- events -------------------------------------------------------------------------------------------------

    async def events(self) -> AsyncIterator[Event]:
        if not self._tasks:
            self._socket.start()
            self._tasks = [asyncio.create_task(self._pump()), asyncio.create_task(self._watch.run())]
        while True:
            come = await self._outbox.take()
            if isinstance(come.data, _End):
                return
            yield come.data

    async def close(self) -> None:
        tasks = [task for task in (*self._tasks, self._catching_up) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._desk.close()
        await self._socket.close()
        await self._client.close()
        self._outbox.put(Received(self._clock.now_ns(), _End()))

    async def _pump(self) -> None:
        """What the socket brings, in order."""
        try:
            async for come in self._socket.messages():
                match come.data:
                    case Up():
                        self._start_catching_up()
                    case Down(reason):
                        self._went_down(reason)
                    case Notice():
                        self._standing.on_notice(come.data, come.ts)
                    case event if isinstance(event, _MARKET):
                        self._outbox.put(replace(come, data=event))
        except Exception as error:
            self._log.opt(exception=error).error("the feed ended in an error")
            self._outbox.put(Received(self._clock.now_ns(), _End()))
            raise

    def _went_down(self, reason: str) -> None:
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._standing.away()
        self._tell_link(is_up=False, detail=reason)

    def _start_catching_up(self) -> None:
        if self._catching_up is not None:
            self._catching_up.cancel()
        if self._session.has_notices:
            self._standing.back()
        self._catching_up = asyncio.create_task(self._catch_up())

    async def _catch_up(self) -> None:
        """Everything missed, then the account as it is, then that the connection is there."""
        while True:
            try:
                await self._watch.reconcile()
                break
            except Exception as error:  # noqa: BLE001 - whatever it is, the account is not known before this is done
                fault = None if isinstance(error, VenueError) else error
                self._log.opt(exception=fault).warning("the account can't be read after connecting: {}", error)
                await self._clock.sleep(_RETRY_S)
        self._tell_link(is_up=True)

    def _tell_link(self, *, is_up: bool, detail: str = "") -> None:
        if is_up is self._is_up:
            return
        self._is_up = is_up
        now = self._clock.now_ns()
        for channel in _CHANNELS:
            self._emit(LinkChange(now, now, channel, is_up, detail))  # type: ignore[arg-type]

    def _emit(self, event: VenueEvent) -> None:
        if self._collected is not None:
            self._collected.append(event)
        else:
            self._outbox.put(Received(event.ts, event, Worth.KEPT))


def _rate_of(text: Any, most: float) -> float | None:
    """Errors   VenueError for what is no rate."""
    if text is None:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= most:
        raise VenueError(
            f"`rate_per_s` is `{text}`", code="SETTING", is_final=True,
            remedy=f"write calls a second, above 0 and at most {most:g}, the venue's",
        )  # fmt: skip
    return rate


def _protect(setup: VenueSetup) -> None:
    """Keys are never written to a log from here on. (The HTS ID is a login name: it may be a common word.)"""
    for name in ("appkey", "appsecret"):
        secret = setup.access.secrets.get(name)
        if secret is not None and secret.get_secret_value().strip():
            log.protect(secret.get_secret_value())
