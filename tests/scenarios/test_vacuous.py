"""Expectations that nothing could fail: each is a failure or a finding, with its place and what would help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ruleengine.runtime.gate import limits as gate_limits
from tests.scenarios.small import ACCOUNT, ran

# quotes of 0 s, 1 s, 2 s and 3 s, a signal of 1 s that is filled, and from 3 s on nothing more
GIVEN = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 4], spread: 0.8pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
expect:
  - {{at: 1s, outcome: order, side: long, units: 10_000units}}
"""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "{at: 4s, outcome: nothing}",
            "no event came at 4s, so that nothing could be decided; the last one came at 3s",
        ),
        ("{at: 3_599s, outcome: nothing, rule: half}", "no event came at 3599s"),
        ("{at: 1.5s, outcome: nothing, rule: spread}", "no event came at 1.5s, so that nothing could be decided"),
        ("{at: 2s, outcome: nothing, rule: spread}", "no rule `spread` was asked at 2s"),
        ("{at: 2s, outcome: nothing, rule: from-signals}", "no rule `from-signals` was asked at 2s"),
        ("{at: 2s, outcome: nothing, intent: entry}", "no rule for the intent `entry` was asked at 2s"),
        ("{at: 0s, outcome: nothing}", "no rule that could want an order was asked at 0s"),
    ],
)
def test_nothing_where_nothing_was_asked(tmp_path: Path, line: str, why: str) -> None:
    """No trade stands before 1 s, so that no exit is asked at 0 s; entries and guards are asked by signals alone."""
    difference = ran(tmp_path, f"{GIVEN}  - {line}\n").difference
    assert difference is not None
    assert difference.place.line == GIVEN.count("\n") + 7, "the line itself, below the six of the head"
    assert difference.instead[0].startswith(why)
    assert difference.instead[1].startswith("name an instant")


@pytest.mark.parametrize(
    "line",
    [
        "{at: 2s, outcome: nothing}",
        "{at: 2s, outcome: nothing, rule: half}",
        "{at: 3s, outcome: nothing, intent: exit}",
        "{at: 1s, outcome: nothing, rule: spread}",
        "{at: 1s, outcome: nothing, rule: margin}",
    ],
)
def test_nothing_where_something_could_have_been(tmp_path: Path, line: str) -> None:
    """The exits are asked on every price while the trade stands, guards and caps when the signal's intent is judged."""
    result = ran(tmp_path, f"{GIVEN}  - {line}\n")
    assert result.has_passed, (result.difference, result.found)


def test_nothing_of_what_waits_for_time(tmp_path: Path) -> None:
    """The price is known for 10 s after the last quote; `half` waits 60 s for it, until 73 s, and then speaks of it."""
    text = GIVEN.replace("every: 1s, mid: [150.00 x 4]", "at: [0s, 1s, 2s, 100s], mid: [150.00 x 4]")
    result = ran(tmp_path, f"{text}  - {{at: 50s, outcome: nothing, rule: half}}\n")
    assert result.has_passed, (result.difference, result.found)


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("{at: 2s, outcome: nothing, units: 5units}", "RE215", "`units` says nothing where nothing may happen"),
        ("{at: 2s, outcome: nothing, code: RE570}", "RE215", "`code` says nothing where nothing may happen"),
        ("{at: 2s, outcome: nothing, measured: 1pips}", "RE215", "`measured` says nothing where nothing may happen"),
        ("{at: 2s, outcome: nothing, reduce_only: true}", "RE215", "`reduce_only` says nothing"),
        ("{at: 2s, outcome: order, side: long, trade: oldest}", "RE215", "`oldest` is asked of `state`"),
        ("{at: 2s, note: RE589, about: haf, times: 0}", "RE3", "`haf`"),
        ("{at: 2s, note: RE589, about: EUR_USD, times: 0}", "RE3", "`EUR_USD`"),
        ("{at: 2s, outcome: refusal, rule: limits.max_order}", "RE3", "`limits.max_order`"),
    ],
)
def test_what_could_not_fail_is_a_finding(tmp_path: Path, line: str, code: str, message: str) -> None:
    result = ran(tmp_path, f"{GIVEN}  - {line}\n")
    (found,) = result.found
    assert found.code.startswith(code)
    assert message in found.message
    assert found.span.line == GIVEN.count("\n") + 7
    assert found.help


@pytest.mark.parametrize("about", ["half", "USD_JPY", "Trend", "s-1", "qr-abc", '"7"', "account", '"USD_JPY long"'])
def test_what_a_note_can_be_about(tmp_path: Path, about: str) -> None:
    result = ran(tmp_path, f"{GIVEN}  - {{at: 2s, note: RE590, about: {about}, times: 0}}\n")
    assert result.has_passed, (result.difference, result.found)


def test_a_note_is_about_the_rule_that_speaks(tmp_path: Path) -> None:
    """Prices are known for 10 s: at 13 s `half` begins to wait for them. The note's key is the trade."""
    text = f"{GIVEN}  - {{at: 13s, note: RE589, about: NAME}}\n"
    assert ran(tmp_path, text.replace("NAME", "half")).has_passed
    assert not ran(tmp_path, text.replace("NAME", "spread")).has_passed


def test_every_limit_of_the_gate_has_its_name() -> None:
    source = Path(gate_limits.__file__).read_text(encoding="utf-8")
    named = set(re.findall(r'gate\.refused\(\s*draft,\s*"([a-z_]+)"', source))
    assert named <= set(gate_limits.LIMIT_NAMES)
    assert set(gate_limits.LIMIT_NAMES) - named == {"orders_per_second", "orders_per_minute"}


@pytest.mark.parametrize("key", ["reason", "unknown"])
@pytest.mark.parametrize("words", ['""', '"  "'])
def test_no_words_are_in_every_reason(tmp_path: Path, key: str, words: str) -> None:
    """The gate refuses what is above 100,000 units; every reason holds a text without words."""
    line = f"{{at: 1s, outcome: refusal, rule: limits.max_order_units, {key}: {words}}}"
    (found,) = ran(tmp_path, f"{GIVEN}  - {line}\n").found
    assert found.code == "RE220"
    assert f"`{key}` states no word" in found.message


# quotes of every second up to 19 s; the engine is down from 2 s up to 8 s
DOWN = f"""
given:
  {ACCOUNT}
  market:
    - {{instrument: USD_JPY, every: 1s, mid: [150.00 x 20], spread: 0.8pips}}
  signals:
    - {{at: 1s, strategy: Trend, side: long}}
  faults:
    - {{at: 2s, restart: 6s}}
expect:
  - {{at: 1s, outcome: order, side: long}}
"""


@pytest.mark.parametrize("at", ["2s", "5s", "7.999s", "1.9995s"])
@pytest.mark.parametrize(
    "what", ["outcome: nothing", "metrics: {used: 6.0%}", "state: {spread: 0.8pips}", "note: RE590, times: 0"]
)
def test_nothing_is_expected_of_an_engine_that_is_down(tmp_path: Path, at: str, what: str) -> None:
    (found,) = ran(tmp_path, f"{DOWN}  - {{at: {at}, {what}}}\n").found
    assert found.code == "RE215"
    assert found.message.startswith(f"at {at} the engine is down, from 2s for 6s")
    assert "from 8s on" in str(found.help)
    assert found.span.line == DOWN.count("\n") + 7


@pytest.mark.parametrize("at", ["1s", "1.999s", "8s", "9s"])
def test_before_and_after_it_is_asked(tmp_path: Path, at: str) -> None:
    result = ran(tmp_path, f"{DOWN}  - {{at: {at}, state: {{spread: 0.8pips}}}}\n")
    assert result.has_passed, (result.difference, result.found)


@pytest.mark.parametrize(("second", "is_sound"), [("3s", False), ("7.9s", False), ("8s", True), ("10s", True)])
def test_restarts_follow_one_another(tmp_path: Path, second: str, is_sound: bool) -> None:
    """Whichever stands first: the one that begins later begins when the engine is up again, at 8 s."""
    for first in (True, False):
        faults = [f"    - {{at: {second}, restart: 1s}}\n", "    - {at: 2s, restart: 6s}\n"][:: 1 if first else -1]
        result = ran(tmp_path, DOWN.replace("    - {at: 2s, restart: 6s}\n", "".join(faults)))
        assert result.has_passed is is_sound, (result.difference, result.found)
        if not is_sound:
            (found,) = result.found
            assert found.message.startswith(f"at {second} the engine is down, from 2s for 6s")
            assert "begin at 8s or later" in str(found.help)
