"""Tokens, approval keys and pages at a venue moved by hand. Traps: fact sheet §10."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.kis import kst
from adapters.kis.client import Client, Keys
from adapters.kis.hosts import AccountNumber, hosts_of
from adapters.kis.services import BALANCE, HOLIDAYS, LEDGER
from adapters.wire.clock import NANOS
from ruleengine import log
from ruleengine.ports.venue import Access, VenueError
from tests.adapters.kis.stand import NOON, Stand, access, played, refused, row

TOO_OFTEN = (403, {"error_code": "EGW00133", "error_description": "…"})


def asked(stand: Stand, path: str) -> int:
    return [each for each, _, _ in stand.asked].count(path)


@played
async def test_a_token_is_kept_for_the_owner_alone_and_shared(tmp_path: Path) -> None:
    """Trap 1: the next process asks for none."""
    first = Stand(folder=tmp_path)
    token = await first.client.tokens.get()
    (file,) = tmp_path.glob("kis-*.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "appkey" not in file.name
    second = Stand(folder=tmp_path)
    assert await second.client.tokens.get() == token
    assert asked(second, "tokenP") == 0


@played
async def test_a_token_that_others_could_read_is_not_used(tmp_path: Path) -> None:
    first = Stand(folder=tmp_path)
    await first.client.tokens.get()
    (file,) = tmp_path.glob("kis-*.json")
    file.chmod(0o644)
    second = Stand(folder=tmp_path)
    await second.client.tokens.get()
    assert asked(second, "tokenP") == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@played
async def test_a_broken_file_is_no_token(tmp_path: Path) -> None:
    first = Stand(folder=tmp_path)
    await first.client.tokens.get()
    (file,) = tmp_path.glob("kis-*.json")
    file.write_text("{half", "utf-8")
    second = Stand(folder=tmp_path)
    assert (await second.client.tokens.get()).get_secret_value() == "token-1"


@played
async def test_many_calls_at_once_ask_for_one_token(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    await asyncio.gather(*(stand.accounts.balance() for _ in range(5)))
    assert asked(stand, "tokenP") == 1


@played
async def test_a_token_is_renewed_ahead_of_its_end(tmp_path: Path) -> None:
    """It lasts 24 hours, and is renewed half an hour before they are over, for which no call waits."""
    stand = Stand(folder=tmp_path)
    await stand.client.tokens.get()
    await stand.clock.sleep(86_400 - 1_900)
    assert (await stand.client.tokens.get()).get_secret_value() == "token-1"
    await stand.clock.sleep(200)
    assert (await stand.client.tokens.get()).get_secret_value() == "token-1"
    await stand.clock.sleep(1)
    assert (await stand.client.tokens.get()).get_secret_value() == "token-2"


@played
async def test_one_a_minute_is_kept_also_after_a_restart(tmp_path: Path) -> None:
    """A token that died right after it was issued is replaced no sooner than a minute after."""
    await Stand(folder=tmp_path).client.tokens.get()
    stand = Stand(folder=tmp_path)
    stand.tokens = 1
    await stand.client.tokens.replace(await stand.client.tokens.get())
    assert stand.clock.now_ns() - NOON >= 60 * NANOS
    assert asked(stand, "tokenP") == 1


@played
async def test_told_that_it_is_too_soon_it_waits_a_minute_and_asks_once_more(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    stand.answers["tokenP"] = [TOO_OFTEN]
    assert (await stand.client.tokens.get()).get_secret_value() == "token-1"
    assert stand.clock.now_ns() - NOON >= 60 * NANOS
    assert asked(stand, "tokenP") == 2
    late = Stand(folder=tmp_path / "other")
    late.answers["tokenP"] = [TOO_OFTEN, TOO_OFTEN]
    with pytest.raises(VenueError, match="once a minute") as caught:
        await late.client.tokens.get()
    assert caught.value.remedy


@played
async def test_an_old_token_serves_on_where_a_new_one_cant_be_had(tmp_path: Path) -> None:
    stand = Stand(folder=tmp_path)
    await stand.client.tokens.get()
    await stand.clock.sleep(86_400 - 600)  # ten minutes are left
    stand.answers["tokenP"] = [(500, b"down"), TOO_OFTEN]
    for _ in range(20):
        assert (await stand.client.tokens.get()).get_secret_value() == "token-1"
        await stand.clock.sleep(1)
    assert asked(stand, "tokenP") == 2  # the first one, and one that failed in this minute
    await stand.clock.sleep(60)
    await stand.client.tokens.get()
    await stand.clock.sleep(1)
    assert asked(stand, "tokenP") == 3
    await stand.client.close()


@pytest.mark.parametrize(("fault", "wait_s"), [("lost", 60), ("connect", 0)])
@played
async def test_asking_counts_also_where_the_answer_is_lost(fault: str, wait_s: int, tmp_path: Path) -> None:
    """The venue may have counted it: another process waits for a minute to be over, but for what never left."""
    first = Stand(folder=tmp_path)
    if fault == "lost":
        first.answers["tokenP"] = [(500, b"")]
    else:
        first.faults = ["token:connect"]
    with pytest.raises(VenueError):
        await first.client.tokens.get()
    second = Stand(folder=tmp_path)
    await second.client.tokens.get()
    assert round((second.clock.now_ns() - first.clock.now_ns()) / NANOS) == wait_s


@played
async def test_a_cache_that_cant_be_written_stops_no_order(tmp_path: Path) -> None:
    """Of a folder that is none (a disk that is full or read-only): the token is there for this process."""
    (tmp_path / "file").write_text("in the way")
    stand = Stand(folder=tmp_path / "file" / "cache")
    await stand.place("buy", 1)
    assert stand.told() == ["accepted"]
    assert asked(stand, "tokenP") == 1


@played
async def test_a_token_of_the_disk_is_no_text_of_a_log(tmp_path: Path) -> None:
    """Issued by another process, it was never shown to this one's log before."""
    await Stand(folder=tmp_path).client.tokens.get()
    (file,) = tmp_path.glob("kis-*.json")
    file.write_text(file.read_text("utf-8").replace("token-1", "another-process-s-token"), "utf-8")
    await Stand(folder=tmp_path).client.tokens.get()
    assert "another-process-s-token" not in log.redact("it said another-process-s-token")


@played
async def test_wrong_keys_are_final_and_say_what_to_do() -> None:
    stand = Stand()
    stand.answers["tokenP"] = [(403, {"error_code": "EGW00103", "error_description": "…"})]
    with pytest.raises(VenueError) as caught:
        await stand.accounts.balance()
    assert caught.value.is_final
    assert "KIS_APPKEY" in caught.value.remedy
    assert "test-app" not in str(caught.value)


@played
async def test_the_end_of_a_token_may_be_stated_in_korean_time() -> None:
    stand = Stand()
    stand.answers["tokenP"] = [
        (200, {"access_token": "token-of-noon", "access_token_token_expired": "2026-03-05 12:00:00"})
    ]
    await stand.client.tokens.get()
    assert stand.client.tokens.present is not None
    assert stand.client.tokens.present.expires_ns == kst.moment("20260305", "120000")


@played
async def test_of_two_ends_the_sooner_is_believed() -> None:
    """A token issued before comes again (§2): its length may be a new one's, and its end is the old one's."""
    stand = Stand()
    stand.answers["tokenP"] = [
        (200, {"access_token": "a-token", "expires_in": 86400, "access_token_token_expired": "2026-03-05 07:00:00"})
    ]
    await stand.client.tokens.get()
    assert stand.client.tokens.present is not None
    assert stand.client.tokens.present.expires_ns == kst.moment("20260305", "070000")


@played
async def test_the_approval_key_has_its_secret_under_another_name() -> None:
    """Trap 2."""
    stand = Stand()
    await stand.client.tokens.approval_key()
    await stand.client.tokens.get()
    bodies = {path: values for path, _, values in stand.asked}
    assert bodies["Approval"]["secretkey"] == bodies["tokenP"]["appsecret"] == "test-appsecret-0123456789"
    assert "appsecret" not in bodies["Approval"]


# --- questions -------------------------------------------------------------------------------------------------------


@played
async def test_pages_are_followed_to_their_end_with_keys_as_they_came() -> None:
    """§3, trap 18: 33 orders, 15 in a reply."""
    stand = Stand()
    stand.page = 15
    stand.rows = [row(f"{number:010d}", 1) for number in range(33)]
    found = await stand.ledgers.today()
    assert [order.number for order in found.orders] == [f"{number:010d}" for number in range(33)]
    places = [values["CTX_AREA_FK100"] for path, _, values in stand.asked if path == "inquire-daily-ccld"]
    assert places == ["", *["12345678^01 ^ 20260304".ljust(100)] * 2]


@played
async def test_an_order_that_two_pages_have_is_one_order() -> None:
    """Orders that come while pages are read move the rows: 16 of them, and the 15th is on the next page again."""
    stand = Stand()
    rows = [row(f"{number:010d}", 1, tot_ccld_qty=1, tot_ccld_amt=70_000) for number in range(16)]
    good = {"rt_cd": "0", "msg_cd": "KIOK0510", "ctx_area_fk100": "a", "output2": {}}
    answers = [
        (200, {**good, "output1": rows[:15], "ctx_area_nk100": "15"}, {"tr_cont": "M"}),
        (200, {**good, "output1": rows[14:], "ctx_area_nk100": ""}, {"tr_cont": "D"}),
    ]
    stand.paged["inquire-daily-ccld"] = answers
    found = await stand.ledgers.today()
    assert [order.number for order in found.orders] == [f"{number:010d}" for number in range(16)]
    assert {str(units) for units in found.filled_on("20260304").values()} == {"16"}
    assert next(values for path, _, values in stand.asked if path == "inquire-daily-ccld")["INQR_DVSN"] == "01"


@played
async def test_a_question_is_repeated_where_the_venue_did_not_answer_it() -> None:
    """§6: too many calls, a token that is over, a gateway that gave up."""
    stand = Stand()
    stand.answers["inquire-balance"] = [
        refused("EGW00201", status=500), refused("EGW00123", status=500), refused("EGW00302", status=500),
    ]  # fmt: skip
    assert (await stand.accounts.balance()).cash == 10_000_000
    assert stand.tokens == 2


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ((200, b"ERROR : INPUT INVALID_CHECK_ACNO"), "INVALID_CHECK_ACNO"),
        (refused("OPSQ0002"), "OPSQ0002"),
        (refused("EGW00121", status=500), "EGW00121"),
    ],
)
@played
async def test_what_cant_be_had_is_one_clear_error(given: tuple[int, Any], code: str) -> None:
    """§6: a wrong account number is answered with a bare sentence; a token that stays bad is not renewed for ever."""
    stand = Stand()
    stand.answers["inquire-balance"] = [given] * 5
    with pytest.raises(VenueError) as caught:
        await stand.accounts.balance()
    assert caught.value.code == code
    assert stand.tokens <= 2


def test_mock_ids_and_services_that_mock_lacks() -> None:
    """Trap 4."""
    assert (LEDGER.tr_id(is_mock=False), LEDGER.tr_id(is_mock=True)) == ("TTTC0081R", "VTTC0081R")
    assert BALANCE.tr_id(is_mock=True) == "VTTC8434R"
    assert HOLIDAYS.tr_id(is_mock=False) == "CTCA0903R"
    with pytest.raises(VenueError, match="mock"):
        HOLIDAYS.tr_id(is_mock=True)


def test_hosts_and_account_numbers() -> None:
    """§1."""
    assert hosts_of(Access("live")).rest == "https://openapi.koreainvestment.com:9443"
    assert hosts_of(Access()).socket == "ws://ops.koreainvestment.com:31000"
    assert AccountNumber.of("1234567801") == AccountNumber.of("12345678-01")
    for wrong in ("12345678", "12345678-1", "abcdefgh-01"):
        with pytest.raises(VenueError, match="account number"):
            AccountNumber.of(wrong)
    with pytest.raises(VenueError, match="no account is named") as caught:
        AccountNumber.of(" ")
    assert "--account-id" in caught.value.remedy
    for wrong in ("127.0.0.1:1", "ftp://x", "http://user:secret@host"):
        with pytest.raises(VenueError):
            hosts_of(Access(address=wrong))


def test_missing_keys_are_named() -> None:
    given = access()
    only_one = Access("practice", given.account_id, given.address, {"appkey": SecretStr("x")})
    with pytest.raises(VenueError, match="appsecret"):
        Keys.of(only_one)
    with pytest.raises(VenueError, match="appkey"):
        Client.of(Access(account_id="12345678-01"), hosts_of(Access()), Stand().clock)
