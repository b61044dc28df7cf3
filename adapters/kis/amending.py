"""Changes of an order that rests (§4.2): fewer units are a cancel of a part, another price is a revision of all that is
left. A revision of a part would leave two orders, and none can make an order larger.

    1. read how it stands; an order that is not out any more needs no change
    2. fewer units: take back what is too much; the order keeps its number and its place
    3. another price: what is left moves to a new number, which is ours as well
    4. each is sent once, and is done when the order list shows it: a reply means that it was sent on. What the list
       lacks three times over ten seconds was not done. Until then nothing else of this share and side leaves
    5. told once, at the end: the order as it stands, with a code where it is not as it was wanted
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from adapters.kis import errors, orders
from adapters.kis.client import Client, Sent
from adapters.kis.errors import Answer, Meaning
from adapters.kis.figures import is_refused
from adapters.kis.hosts import AccountNumber
from adapters.kis.ledger import Ledger, LedgerReader
from adapters.kis.orders import Key
from adapters.kis.placements import Placement, Stage
from adapters.kis.search import Search
from adapters.kis.services import CANCEL
from adapters.kis.standing import Standing
from adapters.wire.budget import Urgency
from adapters.wire.clock import Clock
from adapters.wire.outcome import NotSent, Unknown
from ruleengine import log
from ruleengine.ports.venue import VenueError

_ZERO = Decimal(0)
Bounds = tuple[Decimal, Decimal]
"""The lowest and the highest price of the day."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is wanted; None: as it is. `units`: of the whole order. `begun`: when it was asked for (monotonic)."""

    units: Decimal | None
    price: Decimal | None
    bounds: Bounds | None
    begun: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change came to. `code` "": it is as it was wanted. `is_known`: the venue said so, or it never left."""

    code: str = ""
    why: str = ""
    is_known: bool = True


DONE = Outcome()


class Amending:
    """Of one account. `cancel`: takes back all that is left of an order of ours."""

    def __init__(
        self, client: Client, account: AccountNumber, ledgers: LedgerReader, search: Search, standing: Standing,
        cancel: Callable[[str], Awaitable[None]], clock: Clock, wait_s: float,
    ) -> None:  # fmt: skip
        self._client, self._account, self._ledgers, self._search = client, account, ledgers, search
        self._standing, self._cancel, self._clock, self._wait_s = standing, cancel, clock, wait_s
        self._log = log.bound(venue="kis")

    async def amend(self, placement: Placement, change: Change) -> None:
        """Change it, and tell how it stands. Nothing else of its share and side is on its way meanwhile."""
        placement.is_amending = True
        try:
            outcome = await self._changed(placement, change)
        except Exception as error:  # noqa: BLE001 - whatever it is, how the order stands has to be told
            self._log.opt(exception=error).error("a change of an order ended in an error")
            outcome = Outcome("ERROR", type(error).__name__)
        finally:
            placement.is_amending = placement.is_revising = False
            self._standing.doubt.set()
        if placement.stage is Stage.WORKING:
            self._standing.tell_figures(placement, outcome.code, outcome.why)
        elif placement.stage is not Stage.DONE:
            self._standing.tell_again(placement.order.id)  # it never came to rest, and that was said

    async def _changed(self, placement: Placement, change: Change) -> Outcome:
        refused = self._refusal(placement, change)
        if refused is not None:
            return refused
        try:
            known = await self._read(placement)
        except VenueError as error:
            return Outcome(error.code or "LEDGER", f"not sent: the order list can't be read before: {error}")
        outcome, units, price = DONE, change.units, change.price
        if units is not None and units < placement.request.units:
            outcome = _unfit(placement) or await self._lower(placement, units, known)
        if outcome.code or price is None or price == placement.request.price:
            return outcome
        return _unfit(placement) or await self._reprice(placement, price, known)

    def _refusal(self, placement: Placement, change: Change) -> Outcome | None:
        """Why nothing is sent, by what is known here. A price that an entry waited for is of another time."""
        if placement.stage is not Stage.WORKING:
            return Outcome("NOT_RESTING", "it does not rest at the venue")
        if not placement.request.price:
            return Outcome("MARKET_ORDER", "an order at the market can't be changed")
        if change.price is None:
            return None
        waited_s = self._clock.monotonic() - change.begun
        if waited_s > self._wait_s and not placement.reduces:
            return Outcome("LANE", f"waited {waited_s:.0f} s for an order before it to be answered")
        low, high = change.bounds or (change.price, change.price)
        if not low <= change.price <= high:
            return Outcome("PRICE_LIMIT_EXCEEDED", f"{change.price} is outside the day's {low:f}–{high:f}")
        return None

    async def _read(self, placement: Placement) -> frozenset[Key]:
        """How it stands; the numbers that are there before."""
        urgency = Urgency.EXIT if placement.reduces else Urgency.ENTRY
        ledger = await self._ledgers.today(placement.request.symbol, urgency=urgency)
        self._standing.apply(ledger)
        return ledger.keys()

    async def _lower(self, placement: Placement, units: Decimal, known: frozenset[Key]) -> Outcome:
        """Take back what is above `units`; all that is left where so many have filled."""
        if placement.tally is not None and units <= placement.tally.counted:
            await self._cancel(placement.order.id)
            return Outcome("CANCELLING", f"{placement.tally.counted} have filled: what is left is taken back")
        kind, taken = placement.request.kind, placement.request.units - units
        came = await self._send(placement, orders.cancel_body(self._account, placement.resting[-1], kind, taken))
        return await self._outcome(placement, came, lambda: placement.request.units <= units, known)

    async def _reprice(self, placement: Placement, price: Decimal, known: frozenset[Key]) -> Outcome:
        """Move all that is left to another price."""
        placement.is_revising = placement.has_lost_revision = True
        came = await self._send(placement, orders.revise_body(self._account, placement.resting[-1], price))
        number = None
        if isinstance(came, Answer) and came.meaning is Meaning.DONE:
            number = orders.number_of(came, self._clock.now_ns())
        if number is not None:
            self._standing.register.own(placement, number)
            self._standing.release()
        outcome = await self._outcome(placement, came, lambda: placement.request.price == price, known)
        placement.has_lost_revision = number is None and not outcome.is_known
        return outcome

    async def _send(self, placement: Placement, body: Mapping[str, str]) -> Sent:
        return await self._client.send(
            CANCEL, body, urgency=Urgency.EXIT if placement.reduces else Urgency.ENTRY,
            patience_s=None if placement.reduces else self._wait_s,
        )  # fmt: skip

    async def _outcome(
        self, placement: Placement, came: Sent, is_as_wanted: Callable[[], bool], known: frozenset[Key]
    ) -> Outcome:  # fmt: skip
        """By the order list. `known`: numbers that were there before."""
        match came:
            case NotSent():
                return Outcome(came.code, f"not sent: {came.reason}")
            case Answer(meaning=Meaning.REFUSED):
                await self._look(placement)
                return Outcome(came.code, errors.said(came))
            case Unknown():
                missed = Outcome(came.code, f"{came.reason}; three full order lists lack it", is_known=False)
            case _:
                missed = Outcome("UNCONFIRMED", "it was sent on; three full order lists lack it", is_known=False)
        refused: list[Key] = []

        def is_told(ledger: Ledger) -> bool:
            refused.extend(_refused(placement, ledger, known))
            return bool(refused) or is_as_wanted() or placement.stage is not Stage.WORKING

        if not await self._search.shows(placement, is_told):
            await self._look(placement)
            return missed
        return DONE if is_as_wanted() or not refused else Outcome("EXCHANGE", "the exchange refused the change")

    async def _look(self, placement: Placement) -> None:
        """Nothing of the change is on its way any more: was a fill or a cancel before it?"""
        placement.is_revising = False
        try:
            await self._read(placement)
        except VenueError as error:
            self._log.warning("the order list can't be read after a refusal: {}", error)


def _unfit(placement: Placement) -> Outcome | None:
    """Why nothing (more) is sent, by what the list says."""
    if placement.stage is not Stage.WORKING or placement.is_cancelling:
        return Outcome("CANCELLING", "it has ended, or is being cancelled")
    if len(placement.resting) > 1:
        numbers = ", ".join(number.number for number in placement.resting)
        return Outcome("SEVERAL_NUMBERS", f"a part of it was revised by hand: it rests under {numbers}")
    return None


def _refused(placement: Placement, ledger: Ledger, known: frozenset[Key]) -> list[Key]:
    """New rows of changes of this order that the exchange refused."""
    ours = {number.number for number in placement.numbers}
    return [
        row.key for row in ledger.orders if row.original in ours and row.key not in known and is_refused(row)
    ]  # fmt: skip
