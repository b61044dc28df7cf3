"""The account as a whole, read so that it can be held against what was heard: at exactly the transaction up to which
events were told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.oanda import account
from adapters.oanda.client import Client, int_of
from adapters.oanda.ledger import Ledger
from adapters.oanda.times import to_ns
from adapters.wire.budget import Urgency
from adapters.wire.decimals import BadPayload, optional
from ruleengine.model.event import AccountRead, Reconciliation, VenueEvent
from ruleengine.model.venue_book import VenueSnapshot
from ruleengine.ports.venue import VenueError

Row = Mapping[str, Any]
_Read = tuple[Reconciliation | AccountRead, int]
TRIES = 5
"""How often it is read anew while transactions keep coming."""
_SAME_INSTANT = 50


class Statements:
    """`ledger` is caught up with the account before anything is said of it."""

    def __init__(
        self, client: Client, ledger: Ledger, tell: Callable[[VenueEvent], None], now_ns: Callable[[], int]
    ) -> None:
        self._client, self._ledger, self._tell, self._now_ns = client, ledger, tell, now_ns

    async def snapshot(self) -> VenueSnapshot:
        """The account at its last transaction, whatever was heard so far."""
        return (await self._snapshot())[0]

    async def catch_up(self) -> None:
        """Apply what happened since the cursor."""
        rows, last_id = await self._client.since(self._ledger.cursor)
        self._ledger.take(rows)
        self._ledger.covers(last_id)

    async def reconcile(self) -> bool:
        """Tell of the whole account once everything up to it was told. False: it never stood still."""

        async def read() -> _Read:
            found, last_id = await self._snapshot()
            return Reconciliation(self._now_ns(), found.ts, found), last_id

        return await self._told_in_step(read)

    async def read_account(self) -> bool:
        """Tell of balance and margin; a read that fails is told too, and raised."""

        async def read() -> _Read:
            row, last_id = await self._account("/summary")
            balance, margin = optional(row.get("balance"), "balance"), optional(row.get("marginUsed"), "marginUsed")
            now_ns = self._now_ns()
            return AccountRead(now_ns, now_ns, balance, margin), last_id

        try:
            return await self._told_in_step(read)
        except VenueError:
            now_ns = self._now_ns()
            self._tell(AccountRead(now_ns, now_ns, None, None, failed=True))
            raise

    async def _told_in_step(self, read: Callable[[], Awaitable[_Read]]) -> bool:
        for _ in range(TRIES):
            found, last_id = await read()
            if self._ledger.cursor < last_id:
                await self.catch_up()
            if self._ledger.is_at(last_id):  # nothing is awaited between this and the telling
                self._tell(found)
                return True
        return False

    async def _account(self, rest: str = "") -> tuple[Row, int]:
        """What the account says, and the number of its last transaction."""
        body = await self._client.get(self._client.path(rest), "the account", urgency=Urgency.RESOLVE)
        row = body.get("account")
        if not isinstance(row, dict) or row.get("id", self._client.account_id) != self._client.account_id:
            raise BadPayload("the answer does not hold the account")
        return row, int_of(body if "lastTransactionID" in body else row, "lastTransactionID")

    async def _snapshot(self) -> tuple[VenueSnapshot, int]:
        """Its time is that of its last transaction by the venue's clock; ours may be another."""
        row, last_id = await self._account()
        rows = await self._last_instant(last_id)
        as_of_ns = to_ns(rows[-1].get("time")) if rows else to_ns(row.get("createdTime"), "createdTime")
        counted = [
            str(each["id"]) for each in rows if each.get("type") == "ORDER_FILL" and to_ns(each.get("time")) == as_of_ns
        ]
        return account.snapshot_of(row, as_of_ns, counted), last_id

    async def _last_instant(self, last_id: int) -> list[Row]:
        """The last transactions, back beyond those that have the time of the very last one."""
        span = _SAME_INSTANT
        while True:
            rows = await self._client.range(last_id - span + 1, last_id)
            is_all = len(rows) < span or span >= last_id
            if is_all or to_ns(rows[0].get("time")) < to_ns(rows[-1].get("time")):
                return rows
            span *= 4
