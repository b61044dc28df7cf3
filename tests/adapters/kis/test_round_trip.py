"""The adapter against the simulator on a real port: start, prices, orders, reconnects, restart."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.kis import kst
from adapters.kis.venue import KisVenue
from ruleengine.model.event import AccountRead, BarEvent, Book, Fill, LinkChange, Quote, Reconciliation, TradePrint
from ruleengine.ports.venue import Access, SentOrder, VenueError, VenueSetup
from tests.adapters.kis.servers import SAMSUNG, Desk, desk, held

MINUTE_NS = 60 * kst.SECOND_NS


def play(course: Coroutine[Any, Any, None]) -> None:
    asyncio.run(course)


async def started(on: Desk) -> None:
    """Connected, prices standing, socket up."""
    await on.open()
    await on.price(71_900, 72_000)
    assert on.venue is not None
    await on.venue.snapshot()
    await on.follow()
    await on.until(lambda: any(isinstance(each, Reconciliation) for each in on.heard), "the first statement")
    on.heard.clear()


def test_it_starts_with_account_instruments_history_and_a_statement(tmp_path: Path) -> None:
    async def course() -> None:
        async with desk(tmp_path, holdings="005930:10@70000", cash="1000000") as on:
            venue = await on.open(names=(SAMSUNG, "000660", "999999"))
            account = await venue.account()
            assert (account.id, account.currency, account.mode) == ("12345678-01", "KRW", "netting")
            assert (account.environment, account.margin_model) == ("practice", "")
            assert [spec.name for spec in on.specs] == [SAMSUNG, "000660"]
            spec = on.specs[0]
            assert (spec.ticks, str(spec.lot), spec.can_short, spec.sessions) == ("krx_stock", "1", False, "krx")
            snapshot = await venue.snapshot()
            (trade,) = snapshot.trades
            assert (trade.id, int(trade.units), int(trade.price), trade.client_id) == ("005930:long", 10, 70_000, "")
            assert snapshot.balance == 1_000_000 + 10 * 70_000  # cash, and what the holdings cost
            now = on.clock.now_ns()
            bars = [bar async for bar in venue.history(SAMSUNG, MINUTE_NS, now - 50 * MINUTE_NS, now)]
            assert len(bars) > 30  # more than a page
            assert all(isinstance(bar, BarEvent) and bar.ts <= now for bar in bars)
            assert [bar.ts for bar in bars] == sorted({bar.ts for bar in bars})
            days = [bar async for bar in venue.history(SAMSUNG, kst.DAY_NS, now - 200 * kst.DAY_NS, now)]
            assert 100 < len(days) <= 200
            assert not any(bar.ts > now for bar in days)

    play(course())


def test_prices_come_as_book_quote_and_prints(tmp_path: Path) -> None:
    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.price(71_500, 71_600)
            await on.until(lambda: any(isinstance(e, Quote) and e.bid == 71_500 for e in on.heard), "the quote")
            await on.until(lambda: any(isinstance(e, Book) and len(e.asks) == 10 for e in on.heard), "the book")
            quote = next(e for e in on.heard if isinstance(e, Quote) and e.bid == 71_500)
            assert (quote.ask, quote.flags) == (71_600, 0)
            assert abs(quote.ts_event - quote.ts) < 30 * kst.SECOND_NS
            await on.control("price", instrument=SAMSUNG, walk=True)
            await on.until(lambda: any(isinstance(e, TradePrint) for e in on.heard), "a print")
            trade = next(e for e in on.heard if isinstance(e, TradePrint))
            assert trade.day_high is not None
            assert trade.day_high >= trade.price >= (trade.day_low or 0)

    play(course())


def test_a_purchase_a_sale_and_a_cancel(tmp_path: Path) -> None:
    """Bought at 72,000, sold at 71,900: −100 a share; commission 0.015 %, tax 0.2 % of the sale."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.send("buy", 10)
            await on.until(lambda: on.filled() == 10, "the purchase")
            await on.send("sell", 10, name="o2")
            await on.until(lambda: on.filled("o2") == 10, "the sale")
            await on.send("buy", 5, 71_000, name="o3")
            await on.until(lambda: on.statuses("o3") == ["accepted"], "the limit order")
            await on.cancel("o3")
            await on.until(lambda: on.statuses("o3") == ["accepted", "cancelled"], "the cancel")
            (bought,), (sold,) = ([e for e in on.of(name) if isinstance(e, Fill)] for name in ("o1", "o2"))
            assert (int(bought.price), bought.opens, int(sold.price), sold.opens) == (72_000, True, 71_900, False)
            assert sold.realised == -1_000
            assert [int(bought.fee), int(sold.fee)] == [108, 107 + 1_438]  # 107.85 is cut to whole won
            assert on.story() == ["accepted", "fill 10"]
            assert [each["state"] for each in await on.orders()] == ["filled", "filled", "cancelled"]
            assert on.venue is not None
            assert held(await on.venue.snapshot()) == await on.position() == 0

    play(course())


def test_an_order_in_an_interruption_fills_much_later(tmp_path: Path) -> None:
    """Trap 19: taken at once, filled when the volatility interruption ends: until then it is out, and nothing else."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.control("vi", instrument=SAMSUNG, seconds=60)
            await on.send("buy", 3)
            await on.until(lambda: on.statuses() == ["accepted"], "the order")
            sent_ns = on.clock.now_ns()
            await on.until(lambda: on.clock.now_ns() - sent_ns > 40 * kst.SECOND_NS, "the wait")
            assert on.story() == ["accepted"]
            assert any(isinstance(e, Reconciliation) and "o1" in e.snapshot.open_orders for e in on.heard)
            await on.until(lambda: on.filled() == 3, "the fill")

    play(course())


def test_a_lost_socket_is_told_and_what_was_missed_comes_before_it_is_back(tmp_path: Path) -> None:
    """Reconnect: new keys, all subscriptions, order list and balance; then the connection is said to be there."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.send("buy", 5, 71_000)
            await on.until(lambda: on.statuses() == ["accepted"], "the order")
            await on.control("fault", kind="drop_streams")
            await on.price(70_900, 71_000)  # it fills while nobody listens
            await on.until(lambda: sum(isinstance(e, LinkChange) and e.is_up for e in on.heard) == 2, "the link")
            kinds = [
                type(e).__name__ + (f" {e.channel} {e.is_up}" if isinstance(e, LinkChange) else "")
                for e in on.heard
                if isinstance(e, LinkChange | Fill | Reconciliation)
            ]
            assert kinds[:2] == ["LinkChange account False", "LinkChange prices False"]
            assert kinds.index("Fill") < kinds.index("Reconciliation") < kinds.index("LinkChange account True")
            assert on.filled() == 5
            last = [e for e in on.heard if isinstance(e, Reconciliation)][-1]
            assert held(last.snapshot) == 5
            await on.send("buy", 3, name="o2")  # notices are read with the new key
            await on.until(lambda: on.filled("o2") == 3, "a fill after it")
            assert on.filled() + on.filled("o2") == await on.position()

    play(course())


def test_an_order_list_that_lags_costs_time_and_nothing_else(tmp_path: Path) -> None:
    """§4.5: mock's list may run seconds behind. An order whose reply was lost is found all the same, nothing is sent
    twice, and the account is stated only when list and balance agree."""

    async def course() -> None:
        async with desk(tmp_path, daily_lag_s="4") as on:
            await started(on)
            await on.send("buy", 6)
            await on.until(lambda: on.filled() == 6, "the purchase")
            await on.control("fault", kind="lose_reply", path="/uapi/domestic-stock/v1/trading/order-cash")
            await on.send("sell", 6, name="o2")
            await on.until(lambda: on.filled("o2") == 6, "the sale whose reply was lost")
            assert on.story("o2")[0] == "unknown"
            assert on.venue is not None
            assert held(await on.venue.snapshot()) == await on.position() == 0
            assert len(await on.orders()) == 2

    play(course())


def test_messages_that_come_twice_count_once(tmp_path: Path) -> None:
    """§5.2: a frame told again can't be told from another equal fill; the order list decides."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.price(71_900, 72_000, size=3)
            await on.control("fault", kind="duplicate_events", count=400)
            await on.send("buy", 10, 72_000)
            await on.until(lambda: on.filled() >= 3, "a part")
            for _ in range(3):
                await on.price(71_900, 72_000, size=3)
            await on.until(lambda: on.filled() == 10 or on.statuses()[-1] != "accepted", "the rest")
            fills = [each for each in on.of() if isinstance(each, Fill)]
            assert sum(int(each.units) for each in fills) == 10
            assert len({each.fill_id for each in fills}) == len(fills)
            assert on.venue is not None
            assert held(await on.venue.snapshot()) == await on.position() == 10

    play(course())


def filled_three(on: Desk, name: str) -> bool:
    return on.filled(name) == 3


def test_a_day_with_more_orders_than_a_page_counts_each_once(tmp_path: Path) -> None:
    """Mock gives 15 rows a page, and orders go on while pages are read."""

    async def course() -> None:
        async with desk(tmp_path, pace=60) as on:
            await started(on)
            for number in range(20):
                await on.send("buy" if number % 2 == 0 else "sell", 3, name=f"o{number}")
                await on.until(partial(filled_three, on, f"o{number}"), "its fill")
            assert on.venue is not None
            assert held(await on.venue.snapshot()) == await on.position() == 0
            assert all(on.filled(f"o{number}") == 3 for number in range(20))

    play(course())


def test_a_manual_order_is_heard_without_an_id_of_ours(tmp_path: Path) -> None:
    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.send("buy", 1, 60_000)
            await on.until(lambda: on.statuses() == ["accepted"], "an order of ours")
            await on.control("trade", instrument=SAMSUNG, units="4")
            await on.until(lambda: on.filled("") == 4, "the manual order")
            (fill,) = on.of("")
            assert isinstance(fill, Fill)
            assert (fill.trade_id, fill.opens) == ("005930:long", True)

    play(course())


def test_a_restart_tells_what_became_of_orders(tmp_path: Path) -> None:
    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            order = await on.send("buy", 6, 71_000)
            await on.until(lambda: on.statuses() == ["accepted"], "the order")
            venue_id = next(e.venue_id for e in on.of() if not isinstance(e, Fill))
            sent_ns = on.clock.now_ns()
            await on.leave()
            await on.price(70_900, 71_000)  # it fills between the runs
            on.heard.clear()
            venue = await on.open()
            on.heard += await venue.recover([SentOrder(order, sent_ns, venue_id)])
            assert on.story() == ["accepted", "fill 6"]
            assert held(await venue.snapshot()) == 6
            await on.follow()
            assert len(await on.orders()) == 1

    play(course())


def test_a_second_session_waits_and_does_not_spin(tmp_path: Path) -> None:
    """Trap 16: the key is in use: the venue says OPSP8996, and it is said; the next try is not at once."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            other = Desk(on.served, on.clock, tmp_path)
            try:
                await other.open()
                await other.follow()
                await other.until(lambda: any(isinstance(e, LinkChange) for e in other.heard), "the refusal")
                told = next(e for e in other.heard if isinstance(e, LinkChange))
                assert "another session" in told.detail
                assert not told.is_up
            finally:
                await other.close()

    play(course())


def test_one_token_serves_all_processes_and_restarts(tmp_path: Path) -> None:
    """Trap 1: under the venue's rule of one token a minute a second run starts at once."""

    async def course() -> None:
        async with desk(tmp_path, token_rule="on") as on:
            await on.open()
            begun = on.clock.now_ns()
            await on.leave()
            await on.open()
            assert on.clock.now_ns() - begun < 50 * kst.SECOND_NS

    play(course())


def test_a_token_that_died_before_its_time_is_replaced_unnoticed(tmp_path: Path) -> None:
    """§2: maintenance can kill a token; the order goes all the same, once."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.control("token")
            await on.send("buy", 2)
            await on.until(lambda: on.filled() == 2, "the purchase")
            assert len(await on.orders()) == 1

    play(course())


def test_settings_and_too_many_shares_are_refused_in_words(tmp_path: Path) -> None:
    async def course() -> None:
        async with desk(tmp_path) as on:
            venue = await on.open()
            with pytest.raises(VenueError, match="20 in a session"):
                await venue.instruments([f"{number:06d}" for number in range(21)])
            for rate in ("fast", "0", "2.1"):  # mock takes two calls a second
                setup = VenueSetup({}, (), 1, {"rate_per_s": rate}, access=Access(account_id="12345678-01"))
                with pytest.raises(VenueError, match="rate_per_s"):
                    await KisVenue.connect(setup)
            slower = VenueSetup({}, (), 1, {"rate_per_s": "0.5"}, access=on.access())
            other = await KisVenue.connect(slower, clock=on.clock)
            assert other.capabilities.rate_per_s == 0.5
            await other.close()

    play(course())


def test_an_account_that_cant_be_read_is_unknown_until_it_is_stated_again(tmp_path: Path) -> None:
    """Unknown is never 0: the account is said to be unread, and then stated as a whole."""

    async def course() -> None:
        async with desk(tmp_path) as on:
            await started(on)
            await on.send("buy", 2, 71_000)
            await on.until(lambda: on.statuses() == ["accepted"], "the order")
            body = '{"rt_cd":"1","msg_cd":"EGW00500","msg1":""}'
            path = "/uapi/domestic-stock/v1/trading/inquire"
            await on.control("fault", kind="status", path=path, status=500, body=body, count=1_000)
            await on.until(lambda: any(isinstance(e, AccountRead) for e in on.heard), "that it can't be read")
            (read,) = (e for e in on.heard if isinstance(e, AccountRead))
            assert (read.failed, read.balance, read.margin_used) == (True, None, None)
            count = len(on.heard)
            await on.control("faults/clear")
            await on.until(lambda: any(isinstance(e, Reconciliation) for e in on.heard[count:]), "the statement")

    play(course())


def test_doctor_looks_at_keys_account_rate_and_clock(tmp_path: Path) -> None:
    async def course() -> None:
        async with desk(tmp_path) as on:
            venue = await on.open(hts_id="")
            found = {each.subject: each for each in await venue.check()}
            assert found["environment"].found.startswith("mock")
            assert found["token"].state == found["account"].state == "ok"
            assert found["notices"].state == "warning"
            assert "12345678-01" in found["account"].found

    play(course())
