"""The one form: the tables that every source fills, whatever it was, and which every report asks.

Times are UTC nanoseconds, amounts of money in the account's currency, sizes in units, prices in quote currency. Null
says that the source does not tell; it is never filled with a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

TABLES: Mapping[str, Mapping[str, str]] = {
    "decisions": {
        "n": "BIGINT",  # number of the decision in this evidence
        "source": "INTEGER",
        "id": "VARCHAR",
        "ts": "BIGINT",
        "kind": "VARCHAR",  # entry, ladder, pyramid, hedge_open, hedge_reduce, exit
        "rule": "VARCHAR",
        "instrument": "VARCHAR",
        "side": "VARCHAR",
        "tag": "VARCHAR",  # raw tag: as received
        "strategy": "VARCHAR",  # base tag
        "pocket": "VARCHAR",
        "trade": "VARCHAR",  # trade it acts on; for an opening, the one that it opened, where known
        "signal": "VARCHAR",
        "outcome": "VARCHAR",  # sent, refused (by us), merged, shadow
        "code": "VARCHAR",
        "blocker": "VARCHAR",
        "message": "VARCHAR",
        "units": "DOUBLE",
        "stop": "DOUBLE",  # price of the stop that went with the order
        "order_id": "VARCHAR",
        "fill_price": "DOUBLE",  # mean of its fills, weighed by their sizes
        "fate": "VARCHAR",  # what the venue did: filled, rejected, cancelled; null: not known
        "venue_code": "VARCHAR",
        "policy": "VARCHAR",
        "digest": "VARCHAR",
    },
    "verdicts": {
        "n": "BIGINT",
        "rule": "VARCHAR",
        "section": "VARCHAR",
        "enforcement": "VARCHAR",
        "outcome": "VARCHAR",  # pass, refuse, shrink, unknown
        "code": "VARCHAR",
        "unknown": "VARCHAR",  # the first thing that could not be had
    },
    "compared": {
        "n": "BIGINT",
        "rule": "VARCHAR",  # of the verdict; the decision's own rule for its trigger
        "section": "VARCHAR",
        "text": "VARCHAR",  # as the author wrote it
        "what": "VARCHAR",  # its left side
        "operator": "VARCHAR",
        "measured": "DOUBLE",
        "limit_value": "DOUBLE",
        "word": "VARCHAR",  # the left value, where it is a word or a truth
        "unknown": "VARCHAR",  # why there is no left value
        "against": "VARCHAR",  # its right side
        "unknown_limit": "VARCHAR",  # why there is no right value
        "unit": "VARCHAR",
        "distance": "DOUBLE",  # below 0: failed by that much
        "is_decisive": "BOOLEAN",  # the one that refused the decision
    },
    "figures": {
        "n": "BIGINT",
        "name": "VARCHAR",
        "value": "DOUBLE",
        "word": "VARCHAR",
        "unknown": "VARCHAR",
        "unit": "VARCHAR",
        "is_after": "BOOLEAN",  # known only when it was done: no gate could have asked for it
    },
    "trades": {
        "source": "INTEGER",
        "id": "VARCHAR",
        "instrument": "VARCHAR",
        "side": "VARCHAR",
        "units": "DOUBLE",
        "tag": "VARCHAR",
        "strategy": "VARCHAR",
        "pocket": "VARCHAR",
        "opened_ns": "BIGINT",
        "closed_ns": "BIGINT",
        "entry_price": "DOUBLE",
        "exit_price": "DOUBLE",
        "stop": "DOUBLE",
        "pips": "DOUBLE",
        "result": "DOUBLE",  # realised, fees taken off
        "fees": "DOUBLE",
        "opened_by": "VARCHAR",  # decision that opened it
        "closed_by": "VARCHAR",  # rule that closed it; `venue: …` where a stop, a target or somebody else did
        "is_manual": "BOOLEAN",
    },
    "booked": {  # what trades brought, fill by fill, those that are still open too
        "source": "INTEGER",
        "ts": "BIGINT",
        "trade": "VARCHAR",
        "amount": "DOUBLE",  # realised, fee taken off
        "is_manual": "BOOLEAN",
        "opens": "BOOLEAN",  # else it takes off
        "side": "VARCHAR",  # of the trade
        "opened_ns": "BIGINT",
        "price": "DOUBLE",  # of the fill
        "entry_price": "DOUBLE",  # mean price of the trade's openings up to then
        "stop": "DOUBLE",  # of the trade, as `trades` has it
    },
    "days": {
        "source": "INTEGER",
        "open_ns": "BIGINT",
        "close_ns": "BIGINT",
        "equity_start": "DOUBLE",
        "equity_end": "DOUBLE",
        "equity_low": "DOUBLE",
        "equity_high": "DOUBLE",
        "drawdown": "DOUBLE",  # largest fall of equity from its highest of the day, as a share of that
        "flows": "DOUBLE",  # deposits and withdrawals
        "open_trades": "DOUBLE",
        "basis": "VARCHAR",  # equity, or balance where the source tells no more
        "manual_start": "DOUBLE",  # result so far of the open trades that are not ours
        "manual_end": "DOUBLE",
        "first_ns": "BIGINT",  # first and last event that the source has of the day
        "last_ns": "BIGINT",
        "hours": "DOUBLE",  # seconds at which the market was open: of the day, before the first event, after the last,
        "lead": "DOUBLE",
        "tail": "DOUBLE",
        "gap": "DOUBLE",  # and the most between two events,
        "gap_ns": "BIGINT",  # which began then
    },
    "notes": {
        "source": "INTEGER",
        "ts": "BIGINT",
        "level": "VARCHAR",
        "code": "VARCHAR",
        "message": "VARCHAR",
        "key": "VARCHAR",
    },
    "policies": {
        "source": "INTEGER",
        "ts": "BIGINT",  # from then on
        "policy": "VARCHAR",
        "digest": "VARCHAR",
    },
}
_ROWS_AT_ONCE = 20_000


def create(connection: duckdb.DuckDBPyConnection) -> None:
    for table, columns in TABLES.items():
        connection.execute(f"CREATE TABLE {table} ({', '.join(f'{name} {type_}' for name, type_ in columns.items())})")


class Filler:
    """Takes rows of all tables and hands them on column by column: a statement a row would be a hundred times slower.
    To be flushed at the end."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._held: dict[str, list[Sequence[Any]]] = {table: [] for table in TABLES}

    def add(self, table: str, row: Mapping[str, Any]) -> None:
        """A row by column names; what it lacks is null. A name that is no column is a fault of ours."""
        unknown = row.keys() - TABLES[table].keys()
        if unknown:
            raise KeyError(f"{table} has no {', '.join(sorted(unknown))}")
        held = self._held[table]
        held.append([row.get(name) for name in TABLES[table]])
        if len(held) >= _ROWS_AT_ONCE:
            self._flush(table)

    def flush(self) -> None:
        for table in TABLES:
            self._flush(table)

    def _flush(self, table: str) -> None:
        held = self._held[table]
        if not held:
            return
        columns = [list(column) for column in zip(*held, strict=True)]
        typed = ", ".join(f"unnest(${n}::{type_}[])" for n, type_ in enumerate(TABLES[table].values(), 1))
        self._connection.execute(f"INSERT INTO {table} SELECT {typed}", columns)
        held.clear()
