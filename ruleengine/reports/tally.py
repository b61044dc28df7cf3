"""What happened in a run, counted as it happens: decisions, refusals by rule with their distance, unknowns, account.

Memory is bounded: distances are kept per rule up to a stated number, beyond which the table says so.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ruleengine.model.audit import Audit, Decision, Note
from ruleengine.model.unknown import Reason
from ruleengine.reports.blocker import blocking, decisive
from ruleengine.reports.tables import Table, figure, money, quantile, shortened

DISTANCES_MAX = 100_000
GROUPS_MAX = 1_000
ROWS_MAX = 20
_REASONS = "|".join(re.escape(reason.value) for reason in Reason)
_DETAIL = re.compile(rf"( (?:{_REASONS})) \(.*\)$")


@dataclass(slots=True)
class RefusalGroup:
    """Refusals by one rule (or gate limit), code and unit in which they fell short; "" where no number says so."""

    count: int = 0
    distances: list[float] = field(default_factory=list)
    example: str = ""
    place: str = ""


@dataclass(slots=True)
class NoteGroup:
    """Notes of one code on one subject."""

    count: int = 0
    example: str = ""


@dataclass(slots=True)
class Tally:
    """`currency` of the account; `figures` are the first, worst and last account figures seen with decisions."""

    currency: str
    events: int = 0
    decisions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """(kind, rule, outcome) → count."""
    refusals: dict[tuple[str, str, str], RefusalGroup] = field(default_factory=dict)
    """(rule, code, unit of the distance) → group: distances of different units are never mixed."""
    shadow: Counter[str] = field(default_factory=Counter)
    unknowns: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(rule, unknown) → how often it began."""
    changes: Counter[str] = field(default_factory=Counter)
    notes: dict[tuple[str, str, str], NoteGroup] = field(default_factory=dict)
    """(level, code, what it is about) → group."""

    def add(self, audit: Audit) -> None:
        for decision in audit.decisions:
            self._decision(decision)
        for change in audit.changes:
            self.changes[change.rule] += 1
            if change.now is None:
                self.unknowns[change.rule, without_detail(change.unknown)] += 1
        for note in audit.notes:
            self._note(note)

    def _note(self, note: Note) -> None:
        about, _, rest = note.message.partition(": ")
        about = about if rest and " " not in about else ""
        key = (note.level, note.code, about)
        if key not in self.notes and len(self.notes) >= GROUPS_MAX:
            key = (note.level, note.code, "others")
        group = self.notes.setdefault(key, NoteGroup(example=note.message))
        group.count += 1

    def _decision(self, decision: Decision) -> None:
        self.decisions[decision.kind, decision.rule, decision.outcome] += 1
        for verdict in decision.verdicts:
            if verdict.enforcement == "shadow" and verdict.outcome != "pass":
                self.shadow[verdict.rule] += 1
        if decision.outcome != "refused":
            return
        blocker, short = blocking(decision), decisive(decision)
        unit = "" if short is None else short.unit
        group = self.refusals.setdefault((decision.first_blocker or decision.rule, decision.code, unit), RefusalGroup())
        group.count += 1
        group.example = group.example or decision.message
        group.place = group.place or ("" if blocker is None else blocker.place)
        if short is not None and len(group.distances) < DISTANCES_MAX:
            group.distances.append(abs(short.distance or 0.0))

    # --- what is shown ------------------------------------------------------------------------------------------------

    def tables(self) -> list[Table]:
        refused = [self.refused(), self._examples()]
        return [self._decided(), *refused, self._unknown(), self._shadowed(), self._noted()]

    def count(self, outcome: str) -> int:
        return sum(n for (_, _, found), n in self.decisions.items() if found == outcome)

    def _decided(self) -> Table:
        table = Table("Decisions", ["kind", "rule", "sent", "refused", "merged", "shadow"], right=(2, 3, 4, 5))
        for kind, rule in sorted({(kind, rule) for kind, rule, _ in self.decisions}):
            counts = [self.decisions[kind, rule, outcome] for outcome in ("sent", "refused", "merged", "shadow")]
            table.rows.append([kind, rule, *(f"{count:,}" for count in counts)])
        return table

    def refused(self) -> Table:
        """Refusals by their first blocker, most of them first, and by how much they were short."""
        heads = ["rule", "code", "n", "short by: p25", "median", "p75"]
        table = Table("Refusals by first blocker", heads, right=(2, 3, 4, 5))
        for (rule, code, unit), group in sorted(self.refusals.items(), key=lambda item: (-item[1].count, item[0])):
            marks = [figure(quantile(group.distances, q), unit) if group.distances else "–" for q in (0.25, 0.5, 0.75)]
            table.rows.append([rule, code, f"{group.count:,}", *marks])
        if any(not group.distances for group in self.refusals.values()):
            table.note = "–: no number to be short of (an unknown value, a word, a switch)"
        return table

    def _examples(self) -> Table:
        table = Table("Refusals, the first of each", ["rule", "code", "what it said"])
        for (rule, code, _), group in sorted(self.refusals.items(), key=lambda item: (-item[1].count, item[0])):
            table.rows.append([rule, code, group.example])
        return table

    def _unknown(self) -> Table:
        table = Table("Unknown inputs (how often each began)", ["rule", "could not be had", "n"], right=(2,))
        table.rows = [
            [rule, shortened(what.removeprefix("unknown: ")), f"{n:,}"]
            for (rule, what), n in self.unknowns.most_common(ROWS_MAX)
        ]
        table.note = _more(len(self.unknowns))
        return table

    def _shadowed(self) -> Table:
        table = Table("Shadow rules would have refused", ["rule", "n"], right=(1,))
        table.rows = [[rule, f"{n:,}"] for rule, n in self.shadow.most_common()]
        return table

    def _noted(self) -> Table:
        table = Table("Notes", ["level", "code", "on", "n", "for example"], right=(3,))
        order = {"alert": 0, "warning": 1, "info": 2}
        found = sorted(self.notes.items(), key=lambda item: (order[item[0][0]], -item[1].count, item[0]))
        shown = found[:ROWS_MAX]
        table.rows = [[*key, f"{group.count:,}", shortened(group.example)] for key, group in shown]
        table.note = _more(len(found))
        return table

    def as_json(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "decisions": [
                {"kind": k, "rule": r, "outcome": o, "n": n} for (k, r, o), n in sorted(self.decisions.items())
            ],
            "refusals": [
                {
                    "rule": rule,
                    "code": code,
                    "n": g.count,
                    "unit": unit,
                    "example": g.example,
                    "place": g.place,
                    **(
                        {f"p{round(q * 100)}": quantile(g.distances, q) for q in (0.25, 0.5, 0.75)}
                        if g.distances
                        else {}
                    ),
                }
                for (rule, code, unit), g in sorted(self.refusals.items())
            ],
            "unknowns": [{"rule": r, "what": w, "n": n} for (r, w), n in sorted(self.unknowns.items())],
            "shadow": dict(self.shadow),
            "notes": [
                {"level": level, "code": code, "on": about, "n": group.count, "example": group.example}
                for (level, code, about), group in sorted(self.notes.items())
            ],
        }


def without_detail(unknown: str) -> str:
    """An unknown's text without how much of it is missing, which differs from instant to instant.

    >>> without_detail("unknown: (a + b) / atr(m1, 14) not warm (needs 3 more bars)")
    'unknown: (a + b) / atr(m1, 14) not warm'
    """
    return _DETAIL.sub(r"\1", unknown)


def _more(found: int) -> str:
    return f"{found - ROWS_MAX:,} more in --format json" if found > ROWS_MAX else ""


@dataclass(slots=True)
class AccountLine:
    """Account figures over a run: start, worst and end, kept by whoever drives the run."""

    currency: str
    first: dict[str, float] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)

    def see(self, figures: dict[str, Any]) -> None:
        """Take one reading; figures that are unknown now are left out of it."""
        known = {name: float(value) for name, value in figures.items() if isinstance(value, int | float)}
        self.last = known
        for name, value in known.items():
            self.first.setdefault(name, value)
            self.low[name] = min(value, self.low.get(name, value))
            self.high[name] = max(value, self.high.get(name, value))

    def table(self) -> Table:
        table = Table("Account", ["figure", "start", "lowest", "highest", "end"], right=(1, 2, 3, 4))
        for name in self.last:
            readings = [source.get(name) for source in (self.first, self.low, self.high, self.last)]
            table.rows.append([name.replace("_", " "), *(self._written(name, value) for value in readings)])
        return table

    def _written(self, name: str, value: float | None) -> str:
        if value is None:
            return "–"
        if name in ("equity", "balance", "unrealised", "margin_used", "free_margin"):
            return money(value, self.currency)
        return figure(value, "count" if name.startswith("open_") else "ratio")
