"""Ladders: additions to an open position, step by step (SC-02, SC-05, SC-07, SC-08, SC-18, SC-19)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.model.addition import Addition
from ruleengine.model.event import Fill, OrderStatus
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSnapshot
from tests.runtime.engine.world import SECOND, T0, World, decision, order, orders, trade

RULES = """
sizing:
  - {{id: base, applies_to: {{intent: entry}}, size: 10_000units}}
entries:
  - {{id: open, source: signal, when: "true", leverage: 4}}
ladders:
  - id: scale-in
    source: signal
    when: position.pnl_of_margin >= -2%
    steps: [100%, 70%, 50%]
    {more}
"""
NETS = {"mode": "netting"}


def _world(more: str = "", *, rules: str = RULES, account: Any = NETS, **options: Any) -> World:
    world = World(rules.format(more=more), account=account, **options)
    world.quote(150.0, at=0)
    return world


def _open(world: World, *, units: str = "10000", **more: Any) -> None:
    """10,000 at 150, by the first signal."""
    first = order(world.signal(name="open", at=1, **more))
    assert str(first.units) == units
    world.fill(first, 150.0, trade_id="1", at=2)


# --- sizes -----------------------------------------------------------------------------------------------------------


def test_each_addition_is_its_step_of_what_a_new_position_would_be() -> None:
    """SC-02: 10,000 × 100 %, 70 %, 50 %; never of the position as it is (20,000, 27,000)."""
    world = _world()
    _open(world)
    for number, units in enumerate(("10000", "7000", "5000"), 1):
        found = order(world.signal(name=f"a{number}"))
        assert (str(found.units), found.side) == (units, Side.LONG)
        world.fill(found, 150.0, trade_id=str(number + 1))
    past = decision(world.signal(name="a4"))
    assert (past.kind, past.outcome, past.code, past.first_blocker) == ("ladder", "refused", "RE603", "scale-in")
    held = past.verdicts[-1].comparisons[0]
    assert (held.left, held.right, held.distance) == (4.0, 3.0, -1.0)


def test_an_addition_is_recorded_with_time_value_leverage_coefficient_and_reason() -> None:
    """SC-08: the second step, 7,000 at a middle of 150.5 is 1,053,500 JPY."""
    world = _world()
    _open(world)
    world.fill(order(world.signal(name="a1")), 150.0, trade_id="2")
    world.quote(150.5)
    audit = world.signal(name="a2")
    found = decision(audit)
    wanted = Addition(2, "signal a2", "new position", Decimal(10000), 0.7, 1_053_500.0, 4.0)
    assert (found.kind, found.outcome, found.addition) == ("ladder", "sent", wanted)
    assert found.size_path[:2] == [("new position", Decimal(10000)), ("step 2: 70%", Decimal(7000))]
    assert order(audit).leverage == 4
    world.fill(order(audit), 150.5, trade_id="3", at=20)
    world.restart()
    last = world.engine.holdings.books.side("USD_JPY", Side.LONG).history.last_addition()
    assert last is not None
    assert (last.ts, last.rule, last.leverage, last.addition) == (T0 + 20 * SECOND, "scale-in", Decimal(4), wanted)


def test_what_the_base_has_counted_does_not_count_again() -> None:
    """A scale without intent is in the base: 10,000 × 50 % = 5,000, × 100 %; one of ladders alone is on top: 80 %."""
    scales = (
        "  - {{id: half, applies_to: {{}}, scale: 50%}}\n"
        "  - {{id: careful, applies_to: {{intent: ladder}}, scale: 80%}}\nentries:"
    )
    rules = RULES.replace("entries:", scales)
    world = _world(rules=rules)
    _open(world, units="5000")
    assert order(world.signal(name="a1")).units == 4000


@pytest.mark.parametrize(
    ("base", "units"),
    [("initial_position", "4000"), ("50% of position.initial_units", "2000"), ("new_position", "10000")],
)
def test_the_base_that_the_policy_chooses(base: str, units: str) -> None:
    rules = RULES.replace("position.pnl_of_margin >= -2%", '"true"')
    world = _world(f"base: {base}", rules=rules, trades=(trade("4000", "150"),))
    assert str(order(world.signal(name="a1")).units) == units


@pytest.mark.parametrize("program", [ScalarProgram, TraceProgram])
def test_choices_by_balance_and_none_that_holds(program: Any) -> None:
    """SC-03: at 500,000 JPY the second choice; a step more than it has is refused by it."""
    rules = RULES.replace(
        "    steps: [100%, 70%, 50%]",
        "    choices:\n      - {{when: account.equity < 100_000JPY, coefficients: [30%]}}\n"
        "      - {{when: account.equity < 1_000_000JPY, coefficients: [60%]}}",
    ).replace("position.pnl_of_margin >= -2%", '"true"')
    world = _world(rules=rules, trades=(trade("4000", "150"),), program=program)
    found = order(world.signal(name="a1"))
    assert found.units == 6000
    world.fill(found, 150.0, trade_id="2")
    assert decision(world.signal(name="a2")).code == "RE603"
    rich = _world(rules=rules, trades=(trade("4000", "150"),), balance="5000000", program=program)
    found_none = decision(rich.signal(name="a1"))
    assert (found_none.code, found_none.verdicts[-1].outcome) == ("RE601", "unknown")


# --- may add? --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bid", "outcome", "code"), [(149.254, "sent", ""), (149.253, "refused", "RE600")])
def test_the_loss_limit_is_a_share_of_the_margin(bid: float, outcome: str, code: str) -> None:
    """SC-05: 10,000 bought at 150 with leverage 4: (p − 150) / (p / 4) = −2 % where p = 600 / 4.02 = 149.2537."""
    world = _world()
    _open(world)
    world.quote(bid)
    found = decision(world.signal(name="a1"))
    assert (found.outcome, found.code) == (outcome, code)


@pytest.mark.parametrize("leverage", [None, 4.0])
def test_an_unknown_leverage_blocks(leverage: float | None) -> None:
    """SC-05: the position keeps the leverage of its opening; where that named none, the condition is unknown."""
    world = _world(rules=RULES.replace(", leverage: 4", ""))
    _open(world, leverage=leverage)
    found = decision(world.signal(name="a1"))
    assert (found.kind, found.outcome) == ("ladder", "sent" if leverage else "refused")
    assert found.code == ("" if leverage else "RE601")


def test_the_signals_leverage_goes_before_the_rules() -> None:
    world = _world()
    _open(world, leverage=2.5)
    assert world.engine.holdings.positions["USD_JPY"].leverage == 2.5
    assert order(world.signal(name="a1", leverage=9.0)).leverage == Decimal("2.5"), "an addition has the position's"


@pytest.mark.parametrize(("at", "code"), [(69.999, "RE604"), (70.0, "")])
def test_additions_keep_their_distance(at: float, code: str) -> None:
    """SC-05: the last addition filled at 10 s, 60 s apart; the first one waits for nothing."""
    world = _world("interval: 60s")
    _open(world)
    world.fill(order(world.signal(name="a1", at=3)), 150.0, trade_id="2", at=10)
    found = decision(world.signal(name="a2", at=at))
    assert found.code == code
    if code:
        held = found.verdicts[-1].comparisons[0]
        assert held.left == pytest.approx(59.999)
        assert (held.right, held.verdict) == (60.0, False)


def test_no_more_additions_than_allowed_and_none_at_all() -> None:
    world = _world("most: 1")
    _open(world)
    world.fill(order(world.signal(name="a1")), 150.0, trade_id="2")
    found = decision(world.signal(name="a2"))
    assert (found.code, found.message) == ("RE603", "1 made, at most 1")
    none = _world("most: 0")
    _open(none)
    assert decision(none.signal(name="a1")).code == "RE603"


def test_a_base_that_is_not_known_refuses() -> None:
    rules = RULES.replace("size: 10_000units", "size: signal.size")
    world = _world(rules=rules)
    _open(world, size=10_000.0)
    found = decision(world.signal(name="a1"))
    assert (found.outcome, found.code, found.first_blocker) == ("refused", "RE575", "base")
    assert order(world.signal(name="a2", size=6000.0)).units == 6000


def test_below_one_lot_is_refused() -> None:
    """10,000 × 0.001 % = 0.1 units."""
    world = _world(rules=RULES.replace("[100%, 70%, 50%]", "[0.001%]"))
    _open(world)
    assert decision(world.signal(name="a1")).code == "RE574"


# --- routing ---------------------------------------------------------------------------------------------------------


def test_a_refused_addition_is_never_given_to_entries() -> None:
    """SC-18: the only decision is the ladder's refusal."""
    world = _world("enabled: true")
    _open(world)
    world.quote(140.0)
    audit = world.signal(name="a1")
    assert [(each.kind, each.rule, each.outcome) for each in audit.decisions] == [("ladder", "scale-in", "refused")]
    assert not orders(audit)


def test_a_signal_of_the_other_side_goes_to_entries() -> None:
    world = _world(account=None)
    _open(world)
    found = decision(world.signal("short", name="s"))
    assert (found.kind, found.rule, found.outcome) == ("entry", "open", "sent")


def test_a_flat_account_and_somebody_elses_position_are_the_entries() -> None:
    world = _world(trades=(trade("5000", "150", client_id="web-1", strategy=""),), account=None)
    assert decision(world.signal(name="a")).kind == "entry"


def test_what_a_ladder_does_not_admit_goes_to_entries() -> None:
    world = _world("applies_to: {{strategy: TrendMA}}".replace("{{", "{").replace("}}", "}"))
    _open(world)
    assert decision(world.signal(name="a")).kind == "entry"


def test_a_ladder_in_shadow_leaves_the_signal_to_entries() -> None:
    world = _world("enforcement: shadow")
    _open(world)
    kinds = [(each.kind, each.outcome) for each in world.signal(name="a").decisions]
    assert kinds == [("ladder", "shadow"), ("entry", "sent")]


def test_a_repeated_signal_adds_once() -> None:
    world = _world()
    _open(world)
    found = order(world.signal(name="a1"))
    world.fill(found, 150.0, trade_id="2")
    assert not world.signal(name="a1").decisions


# --- one at a time ---------------------------------------------------------------------------------------------------


def test_two_signals_at_once_add_once() -> None:
    """SC-07: the second one meets the order of the first; when that has filled, it would have been the next step."""
    world = _world()
    _open(world)
    first = order(world.signal(name="a1", at=5))
    second = decision(world.signal(name="a2", at=5))
    assert (second.outcome, second.code) == ("refused", "RE602")
    world.fill(first, 150.0, trade_id="2", units="4000", is_last=False)
    assert decision(world.signal(name="a3")).code == "RE602", "a part of it is still out"
    world.fill(first, 150.0, trade_id="2", units="6000")
    assert world.engine.holdings.positions["USD_JPY"].additions == 1
    assert order(world.signal(name="a4")).units == 7000


def test_an_opening_that_is_out_counts_as_the_position() -> None:
    world = _world()
    order(world.signal(name="open", at=5))
    found = decision(world.signal(name="again", at=5))
    assert (found.kind, found.code) == ("ladder", "RE602")


@pytest.mark.parametrize("end", [OrderStatus.ABSENT, OrderStatus.REJECTED])
def test_an_addition_of_unknown_fate_blocks_until_it_is_resolved_also_over_a_restart(end: OrderStatus) -> None:
    world = _world()
    _open(world)
    first = order(world.signal(name="a1"))
    world.update(first, OrderStatus.UNKNOWN)
    world.restart()
    found = decision(world.signal(name="a2"))
    assert found.code == "RE602"
    assert "fate is not known" in found.message
    world.update(first, end)
    assert order(world.signal(name="a3")).units == 10000, "still the first step"


def test_a_restart_while_an_addition_is_out_changes_nothing() -> None:
    answers = []
    for restarts in (False, True):
        world = _world("interval: 60s")
        _open(world)
        first = order(world.signal(name="a1", at=5))
        if restarts:
            world.restart()
        refused = decision(world.signal(name="a2", at=6))
        world.fill(first, 150.0, trade_id="2", at=7)
        if restarts:
            world.restart()
        too_soon = decision(world.signal(name="a3", at=66))
        sent = decision(world.signal(name="a4", at=67))
        answers.append([refused, too_soon, sent])
    assert answers[0] == answers[1]
    assert [each.code for each in answers[0]] == ["RE602", "RE604", ""]


def test_a_position_that_vanished_between_reads_is_opened_anew() -> None:
    """SC-19: removed in one step; nothing of it counts for the next."""
    world = _world()
    _open(world)
    world.fill(order(world.signal(name="a1")), 150.0, trade_id="2")
    world.engine.adopt(VenueSnapshot(T0 + 30 * SECOND, Decimal(500_000), Decimal(0), ()))
    found = decision(world.signal(name="again", at=31))
    assert (found.kind, found.outcome) == ("entry", "sent")
    assert world.engine.holdings.positions["USD_JPY"].additions == 0


def test_a_position_that_appeared_is_added_to() -> None:
    world = _world(rules=RULES.replace("position.pnl_of_margin >= -2%", '"true"'))
    world.engine.adopt(VenueSnapshot(T0 + 3 * SECOND, Decimal(500_000), Decimal(0), (trade("4000", "150"),)))
    assert decision(world.signal(name="a1", at=4)).kind == "ladder"


# --- modes of account, guards, caps ----------------------------------------------------------------------------------


def test_a_partial_close_leaves_the_number_of_the_next_step() -> None:
    world = _world()
    _open(world)
    world.fill(order(world.signal(name="a1")), 150.0, trade_id="2")
    ts = T0 + 20 * SECOND
    world.feed(Fill(ts, ts, "USD_JPY", "", Side.SHORT, Decimal(12000), Decimal(150), "1", opens=False))
    assert order(world.signal(name="a2", at=30)).units == 7000


def test_on_a_hedging_account_each_side_has_its_own_steps() -> None:
    """The long side has an addition, the short side none, though it is the smaller one."""
    world = _world(account=None)
    _open(world)
    world.fill(order(world.signal(name="a1")), 150.0, trade_id="2")
    short = order(world.signal("short", name="s1"))
    world.fill(short, 150.0, trade_id="9")
    assert order(world.signal("short", name="s2")).units == 10000, "first step of the short side"
    assert order(world.signal(name="a2")).units == 7000, "second of the long one"


def test_guards_and_caps_judge_an_addition_by_its_kind() -> None:
    """SC-06: the position's value with the addition at most 2,550,000 JPY at 150: 17,000 units, 7,000 of 10,000 wanted.
    Then 80 % of the free margin."""
    rules = (
        RULES
        + """
guards:
  - {{id: calm, applies_to: {{intent: ladder}}, require: spread <= 2pips}}
caps:
  - {{id: per-symbol, applies_to: {{intent: ladder}}, limit: position.gross_value_after <= 2_550_000JPY}}
"""
    )
    world = _world(rules=rules)
    _open(world)
    audit = world.signal(name="a1")
    assert order(audit).units == 7000
    world.fill(order(audit), 150.0, trade_id="2")
    world.quote(150.0, 150.03)
    assert decision(world.signal(name="a2")).first_blocker == "calm"


@pytest.mark.parametrize(
    ("limit", "units"),
    [
        # equity 500,000, margin used 10,000 × 150 × 4 % = 60,000, free 440,000; 80 % = 352,000; × 4 / 150 = 9,386.67
        ("intent.value / position.leverage <= 80% * account.free_margin", 9386),
        ("intent.margin <= 80% * account.free_margin", 9386),
        # own margin 10,000 × 150 / 4 = 375,000; 600,000 − 375,000 = 225,000; × 4 / 150 = 6,000
        ("position.margin_own + intent.margin <= 600_000JPY", 6000),
    ],
)
def test_limits_of_margin_are_solved_for_the_size(limit: str, units: int) -> None:
    """SC-06."""
    cap = f"caps:\n  - {{{{id: cap, applies_to: {{{{intent: ladder}}}}, limit: {limit}}}}}\n"
    world = _world(rules=RULES + cap)
    _open(world)
    assert order(world.signal(name="a1")).units == units


@pytest.mark.parametrize(("most", "code"), [(2, ""), (1, "RE570")])
def test_the_number_of_open_positions_bounds_entries(most: int, code: str) -> None:
    """SC-06: positions that are open, the new one not yet among them, are fewer than the maximum."""
    guard = (
        "guards:\n  - {{id: positions, applies_to: {{intent: ladder}}, "
        f"require: count(p for p in positions if p.gross_units > 0) < {most}}}}}\n"
    )
    world = _world(rules=RULES + guard)
    _open(world)
    assert decision(world.signal(name="a1")).code == code


def test_an_entry_that_nets_into_a_position_keeps_its_leverage() -> None:
    """SC-06: leverage is the position's own; a hedging account has one for each trade."""
    for account, leverage in ((NETS, 4), (None, 9)):
        world = _world("applies_to: {strategy: TrendMA}", account=account)
        _open(world)
        assert order(world.signal(name="b", leverage=9.0)).leverage == leverage


# --- on the market ---------------------------------------------------------------------------------------------------

DIPS = """
sizing:
  - {id: base, applies_to: {intent: entry}, size: 10_000units}
exits: []
ladders:
  - {id: dips, source: market, when: position.gain_over_average <= -1%, steps: [50%, 25%], interval: 60s}
"""


def test_a_ladder_on_the_market_adds_again_after_its_interval_by_a_timer_alone() -> None:
    """First at −1 % of 150 = 148.5: 5,000. The average is then (10,000 × 150 + 5,000 × 148.5) / 15,000 = 149.5; 1 %
    below it is 148.005: at 148 the second step, 2,500, waits for 60 s from the first fill."""
    world = World(DIPS, account=NETS, trades=(trade("10000", "150"),))
    world.quote(148.501, at=0)
    audit = world.quote(148.5, at=1)
    first = order(audit)
    assert (first.units, first.strategy, decision(audit).kind) == (Decimal(5000), "M1Scalper", "ladder")
    assert not world.quote(148.4, at=2).commands, "its order is on its way"
    world.fill(first, 148.5, trade_id="2", at=3)
    refused = decision(world.quote(148.0, at=4))
    assert (refused.code, refused.message) == ("RE604", "59 s of its interval are left")
    assert not world.quote(147.99, at=5).decisions, "a refusal that stands is recorded once"
    assert not world.timer(at=62.9).commands
    assert order(world.timer(at=63)).units == 2500


def test_nothing_is_added_to_what_is_not_there() -> None:
    world = World(DIPS, account=NETS)
    world.quote(148.0, at=0)
    assert not world.quote(100.0, at=1).decisions
