"""The graph as a picture: the small policy word by word, the large one still readable."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.graph import Graph
from ruleengine.graph.draw import as_json, dot, mermaid, page
from tests.graph.policies import SMALL, graph_of, sixty_rules
from tests.typecheck.policies import cap, guard

TWO_RULES = guard("spread <= 1.2pips and rsi(m1, 14) < 70") + cap("size <= 5_000units")


@pytest.mark.parametrize("form", [mermaid, dot], ids=["mermaid", "dot"])
def test_the_small_policy_as_drawn(form: Callable[[Graph], str], snapshot: SnapshotAssertion) -> None:
    assert form(graph_of(SMALL)) == snapshot


def test_two_rules_as_data(snapshot: SnapshotAssertion) -> None:
    assert as_json(graph_of(TWO_RULES)) == snapshot


def test_two_rules_as_they_run(snapshot: SnapshotAssertion) -> None:
    assert ScalarProgram(graph_of(TWO_RULES)).source == snapshot


def test_sixty_rules_are_drawn_by_rule_and_named_value_not_by_operation() -> None:
    text = mermaid(graph_of(sixty_rules()))
    boxes = re.findall(r'^    n\d+\["(.*)"\]$', text, re.MULTILINE)
    assert {f"rule-{index}" for index in range(60)} <= set(boxes)
    assert {"gap", "calm", "spread", "quote_age", "account.free_margin_ratio"} <= set(boxes)
    assert len(boxes) <= 60 + 20
    arrows = re.findall(r"^  n\d+ --> n\d+$", text, re.MULTILINE)
    assert len(arrows) == len(set(arrows))
    assert 60 <= len(arrows) <= 160


def test_every_arrow_of_a_picture_begins_and_ends_at_a_box() -> None:
    for text in (mermaid(graph_of(SMALL)), mermaid(graph_of(sixty_rules()))):
        boxes = set(re.findall(r"^    (n\d+)\[", text, re.MULTILINE))
        ends = {end for pair in re.findall(r"^  (n\d+) --> (n\d+)$", text, re.MULTILINE) for end in pair}
        assert ends <= boxes


def test_the_json_form_lists_what_each_block_compares() -> None:
    assert json.loads(as_json(graph_of(SMALL)))["blocks"]["guards/spread.judge"]["checks"] == [
        {"left": "spread", "operator": "le", "right": "spread_max"}
    ]


def test_the_page_is_one_file_without_script() -> None:
    text = page(graph_of(sixty_rules()), 'a <b> & "c"')
    assert "<title>a &lt;b&gt; &amp; &quot;c&quot;</title>" in text
    assert "<script" not in text
    assert "http" not in text
    assert text.count("<details") == 60
