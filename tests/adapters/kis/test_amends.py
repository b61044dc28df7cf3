"""Changes of orders that rest: fewer units by a cancel of a part, another price by a revision (§4.2, trap 9)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.kis.venue import KisVenue
from adapters.wire.budget import Urgency
from adapters.wire.clock import NANOS
from ruleengine.ports.venue import Amends
from tests.adapters.kis.changing import FIRST, SECOND, THIRD, amend, changes, figures, lower, move, resting, revised
from tests.adapters.kis.stand import NOON, SAMSUNG, Stand, notice, order, played, refused


def test_the_venue_can_change_orders() -> None:
    assert issubclass(KisVenue, Amends)


# --- what is sent, and what comes of it ----------------------------------------------------------------------------


@pytest.mark.parametrize(("is_mock", "tr_id"), [(True, "VTTC0013U"), (False, "TTTC0013U")])
@played
async def test_another_price_moves_all_that_is_left_to_a_new_number(is_mock: bool, tr_id: str) -> None:
    stand = await resting(is_mock=is_mock)
    await amend(stand, None, 70_100, lambda: move(stand, 70_100))
    assert changes(stand) == [("01", FIRST, "0", "70100", "Y")]
    assert [name for path, name, _ in stand.asked if path == "order-rvsecncl"] == [tr_id]
    body = stand.orders[-1]
    assert (body["KRX_FWDG_ORD_ORGNO"], body["ORD_DVSN"], body["EXCG_ID_DVSN_CD"]) == ("06010", "00", "KRX")
    assert figures(stand) == [("amended", "", 10, 70_100)]
    assert stand.updates[0].venue_id == f"20260304-06010-{FIRST}"  # it stays the same order
    stand.hear(notice(SECOND, "fill", 4, 70_100, original=FIRST, ordered="10"))
    stand.hear(notice(SECOND, "fill", 6, 70_100, original=FIRST, ordered="10", clock="120010"))
    assert stand.told() == ["amended", "fill 4 @ 70100", "fill 6 @ 70100"]
    assert {each.order_id for each in stand.fills_told} == {"o1"}


@played
async def test_fewer_units_are_a_cancel_of_a_part_and_the_number_stays() -> None:
    """10, of which 3 filled; to be 6 in all: 4 are taken back, 3 are left."""
    stand = await resting()
    stand.hear(notice(FIRST, "fill", 3, 70_000, ordered="10"))
    stand.list_fill(3, 210_000)
    await amend(stand, 6, None, lambda: lower(stand, 4))
    assert changes(stand) == [("02", FIRST, "4", "0", "N")]
    assert stand.told() == ["fill 3 @ 70000", "amended"]
    assert figures(stand) == [("amended", "", 6, 70_000)]
    stand.hear(notice(FIRST, "fill", 3, 70_000, ordered="10", clock="120010"))
    assert stand.told()[2:] == ["fill 3 @ 70000"]
    assert stand.fills_told[-1].is_last
    assert stand.desk.register.get("o1").stage.name == "DONE"  # type: ignore[union-attr]


@played
async def test_both_are_two_requests_and_told_once() -> None:
    """The cancel first: at no moment do two orders rest."""
    stand = await resting()
    await amend(stand, 6, 70_100, lambda: lower(stand, 4), lambda: move(stand, 70_100, THIRD))
    assert changes(stand) == [("02", FIRST, "4", "0", "N"), ("01", FIRST, "0", "70100", "Y")]
    assert figures(stand) == [("amended", "", 6, 70_100)]


@played
async def test_a_second_change_names_the_number_of_the_first() -> None:
    stand = await resting()
    await amend(stand, None, 70_100, lambda: move(stand, 70_100))

    def again() -> None:
        stand.rows[1]["rmn_qty"] = "0"
        stand.rows.append(revised(THIRD, 10, 70_200, of=SECOND))

    await amend(stand, None, 70_200, again)
    assert [number for _, number, *_ in changes(stand)] == [FIRST, SECOND]
    assert figures(stand) == [("amended", "", 10, 70_100), ("amended", "", 10, 70_200)]
    stand.desk.cancel("o1")
    await stand.rest()
    assert changes(stand)[-1] == ("02", THIRD, "0", "0", "Y")


@played
async def test_a_reply_is_no_confirmation_and_the_exchange_may_refuse() -> None:
    """§4.1: it means sent. The revision's row is rejected, the original rests on, and a cancel names it."""
    stand = await resting()
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    assert stand.told() == []
    stand.rows.append(revised(SECOND, 10, 70_100, rjct_qty=10))
    await stand.rest()
    assert figures(stand) == [("amended", "EXCHANGE", 10, 70_000)]
    stand.desk.cancel("o1")
    await stand.rest()
    assert changes(stand)[-1] == ("02", FIRST, "0", "0", "Y")
    stand.rows[0].update(cncl_cfrm_qty="10", rmn_qty="0")
    await stand.read_list()
    assert stand.told() == ["amended", "cancelled"]  # not rejected, though the last row is


# --- the outcome table ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lose_reply", (500, {"rt_cd": "1", "msg_cd": "EGW00301", "msg1": ""})])
@pytest.mark.parametrize(("units", "price"), [(6, None), (None, 70_100)])
@played
async def test_a_lost_reply_is_found_in_the_list_and_nothing_is_sent_again(
    fault: Any, units: int | None, price: int | None
) -> None:  # fmt: skip
    stand = await resting()
    stand.faults = [fault]
    stand.desk.amend("o1", units and Decimal(units), price and Decimal(price))  # type: ignore[arg-type]
    while not changes(stand):
        await stand.turns(1)
    if units:
        lower(stand, 4)
    else:
        move(stand, 70_100)
    await stand.rest()
    assert len(changes(stand)) == 1
    assert figures(stand) == [("amended", "", units or 10, price or 70_000)]


@pytest.mark.parametrize(("units", "price"), [(6, None), (None, 70_100), (6, 70_100)])
@played
async def test_a_lost_request_is_told_as_the_order_stands_after_three_full_lists(
    units: int | None, price: int | None
) -> None:  # fmt: skip
    stand = await resting()
    stand.faults = ["lose_request"]
    begun_ns, asked = stand.clock.now_ns(), len(stand.asked)
    await amend(stand, units, price)
    assert figures(stand) == [("amended", "timeout", 10, 70_000)]
    assert stand.clock.now_ns() - begun_ns >= 10 * NANOS
    assert len(changes(stand)) == 1
    lists = [path for path, _, _ in stand.asked[asked:] if path == "inquire-daily-ccld"]
    assert len(lists) >= 1 + 3


@played
async def test_a_list_that_lags_proves_nothing() -> None:
    """The reply said that it was sent; the list shows it after three readings and more, for the balance is ahead."""
    stand = await resting()
    stand.faults = ["lose_reply"]
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    stand.hold(SAMSUNG, 2, "70100", thdt_buyqty=2)
    while stand.clock.now_ns() < NOON + 25 * NANOS:
        await stand.turns(1)
    assert stand.told() == []
    move(stand, 70_100)
    stand.list_fill(2, 140_200, at=1)
    await stand.rest()
    assert stand.told() == ["fill 2 @ 70100", "amended"]
    assert figures(stand) == [("amended", "", 10, 70_100)]


@played
async def test_a_refusal_is_told_with_the_venues_code() -> None:
    stand = await resting()
    stand.faults = [refused("APBK0952")]
    await amend(stand, None, 71_000)
    assert figures(stand) == [("amended", "APBK0952", 10, 70_000)]


@played
async def test_a_refusal_because_it_filled_is_the_orders_end() -> None:
    stand = await resting()
    stand.faults = [refused("APBK0344")]
    stand.desk.amend("o1", Decimal(6), None)
    while not changes(stand):
        await stand.turns(1)
    stand.list_fill(10, 700_000)
    await stand.rest()
    assert stand.told() == ["fill 10 @ 70000"]


@played
async def test_where_the_second_of_two_requests_is_refused_the_first_is_told() -> None:
    stand = await resting()
    stand.desk.amend("o1", Decimal(6), Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    lower(stand, 4)
    stand.faults = [refused("APBK0506")]
    await stand.rest()
    assert figures(stand) == [("amended", "APBK0506", 6, 70_000)]


@played
async def test_what_proves_not_to_have_left_is_told_at_once() -> None:
    stand = await resting()
    stand.faults = ["connect"]
    await amend(stand, None, 70_100)
    assert [code for _, code, *_ in figures(stand)] == ["connect"]
    assert stand.clock.now_ns() < NOON + NANOS


@played
async def test_nothing_is_sent_where_the_list_cant_be_read_before() -> None:
    stand = await resting()
    stand.answers["inquire-daily-ccld"] = [refused("EGW00500", status=500)] * 3
    await amend(stand, 6, 70_100)
    assert figures(stand) == [("amended", "EGW00500", 10, 70_000)]
    assert changes(stand) == []


@played
async def test_a_fault_of_ours_is_told_and_the_lane_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = await resting()

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a fault")

    send = stand.client.send
    monkeypatch.setattr(stand.client, "send", broken)
    await amend(stand, None, 70_100)
    assert figures(stand) == [("amended", "ERROR", 10, 70_000)]
    monkeypatch.setattr(stand.client, "send", send)
    await amend(stand, None, 70_100, lambda: move(stand, 70_100))
    assert figures(stand)[1:] == [("amended", "", 10, 70_100)]


# --- what is told without a request --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "price", "words"),
    [(None, None, "units or a price"), (0, None, "cancel"), (-1, None, "cancel"), (11, None, "more than"),
     ("6.5", None, "lot 1 of"), (None, "70050", "tick 100 of"), (None, 0, "0 as price"), ("NaN", None, "NaN as units")],
)  # fmt: skip
@played
async def test_what_is_no_change_is_an_error(units: Any, price: Any, words: str) -> None:
    """70,050 is no price where the tick is 100 (trap 12)."""
    stand = await resting()
    with pytest.raises(ValueError, match=words):
        stand.desk.amend("o1", units if units is None else Decimal(units), price if price is None else Decimal(price))
    await stand.rest()
    assert (stand.told(), changes(stand)) == ([], [])


@played
async def test_an_order_at_the_market_is_told_as_it_stands() -> None:
    stand = Stand()
    await stand.place("buy", 10)
    await amend(stand, 6, None)
    assert figures(stand)[1:] == [("amended", "MARKET_ORDER", 10, None)]
    assert changes(stand) == []


@played
async def test_an_order_that_has_ended_or_is_not_ours_is_told_as_it_stands() -> None:
    stand = await resting()
    stand.hear(notice(FIRST, "cancelled", 10, original=FIRST, ordered="10"))
    await amend(stand, 6, None)
    stand.desk.amend("manual", Decimal(1), None)
    assert [(u.order_id, str(u.status), u.code) for u in stand.updates] == [
        ("o1", "cancelled", ""), ("o1", "cancelled", ""), ("manual", "unknown", "NOT_HERE"),
    ]  # fmt: skip
    assert changes(stand) == []


@played
async def test_the_same_figures_need_no_request() -> None:
    stand = await resting()
    await amend(stand, 10, 70_000)
    assert (figures(stand), changes(stand)) == ([("amended", "", 10, 70_000)], [])


@played
async def test_a_price_beyond_the_days_limits_is_not_sent() -> None:
    """±30 % of 71,800: at most 93,300, the last price on the table below 93,340."""
    stand = Stand()
    stand.specs[SAMSUNG] = replace(stand.specs[SAMSUNG], base_price=Decimal(71_800))
    stand.desk.base_day = "20260304"
    await stand.place("buy", 10, 70_000)
    await amend(stand, None, 93_400)
    assert figures(stand)[1:] == [("amended", "PRICE_LIMIT_EXCEEDED", 10, 70_000)]
    assert changes(stand) == []


@played
async def test_a_change_waits_for_the_order_before_it_and_for_the_order_itself() -> None:
    """One request in flight for each share and side: the order has its number before it is changed."""
    stand = Stand()
    stand.desk.place(order("buy", 10, 70_000))
    stand.desk.amend("o1", None, Decimal(70_100))
    while len(stand.orders) < 2:
        await stand.turns(1)
    move(stand, 70_100)
    await stand.rest()
    assert figures(stand) == [("accepted", "", None, None), ("amended", "", 10, 70_100)]


@pytest.mark.parametrize(("side", "code"), [("buy", "LANE"), ("sell", "")])
@played
async def test_a_price_that_waited_for_long_is_of_another_time_but_for_an_exit(side: str, code: str) -> None:
    """An order before it has no answer for more than ten seconds. Fewer units are wanted however late."""
    stand = await resting(side=side)
    stand.hold(SAMSUNG, 10, "69000")
    stand.faults = ["lose_request"]
    stand.desk.place(order(side, 1, name="o2"))
    while not stand.told():
        await stand.turns(1)
    await amend(stand, None, 70_100, *([] if code else [lambda: move(stand, 70_100)]))
    assert [u.code for u in stand.updates if u.order_id == "o1"] == [code]
    assert len(changes(stand)) == (0 if code else 1)
    stand.faults = ["lose_request"]
    stand.desk.place(order(side, 1, name="o3"))
    while stand.updates[-1].order_id != "o3":
        await stand.turns(1)
    await amend(stand, 6, None)
    assert changes(stand)[-1][:3] == ("02", FIRST if code else SECOND, "4")


@pytest.mark.parametrize(("side", "urgency"), [("buy", Urgency.ENTRY), ("sell", Urgency.EXIT)])
@played
async def test_a_change_goes_at_the_urgency_of_its_order(
    side: str, urgency: Urgency, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    stand = await resting(side=side)
    seen: list[Urgency] = []
    send = stand.client.send

    async def watched(*given: Any, **named: Any) -> Any:
        seen.append(named["urgency"])
        return await send(*given, **named)

    today = stand.ledgers.today

    async def read(*given: Any, **named: Any) -> Any:
        seen.append(named["urgency"])
        return await today(*given, **named)

    monkeypatch.setattr(stand.client, "send", watched)
    monkeypatch.setattr(stand.ledgers, "today", read)
    await amend(stand, 6, None, lambda: lower(stand, 4))
    assert seen == [urgency, urgency]
