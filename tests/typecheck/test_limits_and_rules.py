"""What rules declare against what limits and other rules leave of it: RE429–RE435, and rules whose parts exclude."""

from __future__ import annotations

import pytest

from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.typecheck.policies import MINIMAL, findings, guard

POLICY = MINIMAL.replace("orders: 5, within: 60s", "orders: 4, within: 60s")
ENTRY = "entries:\n  - {id: in, source: market, strategy: M1Scalper, when: mid > 90, side: long, size: 50_000units%s}\n"
LADDER = "ladders:\n  - {id: more, source: market, when: mid > 90, %s}\n"
PYRAMID = "pyramids:\n  - {id: more, source: market, when: mid > 90, %s}\n"
OTHER = PYRAMID.replace("id: more", "id: other")
HEDGE = "hedges:\n  - {id: r, when: mid > 90%s, reduce: {%s}, on_unknown: {wait: 10s, then: alert}}\n"
CAP = "caps: [{id: c, applies_to: {intent: [ladder, pyramid]}, limit: position.long_units_after <= 90_000units}]\n"
SIZES = """\
sizing:
  - {id: s, applies_to: {intent: entry}, size: 20_000units}
  - {id: d, applies_to: {intent: entry}, scale: '100% + ramp(mid, 90, 100)'}
"""
EXIT = (
    "exits: [{id: x, for_each: trade, applies_to: {when: trade.pnl > 5JPY}, when: %s, close: 50%%, "
    "on_unknown: {wait: 30s, then: alert}}]\n"
)


def codes(sections: str, minimal: str = POLICY) -> list[str]:
    return [code for code, _ in findings(sections, minimal, has_idle=True)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # four within 60 s: the fifth comes 4 × 14 s = 56 s after the first
        (ENTRY % ", cooldown: 14s", ["RE433"]),
        (ENTRY % ", cooldown: 15s", []),  # 60 s: the first is out of the window
        (ENTRY % ", cooldown: 14s, max_open: 4", []),
        (ENTRY % ", cooldown: 14s, max_open: 5", ["RE433"]),
        (ENTRY % "", []),  # no pace of its own
        (ENTRY % ", cooldown: 14s, enforcement: shadow", []),
        (ENTRY % ", cooldown: 14s, enabled: false", []),
        (ENTRY % "" + LADDER % "interval: 10s, steps: [40%, 30%, 20%, 10%, 10%], base: 1_000units", ["RE433"]),
        (ENTRY % "" + LADDER % "interval: 10s, steps: [40%, 30%, 20%, 10%], base: 1_000units", []),
        (ENTRY % "" + LADDER % "interval: 10s, steps: [40%, 30%, 20%, 10%, 10%], base: 1_000units, most: 4", []),
        (ENTRY % "" + LADDER % "interval: 10s, cooldown: 20s, steps: [40%, 30%, 20%, 10%, 10%], base: 1_000units", []),
        (HEDGE % (", cooldown: 1s", "wanted: 50% of abs(position.net_units)"), []),  # reductions are not latched
    ],
)
def test_a_pace_of_its_own_that_trips_the_latch(rule: str, expected: list[str]) -> None:
    assert codes(rule) == expected


@pytest.mark.parametrize(
    ("limit", "cooldown", "expected"),
    [
        ("orders_per_minute: 60", "0.9s", ["RE434"]),  # one each second
        ("orders_per_minute: 60", "1s", []),
        ("orders_per_second: 2", "400ms", ["RE434"]),
        ("orders_per_second: 2", "500ms", []),
    ],
)
def test_a_pace_that_empties_the_message_budget(limit: str, cooldown: str, expected: list[str]) -> None:
    minimal = POLICY.replace("orders: 4, within: 60s}", f"orders: 1000, within: 1s}}\n  {limit}")
    assert codes(ENTRY % f", cooldown: {cooldown}", minimal) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # 50,000 + 50,000 × (1 + 0.6 + 0.4) = 150,000 of 200,000
        (ENTRY % "" + LADDER % "steps: [100%, 60%, 40%]", []),
        # 50,000 × (1 + 1 + 1 + 0.6 + 0.4) = 200,000: as much as is allowed
        (ENTRY % "" + LADDER % "steps: [100%, 100%, 60%, 40%]", []),
        (ENTRY % "" + LADDER % "steps: [100%, 100%, 60%, 41%]", ["RE432"]),
        (ENTRY % "" + LADDER % "steps: [100%, 100%, 60%, 41%], most: 3", []),
        (ENTRY % "" + LADDER % "steps: [100%, 100%], base: 80_000units", ["RE432"]),  # 50 + 80 + 80
        (ENTRY % "" + LADDER % "steps: [100%, 100%], base: 75_000units", []),
        (ENTRY % "" + LADDER % "base: initial_position, steps: [100%, 100%, 60%, 41%]", ["RE432"]),
        (ENTRY % "" + PYRAMID % "size: 50% of position.initial_units, most: 6", []),  # 50 + 6 × 25
        (ENTRY % "" + PYRAMID % "size: 50% of position.initial_units, most: 7", ["RE432"]),
        (ENTRY % "" + PYRAMID % "size: 50% of position.initial_units, most: 7, enforcement: shadow", []),
        (  # sizes are the smallest of all: 20,000 × (1 + 3 × 1)
            "sizing: [{id: s, applies_to: {intent: entry}, size: 20_000units}]\n"
            + ENTRY % ""
            + LADDER % "steps: [100%, 100%, 100%, 100%, 100%]",
            [],
        ),
        (  # a scale may double it: 40,000 × 6
            SIZES + ENTRY % "" + LADDER % "steps: [100%, 100%, 100%, 100%, 100%]",
            ["RE432"],
        ),
        (  # a size that only counts for one side bounds nothing
            "sizing: [{id: s, applies_to: {intent: entry, side: short}, size: 1_000units}]\n"
            + ENTRY % ""
            + LADDER % "steps: [100%, 100%, 100%, 100%]",
            ["RE432"],
        ),
        (  # a cap of the policy's own
            CAP + ENTRY % "" + LADDER % "steps: [100%]",
            ["RE432"],
        ),
        (ENTRY.replace("50_000units", "account.balance / 1JPY * 1units") % "" + LADDER % "steps: [100%, 100%]", []),
        # a ladder and a pyramid on one position: alone 50 + 50 × (100 % + 60 %) = 130 and 50 + 6 × 25 = 200. Additions
        # are counted together, the larger of each number: 50 + 50 + 30 + 4 × 25 = 230
        (
            ENTRY % "" + LADDER % "steps: [100%, 60%]" + OTHER % "size: 50% of position.initial_units, most: 6",
            ["RE432"],
        ),
        (ENTRY % "" + LADDER % "steps: [100%, 60%]" + OTHER % "size: 50% of position.initial_units, most: 4", []),
        (  # 50 + 50 + 30 + 25 + 25 = 180; of different sides they never meet
            ENTRY % ""
            + LADDER % "applies_to: {side: long}, steps: [100%, 60%]"
            + OTHER % "applies_to: {side: short}, size: 50% of position.initial_units, most: 6",
            [],
        ),
        # nothing ends it: 50 + 25 × n passes 200 with the seventh
        (ENTRY % "" + PYRAMID % "size: 50% of position.initial_units", ["RE432"]),
        (ENTRY % "" + PYRAMID % "size: 50% of position.initial_units, per_day: 1", ["RE432"]),
        (ENTRY % "" + PYRAMID % "size: 50% of position.initial_units, enforcement: shadow", []),
        # 150,000 in one order, of 100,000 that an order may have
        (ENTRY.replace("50_000", "150_000") % "", ["RE432"]),
        (ENTRY.replace("50_000", "100_000") % "", []),
        (ENTRY % "" + LADDER % "steps: [100%], base: 120_000units", ["RE432"]),  # 50 + 120 = 170
        (
            "caps: [{id: c, applies_to: {intent: entry}, limit: position.gross_units_after <= 90_000units}]\n"
            + ENTRY.replace("50_000", "150_000") % "",
            [],
        ),
        # sizing of additions: 50 + 6 × 20
        (
            "sizing: [{id: s, applies_to: {intent: pyramid}, size: 20_000units}]\n"
            + ENTRY % ""
            + PYRAMID % "size: 100% of position.initial_units, most: 6",
            [],
        ),
    ],
)
def test_steps_that_add_up_to_more_than_a_limit(rules: str, expected: list[str]) -> None:
    assert codes(rules) == expected


def caps(*limits: tuple[str, str]) -> str:
    """(kinds of intent, limit) of each."""
    rows = [
        f"  - {{id: c{number}, applies_to: {{intent: {kinds}}}, limit: '{limit}'}}\n"
        for number, (kinds, limit) in enumerate(limits)
    ]
    return "caps:\n" + "".join(rows)


GROSS = "position.gross_units_after <= "
DOUBLED = ENTRY % "" + LADDER % "base: initial_position, steps: [100%]"
"""50,000 + 50,000 = 100,000."""


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (caps(("ladder", GROSS + "90_000units")) + DOUBLED, ["RE432"]),
        (caps(("ladder", GROSS + "100_000units")) + DOUBLED, []),
        (caps(("[entry, ladder]", GROSS + "90_000units")) + DOUBLED, ["RE432"]),
        (caps(("[entry, ladder, pyramid]", GROSS + "90_000units")) + DOUBLED, ["RE432"]),
        (caps(("entry", GROSS + "90_000units")) + DOUBLED, []),  # additions it does not judge
        (caps(("pyramid", GROSS + "90_000units")) + ENTRY % "" + PYRAMID % "size: 50_000units, most: 1", ["RE432"]),
        (  # the first is held to 30,000: 30 + 30
            caps(("entry", GROSS + "30_000units"), ("ladder", GROSS + "60_000units")) + DOUBLED,
            [],
        ),
        (caps(("entry", GROSS + "30_000units"), ("ladder", GROSS + "59_000units")) + DOUBLED, ["RE432"]),
        # the ladder makes 100, no cap of its own; the pyramid's 5 after it 105 of 60, as its first makes 55
        (caps(("pyramid", GROSS + "60_000units")) + DOUBLED + OTHER % "size: 5_000units, most: 1", []),
        (caps(("pyramid", GROSS + "60_000units")) + DOUBLED + OTHER % "size: 5_000units, most: 2", ["RE432"]),
        # of the side that it adds to
        (caps(("ladder", "position.short_units_after <= 90_000units")) + DOUBLED, []),  # none is ever opened
        (
            caps(("ladder", "position.short_units_after <= 90_000units"))
            + DOUBLED.replace("side: long", "side: short"),
            ["RE432"],
        ),
    ],
)
def test_additions_are_judged_by_the_caps_of_their_kind(rules: str, expected: list[str]) -> None:
    assert codes(rules) == expected


@pytest.mark.parametrize(
    "limit",
    [
        "90_000units >= position.long_units_after",
        "max(position.long_units_after, position.short_units_after) <= 90_000units",
        "90_000units >= max(position.long_units_after, position.short_units_after)",
        "abs(position.net_units_after) <= 90_000units",
        "position.net_units_after <= 90_000units",
        "-90_000units <= -position.net_units_after",
        "position.long_units_after + position.short_units_after <= 90_000units",
        "position.long_units_after + 10_000units <= 100_000units",
        "position.long_units_after - 10_000units <= 80_000units",
        "2 * position.long_units_after <= 180_000units",
        "position.long_units_after / 2 <= 45_000units",
        "position.long_units_after <= min(90_000units, account.balance / 1JPY * 1units)",
        "position.long_units_after <= 90_000units and account.margin_used_of_equity_after <= 92%",
    ],
)
def test_a_cap_however_it_is_written(limit: str) -> None:
    assert codes(caps(("ladder", limit)) + DOUBLED) == ["RE432"]
    # of 110,000 (110,000 / 2 = 55,000) the 100,000 leave something
    numbers = {
        "180_000": "220_000",
        "45_000": "55_000",
        "90_000": "110_000",
        " 100_000": " 120_000",
        "80_000u": "100_000u",
    }
    raised = limit
    for before, after in numbers.items():
        if before in limit:
            raised = limit.replace(before, after)
            break
    assert raised != limit
    assert codes(caps(("ladder", raised)) + DOUBLED) == []


@pytest.mark.parametrize(
    "limit",
    [
        "min(position.long_units_after, position.short_units_after) <= 90_000units",
        "position.long_units_after - position.long_units <= 90_000units",
        "position.long_units_after <= 90_000units or account.margin_used_of_equity_after <= 92%",
        "position.long_units_after <= account.balance / 1JPY * 1units",
        "-position.net_units_after <= 90_000units",  # of shorts
    ],
)
def test_a_cap_that_does_not_hold_the_side(limit: str) -> None:
    assert "RE432" not in codes(caps(("ladder", limit)) + DOUBLED)


OPENS = "hedges:\n  - {id: h, when: mid > 90, open: {side: short, strategy: M1Scalper, size: %sunits}%s}\n"


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (OPENS % ("150_000", ""), ["RE432"]),  # of 100,000
        (OPENS % ("100_000", ""), []),
        (OPENS % ("150_000", ", enforcement: shadow"), []),
        (caps(("hedge_open", GROSS + "90_000units")) + OPENS % ("150_000", ""), []),  # it never asks for as much
        (caps(("hedge_open", "position.long_units_after <= 90_000units")) + OPENS % ("150_000", ""), ["RE432"]),
        ("sizing: [{id: s, applies_to: {intent: hedge_open}, size: 20_000units}]\n" + OPENS % ("150_000", ""), []),
    ],
)
def test_an_opening_hedge_above_the_largest_order(rules: str, expected: list[str]) -> None:
    assert [code for code in codes(rules) if code == "RE432"] == expected


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [
        ("at_least: 10_000units, at_most: [5_000units], floor_over_cap: send_nothing", ["RE431"]),
        ("at_least: 10_000units, at_most: [50_000units, 5_000units], floor_over_cap: floor", ["RE431"]),
        ("at_least: 10_000units, at_most: [10_000units], floor_over_cap: send_nothing", []),
        ("at_least: 10_000units, at_most: [50% of abs(position.net_units)], floor_over_cap: send_nothing", []),
        ("at_least: free, at_most: [5_000units], floor_over_cap: send_nothing", []),
        ("at_least: least, at_most: [5_000units], floor_over_cap: send_nothing", ["RE431"]),
        ("at_least: least, at_most: [7_000units], floor_over_cap: send_nothing", []),
    ],
)
def test_a_floor_above_its_cap(reduce: str, expected: list[str]) -> None:
    parameters = (
        "parameters: {free: {unit: units, default: 10_000units, doc: a}, least: {unit: units, default: 10_000units, "
        "min: 6_000units, max: 20_000units, doc: b}}\n"
    )
    used = "metrics: {a: {for_each: instrument, value: position.net_units > free or position.net_units > least}}\n"
    assert codes(parameters + used + HEDGE % ("", f"wanted: 1_000units, {reduce}")) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (HEDGE % (", require: mid < 80", "wanted: 1_000units"), ["RE423"]),
        (HEDGE % (", require: mid < 95", "wanted: 1_000units"), []),
        (HEDGE % (", applies_to: {when: mid < 80}", "wanted: 1_000units"), ["RE423"]),
        (
            EXIT % "trade.pnl < 0",
            ["RE423"],
        ),
        (EXIT % "mid < 90", []),
        (
            guard("spread > 5pips", "").replace("intent: entry", "intent: entry, when: spread < 3pips"),
            [],
        ),  # refuses all
    ],
)
def test_parts_of_a_rule_that_exclude_each_other(rule: str, expected: list[str]) -> None:
    assert codes(rule) == expected


def test_keys_and_words_that_nothing_asks_for() -> None:
    table = (
        "tables:\n  t:\n    by: [side, spread]\n    columns: {v: {unit: count}}\n    rows:\n"
        "      - {when: {side: long}, values: {v: 1}}\n      - {otherwise: true, values: {v: 2}}\n"
    )
    assert findings(table + guard("t.v > account.unknown_orders"), has_idle=True) == [("RE429", "spread")]
    more = POLICY.replace("  M1Scalper: {pocket: scalp}\n", "  M1Scalper: {pocket: scalp}\n  Other: {}\n")
    more = more.replace("pockets: [scalp]", "pockets: [scalp, spare]")
    assert findings(ENTRY % "", more, has_idle=True) == [("RE430", "Other"), ("RE430", "spare")]
    assert codes(ENTRY.replace("source: market, strategy: M1Scalper", "source: signal") % "", more) == []
    assert codes(ENTRY % "" + guard("strategy != Other and pocket != spare"), more) == []
    of_signals = ENTRY.replace(
        "source: market, strategy: M1Scalper", "source: signal, applies_to: {strategy: M1Scalper}"
    )
    assert codes(of_signals % "", more) == ["RE430"]  # a signal may still name the pocket


def test_the_sentence_names_what_comes_together_and_the_limit() -> None:
    both = ENTRY % "" + LADDER % "steps: [100%, 60%]" + OTHER % "size: 50% of position.initial_units, most: 6"
    document, _ = load_bytes((POLICY + both).encode(), "policy.yaml")
    assert document is not None
    policy, _ = shape(document)
    assert policy is not None
    (found,) = (each for each in check(policy)[1] if each.code == "RE432")
    # 50,000 + 50,000 + 30,000 + 3 × 25,000 = 205,000 with the fifth
    assert found.message == (
        "addition 5 of `more` and `other` together makes 205000units at the largest, "
        "limits.max_position_units allows 200000units"
    )
