"""Whole generated policies: what the checker accepts, every block of it runs, alike in every backend."""

from __future__ import annotations

from tests.agreement import policies
from tests.agreement.campaign import Coverage


def test_backends_agree_on_every_block_of_generated_policies() -> None:
    coverage = Coverage()
    different = list(policies.run(seed=21, pairs=4_000, coverage=coverage))
    assert not different, "\n".join(map(str, different[:10]))
    assert coverage.refused["policy"] <= coverage.pairs // 40
