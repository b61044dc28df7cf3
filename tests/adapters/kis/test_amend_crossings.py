"""A change of a resting order that crosses a fill or a cancel: fills count once, a cancel still cancels."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.wire.clock import NANOS
from tests.adapters.kis.changing import (
    FIRST,
    SECOND,
    THIRD,
    amend,
    changes,
    figures,
    held_reply,
    lower,
    move,
    resting,
    revised,
)
from tests.adapters.kis.stand import NOON, notice, played, refused


@played
async def test_fills_under_both_numbers_are_ours_and_count_once() -> None:
    """3 fill under the old number as the revision is on its way, 7 move: 3 × 70,000 + 7 × 70,100 = 700,700."""
    stand = await resting()
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    stand.hear(notice(FIRST, "fill", 3, 70_000, ordered="10"))
    stand.hear(notice(SECOND, "revised", 7, original=FIRST, ordered="7"))
    stand.hear(notice(SECOND, "fill", 2, 70_100, original=FIRST, ordered="7"))
    stand.list_fill(3, 210_000)
    move(stand, 70_100)
    stand.list_fill(2, 140_200, at=1)
    await stand.rest()
    stand.list_fill(7, 490_700, at=1)
    await stand.read_list()
    assert stand.told() == ["fill 3 @ 70000", "fill 2 @ 70100", "amended", "fill 5 @ 70100"]
    assert figures(stand) == [("amended", "", 10, 70_100)]
    assert len({each.fill_id for each in stand.fills_told}) == 3


@played
async def test_a_fill_under_the_new_number_that_comes_before_the_reply_counts_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No list is needed: the reply says whose the number is."""
    stand = await resting()
    reply = held_reply(stand, monkeypatch)
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    stand.hear(notice(SECOND, "fill", 4, 70_100, ordered="10"))
    assert stand.told() == []
    reply.set()
    while not stand.told():
        await stand.turns(1)
    assert stand.clock.now_ns() < NOON + NANOS // 4
    assert (stand.told(), stand.fills_told[0].order_id) == (["fill 4 @ 70100"], "o1")
    move(stand, 70_100)
    stand.list_fill(4, 280_400, at=1)
    await stand.rest()
    assert stand.told() == ["fill 4 @ 70100", "amended"]


@played
async def test_what_fills_between_two_requests_ends_the_order_with_its_new_size() -> None:
    """6 of 10 are left to it and fill as the revision leaves: the engine has to hear that it is filled."""
    stand = await resting()
    stand.desk.amend("o1", Decimal(6), Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    lower(stand, 4)
    stand.faults = [refused("APBK0344")]
    while len(changes(stand)) < 2:
        await stand.turns(1)
    stand.hear(notice(FIRST, "fill", 6, 70_000, ordered="10"))
    await stand.rest()
    assert stand.told() == ["fill 6 @ 70000", "amended"]
    assert figures(stand) == [("amended", "", 6, 70_000)]


@played
async def test_a_cancel_between_two_requests_stops_the_second() -> None:
    stand = await resting()
    stand.desk.amend("o1", Decimal(6), Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    lower(stand, 4)
    stand.desk.cancel("o1")
    await stand.rest()
    assert [(what, everything) for what, *_, everything in changes(stand)] == [("02", "N"), ("02", "Y")]
    assert figures(stand) == [("amended", "CANCELLING", 6, 70_000)]


@pytest.mark.parametrize("original", ["", FIRST])
@played
async def test_a_fill_under_a_number_that_nobody_told_waits_for_the_list(original: str) -> None:
    """The reply of the revision is lost, and the notice of its fill may not point back: it is no other's order's."""
    stand = await resting()
    stand.faults = ["lose_reply"]
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    stand.hear(notice(SECOND, "fill", 10, 70_100, original=original, ordered="10"))
    move(stand, 70_100)
    stand.list_fill(10, 701_000, at=1)
    await stand.rest()
    await stand.read_list()
    assert [(each.order_id, int(each.units)) for each in stand.fills_told] == [("o1", 10)]


@played
async def test_a_revision_that_comes_late_after_all_is_told_and_its_fills_are_ours() -> None:
    stand = await resting()
    stand.faults = ["lose_request"]
    await amend(stand, None, 70_100)
    stand.hear(notice(SECOND, "fill", 4, 70_100, ordered="10", clock="120020"))
    move(stand, 70_100)
    stand.list_fill(4, 280_400, at=1)
    await stand.read_list()
    assert stand.told() == ["amended", "fill 4 @ 70100", "amended"]
    assert figures(stand) == [("amended", "timeout", 10, 70_000), ("amended", "", 10, 70_100)]
    assert stand.fills_told[0].order_id == "o1"


@pytest.mark.parametrize("is_on_its_way", [True, False])
@played
async def test_a_cancel_of_a_number_that_changed_by_hand_goes_again_at_once(
    is_on_its_way: bool, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    stand = await resting()
    stand.faults = [refused("40330000")]
    reply = held_reply(stand, monkeypatch)
    stand.desk.cancel("o1")
    while not changes(stand):
        await stand.turns(1)
    if not is_on_its_way:
        reply.set()
        await stand.rest()
    move(stand, 70_100)
    stand.hear(notice(SECOND, "revised", 10, original=FIRST, ordered="10"))
    reply.set()
    await stand.rest()
    await stand.clock.sleep(1)
    await stand.read_list()
    await stand.rest()
    assert [number for _, number, *_ in changes(stand)] == [FIRST, SECOND]


@pytest.mark.parametrize("way", ["notice", "list"])
@played
async def test_a_cancel_that_crosses_a_revision_still_cancels(way: str) -> None:
    """It named the old number, of which nothing is left: it is sent again for the new one as soon as that is known."""
    stand = await resting()
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    stand.faults = [refused("40330000")]
    stand.desk.cancel("o1")
    await stand.turns(200)
    move(stand, 70_100)
    if way == "notice":
        stand.hear(notice(SECOND, "revised", 10, original=FIRST, ordered="10"))
    await stand.rest()
    await stand.read_list()
    await stand.rest()
    assert [number for what, number, *_ in changes(stand) if what == "02"] == [FIRST, SECOND]
    stand.hear(notice(THIRD, "cancelled", 10, original=SECOND, ordered="10"))
    assert stand.told() == ["amended", "cancelled"]


@played
async def test_a_lost_revision_does_not_hide_the_cancel_that_won() -> None:
    """The list says that all of the old number was taken back. Until it is sure that no new number is there the order
    has not ended: what was moved may be stated the same way."""
    stand = await resting()
    stand.faults = ["lose_request"]
    stand.desk.amend("o1", None, Decimal(70_100))
    while not changes(stand):
        await stand.turns(1)
    stand.desk.cancel("o1")
    while len(stand.orders) < 2:
        await stand.turns(1)
    stand.rows[0].update(cncl_cfrm_qty="10", rmn_qty="0")
    await stand.read_list()
    assert stand.told() == []
    await stand.rest()
    assert stand.told() == ["cancelled"]


@played
async def test_an_order_that_is_being_cancelled_is_not_changed() -> None:
    stand = await resting()
    stand.desk.cancel("o1")
    await stand.rest()
    await amend(stand, 6, 70_100)
    assert figures(stand) == [("amended", "CANCELLING", 10, 70_000)]
    assert len(changes(stand)) == 1


@played
async def test_what_has_filled_already_can_only_be_ended() -> None:
    """7 of 10 filled, 6 are wanted: what is left is taken back."""
    stand = await resting()
    stand.list_fill(7, 490_000)
    await amend(stand, 6, None)
    assert changes(stand) == [("02", FIRST, "0", "0", "Y")]
    stand.rows[0].update(cncl_cfrm_qty="3", rmn_qty="0")
    await stand.read_list()
    assert stand.told() == ["fill 7 @ 70000", "amended", "cancelled"]


@played
async def test_a_refusal_of_a_revision_is_none_of_the_order() -> None:
    """The notice may name the revision's number alone."""
    stand = await resting()
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    await stand.turns(60)
    stand.hear(notice(SECOND, "rejected", 10, ordered="10"))
    assert stand.told() == []
    stand.rows.append(revised(SECOND, 10, 70_100, rjct_qty=10))
    await stand.rest()
    assert figures(stand) == [("amended", "EXCHANGE", 10, 70_000)]
