"""Help as it stands on a screen of eighty columns; wrong use is told in a sentence, with what was probably meant."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.asking import ask

COMMANDS = (
    "init", "validate", "test", "schema", "explain", "graph", "import", "record", "run", "simulate", "doctor",
    "dry-run", "why", "audit", "status", "pause", "resume", "kill", "lift", "rearm", "override", "close",
)  # fmt: skip
REPORTS = ("guards", "outcomes", "trial", "daily", "exposure")


@pytest.mark.parametrize("command", ["", *COMMANDS, "report", *(f"report {each}" for each in REPORTS)])
def test_help(command: str, snapshot: SnapshotAssertion) -> None:
    found = ask(*command.split(), "--help")
    assert (found.code, found.err) == (0, "")
    assert found.out == snapshot
    assert max(map(len, found.out.splitlines())) <= 80


def test_every_command_says_what_it_is_for() -> None:
    overview = ask("--help").out
    assert "..." not in overview.split("Commands:")[1], "a line that is cut off says nothing"
    for command in (*COMMANDS, "report"):
        assert f"  {command} " in overview
        assert "Example: ruleengine " in ask(command, "--help").out
        assert ask(command, "-h") == ask(command, "--help")


def test_no_command_is_wrong_use() -> None:
    found = ask()
    assert found.code == 2
    assert "Commands:" in found.out + found.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["validat", "x"], "Did you mean 'validate'?"),
        (["run", "--polcy", "x"], "--policy"),
        (["run"], "Missing option '--policy'"),
        (["dry-run", "--policy", "x"], "Missing option '--data'"),
        (["graph", "--policy", "x", "--format", "png"], "'png' is not one of"),
        (["schema", "polcy"], "did you mean policy?"),
        (["schema", "--draft", "4"], "'4' is not one of"),
        (["explain", "RE30"], "RE301"),
        (["explain", "factz"], "did you mean facts?"),
        (["explain", "nonsense"], "codes look like RE305"),
        (["run", "--policy", "x", "--speed", "0"], "neither a positive number nor `max`"),
        (["run", "--policy", "x", "--speed", "fast"], "neither a positive number nor `max`"),
        (["run", "--policy", "x", "--duration", "5"], "write it as 45s, 10min or 2h"),
        (["import"], "give --preset NAME or --mapping FILE"),
        (["import", "x.csv", "--preset", "oanda-m1-mit", "--out", "y"], "did you mean oanda-m1-mid?"),
        (["import", "x.csv", "--preset", "oanda-m1-mid", "--price-band", "9", "--out", "y"], "write it as 50:250"),
        (["why"], "give a decision's id, or --at an instant"),
        (["why", "a", "--at", "2026-01-07"], "give a decision's id, or --at an instant"),
    ],
)
def test_wrong_use_is_told(arguments: list[str], said: str) -> None:
    found = ask(*arguments)
    assert found.code == 2
    assert found.out == ""
    assert said in found.err
    assert "Traceback" not in found.err
