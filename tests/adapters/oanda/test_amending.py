"""Changing an order that rests: what leaves, and what each answer to it comes to."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.wire.clock import ManualClock
from ruleengine.model.order import Cancel, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Amends
from tests.adapters.oanda.payloads import FakeOanda, Row, cancelled, created, filled, ok, rejected, replaced
from tests.adapters.oanda.playing import BUSY, CLOSE, ENTRY, FILLED, Run, fake_oanda, played
from tests.adapters.oanda.test_links import history

D = Decimal
LIMIT = Order("a", "EUR_USD", Side.LONG, D(1000), type="limit", price=D("1.08"))
EXIT = Order("a", "EUR_USD", Side.SHORT, D(1000), type="stop", price=D("1.05"), is_reduce_only=True)
CHANGE = "PUT /orders/101"
EUR_USD = {
    "name": "EUR_USD", "pipLocation": -4, "displayPrecision": 5, "tradeUnitsPrecision": 0, "minimumTradeSize": "1",
    "maximumOrderUnits": "100000000", "marginRate": "0.02",
}  # fmt: skip
AS_IT_WAS = "a amended 101 1000 at 1.08"
LESS = "a amended 103 600 at 1.08"


def pending(number: int = 101, units: str = "1000", price: str = "1.08", **more: Any) -> httpx.Response:
    row: Row = {"id": str(number), "state": "PENDING", "createTime": "1", "units": units, "price": price}
    return ok(order={**row, **more})


def done(number: int = 102, order: int = 101, **more: Any) -> httpx.Response:
    ends, begins = replaced(number, order, "a", **{"price": "1.08", **more})
    return ok(201, orderCancelTransaction=ends, orderCreateTransaction=begins)


def resting(order: Order = LIMIT) -> FakeOanda:
    """An account that takes the order as number 101."""
    fake, sign = fake_oanda(), "" if order.side is Side.LONG else "-"
    figures = {"units": f"{sign}{order.units}", "price": str(order.price)}
    fake.on("POST /orders", ok(201, orderCreateTransaction=created(101, "a", kind="LIMIT_ORDER", **figures)))
    return fake


def amending(
    fake: FakeOanda, number: int, *, order: Order = LIMIT, units: int | None = 600, price: str | None = None,
    answered: tuple[httpx.Response, list[Row]] | None = None,
) -> list[str]:  # fmt: skip
    """What is told after the order was accepted. `answered`: the reply to the change, and what the stream tells before
    it comes."""

    async def work(run: Run) -> None:
        def answer(_: httpx.Request) -> httpx.Response:
            run.venue._ledger.take(answered[1] if answered else [])
            return answered[0] if answered else ok(500)

        if answered is not None:
            fake.on(CHANGE, answer)
        await run.send(order)
        await run.until(1)
        await run.venue.amend("a", None if units is None else D(units), None if price is None else D(price))
        await run.until(1 + number)
        await asyncio.sleep(0.02)

    return played(fake, work)[1:]


def test_the_venue_says_that_it_can() -> None:
    async def work(run: Run) -> None:
        assert isinstance(run.venue, Amends)

    assert played(fake_oanda(), work) == []


# --- what leaves ------------------------------------------------------------------------------------------------------


def test_a_whole_new_order_leaves_under_our_id() -> None:
    """Trap 8: the client id is kept only if it is given again; stop, target and end are of the order too."""
    order = Order(
        "a", "EUR_USD", Side.SHORT, D(1000), type="limit", price=D("1.2"), stop=D("1.3"), target=D("1.1"),
        expires_ns=1_900_000_000_000_000_000, strategy="trend", pocket="core",
    )  # fmt: skip
    fake = resting(order)
    fake.on(CHANGE, done(units="-600", price="1.21"))
    assert amending(fake, 1, order=order, price="1.21") == ["a amended 103 600 at 1.21"]
    whole = fake.body(0)["order"]
    assert fake.body() == {"order": {**whole, "units": "-600", "price": "1.21"}}
    assert whole["clientExtensions"] == {"id": "a", "tag": "trend", "comment": "core"}


@pytest.mark.parametrize(("units", "price", "sent"), [(600, None, ("600", "1.08")), (None, "1.09", ("1000", "1.09"))])
def test_what_is_not_named_stays(units: int | None, price: str | None, sent: tuple[str, str]) -> None:
    fake = resting()
    fake.on(CHANGE, done(units=sent[0], price=sent[1]))
    assert amending(fake, 1, units=units, price=price) == [f"a amended 103 {sent[0]} at {sent[1]}"]
    asked = fake.body()["order"]
    assert (asked["units"], asked["price"]) == sent


def test_a_reduction_stays_one_and_goes_with_the_exits() -> None:
    fake = resting(EXIT)
    fake.on(CHANGE, done(units="-600", price="1.05"))
    assert amending(fake, 1, order=EXIT) == ["a amended 103 600 at 1.05"]
    assert fake.body()["order"]["positionFill"] == "REDUCE_ONLY"
    assert "tradeClientExtensions" not in fake.body()["order"]


@pytest.mark.parametrize(("order", "reduces"), [(LIMIT, False), (EXIT, True)])
def test_it_passes_the_budget_at_the_urgency_of_its_order(order: Order, reduces: bool) -> None:
    fake, asked = resting(order), list[bool]()
    fake.on(CHANGE, ok(400))

    async def work(run: Run) -> None:
        await run.send(order)
        await run.until(1)
        client = run.venue._client
        write = client.write

        async def noted(*args: Any, reduces: bool) -> Any:
            asked.append(reduces)
            return await write(*args, reduces=reduces)

        client.write = noted  # type: ignore[assignment,method-assign]
        await run.venue.amend("a", D(600))
        await run.until(2)

    played(fake, work)
    assert asked == [reduces]


@pytest.mark.parametrize(
    ("units", "price"),
    [(None, None), (D(0), None), (D(-1), None), (D(1001), None), (D("NaN"), None), (None, D(0)), (D(5), D("Infinity"))],
)
def test_what_is_no_change_of_it_is_an_error_and_leaves_nothing(units: Decimal | None, price: Decimal | None) -> None:
    fake = resting()

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        with pytest.raises(ValueError, match=r"^there is nothing|^1001 units are more|^(0|-1|NaN|Infinity) as"):
            await run.venue.amend("a", units, price)

    assert played(fake, work) == ["a accepted 101"]
    assert fake.count("PUT") == 0


@pytest.mark.parametrize(
    ("units", "price", "why"), [(D("999.5"), None, "the lot 1 of EUR_USD"), (None, D("1.0800001"), "tick 0.00001")]
)
def test_what_is_off_the_grid_is_an_error_and_leaves_nothing(
    units: Decimal | None, price: Decimal | None, why: str
) -> None:
    fake = resting()
    fake.on("GET /instruments", ok(instruments=[EUR_USD]))

    async def work(run: Run) -> None:
        assert len(await run.venue.instruments(["EUR_USD"])) == 1
        await run.send(LIMIT)
        await run.until(1)
        with pytest.raises(ValueError, match=why):
            await run.venue.amend("a", units, price)

    assert played(fake, work) == ["a accepted 101"]
    assert fake.count("PUT") == 0


def test_figures_that_it_has_already_are_told_and_not_sent() -> None:
    fake = resting()
    assert amending(fake, 1, units=1000, price="1.080") == [AS_IT_WAS]
    assert fake.count("PUT") == 0


def test_a_market_order_is_told_as_it_stands() -> None:
    fake = resting()
    fake.on("POST /orders", FILLED)
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "FILLED", "fillingTransactionID": "102"}))
    fake.on("GET /transactions/idrange", history(created(101, "a"), filled(102, 101, "a")))
    fake.on("PUT /trades/7/close", ok(200))
    for order in (ENTRY, CLOSE):

        async def work(run: Run, order: Order = order) -> None:
            await run.send(order)
            await run.until(1)
            await run.venue.amend("a", D(100))
            await asyncio.sleep(0.02)

        assert not [line for line in played(fake, work) if "amended" in line]
    assert fake.count("PUT") == 1  # the close itself


def test_an_order_that_has_ended_is_told_as_that_and_asks_nothing() -> None:
    fake = resting()
    code = "INSUFFICIENT_MARGIN"
    fake.on("POST /orders", ok(400, orderRejectTransaction=rejected(101, "a", code), errorCode=code))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        await run.venue.amend("a", D(5000))
        await run.until(2)

    assert played(fake, work) == ["a rejected  INSUFFICIENT_MARGIN"] * 2
    assert (fake.count("PUT"), fake.count("GET", "/orders/@a")) == (0, 0)


def test_an_order_that_has_filled_is_told_as_that() -> None:
    fake = resting()
    made = created(101, "a", kind="LIMIT_ORDER", price="1.08")
    fake.on("POST /orders", ok(201, orderCreateTransaction=made, orderFillTransaction=filled(102, 101, "a")))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(2)
        await run.venue.amend("a", D(600))
        await run.until(3)

    assert played(fake, work) == ["a accepted 101", "a opens 1000 of 102", "a opens 1000 of 102"]
    assert fake.count("PUT") == 0


def test_an_order_that_is_not_ours_is_asked_for_and_not_touched() -> None:
    fake = fake_oanda()
    fake.on("GET /orders/@web", ok(order={"id": "55", "state": "PENDING", "createTime": "1"}))

    async def work(run: Run) -> None:
        await run.venue.amend("web", D(5))
        await run.until(1)

    assert played(fake, work) == ["web accepted 55"]
    assert fake.count("PUT") == 0


# --- what becomes of it -----------------------------------------------------------------------------------------------


def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def cut(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone")


def test_done_is_told_once_though_reply_and_stream_tell_of_it() -> None:
    rows = replaced(102, 101, "a", price="1.08")
    assert amending(resting(), 1, answered=(done(), rows)) == [LESS]


def test_one_that_fills_at_once_is_changed_and_filled() -> None:
    fake = resting()
    ends, begins = replaced(102, 101, "a", price="1.2")
    fill = filled(104, 103, "a", units="600")
    fake.on(CHANGE, ok(201, orderCancelTransaction=ends, orderCreateTransaction=begins, orderFillTransaction=fill))
    assert amending(fake, 2, price="1.2") == ["a amended 103 600 at 1.2", "a opens 600 of 104"]


def test_one_that_ends_at_once_is_told_as_ended() -> None:
    """The replacement's own end has a key of its own in the reply."""
    fake = resting()
    ends, begins = replaced(102, 101, "a", price="1.2")
    lost = cancelled(104, 103, "INSUFFICIENT_MARGIN", "a")
    keys = {"orderCancelTransaction": ends, "orderCreateTransaction": begins, "replacingOrderCancelTransaction": lost}
    fake.on(CHANGE, ok(201, **keys))
    assert amending(fake, 2, price="1.2") == ["a amended 103 600 at 1.2", "a rejected 103 INSUFFICIENT_MARGIN"]


@pytest.mark.parametrize("is_in_reply", [True, False])
def test_refused_is_told_once_with_the_venues_code(is_in_reply: bool) -> None:
    """Trap 6: a price with too many digits is refused, not rounded. The stream tells of it too."""
    row = rejected(102, "a", "PRICE_PRECISION_EXCEEDED", intendedReplacesOrderID="101")
    fake, rows = resting(), {"orderRejectTransaction": row} if is_in_reply else {}
    answered = ok(400, errorCode="PRICE_PRECISION_EXCEEDED", **rows), [row] if is_in_reply else []
    told = amending(fake, 1, price="1.0800001", answered=answered)
    assert told == [f"{AS_IT_WAS} PRICE_PRECISION_EXCEEDED"]
    assert fake.count("PUT") == 1


@pytest.mark.parametrize(
    ("answer", "code"), [(ok(401), "HTTP_401"), (BUSY, "HTTP_429"), (nobody, "CONNECT"), (ok(400), "HTTP_400")]
)
def test_what_proves_that_nothing_was_done_is_told_with_its_code(answer: Any, code: str) -> None:
    fake = resting()
    fake.on(CHANGE, answer)
    assert amending(fake, 1) == [f"{AS_IT_WAS} {code}"]
    assert fake.count("PUT") == 1


def test_too_many_requests_hold_a_reduction_up_and_do_not_drop_it() -> None:
    fake = resting(EXIT)
    fake.on(CHANGE, BUSY, BUSY, done(units="-600", price="1.05"))
    assert amending(fake, 1, order=EXIT) == ["a amended 103 600 at 1.05"]
    assert fake.count("PUT") == 3


SILENCES = [(ok(503), "HTTP_503"), (cut, "BROKEN"), (ok(201), "HTTP_201"), (httpx.Response(201, content=b"{"), "BODY")]


@pytest.mark.parametrize(("answer", "code"), SILENCES)
def test_no_answer_is_asked_for_and_nothing_is_sent_again(answer: Any, code: str) -> None:
    """It was not done."""
    fake = resting()
    fake.on(CHANGE, answer)
    fake.on("GET /orders/101", ok(500), ok(503), pending())
    assert amending(fake, 1) == [f"{AS_IT_WAS} {code}"]
    assert fake.count("PUT") == 1


@pytest.mark.parametrize(("answer", "_code"), SILENCES)
def test_no_answer_though_it_was_done(answer: Any, _code: str) -> None:
    fake = resting()
    fake.on(CHANGE, answer)
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "CANCELLED", "replacedByOrderID": "103"}))
    fake.on("GET /orders/103", pending(103, "600", replacesOrderID="101"))
    assert amending(fake, 1) == [LESS]
    assert fake.count("PUT") == 1


def test_one_that_a_gateway_passes_on_later_is_told_when_it_arrives() -> None:
    fake = resting()
    fake.on(CHANGE, ok(503))
    fake.on("GET /orders/101", pending())

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        await run.venue.amend("a", D(600))
        await run.until(2)
        run.venue._ledger.take(replaced(102, 101, "a", price="1.08"))  # by the stream
        await run.until(3)

    assert played(fake, work) == ["a accepted 101", f"{AS_IT_WAS} HTTP_503", LESS]


def test_the_answer_to_another_request_is_none() -> None:
    """One that was doubled on its way: to the change before this one."""
    fake = resting()
    fake.on(CHANGE, done())
    fake.on("PUT /orders/103", done())
    fake.on("GET /orders/103", pending(103, "600"))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        await run.venue.amend("a", D(600))
        await run.until(2)
        await run.venue.amend("a", D(400))
        await run.until(3)

    assert played(fake, work)[1:] == [LESS, "a amended 103 600 at 1.08 FOREIGN_ANSWER"]


def test_a_fill_that_was_first_is_told_and_counts_once() -> None:
    """Trap 15."""
    fake = resting()
    row = {"id": "103", "type": "ORDER_CANCEL_REJECT"}
    fake.on(CHANGE, ok(404, errorCode="ORDER_DOESNT_EXIST", orderCancelRejectTransaction=row))
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "FILLED", "fillingTransactionID": "102"}))
    fake.on("GET /transactions/idrange", history(created(101, "a"), filled(102, 101, "a")))
    assert amending(fake, 1) == ["a opens 1000 of 102"]


def test_a_number_that_somebody_changed_before_us_is_told_as_it_stands() -> None:
    """In the broker's page, to 800: our change was of another order, and is not made of the new one unasked."""
    fake = resting()
    fake.on(CHANGE, ok(404, errorCode="ORDER_DOESNT_EXIST"))
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "CANCELLED", "replacedByOrderID": "103"}))
    fake.on("GET /orders/103", pending(103, "800", replacesOrderID="101"))
    assert amending(fake, 2) == ["a amended 103 800 at 1.08", "a amended 103 800 at 1.08 ORDER_DOESNT_EXIST"]
    assert fake.count("PUT") == 1


# --- one after the other ----------------------------------------------------------------------------------------------


def slow(run: Run) -> None:
    """Every write takes its time from now on."""
    client = run.venue._client
    write = client.write

    async def slowly(*args: Any, reduces: bool) -> Any:
        await asyncio.sleep(0.02)
        return await write(*args, reduces=reduces)

    client.write = slowly  # type: ignore[assignment,method-assign]


def test_it_waits_for_the_orders_own_answer() -> None:
    fake = resting()
    fake.on(CHANGE, done())

    async def work(run: Run) -> None:
        slow(run)
        await run.send(LIMIT)
        await run.venue.amend("a", D(600))
        await run.until(2)

    assert played(fake, work) == ["a accepted 101", LESS]


def test_what_a_person_changed_besides_stays() -> None:
    """A stop that was set in the broker's page is in the whole new order that a change of the size sends."""
    fake, stop = resting(), {"price": "1.05000", "timeInForce": "GTC"}
    fake.on("PUT /orders/103", done(104, 103, units="600"))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        run.venue._ledger.take(replaced(102, 101, units="800", price="1.08", stopLossOnFill=stop))  # by the stream
        await run.venue.amend("a", D(600))
        await run.until(3)

    assert played(fake, work)[1:] == ["a amended 103 800 at 1.08", "a amended 105 600 at 1.08"]
    assert fake.body()["order"]["stopLossOnFill"] == stop


def test_two_changes_follow_each_other_under_the_new_number() -> None:
    """The second one wants more than the first has left of the order: it is told so, and does not grow it."""
    fake = resting()
    fake.on(CHANGE, done())
    fake.on("PUT /orders/103", done(104, 103, units="500"))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        slow(run)
        for units in (600, 700, 500):
            run.venue._amending.amend("a", D(units), None, {})  # all before the first has its answer
        await run.until(4)

    assert played(fake, work) == [
        "a accepted 101", LESS, "a amended 103 600 at 1.08 UNITS_CHANGED", "a amended 105 500 at 1.08",
    ]  # fmt: skip


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_cancel_that_crosses_it_cancels_the_new_number(is_ours: bool) -> None:
    """The change was done, by us and its answer lost, or by somebody else; the cancel is of a number that is no
    more."""
    fake = resting()
    fake.on(CHANGE, ok(503))
    fake.on("PUT /orders/101/cancel", ok(404, errorCode="ORDER_DOESNT_EXIST"))
    fake.on("GET /orders/101", ok(order={"id": "101", "state": "CANCELLED", "replacedByOrderID": "103"}))
    fake.on("GET /orders/103", ok(404))  # fresh, and not readable yet
    fake.on("PUT /orders/103/cancel", ok(orderCancelTransaction=cancelled(104, 103, "CLIENT_REQUEST", "a")))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        if is_ours:
            await run.venue.amend("a", D(600))
        await run.venue.submit(Cancel("a"), 0)
        await run.until(2)

    told = [line for line in played(fake, work) if "amended" not in line]
    assert told == ["a accepted 101", "a cancelled 103 CLIENT_REQUEST"]


def test_what_is_being_cancelled_is_not_changed() -> None:
    fake = resting()
    fake.on("PUT /orders/101/cancel", ok(503), ok(orderCancelTransaction=cancelled(102, 101, "CLIENT_REQUEST", "a")))
    fake.on("GET /orders/101", pending())
    fake.on(CHANGE, done())

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        await run.venue.submit(Cancel("a"), 0)
        await run.venue.amend("a", D(600))
        await run.until(2)

    assert played(fake, work) == ["a accepted 101", "a cancelled 101 CLIENT_REQUEST"]
    assert fake.count("PUT", "/orders/101") == 0


def test_while_the_venue_is_away_nothing_is_told_and_nothing_sent() -> None:
    fake = resting()
    fake.on(CHANGE, ok(503))
    fake.on("GET /orders/101", ok(503))

    async def work(run: Run) -> None:
        await run.send(LIMIT)
        await run.until(1)
        await run.venue.amend("a", D(600))
        await asyncio.sleep(0.05)

    assert played(fake, work, ManualClock()) == ["a accepted 101"]
    assert fake.count("PUT") == 1
