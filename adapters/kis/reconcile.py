"""What became of an order without an answer, and the account as one consistent statement (§8, outcome table).

KIS takes no client id, so a lost order is found by what it is: share, side, size, price, kind and time, among numbers
that were not there before it was sent. It is never sent again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from adapters.kis.account import AccountReader, Balance
from adapters.kis.ledger import Ledger, LedgerOrder, LedgerReader
from adapters.kis.orders import Key
from adapters.kis.placements import Placement, Register
from adapters.wire.clock import Clock
from ruleengine import log
from ruleengine.ports.venue import VenueError

FULL_LEDGERS = 3
ABSENT_AFTER_S = 10.0
DISAGREE_S = 60.0
"""So long the order list may be taken for lagging because the balance knows of other fills."""
_FIRST_LOOK_S, _LOOK_EVERY_S = 0.5, 5.0
_STATEMENT_TRIES = 6


Look = Callable[[Placement], Awaitable[tuple[Ledger, bool]]]
"""Reads the order list of a placement's share since it was sent, and says whether the balance agrees with it."""
_T = TypeVar("_T")


async def seek(placement: Placement, find: Callable[[Ledger], _T | None], look: Look, clock: Clock) -> _T | None:
    """Look until `find` finds something in the venue's list. None is what three full lists in a row, over ten seconds,
    don't have; a list that could not be read whole, or that lags behind the balance, is none of them."""
    begun = clock.monotonic()
    misses, first = 0, begun
    await clock.sleep(_FIRST_LOOK_S)
    while True:
        try:
            ledger, agrees = await look(placement)
        except VenueError as error:
            log.bound(order=placement.order.id).warning("the order list can't be read: {}", error)
        else:
            found = find(ledger)
            if found is not None:
                return found
            now = clock.monotonic()
            if not agrees and now - begun < DISAGREE_S:
                misses = 0
            else:
                misses += 1
                first = now if misses == 1 else first
                if misses >= FULL_LEDGERS and now - first >= ABSENT_AFTER_S:
                    return None
        await clock.sleep(_LOOK_EVERY_S)


def pair(waiting: Sequence[Placement], register: Register, ledger: Ledger) -> dict[str, tuple[LedgerOrder, ...]]:
    """Rows of orders of ours without a number, by our id: one is the order; several: nobody can tell by the venue's
    word. A row is of one order, and rather of one of its own size than of a sale that was cut to it. Orders of one kind
    left one after the other, so the first of them is the first row; a row too many can't be told from theirs."""
    rows = sorted(ledger.orders, key=lambda row: (row.ordered_ns, row.number))
    oldest_first = sorted(waiting, key=lambda each: each.sent_ns)
    could = {each.order.id: register.matches(each, rows) for each in oldest_first}
    found: dict[str, tuple[LedgerOrder, ...]] = {}
    taken: set[Key] = set()
    for is_cut in (False, True):
        for placement in oldest_first:
            name, units = placement.order.id, placement.request.units
            free = (row for row in could[name] if row.key not in taken and (row.units != units) is is_cut)
            if name not in found and (row := next(free, None)) is not None:
                found[name] = (row,)
                taken.add(row.key)
    for name, matching in could.items():
        if any(row.key not in taken for row in matching):
            found[name] = tuple(matching)
    return found


async def statement(
    ledgers: LedgerReader, accounts: AccountReader, is_ahead: Callable[[Ledger], bool], clock: Clock
) -> tuple[Ledger, Balance]:  # fmt: skip
    """Order list and balance with the same fills in both. `is_ahead`: we have heard of fills that the list lacks.

    Where the day's sums never agree, a balance between two equal lists has to do.

    Errors   VenueError where they can't be read, or don't come to rest.
    """
    before: Ledger | None = None
    for attempt in range(_STATEMENT_TRIES):
        ledger = await ledgers.today()
        balance = await accounts.balance()
        if ledger.is_priced and not is_ahead(ledger):
            if balance.agrees_with(ledger):
                return ledger, balance
            if attempt == _STATEMENT_TRIES - 1 and before is not None and _same(before, ledger):
                after = await ledgers.today()
                if _same(ledger, after) and not is_ahead(after):
                    log.bound().warning("balance and order list state other sums of the day; the balance is taken")
                    return after, balance
        before = ledger
        if attempt < _STATEMENT_TRIES - 1:
            await clock.sleep(0.5 * (attempt + 1))
    raise VenueError(
        "balance and order list of the venue don't agree", code="LAG", remedy="wait a moment: one of them lags"
    )


def _same(one: Ledger, other: Ledger) -> bool:
    return one.filled() == other.filled()
