"""The gate over time: repeats, message budget, repeated execution, the venue's refusals, and what humans switch."""

from __future__ import annotations

import ast
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.model.event import OrderStatus, OrderUpdate
from ruleengine.model.order import Cleared
from tests.runtime.account import SHORT, make_order, state_of
from tests.runtime.gate.test_limits import NOW, SECOND, Bench, exit_of

ROOT = Path(__file__).resolve().parents[3]


def entry(number: int, **more: Any) -> dict[str, Any]:
    """Entries that differ in size, so that none repeats another."""
    return {"intent_id": f"i{number}", "units": str(1000 + number), **more}


# --- repeats --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("later", "code"), [(1.999, "RE527"), (2.0, "cleared"), (2.001, "cleared")])
def test_the_same_again_waits_two_seconds(later: float, code: str) -> None:
    bench = Bench()
    assert bench.code() == "cleared"
    bench.now += int(later * SECOND)
    assert bench.code(intent_id="i2") == code


@pytest.mark.parametrize("other", [{"units": "10001"}, {"side": SHORT}, {"rule": "other"}, {"signal_id": "s2"}])
def test_another_order_is_no_repeat(other: dict[str, Any]) -> None:
    bench = Bench()
    assert bench.code() == "cleared"
    assert bench.code(intent_id="i2", **other) == "cleared"


def test_the_same_signal_again_is_a_repeat() -> None:
    bench = Bench()
    assert [bench.code(intent_id=f"i{n}", signal_id=name) for n, name in enumerate(("s1", "s2", "s1"))] == [
        "cleared", "cleared", "RE527",
    ]  # fmt: skip


def test_an_order_is_sent_once() -> None:
    """The same decision again, however much later, is the same order."""
    bench = Bench()
    found = bench.ask()
    assert isinstance(found, Cleared)
    bench.orders.open(found.order, "d", "rule", "entry", bench.now)
    bench.orders.on_update(OrderUpdate(1, 1, "i1", OrderStatus.CANCELLED))
    bench.now += 3600 * SECOND
    assert bench.code() == "RE527"
    bench.hold(state_of("t1"))
    assert bench.code(exit_of("t1", "5000", intent_id="i1")) == "RE527"


# --- message budget -------------------------------------------------------------------------------------------------


def test_five_a_second() -> None:
    bench = Bench()
    assert [bench.code(**entry(n)) for n in range(6)] == ["cleared"] * 5 + ["RE528"]
    bench.now += SECOND // 5 - 1
    assert bench.code(**entry(7)) == "RE528"
    bench.now += 1
    assert [bench.code(**entry(n)) for n in (8, 9)] == ["cleared", "RE528"]


def test_sixty_a_minute() -> None:
    bench = Bench(limits={"repeated_execution.orders": 1000.0})
    codes = []
    for number in range(150):
        codes.append(bench.code(**entry(number)))
        bench.now += SECOND // 5
    # 60 at once, and one a second comes back: over 30 s that is 60 + 29 (the first instant refills nothing)
    assert codes.count("cleared") == 89
    assert set(codes) == {"cleared", "RE528"}


def test_exits_use_the_budget_and_never_wait_for_it() -> None:
    bench = Bench()
    bench.hold(*(state_of(f"t{n}") for n in range(10)))
    exits = [exit_of(f"t{n}", "5000", intent_id=f"x{n}", rule="stop-loss") for n in range(10)]
    assert [bench.code(each) for each in exits] == ["cleared"] * 10
    assert bench.code() == "RE528"


# --- repeated execution ---------------------------------------------------------------------------------------------


def test_one_order_too_many_trips_the_rule_until_a_human_rearms_it() -> None:
    bench = Bench(limits={"repeated_execution.orders": 3.0})
    for number in range(3):
        assert bench.code(**entry(number)) == "cleared"
        bench.now += SECOND
    assert bench.gate.tripped == {}
    assert bench.code(**entry(4)) == "RE529"
    assert bench.gate.tripped == {"rule": bench.now}
    bench.now += 3600 * SECOND
    assert bench.code(**entry(5)) == "RE529"
    assert bench.code(**entry(6), rule="other") == "cleared"
    assert [n.code for n in bench.gate.rearm("rule", "", "because")] == ["RE540"]
    assert [n.code for n in bench.gate.rearm("rule", "me", "")] == ["RE540"]
    assert bench.code(**entry(7)) == "RE529"
    assert [n.code for n in bench.gate.rearm("rule", "me", "guard fixed")] == ["RE541"]
    assert bench.code(**entry(8)) == "cleared"


def test_orders_outside_of_the_window_do_not_count() -> None:
    bench = Bench(limits={"repeated_execution.orders": 2.0})
    codes = []
    for number in range(10):
        codes.append(bench.code(**entry(number)))
        bench.now += 30 * SECOND
    assert codes == ["cleared"] * 10


def test_exits_neither_count_nor_trip() -> None:
    bench = Bench(limits={"repeated_execution.orders": 1.0})
    bench.hold(*(state_of(f"t{n}") for n in range(5)))
    assert bench.code(**entry(0), rule="r") == "cleared"
    assert bench.code(**entry(1), rule="r") == "RE529"
    exits = [exit_of(f"t{n}", "5000", intent_id=f"x{n}", rule="r") for n in range(5)]
    assert [bench.code(each) for each in exits] == ["cleared"] * 5


# --- the venue's refusals (FX-31) -----------------------------------------------------------------------------------


def attempts(bench: Bench, count: int, every_s: float, reject: bool = True) -> int:
    """So many wishes for an entry, each refused by the venue at once; how many were sent."""
    sent = 0
    for number in range(count):
        if bench.code(**entry(number)) == "cleared":
            sent += 1
            if reject:
                bench.gate.on_rejection("rule", "INSUFFICIENT_MARGIN", bench.now)
        bench.now += int(every_s * SECOND)
    return sent


def test_fifty_four_refusals_become_three() -> None:
    """FX-31: 54 sells in a row were refused for margin, without back-off."""
    assert attempts(Bench(), 54, 5) == 3


def test_after_the_pause_one_refusal_pauses_again() -> None:
    """3, then one each time 300 s are over: wishes at 0, 5, 10 s open it until 310 s; then at 310, 610 … 5395."""
    assert attempts(Bench(), 54 * 20, 5) == 3 + 17


def test_without_refusals_nothing_is_paused() -> None:
    assert attempts(Bench(limits={"repeated_execution.orders": 1000.0}), 54, 5, reject=False) == 54


@pytest.mark.parametrize(("apart", "sent"), [(29.0, 3), (30.0, 10)])
def test_refusals_further_apart_than_the_window_do_not_add_up(apart: float, sent: int) -> None:
    """Three within 60 s: 29 s apart they span 58 s; 30 s apart the third comes as the first leaves the window."""
    assert attempts(Bench(limits={"refusals.pause": 86_400.0}), 10, apart) == sent


def test_refusals_of_another_kind_or_rule_do_not_add_up() -> None:
    bench = Bench()
    for code in ("A", "B", "A", "B"):
        assert bench.gate.on_rejection("rule", code, NOW) == []
    assert bench.gate.on_rejection("other", "A", NOW) == []
    notes = bench.gate.on_rejection("rule", "A", NOW)
    assert [(n.code, n.level, n.key) for n in notes] == [("RE530", "alert", "rule")]
    assert bench.code() == "RE530"
    assert bench.code(rule="other") == "cleared"


def test_a_refusal_that_comes_in_the_pause_does_not_prolong_it() -> None:
    bench = Bench()
    for _ in range(3):
        bench.gate.on_rejection("rule", "A", NOW)
    bench.gate.on_rejection("rule", "A", NOW + 299 * SECOND)
    bench.now = NOW + 300 * SECOND
    assert bench.code() == "cleared"


def test_refused_exits_go_on_at_a_slower_pace() -> None:
    """3 in 60 s: one each 20 s, and only for the trade that the venue refuses."""
    bench = Bench()
    bench.hold(state_of("t1"), state_of("t2"))
    sent = []
    for tick in range(100):
        if bench.code(exit_of("t1", "5000", intent_id=f"x{tick}", rule="stop-loss")) == "cleared":
            sent.append(tick)
            bench.gate.on_rejection("stop-loss", "TRADE_DOESNT_EXIST", bench.now, key="t1")
        bench.now += SECOND
    assert sent == [0, 1, 2, 3, 23, 43, 63, 83]
    assert bench.code(exit_of("t2", "5000", intent_id="y", rule="stop-loss")) == "cleared"
    assert bench.code(rule="stop-loss") == "cleared"


# --- humans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope", ["account", "instrument:USD_JPY", "strategy:M1Scalper", "rule:rule"]
)  # fmt: skip
def test_a_kill_switch_keeps_back_what_adds_risk(scope: str) -> None:
    bench = Bench()
    bench.hold(state_of("t1"))
    notes = bench.gate.kill(scope, "desk", "odd fills", NOW)
    assert [n.code for n in notes] == ["RE541"]
    found = bench.ask(strategy="M1Scalper")
    assert not isinstance(found, Cleared)
    assert found.code == "RE531"
    assert found.comparison is not None
    assert (found.comparison.text, found.comparison.distance) == (f"switch {scope} == on", None), "no number is made up"
    assert "desk: odd fills" in found.message
    assert bench.code(exit_of("t1", "5000", rule="rule", strategy="M1Scalper")) == "cleared"
    assert [n.code for n in bench.gate.lift(scope, "desk", "")] == ["RE540"]
    assert bench.code(strategy="M1Scalper") == "RE531"
    bench.gate.lift(scope, "desk", "understood")
    assert bench.code(strategy="M1Scalper") == "cleared"


@pytest.mark.parametrize("scope", ["instrument:EUR_USD", "strategy:Other", "rule:other"])
def test_a_kill_switch_of_another_scope_does_not(scope: str) -> None:
    bench = Bench()
    bench.gate.kill(scope, "desk", "odd fills", NOW)
    assert bench.code(strategy="M1Scalper") == "cleared"


def test_stopping_needs_no_reason() -> None:
    bench = Bench()
    bench.gate.kill("account", "", "", NOW)
    assert bench.code() == "RE531"
    assert bench.gate.switched_off["account"].by == "unknown"


def test_a_pause_of_entries_ends_with_resume() -> None:
    bench = Bench()
    bench.gate.pause("desk", "lunch", NOW)
    assert bench.code() == "RE531"
    bench.gate.resume("desk", "back", NOW)
    assert bench.code() == "cleared"


def test_an_override_lifts_a_limit_for_a_time() -> None:
    bench = Bench()
    far: dict[str, Any] = {"order_type": "limit", "price": Decimal("152")}
    assert bench.code(**far) == "RE524"
    assert [n.code for n in bench.gate.override("price_collar", "", "", NOW + 10 * SECOND)] == ["RE540"]
    assert [n.code for n in bench.gate.override("price_collar", "me", "", NOW + 10 * SECOND)] == ["RE540"]
    assert [n.code for n in bench.gate.override("max_position_units", "me", "why", NOW + SECOND)] == ["RE542"]
    assert bench.code(**far) == "RE524"
    assert [n.code for n in bench.gate.override("price_collar", "me", "news", NOW + 10 * SECOND)] == ["RE541"]
    assert bench.code(**far) == "cleared"
    bench.now += 10 * SECOND
    assert bench.code(intent_id="i9", **far) == "RE524"


def test_what_has_to_be_waited_for_is_said_in_seconds() -> None:
    bench = Bench(limits={"repeated_execution.orders": 5.0})
    assert bench.code() == "cleared"
    bench.now += SECOND // 2
    assert message(bench, intent_id="i2") == "`rule` sent the same order 0.5 s ago; 2 s must lie between"
    assert [bench.code(**entry(n)) for n in range(4)] == ["cleared"] * 4
    bench.now += SECOND
    assert message(bench, **entry(9)) == "`rule` is tripped: it wanted more than 5 orders within 60 s"
    busy = Bench()
    assert [busy.code(**entry(n)) for n in range(5)] == ["cleared"] * 5
    assert message(busy, **entry(9)) == "budget of 5 orders a second is used up; free again in 0.2 s"
    refused = Bench()
    for _ in range(3):
        refused.gate.on_rejection("rule", "NO", NOW)
    refused.now += 100 * SECOND
    assert message(refused) == "`rule` waits 200 s more: the venue refused it 3 times with NO"


def message(bench: Bench, **more: Any) -> str:
    found = bench.ask(**more)
    assert not isinstance(found, Cleared)
    return found.message


# --- state ----------------------------------------------------------------------------------------------------------


def test_a_restored_gate_goes_on_to_the_bit() -> None:
    first, second = Bench(limits={"repeated_execution.orders": 6.0}), Bench(limits={"repeated_execution.orders": 6.0})
    for number in range(8):
        first.ask(**entry(number))
        first.gate.on_rejection(f"r{number % 2}", "A", first.now)
        first.now += SECOND // 3
    first.gate.kill("rule:x", "me", "why", first.now)
    second.gate.restore(json.loads(json.dumps(first.gate.state())))
    second.now = first.now
    for number in range(8, 20):
        assert first.ask(**entry(number)) == second.ask(**entry(number))
        first.now += SECOND // 3
        second.now = first.now
    assert json.dumps(first.gate.state()) == json.dumps(second.gate.state())


def test_the_gate_is_the_only_maker_of_cleared() -> None:
    makers = [
        path.name
        for path in sorted((ROOT / "ruleengine").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Cleared"
    ]
    assert makers == ["gate.py"]


def test_closing_orders_do_not_count_as_exposure() -> None:
    bench = Bench(limits={"max_position_units": 10_000.0})
    bench.hold(state_of("t1", units="10000"))
    bench.orders.open(make_order("o1", SHORT, "5000", is_reduce_only=True, trade_id="t1"), "d", "exit", "exit", 1)
    assert bench.code(units="1") == "RE522"
    assert bench.code(side=SHORT, units="10000") == "cleared"
