"""Orders and inquiries over REST: what a client sees of one day's trading."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from adapters.kis.simulator.exchange import Ticket
from adapters.kis.simulator.keys import Key
from adapters.kis.simulator.ledgers import Ledgers
from adapters.kis.simulator.requests import Call
from tests.adapters.kis.simulator.clients import ACCOUNT, SAMSUNG
from tests.adapters.kis.simulator.conftest import Serve
from tests.adapters.kis.simulator.venues import ACCOUNT as HOLDER
from tests.adapters.kis.simulator.venues import Bench

KEYS = ("ctx_area_fk100", "ctx_area_nk100")


def test_the_round_trip_of_an_order(serve: Serve) -> None:
    """Traps 9, 10, 13: a revision's new number with its zeros, the cancel's own row, output2 as object."""
    client = serve()
    client.price(71_900, 72_000)
    sent = client.order("TTTC0012U", 8, 70_000).json()
    assert sent["output"] == {"KRX_FWDG_ORD_ORGNO": "06010", "ODNO": "0000000001", "ORD_TMD": "100500"}
    assert (sent["rt_cd"], sent["msg_cd"]) == ("0", "APBK0013")
    assert client.change("TTTC0013U", "0000000001", "01", 70_500).json()["output"]["ODNO"] == "0000000002"
    assert client.change("TTTC0803U", "0000000001", "02").json()["msg_cd"] == "APBK0344"
    open_orders = client.get("/trading/inquire-psbl-rvsecncl", "TTTC0084R", **ACCOUNT, INQR_DVSN_2="0").json()
    assert [(row["odno"], row["orgn_odno"], row["psbl_qty"]) for row in open_orders["output"]] == [
        ("0000000002", "0000000001", "8")
    ]
    assert client.change("TTTC0013U", "2", "02").json()["output"]["ODNO"] == "0000000003"

    rows = client.daily().json()
    assert [(row["odno"], row["orgn_odno"], row["cncl_yn"], row["cncl_cfrm_qty"], row["rmn_qty"])
            for row in rows["output1"]] == [
        ("0000000003", "0000000002", "Y", "0", "0"),
        ("0000000002", "0000000001", "", "8", "0"),
        ("0000000001", "", "", "0", "0"),
    ]  # fmt: skip
    assert rows["output1"][0]["sll_buy_dvsn_cd_name"] == "매수취소*"
    assert isinstance(rows["output2"], dict)


def test_fills_are_stated_as_sums_of_an_order(serve: Serve) -> None:
    """4 × 72,000 + 6 × 72,100 = 720,600; average 72,060; charges 43 + 64."""
    client = serve()
    client.price(71_900, 72_000, size=4)
    client.order("TTTC0012U", 10)
    answer = client.daily().json()
    row = answer["output1"][0]
    assert (row["ord_qty"], row["tot_ccld_qty"], row["tot_ccld_amt"], row["avg_prvs"], row["rmn_qty"]) == (
        "10", "10", "720600", "72060", "0",
    )  # fmt: skip
    assert answer["output2"] == {
        "tot_ord_qty": "10", "tot_ccld_qty": "10", "tot_ccld_amt": "720600", "prsm_tlex_smtl": "107",
        "pchs_avg_pric": "72060.0000",
    }  # fmt: skip


def test_the_balance_states_what_has_settled_and_what_will(serve: Serve) -> None:
    """Traps 11, 13: output2 is a list; the deposit stays until D+2. Stock value 10 × 71,900."""
    client = serve()
    client.price(71_800, 72_000)
    client.order("TTTC0012U", 10)  # 10 × 72,000 + ⌊108⌋
    client.order("TTTC0011U", 3, 75_000)
    answer = client.balance().json()
    row, (sums,) = answer["output1"][0], answer["output2"]
    assert (row["pdno"], row["hldg_qty"], row["ord_psbl_qty"], row["thdt_buyqty"]) == (SAMSUNG, "10", "7", "10")
    assert (row["pchs_avg_pric"], row["pchs_amt"], row["evlu_pfls_amt"]) == ("72000.0000", "720000", "-1000")
    assert (sums["dnca_tot_amt"], sums["nxdy_excc_amt"], sums["prvs_rcdl_excc_amt"]) == (
        "10000000", "10000000", "9279892",
    )  # fmt: skip
    assert (sums["scts_evlu_amt"], sums["tot_evlu_amt"]) == ("719000", "9998892")
    assert answer["rt_cd"] == "0"


def test_orders_come_in_pages(serve: Serve) -> None:
    """Fact sheet §4.5: 15 rows a page on mock. Trap 18: the keys have inner spaces that count."""
    tr_id, order_id, rows = "VTTC0081R", "VTTC0012U", 15
    client = serve()
    client.price(71_900, 72_000)
    for _ in range(rows + 1):
        client.order(order_id, 1, 60_000)
    first = client.daily(tr_id)
    body = first.json()
    assert (len(body["output1"]), first.headers["tr_cont"]) == (rows, "F")
    keys = {"CTX_AREA_FK100": body["ctx_area_fk100"], "CTX_AREA_NK100": body["ctx_area_nk100"]}
    assert {len(key) for key in keys.values()} == {100}
    assert client.daily(tr_id, **keys).json()["output1"] == body["output1"]  # without tr_cont N the first page again
    last = client.daily(tr_id, "N", **{name: key.strip() for name, key in keys.items()})
    assert ([row["odno"] for row in last.json()["output1"]], last.headers["tr_cont"]) == (["0000000001"], "E")
    assert not last.json()["ctx_area_nk100"].strip()
    squeezed = keys["CTX_AREA_NK100"].replace(" ", "")
    assert (
        client.daily(tr_id, "N", CTX_AREA_FK100=keys["CTX_AREA_FK100"], CTX_AREA_NK100=squeezed).json()["rt_cd"] == "2"
    )


def test_pages_are_longer_on_the_live_venue() -> None:
    """Fact sheet §4.5: 100 rows."""
    bench = Bench()
    for _ in range(101):
        bench.exchange.place(HOLDER, Ticket("buy", SAMSUNG, "00", 1, 60_000))
    fields = {**ACCOUNT, "INQR_STRT_DT": "20260304", "INQR_END_DT": "20260304"}
    call = Call(Key("", ""), "TTTC0081R", is_mock=False, fields=fields)
    first = Ledgers(bench.exchange).daily_ccld(call)
    assert (len(first.body["output1"]), first.tr_cont) == (100, "F")
    last = Ledgers(bench.exchange).daily_ccld(
        replace(call, tr_cont="N", fields={**fields, **{name.upper(): first.body[name] for name in KEYS}})
    )
    assert ([row["odno"] for row in last.body["output1"]], last.tr_cont) == (["0000000001"], "E")


def test_a_share_may_stand_in_two_rows(serve: Serve) -> None:
    """Trap 14: shares bought on credit have a row of their own, and a cash order sells none of them."""
    client = serve(holdings="005930:5@70000", loans="005930:3@70000")
    rows = client.balance().json()["output1"]
    assert [(row["pdno"], row["trad_dvsn_name"], row["hldg_qty"], row["loan_amt"]) for row in rows] == [
        (SAMSUNG, "현금", "5", "0"), (SAMSUNG, "자기융자", "3", "210000"),
    ]  # fmt: skip
    assert client.order("TTTC0011U", 6).json()["msg_cd"] == "APBK0400"


def test_one_page_ends_with_d(serve: Serve) -> None:
    answer = serve().daily()
    assert (answer.headers["tr_cont"], answer.json()["msg_cd"], answer.json()["output1"]) == ("D", "KIOK0560", [])


def test_orders_are_found_by_side_state_and_number(serve: Serve) -> None:
    client = serve(holdings="005930:10@70000")
    client.price(71_900, 72_000)
    client.order("TTTC0012U", 1)
    client.order("TTTC0012U", 1, 60_000)
    client.order("TTTC0011U", 1, 80_000)

    def numbers(**query: str) -> list[int]:
        return [int(row["odno"]) for row in client.daily(**query).json()["output1"]]

    assert numbers() == [3, 2, 1]
    assert numbers(INQR_DVSN="01") == [1, 2, 3]
    assert (numbers(SLL_BUY_DVSN_CD="01"), numbers(SLL_BUY_DVSN_CD="02")) == ([3], [2, 1])
    assert (numbers(CCLD_DVSN="01"), numbers(CCLD_DVSN="02")) == ([1], [3, 2])
    assert (numbers(ODNO="0000000002"), numbers(PDNO="000660")) == ([2], [])
    assert numbers(INQR_STRT_DT="20260305", INQR_END_DT="20260306") == []


def test_mocks_list_may_run_behind(serve: Serve) -> None:
    """Fact sheet §4.5: no rows for a while after a fill."""
    client = serve(daily_lag_s="3")
    client.order("VTTC0012U", 1)
    assert client.daily("VTTC0081R").json()["output1"] == []
    client.control("clock", advance_s=3)
    assert len(client.daily("VTTC0081R").json()["output1"]) == 1


def test_buying_power_of_a_market_order_is_reckoned_at_the_upper_limit(serve: Serve) -> None:
    """Trap 11: ⌊9,998,500 / upper limit⌋ shares."""
    client = serve()
    query = {**ACCOUNT, "PDNO": SAMSUNG, "CMA_EVLU_AMT_ICLD_YN": "N", "OVRS_ICLD_YN": "N"}
    path = "/trading/inquire-psbl-order"
    market = client.get(path, "TTTC8908R", **query, ORD_UNPR="0", ORD_DVSN="01").json()["output"]
    upper = int(client.quote("inquire-price", "FHKST01010100").json()["output"]["stck_mxpr"])
    assert int(market["psbl_qty_calc_unpr"]) == upper
    assert (market["nrcvb_buy_amt"], int(market["nrcvb_buy_qty"])) == ("9998500", 9_998_500 // upper)
    limit = client.get(path, "TTTC8908R", **query, ORD_UNPR="70000", ORD_DVSN="00").json()["output"]
    assert (limit["psbl_qty_calc_unpr"], limit["nrcvb_buy_qty"]) == ("70000", "142")  # 142.8


def test_sellable_shares_are_less_what_sales_hold(serve: Serve) -> None:
    """Trap 15."""
    client = serve(holdings="005930:10@70000")
    client.order("TTTC0011U", 4, 80_000)
    answer = client.get("/trading/inquire-psbl-sell", "TTTC8408R", **ACCOUNT, PDNO=SAMSUNG).json()["output"]
    assert (answer["cblc_qty"], answer["ord_psbl_qty"]) == ("10", "6")
    assert client.order("TTTC0011U", 7, 80_000).json()["msg_cd"] == "APBK0400"


def test_a_manual_trade_and_the_ledger(serve: Serve) -> None:
    client = serve()
    client.balance()
    client.price(71_900, 72_000)
    placed = client.control("trade", instrument=SAMSUNG, units=5)
    assert (placed["state"], placed["amount"]) == ("filled", "360000")
    ledger = client.http.get("/_control/ledger").json()
    account = ledger["accounts"]["12345678-01"]
    assert account["positions"] == {SAMSUNG: {"units": "5", "average": "72000"}}
    assert account["balance"] == str(10_000_000 - 360_000 - 54)
    assert ledger["accepted"] == {"20260304-0000000001": 1}


@pytest.mark.parametrize(("kind", "orders"), [("lose_request", 0), ("lose_reply", 1), ("duplicate_request", 2)])
def test_what_a_broken_connection_leaves_is_in_the_list(serve: Serve, kind: str, orders: int) -> None:
    """Fact sheet §8: after a lost reply the day's list says what became of an order."""
    client = serve()
    client.control("fault", kind=kind, path="/uapi/domestic-stock/v1/trading/order-cash")
    if kind == "duplicate_request":
        client.order("TTTC0012U", 1, 60_000)
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            client.order("TTTC0012U", 1, 60_000)
    assert len(client.daily().json()["output1"]) == orders
    assert client.http.get("/_control/ledger").json()["faults"] == {kind: 1}


@pytest.mark.parametrize("code", ["", "APBK0400"])
def test_a_fault_refuses_an_order_in_the_venues_words(serve: Serve, code: str) -> None:
    client = serve()
    client.control("fault", kind="reject", path="/uapi", **({"code": code} if code else {}))
    answer = client.order("TTTC0012U", 1, 70_000).json()
    assert (answer["rt_cd"], answer["msg_cd"]) == ("7", code or "APBK0952")
    assert client.order("TTTC0012U", 1, 70_000).json()["rt_cd"] == "0"
    assert len(client.daily().json()["output1"]) == 1
