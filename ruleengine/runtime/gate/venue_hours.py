"""What a venue says of its hours, held against our calendar (OPS-07). Where they are against each other nothing is
added in that instrument; exits go on.

    a word with an end      a day's or a maintenance's: told when it is heard, so that somebody can look before it
                            begins. What the account file states of that day wins, and that is said
    a word without an end   what the venue does now (suspended, not tradeable): nothing that a file states changes it

Everything follows from events that are in the log, and is kept over restarts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import venue_hours as faults
from ruleengine.market.exchanges import SpecialDays, trading_hours
from ruleengine.market.phase import NEVER, Phase
from ruleengine.market.zones import local_date, zone
from ruleengine.model.event import HoursWord
from ruleengine.model.figure import when
from ruleengine.model.instrument import Instrument

_HERE = Span.of_file("hours")


class Word(NamedTuple):
    """A word as it is kept; fields as in `HoursWord`."""

    instrument: str
    source: str
    begin_ns: int
    end_ns: int | None
    is_open: bool

    def covers(self, ts: int) -> bool:
        return self.begin_ns <= ts < self.last_ns

    @property
    def last_ns(self) -> int:
        return NEVER if self.end_ns is None else self.end_ns


class VenueHours:
    """`days`: what the account file states of its market's days."""

    def __init__(self, instruments: Mapping[str, Instrument], days: SpecialDays) -> None:
        self._instruments, self._days = instruments, days
        self._phases: dict[str, Phase] = {}
        self._words: dict[tuple[str, str], Word] = {}

    def take(self, event: HoursWord) -> list[Diagnostic]:
        """What there is to say of a word; one that was heard before says nothing."""
        word = Word(event.instrument, event.source, event.begin_ns, event.end_ns, event.is_open)
        before = self._words.get(word[:2])
        if before == word:
            return []
        self._words = {key: each for key, each in self._words.items() if each.last_ns > event.ts}
        self._words[word[:2]] = word
        found: list[Diagnostic] = []
        for sessions in self._sessions_of(word):
            was = before is not None and self._outlook(before, sessions, event.ts)[1]
            found += self._compared(word, sessions, event.ts, had_differed=was)
        return found

    def against(self, instrument: str, now: int) -> Word | None:
        """The word that keeps openings back: it is against our calendar at this instant."""
        sessions = self._instruments[instrument].sessions
        for word in self._words.values():
            if word.instrument in ("", instrument) and word.covers(now) and self._differs_at(word, sessions, now):
                return word
        return None

    def wording(self, word: Word, subject: str) -> Diagnostic:
        """The disagreement in words."""
        if word.end_ns is None:
            return faults.no_trading_now(_HERE, subject, word.source, when(word.begin_ns))
        return faults.hours_differ(
            _HERE, subject, word.source, when(word.begin_ns), when(word.end_ns), is_open=word.is_open
        )

    # --- one word against one calendar -------------------------------------------------------------------------------

    def _compared(self, word: Word, sessions: str, ts: int, *, had_differed: bool) -> Iterable[Diagnostic]:
        subject = word.instrument or f"hours `{sessions}`"
        is_against, differs = self._outlook(word, sessions, ts)
        if differs:
            return [self.wording(word, subject)]
        if had_differed:
            return [faults.hours_agree(_HERE, subject, word.source)]
        if is_against:
            return [faults.account_file_wins(_HERE, subject, word.source, when(word.begin_ns), is_open=word.is_open)]
        return []

    def _outlook(self, word: Word, sessions: str, since: int) -> tuple[bool, bool]:
        """(against our calendar, against it where the account file states nothing) at some time from an instant on."""
        phase, at, is_against = self._phase(sessions), max(since, word.begin_ns), False
        end = at + 1 if word.end_ns is None else word.end_ns  # what it does now says nothing of later
        while at < end:
            if self._is_against(word, sessions, at):
                is_against = True
                if not self._is_stated(word, sessions, at):
                    return True, True
            phase.turn(at)
            at = phase.due
        return is_against, False

    def _differs_at(self, word: Word, sessions: str, at: int) -> bool:
        return self._is_against(word, sessions, at) and not self._is_stated(word, sessions, at)

    def _is_against(self, word: Word, sessions: str, at: int) -> bool:
        """`closed` is against the instants at which we are open; `open at some time` against a stretch in which we
        never are."""
        if not word.is_open:
            return self._phase(sessions).at(at) == "open"
        return word.end_ns is not None and not self._opens_within(sessions, word.begin_ns, word.end_ns)

    def _opens_within(self, sessions: str, begin: int, end: int) -> bool:
        phase, at = self._phase(sessions), begin
        while at < end:
            if phase.turn(at) == "open":
                return True
            at = phase.due
        return False

    def _is_stated(self, word: Word, sessions: str, at: int) -> bool:
        """Does the account file state the hours of that day? Markets around the clock have no days."""
        calendar, days = trading_hours(sessions), self._days
        if word.end_ns is None or not calendar.hours:
            return False
        day = local_date(at, zone(calendar.zone))
        return any(day in stated for stated in (days.closed, days.open, days.opens, days.closes))

    def _sessions_of(self, word: Word) -> list[str]:
        """Names of the calendars of the instruments that a word is about."""
        if word.instrument:
            return [self._instruments[word.instrument].sessions]
        return sorted({each.sessions for each in self._instruments.values()})

    def _phase(self, sessions: str) -> Phase:
        if sessions not in self._phases:
            self._phases[sessions] = Phase(sessions, self._days)
        return self._phases[sessions]

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> list[list[Any]]:
        return [list(word) for word in self._words.values()]

    def restore(self, state: Sequence[Sequence[Any]]) -> None:
        """Words of instruments that this run has not are left out."""
        words = [Word(*each) for each in state]
        self._words = {word[:2]: word for word in words if not word.instrument or word.instrument in self._instruments}
