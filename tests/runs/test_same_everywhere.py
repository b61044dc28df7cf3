"""One policy, one market, the same decisions: live and dry, whole and cut off, scalar and trace, whatever the seed of
hashes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from ruleengine.cli.session import Session
from ruleengine.model.event import Event
from tests.runs.whole import POLICY, Kept, dry, live, market, session_in

ROOT = Path(__file__).resolve().parents[2]


def test_the_run_is_worth_comparing(whole: Kept) -> None:
    """Every kind of rule acted, orders were filled, refused by rules and by the gate, and something was unknown."""
    outcomes = Counter((each.kind, each.outcome) for each in whole.decisions)
    assert outcomes["entry", "sent"] > 5
    assert outcomes["entry", "refused"] > 5
    assert outcomes["exit", "sent"] > 5
    assert outcomes["hedge_reduce", "sent"] >= 1
    assert {each.rule for each in whole.decisions} >= {"from-signals", "cross", "relief", "scale-out", "cut", "old"}
    assert {each.kind for each in whole.events} == {"quote", "signal", "timer", "order", "fill", "account"}
    assert any(line[1]["now"] is None for line in whole.only("change"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_live_is_the_dry_run(tmp_path: Path, seed: int) -> None:
    session = session_in(tmp_path)
    events = market(session, 600, seed)
    assert live(session, events).lines == dry(session, events).lines


@pytest.mark.parametrize("rows", [1, 2, 40, 333, 1500])
def test_a_run_that_ends_earlier_decides_the_same_until_then(
    session: Session, events: list[Event], whole: Kept, rows: int
) -> None:
    """No decision rests on what comes later."""
    part = dry(session, events[:rows])
    assert part.lines == whole.lines[: len(part.lines)]
    assert sum(each.kind in ("quote", "signal") for each in part.events) == rows


def test_trace_decides_as_scalar_does(tmp_path: Path) -> None:
    session = session_in(tmp_path, POLICY.replace("3 * avg_over(spread, 60s)", "2pips"))
    events = market(session, 420)
    traced = dry(session, events, backend="trace")
    assert len(traced.decisions) > 20
    assert _shape(traced) == _shape(dry(session, events))


def test_trace_runs_what_counts_on_every_tick(session: Session, events: list[Event]) -> None:
    assert _shape(dry(session, events[:300], backend="trace")) == _shape(dry(session, events[:300]))


def _shape(kept: Kept) -> list[object]:
    """What was decided, with the words of every comparison and its verdict; values of the two agree within the
    arithmetic's last digits, which `tests/agreement` holds to its own bounds."""
    rows: list[object] = []
    for line in kept.decided:
        body = line[1]
        if line[0] == "decision":
            verdicts = [
                (v["rule"], v["outcome"], _rounded(v["size"]), [(c["text"], c["verdict"]) for c in v["comparisons"]])
                for v in body["verdicts"]
            ]
            path = [(what, _rounded(units)) for what, units in body["size_path"]]
            rows.append((body["id"], body["outcome"], body["code"], path, body["order"], verdicts))
        elif line[0] == "change":
            rows.append((body["ts"], body["rule"], body["key"], body["before"], body["now"], body["unknown"]))
        else:
            rows.append(line[:1])
    return rows


def _rounded(units: str | None) -> str | None:
    return None if units is None else f"{float(units):.9g}"


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_hash_seeds_change_nothing(whole: Kept, hash_seed: str) -> None:
    code = "from tests.runs.test_same_everywhere import digest_of_a_run; print(digest_of_a_run())"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == _digest(whole)


def digest_of_a_run() -> str:
    """What `whole` comes to, in a process of its own."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        session = session_in(Path(folder))
        return _digest(dry(session, market(session, 1200)))


def _digest(kept: Kept) -> str:
    """Of all lines; the places name the policy's file, which stands in another folder each time."""
    text = json.dumps(kept.lines)
    for decision in kept.decisions:
        folder = str(Path(decision.place.split(":")[0]).parent)
        return hashlib.sha256(text.replace(folder, "").encode()).hexdigest()
    raise AssertionError("a run without decisions says nothing")
