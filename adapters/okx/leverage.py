"""Leverage is set ahead of an order, per instrument and margin mode (and side, where isolated meets long/short mode).

Nothing is sent while it is as wanted. Not knowing it is not the same: it is read then, and again after a while, for it
may be changed in the venue's app. Rows of orders and positions don't count: they have what was set at their time.
(Trap 13)
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from decimal import Decimal

from adapters.okx.account import Mode
from adapters.okx.api import Api, Said
from adapters.okx.errors import Meaning, meaning
from adapters.okx.rows import maybe, word
from adapters.wire.budget import Urgency
from adapters.wire.outcome import NotSent, Unknown
from ruleengine.ports.venue import VenueError

_INFO, _SET = "/api/v5/account/leverage-info", "/api/v5/account/set-leverage"


TRUSTED_S = 30.0
"""For how long what was read or set last counts."""


class Leverages:
    """What is set, as far as we know. `lock`: held from setting it until the order that wants it has left."""

    def __init__(self, api: Api, mode: Mode) -> None:
        self._api, self._mode = api, mode
        self._set: dict[tuple[str, str], tuple[Decimal, float]] = {}
        """By instrument and side: the leverage, and when that was learnt."""
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def lock(self, instrument: str) -> asyncio.Lock:
        return self._locks[instrument]

    async def ensure(self, instrument: str, pos_side: str, lever: Decimal) -> None:
        """Have this leverage set. VenueError where it can't be, or where it can't be told."""
        key = (instrument, self._side(pos_side))
        if self._known(key) is None:
            await self._read(instrument)
        if self._known(key) == lever:
            return
        body = {"instId": instrument, "lever": lever, "mgnMode": self._mode.margin}
        if self._side(pos_side):
            body["posSide"] = pos_side
        said = await self._api.post(_SET, body, urgency=Urgency.ENTRY)
        self._set.pop(key, None)
        match said:
            case Said(code=code, message=message) if meaning(code) is not Meaning.DONE:
                raise VenueError(f"leverage {lever} of {instrument}: OKX says {code}: {message}", code=code)
            case NotSent(reason=reason):
                raise VenueError(f"leverage {lever} of {instrument} could not be set: {reason}", code="leverage")
            case Unknown():
                await self._read(instrument)
            case _:
                self._set[key] = lever, self._api.clock.monotonic()
        if self._known(key) != lever:
            raise VenueError(f"whether leverage {lever} of {instrument} is set can't be told", code="leverage")

    async def _read(self, instrument: str) -> None:
        query = {"instId": instrument, "mgnMode": self._mode.margin}
        for row in await self._api.get(_INFO, query, urgency=Urgency.ENTRY):
            if lever := maybe(row, "lever"):
                self._set[instrument, self._side(word(row, "posSide"))] = lever, self._api.clock.monotonic()

    def _known(self, key: tuple[str, str]) -> Decimal | None:
        """None where it was not learnt lately."""
        lever, at_s = self._set.get(key, (None, 0.0))
        return lever if lever is not None and self._api.clock.monotonic() - at_s < TRUSTED_S else None

    def _side(self, pos_side: str) -> str:
        """The side that a leverage stands for, "" where one stands for both."""
        return pos_side if self._mode.margin == "isolated" and not self._mode.nets else ""
