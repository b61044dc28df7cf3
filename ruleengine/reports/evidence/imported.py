"""An imported log as evidence: the folder that `ruleengine import` made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.market.interval import Anchor
from ruleengine.recordings.engine import quoted
from ruleengine.reports.evidence.flatten import Flattener
from ruleengine.reports.evidence.form import TABLES, Filler
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Source
from ruleengine.reports.evidence.trades import Carried

IMPORT_FILE = "import.json"
_LATER = frozenset({"against", "is_after", "unknown_limit"})
"""Columns that earlier versions did not have."""


class ImportedFolder:
    """Decisions or trades of another system. Raises an `EvidenceProblem` where it is not what an import writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.day: Anchor | None = None
        self.account: dict[str, Any] = {}
        try:
            self._about: dict[str, Any] = json.loads((folder / IMPORT_FILE).read_text(encoding="utf-8"))
            self.currency = str(self._about["currency"])
            self.terms: dict[str, Any] = self._about["instruments"]
            self._kind = str(self._about["kind"])
            self.first_ns = int(self._about["first_ns"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._unreadable(error) from None

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        filler: Filler,
        flattener: Flattener,
        number: int,
        _carried: Carried,
    ) -> Source:
        filler.flush()  # what follows goes past it, by the same numbers
        try:
            self._take(connection, flattener, number)
        except duckdb.Error as error:
            raise self._unreadable(error) from None
        about = self._about
        remarks = [
            f"{count:,} × {what}, first {about['firsts'][what]}" if what in about["firsts"] else f"{count:,} × {what}"
            for what, count in about["defects"].items()
        ]
        if about["outside"]:
            remarks.append(f"{about['outside']:,} of {about['rows']:,} rows are none that the mapping speaks of")
        return Source(
            place=str(self._folder),
            kind=f"imported {self._kind}",
            currency=self.currency,
            first_ns=self.first_ns,
            last_ns=int(about["last_ns"]),
            remarks=[*remarks, *about["assumes"]],
        )

    def _take(self, connection: duckdb.DuckDBPyConnection, flattener: Flattener, number: int) -> None:
        begin = flattener.taken
        if self._kind == "trades":
            self._insert(connection, "trades", {"source": str(number)})
            return
        self._insert(connection, "decisions", {"source": str(number), "n": f"n + {begin}"})
        for table in ("figures", "compared"):
            self._insert(connection, table, {"n": f"n + {begin}"})
        counted = connection.execute(f"SELECT count(*) FROM decisions WHERE source = {number}").fetchone()
        flattener.taken += int(counted[0]) if counted else 0

    def _insert(self, connection: duckdb.DuckDBPyConnection, table: str, made: dict[str, str]) -> None:
        columns = list(TABLES[table])
        path = quoted((self._folder / f"{table}.parquet").resolve())
        held = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM read_parquet({path})").fetchall()}
        # what an import of an earlier version did not write is not told
        taken = ", ".join(made.get(name, name if name in held or name not in _LATER else "NULL") for name in columns)
        connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {taken} FROM read_parquet({path})")

    def _unreadable(self, error: Exception) -> EvidenceProblem:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return EvidenceProblem([faults.source_damaged(Span.of_file(str(self._folder)), IMPORT_FILE, said)])
