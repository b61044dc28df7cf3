"""Positions as rules see them: one frame for each instrument, kept from what its two sides are made of.

Sizes of the sides are the account's, whoever holds them; everything else is of our own trades: somebody else's beside
them is no part of what we opened, added to, or measure a gain from.

    1. `SideBook.opened`   an order opened or added to a side; its history and its peaks since that
    2. `Positions.show`    sizes, prices and history into the frames that show the side
    3. `SideBook.follow`   best and worst closing price, kept per unit of price (OPS-05), on every quote that moves them

The frame of an instrument shows our larger side (`position.side`). On a hedging account both sides may stand, so each
has a frame of its own too, for rules that add to one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import MarketFrame, PositionFrame
from ruleengine.model.instrument import Instrument
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown, known
from ruleengine.runtime.book.since_flat import Opening, SinceFlat

_OF_SIDE = (
    "side", "first_entry_price", "average_price", "opened_at", "initial_units", "last_addition_at", "leverage",
    "best_gain", "best_price", "worst_price", "best_price_since_addition", "best_gain_since_addition",
)  # fmt: skip
"""Slots that a flat side leaves unknown."""
_FLAT = {slot: Unknown(Reason.MISSING, f"position.{slot}", "flat") for slot in _OF_SIDE}
_ZERO = Decimal(0)
_NO_ADDITION = Unknown(Reason.MISSING, "position.last_addition_at", "no addition yet")
_NO_LEVERAGE = Unknown(Reason.MISSING, "position.leverage", "its opening named none")
_SINCE_ADDITION = ("best_price_since_addition", "best_gain_since_addition")
PEAKS = ("best_price", "worst_price", "best_gain", *_SINCE_ADDITION)
"""Slots that a quote can move."""


class SideBook:
    """One side of an instrument's position. `shown_by`: frames that show it now. `frame`: its own, on a hedging
    account; the instrument's where one side alone can stand."""

    __slots__ = (
        "average",
        "best_gain",
        "best_gain_since_addition",
        "best_price",
        "best_price_since_addition",
        "frame",
        "history",
        "is_long",
        "shown_by",
        "side",
        "worst_price",
    )

    def __init__(self, side: Side, frame: PositionFrame) -> None:
        self.side, self.frame = side, frame
        self.is_long = side is Side.LONG
        self.history = SinceFlat()
        self.shown_by: list[PositionFrame] = []
        self.best_price: Any
        self.worst_price: Any
        self.best_gain: Any
        self.best_price_since_addition: Any
        self.best_gain_since_addition: Any
        self.average = 0.0
        self._forget(PEAKS)

    @property
    def is_open(self) -> bool:
        return bool(self.history.openings)

    def opened(self, key: str, ts: int, price: Decimal, units: Decimal) -> Opening:
        """A fill of the order `key` opened the side or added to it."""
        if key not in self.history.openings:
            self._forget(_SINCE_ADDITION)
        return self.history.add(key, ts, price, units)

    def close(self) -> None:
        """The side is flat: nothing of it counts for the next position."""
        self.history.clear()
        self._forget(PEAKS)
        self.average = 0.0

    def _forget(self, peaks: Sequence[str]) -> None:
        for slot in peaks:
            setattr(self, slot, _FLAT[slot])

    @property
    def quiet_best(self) -> Any:
        """The best price up to which no peak moves; those since an addition are never beyond those since flat."""
        since, gain = self.best_price_since_addition, self.best_gain_since_addition
        if since.__class__ is Unknown or gain.__class__ is Unknown:
            return since if since.__class__ is Unknown else gain
        return min(since, self.average + gain) if self.is_long else max(since, self.average - gain)

    def averaged(self, average: float) -> None:
        """The average entry is another one: what was gained over the one before stays, in distance and as a share."""
        if self.average and average > self.average:
            self.best_gain = _risen(self.best_gain, average / self.average)
            self.best_gain_since_addition = _risen(self.best_gain_since_addition, average / self.average)
        self.average = average

    def follow(self, price: float) -> None:
        """A closing price: bid for longs, ask for shorts. The first one is best and worst at once."""
        best, worst, since = self.best_price, self.worst_price, self.best_price_since_addition
        is_first, is_long = best.__class__ is Unknown, self.is_long
        if is_first or (price > best if is_long else price < best):
            best = price
        if is_first or (price < worst if is_long else price > worst):
            worst = price
        if since.__class__ is Unknown or (price > since if is_long else price < since):
            since = price
        self.best_price, self.worst_price, self.best_price_since_addition = best, worst, since
        if self.average:
            gain = price - self.average if is_long else self.average - price
            of_all, of_last = self.best_gain, self.best_gain_since_addition
            self.best_gain = gain if of_all.__class__ is Unknown or gain > of_all else of_all
            self.best_gain_since_addition = gain if of_last.__class__ is Unknown or gain > of_last else of_last
        for frame in self.shown_by:
            frame.best_price, frame.worst_price, frame.best_price_since_addition = best, worst, since
            frame.best_gain, frame.best_gain_since_addition = self.best_gain, self.best_gain_since_addition

    def show(self, frame: PositionFrame, units: Decimal, average: Decimal, contract_size: Decimal) -> None:
        """What the side is made of, in a frame."""
        history, first, last = self.history, self.history.first(), self.history.last_addition()
        frame.side, frame.additions = self.side.value, history.additions()
        frame.side_units = float(units * contract_size)
        frame.first_entry_price, frame.opened_at = float(first.price), first.ts
        frame.average_price, frame.initial_units = float(average), float(first.units * contract_size)
        frame.last_addition_at = _NO_ADDITION if last is None else last.ts
        frame.leverage = _NO_LEVERAGE if first.leverage is None else float(first.leverage)
        for slot in PEAKS:
            setattr(frame, slot, getattr(self, slot))

    def state(self) -> dict[str, Any]:
        peaks = {slot: value if known(value := getattr(self, slot)) else None for slot in PEAKS}
        return {**self.history.state(), **peaks, "average": self.average}

    def restore(self, row: Mapping[str, Any]) -> None:
        self.history = SinceFlat.from_state(row)
        for slot in PEAKS:
            setattr(self, slot, _FLAT[slot] if row.get(slot) is None else row[slot])
        self.average = row.get("average", 0.0)
        since, gain = row.get("best_price_since_addition"), row.get("best_gain")
        if "best_gain_since_addition" not in row and since is not None and gain is not None and self.average:
            # a state from before it was kept: the same, unless a close moved the average since
            told = since - self.average if self.is_long else self.average - since
            self.best_gain_since_addition = min(told, gain)


class Positions:
    """All positions of an account. `frames`: what rules read, by instrument."""

    def __init__(
        self, instruments: Mapping[str, Instrument], markets: Mapping[str, MarketFrame], *, nets: bool
    ) -> None:
        self._contract_size = {name: spec.contract_size for name, spec in instruments.items()}
        self.frames = {name: PositionFrame(m=markets[name], additions_today=0) for name in instruments}
        self.sides: dict[str, dict[Side, SideBook]] = {
            name: {
                side: SideBook(side, frame if nets else PositionFrame(m=markets[name], additions_today=0))
                for side in Side
            }
            for name, frame in self.frames.items()
        }

    def side(self, instrument: str, side: Side) -> SideBook:
        return self.sides[instrument][side]

    def all_frames(self, instrument: str) -> list[PositionFrame]:
        """The instrument's own frame, and those of its sides where they are others."""
        own = self.frames[instrument]
        return [own, *(book.frame for book in self.sides[instrument].values() if book.frame is not own)]

    def show(self, instrument: str, held: Mapping[Side, Decimal], ours: Mapping[Side, tuple[Decimal, Decimal]]) -> None:
        """Sizes (the venue's), and what each side is made of: `held` by anybody; (units, average price) of what is
        ours. A side without anything of ours is flat, and its book ends."""
        size, books = self._contract_size[instrument], self.sides[instrument]
        for book in books.values():
            if book.side not in ours:
                book.close()
        long_units, short_units = (ours[side][0] if side in ours else _ZERO for side in Side)
        larger = Side.LONG if long_units >= short_units else Side.SHORT
        for frame in self.all_frames(instrument):
            frame.long_units, frame.short_units = (float(held[side] * size) for side in Side)
            for slot in ("pending_long_units", "pending_short_units", "pending_levered_units"):
                if not known(getattr(frame, slot)):
                    setattr(frame, slot, 0.0)
        for book in books.values():
            if book.is_open and book.side in ours:
                book.averaged(float(ours[book.side][1]))
            book.shown_by = [self.frames[instrument]] if book.side is larger else []
            if book.frame is not self.frames[instrument]:
                book.shown_by.append(book.frame)
            for frame in book.shown_by:
                if book.is_open and book.side in ours:
                    book.show(frame, *ours[book.side], size)
                else:
                    _flat(frame)

    def pending(self, instrument: str, long_units: float, short_units: float, levered_units: float) -> None:
        """What orders that are out may still add to the sides, and tie up beyond the instrument's margin rate."""
        for frame in self.all_frames(instrument):
            frame.pending_long_units, frame.pending_short_units = long_units, short_units
            frame.pending_levered_units = levered_units

    def state(self) -> dict[str, Any]:
        return {
            name: {side.value: book.state() for side, book in books.items() if book.is_open}
            for name, books in self.sides.items()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        for name, rows in state.items():
            for word, row in rows.items():
                self.sides[name][Side(word)].restore(row)


def _risen(gain: Any, by: float) -> Any:
    """A gain as the same share of an average that has risen; a loss, and what is not known, stays as it is."""
    return gain * by if gain.__class__ is not Unknown and gain > 0 else gain


def _flat(frame: PositionFrame) -> None:
    if frame.side is _FLAT["side"]:
        return
    frame.additions, frame.side_units = 0, 0.0
    for slot, unknown in _FLAT.items():
        setattr(frame, slot, unknown)
