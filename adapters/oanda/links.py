"""The two streams, each kept up for as long as the venue is open: connected, watched by its heartbeats, connected anew
with growing pauses. What was missed meanwhile is made up for before a link is called up again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from adapters.oanda.client import Client, int_of
from adapters.oanda.hours import Tradeable
from adapters.oanda.ledger import Ledger
from adapters.oanda.prices import Prices
from adapters.oanda.statements import Statements
from adapters.wire.clock import Clock
from adapters.wire.decimals import BadPayload, loads
from ruleengine import log
from ruleengine.model.event import Book, LinkChange, Quote, VenueEvent
from ruleengine.ports.venue import VenueError

_BACKOFF_S = (0.5, 30.0)
_AGAIN_S = 1.0
"""Before an account is read again that never stood still."""


class Backoff:
    """Pauses between tries to connect: doubled each time, half of it by chance, anew after a success."""

    def __init__(self, clock: Clock, chance: Callable[[], float] = random.random) -> None:
        self._clock, self._chance, self._failures = clock, chance, 0

    def reset(self) -> None:
        self._failures = 0

    async def pause(self) -> None:
        longest = min(_BACKOFF_S[0] * 2**self._failures, _BACKOFF_S[1])
        self._failures = min(self._failures + 1, 10)
        await self._clock.sleep(longest * (0.5 + self._chance() / 2))


class _State:
    """Whether a link is up, told when it changes."""

    def __init__(
        self, channel: Literal["account", "prices"], tell: Callable[[VenueEvent], None], now_ns: Callable[[], int]
    ) -> None:
        self._channel, self._tell, self._now_ns = channel, tell, now_ns
        self.is_up: bool | None = None

    def set(self, is_up: bool, detail: str = "") -> None:
        if is_up is not self.is_up:
            self.is_up = is_up
            now_ns = self._now_ns()
            self._tell(LinkChange(now_ns, now_ns, self._channel, is_up, detail))
            log.bound(channel=self._channel).log(
                "INFO" if is_up else "WARNING", "{}: {}", self._channel, detail or "connected"
            )


class AccountLink:
    """The stream of transactions. It has no replay: numbers tell what is missing, and history has it."""

    def __init__(
        self, client: Client, ledger: Ledger, statements: Statements, tell: Callable[[VenueEvent], None], clock: Clock
    ) -> None:
        self._client, self._ledger, self._statements, self._clock = client, ledger, statements, clock
        self._state, self._backoff = _State("account", tell, clock.now_ns), Backoff(clock)

    @property
    def is_up(self) -> bool:
        return bool(self._state.is_up)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            detail = "the venue ended the stream of transactions"
            try:
                async with self._client.transaction_stream() as lines:
                    await self._come_up()
                    async for line in lines:
                        await self._take(loads(line))
            except Exception as error:  # noqa: BLE001 - whatever breaks here, what follows the account must not end
                detail = _told(error, "account")
            self._state.set(False, detail)
            await self._backoff.pause()

    async def _come_up(self) -> None:
        """Everything missed first, then the whole account, then the word that it is up. At the very start the caller
        has the account from `snapshot`."""
        await self._statements.catch_up()
        while self._state.is_up is not None and not await self._statements.reconcile():
            await self._clock.sleep(_AGAIN_S)
        self._state.set(True)
        self._backoff.reset()

    async def _take(self, row: Any) -> None:
        """One line. Where a number is missing before it, or a heartbeat knows of a later one, lines were lost."""
        if not isinstance(row, Mapping):
            raise BadPayload("a line of the stream is no object")
        if row.get("type") == "HEARTBEAT":
            if int_of(row, "lastTransactionID") > self._ledger.cursor:
                await self._statements.catch_up()
            return
        if int_of(row, "id") > self._ledger.cursor + 1:
            await self._statements.catch_up()
        self._ledger.take([row])


class PriceLink:
    """The stream of prices of some instruments, which are fixed for its life."""

    def __init__(
        self, client: Client, names: Sequence[str], show: Callable[[Quote | Book], None],
        tell: Callable[[VenueEvent], None], clock: Clock, tradeable: Tradeable,
    ) -> None:  # fmt: skip
        self._client, self._names, self._show, self._clock = client, list(names), show, clock
        self._state, self._backoff = _State("prices", tell, clock.now_ns), Backoff(clock)
        self._prices, self._tradeable, self._tell = Prices(), tradeable, tell

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            detail = "the venue ended the stream of prices"
            try:
                async with self._client.price_stream(self._names) as lines:
                    self._state.set(True)
                    async for line in lines:
                        self._backoff.reset()
                        self._take(line)
            except Exception as error:  # noqa: BLE001 - as above
                detail = _told(error, "prices")
            self._state.set(False, detail)
            await self._backoff.pause()

    def _take(self, line: bytes) -> None:
        """A line that can't be read is one price less, not the end of all."""
        try:
            row = loads(line)
            word = self._tradeable.word_of(row, self._clock.now_ns()) if isinstance(row, dict) else None
            events = self._prices.events_of(row, self._clock.now_ns()) if isinstance(row, dict) else []
        except BadPayload as error:
            log.bound(channel="prices").warning("a price can't be read: {}", error)
            return
        if word is not None:
            self._tell(word)
        for event in events:
            self._show(event)


def _told(error: Exception, channel: str) -> str:
    """Why a link is down, in words; what was not foreseen goes to the log with its traceback."""
    if isinstance(error, VenueError):
        return str(error)
    log.bound(channel=channel).opt(exception=error).error("a stream failed in a way that was not foreseen")
    return f"it failed: {type(error).__name__}"
