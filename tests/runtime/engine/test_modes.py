"""Modes in the engine: no event behind, one for the account, kept over restarts and over an edited policy."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.model.unknown import Unknown
from tests.runtime.engine.test_restart import RULES, script
from tests.runtime.engine.world import World, trade

MODES = """
modes:
  pressure: {enter: account.free_margin_ratio <= 80%, leave: account.free_margin_ratio >= 90%, at_least: 20s}
  busy: {enter: "avg_over(spread, 30s) >= 1.2pips", leave: "avg_over(spread, 30s) <= 0.9pips"}
  purse:
    of: account.equity
    states: {small: 0JPY, middle: 60_005JPY, large: 60_050JPY}
    hysteresis: 0.01%
  weather:
    states:
      - {name: poor, when: pressure and busy}
      - {name: fair, when: pressure or busy}
      - {name: fine, otherwise: true}
    confirm: 10s
"""
USING = (
    RULES.replace("not evening", "not evening and weather != poor")
    .replace("account.drawdown <= 5%", "account.drawdown <= 5% and (purse != small or not pressure)")
    .replace("when: signal.age <= 2s", "when: signal.age <= 2s and not busy")
)


def play(restart_at: Callable[[int], bool] = lambda step: False, steps: int = 420) -> tuple[list[str], set[str]]:
    """Everything that the script led to, as text; and what the modes were."""
    draw = random.Random(5)
    world = World(MODES + USING, balance="60000", trades=(trade("4000", opened_s=-100.0),), metrics_every_s=60)
    said: list[str] = []
    seen: set[str] = set()
    for step in range(steps):
        if restart_at(step):
            world.restart()
        said += [repr(audit) for audit in script(world, step, draw)]
        seen |= set(modes(world).values())
    return said, seen


def modes(world: World) -> dict[str, str]:
    """What each mode is now."""
    engine = world.engine
    market, account = engine.markets["USD_JPY"].frame.s, engine.desk.account.s
    calls = [call for call, _ in engine.plan.graph.steps]
    return {
        call.name: f"{call.name} {_said((account if call.is_of_account else market)[index])}"
        for index, call in enumerate(calls)
        if call.name
    }


def _said(value: object) -> str:
    return "unknown" if isinstance(value, Unknown) else str(value)


def test_the_script_sees_every_state() -> None:
    said, seen = play()
    assert seen >= {
        "pressure True", "pressure False", "busy True", "busy False", "purse small", "purse middle", "purse large",
        "weather poor", "weather fair", "weather fine",
    }  # fmt: skip
    assert said != play_without()


def play_without() -> list[str]:
    draw = random.Random(5)
    world = World(RULES, balance="60000", trades=(trade("4000", opened_s=-100.0),), metrics_every_s=60)
    return [repr(audit) for step in range(420) for audit in script(world, step, draw)]


@pytest.mark.parametrize("every", [1, 7, 31])
def test_snapshot_and_the_rest_of_the_log_give_the_same_decisions(every: int) -> None:
    assert play(lambda step: step > 0 and step % every == 0)[0] == play()[0]


CONDITION = """
modes:
  wide: {enter: spread >= 3pips, leave: spread <= 1pips}
  calm: {enter: "avg_over(spread, 10s) <= 2pips and not wide", leave: wide}
entries:
  - {id: in, source: market, when: %s, side: long, strategy: TrendMA, size: 100units, cooldown: 1s}
exits:
  - {id: out, for_each: trade, when: trade.age > 100h, close: 100%%, on_unknown: {wait: 10s, then: alert}}
"""


@pytest.mark.parametrize("program", [None, TraceProgram])
def test_a_mode_turns_with_the_event_that_turns_it_also_over_figures_and_other_modes(program: object) -> None:
    more = {} if program is None else {"program": program}
    world = World(CONDITION % "calm", **more)  # type: ignore[arg-type]
    assert not world.quote(157.0, 157.03, at=0).commands  # wide: 3 pips
    assert not world.quote(157.0, 157.02, at=1).commands  # 2 pips: still wide
    assert not world.quote(157.0, 157.01, at=2).commands  # not wide; the average knows too little
    # the window of 10 s ends at 10: 3 for 1 s, 2 for 1 s, 1 for 8 s: 1.3
    assert world.quote(157.0, 157.011, at=10).commands


FILLED = """
modes:
  crowded: {enter: position.long_units >= 200units, leave: position.long_units <= 100units}
  invested: {enter: count(t for t in trades) >= 2, leave: count(t for t in trades) <= 1}
entries:
  - {id: in, source: market, when: not crowded and not invested, side: long, strategy: TrendMA, size: 100units}
exits:
  - {id: out, for_each: trade, when: trade.age > 100h, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""


def test_a_fill_turns_modes_at_once() -> None:
    world = World(FILLED)
    first = world.quote(157.0, 157.01, at=0)
    world.fill(first.commands[0].order, 157.01, at=1)  # type: ignore[union-attr]
    assert modes(world) == {"crowded": "crowded False", "invested": "invested False"}
    second = world.quote(157.0, 157.011, at=2)
    answer = world.fill(second.commands[0].order, 157.01, at=3)  # type: ignore[union-attr]
    assert modes(world) == {"crowded": "crowded True", "invested": "invested True"}
    assert not answer.commands


def test_time_alone_turns_a_mode() -> None:
    world = World("""
modes:
  old: {enter: quote_age >= 3s, leave: quote_age < 1s}
entries:
  - {id: in, source: market, when: old, side: long, strategy: TrendMA, size: 100units}
exits:
  - {id: out, for_each: trade, when: trade.age > 100h, close: 100%, on_unknown: {wait: 10s, then: alert}}
""")
    assert not world.quote(157.0, 157.01, at=0).commands
    assert not world.timer(at=2).commands
    assert world.timer(at=3).commands


def test_an_edited_threshold_does_not_forget_the_state() -> None:
    rules = (
        "modes: {wide: {enter: spread >= %s, leave: spread <= 1pips}}\nentries:" + CONDITION.partition("entries:")[2]
    )
    before, after = (World(rules % (width, "wide")) for width in ("3pips", "9pips"))
    before.quote(157.0, 157.03, at=0)
    assert modes(before) == {"wide": "wide True"}
    notes = after.engine.restore(before.engine.state())
    assert not notes
    assert modes(after) == {"wide": "wide True"}
    after.quote(157.0, 157.02, at=1)
    assert modes(after) == {"wide": "wide True"}, "2 pips: not left yet, and far from entering by the new threshold"


def test_a_figure_that_is_new_is_named_and_the_others_go_on() -> None:
    rules = "entries:" + CONDITION.partition("entries:")[2]
    before = World(rules % "avg_over(spread, 10s) <= 2pips")
    after = World(rules % "max_over(spread, 10s) <= 2pips and avg_over(spread, 10s) <= 2pips")
    for at in range(12):
        before.quote(157.0, 157.02 + at % 2 / 1000, at=at)
    notes = after.engine.restore(before.engine.state())
    assert [(note.code, note.message.partition(":")[0]) for note in notes] == [("RE597", "max_over")]
    values = dict(zip([call.function for call, _ in after.engine.plan.graph.steps],
                      after.engine.markets["USD_JPY"].frame.s, strict=True))  # fmt: skip
    assert isinstance(values["max_over"], Unknown)
    assert values["avg_over"] == before.engine.markets["USD_JPY"].frame.s[0]
