"""Generated expressions: every backend gives what the trace means (the first half; a file is one worker's share)."""

from __future__ import annotations

from tests.agreement.campaign import Coverage, run
from tests.agreement.required import missing

PAIRS, SEED = 10_500, 11


def test_backends_agree_on_generated_expressions_and_states() -> None:
    coverage = Coverage()
    different = list(run(SEED, PAIRS, coverage))
    assert not different, "\n".join(map(str, different[:10]))
    assert coverage.pairs >= PAIRS
    assert missing(coverage) == {}
    assert coverage.ill_conditioned <= coverage.pairs // 500
