"""What is sent of an order, and what is refused before. Traps are those of the fact sheet, §10."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.kis import kst
from adapters.kis.instruments import plain_share
from adapters.kis.orders import Number
from ruleengine.model.event import OrderStatus
from ruleengine.model.fees import Fees
from ruleengine.model.side import Side
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, notice, order, played, refused, row


@played
async def test_a_market_buy_is_sent_accepted_and_filled_by_notices() -> None:
    """Traps 5, 10: zeros stay, and only a notice of a fill fills."""
    stand = Stand()
    await stand.place("buy", 10)
    number = stand.rows[0]["odno"]
    stand.hear(notice(number, "accepted", 10))
    stand.hear(notice(number, "fill", 4, 71_900, ordered="10"))
    stand.hear(notice(number, "fill", 6, 71_917, ordered="10", clock="120002"))
    assert stand.told() == ["accepted", "fill 4 @ 71900", "fill 6 @ 71917"]
    _, tr_id, body = next(each for each in stand.asked if each[0] == "order-cash")
    assert (tr_id, body["PDNO"], body["ORD_QTY"], body["ORD_UNPR"]) == ("VTTC0012U", SAMSUNG, "10", "0")
    first, last = stand.fills_told
    assert stand.updates[0].venue_id == "20260304-06010-0000000101"
    assert (first.fill_id, last.fill_id) == ("20260304-0000000101-4", "20260304-0000000101-10")
    assert (first.opens, first.trade_id, first.is_last, last.is_last) == (True, "005930:long", False, True)


@played
async def test_live_ids_are_not_mock_ids() -> None:
    """Trap 4."""
    for is_mock, tr_id, exchanges in ((False, "TTTC0011U", "ALL"), (True, "VTTC0011U", "KRX")):
        stand = Stand(is_mock=is_mock)
        stand.hold(SAMSUNG, 5, "70000")
        await stand.place("sell", 5)
        assert [each for path, each, _ in stand.asked if path == "order-cash"] == [tr_id]
        queries = [values for path, _, values in stand.asked if path == "inquire-daily-ccld"]
        assert {values["EXCG_ID_DVSN_CD"] for values in queries} == {exchanges}


@pytest.mark.parametrize(
    ("side", "price", "sent"),
    [("buy", 71_950, "71900"), ("sell", 71_950, "72000"), ("buy", 1_999, "1999"), ("sell", 199_950, "200000")],
)
@played
async def test_a_limit_price_is_put_on_the_tick_of_its_price(side: str, price: int, sent: str) -> None:
    """Trap 12: 50,000–200,000 goes in hundreds, below 2,000 in ones; a purchase down, a sale up."""
    stand = Stand()
    stand.hold(SAMSUNG, 10, "70000")
    await stand.place(side, 10, price)
    assert stand.orders[0]["ORD_UNPR"] == sent
    assert stand.orders[0]["ORD_DVSN"] == "00"


@played
async def test_a_price_outside_the_days_limits_is_not_sent_while_they_are_known() -> None:
    """Trap 12: 30 % about 71,300 are 50,000 to 92,600 (71,300 × 0.3 = 21,390, cut to 21,300; 92,600 is on the tick)."""
    stand = Stand()
    stand.specs[SAMSUNG] = replace(stand.specs[SAMSUNG], base_price=Decimal(71_300))
    stand.desk.base_day = "20260304"
    await stand.place("buy", 1, 92_700)
    assert [(u.status, u.code) for u in stand.updates] == [(OrderStatus.REJECTED, "PRICE_LIMIT_EXCEEDED")]
    stand.desk.base_day = "20260303"  # yesterday's base says nothing of today's limits
    await stand.place("buy", 1, 92_700, name="o2")
    assert len(stand.orders) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"type": "stop", "price": Decimal(70_000)}, "ORDER_TYPE_UNSUPPORTED"),
        ({"stop": Decimal(70_000)}, "ATTACHED_STOP_UNSUPPORTED"),
        ({"units": Decimal("1.5")}, "UNITS_INVALID"),
        ({"units": Decimal(0)}, "UNITS_INVALID"),
        ({"type": "limit", "price": None}, "PRICE_MISSING"),
        ({"is_reduce_only": True}, "NO_POSITION_TO_REDUCE"),
        ({"instrument": "000660"}, "INSTRUMENT_UNKNOWN"),
    ],
)
@played
async def test_what_the_venue_cant_do_is_refused_here(more: dict[str, Any], code: str) -> None:
    stand = Stand()
    stand.desk.place(replace(order("buy", 1), **more))
    await stand.rest()
    assert [(u.status, u.code) for u in stand.updates] == [(OrderStatus.REJECTED, code)]
    assert stand.asked == []


@played
async def test_a_sale_never_asks_for_more_than_can_be_sold() -> None:
    """Trap 15: 10 are wanted, 7 are free: 7 are sent, and the rest is cancelled once they have filled."""
    stand = Stand()
    stand.hold(SAMSUNG, 8, "70000", ord_psbl_qty=7)
    await stand.place("sell", 10, is_reduce_only=True)
    assert stand.orders[0]["ORD_QTY"] == "7"
    stand.hear(notice(stand.rows[0]["odno"], "fill", 7, 72_000, side="01"))
    assert stand.told() == ["accepted", "fill 7 @ 72000", "cancelled"]
    assert stand.fills_told[0].realised == 14_000  # 7 × (72,000 − 70,000)


@played
async def test_nothing_is_sold_that_is_not_held() -> None:
    """Trap 15: no short sales, whether reduce-only or not."""
    stand = Stand()
    await stand.place("sell", 10)
    assert [(u.status, u.code) for u in stand.updates] == [(OrderStatus.REJECTED, "NOTHING_TO_SELL")]
    assert stand.orders == []


@pytest.mark.parametrize("code", ["APBK0400", "APBK0918"])
@played
async def test_a_sale_refused_for_its_size_reads_what_is_free_before_the_next(code: str) -> None:
    """A person's own sale holds 6 of the 10: refused, then sold as many as are free. (One code of the venue stands for
    several reasons, so any refusal is taken for this one.)"""
    stand = Stand()
    stand.hold(SAMSUNG, 10, "70000", ord_psbl_qty=4)
    stand.faults = [refused(code)]
    await stand.place("sell", 10)
    await stand.place("sell", 10, name="o2")
    assert [str(each.status) for each in stand.updates] == ["rejected", "accepted"]
    assert [body["ORD_QTY"] for body in stand.orders] == ["4"]


@played
async def test_an_id_is_sent_once_however_often_it_is_handed_over() -> None:
    stand = Stand()
    await stand.place("buy", 3)
    await stand.place("buy", 3)
    assert len(stand.orders) == 1
    assert stand.told() == ["accepted", "accepted"]


@played
async def test_two_sales_at_once_share_what_is_held() -> None:
    """10 are held: the first takes 8; the balance then has 2 that can be sold, and the second takes no more."""
    stand = Stand()
    stand.hold(SAMSUNG, 10, "70000")
    await stand.place("sell", 8)
    stand.stocks[0]["ord_psbl_qty"] = "2"
    await stand.place("sell", 8, name="o2")
    assert [body["ORD_QTY"] for body in stand.orders] == ["8", "2"]


@played
async def test_fees_and_tax_are_the_account_files() -> None:
    """1,000,000 of value: commission 0.015 % is 150; a sale also pays 0.2 % tax, 2,000."""
    stand = Stand()
    stand.fees[SAMSUNG] = Fees(taker=Decimal("0.00015"), sell_tax=Decimal("0.002"))
    stand.hold(SAMSUNG, 10, "90000")
    await stand.place("buy", 10)
    await stand.place("sell", 10, name="o2")
    stand.hear(notice(stand.rows[0]["odno"], "fill", 10, 100_000))
    stand.hear(notice(stand.rows[1]["odno"], "fill", 10, 100_000, side="01"))
    bought, sold = stand.fills_told
    assert [int(bought.fee), int(sold.fee)] == [150, 2_150]
    # held 10 at 90,000 and 10 at 100,000 are 20 at 95,000; ten of them sold at 100,000
    assert [int(bought.realised), int(sold.realised)] == [0, 50_000]


def test_numbers_are_written_with_day_and_branch() -> None:
    number = Number("20260304", "06010", "0000012345")
    assert Number.of(number.text) == number
    assert Number.of("0000012345") is None
    assert kst.day_of(NOON) == "20260304"
    assert Side.LONG.value == "long"


@played
async def test_two_branches_may_give_one_number_to_orders_of_different_shares() -> None:
    """§4.1: a number is of its day and branch. The order of another branch is a person's, of another share."""
    stand = Stand()
    await stand.place("buy", 7, 70_000)
    number = stand.rows[0]["odno"]
    stand.rows.append(row(number, 3, ord_gno_brno="00950", pdno="000660", tot_ccld_qty=3, tot_ccld_amt=300_000))
    stand.hear(notice(number, "fill", 1, 100_000, symbol="000660", ordered="3"))
    await stand.read_list()
    stand.hear(notice(number, "fill", 2, 70_000, ordered="7"))
    assert [(each.order_id, each.instrument, int(each.units)) for each in stand.fills_told] == [
        ("", "000660", 1), ("", "000660", 2), ("o1", SAMSUNG, 2)
    ]  # fmt: skip


@played
async def test_a_share_that_a_notice_names_without_its_letter_is_the_same() -> None:
    """Q500001 is an ETN's symbol, of which the last six may stand alone."""
    stand = Stand()
    stand.specs["Q500001"] = plain_share("Q500001")
    await stand.place("buy", 7, 10_000, symbol="Q500001")
    stand.hear(notice(stand.rows[0]["odno"], "fill", 7, 10_000, symbol="500001"))
    assert stand.told() == ["accepted", "fill 7 @ 10000"]
