"""What a policy's protections and alerts may say."""

from __future__ import annotations

import pytest

from tests.typecheck.test_codes import BASE, codes

PROTECTION = """protections:
  - id: losses
    when: streak(c.pnl < 0 for c in closed) >= 3
    lasts: 30min
"""


def test_a_protection_reads_what_its_scope_has() -> None:
    assert codes(BASE + PROTECTION) == []
    assert codes(BASE + PROTECTION.replace("when:", "for_each: strategy\n    when: strategy == A and")) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("lasts: 30min", "lasts: 0s", "RE631"),
        ("lasts: 30min", "lasts: 367d", "RE631"),
        ("lasts: 30min", "lasts: 3pips", "RE335"),
        ("lasts: 30min", "until: spread <= 1pips", "RE337"),
        ("when: streak(c.pnl < 0 for c in closed) >= 3", "when: spread > 3pips", "RE337"),
        ("when: streak(c.pnl < 0 for c in closed) >= 3", "when: streak(c.pnl < 0 for c in closed)", "RE334"),
        ("when: streak(c.pnl < 0 for c in closed) >= 3", "when: strategy == A", "RE337"),
        ("lasts: 30min", "lasts: 30min\n    close: 120%", "RE354"),
        ("lasts: 30min", "lasts: 30min\n    close: 5pips", "RE335"),
        ("lasts: 30min", "lasts: 30min\n    applies_to: {strategy: C}", "RE352"),
    ],
)
def test_what_it_may_not_say(old: str, new: str, code: str) -> None:
    assert codes(BASE + PROTECTION.replace(old, new)) == [code]


@pytest.mark.parametrize("end", ["until: next_day", "latch: human", "until: account.day_pnl > 0", "lasts: 366d"])
def test_it_may_end_in_each_of_these_ways(end: str) -> None:
    assert codes(BASE + PROTECTION.replace("lasts: 30min", end)) == []


ALERT = """alerts:
  - id: told
    for_each: instrument
    when: spread > 3pips
    message: wide
    show: [spread, account.equity]
    lasts: 30s
    repeat: 10min
"""


def test_an_alert_shows_values_of_any_type() -> None:
    assert codes(BASE + ALERT) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("lasts: 30s", "lasts: 0s", "RE631"),
        ("repeat: 10min", "repeat: -1s", "RE631"),
        ("when: spread > 3pips", "when: spread", "RE334"),
        ("show: [spread, account.equity]", "show: [spred]", "RE320"),
        ("for_each: instrument", "for_each: account", "RE337"),
    ],
)
def test_what_an_alert_may_not_say(old: str, new: str, code: str) -> None:
    assert code in codes(BASE + ALERT.replace(old, new))
