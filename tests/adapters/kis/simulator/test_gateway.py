"""Tokens, headers, rates, environments and errors, as a client meets them over HTTP."""

from __future__ import annotations

import re

import pytest

from adapters.kis.simulator.settings import read
from adapters.kis.simulator.simulator import simulator
from tests.adapters.kis.simulator.clients import ACCOUNT, APPKEY, DOMESTIC, SAMSUNG, SECRET, Client
from tests.adapters.kis.simulator.conftest import Serve


def test_a_token_is_the_same_for_six_hours_and_lives_a_day(serve: Serve) -> None:
    """Fact sheet §2; the expiry is Korean time."""
    client = serve()
    first = client.issue().json()
    assert first["access_token_token_expired"] == "2026-03-05 10:05:00"
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 86_400)
    client.control("clock", advance_s=6 * 3_600 - 1)
    assert client.issue().json()["access_token"] == first["access_token"]
    client.control("clock", advance_s=1)
    assert client.issue().json()["access_token"] != first["access_token"]


def test_by_default_tokens_are_issued_as_often_as_asked(serve: Serve) -> None:
    client = serve()
    assert [client.issue().status_code for _ in range(3)] == [200, 200, 200]


def test_one_token_a_minute_where_the_rule_is_on(serve: Serve) -> None:
    """Trap 1: 403, and a body unlike every other."""
    client = serve(token_rule="on")
    assert client.issue().status_code == 200
    client.control("clock", advance_s=59)
    refused = client.issue()
    assert refused.status_code == 403
    assert refused.json()["error_code"] == "EGW00133"
    client.control("clock", advance_s=1)
    assert client.issue().status_code == 200


def test_the_secret_has_two_names(serve: Serve) -> None:
    """Trap 2: `appsecret` for a token, `secretkey` for the approval key."""
    client = serve()
    body = {"grant_type": "client_credentials", "appkey": APPKEY, "appsecret": SECRET}
    assert client.http.post("/oauth2/Approval", json=body).json()["error_code"] == "EGW00105"
    assert len(client.approval()) == 36


def test_malformed_and_foreign_keys_are_refused(serve: Serve) -> None:
    client = serve()
    with Client(client.address, "short") as other:
        assert other.issue().json()["error_code"] == "EGW00103"
    assert client.issue("too short").json()["error_code"] == "EGW00105"
    client.issue()
    assert client.issue("z" * 180).json()["error_code"] == "EGW00105"


def test_a_revoked_token_is_bad_and_a_dead_one_expired(serve: Serve) -> None:
    client = serve()
    quote = "inquire-price", "FHKST01010100"
    assert client.quote(*quote).status_code == 200
    client.control("token")
    dead = client.quote(*quote)
    assert (dead.status_code, dead.json()["msg_cd"]) == (500, "EGW00123")
    token = client.issue().json()["access_token"]
    body = {"appkey": APPKEY, "appsecret": SECRET, "token": token}
    assert client.http.post("/oauth2/revokeP", json=body).json()["code"] == 200
    client._token = token
    assert client.quote(*quote).json()["msg_cd"] == "EGW00121"


def test_headers_are_lower_case_and_tr_cont_is_always_there(serve: Serve) -> None:
    """Fact sheet §11. Trap 18: msg1 is padded."""
    answer = serve().quote("inquire-price", "FHKST01010100")
    names = [name.decode() for name, _ in answer.headers.raw]
    assert names == [name.lower() for name in names]
    assert {"tr_id", "tr_cont", "gt_uid"} <= set(names)
    assert (answer.headers["tr_id"], answer.headers["tr_cont"]) == ("FHKST01010100", "")
    assert answer.json()["msg1"] != answer.json()["msg1"].strip()


def test_more_calls_a_second_than_allowed_are_a_500(serve: Serve) -> None:
    """Trap 3: not 429, and not processed."""
    client = serve(live_per_s="2", mock_per_s="1")
    client.headers("")
    answers = [client.order("TTTC0012U", 1, 70_000) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 500]
    assert answers[2].json()["msg_cd"] == "EGW00201"
    client.control("clock", advance_s=1)
    assert len(client.daily().json()["output1"]) == 2


def test_by_default_rates_are_the_venues() -> None:
    assert (read({}).live_per_s, read({}).mock_per_s) == (20, 2)


def test_mock_lacks_services(serve: Serve) -> None:
    """Trap 4: open orders, sellable quantity, holidays, product info."""
    client = serve()
    assert client.order("VTTC0012U", 1, 70_000).json()["msg_cd"] == "40600000"
    query = {**ACCOUNT, "INQR_DVSN_1": "1", "INQR_DVSN_2": "0"}
    for tr_id in ("VTTC0084R", "TTTC0084R"):
        assert client.get("/trading/inquire-psbl-rvsecncl", tr_id, **query).json()["msg_cd"] == "OPSQ0002"
    assert client.get("/trading/inquire-psbl-sell", "VTTC8408R", **query).json()["msg_cd"] == "OPSQ0002"
    assert client.get("/quotations/chk-holiday", "CTCA0903R", BASS_DT="20260304").json()["msg_cd"] == "OPSQ0002"


@pytest.mark.parametrize("tr_id", ["TTTC0012U", "TTTC0802U", "VTTC0012U", "VTTC0802U"])
def test_new_and_older_ids_are_taken(serve: Serve, tr_id: str) -> None:
    assert serve().order(tr_id, 1, 70_000).json()["rt_cd"] == "0"


def test_a_key_of_one_environment_is_refused_in_the_other(serve: Serve) -> None:
    """Trap 4: a key belongs to live or to mock, by its first telling call."""
    client = serve()
    client.balance("VTTC8434R")
    answer = client.balance("TTTC8434R")
    assert (answer.status_code, answer.json()["rt_cd"]) == (500, "1")
    live = serve(environment="live")
    assert live.balance("VTTC8434R").status_code == 500


def test_a_wrong_account_number_is_answered_with_text(serve: Serve) -> None:
    """Fact sheet §6: 200 and no JSON."""
    client = serve()
    assert client.balance().status_code == 200
    for number in ("87654321", "1234567", "abcdefgh"):
        answer = client.balance(CANO=number)
        assert (answer.status_code, answer.text) == (200, "ERROR : INPUT INVALID_CHECK_ACNO")


def test_a_body_in_lower_case_misses_its_fields(serve: Serve) -> None:
    """Fact sheet §3: bodies have upper-case keys; queries may have either."""
    client = serve()
    body = {"cano": "12345678", "acnt_prdt_cd": "01", "pdno": SAMSUNG}
    path = f"{DOMESTIC}/trading/order-cash"
    answer = client.http.post(path, json=body, headers=client.headers("TTTC0012U"))
    assert answer.json()["msg_cd"] == "OPSQ2001"
    query = {"fid_cond_mrkt_div_code": "J", "fid_input_iscd": SAMSUNG}
    assert client.get("/quotations/inquire-price", "FHKST01010100", **query).json()["output"]["stck_prpr"] != "0"


def test_the_hashkey_service_gives_the_body_back(serve: Serve) -> None:
    answer = serve().http.post("/uapi/hashkey", json={"PDNO": SAMSUNG}).json()
    assert answer["BODY"] == {"PDNO": SAMSUNG}
    assert len(answer["HASH"]) == 64


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("nothing", "1", "no option `nothing`"), ("cash", "much", "option `cash` can't be `much`"),
     ("hours", "us", "`always`"), ("notice_fields", "24", "26, or 23"), ("fee_rate", "-1", "commission"),
     ("holdings", "999999:1@1", "no share `999999`")],
)  # fmt: skip
def test_options_that_can_not_be_are_refused_in_words(name: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        simulator.app(1, {name: value})


def test_the_greeting_states_keys_that_are_taken(serve: Serve) -> None:
    client = serve()
    stated = dict(
        line.removeprefix("export ").split("=")
        for line in simulator.greeting(client.address)
        if line.startswith("export")
    )
    with Client(client.address, stated["KIS_APPKEY"]) as other:
        assert other.issue(stated["KIS_APPSECRET"]).status_code == 200


def test_a_doubled_slash_is_one(serve: Serve) -> None:
    """Published clients put an address that ends with a slash before a path that begins with one (mojito2 0.1.6)."""
    client = serve()
    client.issue()
    found = client.http.get(
        f"{client.address}/{DOMESTIC}/quotations/inquire-price",
        params={"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": SAMSUNG},
        headers=client.headers("FHKST01010100"),
    )
    assert found.request.url.path.startswith("//uapi/")
    assert found.json()["rt_cd"] == "0"
    client.control("fault", kind="status", path=f"{DOMESTIC}/quotations", status=503)
    assert client.http.get(f"{client.address}/{DOMESTIC}/quotations/inquire-price").status_code == 503
