"""What became of orders that no answer was heard of, by the outcome table; and lists that come in pages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.oanda.client import Client
from adapters.oanda.ledger import Ledger
from adapters.oanda.reconcile import Resolver
from adapters.oanda.sent import Sent, SentOrders
from adapters.wire.clock import NANOS, ManualClock
from ruleengine.model.event import VenueEvent
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import SentOrder, VenueError
from tests.adapters.oanda.payloads import (
    FakeOanda,
    Row,
    access,
    at,
    cancelled,
    client_of,
    closing,
    created,
    filled,
    ok,
    rejected,
)  # fmt: skip
from tests.adapters.oanda.test_ledger import short

D = Decimal
NOT_THERE = ok(404, errorCode="NO_SUCH_ORDER", errorMessage="The order does not exist")
ORDER = "GET /orders/@a"
SINCE = "GET /transactions/sinceid"
ENTRY = Order("a", "EUR_USD", Side.LONG, D(1000))
CLOSE = Order("a", "EUR_USD", Side.SHORT, D(400), trade_id="7", is_reduce_only=True)


class Bench:
    """A resolver whose ledger stands at 100, where the order was sent."""

    def __init__(self, fake: FakeOanda, order: Order = ENTRY) -> None:
        self.told: list[VenueEvent] = []
        self.clock = ManualClock(is_eager=True)
        self.client = client_of(fake, self.clock)
        self.orders = SentOrders()
        self.ledger = Ledger(self.orders, 100, self.told.append, self.clock.now_ns)
        self.resolver = Resolver(self.client, self.ledger, self.orders, self.clock)
        self.sent = self.orders.add(Sent(order, self.clock.now_ns(), 100))

    @property
    def said(self) -> list[str]:
        return [short(event) for event in self.told]

    async def run(self) -> Bench:
        await self.resolver.resolve(self.sent)
        await self.client.close()
        return self


def resolved(fake: FakeOanda, order: Order = ENTRY) -> Bench:
    return asyncio.run(Bench(fake, order).run())


def since(*rows: Row, last: int | None = None) -> httpx.Response:
    return ok(transactions=list(rows), lastTransactionID=str(last or max([100, *(int(row["id"]) for row in rows)])))


def test_a_pending_order_is_accepted() -> None:
    fake = FakeOanda({ORDER: ok(order={"id": "105", "state": "PENDING", "createTime": at(1)})})
    bench = resolved(fake)
    assert bench.said == ["a accepted 105"]
    assert fake.count("POST") + fake.count("PUT") == 0


def test_a_filled_order_no_longer_has_its_id_and_is_found_in_history() -> None:
    """Trap 3: a market order that filled does not hold its id, so the order alone proves nothing."""
    fake = FakeOanda({ORDER: NOT_THERE, SINCE: since(created(101, "a"), filled(102, 101, "a"))})
    bench = resolved(fake)
    assert bench.said == ["a accepted 101", "a opens 1000 of 102"]
    assert bench.ledger.is_at(102)
    assert [dict(each.url.params) for each in fake.asked[1:]] == [{"id": "100"}]  # the cursor from before the send


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (rejected(101, "a", "INSUFFICIENT_MARGIN"), ["a rejected  INSUFFICIENT_MARGIN"]),
        (filled(102, 101, "a"), ["a opens 1000 of 102"]),
        (cancelled(102, 101, "MARKET_HALTED", "a"), ["a rejected 101 MARKET_HALTED"]),
    ],
)
def test_whatever_history_says_is_told(row: Row, said: list[str]) -> None:
    assert resolved(FakeOanda({ORDER: NOT_THERE, SINCE: since(row)})).said == said


@pytest.mark.parametrize(
    ("order", "asked_at_s"),
    [
        (ENTRY, [0.5, 1.5, 2.5, 4.5, 8.5, 10.5]),
        (CLOSE, [0.5, 1.5, 2.5]),
        (Order("a", "EUR_USD", Side.SHORT, D(400), is_reduce_only=True), [0.5, 1.5, 2.5]),
    ],
    ids=["opens", "closes a trade", "reduces"],
)
def test_absent_is_proved_by_time_and_a_range_that_spans_the_send(order: Order, asked_at_s: list[float]) -> None:
    """Ten seconds for one that may open, two for one that reduces, from the first answer; each pause is as long as it
    was missing before, but a second at least."""
    asked: list[float] = []
    rows = since(created(101, "other"), filled(102, 101, "other"))
    fake = FakeOanda({ORDER: NOT_THERE})
    bench = Bench(fake, order)

    def heard(request: httpx.Request) -> httpx.Response:
        asked.append(bench.clock.monotonic())
        return rows

    fake.on(SINCE, heard)
    asyncio.run(bench.run())
    assert bench.said[-1] == "a absent  ABSENT"
    assert asked == asked_at_s
    assert fake.count("POST") + fake.count("PUT") == 0  # nothing is sent again


def test_an_order_that_a_gateway_passes_on_late_is_not_said_to_be_absent() -> None:
    """Taken 3 s after the connection broke: it is seen at 4.5 s, as the looks before saw nothing."""
    nothing = since()
    fake = FakeOanda({ORDER: NOT_THERE, SINCE: [nothing, nothing, nothing, since(created(101, "a"), filled(102, 101))]})
    bench = resolved(fake)
    assert bench.said == ["a accepted 101", "a opens 1000 of 102"]


def test_nothing_is_said_while_the_venue_cannot_be_asked() -> None:
    """503s of a maintenance: it asks again with growing pauses until it can."""
    answers = [ok(503)] * 18 + [NOT_THERE]  # six times three
    fake = FakeOanda({ORDER: list(answers), SINCE: [ok(500)] * 3 + [since()]})
    bench = resolved(fake)
    assert bench.said == ["a absent  ABSENT"]
    whole = [int(pause) for pause in bench.clock.pauses if pause in (1, 2, 4, 8, 16, 30)]
    assert whole == [1, 2, 4, 8, 16, 30, 30, *[1, 1, 2, 4, 2]]  # the rest from the first answer on


def test_the_time_over_which_an_order_is_missing_begins_when_the_venue_answers_again() -> None:
    """It stood still for a while, with the order in its queue. What it says first is from before it took that; and
    another break begins the ten seconds anew. Each failing look takes three tries."""
    nothing = since()
    answers = [ok(503)] * 12 + [nothing] + [ok(503)] * 3 + [nothing, since(created(101, "a"), filled(102, 101))]
    fake = FakeOanda({ORDER: NOT_THERE, SINCE: answers})
    bench = resolved(fake)
    assert bench.said == ["a accepted 101", "a opens 1000 of 102"]
    assert bench.clock.monotonic() > 0.5 + 1 + 2 + 4 + 8  # four pauses of the first break


@pytest.mark.parametrize(
    "stale",
    [
        ok(transactions=[], lastTransactionID="100"), ok(),
        ok(order={"id": "99", "state": "PENDING", "createTime": at(1), "clientExtensions": {"id": "b"}}),
    ],
    ids=["of another question", "empty", "of another order"],
)  # fmt: skip
def test_an_answer_to_another_question_says_nothing_of_the_order(stale: httpx.Response) -> None:
    """A reply that was doubled on its way is heard as the next one: the order was not missing then, nor is it that."""
    ours = ok(order={"id": "101", "state": "PENDING", "createTime": at(1), "clientExtensions": {"id": "a"}})
    fake = FakeOanda({ORDER: [stale] * 3 + [ours], SINCE: since()})
    bench = resolved(fake)
    assert bench.said == ["a accepted 101"]
    assert fake.count("GET", "sinceid") == 0


def test_an_order_that_the_stream_told_of_meanwhile_is_not_asked_for() -> None:
    async def run() -> tuple[list[str], int]:
        fake = FakeOanda()
        bench = Bench(fake)
        bench.ledger.take([created(101, "a")])
        await bench.resolver.resolve(bench.sent)
        await bench.client.close()
        return bench.said, len(fake.asked)

    assert asyncio.run(run()) == (["a accepted 101"], 0)


def test_a_close_of_one_trade_has_no_id_and_is_found_by_trade_and_units() -> None:
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "2"}
    fake = FakeOanda({SINCE: since(closing(101, "7", "400"), filled(102, 101, units="-400", tradesClosed=[part]))})
    assert resolved(fake, CLOSE).said == ["a accepted 101", "a reduces 400 of 7"]
    assert resolved(FakeOanda({SINCE: since(closing(101, "8", "400"), closing(102, "7", "100"))}), CLOSE).said == [
        "a absent  ABSENT"
    ]


# --- after a restart ----------------------------------------------------------------------------------------------


def recovered(
    fake: FakeOanda, *orders: SentOrder, skew_s: float = 0.0, at_s: float = 100.0
) -> tuple[list[str], list[str], Bench]:
    """By a process that begins at `at_s`."""

    async def run() -> tuple[list[str], list[str], Bench]:
        bench = Bench(fake, Order("unused", "EUR_USD", Side.LONG, D(1)))
        bench.clock.jump_ns(round(at_s * NANOS))
        found, unsure = await bench.resolver.recover(orders, skew_s)
        await bench.client.close()
        return [short(event) for event in found], [sent.order.id for sent in unsure], bench

    return asyncio.run(run())


def sent(order: Order, seconds: float = 10, **more: Any) -> SentOrder:
    return SentOrder(order, ManualClock().now_ns() + round(seconds * NANOS), **more)


def paged(*rows: Row, first: int = 1, last: int = 900) -> dict[str, Any]:
    """`/transactions` answers with addresses on OANDA's own host."""
    pages = [f"https://api-fxpractice.oanda.com/v3/accounts/x/transactions/idrange?from={first}&to={last}"]

    def within(request: httpx.Request) -> httpx.Response:
        low, high = int(request.url.params["from"]), int(request.url.params["to"])
        return ok(transactions=[row for row in rows if low <= int(row["id"]) <= high], lastTransactionID=str(last))

    return {
        "GET /transactions": ok(pages=pages, count=len(rows), lastTransactionID=str(last)),
        "GET /transactions/idrange": within,
    }


def test_orders_of_an_earlier_process_are_told_from_history_and_nothing_is_sent() -> None:
    """Filled, refused, pending, never there; and a fill that was counted before is told again."""
    orders = [Order(name, "EUR_USD", Side.LONG, D(1000)) for name in "abcd"]
    rows = [
        created(800, "old"), created(801, "a"), filled(802, 801, "a", financing="-3"),
        rejected(803, "b", "UNITS_LIMIT_EXCEEDED"), created(804, "c", kind="LIMIT_ORDER"), filled(805, 700, "web"),
        {"id": "806", "type": "DAILY_FINANCING", "time": at(1), "financing": "-9"},
    ]  # fmt: skip
    fake = FakeOanda(paged(*rows))
    fake.on("GET /orders/804", ok(order={"id": "804", "state": "PENDING"}))
    told, unsure, bench = recovered(fake, *(sent(order) for order in orders))
    assert told == [
        "a accepted 801", "a opens 1000 of 802", "b rejected  UNITS_LIMIT_EXCEEDED", "c accepted 804",
        "c accepted 804", "d absent  ABSENT",
    ]  # fmt: skip
    assert unsure == []
    assert fake.count("POST") + fake.count("PUT") == 0
    assert bench.ledger.cursor == 100  # what runs on is told by the live ledger, from its own cursor


def test_pages_are_asked_for_at_our_own_address() -> None:
    """Trap 7: the addresses in `pages` are OANDA's own; following them would take the token there."""
    fake = FakeOanda(paged(created(801, "a"), filled(802, 801, "a"), first=1, last=2500))
    recovered(fake, sent(ENTRY))
    assert {each.url.host for each in fake.asked} == {"api-fxpractice.oanda.com"}
    assert {each.url.path.split("/")[3] for each in fake.asked} == {access().account_id}  # not `x` of the pages
    ranges = [dict(each.url.params) for each in fake.asked if each.url.path.endswith("idrange")]
    assert ranges == [{"from": "1", "to": "1000"}, {"from": "1001", "to": "2000"}, {"from": "2001", "to": "2500"}]


def test_history_is_read_from_well_before_the_sending() -> None:
    """Ten minutes and the skew of the clocks: 00:00:10 less 600 s less 120 s is 23:48:10 of the day before."""
    fake = FakeOanda(paged())
    recovered(fake, sent(ENTRY), skew_s=120.0)
    assert fake.asked[0].url.params["from"] == "2025-12-31T23:48:10.000000000Z"


def test_history_is_not_asked_for_from_before_the_account_was_opened() -> None:
    async def run() -> None:
        bench = Bench(fake)
        await bench.resolver.recover([sent(ENTRY)], 0.0, ManualClock().now_ns())
        await bench.client.close()

    fake = FakeOanda(paged())
    asyncio.run(run())
    assert fake.asked[0].url.params["from"] == "2026-01-01T00:00:00.000000000Z"


def test_a_close_of_an_earlier_process() -> None:
    """Sent at 10 s: a close of the same trade and size from 5 s is another one."""
    part = {"tradeID": "7", "units": "-400", "price": "1.1", "realizedPL": "2"}
    rows = [
        closing(801, "7", "400", time=at(5)), filled(802, 801, units="-400", time=at(5), tradeReduced=part),
        closing(803, "7", "400", time=at(10.2)), filled(804, 803, units="-400", time=at(10.2), tradesClosed=[part]),
    ]  # fmt: skip
    told, _, _ = recovered(FakeOanda(paged(*rows)), sent(CLOSE))
    assert told == ["a accepted 803", "a reduces 400 of 7"]
    told, _, _ = recovered(FakeOanda(paged(*rows[:2])), sent(CLOSE))
    assert told == ["a absent  ABSENT"]


def test_an_order_that_cannot_be_told_yet_is_unknown() -> None:
    fake = FakeOanda(paged())
    fake.on(ORDER, ok(503))
    told, unsure, _ = recovered(fake, sent(ENTRY))
    assert told == ["a unknown  http_503"]
    assert unsure == ["a"]


@pytest.mark.parametrize("at_s", [10.1, 69.9, 5.0, -3600.0], ids=["at once", "59.9 s", "clock set back", "by an hour"])
def test_a_fresh_order_that_history_has_not_is_unknown_and_the_start_does_not_wait(at_s: float) -> None:
    """Sent at 10 s. Its request may still be on its way, or it filled after history was read, and has lost its id."""
    fake = FakeOanda({**paged(), ORDER: NOT_THERE})
    told, unsure, bench = recovered(fake, sent(ENTRY), at_s=at_s)
    assert (told, unsure) == (["a unknown  NOT_SETTLED"], ["a"])
    assert bench.clock.pauses == []


def test_no_orders_no_questions() -> None:
    fake = FakeOanda()
    assert recovered(fake)[:2] == ([], [])
    assert fake.asked == []


# --- lists ----------------------------------------------------------------------------------------------------------


def run(fake: FakeOanda, work: Callable[[Client], Coroutine[Any, Any, Any]]) -> Any:
    async def asked() -> Any:
        client = client_of(fake)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(asked())


def test_since_goes_on_until_the_newest_is_reached_and_counts_numbers_as_numbers() -> None:
    """`sinceid` is capped; 1000 comes after 999, which text would not say."""
    rows = [{"id": str(number), "type": "RESET_RESETTABLE_PL"} for number in range(998, 1003)]

    def answer(request: httpx.Request) -> httpx.Response:
        after = [row for row in rows if int(row["id"]) > int(request.url.params["id"])]
        return ok(transactions=list(reversed(after[:2])), lastTransactionID="1002")

    found, last = run(FakeOanda({SINCE: answer}), lambda client: client.since(997))
    assert [row["id"] for row in found] == ["998", "999", "1000", "1001", "1002"]
    assert last == 1002


def test_what_is_named_but_not_readable_yet_is_waited_for() -> None:
    """A replica that lags: it knows of 102 and has no row of it, twice. Passed over, the fill would be lost."""
    late = ok(transactions=[], lastTransactionID="102")
    fake = FakeOanda({SINCE: [since(created(101), last=102), late, late, since(filled(102, 101))]})
    found, last = run(fake, lambda client: client.since(100))
    assert ([row["id"] for row in found], last) == (["101", "102"], 102)


def test_since_ends_where_numbers_are_missing() -> None:
    fake = FakeOanda({SINCE: [since(created(101), last=110), ok(transactions=[], lastTransactionID="110")]})
    found, last = run(fake, lambda client: client.since(100))
    assert (len(found), last) == (1, 110)


@pytest.mark.parametrize(
    "body",
    [
        {}, {"transactions": []}, {"transactions": [{"type": "X"}], "lastTransactionID": "5"},
        {"lastTransactionID": "5"}, {"transactions": None, "lastTransactionID": "5"},
        {"transactions": [created(2), "3"], "lastTransactionID": "3"},
    ],
)  # fmt: skip
def test_a_list_without_numbers_or_rows_is_an_error_and_not_an_empty_one(body: dict[str, Any]) -> None:
    with pytest.raises(VenueError):
        run(FakeOanda({SINCE: ok(**body)}), lambda client: client.since(1))


@pytest.mark.parametrize(("status", "word"), [(401, "OANDA_TOKEN"), (403, "token"), (404, "account id"), (416, "")])
def test_a_refusal_says_what_to_do(status: int, word: str) -> None:
    fake = FakeOanda({"GET /summary": ok(status, errorMessage="Insufficient authorization to perform request.")})
    with pytest.raises(VenueError, match="Insufficient") as caught:
        run(fake, lambda client: client.get(client.path("/summary"), "the account"))
    assert caught.value.code == f"HTTP_{status}"
    assert word in caught.value.remedy
