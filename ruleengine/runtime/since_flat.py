"""What opened a position since it was last flat: its first fill, and how often it was added to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.model.side import Side

OPENINGS_MAX = 512
"""Opening orders of a position that are kept apart; older ones are only counted."""

_ZERO = Decimal(0)


@dataclass(slots=True)
class Opening:
    """What one order opened: its first fill and its units."""

    side: Side
    ts: int
    price: Decimal
    units: Decimal


@dataclass(slots=True)
class SinceFlat:
    """What opened a position since it was flat, by order; `forgotten`: (long, short) orders that are only counted."""

    openings: dict[str, Opening] = field(default_factory=dict)
    forgotten: list[int] = field(default_factory=lambda: [0, 0])

    def add(self, key: str, side: Side, ts: int, price: Decimal, units: Decimal) -> None:
        opening = self.openings.setdefault(key, Opening(side, ts, price, _ZERO))
        opening.units += units
        opening.ts, opening.price = min((opening.ts, opening.price), (ts, price))
        if len(self.openings) > OPENINGS_MAX:
            first = self.first()
            key = next(key for key, each in self.openings.items() if each is not first)
            self.forgotten[self.openings.pop(key).side is Side.SHORT] += 1

    def first(self) -> Opening:
        return min(self.openings.values(), key=lambda opening: (opening.ts, opening.price))

    def additions(self) -> int:
        """Orders that added to a side which the first order of that side had opened."""
        sides = [opening.side for opening in self.openings.values()]
        return sum(max(sides.count(side) + self.forgotten[side is Side.SHORT] - 1, 0) for side in Side)

    def state(self) -> dict[str, Any]:
        rows = {key: [o.side.value, o.ts, str(o.price), str(o.units)] for key, o in self.openings.items()}
        return {"openings": rows, "forgotten": list(self.forgotten)}

    @classmethod
    def from_state(cls, row: Mapping[str, Any]) -> SinceFlat:
        openings = {
            key: Opening(Side(side), ts, Decimal(price), Decimal(units))
            for key, (side, ts, price, units) in row["openings"].items()
        }
        return cls(openings, list(row["forgotten"]))
