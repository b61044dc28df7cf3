"""Rules that look back at trades that ended: losing series, re-entry after a loss, what a restart keeps."""

from __future__ import annotations

from decimal import Decimal

from ruleengine.model.audit import Audit
from ruleengine.model.event import Fill
from tests.runtime.engine.world import T0, World, decision, order, orders

RULES = """
sizing: [{id: base, applies_to: {intent: entry}, size: 1_000units}]
entries: [{id: take, source: signal, when: "true"}]
exits: [{id: out, for_each: trade, when: trade.pnl_pips <= -5pips or trade.pnl_pips >= 5pips, close: 100%,
         on_unknown: {wait: 10s, then: alert}}]
guards:
  - id: series
    applies_to: {intent: entry}
    require: streak(c.pnl < 0 for c in closed if c.strategy == strategy) < 2
  - id: again
    applies_to: {intent: entry}
    require: >-
      not any(c.side == side and c.age < (180s if c.pnl < 0 else 60s) for c in closed if c.strategy == strategy)
"""


def enter(world: World, name: str, at: float, price: float = 157.0) -> Audit:
    world.quote(price, at=at)
    return world.signal(name=name, at=at)


def trade_that_ends(world: World, name: str, at: float, price: float, realised: str) -> None:
    """A trade opened at 157 at `at`, closed 10 s later by the exit `out`."""
    world.fill(order(enter(world, name, at)), 157.0, at=at)
    out = order(world.quote(price, at=at + 10))
    ts = T0 + round((at + 10) * 1e9)
    world.feed(Fill(ts, ts, out.instrument, out.id, out.side, out.units, Decimal(str(price)), out.trade_id,
                    opens=False, realised=Decimal(realised)))  # fmt: skip


def test_the_engine_tells_the_rule_that_closed_it() -> None:
    world = World(RULES)
    trade_that_ends(world, "a", 0, 156.9, "-100")
    (frame,) = world.engine.holdings.account.closed
    assert (frame.rule, frame.pnl, frame.exit_price) == ("out", -100.0, 156.9)


def test_after_a_loss_the_same_side_waits_180_s_and_after_a_win_60_s() -> None:
    world = World(RULES)
    trade_that_ends(world, "a", 0, 156.9, "-100")  # ended at 10 s
    refused = decision(enter(world, "b", 189.9))
    assert (refused.outcome, refused.first_blocker) == ("refused", "again")
    assert len(orders(enter(world, "c", 190.1))) == 1
    world = World(RULES)
    trade_that_ends(world, "a", 0, 157.1, "100")
    assert decision(enter(world, "b", 69.9)).first_blocker == "again"
    assert len(orders(enter(world, "c", 70.1))) == 1


def test_the_other_side_needs_no_wait() -> None:
    world = World(RULES)
    trade_that_ends(world, "a", 0, 156.9, "-100")
    world.quote(157.0, at=12)
    assert len(orders(world.signal("short", name="b", at=12))) == 1


def test_two_losses_in_a_row_refuse_and_a_win_between_does_not() -> None:
    losing, mixed = World(RULES), World(RULES)
    for world, second in ((losing, "-100"), (mixed, "100")):
        trade_that_ends(world, "a", 0, 156.9, "-100")
        trade_that_ends(world, "b", 1_000, 156.9, second)
    refused = decision(enter(losing, "c", 2_000))
    assert refused.first_blocker == "series"
    compared = next(each for verdict in refused.verdicts if verdict.rule == "series" for each in verdict.comparisons)
    assert (compared.left, compared.right, compared.distance) == (2.0, 2.0, 0.0)
    assert len(orders(enter(mixed, "c", 2_000))) == 1


def test_a_restart_between_the_losses_forgets_nothing() -> None:
    world = World(RULES)
    trade_that_ends(world, "a", 0, 156.9, "-100")
    world.restart()
    trade_that_ends(world, "b", 1_000, 156.9, "-100")
    world.restart()
    assert decision(enter(world, "c", 2_000)).first_blocker == "series"
    assert world.engine.holdings.account.history_since == T0 - 1_000_000_000


def test_a_result_that_is_not_known_refuses() -> None:
    world = World(RULES, account={"closed": [{"instrument": "USD_JPY", "side": "long", "units": "1", "age_s": "300",
                                              "tag": "M1Scalper"}]})  # fmt: skip
    refused = decision(enter(world, "a", 0))
    assert (refused.code, refused.first_blocker) == ("RE571", "series")
    assert "closed.pnl" in refused.message
