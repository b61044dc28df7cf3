"""Which part of the evidence a report is about: from, to, or the last so many days."""

from __future__ import annotations

from dataclasses import dataclass

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.tables import when

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """`first_ns` is in it, `end_ns` is not."""

    first_ns: int
    end_ns: int

    def __str__(self) -> str:
        return f"{when(self.first_ns)} … {when(self.end_ns - 1)}"

    @property
    def values(self) -> list[int]:
        return [self.first_ns, self.end_ns]


def window_of(
    evidence: Evidence, begin_ns: int | None, end_ns: int | None, days: int | None, table: str, column: str, what: str
) -> Window:
    """The period asked for; with `days`, that long back from the last row of a table (or from `end_ns`). Without an end
    or a beginning it has every row, those too that a venue stamped before a source's first event or after its last.

    Raises an `EvidenceProblem` where the table has nothing in it."""
    bound = "" if end_ns is None else f"WHERE {column} < {int(end_ns)}"
    earliest, last = evidence.one(f"SELECT min({column}), max({column}) FROM {table} {bound}")
    first = min([each.first_ns for each in evidence.sources] + ([] if earliest is None else [int(earliest)]))
    until = max([each.last_ns for each in evidence.sources] + ([] if last is None else [int(last)]))
    end = until + 1 if end_ns is None else end_ns
    if begin_ns is None and days is not None and last is not None:
        begin_ns = int(last) + 1 - days * DAY_NS
    found = Window(first if begin_ns is None else max(first, begin_ns), end)
    if last is None or not evidence.count(table, f"{column} >= ? AND {column} < ?", found.values):
        span = Span.of_option("report")
        raise EvidenceProblem([faults.nothing_in_time(span, what, when(first), when(until))])
    return found
