"""A log's files → a folder of evidence: decisions with figures, or trades, as Parquet; and what was not taken.

1. Every row that a mapping calls one becomes a decision or trade (`_decision`, `_trade`); others are counted.
2. A row that answers an earlier one says what became of it (`_answer`).
3. The result is written beside its place and put there whole. Nothing in the files given is changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.model.figure import figure
from ruleengine.recordings.export import DecisionWriter, ExportType
from ruleengine.reports.evidence.form import TABLES
from ruleengine.reports.evidence.imported import IMPORT_FILE
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.logs.mapping import Answers, Compared, LogField, LogMapping, Rows
from ruleengine.reports.logs.source_rows import rows_of
from ruleengine.reports.logs.values import at, instant_of, number_of, text_of
from ruleengine.runtime.book.tags import Tags
from ruleengine.runtime.judging.verdicts import measured

_NUMBERS = frozenset({"units", "stop", "fill_price", "entry_price", "exit_price", "pips", "result", "fees"})
_KINDS = frozenset({"entry", "ladder", "pyramid", "hedge_open", "hedge_reduce", "exit"})
_REDUCING = frozenset({"hedge_reduce", "exit"})
"""A log may leave out the side of what it closes; an opening without one is no decision."""
_SIDES = frozenset({"long", "short"})
_OUTCOMES = frozenset({"sent", "refused", "merged", "shadow"})
_MOVE = 1.0
"""Result and prices of a trade that are further apart than this many units of the currency contradict each other."""


@dataclass(slots=True)
class ImportReport:
    """What was taken, and what was not: `defects` by name, each with its count and the first place."""

    mapping: str
    kind: str
    rows: int = 0
    taken: int = 0
    answered: int = 0
    first_ns: int = 0
    last_ns: int = 0
    defects: dict[str, int] = field(default_factory=dict)
    firsts: dict[str, str] = field(default_factory=dict)
    outside: int = 0
    """Rows that the mapping does not speak of."""
    assumes: tuple[str, ...] = ()


def import_log(mapping: LogMapping, files: Sequence[Path], out: Path, *, force: bool = False) -> ImportReport:
    """Raises an `EvidenceProblem` where a file can't be read, or nothing in it is what the mapping speaks of."""
    with _staged(out, force) as work:
        taking = _Taking(mapping)
        for path in files:
            for line, row in rows_of(path, mapping.format):
                taking.take(row, f"{path.name}:{line}")
        report = taking.finished()
        if not report.taken:
            names = ", ".join(path.name for path in files)
            raise EvidenceProblem([faults.log_without_rows(Span.of_file(names), mapping.name, report.rows)])
        _write(work, taking, mapping)
    return report


class _Taking:
    """Rows as they come, in the order of the files."""

    def __init__(self, mapping: LogMapping) -> None:
        self.mapping = mapping
        self.report = ImportReport(mapping.name, mapping.kind, assumes=mapping.assumes)
        self.rows: list[dict[str, Any]] = []
        self.figures: list[dict[str, Any]] = []
        self.compared: list[dict[str, Any]] = []
        self._tags = Tags(mapping.base_tags)
        self._waiting: dict[tuple[Any, ...], deque[int]] = defaultdict(deque)
        self._ids: Counter[str] = Counter()

    def take(self, row: dict[str, Any] | None, place: str) -> None:
        self.report.rows += 1
        if row is None:
            self._defect("row that can't be read", place)
        elif self.mapping.kind == "trades":
            self._trade(row, place)
        else:
            self._decision_or_answer(row, place)

    def finished(self) -> ImportReport:
        unanswered = sum(len(each) for each in self._waiting.values())
        if self.mapping.answers and unanswered:
            self.report.defects["row that nothing answers"] = unanswered
        times = [row.get("ts") or row.get("closed_ns") for row in self.rows]
        found = [each for each in times if each is not None]
        self.report.first_ns, self.report.last_ns = min(found, default=0), max(found, default=0)
        self.report.taken = len(self.rows)
        return self.report

    # --- decisions ---------------------------------------------------------------------------------------------------

    def _decision_or_answer(self, row: dict[str, Any], place: str) -> None:
        for shape in self.mapping.records:
            if _meets(row, shape.where):
                return self._decision(row, shape, place)
        for answer in self.mapping.answers:
            if _meets(row, answer.where):
                return self._answer(row, answer, place)
        self.report.outside += 1
        return None

    def _decision(self, row: dict[str, Any], shape: Rows, place: str) -> None:
        ts = instant_of(row, shape.time)
        found: dict[str, Any] = {str(name): word for name, word in shape.constants.items()}
        for name, source in shape.fields.items():
            found[name] = self._value(row, name, source, found.get("instrument"))
        needed = ("id", "instrument") if found.get("kind") in _REDUCING else ("id", "instrument", "side")
        missing = [name for name in needed if found.get(name) is None]
        if ts is None or missing:
            return self._defect(f"decision without {'a time' if ts is None else missing[0]}", place)
        for name, words, otherwise in (("kind", _KINDS, "entry"), ("outcome", _OUTCOMES, "sent")):
            if found.setdefault(name, otherwise) not in words:
                return self._defect(f"decision with {name} `{found[name]}`", place)
        if found.get("side") is not None and found["side"] not in _SIDES:
            return self._defect(f"decision with side `{found['side']}`", place)
        self._ids[found["id"]] += 1
        if self._ids[found["id"]] > 1:
            self._defect("id that was there before", place)
            found["id"] = f"{found['id']}#{self._ids[found['id']]}"
        number = len(self.rows)
        self.rows.append({**found, "ts": ts, **self._named(found.get("tag"), place)})
        self._figures(row, shape.figures, number, found["instrument"], is_after=False)
        self._compared(row, shape.compared, number, self.rows[number])
        if shape.key:
            self._waiting[_key(row, shape.key)].append(number)
        return None

    def _answer(self, row: dict[str, Any], answer: Answers, place: str) -> None:
        waiting = self._waiting.get(_key(row, answer.key))
        if not waiting:
            return self._defect("answer to a row that is not there", place)
        number = waiting.popleft()
        self.report.answered += 1
        decided = self.rows[number]
        decided["fate"] = answer.fate
        codes = [str(found) for path in answer.code if (found := at(row, path)) not in (None, "")]
        decided["venue_code"] = codes[0] if codes else None
        if answer.trade is not None and decided.get("trade") is None:
            decided["trade"] = text_of(row, LogField(column=answer.trade))
        if answer.price is not None:
            decided["fill_price"] = number_of(row, LogField(column=answer.price), None)
        self._figures(row, answer.figures, number, decided["instrument"], is_after=True)
        return None

    def _compared(
        self, row: dict[str, Any], shapes: Sequence[Compared], number: int, decided: Mapping[str, Any]
    ) -> None:
        """What was measured against what. Of a refused row the first that failed is the one that decided."""
        pip, is_open = self._pip(decided["instrument"]), decided["outcome"] == "refused"
        for each in shapes:
            left = number_of(row, each.measured, pip)
            right = each.limit if isinstance(each.limit, float) else number_of(row, each.limit, pip)
            common = {"n": number, "rule": decided.get("blocker") or decided.get("rule") or "", "section": "guards",
                      "what": each.what, "operator": each.operator, "unit": each.unit}  # fmt: skip
            if left is None or right is None:
                missing = each.what if left is None else f"limit of {each.what}"
                self.compared.append({**common, "text": each.what, "unknown": f"{missing} not in the log"})
                continue
            found = measured(each.what, each.operator, left, right, each.unit, figure(right, each.unit))
            is_decisive = is_open and found.verdict is False
            is_open = is_open and not is_decisive
            row_of = {"text": found.text, "measured": left, "limit_value": right, "distance": found.distance}
            self.compared.append({**common, **row_of, "is_decisive": is_decisive})

    def _figures(
        self, row: dict[str, Any], sources: Mapping[str, LogField], number: int, instrument: str, *, is_after: bool
    ) -> None:
        """`is_after`: told by an answer, so nothing that a gate could have asked for."""
        pip = self._pip(instrument)
        for name, source in sources.items():
            value = number_of(row, source, pip)
            word = text_of(row, source) if value is None else None
            if value is None and word is None:
                continue
            self.figures.append({"n": number, "name": name, "value": value, "word": word, "unit": source.unit,
                                 "is_after": is_after})  # fmt: skip

    # --- trades ------------------------------------------------------------------------------------------------------

    def _trade(self, row: dict[str, Any], place: str) -> None:
        shape = self.mapping.trades
        assert shape is not None  # the mapping says so where its rows are trades
        if not _meets(row, shape.where):
            self.report.outside += 1
            return None
        opened, closed = instant_of(row, shape.opened), instant_of(row, shape.closed)
        found: dict[str, Any] = {
            str(name): self._value(row, name, source, None) for name, source in shape.fields.items()
        }
        missing = [name for name in ("id", "instrument", "side", "result") if found.get(name) is None]
        if closed is None or missing:
            return self._defect(f"trade without {'a closing time' if closed is None else missing[0]}", place)
        if found["side"] not in _SIDES:
            return self._defect(f"trade with side `{found['side']}`", place)
        if opened is not None and closed < opened:
            return self._defect("trade that closes before it opens", place)
        self._ids[found["id"]] += 1
        if self._ids[found["id"]] > 1:
            return self._defect("trade that was there before", place)
        self._weigh(found, place)
        named = self._named(found.get("tag"), place)
        self.rows.append({**found, "opened_ns": opened, "closed_ns": closed, "is_manual": False, **named})
        return None

    def _weigh(self, trade: Mapping[str, Any], place: str) -> None:
        """Hold a trade's figures against each other. It is taken all the same: which of them is wrong can't be told."""
        figures = [trade.get(name) for name in ("entry_price", "exit_price", "units")]
        if any(each is None for each in figures):
            return
        entry, exit_, units = figures
        move = (exit_ - entry) * (1 if trade["side"] == "long" else -1) * units  # type: ignore[operator]
        if move * trade["result"] < 0:
            self._defect("result of another sign than the prices say", place)
        elif abs(move - trade["result"]) > _MOVE:
            self._defect("result that its prices and units don't give (closed in parts)", place)

    # --- values ------------------------------------------------------------------------------------------------------

    def _value(self, row: Any, name: str, source: LogField, instrument: Any) -> Any:
        return number_of(row, source, self._pip(instrument)) if name in _NUMBERS else text_of(row, source)

    def _pip(self, instrument: Any) -> float | None:
        terms = self.mapping.instruments.get(str(instrument))
        return None if terms is None else float(terms.pip)

    def _named(self, tag: Any, place: str) -> dict[str, Any]:
        """The base tag of a raw one; a tag that nothing declares stands for itself, and is counted."""
        if tag is None:
            return {"tag": None, "strategy": None}
        base = self._tags.strategy_of(tag)
        for pattern, named in self.mapping.tag_patterns.items():
            if base is None and re.fullmatch(pattern, tag):
                base = named
        if base is None and (self.mapping.base_tags or self.mapping.tag_patterns):
            self._defect(f"tag `{tag}` without a base tag", place)
        return {"tag": tag, "strategy": base or tag}

    def _defect(self, what: str, place: str) -> None:
        self.report.defects[what] = self.report.defects.get(what, 0) + 1
        self.report.firsts.setdefault(what, place)


def _meets(row: dict[str, Any], where: Mapping[str, str]) -> bool:
    return all(str(at(row, column)) == word for column, word in where.items())


def _key(row: dict[str, Any], columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(str(at(row, column)) for column in columns)


def _write(work: Path, taking: _Taking, mapping: LogMapping) -> None:
    table = mapping.kind
    columns = {name: type_ for name, type_ in TABLES[table].items() if name != "source"}
    for row, number in zip(taking.rows, range(len(taking.rows)), strict=True):
        row["n"] = number
    _parquet(work / f"{table}.parquet", columns, taking.rows)
    if table == "decisions":
        _parquet(work / "figures.parquet", dict(TABLES["figures"]), taking.figures)
        _parquet(work / "compared.parquet", dict(TABLES["compared"]), taking.compared)
    body = {
        **asdict(taking.report),
        "currency": mapping.currency,
        "instruments": {name: each.model_dump() for name, each in mapping.instruments.items()},
        "declared": mapping.model_dump(mode="json"),
    }
    (work / IMPORT_FILE).write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _parquet(path: Path, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    exported: dict[str, ExportType] = {}
    for name, type_ in columns.items():
        exported[name] = "BIGINT" if type_ == "INTEGER" else type_  # type: ignore[assignment]  # the form's own types
    with DecisionWriter(path, exported) as writer:
        writer.append([{name: row.get(name) for name in exported} for row in rows])


@contextmanager
def _staged(out: Path, force: bool) -> Iterator[Path]:
    """A folder to write to, which takes its place at the end of the block. Only an older import is ever replaced."""
    target = Path(os.path.realpath(out))
    if os.path.lexists(target):
        is_older = (target / IMPORT_FILE).is_file()
        if not (is_older and force) and not (target.is_dir() and not any(target.iterdir())):
            raise EvidenceProblem([faults.import_in_the_way(Span.of_option(f"--out {out}"), is_older)])
    work = target.with_name(f".{target.name}.{token_hex(4)}")
    work.mkdir(parents=True)
    try:
        yield work
        if target.is_dir():
            shutil.rmtree(target)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
