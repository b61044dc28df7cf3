"""Commands at an engine that runs at a venue, from another prompt: they hold over a kill of the process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.asking import Answer, ask
from tests.cli.venue_desk import Desk
from tests.waiting import until

pytestmark = pytest.mark.parametrize("desk", ["oanda"], indirect=True)
WHY = ("--reason", "a test", "--by", "anna")


@contextmanager
def running(desk: Desk) -> Iterator[subprocess.Popen[bytes]]:
    """A run in a process of its own, until it is over or the block is left."""
    program = [sys.executable, "-m", "ruleengine.cli.main", *desk.arguments, "--duration", "60s", "--format", "json"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as run:
        try:
            yield run
        finally:
            run.kill()


def state(desk: Desk) -> dict[str, Any]:
    """What the engine says of itself, once it listens."""
    until(lambda: ask("status", "--format", "json").code == 0, "nobody listened")
    told: list[dict[str, Any]] = json.loads(ask("status", "--format", "json").out)
    assert len(told) == 1
    assert Path(told[0]["journal"]).resolve() == desk.journal_folder
    return told[0]


def refusals(desk: Desk) -> set[str]:
    with desk.journal() as journal:
        return {row.body["code"] for row in journal.rows(kinds=["check"])}


def opened(desk: Desk) -> int:
    """Orders of the venue that opened."""
    return sum(not str(order["units"]).startswith("-") for order in desk.venue()["orders"])


def test_a_pause_outlives_a_kill(desk: Desk) -> None:
    with running(desk) as run:
        until(lambda: opened(desk) > 0, "nothing was opened")
        paused = ask("pause", *WHY)
        assert (paused.code, paused.err) == (0, "")
        assert "pause: `entries` by anna: a test" in paused.out
        run.send_signal(signal.SIGKILL)
        run.wait()
    time.sleep(0.5)  # what was on its way to the venue is there now
    before = opened(desk)
    gone = ask("resume", *WHY)
    assert gone.code == 2
    assert "no engine of yours runs" in gone.err
    with running(desk) as run:
        assert [(each["scope"], each["by"], each["reason"]) for each in state(desk)["off"]] == [
            ("entries", "anna", "a test")
        ]
        until(lambda: not any(float(each["units"]) for each in desk.venue()["trades"]), "the position was not closed")
        until(lambda: "RE531" in refusals(desk), "nothing was refused for the pause")
        assert opened(desk) == before, "nothing was opened while it was paused, and the exit went"
        assert ask("resume", *WHY).code == 0
        until(lambda: opened(desk) > before, "nothing was opened")
        run.send_signal(signal.SIGINT)
        out, err = run.communicate()
        assert run.returncode == 0, err
        assert {row["outcome"] for row in json.loads(out)["decisions"]} >= {"sent", "refused"}


def test_what_can_not_be_done_is_said(desk: Desk) -> None:
    with running(desk):
        until(lambda: bool(desk.sendings()), "nothing was sent")
        assert told(ask("kill", "strategy:round", *WHY)) == (1, "did you mean `strategy:rounds`?")
        assert told(ask("lift", "account", *WHY))[0] == 1
        assert told(ask("rearm", "buy", *WHY))[0] == 1
        assert told(ask("kill", "--reason", "a test", "--journal", "elsewhere"))[0] == 2
        assert told(ask("override", "price_collar", "--for", "2days", *WHY))[0] == 2
        shown = ask("status").out
        assert "rounds 1.0.0 on oanda-" in shown
        assert state(desk)["off"] == []


def told(found: Answer) -> tuple[int, str]:
    """(exit code, the help)"""
    return found.code, found.err.partition("help: ")[2].strip()
