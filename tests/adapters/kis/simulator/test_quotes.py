"""Prices, bars and the calendar over REST: that they agree with each other and with the rules of the exchange."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.adapters.kis.simulator.clients import SAMSUNG, Client
from tests.adapters.kis.simulator.conftest import Serve

WEDNESDAY = "2026-03-04T14:30:00"


def days(client: Client, first: str, last: str, period: str = "D", symbol: str = SAMSUNG) -> list[dict[str, str]]:
    query = {"FID_INPUT_DATE_1": first, "FID_INPUT_DATE_2": last, "FID_PERIOD_DIV_CODE": period, "FID_ORG_ADJ_PRC": "0"}
    rows: list[dict[str, str]] = client.quote("inquire-daily-itemchartprice", "FHKST03010100", symbol, **query).json()[
        "output2"
    ]
    return rows


def minutes(client: Client, hour: str) -> list[dict[str, str]]:
    query = {"FID_INPUT_HOUR_1": hour, "FID_PW_DATA_INCU_YN": "N", "FID_ETC_CLS_CODE": ""}
    rows: list[dict[str, str]] = client.quote("inquire-time-itemchartprice", "FHKST03010200", **query).json()["output2"]
    return rows


def figures(rows: Sequence[dict[str, Any]], name: str) -> list[int]:
    return [int(row[name]) for row in rows]


def test_the_price_counts_from_yesterdays_close(serve: Serve) -> None:
    """Base price, change, limits: 30 % of the base cut to its tick of 100, each way."""
    client = serve(WEDNESDAY, hours="krx")
    now = client.quote("inquire-price", "FHKST01010100").json()["output"]
    base = int(now["stck_sdpr"])
    assert base == int(days(client, "20260303", "20260303")[0]["stck_clpr"])
    assert int(now["prdy_vrss"]) == int(now["stck_prpr"]) - base
    width = base * 3 // 10 // 100 * 100
    assert (int(now["stck_llam"]), int(now["stck_mxpr"])) == (base - width, base + width)
    assert (now["aspr_unit"], now["hts_deal_qty_unit_val"], now["temp_stop_yn"]) == ("100", "1", "N")
    assert int(now["stck_lwpr"]) <= int(now["stck_prpr"]) <= int(now["stck_hgpr"])
    sign = (int(now["prdy_vrss"]) > 0) - (int(now["prdy_vrss"]) < 0)
    assert now["prdy_vrss_sign"] == {1: "2", 0: "3", -1: "5"}[sign]


@pytest.mark.parametrize(("price", "sign"), [("upper", "1"), ("lower", "4")])
def test_the_limits_have_signs_of_their_own(serve: Serve, price: str, sign: str) -> None:
    client = serve()
    now = client.quote("inquire-price", "FHKST01010100").json()["output"]
    limit = int(now["stck_mxpr" if price == "upper" else "stck_llam"])
    client.price(limit, limit)
    assert client.quote("inquire-price", "FHKST01010100").json()["output"]["prdy_vrss_sign"] == sign
    book = client.quote("inquire-asking-price-exp-ccn", "FHKST01010200").json()["output1"]
    beyond = book["askp2"] if price == "upper" else book["bidp2"]
    assert beyond == "0"  # no level lies beyond a limit


def test_a_share_that_is_not_listed_answers_with_zeros(serve: Serve) -> None:
    """As the venue: a success."""
    client = serve()
    answer = client.quote("inquire-price", "FHKST01010100", "999999").json()
    assert (answer["rt_cd"], answer["output"]["stck_prpr"]) == ("0", "0")
    assert client.quote("inquire-asking-price-exp-ccn", "FHKST01010200", "999999").json()["output1"]["askp1"] == "0"
    assert days(client, "20260101", "20260304", symbol="999999") == []
    query = {"PDNO": "999999", "PRDT_TYPE_CD": "300"}
    assert client.get("/quotations/search-info", "CTPF1604R", **query).json()["rt_cd"] == "7"


def test_days_come_newest_first_a_hundred_at_once(serve: Serve) -> None:
    """Fact sheet §4.6: page by moving the end date. 2 March 2026 was a holiday."""
    client = serve(WEDNESDAY, hours="krx")
    first = days(client, "00000101", "20260304")
    dates = [row["stck_bsop_date"] for row in first]
    assert (len(dates), dates[:3]) == (100, ["20260304", "20260303", "20260227"])
    assert dates == sorted(dates, reverse=True)
    day_before = datetime.strptime(dates[-1], "%Y%m%d") - timedelta(days=1)
    second = days(client, "00000101", day_before.strftime("%Y%m%d"))
    assert second[0]["stck_bsop_date"] < dates[-1]
    for row, before in pairwise(first):
        assert int(row["prdy_vrss"]) == int(row["stck_clpr"]) - int(before["stck_clpr"])


def test_weeks_are_made_of_days(serve: Serve) -> None:
    """The week of Monday 23 February 2026 to Friday 27."""
    client = serve(WEDNESDAY, hours="krx")
    (week,) = days(client, "20260223", "20260227", "W")
    of_days = days(client, "20260223", "20260227")
    assert len(of_days) == 5
    assert week["stck_bsop_date"] == "20260227"
    assert (week["stck_oprc"], week["stck_clpr"]) == (of_days[-1]["stck_oprc"], of_days[0]["stck_clpr"])
    assert int(week["stck_hgpr"]) == max(figures(of_days, "stck_hgpr"))
    assert int(week["stck_lwpr"]) == min(figures(of_days, "stck_lwpr"))
    assert int(week["acml_vol"]) == sum(figures(of_days, "acml_vol"))


def test_minutes_step_back_to_the_opening(serve: Serve) -> None:
    """330 minutes from 09:00 to 14:30 and the one that runs; 30 a page."""
    client = serve(WEDNESDAY, hours="krx")
    rows, hour = [], "143000"
    while page := minutes(client, hour):
        assert len(page) <= 30
        rows += page
        last = datetime.strptime(page[-1]["stck_cntg_hour"], "%H%M%S")
        hour = (last - timedelta(minutes=1)).strftime("%H%M%S")
    hours = [row["stck_cntg_hour"] for row in rows]
    assert (hours[0], hours[-1], len(hours), len(set(hours))) == ("143000", "090000", 331, 331)
    today = days(client, "20260304", "20260304")[0]
    assert int(today["stck_hgpr"]) == max(figures(rows, "stck_hgpr"))
    assert int(today["stck_lwpr"]) == min(figures(rows, "stck_lwpr"))
    assert int(today["stck_oprc"]) == int(rows[-1]["stck_oprc"])


@pytest.mark.parametrize("hour", ["235900", "000000", ""])
def test_an_hour_to_come_means_now(serve: Serve, hour: str) -> None:
    assert minutes(serve(WEDNESDAY), hour)[0]["stck_cntg_hour"] == "143000"


def test_recent_trades_and_daily_prices(serve: Serve) -> None:
    client = serve(WEDNESDAY)
    trades = client.quote("inquire-ccnl", "FHKST01010300").json()["output"]
    hours = [row["stck_cntg_hour"] for row in trades]
    assert (len(trades), hours) == (30, sorted(hours, reverse=True))
    assert all(int(row["cntg_vol"]) > 0 for row in trades)
    query = {"FID_PERIOD_DIV_CODE": "D", "FID_ORG_ADJ_PRC": "0"}
    prices = client.quote("inquire-daily-price", "FHKST01010400", **query).json()["output"]
    assert figures(prices, "stck_clpr") == figures(days(client, "20260101", "20260304"), "stck_clpr")[:30]


def test_the_calendar_comes_in_pages(serve: Serve) -> None:
    """Trap 18: here the keys are called ctx_area_nk and _fk. 16 to 18 February 2026 were the new year's holidays."""
    client = serve(WEDNESDAY, hours="krx")
    first = client.get("/quotations/chk-holiday", "CTCA0903R", BASS_DT="20260216", CTX_AREA_NK="", CTX_AREA_FK="")
    rows = first.json()["output"]
    assert first.headers["tr_cont"] == "F"
    assert [row["opnd_yn"] for row in rows[:7]] == ["N", "N", "N", "Y", "Y", "N", "N"]
    keys = {"CTX_AREA_NK": first.json()["ctx_area_nk"], "CTX_AREA_FK": first.json()["ctx_area_fk"]}
    path = "/quotations/chk-holiday"
    second = client.get(path, "CTCA0903R", "N", BASS_DT="20260216", **keys)
    assert (second.headers["tr_cont"], second.json()["output"][0]["bass_dt"]) == ("M", "20260312")


def test_around_the_clock_every_day_is_open(serve: Serve) -> None:
    rows = serve().get("/quotations/chk-holiday", "CTCA0903R", BASS_DT="20260301", CTX_AREA_NK="").json()["output"]
    assert {row["opnd_yn"] for row in rows} == {"Y"}


def test_what_a_share_is(serve: Serve) -> None:
    client = serve()
    query = {"PDNO": "247540", "PRDT_TYPE_CD": "300"}
    name = client.get("/quotations/search-info", "CTPF1604R", **query).json()["output"]
    assert (name["shtn_pdno"], name["prdt_abrv_name"], name["prdt_type_cd"]) == ("247540", "에코프로비엠", "300")
    stock = client.get("/quotations/search-stock-info", "CTPF1002R", **query).json()["output"]
    assert (stock["mket_id_cd"], stock["excg_dvsn_cd"]) == ("KSQ", "03")


def test_the_same_seed_gives_the_same_market(serve: Serve) -> None:
    """Two simulators of one seed, at one time."""
    assert days(serve(), "20260101", "20260304") == days(serve(), "20260101", "20260304")
