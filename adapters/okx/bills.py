"""Money that comes and goes without a trade: funding, transfers, interest. Source: fact sheet §5, §9.

Funding is a bill and never a fill. Trades, liquidations and ADL are bills, too; they are left out, for their fills tell
them. What a liquidation leaves to the insurance fund, or takes from it, has no fill.
"""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import Literal

from adapters.okx.account import CURRENCY
from adapters.okx.api import Api
from adapters.okx.rows import MS, Row, figure, time_ms, word
from ruleengine.model.event import CashChange
from ruleengine.ports.venue import VenueError

_BILLS, _ARCHIVE = "/api/v5/account/bills", "/api/v5/account/bills-archive"
_RECENT_MS = 6 * 86_400_000
"""The first of them has seven days, the second three months."""
_PAGE, _PAGES_MAX = 100, 20
_TRANSFER, _LIQUIDATION, _INTEREST, _FUNDING = "1", "5", "7", "8"
_OF_INSURANCE = ("110", "111")
"""Subtypes of liquidations: in from the insurance fund, and out to it."""
_Reason = Literal["financing", "funding", "deposit", "withdrawal", "correction"]
_REASONS: MappingProxyType[str, _Reason] = MappingProxyType({_INTEREST: "financing", _FUNDING: "funding"})


class Bills:
    """The account's ledger from the first look on."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._last = ""
        self._has_begun = False
        self._looking = asyncio.Lock()
        """Two looks at once would both tell the same: a change has no number by which the engine could know it."""

    async def begin(self) -> None:
        """What is there now is in any balance that is read later."""
        rows = await self._api.get(_BILLS, {"ccy": CURRENCY, "limit": "1"})
        self._last = word(rows[0], "billId") if rows else ""
        self._has_begun = True

    async def news(self) -> list[CashChange]:
        """Changes since the last look, oldest first."""
        if not self._has_begun:
            await self.begin()
            return []
        async with self._looking:
            rows = await self._since_last()
            if rows:
                self._last = word(rows[0], "billId")
        found = (self._change(row) for row in reversed(rows))
        return [change for change in found if change is not None]

    async def past(self, since_ns: int) -> list[CashChange]:
        """What was paid and charged after a time and before `news` begins, oldest first; of at most three months."""
        if not self._has_begun:
            await self.begin()
        kinds = (_TRANSFER, _LIQUIDATION, _INTEREST, _FUNDING)
        rows = [row for kind in kinds for row in await self._of_kind(kind, since_ns // MS)]
        rows.sort(key=lambda row: int(word(row, "billId")))
        changes = (self._change(row) for row in rows)
        return [change for change in changes if change is not None and change.ts_event > since_ns]

    async def _of_kind(self, kind: str, begin_ms: int) -> list[Row]:
        """Newest first."""
        path = _BILLS if self._api.venue_ms - begin_ms < _RECENT_MS else _ARCHIVE
        query = {"ccy": CURRENCY, "type": kind, "begin": str(begin_ms), "limit": str(_PAGE)}
        found: list[Row] = []
        for _ in range(_PAGES_MAX):
            rows = await self._api.get(path, query)
            found += (row for row in rows if not self._is_news(row))
            if len(rows) < _PAGE:
                return found
            query["after"] = word(rows[-1], "billId")
        raise VenueError(f"more than {_PAGES_MAX * _PAGE} bills of a kind since the last run", code="rows")

    def _is_news(self, row: Row) -> bool:
        """Numbers of bills ascend."""
        return bool(self._last) and int(word(row, "billId")) > int(self._last)

    async def _since_last(self) -> list[Row]:
        """Newest first; paged backwards until the bill that is known."""
        found: list[Row] = []
        query = {"ccy": CURRENCY, "limit": str(_PAGE)}
        for _ in range(_PAGES_MAX):
            rows = await self._api.get(_BILLS, query)
            for row in rows:
                if word(row, "billId") == self._last:
                    return found
                found.append(row)
            if len(rows) < _PAGE:
                return found
            query["after"] = word(rows[-1], "billId")
        return found

    def _change(self, row: Row) -> CashChange | None:
        kind, amount = word(row, "type"), figure(row, "balChg")
        reason = _REASONS.get(kind)
        if kind == _TRANSFER:
            reason = "deposit" if amount > 0 else "withdrawal"
        elif kind == _LIQUIDATION and word(row, "subType") in _OF_INSURANCE:
            reason = "correction"
        if reason is None or not amount:
            return None
        at_ns = time_ms(row, "ts") * MS
        return CashChange(
            self._api.clock.now_ns(), at_ns, amount, reason, word(row, "instId"), id=word(row, "billId")
        )  # fmt: skip
