"""Registrations, frames and notices over WebSocket, as a client meets them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from websockets.exceptions import ConnectionClosed

from tests.adapters.kis.simulator.clients import SAMSUNG, Client, answer, frame, register
from tests.adapters.kis.simulator.conftest import Serve

HTS_ID = "tester"


def clear(parts: list[str], output: dict[str, str]) -> list[str]:
    """The fields of a notice, decrypted with the texts of the registration as they are."""
    assert parts[0] == "1"
    assert parts[2] == "001"
    decryptor = Cipher(algorithms.AES(output["key"].encode()), modes.CBC(output["iv"].encode())).decryptor()
    padded = decryptor.update(base64.b64decode(parts[3])) + decryptor.finalize()
    unpadder = PKCS7(128).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode().split("^")


@pytest.mark.parametrize("path", ["", "/tryitout", "/tryitout/H0STCNT0"])
def test_any_path_takes_registrations(serve: Serve, path: str) -> None:
    client = serve()
    with client.connect(path) as socket:
        got = register(socket, client.approval(), "H0STCNT0", SAMSUNG)
        assert got["header"] == {"tr_id": "H0STCNT0", "tr_key": SAMSUNG, "encrypt": "N"}
        assert (got["body"]["rt_cd"], got["body"]["msg_cd"]) == ("0", "OPSP0000")
        assert (len(got["body"]["output"]["iv"]), len(got["body"]["output"]["key"])) == (16, 32)


def test_registrations_answer_in_the_venues_codes(serve: Serve) -> None:
    """Fact sheet §5.1."""
    client = serve(registrations="2")
    approval = client.approval()
    with client.connect() as socket:

        def code(tr_id: str, key: str, tr_type: str = "1", approved: str = approval) -> str:
            return str(register(socket, approved, tr_id, key, tr_type)["body"]["msg_cd"])

        assert code("H0STCNT0", SAMSUNG, approved="nobody's") == "OPSP0011"
        assert code("H0STCNT0", SAMSUNG) == "OPSP0000"
        assert code("H0STCNT0", SAMSUNG) == "OPSP0002"
        assert code("H0STASP0", SAMSUNG) == "OPSP0000"
        assert code("H0STCNT0", "000660") == "OPSP0008"
        assert code("H0STCNT0", "000660", "2") == "OPSP0003"
        assert code("H0STCNT0", SAMSUNG, "2") == "OPSP0001"
        assert code("H0STCNT0", "000660") == "OPSP0000"
        assert code("H0STXXX0", SAMSUNG) == "OPSP0007"
        socket.send("no json")
        assert answer(socket)["body"]["msg_cd"] == "OPSP0007"


def test_a_key_has_one_session(serve: Serve) -> None:
    """Trap 16: the second is told and ended; when the first is gone there is room again."""
    client = serve()
    approval = client.approval()
    with client.connect() as first:
        register(first, approval, "H0STCNT0", SAMSUNG)
        with client.connect() as second:
            got = register(second, approval, "H0STCNT0", SAMSUNG)
            assert (got["header"]["tr_id"], got["body"]["rt_cd"], got["body"]["msg_cd"]) == ("(null)", "9", "OPSP8996")
            with pytest.raises(ConnectionClosed):
                second.recv(timeout=10)
        with Client(client.address, "Q" * 36) as other, other.connect() as third:
            assert register(third, other.approval(), "H0STCNT0", SAMSUNG)["body"]["msg_cd"] == "OPSP0000"
    assert any(code == "OPSP0000" for code in _reconnecting(client, approval))


def _reconnecting(client: Client, approval: str) -> Iterator[str]:
    """Codes of one try after the other: the venue may take a moment to see that a session is gone."""
    for _ in range(50):
        with client.connect() as again:
            yield str(register(again, approval, "H0STCNT0", SAMSUNG)["body"]["msg_cd"])


def test_trades_come_in_records_of_46_fields(serve: Serve) -> None:
    """Trap 8: several records in one frame."""
    client = serve()
    with client.connect() as socket:
        register(socket, client.approval(), "H0STCNT0", SAMSUNG)
        client.price(71_900, 72_000)
        client.control("clock", advance_s=1)
        counts = []
        for _ in range(2):
            _, _, count, body = frame(socket, "H0STCNT0")
            fields = body.split("^")
            assert len(fields) == 46 * int(count)
            counts.append(count)
        record = dict(enumerate(fields[-46:]))
    assert counts[-1] == "004"  # a second has four steps of the market
    assert (record[0], record[1], record[33]) == (SAMSUNG, "100501", "20260304")
    assert (record[10], record[11], record[34], record[35], record[43]) == ("72000", "71900", "20", "N", "0")
    assert int(record[9]) <= int(record[2]) <= int(record[8])
    assert int(record[12]) > 0


def test_the_book_comes_in_59_fields_and_crossed_prices_never(serve: Serve) -> None:
    client = serve()
    with client.connect() as socket:
        register(socket, client.approval(), "H0STASP0", SAMSUNG)
        client.price(71_900, 72_000, size=500)
        fields = frame(socket, "H0STASP0")[3].split("^")
    assert len(fields) == 59
    assert fields[:3] == [SAMSUNG, "100500", "0"]
    assert fields[3:13] == [str(72_000 + 100 * step) for step in range(10)]
    assert fields[13:23] == [str(71_900 - 100 * step) for step in range(10)]
    assert (fields[23], fields[33]) == ("500", "500")
    assert int(fields[43]) == sum(map(int, fields[23:33]))


def test_a_released_share_may_be_heard_of_once_more(serve: Serve) -> None:
    """Trap 8: frames of registrations already released."""
    client = serve()
    approval = client.approval()
    with client.connect() as socket:
        register(socket, approval, "H0STASP0", SAMSUNG)
        client.price(71_900, 72_000)
        last = frame(socket, "H0STASP0")
        assert register(socket, approval, "H0STASP0", SAMSUNG, "2")["body"]["msg_cd"] == "OPSP0001"
        assert frame(socket, "H0STASP0") == last
        client.price(71_800, 71_900)
        client.control("clock", advance_s=10)
        assert "PINGPONG" in str(socket.recv(timeout=10))


def test_a_volatility_interruption_is_seen(serve: Serve) -> None:
    """Trap 19: HOUR_CLS_CODE is not 0; there is an expected price."""
    client = serve()
    with client.connect() as socket:
        register(socket, client.approval(), "H0STASP0", SAMSUNG)
        client.price(71_900, 72_000)
        frame(socket, "H0STASP0")
        client.control("vi", instrument=SAMSUNG, seconds=120)
        fields = frame(socket, "H0STASP0")[3].split("^")
        assert fields[2] == "C"
        assert fields[47] == client.quote("inquire-price", "FHKST01010100").json()["output"]["stck_prpr"]
        assert client.quote("inquire-price", "FHKST01010100").json()["output"]["vi_cls_code"] == "Y"
        client.control("halt", instrument=SAMSUNG)
        assert client.quote("inquire-price", "FHKST01010100").json()["output"]["temp_stop_yn"] == "Y"


@pytest.mark.parametrize(
    ("width", "tr_id", "order"), [("26", "H0STCNI0", "TTTC0012U"), ("23", "H0STCNI9", "VTTC0012U")]
)
def test_notices_of_an_order(serve: Serve, width: str, tr_id: str, order: str) -> None:
    """Traps 5, 6, 7: only CNTG_YN 2 is a fill; 23 or 26 fields; key and iv are texts."""
    client = serve(notice_fields=width)
    client.price(71_900, 72_000, size=4)
    with client.connect() as socket:
        ack = register(socket, client.approval(), tr_id, HTS_ID)
        assert ack["header"]["encrypt"] == "Y"
        client.order(order, 10)
        notices = [clear(frame(socket, tr_id), ack["body"]["output"]) for _ in range(3)]
    assert {len(each) for each in notices} == {int(width)}
    assert notices[0][:18] == [
        HTS_ID, "1234567801", "0000000001", "", "02", "0", "01", "0", SAMSUNG, "0000000010", "000000000", "100500",
        "0", "1", "1", "06010", "000000010", "모의고객",
    ]  # fmt: skip
    assert [(each[9], each[10], each[13], each[14]) for each in notices[1:]] == [
        ("0000000004", "000072000", "2", "2"), ("0000000006", "000072100", "2", "2"),
    ]  # fmt: skip
    assert notices[1][-2] == "삼성전자"


def test_notices_of_a_cancel_and_a_revision_point_back(serve: Serve) -> None:
    """As fixture H0STCNI9.cancel_confirm.plain26.txt: RCTF 2, confirmed, the shares taken back in field 9."""
    client = serve()
    client.price(71_900, 72_000)
    with client.connect() as socket:
        ack = register(socket, client.approval(), "H0STCNI0", HTS_ID)
        client.order("TTTC0012U", 8, 70_000)
        client.change("TTTC0013U", "1", "01", 70_500)
        client.change("TTTC0013U", "2", "02")
        notices = [clear(frame(socket, "H0STCNI0"), ack["body"]["output"]) for _ in range(3)]
    assert [(each[2], each[3], each[5], each[9], each[13], each[14]) for each in notices] == [
        ("0000000001", "", "0", "0000000008", "1", "1"),
        ("0000000002", "0000000001", "1", "0000000008", "1", "2"),
        ("0000000003", "0000000002", "2", "0000000008", "1", "2"),
    ]


def test_the_exchanges_refusal_is_a_notice(serve: Serve) -> None:
    client = serve()
    client.control("halt", instrument=SAMSUNG, halted=True)
    with client.connect() as socket:
        ack = register(socket, client.approval(), "H0STCNI0", HTS_ID)
        assert client.order("TTTC0012U", 1, 70_000).json()["rt_cd"] == "0"
        notices = [clear(frame(socket, "H0STCNI0"), ack["body"]["output"]) for _ in range(2)]
    assert [each[12] for each in notices] == ["0", "1"]
    assert client.daily().json()["output1"][0]["rjct_qty"] == "1"


def test_ciphers_are_new_with_every_session_and_tr_id(serve: Serve) -> None:
    """Trap 7."""
    client = serve()
    seen = set()
    for _ in range(2):
        with client.connect() as socket:
            for tr_id in ("H0STCNI0", "H0STCNI9"):
                output = register(socket, client.approval(), tr_id, HTS_ID)["body"]["output"]
                seen.add((output["iv"], output["key"]))
    assert len(seen) == 4


def test_the_exchange_of_an_order_is_told(serve: Serve) -> None:
    """Field 19 of 26: 1 KRX, 2 NXT, 3 by smart routing; mock knows KRX only."""
    client = serve()
    with client.connect() as socket:
        ack = register(socket, client.approval(), "H0STCNI0", HTS_ID)
        client.order("TTTC0012U", 2, EXCG_ID_DVSN_CD="SOR")
        assert clear(frame(socket, "H0STCNI0"), ack["body"]["output"])[19] == "3"
    assert client.daily().json()["output1"][0]["excg_id_dvsn_cd"] == "SOR"
    with Client(client.address, "M" * 36) as other:
        assert other.order("VTTC0012U", 2, EXCG_ID_DVSN_CD="NXT").json()["rt_cd"] == "7"


def test_manual_orders_are_noticed_too(serve: Serve) -> None:
    client = serve()
    client.balance()
    with client.connect() as socket:
        ack = register(socket, client.approval(), "H0STCNI0", HTS_ID)
        client.control("trade", instrument=SAMSUNG, units=2)
        notices = [clear(frame(socket, "H0STCNI0"), ack["body"]["output"]) for _ in range(2)]
    assert [(each[9], each[13]) for each in notices] == [("0000000002", "1"), ("0000000002", "2")]


def test_a_fill_may_be_told_before_the_reply(serve: Serve) -> None:
    """Fact sheet §8: notices may reach a client before the HTTP reply."""
    client = serve()
    client.price(71_900, 72_000)
    with client.connect() as socket:
        ack = register(socket, client.approval(), "H0STCNI0", HTS_ID)
        client.control("fault", kind="reorder_fill_before_ack", path="/uapi")
        client.order("TTTC0012U", 2)
        notices = [clear(frame(socket, "H0STCNI0"), ack["body"]["output"]) for _ in range(2)]
    assert [each[13] for each in notices] == ["2", "1"]


def test_a_dropped_session_makes_room_and_nothing_is_replayed(serve: Serve) -> None:
    """Fact sheet §8: after a reconnect everything is registered anew; what happened between is in the list only."""
    client = serve()
    with client.connect() as socket:
        register(socket, client.approval(), "H0STCNI0", HTS_ID)
        client.control("fault", kind="drop_streams")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
    client.order("TTTC0012U", 2)
    with client.connect() as socket:
        ack = register(socket, client.approval(), "H0STCNI0", HTS_ID)
        client.order("TTTC0012U", 3)
        first = clear(frame(socket, "H0STCNI0"), ack["body"]["output"])
    assert (first[2], first[9]) == ("0000000002", "0000000003")


def test_pingpong_demands_its_echo(serve: Serve) -> None:
    """Trap 17 and fact sheet §5.1: the same text back, whatever its blanks; without it the session ends."""
    client = serve(pingpong_patience="1")
    with client.connect() as socket:
        for second in ("10", "20", "30"):
            client.control("clock", advance_s=10)
            ping = json.loads(socket.recv(timeout=10))
            assert ping == {"header": {"tr_id": "PINGPONG", "datetime": f"202603041005{second}"}}
            socket.send(json.dumps(ping))
            register(socket, client.approval(), "H0STCNT0", "000000")  # its answer says that the echo was read
        client.control("clock", advance_s=10)
        socket.recv(timeout=10)
        client.control("clock", advance_s=10)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
