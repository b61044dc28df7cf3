"""The market and the signals of a live run, out of its journal: a recording that every live run leaves.

Runs that follow each other in time (a run that was started again) are one; where time went back (another run over
recorded or simulated data) the last stretch counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ruleengine.cli.failure import CommandError
from ruleengine.journal import JournalReader, Row
from ruleengine.journal.events import from_input
from ruleengine.model.event import HoursWord, MarketEvent, Signal, Timer
from ruleengine.recordings import Live

_INPUTS = ("market", "event")
_TAKEN = frozenset({Signal.kind, HoursWord.kind})


class JournalData:
    """Meets `Recorded`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with JournalReader(path) as reader:
            self._activation = _first_of_stretch(reader, path)
            body = self._activation.body
            self.first_ns = int(body["start_ns"])
            self.first_event_no = self._activation.event_no
            self.instruments = tuple(body["instruments"])
            self.live = Live(self.first_ns, tuple(dict(each) for each in body["account"].get("trades") or ()))
            last = next(reader.rows(kinds=_INPUTS, from_seq=self._activation.seq, is_reversed=True), None)
            if last is None:
                raise CommandError(f"{path}: that run saw no market", "name another run")
            self.last_ns = last.ts_ns
            self.digest = hashlib.sha256(self._activation.hash + last.hash).hexdigest()

    def events(
        self, from_ns: int | None = None, to_ns: int | None = None, instruments: Iterable[str] | None = None
    ) -> Iterator[MarketEvent | Signal]:
        """What came of the market, and signals, with from_ns ≤ ts < to_ns, in the order in which they were taken."""
        return (each for each in self.inputs(from_ns, to_ns, instruments) if not isinstance(each, HoursWord))

    def inputs(
        self, from_ns: int | None = None, to_ns: int | None = None, instruments: Iterable[str] | None = None
    ) -> Iterator[MarketEvent | Signal | HoursWord]:
        """The same with the venue's words of its hours among it, which keep openings back in a dry run too."""
        wanted = None if instruments is None else frozenset(("", *instruments))
        with JournalReader(self.path) as reader:
            for recorded in reader.replay(after_event=self.first_event_no, since_ns=from_ns, until_ns=to_ns):
                if recorded.type == Timer.kind or not (recorded.is_market or recorded.type in _TAKEN):
                    continue
                event: Any = from_input(recorded)
                if wanted is None or event.instrument in wanted:
                    yield event

    def state_for(self, policy_digest: str) -> dict[str, Any] | None:
        """What the engine knew of the market before that run, for the policy that ran; None for another one, or where
        nothing was kept."""
        if self._activation.body["digest"] != policy_digest:
            return None
        with JournalReader(self.path) as reader:
            kept = next(reader.rows(kinds=["snapshot"], from_seq=self._activation.seq), None)
        if kept is None or kept.event_no != self._activation.event_no:
            return None
        state: dict[str, Any] = kept.body["state"]
        return state


def _first_of_stretch(reader: JournalReader, path: Path) -> Row:
    """The activation from which on time only goes forward."""
    found = list(reader.rows(kinds=["activation"]))
    if not found:
        raise CommandError(f"{path}: no policy was activated in this journal", "name another run")
    first = found[0]
    for each in found[1:]:
        before = next(reader.rows(kinds=_INPUTS, to_seq=each.seq - 1, is_reversed=True), None)
        if before is not None and before.ts_ns > int(each.body["start_ns"]):
            first = each
    return first
