"""Sharing, folding, order, tags, names: the graph of policies worked by hand."""

from __future__ import annotations

import pytest

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph import Graph, from_expressions
from ruleengine.graph.normalise import JUMPING, normalise
from ruleengine.typecheck.constants import fold
from tests.agreement.campaign import HERE
from tests.conformance.harness import checked, names_of, policy_of
from tests.graph.policies import SMALL, graph_of, sixty_rules
from tests.typecheck.policies import guard

NAMES = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))


def graph(text: str) -> Graph:
    result = checked(text, NAMES)
    assert not result.found, [each.code for each in result.found]
    return from_expressions({"out": fold(result.expr)})


def operations(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def test_equal_parts_become_one_node() -> None:
    found = graph("ask - bid > mid - bid and bid - ask < ask - bid")
    facts = [node.label for node in found.nodes if node.op == "fact"]
    assert sorted(facts) == ["ask", "bid", "instrument.pip"]
    differences = [node.args for node in found.nodes if node.op == "sub"]
    assert len(differences) == len(set(differences))


def test_equal_parts_of_different_rules_become_one_node() -> None:
    one = graph_of(guard("account.margin_used_of_equity >= 50%"))
    two = graph_of(guard("account.margin_used_of_equity >= 50% or account.margin_used_of_equity <= 10%"))
    assert len(two.nodes) == len(one.nodes) + 3  # 10 %, the second comparison, the or


def test_sixty_rules_share_what_they_have_in_common() -> None:
    found = graph_of(sixty_rules())
    assert len(found.blocks) == 60
    assert len(found.nodes) < 300
    assert len(found.series) == 3
    assert sum(node.op == "agg" for node in found.nodes) <= 4


def test_a_check_has_the_names_and_the_line_of_its_own_rule() -> None:
    found = graph_of(
        "parameters:\n  a: {unit: pips, default: 1.2pips, doc: x}\n  b: {unit: pips, default: 1.2pips, doc: x}\n"
        "guards:\n  - id: one\n    applies_to: {intent: entry}\n    require: spread <= a\n"
        "  - id: two\n    applies_to: {intent: entry}\n    require: spread <= b\n"
    )
    one, two = (found.blocks[f"guards/{name}.judge"].checks[0] for name in ("one", "two"))
    assert one.node == two.node
    assert (one.left_text, one.right_text, two.left_text, two.right_text) == ("spread", "a", "spread", "b")
    assert one.span is not None
    assert two.span is not None
    assert two.span.line == one.span.line + 3


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("spread <= 1.2pips * 2", ["2.4"]),
        ("spread <= limit_pips", ["1.2"]),
        ("false or spread <= 1pips", ["1"]),
        ("true and spread <= 1pips", ["1"]),
        ("spread <= 1pips or 1 > 2", ["1"]),
        ("spread <= (1pips if true else 2pips)", ["1"]),
        ("spread <= (1pips if 2 > 1 else 2pips)", ["1"]),
        ("spread <= max(1pips, 3pips, 2pips)", ["3"]),
        ("spread <= coalesce(2pips, 1pips)", ["2"]),
        ("quote_age <= 1min + 500ms", ["60.5"]),
    ],
)
def test_what_the_policy_alone_decides_is_a_constant(text: str, folded: list[str]) -> None:
    result = graph(text)
    assert [str(node.data.normalize()) for node in result.nodes if node.op == "const"] == folded
    assert "and" not in operations(result)
    assert "or" not in operations(result)


@pytest.mark.parametrize("text", ["true or spread > 1pips", "not false", "1 in (1, 2)", "spread > 1pips or true"])
def test_a_condition_that_never_changes_is_one_constant(text: str) -> None:
    assert operations(graph(text)) == ["const"]


@pytest.mark.parametrize("text", ["1 / 0 > 1", "spread > 1pips * ramp(1, 2, 2)", "floor_to(1, 0) > 1"])
def test_what_has_no_value_stays_for_run_time(text: str) -> None:
    assert operations(graph(text))[-1] != "const"


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("spread > 1pips", {"market"}),
        ("instrument.pip > 0", {"constant"}),
        ("account.balance > 0", {"account"}),
        ("account.equity > 0", {"account", "market", "constant"} - {"constant"}),
        ("trade.age > 1s", {"trade", "time"}),
        ("size > 1units", {"intent"}),
        ("signal.age > 1s", {"signal", "time"}),
        ("thin_hours", {"time"}),
        ("rsi(m1, 14) > 70", {"market"}),
        ("avg_over(spread, 60s) > 1pips", {"market"}),
        ("count(t for t in trades if t.age > 1s) > 1", {"account", "time"}),
        ("known(mid) and size > 1units", {"market", "intent"}),
        ("true", set()),
    ],
)
def test_a_node_says_what_it_depends_on(text: str, reads: set[str]) -> None:
    found = graph(text)
    root = found.nodes[found.blocks["main"].outputs[0][1]]
    assert root.reads - {"constant"} == reads - {"constant"}


def test_nothing_inside_a_loop_is_in_the_order_of_its_block_and_what_it_needs_from_outside_is() -> None:
    found = graph("sum(t.pnl * confidence for t in trades if t.age > limit_age) > 0")
    block = found.blocks["main"]
    inside = {node.id for node in found.nodes if node.in_element}
    assert inside
    assert not inside & set(block.order)
    outside = {arg for node_id in inside for arg in found.nodes[node_id].args} - inside
    assert outside <= set(block.order)
    position = {node_id: index for index, node_id in enumerate(block.order)}
    for node_id in block.order:
        node = found.nodes[node_id]
        assert all(position[arg] < position[node_id] for arg in node.args if arg in position)


def test_an_aggregate_in_pips_is_of_the_instrument_in_scope_where_it_stands_outside_of_the_loop() -> None:
    found = graph("max(t.pnl_pips for t in trades) + instrument.tick > 1pips")
    outputs = [node for _, node in found.blocks["main"].outputs]
    assert not any(found.nodes[node].in_element for node in outputs)


@pytest.mark.parametrize(
    ("text", "settles"),
    [
        ("account.free_margin_ratio > 8%", 2),  # equity, which divides, and what is free of it
        ("spread > 1pips", 0),  # a difference of two facts is exact
        ("trade.pnl < 0", 0),
        ("account.equity > 0", 1),
        ("account.equity > 5JPY", 0),
        ("mid > 90", 0),
        ("sign(account.balance - account.peak_equity) > 0", 0),
        ("sign(account.balance + account.peak_equity - account.equity) > 0", 1),
        ("account.balance / account.day_start_equity > 1", 0),
    ],
)
def test_sums_are_settled_where_noise_would_be_told_from_zero(text: str, settles: int) -> None:
    assert operations(graph(text)).count("settled") == settles


def test_a_difference_against_zero_is_a_comparison_of_both_sides() -> None:
    result = checked("account.balance - account.peak_equity <= 0", NAMES)
    plain = normalise(result.expr)
    assert plain.op == "le"
    assert [arg.label for arg in plain.args] == ["account.balance", "account.peak_equity"]
    mirrored = normalise(checked("0 <= account.balance - account.peak_equity", NAMES).expr)
    assert [arg.label for arg in mirrored.args] == ["account.peak_equity", "account.balance"]


def test_every_scalar_function_is_known_to_jump_or_to_be_continuous() -> None:
    continuous = {"abs", "min", "max", "clamp"}
    assert {name for name, each in FUNCTIONS.items() if each.kind == "scalar"} == JUMPING | continuous


def test_running_figures_have_a_block_that_feeds_them() -> None:
    found = graph_of(SMALL)
    assert [call.function for call, _ in found.steps] == ["avg_over"]
    assert [name for name, _ in found.blocks["steps.inputs_0"].outputs] == ["input_0_0"]
    assert found.schedules == ("thin_hours",)
