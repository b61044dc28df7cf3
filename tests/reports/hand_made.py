"""Evidence made by hand: a test says its rows, and nothing of a run stands between them and the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ruleengine.market.interval import CRYPTO, Timeframe
from ruleengine.recordings.engine import EngineLimits, connect
from ruleengine.reports.evidence.form import Filler, create
from ruleengine.reports.evidence.store import Evidence, Source

DAY_NS = 86_400_000_000_000
T0 = 20_000 * DAY_NS
"""2024-10-04 00:00 UTC, a Friday."""


@contextmanager
def evidence_of(rows: list[tuple[str, dict[str, Any]]], currency: str = "JPY", days: int = 10) -> Iterator[Evidence]:
    """`rows`: (table, row); every decision's source is the one there is."""
    with connect([], EngineLimits()) as connection:
        create(connection)
        filler = Filler(connection)
        for table, row in rows:
            filler.add(table, row)
        filler.flush()
        source = Source("by hand", "dry run", currency, T0, T0 + days * DAY_NS)
        yield Evidence(connection, [source], currency, Timeframe("d1", CRYPTO))


def call(
    n: int, *, ts: int = T0, strategy: str = "A", outcome: str = "sent", **more: Any
) -> tuple[str, dict[str, Any]]:
    """A decision on an entry."""
    common = {"n": n, "source": 0, "id": f"d{n}", "ts": ts, "kind": "entry", "rule": "in", "instrument": "USD_JPY",
              "side": "long",
              "tag": strategy, "strategy": strategy, "pocket": "scalp", "outcome": outcome, "code": ""}  # fmt: skip
    return "decisions", {**common, **more}


def compared(
    n: int, what: str, operator: str, measured: float | None, limit: float, *, refused: bool = True, **more: Any
) -> tuple[str, dict[str, Any]]:
    """A comparison in pips; `refused`: the one that blocked."""
    sign = {"le": "<=", "lt": "<", "ge": ">=", "gt": ">"}[operator]
    distance = None
    if measured is not None:
        distance = limit - measured if operator in ("le", "lt") else measured - limit
    common = {"n": n, "rule": "spread", "section": "guards", "text": f"{what} {sign} {limit:g}pips", "what": what,
              "operator": operator, "measured": measured, "limit_value": limit, "unit": "pips", "distance": distance,
              "is_decisive": refused and measured is not None}  # fmt: skip
    return "compared", {**common, **more}
