"""FX-01 … FX-04: the size of an entry by the account's margin after the fill. Figures by hand from the requirements."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.runtime.engine.world import World, decision, order, orders, trade

ENTRY = """
entries:
  - {id: from-signal, source: signal, when: "true"}
"""
MARGIN = """
parameters:
  safety: {unit: ratio, default: %s, doc: FX-02}
caps:
  - id: margin
    applies_to: {intent: entry}
    limit: account.margin_used_of_equity_after <= 92%% * safety
"""


@pytest.mark.parametrize(
    ("safety", "units"),
    [
        ("100%", 73_248),  # 500,000 × 0.92 / (157 × 0.04) = 73,248.4
        ("90%", 65_923),  # … × 0.9 = 65,923.57; 65,924 units would need 414,002.72 of 414,000
    ],
)
def test_one_sided_maximum(safety: str, units: int) -> None:
    world = World(ENTRY + MARGIN % safety)
    world.quote(157.0)
    sent = decision(world.signal(size=100_000.0))
    assert sent.outcome == "sent"
    assert sent.order is not None
    assert sent.order.units == units
    assert sent.wanted == 100_000
    assert sent.size_path[-1] == ("cap margin", Decimal(units))


def test_a_size_within_the_cap_stays() -> None:
    world = World(ENTRY + MARGIN % "100%")
    world.quote(157.0)
    assert order(world.signal(size=73_248.0)).units == 73_248


@pytest.mark.parametrize(
    ("model", "limit", "units"),
    [
        ("net", "31_400JPY", 50_000),  # |50,000 − 45,000| × 157 × 0.04; at 0 it is 282,600: the sizes don't begin at 0
        ("net", "31_399JPY", 49_999),
        ("max_side", "314_000JPY", 50_000),  # max(50,000, 45,000) × 157 × 0.04
        ("max_side", "313_999JPY", 49_999),
        ("gross", "596_600JPY", 50_000),  # 95,000 × 157 × 0.04
    ],
)
def test_margin_models(model: str, limit: str, units: int) -> None:
    rules = (
        ENTRY
        + f"""
caps:
  - {{id: margin, applies_to: {{intent: entry}}, limit: account.margin_used_after <= {limit}}}
"""
    )
    world = World(rules, trades=(trade("45000", side="short"),), account={"margin_model": {"model": model}})
    world.quote(157.0)
    assert order(world.signal("long", size=60_000.0)).units == units


@pytest.mark.parametrize("held_long", ["10000", "20000", "30000"])
def test_the_54_refusals(held_long: str) -> None:
    """40,000 short and 10,000–30,000 long at 154.2 with 303,000: a further sell of 10,000 needs 308,400, a buy
    nothing."""
    rules = (
        ENTRY
        + """
caps:
  - {id: margin, applies_to: {intent: entry}, limit: account.margin_used_after <= account.equity}
"""
    )
    trades = (trade("40000", "154.2", side="short"), trade(held_long, "154.2", name="2"))
    world = World(rules, balance="303000", trades=trades)
    world.quote(154.2)
    assert order(world.signal("short", name="sell", size=10_000.0)).units == 9_124  # 303,000 / 6.168 = 49,124.5
    assert order(world.signal("long", name="buy", size=10_000.0)).units == 10_000


LOW = """
guards:
  - id: low-margin
    applies_to: {intent: entry}
    require: account.free_margin_ratio >= 1%
    unless: account.margin_used_after <= account.margin_used
"""


def test_hedging_passes_low_margin() -> None:
    """FX-03: 79,600 short at 157 ties up 499,888 of 500,000; a long lowers nothing and needs nothing more."""
    world = World(ENTRY + LOW, trades=(trade("79600", side="short"),))
    world.quote(157.0)
    refused = decision(world.signal("short", name="a", size=10.0))
    assert (refused.outcome, refused.first_blocker, refused.code) == ("refused", "low-margin", "RE570")
    comparison = refused.verdicts[0].comparisons[0]
    assert comparison.verdict is False
    assert comparison.distance == pytest.approx(0.000224 - 0.01)  # 112 / 500,000 against 1 %
    assert order(world.signal("long", name="b", size=10_000.0)).units == 10_000


@pytest.mark.parametrize(
    ("short", "units"),
    [
        ("63694", None),  # 63,694 × 6.28 = 399,998.3: free 20.0003 %: next to nothing
        ("57722", 5_002),  # × 6.28 = 362,494.2: free 27.50 %: (0.275012 − 0.2) / 0.15 = 0.50008
        ("51000", 10_000),  # × 6.28 = 320,280: free 35.9 %
    ],
)
def test_size_scales_with_free_margin(short: str, units: int | None) -> None:
    """FX-03: from 0 at 20 % to 1 at 35 %."""
    rules = (
        ENTRY
        + """
sizing:
  - {id: by-free-margin, applies_to: {intent: entry}, scale: "ramp(account.free_margin_ratio, 20%, 35%)"}
"""
    )
    world = World(rules, trades=(trade(short, side="short"),))
    world.quote(157.0)
    audit = world.signal("long", size=10_000.0)
    if units is None:
        assert decision(audit).first_blocker == "by-free-margin"
        assert orders(audit) == []
    else:
        assert order(audit).units == pytest.approx(units, abs=2)


def test_side_exposure() -> None:
    """FX-04: 0.9 × 500,000 / 157 = 2,866.2 units of one side."""
    rules = (
        ENTRY
        + """
caps:
  - {id: hard, applies_to: {intent: entry}, limit: account.long_exposure_after <= 90%}
"""
    )
    world = World(rules)
    world.quote(157.0)
    assert order(world.signal(size=10_000.0)).units == 2_866


def test_the_smallest_of_several_caps_and_sizes_counts() -> None:
    rules = (
        ENTRY
        + """
sizing:
  - {id: base, applies_to: {intent: entry}, size: 8_000units}
  - {id: half, applies_to: {intent: entry}, scale: 50%}
caps:
  - {id: loose, applies_to: {intent: entry}, limit: size <= 3_500units}
  - {id: tight, applies_to: {intent: entry}, limit: size <= 3_000units}
"""
    )
    world = World(rules)
    world.quote(157.0)
    found = decision(world.signal(size=100_000.0))
    assert [(what, int(units)) for what, units in found.size_path] == [
        ("sizing", 8_000), ("scale half", 4_000), ("lots", 4_000), ("cap loose", 3_500), ("cap tight", 3_000),
    ]  # fmt: skip
    assert found.order is not None
    assert found.order.units == 3_000


def test_missing_inputs_mean_no_entry() -> None:
    """FX-02: without a quote there is no margin to simulate."""
    world = World(ENTRY + MARGIN % "100%")
    refused = decision(world.signal(size=1_000.0))
    assert refused.outcome == "refused"
    assert refused.code == "RE573"
    assert refused.verdicts[0].unknowns


def test_a_scale_sees_the_size_that_the_sizes_give() -> None:
    """30,000 × 157 × 0.04 = 188,400 of 500,000 are 37.68 %: above a third it is halved; with no size yet it would be
    0 %."""
    rules = """
sizing:
  - {id: careful, applies_to: {intent: entry, when: account.margin_used_of_equity_after >= 33%}, scale: 50%}
  - {id: base, applies_to: {intent: entry}, size: SIZE}
"""
    for size, units in (("30_000units", 15_000), ("20_000units", 20_000)):
        world = World(ENTRY + rules.replace("SIZE", size))
        world.quote(157.0)
        assert order(world.signal(size=40_000.0)).units == units


def test_a_size_sees_what_is_wanted() -> None:
    rules = """
sizing:
  - {id: small, applies_to: {intent: entry, when: account.margin_used_of_equity_after >= 33%}, size: 1_000units}
"""
    world = World(ENTRY + rules)
    world.quote(157.0)
    assert order(world.signal(name="large", size=30_000.0)).units == 1_000
    assert order(world.signal(name="small", size=20_000.0)).units == 20_000


def test_a_rule_may_give_and_scale_and_is_recorded_once() -> None:
    rules = """
sizing:
  - {id: both, applies_to: {intent: entry}, size: 8_000units, scale: 25%}
"""
    world = World(ENTRY + rules)
    world.quote(157.0)
    sent = decision(world.signal(size=10_000.0))
    assert [(each.rule, each.outcome) for each in sent.verdicts] == [("both", "shrink")]
    assert sent.order is not None
    assert sent.order.units == 2_000
