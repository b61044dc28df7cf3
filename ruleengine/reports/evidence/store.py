"""Evidence: the filled tables of the one form, with what is known of each source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import duckdb

from ruleengine.market.interval import Anchor, Timeframe
from ruleengine.model.figure import money
from ruleengine.reports.evidence.open_time import OpenTime


class Held(NamedTuple):
    """A trade of ours that is open when its source ends. `opened_ns` 0: before the source began."""

    id: str
    instrument: str
    side: str
    opened_ns: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is in no closed trade: how many, and what their fills brought, fees taken off."""

    what: str
    count: int
    amount: float

    def told(self, currency: str) -> str:
        """
        >>> LeftOut("trades still open", 2, -300.0).told("JPY")
        '2 trades still open (their fills brought -300 JPY)'
        """
        return f"{self.count:,} {self.what} (their fills brought {money(self.amount, currency)})"


@dataclass(slots=True)
class Source:
    """Where rows came from. `remarks`: what its reader must know, as counts of what was left out."""

    place: str
    kind: str
    """dry run, journal, imported decisions, imported trades."""
    currency: str
    first_ns: int
    last_ns: int
    account: str = ""
    file: str = ""
    """The journal that holds other runs as well; else nothing."""
    day: Anchor | None = None
    """When its account's days begin; None where it does not tell."""
    remarks: list[str] = field(default_factory=list)
    assumptions: dict[str, str] = field(default_factory=dict)
    open_trades: list[dict[str, Any]] = field(default_factory=list)
    """At its end, with age (s), pips and result (None: no price)."""
    held: list[Held] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    """Of the account at its end; a figure that could not be read is left out."""


@dataclass(slots=True)
class Evidence:
    """Asked with SQL over the tables of `form`. `day`: the account's cut of days; `rests`: no market of its instruments
    trades on weekends. `open_time`: of its markets; None where nothing tells of any. `left_out`: what is in no closed
    trade; with those, ours and manual, it is all that fills brought."""

    connection: duckdb.DuckDBPyConnection
    sources: list[Source]
    currency: str
    day: Timeframe
    rests: bool = False
    open_time: OpenTime | None = None
    left_out: list[LeftOut] = field(default_factory=list)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, list(values)).fetchall()

    def one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        return self.rows(sql, values)[0]

    def count(self, table: str, where: str = "true", values: Sequence[Any] = ()) -> int:
        return int(self.one(f"SELECT count(*) FROM {table} WHERE {where}", values)[0])
