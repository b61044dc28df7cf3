"""The socket's session: approval key, subscriptions, keys of notices, and what a frame holds (§5).

One session for an app key (trap 16), 41 registrations in it: a share takes two, the account's notices one. The server
says PINGPONG and wants it back as it is; the protocol's own pings are off (trap 17).
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from adapters.kis import frames, notices, prices
from adapters.kis.hosts import AccountNumber
from adapters.kis.rows import Row
from adapters.kis.services import BOOK_STREAM, NOTICE_STREAM, TRADES_STREAM
from adapters.wire.clock import Clock
from adapters.wire.conflate import Worth
from adapters.wire.link import Item, KeepAlive, Link, LinkLost
from ruleengine import log
from ruleengine.model.event import MarketEvent, TradePrint
from ruleengine.ports.venue import VenueError

REGISTRATIONS_MAX = 41
SYMBOLS_MAX = (REGISTRATIONS_MAX - 1) // 2
KEEP = KeepAlive(protocol_ping_s=None, silent_max_s=90.0)
"""The server's PINGPONG comes every ten seconds or so: ninety without any frame is a dead line."""

_TAKEN = frozenset({"OPSP0000", "OPSP0002"})
_BAD_KEY, _IN_USE, _TOO_MANY = "OPSP0011", "OPSP8996", "OPSP0008"


@dataclass(frozen=True, slots=True)
class Ack:
    """The venue's word on a registration."""

    tr_id: str
    tr_key: str
    code: str
    text: str


class KisSession:
    """Meets `Session`. `approval_key`: asks for one; `hts_id`: whose notices, "" for none."""

    def __init__(
        self, account: AccountNumber, symbols: Callable[[], Iterable[str]], hts_id: SecretStr,
        approval_key: Callable[[], Awaitable[SecretStr]], clock: Clock, *, is_mock: bool,
    ) -> None:  # fmt: skip
        self._account, self._symbols, self._hts_id = account, symbols, hts_id
        self._approval_key, self._clock = approval_key, clock
        self._notices = NOTICE_STREAM[is_mock]
        self._key: SecretStr | None = None
        self._notice_keys: notices.Keys | None = None
        self._followed: frozenset[str] = frozenset()
        self._log = log.bound(venue="kis")

    @property
    def has_notices(self) -> bool:
        return bool(self._hts_id.get_secret_value())

    async def begin(self, link: Link) -> None:
        """Register everything anew; keys of notices are new with each session (trap 7)."""
        self._notice_keys = None
        if self._key is None:
            self._key = await self._approval_key()
        self._followed = frozenset(self._symbols())
        if self.has_notices:
            await self._register(link, self._notices, self._hts_id.get_secret_value())
        for symbol in sorted(self._followed):
            await self._register(link, BOOK_STREAM, symbol)
            await self._register(link, TRADES_STREAM, symbol)

    async def _register(self, link: Link, tr_id: str, tr_key: str) -> None:
        key = self._key.get_secret_value() if self._key is not None else ""
        message = {
            "header": {"approval_key": key, "custtype": "P", "tr_type": "1", "content-type": "utf-8"},
            "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}},
        }
        await link.ask(json.dumps(message), lambda ack: self._is_taken(ack, tr_id))

    def _is_taken(self, ack: Any, tr_id: str) -> bool:
        """Is it the word on this registration, and is it good?"""
        if not isinstance(ack, Ack):
            return False
        if ack.code == _BAD_KEY:
            self._key = None
            raise LinkLost("the approval key was refused; another one is asked for")
        if ack.code == _IN_USE:
            raise VenueError(
                "another session uses this app key", code=_IN_USE, is_final=True,
                remedy="stop the other program, or give it keys of its own",
            )  # fmt: skip
        if ack.tr_id != tr_id:
            return False
        if ack.code not in _TAKEN:
            too_many = f"; at most {SYMBOLS_MAX} shares can be followed" if ack.code == _TOO_MANY else ""
            raise VenueError(f"{tr_id} was not registered: {ack.text} ({ack.code}){too_many}", code=ack.code)
        return True

    # --- frames -------------------------------------------------------------------------------------------------

    def read(self, frame: str | bytes) -> Iterable[Item]:
        """What a frame holds. A notice that can't be read gives up the connection: the order list tells then; prices
        that can't be read are left out."""
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        if not frames.is_frame(text):
            return self._control(text)
        data = frames.parse(text)
        if data.tr_id in NOTICE_STREAM.values():
            return self._notices_of(data)
        try:
            found = prices.events_of(data, self._followed, self._clock.now_ns())
        except (VenueError, IndexError) as error:
            self._log.warning("prices left out: {}", error)
            return []
        return [_item(event) for event in found]

    def _control(self, text: str) -> list[Item]:
        try:
            message = json.loads(text)
            header = Row(message["header"], "header")
        except (ValueError, KeyError, TypeError, AttributeError):
            self._log.warning("the socket sent a message that is none")
            return []
        if header.text("tr_id") == "PINGPONG":
            return [Item(text, kind="reply")]
        body = Row(message.get("body") or {}, "body")
        ack = Ack(header.text("tr_id"), header.text("tr_key"), body.text("msg_cd"), body.text("msg1"))
        if ack.tr_id == self._notices and ack.code in _TAKEN:
            output = Row((message.get("body") or {}).get("output") or {}, "output")
            self._notice_keys = notices.Keys.of(output.text("key"), output.text("iv"))
        return [Item(ack, kind="answer")]

    def _notices_of(self, data: frames.Frame) -> list[Item]:
        body = data.body
        if data.is_encrypted:
            if self._notice_keys is None:
                raise ValueError("a notice came before its key")
            body = notices.decrypt(body, self._notice_keys)
        read = (notices.read(fields, self._account.digits) for fields in frames.records(data.tr_id, data.count, body))
        return [Item(notice) for notice in read if notice is not None]


def _item(event: MarketEvent) -> Item:
    """An old quote or book is worth nothing once there is a newer one."""
    if isinstance(event, TradePrint):
        return Item(event, worth=Worth.SHED)
    return Item(event, worth=Worth.LATEST, key=(event.kind, event.instrument))
