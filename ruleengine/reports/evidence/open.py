"""Places → evidence: says what each place is, and reads all of them into the one form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ruleengine.diagnostics.catalogue import evidence as faults
from ruleengine.diagnostics.span import Span
from ruleengine.journal import journal_at
from ruleengine.journal.errors import JournalUnreadable
from ruleengine.market.days import DaysDiffer, described
from ruleengine.market.exchanges import SpecialDays
from ruleengine.market.interval import CRYPTO, Anchor, Timeframe
from ruleengine.recordings.engine import EngineLimits, connect
from ruleengine.reports.evidence.dry_run import RUN_FILE, DryRunFolder
from ruleengine.reports.evidence.flatten import Flattener
from ruleengine.reports.evidence.form import Filler, create
from ruleengine.reports.evidence.imported import IMPORT_FILE, ImportedFolder
from ruleengine.reports.evidence.journal import JournalSession, sessions
from ruleengine.reports.evidence.open_time import OpenTime, open_time_in
from ruleengine.reports.evidence.problem import EvidenceProblem
from ruleengine.reports.evidence.store import Evidence, Source
from ruleengine.reports.evidence.terms import day_of, days_of, hours_of
from ruleengine.reports.evidence.trades import Carried

Reader = DryRunFolder | JournalSession | ImportedFolder


@contextmanager
def opened(places: Sequence[Path]) -> Iterator[Evidence]:
    """Evidence over all places, in memory, until the block ends; sources are numbered as they begin.

    Raises an `EvidenceProblem`; also where a place is named twice, or two hold the same decisions."""
    readers = sorted((each for place in _once(places) for each in _readers(place)), key=lambda each: each.first_ns)
    currencies = {each.currency for each in readers if each.currency}
    if len(currencies) > 1:
        raise EvidenceProblem([faults.currencies_differ(Span.of_option("report"), ", ".join(sorted(currencies)))])
    with connect([place if place.is_dir() else place.parent for place in places], EngineLimits()) as connection:
        create(connection)
        filler = Filler(connection)
        flattener, carried = Flattener(filler), Carried()
        try:
            sources = [each.fill(connection, filler, flattener, number, carried) for number, each in enumerate(readers)]
        except JournalUnreadable as error:
            raise EvidenceProblem([error.diagnostic]) from None
        filler.flush()
        _refuse_copies(connection, sources)
        _match(connection)
        day, rests = _days(readers)
        for source, reader in zip(sources, readers, strict=True):
            source.day = _own_day(reader)
        currency, left_out = next(iter(currencies), ""), carried.end()
        yield Evidence(connection, sources, currency, day, rests, _open_time(readers), left_out)


def _days(readers: Sequence[Reader]) -> tuple[Timeframe, bool]:
    """The account's day, and whether its markets rest on weekends."""
    terms = {name: each for reader in readers for name, each in reader.terms.items()}
    try:
        day = day_of(next((each.day for each in readers if each.day is not None), None), terms)
    except DaysDiffer as error:
        said = {name: described(each) for name, each in error.days.items()}
        raise EvidenceProblem([faults.days_differ(Span.of_option("report"), said)]) from None
    own = days_of(terms).values()
    return day, bool(own) and CRYPTO not in own


def _own_day(reader: Reader) -> Anchor | None:
    try:
        return day_of(reader.day, reader.terms).anchor if reader.day is not None or reader.terms else None
    except DaysDiffer:
        return None


def _open_time(readers: Sequence[Reader]) -> OpenTime | None:
    """Of all markets; special days are those that the last run knows."""
    hours = {word for reader in readers for word in hours_of(reader.terms)}
    account = next((each.account for each in reversed(readers) if each.account), {})
    return open_time_in(hours, SpecialDays.of(account)) if hours else None


def _once(places: Sequence[Path]) -> list[Path]:
    seen: dict[Path, Path] = {}
    for place in places:
        if place.resolve() in seen:
            raise EvidenceProblem([faults.sources_overlap(Span.of_file(str(place)), str(place), "the same place")])
        seen[place.resolve()] = place
    return list(seen.values())


def _refuse_copies(connection: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> None:
    """Runs number their decisions by what they are of, so that only a copy has the same ids; logs of other systems
    have numbers of their own kind."""
    runs = [n for n, each in enumerate(sources) if each.account]
    found = connection.execute(
        """
        SELECT min(source), max(source) FROM decisions WHERE list_contains(?, source)
        GROUP BY id HAVING count(DISTINCT source) > 1 LIMIT 1
        """,
        [runs],
    ).fetchone()
    if found is not None:
        first, second = sources[found[0]], sources[found[1]]
        raise EvidenceProblem(
            [faults.sources_overlap(Span.of_file(second.place), first.place, "it has the same decisions")]
        )


def _readers(place: Path) -> Sequence[Reader]:
    if (place / RUN_FILE).is_file():
        return [DryRunFolder(place)]
    if (place / IMPORT_FILE).is_file():
        return [ImportedFolder(place)]
    if journal_at(place).is_file():
        try:
            return sessions(place)
        except JournalUnreadable as error:
            raise EvidenceProblem([error.diagnostic]) from None
    raise EvidenceProblem([faults.no_source(Span.of_file(str(place)))])


def _match(connection: duckdb.DuckDBPyConnection) -> None:
    """Trades of one source and the decisions of another, where a log names the trade that an order opened: a broker's
    list of closed trades says nothing of strategies."""
    connection.execute(
        """
        UPDATE trades SET opened_by = d.id, tag = d.tag, strategy = d.strategy
        FROM (
            SELECT trade, instrument, any_value(id) AS id, any_value(tag) AS tag, any_value(strategy) AS strategy
            FROM decisions
            WHERE kind IN ('entry', 'ladder', 'pyramid', 'hedge_open') AND outcome = 'sent' AND trade IS NOT NULL
            GROUP BY trade, instrument HAVING count(*) = 1
        ) AS d
        WHERE trades.opened_by IS NULL AND coalesce(trades.strategy, '') = ''
          AND trades.id = d.trade AND trades.instrument = d.instrument
        """
    )
