"""The runner fails when it should: wrong expectations, markets and files are told, with what happened instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.cli.failure import CommandError
from ruleengine.cli.test import Wish
from ruleengine.cli.test import test as command
from ruleengine.cli.venues import adapter_named
from ruleengine.reports.scenario import Result, Runner

FX = Path(__file__).resolve().parents[2] / "policies" / "fx_hedge"

# FX-05: 176,000 × 150 × 4 % = 1,056,000 of 1,200,000 is 88 %; target 164,000, so 12,000 are sold
REDUCED = """
apiVersion: ruleengine/v1
kind: Scenario
about: the net position is brought to the target
cites: [FX-05]
policy: fx-hedge.policy.yaml
given:
  account: {currency: JPY, balance: 1_200_000JPY, mode: hedging}
  trades:
    - {instrument: USD_JPY, side: long, units: 176_000units, price: 149.996, strategy: TrendMA, client_id: qr-1}
  market:
    - {instrument: USD_JPY, every: 1s, mid: [150.00 x 4], spread: 0.8pips}
  signals:
    - {at: 2s, strategy: Donchian55-breakout-up, side: long, size: 5_000units}
expect:
  - {at: 0s, outcome: order, rule: margin-relief, intent: hedge_reduce, side: short, reduce_only: true,
     units: 12_000units}
  - {at: 1s, outcome: nothing}
  - {at: 2s, outcome: refusal, rule: free-margin-ramp, code: RE572, measured: 5_000units, limit: 0units, reason: ramp}
"""


ORDER = REDUCED[REDUCED.index("  - {at: 0s") : REDUCED.index("  - {at: 1s")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in (FX / "fx-hedge.policy.yaml", *FX.glob("*.part.yaml")):
        text = file.read_text(encoding="utf-8")
        for guard in ("strategy_gates", "range_guard"):  # they read hours of bars, which these scenarios don't have
            text = text.replace(f"{guard}: {{unit: bool, default: true", f"{guard}: {{unit: bool, default: false")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    return tmp_path


def ran(folder: Path, text: str, runner: Runner | None = None) -> Result:
    file = folder / "one.yaml"
    file.write_text(text, encoding="utf-8")
    return (runner or Runner(adapter_named)).run(file)


def test_it_passes(folder: Path) -> None:
    assert ran(folder, REDUCED).has_passed


def test_the_defining_backend_decides_the_same(folder: Path) -> None:
    assert ran(folder, REDUCED, Runner(adapter_named, TraceProgram)).has_passed


@pytest.mark.parametrize(
    ("was", "now", "line", "what", "found"),
    [
        ("units: 12_000units", "units: 12_001units", 16, "units", "12,000"),
        ("side: short, reduce_only", "side: long, reduce_only", 16, "side", "short"),
        ("intent: hedge_reduce", "intent: exit", 16, "intent", "hedge_reduce"),
        ("rule: margin-relief", "rule: emergency", 16, "rule", "margin-relief"),
        ("reduce_only: true", "reduce_only: false", 16, "reduce_only", "True"),
        ("code: RE572", "code: RE570", 19, "code", "RE572"),
        ("rule: free-margin-ramp", "rule: spread", 19, "rule", "free-margin-ramp, from-signals"),
        ("reason: ramp", "reason: spread", 19, "reason", "size <= (ramp"),
        ("measured: 5_000units", "measured: 5_001units", 19, "measured, limit", "5,000units against 0units"),
        ("measured: 5_000units", "measured: 5_000s", 19, "measured, limit", "5,000units against 0units"),
        ("limit: 0units", "limit: 1units", 19, "measured, limit", "5,000units against 0units"),
        ("outcome: refusal", "outcome: order, side: long", 19, "outcome", "refused"),
    ],
)
def test_a_wrong_expectation_is_told(folder: Path, was: str, now: str, line: int, what: str, found: str) -> None:
    assert was in REDUCED
    result = ran(folder, REDUCED.replace(was, now))
    assert not result.has_passed
    assert result.difference is not None
    assert result.difference.place.line == line
    told = {each: have for each, _, have in result.difference.differs}
    assert found in told[what]


def test_something_where_nothing_was_expected(folder: Path) -> None:
    result = ran(folder, REDUCED.replace("at: 1s, outcome: nothing", "at: 2s, outcome: nothing"))
    assert result.difference is not None
    assert result.difference.place.line == 18
    assert "refused entry by from-signals" in result.difference.instead[0]


def test_nothing_of_one_rule_lets_others_act(folder: Path) -> None:
    assert ran(
        folder, REDUCED.replace("at: 1s, outcome: nothing", "at: 0s, outcome: nothing, rule: emergency")
    ).has_passed


def test_the_wrong_time_names_what_was_decided_beside_it(folder: Path) -> None:
    result = ran(folder, REDUCED.replace("at: 0s", "at: 3s"))
    assert result.difference is not None
    assert result.difference.instead[0] == "nothing at 3s"
    assert any("0s: sent hedge_reduce by margin-relief, short 12,000" in each for each in result.difference.instead)


def test_an_order_too_many(folder: Path) -> None:
    text = REDUCED.replace(ORDER, "")
    result = ran(folder, text)
    assert result.difference is not None
    assert result.difference.expected == "no other order"
    assert ran(folder, text + "\nand_nothing_else: false\n").has_passed


def test_one_order_does_not_serve_two_expectations(folder: Path) -> None:
    assert not ran(folder, REDUCED.replace(ORDER, ORDER + ORDER)).has_passed


def test_another_market_gives_another_outcome(folder: Path) -> None:
    assert not ran(folder, REDUCED.replace("150.00 x 4", "149.99 x 4")).has_passed


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        ("  - {at: 1s, outcome: nothing}", "  - {at: 1s, outcom: nothing}", "RE201"),
        ("policy: fx-hedge.policy.yaml", "policy: other.policy.yaml", "RE215"),
        ("mode: hedging", "mode: netting", "RE501"),
        ("  market:", "  parameters: {hedge_enable: true}\n  market:", "RE3"),
        ("balance: 1_200_000JPY", "balance: 1_200_000USD", "RE3"),
    ],
)
def test_what_cannot_be_played_is_refused_with_its_place(folder: Path, was: str, now: str, code: str) -> None:
    assert was in REDUCED
    result = ran(folder, REDUCED.replace(was, now))
    assert not result.has_passed
    assert result.difference is None
    assert [each.code for each in result.found if each.code.startswith(code)]


@pytest.mark.parametrize(
    ("stated", "message", "help"),
    [
        ("rule: margin-relif", "there is no rule `margin-relif`", "did you mean `margin-relief`?"),
        ("strategy: M1Scalpr", "there is no strategy `M1Scalpr`", "did you mean `M1Scalper`?"),
        ("instrument: USD_JPX", "there is no instrument `USD_JPX`", "did you mean `USD_JPY`?"),
        ("code: RE507", "no refusal has the code `RE507`", None),
        ("code: RE201", "no refusal has the code `RE201`", None),
    ],
)
def test_names_that_nothing_can_have_are_refused(folder: Path, stated: str, message: str, help: str | None) -> None:
    """An expectation of nothing by a rule that isn't there would pass whatever happens."""
    key = "  - {at: 1s, outcome: nothing}"
    assert key in REDUCED
    result = ran(folder, REDUCED.replace(key, f"  - {{at: 1s, outcome: {outcome_of(stated)}, {stated}}}"))
    assert not result.has_passed
    (found,) = result.found
    assert found.message == message
    assert help is None or found.help == help
    assert (found.span.line, found.span.col) == (REDUCED.splitlines().index(key) + 1, 33 + stated.index(" "))


def outcome_of(stated: str) -> str:
    """Words of the same length: what nothing comes to has no code."""
    return "refusal" if stated.startswith("code") else "nothing"


@pytest.mark.parametrize(
    "stated", ["rule: margin-relief", "rule: sizing", "strategy: M1Scalper", "strategy: unknown",
               "instrument: USD_JPY", "code: RE570", "code: RE526",
               "code: RE605", "code: RE640", "code: RE661"],
)  # fmt: skip
def test_names_that_something_can_have_are_taken(folder: Path, stated: str) -> None:
    key = "  - {at: 1s, outcome: nothing}"
    assert not ran(folder, REDUCED.replace(key, f"  - {{at: 1s, outcome: {outcome_of(stated)}, {stated}}}")).found


def test_margin_used_elsewhere_is_stated_with_the_first_price(folder: Path) -> None:
    """175,999 units use 1,055,994; 6 more make 88 %. Wanted are 175,999 − 164,000."""
    text = REDUCED.replace("176_000units", "175_999units").replace("12_000units", "11_999units")
    assert not ran(folder, text).has_passed
    assert ran(folder, text.replace("mode: hedging}", "mode: hedging, margin_used_elsewhere: 6JPY}")).has_passed


# --- the command -----------------------------------------------------------------------------------------------------


def test_exit_codes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "good.yaml").write_text(REDUCED.replace("policy: ", "policy: ../"), encoding="utf-8")
    assert command([folder], Wish("text")) == 0
    assert "1 scenario: 1 passed, 0 failed" in capsys.readouterr().out
    wrong = REDUCED.replace("policy: ", "policy: ../").replace("12_000units", "9_000units")
    (folder / "scenarios" / "wrong.yaml").write_text(wrong, encoding="utf-8")
    assert command([folder], Wish("text")) == 1
    out = capsys.readouterr().out
    assert "FAIL" in out
    assert "units: 12,000 instead of 9,000" in out


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "one.yaml").write_text(REDUCED.replace("12_000units", "9_000units"), encoding="utf-8")
    assert command([folder / "one.yaml"], Wish("json")) == 1
    row = json.loads(capsys.readouterr().out)["scenarios"][0]
    assert row["outcome"] == "fail"
    assert row["cites"] == ["FX-05"]
    assert row["difference"]["differs"] == [{"what": "units", "expected": "9,000", "found": "12,000"}]


def test_no_scenario_is_a_usage_error(folder: Path) -> None:
    for path in (folder, folder / "fx-hedge.policy.yaml", folder / "missing"):
        with pytest.raises(CommandError) as caught:
            command([path], Wish("text"))
        assert caught.value.exit_code == 2


def test_a_broken_file_fails_and_the_others_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "broken.yaml").write_text("about: [\n", encoding="utf-8")
    (folder / "scenarios" / "good.yaml").write_text(REDUCED.replace("policy: ", "policy: ../"), encoding="utf-8")
    assert command([folder], Wish("text")) == 1
    out = capsys.readouterr().out
    assert out.splitlines()[-1] == "2 scenarios: 1 passed, 1 failed"
    assert out.splitlines()[-3] == "failed:"
