"""Patterns: what their steps and counters may say, and which facts they have."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard

STEPS = """\
patterns:
  rise_and_break:
    of: last
    steps:
      - {id: rise, move: up, at_least: 2%, within: 30min}
      - {id: pullback, move: down, at_least: 0.6%, at_most: 1.2%, within: 10min}
      - {id: break, beyond: rise, within: 10min}
    holds: 60s
"""
COUNT = """\
patterns:
  pullbacks:
    of: mid
    count: {retrace: 2pips, after_run: 5pips}
    within: 120s
    then: decay
"""
LONG, COUNTED = "rise_and_break.long", "pullbacks.long >= 2"


@pytest.mark.parametrize(
    ("sections", "require", "expected"),
    [
        (STEPS, LONG, []),
        (STEPS, "rise_and_break.short_step >= 2 and not rise_and_break.short", []),
        (STEPS.replace("of: last", "of: last\n    sides: long"), LONG, []),
        (STEPS.replace("2%", "2 * atr(m1, 14)").replace("{id: rise", '{"id": rise'), LONG, []),
        (COUNT, COUNTED, []),
        (COUNT.replace("2pips", "0.02%"), COUNTED, []),
        (COUNT.replace("{retrace: 2pips, after_run: 5pips}", "{move: 1pips}"), COUNTED, []),
        (
            STEPS.replace("of: last", "of: last\n    sides: long"),
            "rise_and_break.short",
            [("RE339", "rise_and_break.short")],
        ),
        (STEPS, "mid > 90", [("RE348", "rise_and_break")]),
        (STEPS.replace("of: last", "of: spread"), LONG, [("RE335", "spread")]),
        (COUNT.replace("    of: mid\n", ""), COUNTED, [("RE380", "pullbacks")]),
        (
            COUNT.replace("{retrace: 2pips, after_run: 5pips}", "{when: spread > 3pips}"),
            "pullbacks.count > 1",
            [("RE381", "of")],
        ),
        (STEPS.replace("move: down", "move: up"), LONG, [("RE382", "move")]),
        (STEPS.replace("beyond: rise, within: 10min", "when: spread < 1pips"), LONG, [("RE383", "id")]),
        (STEPS.replace("at_most: 1.2%", "at_most: 0.5%"), LONG, [("RE384", "0.5%")]),
        (STEPS.replace("beyond: rise", "beyond: rize"), LONG, [("RE352", "rize")]),
        (STEPS.replace("id: pullback", "id: rise"), LONG, [("RE349", "rise")]),
        (STEPS.replace("at_least: 2%", "at_least: 0%"), LONG, [("RE354", "0%")]),
        (STEPS.replace("at_least: 2%", "at_least: 2"), LONG, [("RE335", "2")]),
        (STEPS.replace("at_least: 2%", "at_least: 5s"), LONG, [("RE335", "5s")]),
        (STEPS.replace("holds: 60s", "holds: 0s"), LONG, [("RE354", "0s")]),
        (STEPS.replace("holds: 60s", "holds: quote_age"), LONG, [("RE337", "quote_age")]),
        (STEPS.replace("beyond: rise", "when: rise_and_break.long"), LONG, [("RE341", LONG)]),
        (COUNT.replace("of: mid", "of: trade.best_price"), COUNTED, [("RE337", "trade.best_price")]),
    ],
)
def test_what_is_found(sections: str, require: str, expected: list[tuple[str, str]]) -> None:
    assert findings(sections + guard(require)) == expected


def test_parameters_stand_wherever_a_constant_does() -> None:
    parameters = """\
parameters:
  least: {unit: pips, default: 2pips, doc: FX-12}
  lives: {unit: duration, default: 120s, doc: FX-12}
"""
    assert (
        findings(
            parameters + COUNT.replace("retrace: 2pips", "retrace: least").replace("120s", "lives") + guard(COUNTED)
        )
        == []
    )
