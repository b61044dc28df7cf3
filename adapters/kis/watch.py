"""The watch over one account: the order list is read while orders are out, soon where something is doubtful, and the
account is stated every half minute then.

    1. `run`         the watch itself
    2. `read_list`   the order list, once
    3. `reconcile`   what was missed, then the account's statement, as an event
    4. `state`       the account at rest
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from adapters.kis import kst
from adapters.kis.account import AccountReader, Stock, opened_ns, trade_of
from adapters.kis.fills import FillBook
from adapters.kis.ledger import Ledger, LedgerReader
from adapters.kis.reconcile import statement
from adapters.kis.standing import Standing
from adapters.wire.clock import Clock
from ruleengine import log
from ruleengine.model.event import AccountRead, Reconciliation, VenueEvent
from ruleengine.ports.venue import VenueError, VenueSnapshot

RECONCILE_EVERY_S = 30.0
FAILED_READS = 3
"""So many in a row, and the account is said to be unknown, until the next statement."""
_DOUBT_S, _POLL_S, _POLL_AWAY_S, _IDLE_S = 1.0, 10.0, 3.0, 60.0
"""How soon the order list is read: in doubt, while orders are out, so while notices are not heard, and else."""
_LOOK_BACK_DAYS = 89


class Watch:
    """Of one account; tells by `emit`."""

    def __init__(
        self, ledgers: LedgerReader, accounts: AccountReader, standing: Standing, fills: FillBook, clock: Clock,
        emit: Callable[[VenueEvent], None],
    ) -> None:  # fmt: skip
        self._ledgers, self._accounts, self._standing, self._fills = ledgers, accounts, standing, fills
        self._clock, self._emit = clock, emit
        self._began: dict[str, int] = {}
        """When each position that is held began."""
        self._stating = asyncio.Lock()
        self._log = log.bound(venue="kis")

    async def run(self) -> None:
        """Until it is cancelled."""
        stated, failures = self._clock.monotonic(), 0
        while True:
            await self._pause()
            if not (self._standing.is_busy or self._standing.doubt.is_set() or self._standing.register.is_away):
                continue
            self._standing.doubt.clear()
            try:
                if failures >= FAILED_READS or self._clock.monotonic() - stated >= RECONCILE_EVERY_S:
                    await self.reconcile()
                    stated = self._clock.monotonic()
                else:
                    await self.read_list()
                failures = 0
            except Exception as error:  # noqa: BLE001 - one bad answer must not end the watch
                fault = None if isinstance(error, VenueError) else error
                self._log.opt(exception=fault).warning("the account can't be read: {}", error)
                self._standing.doubt.set()
                failures += 1
                if failures == FAILED_READS:
                    now = self._clock.now_ns()
                    self._emit(AccountRead(now, now, None, None, failed=True))

    async def _pause(self) -> None:
        """Until the next look at the order list is due."""
        if not self._standing.doubt.is_set():
            busy_s = _POLL_AWAY_S if self._standing.register.is_away else _POLL_S
            limit = asyncio.ensure_future(self._clock.sleep(busy_s if self._standing.is_busy else _IDLE_S))
            doubt = asyncio.ensure_future(self._standing.doubt.wait())
            try:
                await asyncio.wait({limit, doubt}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                limit.cancel()
                doubt.cancel()
        if self._standing.doubt.is_set():
            await self._clock.sleep(_DOUBT_S)

    async def read_list(self) -> None:
        today = kst.day_of(self._clock.now_ns())
        self._standing.apply(await self._ledgers.between(self._standing.first_day(), today))

    async def reconcile(self) -> None:
        """What was missed, and the account's statement after it."""
        self._standing.register.forget(kst.shifted(kst.day_of(self._clock.now_ns()), -1))
        if self._standing.first_day() < kst.day_of(self._clock.now_ns()):
            await self.read_list()
        snapshot = await self.state(is_first=False)
        now = self._clock.now_ns()
        self._emit(Reconciliation(now, now, snapshot))

    async def state(self, *, is_first: bool) -> VenueSnapshot:
        """The account at rest: fills missed are told before it, and every later one is stamped after it."""
        async with self._stating:
            while True:
                ledger, balance = await statement(
                    self._ledgers, self._accounts, self._standing.is_ahead_of, self._clock
                )
                began = {stock.symbol: await self._begin_of(stock, ledger) for stock in balance.held}
                if not self._standing.is_ahead_of(ledger):
                    break
            # from here to the end nothing else runs, so no fill comes between the list and the statement
            self._standing.apply(ledger, is_first=is_first)
            ts = max(self._clock.now_ns(), self._fills.last_ns)
            self._began = began
            self._fills.adopt(balance.holdings(), ts)
            counted = tuple(self._fills.at_last) if self._fills.last_ns == ts else ()
            return VenueSnapshot(
                ts=ts, balance=balance.balance, margin_used=balance.margin_used,
                trades=tuple(trade_of(stock, began[stock.symbol]) for stock in balance.held),
                open_orders=self._standing.open_orders(ledger), counted=counted,
            )  # fmt: skip

    async def _begin_of(self, stock: Stock, ledger: Ledger) -> int:
        """Since when a share is held: by today's orders, by what was found before, or by the orders of three months."""
        today = kst.day_of(self._clock.now_ns())
        here = opened_ns(stock, ledger.of_symbol(stock.symbol), 0)
        if here:
            return here
        if stock.symbol in self._began:
            return self._began[stock.symbol]
        first = kst.shifted(today, -_LOOK_BACK_DAYS)
        older = await self._ledgers.between(first, today, stock.symbol)
        return opened_ns(stock, list(older.orders), kst.midnight(first))
