"""The whole account at one instant, read so that nothing moves between its parts.

Positions are read first and last; what is between belongs together where both readings agree. Lists lag behind each
other by moments: a change of just now is let settle, and the last print that a position names must be among the fills.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from adapters.okx.account import Money, Position, money, positions
from adapters.okx.api import Api
from adapters.okx.fills import Print, of_fill_row
from adapters.okx.instruments import SWAP
from adapters.okx.rows import Row, time_ms, word
from adapters.wire.budget import Urgency
from ruleengine.ports.venue import VenueError

FILLS, FILLS_HISTORY = "/api/v5/trade/fills", "/api/v5/trade/fills-history"
ORDERS, ORDERS_ARCHIVE = "/api/v5/trade/orders-history", "/api/v5/trade/orders-history-archive"
PAGE = 100
_PAGES_MAX = 20
_WAITING = ("conditional", "oco", "trigger")
"""Stops and targets; both of them as one; stops that open."""
_TRIES = 8
_PAUSE_S = 0.25
SETTLED_MS, _APART_MS = 300, 2_000
"""So long ago is the last change that counts; and by so much our idea of the venue's time may be behind it."""
_RECENT_MS = 2 * 86_400_000
"""So old are those that the list of three days is asked for."""
_WEEK_MS = 6 * 86_400_000
"""And of orders: that list has seven days."""
_LAG_MS = 60_000
"""For how long after its change a position's last print is looked for among the fills."""


@dataclass(frozen=True, slots=True)
class Truth:
    """`fills`: oldest first, with the rows they were made of. `pending`, `waiting`: open orders and stops."""

    held: Sequence[Position]
    cash: Money
    fills: Sequence[tuple[Print, Row]]
    pending: Sequence[Row]
    waiting: Sequence[Row]

    @property
    def as_of_ms(self) -> int:
        """The last change that is in it, venue's ms."""
        changes = [self.cash.changed_ms, *(time_ms(one.row, "uTime", "cTime") for one in self.held)]
        return max([*changes, *(printed.ms for printed, _ in self.fills[-1:])])


async def read(api: Api, is_known: Callable[[str], bool] | None) -> Truth:
    """All of it. `is_known`: fills are read backwards until one of these; None: the last page alone. VenueError
    (`moving`) where the account moved all the time."""
    for _ in range(_TRIES):
        first = await positions_now(api)
        cash = money(await api.get("/api/v5/account/balance", {"ccy": "USDT"}, urgency=Urgency.RESOLVE))
        fills = await recent_fills(api, is_known)
        pending = await _pages(api, "/api/v5/trade/orders-pending", {"instType": SWAP}, "ordId")
        waiting = [row for kind in _WAITING for row in await waiting_now(api, kind)]
        held = await positions_now(api)
        truth = Truth(held, cash, fills, pending, waiting)
        has_settled = not -_APART_MS < api.venue_ms - truth.as_of_ms < SETTLED_MS
        if has_settled and _shape(first) == _shape(held) and _has_last_prints(held, fills, api.venue_ms):
            return truth
        await api.clock.sleep(_PAUSE_S)
    raise VenueError("the account moved while it was read", code="moving", remedy="wait for quieter minutes")


async def recent_fills(api: Api, is_known: Callable[[str], bool] | None) -> list[tuple[Print, Row]]:
    """The last fills, oldest first. Caught up with backwards: with `before` alone the venue gives its latest rows, not
    those next to the cursor."""
    found: list[tuple[Print, Row]] = []
    query = {"instType": SWAP, "limit": str(PAGE)}
    for _ in range(_PAGES_MAX):
        rows = await api.get(FILLS, query, urgency=Urgency.RESOLVE)
        page = [(of_fill_row(row), row) for row in rows]
        found += page
        if is_known is None or len(rows) < PAGE or any(is_known(printed.id) for printed, _ in page):
            break
        query["after"] = word(rows[-1], "billId")
    return sorted(found, key=lambda pair: pair[0].place)


async def fills_since(api: Api, begin_ms: int) -> list[tuple[Print, Row]]:
    """All from a time on, oldest first, of at most three months: the first list has three days. VenueError (`rows`)
    where there are more than can be read."""
    path = FILLS if api.venue_ms - begin_ms < _RECENT_MS else FILLS_HISTORY
    rows = await _pages(api, path, {"instType": SWAP, "begin": str(begin_ms)}, "billId")
    return sorted(((of_fill_row(row), row) for row in rows), key=lambda pair: pair[0].place)


async def ended_since(api: Api, begin_ms: int) -> Sequence[Row]:
    """Orders that were made after a time and have ended, of at most three months; one without a fill is soon left out.
    VenueError as `fills_since`."""
    path = ORDERS if api.venue_ms - begin_ms < _WEEK_MS else ORDERS_ARCHIVE
    return await _pages(api, path, {"instType": SWAP, "begin": str(begin_ms)}, "ordId")


async def fills_of(api: Api, instrument: str, venue_id: str) -> list[Print]:
    """All fills of an order, oldest first: three days of them in one list, three months in the other."""
    for path in (FILLS, FILLS_HISTORY):
        query = {"instType": SWAP, "instId": instrument, "ordId": venue_id}
        rows = await _pages(api, path, query, "billId")
        if rows:
            return sorted((of_fill_row(row) for row in rows), key=lambda printed: printed.place)
    return []


async def positions_now(api: Api, instrument: str = "") -> list[Position]:
    """Of one instrument, or all."""
    query = {"instType": SWAP} | _of(instrument)
    return positions(await api.get("/api/v5/account/positions", query, urgency=Urgency.RESOLVE))


async def waiting_now(api: Api, kind: str, instrument: str = "") -> Sequence[Row]:
    """Stops and targets of a kind that wait, of one instrument or all."""
    query = {"instType": SWAP, "ordType": kind} | _of(instrument)
    return await _pages(api, "/api/v5/trade/orders-algo-pending", query, "algoId")


def _of(instrument: str) -> dict[str, str]:
    return {"instId": instrument} if instrument else {}


async def _pages(api: Api, path: str, query: dict[str, str], number: str) -> list[Row]:
    """All rows of a list that pages by `after`, newest first."""
    found: list[Row] = []
    asked = query | {"limit": str(PAGE)}
    for _ in range(_PAGES_MAX):
        rows = await api.get(path, asked, urgency=Urgency.RESOLVE)
        found += rows
        if len(rows) < PAGE:
            return found
        asked["after"] = word(rows[-1], number)
    raise VenueError(f"{path} has more than {_PAGES_MAX * PAGE} rows", code="rows", remedy="close some of them by hand")


def _shape(held: Sequence[Position]) -> set[tuple[str, str, str, str, str]]:
    return {
        (one.instrument, one.margin_mode, one.pos_side, str(one.signed), word(one.row, "uTime")) for one in held
    }  # fmt: skip


def _has_last_prints(held: Sequence[Position], fills: Sequence[tuple[Print, Row]], now_ms: int) -> bool:
    heard = {(printed.instrument, printed.trade_number) for printed, _ in fills}
    return all(
        (one.instrument, word(one.row, "tradeId")) in heard
        for one in held
        if word(one.row, "tradeId") and now_ms - time_ms(one.row, "uTime", "cTime") < _LAG_MS
    )
