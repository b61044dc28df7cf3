"""A price that stays the same over many rows and a long time while rows keep coming: a feed that no longer follows."""

from __future__ import annotations

import duckdb

from ruleengine.recordings.checks import series_of
from ruleengine.recordings.defects import DEFECTS
from ruleengine.recordings.mapping import duration_ns
from ruleengine.recordings.stage import Staged

_ROWS_MIN = 20


def flag_frozen(connection: duckdb.DuckDBPyConnection, staged: Staged) -> None:
    """Set the bit on every row of a run of one price that lasts the declared time and has at least 20 rows."""
    if staged.table.frozen_after is None:
        return
    price = series_of(staged.table.kind)[0].reference
    by_order = "PARTITION BY instrument ORDER BY seq"
    connection.execute(
        f"UPDATE {staged.name} SET flags = flags | {DEFECTS['frozen'].mask} FROM ("
        "SELECT instrument, min(seq) AS first, max(seq) AS last FROM ("
        f"SELECT instrument, seq, ts_event, sum(changed) OVER ({by_order}) AS run FROM ("
        f"SELECT instrument, seq, ts_event, CASE WHEN {price} IS DISTINCT FROM lag({price}) OVER ({by_order}) "
        f"THEN 1 ELSE 0 END AS changed FROM {staged.name})) GROUP BY instrument, run "
        f"HAVING count(*) >= {_ROWS_MIN} AND max(ts_event) - min(ts_event) >= {duration_ns(staged.table.frozen_after)}"
        f") AS runs WHERE {staged.name}.instrument = runs.instrument "
        f"AND {staged.name}.seq BETWEEN runs.first AND runs.last"
    )
