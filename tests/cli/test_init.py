"""`init`: what it writes validates, tests and runs as it is, and nothing that is there is written over."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ruleengine import __version__
from ruleengine.cli.init import STARTERS, texts_of
from ruleengine.cli.session import prepare, simulated_profile
from tests.cli.asking import ask

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "2020-12"


@pytest.fixture(params=STARTERS)
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of starter, written into the folder that the test now stands in."""
    monkeypatch.chdir(tmp_path)
    assert ask("init", request.param, "desk").code == 0
    monkeypatch.chdir(tmp_path / "desk")
    return str(request.param)


def test_it_validates_without_a_finding(desk: str) -> None:
    found = ask("validate", ".", "--format", "json")
    assert found.code == 0
    report = json.loads(found.out)
    assert report["summary"]["checked"] >= 5
    assert report["findings"] == []
    assert ask("validate", f"{desk}.policy.yaml", "--account", f"{desk}.account.yaml", "--adapter", "paper").code == 0


def test_its_scenarios_pass_and_can_fail(desk: str) -> None:
    scenarios = sorted(Path("scenarios").iterdir())
    assert len(scenarios) >= 4
    assert set(_outcomes().values()) == {"pass"}
    assert {file for file, _ in _outcomes()} == {str(each) for each in scenarios}
    for scenario in scenarios:
        text = scenario.read_text(encoding="utf-8")
        assert "outcome: order" in text
        scenario.write_text(text.replace("outcome: order", "outcome: nothing"), encoding="utf-8")
    failed = {file for (file, _), outcome in _outcomes().items() if outcome == "fail"}
    assert failed == {str(each) for each in scenarios}


def _outcomes() -> dict[tuple[str, str | None], str]:
    """How each scenario of the folder ends, case by case."""
    found = ask("test", ".", "--format", "json")
    return {(each["file"], each["case"]): each["outcome"] for each in json.loads(found.out)["scenarios"]}


@pytest.mark.parametrize("kind", STARTERS)
def test_every_condition_of_it_is_shown_true_and_false(kind: str, tmp_path: Path) -> None:
    assert ask("init", kind, str(tmp_path)).code == 0
    assert ask("test", str(tmp_path), "--min-coverage", "100").code == 0


def test_it_runs_on_the_paper_venue_and_its_rules_act(desk: str) -> None:
    found = ask("run", "--policy", f"{desk}.policy.yaml", "--duration", "5s")
    assert found.code == 0, found.err
    assert "from-signals" in found.out
    assert "RE592" not in found.out, "the market sends signals that a rule takes"


def test_the_market_signals_what_a_rule_takes(tmp_path: Path) -> None:
    """A hedge opens of itself; of `Hedge` no signal is taken."""
    assert ask("init", "fx", str(tmp_path)).code == 0
    session = prepare(tmp_path / "fx.policy.yaml", tmp_path / "fx.account.yaml", [], [], 1)
    strategies = session.compiled.composed.policy.strategies
    assert "Hedge" in strategies
    tags = {each["tag"] for each in simulated_profile(session)["signals"]}
    assert len(tags) == len(strategies) - 1
    assert "Hedge" not in tags


def test_its_files_point_to_schemas_that_are_there(desk: str) -> None:
    files = [file for file in Path().rglob("*.yaml") if file.parts[0] != ".github"]
    for file in files:
        modeline = file.read_text(encoding="utf-8").splitlines()[0]
        schema = file.parent / modeline.removeprefix("# yaml-language-server: $schema=")
        assert schema.is_file(), modeline
        assert schema.read_text(encoding="utf-8") == (SCHEMAS / schema.name).read_text(encoding="utf-8")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "fx.account.yaml").write_text("mine\n", encoding="utf-8")
    found = ask("init", "fx", str(tmp_path))
    assert found.code == 2
    assert "fx.account.yaml is already there" in found.err
    assert [(each.name, each.read_text(encoding="utf-8")) for each in tmp_path.iterdir()] == [
        ("fx.account.yaml", "mine\n")
    ]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("", encoding="utf-8")
    assert "is a file" in ask("init", "fx", str(tmp_path / "desk")).err


@pytest.mark.parametrize("kind", STARTERS)
def test_the_ci_file_runs_what_the_readme_says(kind: str) -> None:
    texts = texts_of(kind)
    ci = texts[".github/workflows/policies.yml"]
    steps = [each["run"] for each in yaml.safe_load(ci)["jobs"]["policies"]["steps"] if "run" in each]
    assert steps == [
        f"python -m pip install ruleengine=={__version__}",
        "ruleengine validate . --format github",
        "ruleengine test . --min-coverage 100 --format junit | tee scenarios.xml",
    ]
    for command in ("ruleengine validate .", "ruleengine test ."):
        assert command in ci
        assert command in texts["README.md"]
    assert "{" not in texts["README.md"]


def test_hidden_folders_are_left_out_of_a_named_folder_only(tmp_path: Path) -> None:
    hidden = tmp_path / ".github" / "workflows"
    hidden.mkdir(parents=True)
    (hidden / "ci.yml").write_text("name: not a policy\n", encoding="utf-8")
    assert ask("validate", str(tmp_path)).code == 2
    assert ask("validate", str(hidden)).code == 1
    assert ask("validate", str(hidden / "ci.yml")).code == 1
