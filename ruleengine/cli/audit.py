"""`ruleengine audit`: is a journal what was written, and does the policy decide the same on it once more (PY-13)?

1. the chain of rows, the heads and the file itself
2. each run again: its events go to a new engine of the same policy, in the state in which it began; what is decided now
   is held against what the journal says was decided, field by field
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

from ruleengine.cli.failure import JOURNAL_DAMAGED, CommandError
from ruleengine.cli.past import Journal, past_of
from ruleengine.cli.streams import tell
from ruleengine.journal import journal_at, verify
from ruleengine.model.audit import Decision
from ruleengine.reports.record import decision_to_plain
from ruleengine.reports.recorders import Nowhere
from ruleengine.reports.tables import when

SHOWN = 10
"""Deviations that are spelt out; all are counted."""


@dataclass(slots=True)
class Run:
    """One run, decided again. `deviations`: decisions that differ, with the fields that do. `problem`: why it could not
    be decided again, and what to do; "" where it was."""

    policy: str
    begun_ns: int
    decisions: int = 0
    deviations: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


class _Hearing(Nowhere):
    def __init__(self) -> None:
        self.decisions: list[Decision] = []

    def decision(self, decision: Decision) -> None:
        self.decisions.append(decision)


def audit(place: Path | None, format: str) -> int:
    """Exit code 0: sound, and decided the same; 1: something was decided otherwise; 2: a run could not be decided
    again; 12: damaged."""
    past = past_of(place)
    if not isinstance(past, Journal):
        raise CommandError(
            f"{past.place} is a dry run's result", "audit reads journals; a dry run is repeated by itself"
        )
    report = verify(journal_at(past.place))
    if report.findings:
        tell([found.diagnostic for found in report.findings], {})
    if not report.is_sound:
        raise CommandError(f"{past.place} is damaged", f"rows up to {report.valid_through} hold", JOURNAL_DAMAGED)
    runs = [_again(each) for each in past.runs()]
    if format == "json":
        print(json.dumps({"rows": report.valid_through, "runs": list(map(_plain, runs))}, default=str))
    else:
        _print(past.place, report.valid_through, runs)
    if any(each.deviations for each in runs):
        return 1
    return 2 if any(each.problem for each in runs) else 0


def _again(past: Journal) -> Run:
    manifest = past.manifest()
    hearing = _Hearing()
    found = Run(str(manifest["policy"]), int(manifest["start_ns"]))
    try:
        last_no = past.again(hearing)
    except CommandError as error:
        found.problem = f"{error.message}; {error.help}"
        return found
    recorded = list(past.decisions())
    if len(hearing.decisions) > len(recorded):
        # of the last event the record may lack what it led to: it is being written, or the run was cut off there
        while hearing.decisions[len(recorded) :] and hearing.decisions[-1].seq == last_no:
            hearing.decisions.pop()
    for before, now in zip_longest(recorded, hearing.decisions):
        found.decisions += before is not None
        differing = _differing(before, now)
        if differing:
            one = before or now
            found.deviations.append({"decision": one.id, "at": when(one.ts), "rule": one.rule, "differs": differing})
    return found


def _differing(before: Decision | None, now: Decision | None) -> list[str]:
    """Fields that are not what they were, in words."""
    if before is None or now is None:
        return ["it was not decided then" if before is None else "it is not decided now"]
    plain = [json.loads(json.dumps(decision_to_plain(each, {}, ""), default=str)) for each in (before, now)]
    return list(_pairs(*plain))


def _pairs(before: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *now}):
        if before.get(name) != now.get(name):
            yield f"{name}: {_short(before.get(name))} then, {_short(now.get(name))} now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:79] + "…"


def _plain(run: Run) -> dict[str, Any]:
    return {
        "policy": run.policy, "begun_ns": run.begun_ns, "decisions": run.decisions, "deviations": run.deviations,
        "problem": run.problem,
    }  # fmt: skip


def _print(place: Path, rows: int, runs: list[Run]) -> None:
    print(f"{place}: {rows:,} rows, the chain holds")
    for run in runs:
        if run.problem:
            print(f"run of {run.policy} from {when(run.begun_ns)}: NOT decided again: {run.problem}")
            continue
        told = f"{len(run.deviations):,} decided otherwise" if run.deviations else "all decided the same"
        print(f"run of {run.policy} from {when(run.begun_ns)}: {run.decisions:,} decisions, {told}")
        for each in run.deviations[:SHOWN]:
            print(f"  {each['at']} {each['rule']} {each['decision']}: {'; '.join(each['differs'])}")
        if len(run.deviations) > SHOWN:
            print(f"  and {len(run.deviations) - SHOWN:,} more; --format json has all")
