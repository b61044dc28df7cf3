"""What decision tables give at each combination of their keys (SC-03, SC-04), by hand from the rows."""

from __future__ import annotations

from ruleengine.reports.decision_tables import decision_tables
from ruleengine.reports.tables import Table, text_of
from tests.typecheck.policies import MINIMAL, guard, typed

SQUARE = """\
regimes: [trending, ranging, choppy]
modes:
  tier: {of: account.equity, states: {small: 500JPY, medium: 1_500JPY, large: 3_000JPY}}
parameters:
  small_size: {unit: number, default: 0.8, doc: SC-03}
tables:
  scaling:
    by: [tier, signal.regime]
    columns:
      loss_limit: {unit: ratio, combine: most_conservative, conservative: high}
      additions: {unit: count, combine: min}
      size: {unit: number, combine: product}
    rows:
      - {when: {tier: small}, values: {loss_limit: -1.5%, additions: 3, size: small_size}}
      - {when: {tier: medium}, values: {loss_limit: -2.0%, additions: 5, size: 1}}
      - {when: {tier: large}, values: {loss_limit: -3.0%, additions: 7, size: 1.1}}
      - {when: {signal.regime: trending}, values: {loss_limit: -2.5%, size: 1.1}}
      - {when: {signal.regime: ranging}, values: {loss_limit: -1.5%, size: 0.9}}
      - {when: {signal.regime: choppy}, values: {loss_limit: -1.0%, additions: 3, size: 0.7}}
"""
USE = guard(
    "scaling.loss_limit < 0% and coalesce(scaling.additions, 0) > account.unknown_orders and scaling.size > 0.5"
)


def tables(sections: str) -> list[Table]:
    policy, found = typed(sections, MINIMAL)
    assert policy is not None, found
    return decision_tables(policy)


def cells(table: Table) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in table.rows}


def test_the_square_of_sc_04() -> None:
    """Two sets of rows in one table: the loss limit nearer to zero, the smaller count, the product of sizes."""
    loss_limit, additions, size = tables(SQUARE + USE)
    words = ("trending", "ranging", "choppy", "others")
    assert loss_limit.heads == ["tier", *(f"signal.regime: {word}" for word in words)]
    assert cells(loss_limit)["small"][:3] == ["-1.5%", "-1.5%", "-1%"]
    assert cells(loss_limit)["medium"][:3] == ["-2%", "-1.5%", "-1%"]
    assert cells(loss_limit)["large"][:3] == ["-2.5%", "-1.5%", "-1%"]
    assert loss_limit.note == "the largest of all matching rows"
    assert cells(additions)["large"][:3] == ["7", "7", "3"]
    assert cells(additions)["small"][:3] == ["3", "3", "3"]
    assert cells(size)["small"][:3] == ["0.88", "0.72", "0.56"]  # 0.8 by 1.1, 0.9, 0.7
    assert cells(size)["large"][:3] == ["1.21", "0.99", "0.77"]  # 1.1 by 1.1, 0.9, 0.7
    assert cells(size)["medium"] == ["1.1", "0.9", "0.7", "1"]


def test_numbers_are_cut_where_rows_tell_them_apart() -> None:
    text = "\n".join(line for line in SQUARE.splitlines() if not line.startswith(("modes", "  tier"))) + "\n"
    for tier, balance in (("small", "<= 1_500JPY"), ("medium", "'> 1_500JPY'"), ("large", "'> 3_000JPY'")):
        text = text.replace(f"tier: {tier}", f"account.balance: {balance}")
    loss_limit, additions, _ = tables(text.replace("by: [tier", "by: [account.balance") + USE)
    assert [row[0] for row in loss_limit.rows] == ["<= 1500", "> 1500, <= 3000", "> 3000"]
    # above 3,000 both of the upper rows match: −2 % is nearer to zero than −3 %, and 5 the smaller count
    assert cells(loss_limit)["> 3000"][:3] == ["-2%", "-1.5%", "-1%"]
    assert cells(additions)["> 3000"][:3] == ["5", "5", "3"]


def test_of_one_key_columns_stand_side_by_side_and_parameters_have_their_values() -> None:
    sections = """\
parameters: {wide: {unit: pips, default: 2pips, doc: x}}
tables:
  gate:
    by: [strategy]
    columns: {most: {unit: pips}, age: {unit: duration, combine: max}}
    rows:
      - {when: {strategy: M1Scalper}, values: {most: wide * 2, age: 6s}}
      - {otherwise: true, values: {most: spread * 2, age: 60s}}
"""
    (table,) = tables(sections + guard("spread <= gate.most and signal.age <= gate.age"))
    assert text_of([table]).splitlines() == [
        "gate",
        "  strategy         most  age",
        "  M1Scalper       4pips   6s",
        "  others     spread * 2  60s",
        "  most: the first row that matches counts; age: the largest of all matching rows",
    ]


def test_what_keys_do_not_say_is_left_open() -> None:
    sections = """\
tables:
  t:
    by: [account.balance, side]
    columns: {v: {unit: count, combine: min}}
    rows:
      - {when: {account.balance: '>= account.equity'}, values: {v: 1}}
      - {when: {side: long}, values: {v: 2}}
      - {otherwise: true, values: {v: 3}}
"""
    (table,) = tables(sections + guard("t.v > account.unknown_orders"))
    assert {each for row in table.rows for each in row[1:]} == {"?"}
