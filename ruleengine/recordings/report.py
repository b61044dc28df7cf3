"""What an import found: plain values for programs, and the same as text for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ruleengine.recordings.defects import DEFECTS, Effect
from ruleengine.recordings.gaps import Edge, PartialDay
from ruleengine.recordings.sources import Origin

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a defect is: line of an input (as it was given), instrument, time."""

    file: str
    line: int
    instrument: str
    ts_ns: int | None


@dataclass(frozen=True, slots=True)
class DefectCount:
    """How often one aspect of a defect was seen in one table, and where first and last."""

    code: str
    aspect: str
    kind: str
    count: int
    first: Place | None
    last: Place | None

    @property
    def effect(self) -> Effect:
        """What it does to features, or to the row."""
        return DEFECTS[self.code].effect


@dataclass(frozen=True, slots=True)
class Spread:
    """Least, middle and largest value of something, in its own unit."""

    least: float
    median: float
    largest: float


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """How one column is filled. `constant` is its only value, where it has but one in many rows."""

    name: str
    nulls: int
    constant: float | None


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """One instrument of a table. `decimals` is the most that any of its prices has."""

    name: str
    rows: int
    first_ns: int
    last_ns: int
    decimals: int
    grid_ratio: float
    """One step of the last decimal as a share of the middle price."""


@dataclass(frozen=True, slots=True)
class TableReport:
    """One kind of row of an import."""

    kind: str
    rows_read: int
    rows_kept: int
    unsound_rows: int
    unique_stamps: int
    first_ns: int
    last_ns: int
    longest_gap_ns: int
    spread: Spread | None
    latency_s: Spread | None
    by_utc_weekday: tuple[int, ...]
    columns: tuple[ColumnFacts, ...]
    instruments: tuple[InstrumentFacts, ...]
    edge: Edge
    partial_days: tuple[PartialDay, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """A whole import. `digest` is that of the recording's rows, the same whenever the same inputs are imported."""

    folder: str
    mapping: str
    venue: str
    digest: str
    origins: tuple[Origin, ...]
    assumptions: tuple[str, ...]
    tables: tuple[TableReport, ...]
    defects: tuple[DefectCount, ...]
    hints: tuple[str, ...]

    def count(self, code: str, aspect: str | None = None, kind: str | None = None) -> int:
        """How often a defect was seen; without an aspect, the largest of its aspects (rows may have several)."""
        counts = [
            found.count
            for found in self.defects
            if found.code == code and aspect in (None, found.aspect) and kind in (None, found.kind)
        ]
        return max(counts, default=0)

    def table(self, kind: str) -> TableReport:
        """The part on one kind of row."""
        return next(table for table in self.tables if table.kind == kind)


def render_report(report: ImportReport) -> str:
    """The report as plain text, at most some dozens of lines."""
    lines = [
        f"recording {report.folder}  (mapping {report.mapping}, venue {report.venue})",
        f"digest    {report.digest}",
    ]
    lines += [f"from      {origin.name}  sha256 {origin.sha256[:16]}…" for origin in report.origins[:5]]
    if len(report.origins) > 5:
        lines.append(f"          and {len(report.origins) - 5} more files")
    lines += [f"declared  {text}" for text in report.assumptions]
    for number, table in enumerate(report.tables, 1):
        lines += ["", *_table_lines(table)]
        if table.kind not in {other.kind for other in report.tables[number:]}:  # bars may have several tables
            lines += _defect_lines([found for found in report.defects if found.kind == table.kind])
    kinds = {table.kind for table in report.tables}
    rowless = [found for found in report.defects if found.kind not in kinds]
    if rowless:  # every row of the kind was dropped
        lines += ["", f"{', '.join(sorted({found.kind for found in rowless}))}: no row kept", *_defect_lines(rowless)]
    lines += [f"\nnote: {hint}" for hint in report.hints]
    return "\n".join(lines) + "\n"


def _table_lines(table: TableReport) -> list[str]:
    lines = [
        f"{table.kind}: {table.rows_kept:,} rows kept of {table.rows_read:,} read, "
        f"{table.unique_stamps:,} different stamps, {table.unsound_rows:,} rows make features unknown",
        f"  time      {when(table.first_ns)} → {when(table.last_ns)} UTC",
    ]
    shown = [f"{facts.name} {facts.rows:,}" for facts in table.instruments[:6]]
    more = f" and {len(table.instruments) - 6} more" if len(table.instruments) > 6 else ""
    lines.append(f"  of        {', '.join(shown)}{more}")
    if table.spread is not None:
        lines.append(
            f"  spread    least {table.spread.least:.6g}, middle {table.spread.median:.6g}, "
            f"largest {table.spread.largest:.6g}"
        )
    if table.latency_s is not None:
        least, middle, largest = table.latency_s.least, table.latency_s.median, table.latency_s.largest
        lines.append(f"  latency   least {least:.3f} s, middle {middle:.3f} s, largest {largest:.3f} s")
    if table.longest_gap_ns:
        lines.append(f"  gap       longest {timedelta(seconds=table.longest_gap_ns // 1_000_000_000)}")
    days = [f"{day} {count:,}" for day, count in zip(_WEEKDAYS, table.by_utc_weekday, strict=True) if count]
    lines.append(f"  weekdays  {', '.join(days)}")
    empty = [column.name for column in table.columns if column.nulls == table.rows_kept]
    if empty:
        lines.append(f"  not given {', '.join(empty)}")
    lines += [
        f"  constant  {column.name} = {column.constant:g}" for column in table.columns if column.constant is not None
    ]
    lines += [
        f"  partial   {day.date}: {day.minutes} of usually {day.usual_minutes} minutes or bars"
        for day in table.partial_days
    ]
    if table.edge.starts_inside_session or table.edge.ends_inside_session:
        words = [
            word
            for word, holds in (("starts", table.edge.starts_inside_session), ("ends", table.edge.ends_inside_session))
            if holds
        ]
        lines.append(f"  edges     {' and '.join(words)} inside of a session")
    return lines


def _defect_lines(found: list[DefectCount]) -> list[str]:
    if not found:
        return ["  no defects"]
    order = {Effect.DROPPED: 0, Effect.UNKNOWN: 1, Effect.NOTE: 2}
    lines = []
    for defect in sorted(found, key=lambda item: (order[item.effect], item.code, item.aspect)):
        name = f"{defect.code} ({defect.aspect})" if defect.aspect else defect.code
        place = f"first {_place(defect.first)}" if defect.first else ""
        last = f", last {_place(defect.last)}" if defect.last and defect.count > 1 else ""
        lines.append(f"  {defect.effect.value:8} {defect.count:>9,}  {name:44} {place}{last}".rstrip())
    return lines


def _place(place: Place) -> str:
    return f"{place.file}:{place.line}"


def when(ns: int) -> str:
    """UTC nanoseconds as text, to the second.

    >>> when(1_546_383_600_071_000_064)
    '2019-01-01 23:00:00'
    """
    return (_EPOCH + timedelta(seconds=ns // 1_000_000_000)).strftime("%Y-%m-%d %H:%M:%S")
