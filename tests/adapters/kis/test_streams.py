"""The socket's session against a line played by the test: registrations, keys of notices, keep-alive."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pydantic import SecretStr

from adapters.kis.adapter import KisAdapter
from adapters.kis.hosts import AccountNumber
from adapters.kis.notices import Notice
from adapters.kis.streams import KEEP, SYMBOLS_MAX, KisSession
from adapters.kis.venue import KisVenue
from adapters.wire.clock import ManualClock
from adapters.wire.conflate import Worth
from adapters.wire.link import Link, LinkLost
from ruleengine.ports.venue import Adapter, NetworkVenue, VenueError
from tests.adapters.kis.stand import NOON

PLAIN = (
    "HTSID01^1234567801^0000012345^^02^0^01^0^005930^0000000004^000071900^100502^0^2^2^06010^000000010^name"
    "^000000000^1^^^00^^stock^000000000"
)


class Line:
    """Takes the place of `Link`: every registration is answered by `answer(tr_id, tr_key)`."""

    def __init__(self, session: KisSession, answer: Callable[[str, str], dict[str, Any]]) -> None:
        self._session, self._answer = session, answer
        self.registered: list[tuple[str, str, str]] = []

    async def ask(self, text: str, is_done: Callable[[Any], bool]) -> None:
        message = json.loads(text)
        header, wanted = message["header"], message["body"]["input"]
        self.registered.append((header["approval_key"], wanted["tr_id"], wanted["tr_key"]))
        assert (header["tr_type"], header["custtype"], header["content-type"]) == ("1", "P", "utf-8")
        items = self._session.read(json.dumps(self._answer(wanted["tr_id"], wanted["tr_key"])))
        if not any(is_done(item.data) for item in items):
            raise LinkLost("no answer")


def ack(tr_id: str, tr_key: str, code: str = "OPSP0000", key: str = "k" * 32, iv: str = "i" * 16) -> dict[str, Any]:
    output = {"iv": iv, "key": key}
    return {
        "header": {"tr_id": tr_id, "tr_key": tr_key, "encrypt": "N"},
        "body": {"rt_cd": "0", "msg_cd": code, "msg1": "SUBSCRIBE SUCCESS", "output": output},
    }


class Rig:
    def __init__(self, hts_id: str = "HTSID01", symbols: tuple[str, ...] = ("005930",)) -> None:
        self.keys = 0
        self.session = KisSession(
            AccountNumber.of("12345678-01"), lambda: symbols, SecretStr(hts_id), self._key, ManualClock(NOON),
            is_mock=True,
        )  # fmt: skip

    async def _key(self) -> SecretStr:
        self.keys += 1
        return SecretStr(f"approval-{self.keys}")

    def begin(self, answer: Callable[[str, str], dict[str, Any]] = ack) -> Line:
        line = Line(self.session, answer)
        asyncio.run(self.session.begin(cast(Link, line)))
        return line


def encrypted(text: str, key: str = "k" * 32) -> str:
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(b"i" * 16)).encryptor()
    return "1|H0STCNI9|001|" + base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def test_it_registers_notices_by_hts_id_and_two_streams_a_share() -> None:
    """§5.1: mock's notices have an id of their own; the key is the HTS ID, not the account."""
    rig = Rig()
    assert [each[1:] for each in rig.begin().registered] == [
        ("H0STCNI9", "HTSID01"), ("H0STASP0", "005930"), ("H0STCNT0", "005930"),
    ]  # fmt: skip
    rig.begin()
    assert rig.keys == 1  # the approval key lasts a day
    assert SYMBOLS_MAX == 20  # 41 registrations less one, by two


def test_a_refused_approval_key_is_replaced_with_the_next_connection() -> None:
    rig = Rig()
    with pytest.raises(LinkLost):
        rig.begin(lambda tr_id, tr_key: ack(tr_id, tr_key, "OPSP0011"))
    assert {each[0] for each in rig.begin().registered} == {"approval-2"}


def test_a_key_in_use_elsewhere_is_said_and_waits_longest() -> None:
    """Trap 16: `is_final` makes the socket wait its longest pause before it tries again."""
    rig = Rig()
    taken = {"header": {"tr_id": "(null)", "tr_key": ""}, "body": {"rt_cd": "9", "msg_cd": "OPSP8996", "msg1": "…"}}
    with pytest.raises(VenueError, match="another session") as caught:
        rig.begin(lambda tr_id, tr_key: taken)
    assert caught.value.is_final


@pytest.mark.parametrize("code", ["OPSP0008", "OPSP0007"])
def test_a_registration_that_is_refused_is_an_error(code: str) -> None:
    with pytest.raises(VenueError, match=code):
        Rig().begin(lambda tr_id, tr_key: ack(tr_id, tr_key, code))


def test_registered_already_is_no_harm() -> None:
    Rig().begin(lambda tr_id, tr_key: ack(tr_id, tr_key, "OPSP0002"))


def test_pingpong_goes_back_as_it_came_and_the_protocols_pings_are_off() -> None:
    """Trap 17."""
    text = '{"header":{"tr_id":"PINGPONG","datetime":"20260304120000"}}'
    (item,) = Rig().session.read(text)
    assert (item.kind, item.data) == ("reply", text)
    assert (KEEP.protocol_ping_s, KEEP.silent_max_s) == (None, 90)


def test_notices_are_read_with_the_key_of_this_session() -> None:
    """Trap 7: a new session has a new key, and the old one is forgotten."""
    rig = Rig()
    with pytest.raises(ValueError, match="before its key"):
        rig.session.read(encrypted(PLAIN))
    rig.begin()
    (item,) = rig.session.read(encrypted(PLAIN))
    assert isinstance(item.data, Notice)
    assert (item.data.kind, item.worth) == ("fill", Worth.KEPT)
    rig.begin(lambda tr_id, tr_key: ack(tr_id, tr_key, key="n" * 32))
    with pytest.raises(VenueError):  # gives the connection up: what was in it is not known
        rig.session.read(encrypted(PLAIN))
    assert len(list(rig.session.read(encrypted(PLAIN, "n" * 32)))) == 1


def test_notices_of_another_account_of_the_same_person_are_dropped() -> None:
    rig = Rig()
    rig.begin()
    assert rig.session.read(encrypted(PLAIN.replace("1234567801", "1234567802"))) == []


def test_prices_that_cant_be_read_are_left_out_and_the_line_stays() -> None:
    rig = Rig()
    rig.begin()
    for text in ("0|H0STCNT0|001|005930^1", "0|H0STASP0|x|", "{", "[]", '{"header": 1}'):
        try:
            assert list(rig.session.read(text)) == []
        except VenueError:
            assert text.startswith("0|H0STASP0|x")  # no frame at all


def test_without_an_hts_id_there_are_no_notices() -> None:
    rig = Rig(hts_id="")
    assert not rig.session.has_notices
    assert [each[1] for each in rig.begin().registered] == ["H0STASP0", "H0STCNT0"]


def test_it_is_an_adapter_and_its_venue_one_over_a_network() -> None:
    """Held by the type checker."""

    def venue(it: KisVenue) -> NetworkVenue:
        return it

    adapter: Adapter = KisAdapter()
    assert adapter.capabilities.needs_network
    assert not adapter.capabilities.has_client_ids
    assert adapter.capabilities.subscriptions == SYMBOLS_MAX
    assert [each.name for each in adapter.secrets] == ["appkey", "appsecret", "hts_id"]
    assert [each.name for each in adapter.instruments(["005930", "USD_JPY"])] == ["005930"]
    assert callable(venue)
