"""Money without trades, the dead-man switch, and what `doctor` says."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.okx.api import Api
from adapters.okx.bills import Bills
from adapters.okx.checks import check
from adapters.okx.deadman import DeadMan
from adapters.okx.hosts import hosts
from adapters.okx.hours import Hours
from ruleengine.model.event import CashChange
from ruleengine.ports.venue import Finding
from tests.adapters.okx.scripted import BEGIN_NS, BTC, KEYS, Script, bill, ok
from tests.adapters.okx.test_account import balance


def test_funding_and_transfers_are_money_and_trades_are_not() -> None:
    """§5, §9: funding is type 8; trades (2), liquidations (5) and ADL (9) are told by their fills, but for what goes to
    the insurance fund (111) or comes from it (110)."""
    rows = [
        bill(6, "1", "-50", instId=""), bill(5, "8", "0.7"), bill(4, "5", "-9"), bill(3, "2", "-1"),
        bill(2, "8", "-1.5"),
    ]  # fmt: skip
    script = Script().on("/account/bills", ok(bill(1, "8", "3")), ok(*rows, bill(1, "8", "3")), ok(*rows))

    async def play() -> list[list[CashChange]]:
        api = script.api()
        bills = Bills(api)
        await bills.begin()
        found = [await bills.news(), await bills.news()]
        await api.close()
        return found

    first, second = asyncio.run(play())
    assert [(one.amount, one.reason, one.instrument) for one in first] == [
        (Decimal("-1.5"), "funding", BTC), (Decimal("0.7"), "funding", BTC), (Decimal(-50), "withdrawal", ""),
    ]  # fmt: skip
    assert first[0].ts_event == 1_772_600_000_002 * 1_000_000
    assert second == []


def test_looks_whose_answers_overtake_each_other_tell_a_change_once() -> None:
    """The timer looks, and while it waits a push says that money came. The first answer comes last: it must not begin
    the ledger again."""
    first, second, third = bill(1, "8", "3"), bill(2, "8", "-1.5"), bill(3, "8", "0.7")
    script = Script().on("/account/bills", ok(first), ok(second, first), ok(third, second, first))

    async def late(request: httpx.Request) -> httpx.Response:
        answer = script(request)
        for _ in range(50 if len(script.heard) == 2 else 0):
            await asyncio.sleep(0)
        return answer

    async def play() -> list[Decimal]:
        api = Api(hosts("practice"), KEYS, script.clock, httpx.MockTransport(late))
        bills = Bills(api)
        await bills.begin()
        looks = list(await asyncio.gather(bills.news(), bills.news()))
        looks.append(await bills.news())
        await api.close()
        return [change.amount for changes in looks for change in changes]

    assert asyncio.run(play()) == [Decimal("-1.5"), Decimal("0.7")]


def test_more_bills_than_a_page_are_all_found() -> None:
    """Newest first, `after` asks for older ones (trap 11)."""
    pages = [[bill(n, "8", "1") for n in range(hundred, hundred - 100, -1)] for hundred in (350, 250, 150)]
    script = Script().on("/account/bills", ok(bill(100, "8", "1")), *(ok(*page) for page in pages))

    async def play() -> int:
        api = script.api()
        bills = Bills(api)
        await bills.begin()
        found = await bills.news()
        await api.close()
        return len(found)

    assert asyncio.run(play()) == 250
    afters = [request.url.params.get("after") for request in script.asked("/account/bills")]
    assert afters == [None, None, "251", "151"]


def test_the_dead_man_switch_is_armed_only_while_something_rests() -> None:
    """60 s, kept away while orders rest, taken off once when none does; for orders with our tag alone."""
    script = Script().on("/trade/cancel-all-after", ok({"triggerTime": "1"}))

    async def play() -> None:
        api = script.api()
        switch = DeadMan(api, 60)
        for rests in (False, True, True, False, False):
            await switch.refresh(rests=rests)
        off = DeadMan(api, 0)
        await off.refresh(rests=True)
        await api.close()

    asyncio.run(play())
    bodies = script.bodies("/trade/cancel-all-after")
    assert [(body["timeOut"], body["tag"]) for body in bodies] == [(time, "ruleengine") for time in ("60", "60", "0")]


def test_a_switch_that_did_not_answer_is_taken_for_armed() -> None:
    script = Script().on("/trade/cancel-all-after", httpx.ReadTimeout("late"))

    async def play() -> None:
        api = script.api()
        switch = DeadMan(api, 60)
        await switch.refresh(rests=True)
        assert switch.is_armed
        await switch.refresh(rests=False)
        assert switch.is_armed  # its disarming was not heard either: it is told again
        await api.close()

    asyncio.run(play())


CONFIG = {"uid": "446", "acctLv": "2", "posMode": "net_mode", "perm": "read_only,trade", "ip": "203.0.113.7"}


def findings(script: Script, config: Any = None) -> dict[str, Finding]:
    script.on("/account/config", config if config is not None else ok(CONFIG)).on("/account/balance", ok(balance()))
    script.on("/trade/account-rate-limit", ok({"accRateLimit": "1000"}))

    async def play() -> dict[str, Finding]:
        api = script.api()
        found = await check(api, "cross", Hours(is_demo=True))
        await api.close()
        return {one.subject: one for one in found}

    return asyncio.run(play())


def test_all_is_well() -> None:
    found = findings(Script())
    assert {subject: one.state for subject, one in found.items()} == dict.fromkeys(
        (
            "clock", "key", "permissions", "addresses", "account mode", "position mode", "balance", "rate budget",
            "venue",
        ), "ok",
    )  # fmt: skip
    assert "446, demo" in found["key"].found
    assert "net_mode" in found["position mode"].found


@pytest.mark.parametrize(
    ("subject", "state", "changed"),
    [
        ("permissions", "failed", {"perm": "read_only"}),
        ("permissions", "warning", {"perm": "read_only,withdraw,trade"}),
        ("addresses", "warning", {"ip": ""}),
        ("account mode", "failed", {"acctLv": "1"}),
    ],
)
def test_what_is_not_well_comes_with_a_remedy(subject: str, state: str, changed: dict[str, str]) -> None:
    found = findings(Script(), ok(CONFIG | changed))[subject]
    assert found.state == state
    assert found.remedy


@pytest.mark.parametrize(("ahead_s", "state"), [(1, "ok"), (5, "warning"), (40, "failed")])
def test_a_clock_that_differs(ahead_s: int, state: str) -> None:
    """Signatures live ±30 s (50102); beyond 2 s entries are not safe."""
    script = Script().on("/public/time", ok({"ts": str(BEGIN_NS // 1_000_000 + ahead_s * 1_000)}))
    found = findings(script)["clock"]
    assert found.state == state
    assert f"{ahead_s}.0 s behind the venue" in found.found


def test_a_demo_key_on_the_wrong_environment_is_told_and_the_rest_still_looked_at() -> None:
    """50101."""
    found = findings(Script(), httpx.Response(401, json={"code": "50101", "msg": "APIKey does not match"}))
    assert found["key"].state == "failed"
    assert "practice" in found["key"].remedy
    assert found["venue"].state == "ok"
    assert "permissions" not in found


def test_maintenance_is_told() -> None:
    script = Script().on("/system/status", ok({"title": "upgrade", "state": "ongoing"}))
    assert findings(script)["venue"].state == "warning"
