"""Signatures against values of another tool (openssl dgst -sha256 -hmac secret), over the bytes that leave."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac

import httpx
import pytest
from pydantic import SecretStr

from adapters.okx.hosts import hosts
from adapters.okx.signing import Keys, headers, login
from adapters.wire.budget import Urgency
from adapters.wire.request import Request
from ruleengine.ports.venue import Access, VenueError
from tests.adapters.okx.scripted import BEGIN_NS, KEYS, Script, ok

SIGNED = Keys(SecretStr("k"), SecretStr("secret"), SecretStr("p"))
NOW_MS = BEGIN_NS // 1_000_000


def test_a_rest_call_signs_iso_time_method_path_with_query_and_body() -> None:
    """Trap 7."""
    got = headers(SIGNED, Request("GET", "/api/v5/account/positions?instType=SWAP"), NOW_MS)
    assert got["OK-ACCESS-TIMESTAMP"] == "2026-03-04T05:06:07.123Z"
    assert got["OK-ACCESS-SIGN"] == "7BtXrTrmE4W24TEPww9tKQYPnOVa42v8pZg9f3HkqCA="
    body = b'{"instId":"BTC-USDT-SWAP","sz":"1"}'
    posted = headers(SIGNED, Request("POST", "/api/v5/trade/order", body), NOW_MS)
    assert posted["OK-ACCESS-SIGN"] == "a4GjmqcH/h/5yz+NASABd4Xa8oPojCcsL7eEJNuDLl4="
    assert posted["OK-ACCESS-PASSPHRASE"] == "p"


def test_a_login_signs_seconds() -> None:
    got = login(SIGNED, NOW_MS)
    assert got["timestamp"] == "1772600767"
    assert got["sign"] == "b3MYgfbSH2ggrXRF7THtEd/ziIoImtjVs4oCIITvUYk="


def test_what_leaves_is_what_was_signed() -> None:
    """Trap 7: query and body are on the wire as they were signed, byte for byte."""
    script = Script()

    async def play() -> None:
        api = script.api()
        await api.get("/api/v5/account/bills", {"ccy": "USDT", "after": "1+2 3"})
        await api.post("/api/v5/trade/order", {"sz": "1", "note": "a/b"}, urgency=Urgency.ENTRY)
        await api.close()

    asyncio.run(play())
    for request in script.heard:
        text = request.headers["ok-access-timestamp"] + request.method + request.url.raw_path.decode()
        digest = hmac.new(b"the-secret", text.encode() + request.content, hashlib.sha256).digest()
        assert request.headers["ok-access-sign"] == base64.b64encode(digest).decode()


@pytest.mark.parametrize(("environment", "header"), [("practice", "1"), ("live", None)])
def test_a_demo_asks_for_itself_on_public_calls_too(environment: str, header: str | None) -> None:
    """Trap 8; and what is public carries no key."""
    script = Script().on("/market/ticker", ok({"last": "1"}))

    async def play() -> None:
        api = script.api(environment)
        await api.get("/api/v5/market/ticker", {"instId": "BTC-USDT-SWAP"})
        await api.post("/api/v5/trade/order", {}, urgency=Urgency.ENTRY)
        await api.close()

    asyncio.run(play())
    public, order = script.heard
    assert public.headers.get("x-simulated-trading") == header
    assert "ok-access-key" not in public.headers
    assert order.headers.get("x-simulated-trading") == header
    assert order.headers["content-type"] == "application/json"
    assert order.headers["ok-access-key"] == "the-key"


@pytest.mark.parametrize(
    ("environment", "region", "rest", "private"),
    [
        ("live", "global", "https://www.okx.com", "wss://ws.okx.com:8443/ws/v5/private"),
        ("practice", "global", "https://www.okx.com", "wss://wspap.okx.com:8443/ws/v5/private"),
        ("live", "eea", "https://eea.okx.com", "wss://wseea.okx.com:8443/ws/v5/private"),
        ("practice", "eea", "https://eea.okx.com", "wss://wseeapap.okx.com:8443/ws/v5/private"),
        ("live", "us", "https://us.okx.com", "wss://wsus.okx.com:8443/ws/v5/private"),
        ("practice", "us", "https://us.okx.com", "wss://wsuspap.okx.com:8443/ws/v5/private"),
    ],
)
def test_hosts_by_environment_and_region(environment: str, region: str, rest: str, private: str) -> None:
    """Fact sheet §1."""
    found = hosts(environment, region)
    assert (found.rest, found.private) == (rest, private)
    assert found.is_demo == (environment == "practice")


def test_an_unknown_region_and_keys_in_the_clear_are_refused() -> None:
    with pytest.raises(VenueError, match="`mars` is no region"):
        hosts("live", "mars")
    with pytest.raises(VenueError, match="in the clear"):
        hosts("live", address="http://example.com:80")


def test_a_missing_secret_is_named_and_none_is_shown() -> None:
    with pytest.raises(VenueError, match="needs the passphrase") as error:
        Keys.of(Access(secrets={"key": SecretStr("my-key"), "secret": SecretStr("my-secret")}))
    assert "OKX_PASSPHRASE" in error.value.remedy
    assert "my-" not in repr(KEYS) + repr(error.value) + str(error.value)


@pytest.mark.parametrize("text", ["pässphrase", "pass\nphrase", "phrase\n", " phrase"])
def test_a_secret_that_no_header_can_carry_is_refused_and_not_shown(text: str) -> None:
    """It would fail at the first call, in words that hold it or tell nothing."""
    secrets = {"key": SecretStr("my-key"), "secret": SecretStr("my-secret"), "passphrase": SecretStr(text)}
    with pytest.raises(VenueError, match="the passphrase of the API key has") as error:
        Keys.of(Access(secrets=secrets))
    assert error.value.is_final
    assert text not in str(error.value) + error.value.remedy


def test_a_demo_key_on_live_says_what_to_do() -> None:
    """50101 has no `data` and a status of 401."""
    script = Script().on("/account/config", httpx.Response(401, json={"code": "50101", "msg": "no match"}))

    async def play() -> None:
        api = script.api("live")
        try:
            await api.get("/api/v5/account/config")
        finally:
            await api.close()

    with pytest.raises(VenueError) as error:
        asyncio.run(play())
    assert (error.value.code, error.value.is_final) == ("50101", True)
    assert "demo key goes with practice" in error.value.remedy
