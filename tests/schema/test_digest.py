"""The digest: what does not change it, and what does."""

from __future__ import annotations

import pytest

from ruleengine.resolve.digest import canonical, canonical_expression
from tests.schema.conftest import BASE, CHILD, Desk


def same(was: str, now: str) -> str:
    assert was in BASE
    return BASE.replace(was, now)


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\n" + BASE,
        same("requires: {account: hedging, currency: JPY,", "requires: {currency: JPY,   account: hedging,"),
        same("require: spread <= spread_max", "require:   spread   <=   spread_max"),
        same("require: spread <= spread_max", 'require: "spread<=spread_max"'),
        same("require: spread <= spread_max", "require: spread <= spread_max\n    enforcement: enforce"),
        same("default: 24h", "default: 1d"),
        same("default: 92%", "default: 9200bps"),
        same("default: 1.2pips", "default: 1.20pips"),
        same("100_000units", "100000units"),
        same("quote_age <= 5s", "quote_age <= 5000ms"),
        same("pockets: [scalp]", "pockets:\n  - scalp\nregimes: []"),
        same("doc: FX-28\n", "doc: >\n      FX-28\n"),
    ],
)
def test_the_same_words_in_another_spelling(desk: Desk, text: str) -> None:
    assert desk.good(text).digest == desk.good(BASE).digest


@pytest.mark.parametrize(
    "text",
    [
        same("version: 1.0.0", "version: 1.0.1"),
        same("spread <= spread_max", "spread < spread_max"),
        same("quote_age <= 5s", "quote_age <= 6s"),
        same("quote_age <= 5s", "quote_age <= (5s)"),
        same("default: 24h", "default: 25h"),
        same("doc: FX-13", "doc: FX-14"),
        same("100_000units", "10_000units"),
        same("then: close", "then: alert"),
        same("trade.age > patience", "trade.age > patience\n    emergency: true"),
        same("pockets: [scalp]", "pockets: [scalp, macro]"),
    ],
)
def test_other_words(desk: Desk, text: str) -> None:
    assert desk.good(text).digest != desk.good(BASE).digest


def test_the_order_of_rules_is_part_of_it(desk: Desk) -> None:
    first, second = BASE.index("  - id: spread"), BASE.index("  - id: fresh")
    end = BASE.index("exits:")
    swapped = BASE[:first] + BASE[second:end] + BASE[first:second] + BASE[end:]
    assert desk.good(swapped).digest != desk.good(BASE).digest


def test_it_does_not_matter_which_file_something_stands_in(desk: Desk) -> None:
    whole = same("metadata: {name: base, version: 1.0.0}", "metadata: {name: desk, version: 2.0.0}")
    assert desk.good(CHILD).digest == desk.good(whole).digest


def test_settings_are_part_of_it(desk: Desk) -> None:
    assert desk.good(BASE, sets=["patience=1d"]).digest == desk.good(BASE).digest
    assert desk.good(BASE, sets=["patience=2d"]).digest != desk.good(BASE).digest


def test_what_is_not_said_is_not_part_of_it(desk: Desk) -> None:
    """A key that a later version of the language adds leaves the digests of older policies as they are."""
    said = canonical(desk.good(BASE).policy)
    assert set(said["guards"][0]) == {"id", "doc", "applies_to", "require"}
    assert not {"tables", "extends", "hedges"} & set(said)


def test_it_is_the_same_on_every_machine(desk: Desk) -> None:
    """A changed constant means that every recorded digest is worth nothing: say so in the commit."""
    assert len(desk.good(BASE).digest) == 64
    assert desk.good(BASE).digest == desk.good(BASE).digest


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("92%", "0.92@ratio"),
        ("0.92", "0.92"),
        ("500USD", "500@money:USD"),
        ("a.b[1]>=0", "a.b [ 1 ] >= 0"),
        ("strategy == 'TrendMA-bull'", 'strategy == "TrendMA-bull"'),
        ("m1.close", "m1.close"),
        ("rsi(m1,14)", "rsi ( m1 , 14 )"),
    ],
)
def test_expressions_in_one_spelling(text: str, canonical: str) -> None:
    assert canonical_expression(text) == canonical
