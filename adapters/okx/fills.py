"""Fills, made in one place, so that one heard by push, by query and after a restart has the same fields each time.

The venue numbers a print, which is one for both of its sides: (tradeId, ordId) names a fill. Its fee is negative when
it costs (trap 15). Where the account nets, whether a fill opens or reduces follows from the position before it, which
is counted from the position that was read last, forwards and backwards along the venue's own times.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from adapters.okx.account import MarginMode, Position, trade_id
from adapters.okx.rows import MS, Row, figure, maybe, side_of, time_ms, word
from ruleengine.model.event import Fill
from ruleengine.model.side import Side

FILLS_MAX = 4_000
"""Fills that are remembered of one position."""
_ZERO = Decimal(0)
_REASONS = MappingProxyType({
    "full_liquidation": "liquidation", "partial_liquidation": "liquidation", "adl": "adl", "delivery": "delivery",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """What a fill does not say of its order. `order_id`: ours, "" for another's (trap 14: liquidations and ADL have no
    client id). `units`: of our order, to tell its last fill. `only_reduces`: by its own word it opens nothing."""

    order_id: str
    margin_mode: str
    category: str = "normal"
    is_attached: bool = False
    units: Decimal = _ZERO
    only_reduces: bool = False

    @property
    def reason(self) -> str:
        return _REASONS.get(self.category, "protection" if self.is_attached else "")


@dataclass(frozen=True, slots=True)
class Print:
    """One fill as the venue states it. Units: contracts, USDT; `fee` positive: paid."""

    instrument: str
    trade_number: str
    venue_id: str
    side: Side
    pos_side: str
    size: Decimal
    price: Decimal
    fee: Decimal
    realised: Decimal
    ms: int

    @property
    def id(self) -> str:
        """Of its own among all instruments and both sides of a print."""
        return f"{self.trade_number}-{self.venue_id}"

    @property
    def place(self) -> tuple[int, int, str]:
        """Where it stands in the venue's order."""
        number = int(self.trade_number) if self.trade_number.isdigit() else 0
        return self.ms, number, self.venue_id

    @property
    def signed(self) -> Decimal:
        return self.size * (self.side.sign * (-1 if self.pos_side == "short" else 1))


def of_fill_row(row: Row) -> Print:
    """From `/trade/fills`: fee and result are the fill's own."""
    return _print(row, figure(row, "fee"), maybe(row, "fillPnl"))


def of_push(row: Row) -> Print | None:
    """From the orders channel, whose `fee` and `pnl` are sums over the order; None for a push without a fill."""
    if not word(row, "tradeId") or not maybe(row, "fillSz"):
        return None
    return _print(row, figure(row, "fillFee"), maybe(row, "fillPnl"))


def _print(row: Row, fee: Decimal, realised: Decimal | None) -> Print:
    return Print(
        word(row, "instId"), word(row, "tradeId"), word(row, "ordId"), side_of(row), word(row, "posSide") or "net",
        figure(row, "fillSz"), figure(row, "fillPx"), -fee, realised or _ZERO, time_ms(row, "fillTime", "ts"),
    )  # fmt: skip


@dataclass(slots=True)
class _Track:
    """One position through time: `units` (signed) after all prints up to and including `at`."""

    at: tuple[int, int, str] | None = None
    units: Decimal = _ZERO
    prints: list[Print] = field(default_factory=list)

    def before(self, one: Print) -> Decimal | None:
        """Position before a print that is among `prints`; None where it was never read."""
        if self.at is None:
            return None
        place = one.place
        if place > self.at:
            return self.units + sum((p.signed for p in self.prints if self.at < p.place < place), _ZERO)
        return self.units - sum((p.signed for p in self.prints if place <= p.place <= self.at), _ZERO)

    def now(self) -> Decimal | None:
        if self.at is None:
            return None
        return self.units + sum((p.signed for p in self.prints if p.place > self.at), _ZERO)


class FillBook:
    """All fills that were heard, and what they made of each position of our margin mode."""

    def __init__(self, ours: MarginMode) -> None:
        self._ours = ours
        self._at: tuple[int, int, str] | None = None
        self._from: tuple[int, int, str] | None = None
        """All prints from here on are known; None: all."""
        self._tracks: dict[tuple[str, str], _Track] = {}
        self._told: dict[str, None] = {}
        self._by_order: dict[str, dict[str, Decimal]] = {}
        self._apart: dict[str, None] = {}
        """Those that moved the position of the other margin mode."""

    def anchor(self, held: Sequence[Position], ms: int) -> None:
        """Positions as they were read, with every fill up to `ms` in them; a side that is not listed is flat."""
        sizes = {(one.instrument, one.pos_side): one.signed for one in held if one.margin_mode == self._ours}
        self._at = (ms, 1 << 62, "~")
        for key in self._tracks.keys() | sizes.keys():
            track = self._track(key)
            track.at, track.units = self._at, sizes.get(key, _ZERO)

    def known_from(self, first: Print) -> None:
        """Prints before this one may be missing: what they did is not counted back to from a position."""
        self._from = first.place

    def known_back_to(self, first: Print) -> None:
        """All prints from this one on were learned."""
        if self._from is not None:
            self._from = min(self._from, first.place)

    def learn(self, one: Print, *, is_told: bool) -> None:
        """Remember a fill. `is_told`: the engine need not hear of it."""
        prints = self._track((one.instrument, one.pos_side)).prints
        index = bisect_left(prints, one.place, key=lambda p: p.place)
        if one.id not in self._apart and (index == len(prints) or prints[index].place != one.place):
            insort(prints, one, key=lambda p: p.place)
            del prints[:-FILLS_MAX]
        if is_told:
            self._told[one.id] = None
            self._by_order.setdefault(one.venue_id, {})[one.id] = one.size
        _keep_last(self._told, FILLS_MAX)
        _keep_last(self._by_order, FILLS_MAX)

    def assign(self, one: Print, facts: Facts) -> bool:
        """Whether it moved the position of our margin mode. One that did not counts in no position from now on: to be
        done with all that are told together before the first, for what one did is counted back from those after it."""
        if facts.margin_mode in ("", self._ours):
            return True
        prints = self._track((one.instrument, one.pos_side)).prints
        if one in prints:
            prints.remove(one)
        self._apart[one.id] = None
        _keep_last(self._apart, FILLS_MAX)
        return False

    def is_told(self, fill_id: str) -> bool:
        return fill_id in self._told

    def filled(self, venue_id: str) -> Decimal:
        """Contracts of an order by the fills that were told: what its cumulative figure is checked against."""
        return sum(self._by_order.get(venue_id, {}).values(), _ZERO)

    def forget_told(self, venue_id: str) -> None:
        """The fills of this order are to be told again: to an engine that was not there."""
        for fill_id in self._by_order.pop(venue_id, {}):
            self._told.pop(fill_id, None)

    def units(self, instrument: str, pos_side: str) -> Decimal | None:
        """Signed contracts now, by the last reading and the fills since; None: never read."""
        return self._track((instrument, pos_side)).now()

    def events(self, one: Print, facts: Facts, ts: int) -> list[Fill]:
        """The fill as the model's; two where it takes a position over to the other side. `learn` it first."""
        side, closing = self._reach(one, facts)
        parts = [(True, closing)] if closing else []
        if one.size > closing:
            parts.append((False, one.size - closing))
        is_last = facts.units <= 0 or self._upto(one) >= facts.units
        return [
            Fill(
                ts, one.ms * MS, one.instrument, facts.order_id, one.side, units, one.price,
                trade_id(one.instrument, side if reduces else one.side, facts.margin_mode, self._ours),
                not reduces, one.realised if reduces else _ZERO, _share(one, units), facts.reason,
                is_last and number == len(parts), fill_id=one.id,
            )
            for number, (reduces, units) in enumerate(parts, 1)
        ]  # fmt: skip

    def _track(self, key: tuple[str, str]) -> _Track:
        """A side that no reading named was flat in the last one."""
        return self._tracks.setdefault(key, _Track(self._at))

    def _reach(self, one: Print, facts: Facts) -> tuple[Side, Decimal]:
        """(side that is reduced, contracts of the fill that reduce it)."""
        if one.pos_side != "net":
            side = Side(one.pos_side)
            return side, one.size if one.side is not side else _ZERO
        side = one.side.opposite
        track = self._track((one.instrument, one.pos_side))
        is_counted = self.assign(one, facts) and (self._from is None or one.place >= self._from)
        before = track.before(one) if is_counted else None
        if facts.only_reduces:
            return side, one.size
        if before is None:
            return side, one.size if one.realised else _ZERO  # only what closes realises something
        return side, min(one.size, max(before * side.sign, _ZERO))

    def _upto(self, one: Print) -> Decimal:
        """Contracts of the print's order up to and including it."""
        prints = self._track((one.instrument, one.pos_side)).prints
        return sum((p.size for p in prints if p.venue_id == one.venue_id and p.place <= one.place), _ZERO)


def _share(one: Print, units: Decimal) -> Decimal:
    """What a part of a fill pays of its fee."""
    return one.fee if units == one.size else one.fee * units / one.size


def _keep_last(kept: dict[str, None] | dict[str, dict[str, Decimal]], most: int) -> None:
    while len(kept) > most:
        del kept[next(iter(kept))]
