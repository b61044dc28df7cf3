"""Changes of resting orders over a scripted venue: what each answer comes to, what is asked, and that nothing is sent
twice. The order is a limit over 3 contracts at 59,000, the venue's number 312."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.okx.api import Api
from adapters.okx.desk import Desk
from adapters.okx.errors import Meaning, meaning
from adapters.okx.instruments import instrument
from adapters.okx.orders import AMEND, AMEND_ALGOS, amend
from adapters.okx.tracked import Change
from adapters.okx.venue import OkxVenue
from adapters.wire.budget import Urgency
from adapters.wire.clock import ManualClock
from ruleengine.model.event import Fill, OrderUpdate, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.ports.venue import Amends, SentOrder
from ruleengine.runtime.orders.seen_fills import fill_key
from tests.adapters.okx.ordering import LOST, NOT_FOUND, Status, answers, entry, reduction, run, settled, statuses
from tests.adapters.okx.scripted import BEGIN_NS, BTC, Script, fill_row, ok, order_row, push_row, row_of

TERMS: Mapping[str, Instrument] = {
    BTC: instrument({
        "instId": BTC, "ctVal": "0.01", "ctMult": "1", "ctValCcy": "BTC", "lever": "100", "settleCcy": "USDT",
        "tickSz": "0.1", "lotSz": "0.01", "minSz": "0.01", "maxMktSz": "9000", "maxLmtSz": "9000",
    })
}  # fmt: skip
TWO, LOWER = Decimal(2), Decimal(58_990)
TAKEN_UP = ok(row_of("0"))
Work = Callable[[Api, Desk], Awaitable[None]]


def resting(state: str = "live", **more: Any) -> dict[str, Any]:
    """A row of the order. `uTime` a second after the one of the rows that say that it rests."""
    return order_row("re1", state, **{"ordType": "limit", "px": "59000", "uTime": "1772600768300"} | more)


def limit() -> Order:
    return entry(type="limit", price=Decimal(59_000))


def change(
    script: Script, *changes: tuple[Decimal | None, Decimal | None], order: Order | None = None, held: str = "0",
    then: Work | None = None,
) -> list[VenueEvent]:  # fmt: skip
    """What is told after ACCEPTED of an order that is sent and changed so; `then`: while the change is on its way."""

    async def work(api: Api, desk: Desk) -> None:
        desk.submit(order or limit())
        await settled(desk)
        for units, price in changes:
            desk.amend("re1", units, price, TERMS)
        if then is not None:
            await then(api, desk)
        await settled(desk)

    told = run(script, work, held)
    assert statuses(told)[0] == (Status.ACCEPTED, "")
    return told[1:]


def placed(*gets: Any) -> Script:
    """A venue that takes the order, and answers for it so."""
    return Script().on("/trade/order", answers(ok(row_of("0", ordId="312")), *gets))


def figures(told: list[VenueEvent]) -> list[tuple[Decimal | None, Decimal | None, str]]:
    """(units, price, code) of what was told as amended."""
    return [
        (one.units, one.price, one.code)
        for one in told
        if isinstance(one, OrderUpdate) and one.status is Status.AMENDED
    ]  # fmt: skip


def requests_of(script: Script) -> list[Any]:
    return script.bodies("/trade/amend-order") + script.bodies("/trade/amend-algos")


def with_result(script: Script, answer: Any, **told: str) -> Work:
    """The channel's push of the change comes before its answer."""

    async def push(_: Api, desk: Desk) -> None:
        while not requests_of(script):
            await asyncio.sleep(0)
        number = requests_of(script)[-1]["reqId"]
        await desk.teller.order(resting(**{"reqId": number, "amendSource": "1"} | told))

    script.on("/trade/amend-order", answer)
    return push


def test_the_venue_meets_the_port() -> None:
    assert issubclass(OkxVenue, Amends)


def test_how_it_is_asked_for() -> None:
    """Trap 17: the size is of the whole order. What can't be done leaves the order as it is (`cxlOnFail`)."""
    both = Change("1n1", TWO, LOWER)
    rest: dict[str, Any] = {"instId": BTC, "reqId": "1n1", "cxlOnFail": False}
    call = amend(limit(), "312", both)
    assert (call.path, call.body) == (AMEND, rest | {"ordId": "312", "newSz": TWO, "newPx": LOWER})
    assert amend(limit(), "", Change("1n1", TWO, None)).body == rest | {"clOrdId": "re1", "newSz": TWO}
    closes = amend(reduction(type="stop", price=Decimal(59_000)), "77", both)
    sized = rest | {"algoId": "77", "newSz": TWO}
    assert (closes.path, closes.body) == (AMEND_ALGOS, sized | {"newSlTriggerPx": LOWER, "newSlOrdPx": "-1"})
    opens = amend(entry(type="stop", price=Decimal(61_000)), "", both)
    del sized["algoId"]
    assert opens.body == sized | {"algoClOrdId": "re1", "newTriggerPx": LOWER, "newOrdPx": "-1"}


@pytest.mark.parametrize("code", ["51503", "51509", "51510", "51511"])
def test_codes_of_a_change_that_came_too_late_are_looked_up(code: str) -> None:
    assert meaning(code) is Meaning.GONE


@pytest.mark.parametrize(
    ("units", "price", "why"),
    [
        (None, None, "nothing to change"), ("0", None, "a cancel"), ("-1", None, "a cancel"), ("NaN", None, "NaN"),
        ("3.01", None, "an order of its own"), ("2.005", None, "the lot 0.01"), (None, "58990.05", "the tick 0.1"),
        (None, "0", "0 as price"),
    ],
)  # fmt: skip
def test_what_is_no_change_of_an_order_is_refused_before_anything_is_sent(
    units: str | None, price: str | None, why: str
) -> None:
    script = placed()

    async def work(_: Api, desk: Desk) -> None:
        desk.submit(limit())
        await settled(desk)
        with pytest.raises(ValueError, match=why):
            desk.amend("re1", Decimal(units) if units else None, Decimal(price) if price else None, TERMS)

    run(script, work)
    assert not requests_of(script)


def test_nothing_is_sent_for_what_does_not_rest_or_is_not_ours() -> None:
    """A market order; one that has ended; one that stands so already; one that nobody knows."""
    script = placed()
    assert statuses(change(script, (TWO, None), order=entry())) == [(Status.ACCEPTED, "")]

    async def end(_: Api, desk: Desk) -> None:
        await desk.teller.order(resting("canceled", cancelSource="1"))
        desk.amend("re1", TWO, None, TERMS)
        desk.amend("somebodys", TWO, None, TERMS)

    assert [status for status, _ in statuses(change(script, then=end))] == [Status.CANCELLED] * 2
    assert figures(change(script, (Decimal(3), Decimal(59_000)))) == [(Decimal(3), Decimal(59_000), "")]
    assert not requests_of(script)


def test_done_is_told_once_by_the_channel() -> None:
    """The answer is acceptance alone; the push may come before it, and twice; nothing more is asked for."""
    script = placed()
    push = with_result(script, TAKEN_UP, sz="2", px="58990", amendResult="0")

    async def twice(api: Api, desk: Desk) -> None:
        await push(api, desk)
        await push(api, desk)

    assert figures(change(script, (TWO, LOWER), then=twice)) == [(TWO, LOWER, "")]
    (body,) = requests_of(script)
    assert (body["newSz"], body["newPx"], body["cxlOnFail"]) == ("2", "58990", False)
    assert script.asked("/trade/amend-order")[0].headers["exptime"] == str(BEGIN_NS // 1_000_000 + 5_000)
    assert not [request for request in script.asked("/trade/order") if request.method == "GET"]


def test_taken_up_and_not_done_is_told_with_the_venues_code() -> None:
    """`amendResult` -1: nothing was changed."""
    script = placed()
    push = with_result(script, TAKEN_UP, amendResult="-1", code="51008", msg="no margin")
    assert figures(change(script, (TWO, LOWER), then=push)) == [(Decimal(3), Decimal(59_000), "51008")]
    assert len(requests_of(script)) == 1


def test_the_result_of_anothers_change_is_not_ours() -> None:
    script = placed(ok(resting(sz="2")))
    push = with_result(script, LOST, amendResult="-1", code="51008", reqId="by hand")
    assert figures(change(script, (TWO, None), then=push)) == [(TWO, Decimal(59_000), "")]


@pytest.mark.parametrize("code", ["51006", "51008", "50011", "50037", "51000", "51513"])
def test_refused_is_told_as_it_stands_with_the_code(code: str) -> None:
    """Trap 2: the reason is in the row."""
    script = placed().on("/trade/amend-order", ok(row_of(code, "no"), code="1"))
    assert figures(change(script, (TWO, LOWER))) == [(Decimal(3), Decimal(59_000), code)]
    assert len(requests_of(script)) == 1


@pytest.mark.parametrize("code", ["51503", "51509", "51510", "51511"])
def test_refused_for_it_is_gone_is_told_by_its_end(code: str) -> None:
    gone = ok(row_of(code, "gone"), code="1")
    script = placed(ok(resting("filled", accFillSz="3"))).on("/trade/fills", ok(fill_row("1", "3")))
    told = change(script.on("/trade/amend-order", gone), (TWO, None))
    assert [one.units for one in told if isinstance(one, Fill)] == [Decimal(3)]
    assert figures(told) == []
    script = placed(ok(resting("canceled", cancelSource="1"))).on("/trade/amend-order", gone)
    assert statuses(change(script, (TWO, None))) == [(Status.CANCELLED, "1")]
    script = placed(ok(resting())).on("/trade/amend-order", gone)
    assert figures(change(script, (TWO, None))) == [(Decimal(3), Decimal(59_000), code)]
    assert len(requests_of(script)) == 1


@pytest.mark.parametrize(
    "lost",
    [
        LOST, httpx.RemoteProtocolError("gone"), ok(code="50004", msg="timeout", status=400),
        httpx.Response(503, json={"code": "50001", "data": []}), ok(row_of("51149", "timed out"), code="1"),
    ],
)  # fmt: skip
def test_without_an_answer_the_venue_is_asked_and_nothing_is_sent_again(lost: Any) -> None:
    script = placed(ok(resting()), ok(resting(sz="2"))).on("/trade/amend-order", lost)
    assert figures(change(script, (TWO, None))) == [(TWO, Decimal(59_000), "")]
    assert len(requests_of(script)) == 1


@pytest.mark.parametrize(("answer", "code"), [(LOST, "timeout"), (TAKEN_UP, "unchanged")])
def test_a_change_is_given_up_only_once_it_can_not_arrive(answer: Any, code: str) -> None:
    """5 s of `expTime`; until then an order that is as it was proves nothing."""
    clock = ManualClock(BEGIN_NS)
    script = Script(clock).on("/trade/order", answers(ok(row_of("0", ordId="312")), ok(resting())))
    script.on("/trade/amend-order", answer)
    told: list[VenueEvent] = []

    async def work(_: Api, desk: Desk) -> None:
        desk.teller.emit = told.append
        desk.submit(limit())
        await settled(desk)
        desk.amend("re1", TWO, None, TERMS)
        await clock.advance(4.9)
        assert figures(told) == []
        await clock.advance(10)

    run(script, work)
    assert figures(told) == [(Decimal(3), Decimal(59_000), code)]
    assert len(requests_of(script)) == 1


def test_what_did_not_leave_is_told_as_it_stands() -> None:
    script = placed().on("/trade/amend-order", httpx.ConnectError("refused"))
    assert figures(change(script, (TWO, None))) == [(Decimal(3), Decimal(59_000), "connect")]


def test_while_the_venue_can_not_be_asked_nothing_is_concluded() -> None:
    """Read after read fails: the change stays open until one does not."""
    hidden = ok(code="50014", msg="no", status=400)
    script = placed(*[hidden] * 30, ok(resting(sz="2"))).on("/trade/amend-order", LOST)
    assert figures(change(script, (TWO, None))) == [(TWO, Decimal(59_000), "")]


def test_a_fill_that_crosses_a_change_counts_once() -> None:
    """1 of 3 fills while the size is set to 2; then 1 more, which is the last."""
    script = placed()
    push = with_result(script, TAKEN_UP, sz="2", amendResult="0", accFillSz="1", state="partially_filled")

    async def crossing(api: Api, desk: Desk) -> None:
        fill = push_row("re1", "partially_filled", "1", "1", "1", ordType="limit", px="59000", uTime="1772600768000")
        await desk.teller.order(fill)
        await push(api, desk)
        await desk.teller.order(fill)  # again, and from before the change
        more = {"ordType": "limit", "px": "59000", "sz": "2", "uTime": "1772600769000", "fillTime": "1772600769000"}
        await desk.teller.order(push_row("re1", "filled", "2", "1", "2", **more))

    told = change(script, (TWO, None), then=crossing)
    assert [(one.units, one.is_last) for one in told if isinstance(one, Fill)] == [
        (Decimal(1), False),
        (Decimal(1), True),
    ]
    assert figures(told) == [(TWO, Decimal(59_000), "")]
    assert len(statuses(told)) == 1  # no end beside its fills


def test_lowered_to_what_has_filled_it_is_done() -> None:
    """2 of 3 have filled; whether the row then names the size or what has filled, nothing is left."""
    for size in ("1", "2"):
        script = placed().on("/trade/fills", ok(fill_row("1", "2")))
        push = with_result(script, TAKEN_UP, sz=size, amendResult="0", accFillSz="2", state="filled")
        told = change(script, (Decimal(1), None), then=push)
        assert figures(told) == [(TWO, Decimal(59_000), "")]
        assert [one.units for one in told if isinstance(one, Fill)] == [TWO]
        assert len(statuses(told)) == 1


def test_a_cancel_that_crosses_a_change_still_cancels() -> None:
    """The change has no answer; the order is cancelled meanwhile, and its end is all that is told."""
    gone = ok(resting("canceled", cancelSource="1"))
    script = placed(gone).on("/trade/amend-order", LOST).on("/trade/cancel-order", ok(row_of("0")))

    async def cancel(_: Api, desk: Desk) -> None:
        desk.cancel("re1")

    assert statuses(change(script, (TWO, None), then=cancel)) == [(Status.CANCELLED, "1")]
    assert len(script.bodies("/trade/cancel-order")) >= 1
    assert len(requests_of(script)) == 1


def test_a_reduction_that_was_cut_stays_cut() -> None:
    """3 were wanted, 2 are held, so 2 are at the venue: 2.5 are no change of size, and its price alone is changed."""
    one = reduction(type="limit", price=Decimal(61_000))
    row = {"side": "sell", "ordType": "limit", "px": "60990", "sz": "2", "reduceOnly": "true"}
    script = placed(ok(resting(**row))).on("/trade/amend-order", TAKEN_UP)
    told = change(script, (Decimal("2.5"), Decimal(60_990)), order=one, held="2")
    assert figures(told) == [(TWO, Decimal(60_990), "")]
    (body,) = requests_of(script)
    assert (body["newPx"], "newSz" in body, "reduceOnly" in body) == ("60990", False, False)


def test_a_cut_reduction_that_is_told_as_it_stands_ends_with_its_fills() -> None:
    """2 are at the venue of 3 that were wanted. Once that has been told there is no rest of it to be cancelled."""
    one = reduction(type="limit", price=Decimal(61_000))
    script = placed().on("/trade/amend-order", ok(row_of("51006"), code="1"))

    async def fill(_: Api, desk: Desk) -> None:
        await settled(desk)
        row = {"side": "sell", "ordType": "limit", "px": "61000", "sz": "2", "reduceOnly": "true"}
        await desk.teller.order(push_row("re1", "filled", "1", "2", "2", **row))

    told = change(script, (None, Decimal(60_990)), order=one, held="2", then=fill)
    assert statuses(told) == [(Status.AMENDED, "51006")]
    assert figures(told) == [(TWO, Decimal(61_000), "51006")]


def test_a_second_change_never_raises_what_the_first_lowered() -> None:
    """To 1, and at once (the order still stands at 3) to 2."""
    script = placed(ok(resting(sz="1"))).on("/trade/amend-order", TAKEN_UP)
    told = change(script, (Decimal(1), None), (TWO, None))
    assert figures(told) == [(Decimal(1), Decimal(59_000), "")] * 2
    assert [body["newSz"] for body in requests_of(script)] == ["1"]


@pytest.mark.parametrize(
    ("order", "urgency"),
    [(limit(), Urgency.ENTRY), (reduction(type="limit", price=Decimal(61_000)), Urgency.EXIT)],
    ids=["entry", "exit"],
)
def test_a_change_waits_for_its_turn_as_its_order_does(
    order: Order, urgency: Urgency, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, place = list[tuple[str, Urgency]](), Api.place

    async def noted(api: Api, path: str, body: Any, **more: Any) -> Any:
        asked.append((path, more["urgency"]))
        return await place(api, path, body, **more)

    monkeypatch.setattr(Api, "place", noted)
    change(placed().on("/trade/amend-order", ok(row_of("51006"), code="1")), (TWO, None), order=order, held="3")
    assert asked[1] == (AMEND, urgency)


def test_a_change_by_another_is_told_once_and_an_older_row_says_nothing() -> None:
    """In the venue's app: to 5 contracts, at 58,990. A query from before it comes late."""

    async def hear(_: Api, desk: Desk) -> None:
        for row in (resting(), resting(sz="5", px="58990", uTime="1772600769000", amendSource="1"), resting()):
            await desk.teller.order(row)
            await desk.teller.order(row)

    assert figures(change(placed(), then=hear)) == [(Decimal(5), LOWER, "")]


def test_a_stop_is_changed_where_it_waits() -> None:
    """Its `expTime` is none: the call of stops takes it not."""
    row = {
        "instId": BTC, "algoId": "77", "algoClOrdId": "re1", "state": "live", "sz": "2", "slTriggerPx": "58990",
        "uTime": "1772600768300", "cTime": "1772600767200",
    }  # fmt: skip
    script = Script().on("/trade/order-algo", answers_of_stops(ok(row_of("0", algoId="77")), ok(row)))
    script.on("/trade/amend-algos", TAKEN_UP)
    one = reduction(type="stop", price=Decimal(59_000))
    assert figures(change(script, (TWO, LOWER), order=one, held="3")) == [(TWO, LOWER, "")]
    (body,) = requests_of(script)
    assert (body["algoId"], body["newSz"], body["newSlTriggerPx"]) == ("77", "2", "58990")
    assert "exptime" not in script.asked("/trade/amend-algos")[0].headers


def answers_of_stops(place: Any, row: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(200, content=(place if request.method == "POST" else row).content)


@pytest.mark.parametrize("is_heard", [False, True], ids=["unheard", "heard"])
def test_after_a_restart_it_is_told_as_it_stands_with_its_fills_once(is_heard: bool) -> None:
    """The process ended after its request to lower 3 to 2 left, or after the journal had that it is done. 2 have filled
    since: 1 of them was counted before, with the size that was known then; it has the same fields again."""
    first = push_row("re1", "partially_filled", "1", "1", "1", ordType="limit", px="59000")

    async def hear(_: Api, desk: Desk) -> None:
        await desk.teller.order(first)

    (before,) = (one for one in change(placed(), then=hear) if isinstance(one, Fill))
    later = fill_row("2", "1", ts="1772600769000", fillTime="1772600769000")
    row = ok(resting("filled", sz="2", accFillSz="2", uTime="1772600769000"))
    script = Script().on("/trade/order", row).on("/trade/fills", ok(later, fill_row("1", "1")))
    journalled = replace(limit(), units=TWO) if is_heard else limit()

    async def recover(_: Api, desk: Desk) -> None:
        told = await desk.recover([SentOrder(journalled, BEGIN_NS, "312", Decimal(1))])
        kinds = [getattr(one, "fill_id", getattr(one, "status", "")) for one in told]
        assert kinds == [Status.ACCEPTED, *([] if is_heard else [Status.AMENDED]), "1-312", "2-312"]
        again = next(one for one in told if isinstance(one, Fill))
        assert fill_key(again) == fill_key(before)

    run(script, recover)
    assert all(request.method == "GET" for request in script.heard)


def test_a_fill_that_was_counted_under_the_size_before_is_the_same_after_a_restart() -> None:
    """2 of 3 had filled as the process ended; unheard the order was lowered to these 2. Told as its last one, the fill
    would be counted again."""
    push = push_row("re1", "partially_filled", "1", "2", "2", ordType="limit", px="59000")

    async def hear(_: Api, desk: Desk) -> None:
        await desk.teller.order(push)

    (before,) = (one for one in change(placed(), then=hear) if isinstance(one, Fill))
    script = Script().on("/trade/order", ok(resting("filled", sz="2", accFillSz="2")))
    script.on("/trade/fills", ok(fill_row("1", "2")))

    async def recover(_: Api, desk: Desk) -> None:
        told = await desk.recover([SentOrder(limit(), BEGIN_NS, "312", TWO)])
        assert figures(told) == [(TWO, Decimal(59_000), "")]
        assert [fill_key(one) for one in told if isinstance(one, Fill)] == [fill_key(before)]

    run(script, recover)


def test_an_order_that_the_venue_no_longer_has_is_not_said_to_rest_for_ever() -> None:
    """51503, and its query knows it not: the account is read anew."""
    script = placed(NOT_FOUND).on("/trade/amend-order", ok(row_of("51503"), code="1"))

    async def look(_: Api, desk: Desk) -> None:
        await settled(desk)
        assert desk.teller.is_behind

    change(script, (TWO, None), then=look)
