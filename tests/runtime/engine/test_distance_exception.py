"""FX-18, FX-19: soft and hard caps on same-direction leftovers; distance lifts the soft one and never the hard one.

Longs of M1Scalper entered at 157. At 156.80 they are 20 pips under water, at 156.799 more than the 20 pips that lift.
"""

from __future__ import annotations

import pytest

from tests.runtime.engine.world import World, decision, order, trade

RULES = """
parameters:
  soft: {unit: count, default: 2, doc: FX-18}
  hard: {unit: count, default: 4, doc: FX-18}
  stack_reentry_pips: {unit: pips, default: 20pips, doc: FX-19}
guards:
  - id: leftovers-hard
    applies_to: {intent: entry}
    require: count(t for t in trades if t.strategy == strategy and t.side == side) < hard
  - id: leftovers-soft
    applies_to: {intent: entry}
    require: count(t for t in trades if t.strategy == strategy and t.side == side) < soft
    unless: min(t.pnl_pips for t in trades if t.strategy == strategy and t.side == side) < -1 * stack_reentry_pipsTECH
entries:
  - {id: from-signal, source: signal, when: "true"}
exits:
  - {id: old, for_each: trade, when: trade.age > 72h, close: 100%, on_unknown: {wait: 30s, then: close}}
"""


def world(longs: int, tech: str = "") -> World:
    held = tuple(trade("1000", name=str(n + 1)) for n in range(longs))
    return World(RULES.replace("TECH", tech), trades=held)


@pytest.mark.parametrize(
    ("longs", "price", "refused"),
    [
        (1, 156.9, ""),
        (2, 156.9, "leftovers-soft"),
        (2, 156.8, "leftovers-soft"),
        (2, 156.799, ""),
        (3, 156.799, ""),
        (4, 156.799, "leftovers-hard"),
    ],
)
def test_distance_lifts_the_soft_cap_and_never_the_hard_one(longs: int, price: float, refused: str) -> None:
    stacked = world(longs)
    stacked.quote(price)
    said = decision(stacked.signal("long", size=1_000.0))
    assert (said.outcome, said.first_blocker) == (("refused", refused) if refused else ("sent", ""))


def test_the_other_side_and_other_strategies_are_not_stacked() -> None:
    stacked = world(2)
    stacked.quote(156.9)
    assert order(stacked.signal("short", name="a", size=1_000.0)).units == 1_000
    assert order(stacked.signal("long", name="b", size=1_000.0, strategy="TrendMA")).units == 1_000


def test_where_technique_has_to_agree_not_knowing_does_not_lift() -> None:
    """`stack_reentry_require_tech`: no bar has closed yet."""
    stacked = world(2, tech=" and n_wave(m1, 2, 2, 60) == 1")
    stacked.quote(156.7)
    assert decision(stacked.signal("long", size=1_000.0)).first_blocker == "leftovers-soft"
