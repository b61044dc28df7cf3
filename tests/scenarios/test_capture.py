"""Scenarios written from decisions of a run: each passes at once, and none passes when what it says is changed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruleengine.load import load_bytes
from ruleengine.reports.capture import cells
from ruleengine.schema.scenario_series import Cell, expand
from tests.cli.asking import ask, write_world

POLICIES = Path(__file__).resolve().parents[2] / "policies"
BEGIN = 1_767_790_800
"""2026-01-07 13:00:00 UTC."""


def decisions(result: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (result / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]


def captured(id: str, out: Path, *run: object) -> str:
    """The text of the scenario, which has passed by itself."""
    found = ask("test", "--from-decision", id, *run, "--out", out)
    assert found.code == 0, found.err
    again = ask("test", out)
    assert again.code == 0, again.out
    assert "1 scenario: 1 passed" in again.out
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small run of the prompt's tests: two entries, two refusals, one exit."""
    folder = tmp_path_factory.mktemp("small")
    write_world(folder)
    found = ask(
        "dry-run", "--policy", folder / "small.policy.yaml", "--data", folder / "quotes",
        "--signals", folder / "signals.jsonl", "--out", folder / "result",
    )  # fmt: skip
    assert found.code == 0, found.err
    return folder


def test_every_decision_of_a_small_run(small: Path, tmp_path: Path) -> None:
    rows = decisions(small / "result")
    assert {(each["kind"], each["outcome"]) for each in rows} == {
        ("entry", "sent"), ("entry", "refused"), ("exit", "sent"),
    }  # fmt: skip
    for each in rows:
        captured(each["id"], tmp_path / f"{each['id']}.yaml", "--dry-run", small / "result")


def test_what_it_says(small: Path, tmp_path: Path) -> None:
    """The signal of 13:00:31 on a spread of 2.0 pips, one second after its quote; 10,000 of 13:00:20 are open."""
    refused = next(each for each in decisions(small / "result") if each.get("signal_id") == "s1")
    text = captured(refused["id"], tmp_path / "one.yaml", "--dry-run", small / "result")
    assert 'start: "2026-01-07T13:00:30Z"' in text
    assert "balance: 500000\n" in text
    assert "side: long, units: 10000, price: 156.904, age: 10s, strategy: TrendMA, pocket: macro" in text
    assert "{instrument: USD_JPY, at: [0s], bid: [156.93], ask: [156.95], bid_size: [1000000]" in text
    assert "{at: 1s, id: s1, instrument: USD_JPY, strategy: M1Scalper, side: long, size: 1000}" in text
    assert "{at: 1s, outcome: refusal, instrument: USD_JPY, intent: entry, rule: spread, code: RE570" in text
    assert "measured: 2pips, limit: 1.2pips" in text


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("units: 5000,", "units: 5001,"),
        ("rule: take", "rule: spread"),
        ("156.96]", "156.95]"),
        ("age: 10s", "age: -1s"),
    ],
)
def test_a_captured_scenario_can_fail(small: Path, tmp_path: Path, was: str, now: str) -> None:
    exit_ = next(each for each in decisions(small / "result") if each["kind"] == "exit")
    file = tmp_path / "one.yaml"
    text = captured(exit_["id"], file, "--dry-run", small / "result")
    assert was in text
    file.write_text(text.replace(was, now), encoding="utf-8")
    assert ask("test", file).code == 1


def test_what_only_the_engine_knew_stands_beside_it(small: Path, tmp_path: Path) -> None:
    """The second entry comes after half of the first trade was closed: that it was done is nowhere but in the state."""
    sent = [each for each in decisions(small / "result") if each.get("signal_id") == "s2"]
    text = captured(sent[0]["id"], tmp_path / "one.yaml", "--dry-run", small / "result")
    assert "kept: one.state.json" in text
    assert (tmp_path / "one.state.json").is_file()
    (tmp_path / "one.state.json").write_text('{"version": 1, "holdings": 5}', encoding="utf-8")
    found = ask("test", tmp_path / "one.yaml")
    assert found.code == 1
    assert "RE215" in found.out
    assert "no state of an engine" in found.out
    (tmp_path / "one.state.json").unlink()
    assert "no state of an engine" in ask("test", tmp_path / "one.yaml").out


def test_wrong_use(small: Path, tmp_path: Path) -> None:
    first = decisions(small / "result")[0]["id"]
    assert ask("test", "--from-decision", "nothing", "--dry-run", small / "result").code == 2
    assert ask("test", "--from-decision", "qr-", "--dry-run", small / "result").code == 2
    (tmp_path / "there.yaml").write_text("mine", encoding="utf-8")
    found = ask("test", "--from-decision", first, "--dry-run", small / "result", "--out", tmp_path / "there.yaml")
    assert (found.code, (tmp_path / "there.yaml").read_text(encoding="utf-8")) == (2, "mine")
    assert ask("test", tmp_path, "--from-decision", first, "--dry-run", small / "result").code == 2


# --- a longer run ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hedged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The FX policy with its account at the edge of its margin, over twenty minutes of a price that goes up and down by
    a fixed rule: hedges, exits by age and gain, entries, refusals."""
    folder = tmp_path_factory.mktemp("hedged")
    shutil.copytree(POLICIES / "fx_hedge", folder / "p", ignore=shutil.ignore_patterns("scenarios", "data"))
    account = folder / "p" / "fx-hedge.account.yaml"
    text = account.read_text(encoding="utf-8").replace("500_000JPY", "265_000JPY")
    text = text.replace("latency: 80ms", "latency: 0s").replace("jitter: 40ms", "jitter: 0s")
    account.write_text(text.replace("{model: ticks, ticks: 1}", "{model: none}"), encoding="utf-8")
    rows, state, middle = [], 7, 157_000
    for second in range(1_200):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        middle += (state >> 16) % 19 - 9
        rows.append(f"{(BEGIN + second) * 10**9},{(middle - 4) / 1000:.3f},{(middle + 4) / 1000:.3f},1000000,1000000")
    (folder / "q.csv").write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *rows]) + "\n", encoding="utf-8")
    tags = ["M1Scalper-trend-long", "TrendMA-bull", "Donchian55-breakout-up", "BB_RSI-long"]
    signals = [
        {"id": f"s{n}", "time": f"2026-01-07T13:{n // 60:02d}:{n % 60:02d}Z", "instrument": "USD_JPY",
         "strategy": tags[n % 4], "side": "long" if n % 2 else "short", "size": 1000 + n}
        for n in range(30, 1_200, 97)
    ]  # fmt: skip
    (folder / "s.jsonl").write_text("".join(json.dumps(each) + "\n" for each in signals), encoding="utf-8")
    found = ask(
        "import", folder / "q.csv", "--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "test",
        "--out", folder / "q",
    )  # fmt: skip
    assert found.code == 0, found.err
    found = ask(
        "dry-run", "--policy", folder / "p" / "fx-hedge.policy.yaml", "--data", folder / "q",
        "--signals", folder / "s.jsonl", "--out", folder / "result",
    )  # fmt: skip
    assert found.code == 0, found.err
    return folder


def test_every_kind_of_decision_of_the_fx_policy(hedged: Path, tmp_path: Path) -> None:
    """One of each rule, outcome and code."""
    seen: dict[tuple[str, ...], int] = {}
    for each in decisions(hedged / "result"):
        kind = (each["kind"], each["rule"], each["outcome"], each.get("code", ""))
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] == 1:
            captured(each["id"], tmp_path / f"{each['id']}.yaml", "--dry-run", hedged / "result")
    assert {kind[0] for kind in seen} >= {"entry", "exit", "hedge_reduce"}
    assert {kind[2] for kind in seen} >= {"sent", "refused"}


def test_from_a_journal(small: Path, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    found = ask(
        "run", "--policy", small / "small.policy.yaml", "--data", small / "quotes", "--speed", "max",
        "--signals", small / "signals.jsonl", "--journal", journal,
    )  # fmt: skip
    assert found.code == 0, found.err
    told = json.loads(ask("why", "--at", "2026-01-07T13:00", "--from", journal, "--format", "json").out)
    assert told
    for number, each in enumerate(told):
        text = captured(each["id"], tmp_path / f"{number}.yaml", "--journal", journal)
        assert re.search(r"rule: (take|buy-dip|spread|from-signals)", text)


# --- limits of the gate, orders' prices ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two signals with stop and target: one of 1,000, and one of 100,001 where the gate takes 100,000 at most."""
    folder = tmp_path_factory.mktemp("gated")
    write_world(folder)
    policy, account = folder / "small.policy.yaml", folder / "small.account.yaml"
    text = policy.read_text(encoding="utf-8").replace("<= 30%", "<= 500%")
    wish = "when: signal.age <= 30s"
    assert wish in text
    policy.write_text(text.replace(wish, f"{wish}, stop: signal.stop, target: signal.target"), encoding="utf-8")
    account.write_text(account.read_text(encoding="utf-8").replace("500_000JPY", "5_000_000JPY"), encoding="utf-8")
    rows = [
        {"id": f"g{n}", "time": f"2026-01-07T13:00:{41 + n}Z", "instrument": "USD_JPY", "strategy": "M1Scalper",
         "side": "long", "size": size, "stop": 156.5, "target": 157.4}
        for n, size in enumerate((1_000, 100_001))
    ]  # fmt: skip
    (folder / "signals.jsonl").write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    found = ask(
        "dry-run", "--policy", policy, "--data", folder / "quotes", "--signals", folder / "signals.jsonl",
        "--out", folder / "result",
    )  # fmt: skip
    assert found.code == 0, found.err
    return folder


def test_a_refusal_by_the_gate(gated: Path, tmp_path: Path) -> None:
    (refused,) = [each for each in decisions(gated / "result") if each.get("signal_id") == "g1"]
    file = tmp_path / "one.yaml"
    text = captured(refused["id"], file, "--dry-run", gated / "result")
    assert f"rule: limits.max_order_units, code: {refused['code']}" in text
    assert "measured: 100_001units, limit: 100_000units" in text
    for was, now in (("100_000units", "100_002units"), (refused["code"], "RE570"), ("max_order_u", "max_position_u")):
        file.write_text(text.replace(was, now), encoding="utf-8")
        assert ask("test", file).code == 1, (was, now)


def test_stop_target_and_trade_of_an_order(gated: Path, tmp_path: Path) -> None:
    rows = decisions(gated / "result")
    (sent,) = [each for each in rows if each.get("signal_id") == "g0"]
    file = tmp_path / "one.yaml"
    text = captured(sent["id"], file, "--dry-run", gated / "result")
    assert re.search(r"outcome: order, .*, stop: 156\.5(00)?, target: 157\.4(00)?", text)
    *head, expected = text.rstrip().split("\n")
    for was, now in (("stop: 156.5", "stop: 156.4"), ("target: 157.4", "target: 157.3")):
        changed = expected.replace(was, now)
        assert changed != expected
        file.write_text("\n".join([*head, changed, ""]), encoding="utf-8")
        assert ask("test", file).code == 1, (was, now)
    exit_ = next(each for each in rows if each["kind"] == "exit")
    text = captured(exit_["id"], tmp_path / "two.yaml", "--dry-run", gated / "result")
    assert f'trade: "{exit_["trade_id"]}"' in text.split("expect:")[1]


def test_a_journal_of_two_sessions(small: Path, tmp_path: Path) -> None:
    """Both begin at the first quote of the recording, so that no time tells them apart; the second one has parameters
    of its own, under which nothing is bought on the dip."""
    journal = tmp_path / "journal"
    run = ("run", "--policy", small / "small.policy.yaml", "--data", small / "quotes", "--speed", "max",
           "--signals", small / "signals.jsonl", "--journal", journal)  # fmt: skip
    assert ask(*run).code == 0
    first = {each["id"] for each in told(journal)}
    found = ask(*run, "--set", "dip=150")
    assert found.code == 0, found.err
    both = {each["id"]: each for each in told(journal)}
    assert first < set(both)
    for number, (made, each) in enumerate(both.items()):
        text = captured(made, tmp_path / f"{number}.yaml", "--journal", journal)
        assert ('parameters: {dip: "150"}' in text) is (made not in first), each


def told(journal: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        ask("why", "--at", "2026-01-07T13:00", "--from", journal, "--format", "json").out
    )
    return found


def test_what_the_venue_said_meanwhile(tmp_path: Path) -> None:
    """An order of 13:00:20 is filled 500 ms later at 156.904, to be sold at 156.896: 0.8 pips lost at once, which is
    what brings about its exit. Neither the market nor the state from before it says that it is filled."""
    write_world(tmp_path)
    policy, account = tmp_path / "small.policy.yaml", tmp_path / "small.account.yaml"
    text = policy.read_text(encoding="utf-8")
    when = "trade.pnl_pips >= 5pips and trade.age >= 10s"
    assert when in text
    policy.write_text(text.replace(when, "trade.pnl_pips <= -0.5pips"), encoding="utf-8")
    account.write_text(account.read_text(encoding="utf-8").replace("latency: 0s", "latency: 500ms"), encoding="utf-8")
    found = ask("dry-run", "--policy", policy, "--data", tmp_path / "quotes", "--out", tmp_path / "result")
    assert found.code == 0, found.err
    entry, exit_ = decisions(tmp_path / "result")[:2]
    assert (entry["kind"], exit_["kind"], exit_["ts"] - entry["ts"]) == ("entry", "exit", 500_000_000)
    file = tmp_path / "scenario" / "one.yaml"
    text = captured(exit_["id"], file, "--dry-run", tmp_path / "result")
    assert "kept: one.state.json" in text
    state = json.loads(file.with_name("one.state.json").read_text(encoding="utf-8"))
    fills = [each for each in state["heard"] if each["type"] == "fill"]
    assert [each["price"] for each in fills] == ["156.904"]
    for changed in ([], [{**each, "price": "156.900"} for each in state["heard"] if each["type"] == "fill"]):
        file.with_name("one.state.json").write_text(json.dumps({**state, "heard": changed}), encoding="utf-8")
        assert ask("test", file).code == 1
    file.with_name("one.state.json").write_text(json.dumps({**state, "heard": [{"type": "fill"}]}), encoding="utf-8")
    found = ask("test", file)
    assert found.code == 1
    assert "no state of an engine" in found.out


# --- the notation ----------------------------------------------------------------------------------------------------


def read(texts: list[str]) -> list[float | None]:
    document, _ = load_bytes(b"a: 1\n", "cells.yaml")
    assert document is not None
    values = expand([Cell(text, document.root.entries[0].value) for text in texts])  # type: ignore[union-attr, arg-type]
    return [None if value is None else float(value) for value in values]


@given(st.lists(st.one_of(st.none(), st.integers(0, 40).map(lambda n: n / 100 + 150)), max_size=60))
def test_columns_in_short_are_the_columns(values: list[float | None]) -> None:
    assert read(cells(values)) == values


def test_columns_are_short() -> None:
    assert cells([157.0] * 500 + [157.0 + n / 100 for n in range(1, 31)]) == ["157 x 500", "157.01 + 0.01 x 30"]
