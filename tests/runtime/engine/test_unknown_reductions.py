"""A reduction whose condition holds and whose size, side or `require` is unknown waits by its `on_unknown`: told at
once, and again when the wait is over (FX-05, FX-15, FX-23)."""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Audit
from tests.runtime.engine.world import SECOND, T0, World, orders, trade

REDUCES = """
hedges:
  - id: relief
    when: abs(position.net_units) >= 10_000units
    {require}
    reduce:
      wanted: {wanted}
    on_unknown: {{wait: 10s, then: alert}}
"""
BY_SIZE = REDUCES.format(require="", wanted="5_000units if last > 50 else 4_000units")
BY_REQUIRE = REDUCES.format(require="require: last > 50", wanted="5_000units")
BY_SIDE = REDUCES.format(require="", wanted="5_000units\n      side: long if last > 50 else short")


def told(audit: Audit) -> list[tuple[str, str]]:
    return [(note.code, note.message) for note in audit.notes if note.code in ("RE589", "RE590")]


def world(rules: str) -> World:
    return World(rules, balance="1000000", trades=(trade("20000", "100", side="long"),))


@pytest.mark.parametrize(
    ("rules", "what"), [(BY_SIZE, ""), (BY_REQUIRE, ""), (BY_SIDE, "side: ")], ids=["size", "require", "side"]
)
def test_it_is_told_at_once_and_once_more_after_the_wait(rules: str, what: str) -> None:
    run = world(rules)
    assert told(run.quote(100.0, at=1)) == [("RE589", f"relief: {what}unknown: last missing; waiting 10 s, then alert")]
    assert told(run.quote(100.0, at=10)) == []
    assert told(run.timer(at=11)) == [("RE590", f"relief: {what}unknown: last missing for 10 s; alert")]
    assert told(run.quote(100.0, at=12)) == []


@pytest.mark.parametrize("rules", [BY_SIZE, BY_REQUIRE, BY_SIDE], ids=["size", "require", "side"])
def test_a_timer_comes_when_the_wait_is_over(rules: str) -> None:
    run = world(rules)
    run.quote(100.0, at=1)
    due = run.engine.next_timer_ns()
    assert due is not None
    assert due <= T0 + 11 * SECOND


def test_a_restart_in_between_forgets_neither_the_beginning_nor_that_it_was_told() -> None:
    run = world(BY_SIZE)
    run.quote(100.0, at=1)
    run.restart()
    assert told(run.quote(100.0, at=5)) == []
    assert [code for code, _ in told(run.timer(at=11))] == ["RE590"]
    run.restart()
    assert told(run.timer(at=12)) == []


def test_one_that_is_known_is_not_told_of() -> None:
    run = world(REDUCES.format(require="require: mid > 50", wanted="5_000units"))
    audit = run.quote(100.0, at=1)
    assert (told(audit), [int(each.units) for each in orders(audit)]) == ([], [5_000])
