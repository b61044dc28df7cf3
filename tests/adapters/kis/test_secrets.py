"""Nothing secret in logs, errors or reprs, whatever fails."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.kis.hosts import hosts_of
from adapters.kis.notices import Keys as NoticeKeys
from ruleengine.ports.venue import VenueError
from tests.adapters.kis.servers import Desk, desk
from tests.adapters.kis.stand import Stand, access


def test_a_day_with_everything_that_fails_writes_no_secret(tmp_path: Path, logged: io.StringIO) -> None:
    async def course() -> list[str]:
        async with desk(tmp_path) as on:
            await on.open()
            await on.price(71_900, 72_000)
            await on.follow()
            for kind in ("lose_reply", "lose_request", "status"):
                await on.control("fault", kind=kind, path="/uapi")
                await on.send("buy", 1, name=f"o-{kind}")
                await on.until(lambda: bool(on.heard), "something")
            await on.control("fault", kind="drop_streams")
            await on.control("token")
            await on.until(lambda: bool(on.statuses("o-status")), "the last order")
            return secrets_of(on, tmp_path)

    secrets = asyncio.run(course())
    assert len(secrets) == 3
    for secret in secrets:
        assert secret not in logged.getvalue()
    assert "connect" in logged.getvalue()  # it did write


def secrets_of(on: Desk, folder: Path) -> list[str]:
    venue = on.venue
    assert venue is not None
    keys = venue._setup.access.secrets
    token = next(folder.glob("kis-*.json")).read_text("utf-8").split('"token": "')[1].split('"')[0]
    return [keys["appkey"].get_secret_value(), keys["appsecret"].get_secret_value(), token]


def test_reprs_and_errors_hold_none() -> None:
    async def course() -> str:
        stand = Stand()
        stand.answers["tokenP"] = [(403, {"error_code": "EGW00105", "error_description": "…"})]
        with pytest.raises(VenueError) as caught:
            await stand.accounts.balance()
        shown = [caught.value, stand.client, stand.client.transport, stand.client.tokens, stand.access]
        return " ".join(f"{each} {each!r}" for each in shown)

    text = asyncio.run(course()) + repr(NoticeKeys.of("k" * 32, "i" * 16)) + repr(hosts_of(access()))
    assert "0123456789" not in text
    assert "kkk" not in text
    assert "0123456789" in str(SecretStr("test-appkey-0123456789").get_secret_value())
