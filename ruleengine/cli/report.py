"""`ruleengine report`: what runs, journals and imported logs come to, as text, JSON or one HTML file."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from ruleengine.cli.display import print_tables
from ruleengine.cli.failure import CommandError
from ruleengine.cli.streams import tell, write_whole
from ruleengine.cli.times import instant_ns, seconds_of
from ruleengine.reports.document import Report
from ruleengine.reports.evidence.open import opened
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Evidence
from ruleengine.reports.tables import when


def report(
    sources: Sequence[Path], made: Callable[[Evidence], Report], format: str, out: Path | None, checked: bool = False
) -> int:
    """Read the sources, make the report, write it. Exit code 1 only where `checked` and something in it failed."""
    try:
        with opened(_found(sources)) as evidence:
            found = made(evidence)
    except EvidenceProblem as problem:
        tell(problem.findings, {})
        raise CommandError("no report was made", "mend what is listed above") from None
    _write(found, format, out)
    return 1 if checked and found.data.get("passed") is not True else 0


def _found(sources: Sequence[Path]) -> Sequence[Path]:
    """The places named; the last run's where none is."""
    if sources:
        return sources
    marks = sorted(Path(".ruleengine").glob("*/last"), key=lambda mark: mark.stat().st_mtime)
    if not marks:
        raise CommandError("no run to report on", "name a dry run's --out folder, a journal, or an imported log")
    return [Path(marks[-1].read_text(encoding="utf-8").strip())]


def _write(found: Report, format: str, out: Path | None) -> None:
    if format == "text" and out is None:
        print("\n".join([found.title, *(f"  {line}" for line in found.lead), ""]))
        print_tables(found.tables)
        return
    text = _rendered(found, format)
    if out is None:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    write_whole(out, text if text.endswith("\n") else text + "\n")
    sys.stderr.write(f"report: {out}\n")


def _rendered(found: Report, format: str) -> str:
    if format == "json":
        body = {"report": found.name, "title": found.title, **found.data}
        return json.dumps(body, ensure_ascii=False, default=str, allow_nan=False)
    if format == "html":
        from ruleengine.reports.page import html_of

        return html_of(found)
    return found.text()


def period(from_: str | None, to: str | None) -> tuple[int | None, int | None]:
    """Nanoseconds of --from and --to."""
    return (
        instant_ns(from_, "--from") if from_ else None,
        instant_ns(to, "--to") if to else None,
    )


def guards(
    sources: Sequence[Path],
    days: int | None,
    from_: str | None,
    to: str | None,
    min_count: int,
    top: int,
    by_tag: bool,
    kinds: Sequence[str],
    format: str,
    out: Path | None,
) -> int:
    from ruleengine.reports.guard_report import OPENING_KINDS, GuardAsk, guard_report

    begin, end = period(from_, to)
    ask = GuardAsk(days or None, begin, end, min_count, top, by_tag, tuple(kinds) or OPENING_KINDS)
    return report(sources, lambda evidence: guard_report(evidence, ask), format, out)


def outcomes(
    sources: Sequence[Path],
    days: int | None,
    from_: str | None,
    to: str | None,
    min_count: int,
    by_tag: bool,
    by_strategy: bool,
    figures: Sequence[str],
    edges: Sequence[str],
    format: str,
    out: Path | None,
) -> int:
    from ruleengine.reports.outcome_report import OutcomeAsk, outcome_report

    begin, end = period(from_, to)
    ask = OutcomeAsk(days or None, begin, end, min_count, by_tag, by_strategy, tuple(figures), dict(map(_edges, edges)))
    return report(sources, lambda evidence: outcome_report(evidence, ask), format, out)


def _edges(given: str) -> tuple[str, tuple[float, ...]]:
    """
    >>> _edges("ma20_gap_atr=0.8,1.2")
    ('ma20_gap_atr', (0.8, 1.2))
    """
    name, _, listed = given.rpartition("=")
    try:
        cuts = tuple(sorted({float(each) for each in listed.split(",")}))
    except ValueError:
        cuts = ()
    if not name or not cuts or not all(map(math.isfinite, cuts)):
        raise CommandError(f"--edges {given}: no edges of a figure", "write them as ma20_gap_atr=0.8,1.2")
    return name, cuts


def trial(
    sources: Sequence[Path],
    days: int,
    from_: str | None,
    to: str | None,
    stop: str | None,
    entries_max: int | None,
    digest: str,
    check: bool,
    format: str,
    out: Path | None,
) -> int:
    from ruleengine.reports.trial_report import TrialAsk, trial_report
    from ruleengine.reports.trial_rules import RuleAsk

    begin, end = period(from_, to)
    rules = RuleAsk(stop=None if stop is None else _share(stop, "--stop"), entries_max=entries_max, digest=digest)
    ask = TrialAsk(days=days, begin_ns=begin, end_ns=end, rules=rules)
    return report(sources, lambda evidence: trial_report(evidence, ask), format, out, check)


def _share(given: str, option: str) -> float:
    """
    >>> _share("2%", "--stop")
    0.02
    """
    try:
        value = float(given.removesuffix("%")) / 100 if given.endswith("%") else float("nan")
    except ValueError:
        value = float("nan")
    if not 0 < value < 1:
        raise CommandError(f"{option} {given}: no share", "write it as 2%")
    return value


def daily(
    sources: Sequence[Path],
    day: str | None,
    from_: str | None,
    to: str | None,
    max_gap: str,
    format: str,
    out: Path | None,
) -> int:
    from ruleengine.reports.daily_report import DailyAsk, daily_report

    begin, end = period(from_, to)
    ask = DailyAsk(None if day is None else _date(day), begin, end, seconds_of(max_gap, "--max-gap"))
    return report(sources, lambda evidence: daily_report(evidence, ask), format, out)


def _date(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise CommandError(f"--day {given}: no date", "write it as 2013-02-04") from None


def exposure(source: Path | None, at: str | None, format: str, out: Path | None) -> int:
    """At the end of a run as it was recorded, of a journal of several that of the last one; at another instant by
    running it again up to there."""
    (place,) = _found([] if source is None else [source])
    if at is not None:
        _write(_exposure_at(place, instant_ns(at, "--at")), format, out)
        return 0
    return report([place], _exposure_at_end, format, out)


def _exposure_at_end(evidence: Evidence) -> Report:
    from ruleengine.reports.exposure_report import exposure_report

    source = evidence.sources[-1]
    if not source.figures:
        raise CommandError(
            f"{source.place} ({source.kind}) does not say what was open at its end",
            "name a run that has ended, or an instant of one with --at",
        )
    return exposure_report(source.open_trades, source.figures, source.currency, source.last_ns, source.place)


def _exposure_at(place: Path, at_ns: int) -> Report:
    from ruleengine.cli.accounts import AccountReader
    from ruleengine.cli.past import past_of
    from ruleengine.reports.exposure_report import exposure_report

    past = past_of(place)
    first, last = past.period()
    if not first <= at_ns <= last:
        raise CommandError(f"that run went from {when(first)} to {when(last)}", "name an instant within it")
    engine = past.engine_at(at_ns)
    reader = AccountReader(engine)
    return exposure_report(reader.marked(), reader.figures(), engine.desk.currency, at_ns, str(place))
