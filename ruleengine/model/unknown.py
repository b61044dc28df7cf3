"""Unknown: a value that cannot be had now, with its reason.

An `Unknown` stands in the place of a number. Using it as one raises `TypeError`, so that no code can take it for zero
or false by mistake; generated code relies on this: its fast path assumes that everything is known, and a `TypeError`
sends it to the path that carries unknowns through (Kleene's strong logic).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn


class Reason(StrEnum):
    """Why a value cannot be had."""

    MISSING = "missing"
    STALE = "stale"
    NOT_WARM = "not warm"
    DIVISION_BY_ZERO = "division by zero"
    ORDER_STATE = "order state not known"
    SERIES_DEFECT = "series defect"
    EMPTY = "nothing to aggregate"
    NO_ROW = "no table row"
    DIVERGENT = "sources diverge"
    """Sources of one price are farther apart than the policy allows (SC-17)."""


@dataclass(frozen=True, slots=True, eq=False)
class Unknown:
    """`fact` names what is missing; `detail` says how much (seconds stale, bars still to come …)."""

    reason: Reason
    fact: str
    detail: str = ""

    def __str__(self) -> str:
        return f"unknown: {self.what}"

    @property
    def what(self) -> str:
        """The same within a sentence that says already that something is unknown."""
        return f"{self.fact} {self.reason}" + (f" ({self.detail})" if self.detail else "")

    def _refuse(self, *_: Any) -> NoReturn:
        raise TypeError(str(self))

    __bool__ = __float__ = __int__ = __index__ = __abs__ = __neg__ = __round__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __hash__ = object.__hash__

    def same_as(self, other: object) -> bool:
        """Is `other` unknown for the same reason and fact? (`==` refuses: it would look like a condition.)"""
        return isinstance(other, Unknown) and other.reason == self.reason and other.fact == self.fact


def known(value: object) -> bool:
    return value.__class__ is not Unknown
