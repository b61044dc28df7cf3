"""Login, subscriptions and what comes over the websockets, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from adapters.okx import streams
from adapters.okx.settings import Settings, read
from adapters.okx.streams import Notice, OkxSession, Push
from adapters.wire.clock import SystemClock
from adapters.wire.conflate import Worth
from adapters.wire.decimals import BadPayload
from adapters.wire.socket import Down, Socket, Up
from ruleengine.ports.venue import VenueError
from tests.adapters.okx.scripted import BTC

ARGUMENTS = [{"channel": "orders", "instType": "SWAP"}, {"channel": "bbo-tbt", "instId": BTC}]


async def log_in() -> dict[str, str]:
    return {"apiKey": "k", "passphrase": "p", "timestamp": "1", "sign": "s"}


def play(
    handler: Callable[[ServerConnection], Awaitable[None]], count: int, session: OkxSession | None = None
) -> list[Any]:
    """The first things that come of a session, by default one with login and two channels."""

    async def guarded(connection: ServerConnection) -> None:
        try:
            await handler(connection)
            await connection.wait_closed()
        except ConnectionClosed:
            return

    async def run() -> list[Any]:
        async with serve(guarded, "127.0.0.1", 0, close_timeout=0.2) as server:
            url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ws/v5/private"
            begun = session or OkxSession(lambda: ARGUMENTS, log_in)
            async with (
                asyncio.timeout(5),
                Socket(url, begun, clock=SystemClock(), rng=random.Random(1), keep=streams.KEEP) as socket,
            ):
                return [(await socket.buffer.take()).data for _ in range(count)]

    return asyncio.run(run())


async def accept_login(connection: ServerConnection) -> None:
    assert json.loads(await connection.recv())["op"] == "login"
    await connection.send('{"event":"login","code":"0","msg":"","connId":"a4"}')


def test_nothing_is_taken_for_subscribed_before_each_argument_was_acknowledged() -> None:
    """§7, trap 10: login, then one acknowledgement an argument; a push in between waits for the session's begin."""

    async def handler(connection: ServerConnection) -> None:
        await accept_login(connection)
        asked = json.loads(await connection.recv())
        assert asked == {"op": "subscribe", "args": ARGUMENTS}
        await connection.send(json.dumps({"event": "subscribe", "arg": {**ARGUMENTS[0], "uid": "1"}, "connId": "a4"}))
        await connection.send(json.dumps({"arg": {**ARGUMENTS[0], "uid": "1"}, "data": [{"ordId": "7"}]}))
        await connection.send('{"event":"channel-conn-count","channel":"orders","connCount":"1","connId":"a4"}')
        await connection.send(json.dumps({"event": "subscribe", "arg": ARGUMENTS[1], "connId": "a4"}))

    assert play(handler, 2) == [Up(1), Push("orders", "", [{"ordId": "7"}])]


@pytest.mark.parametrize(
    ("answer", "code", "is_final"),
    [
        ('{"event":"error","code":"60009","msg":"Login failed."}', "60009", True),
        ('{"event":"error","code":"60006","msg":"Timestamp expired"}', "60006", False),
        ('{"event":"login","code":"60005","msg":"Invalid apiKey"}', "60005", True),
    ],
)
def test_a_refused_login_says_why(answer: str, code: str, is_final: bool) -> None:
    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(answer)

    (down,) = play(handler, 1)
    assert isinstance(down, Down)
    assert down.error is not None
    assert (down.error.code, down.error.is_final) == (code, is_final)


def test_a_refused_channel_ends_the_session() -> None:
    """60018 and its like: going on without a channel would be blind."""

    async def handler(connection: ServerConnection) -> None:
        await accept_login(connection)
        await connection.recv()
        await connection.send('{"event":"error","code":"60018","msg":"Wrong URL or channel"}')

    (down,) = play(handler, 1)
    assert down.error.code == "60018"


def test_an_instrument_that_is_gone_does_not_blind_the_others() -> None:
    """Delisted in the middle of a run, its channels are refused at the next connection: 60018 for each, which names
    none. What has no instrument is not done without."""
    subscribed: set[str] = set()
    gone = "GONE-USDT-SWAP"
    channels = [{"channel": channel, "instId": name} for name in (gone, BTC) for channel in ("bbo-tbt", "trades")]
    channels += [{"channel": "status"}]

    async def handler(connection: ServerConnection) -> None:
        while True:
            for one in json.loads(await connection.recv())["args"]:
                if one.get("instId") == gone:
                    await connection.send('{"event":"error","code":"60018","msg":"Wrong URL or channel"}')
                else:
                    subscribed.add(one["channel"] + one.get("instId", ""))
                    await connection.send(json.dumps({"event": "subscribe", "arg": one}))

    assert play(handler, 1, OkxSession(lambda: channels, None)) == [Up(1)]
    assert subscribed == {f"bbo-tbt{BTC}", f"trades{BTC}", "status"}
    (down,) = play(handler, 1, OkxSession(lambda: channels[:2], None))
    assert isinstance(down, Down)  # nothing is left to hear


def test_a_channel_that_the_venue_takes_back_ends_the_connection() -> None:
    """§7: of more than 30 connections one goes without, acknowledged all the same: it would be taken for a quiet
    account."""

    async def handler(connection: ServerConnection) -> None:
        await accept_login(connection)
        await connection.recv()
        for argument in ARGUMENTS:
            await connection.send(json.dumps({"event": "subscribe", "arg": argument, "connId": "a4"}))
        error = {"event": "channel-conn-count-error", "channel": "orders", "connCount": "31", "connId": "a4"}
        await connection.send(json.dumps(error))
        await connection.wait_closed()

    *_, down = play(handler, 2)
    assert isinstance(down, Down)
    assert "too many connections for channel orders" in down.reason


def test_pong_is_no_json_and_notices_are_told() -> None:
    """Trap 9; 64008 asks for a new connection."""
    session = OkxSession(list, None)
    assert list(session.read("pong")) == []
    (notice,) = session.read('{"event":"notice","code":"64008","msg":"upgrade","connId":"a4"}')
    assert notice.data == Notice("64008", "upgrade")
    assert notice.worth is Worth.KEPT
    assert streams.KEEP.text == "ping"
    assert streams.KEEP.protocol_ping_s is None
    assert streams.KEEP.text_after_s < streams.KEEP.silent_max_s < 30


def test_our_orders_are_kept_and_quotes_conflated_by_instrument() -> None:
    session = OkxSession(list, None)
    found = [
        next(iter(session.read(json.dumps({"arg": {"channel": channel, "instId": BTC}, "data": [{}]}))))
        for channel in ("orders", "orders-algo", "balance_and_position", "bbo-tbt", "trades", "candle1m")
    ]
    kept, latest, shed = Worth.KEPT, Worth.LATEST, Worth.SHED
    assert [item.worth for item in found] == [kept, kept, kept, latest, shed, kept]
    assert found[3].key == ("bbo-tbt", BTC)


@pytest.mark.parametrize("frame", ["[]", "<html>", '{"a": NaN}'])
def test_a_frame_that_cannot_be_read_is_told(frame: str) -> None:
    with pytest.raises(BadPayload):
        list(OkxSession(list, None).read(frame))


def test_channels_are_where_the_venue_has_them() -> None:
    """§7, trap 12: candles and stops on business, orders on private, the venue's state on public."""
    settings = Settings(bars="1m")
    assert {one["channel"] for one in streams.public_channels([BTC], settings)} == {
        "bbo-tbt", "trades", "mark-price", "funding-rate", "instruments", "status",
    }  # fmt: skip
    assert {one["channel"] for one in streams.private_channels()} == {"orders", "balance_and_position"}
    assert {one["channel"] for one in streams.business_channels([BTC], settings)} == {"orders-algo", "candle1m"}


def test_a_funding_is_money_and_a_fill_is_not() -> None:
    row: dict[str, Any] = {"eventType": "funding_fee", "balData": [{"ccy": "USDT", "cashBal": "1"}]}
    assert streams.tells_money(Push("balance_and_position", "", [row]))
    assert not streams.tells_money(Push("balance_and_position", "", [row | {"eventType": "filled"}]))
    assert not streams.tells_money(Push("orders", "", [row]))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"regoin": "eea"}, "no setting `regoin`"),
        ({"margin_mode": "net"}, "no margin mode"),
        ({"quotes": "books"}, "no channel of quotes"),
        ({"bars": "1D"}, "no length of bars"),
        ({"order_life_s": 0}, "order_life_s"),
        ({"order_life_s": "5s"}, "is no number"),
        ({"dead_man_s": 5}, "dead_man_s"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_a_remedy(given: dict[str, Any], says: str) -> None:
    with pytest.raises(VenueError, match=says) as error:
        read(given)
    assert error.value.remedy


@pytest.mark.parametrize("name", ["account", "balance_and_position", "orders", "positions"])
def test_the_venues_example_sessions_are_understood(payloads: Path, name: str) -> None:
    """Their `<` lines are answers, and what they end in is a push of the channel they subscribed to."""
    text = (payloads / "ws" / f"{name}.transcript.txt").read_text()
    lines, push = text.split("\n=", 1)
    session = OkxSession(list, None)
    answers = [item for line in lines.splitlines() if line.startswith("<") for item in session.read(line[1:].strip())]
    assert [item.kind for item in answers] == ["answer", "answer"]
    (item,) = session.read(push)
    assert (item.kind, item.data.channel) == ("push", name)
