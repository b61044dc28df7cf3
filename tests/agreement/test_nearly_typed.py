"""Accepted means: runs without an error of Python's. Refused means: with a code, at a place."""

from __future__ import annotations

from tests.agreement import nearly
from tests.agreement.campaign import Coverage


def test_broken_expressions_are_refused_at_a_place_or_run_alike_in_every_backend() -> None:
    tally, wrong = nearly.run(seed=5, count=9_000, coverage=Coverage())
    assert not wrong, "\n".join(wrong[:20])
    assert tally.accepted >= 900
    assert len(tally.codes) >= 20, tally.codes
