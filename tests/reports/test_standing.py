"""Why nothing happened: every trigger as it stands, the nearest to acting first."""

from __future__ import annotations

from ruleengine.reports.standing import standing_tree, standings
from tests.runtime.engine.world import World, trade

RULES = """
entries:
  - {id: far, source: market, when: mid < 150, side: long, strategy: TrendMA, size: 1units, max_open: 1}
  - {id: near, source: market, when: mid < 156.9, side: long, strategy: TrendMA, size: 1units, max_open: 1}
  - {id: from-signal, source: signal, when: "true", size: 1units}
exits:
  - id: out
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 50pips, close: 50%}
      - {when: trade.pnl_pips > 20pips, close: 100%}
    on_unknown: {wait: 30s, then: alert}
  - {id: only, for_each: trade, when: trade.age > 24h, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""


def test_the_nearest_first_and_stages_by_their_number() -> None:
    """Mid 157, the trade bought at 157: 50 and 20 pips, a day, 0.1 and 7 in price (0.157 is a step)."""
    world = World(RULES, trades=(trade("1000", "157"),))
    world.quote(157.0, at=0)
    found = standings(world.engine, None)
    assert [(each.rule, each.stage) for each in found] == [
        ("near", None), ("out", 2), ("far", None), ("out", 1), ("only", None), ("from-signal", None),
    ]  # fmt: skip
    lines = [line.split("  (")[0] for line in standing_tree(found).splitlines() if "(" in line]
    assert lines == [
        "  ✗ out stage 2 on 1", "  ✗ out stage 1 on 1", "  ✗ only on 1",
        "  ✗ near on USD_JPY", "  ✗ far on USD_JPY", "  ✗ from-signal",
    ]  # fmt: skip
    assert found[1].nearest == "trade.pnl_pips would have to rise by more than 20pips, to above 20pips"
    assert found[-1].nearest == "no signal came"
