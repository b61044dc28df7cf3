"""Coverage by hand: a policy of a few conditions, scenarios that see some of them, and what is told."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from ruleengine.cli.test import Wish
from ruleengine.cli.test import test as command
from ruleengine.cli.venues import adapter_named
from ruleengine.reports.scenario import Runner
from ruleengine.reports.scenario_coverage import Coverage, OfPolicy, Seen

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: covered, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies: {Trend: {}, Other: {}, Third: {}}
ownership: ["qr-"]
features:
  average: sma(m1.close, 3)
schedules:
  nights: {timezone: UTC, windows: [{from: "21:00", to: "23:00"}]}
tables:
  widths:
    by: [strategy]
    columns: {most: {unit: pips, combine: first}}
    rows:
      - {when: {strategy: Trend}, values: {most: 1pips}}
      - {when: {strategy: Other}, values: {most: 2pips}}
      - {otherwise: true, values: {most: 3pips}}
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 20, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
guards:
  - id: narrow
    applies_to: {intent: entry}
    require: spread <= widths.most
  - id: sane
    applies_to: {intent: entry}
    require: (mid > average or side == short) and not nights
  - id: few
    applies_to: {intent: entry}
    require: count(t for t in trades if t.pnl < 0) <= 1
  - id: switched-off
    enabled: false
    applies_to: {intent: entry}
    require: mid > 1_000
sizing:
  - {id: asked, applies_to: {intent: entry}, size: "10_000units if side == long else 20_000units"}
entries:
  - {id: from-signals, source: signal, when: signal.age <= 60s}
exits:
  - id: lost
    for_each: trade
    when: trade.pnl_pips <= -20pips
    close: 100%
    on_unknown: {wait: 60s, then: alert}
metrics:
  in_profit: count(t for t in trades if t.pnl > 0)
"""

SCENARIO = """
apiVersion: ruleengine/v1
kind: Scenario
about: two signals
cites: [SC-07]
policy: covered.policy.yaml
given:
  account: {currency: JPY, balance: 1_000_000JPY, mode: hedging}
  market:
    - {instrument: USD_JPY, every: 1s, mid: [150.00 x 3, 149.90 x 3], spread: 1.5pips}
  signals:
    - {at: 1s, strategy: Other, side: short}
    - {at: 4s, strategy: Trend, side: short}
expect:
  - {at: 1s, outcome: order, side: short, units: 20_000units}
  - {at: 4s, outcome: refusal, rule: narrow}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "covered.policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "one.yaml").write_text(SCENARIO, encoding="utf-8")
    return tmp_path


def seen(folder: Path) -> OfPolicy:
    coverage = Coverage()
    result = Runner(adapter_named, coverage=coverage).run(folder / "one.yaml")
    assert result.has_passed, result.difference or result.found
    (of,) = coverage.policies.values()
    return of


def states(found: dict[tuple[str, int, int], Seen]) -> dict[str, set[str]]:
    return {each.text: each.was for each in found.values()}


def test_what_each_condition_was(folder: Path) -> None:
    """Judged are both signals: 1.5 pips are less than Other's 2 and more than Trend's 1. The average of three bars is
    never known; the hour is never one of the night. At 4 s the short of 1 s stands at 149.9925, bought back at
    149.9075: no loss. Its result is asked on every price: never −20 pips, for it gains. What is off is not counted."""
    assert states(seen(folder).conditions) == {
        "spread <= widths.most": {"true", "false"},
        "mid > average": {"unknown"},
        "side == short": {"true"},
        "nights": {"false"},
        "count(t for t in trades if t.pnl < 0) <= 1": {"true"},
        "t.pnl < 0": {"false"},
        "side == long": {"false"},
        "signal.age <= 60s": {"true"},
        "trade.pnl_pips <= -20pips": {"false"},
    }


def test_which_rows_were_used(folder: Path) -> None:
    assert states(seen(folder).rows) == {"1pips": {"used"}, "2pips": {"used"}, "3pips": set()}


def test_the_row_for_everything_else(folder: Path) -> None:
    (folder / "one.yaml").write_text(
        SCENARIO.replace("strategy: Trend", "strategy: Third").replace("refusal, rule: narrow", "order, side: short"),
        encoding="utf-8",
    )
    assert states(seen(folder).rows) == {"1pips": set(), "2pips": {"used"}, "3pips": {"used"}}


def test_the_count(folder: Path) -> None:
    """Two for each of nine conditions and one for each of three rows: 21; seen were 2 + 0 + 1 + 1 + 1 + 1 + 1 + 1 + 1
    truths and 2 rows: 11."""
    assert seen(folder).counted() == (11, 21)


def test_what_can_be_unknown(folder: Path) -> None:
    can = {each.text for each in seen(folder).conditions.values() if each.can_be_unknown}
    assert can == {
        "spread <= widths.most", "mid > average", "count(t for t in trades if t.pnl < 0) <= 1", "t.pnl < 0",
        "trade.pnl_pips <= -20pips",
    }  # fmt: skip


def test_scenarios_add_up_and_a_case_on_another_parameter_too(folder: Path) -> None:
    coverage = Coverage()
    runner = Runner(adapter_named, coverage=coverage)
    runner.run(folder / "one.yaml")
    (folder / "two.yaml").write_text(SCENARIO.replace("every: 1s, mid", "begins: 20h, every: 1s, mid")
                                     .replace("at: 1s", "at: 72_001s").replace("at: 4s", "at: 72_004s")
                                     .replace("order, side: short, units: 20_000units", "refusal, rule: sane"),
                                     encoding="utf-8")  # fmt: skip
    result = runner.run(folder / "two.yaml")
    assert result.has_passed, (result.difference, result.found)
    (of,) = coverage.policies.values()
    assert states(of.conditions)["nights"] == {"true", "false"}, "01:00 + 20 h is 21:00"


def test_the_same_outcome_with_and_without(folder: Path) -> None:
    with_it = Runner(adapter_named, coverage=Coverage()).run(folder / "one.yaml")
    without = Runner(adapter_named).run(folder / "one.yaml")
    assert with_it.time_line == without.time_line != []


FOLDED = """parameters:
  wide: {unit: pips, default: 2pips, min: 1pips, max: 5pips, doc: "a spread"}
  is_strict: {unit: bool, default: false, doc: "a switch"}
guards:
  - id: always
    applies_to: {intent: entry}
    require: wide >= 1.5pips or spread <= 9pips
  - id: maybe
    applies_to: {intent: entry}
    require: not is_strict or quote_age <= 7s
"""


def test_what_is_folded_away_counts(folder: Path) -> None:
    """2 pips are at least 1.5, so that the spread is never asked; the quote's age only where the switch is on."""
    text = POLICY.replace("guards:\n", FOLDED)
    (folder / "covered.policy.yaml").write_text(text, encoding="utf-8")
    found = seen(folder)
    was = states(found.conditions)
    assert was["wide >= 1.5pips"] == {"true"}
    assert was["spread <= 9pips"] == was["quote_age <= 7s"] == set()
    assert "is_strict" not in was, "a switch is no condition"
    assert found.counted() == (11 + 1, 21 + 6)
    (folder / "two.yaml").write_text(
        SCENARIO.replace("given:\n", "given:\n  parameters: {is_strict: true, wide: 1pips}\n"), encoding="utf-8"
    )
    coverage = Coverage()
    runner = Runner(adapter_named, coverage=coverage)
    assert all(runner.run(folder / name).has_passed for name in ("one.yaml", "two.yaml"))
    (of,) = coverage.policies.values()
    assert states(of.conditions)["wide >= 1.5pips"] == {"true", "false"}
    assert states(of.conditions)["spread <= 9pips"] == {"true"}
    assert states(of.conditions)["quote_age <= 7s"] == {"true"}


# --- the command -----------------------------------------------------------------------------------------------------


def test_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = folder / "covered.policy.yaml"
    assert command([folder / "one.yaml"], Wish(has_coverage=True)) == 0
    out = capsys.readouterr().out
    assert f"coverage {policy}: 52.4 % · 9 conditions: 4 seen true, 5 false, 1 of 5 unknown · 2 of 3 rows" in out
    line = POLICY.split("\n").index("    require: (mid > average or side == short) and not nights") + 1
    assert f"  {policy}:{line}:15: never true or false: mid > average\n" in out
    assert f"  {policy}:{line}:55: never true: nights\n" in out
    assert "row never used: 3pips" in out
    assert "never unknown (not counted): spread <= widths.most" in out


@pytest.mark.parametrize(("least", "code"), [(52.3, 0), (52.4, 1), (0.0, 0), (100.0, 1)])
def test_too_little(folder: Path, capsys: pytest.CaptureFixture[str], least: float, code: int) -> None:
    """11 of 21 are 52.38 %."""
    assert command([folder / "one.yaml"], Wish(least=least)) == code
    assert ("covered are 52.4 %, less than" in capsys.readouterr().out) is (code == 1)


def test_a_policy_without_scenarios_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """11 of 21 and 0 of 21 are 26.2 %; a third that can't be compiled has nothing seen either: 11 of 43 are 25.6 %."""
    (folder / "other").mkdir()
    (folder / "other" / "b.policy.yaml").write_text(POLICY.replace("covered", "other"), encoding="utf-8")
    assert command([folder], Wish(least=26)) == 0
    out = capsys.readouterr().out
    assert f"coverage {folder}/other/b.policy.yaml: 0.0 % · no scenario was played on it · 9 conditions, 3 rows" in out
    assert command([folder], Wish(least=27)) == 1
    assert "covered are 26.2 %, less than 27 %" in capsys.readouterr().out
    assert command([folder / "one.yaml"], Wish(least=52)) == 0, "a file alone speaks of its own policy"
    (folder / "other" / "c.policy.yaml").write_text("kind: Policy\n", encoding="utf-8")
    capsys.readouterr()
    assert command([folder], Wish("json", least=26)) == 1
    found = json.loads(capsys.readouterr().out)["coverage"]
    assert (found["covered"], found["of"], found["percent"]) == (11, 43, 25.58)
    assert [each["is_run"] for each in found["policies"]] == [True, False, False]


def test_nothing_seen_of_no_policy_is_not_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "one.yaml").write_text(SCENARIO.replace("covered.policy", "gone.policy"), encoding="utf-8")
    assert command([folder / "one.yaml"], Wish(least=1)) == 1
    assert "covered are 0.0 %" in capsys.readouterr().out


def test_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([folder / "one.yaml"], Wish("json", has_coverage=True, least=90)) == 1
    found = json.loads(capsys.readouterr().out)["coverage"]
    assert (found["covered"], found["of"], found["percent"], found["is_enough"]) == (11, 21, 52.38, False)
    (of,) = found["policies"]
    assert {"seen", "can_be_unknown", "file", "line", "column", "text"} == of["conditions"][0].keys()
    assert [each["used"] for each in of["rows"]] == [True, True, False]


def test_nothing_of_it_without_asking(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command([folder / "one.yaml"], Wish())
    command([folder / "one.yaml"], Wish("json"))
    assert "coverage" not in capsys.readouterr().out


def test_the_time_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([folder / "one.yaml"], Wish(is_verbose=True)) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith(f"PASS {folder / 'one.yaml'}  two signals [SC-07] (")
    assert out[1] == "     1s: sent entry by from-signals, short 20,000 of Other"
    assert out[2].startswith("     4s: refused entry by from-signals, short 0 of Trend; narrow RE570 ")
    command([folder / "one.yaml"], Wish("json", is_verbose=True))
    assert len(json.loads(capsys.readouterr().out)["scenarios"][0]["time_line"]) == 2


# --- JUnit -----------------------------------------------------------------------------------------------------------

COUNTS = {"tests", "failures", "errors", "skipped", "time"}
"""What the usual schema (Jenkins' junit-10.xsd) allows and the readers of it ask for: attributes and children."""
ATTRIBUTES = {
    "testsuites": COUNTS,
    "testsuite": {"name", *COUNTS},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error"}}


def test_junit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "two.yaml").write_text(
        SCENARIO.replace("about: two signals", 'about: "one & <two>"').replace("20_000units", "1_000units")
        + "cases:\n  - {case: wrong}\n  - {case: right, expect.0.units: 20_000units}\n",
        encoding="utf-8",
    )
    (folder / "three.yaml").write_text(SCENARIO.replace("outcome: order", "outcom: order"), encoding="utf-8")
    assert command([folder], Wish("junit")) == 1
    text = capsys.readouterr().out
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    root = Xml.fromstring(text)
    assert {name: root.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "4", "failures": "1", "errors": "1",
    }  # fmt: skip
    for element in root.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        assert {each.tag for each in element} <= CHILDREN.get(element.tag, set())
        assert all(float(element.get(name, "0")) >= 0 for name in COUNTS)
    suites = {suite.get("name", "").rpartition("/")[2]: suite for suite in root}
    assert list(suites) == ["one.yaml", "three.yaml", "two.yaml"]
    wrong, right = suites["two.yaml"]
    assert wrong.get("name") == "wrong: one & <two> [SC-07]"
    assert len(right) == 0
    assert wrong[0].tag == "failure"
    assert "units: 20,000 instead of 1,000" in (wrong[0].text or "")
    assert suites["three.yaml"][0][0].get("type") == "RE201"


def test_junit_with_coverage_has_only_xml_on_stdout(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command([folder / "one.yaml"], Wish("junit", has_coverage=True)) == 0
    told = capsys.readouterr()
    Xml.fromstring(told.out)
    assert "coverage" in told.err
