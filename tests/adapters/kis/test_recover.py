"""Orders of a run before: nothing is sent, and whose a number is comes of the record, the disk, or its shape."""

from __future__ import annotations

import stat
from decimal import Decimal
from pathlib import Path

import pytest

from adapters.kis.orders import Key
from adapters.wire.clock import NANOS
from ruleengine.ports.venue import SentOrder
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, notice, order, played, row


def sent(name: str, units: int, venue_id: str = "", *, filled: int = 0, at: int = NOON) -> SentOrder:
    return SentOrder(order("buy", units, name=name), at, venue_id, Decimal(filled))


@played
async def test_a_restart_goes_on_by_the_number() -> None:
    """4 of 10 were counted; the list has all, worth 719,100: 6 more at the average of the whole, since what the 4 cost
    is not in the record."""
    stand = Stand()
    stand.rows = [row("0000000101", 10, tot_ccld_qty=10, tot_ccld_amt=719_100)]
    await stand.desk.recover([sent("o1", 10, "20260304-06010-0000000101", filled=4)])
    await stand.rest()
    assert stand.told() == ["accepted", "fill 6 @ 71910"]
    assert stand.fills_told[0].fill_id == "20260304-0000000101-10"
    assert all(path != "order-cash" for path, _, _ in stand.asked)


@played
async def test_a_restart_finds_orders_without_a_number_by_what_they_are() -> None:
    """Two of one kind left after each other and one row is there: the first of them is it, the second never left."""
    stand = Stand()
    stand.rows = [row("0000000101", 7, ord_tmd="120001")]
    await stand.desk.recover([sent("o2", 7, at=NOON + NANOS), sent("o1", 7)])
    assert [(u.order_id, str(u.status)) for u in stand.updates] == [("o1", "accepted"), ("o2", "unknown")]
    await stand.rest()
    assert [(u.order_id, str(u.status)) for u in stand.updates][2:] == [("o2", "absent")]


@played
async def test_more_orders_than_we_sent_after_a_restart_are_nobodys_guess() -> None:
    stand = Stand()
    stand.rows = [row("0000000101", 7), row("0000000102", 7)]
    await stand.desk.recover([sent("o1", 7)])
    await stand.rest()
    assert [(str(u.status), u.code) for u in stand.updates] == [("unknown", "AMBIGUOUS")]


@played
async def test_a_restart_takes_no_known_order_for_a_lost_one(tmp_path: Path) -> None:
    """Two of one kind within a second: the first filled and the run knew it; the second was lost. What is there is the
    first, however alike."""
    before = Stand(folder=tmp_path)
    await before.place("buy", 7)
    after = Stand(folder=tmp_path)
    after.rows = [{**before.rows[0], "tot_ccld_qty": "7", "tot_ccld_amt": "503300", "rmn_qty": "0"}]
    await after.desk.recover([sent("o2", 7, at=NOON + NANOS)])
    await after.rest()
    await after.read_list()  # nor later, as one that was proved absent and came after all
    assert [(u.order_id, str(u.status)) for u in after.updates] == [("o2", "unknown"), ("o2", "absent")]
    assert after.fills_told == []


@played
async def test_what_nobody_could_tell_apart_stays_so_after_a_restart(tmp_path: Path) -> None:
    before = Stand(folder=tmp_path)
    before.rows = [row("0000000101", 7), row("0000000102", 7)]
    for stand in (before, Stand(folder=tmp_path)):
        stand.rows = before.rows
        await stand.desk.recover([sent("o1", 7)])
        await stand.read_list()
        await stand.rest()
        assert [(str(u.status), u.code) for u in stand.updates] == [("unknown", "AMBIGUOUS")]


@played
async def test_a_number_that_the_record_has_not_is_on_disk(tmp_path: Path) -> None:
    """The process ended between the reply and the record: another order just like it does not confuse the restart."""
    before = Stand(folder=tmp_path)
    await before.place("buy", 7)
    after = Stand(folder=tmp_path)
    after.rows = [*before.rows, row("0000000777", 7, ord_tmd="120001")]
    await after.desk.recover([sent("o1", 7)])
    await after.rest()
    (update,) = after.updates
    assert (str(update.status), update.venue_id) == ("accepted", "20260304-06010-0000000101")
    (file,) = tmp_path.glob("kis-orders-*.txt")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text(file.read_text("utf-8") + "06010 00000", "utf-8")  # cut off by a crash
    again = Stand(folder=tmp_path)
    again.rows = after.rows
    await again.desk.recover([sent("o1", 7)])
    assert [str(u.status) for u in again.updates] == ["accepted"]


@played
async def test_an_order_of_yesterday_has_expired() -> None:
    """Orders are good for their day; yesterday's list says that 6 of 10 never filled."""
    stand = Stand()
    await stand.clock.sleep(86_400)
    stand.rows = [row("0000000101", 10, tot_ccld_qty=4, tot_ccld_amt=287_600)]
    await stand.desk.recover([sent("o1", 10, "20260304-06010-0000000101", filled=4)])
    await stand.rest()
    assert stand.told() == ["accepted", "expired"]
    query = next(values for path, _, values in stand.asked if path == "inquire-daily-ccld")
    assert (query["INQR_STRT_DT"], query["INQR_END_DT"]) == ("20260304", "20260305")


@pytest.mark.parametrize("hours", [11, 12])
@played
async def test_what_the_list_has_no_more_ends_with_its_day(hours: int) -> None:
    """It was there and is gone, as when an account of the mock environment is set up anew: nobody will ever tell more,
    and after midnight (twelve hours on) nothing of it can fill. Until then, and by a list of other days, it may."""
    stand = Stand()
    await stand.desk.recover([sent("o1", 10, "20260304-06010-0000000101", filled=4)])
    await stand.clock.sleep(hours * 3600)
    await stand.read_list()
    assert [(str(each.status), each.code) for each in stand.updates] == [("unknown", "RESTART")]
    stand.desk.standing.apply(await stand.ledgers.between(stand.desk.standing.first_day(), "20260305"))
    told = [(str(each.status), each.code) for each in stand.updates[1:]]
    assert told == ([] if hours == 11 else [("expired", "DAY_OVER")])


@played
async def test_a_sale_that_was_cut_is_found_after_a_restart_and_its_rest_is_cancelled() -> None:
    """10 were to be sold and 7 were free: 7 left, the reply was lost, and the process ended."""
    stand = Stand()
    stand.rows = [row("0000000101", 7, sll_buy_dvsn_cd="01", tot_ccld_qty=7, tot_ccld_amt=504_000)]
    await stand.desk.recover([SentOrder(order("sell", 10), NOON)])
    await stand.rest()
    assert stand.told() == ["accepted", "fill 7 @ 72000", "cancelled"]


@pytest.mark.parametrize("sizes", [(4, 3), (3, 4)])
@played
async def test_a_row_is_of_one_order_that_was_lost_and_rather_of_its_size(sizes: tuple[int, int]) -> None:
    """Two sales were lost and one is there: what sold 3 is the one of 3, and no sale of 4 that was cut to 3."""
    stand = Stand()
    stand.rows = [row("0000000101", 3, sll_buy_dvsn_cd="01", tot_ccld_qty=3, tot_ccld_amt=216_000)]
    await stand.desk.recover(
        [SentOrder(order("sell", units, name=f"o{units}"), NOON + at) for at, units in enumerate(sizes)]
    )
    await stand.rest()
    told = [(each.order_id, str(each.status)) for each in stand.updates]
    assert sorted(told) == [("o3", "accepted"), ("o4", "absent"), ("o4", "unknown")]
    assert [(each.order_id, int(each.units)) for each in stand.fills_told] == [("o3", 3)]


@played
async def test_what_was_lost_of_a_share_is_proved_absent_together_and_the_next_sale_waits_no_longer() -> None:
    """Three lists over ten seconds lack all of them; an exit that is decided meanwhile leaves behind the third."""
    stand = Stand()
    stand.hold(SAMSUNG, 9, "70000")
    await stand.desk.recover([SentOrder(order("sell", units, name=f"o{units}"), NOON) for units in (2, 3, 4)])
    await stand.place("sell", 9, name="exit")
    assert stand.told() == ["unknown"] * 3 + ["absent"] * 3 + ["accepted"]
    assert stand.clock.now_ns() - NOON < 15 * NANOS
    assert [body["ORD_QTY"] for body in stand.orders] == ["9"]


@pytest.mark.parametrize(("skew_s", "told"), [(0.0, "absent"), (20.0, "accepted")])
@played
async def test_after_a_restart_a_clock_ahead_is_allowed_for(skew_s: float, told: str) -> None:
    """Our clock says 12:00:18 for what the venue had at 12:00:00; only where we know it to be ahead is it ours."""
    stand = Stand()
    stand.client.skew_s = skew_s
    stand.rows = [row("0000000101", 7)]
    await stand.desk.recover([sent("o1", 7, at=NOON + 18 * NANOS)])
    await stand.rest()
    assert stand.told()[-1] == told


@played
async def test_what_ended_days_ago_is_forgotten_and_what_is_out_is_not() -> None:
    stand = Stand()
    await stand.place("buy", 1)
    await stand.place("buy", 2, 70_000, name="o2")
    stand.rows.append(row("0000000999", 3))
    stand.hear(notice(stand.rows[0]["odno"], "fill", 1, 71_900))
    await stand.read_list()
    stand.desk.register.forget("20260305")
    assert [each.order.id for each in stand.desk.register.all()] == ["o2"]
    assert stand.desk.register.foreign(Key.of("20260304", "0000000999", SAMSUNG)) is None
    assert stand.desk.register.owner(Key.of("20260304", stand.rows[1]["odno"], SAMSUNG)) is not None
