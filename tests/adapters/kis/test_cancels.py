"""Orders that are taken back, revised by hand, or refused by the exchange."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.wire.clock import NANOS
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.stand import NOON, Stand, notice, order, played, refused, row


@played
async def test_a_cancel_names_branch_and_number_and_the_confirmation_ends_it() -> None:
    """Trap 9: the cancel has a number of its own and points back."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    number = stand.rows[0]["odno"]
    stand.hear(notice(number, "fill", 3, 70_000, ordered="8"))
    stand.desk.cancel("o1")
    await stand.rest()
    body = stand.orders[-1]
    assert body | {"CANO": "", "ACNT_PRDT_CD": ""} == {
        "CANO": "", "ACNT_PRDT_CD": "", "KRX_FWDG_ORD_ORGNO": "06010", "ORGN_ODNO": number, "ORD_DVSN": "00",
        "RVSE_CNCL_DVSN_CD": "02", "ORD_QTY": "0", "ORD_UNPR": "0", "QTY_ALL_ORD_YN": "Y", "EXCG_ID_DVSN_CD": "KRX",
    }  # fmt: skip
    stand.hear(notice("0000000102", "cancelled", 5, original=number, ordered="8"))
    assert stand.told() == ["accepted", "fill 3 @ 70000", "cancelled"]


@played
async def test_a_fill_that_wins_against_a_cancel_counts() -> None:
    """The cancel is refused (nothing is left), and the order list tells of the fill."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    stand.faults = [refused("APBK0344")]
    stand.desk.cancel("o1")
    await stand.rest()
    assert stand.desk.standing.doubt.is_set()
    stand.list_fill(8, 560_000)
    await stand.read_list()
    assert stand.told() == ["accepted", "fill 8 @ 70000"]


@played
async def test_a_cancel_before_the_send_sends_nothing() -> None:
    stand = Stand()
    stand.desk.place(order("buy", 8))
    stand.desk.cancel("o1")
    await stand.rest()
    assert (stand.told(), stand.orders) == (["cancelled"], [])


@played
async def test_a_revision_by_hand_is_followed_under_its_new_number() -> None:
    """Trap 9: the live order is the new number; what filled under both is the order's."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    old = stand.rows[0]["odno"]
    stand.hear(notice(old, "fill", 3, 70_000, ordered="8"))
    stand.hear(notice("0000000200", "revised", 5, original=old, ordered="5"))
    stand.hear(notice("0000000200", "fill", 5, 70_100, ordered="5", clock="120100"))
    assert stand.told() == ["accepted", "fill 3 @ 70000", "fill 5 @ 70100"]
    assert {each.order_id for each in stand.fills_told} == {"o1"}
    stand.list_fill(3, 210_000)
    stand.rows.append(
        row("0000000200", 5, orgn_odno=old, ord_unpr=70_100, ord_dvsn_cd="00", tot_ccld_qty=5, tot_ccld_amt=350_500)
    )
    await stand.read_list()
    assert len(stand.said) == 3


@played
async def test_the_exchange_may_refuse_what_was_sent() -> None:
    """§4.1: the reply means sent, not taken."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    stand.hear(notice(stand.rows[0]["odno"], "rejected", 8))
    assert stand.told() == ["accepted", "rejected"]


@played
async def test_what_a_revised_order_filled_before_it_was_cancelled_counts() -> None:
    """Its row points back and says that it was cancelled, and is no cancel's: 3 + 2 filled, 3 were taken back."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    old = stand.rows[0]["odno"]
    stand.list_fill(3, 210_000)
    stand.rows[0]["rmn_qty"] = "0"
    revised = {"orgn_odno": old, "ord_unpr": 70_100, "ord_tmd": "120100", "ord_dvsn_cd": "00", "cncl_yn": "Y"}
    stand.rows.append(row("0000000200", 5, tot_ccld_qty=2, tot_ccld_amt=140_200, cncl_cfrm_qty=3, **revised))
    stand.rows.append(row("0000000201", 3, orgn_odno="0000000200", cncl_yn="Y", sll_buy_dvsn_cd_name="매수취소*"))
    await stand.read_list()
    assert stand.told() == ["accepted", "fill 5 @ 70040", "cancelled"]  # 350,200 / 5


@pytest.mark.parametrize("fault", ["connect", "lose_request", refused("EGW00202", status=500)])
@played
async def test_a_cancel_that_was_not_heard_is_sent_again_while_anything_is_left(fault: Any) -> None:
    """It names a number, and what is left of it: twice does no more than once."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    stand.faults = [fault, fault]
    stand.desk.cancel("o1")
    await stand.rest()
    for _ in range(3):
        await stand.clock.sleep(1)
        await stand.read_list()
        await stand.rest()
    assert [body["ORGN_ODNO"] for body in stand.orders[1:]] == [stand.rows[0]["odno"]]


@played
async def test_a_cancel_that_the_venue_answered_is_not_sent_again_at_once() -> None:
    """What it changes may reach the list later; where it never does, it is asked for again."""
    stand = Stand()
    await stand.place("buy", 8, 70_000)
    stand.desk.cancel("o1")
    await stand.rest()
    await stand.clock.sleep(10)
    await stand.read_list()
    await stand.rest()
    assert len(stand.orders) == 2
    await stand.clock.sleep(11)
    await stand.read_list()
    await stand.rest()
    assert len(stand.orders) == 3


@played
async def test_an_order_that_lapses_is_taken_back_also_after_a_restart() -> None:
    lapsing = replace(order("buy", 8, 70_000), expires_ns=NOON + 60 * NANOS)
    stand = Stand()
    stand.rows = [row("0000000101", 8, ord_unpr=70_000, ord_dvsn_cd="00")]
    await stand.desk.recover([SentOrder(lapsing, NOON, "20260304-06010-0000000101")])
    await stand.rest()  # pauses are over at once
    assert stand.clock.now_ns() >= NOON + 60 * NANOS
    assert [body["RVSE_CNCL_DVSN_CD"] for body in stand.orders] == ["02"]
