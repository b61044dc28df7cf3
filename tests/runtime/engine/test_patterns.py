"""Patterns in the engine: they open trades, and a restart in the middle of one changes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.runtime.engine.test_restart import RULES, script
from tests.runtime.engine.world import World, orders, trade

PATTERNS = """
patterns:
  breakout:
    of: mid
    steps:
      - {id: rise, move: up, at_least: 3pips, within: 60s}
      - {id: pullback, move: down, at_least: 0.8pips, at_most: 4pips, within: 60s}
      - {id: break, beyond: rise, within: 60s}
    holds: 20s
  pullbacks:
    of: mid
    count: {retrace: 0.5pips, after_run: 1pips}
    within: 30s
  runs:
    of: bid
    count: {move: 0.4pips}
"""
USING = RULES.replace("sma(m1.close, 3) > sma(m1.close, 5)", "(breakout.long or runs.short >= 3)").replace(
    "account.drawdown <= 5%", "account.drawdown <= 5% and (pullbacks.long >= 1 or pullbacks.short >= 2)"
)


def play(restart_at: Callable[[int], bool] = lambda step: False, steps: int = 420) -> tuple[list[str], set[str]]:
    """Everything that the script led to, as text; and what the patterns were."""
    draw = random.Random(5)
    world = World(PATTERNS + USING, balance="60000", trades=(trade("4000", opened_s=-100.0),), metrics_every_s=60)
    said: list[str] = []
    seen: set[str] = set()
    for step in range(steps):
        if restart_at(step):
            world.restart()
        said += [repr(audit) for audit in script(world, step, draw)]
        values = world.engine.markets["USD_JPY"].frame.s
        seen |= {f"{call.name} {values[at]}" for at, (call, _) in enumerate(world.plan.graph.steps) if call.name}
    return said, seen


def test_the_script_sees_every_step() -> None:
    said, seen = play()
    assert seen >= {f"breakout.long_step {count}.0" for count in range(4)}
    assert seen >= {"pullbacks.long 2.0", "pullbacks.short 2.0", "runs.short 3.0"}
    assert "rule='cross'" in "\n".join(said)


@pytest.mark.parametrize("every", [1, 7, 31])
def test_snapshot_and_the_rest_of_the_log_give_the_same_decisions(every: int) -> None:
    assert play(lambda step: step > 0 and step % every == 0)[0] == play()[0]


def test_the_break_itself_opens_the_trade() -> None:
    world = World("""
patterns:
  breakout:
    of: mid
    steps:
      - {id: rise, move: up, at_least: 5pips, within: 60s}
      - {id: pullback, move: down, at_least: 2pips, within: 60s}
      - {id: break, beyond: rise, within: 60s}
    holds: 5s
entries:
  - {id: in, source: market, when: breakout.long, side: long, strategy: TrendMA, size: 100units}
exits:
  - {id: out, for_each: trade, when: trade.age > 100h, close: 100%, on_unknown: {wait: 10s, then: alert}}
""")
    for bid in (157.0, 157.05, 157.06, 157.04, 157.06):
        assert not orders(world.quote(bid, round(bid + 0.01, 3)))
    assert len(orders(world.quote(157.061, 157.071))) == 1
