"""Decisions out: Parquet for analysis, JSON lines for other programs; complete, or not there at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Literal, Self

from ruleengine.recordings.engine import EngineLimits, connect, named, quoted

ExportType = Literal["BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR"]

_BATCH_ROWS = 65_536


class DecisionWriter:
    """Takes rows and writes one Parquet file (and JSON lines, where asked) when it is closed.

    Rows are gathered in batches and go to DuckDB column by column: one statement a row would be a hundred times slower.
    Leaving the `with` block by an exception leaves no file behind.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with DecisionWriter(Path(folder) / "d.parquet", {"ts": "BIGINT", "rule": "VARCHAR"}) as writer:
    ...         writer.append([{"ts": 1, "rule": "spread"}, (2, None)])
    ...     writer.rows
    2
    """

    def __init__(
        self,
        path: Path | str,
        columns: Mapping[str, ExportType],
        json_lines: Path | str | None = None,
        limits: EngineLimits | None = None,
    ) -> None:
        self._path = Path(path)
        self._json_lines = Path(json_lines) if json_lines is not None else None
        self._columns = dict(columns)
        self._held: list[Sequence[Any]] = []
        self.rows = 0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Its removal is arranged before it is made: there is no instant at which an interrupt could leave it.
        self._work = self._path.with_name(f".{self._path.name}.{token_hex(4)}")
        with ExitStack() as opening:
            opening.callback(shutil.rmtree, self._work, ignore_errors=True)
            self._work.mkdir(mode=0o700)
            limited = limits or EngineLimits()
            self._connection = opening.enter_context(connect([self._work], limited, spill=self._work))
            listed = ", ".join(f"{named(name)} {type_}" for name, type_ in self._columns.items())
            self._connection.execute(f"CREATE TABLE decisions ({listed})")
            self._stack = opening.pop_all()

    def append(self, rows: Iterable[Mapping[str, Any] | Sequence[Any]]) -> None:
        """More rows: mappings (missing keys are null) or values in the order of the columns."""
        names = list(self._columns)
        for row in rows:
            values = [row.get(name) for name in names] if isinstance(row, Mapping) else row
            if len(values) != len(names):
                raise ValueError(f"a row of {len(values)} values for {len(names)} columns")
            self._held.append(values)
        if len(self._held) >= _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what was appended and put the files in their places."""
        self._flush()
        self._put(self._path, "FORMAT parquet, COMPRESSION zstd")
        if self._json_lines is not None:
            self._json_lines.parent.mkdir(parents=True, exist_ok=True)
            self._put(self._json_lines, "FORMAT json, ARRAY false")
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._stack.close()

    def _flush(self) -> None:
        if not self._held:
            return
        columns = [list(column) for column in zip(*self._held, strict=True)]
        typed = ", ".join(f"unnest(${n}::{type_}[])" for n, type_ in enumerate(self._columns.values(), 1))
        self._connection.execute(f"INSERT INTO decisions SELECT {typed}", columns)
        self.rows += len(self._held)
        self._held.clear()

    def _put(self, target: Path, options: str) -> None:
        partial = self._work / "out"
        self._connection.execute(f"COPY decisions TO {quoted(partial.resolve())} ({options})")
        # The work folder stands beside the Parquet file; another place may be on another disk, so it is copied there.
        if target.parent.resolve() == self._path.parent.resolve():
            partial.replace(target)
        else:
            beside = target.with_name(f".{target.name}.partial")
            beside.write_bytes(partial.read_bytes())
            beside.replace(target)
