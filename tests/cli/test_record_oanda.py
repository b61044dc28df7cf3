"""`record` on the OANDA adapter against its simulator, over real sockets; and a dry run on what it wrote."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from adapters.oanda.simulator import simulator
from adapters.simulation.server import Served
from ruleengine.journal import JournalReader
from ruleengine.model.event import BarEvent, Book, Quote
from ruleengine.recordings import open_recording
from tests.cli.asking import POLICY, ask

TOKEN = "a-token-of-thirty-two-characters"


@pytest.fixture
def reached(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small world whose policy looks back, and a token in the environment."""
    reads_bars = POLICY.replace("require: spread <= 1.2pips", "require: 'mid >= sma(m1.close, 20) * 0.5'")
    (world / "small.policy.yaml").write_text(reads_bars, encoding="utf-8")
    monkeypatch.setenv("OANDA_TOKEN", TOKEN)
    monkeypatch.setenv("XDG_CACHE_HOME", str(world / "cache"))


def test_the_market_of_a_policy_is_recorded_with_its_past_and_a_dry_run_decides_on_it(
    reached: None, world: Path
) -> None:
    with Served(simulator.app(1, {"hedging": "true", "currency": "JPY"})) as served:
        listed = httpx.get(f"{served.address}/v3/accounts", headers={"Authorization": f"Bearer {TOKEN}"}).json()
        number = min(each["id"] for each in listed["accounts"])
        found = ask(
            "record", "--adapter", "oanda", "--address", served.address, "--account-id", number,
            "--policy", "small.policy.yaml", "--duration", "4s", "--out", "rec",
        )  # fmt: skip
        ledger = httpx.get(f"{served.address}/_control/ledger").json()
    assert found.code == 0, found.err
    assert TOKEN not in found.out + found.err
    assert not any(TOKEN in path.read_text(errors="replace") for path in world.rglob("*") if path.is_file())
    assert number in ledger["accounts"]
    assert not any(each["orders"] for each in ledger["accounts"].values()), "nothing was sent"

    recording = open_recording("rec")
    recording.verify()
    assert recording.live is not None
    past = list(recording.events(None, recording.live.from_ns))
    assert {type(each) for each in past} == {BarEvent}
    assert len(past) >= 21, "an average of twenty minutes, and the one that is open"
    live = list(recording.events(recording.live.from_ns))
    assert {type(each) for each in live} == {Quote, Book}
    pairs = [(first, second) for first, second in pairwise(live) if isinstance(first, Quote)]
    assert all(isinstance(second, Book) and second.ts == first.ts for first, second in pairs), "each as it was heard"

    dry = ask("dry-run", "--policy", "small.policy.yaml", "--data", "rec", "--out", "result", "--format", "json")
    assert dry.code == 0, dry.err
    decisions = [json.loads(line) for line in Path("result/decisions.jsonl").read_text().splitlines()]
    guards = [each for decision in decisions for each in decision["verdicts"] if each["rule"] == "spread"]
    assert decisions[0]["rule"] == "buy-dip", "USD/JPY begins near 152 there, below the policy's 156.9"
    assert {each["outcome"] for each in guards} == {"pass"}, "the average is known from the first quote on"


def test_the_journal_of_a_live_run_is_a_recording(reached: None, world: Path) -> None:
    """What was decided first, on the venue's prices alone, is decided again; after that each venue fills in its way."""
    account = (world / "small.account.yaml").read_text(encoding="utf-8")
    (world / "small.account.yaml").write_text(account.replace("latency: 0s", "ignore_sessions: true, latency: 0s"))
    with Served(simulator.app(1, {"hedging": "true", "currency": "JPY"})) as served:
        listed = httpx.get(f"{served.address}/v3/accounts", headers={"Authorization": f"Bearer {TOKEN}"}).json()
        live = ask(
            "run", "--adapter", "oanda", "--address", served.address, "--policy", "small.policy.yaml", "--account-id",
            min(each["id"] for each in listed["accounts"]), "--duration", "4s", "--journal", "journal",
        )  # fmt: skip
    assert live.code == 0, live.err
    dry = ask("dry-run", "--policy", "small.policy.yaml", "--data", "journal", "--out", "result")
    assert dry.code == 0, dry.err
    first = json.loads(Path("result/decisions.jsonl").read_text().splitlines()[0])
    with JournalReader(world / "journal" / "journal.sqlite") as reader:
        check = next(row.body for row in reader.rows(kinds=["check"]))
    parts = ("ts", "rule", "instrument", "side", "wanted", "outcome", "trigger")
    assert {part: first[part] for part in parts} == {part: check[part] for part in parts}
    assert first["outcome"] == "sent"
    assert {each["rule"]: each["outcome"] for each in first["verdicts"]}["spread"] == "pass", "the past is known, too"
