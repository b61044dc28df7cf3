"""A policy spoilt in one place is refused on that line, in 97 of 100 cases at least."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ruleengine.diagnostics import Diagnostic, Severity
from ruleengine.resolve import compose
from ruleengine.typecheck.check import check
from tests.rejected.breakages import Breakage, breakages

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).with_name("sample.policy.yaml")
SHIPPED = ROOT / "policies" / "fx_hedge" / "fx-hedge.policy.yaml"
POLICIES = [path for path in (SAMPLE, SHIPPED) if path.is_file()]
SHARE_MIN = 0.97
COUNT_MIN = 300


def findings(path: Path) -> list[Diagnostic]:
    """Everything that the stages up to the type checker say about a file."""
    composed, found = compose(path)
    return [*found, *check(composed.policy)[1]] if composed is not None else found


def is_refused_on_its_line(broken: Breakage, found: list[Diagnostic]) -> bool:
    return any(each.severity is Severity.ERROR and each.span.line == broken.line for each in found)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.name)
def test_the_policy_itself_is_clean(policy: Path) -> None:
    assert [str(each.span) for each in findings(policy) if each.severity is Severity.ERROR] == []


@pytest.mark.parametrize("policy", POLICIES, ids=lambda path: path.name)
def test_a_broken_line_is_refused_on_that_line(policy: Path, tmp_path: Path) -> None:
    made = breakages(policy.read_text(encoding="utf-8"))
    missed: list[str] = []
    file = tmp_path / "set" / "broken.policy.yaml"
    file.parent.mkdir()
    for broken in made:
        file.write_text(broken.text, encoding="utf-8")
        found = findings(file)
        if not is_refused_on_its_line(broken, found):
            elsewhere = [f"{each.span.line}:{each.span.col} {each.code} {each.message}" for each in found[:2]]
            missed.append(f"{broken}; instead: {elsewhere}")
    print("\n".join(missed))
    print(Counter(broken.kind for broken in made))
    assert len(made) >= COUNT_MIN
    assert 1 - len(missed) / len(made) >= SHARE_MIN, f"{len(missed)} of {len(made)} missed"


def test_breakages_are_the_same_every_time_and_of_every_kind() -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    made = breakages(text)
    assert made == breakages(text)
    assert len({broken.kind for broken in made}) == 17
    assert all(broken.text != text for broken in made)
