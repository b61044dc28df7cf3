"""Fills are counted once, though notices and the order list both tell of them (§5.2)."""

from __future__ import annotations

import pytest

from adapters.kis.reconcile import statement
from ruleengine.ports.venue import VenueError
from tests.adapters.kis.stand import SAMSUNG, Stand, notice, order, played, row


@played
async def test_a_fill_before_the_reply_waits_for_the_number() -> None:
    """§8: notices may reach us before the reply: parked by number."""
    stand = Stand()
    stand.faults = ["lose_reply"]
    stand.desk.place(order("buy", 10))
    await stand.taken()
    stand.hear(notice(stand.rows[0]["odno"], "fill", 4, 71_900, ordered="10"))
    assert stand.fills_told == []
    await stand.rest()
    assert stand.told() == ["unknown", "accepted", "fill 4 @ 71900"]
    assert stand.fills_told[0].order_id == "o1"


@played
async def test_repeated_frames_and_beyond_the_order_count_by_the_list_alone() -> None:
    """§5.2: a repeated frame can't be told from two equal fills: the order list decides."""
    stand = Stand()
    await stand.place("buy", 10)
    number = stand.rows[0]["odno"]
    for _ in range(2):
        stand.hear(notice(number, "fill", 4, 71_900, ordered="10"))
    assert stand.told() == ["accepted", "fill 4 @ 71900"]
    assert stand.desk.standing.doubt.is_set()
    stand.list_fill(4, 287_600)
    await stand.read_list()
    assert stand.told()[2:] == []  # it was the same frame again
    stand.list_fill(8, 575_200)
    await stand.read_list()
    assert stand.told()[2:] == ["fill 4 @ 71900"]  # or not


@played
async def test_notices_and_the_list_count_a_fill_once_in_either_order() -> None:
    stand = Stand()
    await stand.place("buy", 10)
    number = stand.rows[0]["odno"]
    stand.hear(notice(number, "fill", 4, 71_900, ordered="10"))
    # the list first: 719,100 in all, 287,600 of it known, so 431,500 for 6
    stand.list_fill(10, 719_100)
    await stand.read_list()
    stand.hear(notice(number, "fill", 6, 71_917, ordered="10", clock="120002"))
    assert stand.told() == ["accepted", "fill 4 @ 71900", "fill 6 @ 71916.6667"]


@played
async def test_a_fill_that_the_list_had_before_its_notice_counts_once_after_the_socket_was_away() -> None:
    """4 are missed. Once the socket is back the list has those and 6 more, whose notice is still on its way."""
    stand = Stand()
    await stand.place("buy", 30)
    number = stand.rows[0]["odno"]
    stand.desk.standing.away()
    stand.list_fill(10, 719_600)
    stand.desk.standing.back()
    await stand.clock.sleep(6)
    await stand.read_list()
    late = notice(number, "fill", 6, 72_000, ordered="30", clock="120003")
    stand.hear(late)
    await stand.read_list()
    assert stand.told() == ["accepted", "fill 10 @ 71960"]
    await stand.clock.sleep(6)
    await stand.read_list()  # nothing moved for a while: `heard` is right again
    later = notice(number, "fill", 5, 72_100, ordered="30", clock="120012")
    stand.hear(later)
    assert stand.told()[2:] == ["fill 5 @ 72100"]


@played
async def test_a_notice_that_comes_as_the_list_is_read_counts_once() -> None:
    stand = Stand()
    await stand.place("buy", 10)
    number = stand.rows[0]["odno"]
    stand.desk.standing.away()
    stand.list_fill(4, 287_600)
    stand.desk.standing.back()
    late = notice(number, "fill", 4, 71_900, ordered="10")
    stand.hear(late)  # pushed as the list was read
    await stand.read_list()
    assert stand.told() == ["accepted", "fill 4 @ 71900"]
    await stand.clock.sleep(6)
    await stand.read_list()  # at rest: notices count again
    stand.hear(notice(number, "fill", 6, 72_000, ordered="10", clock="120009"))
    assert stand.told()[2:] == ["fill 6 @ 72000"]


@played
async def test_orders_of_others_fill_without_our_id() -> None:
    stand = Stand()
    stand.rows = [row("0000000050", 5, tot_ccld_qty=2, tot_ccld_amt=140_000, ord_unpr=70_000, ord_dvsn_cd="00")]
    stand.desk.standing.apply(await stand.ledgers.today(), is_first=True)
    assert stand.said == []  # what filled before is in the account's statement
    stand.hear(notice("0000000050", "fill", 3, 70_000, ordered="5"))
    stand.hear(notice("0000000060", "fill", 1, 71_000, ordered="1"))
    stand.list_fill(5, 350_000)
    await stand.read_list()
    assert [(each.order_id, int(each.units)) for each in stand.fills_told] == [("", 3), ("", 1)]


@played
async def test_what_comes_after_two_equal_fills_is_not_missed() -> None:
    """4 and 4 in one second, told alike; the list has both. The last 2 count by their notice, or the list is read."""
    stand = Stand()
    await stand.place("buy", 10)
    number = stand.rows[0]["odno"]
    for _ in range(2):
        stand.hear(notice(number, "fill", 4, 71_900, ordered="10"))
    stand.list_fill(8, 575_200)
    await stand.read_list()
    stand.desk.standing.doubt.clear()
    stand.hear(notice(number, "fill", 1, 72_000, ordered="10", clock="120003"))
    assert stand.desk.standing.doubt.is_set()
    stand.list_fill(9, 647_200)
    await stand.read_list()
    await stand.clock.sleep(6)
    await stand.read_list()  # nothing moved for a while: notices count again
    stand.hear(notice(number, "fill", 1, 72_100, ordered="10", clock="120009"))
    assert stand.told()[1:] == ["fill 4 @ 71900", "fill 4 @ 71900", "fill 1 @ 72000", "fill 1 @ 72100"]


@played
async def test_a_statement_waits_until_it_is_stated_for_how_much_all_was_filled() -> None:
    """Its holdings have the fill, which is told with its price: after the statement it would count twice."""
    stand = Stand()
    await stand.place("buy", 10)
    stand.hold(SAMSUNG, 10, "71900", thdt_buyqty=10)
    stand.list_fill(10, 0)

    async def state() -> None:
        await statement(stand.ledgers, stand.accounts, stand.desk.standing.is_ahead_of, stand.clock)

    with pytest.raises(VenueError):
        await state()
    stand.list_fill(10, 719_000)
    await state()


@played
async def test_a_notice_with_a_time_that_is_none_leaves_it_to_the_list() -> None:
    """Also one that waited for the number: what came with it is not lost."""
    stand = Stand()
    stand.faults = ["lose_reply"]
    stand.desk.place(order("buy", 10))
    await stand.taken()
    number = stand.rows[0]["odno"]
    stand.hear(notice(number, "fill", 4, 71_900, ordered="10", clock="126100"))
    stand.hear(notice(number, "fill", 3, 71_900, ordered="10"))
    await stand.rest()
    assert stand.told() == ["unknown", "accepted", "fill 3 @ 71900"]
    assert stand.desk.standing.doubt.is_set()


@played
async def test_a_notice_four_seconds_behind_the_list_counts_once_after_the_socket_was_away() -> None:
    """In a busy opening notices come late: the list has the fill, nothing moves for a while, and then it is told."""
    stand = Stand()
    await stand.place("buy", 10)
    number = stand.rows[0]["odno"]
    stand.desk.standing.away()
    stand.desk.standing.back()
    stand.list_fill(4, 287_600)
    await stand.read_list()
    await stand.clock.sleep(4)
    await stand.read_list()
    stand.hear(notice(number, "fill", 4, 71_900, ordered="10"))
    assert stand.told() == ["accepted", "fill 4 @ 71900"]
