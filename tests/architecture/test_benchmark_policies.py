"""The policies that `make bench` times are accepted as they stand: a refusal would be found only when it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import guard_states, policy_texts, quotes
from tests.cli.asking import ask

TEXTS = {
    "guard": guard_states.POLICY,
    "quotes": quotes.POLICY,
    "eight": policy_texts.policy("generated-8", 8, seed=8),
    "sixty": policy_texts.policy("generated-60", 60, seed=60),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_policy_of_the_benchmarks_has_no_findings(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.policy.yaml").write_text(TEXTS[name], encoding="utf-8")
    found = ask("validate", tmp_path)
    assert (found.code, found.out.splitlines()[0]) == (0, "no findings"), found.out
