"""What a refusal says: the comparisons on which the condition turned, whatever stands around them."""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Decision
from ruleengine.reports.blocker import decisive
from ruleengine.reports.tally import Tally
from ruleengine.reports.tree import conclusion
from tests.runtime.engine.world import World, decision, trade

RULES = """
schedules:
  thin: {{timezone: UTC, windows: [{{from: "01:00", to: "01:01"}}]}}
entries:
  - {{id: from-signal, source: signal, when: "true", size: 1units}}
guards:
  - {{id: it, applies_to: {{intent: entry}}, require: "{require}"{unless}}}
  - {{id: of-exits, applies_to: {{intent: exit}}, require: not thin}}
"""


def refused(require: str, unless: str = "") -> tuple[Decision, World]:
    """Bid 109, ask 109.011: 1.1 pips, mid 109.0055, a long of M1Scalper."""
    world = World(RULES.format(require=require, unless=f', unless: "{unless}"' if unless else ""))
    world.quote(109.0, 109.011, at=0)
    found = decision(world.signal(at=0))
    assert found.outcome == "refused", found
    return found, world


@pytest.mark.parametrize(
    ("require", "message", "distance", "unit"),
    [
        # side is long: only the second part fails; 0.7 pips is nearer than 91 of price
        (
            "(quote_age > 1h or side == long) and (spread <= 0.4pips or mid > 200)",
            "spread <= 0.4pips: 1.1pips against 0.4pips", -0.7, "pips",
        ),
        ("(side == short or spread <= 2pips or mid >= 90) and mid < 109", "mid < 109: 109.0055 against 109", -0.0055,
         "price"),
        # all of the alternatives fail: the nearest; what the intent brings with it is none
        ("side == short or spread <= 1pips or mid <= 90", "spread <= 1pips: 1.1pips against 1pips", -0.1, "pips"),
        ("strategy == TrendMA or quote_age > 48h", "quote_age > 48h: 0s against 48h", -172_800.0, "duration"),
        ("side == short", "side == short: long against short", None, ""),
        # of a conjunction everything that fails, in its author's order
        ("spread <= 1pips and mid > 110 and side == long",
         "spread <= 1pips: 1.1pips against 1pips; mid > 110: 109.0055 against 110", -0.1, "pips"),
        # mirrored
        ("not (spread > 1pips)", "spread > 1pips holds: 1.1pips against 1pips", 0.1, "pips"),
        ("not (spread > 1pips or mid < 100)", "spread > 1pips holds: 1.1pips against 1pips", 0.1, "pips"),
        ("not (spread > 1pips and mid > 100)", "spread > 1pips holds: 1.1pips against 1pips", 0.1, "pips"),
        # a condition that compares nothing
        ("thin and spread <= 2pips", "thin is false", None, ""),
        ("thin or spread <= 1pips", "spread <= 1pips: 1.1pips against 1pips", -0.1, "pips"),
        ("not thin and spread <= 1pips", "spread <= 1pips: 1.1pips against 1pips", -0.1, "pips"),
    ],
)  # fmt: skip
def test_message_and_distance_come_from_what_decides(
    require: str, message: str, distance: float | None, unit: str
) -> None:
    found, _ = refused(require)
    assert found.message == message
    short = decisive(found)
    if distance is None:
        assert short is None
    else:
        assert short is not None
        assert short.distance == pytest.approx(distance)
        assert short.unit == unit


@pytest.mark.parametrize(
    ("require", "unless", "change"),
    [
        ("spread <= 0.4pips or mid > 200", "", "spread would have to fall by 0.7pips, to 0.4pips"),
        ("spread < 1pips", "", "spread would have to fall by more than 0.1pips, to below 1pips"),
        ("not (spread > 1pips)", "", "spread would have to fall by 0.1pips, to 1pips"),
        ("not (spread >= 1pips)", "", "spread would have to fall by more than 0.1pips, to below 1pips"),
        # the exception is nearer: 0.0055 in price are 0.05 steps, a spread of 1.1 pips is 1.1
        ("spread <= 0pips", "mid <= 109", "mid would have to fall by 0.0055, to 109"),
        ("spread <= 1pips", "mid <= 90", "spread would have to fall by 0.1pips, to 1pips"),
        # all of a conjunction, together dearer than the alternative
        ("(spread <= 1pips and mid > 109.2) or spread <= 0.9pips", "", "spread would have to fall by 0.2pips, to 0.9pips"),  # noqa: E501
        ("thin and spread <= 2pips", "", "thin would have to be true"),
        # a limit of 0 costs no raw amount: 500,000 JPY are ten steps of a tenth, 91 in price are 455 of a thousandth
        ("account.balance <= 0JPY or mid > 200", "", "account.balance would have to fall by 500,000 JPY, to 0 JPY"),
    ],
)  # fmt: skip
def test_the_smallest_change(require: str, unless: str, change: str) -> None:
    found, world = refused(require, unless)
    assert conclusion(found, world.plan.graph)[1] == f"smallest change: {change}"


def test_distances_of_different_units_stand_in_rows_of_their_own() -> None:
    tally = Tally("JPY")
    world = World(RULES.format(require="spread <= 1pips or quote_age >= 10s", unless=""))
    world.quote(109.0, 109.015, at=0)
    for number, at in enumerate((0, 1, 9.9)):  # 0.5 steps of pips; 10, 9 and 0.1 s are 0.17, 0.15 and 0.002 of time
        tally.add(world.signal(name=f"a{number}", at=at))
    world.quote(109.0, 109.0101, at=20)
    tally.add(world.signal(name="b", at=20))
    rows = next(each for each in tally.tables() if each.title.startswith("Refusals by")).rows
    assert rows == [
        ["it", "RE570", "3", "4.55s", "9s", "9.5s"],
        ["it", "RE570", "1", "0.01pips", "0.01pips", "0.01pips"],
    ]
    assert [(each["unit"], each["n"]) for each in tally.as_json()["refusals"]] == [("duration", 3), ("pips", 1)]


def test_what_restricts_is_told_by_the_nearest_end_of_it() -> None:
    """30 h old and 20 pips down: it would end sooner by the pips (20 steps) than by the hours (360)."""
    rules = """
entries:
  - {id: from-signal, source: signal, when: "true", size: 1units}
exits:
  - id: left-behind
    for_each: trade
    stages: [{when: trade.age > 24h and trade.pnl_pips < 0pips, restrict: reduce_only}]
    on_unknown: {wait: 30s, then: alert}
"""
    world = World(rules, trades=(trade("1000", "157.2", opened_s=-30 * 3600),))
    world.quote(157.0, at=0)
    found = decision(world.signal(at=0))
    assert (found.outcome, found.code) == ("refused", "RE577")
    short = decisive(found)
    assert short is not None
    assert short.text == "trade.pnl_pips < 0pips"
    assert short.distance == pytest.approx(20.0)
