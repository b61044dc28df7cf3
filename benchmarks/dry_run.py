"""Rows a second of a dry run in which every row is stepped, beside a hand-written loop and nautilus_trader.

1. `recorded`  the generated quotes imported as any CSV file is
2. `checked`   three ways to the same trades; the benchmark stops where one trade differs
3. `figures`   turns of all three; ours includes reading the recording from disk
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Figure, microseconds, ratio, take_prepared_turns
from benchmarks.nautilus_peer import prepared
from benchmarks.quotes import (
    ACCOUNT,
    BEGIN_NS,
    INSTRUMENT,
    POLICY,
    ROWS,
    Quotes,
    Trade,
    by_hand,
    first_difference,
    generated,
    write_csv,
)
from benchmarks.rig import Rig, session_in
from ruleengine.cli.dry_run import opened, source_of
from ruleengine.cli.session import Session
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event, Fill
from ruleengine.recordings import Recording, import_recording

ROUNDS = 5


def figures() -> list[Figure]:
    """Times a row and their ratios; the whole command once, for its rows a second at the prompt."""
    quotes = generated()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = recorded(quotes, folder)
        session = session_in(folder, "quotes", POLICY, ACCOUNT)
        peer = prepared(quotes)
        checked(quotes, session, recording, peer)
        taken = take_prepared_turns(
            {
                "hand": lambda: lambda: by_hand(quotes),
                "ours": lambda: our_run(session, recording)[0],
                "nautilus": peer,
            },
            ROUNDS,
        )
        at_the_prompt = command_seconds(folder)
    ours = microseconds(taken["ours"], ROWS)
    faster = ratio(taken["nautilus"], taken["ours"])
    slower = ratio(taken["ours"], taken["hand"])
    return [
        Figure("dry run, every row stepped: nautilus_trader / dry run", faster, "×", 1.5, "at least"),
        Figure("dry run, every row stepped: dry run / hand-written loop", slower, "×", 30.0),
        Figure("dry run, every row stepped: a row", ours, "µs"),
        Figure("dry run, every row stepped: rows a second", 1e6 / ours, ""),
        Figure("dry run, whole command from start to report: rows a second", ROWS / at_the_prompt, ""),
    ]


def recorded(quotes: Quotes, folder: Path) -> Recording:
    write_csv(quotes, folder / "quotes.csv")
    import_recording(
        "quotes-decoded", [folder / "quotes.csv"], folder / "recording", instrument=INSTRUMENT, venue="generated"
    )
    recording = opened([folder / "recording"])
    if recording.rows != len(quotes.ts):
        raise RuntimeError(f"{recording.rows} rows were imported of {len(quotes.ts)}")
    return recording


def checked(
    quotes: Quotes, session: Session, recording: Recording, peer: Callable[[], Callable[[], list[Trade]]]
) -> None:
    """Stops the benchmark where the three ways lead to different trades, or to none."""
    by_loop = by_hand(quotes)
    run, trades = our_run(session, recording)
    run()
    for name, others in (("the dry run", trades()), ("nautilus_trader", peer()())):
        difference = first_difference(by_loop, others) if by_loop else "no trades"
        if difference:
            raise RuntimeError(f"by hand and {name}: {difference}")


def our_run(session: Session, recording: Recording) -> tuple[Callable[[], object], Callable[[], list[Trade]]]:
    """A fresh run, and what reads its trades afterwards. Audits are kept, as a report needs them."""
    audits: list[tuple[Event, Audit]] = []
    rig = Rig(session, BEGIN_NS, None, lambda event, audit: audits.append((event, audit)))
    return (
        lambda: rig.driver.run(source_of(session, recording, None, None, ())),
        lambda: round_trips(rig.fills),
    )


def round_trips(fills: list[Fill]) -> list[Trade]:
    """Fills in order, each second one closing the one before."""
    pairs = zip(fills[0::2], fills[1::2], strict=False)
    return [
        Trade(opening.side.sign, opening.ts, float(opening.price), closing.ts, float(closing.price))
        for opening, closing in pairs
    ]


def command_seconds(folder: Path) -> float:
    """`ruleengine dry-run` as a process, with files written."""
    prompt = str(Path(sys.executable).parent / "ruleengine")
    policy, data, out = folder / "quotes.policy.yaml", folder / "recording", folder / "result"
    command = [prompt, "dry-run", "--policy", policy, "--data", data, "--out", out, "--format", "json"]
    begin = time.perf_counter()
    result = subprocess.run([str(each) for each in command], check=True, capture_output=True, text=True)
    taken = time.perf_counter() - begin
    json.loads(result.stdout)
    return taken
