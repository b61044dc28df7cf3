"""A lot: what the venue numbers as one trade, exact in Decimal, whatever order its fills are heard in.

Fills are kept in the order of the venue's own time (openings before reductions of the same instant) and folded anew
with each one, so that a close that overtook its opening, or a late piece, ends in the same units and the same price.
Sizes are the venue's (contracts where an instrument has them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ruleengine.model.number import CONTEXT
from ruleengine.model.side import Side
from ruleengine.runtime.book.tags import Identity

PIECES_MAX = 256
"""Fills of one lot that are kept apart; older ones are folded into its beginning."""

_ZERO = Decimal(0)


class Piece(NamedTuple):
    """A part of a lot that one fill opened or took off. Sorts by the venue's time, openings first."""

    ts: int
    reduces: bool
    price: Decimal
    units: Decimal
    fee: Decimal = _ZERO
    """Of an opening fill, account currency."""


@dataclass(slots=True)
class Lot:
    """`base_…`: what was there before `pieces`. `opened`: all units it ever opened. `units` below 0: a close came
    before its opening. `identity` None: no opening has been heard of yet. `first_stop`: of its opening order. `fees`:
    of opening the units that are still open; None where the opening was not heard. `number`: the venue's, under which
    several lots can stand where it nets; "": the id itself. `is_sent`: an order of ours opened it, as far as we know of
    the order itself and not of its id."""

    id: str
    instrument: str
    side: Side
    identity: Identity | None = None
    client_id: str = ""
    rule: str = ""
    opened_ns: int = 0
    stop: Decimal | None = None
    target: Decimal | None = None
    first_stop: Decimal | None = None
    base_units: Decimal = _ZERO
    base_price: Decimal = _ZERO
    base_fees: Decimal | None = _ZERO
    opened: Decimal = _ZERO
    pieces: list[Piece] = field(default_factory=list)
    units: Decimal = _ZERO
    price: Decimal = _ZERO
    fees: Decimal | None = _ZERO
    number: str = ""
    is_sent: bool = False

    def add(self, piece: Piece) -> None:
        """Count a fill."""
        self.pieces.append(piece)
        self.pieces.sort()
        if not piece.reduces:
            self.opened += piece.units
        if len(self.pieces) > PIECES_MAX:
            older, self.pieces = self.pieces[: PIECES_MAX // 2], self.pieces[PIECES_MAX // 2 :]
            self.base_fees = fold_fees(self.base_units, self.base_fees, older)
            self.base_units, self.base_price = fold(self.base_units, self.base_price, older)
        self.units, self.price = fold(self.base_units, self.base_price, self.pieces)
        self.fees = fold_fees(self.base_units, self.base_fees, self.pieces)

    @property
    def is_open(self) -> bool:
        return self.units > 0

    @property
    def is_ours(self) -> bool:
        """Open, and by an order of ours."""
        return self.units > 0 and self.identity is not None and self.identity.owner == "engine"

    @property
    def owner(self) -> str:
        """`engine` or `manual`; "" where no opening has been heard of."""
        return "" if self.identity is None else self.identity.owner

    @property
    def stated_as(self) -> str:
        """The venue's number of it."""
        return self.number or self.id

    @property
    def last_ns(self) -> int:
        """The venue's time of the last fill that we know of it."""
        return max(self.opened_ns, self.pieces[-1].ts if self.pieces else 0)

    def is_over(self, ts: int) -> bool:
        """Closed in full before `ts`, by a fill or by a book that states it no more: an opening at `ts` under the same
        number is another position."""
        return self.units == 0 and (not self.pieces or self.pieces[-1].ts < ts)

    def set_units(self, units: Decimal) -> None:
        """So many are open, at the average that it has; their fees go with them."""
        if self.fees is not None:
            self.fees = CONTEXT.divide(CONTEXT.multiply(self.fees, units), self.units) if self.units > 0 else None
        self.units = self.base_units = units
        self.base_price, self.base_fees, self.pieces = self.price, self.fees, []
        self.opened = max(self.opened, units)

    def end(self) -> None:
        """The venue no longer has it."""
        self.units = self.base_units = _ZERO
        self.pieces = []


def fold(units: Decimal, price: Decimal, pieces: Sequence[Piece]) -> tuple[Decimal, Decimal]:
    """Units and average entry price after the pieces, in their order; a reduction leaves the average as it is.

    >>> one = Piece(1, False, Decimal(100), Decimal(10))
    >>> two = Piece(2, False, Decimal(106), Decimal(5))
    >>> fold(Decimal(0), Decimal(0), [one, two])
    (Decimal('15'), Decimal('102'))
    """
    for piece in pieces:
        if piece.reduces:
            units -= piece.units
        elif units > 0:
            cost = CONTEXT.add(CONTEXT.multiply(price, units), CONTEXT.multiply(piece.price, piece.units))
            units += piece.units
            price = CONTEXT.divide(cost, units)
        else:
            units, price = units + piece.units, piece.price
    return units, price


def fold_fees(units: Decimal, fees: Decimal | None, pieces: Sequence[Piece]) -> Decimal | None:
    """Fees of opening the units that are open after the pieces; a reduction takes its share of them along.

    >>> one, two = Piece(1, False, Decimal(100), Decimal(10), Decimal(4)), Piece(2, True, Decimal(106), Decimal(5))
    >>> fold_fees(Decimal(0), Decimal(0), [one, two])
    Decimal('2')
    """
    for piece in pieces:
        left = units - piece.units if piece.reduces else units + piece.units
        if not piece.reduces:
            fees = piece.fee if units <= 0 else None if fees is None else fees + piece.fee
        elif left <= 0:
            fees = _ZERO
        elif fees is not None:
            fees = CONTEXT.divide(CONTEXT.multiply(fees, left), units)
        units = left
    return fees


def opening_fees(lots: Sequence[Lot]) -> Decimal | None:
    """Fees of opening what is open of the lots; None where one of them doesn't know."""
    known = [lot.fees for lot in lots if lot.fees is not None]
    return sum(known, _ZERO) if len(known) == len(lots) else None


def total(lots: Sequence[Lot]) -> Decimal:
    return sum((lot.units for lot in lots), _ZERO)


def average_price(lots: Sequence[Lot]) -> Decimal:
    """Average entry price of open lots."""
    if len(lots) == 1:
        return lots[0].price
    cost = _ZERO
    for lot in lots:
        cost = CONTEXT.add(cost, CONTEXT.multiply(lot.price, lot.units))
    return CONTEXT.divide(cost, total(lots))


def lot_to_json(lot: Lot) -> dict[str, Any]:
    return {
        "id": lot.id,
        "instrument": lot.instrument,
        "side": lot.side.value,
        "who": identity_to_json(lot.identity),
        "client_id": lot.client_id,
        "rule": lot.rule,
        "opened_ns": lot.opened_ns,
        "stop": None if lot.stop is None else str(lot.stop),
        "target": None if lot.target is None else str(lot.target),
        "first_stop": None if lot.first_stop is None else str(lot.first_stop),
        "base": [str(lot.base_units), str(lot.base_price)],
        "base_fees": None if lot.base_fees is None else str(lot.base_fees),
        "opened": str(lot.opened),
        "number": lot.number,
        "is_sent": lot.is_sent,
        "pieces": [
            [piece.ts, piece.reduces, str(piece.price), str(piece.units), str(piece.fee)] for piece in lot.pieces
        ],
    }


def lot_from_json(row: Mapping[str, Any]) -> Lot:
    base_units, base_price = (Decimal(text) for text in row["base"])
    pieces = [Piece(ts, reduces, *map(Decimal, figures)) for ts, reduces, *figures in row["pieces"]]
    units, price = fold(base_units, base_price, pieces)
    # a state from before fees were kept does not know those of what was open
    base_fees = None if row.get("base_fees") is None else Decimal(row["base_fees"])
    first_stop = row.get("first_stop")
    return Lot(
        id=row["id"],
        instrument=row["instrument"],
        side=Side(row["side"]),
        identity=identity_from_json(row["who"]),
        client_id=row["client_id"],
        rule=row["rule"],
        opened_ns=row["opened_ns"],
        stop=None if row["stop"] is None else Decimal(row["stop"]),
        target=None if row["target"] is None else Decimal(row["target"]),
        base_units=base_units,
        base_price=base_price,
        first_stop=None if first_stop is None else Decimal(first_stop),
        base_fees=base_fees,
        opened=Decimal(row["opened"]),
        pieces=pieces,
        units=units,
        price=price,
        fees=fold_fees(base_units, base_fees, pieces),
        number=row.get("number", ""),
        # a state from before it was kept: only an order of ours has a rule
        is_sent=row.get("is_sent", bool(row["rule"])),
    )


def identity_to_json(who: Identity | None) -> list[str] | None:
    return None if who is None else [who.owner, who.strategy, who.raw_tag, who.pocket, who.opened_by]


def identity_from_json(row: Sequence[Any] | None) -> Identity | None:
    return None if row is None else Identity(*row)
