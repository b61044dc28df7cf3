"""OPS-03: whoever refuses, the decision says what was measured, the limit and the distance; figures by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from ruleengine.model.audit import Decision, Outcome
from ruleengine.model.event import OperatorCommand, OrderStatus
from ruleengine.reports.blocker import blocking, decisive
from ruleengine.reports.tree import decision_tree
from tests.runtime.engine.world import SECOND, USD_JPY, World, decision, order, orders, trade

ENTRY = """
entries:
  - {id: from-signal, source: signal, when: "true"}
"""
DIP = """
entries:
  - {id: dip, source: market, when: mid <= 157, side: long, strategy: TrendMA, size: 100units, %s}
"""


def figures(found: Decision) -> tuple[Any, ...]:
    """Code, blocker and what was measured, as tables, exports and trees take it."""
    held = decisive(found)
    assert held is not None, found
    assert held.verdict is False
    return found.code, found.first_blocker, held.text, held.left, held.right, held.distance, held.unit


def command(world: World, name: str, **arguments: Any) -> Any:
    return world.feed(OperatorCommand(world._at(None), name, "desk", "odd fills", arguments))


# --- the order gate -------------------------------------------------------------------------------------------------


def test_a_limit_of_the_gate_is_a_check_like_any_other() -> None:
    world = World(ENTRY + "guards:\n  - {id: calm, applies_to: {intent: entry}, require: mid > 1}\n")
    world.quote(157.0)
    found = decision(world.signal(size=10_000_250.0))
    text = "size <= limits.max_order_units"
    assert figures(found) == (
        "RE520", "limits.max_order_units", text, 10_000_250.0, 10_000_000.0, -250.0, "units",
    )  # fmt: skip
    assert [(each.rule, each.section, each.outcome) for each in found.verdicts] == [
        ("calm", "guards", Outcome.PASS), ("limits.max_order_units", "gate", Outcome.REFUSE),
    ]  # fmt: skip
    assert found.verdicts[1].place.startswith("test.policy.yaml:"), "the policy's own line"
    tree = decision_tree(found)
    assert "✗ size = 10,000,250units <= 10,000,000units   250units too high" in tree
    assert "smallest change: size would have to fall by 250units, to 10,000,000units" in tree


def test_a_switch_is_no_number() -> None:
    world = World(ENTRY)
    world.quote(157.0)
    command(world, "kill", scope="account")
    found = decision(world.signal(size=100.0))
    assert (found.code, found.first_blocker) == ("RE531", "limits.switches")
    assert decisive(found) is None
    (held,) = found.verdicts[0].comparisons
    assert (held.text, held.left, held.right, held.distance) == ("switch account == on", "off", "on", None)


def test_an_unknown_price_is_no_number() -> None:
    """Nothing else needs the quote: only the gate asks for it."""
    world = World(ENTRY)
    found = decision(world.signal(size=100.0))
    assert (found.code, found.first_blocker) == ("RE526", "limits.quote")
    verdict = blocking(found)
    assert verdict is not None
    assert (verdict.outcome, verdict.comparisons) == (Outcome.UNKNOWN, [])
    assert verdict.unknowns[0].startswith("unknown: bid")
    assert decisive(found) is None


def test_the_venue_s_refusals_pause_for_a_time_that_is_told() -> None:
    """Three refusals within 60 s pause for 300 s; the fourth signal comes 7 s after the third refusal."""
    world = World(ENTRY)
    world.quote(157.0, at=0)
    for number in range(3):
        sent = order(world.signal(name=f"s{number}", size=100.0 + number, at=10 * number + 1))
        world.update(sent, OrderStatus.REJECTED, code="NO", at=10 * number + 3)
    found = decision(world.signal(name="late", size=100.0, at=30))
    assert figures(found) == (
        "RE530", "limits.refusals", "time since the venue's refusals >= limits.refusals.pause", 7.0, 300.0, -293.0,
        "duration",
    )  # fmt: skip
    assert found.verdicts[0].place.startswith("test.policy.yaml:")


# --- what rules wait for --------------------------------------------------------------------------------------------


def test_a_cooldown_says_how_much_of_it_has_passed() -> None:
    world = World(DIP % "cooldown: 20s")
    found = decision(world.fill(order(world.quote(156.9, at=0)), 156.9, at=12))
    assert figures(found) == ("RE578", "dip", "time since its last order >= cooldown", 12.0, 20.0, -8.0, "duration")
    assert (found.verdicts[0].section, found.verdicts[0].code) == ("entries", "RE578")


@pytest.mark.parametrize(("most", "sent"), [(1, 1), (2, 2), (3, 3)])
def test_open_trades_are_counted_with_the_one_that_is_wanted(most: int, sent: int) -> None:
    world = World(DIP % f"max_open: {most}")
    audit = world.quote(156.9)
    for number in range(sent):
        audit = world.fill(order(audit), 156.9, at=10 * number + 10)
    found = decision(audit)
    assert figures(found) == ("RE579", "dip", "open trades with this one <= max_open", sent + 1, most, -1.0, "count")


def test_a_floor_above_its_bound_has_both() -> None:
    """55 % of 15,000 is 8,250, under a floor of 10,000."""
    rules = """
hedges:
  - id: relief
    when: position.net_units >= 15_000units
    reduce: {wanted: 20% of abs(position.net_units), at_least: 10_000units, at_most: [55% of abs(position.net_units)],
             floor_over_cap: send_nothing}
    on_unknown: {wait: 10s, then: alert}
"""
    found = decision(World(rules, trades=(trade("15000", "100"),)).quote(100.0))
    assert figures(found) == ("RE580", "relief", "at_least <= at_most", 10_000.0, 8_250.0, -1_750.0, "units")


def test_the_share_of_one_lot_is_less_than_one() -> None:
    rules = """
exits:
  - {id: half, for_each: trade, when: trade.pnl_pips >= 5pips, close: 50%, on_unknown: {wait: 30s, then: alert}}
"""
    found = decision(World(rules, trades=(trade("1"),)).quote(157.1))
    assert figures(found) == ("RE576", "half", "share >= one lot", 0.5, 1.0, -0.5, "units")


def test_a_signal_that_meets_no_entry_is_short_by_what_it_compared() -> None:
    world = World(ENTRY.replace('"true"', "signal.age <= 5s"))
    world.quote(157.0)
    found = decision(world.signal(size=100.0, age=7.5))
    assert figures(found) == ("RE584", "from-signal", "signal.age <= 5s", 7.5, 5.0, -2.5, "duration")


# --- who made a size too small --------------------------------------------------------------------------------------

SMALLEST_50 = replace(USD_JPY, min_size=Decimal(50))
CAPS = """
caps:
  - {id: wide, applies_to: {intent: entry}, limit: size <= 400units}
  - {id: tight, applies_to: {intent: entry}, limit: size <= %dunits}
"""


@pytest.mark.parametrize("left", [49, 50, 51])
def test_a_cap_that_leaves_less_than_the_venue_takes_is_the_blocker(left: int) -> None:
    world = World(ENTRY + CAPS % left, spec=SMALLEST_50)
    world.quote(157.0)
    audit = world.signal(size=1_000.0)
    if left >= 50:
        assert order(audit).units == left
        return
    found = decision(audit)
    text = f"size <= {left}units"
    assert figures(found) == ("RE576", "tight", text, 1_000.0, 49.0, -951.0, "units")
    said = "what it leaves is too little: 49 units is below the smallest order of 50"
    assert found.message == f"{text}: 1,000units against 49units; {said}"
    assert [(each.rule, each.code) for each in found.verdicts] == [
        ("wide", "RE572"), ("tight", "RE572"), ("limits.min_size", "RE532"),
    ]  # fmt: skip
    gate = found.verdicts[-1].comparisons[0]
    assert (gate.left, gate.right, gate.distance) == (49.0, 50.0, -1.0)


@pytest.mark.parametrize("smallest", [7, 49, 50, 107, 1_003])
def test_who_wants_just_what_the_venue_takes_has_the_cap_to_blame(smallest: int) -> None:
    """Whatever the division of what is left by its measure comes to in binary."""
    world = World(
        ENTRY + CAPS.replace("400", "40_000") % (smallest - 1), spec=replace(USD_JPY, min_size=Decimal(smallest))
    )
    world.quote(157.0)
    assert figures(decision(world.signal(size=float(smallest))))[:2] == ("RE576", "tight")


def test_who_wants_less_than_the_venue_takes_is_told_so_by_the_venue() -> None:
    world = World(ENTRY + CAPS % 30, spec=SMALLEST_50)
    world.quote(157.0)
    found = decision(world.signal(size=40.0))
    assert figures(found) == (
        "RE532", "limits.min_size", "size >= the venue's smallest order", 30.0, 50.0, -20.0, "units",
    )  # fmt: skip


def test_the_smallest_value_has_its_blocker_too() -> None:
    """At 157 an order of 8,000 JPY takes 51 units; the cap leaves 50, worth 7,850."""
    world = World(ENTRY + CAPS % 50, spec=replace(USD_JPY, min_value=Decimal(8_000)))
    world.quote(157.0)
    found = decision(world.signal(size=1_000.0))
    assert (found.code, found.first_blocker) == ("RE576", "tight")
    gate = found.verdicts[-1].comparisons[0]
    assert (gate.left, gate.right, gate.distance, gate.unit) == (7_850.0, 8_000.0, -150.0, "JPY")


SIZING = """
sizing:
  - {id: half, applies_to: {intent: entry}, scale: 50%%}
  - {id: careful, applies_to: {intent: entry}, scale: %s}
"""


def test_a_scale_that_leaves_less_than_the_venue_takes_is_the_blocker() -> None:
    """100 × 50 % are 50, and 80 % of those 40."""
    world = World(ENTRY + SIZING % "80%", spec=SMALLEST_50)
    world.quote(157.0)
    found = decision(world.signal(size=100.0))
    assert (found.code, found.first_blocker) == ("RE576", "careful")
    assert figures(found)[2:] == ("size >= the venue's smallest order", 40.0, 50.0, -10.0, "units")


def test_a_scale_that_leaves_less_than_a_lot_is_the_blocker() -> None:
    """3 × 50 % are 1.5, and 20 % of those 0.3."""
    world = World(ENTRY + SIZING % "20%")
    world.quote(157.0)
    found = decision(world.signal(size=3.0))
    assert figures(found) == (
        "RE574",
        "careful",
        "size >= one lot",
        pytest.approx(0.3),
        1.0,
        pytest.approx(-0.7),
        "units",
    )
    assert found.message == "0.3units come to no whole lot of 1"


def test_a_table_that_gives_less_than_a_lot_is_the_blocker() -> None:
    world = World(ENTRY + "\nsizing:\n  - {id: by-table, applies_to: {intent: entry}, size: 0.25units}\n")
    world.quote(157.0)
    for size in (3.0, None):
        found = decision(world.signal(name=f"s{size}", size=size))
        assert figures(found) == ("RE574", "by-table", "size >= one lot", 0.25, 1.0, -0.75, "units")


def test_who_wants_less_than_a_lot_is_the_blocker_itself() -> None:
    world = World(ENTRY + SIZING % "20%")
    world.quote(157.0)
    assert figures(decision(world.signal(size=0.9)))[:2] == ("RE574", "from-signal")


def test_caps_that_leave_nothing_together_are_not_blamed_on_the_venue() -> None:
    """One allows at most 60, the other at least 70 of 100: no size meets both, and nothing is sent."""
    rules = """
caps:
  - {id: most, applies_to: {intent: entry}, limit: size <= 60units}
  - {id: margin, applies_to: {intent: entry}, limit: account.margin_used_after <= 1JPY}
"""
    world = World(ENTRY + rules)
    world.quote(157.0)
    found = decision(world.signal(size=100.0))
    assert (found.code, found.first_blocker) == ("RE572", "margin")
    assert orders(world.signal(name="s2", size=100.0)) == []


# --- the size that was solved, and the check of it ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "units"),
    [
        ("1000.000001units", 1_000),  # 1e-6 above: the language tells nothing finer than 1000 × 2⁻³⁰ = 0.93e-6
        ("1000units", 1_000),
        ("999.9999995units", 1_000),  # 0.5e-6 below is equal to 1,000 for the language: the cap holds there
        ("999.999998units", 999),  # 2e-6 below is not
    ],
)
def test_a_cap_and_a_size_agree_on_what_is_equal(limit: str, units: int) -> None:
    """The same bound as a cap, which is solved by trying, and as a size, which is rounded to lots."""
    as_cap = World(ENTRY + f"\ncaps:\n  - {{id: c, applies_to: {{intent: entry}}, limit: size <= {limit}}}\n")
    as_size = World(ENTRY + f"\nsizing:\n  - {{id: s, applies_to: {{intent: entry}}, size: {limit}}}\n")
    for world in (as_cap, as_size):
        world.quote(157.0)
        assert order(world.signal(size=5_000.0)).units == units


@pytest.mark.parametrize(
    ("bound", "units"),
    [
        ("0.001000001units", "0.001"),
        ("0.001units", "0.001"),
        ("0.0009999995units", "0.001"),  # 0.5e-9 below: less than 2⁻³⁰ = 0.93e-9 of a unit, though 5e-6 of a lot
        ("0.000999998units", "0.0009"),  # 2e-9 below
    ],
)
def test_small_lots_agree_too(bound: str, units: str) -> None:
    """Lots of 0.0001: what is equal is told in units, as conditions do, and not in lots."""
    spec = replace(USD_JPY, lot=Decimal("0.0001"), min_size=Decimal("0.0001"))
    as_cap = f"\ncaps:\n  - {{id: c, applies_to: {{intent: entry}}, limit: size <= {bound}}}\n"
    as_size = f"\nsizing:\n  - {{id: s, applies_to: {{intent: entry}}, size: {bound}}}\n"
    for world in (World(ENTRY + as_cap, spec=spec), World(ENTRY + as_size, spec=spec)):
        world.quote(157.0)
        assert order(world.signal(size=5.0)).units == Decimal(units)


def test_a_reduction_of_all_but_rounding_is_all() -> None:
    """6 × 0.7 + 6 × 0.1 + 6 × 0.2 is less than 6 in binary: for the language it is 6, and the whole is closed."""
    net = "position.net_units"
    rules = f"""
hedges:
  - id: whole
    when: {net} >= 2units
    reduce: {{wanted: "{net} * 0.7 + {net} * 0.1 + {net} * 0.2"}}
    on_unknown: {{wait: 10s, then: alert}}
"""
    assert 6 * 0.7 + 6 * 0.1 + 6 * 0.2 < 6
    assert order(World(rules, trades=(trade("6"),)).quote(157.0)).units == 6


def test_what_can_not_be_had_stands_in_the_verdict() -> None:
    """A size that needs a bar that has not closed."""
    rules = """
hedges:
  - id: relief
    when: position.net_units >= 2units
    reduce: {wanted: "abs(position.net_units) * ratio(m1.close / mid)"}
    on_unknown: {wait: 10s, then: alert}
"""
    found = decision(World(rules, trades=(trade("7"),)).quote(157.0))
    assert (found.code, found.first_blocker) == ("RE575", "relief")
    verdict = blocking(found)
    assert verdict is not None
    assert (verdict.section, verdict.outcome, verdict.comparisons) == ("hedges", Outcome.UNKNOWN, [])
    assert verdict.unknowns == [found.message]
    assert verdict.unknowns[0].startswith("unknown: m1.close not warm")


@pytest.mark.parametrize(("ns", "closes"), [(0, False), (3_352, False), (3_353, True)])
def test_time_passes_a_limit_where_the_language_says_so(ns: int, closes: bool) -> None:
    """3,600 s × 2⁻³⁰ are 3,352.8 ns: up to there an hour is an hour."""
    rules = """
exits:
  - {id: late, for_each: trade, when: trade.age > 1h, close: 100%, on_unknown: {wait: 30s, then: alert}}
"""
    world = World(rules, trades=(trade("100"),))
    world.quote(157.0, at=3_599)
    wake = world.engine.next_timer_ns()
    begin = world._at(0)
    assert wake == begin + 3_600 * SECOND + 3_354, "and the engine looks again one nanosecond later"
    assert bool(orders(world.timer(at=3_600 + ns / SECOND))) is closes


# --- signals that can't be used, and commands that can't be carried out ---------------------------------------------


@pytest.mark.parametrize(("ahead_ns", "is_taken"), [(0, True), (2 * SECOND, True), (2 * SECOND + 1, False)])
def test_a_signal_from_the_future_is_refused(ahead_ns: int, is_taken: bool) -> None:
    """The engine's allowance for quotes is 2 s; a negative age passes every bound on it."""
    world = World(ENTRY.replace('"true"', "signal.age <= 5s"))
    world.quote(157.0)
    audit = world.signal(size=100.0, age=-ahead_ns / SECOND)
    assert bool(orders(audit)) is is_taken
    if not is_taken:
        found = decision(audit)
        assert figures(found) == (
            "RE599", "from-signal", "signal.time after its arrival <= 2s", 2.000000001, 2.0,
            pytest.approx(-1e-9, rel=1e-3), "duration",
        )  # fmt: skip
        assert [note.code for note in world.signal(size=100.0).notes] == ["RE591"], "its id is taken"


def test_a_signal_of_tomorrow_says_by_how_much() -> None:
    world = World(ENTRY)
    world.quote(157.0)
    found = decision(world.signal(size=100.0, age=-86_400.0))
    assert found.message == "signal s1 can't be used: signal.time after its arrival <= 2s, and it is 86400s"
    assert figures(found)[3:6] == (86_400.0, 2.0, -86_398.0)


@pytest.mark.parametrize(
    ("name", "value", "text", "distance"),
    [
        ("size", float("nan"), "signal.size == a number", None),
        ("size", float("inf"), "signal.size == a number", None),
        ("size", 0.0, "signal.size > 0", 0.0),
        ("size", -5.0, "signal.size > 0", -5.0),
        ("confidence", float("nan"), "signal.confidence == a number", None),
        ("confidence", -1.0, "signal.confidence >= 0", -1.0),
        ("confidence", 100.5, "signal.confidence <= 100", -0.5),
        ("leverage", 0.0, "signal.leverage > 0", 0.0),
        ("stop", float("nan"), "signal.stop == a number", None),
        ("stop", float("-inf"), "signal.stop == a number", None),
        ("stop", -1.0, "signal.stop > 0", -1.0),
        ("target", float("inf"), "signal.target == a number", None),
        ("target", 0.0, "signal.target > 0", 0.0),
    ],
)
def test_a_figure_that_is_none_is_refused(name: str, value: float, text: str, distance: float | None) -> None:
    rules = """
entries:
  - {id: from-signal, source: signal, when: "signal.confidence > 1 or known(signal.size)",
     stop: signal.stop, target: signal.target}
"""
    world = World(rules)
    world.quote(157.0)
    given: dict[str, Any] = {"size": 100.0, "confidence": 50.0, "stop": 156.0, "target": 158.0}
    found = decision(world.signal(**{**given, name: value}))
    assert (found.outcome, found.code, found.first_blocker) == ("refused", "RE599", "from-signal")
    (held,) = found.verdicts[0].comparisons
    assert (held.text, held.verdict, held.distance) == (text, False, distance)
    assert order(world.signal(name="good", **given)).units == 100, "the next one is taken"


@pytest.mark.parametrize(("confidence", "size"), [(0.0, 1e-9), (100.0, 1.0)])
def test_figures_at_the_edge_of_their_range_are_usable(confidence: float, size: float) -> None:
    world = World(ENTRY)
    world.quote(157.0)
    assert decision(world.signal(size=size, confidence=confidence)).code != "RE599"


@pytest.mark.parametrize(
    "arguments",
    [
        {"seconds": "abc"}, {"seconds": float("nan")}, {"seconds": "inf"}, {"seconds": -1}, {"seconds": 0},
        {"seconds": True}, {"seconds": None}, {"seconds": [60]}, {"seconds": 86_401}, {"seconds": 1e300}, {},
    ],
)  # fmt: skip
def test_an_override_without_a_length_changes_nothing(arguments: dict[str, Any]) -> None:
    world = World(ENTRY)
    before = world.engine.gate.state()
    audit = command(world, "override", limit="price_collar", **arguments)
    assert [(note.code, note.level, note.key) for note in audit.notes] == [("RE596", "warning", "price_collar")]
    assert "`seconds` is" in audit.notes[0].message
    assert world.engine.gate.state() == before


@pytest.mark.parametrize(("seconds", "until"), [(60, 60.0), ("1.5", 1.5), (86_400, 86_400.0)])
def test_an_override_lasts_as_long_as_it_says(seconds: Any, until: float) -> None:
    world = World(ENTRY)
    audit = command(world, "override", limit="price_collar", seconds=seconds)
    assert [note.code for note in audit.notes] == ["RE541"]
    assert world.engine.gate.state()["allowed"] == {"price_collar": world._at(world.now + until)}
