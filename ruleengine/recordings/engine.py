"""DuckDB connections for recordings: no extension from outside, no file beyond the named folders, settings locked."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import duckdb


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Bounds of one connection: memory in MiB (beyond it DuckDB spills to a temporary folder), threads."""

    memory_mib: int = 1024
    threads: int = 2


@contextmanager
def connect(
    folders: Iterable[Path], limits: EngineLimits, spill: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory database that may touch files below `folders` only; closed at the end.

    The vendor's defaults install and load extensions on their own and read any file; both are shut before the first
    statement that names data, and then the configuration is locked.
    """
    own = Path(mkdtemp(prefix="ruleengine-"))  # not a TemporaryDirectory: a reader that nobody ends is no warning
    try:
        temporary = spill or own
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": limits.threads,
                "memory_limit": f"{limits.memory_mib}MiB",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "temp_directory": str(temporary),
            },
        )
        try:
            allowed = [f"{folder.resolve()}/" for folder in (*folders, temporary)]
            listed = ", ".join(quoted(folder) for folder in allowed)
            connection.execute(f"SET allowed_directories = [{listed}]")
            connection.execute("SET enable_external_access = false")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET preserve_insertion_order = true")
            connection.execute("SET lock_configuration = true")
            yield connection
        finally:
            connection.close()
    finally:
        shutil.rmtree(own, ignore_errors=True)


def quoted(text: str | Path) -> str:
    """A text as an SQL literal.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + str(text).replace("'", "''") + "'"


def named(text: str) -> str:
    """A name as an SQL identifier.

    >>> named('a"b')
    '"a""b"'
    """
    return '"' + text.replace('"', '""') + '"'
