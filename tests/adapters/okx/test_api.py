"""The envelope, the two layers of codes, the venue's clock and the end of an order's life."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from adapters.okx.api import Api, Said
from adapters.okx.errors import Meaning, meaning, refusal
from adapters.okx.limits import Limits
from adapters.wire.budget import Urgency
from adapters.wire.clock import ManualClock
from adapters.wire.outcome import NotSent, Unknown
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.scripted import BEGIN_NS, Script, ok, row_of

NOW_MS = BEGIN_NS // 1_000_000
ORDER = "/api/v5/trade/order"


def post(script: Script, **body: str) -> Any:
    async def play() -> Any:
        api = script.api()
        try:
            return await api.post(ORDER, body, urgency=Urgency.ENTRY)
        finally:
            await api.close()

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (ok(row_of("0")), "0", ""),
        (ok(row_of("51008", "Insufficient margin"), code="0"), "51008", "Insufficient margin"),
        (ok(row_of("51121", "lot size"), code="1", msg="All operations failed"), "51121", "lot size"),
        (ok(code="51023", msg="no position"), "51023", "no position"),
        (httpx.Response(429, json={"code": "50011", "msg": ""}), "50011", ""),
        (httpx.Response(400, json={"code": "50004", "data": [], "msg": "timeout"}), "50004", "timeout"),
    ],
)
def test_the_rows_code_comes_before_the_whole_ones(answer: httpx.Response, code: str, message: str) -> None:
    """Traps 2 and 18: an order can fail under code 0, its reason is in the row under code 1, `data` can be missing and
    an empty `msg` means nothing."""
    said = post(Script().on("/trade/order", answer))
    assert isinstance(said, Said)
    assert (said.code, said.message) == (code, message)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(503, json={"code": "50001", "data": [], "msg": "busy"}), Unknown),
        (httpx.Response(200, content=b"<html>"), Unknown),
        (httpx.Response(200, json=[1]), Unknown),
        (httpx.ReadTimeout("late"), Unknown),
        (httpx.RemoteProtocolError("gone"), Unknown),
        (httpx.ConnectError("refused"), NotSent),
    ],
)
def test_what_proves_nothing_is_unknown(answer: Any, kind: type) -> None:
    script = Script().on("/trade/order", answer)
    assert isinstance(post(script), kind)
    assert len(script.heard) == 1  # never tried again by the wire


def test_a_refused_time_is_mended_once_and_the_read_repeated() -> None:
    """50102: the venue's clock is 40 s ahead of ours."""
    refused = httpx.Response(401, json={"msg": "Timestamp request expired", "code": "50102"})
    script = Script().on("/account/config", refused, ok({"uid": "7"}))
    script.on("/public/time", ok({"ts": str(NOW_MS + 40_000)}))

    async def play() -> None:
        api = script.api()
        assert await api.get("/api/v5/account/config") == [{"uid": "7"}]
        assert api.skew_s == pytest.approx(-40, abs=0.01)
        await api.close()

    asyncio.run(play())
    stamps = [request.headers["ok-access-timestamp"] for request in script.asked("/account/config")]
    assert stamps == ["2026-03-04T05:06:07.123Z", "2026-03-04T05:06:47.123Z"]


def test_the_venues_least_time_is_never_ahead_of_it() -> None:
    """The question took 6 s to get there, the answer none: the middle is 3 s ahead of the venue, and what goes by it
    would take a request for dead that still can arrive."""
    script = Script()

    def slow(_: httpx.Request) -> httpx.Response:
        script.clock._move(6)
        return ok({"ts": str(script.clock.now_ns() // 1_000_000)})

    script.on("/public/time", slow)

    async def play() -> None:
        api = script.api()
        assert api.venue_least_ms == NOW_MS  # not measured yet: ours
        await api.sync()
        script.clock._move(1)
        assert api.venue_ms == NOW_MS + 7_000 + 3_000
        assert api.venue_least_ms == NOW_MS + 7_000
        await api.close()

    asyncio.run(play())


def test_a_venue_that_states_no_time_is_refused_in_words() -> None:
    async def play() -> None:
        api = Script().on("/public/time", ok()).api()
        try:
            await api.sync()
        finally:
            await api.close()

    with pytest.raises(VenueError, match="does not state its time"):
        asyncio.run(play())


def test_the_venues_time_does_not_jump_with_our_wall() -> None:
    script = Script(ManualClock(BEGIN_NS))

    async def play() -> None:
        api = script.api()
        await api.sync()
        script.clock.jump_ns(-3_600 * 1_000_000_000)
        await script.clock.advance(2)
        assert api.venue_ms == NOW_MS + 2_000
        await api.close()

    asyncio.run(play())


def test_an_orders_end_is_counted_from_when_it_leaves_not_from_when_it_queued() -> None:
    """24 orders may leave at once (0.4 × 60), then 18 a second: the 25th waits 1/18 s and ends that much later."""
    script = Script(ManualClock(BEGIN_NS))

    async def play() -> None:
        api = script.api()
        calls = [
            asyncio.ensure_future(api.place(ORDER, {"clOrdId": f"a{i}"}, urgency=Urgency.EXIT, life_s=5.0))
            for i in range(25)
        ]
        await script.clock.advance(1)
        ends = [(await call)[1] for call in calls]
        assert ends == [NOW_MS + 5_000] * 24 + [NOW_MS + 5_000 + 55]  # 55.56 ms
        await api.close()

    asyncio.run(play())
    assert [request.headers["exptime"] for request in script.heard[-2:]] == [str(NOW_MS + 5_000), str(NOW_MS + 5_055)]


def test_no_two_seconds_hold_more_calls_than_the_venue_allows() -> None:
    """Fact sheet §6: 60 orders, §5: 5 readings of the configuration in 2 s."""

    async def play(method: str, path: str) -> int:
        clock = ManualClock()
        budget = Limits(clock).of(method, path)
        left: list[float] = []

        async def leave() -> None:
            await budget.take(Urgency.EXIT)
            left.append(clock.monotonic())

        calls = [asyncio.ensure_future(leave()) for _ in range(200)]
        await clock.advance(6)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        budget.close()
        return max(sum(1 for other in left if moment <= other < moment + 2) for moment in left)

    assert asyncio.run(play("POST", ORDER)) <= 60
    assert asyncio.run(play("GET", "/api/v5/account/config")) <= 5


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ("0", Meaning.DONE),
        ("50001 50004 50013 50026 51054 51149 51412", Meaning.UNKNOWN),
        ("50011 50061 50102 51030", Meaning.LATER),
        ("51016 50071 51065", Meaning.TAKEN),
        ("51400 51401 51402 51410 51603", Meaning.GONE),
        ("50036 50037 51008 51008_1001 51020 51023 51112 51169 51205 50101 50113 59102 99999", Meaning.REFUSED),
    ],
)
def test_what_codes_mean(codes: str, expected: Meaning) -> None:
    """Fact sheet §8."""
    assert {code: meaning(code) for code in codes.split()} == dict.fromkeys(codes.split(), expected)


def test_a_51000_about_the_client_id_may_be_a_duplicate() -> None:
    """§8: looked up instead of believed."""
    assert meaning("51000", "Parameter clOrdId error") is Meaning.TAKEN
    assert meaning("51000", "Parameter posSide error") is Meaning.REFUSED


def test_a_refusal_repeats_no_secret_and_says_whether_asking_again_helps() -> None:
    error = refusal("50105", "passphrase=hunter2 is wrong", "GET /x")
    assert "hunter2" not in str(error)
    assert error.is_final
    assert not refusal("50011", "", "GET /x").is_final


def test_find_tells_no_such_order_from_a_refusal() -> None:
    """51603 is an answer; 50114 is none."""
    script = Script().on("/trade/order", ok(code="51603", msg="Order does not exist"), ok(code="50114", msg="no"))

    async def play() -> None:
        api: Api = script.api()
        assert await api.find(ORDER, {"clOrdId": "a"}) is None
        with pytest.raises(VenueError, match="50114"):
            await api.find(ORDER, {"clOrdId": "a"})
        await api.close()

    asyncio.run(play())
