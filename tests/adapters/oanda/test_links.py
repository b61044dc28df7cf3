"""The two streams: gaps, repeats, silence and breaks, and what is said of the connection in which order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import httpx

from adapters.oanda.client import Client
from adapters.oanda.hours import Tradeable
from adapters.oanda.ledger import Ledger
from adapters.oanda.links import AccountLink, PriceLink
from adapters.oanda.sent import SentOrders
from adapters.oanda.statements import Statements
from adapters.wire.clock import ManualClock
from adapters.wire.transport import Limits
from ruleengine.model.event import Event, HoursWord, LinkChange, Quote, Reconciliation
from tests.adapters.oanda.payloads import FakeOanda, Row, access, account_row, at, filled, ok
from tests.adapters.oanda.test_ledger import short

END, BREAK = "end", "break"
STREAM, SINCE = "GET /transactions/stream", "GET /transactions/sinceid"


def body(*lines: Row | str | bytes) -> Callable[[httpx.Request], httpx.Response]:
    """A stream of these lines; it stays open after the last one unless that is END or BREAK."""

    async def chunks() -> AsyncIterator[bytes]:
        for line in lines:
            if line == END:
                return
            if line == BREAK:
                raise httpx.ReadError("as a test wants it")
            yield line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
        await asyncio.Event().wait()

    return lambda request: httpx.Response(200, content=chunks())


def beat(last: int) -> Row:
    return {"type": "HEARTBEAT", "lastTransactionID": str(last), "time": at(1)}


def history(*rows: Row) -> Callable[[httpx.Request], httpx.Response]:
    """Every transaction there is, by `sinceid` and `idrange`."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        low, high = (int(asked["id"]) + 1, 10**9) if "id" in asked else (int(asked["from"]), int(asked["to"]))
        found = [row for row in rows if low <= int(row["id"]) <= high]
        return ok(transactions=found, lastTransactionID=str(max([100, *(int(row["id"]) for row in rows)])))

    return answer


def listen(fake: FakeOanda, until: Callable[[list[Event]], bool], *, prices: bool = False, **more: Any) -> list[Event]:
    """What is told until it is so."""

    async def run() -> list[Event]:
        told: list[Event] = []
        clock = ManualClock(is_eager=True)
        client = Client(access(), clock, via=httpx.MockTransport(fake), limits=Limits(deadline_s=5), **more)
        ledger = Ledger(SentOrders(), 100, told.append, clock.now_ns)
        statements = Statements(client, ledger, told.append, clock.now_ns)
        link = (
            PriceLink(client, ["EUR_USD", "USD_JPY"], told.append, told.append, clock, Tradeable())
            if prices
            else AccountLink(client, ledger, statements, told.append, clock)
        )
        task = asyncio.create_task(link.run())
        try:
            async with asyncio.timeout(10):
                while not until(told):
                    assert not task.done(), task.result()
                    await asyncio.sleep(0.005)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await client.close()
        return told

    return asyncio.run(run())


def said(events: list[Event]) -> list[str]:
    found: list[str] = []
    for event in events:
        if isinstance(event, LinkChange):
            found.append(f"{event.channel} {'up' if event.is_up else 'down'}")
        elif isinstance(event, Reconciliation):
            found.append(f"whole account, {event.snapshot.balance}")
        elif isinstance(event, HoursWord):
            found.append(f"{event.instrument} {'trades' if event.is_open else 'is halted'}")
        elif isinstance(event, Quote):
            found.append(f"{event.instrument} {event.bid}")
        else:
            found.append(short(event))  # type: ignore[arg-type]
    return found


def count(number: int) -> Callable[[list[Event]], bool]:
    return lambda told: len(told) >= number


def test_it_begins_with_what_happened_since_the_snapshot() -> None:
    rows = [filled(101, 90, "x"), filled(102, 91, "y")]
    fake = FakeOanda({STREAM: body(rows[1], filled(103, 92, "z")), SINCE: history(*rows)})
    assert said(listen(fake, count(4))) == [
        "x opens 1000 of 101", "y opens 1000 of 102", "account up", "z opens 1000 of 103",
    ]  # fmt: skip


def test_numbers_that_are_missing_are_read_from_history_before_what_follows_them() -> None:
    rows = [filled(101, 90, "x"), filled(102, 91, "y"), filled(103, 92, "z")]
    fake = FakeOanda({STREAM: body(rows[0], rows[2]), SINCE: [history(), history(*rows)]})
    assert said(listen(fake, count(4))) == [
        "account up", "x opens 1000 of 101", "y opens 1000 of 102", "z opens 1000 of 103",
    ]  # fmt: skip


def test_a_heartbeat_tells_of_lines_that_were_lost() -> None:
    """`lastTransactionID` of a heartbeat is what the venue has; §6."""
    fake = FakeOanda({STREAM: body(beat(100), beat(101)), SINCE: [history(), history(filled(101, 90, "x"))]})
    assert said(listen(fake, count(2))) == ["account up", "x opens 1000 of 101"]
    assert fake.count("GET", "sinceid") == 2  # the first heartbeat knew nothing new


def test_lines_that_come_twice_or_in_pieces_count_once() -> None:
    line = json.dumps(filled(101, 90, "x")).encode()
    pieces = [line[:30], line[30:] + b"\n" + line + b"\n", b"\n", json.dumps(filled(102, 91, "y")).encode() + b"\r\n"]
    fake = FakeOanda({STREAM: body(*pieces), SINCE: history()})
    assert said(listen(fake, count(3))) == ["account up", "x opens 1000 of 101", "y opens 1000 of 102"]


def test_after_a_break_comes_what_was_missed_then_the_whole_account_then_the_word_that_it_is_up() -> None:
    rows = [filled(101, 90, "x"), filled(102, 91, "y")]
    fake = FakeOanda({
        STREAM: [body(rows[0], BREAK), ok(503), body()], SINCE: [history(), history(*rows)],
        "GET ": ok(account=account_row(), lastTransactionID="102"), "GET /transactions/idrange": history(*rows),
    })  # fmt: skip
    assert said(listen(fake, count(6))) == [
        "account up", "x opens 1000 of 101", "account down", "y opens 1000 of 102", "whole account, 100000.0000",
        "account up",
    ]  # fmt: skip


def test_a_whole_account_is_told_only_at_the_transaction_up_to_which_events_were() -> None:
    """The account was read at 102 while 103 came: it is read again, and 103 is told before."""
    rows = [filled(101, 90, "x"), filled(102, 91, "y"), filled(103, 92, "z")]
    fake = FakeOanda({
        STREAM: [body(END), body()], SINCE: [history(), history(*rows)],
        "GET ": [
            ok(account=account_row(balance="1"), lastTransactionID="102"),
            ok(account=account_row(balance="2"), lastTransactionID="103"),
        ],
        "GET /transactions/idrange": history(*rows),
    })  # fmt: skip
    told = listen(fake, count(7))
    assert said(told)[-2:] == ["whole account, 2", "account up"]
    (whole,) = [event for event in told if isinstance(event, Reconciliation)]
    assert whole.snapshot.counted == ("101", "102", "103")  # all of one instant here
    assert whole.snapshot.ts == whole.ts_event == 1_767_225_600_000_000_001


def test_a_link_is_not_up_before_the_whole_account_was_told_however_long_that_takes() -> None:
    """It is read at 101 six times, while everything up to 102 was told: five tries, a second, and two more."""
    rows = [filled(101, 90, "x"), filled(102, 91, "y")]
    fake = FakeOanda({
        STREAM: [body(END), body()], SINCE: [history(), history(*rows)], "GET /transactions/idrange": history(*rows),
        "GET ": [
            *[ok(account=account_row(), lastTransactionID="101")] * 6,
            ok(account=account_row(balance="2"), lastTransactionID="102"),
        ],
    })  # fmt: skip
    assert said(listen(fake, count(6)))[-2:] == ["whole account, 2", "account up"]


def test_ten_seconds_without_a_line_are_a_dead_stream() -> None:
    """A socket that hangs is normal (§6). Here a twentieth of a second stands for the ten."""
    fake = FakeOanda({
        STREAM: [body(beat(100)), body()], SINCE: history(), "GET ": ok(account=account_row(), lastTransactionID="100"),
        "GET /transactions/idrange": ok(transactions=[{"id": "100", "type": "CREATE", "time": at(0)}]),
    })  # fmt: skip
    told = listen(fake, count(4), silence_s=0.05)
    assert said(told)[:4] == ["account up", "account down", "whole account, 100000.0000", "account up"]
    assert isinstance(told[1], LinkChange)
    assert "nothing for 0.05 s" in told[1].detail


def test_a_line_that_cannot_be_read_makes_the_account_suspect() -> None:
    fake = FakeOanda({STREAM: body(b'{"id": "101", "id": "102"}\n'), SINCE: history()})
    assert said(listen(fake, count(2))) == ["account up", "account down"]


def test_a_venue_that_cannot_be_reached_is_down_once_and_is_tried_on() -> None:
    fake = FakeOanda({STREAM: [ok(401, errorMessage="Insufficient authorization")] * 4 + [body()], SINCE: history()})
    fake.on("GET ", ok(account=account_row(), lastTransactionID="100"))
    fake.on("GET /transactions/idrange", ok(transactions=[{"id": "100", "type": "CREATE", "time": at(0)}]))
    assert said(listen(fake, count(3))) == ["account down", "whole account, 100000.0000", "account up"]


def test_what_nobody_foresaw_ends_nothing() -> None:
    def broken(request: httpx.Request) -> httpx.Response:
        raise RuntimeError("a bug of ours")

    fake = FakeOanda({STREAM: [broken, body()], SINCE: history(), "GET /transactions/idrange": history(filled(100, 1))})
    fake.on("GET ", ok(account=account_row(), lastTransactionID="100"))
    told = listen(fake, count(3))
    assert said(told) == ["account down", "whole account, 100000.0000", "account up"]
    assert isinstance(told[0], LinkChange)
    assert told[0].detail == "it failed: RuntimeError"


# --- prices ---------------------------------------------------------------------------------------------------------


def price(second: float, bid: str, name: str = "EUR_USD") -> Row:
    sides = {"bids": [{"price": bid, "liquidity": 1}], "asks": [{"price": "2", "liquidity": 1}]}
    return {"type": "PRICE", "instrument": name, "time": at(second), "tradeable": True, **sides}


def test_prices_go_on_after_a_break_and_a_line_that_cannot_be_read_is_one_price_less() -> None:
    first = body(price(1, "1.1"), b'{"bid": NaN}\n', {"type": "HEARTBEAT", "time": at(2)}, price(3, "1.3"), BREAK)
    again = body(price(3, "1.3"), price(2, "150", "USD_JPY"), price(4, "1.4"))
    fake = FakeOanda({"GET /pricing/stream": [first, again]})
    assert said(listen(fake, count(9), prices=True)) == [
        "prices up", "EUR_USD trades", "EUR_USD 1.1", "EUR_USD 1.3", "prices down", "prices up", "USD_JPY trades",
        "USD_JPY 150.0", "EUR_USD 1.4",
    ]  # fmt: skip
    assert dict(fake.asked[0].url.params) == {"instruments": "EUR_USD,USD_JPY", "snapshot": "true"}
    assert b"EUR_USD%2CUSD_JPY" in fake.asked[0].url.raw_path
