"""Rules and declarations: what each place takes, names, references, circles."""

from __future__ import annotations

import pytest

from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.typecheck.policies import MINIMAL, findings, guard, typed

ENTRY = "entries:\n  - id: e\n    source: market\n    when: mid > 90\n    side: long\n    strategy: M1Scalper\n"


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        (ENTRY + "    size: 5pips\n", [("RE335", "5pips")]),
        (ENTRY + "    size: 5_000units\n    stop: 5%\n", [("RE335", "5%")]),
        (ENTRY + "    size: 5_000units\n    stop: 8pips\n    target: mid * 1.01\n", []),
        (ENTRY + "    size: 3contracts\n    max_open: 1\n    cooldown: 60s\n", []),
        (ENTRY + "    size: 5_000units\n    cooldown: 60\n", [("RE335", "60")]),
        (ENTRY + "    size: 5_000units\n    cooldown: quote_age\n", [("RE337", "quote_age")]),
        (guard("mid"), [("RE334", "mid")]),
        (guard("1 > 2"), [("RE344", "1 > 2")]),
        (guard("true"), []),
        (guard("mid > 90").replace("intent: entry", "intent: entry, strategy: Unknwon"), [("RE352", "Unknwon")]),
        (guard("mid > 90").replace("intent: entry", "intent: entry, pocket: scalpp"), [("RE352", "scalpp")]),
        (guard("mid > 90", "    unless: spread\n"), [("RE334", "spread")]),
        (guard("mid > 90", "    enabled: mid > 90\n"), [("RE337", "mid")]),
        ("features: {mid: bid}\n" + guard("mid > 90"), [("RE349", "mid"), ("RE348", "mid")]),
        ("features: {rsi: bid}\n" + guard("rsi > 90"), [("RE349", "rsi")]),
        ("features: {m1: bid}\n" + guard("mid > 90"), [("RE349", "m1"), ("RE348", "m1")]),
        ("features: {count: bid}\n" + guard("count > 90"), [("RE349", "count")]),
        ("features: {a: b + 1, b: a + 1}\n" + guard("a > 90"), [("RE341", "a")]),
        ("features: {a: a + 1}\n" + guard("a > 90"), [("RE341", "a")]),
        (
            "features: {a: bid}\nparameters: {a: {unit: price, default: 5, doc: x}}\n" + guard("a > 90"),
            [("RE349", "a"), ("RE348", "a")],
        ),
    ],
)
def test_what_stands_in_a_rule_is_what_the_place_takes(sections: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(findings(sections)) == sorted(expected)


@pytest.mark.parametrize(
    ("pocket", "expected"),
    [("pocket: scalp", []), ("pocket: scalpp", [("RE352", "scalpp")]), ("pocket: Scalp", [("RE352", "Scalp")])],
)
def test_a_pocket_is_a_declared_one_wherever_it_stands(pocket: str, expected: list[tuple[str, str]]) -> None:
    """An exit of pocket `scalp` would never see a trade of `scalpp`."""
    hedge = (
        "hedges:\n  - id: relief\n    when: account.free_margin_ratio <= 8%\n    reduce: {wanted: 10_000units}\n"
        "    on_unknown: {wait: 10s, then: alert}\n"
    )
    assert findings(f"{hedge}    {pocket}\n") == expected
    assert findings(f"{ENTRY}    size: 1_000units\n    {pocket}\n") == expected
    assert findings(guard("mid > 90"), MINIMAL.replace("pocket: scalp", pocket)) == expected
    closing = "exits:\n  - id: out\n    for_each: trade\n    applies_to: {POCKET}\n    when: trade.age > 1h\n"
    closing += "    close: 100%\n    on_unknown: {wait: 10s, then: close}\n"
    assert findings(closing.replace("POCKET", pocket)) == expected
    table = (
        "tables:\n  t:\n    by: [pocket]\n    columns: {n: {unit: count}}\n"
        "    rows: [{when: {POCKET}, values: {n: 1}}, {otherwise: true, values: {n: 2}}]\n"
    ).replace("POCKET", pocket)
    assert [code for code, _ in findings(table + guard("t.n > 1"))] == (["RE336"] if expected else [])


def test_the_declared_pocket_that_was_meant_is_proposed() -> None:
    text = MINIMAL.replace("pocket: scalp}", "pocket: scalpp}") + guard("mid > 90")
    document, _ = load_bytes(text.encode(), "policy.yaml")
    assert document is not None
    policy, _ = shape(document)
    assert policy is not None
    assert [each.help for each in check(policy)[1]] == ["did you mean `scalp`?"]


def test_two_strategies_may_not_claim_one_tag() -> None:
    text = "strategies:\n  A: {aliases: [X]}\n  B: {aliases: [X]}\n"
    minimal = MINIMAL.replace("strategies:\n  M1Scalper: {pocket: scalp}\n", text)
    assert [code for code, _ in findings(guard("mid > 90"), minimal)] == ["RE351"]


def test_a_fault_does_not_hide_the_next() -> None:
    two = guard("spraed <= 1pips") + "    unless: sid == long\n"
    assert [code for code, _ in findings(two)] == ["RE320", "RE320"]


def test_features_that_double_each_other_are_refused_before_they_fill_the_memory() -> None:
    lines = ["features:", "  f0: bid - ask"] + [f"  f{n}: f{n - 1} + f{n - 1}" for n in range(1, 21)]
    found = findings("\n".join(lines) + "\n" + guard("f20 > 1pips"))
    assert "RE309" in [code for code, _ in found]


def test_a_long_chain_of_features_is_refused_before_it_exhausts_the_interpreter() -> None:
    lines = ["features:", "  f0: bid - ask"] + [f"  f{n}: abs(abs(f{n - 1}))" for n in range(1, 200)]
    assert "RE308" in [code for code, _ in findings("\n".join(lines) + "\n" + guard("f199 > 1pips"))]


def test_membership_of_membership_is_read_once_a_level() -> None:
    text = "reduce_only"
    for _ in range(10):
        text = f"({text} in (true, false))"
    assert findings(guard(text)) == []


def test_a_size_in_contracts_is_one_in_units() -> None:
    policy, found = typed(ENTRY + "    size: 3contracts\n")
    assert found == []
    assert policy is not None
    (order,) = [rule.blocks["order"] for rule in policy.rules]
    assert [str(expr.type) for name, expr in order.outputs if name == "size"] == ["units"]


OPENING = {
    "hedges": "hedges:\n  - {id: h, when: mid > 90, open: {side: short, size: SIZE, strategy: M1Scalper}}\n",
    "entries": "entries:\n  - {id: e, source: market, when: mid > 90, side: long, strategy: M1Scalper, size: SIZE}\n",
    "sizing": "sizing:\n  - {id: s, applies_to: {intent: entry}, size: SIZE}\n",
}


@pytest.mark.parametrize("section", OPENING)
@pytest.mark.parametrize(
    ("size", "is_good"),
    [
        ("50% of position.net_units", False),  # below zero for shorts: nothing would ever be opened against them
        ("-position.net_units", False),
        ("50% of abs(position.net_units)", True),
        ("10_000units - position.long_units", True),
    ],
)
def test_what_opens_is_not_sized_by_the_signed_net_position(section: str, size: str, is_good: bool) -> None:
    assert findings(OPENING[section].replace("SIZE", size)) == ([] if is_good else [("RE365", size)])


@pytest.mark.parametrize(("mode", "code"), [("hedging", ""), ("any", "RE509"), ("netting", "RE502")])
def test_no_hedge_opens_the_other_side_where_the_policy_takes_an_account_that_nets(mode: str, code: str) -> None:
    hedge = "hedges:\n  - id: h\n    when: mid > 90\n    open: {side: short, size: 5units, strategy: M1Scalper}\n"
    found = findings(hedge, MINIMAL.replace("account: any", f"account: {mode}"), has_idle=True)
    assert found == ([(code, "h")] if code else [])
