"""What the simulator answers has every field that the venue's example payloads have, in the same kind of value."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.kis.simulator.exchange import Notice
from adapters.kis.simulator.listing import listed
from adapters.kis.simulator.notices import fields
from adapters.kis.simulator.notices import frame as encrypted_frame
from adapters.kis.simulator.orders import Order
from tests.adapters.kis.simulator.clients import ACCOUNT, SAMSUNG, Client, frame, register
from tests.adapters.kis.simulator.conftest import Serve
from tests.adapters.kis.simulator.venues import at

_BUYING = {"PDNO": SAMSUNG, "ORD_UNPR": "0", "ORD_DVSN": "01", "CMA_EVLU_AMT_ICLD_YN": "N", "OVRS_ICLD_YN": "N"}
_DAYS = {
    "FID_INPUT_DATE_1": "20260201", "FID_INPUT_DATE_2": "20260304", "FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "0",
}  # fmt: skip
_MINUTES = {"FID_INPUT_HOUR_1": "100500", "FID_PW_DATA_INCU_YN": "N", "FID_ETC_CLS_CODE": ""}


def _bought(client: Client) -> httpx.Response:
    client.order("TTTC0012U", 3)
    return client.balance()


def _listed(client: Client) -> httpx.Response:
    client.order("TTTC0012U", 3)
    return client.daily()


def _changed(client: Client) -> httpx.Response:
    client.price(71_900, 72_000)
    client.order("TTTC0012U", 3, 70_000)
    return client.change("TTTC0013U", "1", "02")


CALLS: dict[str, Callable[[Client], httpx.Response]] = {
    "rest/token_issue.json": lambda client: client.issue(),
    "rest/order_cash.json": lambda client: client.order("TTTC0012U", 1, 70_000),
    "rest/order_rvsecncl.json": _changed,
    "rest/inquire_balance.json": _bought,
    "rest/inquire_price_partial.json": lambda client: client.quote("inquire-price", "FHKST01010100"),
    "errors/insufficient_cash.http200.json": lambda client: client.order("TTTC0012U", 9_999, 70_000),
    "handmade/inquire_daily_ccld.json": _listed,
    "handmade/inquire_daily_ccld.empty.json": lambda client: client.daily(),
    "handmade/inquire_psbl_order.json": lambda client: client.get(
        "/trading/inquire-psbl-order", "TTTC8908R", **ACCOUNT, **_BUYING
    ),
    "handmade/inquire_asking_price.json": lambda client: client.quote("inquire-asking-price-exp-ccn", "FHKST01010200"),
    "handmade/daily_itemchartprice.json": lambda client: client.quote(
        "inquire-daily-itemchartprice", "FHKST03010100", **_DAYS
    ),
    "handmade/time_itemchartprice.json": lambda client: client.quote(
        "inquire-time-itemchartprice", "FHKST03010200", **_MINUTES
    ),
    "handmade/chk_holiday.json": lambda client: client.get(
        "/quotations/chk-holiday", "CTCA0903R", BASS_DT="20260301", CTX_AREA_NK="", CTX_AREA_FK=""
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_answers_have_the_shape_of_the_venues(serve: Serve, fixtures: Path, name: str) -> None:
    wanted = json.loads((fixtures / name).read_text(encoding="utf-8"))
    _like(CALLS[name](serve()).json(), wanted, name)


def test_the_calendar_is_that_of_the_example(serve: Serve, fixtures: Path) -> None:
    """1 and 2 March 2026 are closed, 3 and 4 open; days of the week count from Sunday."""
    wanted = json.loads((fixtures / "handmade/chk_holiday.json").read_text(encoding="utf-8"))["output"]
    query = {"BASS_DT": "20260301", "CTX_AREA_NK": "", "CTX_AREA_FK": ""}
    got = serve(hours="krx").get("/quotations/chk-holiday", "CTCA0903R", **query).json()["output"]
    assert got[: len(wanted)] == wanted


@pytest.mark.parametrize("tr_id", ["H0STCNT0", "H0STASP0"])
def test_frames_have_the_width_of_the_venues(serve: Serve, fixtures: Path, tr_id: str) -> None:
    client = serve()
    wanted = (fixtures / f"ws/{tr_id}.frame.txt").read_text(encoding="utf-8").strip().split("|", 3)
    with client.connect() as socket:
        register(socket, client.approval(), tr_id, SAMSUNG)
        client.price(71_900, 72_000)
        got = frame(socket, tr_id)
    assert len(got[3].split("^")) // int(got[2]) == len(wanted[3].split("^"))
    pairs = zip(got[3].split("^"), wanted[3].split("^"), strict=False)
    assert not [pair for pair in pairs if _kind(pair[0]) != _kind(pair[1]) and all(pair)]


@pytest.mark.parametrize(
    ("name", "what", "shares", "price", "second"),
    [("accept", "accepted", 10, 0, 1), ("fill_1", "filled", 4, 71_900, 2), ("fill_2", "filled", 6, 71_917, 2),
     ("cancel_confirm", "confirmed", 5, 0, 0)],
)  # fmt: skip
def test_notices_are_those_of_the_examples(
    fixtures: Path, name: str, what: str, shares: int, price: int, second: int
) -> None:
    """Field by field, but for the owner's name; clear text and cipher."""
    clock = at(f"2026-03-04T10:{'12:00' if name == 'cancel_confirm' else f'05:0{second}'}")
    order = Order(
        "1234567801", date(2026, 3, 4), 12_345, "buy", SAMSUNG, "01", 10, 0, clock, limit=None, reserve_price=93_300
    )
    if name == "cancel_confirm":
        order.kind, order.quantity, order.price, order.purpose = "00", 5, 70_000, "2"
        order.original, order.original_quantity = 12_347, 8
    wanted = (fixtures / f"handmade/H0STCNI9.{name}.plain26.txt").read_text(encoding="utf-8").strip()
    text = fields(Notice(order, what, shares, price, clock), listed()[SAMSUNG], "HTSID01", 26)
    assert text.replace("모의고객", wanted.split("^")[17]) == wanted

    output = json.loads((fixtures / "ws/subscribe_ack.json").read_text(encoding="utf-8"))["body"]["output"]
    sealed = (fixtures / f"handmade/H0STCNI9.{name}.frame.txt").read_text(encoding="utf-8").strip()
    assert encrypted_frame("H0STCNI9", wanted, output["key"], output["iv"]) == sealed


def _kind(field: str) -> str:
    """A figure, or letters."""
    return "figure" if field.lstrip("-").replace(".", "", 1).isdigit() else "text"


def _like(got: Any, wanted: Any, where: str) -> None:
    """Every key is there; lists and objects stand where they stand; a figure is a figure."""
    assert type(got) is type(wanted), where
    if isinstance(wanted, dict):
        missing = set(wanted) - set(got)
        assert not missing, f"{where} lacks {missing}"
        for key, value in wanted.items():
            _like(got[key], value, f"{where}.{key}")
    elif isinstance(wanted, list) and wanted:
        assert got, where
        _like(got[0], wanted[0], f"{where}[0]")
    elif isinstance(wanted, str) and got and wanted and not where.endswith(("msg1", "msg_cd", "_name")):
        assert _kind(got.strip()) == _kind(wanted.strip()), f"{where}: {got!r} beside {wanted!r}"
