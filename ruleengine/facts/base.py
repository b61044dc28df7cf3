"""How a fact is declared.

A *primitive* fact is a slot of a frame that the runtime fills. A *derived* fact is an expression of the policy language
over other facts: defined once, read by every backend. `frame` says whose it is:

    time      k   the instant                         intent   i   what a rule wants to do
    market    m   one instrument's market             signal   g   a signal from outside
    account   a   the account                         trade    t   one open trade
    position  p   the account's position in the instrument
    closed    c   one trade of ours that ended; only ever the element of an aggregate
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ruleengine.units import Type

Frame = Literal["time", "market", "account", "position", "trade", "closed", "intent", "signal"]


@dataclass(frozen=True, slots=True)
class Fact:
    """`name` as written in a policy (`account.equity`, `mid`, `trade.age`); `slot` is the attribute of its frame;
    `definition` is None for a primitive. `static`: known before any data (instrument constants)."""

    name: str
    frame: Frame
    type: Type
    doc: str
    definition: str | None = None
    static: bool = False
    source: str = ""
    example: str = ""
    is_positive: bool = False
    """Never below zero whenever it is known; how a value moves with the size is told by it."""
    least: float | None = None
    most: float | None = None
    """Between which values it lies whenever it is known, in the internal scale, beyond what its definition says."""
    rises_with: str = ""
    """A fact of which this one is a non-decreasing function, all else equal (a test checks the claim on numbers)."""
    values: str = ""
    """For text facts: which declared names it takes (`strategies`, `pockets`, `instruments`, `regimes`)."""

    @property
    def slot(self) -> str:
        return self.name.split(".")[-1]
