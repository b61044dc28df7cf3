"""An OANDA account in a live loop. Meets `NetworkVenue`; wires the parts, which know nothing of each other.

client        requests, their turns and their hosts       sending     orders and cancels on their way
ledger        transactions, each once, as events          reconcile   what became of orders without an answer
statements    the account as a whole                      links       the two streams
amending      changes of orders that rest
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

import httpx

from adapters.oanda import account, checks, errors, history
from adapters.oanda.amending import Amending
from adapters.oanda.capabilities import CAPABILITIES
from adapters.oanda.client import Client, int_of
from adapters.oanda.fills import FILL, FINANCING, TRANSFER, past_of
from adapters.oanda.hosts import checked_account
from adapters.oanda.hours import Tradeable
from adapters.oanda.instruments import instrument_of
from adapters.oanda.ledger import Ledger
from adapters.oanda.links import AccountLink, PriceLink
from adapters.oanda.outbox import Outbox
from adapters.oanda.reconcile import Resolver
from adapters.oanda.sending import Sending
from adapters.oanda.sent import SentOrders
from adapters.oanda.statements import Statements
from adapters.oanda.times import to_ns
from adapters.wire.clock import Clock, SystemClock
from adapters.wire.decimals import BadPayload, objects
from adapters.wire.transport import Limits
from ruleengine import log
from ruleengine.model.event import BarEvent, CashChange, Event, Fill, HoursWord, MarketEvent, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared
from ruleengine.model.venue_book import VenueSnapshot
from ruleengine.ports.venue import Access, Capabilities, Finding, SentOrder, VenueAccount, VenueError, VenueSetup

STATEMENT_EVERY_S = 30.0
"""How often the account is read as a whole while orders are out; without orders its balance, every second time."""
CLOSE_GRACE_S = 2.0
_AGAIN_S = 1.0


class OandaVenue:
    """Made by `open_venue`, once the account was read."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(
        self, setup: VenueSetup, client: Client, clock: Clock, row: account.Row, last_id: int, skew_s: float
    ) -> None:
        """`row`: the account as it was read; `last_id`: its last transaction then; `skew_s`: our clock is ahead."""
        self._access, self._client, self._clock, self._skew_s = setup.access, client, clock, skew_s
        stated = account.account_of(row, setup.access.environment)
        self._opened_ns = to_ns(row["createdTime"], "createdTime") if "createdTime" in row else 0
        self._names = tuple(each.name for each in setup.instruments)
        self._specs = {each.name: each for each in setup.instruments}
        self._doubt, self._tradeable = asyncio.Event(), Tradeable()
        self._outbox = Outbox(clock.now_ns)
        self._sent = SentOrders()
        self._ledger = Ledger(
            self._sent, last_id, self._outbox.tell, clock.now_ns,
            on_doubt=self._doubt.set, on_duplicate=lambda sent: self._sending.follow(sent),
        )  # fmt: skip
        self._statements = Statements(client, self._ledger, self._outbox.tell, clock.now_ns)
        self._resolver = Resolver(client, self._ledger, self._sent, clock)
        self._sending = Sending(
            client, self._ledger, self._sent, self._resolver, clock, self._outbox.tell, stated.mode
        )  # fmt: skip
        self._amending = Amending(self._sending, self._ledger, self._sent, self._resolver, clock, stated.mode)
        self._account_link = AccountLink(client, self._ledger, self._statements, self._outbox.tell, clock)
        self._tasks: list[asyncio.Task[None]] = []

    # --- before the loop --------------------------------------------------------------------------------------------

    async def account(self) -> VenueAccount:
        """As the venue states it now."""
        body = await self._client.get(self._client.path("/summary"), "the account")
        return account.account_of(_account_row(body), self._access.environment)

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Those of the names that this account may trade, in the order asked; prices of them are followed."""
        body = await self._client.get(self._client.path("/instruments"), "instruments")
        rows = {str(row.get("name")): row for row in objects(body.get("instruments"), "instruments")}
        summary = _account_row(await self._client.get(self._client.path("/summary"), "the account"))
        rate = account.margin_rate_of(summary)
        found = tuple(instrument_of(rows[name], rate) for name in names if name in rows)
        self._names = tuple(each.name for each in found)
        self._specs = {each.name: each for each in found}
        return found

    async def history(
        self, instrument: str, interval_ns: int, begin_ns: int, end_ns: int
    ) -> AsyncIterator[MarketEvent]:
        """Closed candles of bid and ask."""
        async for bar in history.bars(self._client, instrument, interval_ns, begin_ns, end_ns):
            yield bar

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        return await history.forming(self._client, instrument, interval_ns)

    def history_intervals(self) -> tuple[int, ...]:
        return history.INTERVALS_NS

    async def hours(self, begin_ns: int, end_ns: int) -> Sequence[HoursWord]:
        """Of now: the venue states no calendar."""
        return await self._tradeable.asked(self._client, self._names, self._clock.now_ns())

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        """What became of orders of an earlier process; nothing is sent."""
        found, unsure = await self._resolver.recover(sent, self._skew_s, self._opened_ns)
        for each in unsure:
            self._sending.query(each.order.id)
        return found

    async def past(self, since_ns: int) -> Sequence[Fill | CashChange]:
        """Up to the transaction behind which `events` begins. Fills of orders that are followed are left out: what
        becomes of those is told by itself (`recover`)."""
        rows, _ = await self._client.between(max(since_ns, self._opened_ns), f"{FILL},{FINANCING},{TRANSFER}")
        known = [row for row in rows if self._ledger.has(int_of(row, "id"))]
        return past_of(
            known, since_ns, self._clock.now_ns(), is_followed=lambda row: self._sent.of_order(row) is not None
        )

    async def check(self) -> Sequence[Finding]:
        return await checks.findings(self._client, self._access)

    # --- the loop ---------------------------------------------------------------------------------------------------

    async def snapshot(self) -> VenueSnapshot:
        """The whole account. What happened between this and `events` is told there again; the snapshot's time and
        numbers say what it has already."""
        return await self._statements.snapshot()

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        if isinstance(command, Cancel):
            self._sending.cancel(command.order_id)
        else:
            self._sending.order(command.order)
        await asyncio.sleep(0)  # the request begins its way before the next event is looked at

    async def amend(self, order_id: str, units: Decimal | None = None, price: Decimal | None = None) -> None:
        """See `Amends`."""
        self._amending.amend(order_id, units, price, self._specs)
        await asyncio.sleep(0)

    async def query(self, order_id: str) -> None:
        self._sending.query(order_id)

    async def events(self) -> AsyncIterator[Event]:
        """Prices and what happens in the account, until `close`. Raises VenueError where the listener stands still."""
        work = [self._account_link.run(), self._tend()]
        if self._names:
            link = PriceLink(
                self._client, self._names, self._outbox.show, self._outbox.tell, self._clock, self._tradeable
            )
            work.append(link.run())
        self._tasks = [asyncio.create_task(each) for each in work]
        for task in self._tasks:
            task.add_done_callback(self._on_end)
        try:
            while (event := await self._outbox.take()) is not None:
                yield event
        finally:
            await self._end_tasks()

    async def close(self) -> None:
        """Requests on their way get a moment for their answers; then everything ends."""
        self._outbox.end()
        await self._sending.close(CLOSE_GRACE_S)
        await self._end_tasks()
        await self._client.close()

    async def _tend(self) -> None:
        """Read the account: as a whole while orders are out or something could not be told, else its balance."""
        rounds = 0
        while True:
            await self._pause_or_doubt()
            rounds += 1
            if not self._account_link.is_up:
                await self._clock.sleep(_AGAIN_S)  # the link reads the account itself when it comes up
                continue
            is_whole = self._doubt.is_set() or bool(self._sent.out)
            self._doubt.clear()
            try:
                if is_whole:
                    is_told = await self._statements.reconcile()
                else:
                    is_told = rounds % 2 == 1 or await self._statements.read_account()
            except VenueError as error:
                log.bound(channel="account").warning("the account can't be read: {}", error)
                is_told = False
            if is_whole and not is_told:
                await self._clock.sleep(_AGAIN_S)
                self._doubt.set()

    async def _pause_or_doubt(self) -> None:
        waits = [asyncio.ensure_future(self._clock.sleep(STATEMENT_EVERY_S)), asyncio.ensure_future(self._doubt.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    def _on_end(self, task: asyncio.Task[None]) -> None:
        """What follows the account never ends by itself; where it breaks, the listener must know."""
        if not task.cancelled():
            self._outbox.end(task.exception())

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []


async def open_venue(
    setup: VenueSetup, *, clock: Clock | None = None, limits: Limits | None = None,
    via: httpx.AsyncBaseTransport | None = None,
) -> OandaVenue:  # fmt: skip
    """Connect: the token is tried, the account found among those that it may use, its kind read. Raises VenueError."""
    access, clock = setup.access, clock or SystemClock()
    token = access.secrets.get("token")
    if token is None or not token.get_secret_value().strip():
        raise VenueError("no token", code="secret", remedy="set OANDA_TOKEN", is_final=True)
    client = Client(access, clock, limits=limits, via=via)
    try:
        listing = await client.ask("/accounts")
        if not listing.is_good:
            raise errors.refused(listing, "the accounts of this token")
        client.account_id = _chosen(access, checks.account_names(listing))
        body = await client.get(client.path("/summary"), "the account")
        row = _account_row(body)
        last_id = int_of(body if "lastTransactionID" in body else row, "lastTransactionID")
        return OandaVenue(setup, client, clock, row, last_id, listing.skew_s() or 0.0)
    except BaseException:
        await client.close()
        raise


def _chosen(access: Access, names: list[str]) -> str:
    """The account to trade: the one named, or the only one there is."""
    if not access.account_id and len(names) == 1:
        return checked_account(names[0])
    shown = ", ".join(names) or "none"
    if access.account_id and checked_account(access.account_id) in names:
        return access.account_id
    wanted = f"account {access.account_id} is not among them" if access.account_id else "none of them is named"
    raise VenueError(
        f"this token may use {shown}; {wanted}", code="account", is_final=True,
        remedy="name one with --account-id, and see whether it is a practice or a live one",
    )  # fmt: skip


def _account_row(body: account.Row) -> account.Row:
    row = body.get("account")
    if not isinstance(row, dict):
        raise BadPayload("the answer holds no account")
    return row
