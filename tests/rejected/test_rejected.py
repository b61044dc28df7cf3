"""Every marked policy is refused for exactly what is marked, and the published schema asks for nothing more."""

from __future__ import annotations

import pytest

from ruleengine.schema.shape import shape
from tests.rejected.cases import HERE, Case, cases_of

FILES = ("document", "keys", "kinds", "modes", "relations", "words")
CASES = [pytest.param(case, id=f"{name}: {case.title}") for name in FILES for case in cases_of(HERE / f"{name}.yaml")]


@pytest.mark.parametrize("case", CASES)
def test_exactly_the_marked_faults_are_found(case: Case) -> None:
    policy, found = shape(case.document())
    assert policy is None
    expected = sorted((fault.line, fault.column, fault.code) for fault in case.expected)
    assert sorted((each.span.line, each.span.col, each.code) for each in found) == expected


@pytest.mark.parametrize("case", CASES)
def test_every_finding_says_what_to_do(case: Case) -> None:
    for found in shape(case.document())[1]:
        assert found.message[0].islower() or found.message[0] in "`'\""
        assert not found.message.endswith(".")
        assert found.help or found.code in ("RE203", "RE215")


def test_the_minimal_policy_has_no_fault() -> None:
    assert shape(Case("minimal", "kind: Policy", ()).document())[1] == []


def test_every_file_of_cases_is_read() -> None:
    assert {path.stem for path in HERE.glob("*.yaml")} == {*FILES, "minimal", "sample.policy"}
