"""Caps while orders are out: they count as filled in full, on both sides and in every instrument (OPS-01, FX-04)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ruleengine.model.event import Quote, Signal
from ruleengine.model.side import Side
from ruleengine.runtime.engine import Engine
from tests.runtime.engine import world as worlds
from tests.runtime.engine.world import SECOND, T0, USD_JPY, World, order

EUR_JPY = replace(USD_JPY, name="EUR_JPY", base="EUR")
RULES = """
sizing: [{{id: base, applies_to: {{intent: entry}}, size: 10_000units}}]
entries: [{{id: take, source: signal, when: "true"}}]
exits:
  - {{id: out, for_each: trade, when: trade.pnl_pips <= -5000pips, close: 100%, on_unknown: {{wait: 10s, then: alert}}}}
caps: [{{id: c, applies_to: {{intent: entry}}, limit: {limit}}}]
"""


@pytest.mark.parametrize(
    ("limit", "account", "units"),
    [
        ("position.gross_units_after <= 15_000units", {}, 5_000),
        # 10,000 × 150 / 500,000 is 300 %; 100 % are 3,333 more
        ("account.gross_exposure_after <= 400%", {}, 3_333),
        # 10,000 × 150 × 4 % = 60,000; 40,000 more are 6,666
        ("account.margin_used_after <= 100_000JPY", {"margin_model": {"model": "gross"}}, 6_666),
        ("account.margin_used_after <= 100_000JPY", {"margin_model": {"model": "isolated"}}, 6_666),
        # the larger side alone: 10,000 long beside them need no more
        ("account.margin_used_after <= 100_000JPY", {}, 10_000),
        ("account.long_exposure_after <= 400%", {}, 10_000),
    ],
)
@pytest.mark.parametrize("is_filled", [False, True])
def test_the_other_side_of_the_instrument(limit: str, account: dict[str, Any], units: int, is_filled: bool) -> None:
    """A short of 10,000 is out, or filled: the long beside it gets the same."""
    world = World(RULES.format(limit=limit), account=account)
    world.quote(150.0, at=0)
    short = order(world.signal("short", name="a", at=1))
    assert short.units == 10_000
    if is_filled:
        if "isolated" in str(account):
            pytest.skip("after a fill only the venue says what an isolated account uses")
        world.fill(short, 150.0, at=1.5)
    assert order(world.signal("long", name="b", at=2)).units == units


def test_a_net_position_counts_by_the_side_that_leaves_more() -> None:
    """Of 10,000 short and 10,000 long that are out either may fill alone: 10,000 × 150 × 4 % = 60,000 at most."""
    text = RULES.format(limit="account.margin_used_after <= 60_000JPY")
    world = World(text, account={"mode": "netting", "margin_model": {"model": "net"}})
    world.quote(150.0, at=0)
    assert order(world.signal("short", name="a", at=1)).units == 10_000
    assert order(world.signal("long", name="b", at=2)).units == 10_000
    refused = world.signal("long", name="c", at=3).decisions[-1]
    assert (refused.outcome, refused.first_blocker) == ("refused", "c"), "20,000 long may fill, and the short not"


class Two(World):
    def _engine(self) -> Engine:
        return Engine(
            self.plan, [self.spec, EUR_JPY], self.account, self.recorder, run_id="run", policy_digest="digest",
            figures=self.figures, metrics_every_ns=0,
        )  # fmt: skip


@pytest.mark.parametrize("limit", ["account.gross_exposure_after <= 400%", "account.{side}_exposure_after <= 400%"])
@pytest.mark.parametrize("side", ["long", "short"])
@pytest.mark.parametrize("is_filled", [False, True])
def test_other_instruments(monkeypatch: pytest.MonkeyPatch, limit: str, side: str, is_filled: bool) -> None:
    """10,000 euros are out: 1,500,000 of 2,000,000 JPY; what is left is 3,333 dollars."""
    monkeypatch.setattr(worlds, "HEAD", worlds.HEAD.replace("[USD_JPY]", "[USD_JPY, EUR_JPY]"))
    world = Two(RULES.format(limit=limit.format(side=side)))
    world.quote(150.0, at=0)
    half = T0 + SECOND // 2
    world.feed(Quote(half, half, "EUR_JPY", 150.0, 150.0))
    euros = order(world.feed(Signal(T0 + SECOND, T0 + SECOND, "e", "EUR_JPY", "M1Scalper", Side(side))))
    assert euros.units == 10_000
    if is_filled:
        world.fill(euros, 150.0, at=1.5)
    assert order(world.signal(side, name="b", at=2)).units == 3_333
