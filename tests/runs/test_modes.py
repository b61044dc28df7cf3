"""Modes and patterns in whole runs: live is the dry run, trace decides as scalar does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runs.test_same_everywhere import _shape
from tests.runs.whole import POLICY, dry, live, market, session_in

STATES = """
modes:
  pressure: {enter: account.free_margin_ratio <= 75%, leave: account.free_margin_ratio >= 85%, at_least: 10s}
  weather:
    states:
      - {name: rough, when: "stdev_over(mid, 30s) >= 0.8pips or pressure"}
      - {name: fair, otherwise: true}
    confirm: 5s
patterns:
  pullbacks:
    of: mid
    count: {retrace: 0.5pips, after_run: 1pips}
    within: 60s
  turn:
    of: mid
    steps:
      - {id: fall, move: down, at_least: 1pips, within: 120s}
      - {id: rise, move: up, at_least: 0.5pips, within: 60s}
    holds: 10s
"""
USING = (STATES + POLICY.partition("entries:")[1] + POLICY.partition("entries:")[2]).replace(
    "spread <= 3 * avg_over(spread, 60s)", "weather == fair or pullbacks.long + pullbacks.short >= 1"
)
WITH = POLICY.partition("entries:")[0] + USING.replace(
    "and not quarter", "and not quarter and (turn.long or not pressure)"
)


@pytest.mark.parametrize("seed", [1, 2])
def test_live_is_the_dry_run(tmp_path: Path, seed: int) -> None:
    session = session_in(tmp_path, WITH)
    events = market(session, 400, seed)
    run = dry(session, events)
    assert live(session, events).lines == run.lines
    assert len(run.decisions) > 10


def test_trace_decides_as_scalar_does(tmp_path: Path) -> None:
    session = session_in(tmp_path, WITH)
    events = market(session, 120)
    assert _shape(dry(session, events, backend="trace")) == _shape(dry(session, events))
