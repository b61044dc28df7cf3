"""One order from being handed over to its end, at a venue moved by hand. Traps are those of the fact sheet, §10."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Coroutine
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.kis import kst
from adapters.kis.orders import Number
from adapters.wire.clock import NANOS
from ruleengine.model.event import Fill, OrderStatus, OrderUpdate
from ruleengine.model.fees import Fees
from ruleengine.model.side import Side
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, notice, order, refused, row


def play(course: Coroutine[Any, Any, None]) -> None:
    asyncio.run(course)


def updates(stand: Stand) -> list[OrderUpdate]:
    return [each for each in stand.said if isinstance(each, OrderUpdate)]


def fills(stand: Stand) -> list[Fill]:
    return [each for each in stand.said if isinstance(each, Fill)]


def test_a_market_buy_is_sent_accepted_and_filled_by_notices() -> None:
    """Traps 5, 10: zeros stay, and only a notice of a fill fills."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 10)
        number = stand.rows[0]["odno"]
        stand.desk.standing.on_notice(notice(number, "accepted", 10), NOON)
        stand.desk.standing.on_notice(notice(number, "fill", 4, 71_900, ordered="10"), NOON)
        stand.desk.standing.on_notice(notice(number, "fill", 6, 71_917, ordered="10", clock="120002"), NOON)
        assert stand.told() == ["accepted", "fill 4 @ 71900", "fill 6 @ 71917"]
        _, tr_id, body = next(each for each in stand.asked if each[0] == "order-cash")
        assert (tr_id, body["PDNO"], body["ORD_QTY"], body["ORD_UNPR"]) == ("VTTC0012U", SAMSUNG, "10", "0")
        first, last = fills(stand)
        assert updates(stand)[0].venue_id == "20260304-06010-0000000101"
        assert (first.fill_id, last.fill_id) == ("20260304-0000000101-4", "20260304-0000000101-10")
        assert (first.opens, first.trade_id, first.is_last, last.is_last) == (True, "005930:long", False, True)

    play(course())


def test_live_ids_are_not_mock_ids() -> None:
    """Trap 4."""

    async def course() -> None:
        for is_mock, tr_id, exchanges in ((False, "TTTC0011U", "ALL"), (True, "VTTC0011U", "KRX")):
            stand = Stand(is_mock=is_mock)
            stand.hold(SAMSUNG, 5, "70000")
            await stand.place("sell", 5)
            assert [each for path, each, _ in stand.asked if path == "order-cash"] == [tr_id]
            queries = [values for path, _, values in stand.asked if path == "inquire-daily-ccld"]
            assert {values["EXCG_ID_DVSN_CD"] for values in queries} == {exchanges}

    play(course())


@pytest.mark.parametrize(
    ("side", "price", "sent"),
    [("buy", 71_950, "71900"), ("sell", 71_950, "72000"), ("buy", 1_999, "1999"), ("sell", 199_950, "200000")],
)
def test_a_limit_price_is_put_on_the_tick_of_its_price(side: str, price: int, sent: str) -> None:
    """Trap 12: 50,000–200,000 goes in hundreds, below 2,000 in ones; a purchase down, a sale up."""

    async def course() -> None:
        stand = Stand()
        stand.hold(SAMSUNG, 10, "70000")
        await stand.place(side, 10, price)
        assert stand.orders[0]["ORD_UNPR"] == sent
        assert stand.orders[0]["ORD_DVSN"] == "00"

    play(course())


def test_a_price_outside_the_days_limits_is_not_sent_while_they_are_known() -> None:
    """Trap 12: 30 % about 71,300 are 50,000 to 92,600 (71,300 × 0.3 = 21,390, cut to 21,300; 92,600 is on the tick)."""

    async def course() -> None:
        from dataclasses import replace

        stand = Stand()
        stand.specs[SAMSUNG] = replace(stand.specs[SAMSUNG], base_price=Decimal(71_300))
        stand.desk.base_day = "20260304"
        await stand.place("buy", 1, 92_700)
        assert [(u.status, u.code) for u in updates(stand)] == [(OrderStatus.REJECTED, "PRICE_LIMIT_EXCEEDED")]
        stand.desk.base_day = "20260303"  # yesterday's base says nothing of today's limits
        await stand.place("buy", 1, 92_700, name="o2")
        assert len(stand.orders) == 1

    play(course())


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
def test_what_the_venue_cant_do_is_refused_here(more: dict[str, Any], code: str) -> None:
    async def course() -> None:
        from dataclasses import replace

        stand = Stand()
        stand.desk.place(replace(order("buy", 1), **more))
        await stand.rest()
        assert [(u.status, u.code) for u in updates(stand)] == [(OrderStatus.REJECTED, code)]
        assert stand.asked == []

    play(course())


def test_a_sale_never_asks_for_more_than_can_be_sold() -> None:
    """Trap 15: 10 are wanted, 7 are free: 7 are sent, and the rest is cancelled once they have filled."""

    async def course() -> None:
        stand = Stand()
        stand.hold(SAMSUNG, 8, "70000", ord_psbl_qty=7)
        await stand.place("sell", 10, is_reduce_only=True)
        assert stand.orders[0]["ORD_QTY"] == "7"
        stand.desk.standing.on_notice(notice(stand.rows[0]["odno"], "fill", 7, 72_000, side="01"), NOON)
        assert stand.told() == ["accepted", "fill 7 @ 72000", "cancelled"]
        assert fills(stand)[0].realised == 14_000  # 7 × (72,000 − 70,000)

    play(course())


def test_nothing_is_sold_that_is_not_held() -> None:
    """Trap 15: no short sales, whether reduce-only or not."""

    async def course() -> None:
        stand = Stand()
        await stand.place("sell", 10)
        assert [(u.status, u.code) for u in updates(stand)] == [(OrderStatus.REJECTED, "NOTHING_TO_SELL")]
        assert stand.orders == []

    play(course())


@pytest.mark.parametrize("code", ["APBK0400", "APBK0918"])
def test_a_sale_refused_for_its_size_reads_what_is_free_before_the_next(code: str) -> None:
    """A person's own sale holds 6 of the 10: refused, then sold as many as are free. (One code of the venue stands for
    several reasons, so any refusal is taken for this one.)"""

    async def course() -> None:
        stand = Stand()
        stand.hold(SAMSUNG, 10, "70000", ord_psbl_qty=4)
        stand.faults = [refused(code)]
        await stand.place("sell", 10)
        await stand.place("sell", 10, name="o2")
        assert [str(each.status) for each in updates(stand)] == ["rejected", "accepted"]
        assert [body["ORD_QTY"] for body in stand.orders] == ["4"]

    play(course())


def test_an_id_is_sent_once_however_often_it_is_handed_over() -> None:
    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 3)
        await stand.place("buy", 3)
        assert len(stand.orders) == 1
        assert stand.told() == ["accepted", "accepted"]

    play(course())


def test_two_sales_at_once_share_what_is_held() -> None:
    """10 are held: the first takes 8; the balance then has 2 that can be sold, and the second takes no more."""

    async def course() -> None:
        stand = Stand()
        stand.hold(SAMSUNG, 10, "70000")
        await stand.place("sell", 8)
        stand.stocks[0]["ord_psbl_qty"] = "2"
        await stand.place("sell", 8, name="o2")
        assert [body["ORD_QTY"] for body in stand.orders] == ["8", "2"]

    play(course())


def test_fees_and_tax_are_the_account_files() -> None:
    """1,000,000 of value: commission 0.015 % is 150; a sale also pays 0.2 % tax, 2,000."""

    async def course() -> None:
        stand = Stand()
        stand.fees[SAMSUNG] = Fees(taker=Decimal("0.00015"), sell_tax=Decimal("0.002"))
        stand.hold(SAMSUNG, 10, "90000")
        await stand.place("buy", 10)
        await stand.place("sell", 10, name="o2")
        stand.desk.standing.on_notice(notice(stand.rows[0]["odno"], "fill", 10, 100_000), NOON)
        stand.desk.standing.on_notice(notice(stand.rows[1]["odno"], "fill", 10, 100_000, side="01"), NOON)
        bought, sold = fills(stand)
        assert [int(bought.fee), int(sold.fee)] == [150, 2_150]
        # held 10 at 90,000 and 10 at 100,000 are 20 at 95,000; ten of them sold at 100,000
        assert [int(bought.realised), int(sold.realised)] == [0, 50_000]

    play(course())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused("APBK0952", "주문가능금액을 초과 했습니다"), "APBK0952"),
        (refused("40580000"), "40580000"),
        (refused("EGW00131", status=500), "EGW00131"),
        ((200, b"ERROR : INPUT INVALID_CHECK_ACNO"), "INVALID_CHECK_ACNO"),
    ],
)
def test_a_refusal_is_a_rejection_with_the_venues_code(answer: tuple[int, Any], code: str) -> None:
    """§6. Trap 18: the text comes padded, and is told without."""

    async def course() -> None:
        stand = Stand()
        stand.faults = [answer]
        await stand.place("buy", 1)
        (update,) = updates(stand)
        assert (update.status, update.code, update.reason) == (OrderStatus.REJECTED, code, update.reason.strip())

    play(course())


def test_a_rate_limit_was_not_processed_and_is_repeated() -> None:
    """Trap 3: HTTP 500 with EGW00201 is no unknown; nothing leaves for a second after it."""

    async def course() -> None:
        stand = Stand()
        stand.faults = [refused("EGW00201", status=500), refused("EGW00201", status=500)]
        await stand.place("buy", 1)
        assert stand.told() == ["accepted"]
        assert len(stand.orders) == 1
        assert (stand.clock.now_ns() - NOON) / NANOS >= 2

    play(course())


def test_a_rate_limit_without_end_is_no_order() -> None:
    async def course() -> None:
        stand = Stand()
        stand.faults = [refused("EGW00201", status=500)] * 3
        await stand.place("buy", 1)
        assert [(u.status, u.code) for u in updates(stand)] == [(OrderStatus.ABSENT, "EGW00201")]

    play(course())


@pytest.mark.parametrize("code", ["EGW00123", "EGW00121"])
def test_a_token_that_is_over_is_renewed_once_and_the_order_repeated_once(code: str) -> None:
    async def course() -> None:
        stand = Stand()
        stand.faults = [refused(code, status=500)]
        await stand.place("buy", 1)
        assert stand.told() == ["accepted"]
        assert (stand.tokens, len(stand.orders)) == (2, 1)
        stand.faults = [refused(code, status=500)] * 5
        await stand.place("buy", 1, name="o2")
        assert updates(stand)[-1].status == OrderStatus.ABSENT
        assert (stand.tokens, len(stand.orders), len(stand.faults)) == (3, 1, 3)

    play(course())


@pytest.mark.parametrize(
    "fault",
    [
        "lose_request", refused("EGW00301", status=500), refused("EGW00302", status=500), (502, b"<html>"),
        refused("EGW00202", status=500), refused("EGW00203", status=500), refused("EGW00500", status=500),
        (200, {"rt_cd": "1", "msg_cd": "", "msg1": ""}), (500, b""),
    ],
)  # fmt: skip
def test_no_word_on_an_order_is_unknown_then_absent_and_never_sent_again(fault: Any) -> None:
    """Outcome table: three full order lists over ten seconds that lack it."""

    async def course() -> None:
        stand = Stand()
        stand.faults = [fault]
        await stand.place("buy", 1)
        assert stand.told() == ["unknown", "absent"]
        assert stand.orders == []
        assert [path for path, _, _ in stand.asked].count("order-cash") == 1
        assert stand.clock.now_ns() - NOON >= 10 * NANOS
        assert [path for path, _, _ in stand.asked].count("inquire-daily-ccld") >= 1 + 3

    play(course())


def test_a_lost_reply_is_found_in_the_order_list() -> None:
    async def course() -> None:
        stand = Stand()
        stand.rows = [row("0000000099", 7, ord_tmd="115959")]  # another's, there before
        stand.faults = ["lose_reply"]
        await stand.place("buy", 7)
        assert stand.told() == ["unknown", "accepted"]
        assert updates(stand)[-1].venue_id == "20260304-06010-0000000101"
        stand.rows[1].update(tot_ccld_qty="7", tot_ccld_amt="503300", rmn_qty="0")
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told()[2:] == ["fill 7 @ 71900"]  # 503,300 / 7

    play(course())


def test_several_orders_that_could_be_it_stay_unknown_and_are_named() -> None:
    async def course() -> None:
        stand = Stand()
        stand.faults = ["lose_reply"]
        stand.desk.place(order("buy", 7))
        while not stand.orders:
            await asyncio.sleep(0)
        stand.rows.append(row("0000000777", 7))  # a person sends the same at that moment
        await stand.rest()
        first, second = updates(stand)
        assert (first.status, second.status, second.code) == (OrderStatus.UNKNOWN, OrderStatus.UNKNOWN, "AMBIGUOUS")
        assert "0000000101" in second.reason
        assert "0000000777" in second.reason
        await stand.place("buy", 1, name="o2")  # the lane is open again
        assert stand.told()[-1] == "accepted"

    play(course())


def test_a_refused_connection_proves_that_nothing_was_sent() -> None:
    async def course() -> None:
        stand = Stand()
        stand.faults = ["connect"]
        await stand.place("buy", 1)
        assert [(u.status, u.code) for u in updates(stand)] == [(OrderStatus.ABSENT, "connect")]

    play(course())


def test_an_order_list_that_lags_behind_the_balance_proves_nothing() -> None:
    """§4.5: the mock environment may lag. The balance has the purchase at once, the list only later."""

    async def course() -> None:
        stand = Stand()
        stand.faults = ["lose_reply"]
        stand.desk.place(order("buy", 7))
        while not stand.orders:
            await asyncio.sleep(0)
        hidden, stand.rows = stand.rows, []
        stand.hold(SAMSUNG, 7, "71900", thdt_buyqty=7)
        while stand.clock.now_ns() < NOON + 25 * NANOS:
            await asyncio.sleep(0)
        assert stand.told() == ["unknown"]
        stand.rows = hidden
        await stand.rest()
        assert stand.told() == ["unknown", "accepted"]

    play(course())


def test_one_order_is_in_flight_for_each_share_and_side() -> None:
    """While a purchase is unknown another of the same share waits, and a sale does not."""

    async def course() -> None:
        stand = Stand()
        stand.hold(SAMSUNG, 5, "70000")
        stand.faults = ["lose_request"]
        stand.desk.place(order("buy", 7, name="o1"))
        while not stand.told():
            await asyncio.sleep(0)
        stand.desk.place(order("buy", 8, name="o2"))
        stand.desk.place(order("sell", 5, name="o3"))
        await stand.rest()
        told = [(each.order_id, str(each.status)) for each in updates(stand)]
        assert told[0] == ("o1", "unknown")
        assert told[1] == ("o3", "accepted")
        # after more than ten seconds an entry's price is another time's: it is not sent
        assert told[2:] == [("o1", "absent"), ("o2", "absent")]
        assert [body["ORD_QTY"] for body in stand.orders] == ["5"]

    play(course())


def test_a_fill_before_the_reply_waits_for_the_number() -> None:
    """§8: notices may reach us before the reply: parked by number."""

    async def course() -> None:
        stand = Stand()
        stand.faults = ["lose_reply"]
        stand.desk.place(order("buy", 10))
        while not stand.orders:
            await asyncio.sleep(0)
        stand.desk.standing.on_notice(notice(stand.rows[0]["odno"], "fill", 4, 71_900, ordered="10"), NOON)
        assert fills(stand) == []
        await stand.rest()
        assert stand.told() == ["unknown", "accepted", "fill 4 @ 71900"]
        assert fills(stand)[0].order_id == "o1"

    play(course())


def test_a_cancel_names_branch_and_number_and_the_confirmation_ends_it() -> None:
    """Trap 9: the cancel has a number of its own and points back."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 8, 70_000)
        number = stand.rows[0]["odno"]
        stand.desk.standing.on_notice(notice(number, "fill", 3, 70_000, ordered="8"), NOON)
        stand.desk.cancel("o1")
        await stand.rest()
        body = stand.orders[-1]
        assert body | {"CANO": "", "ACNT_PRDT_CD": ""} == {
            "CANO": "", "ACNT_PRDT_CD": "", "KRX_FWDG_ORD_ORGNO": "06010", "ORGN_ODNO": number, "ORD_DVSN": "00",
            "RVSE_CNCL_DVSN_CD": "02", "ORD_QTY": "0", "ORD_UNPR": "0", "QTY_ALL_ORD_YN": "Y", "EXCG_ID_DVSN_CD": "KRX",
        }  # fmt: skip
        stand.desk.standing.on_notice(notice("0000000102", "cancelled", 5, original=number, ordered="8"), NOON)
        assert stand.told() == ["accepted", "fill 3 @ 70000", "cancelled"]

    play(course())


def test_a_fill_that_wins_against_a_cancel_counts() -> None:
    """The cancel is refused (nothing is left), and the order list tells of the fill."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 8, 70_000)
        stand.faults = [refused("APBK0344")]
        stand.desk.cancel("o1")
        await stand.rest()
        assert stand.desk.standing.doubt.is_set()
        stand.rows[0].update(tot_ccld_qty="8", tot_ccld_amt="560000", rmn_qty="0")
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told() == ["accepted", "fill 8 @ 70000"]

    play(course())


def test_a_cancel_before_the_send_sends_nothing() -> None:
    async def course() -> None:
        stand = Stand()
        stand.desk.place(order("buy", 8))
        stand.desk.cancel("o1")
        await stand.rest()
        assert (stand.told(), stand.orders) == (["cancelled"], [])

    play(course())


def test_a_revision_by_hand_is_followed_under_its_new_number() -> None:
    """Trap 9: the live order is the new number; what filled under both is the order's."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 8, 70_000)
        old = stand.rows[0]["odno"]
        stand.desk.standing.on_notice(notice(old, "fill", 3, 70_000, ordered="8"), NOON)
        stand.desk.standing.on_notice(notice("0000000200", "revised", 5, original=old, ordered="5"), NOON)
        stand.desk.standing.on_notice(notice("0000000200", "fill", 5, 70_100, ordered="5", clock="120100"), NOON)
        assert stand.told() == ["accepted", "fill 3 @ 70000", "fill 5 @ 70100"]
        assert {each.order_id for each in fills(stand)} == {"o1"}
        stand.rows[0].update(tot_ccld_qty="3", tot_ccld_amt="210000", rmn_qty="0")
        stand.rows.append(
            row("0000000200", 5, orgn_odno=old, ord_unpr=70_100, ord_dvsn_cd="00", tot_ccld_qty=5, tot_ccld_amt=350_500)
        )
        stand.desk.standing.apply(await stand.ledgers.today())
        assert len(stand.said) == 3

    play(course())


def test_the_exchange_may_refuse_what_was_sent() -> None:
    """§4.1: the reply means sent, not taken."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 8, 70_000)
        stand.desk.standing.on_notice(notice(stand.rows[0]["odno"], "rejected", 8), NOON)
        assert stand.told() == ["accepted", "rejected"]

    play(course())


def test_repeated_frames_and_beyond_the_order_count_by_the_list_alone() -> None:
    """§5.2: a repeated frame can't be told from two equal fills: the order list decides."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 10)
        number = stand.rows[0]["odno"]
        for _ in range(2):
            stand.desk.standing.on_notice(notice(number, "fill", 4, 71_900, ordered="10"), NOON)
        assert stand.told() == ["accepted", "fill 4 @ 71900"]
        assert stand.desk.standing.doubt.is_set()
        stand.rows[0].update(tot_ccld_qty="4", tot_ccld_amt="287600", rmn_qty="6")
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told()[2:] == []  # it was the same frame again
        stand.rows[0].update(tot_ccld_qty="8", tot_ccld_amt="575200", rmn_qty="2")
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told()[2:] == ["fill 4 @ 71900"]  # or not

    play(course())


def test_notices_and_the_list_count_a_fill_once_in_either_order() -> None:
    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 10)
        number = stand.rows[0]["odno"]
        stand.desk.standing.on_notice(notice(number, "fill", 4, 71_900, ordered="10"), NOON)
        # the list first: 719,100 in all, 287,600 of it known, so 431,500 for 6
        stand.rows[0].update(tot_ccld_qty="10", tot_ccld_amt="719100", rmn_qty="0")
        stand.desk.standing.apply(await stand.ledgers.today())
        stand.desk.standing.on_notice(notice(number, "fill", 6, 71_917, ordered="10", clock="120002"), NOON)
        assert stand.told() == ["accepted", "fill 4 @ 71900", "fill 6 @ 71916.6667"]

    play(course())


def test_a_fill_that_the_list_had_before_its_notice_counts_once_after_the_socket_was_away() -> None:
    """4 are missed. Once the socket is back the list has those and 6 more, whose notice is still on its way."""

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 30)
        number = stand.rows[0]["odno"]
        stand.desk.standing.away()
        stand.rows[0].update(tot_ccld_qty="10", tot_ccld_amt="719600", rmn_qty="20")
        stand.desk.standing.back()
        await stand.clock.sleep(3)
        stand.desk.standing.apply(await stand.ledgers.today())
        late = notice(number, "fill", 6, 72_000, ordered="30", clock="120003")
        stand.desk.standing.on_notice(late, stand.clock.now_ns())
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told() == ["accepted", "fill 10 @ 71960"]
        await stand.clock.sleep(3)
        stand.desk.standing.apply(await stand.ledgers.today())  # nothing moved for a while: `heard` is right again
        later = notice(number, "fill", 5, 72_100, ordered="30", clock="120012")
        stand.desk.standing.on_notice(later, stand.clock.now_ns())
        assert stand.told()[2:] == ["fill 5 @ 72100"]

    play(course())


def test_a_notice_that_comes_as_the_list_is_read_counts_once() -> None:

    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 10)
        number = stand.rows[0]["odno"]
        stand.desk.standing.away()
        stand.rows[0].update(tot_ccld_qty="4", tot_ccld_amt="287600", rmn_qty="6")
        stand.desk.standing.back()
        late = notice(number, "fill", 4, 71_900, ordered="10")
        stand.desk.standing.on_notice(late, stand.clock.now_ns())  # pushed as the list was read
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told() == ["accepted", "fill 4 @ 71900"]
        await stand.clock.sleep(5)
        stand.desk.standing.apply(await stand.ledgers.today())  # at rest: notices count again
        stand.desk.standing.on_notice(
            notice(number, "fill", 6, 72_000, ordered="10", clock="120009"), stand.clock.now_ns()
        )
        assert stand.told()[2:] == ["fill 6 @ 72000"]

    play(course())


def test_orders_of_others_fill_without_our_id() -> None:
    async def course() -> None:
        stand = Stand()
        stand.rows = [row("0000000050", 5, tot_ccld_qty=2, tot_ccld_amt=140_000, ord_unpr=70_000, ord_dvsn_cd="00")]
        stand.desk.standing.apply(await stand.ledgers.today(), is_first=True)
        assert stand.said == []  # what filled before is in the account's statement
        stand.desk.standing.on_notice(notice("0000000050", "fill", 3, 70_000, ordered="5"), NOON)
        stand.desk.standing.on_notice(notice("0000000060", "fill", 1, 71_000, ordered="1"), NOON)
        stand.rows[0].update(tot_ccld_qty="5", tot_ccld_amt="350000", rmn_qty="0")
        stand.desk.standing.apply(await stand.ledgers.today())
        assert [(each.order_id, int(each.units)) for each in fills(stand)] == [("", 3), ("", 1)]

    play(course())


def test_an_order_that_was_proved_absent_is_recognised_when_it_appears() -> None:
    """A request that reached the venue minutes late: it is ours, and the contradiction is said."""

    async def course() -> None:
        stand = Stand()
        stand.faults = ["lose_request"]
        await stand.place("buy", 7)
        assert stand.told() == ["unknown", "absent"]
        stand.rows.append(row("0000000555", 7, ord_tmd="120150"))
        stand.desk.standing.on_notice(notice("0000000555", "fill", 7, 71_900, clock="120151"), stand.clock.now_ns())
        stand.desk.standing.apply(await stand.ledgers.today())
        assert stand.told()[2:] == ["accepted", "fill 7 @ 71900"]
        assert fills(stand)[0].order_id == "o1"

    play(course())


def test_an_entry_is_not_sent_where_the_list_cant_be_read_before_and_an_exit_is() -> None:
    async def course() -> None:
        stand = Stand()
        stand.hold(SAMSUNG, 5, "70000")
        stand.answers["inquire-daily-ccld"] = [refused("EGW00500", status=500)] * 3
        await stand.place("buy", 1)
        assert [(u.status, u.code) for u in updates(stand)] == [(OrderStatus.ABSENT, "EGW00500")]
        stand.answers["inquire-daily-ccld"] = [refused("EGW00500", status=500)] * 3
        await stand.place("sell", 5, name="o2", is_reduce_only=True)
        assert len(stand.orders) == 1

    play(course())


# --- after a restart -------------------------------------------------------------------------------------------------


def sent(name: str, units: int, venue_id: str = "", *, filled: int = 0, at: int = NOON) -> SentOrder:
    return SentOrder(order("buy", units, name=name), at, venue_id, Decimal(filled))


def test_a_restart_goes_on_by_the_number() -> None:
    """4 of 10 were counted; the list has all, worth 719,100: 6 more at the average of the whole, since what the 4 cost
    is not in the record."""

    async def course() -> None:
        stand = Stand()
        stand.rows = [row("0000000101", 10, tot_ccld_qty=10, tot_ccld_amt=719_100)]
        await stand.desk.recover([sent("o1", 10, "20260304-06010-0000000101", filled=4)])
        await stand.rest()
        assert stand.told() == ["accepted", "fill 6 @ 71910"]
        assert fills(stand)[0].fill_id == "20260304-0000000101-10"
        assert all(path != "order-cash" for path, _, _ in stand.asked)

    play(course())


def test_a_restart_finds_orders_without_a_number_by_what_they_are() -> None:
    """Two of one kind left after each other and one row is there: the first of them is it, the second never left."""

    async def course() -> None:
        stand = Stand()
        stand.rows = [row("0000000101", 7, ord_tmd="120001")]
        await stand.desk.recover([sent("o2", 7, at=NOON + NANOS), sent("o1", 7)])
        assert [(u.order_id, str(u.status)) for u in updates(stand)] == [("o1", "accepted"), ("o2", "unknown")]
        await stand.rest()
        assert [(u.order_id, str(u.status)) for u in updates(stand)][2:] == [("o2", "absent")]

    play(course())


def test_more_orders_than_we_sent_after_a_restart_are_nobodys_guess() -> None:
    async def course() -> None:
        stand = Stand()
        stand.rows = [row("0000000101", 7), row("0000000102", 7)]
        await stand.desk.recover([sent("o1", 7)])
        await stand.rest()
        assert [(str(u.status), u.code) for u in updates(stand)] == [("unknown", "AMBIGUOUS")]

    play(course())


def test_a_restart_takes_no_known_order_for_a_lost_one(tmp_path: Path) -> None:
    """Two of one kind within a second: the first filled and the run knew it; the second was lost. What is there is the
    first, however alike."""

    async def course() -> None:
        before = Stand(folder=tmp_path)
        await before.place("buy", 7)
        after = Stand(folder=tmp_path)
        after.rows = [{**before.rows[0], "tot_ccld_qty": "7", "tot_ccld_amt": "503300", "rmn_qty": "0"}]
        await after.desk.recover([sent("o2", 7, at=NOON + NANOS)])
        await after.rest()
        assert [(u.order_id, str(u.status)) for u in updates(after)] == [("o2", "unknown"), ("o2", "absent")]
        assert fills(after) == []

    play(course())


def test_what_nobody_could_tell_apart_stays_so_after_a_restart(tmp_path: Path) -> None:
    async def course() -> None:
        before = Stand(folder=tmp_path)
        before.rows = [row("0000000101", 7), row("0000000102", 7)]
        for stand in (before, Stand(folder=tmp_path)):
            stand.rows = before.rows
            await stand.desk.recover([sent("o1", 7)])
            stand.desk.standing.apply(await stand.ledgers.today())
            await stand.rest()
            assert [(str(u.status), u.code) for u in updates(stand)] == [("unknown", "AMBIGUOUS")]

    play(course())


def test_a_number_that_the_record_has_not_is_on_disk(tmp_path: Path) -> None:
    """The process ended between the reply and the record: another order just like it does not confuse the restart."""

    async def course() -> None:
        before = Stand(folder=tmp_path)
        await before.place("buy", 7)
        after = Stand(folder=tmp_path)
        after.rows = [*before.rows, row("0000000777", 7, ord_tmd="120001")]
        await after.desk.recover([sent("o1", 7)])
        await after.rest()
        (update,) = updates(after)
        assert (str(update.status), update.venue_id) == ("accepted", "20260304-06010-0000000101")
        (file,) = tmp_path.glob("kis-orders-*.txt")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.write_text(file.read_text("utf-8") + "06010 00000", "utf-8")  # cut off by a crash
        again = Stand(folder=tmp_path)
        again.rows = after.rows
        await again.desk.recover([sent("o1", 7)])
        assert [str(u.status) for u in updates(again)] == ["accepted"]

    play(course())


def test_an_order_of_yesterday_has_expired() -> None:
    """Orders are good for their day; yesterday's list says that 6 of 10 never filled."""

    async def course() -> None:
        stand = Stand()
        await stand.clock.sleep(86_400)
        stand.rows = [row("0000000101", 10, tot_ccld_qty=4, tot_ccld_amt=287_600)]
        await stand.desk.recover([sent("o1", 10, "20260304-06010-0000000101", filled=4)])
        await stand.rest()
        assert stand.told() == ["accepted", "expired"]
        query = next(values for path, _, values in stand.asked if path == "inquire-daily-ccld")
        assert (query["INQR_STRT_DT"], query["INQR_END_DT"]) == ("20260304", "20260305")

    play(course())


def test_a_sale_that_was_cut_is_found_after_a_restart_and_its_rest_is_cancelled() -> None:
    """10 were to be sold and 7 were free: 7 left, the reply was lost, and the process ended."""

    async def course() -> None:
        stand = Stand()
        stand.rows = [row("0000000101", 7, sll_buy_dvsn_cd="01", tot_ccld_qty=7, tot_ccld_amt=504_000)]
        await stand.desk.recover([SentOrder(order("sell", 10), NOON)])
        await stand.rest()
        assert stand.told() == ["accepted", "fill 7 @ 72000", "cancelled"]

    play(course())


@pytest.mark.parametrize(("skew_s", "told"), [(0.0, "absent"), (20.0, "accepted")])
def test_after_a_restart_a_clock_ahead_is_allowed_for(skew_s: float, told: str) -> None:
    """Our clock says 12:00:18 for what the venue had at 12:00:00; only where we know it to be ahead is it ours."""

    async def course() -> None:
        stand = Stand()
        stand.client.skew_s = skew_s
        stand.rows = [row("0000000101", 7)]
        await stand.desk.recover([sent("o1", 7, at=NOON + 18 * NANOS)])
        await stand.rest()
        assert stand.told()[-1] == told

    play(course())


def test_a_wrong_clock_does_not_hide_an_order_whose_numbers_before_are_known() -> None:
    async def course() -> None:
        stand = Stand()
        stand.faults = ["lose_reply"]
        stand.desk.place(order("buy", 7))
        while not stand.orders:
            await asyncio.sleep(0)
        stand.rows[0]["ord_tmd"] = "115850"  # the venue's clock is 70 s behind ours
        await stand.rest()
        assert stand.told() == ["unknown", "accepted"]

    play(course())


def test_what_ended_days_ago_is_forgotten_and_what_is_out_is_not() -> None:
    async def course() -> None:
        stand = Stand()
        await stand.place("buy", 1)
        await stand.place("buy", 2, 70_000, name="o2")
        stand.rows.append(row("0000000999", 3))
        stand.desk.standing.on_notice(notice(stand.rows[0]["odno"], "fill", 1, 71_900), NOON)
        stand.desk.standing.apply(await stand.ledgers.today())
        stand.desk.register.forget("20260305")
        assert [each.order.id for each in stand.desk.register.all()] == ["o2"]
        assert stand.desk.register.foreign("20260304", "0000000999") is None
        assert stand.desk.register.owner("20260304", stand.rows[1]["odno"]) is not None

    play(course())


def test_numbers_are_written_with_day_and_branch() -> None:
    number = Number("20260304", "06010", "0000012345")
    assert Number.of(number.text) == number
    assert Number.of("0000012345") is None
    assert kst.day_of(NOON) == "20260304"
    assert Side.LONG.value == "long"
