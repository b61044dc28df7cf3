"""Every scenario beside a policy passes; the requirement rows that it cites exist in the policy's README."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.cli.test import lines
from ruleengine.cli.venues import adapter_named
from ruleengine.reports.scenario import Runner

POLICIES = Path(__file__).resolve().parents[2] / "policies"
SCENARIOS = sorted(POLICIES.glob("**/scenarios/*.yaml"))


@pytest.fixture(scope="module")
def runner() -> Runner:
    return Runner(adapter_named)


def test_there_are_scenarios() -> None:
    assert SCENARIOS


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: f"{file.parents[1].name}/{file.stem}")
def test_scenario(file: Path, runner: Runner) -> None:
    for result in runner.results(file):
        assert result.has_passed, lines(result, 0.0)


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: f"{file.parents[1].name}/{file.stem}")
def test_the_policys_readme_names_the_scenario(file: Path) -> None:
    """A row of the requirements is found from the README, and so is what shows it."""
    readme = (file.parents[1] / "README.md").read_text(encoding="utf-8")
    assert f"`{file.stem}`" in readme
