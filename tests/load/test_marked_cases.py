"""Every marked text gives exactly the faults that stand on its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.load import load_bytes
from tests.load.marked import Case, cases_of

_HERE = Path(__file__).parent


def _all(folder: str) -> list[object]:
    return [
        pytest.param(case, id=f"{path.stem}: {case.title}")
        for path in sorted((_HERE / folder).glob("*.yaml"))
        for case in cases_of(path)
    ]


@pytest.mark.parametrize("case", _all("bad"))
def test_bad_text_has_the_marked_faults_and_no_others(case: Case) -> None:
    assert case.expected, "a case in bad/ marks at least one fault"
    _, found = load_bytes(case.text.encode(), "case.yaml")
    wanted = sorted((fault.code, fault.line) for fault in case.expected)
    assert sorted((finding.code, finding.span.line) for finding in found) == wanted
    for fault in case.expected:
        columns = [
            finding.span.col for finding in found if (finding.code, finding.span.line) == (fault.code, fault.line)
        ]
        assert fault.column is None or fault.column in columns
    assert all(finding.help for finding in found)


@pytest.mark.parametrize("case", _all("good"))
def test_good_text_is_clean(case: Case) -> None:
    assert not case.expected, "a case in good/ marks no fault"
    document, found = load_bytes(case.text.encode(), "case.yaml")
    assert found == []
    assert document is not None
