"""Caps under isolated margin: what an order opens counts by its own leverage, what is out too (SC-06, OPS-01)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.model.event import AccountRead, Fill
from tests.runtime.engine.world import T0, World, order

RULES = """
sizing: [{id: base, applies_to: {intent: entry}, size: 100_000units}]
entries: [{id: take, source: signal, when: "true"}]
caps: [{id: most, applies_to: {intent: entry}, limit: account.margin_used_of_equity_after <= 50%}]
exits:
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -10000pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
ISOLATED = {"margin_model": {"model": "isolated"}}


@pytest.mark.parametrize("program", [ScalarProgram, TraceProgram])
@pytest.mark.parametrize(
    ("account", "leverage", "units"),
    [
        # half of 500,000 is 250,000; at a leverage of 5 a unit of 100 needs 20: 12,500
        (ISOLATED, Decimal(5), 12_500),
        # it names none: the instrument's 4 %, 4 a unit: 62,500
        (ISOLATED, None, 62_500),
        # above what the instrument's rate allows (1 / 4 % = 25) it needs no less than that
        (ISOLATED, Decimal(50), 62_500),
        # the larger side by the instrument's rate, whatever the order says
        ({}, Decimal(5), 62_500),
    ],
)
def test_a_cap_counts_the_margin_that_the_order_ties_up(
    program: Any, account: dict[str, Any], leverage: Decimal | None, units: int
) -> None:
    world = World(RULES, account=account, program=program)
    world.quote(100.0)
    assert order(world.signal(leverage=leverage)).units == units


def test_what_is_out_counts_by_its_own_leverage() -> None:
    """12,500 at 5 are out and tie up all of 250,000: nothing is left for another one."""
    world = World(RULES, account=ISOLATED)
    world.quote(100.0)
    assert order(world.signal(name="a", leverage=Decimal(5))).units == 12_500
    assert world.engine.holdings.positions["USD_JPY"].pending_levered_units == pytest.approx(2_000)  # 12,500 × 16 %
    refused = world.signal(name="b", leverage=Decimal(5)).decisions[-1]
    assert (refused.outcome, refused.first_blocker) == ("refused", "most")


def test_after_a_fill_margin_is_what_the_venue_states_next() -> None:
    """6,250 at 5 tie up 125,000, which the instrument's 4 % would not tell: until the venue has stated it nobody knows
    what is left. Then 125,000 of 250,000 are: 6,250 more."""
    world = World(RULES.replace("100_000units", "6_250units"), account=ISOLATED)
    world.quote(100.0)
    world.fill(order(world.signal(name="a", leverage=Decimal(5))), 100.0)
    refused = world.signal(name="b", leverage=Decimal(5)).decisions[-1]
    assert (refused.outcome, refused.first_blocker, refused.code) == ("refused", "most", "RE573")
    assert "no statement of the venue since the last fill" in str(refused.verdicts[-1].unknowns)
    world.restart()
    earlier = T0 - 1_000_000_000
    world.feed(AccountRead(world.engine.desk.ts, earlier, Decimal(500_000), Decimal(0)))
    assert world.signal(name="late", leverage=Decimal(5)).decisions[-1].outcome == "refused", "stated before the fill"
    assert world.signal(name="c", leverage=Decimal(5)).decisions[-1].outcome == "refused"
    now = T0 + 60 * 1_000_000_000
    world.feed(AccountRead(now, now, Decimal(500_000), Decimal(125_000)))
    assert order(world.signal(name="d", leverage=Decimal(5))).units == 6_250
    refused = world.signal(name="e", leverage=Decimal(5)).decisions[-1]
    assert (refused.outcome, refused.first_blocker) == ("refused", "most")


def test_a_fill_that_is_heard_after_a_statement_that_has_it_leaves_the_margin_known() -> None:
    """The venue states 125,000 as of a second after the fill, and the word of the fill comes later still. Until the
    next statement our own 25,000 by the instrument's 4 % count beside them: 100,000 of 250,000 are left, so 5,000."""
    world = World(RULES.replace("100_000units", "6_250units"), account=ISOLATED)
    world.quote(100.0, at=1)
    sent = order(world.signal(name="a", at=2, leverage=Decimal(5)))
    second = 1_000_000_000
    world.feed(AccountRead(T0 + 5 * second, T0 + 4 * second, Decimal(500_000), Decimal(125_000)))
    world.feed(
        Fill(T0 + 6 * second, T0 + 3 * second, "USD_JPY", sent.id, sent.side, sent.units, Decimal(100), "7", opens=True)
    )
    world.restart()
    assert order(world.signal(name="b", at=7, leverage=Decimal(5))).units == 5_000
