"""What OANDA says of its hours: whether an instrument can be traded now (`tradeable` of its price, fact sheet §9).

A word holds until the venue says otherwise. It is told when it changes; where the flag is missing nobody knows, and
nothing is told (trap 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.oanda.client import Client
from adapters.wire.decimals import objects
from ruleengine.model.event import HoursWord

Row = Mapping[str, Any]


class Tradeable:
    """What was told last of each instrument."""

    def __init__(self) -> None:
        self._told: dict[str, bool] = {}

    async def asked(self, client: Client, names: Sequence[str], now_ns: int) -> list[HoursWord]:
        """Of the instruments that nothing was heard of yet: the stream tells of later changes. Raises  VenueError."""
        unheard = [name for name in names if name not in self._told]
        if not unheard:
            return []
        body = await client.get(client.path("/pricing"), "prices", {"instruments": ",".join(unheard)})
        rows = objects(body.get("prices"), "prices")
        return [word for row in rows if (word := self.word_of(row, now_ns)) is not None]

    def word_of(self, row: Row, now_ns: int) -> HoursWord | None:
        """Of a price, where it says something else than the last one."""
        name, is_tradeable = str(row.get("instrument", "")), row.get("tradeable")
        if not name or not isinstance(is_tradeable, bool) or self._told.get(name) is is_tradeable:
            return None
        self._told[name] = is_tradeable
        return HoursWord(now_ns, now_ns, name, now_ns, None, is_tradeable, "OANDA tradeable")
