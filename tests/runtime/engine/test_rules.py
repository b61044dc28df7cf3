"""Guards, enforcement, priorities, what is recorded and what is not."""

from __future__ import annotations

import pytest

from ruleengine.model.audit import Outcome
from ruleengine.model.event import AccountRead, OperatorCommand
from tests.runtime.engine.world import World, decision, order, orders, trade

ENTRY = """
entries:
  - {id: from-signal, source: signal, when: "true"}
"""
SPREAD = """
guards:
  - {id: spread, applies_to: {intent: entry}, require: spread <= 1.2pips}
  - {id: age, applies_to: {intent: entry}, require: signal.age <= 6000ms}
"""


@pytest.mark.parametrize(("ask", "outcome"), [(157.012, "sent"), (157.013, "refused"), (157.011, "sent")])
def test_a_guard_refuses_with_value_limit_and_distance(ask: float, outcome: str) -> None:
    """FX-28, OPS-03."""
    world = World(ENTRY + SPREAD)
    world.quote(157.0, ask)
    found = decision(world.signal(size=10.0))
    assert found.outcome == outcome
    first, second = found.verdicts
    assert [one.rule for one in found.verdicts] == ["spread", "age"], "every guard is evaluated and recorded"
    comparison = first.comparisons[0]
    assert (comparison.text, comparison.right, comparison.unit) == ("spread <= 1.2pips", 1.2, "pips")
    pips = round((ask - 157.0) * 100, 6)
    assert comparison.left == pytest.approx(pips)
    assert comparison.distance == pytest.approx(1.2 - pips)
    assert first.place.startswith("test.policy.yaml:")
    assert second.outcome is Outcome.PASS
    if outcome == "refused":
        assert (found.first_blocker, found.code) == ("spread", "RE570")
        assert found.message == "spread <= 1.2pips: 1.3pips against 1.2pips"


def test_unknown_refuses_what_adds_risk() -> None:
    rules = (
        ENTRY
        + """
guards:
  - {id: trend, applies_to: {intent: entry}, require: "adx(m1, 14) >= 20"}
"""
    )
    world = World(rules)
    world.quote(157.0)
    found = decision(world.signal(size=10.0))
    assert (found.outcome, found.code, found.verdicts[0].outcome) == ("refused", "RE571", Outcome.UNKNOWN)
    assert "not warm" in found.message


def test_a_rule_that_is_switched_off_is_never_evaluated() -> None:
    world = World(ENTRY + SPREAD.replace("id: spread,", 'id: spread, enabled: "false",'))
    world.quote(157.0, 157.1)
    assert [one.rule for one in decision(world.signal(size=10.0)).verdicts] == ["age"]
    assert world.plan.disabled == ("spread",)


@pytest.mark.parametrize("level", ["shadow", "warn"])
def test_rules_that_do_not_enforce_are_recorded(level: str) -> None:
    world = World(ENTRY + SPREAD.replace("id: spread,", f"id: spread, enforcement: {level},"))
    world.quote(157.0, 157.1)
    audit = world.signal(size=10.0)
    found = decision(audit)
    assert found.outcome == "sent"
    assert (found.verdicts[0].outcome, found.verdicts[0].enforcement) == (Outcome.REFUSE, level)
    assert [note.code for note in audit.notes] == (["RE594"] if level == "warn" else [])


def test_a_shadow_exit_is_judged_and_not_sent() -> None:
    rules = """
exits:
  - {id: stop, enforcement: shadow, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%,
     on_unknown: {wait: 1s, then: alert}}
"""
    world = World(rules, trades=(trade("10000"),))
    audit = world.quote(156.9)
    assert decision(audit).outcome == "shadow"
    assert not audit.commands
    assert not world.quote(156.89), "what stands is recorded once"


def test_words_of_applies_to_and_its_condition() -> None:
    rules = (
        ENTRY
        + """
guards:
  - {id: scalper, applies_to: {strategy: M1Scalper}, require: "side == long"}
  - {id: shorts, applies_to: {side: short}, require: "size <= 5units"}
  - {id: macro, applies_to: {pocket: macro}, require: "size <= 5units"}
  - {id: when-wide, applies_to: {when: spread > 5pips}, require: "size <= 5units"}
"""
    )
    world = World(rules)
    world.quote(157.0, 157.01)
    named = {
        "a": world.signal("long", name="a", size=10.0),
        "b": world.signal("short", name="b", size=5.0, strategy="TrendMA"),
        "c": world.signal("long", name="c", size=10.0, pocket="macro"),
    }
    judged = {name: [one.rule for one in decision(audit).verdicts] for name, audit in named.items()}
    assert judged == {"a": ["scalper"], "b": ["shorts"], "c": ["scalper", "macro"]}
    assert [decision(audit).outcome for audit in named.values()] == ["sent", "sent", "refused"]


def test_what_only_reduces_meets_guards_that_name_it() -> None:
    """FX-25."""
    rules = """
guards:
  - {id: openings, applies_to: {}, require: "size <= 1units"}
  - {id: exits-too, applies_to: {intent: [exit, entry]}, require: "spread <= 5pips"}
exits:
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 1s, then: alert}}
"""
    world = World(rules, trades=(trade("10000"),))
    refused = decision(world.quote(156.9, 157.0))
    assert [one.rule for one in refused.verdicts] == ["exits-too"]
    assert refused.outcome == "refused"
    assert order(world.quote(156.9, 156.95)).units == 10_000, "and goes as soon as the guard lets it"


def test_one_net_intent_per_trade_and_the_more_urgent_goes_first() -> None:
    rules = """
exits:
  - {id: profit, for_each: trade, when: mid >= 100, close: 50%, on_unknown: {wait: 1s, then: alert}}
  - {id: emergency, emergency: true, for_each: trade, when: mid >= 100, close: 100%,
     on_unknown: {wait: 1s, then: alert}}
hedges:
  - {id: relief, when: mid >= 100, reduce: {wanted: 1_000units}, on_unknown: {wait: 1s, then: alert}}
"""
    world = World(rules, trades=(trade("10000"),))
    audit = world.quote(157.0)
    assert order(audit).units == 10_000
    assert [(each.rule, each.outcome, each.first_blocker) for each in audit.decisions] == [
        ("emergency", "sent", ""), ("profit", "merged", "emergency"), ("relief", "merged", "emergency"),
    ]  # fmt: skip


def test_what_one_event_reduces_it_does_not_open_again() -> None:
    rules = """
entries:
  - {id: dip, source: market, when: mid <= 156.9, side: long, strategy: TrendMA, size: 100units, max_open: 1}
exits:
  - {id: stop, for_each: trade, when: trade.pnl_pips <= -5pips, close: 100%, on_unknown: {wait: 1s, then: alert}}
"""
    world = World(rules, trades=(trade("10000"),))
    audit = world.quote(156.9)
    assert [(each.rule, each.outcome) for each in audit.decisions] == [("stop", "sent"), ("dip", "merged")]
    assert order(world.quote(156.9)).units == 100, "the next event may"


def test_the_gate_has_the_last_word() -> None:
    rules = ENTRY.replace('when: "true"', 'when: "true", size: 20_000_000units')
    world = World(rules)
    world.quote(157.0)
    found = decision(world.signal())
    assert (found.outcome, found.code, found.first_blocker) == ("refused", "RE520", "limits.max_order_units")


def test_figures_of_the_account_stand_in_the_decision() -> None:
    world = World(ENTRY, trades=(trade("10000", "156"),))
    world.quote(157.0)
    figures = decision(world.signal(size=10.0)).figures
    assert figures["equity"] == 510_000.0
    assert figures["margin_used"] == pytest.approx(62_800.0)
    assert figures["margin_used_of_equity"] == pytest.approx(62_800 / 510_000)
    assert figures["mid"] == 157.0


def test_a_trigger_that_changes_is_recorded_and_nothing_else() -> None:
    rules = """
entries:
  - {id: dip, source: market, when: mid <= 156.9, side: long, strategy: TrendMA, size: 100units, cooldown: 1h}
"""
    world = World(rules)
    assert not world.quote(157.0)
    fired = world.quote(156.9)
    assert [(each.before, each.now, each.values) for each in fired.changes] == [(False, True, (156.9, True))]
    world.fill(order(fired), 156.9)
    held = world.quote(156.89)
    assert [each.code for each in held.decisions] == ["RE578"] or not held
    assert not world.quote(156.88)
    assert [(each.before, each.now) for each in world.quote(157.0).changes] == [(True, False)]


def test_an_unreadable_account_adds_no_risk() -> None:
    """FX-33: a failed read is not a flat account."""
    world = World(ENTRY, trades=(trade("10000"),))
    world.quote(157.0, at=0)
    ts = world._at(1)
    notes = world.feed(AccountRead(ts, ts, None, None, failed=True)).notes
    assert [each.code for each in notes] == ["RE565"]
    assert decision(world.signal(size=10.0)).code == "RE537"


def test_an_operator_closes_past_every_guard() -> None:
    rules = (
        ENTRY
        + """
guards:
  - {id: never, applies_to: {intent: [entry, exit]}, require: "spread < 0.1pips"}
"""
    )
    world = World(rules, trades=(trade("10000"), trade("5000", name="2", side="short")))
    world.quote(157.0, at=0)
    close = world.feed(OperatorCommand(world._at(1), "close", "anna", "end of day", {"trade": "2"}))
    assert [(each.trade_id, int(each.units)) for each in orders(close)] == [("2", 5_000)]
    assert "anna: end of day" in decision(close).message
    killed = world.feed(OperatorCommand(world._at(2), "kill", "anna", "enough", {}))
    assert [note.code for note in killed.notes] == ["RE541"]
    assert world.feed(OperatorCommand(world._at(3), "dance", "anna", "", {})).notes[0].code == "RE596"
