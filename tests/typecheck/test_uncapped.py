"""What adds and no cap judges: RE435, at the rule's line, with the cap of entries beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.graph.compile import compile_policy
from tests.typecheck.policies import MINIMAL

POLICY = (
    MINIMAL
    + """\
entries: [{id: in, source: signal, when: "true"}]
sizing: [{id: base, applies_to: {intent: entry}, size: 10_000units}]
exits:
  - {id: out, for_each: trade, when: trade.pnl_pips <= -20pips, close: 100%, on_unknown: {wait: 10s, then: alert}}
"""
)
PYRAMID = """\
pyramids:
  - {id: more, source: market, when: mid > 90, size: 100% of position.initial_units, most: 5}
"""
LADDER = "ladders:\n  - {id: more, source: market, when: mid > 90, base: 1_000units, steps: [50%]}\n"
HEDGE = "hedges:\n  - {id: more, when: mid > 90, open: {side: short, size: 1_000units, strategy: M1Scalper}}\n"
CAP = "caps:\n  - {id: margin, applies_to: {%s}, limit: account.margin_used_of_equity_after <= 15%%%s}\n"
ADDING = pytest.mark.parametrize(
    ("rule", "kind"), [(PYRAMID, "pyramid"), (LADDER, "ladder"), (HEDGE, "hedge_open")], ids=lambda each: each[:8]
)


def told(folder: Path, *sections: str) -> list[Diagnostic]:
    file = folder / "a.policy.yaml"
    file.write_text(POLICY + "".join(sections), encoding="utf-8")
    compilation = compile_policy(file)
    assert compilation.compiled is not None, "it is a warning"
    return [each for each in compilation.found if each.code == "RE435"]


@ADDING
@pytest.mark.parametrize("more", ["", ", enabled: false", ", enforcement: shadow"])
def test_a_cap_of_entries_alone_leaves_additions_without_one(tmp_path: Path, rule: str, kind: str, more: str) -> None:
    words = f"intent: [entry, {kind}]" if more else "intent: entry"
    (found,) = told(tmp_path, CAP % (words, more), rule)
    line = (POLICY + CAP % (words, more) + rule).split("\n")[found.span.line - 1]
    assert "id: more" in line
    assert "`more`" in found.message
    if more:
        assert found.related == ()  # no cap acts at all
    else:
        assert f"add `{kind}` to the `intent` of cap `margin`" in str(found.help)
        assert [each.span.line for each in found.related] == [(POLICY.count("\n") + 2)]


@ADDING
@pytest.mark.parametrize("words", ["intent: [entry, KIND]", "intent: KIND", "intent: KIND, when: mid > 95", ""])
def test_a_cap_that_admits_it_is_enough(tmp_path: Path, rule: str, kind: str, words: str) -> None:
    assert told(tmp_path, CAP % (words.replace("KIND", kind), ""), rule) == []


def test_a_cap_of_another_side_is_none(tmp_path: Path) -> None:
    narrowed = PYRAMID.replace("source: market", "source: market, applies_to: {side: short}")
    cap = CAP % ("intent: pyramid, side: long", "")
    assert len(told(tmp_path, cap, narrowed)) == 1
    assert told(tmp_path, cap, PYRAMID) == []  # it judges the long ones: the author's division


def test_what_does_not_act_needs_none(tmp_path: Path) -> None:
    assert told(tmp_path, PYRAMID.replace("most: 5", "most: 5, enforcement: shadow")) == []
    reduces = HEDGE.replace("open: {side: short, size: 1_000units, strategy: M1Scalper}", "reduce: {wanted: WANTED}")
    reduces = reduces.replace("WANTED}", "50% of abs(position.net_units)}, on_unknown: {wait: 10s, then: alert}")
    assert told(tmp_path, reduces) == []
