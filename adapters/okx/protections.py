"""Stops and targets that came attached to our orders, kept no larger than the position that they protect.

The venue leaves them where they are when another order cuts or closes the position, and nothing says that in net mode
they only reduce: one that is left would open a position, or close one that was opened later. So what is too much is cut
or cancelled: after a fill that reduces, and at each reading of the account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from adapters.okx.account import Position
from adapters.okx.api import Api, Said
from adapters.okx.errors import Meaning, meaning
from adapters.okx.names import is_protection
from adapters.okx.orders import AMEND_ALGOS, CANCEL_ALGOS
from adapters.okx.rows import Row, maybe, word
from adapters.okx.truth import positions_now, waiting_now
from adapters.wire.budget import Urgency
from ruleengine import log
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueError

_KINDS = ("conditional", "oco")
_YOUNG_MS = 2_000
"""Where one was made since nothing is done for now: the fill that it came with may not be in the position yet."""
_LOOKS = 2
"""So often in a row it has to fit: the position may lag behind the fill, too."""
_PAUSE_S = 1.0
_ROUNDS_MAX = 30


@dataclass(frozen=True, slots=True)
class Excess:
    """One that is larger than what is left of its position. `keep`: contracts that it may stand for; 0: none."""

    row: Row
    keep: Decimal


def excess(held: Sequence[Position], waiting: Sequence[Row]) -> list[Excess]:
    """What is too much. Of several the newest are kept: they go with what was decided last."""
    left = {(one.instrument, one.margin_mode, one.pos_side, _closes(one)): one.units for one in held}
    found = []
    ours = (row for row in waiting if is_protection(word(row, "algoClOrdId")))
    for row in sorted(ours, key=_made_ms, reverse=True):
        size = maybe(row, "sz")
        if size is None:
            continue  # it closes what there is, whatever that is
        key = (word(row, "instId"), word(row, "tdMode"), word(row, "posSide") or "net", word(row, "side"))
        keep = min(size, left.get(key, Decimal(0)))
        left[key] = left.get(key, Decimal(0)) - keep
        if keep < size:
            found.append(Excess(row, keep))
    return found


def _made_ms(row: Row) -> int:
    return int(maybe(row, "cTime") or 0)


def _closes(position: Position) -> str:
    return "sell" if position.side is Side.LONG else "buy"


class Protections:
    """`acts`: false as long as nothing may be sent (before the events are asked for)."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.acts = False
        self._may_be: set[str] = set()
        """Instruments in which some may wait."""
        self._following: set[str] = set()
        self._asked: set[str] = set()
        """Of those that are followed: where more was reduced since the position was read."""

    def sent(self, order: Order) -> None:
        """An order leaves, perhaps with something attached."""
        if order.stop is not None or order.target is not None:
            self._may_be.add(order.instrument)

    async def read(self, held: Sequence[Position], waiting: Sequence[Row]) -> None:
        """A reading of the whole account: cut what is too much in it."""
        self._may_be |= {word(row, "instId") for row in waiting if is_protection(word(row, "algoClOrdId"))}
        if self.acts:
            await self._cut(held, waiting)

    async def follow(self, instrument: str) -> None:
        """After a fill that reduces: cut until nothing is too much. One at a time for an instrument."""
        if not self.acts or instrument not in self._may_be:
            return
        self._asked.add(instrument)
        if instrument in self._following:
            return
        self._following.add(instrument)
        try:
            fits = 0
            for _ in range(_ROUNDS_MAX):
                self._asked.discard(instrument)
                fits = fits + 1 if await self._is_fit(instrument) and instrument not in self._asked else 0
                if fits == _LOOKS:
                    return
                await self._api.clock.sleep(_PAUSE_S)
            log.bound(venue="okx").error("stops attached in {} are larger than the position: look at them", instrument)
        finally:
            self._following.discard(instrument)

    async def _is_fit(self, instrument: str) -> bool:
        try:
            first = await positions_now(self._api, instrument)
            waiting = [row for kind in _KINDS for row in await waiting_now(self._api, kind, instrument)]
            held = await positions_now(self._api, instrument)
        except VenueError as error:
            log.bound(venue="okx").warning("attached stops of {} can't be read yet: {}", instrument, error)
            return False
        is_still = {(one.pos_side, one.signed) for one in first} == {(one.pos_side, one.signed) for one in held}
        return is_still and await self._cut(held, waiting)

    async def _cut(self, held: Sequence[Position], waiting: Sequence[Row]) -> bool:
        """False where something is too much, or may be: then it is looked at again."""
        found = excess(held, waiting)
        young = {
            word(row, "instId")
            for row in waiting
            if is_protection(word(row, "algoClOrdId")) and self._api.venue_ms - _made_ms(row) < _YOUNG_MS
        }
        for one in found:
            if word(one.row, "instId") not in young:
                await self._change(one)
        return not found and not young

    async def _change(self, one: Excess) -> None:
        named: dict[str, Any] = {"instId": word(one.row, "instId"), "algoId": word(one.row, "algoId")}
        if one.keep:
            said = await self._api.post(AMEND_ALGOS, named | {"newSz": one.keep}, urgency=Urgency.EXIT)
        else:
            said = await self._api.post(CANCEL_ALGOS, [named], urgency=Urgency.EXIT)
        what = f"attached stop {named['algoId']} of {named['instId']}"
        if isinstance(said, Said) and meaning(said.code) in (Meaning.DONE, Meaning.GONE):
            log.bound(venue="okx").info("{} was cut from {} to {}", what, word(one.row, "sz"), one.keep)
        else:
            log.bound(venue="okx").warning("{} could not be cut to {} yet: {}", what, one.keep, said)
