"""A run at a venue that announces maintenance: nothing is opened, and a dry run of its journal refuses the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.okx.simulator import Venue, settings
from adapters.simulation.server import Served
from tests.cli.asking import ask
from tests.cli.venue_desk import OKX, POLICY, Desk

PAPER = """\
apiVersion: ruleengine/v1
kind: Account
name: rounds-paper
currency: USDT
balance: 10_000USDT
mode: netting
"""


def refused(answer: dict[str, Any]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """(outcomes, refusals by code), each with how many."""
    outcomes = [(row["outcome"], row["n"]) for row in answer["decisions"]]
    return outcomes, [(row["code"], row["n"]) for row in answer["refusals"]]


def test_a_maintenance_keeps_openings_back_live_and_in_a_dry_run_of_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RULEENGINE_NOTIFY", raising=False)
    for name, value in OKX.secrets.items():
        monkeypatch.setenv(name, value)
    text = POLICY.format(currency=OKX.currency, instrument=OKX.instrument, size=OKX.written)
    (tmp_path / "rounds.policy.yaml").write_text(text, encoding="utf-8")
    with Served(Venue(1, settings.read({})).app()) as served:
        body = {"title": "Upgrade", "state": "ongoing"}
        assert httpx.post(f"{served.address}/_control/maintenance", json=body, trust_env=False).status_code == 200
        desk = Desk(OKX, tmp_path, served.address)
        live = desk.run(lambda: len(desk.rows("check")) > 0)
        assert desk.venue()["orders"] == []
    (outcome, count), (code, _) = refused(live)[0][0], refused(live)[1][0]
    assert (len(live["decisions"]), outcome, code) == (1, "refused", "RE543")
    assert count > 0
    (folder,) = (tmp_path / ".ruleengine").glob("okx-*")
    (tmp_path / "rounds.account.yaml").write_text(PAPER, encoding="utf-8")
    found = ask("dry-run", "--policy", "rounds.policy.yaml", "--data", str(folder), "--format", "json")
    assert found.code == 0, found.err
    assert refused(json.loads(found.out)) == refused(live)
