"""How an addition to an open position came about: what its decision and the position's history say of it (SC-08)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Addition:
    """One addition as it was decided. `number`: which of the position's, from 1. `base` × `coefficient` is the wanted
    size; both None where the rule gives the size itself. `value`: of the order, in account currency at the middle.

    Units    base: the venue's; coefficient: ratio; leverage: plain number. None: it was not known, or is not stated.
    """

    number: int
    reason: str
    base_of: str = ""
    base: Decimal | None = None
    coefficient: float | None = None
    value: float | None = None
    leverage: float | None = None

    def to_json(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__slots__}
        return {**row, "base": None if self.base is None else str(self.base)}

    @classmethod
    def from_json(cls, row: Mapping[str, Any] | None) -> Addition | None:
        if row is None:
            return None
        return cls(**{**row, "base": None if row["base"] is None else Decimal(row["base"])})
