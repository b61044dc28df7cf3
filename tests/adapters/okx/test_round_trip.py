"""The adapter against the venue's simulator: an account's whole day, in each position mode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.okx import adapter
from adapters.okx.venue import connect
from adapters.wire.budget import Urgency
from ruleengine.model.event import CashChange, Fill, Funding, OrderStatus, Quote, Reconciliation, Reference
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import Access, Adapter, VenueError, VenueSetup
from tests.adapters.okx.playing import BTC, Playing, Simulated, make_quick, opened, order, simulated

LONG, SHORT = f"{BTC}:long", f"{BTC}:short"
_numbers = count(1)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    make_quick(monkeypatch)


@pytest.fixture(scope="module", params=["net_mode", "long_short_mode"])
def venue(request: pytest.FixtureRequest) -> Iterator[Simulated]:
    with simulated(position_mode=request.param, funding_rate="0.0001", funding_hours="1") as found:
        yield found


def play(venue: Simulated, work: Callable[[Playing, str], Awaitable[None]], **settings: Any) -> Playing:
    """Open an account of its own, let `work` trade there, and look whether what it knows is what the venue has."""
    key = f"roundtrip{next(_numbers)}"
    venue.control("faults/clear")
    venue.price()

    async def run() -> Playing:
        playing = await opened(venue, key, **settings)
        try:
            await playing.begin()
            await work(playing, key)
            assert playing.book.positions() == venue.held(key)
            assert playing.book.repeated == 0
        finally:
            await playing.close()
        return playing

    return asyncio.run(run())


def test_open_reduce_and_close_both_sides(venue: Simulated) -> None:
    """Buy 5 at 60,010, sell 2 and 3 at 60,000: realised (60,000 − 60,010) × 0.01 × 2 = −0.2 and −0.3. Sell short 4,
    buy back 9: no more than 4."""

    async def work(playing: Playing, key: str) -> None:
        for step in (
            order("o1", Side.LONG, "5", leverage=Decimal(7)), order("o2", Side.SHORT, "2", is_reduce_only=True),
            order("o3", Side.SHORT, "3", trade_id=LONG), order("o4", Side.SHORT, "4"),
            order("o5", Side.LONG, "9", is_reduce_only=True),
        ):  # fmt: skip
            await playing.send(step)
            await playing.over(step)
        fills = {one.order_id: one for one in playing.book.events if isinstance(one, Fill)}
        assert [fills[name].realised for name in ("o1", "o2", "o3")] == [0, Decimal("-0.2"), Decimal("-0.3")]
        # 0.05 % of 5 × 0.01 × 60,010 = 3000.5
        assert fills["o1"].fee == Decimal("1.50025")
        assert (fills["o4"].trade_id, fills["o4"].opens) == (SHORT, True)
        assert (fills["o5"].trade_id, fills["o5"].opens, fills["o5"].units) == (SHORT, False, Decimal(4))
        assert playing.book.codes["o5"] == "cut"
        balance = (await playing.venue.snapshot()).balance
        paid = sum((one.realised - one.fee for one in fills.values()), Decimal(0))
        assert balance == Decimal(10_000) + paid

    play(venue, work)


@pytest.mark.parametrize("margin_mode", ["cross", "isolated"])
def test_the_snapshot_has_positions_margin_and_orders(venue: Simulated, margin_mode: str) -> None:
    """5 contracts at 60,010 with leverage 5: 3000.5 / 5 = 600.1 of isolated margin; cross margin goes by the mark
    60,005: 3000.25 / 5 = 600.05."""

    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "5", leverage=Decimal(5))
        await playing.send(one)
        await playing.over(one)
        resting = order("o2", Side.LONG, "1", type="limit", price=Decimal(59_500))
        await playing.send(resting)
        await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get("o2", []))
        stated = await playing.venue.snapshot()
        (trade,) = stated.trades
        assert (trade.id, trade.units, trade.price, trade.leverage) == (LONG, Decimal(5), Decimal(60_010), Decimal(5))
        assert stated.open_orders == ("o2",)
        assert stated.margin_used == Decimal("600.1" if margin_mode == "isolated" else "600.05")
        assert stated.balance == Decimal(10_000) - Decimal("1.50025")
        await playing.cancel("o2")
        await playing.over(resting)

    play(venue, work, margin_mode=margin_mode)


def test_a_protection_that_triggers_is_a_foreign_fill_of_its_side(venue: Simulated) -> None:
    """Attached stop at 59,500; the market falls to 59,400."""

    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "2", stop=Decimal(59_500), target=Decimal(62_000))
        await playing.send(one)
        await playing.over(one)
        (trade,) = (await playing.venue.snapshot()).trades
        assert (trade.stop, trade.target) == (Decimal(59_500), Decimal(62_000))
        venue.price("59400", "59410")
        await playing.until(lambda: not playing.book.positions())
        (last,) = [one for one in playing.book.events if isinstance(one, Fill)][-1:]
        assert (last.order_id, last.reason, last.trade_id, last.opens) == ("", "protection", LONG, False)

    play(venue, work)


def waiting(venue: Simulated, playing: Playing) -> Any:
    """Sizes of the stops that wait at the venue."""

    async def asked() -> list[str]:
        rows = await playing.venue._api.get(
            "/api/v5/trade/orders-algo-pending", {"instType": "SWAP", "ordType": "conditional"}
        )
        return sorted(row["sz"] for row in rows)

    return asked()


async def shrunk(venue: Simulated, playing: Playing, sizes: list[str]) -> None:
    """What waits comes to these sizes, within some seconds of the venue's time."""
    for _ in range(40):
        if await waiting(venue, playing) == sizes:
            return
        venue.skip(1)
        await asyncio.sleep(0.02)
    raise AssertionError(await waiting(venue, playing))


def test_what_is_attached_shrinks_and_goes_with_its_position(venue: Simulated) -> None:
    """The venue leaves it: in net mode it would open a position, in the other close one that was opened later."""

    async def work(playing: Playing, key: str) -> None:
        for step in (
            order("o1", Side.LONG, "3", stop=Decimal(59_500)), order("o2", Side.LONG, "2", stop=Decimal(59_000)),
            order("o3", Side.SHORT, "4", is_reduce_only=True),
        ):  # fmt: skip
            await playing.send(step)
            await playing.over(step)
        await shrunk(venue, playing, ["1"])  # the newest is kept: of o2, for the one contract that is left
        last = order("o4", Side.SHORT, "1", is_reduce_only=True)
        await playing.send(last)
        await playing.over(last)
        await shrunk(venue, playing, [])
        venue.price("58000", "58010")
        await asyncio.sleep(0.05)
        assert venue.held(key) == {}

    play(venue, work)


def test_what_is_attached_goes_though_its_position_was_closed_while_we_were_away(venue: Simulated) -> None:
    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "3", stop=Decimal(59_500))
        await playing.send(one)
        await playing.over(one)
        assert (await playing.venue.snapshot()).open_orders == ()  # it is no order of a rule
        await playing.close()
        sided = {} if playing.venue._mode.nets else {"posSide": "long"}
        venue.control("trade", account=key, instId=BTC, side="sell", sz="3", **sided)
        again = await opened(venue, key, playing.book)
        try:
            venue.skip(10)
            await again.venue.snapshot()
            assert await waiting(venue, again) == ["3"]  # nothing is sent before it is asked for events
            await again.begin()
            await shrunk(venue, again, [])
        finally:
            await again.close()
        playing.book.held.clear()  # what was sold while nobody listened is in the first snapshot

    play(venue, work)


def test_our_own_stop_fills_as_our_order(venue: Simulated) -> None:
    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "2")
        stop = order("o2", Side.SHORT, "2", type="stop", price=Decimal(59_500), is_reduce_only=True)
        await playing.send(one)
        await playing.over(one)
        await playing.send(stop)
        await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get("o2", []))
        assert (await playing.venue.snapshot()).open_orders == ("o2",)
        venue.price("59400", "59410")
        await playing.over(stop)
        assert playing.book.filled["o2"] == 2

    play(venue, work)


async def changed(playing: Playing, one: Order, units: int, price: int) -> None:
    """Sent, and once it rests changed so."""
    await playing.send(one)
    await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get(one.id, []))
    await playing.venue.amend(one.id, Decimal(units), Decimal(price))
    await playing.until(lambda: playing.book.stands.get(one.id) == (Decimal(units), Decimal(price)))
    assert playing.book.updates[one.id] == [OrderStatus.ACCEPTED, OrderStatus.AMENDED]


def test_what_rests_is_changed_and_fills_in_its_new_size(venue: Simulated) -> None:
    """A limit over 3 at 59,500 becomes 2 at 59,600, a stop over 2 at 59,000 becomes 1 at 59,600; the market comes to
    59,580 / 59,590."""

    async def work(playing: Playing, key: str) -> None:
        entry = order("o1", Side.LONG, "3", type="limit", price=Decimal(59_500))
        stop = order("o2", Side.SHORT, "2", type="stop", price=Decimal(59_000), is_reduce_only=True)
        for one, units in ((entry, 2), (stop, 1)):
            venue.price()
            await changed(playing, one, units, 59_600)
            venue.price("59580", "59590")
            await playing.over(one)
        assert playing.book.filled == {"o1": 2, "o2": 1}
        assert playing.book.positions() == {LONG: 1}

    play(venue, work)


async def changed_by_another(playing: Playing, one: Order, size: str) -> None:
    body = {"instId": BTC, "clOrdId": one.id, "newSz": size}
    await playing.venue._api.post("/api/v5/trade/amend-order", body, urgency=Urgency.ENTRY)


@pytest.mark.parametrize("size", ["2.5", "1000"], ids=["part", "whole"])
def test_what_another_changes_of_our_order_is_told(venue: Simulated, size: str) -> None:
    """In the venue's app: heard at once; and where the connection was away, with 2.5 of 50 filled meanwhile or all,
    before these fills, which else would be all of the order or more."""

    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "3", type="limit", price=Decimal(59_500))
        await playing.send(one)
        await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get("o1", []))
        await changed_by_another(playing, one, "2.5")
        await playing.until(lambda: playing.book.stands.get("o1") == (Decimal("2.5"), Decimal(59_500)))
        with pytest.raises(ValueError, match="an order of its own"):
            await playing.venue.amend("o1", Decimal(3))
        venue.control("fault", kind="silence_streams", path="/ws/v5", seconds=3)
        await changed_by_another(playing, one, "50")
        venue.price("59490", "59500", size=size)
        venue.price()
        venue.control("fault", kind="drop_streams", path="/ws/v5")
        await playing.until(lambda: ("account", False) in playing.book.links)
        venue.skip(4)
        await playing.until(lambda: ("account", True) in playing.book.links)
        assert playing.book.stands["o1"] == (Decimal(50), Decimal(59_500))
        told = [event for event in playing.book.events if getattr(event, "order_id", "") == "o1"]
        assert [event.kind for event in told[:4]] == ["order", "order", "order", "fill"]
        assert next(event.is_last for event in told if isinstance(event, Fill)) == (size == "1000")

    play(venue, work)


def test_what_happens_while_the_connection_is_away_is_told_before_it_is_back(venue: Simulated) -> None:
    """Trap 10: the channel tells nothing of what was before. A manual order fills unheard."""

    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "5")
        await playing.send(one)
        await playing.over(one)
        stated = len(playing.book.statements)
        venue.control("fault", kind="silence_streams", path="/ws/v5", seconds=3)
        more = (
            {} if venue.ledger()["accounts"][key]["positions"].keys() == {f"{BTC}:cross:net"} else {"posSide": "long"}
        )
        venue.control("trade", account=key, instId=BTC, side="sell", sz="2", **more)
        venue.control("fault", kind="drop_streams", path="/ws/v5")
        await playing.until(lambda: ("account", False) in playing.book.links)
        venue.skip(4)
        await playing.until(lambda: ("account", True) in playing.book.links)
        kinds = [event.kind for event in playing.book.events]
        down = next(i for i, event in enumerate(playing.book.events) if event.kind == "link")
        assert kinds.index("fill", down) < kinds.index("reconciliation", down)
        assert len(playing.book.statements) > stated
        assert [trade.units for trade in playing.book.statements[-1].trades] == [3]

    book = play(venue, work).book
    assert book.filled[""] == 2


def test_a_connection_that_the_venue_is_about_to_close_is_replaced_without_a_gap(venue: Simulated) -> None:
    """Notice 64008: no link is lost."""

    async def work(playing: Playing, key: str) -> None:
        before = len(playing.book.statements)
        venue.control("notice")
        await playing.until(lambda: len(playing.book.statements) >= before + 2)  # private and business
        one = order("o1", Side.LONG, "1")
        await playing.send(one)
        await playing.over(one)
        assert playing.book.links == []

    play(venue, work)


def test_funding_is_money(venue: Simulated) -> None:
    """Rate 0.0001 an hour: a long of 5 at the mark 60,005 pays 3000.25 × 0.0001 = 0.300025."""

    async def work(playing: Playing, key: str) -> None:
        one = order("o1", Side.LONG, "5")
        await playing.send(one)
        await playing.over(one)
        venue.control("clock", advance_s=3_600)
        await playing.until(lambda: any(isinstance(event, CashChange) for event in playing.book.events), 400)
        change = next(event for event in playing.book.events if isinstance(event, CashChange))
        assert (change.amount, change.reason, change.instrument) == (Decimal("-0.300025"), "funding", BTC)

    play(venue, work)


def test_money_that_a_reading_of_the_account_has_is_told_before_it(
    venue: Simulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told after it, a deposit would first be a gain, and then raise the highest equity once more: a false drawdown."""

    async def work(playing: Playing, key: str) -> None:
        async def not_yet() -> None:
            """Neither a push nor the timer has told it."""

        monkeypatch.setattr(playing.venue, "_tell_money", not_yet)
        venue.control("transfer", account=key, amount="100")
        await playing.venue._reconcile()

        def told() -> list[tuple[str, Decimal]]:
            """What was paid, and the balances that were read."""
            return [
                ("paid", event.amount) if isinstance(event, CashChange) else ("read", event.snapshot.balance)
                for event in playing.book.events
                if isinstance(event, CashChange | Reconciliation)
            ]

        await playing.until(lambda: ("read", Decimal(10_100)) in told())
        assert told().index(("paid", Decimal(100))) < told().index(("read", Decimal(10_100)))

    play(venue, work)


def test_prices_come_from_the_start(venue: Simulated) -> None:
    async def work(playing: Playing, key: str) -> None:
        venue.price("60100", "60110")
        await playing.until(lambda: isinstance(q := playing.book.last.get("quote"), Quote) and q.bid == 60_100)
        quote, mark = playing.book.last["quote"], playing.book.last["reference"]
        assert isinstance(quote, Quote)
        assert (quote.ask, quote.instrument) == (60_110, BTC)
        assert isinstance(mark, Reference)
        assert mark.source == "mark"
        assert any(isinstance(event, Funding) for event in playing.book.events)

    play(venue, work)


def test_history_ends_where_it_is_asked_to(venue: Simulated) -> None:
    async def work(playing: Playing, key: str) -> None:
        minute = 60 * 10**9
        end = venue.clock.now_ns() // minute * minute - 5 * minute
        bars = [bar async for bar in playing.venue.history(BTC, minute, end - 400 * minute, end)]
        assert [bar.ts for bar in bars] == [end - n * minute for n in range(399, -1, -1)]

    play(venue, work)


def test_while_orders_rest_the_account_is_stated_every_30_s_and_the_switch_armed(venue: Simulated) -> None:
    async def work(playing: Playing, key: str) -> None:
        resting = order("o1", Side.LONG, "1", type="limit", price=Decimal(59_500))
        await playing.send(resting)
        await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get("o1", []))
        before = len(playing.book.statements)
        for _ in range(40):
            venue.skip(1)
            await asyncio.sleep(0.02)
        await playing.until(lambda: len(playing.book.statements) > before)
        assert playing.venue._dead_man.is_armed
        sided = {} if playing.venue._mode.nets else {"posSide": "long"}
        venue.control("trade", account=key, instId=BTC, side="buy", sz="1", ordType="limit", px="59400", **sided)
        venue.control("clock", advance_s=90)  # the venue hears nothing of us for so long
        await playing.over(resting)
        assert playing.book.updates["o1"][-1] is OrderStatus.CANCELLED
        states = [order["state"] for order in venue.ledger()["accounts"][key]["orders"]]
        assert states == ["canceled", "live"]  # somebody else's order stays

    play(venue, work, dead_man_s=60)


def test_a_stop_alone_does_not_arm_the_switch(venue: Simulated) -> None:
    """It is not touched by it."""

    async def work(playing: Playing, key: str) -> None:
        await playing.send(order("o1", Side.LONG, "1", type="stop", price=Decimal(61_000)))
        await playing.until(lambda: OrderStatus.ACCEPTED in playing.book.updates.get("o1", []))
        await playing.venue._keep_alive()
        assert not playing.venue._dead_man.is_armed

    play(venue, work, dead_man_s=60)


def test_doctor_finds_the_simulator_well(venue: Simulated) -> None:
    async def work(playing: Playing, key: str) -> None:
        found = {one.subject: one.state for one in await playing.venue.check()}
        assert found.pop("clock")  # tests before this one have moved the venue's
        assert set(found.values()) <= {"ok", "warning"}

    play(venue, work)


def secrets() -> dict[str, SecretStr]:
    return {name: SecretStr(f"any-{name}-of-some-length") for name in ("key", "secret", "passphrase")}


def test_the_wrong_account_and_a_venue_that_is_not_there_are_refused(venue: Simulated) -> None:
    async def open_one(**access: Any) -> None:
        await adapter.open(VenueSetup({}, (), 1, access=Access(secrets=secrets(), **access)))

    with pytest.raises(VenueError, match="not somebody else"):
        asyncio.run(open_one(account_id="somebody else", address=venue.address))
    with pytest.raises(VenueError, match="can't connect"):
        asyncio.run(open_one(address="http://127.0.0.1:1"))


def test_the_adapter_meets_its_port() -> None:
    one: Adapter = adapter
    assert one.capabilities.needs_network
    assert [secret.name for secret in one.secrets] == ["key", "secret", "passphrase"]
    assert one.simulated(VenueSetup({}, (), 1)) is None
    assert one.instruments([BTC]) == ()
    with pytest.raises(VenueError, match="needs the key"):
        asyncio.run(_open_without_secrets())


async def _open_without_secrets() -> None:
    await connect(VenueSetup({}, (), 1), via=httpx.MockTransport(lambda request: httpx.Response(500)))
