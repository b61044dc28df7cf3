"""Requests to OANDA: which path, which host, which turn. Knows the shape of lists and pages, not what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from adapters.oanda import errors
from adapters.oanda.capabilities import CONNECTION_EVERY_S, HEARTBEAT_SILENCE_S, REQUESTS_AT_ONCE, REQUESTS_PER_S
from adapters.oanda.hosts import hosts_of
from adapters.oanda.times import to_text
from adapters.wire.budget import Budget, Urgency
from adapters.wire.clock import Clock
from adapters.wire.decimals import BadPayload, dumps, objects
from adapters.wire.outcome import Outcome, Reply
from adapters.wire.request import Request
from adapters.wire.transport import Limits, Transport
from ruleengine.ports.venue import Access, VenueError

Row = Mapping[str, Any]
PAGE = 1000
_PAGES_MAX = 1000
_EMPTY_TRIES, _READABLE_S = 3, 0.5
"""What is fresh may not be readable yet (fact sheet §8): a number that is named and missing is waited for, but not for
ever, for nothing says that every number is used."""
_HEADERS = {"Accept-Datetime-Format": "RFC3339", "Content-Type": "application/json"}
EXITS_AT_ONCE = 3
"""So that ten exits of one moment follow each other on the connections of the first, and do not each wait half a second
for a new one. One whose answer is long in coming leaves two ways out."""
ENTRY_PATIENCE_S = 5.0
"""An entry that gets no turn within this is not sent any more: its price is another one by then."""


class Client:
    """One account's. `via`: in place of the network (tests)."""

    def __init__(
        self, access: Access, clock: Clock, *, limits: Limits | None = None,
        via: httpx.AsyncBaseTransport | None = None, silence_s: float = HEARTBEAT_SILENCE_S,
    ) -> None:  # fmt: skip
        hosts = hosts_of(access)
        self.budget = Budget(clock, per_s=REQUESTS_PER_S - REQUESTS_AT_ONCE, burst=REQUESTS_AT_ONCE)
        self._connections = Budget(clock, per_s=1 / CONNECTION_EVERY_S, burst=1)
        self.account_id = access.account_id
        self._clock, self._silence_s = clock, silence_s
        token = access.secrets["token"]

        def authorise(request: Request) -> Mapping[str, str]:
            return {**_HEADERS, "Authorization": f"Bearer {token.get_secret_value()}"}

        def transport(base: str) -> Transport:
            # idle connections of up to two seconds are used again, for new ones are counted: two a second
            return Transport(
                base, clock, self.budget, authorise=authorise, limits=limits or Limits(idle_s=2.0),
                connections=self._connections, via=via,
            )  # fmt: skip

        self._exits = asyncio.Semaphore(EXITS_AT_ONCE)
        self._rest, self._streams = transport(hosts.rest), transport(hosts.streams)

    # --- reading ------------------------------------------------------------------------------------------------

    async def ask(self, path: str, query: Mapping[str, str] | None = None, *, urgency: Urgency = Urgency.READ) -> Reply:
        """GET below `/v3`; hands back refusals too."""
        return await self._rest.read(f"/v3{path}", query, urgency=urgency)

    async def get(
        self, path: str, what: str, query: Mapping[str, str] | None = None, *, urgency: Urgency = Urgency.READ
    ) -> Row:
        """The body of a good answer; VenueError for any other. `what`: what is asked for, in words."""
        reply = await self.ask(path, query, urgency=urgency)
        if not reply.is_good:
            raise errors.refused(reply, what)
        if not isinstance(reply.body, dict):
            raise VenueError(f"can't read {what}: the answer is no object", code="body")
        return reply.body

    def path(self, rest: str = "") -> str:
        """A path of the account."""
        return f"/accounts/{self.account_id}{rest}"

    # --- transactions -------------------------------------------------------------------------------------------

    async def since(self, last_id: int) -> tuple[list[Row], int]:
        """Every transaction after `last_id`, oldest first, and the id up to which nothing is missing."""
        found: list[Row] = []
        empty = 0
        for _ in range(_PAGES_MAX):
            query = {"id": str(last_id)}
            body = await self.get(self.path("/transactions/sinceid"), "transactions", query, urgency=Urgency.RESOLVE)
            rows, newest = transactions_of(body), int_of(body, "lastTransactionID")
            found += rows
            last_id = max([last_id, *(int_of(row, "id") for row in rows)])
            empty = 0 if rows else empty + 1
            if last_id >= newest or empty > _EMPTY_TRIES:
                return found, max(last_id, newest)
            if not rows:
                await self._clock.sleep(_READABLE_S)
        raise VenueError(f"more than {_PAGES_MAX} pages of transactions", code="pages")

    async def range(self, first: int, last: int, kind: str = "") -> list[Row]:
        """Transactions with these ids, both ends included, oldest first. `kind`: of one type alone."""
        found: list[Row] = []
        for begin in range(max(first, 1), last + 1, PAGE):
            query = {"from": str(begin), "to": str(min(begin + PAGE - 1, last)), **_of(kind)}
            path = self.path("/transactions/idrange")
            found += transactions_of(await self.get(path, "transactions", query, urgency=Urgency.RESOLVE))
        return found

    async def between(self, begin_ns: int, kind: str = "") -> tuple[list[Row], int]:
        """Transactions since a time (of a `kind` alone where that is said), oldest first, and the newest id at the time
        of asking. Pages come as addresses on OANDA's own host; only their numbers are used (trap 7)."""
        query = {"from": to_text(begin_ns), "pageSize": str(PAGE), **_of(kind)}
        body = await self.get(self.path("/transactions"), "transactions", query, urgency=Urgency.RESOLVE)
        newest = int_of(body, "lastTransactionID")
        found: list[Row] = []
        pages = body.get("pages")
        if not isinstance(pages, list):
            raise BadPayload("the answer holds no pages")
        for address in pages:
            numbers = parse_qs(urlsplit(str(address)).query)
            try:
                first, last = int(numbers["from"][0]), int(numbers["to"][0])
            except (KeyError, ValueError):
                raise VenueError("a page of transactions has no numbers", code="body") from None
            found += await self.range(first, last, kind)
        return found, newest

    # --- writing ------------------------------------------------------------------------------------------------

    async def write(self, method: str, path: str, body: Row | None, *, reduces: bool) -> Outcome:
        """An order, a close or a cancel of the account; what reduces goes first and waits as long as it takes."""
        target, content = f"/v3{self.path(path)}", dumps(body) if body is not None else b""
        if not reduces:
            return await self._rest.write(
                method, target, content, urgency=Urgency.ENTRY, patience_s=ENTRY_PATIENCE_S
            )  # fmt: skip
        async with self._exits:
            return await self._rest.write(method, target, content, urgency=Urgency.EXIT)

    # --- streams ------------------------------------------------------------------------------------------------

    def transaction_stream(self) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._streams.stream(f"/v3{self.path('/transactions/stream')}", idle_s=self._silence_s)

    def price_stream(self, names: list[str]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        query = {"instruments": ",".join(names), "snapshot": "true"}
        return self._streams.stream(f"/v3{self.path('/pricing/stream')}", query, idle_s=self._silence_s)

    async def close(self) -> None:
        self.budget.close()
        self._connections.close()
        await self._rest.close()
        await self._streams.close()


def _of(kind: str) -> dict[str, str]:
    return {"type": kind} if kind else {}


def by_client_id(order_id: str) -> str:
    """How a path names an order by our id."""
    return "@" + quote(order_id, safe="")


def transactions_of(body: Row) -> list[Row]:
    """The rows of a list of transactions, in the order of their numbers. Raises BadPayload."""
    return sorted(objects(body.get("transactions"), "transactions"), key=lambda row: int_of(row, "id"))


def int_of(row: Row, key: str) -> int:
    """A number that counts things of the account: ids compare as numbers, not as text."""
    value = row.get(key)
    if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 25):
        return int(value)
    raise BadPayload(f"`{key}` is no number of a transaction")
