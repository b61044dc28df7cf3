"""Orders without an answer: found by what they are, proved absent, or left to a person (§8)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.wire.clock import NANOS
from ruleengine.model.event import OrderStatus
from ruleengine.ports.venue import SentOrder, VenueError
from tests.adapters.kis.stand import GOOD, NOON, SAMSUNG, Stand, notice, order, played, refused, row


@played
async def test_a_lost_reply_is_found_in_the_order_list() -> None:
    stand = Stand()
    stand.rows = [row("0000000099", 7, ord_tmd="115959")]  # another's, there before
    stand.faults = ["lose_reply"]
    await stand.place("buy", 7)
    assert stand.told() == ["unknown", "accepted"]
    assert stand.updates[-1].venue_id == "20260304-06010-0000000101"
    stand.list_fill(7, 503_300, at=1)
    await stand.read_list()
    assert stand.told()[2:] == ["fill 7 @ 71900"]  # 503,300 / 7


@played
async def test_several_orders_that_could_be_it_stay_unknown_and_are_named() -> None:
    stand = Stand()
    stand.faults = ["lose_reply"]
    stand.desk.place(order("buy", 7))
    await stand.taken()
    stand.rows.append(row("0000000777", 7))  # a person sends the same at that moment
    await stand.rest()
    first, second = stand.updates
    assert (first.status, second.status, second.code) == (OrderStatus.UNKNOWN, OrderStatus.UNKNOWN, "AMBIGUOUS")
    assert "0000000101" in second.reason
    assert "0000000777" in second.reason
    await stand.place("buy", 1, name="o2")  # the lane is open again
    assert stand.told()[-1] == "accepted"


@played
async def test_an_order_list_that_lags_behind_the_balance_proves_nothing() -> None:
    """§4.5: the mock environment may lag. The balance has the purchase at once, the list only later."""
    stand = Stand()
    stand.faults = ["lose_reply"]
    stand.desk.place(order("buy", 7))
    await stand.taken()
    hidden, stand.rows = stand.rows, []
    stand.hold(SAMSUNG, 7, "71900", thdt_buyqty=7)
    while stand.clock.now_ns() < NOON + 25 * NANOS:
        await asyncio.sleep(0)
    assert stand.told() == ["unknown"]
    stand.rows = hidden
    await stand.rest()
    assert stand.told() == ["unknown", "accepted"]


@played
async def test_one_order_is_in_flight_for_each_share_and_side() -> None:
    """While a purchase is unknown another of the same share waits, and a sale does not."""
    stand = Stand()
    stand.hold(SAMSUNG, 5, "70000")
    stand.faults = ["lose_request"]
    stand.desk.place(order("buy", 7, name="o1"))
    while not stand.told():
        await asyncio.sleep(0)
    stand.desk.place(order("buy", 8, name="o2"))
    stand.desk.place(order("sell", 5, name="o3"))
    await stand.rest()
    told = [(each.order_id, str(each.status)) for each in stand.updates]
    assert told[0] == ("o1", "unknown")
    assert told[1] == ("o3", "accepted")
    # after more than ten seconds an entry's price is another time's: it is not sent
    assert told[2:] == [("o1", "absent"), ("o2", "absent")]
    assert [body["ORD_QTY"] for body in stand.orders] == ["5"]


@played
async def test_an_entry_is_not_sent_where_the_list_cant_be_read_before_and_an_exit_is() -> None:
    stand = Stand()
    stand.hold(SAMSUNG, 5, "70000")
    stand.answers["inquire-daily-ccld"] = [refused("EGW00500", status=500)] * 3
    await stand.place("buy", 1)
    assert [(u.status, u.code) for u in stand.updates] == [(OrderStatus.ABSENT, "EGW00500")]
    stand.answers["inquire-daily-ccld"] = [refused("EGW00500", status=500)] * 3
    await stand.place("sell", 5, name="o2", is_reduce_only=True)
    assert len(stand.orders) == 1


@played
async def test_a_wrong_clock_does_not_hide_an_order_whose_numbers_before_are_known() -> None:
    stand = Stand()
    stand.faults = ["lose_reply"]
    stand.desk.place(order("buy", 7))
    await stand.taken()
    stand.rows[0]["ord_tmd"] = "115850"  # the venue's clock is 70 s behind ours
    await stand.rest()
    assert stand.told() == ["unknown", "accepted"]


@played
async def test_an_order_that_was_proved_absent_is_recognised_when_it_appears() -> None:
    """A request that reached the venue minutes late: it is ours, and the contradiction is said."""
    stand = Stand()
    stand.faults = ["lose_request"]
    await stand.place("buy", 7)
    assert stand.told() == ["unknown", "absent"]
    stand.rows.append(row("0000000555", 7, ord_tmd="120150"))
    stand.hear(notice("0000000555", "fill", 7, 71_900, clock="120151"))
    await stand.read_list()
    assert stand.told()[2:] == ["accepted", "fill 7 @ 71900"]
    assert stand.fills_told[0].order_id == "o1"


@pytest.mark.parametrize("fault", ["lose_reply", None])
@played
async def test_an_absent_order_takes_nothing_from_the_next_of_its_kind(fault: str | None) -> None:
    """The first never got there; the same is decided anew, and what then is in the list is the second, with or without
    an answer, also where the list is read before the answer comes."""
    stand = Stand()
    stand.faults = ["lose_request"]
    await stand.place("buy", 7)
    stand.faults = [fault] if fault else []
    stand.desk.place(order("buy", 7, name="o2"))
    await stand.taken()
    stand.list_fill(7, 503_300)
    await stand.read_list()
    await stand.rest()
    await stand.read_list()
    told = [(each.order_id, str(each.status)) for each in stand.updates]
    assert told[:2] == [("o1", "unknown"), ("o1", "absent")]
    assert told[-1] == ("o2", "accepted")
    assert {name for name, _ in told[2:]} == {"o2"}
    assert [(each.order_id, int(each.units)) for each in stand.fills_told] == [("o2", 7)]


@played
async def test_a_fault_of_ours_before_the_send_is_no_order_and_one_at_it_is_unknown() -> None:
    """Whatever it is: the order is told of, and the lane opens again."""
    stand = Stand()

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault")

    today, send = stand.ledgers.today, stand.client.send
    stand.ledgers.today = broken  # type: ignore[method-assign]
    await stand.place("buy", 7)
    stand.ledgers.today = today  # type: ignore[method-assign]
    stand.client.send = broken  # type: ignore[method-assign]
    await stand.place("buy", 7, name="o2")
    stand.client.send = send  # type: ignore[method-assign]
    await stand.place("buy", 7, name="o3")
    assert [(each.order_id, str(each.status), each.code) for each in stand.updates] == [
        ("o1", "absent", "ERROR"), ("o2", "unknown", "ERROR"), ("o2", "absent", "ABSENT"), ("o3", "accepted", "")
    ]  # fmt: skip


@played
async def test_what_nobody_could_tell_expires_with_its_day() -> None:
    """Nothing of it can fill after its day: entries must not be held back for ever, here or after a restart."""
    stand = Stand()
    stand.rows = [row("0000000101", 7), row("0000000102", 7)]
    lost = SentOrder(order("buy", 7), NOON)
    await stand.desk.recover([lost])
    await stand.clock.sleep(11 * 3600)
    await stand.read_list()
    assert [(str(each.status), each.code) for each in stand.updates] == [("unknown", "AMBIGUOUS")]
    await stand.clock.sleep(3600)
    await stand.read_list()
    assert [(str(each.status), each.code) for each in stand.updates[1:]] == [("expired", "DAY_OVER")]
    again = stand.make_desk()
    stand.said.clear()
    await again.recover([lost])
    assert [str(each.status) for each in stand.updates] == ["unknown", "expired"]


@played
async def test_an_order_of_a_person_a_moment_before_ours_is_not_taken_for_it() -> None:
    """The same shape, half a second before; ours never got there. The list is read before each send, however lately it
    was read for another."""
    stand = Stand()
    await stand.read_list()
    stand.rows.append(row("0000000050", 7))
    stand.faults = ["lose_request"]
    await stand.place("buy", 7)
    assert stand.told() == ["unknown", "absent"]


@played
async def test_a_reply_that_leaves_the_orders_out_proves_nothing() -> None:
    """Of an order whose answer was lost; the list that says so comes later. So with holdings: left out is not none."""
    stand = Stand()
    stand.faults = ["lose_reply"]
    stand.desk.place(order("buy", 7))
    await stand.taken()
    stand.answers["inquire-daily-ccld"] = [(200, {**GOOD, "output2": {"tot_ord_qty": "0"}})] * 4
    await stand.rest()
    assert stand.told() == ["unknown", "accepted"]
    stand.answers["inquire-balance"] = [(200, {**GOOD, "output2": [{"prvs_rcdl_excc_amt": "1000"}]})]
    with pytest.raises(VenueError, match="output1"):
        await stand.accounts.balance()
