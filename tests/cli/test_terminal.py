"""What a terminal shows: colour unless it is unwanted, a screen that keeps its shape, tables within the width."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.asking import COMMAND

ESCAPE = re.compile(rb"\x1b\[[0-9;]*m")


def on_terminal(arguments: list[str], environment: dict[str, str]) -> tuple[int, bytes]:
    """Exit code and all output of a command whose three streams are a terminal of 80 by 24."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **environment}
    if "NO_COLOR" not in environment:
        settings.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=settings, close_fds=True
    )
    os.close(theirs)
    found, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # the other side was closed
                break
            if not piece:
                break
            found += piece
        elif process.poll() is not None:
            break
    os.close(ours)
    return process.wait(60), found


@pytest.fixture
def broken(world: Path) -> Path:
    policy = world / "small.policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("spread <=", "spraed <="), encoding="utf-8")
    return policy


def test_findings_have_colour_on_a_terminal(broken: Path) -> None:
    code, found = on_terminal(["validate", "small.policy.yaml"], {})
    assert code == 1
    assert ESCAPE.search(found)
    assert b"RE320" in ESCAPE.sub(b"", found)


def scenario_of_a_broken_policy(folder: Path) -> None:
    (folder / "small.scenario.yaml").write_text(
        "apiVersion: ruleengine/v1\nkind: Scenario\nabout: nothing\npolicy: small.policy.yaml\n"
        "account: small.account.yaml\nsteps: []\n",
        encoding="utf-8",
    )


def test_what_a_scenario_finds_has_colour_on_a_terminal(broken: Path) -> None:
    scenario_of_a_broken_policy(broken.parent)
    code, found = on_terminal(["test", "."], {})
    assert code == 1
    assert ESCAPE.search(found)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_that_is_unwanted_stays_away(broken: Path, environment: dict[str, str]) -> None:
    scenario_of_a_broken_policy(broken.parent)
    for arguments in (["validate", "small.policy.yaml"], ["graph", "--policy", "small.policy.yaml"], ["test", "."]):
        _, found = on_terminal(arguments, environment)
        assert not ESCAPE.search(found)


def test_tables_keep_to_the_width(world: Path) -> None:
    arguments = ["dry-run", "--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl"]
    code, found = on_terminal(arguments, {"NO_COLOR": "1"})
    assert code == 0
    text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", found).decode().replace("\r", "\n")
    tables = text[text.index("Orders and their fills") :]
    assert max(map(len, tables.splitlines())) <= 80
    assert "18,917" in tables


def test_the_live_screen_shows_the_run_and_goes_away(world: Path) -> None:
    arguments = ["run", "--policy", "small.policy.yaml", "--duration", "3s", "--journal", "journal"]
    code, found = on_terminal(arguments, {"NO_COLOR": "1"})
    assert code == 0
    live, _, summary = found.decode().partition("Orders and their fills")
    assert "small 1.0.0 on small-paper (paper)" in live
    assert "Ctrl-C stops and prints the summary" in live
    assert re.search(r"equity \d{3},\d{3} JPY", live)
    assert "1970" not in live
    account = re.findall(r"^(?:equity|margin used) .*$", live, re.MULTILINE)
    assert account
    assert not [line for line in account if "…" in line], "eighty columns hold the account"
    assert "Ctrl-C stops" not in summary
    screens = re.split(r"\x1b\[\d*A", live)
    assert max(screen.count("\n") for screen in screens) < 24
