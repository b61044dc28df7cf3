"""`why`: the decisions of the small market as trees, and what stood in the way where nothing was decided."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.cli.asking import Answer, ask


def why(*arguments: object) -> Answer:
    return ask("why", *arguments, "--from", "result")


@pytest.fixture
def decisions(result: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (result / "decisions.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("number", range(5), ids=["bought", "one-is-open", "spread", "took-profit", "cut-to-size"])
def test_a_decision_as_a_tree(decisions: list[dict[str, Any]], number: int, snapshot: SnapshotAssertion) -> None:
    found = why(decisions[number]["id"])
    assert (found.code, found.err) == (0, "")
    assert found.out.replace(decisions[number]["id"], "ID") == snapshot


def test_the_first_blocker_and_the_smallest_change(decisions: list[dict[str, Any]]) -> None:
    """2.0 pips against 1.2."""
    lines = why(decisions[2]["id"]).out.splitlines()
    assert lines[-2] == "├ first blocker: spread RE570  spread <= 1.2pips: 2pips against 1.2pips"
    assert lines[-1] == "└ smallest change: spread would have to fall by 0.8pips, to 1.2pips"


def test_the_beginning_of_an_id_is_enough_where_it_is_one(decisions: list[dict[str, Any]]) -> None:
    whole = decisions[2]["id"]
    assert why(whole[:10]) == why(whole)
    several = why("qr-")
    assert several.code == 2
    assert "more than one decision or order `qr-`" in several.err
    none = why("zz")
    assert (none.code, none.out) == (2, "")
    assert "no decision or order `zz` in result" in none.err


def test_json_is_all_that_stands_on_stdout(decisions: list[dict[str, Any]]) -> None:
    found = json.loads(why(decisions[2]["id"], "--format", "json").out)
    assert found[0]["first_blocker"] == "spread"
    assert found[0]["verdicts"][0]["comparisons"][0]["distance"] == pytest.approx(-0.8)


@pytest.mark.parametrize(
    ("at", "ids"),
    [
        ("2026-01-07T13:00:31", [2]),
        ("2026-01-07 13:00:40Z", [3]),
        ("2026-01-07T22:00:51+09:00", [4]),
        ("2026-01-07T13:00", [0, 1, 2, 3, 4]),
        ("2026-01-07T22:00+09:00", [0, 1, 2, 3, 4]),
        ("2026-01-07T08:00-05:00", [0, 1, 2, 3, 4]),
        ("2026-01-07T13", [0, 1, 2, 3, 4]),
        ("20260107T1300Z", [0, 1, 2, 3, 4]),
        ("2026-01-07T13:00:20.000Z", [0, 1]),
        ("2026-01-07", [0, 1, 2, 3, 4]),
    ],
)
def test_what_was_decided_then(decisions: list[dict[str, Any]], at: str, ids: list[int]) -> None:
    """A day, an hour, a minute or a second, as it was written; other zones are understood."""
    found = json.loads(why("--at", at, "--format", "json").out)
    assert [each["id"] for each in found] == [decisions[number]["id"] for number in ids]


def test_why_nothing_happened(result: Path, snapshot: SnapshotAssertion) -> None:
    """At 13:00:42 the trade is 5.6 pips in profit, but its stage has filled; mid is 156.964, the dip 156.9."""
    found = why("--at", "2026-01-07T13:00:42")
    assert (found.code, found.err) == (0, "")
    assert found.out == snapshot


def test_the_distances_are_those_worked_by_hand(result: Path) -> None:
    """13:00:12: mid is (156.990 + 156.998) / 2 = 156.994, 0.094 above the dip. 13:00:35: bid 156.930 is 2.6 pips above
    the entry at 156.904, 2.4 below 5; the trade is 15 s old, by events, since 13:00:31 is the last one: 11 s."""
    found = json.loads(why("--at", "2026-01-07T13:00:12", "--format", "json").out)
    (dip,) = (each for each in found if each["rule"] == "buy-dip")
    assert dip["verdict"] is False
    assert dip["comparisons"][0]["left"] == pytest.approx(156.994)
    assert dip["comparisons"][0]["distance"] == pytest.approx(-0.094)
    assert dip["nearest"] == "mid would have to fall by 0.094, to 156.9"
    found = json.loads(why("--at", "2026-01-07T13:00:35", "--format", "json").out)
    (take,) = (each for each in found if each["rule"] == "take")
    pips, age = take["comparisons"]
    assert (pips["left"], pips["distance"]) == (pytest.approx(2.6), pytest.approx(-2.4))
    assert (age["left"], age["verdict"]) == (pytest.approx(11), True)
    assert take["nearest"] == "trade.pnl_pips would have to rise by 2.4pips, to 5pips"


def test_every_part_of_a_conjunction_has_to_change(world: Path) -> None:
    """With 15 s to wait, at 13:00:31 both the gain (2.6 of 5 pips) and the age (11 of 15 s) are too low."""
    text = (world / "small.policy.yaml").read_text(encoding="utf-8")
    (world / "small.policy.yaml").write_text(text.replace("trade.age >= 10s", "trade.age >= 15s"), encoding="utf-8")
    assert ask("dry-run", "--policy", "small.policy.yaml", "--data", "quotes", "--out", "result").code == 0
    found = json.loads(why("--at", "2026-01-07T13:00:31", "--format", "json").out)
    (take,) = (each for each in found if each["rule"] == "take")
    assert take["nearest"] == (
        "trade.pnl_pips would have to rise by 2.4pips, to 5pips, and trade.age would have to rise by 5s, to 15s"
    )


def test_an_instant_outside_of_the_run(result: Path) -> None:
    for at in ("2026-01-06", "2026-01-09T13:00"):
        found = why("--at", at)
        assert (found.code, found.out) == (2, "")
        assert "that run went from 2026-01-07 13:00:00.000Z to 2026-01-07 13:01:00.000Z" in found.err


def test_an_instrument_of_another_run(result: Path) -> None:
    found = why("--at", "2026-01-07T13:00:12", "--instrument", "USD_JPX")
    assert found.code == 2
    assert "did you mean USD_JPY?" in found.err
    assert why("--at", "2026-01-07T13:00:12", "--instrument", "USD_JPY").code == 0


def test_a_changed_policy_explains_another_run(result: Path, decisions: list[dict[str, Any]]) -> None:
    """What was recorded can still be told; what has to be run again can't."""
    before = why(decisions[2]["id"]).out
    policy = result.parent / "small.policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("default: 156.9", "default: 156.8"), encoding="utf-8")
    assert why(decisions[2]["id"]).out == before
    found = why("--at", "2026-01-07T13:00:12")
    assert (found.code, found.out) == (2, "")
    assert "small.policy.yaml has changed since that run" in found.err


def test_a_changed_account_changes_nothing(result: Path) -> None:
    """The run says itself on which account it ran."""
    before = why("--at", "2026-01-07T13:00:35")
    account = result.parent / "small.account.yaml"
    account.write_text(account.read_text(encoding="utf-8").replace("500_000", "900_000"), encoding="utf-8")
    assert why("--at", "2026-01-07T13:00:35") == before


def test_data_that_have_changed(result: Path) -> None:
    quotes = result.parent / "quotes.csv"
    quotes.write_text(quotes.read_text(encoding="utf-8").replace("156.990", "156.991"), encoding="utf-8")
    ask(
        "import", "quotes.csv", "--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "test",
        "--out", "quotes", "--force",
    )  # fmt: skip
    found = why("--at", "2026-01-07T13:00:12")
    assert found.code == 2
    assert "the data has changed since that run" in found.err


def test_no_run_to_explain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = ask("why", "x")
    assert (found.code, found.out) == (2, "")
    assert "no run to explain" in found.err
    found = ask("why", "x", "--from", "none")
    assert found.code == 2
    assert "RE705" in found.err
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    assert "is not what a dry run writes" in ask("why", "x", "--from", ".").err
