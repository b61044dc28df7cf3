"""What is said over the venue's websockets: login, subscriptions and what they bring. Source: fact sheet §7.

    public     prices, terms of instruments, the venue's own state
    private    our orders; nothing is told of what was before, so it is subscribed to before the first order (trap 10)
    business   stops, candles (trap 12)

A login carries a fresh time. Nothing is taken for subscribed before the venue has said so, for each argument.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.okx.account import CURRENCY
from adapters.okx.errors import refusal
from adapters.okx.instruments import SWAP
from adapters.okx.prices import CANDLE, worth
from adapters.okx.settings import Settings
from adapters.wire.conflate import Worth
from adapters.wire.decimals import BadPayload, loads
from adapters.wire.link import Item, KeepAlive, Link, LinkLost
from ruleengine import log
from ruleengine.ports.venue import VenueError

KEEP = KeepAlive(text="ping", text_after_s=20.0, silent_max_s=28.0)
"""The venue drops a connection after 30 s without traffic; it answers the text `ping` with `pong`, which is no JSON."""
RENEW = "64008"
"""The venue is about to close this connection."""
_TOO_MANY = "channel-conn-count-error"
"""A channel that was acknowledged is not pushed here after all."""
_NO_SUCH_CHANNEL = frozenset({"60012", "60018"})
_ARGUMENTS_MAX = 40
_OWN = frozenset({"orders", "orders-algo", "balance_and_position"})
_STATE = frozenset({"instruments", "status"})

Argument = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Push:
    """Rows of a channel. `instrument`: of its argument, "" where it has none."""

    channel: str
    instrument: str
    rows: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """The venue says something of the connection itself."""

    code: str
    message: str


def public_channels(names: Sequence[str], settings: Settings) -> list[Argument]:
    each = (settings.quotes, "trades", "mark-price", "funding-rate")
    prices = [{"channel": channel, "instId": name} for name in names for channel in each]
    return [*prices, {"channel": "instruments", "instType": SWAP}, {"channel": "status"}]


def private_channels() -> list[Argument]:
    return [{"channel": "orders", "instType": SWAP}, {"channel": "balance_and_position"}]


def business_channels(names: Sequence[str], settings: Settings) -> list[Argument]:
    bars = [{"channel": CANDLE + settings.bars, "instId": name} for name in names] if settings.bars else []
    return [{"channel": "orders-algo", "instType": SWAP}, *bars]


class OkxSession:
    """Meets `Session`. `channels`: asked at each connection. `login`: makes the login's argument, None on public."""

    def __init__(
        self, channels: Callable[[], Sequence[Argument]], login: Callable[[], Awaitable[Mapping[str, str]]] | None
    ) -> None:
        self._channels, self._login = channels, login

    def read(self, frame: str | bytes) -> Iterable[Item]:
        """Pushes, answers and notices of a frame; nothing for `pong` (trap 9). LinkLost where the venue takes a channel
        back."""
        if frame == "pong":
            return ()
        message = loads(frame if isinstance(frame, bytes) else frame.encode())
        if not isinstance(message, dict):
            raise BadPayload("a frame is no object")
        event = message.get("event")
        if event == "notice":
            return (Item(Notice(str(message.get("code")), str(message.get("msg")))),)
        if event == _TOO_MANY:
            raise LinkLost(f"the venue has too many connections for channel {message.get('channel')} of this account")
        if event is not None:
            return (Item(message, "answer"),)
        rows, arg = message.get("data"), message.get("arg")
        if not isinstance(rows, list) or not isinstance(arg, dict):
            return ()
        push = Push(str(arg.get("channel")), str(arg.get("instId") or ""), rows)
        kind = Worth.KEPT if push.channel in _OWN | _STATE else worth(push.channel)
        return (Item(push, worth=kind, key=(push.channel, push.instrument)),)

    async def begin(self, link: Link) -> None:
        """Log in, then subscribe, each acknowledged."""
        if self._login is not None:
            request = {"op": "login", "args": [dict(await self._login())]}
            await link.ask(json.dumps(request), _is_logged_in)
        channels = list(self._channels())
        try:
            await _subscribe(link, channels)
        except VenueError as error:
            if self._login is not None or error.code not in _NO_SUCH_CHANNEL:
                raise
            await _subscribe_each(link, channels, error)


async def _subscribe(link: Link, channels: Sequence[Argument]) -> None:
    for begin in range(0, len(channels), _ARGUMENTS_MAX):
        part = channels[begin : begin + _ARGUMENTS_MAX]
        await link.ask(json.dumps({"op": "subscribe", "args": part}), _Acknowledged(part))


async def _subscribe_each(link: Link, channels: Sequence[Argument], refused: VenueError) -> None:
    """Each for itself: an instrument that was taken off the list must not blind the others. A refusal names none, and
    may come late, so that it is taken for that of another; therefore what is refused is asked for twice. `refused`
    stands where a channel without an instrument is missing, or nothing is left."""
    left = list(channels)
    for _ in range(2):
        left = [one for one in left if not await _is_taken(link, one)]
    if not left:
        return
    gone = {one.get("instId", "") for one in left}
    if "" in gone or gone == {one.get("instId", "") for one in channels} - {""}:
        raise refused
    log.bound(venue="okx").error("there are no prices of {}: {}", ", ".join(sorted(gone)), refused)


async def _is_taken(link: Link, channel: Argument) -> bool:
    try:
        await _subscribe(link, [channel])
    except VenueError as error:
        if error.code in _NO_SUCH_CHANNEL:
            return False
        raise
    return True


def _is_logged_in(answer: Mapping[str, Any]) -> bool:
    _raise_if_refused(answer, "login")
    return answer.get("event") == "login" and str(answer.get("code")) == "0"


class _Acknowledged:
    """True once every argument was acknowledged, one answer each."""

    def __init__(self, arguments: Sequence[Argument]) -> None:
        self._missing = {_name(argument) for argument in arguments}

    def __call__(self, answer: Mapping[str, Any]) -> bool:
        _raise_if_refused(answer, "subscribe")
        if answer.get("event") == "subscribe" and isinstance(answer.get("arg"), dict):
            self._missing.discard(_name(answer["arg"]))
        return not self._missing


def _raise_if_refused(answer: Mapping[str, Any], what: str) -> None:
    code = str(answer.get("code") or "0")
    if answer.get("event") == "error" or (answer.get("event") == "login" and code != "0"):
        raise refusal(code, str(answer.get("msg") or ""), f"websocket {what}")


def _name(argument: Mapping[str, Any]) -> tuple[str, str, str]:
    """What tells an argument; the venue may add to it in its answer."""
    return (str(argument.get("channel")), str(argument.get("instId") or ""), str(argument.get("instType") or ""))


def is_of_account(push: Push) -> bool:
    return push.channel in _OWN


def tells_money(push: Push) -> bool:
    """Whether a push says that the balance changed without a trade: a funding, a transfer."""
    return push.channel == "balance_and_position" and any(
        isinstance(row, dict)
        and row.get("eventType") not in ("snapshot", "filled", "liquidation", "adl", "delivery")
        and any(one.get("ccy") == CURRENCY for one in row.get("balData") or ())
        for row in push.rows
    )
