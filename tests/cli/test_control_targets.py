"""What a command to a running engine can mean, and that what means nothing is refused with what does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cli.control_targets import unmeant
from ruleengine.cli.control_wire import Request
from tests.cli.control_desk import Desk, play, world
from tests.runtime.engine.world import HEAD, SECOND, World

HEDGES = """
hedges:
  - id: cover
    when: position.net_units >= 10_000units
    open: {side: short, size: 1_000units, strategy: TrendMA}
  - id: relief
    when: position.net_units >= 20_000units
    reduce: {wanted: 4_000units}
    on_unknown: {wait: 10s, then: alert}
"""


@pytest.mark.parametrize(
    ("command", "target", "problem", "help"),
    [
        ("kill", "strategy:M1Scaler", "`strategy:M1Scaler` is no scope", "did you mean `strategy:M1Scalper`?"),
        ("kill", "stratgy:M1Scalper", "is no scope", "strategy:M1Scalper"),
        ("kill", "rule:out", "`rule:out` is no scope", "rule:take"),  # exits go on whatever is off
        ("kill", "USD_JPY", "is no scope", "instrument:USD_JPY"),
        ("lift", "account", "is no scope that is off", "none now"),
        ("resume", "", "entries are not paused", "status"),
        ("rearm", "out", "is no rule that can be re-armed", "rest"),
        ("close", "77", "`77` is no open trade of ours", "all, 1"),
        ("override", "max_order_units", "is no limit that a person may lift", "price_collar"),
        ("override", "price_collar", "needs a time above 0", "--for"),
    ],
)
def test_a_target_that_means_nothing_is_refused_with_what_does(
    command: Any, target: str, problem: str, help: str
) -> None:
    found = unmeant(Request(command=command, by="anna", reason="a test", target=target), world().engine)
    assert found is not None
    assert problem in found[0]
    assert help in found[1]


def test_what_was_killed_is_lifted_and_a_pause_is_not(tmp_path: Path) -> None:
    """A pause ends with `resume`: `lift` must not end it as if it were one switch of many."""

    async def course(desk: Desk) -> None:
        for command, target in (("kill", "account"), ("pause", "")):
            assert (await desk.ask(command, target)).problem == ""
        refused = await desk.ask("lift", "entries")
        assert (refused.problem, refused.help) == ("`entries` is no scope that is off", "there are: account")
        assert (await desk.ask("lift", "account")).problem == ""
        assert list(desk.world.engine.gate.switched_off) == ["entries"]

    play(course, tmp_path)


def test_where_no_strategies_are_declared_any_is_stopped() -> None:
    """A signal may bring whatever tag it has; what is no tag is still refused."""
    head = re.sub("strategies: .*", "strategies: {}", HEAD)
    engine = World("entries: [{id: take, source: signal, when: 'true', size: 1_000units}]", head=head).engine

    def is_refused(target: str) -> bool:
        return unmeant(Request(command="kill", target=target), engine) is not None

    assert not is_refused("strategy:NoOneKnowsIt")
    assert [is_refused(each) for each in ("strategy:", "strateg:NoOneKnowsIt", "rule:nobody")] == [True] * 3


def test_a_hedge_that_opens_is_stopped_and_one_that_reduces_is_not() -> None:
    engine = World(HEDGES).engine
    assert unmeant(Request(command="kill", target="rule:cover"), engine) is None
    assert unmeant(Request(command="kill", target="rule:relief"), engine) is not None


@pytest.mark.parametrize("what", ["books", "clocks"])
def test_a_human_goes_on_with_what_did_not_agree(what: str) -> None:
    """RE511 and RE512 say that `resume` does it; nothing is paused."""
    engine = world().engine
    resume = Request(command="resume", by="anna", reason="looked into")
    assert unmeant(resume, engine) is not None
    if what == "books":
        engine.contact.differences = 9
    else:
        engine.contact.apart_ns = 5 * SECOND
    assert not engine.contact.is_sure
    assert unmeant(resume, engine) is None


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan")])
def test_an_override_ends_within_a_day(seconds: float) -> None:
    asked = Request(command="override", by="a", reason="b", target="price_collar", seconds=seconds)
    assert unmeant(asked, world().engine) is not None


def test_a_day_is_not_too_long() -> None:
    asked = Request(command="override", by="a", reason="b", target="price_collar", seconds=86_400)
    assert unmeant(asked, world().engine) is None


@pytest.mark.parametrize(("by", "reason"), [("", "why"), ("anna", ""), ("anna", "  ")])
def test_who_and_why_are_needed_but_to_stop(by: str, reason: str) -> None:
    engine = world().engine
    assert unmeant(Request(command="rearm", by=by, reason=reason, target="rest"), engine) is not None
    assert unmeant(Request(command="kill", by=by, reason=reason, target="account"), engine) is None
    assert unmeant(Request(command="pause", by=by, reason=reason), engine) is None


def test_what_is_refused_is_not_in_the_record(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        assert (await desk.ask("kill", "rule:nobody")).problem

    made = play(course, tmp_path)
    assert not [each for what, each in made.recorder.lines if what == "event" and each.kind == "operator"]
    assert made.engine.gate.switched_off == {}
