"""A run at a venue that ends with a position, whose stop fills while no engine runs: the next run counts it."""

from __future__ import annotations

import json
from decimal import Decimal

import httpx
import pytest

from tests.cli.asking import ask
from tests.cli.venue_desk import Desk


def with_stop(desk: Desk) -> None:
    """One entry, with a stop a hundredth below, and an exit that never comes."""
    policy = desk.folder / "rounds.policy.yaml"
    text = policy.read_text().replace("position.age > 2s", "position.age > 20d")
    text = text.replace("when: bid > 0", "when: bid > 0 and count(c for c in closed) == 0\n    stop: mid - mid * 99%")
    policy.write_text(text)


def fall(desk: Desk) -> None:
    """By two hundredths."""
    name = desk.place.instrument
    state = httpx.get(f"{desk.address}/_control/state", trust_env=False).json()["instruments"][name]
    body = {"instrument": name} | {
        side: str(round(Decimal(str(state[side])) * Decimal("0.98"), 1)) for side in ("bid", "ask")
    }
    assert httpx.post(f"{desk.address}/_control/price", json=body, trust_env=False).status_code == 200


def pay(desk: Desk, amount: str) -> None:
    account = desk.place.account_id or next(iter(desk.place.secrets.values()))
    body = {"account": account, "amount": amount}
    assert httpx.post(f"{desk.address}/_control/transfer", json=body, trust_env=False).status_code == 200


@pytest.mark.parametrize("desk", ["oanda", "okx"], indirect=True)
def test_a_stop_that_fills_between_two_runs_is_a_result_of_the_second(desk: Desk) -> None:
    with_stop(desk)
    first = desk.run(lambda: len(fills(desk)) == 1)
    balance = Decimal(str(first["figures"]["last"]["balance"]))
    fall(desk)
    pay(desk, "1000")
    second = desk.run(lambda: len(fills(desk)) == 2)
    (stopped,) = fills(desk)[1:]
    lost, fee = Decimal(stopped["realised"]), Decimal(stopped["fee"])
    assert lost < 0
    assert Decimal(str(second["figures"]["first"]["balance"])) == balance
    assert Decimal(str(second["figures"]["last"]["balance"])) == pytest.approx(balance + lost - fee + 1000)
    assert second["events"] >= 0, "what was told before the book is among the events that were taken"
    told = ask("report", "outcomes", str(desk.journal_folder), "--format", "json")
    assert told.code == 0, told.err
    outcome = json.loads(told.out)
    assert outcome["in_no_closed_trade"] == []
    assert (outcome["all"]["n"], outcome["all"]["result_sum"]) == (1, pytest.approx(float(lost) - fees(desk)))
    shown = ask("report", "exposure", str(desk.journal_folder), "--format", "json")
    assert shown.code == 0, shown.err
    at_end = json.loads(shown.out)
    assert (at_end["all"]["open_trades"], at_end["account"]["balance"]) == (0, second["figures"]["last"]["balance"])


def fills(desk: Desk) -> list[dict[str, str]]:
    return [row.body for row in desk.rows("event") if row.body["type"] == "fill"]


def fees(desk: Desk) -> float:
    return sum(float(each["fee"]) for each in fills(desk))
