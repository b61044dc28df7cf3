"""Data that a policy is run on again: recordings, or the journal of a live run, which is a recording too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from ruleengine.cli.engines import engine_of
from ruleengine.cli.failure import CommandError
from ruleengine.cli.history import warmed
from ruleengine.cli.journal_data import JournalData
from ruleengine.cli.session import Session
from ruleengine.cli.streams import tell
from ruleengine.journal import journal_at
from ruleengine.journal.errors import JournalUnreadable
from ruleengine.journal.places import FILE_NAME
from ruleengine.model.event import MarketEvent, Signal
from ruleengine.ports.journal import Recorder
from ruleengine.recordings import Live, Recording, RecordingProblem, open_recording
from ruleengine.runtime.engine import Engine


class Recorded(Protocol):
    """What a run asks of data. `live`: where it was taken down as the market came, when that began."""

    @property
    def instruments(self) -> tuple[str, ...]: ...
    @property
    def first_ns(self) -> int: ...
    @property
    def last_ns(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def live(self) -> Live | None: ...

    def events(
        self, from_ns: int | None = None, to_ns: int | None = None, instruments: Iterable[str] | None = None
    ) -> Iterator[MarketEvent | Signal]: ...


def opened(data: Sequence[Path]) -> Recorded:
    """The recordings as one, or a journal, which stands alone; findings go to stderr."""
    journals = [path for path in data if _is_journal(path)]
    if journals and len(data) > 1:
        raise CommandError(f"{journals[0]} is a journal, which is read alone", "leave the other --data out")
    try:
        return JournalData(journal_at(data[0])) if journals else open_recording([str(path) for path in data])
    except RecordingProblem as problem:
        tell(problem.findings, {})
        remedy = "a recording is a folder that `ruleengine import` or `ruleengine record` made, or a run's journal"
        raise CommandError("the data can't be read", remedy) from None
    except JournalUnreadable as error:
        raise CommandError(f"{data[0]}: {error}", "name a recording, or the journal of a run") from None


def began_ns(recorded: Recorded) -> int | None:
    """When what was taken down live began: what lies before is the past, for look-back. None of what was imported."""
    return recorded.live.from_ns if recorded.live is not None else None


def with_book(session: Session, recorded: Recorded) -> None:
    """A simulated market's starting book is the account's, where the account file states none: as it was live."""
    if recorded.live is not None and recorded.live.trades and "trades" not in session.account:
        session.account["trades"] = [dict(each) for each in recorded.live.trades]


def engine_before(
    session: Session, recorder: Recorder | None, run_id: str, recorded: Recorded, first_ns: int, names: Sequence[str]
) -> Engine:
    """An engine that knows the past of its first event: what the data has of it, or a journal's state."""

    def make() -> Engine:
        return engine_of(session, recorder, run_id)

    if isinstance(recorded, JournalData) and first_ns == recorded.first_ns:
        engine = make()
        state = recorded.state_for(session.policy["digest"])
        if state is not None:
            restored(engine, state, recorded.path)
            engine.desk.seq = recorded.first_event_no  # the same numbers, so the same ids, where the same is decided
        return engine
    return warmed(make, recorded, first_ns, names)


def past_of(session: Session, recorded: Recorded) -> Callable[[int], Iterable[MarketEvent]] | None:
    """What was taken down before a live recording began, from an instant on; None where there is nothing."""
    begin = began_ns(recorded)
    if begin is None or begin <= recorded.first_ns:
        return None
    names = [each.name for each in session.instruments]
    return lambda since: (each for each in recorded.events(since, begin, names) if not isinstance(each, Signal))


def described(recorded: Recorded) -> str:
    if isinstance(recorded, Recording):
        rows = f"{recorded.rows:,} rows"
        return f"recording of {', '.join(recorded.instruments)}, {rows}, digest {recorded.digest[:12]}"
    return f"journal of a run on {', '.join(recorded.instruments)}, digest {recorded.digest[:12]}"


def _is_journal(path: Path) -> bool:
    return path.name == FILE_NAME or (path / FILE_NAME).is_file()


def restored(engine: Engine, state: dict[str, Any], place: Path) -> None:
    """Take a journal's state over."""
    try:
        engine.restore(state)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        reason = f"{place}: the state with which that run began can't be read: {type(error).__name__} {error}"
        raise CommandError(reason, "read it with the version of ruleengine that wrote it") from None
