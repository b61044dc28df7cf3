"""The folder of `ruleengine dry-run --out` as evidence: Parquet through DuckDB, the rest from its JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.market.days import stated_day
from ruleengine.recordings.engine import quoted
from ruleengine.reports.evidence.fates import Fates
from ruleengine.reports.evidence.flatten import Flattener
from ruleengine.reports.evidence.form import Filler
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Source
from ruleengine.reports.evidence.trades import Carried, Lots

RUN_FILE = "run.json"
ORDERS_FILE = "orders.jsonl"


class DryRunFolder:
    """One result of a dry run. Raises an `EvidenceProblem` where it is not what a dry run writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self.manifest: dict[str, Any] = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
            self._summary = self.manifest["summary"]
            self._policy = self._summary["policy"]
            self.account: dict[str, Any] = self.manifest["account"]
            self.currency = str(self.account["currency"])
            self.day = stated_day(self.manifest)
            self.first_ns = int(self._summary["first_ns"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._unreadable(RUN_FILE, error) from None
        self.terms: dict[str, Any] = self.manifest.get("instruments", {})

    def fill(
        self,
        connection: duckdb.DuckDBPyConnection,
        filler: Filler,
        flattener: Flattener,
        number: int,
        carried: Carried,
    ) -> Source:
        source = Source(
            place=str(self._folder),
            kind="dry run",
            currency=self.currency,
            first_ns=self.first_ns,
            last_ns=int(self._summary["last_ns"]),
            account=str(self._summary["account"]),
            assumptions=dict(self._summary.get("assumptions", {})),
            open_trades=list(self.manifest.get("open_trades", [])),
            figures=dict(self._summary.get("figures", {}).get("last", {})),
        )
        try:
            about = self._decisions(connection, flattener, number)
            self._trades(connection, filler, number, about, source, carried)
        except (duckdb.Error, OSError, ValueError, KeyError, TypeError) as error:
            raise self._unreadable("decisions.parquet, fills.parquet", error) from None
        for name in ("days", "notes"):
            self._lines(filler, name, number)
        filler.add(
            "policies",
            {
                "source": number,
                "ts": source.first_ns,
                "policy": f"{self._policy['name']} {self._policy['version']}",
                "digest": self._policy["digest"],
            },
        )
        if "instruments" not in self.manifest:
            source.remarks.append("made by an earlier version: no pips, no days, no starting book; run it again")
        if not (self._folder / ORDERS_FILE).is_file():
            source.remarks.append("made by an earlier version: refusals by the venue are not told; run it again")
        return source

    def _decisions(
        self, connection: duckdb.DuckDBPyConnection, flattener: Flattener, number: int
    ) -> dict[str, dict[str, Any]]:
        """Fills the tables; gives what each sent opening said, for the trades."""
        tags = {each["id"]: each["strategy"] for each in self.manifest.get("signals", [])}
        fates = self._fates(connection)
        about: dict[str, dict[str, Any]] = {}
        for (record,) in self._asked(connection, "decisions", "record"):
            plain = json.loads(record)
            order = plain.get("order") or {}
            tag = tags.get(plain.get("signal_id", ""))
            decision = flattener.take(plain, number, self.currency, tag, fates.of(order.get("id", "")))
            if decision.order is not None:
                about[decision.id] = {
                    "strategy": decision.strategy,
                    "tag": tag or decision.strategy,
                    "pocket": decision.pocket,
                    "stop": None if decision.order.stop is None else float(decision.order.stop),
                }
        return about

    def _fates(self, connection: duckdb.DuckDBPyConnection) -> Fates:
        fates = Fates()
        for order, units, price in self._asked(connection, "fills", "order_id, units, price"):
            fates.filled(order, units, price)
        for row in self._rows(ORDERS_FILE):
            fates.ended(row)
        return fates

    def _trades(
        self,
        connection: duckdb.DuckDBPyConnection,
        filler: Filler,
        number: int,
        about: dict[str, dict[str, Any]],
        source: Source,
        carried: Carried,
    ) -> None:
        names = ("trade_id", "units", "price", "opens", "instrument", "side", "ts_event", "decision_id", "realised",
                 "fee", "rule", "reason")  # fmt: skip
        found = self._asked(connection, "fills", ", ".join(names))
        lots = Lots(source, self.terms, about, carried)
        lots.begin(self.manifest.get("book", []))
        for row in lots.take(dict(zip(names, each, strict=True)) for each in found):
            filler.add("trades", {"source": number, **row})
        for row in lots.booked:
            filler.add("booked", {"source": number, **row})
        source.remarks += lots.remarks()
        source.held = lots.held()

    def _asked(
        self, connection: duckdb.DuckDBPyConnection, file: str, columns: str, rest: str = ""
    ) -> Iterator[tuple[Any, ...]]:
        path = (self._folder / f"{file}.parquet").resolve()
        # a cursor of its own, so that rows may be taken in while others are asked for
        cursor = connection.cursor()
        cursor.execute(f"SELECT {columns} FROM read_parquet({quoted(path)}) {rest}")
        while block := cursor.fetchmany(4096):
            yield from block

    def _lines(self, filler: Filler, table: str, number: int) -> None:
        for at, row in enumerate(self._rows(f"{table}.jsonl"), 1):
            try:
                filler.add(table, {"source": number, **row})
            except (KeyError, TypeError) as error:
                raise self._unreadable(f"{table}.jsonl line {at}", error) from None

    def _rows(self, file: str) -> Iterator[dict[str, Any]]:
        """Of a file with a row a line; none where the run left no such file."""
        path = self._folder / file
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as lines:
            for at, line in enumerate(lines, 1):
                try:
                    yield json.loads(line)
                except ValueError as error:
                    raise self._unreadable(f"{file} line {at}", error) from None

    def _unreadable(self, what: str, error: Exception) -> EvidenceProblem:
        place = Span.of_file(str(self._folder))
        return EvidenceProblem([faults.source_damaged(place, what, str(error).splitlines()[0] if str(error) else "")])
