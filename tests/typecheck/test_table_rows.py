"""Rows of decision tables that never count or cross, and combinations that no row gives: RE425–RE428."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings, guard

HEAD = """\
parameters:
  limit: {unit: pips, default: 5pips, doc: a limit}
tables:
  t:
    by: [strategy, side, spread, account.balance, intent]
    columns: {v: {unit: count%s}}
    rows:
"""


def rows(*each: str, combine: str = "", use: str = "t.v > account.unknown_orders") -> str:
    lines = "".join(f"      - {{{row}, values: {{v: {number + 1}}}}}\n" for number, row in enumerate(each))
    return HEAD % combine + lines + guard(f"({use}) or spread > limit")


LONG, SHORT, ELSE = "when: {side: long}", "when: {side: short}", "otherwise: true"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (rows(LONG, SHORT), []),
        (rows(LONG), ["RE425"]),
        (rows(LONG, ELSE), []),
        (rows(LONG, use="coalesce(t.v, 0) > account.unknown_orders"), []),
        (rows(LONG, use="known(t.v)"), []),
        (rows(LONG, use="coalesce(account.unknown_orders, t.v) > 1"), ["RE425"]),
        (
            rows(LONG)
            .replace("{v: 1}", "{w: 1}")
            .replace("{v: {unit: count}}", "{v: {unit: count}, w: {unit: count}}"),
            [
                "RE425",
                "RE348",
            ],
        ),  # no row at all
        (rows("when: {strategy: M1Scalper}"), []),  # others are no strategies of this policy
        (rows("when: {spread: < 2pips}", "when: {spread: '> 2pips'}"), ["RE425"]),  # exactly 2
        (rows("when: {spread: < 2pips}", "when: {spread: '>= 2pips'}"), []),
        (rows("when: {spread: < 2pips}", "when: {spread: '>= 3pips'}"), ["RE425"]),
        (rows("when: {spread: '>= 0pips'}"), []),  # it is never below
        (rows("when: {spread: < limit}", "when: {spread: '>= limit'}"), []),
        (rows("when: {account.balance: < 500JPY}", "when: {account.balance: '>= account.equity'}"), []),
        (rows("when: {side: long, spread: < 2pips}", SHORT, "when: {side: long, spread: '>= 3pips'}"), ["RE425"]),
        (rows(LONG, "when: {side: [long, short]}"), []),  # the narrower first
        (rows("when: {side: [long, short]}", LONG), ["RE426"]),
        (rows(LONG, SHORT, "when: {strategy: M1Scalper}"), ["RE426"]),  # hidden by two together
        (rows("when: {spread: < 5pips}", "when: {spread: < 2pips}", ELSE), ["RE426"]),
        (rows("when: {spread: < 2pips}", "when: {spread: < 5pips}", ELSE), []),
        (rows("when: {spread: < limit}", "when: {spread: < 2pips}", ELSE), []),  # `limit` may be set to 1
        (rows("when: {spread: < 5pips}", "when: {spread: < 2pips}", ELSE, combine=", combine: min"), []),
        (rows(LONG, "when: {strategy: M1Scalper}", ELSE), ["RE427"]),
        (rows(LONG, "when: {strategy: M1Scalper}", ELSE, combine=", combine: max"), []),
        (rows("when: {side: long, strategy: M1Scalper}", LONG, ELSE), []),
        (rows("when: {spread: < 0pips}", ELSE), ["RE428"]),
        (rows("when: {spread: < 0pips}", ELSE, combine=", combine: min"), ["RE428"]),
        (rows("when: {spread: [< 0pips, '> 5pips']}", ELSE), []),
        (rows("when: {strategy: '!= M1Scalper'}", ELSE), []),  # a strategy that is not declared
    ],
)
def test_rows_over_the_combinations_of_their_keys(table: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(table)] == expected


def test_a_gap_is_told_in_the_words_of_its_keys() -> None:
    from ruleengine.load import load_bytes
    from ruleengine.schema.shape import shape
    from ruleengine.typecheck.check import check
    from tests.typecheck.policies import IDLE, MINIMAL

    text = MINIMAL + rows("when: {side: long, spread: '<= 2pips'}", SHORT)
    document, _ = load_bytes(text.encode(), "policy.yaml")
    assert document is not None
    policy, _ = shape(document)
    assert policy is not None
    (found,) = (each for each in check(policy)[1] if each.code not in IDLE)
    assert found.message == "no row gives `t.v` where side is long and spread is > 2pips"
    assert found.severity == "warning"


def test_equal_values_may_cross() -> None:
    text = rows(LONG, "when: {strategy: M1Scalper}", ELSE).replace("{v: 2}", "{v: 1}")
    assert findings(text) == []


def test_a_table_with_more_combinations_than_are_looked_at_is_let_be() -> None:
    wide = [f"when: {{spread: < {n}pips, account.balance: < {n}JPY}}" for n in range(1, 60)]
    assert findings(rows(*wide, "when: {spread: < 0.5pips}", ELSE)) == []
