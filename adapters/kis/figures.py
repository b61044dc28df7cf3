"""What rests of an order by its rows in the order list: its own, and those of its revisions (trap 9).

A revision moves what is left to another number; a cancel of a part leaves the rest where it is. Nothing makes an order
larger. So all that filled under any number, and all that is left, is the order as it is now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapters.kis.ledger import LedgerOrder
from adapters.kis.orders import MARKET, Number

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figures:
    """`units`: of the whole order, what has filled included. `price`: 0 at the market, None where it is not stated.
    `numbers`: under which units are left, latest last."""

    units: Decimal
    price: Decimal | None
    numbers: tuple[Number, ...]


def figures_of(rows: Sequence[LedgerOrder]) -> Figures | None:
    """From the rows of one order, oldest first; None where nothing is left."""
    resting = [row for row in rows if row.left > 0]
    if not resting:
        return None
    units = sum((row.filled + row.left for row in rows), _ZERO)
    last = resting[-1]
    price = last.price if last.price > 0 or last.kind == MARKET else None
    return Figures(units, price, tuple(Number(row.day, row.branch, row.number) for row in resting))


def without_refused(rows: Sequence[LedgerOrder]) -> list[LedgerOrder]:
    """Rows without those of revisions that the exchange refused: they moved nothing."""
    return [row for row in rows if not (row.original and is_refused(row))]


def is_refused(row: LedgerOrder) -> bool:
    """Did the exchange refuse all of it?"""
    return row.rejected > 0 and row.rejected >= row.units
