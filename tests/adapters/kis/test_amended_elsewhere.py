"""Orders that somebody else changed, by hand or in a process before this one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ruleengine.model.event import OrderStatus
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.changing import (
    FIRST,
    SECOND,
    THIRD,
    amend,
    cancelled,
    changes,
    figures,
    lower,
    move,
    resting,
    revised,
)
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, notice, order, played, refused


@played
async def test_what_a_person_changes_is_told() -> None:
    stand = await resting()
    stand.hear(notice(SECOND, "revised", 10, original=FIRST, ordered="10"))
    move(stand, 69_900)
    await stand.read_list()
    assert figures(stand) == [("amended", "", 10, 69_900)]
    stand.rows[1].update(cncl_cfrm_qty="3", rmn_qty="7")
    stand.rows.append(cancelled(THIRD, 3, of=SECOND))
    await stand.read_list()
    assert figures(stand)[1:] == [("amended", "", 7, 69_900)]
    await stand.read_list()
    assert len(stand.said) == 2


@played
async def test_an_order_that_a_person_split_is_cancelled_whole_and_not_changed() -> None:
    """3 of 10 moved by hand: two numbers rest, and no change of ours names both; a cancel takes one after the other."""
    stand = await resting()
    stand.rows[0]["rmn_qty"] = "7"
    stand.rows.append(revised(SECOND, 3, 70_500))
    await stand.read_list()
    await amend(stand, None, 70_100)
    assert figures(stand) == [("amended", "", 10, 70_500), ("amended", "SEVERAL_NUMBERS", 10, 70_500)]
    stand.desk.cancel("o1")
    await stand.rest()
    stand.rows[1].update(cncl_cfrm_qty="3", rmn_qty="0")
    await stand.read_list()
    await stand.rest()
    assert [number for _, number, *_ in changes(stand)] == [SECOND, FIRST]
    stand.rows[0].update(cncl_cfrm_qty="7", rmn_qty="0")
    await stand.read_list()
    assert stand.told()[-1] == "cancelled"


@played
async def test_rows_that_are_not_of_one_moment_make_no_order_larger() -> None:
    """The revision is listed and the original still has its units: 20 in all, which nobody can have ordered."""
    stand = await resting()
    stand.rows.append(revised(SECOND, 10, 70_100))
    await stand.read_list()
    assert stand.told() == []
    stand.rows[0]["rmn_qty"] = "0"
    await stand.read_list()
    assert figures(stand) == [("amended", "", 10, 70_100)]


@played
async def test_a_row_without_a_price_changes_none() -> None:
    stand = await resting()
    stand.rows[0]["ord_unpr"] = ""
    await stand.read_list()
    assert stand.told() == []


@played
async def test_a_revision_that_states_more_than_moved_ends_with_what_it_had() -> None:
    """10 were asked to move, 4 filled before it, 6 moved and were taken back: 4 + 6 are all of it."""
    stand = await resting()
    stand.list_fill(4, 280_000)
    stand.rows[0]["rmn_qty"] = "0"
    stand.rows.append(revised(SECOND, 10, 70_100, cncl_cfrm_qty=6, rmn_qty=0))
    await stand.read_list()
    assert stand.told() == ["fill 4 @ 70000", "cancelled"]


@played
async def test_a_sale_that_was_cut_and_changed_ends_as_what_it_became() -> None:
    """10 wanted, 7 free; lowered to 5, which fill."""
    stand = Stand()
    stand.hold(SAMSUNG, 7, "69000")
    await stand.place("sell", 10, 73_000, is_reduce_only=True)
    await amend(stand, 5, None, lambda: lower(stand, 2))
    stand.list_fill(5, 365_000)
    stand.rows[0]["rmn_qty"] = "0"
    await stand.read_list()
    assert stand.told() == ["accepted", "amended", "fill 5 @ 73000"]
    assert figures(stand)[1:] == [("amended", "", 5, 73_000)]
    placement = stand.desk.register.get("o1")
    assert placement is not None
    assert placement.order.is_reduce_only


# --- after a restart -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [10, 6], ids=["old figures", "new figures"])
@pytest.mark.parametrize("has_file", [False, True])
@played
async def test_a_restart_tells_the_order_as_it_stands(units: int, has_file: bool, tmp_path: Path) -> None:
    """Lowered to 6 and moved to 70,100; 1 filled before (counted), 2 after: 1 × 70,000 + 2 × 70,100."""
    stand = await resting(folder=tmp_path if has_file else None)
    await amend(stand, 6, 70_100, lambda: lower(stand, 4), lambda: move(stand, 70_100, THIRD))
    after = Stand(folder=tmp_path if has_file else None)
    after.rows = stand.rows
    after.list_fill(1, 70_000)
    after.rows[0]["rmn_qty"] = "0"
    after.rows[2].update(ord_qty="5", tot_ccld_qty="2", tot_ccld_amt="140200", rmn_qty="3")
    known = order("buy", units, 70_000 if units == 10 else 70_100)
    await after.desk.recover([SentOrder(known, NOON, f"20260304-06010-{FIRST}", Decimal(1))])
    await after.rest()
    assert [(each.order_id, int(each.units)) for each in after.fills_told] == [("o1", 2)]
    expected = [("accepted", "", None, None)] + ([("amended", "", 6, 70_100)] if units == 10 else [])
    assert figures(after) == expected
    assert all(path != "order-rvsecncl" for path, _, _ in after.asked)
    after.desk.cancel("o1")
    await after.rest()
    assert changes(after) == [("02", THIRD, "0", "0", "Y")]


@played
async def test_after_a_restart_numbers_on_disk_are_ours_before_the_list_is_read(tmp_path: Path) -> None:
    stand = await resting(folder=tmp_path)
    await amend(stand, None, 70_100, lambda: move(stand, 70_100))
    after = Stand(folder=tmp_path)
    after.answers["inquire-daily-ccld"] = [refused("EGW00500", status=500)] * 3
    await after.desk.recover([SentOrder(order("buy", 10, 70_100), NOON, f"20260304-06010-{FIRST}")])
    after.hear(notice(SECOND, "fill", 4, 70_100, ordered="10"))
    assert [each.order_id for each in after.fills_told] == ["o1"]


@played
async def test_a_query_repeats_the_figures() -> None:
    stand = await resting()
    await amend(stand, None, 70_100, lambda: move(stand, 70_100))
    stand.desk.standing.tell_again("o1")
    assert figures(stand) == [("amended", "", 10, 70_100)] * 2
    assert stand.updates[1].status is OrderStatus.AMENDED
