"""What `doctor` finds at OANDA."""

from __future__ import annotations

import httpx

from ruleengine.ports.venue import Finding
from tests.adapters.oanda.payloads import ACCOUNT, FakeOanda, account_row, ok
from tests.adapters.oanda.playing import BUSY, Run, fake_oanda, played


def findings(fake: FakeOanda) -> list[Finding]:
    found: list[Finding] = []

    async def work(run: Run) -> None:
        found.extend(await run.venue.check())

    played(fake, work)
    return found


def test_doctor_finds_an_account_in_order() -> None:
    fake = fake_oanda(hedgingEnabled=True)
    date = {"date": "Thu, 01 Jan 2026 00:00:00 GMT"}  # where `ManualClock` stands
    fake.on("GET !/accounts", httpx.Response(200, json={"accounts": [{"id": ACCOUNT}]}, headers=date))
    found = findings(fake)
    assert {(each.subject, each.state) for each in found} == {
        (name, "ok") for name in ("token", "clock", "account", "margin", "book", "rates")
    }
    assert "hedging, in USD" in next(each.found for each in found if each.subject == "account")


def test_doctor_finds_what_is_wrong() -> None:
    fake = fake_oanda(marginCloseoutPercent="0.75")
    listing = ok(accounts=[{"id": ACCOUNT}])
    late = httpx.Response(
        200, json={"accounts": [{"id": "1-1-1-1"}]}, headers={"date": "Thu, 01 Jan 2026 00:00:09 GMT"}
    )
    fake.on("GET !/accounts", listing, late)
    found = {each.subject: each for each in findings(fake)}
    assert (found["token"].state, found["clock"].state, found["margin"].state) == ("failed", "failed", "warning")
    assert "9.0 s behind" in found["clock"].found
    assert all(each.remedy for each in found.values() if each.state != "ok")


def test_doctor_at_a_busy_venue() -> None:
    fake = fake_oanda()
    fake.on("GET !/accounts", ok(accounts=[{"id": ACCOUNT}]), BUSY)
    (found,) = findings(fake)
    assert (found.subject, found.state, found.remedy) == ("rates", "failed", "see what else runs here")


def test_doctor_without_a_date_and_with_a_refusal() -> None:
    fake = fake_oanda()
    fake.on("GET !/accounts", ok(accounts=[{"id": ACCOUNT}]), ok(401, errorMessage="Insufficient authorization"))
    fake.on("GET /summary", ok(account=account_row(), lastTransactionID="100"), ok(403, errorMessage="Forbidden"))
    found = {each.subject: each for each in findings(fake)}
    assert (found["token"].state, found["clock"].state, found["account"].state) == ("failed", "warning", "failed")
