"""A report before it is text, JSON or a page: a title, sentences that say the main thing, tables, charts, and the same
figures as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruleengine.market.days import described
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.tables import Table, text_of, when


@dataclass(slots=True)
class Section:
    """A table, and what draws it: `chart` is an SVG element, or "" where a drawing would say no more than the table."""

    table: Table
    chart: str = ""


@dataclass(slots=True)
class Report:
    """`lead`: the main thing in a few sentences. `data`: JSON values; every figure with its n."""

    name: str
    title: str
    lead: list[str]
    sections: list[Section]
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def tables(self) -> list[Table]:
        return [each.table for each in self.sections]

    def text(self) -> str:
        """Title, sentences and tables as aligned text."""
        head = "\n".join([self.title, *(f"  {line}" for line in self.lead)])
        return f"{head}\n\n{text_of(self.tables)}"


def sources_of(evidence: Evidence) -> tuple[list[Section], dict[str, Any]]:
    """What every report says of its sources: places, periods, what was left out, what fills assume (OPS-04)."""
    named = Table("Sources", ["what", "place", "account", "from", "to"])
    remarks = Table("Of the sources", ["place", "remark"])
    assumed = Table("Fills assume", ["what", "value"])
    for each in evidence.sources:
        named.rows.append([each.kind, each.place, each.account or "–", when(each.first_ns), when(each.last_ns)])
        remarks.rows += [[each.place, line] for line in each.remarks]
    for what, value in {k: v for each in evidence.sources for k, v in each.assumptions.items()}.items():
        assumed.rows.append([what, value])
    named.note = f"days run {described(evidence.day.anchor)}"
    data = [
        {
            "kind": each.kind,
            "place": each.place,
            "account": each.account,
            "first_ns": each.first_ns,
            "last_ns": each.last_ns,
            "remarks": each.remarks,
            "assumptions": each.assumptions,
        }
        for each in evidence.sources
    ]
    return [Section(table) for table in (named, remarks, assumed) if table.rows], {
        "sources": data,
        "currency": evidence.currency,
        "days_run": described(evidence.day.anchor),
    }


def share(part: float, whole: float) -> str:
    """
    >>> share(3, 8), share(0, 0)
    ('37.5%', '–')
    """
    return "–" if not whole else f"{100 * part / whole:.1f}%"


def left_out(groups: int, rows: int, what: str) -> str:
    """
    >>> left_out(2, 5, "calls"), left_out(0, 0, "calls")
    ('left out for their size: 2 groups with 5 calls together', '')
    """
    if not groups:
        return ""
    return f"left out for their size: {groups:,} group{'s' if groups > 1 else ''} with {rows:,} {what} together"
