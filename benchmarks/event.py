"""One event through the whole runtime: bars, features, facts, 60 rules, the paper venue, with and without a journal.

The time of an event is from handing it to the driver until the driver asks for the next one, so it holds everything
that the event led to: orders, the venue's answers, and the disk where a journal is kept.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Figure
from benchmarks.policy_texts import STRATEGIES, policy
from benchmarks.quotes import ACCOUNT, BEGIN_NS, INSTRUMENT, Quotes, generated
from benchmarks.rig import Rig, session_in
from ruleengine.cli.session import Session
from ruleengine.journal import JournalWriter
from ruleengine.model.event import Event, Quote, Signal
from ruleengine.model.side import Side
from ruleengine.ports.journal import Recorder
from ruleengine.reports.recorders import JournalRecorder

RULES = 60
ROWS = 60_000
WARM_ROWS = 20_000
"""About three hours: the longest average reads ninety minutes."""
SIGNAL_EVERY = 200
TRADES = "trades:\n" + "".join(
    f"  - {{instrument: {INSTRUMENT}, side: {'short' if number % 2 else 'long'}, units: 5_000units, price: 150.0,"
    f" age: {number + 1}h, strategy: {STRATEGIES[number % 2]}, pocket: scalp, client_id: re-{number}}}\n"
    for number in range(6)
)
"""What the account holds at the start, so that exits and aggregates have something to look at."""


def figures() -> list[Figure]:
    """p50 and p99 of quotes and of signals, without a journal and with one."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        session = session_in(folder, "sixty", policy("sixty", RULES, seed=60), ACCOUNT + TRADES)
        quotes = generated(ROWS)
        for is_kept in (False, True):
            taken = _with_journal(session, quotes, folder) if is_kept else _timed(session, quotes, None)
            journal = "with a journal" if is_kept else "without a journal"
            for kind, micros in taken.items():
                marks = statistics.quantiles(micros, n=100)
                found += [
                    Figure(f"event, {RULES} rules, {journal}: {kind}, p50", marks[49], "µs"),
                    Figure(f"event, {RULES} rules, {journal}: {kind}, p99", marks[98], "µs"),
                ]
    return found


def _with_journal(session: Session, quotes: Quotes, folder: Path) -> dict[str, list[float]]:
    with JournalWriter(folder / "journal.sqlite", "quotes-paper", origin="benchmark") as writer:
        return _timed(session, quotes, JournalRecorder(writer, session.policy, "quotes-paper", ""))


def _timed(session: Session, quotes: Quotes, recorder: Recorder | None) -> dict[str, list[float]]:
    """Microseconds of every event after the warm rows."""
    taken: dict[str, list[float]] = {"a quote": [], "a signal": []}
    rig = Rig(session, BEGIN_NS, recorder, None)
    rig.driver.run(_clocked(quotes, taken))
    outcomes = rig.driver.counts.by_outcome
    if not outcomes.get("sent") or not outcomes.get("refused"):
        raise RuntimeError(f"the policy of {RULES} rules should send and refuse, but came to {outcomes}")
    return taken


def _clocked(quotes: Quotes, taken: dict[str, list[float]]) -> Iterator[Event]:
    for row, event in enumerate(_events(quotes)):
        begin = time.perf_counter_ns()
        yield event
        micros = (time.perf_counter_ns() - begin) / 1e3
        if row >= WARM_ROWS:
            taken["a signal" if event.__class__ is Signal else "a quote"].append(micros)


def _events(quotes: Quotes) -> Iterator[Event]:
    columns = (quotes.ts, quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for number, (ts, bid, ask, bid_size, ask_size) in enumerate(rows):
        yield Quote(ts, ts, INSTRUMENT, bid, ask, bid_size, ask_size)
        if number % SIGNAL_EVERY == 0:
            side = Side.LONG if number // SIGNAL_EVERY % 2 else Side.SHORT
            strategy = STRATEGIES[number // SIGNAL_EVERY // 2 % 2]
            yield Signal(ts, ts, f"s-{number}", INSTRUMENT, strategy, side, size=10_000.0, pocket="scalp")
