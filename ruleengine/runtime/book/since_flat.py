"""What opened each side of a position since that side was last flat: its first order, and every addition to it (SC-08).

One for each side of an instrument. On a netting account one of the two is always empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ruleengine.model.addition import Addition
from ruleengine.model.order import Order

OPENINGS_MAX = 512
"""Opening orders of a side that are kept apart; older ones are only counted."""

UNHEARD = "@"
"""What the name of an opening begins with of which the venue's book alone told, so that no order is known for it."""

_ZERO = Decimal(0)


class Sender(NamedTuple):
    """What is known of the order behind a fill, and of the intent behind the order. `order` None: a stop, a target, or
    somebody else's. `filled`: what we heard fill of it before."""

    order: Order | None = None
    kind: str = ""
    rule: str = ""
    addition: Addition | None = None
    filled: Decimal = _ZERO


@dataclass(slots=True)
class Opening:
    """What one order opened: its first fill and its units. `rule`, `kind`, `leverage`, `addition`: of the order, where
    it is ours and known."""

    ts: int
    price: Decimal
    units: Decimal
    rule: str = ""
    kind: str = ""
    leverage: Decimal | None = None
    addition: Addition | None = None

    def sent_by(self, sender: Sender) -> None:
        """Says whose it is."""
        self.kind, self.rule, self.addition = sender.kind, sender.rule, sender.addition
        self.leverage = None if sender.order is None else sender.order.leverage

    def state(self) -> list[Any]:
        leverage = None if self.leverage is None else str(self.leverage)
        addition = None if self.addition is None else self.addition.to_json()
        return [self.ts, str(self.price), str(self.units), self.rule, self.kind, leverage, addition]

    @classmethod
    def from_state(cls, row: list[Any]) -> Opening:
        ts, price, units, rule, kind, leverage, addition = row
        stated = None if leverage is None else Decimal(leverage)
        return cls(ts, Decimal(price), Decimal(units), rule, kind, stated, Addition.from_json(addition))


class Explained(NamedTuple):
    """What a late fill explained: the order's opening, when the book told of it, whether the order is `new` to the
    history, whether `all` of what was found then has a name now, and how many `units` of it got one."""

    opening: Opening
    found_ns: int
    is_new: bool
    is_all: bool
    units: Decimal


@dataclass(slots=True)
class SinceFlat:
    """Orders that opened a side since it was flat, by id; `forgotten`: additions that are only counted."""

    openings: dict[str, Opening] = field(default_factory=dict)
    forgotten: int = 0

    def add(self, key: str, ts: int, price: Decimal, units: Decimal) -> Opening:
        """Count a fill of an order that opens."""
        opening = self.openings.setdefault(key, Opening(ts, price, _ZERO))
        opening.units += units
        opening.ts, opening.price = min((opening.ts, opening.price), (ts, price))
        if len(self.openings) > OPENINGS_MAX:
            first = self.first()
            del self.openings[next(name for name, each in self.openings.items() if each is not first)]
            self.forgotten += 1
        return opening

    def explain(self, key: str, most: Decimal, ts: int, price: Decimal, units: Decimal) -> Explained | None:
        """A fill of the order `key`, of `most` units, that the venue's book told of first: what was found then has its
        name from here on. None where the order has all of it already, or nothing was found."""
        known = self.openings.get(key)
        left = most - (known.units if known is not None else _ZERO)
        name = next((each for each in self.openings if each.startswith(UNHEARD)), None)
        if name is None or left <= 0:
            return None
        unnamed = self.openings[name]
        taken = min(units, unnamed.units, left)
        unnamed.units -= taken
        if unnamed.units == 0:
            del self.openings[name]
        return Explained(self.add(key, ts, price, taken), unnamed.ts, known is None, unnamed.units == 0, taken)

    def first(self) -> Opening:
        return min(self.openings.values(), key=lambda opening: (opening.ts, opening.price))

    def additions(self) -> int:
        """Orders that added to the side which the first one had opened."""
        return max(len(self.openings) + self.forgotten - 1, 0)

    def last_addition(self) -> Opening | None:
        """The newest order that added to the side; None where there is none."""
        first = self.first() if self.openings else None
        added = [each for each in self.openings.values() if each is not first]
        return max(added, key=lambda opening: (opening.ts, opening.price)) if added else None

    def clear(self) -> None:
        self.openings.clear()
        self.forgotten = 0

    def state(self) -> dict[str, Any]:
        return {"openings": {key: each.state() for key, each in self.openings.items()}, "forgotten": self.forgotten}

    @classmethod
    def from_state(cls, row: Mapping[str, Any]) -> SinceFlat:
        return cls({key: Opening.from_state(each) for key, each in row["openings"].items()}, row["forgotten"])
