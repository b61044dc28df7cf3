"""A trailing stop's keys: what each may be, and what makes no sense."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import findings


def trailing(trail: str, for_each: str = "trade") -> str:
    lines = "".join(f"      {each}\n" for each in trail.split("; "))
    return (
        f"exits:\n  - id: x\n    for_each: {for_each}\n    trail:\n{lines}    close: 100%\n"
        "    on_unknown: {wait: 10s, then: close}\n"
    )


@pytest.mark.parametrize(
    "trail",
    [
        "from: 2.8pips; distance: 0.9pips; lock: 0.4pips",
        "from: 1%; distance: 0.3%",
        "from: 1%; distance: 5pips; lock: 0%",
        "from: 2 * atr(m1, 14); distance: atr(m1, 14); lock: -1pips",
        "from: 1%; distance: 0.3% if trade.peak_ratio < 3% else 0.2%",
        "from: 1%; distance: 0.3%; lock: trade.entry_price",
        "from: 1%; distance: 0.3%; lock: break_even",
        "from: 1.5 * trade.risk; distance: 50% of trade.risk; lock: break_even",
        "from: 1%; distance: 0.3%; lock: 2%  # expect",
    ],
)
def test_gains_and_falls_in_pips_as_ratios_and_as_distances(trail: str) -> None:
    """The last locks more than it arms at."""
    expected = [("RE651", "2%")] if "expect" in trail else []
    assert findings(trailing(trail)) == expected


@pytest.mark.parametrize(
    ("trail", "code", "place"),
    [
        ("from: 2.8; distance: 1pips", "RE335", "2.8"),
        ("from: 2pips; distance: 60s", "RE335", "60s"),
        ("from: trade.entry_price; distance: 1pips", "RE335", "trade.entry_price"),
        ("from: 0pips; distance: 1pips", "RE354", "0pips"),
        ("from: 2pips; distance: 0%", "RE354", "0%"),
        ("from: 2pips; distance: -1 * abs(mid - m1.close)", "RE354", "-1 * abs(mid - m1.close)"),
        ("from: 2pips; distance: 1pips; lock: 157.2", "RE360", "157.2"),
        ("from: 2pips; distance: 1pips; lock: 2pips", "RE651", "2pips"),
        ("from: 1% + 1%; distance: 1pips; lock: 2.5%", "RE651", "2.5%"),
    ],
)
def test_a_figure_that_is_none(trail: str, code: str, place: str) -> None:
    assert findings(trailing(trail)) == [(code, place)]


def test_the_account_has_no_price_that_could_trail() -> None:
    assert findings(trailing("from: 2%; distance: 1%", for_each="account")) == [("RE650", "2%")]


def test_a_position_is_measured_from_its_average_or_its_first_entry() -> None:
    for basis in ("", "; basis: average", "; basis: first_entry"):
        for figures in ("from: 1%; distance: 0.3%; lock: break_even", "from: 10pips; distance: 2pips; lock: 0%"):
            assert findings(trailing(figures + basis, for_each="position")) == []


@pytest.mark.parametrize("since", ["flat", "addition"])
def test_a_position_is_followed_since_it_was_flat_or_since_an_addition(since: str) -> None:
    for basis in ("", "; basis: average", "; basis: first_entry"):
        for figures in ("from: 1%; distance: 0.3%; lock: break_even", "from: 10pips; distance: 2pips; lock: 0%"):
            assert findings(trailing(f"{figures}{basis}; since: {since}", for_each="position")) == []
    assert findings(trailing(f"from: 1%; distance: 0.3%; since: {since}")) == [("RE656", "1%")]


@pytest.mark.parametrize(("for_each", "basis"), [("trade", "average"), ("trade", "first_entry"), ("position", "entry")])
def test_a_basis_of_another(for_each: str, basis: str) -> None:
    assert findings(trailing(f"from: 1%; distance: 0.3%; basis: {basis}", for_each)) == [("RE653", "1%")]
