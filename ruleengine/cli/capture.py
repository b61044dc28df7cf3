"""`ruleengine test --from-decision`: a scenario from a decision of a run, which passes at once.

It is tried as a reader would like it best: from the last price before the decision, with bars to look back at; else
from the engine's own state at that time. What is written has been played and has passed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ruleengine.cli.failure import CommandError
from ruleengine.cli.past import Past, past_of
from ruleengine.cli.venues import adapter_named
from ruleengine.model.audit import Decision
from ruleengine.model.event import Event, OperatorCommand, Signal, Timer, VenueEvent
from ruleengine.reports.capture import Files, Moment, written
from ruleengine.reports.scenario import Result, Runner
from ruleengine.reports.scenario_words import HEARD, words_to_json


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One way to begin: at the last price before the decision or with its instant; with the engine's state or bars;
    with what the venue said meanwhile of orders that were out before."""

    has_lead: bool
    has_state: bool
    has_words: bool = False


_ATTEMPTS = (
    _Attempt(True, False),
    _Attempt(False, False),
    _Attempt(True, True),
    _Attempt(False, True),
    _Attempt(False, True, True),
    _Attempt(True, True, True),
)


def capture(id: str, paths: list[Path] | None, journal: Path | None, dry_run: Path | None, out: Path | None) -> int:
    """Exit code: 0 written, and it passes; 1 the decision could not be made again from what a scenario can give."""
    if paths or (journal is not None and dry_run is not None):
        raise CommandError(
            "--from-decision takes one run and no scenarios", "name it with --journal FOLDER or --dry-run FOLDER"
        )
    past = past_of(journal or dry_run)
    target = _decision(past, id)
    past = past.made(target)
    file = out or Path(f"{target.id[:12]}.yaml")
    if file.exists():
        raise CommandError(f"{file} is there already", "name another file with --out")
    state_file = file.with_suffix(".state.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    result = None
    for attempt in _ATTEMPTS:
        moment = _moment(past, target, attempt)
        if attempt.has_state:
            kept = moment.engine.state()
            if attempt.has_words:
                kept |= {HEARD: words_to_json(past.heard(moment.start_ns, target.ts))}
            state_file.write_text(json.dumps(kept, allow_nan=False) + "\n", encoding="utf-8")
        text = written(moment, _files(past, file), state_file.name if attempt.has_state else None)
        file.write_text(text, encoding="utf-8")
        result = Runner(adapter_named).run(file)
        if result.has_passed:
            if not attempt.has_state:
                state_file.unlink(missing_ok=True)
            print(f"{file}: {target.kind} by {target.rule}, {target.outcome}" + _beside(attempt, state_file))
            return 0
    file.unlink(missing_ok=True)
    state_file.unlink(missing_ok=True)
    raise CommandError(f"decision {target.id} can't be made again: {_why(result)}", _REMEDY, 1)


_REMEDY = (
    "it came from what a scenario can't give, such as a venue's answer at that instant; `ruleengine why` explains it"
)


def _beside(attempt: _Attempt, state_file: Path) -> str:
    return f"; beside it {state_file.name}, what the engine had kept" if attempt.has_state else ""


def _why(result: Result | None) -> str:
    if result is None:
        return "nothing was tried"
    if result.difference is not None:
        return f"expected {result.difference.expected}; instead {'; '.join(result.difference.instead[:2])}"
    return "; ".join(f"{each.code} {each.message}" for each in result.found[:2])


def _decision(past: Past, id: str) -> Decision:
    found = [each for each in past.decisions() if each.id.startswith(id)]
    if len({each.id for each in found}) != 1:
        some = ", ".join(each.id for each in found[:3])
        raise CommandError(
            f"{'no' if not found else 'more than one'} decision `{id}` in {past.place}",
            f"such as {some}" if found else "`ruleengine why --at TIME --from FOLDER` lists what was decided then",
        )
    return found[0]


def _moment(past: Past, target: Decision, attempt: _Attempt) -> Moment:
    inputs = [each for each in _near(past.inputs(target.ts), target.ts) if not isinstance(each, Timer)]
    before = [
        each.ts
        for each in inputs
        if each.ts < target.ts and not isinstance(each, Signal) and _instrument(each) == target.instrument
    ]
    start = max(before) if attempt.has_lead and before else target.ts
    events = tuple(each for each in inputs if start <= each.ts <= target.ts)
    decisions = tuple(target if each.id == target.id and each.seq == target.seq else each
                      for each in past.decisions() if start <= each.ts <= target.ts)  # fmt: skip
    return Moment(start, past.engine_at(start - 1), events, decisions, target)


def _instrument(event: Event) -> str:
    return str(getattr(event, "instrument", ""))


_NEAR = 5_000
"""Events before a decision among which the last price of its instrument is looked for."""


def _near(inputs: Iterator[Event], ts: int) -> list[Event]:
    """The last events up to an instant, the market's and signals."""
    kept: list[Event] = []
    for event in inputs:
        if event.ts > ts:
            break
        if isinstance(event, VenueEvent | OperatorCommand):
            continue
        kept.append(event)
        if len(kept) > 2 * _NEAR:
            del kept[:_NEAR]
    return kept


def _files(past: Past, file: Path) -> Files:
    manifest, folder = past.manifest(), file.resolve().parent

    def from_here(path: str) -> str:
        return os.path.relpath(Path(path).resolve(), folder)

    return Files(
        from_here(manifest["policy_file"]),
        from_here(manifest["account_file"]),
        tuple(map(from_here, manifest["overlays"])),
        tuple(manifest["sets"]),
    )
