"""`schema`: the published files, and nothing else on stdout; `explain`: pages and lists."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruleengine.diagnostics.catalogue import PAGES
from ruleengine.facts.catalogue import FACTS
from ruleengine.functions.catalogue import FUNCTIONS
from tests.cli.asking import ask

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("policy", "part", "account", "overlay", "signal", "scenario", "recording", "decision")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("draft", "folder"), [("2020-12", "2020-12"), ("7", "draft-07")])
def test_a_schema_is_the_published_one(kind: str, draft: str, folder: str) -> None:
    found = ask("schema", kind, "--draft", draft)
    assert found.code == 0
    assert json.loads(found.out)
    assert found.out == (ROOT / "schemas" / folder / f"{kind}.schema.json").read_text(encoding="utf-8")


def test_the_policys_is_the_default() -> None:
    assert ask("schema") == ask("schema", "policy")


def test_rewriting_needs_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = ask("schema", "--write-all")
    assert found.code == 2
    assert "checkout" in found.err
    assert not list(tmp_path.iterdir())


def test_a_page_says_what_why_and_how() -> None:
    found = ask("explain", "re301")
    assert found.code == 0
    assert found.out.startswith("RE301 (error): ")
    for heading in ("\nWhy: ", "\nBad:\n", "\nBetter:\n"):
        assert heading in found.out


def test_every_code_has_its_page() -> None:
    for code in PAGES:
        found = ask("explain", code)
        assert (found.code, found.err) == (0, "")
        assert found.out.startswith(code)


@pytest.mark.parametrize(
    ("name", "words"), [("facts", set(FACTS)), ("functions", set(FUNCTIONS)), ("units", {"pips", "%", "s", "bars"})]
)
def test_lists_name_every_word(name: str, words: set[str]) -> None:
    found = ask("explain", name)
    assert found.code == 0
    listed = {line.split("(")[0].split(" ")[0] for line in found.out.splitlines()}
    assert words <= listed
