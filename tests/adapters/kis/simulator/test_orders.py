"""What happens to orders: checks, fills, revisions, cancels, auctions, halts, the end of the day."""

from __future__ import annotations

import pytest

from adapters.kis.simulator.exchange import Ticket
from adapters.kis.simulator.orders import Order
from adapters.kis.simulator.refusals import Refused
from tests.adapters.kis.simulator.venues import ACCOUNT, SAMSUNG, Bench


def place(bench: Bench, side: str, quantity: int, price: int = 0, kind: str = "", trigger: int = 0) -> Order:
    kind = kind or ("00" if price else "01")
    return bench.exchange.place(ACCOUNT, Ticket(side, SAMSUNG, kind, quantity, price, trigger))


def told(bench: Bench) -> list[tuple[int, str, int, int]]:
    """(order number, what, shares, price) of every notice."""
    return [(each.order.number, each.what, each.quantity, each.price) for each in bench.notices]


def refusal(bench: Bench, *args: object, is_mock: bool = False) -> str:
    if is_mock:
        bench.exchange.mock_accounts.add(ACCOUNT)
    with pytest.raises(Refused) as caught:
        place(bench, *args)  # type: ignore[arg-type]
    assert not bench.notices
    return str(caught.value)


@pytest.mark.parametrize(("is_mock", "code"), [(False, "APBK0506"), (True, "40030000")])
def test_a_price_off_the_tick_is_refused(is_mock: bool, code: str) -> None:
    """Trap 12: 71,950 is no price where the tick is 100."""
    assert refusal(Bench(), "buy", 1, 71_950, is_mock=is_mock) == code


@pytest.mark.parametrize("price", [93_400, 50_200])
def test_a_price_beyond_the_days_limits_is_refused(price: int) -> None:
    """Trap 12: limits 50,300 and 93,300; both prices are on the tick."""
    assert refusal(Bench(), "buy", 1, price) == "APBK0507"


def test_refusals_have_the_venues_codes() -> None:
    """Fact sheet §6."""
    bench = Bench()
    assert refusal(bench, "buy", 1_000, 71_000) == "APBK0952"
    assert refusal(bench, "sell", 1) == "APBK0400"
    assert refusal(bench, "sell", 1, is_mock=True) == "40240000"
    with pytest.raises(Refused) as caught:
        bench.exchange.place(ACCOUNT, Ticket("buy", "999999", "01", 1, 0))
    assert str(caught.value) == "APBK0656"


@pytest.mark.parametrize(
    ("now", "is_mock", "code"),
    [("2026-03-04T16:00:00", False, "APBK0918"), ("2026-03-04T16:00:00", True, "40580000"),
     ("2026-03-02T10:00:00", False, "APBK0919"), ("2026-03-02T10:00:00", True, "40100000")],
)  # fmt: skip
def test_a_closed_market_takes_no_orders(now: str, is_mock: bool, code: str) -> None:
    assert refusal(Bench(now, hours="krx"), "buy", 1, 71_000, is_mock=is_mock) == code


def test_a_market_order_takes_level_after_level() -> None:
    bench = Bench()
    bench.price(71_900, 72_000, ask_size=4)
    place(bench, "buy", 10)
    assert told(bench) == [(1, "accepted", 10, 0), (1, "filled", 4, 72_000), (1, "filled", 6, 72_100)]


def test_a_limit_order_takes_up_to_its_price_and_waits() -> None:
    bench = Bench()
    bench.price(71_900, 72_000, ask_size=4)
    order = place(bench, "buy", 10, 72_000)
    assert (order.filled, order.remaining) == (4, 6)
    bench.price(71_700, 71_800, ask_size=3)
    # the market came to it: 3 shares stand at 71,800 and 6 at 71,900; it fills at its own price
    assert told(bench)[-1] == (1, "filled", 6, 72_000)


def test_a_waiting_order_fills_where_the_market_has_been_in_between() -> None:
    """A clock that jumps must not jump over a fill: 1,000 shares stand at the best price that was there."""
    bench = Bench()
    order = place(bench, "buy", 5, 71_000)
    bench.pass_over(bid=70_800, ask=70_900)
    assert (order.filled, order.amount) == (0, 0)
    bench.matching.step()
    assert (order.filled, order.amount) == (5, 5 * 71_000)


def test_what_the_market_was_before_an_order_does_not_fill_it() -> None:
    bench = Bench()
    bench.pass_over(bid=70_800, ask=70_900)
    bench.matching.step()
    order = place(bench, "buy", 5, 71_000)
    bench.wait(5)
    assert order.filled == 0


def test_ioc_leaves_nothing_and_fok_is_all_or_nothing() -> None:
    bench = Bench()
    bench.price(71_900, 72_000, ask_size=4)
    ioc = place(bench, "buy", 10, 72_000, "11")
    assert (ioc.filled, ioc.cancelled, ioc.remaining) == (4, 6, 0)
    assert told(bench)[-1] == (1, "killed", 6, 0)
    fok = place(bench, "buy", 10, 72_000, "12")
    assert (fok.filled, fok.cancelled) == (0, 10)


def test_a_stop_waits_for_its_trigger() -> None:
    """Kind 22: at 72,500 it becomes a limit order at 72,600."""
    bench = Bench()
    order = place(bench, "buy", 2, 72_600, "22", 72_500)
    bench.price(72_300, 72_400)
    assert order.is_waiting
    bench.price(72_500, 72_600)
    assert (order.is_waiting, order.filled, order.amount) == (False, 2, 2 * 72_600)


def test_a_revision_is_a_new_order_that_points_back() -> None:
    """Trap 9: follow the chain; the original's shares moved over."""
    bench = Bench()
    first = place(bench, "buy", 8, 70_000)
    second = bench.exchange.revise(ACCOUNT, first.number, Ticket("", "", "00", 0, 70_500), is_all=True)
    assert (second.number, second.original, second.quantity, second.price) == (2, 1, 8, 70_500)
    assert (first.moved, first.remaining) == (8, 0)
    with pytest.raises(Refused) as caught:
        bench.exchange.revise(ACCOUNT, first.number, Ticket("", "", "00", 0, 70_600), is_all=True)
    assert str(caught.value) == "APBK0344"
    third = bench.exchange.revise(ACCOUNT, second.number, Ticket("", "", "00", 3, 70_600), is_all=False)
    assert (third.original, third.quantity, second.remaining) == (2, 3, 5)


def test_a_revision_of_a_part_leaves_two_orders_that_fill_on_their_own() -> None:
    """§4.2: 3 of 8 move to 70,500, 5 stay at 70,000; with `QTY_ALL_ORD_YN` Y all 5 would have moved."""
    bench = Bench()
    first = place(bench, "buy", 8, 70_000)
    second = bench.exchange.revise(ACCOUNT, first.number, Ticket("", "", "00", 3, 70_500), is_all=False)
    bench.price(70_400, 70_500)
    assert (first.remaining, second.filled, second.amount) == (5, 3, 3 * 70_500)
    bench.price(69_900, 70_000)
    assert (first.filled, first.amount) == (5, 5 * 70_000)


def test_a_revision_that_the_exchange_refuses_leaves_the_original() -> None:
    """While the share is halted: the revision's row is rejected, and nothing was confirmed."""
    bench = Bench()
    order = place(bench, "buy", 8, 70_000)
    bench.board.halted.add(order.symbol)
    revision = bench.exchange.revise(ACCOUNT, order.number, Ticket("", "", "00", 0, 70_500), is_all=True)
    assert (revision.rejected, revision.remaining, order.remaining) == (8, 0, 8)
    assert told(bench)[-1] == (revision.number, "refused", 8, 0)
    assert (revision.number, "confirmed", 8, 0) not in told(bench)


def test_a_revision_that_money_does_not_cover_leaves_the_original() -> None:
    """139 × 71,900 = 9,994,100 fits into 9,998,500; at 72,000 it is 10,008,000."""
    bench = Bench()
    order = place(bench, "buy", 139, 71_900)
    with pytest.raises(Refused, match="APBK0952"):
        bench.exchange.revise(ACCOUNT, order.number, Ticket("", "", "00", 0, 72_000), is_all=True)
    assert order.remaining == 139


def test_a_cancel_is_a_row_of_its_own() -> None:
    bench = Bench()
    order = place(bench, "buy", 8, 70_000)
    cancel = bench.exchange.cancel(ACCOUNT, order.number, 5, is_all=False)
    assert (cancel.purpose, cancel.original, cancel.quantity, cancel.remaining) == ("2", 1, 5, 0)
    assert (order.cancelled, order.remaining) == (5, 3)
    bench.exchange.cancel(ACCOUNT, order.number, 0, is_all=True)
    with pytest.raises(Refused, match="APBK0344"):
        bench.exchange.cancel(ACCOUNT, order.number, 0, is_all=True)
    bench.exchange.mock_accounts.add(ACCOUNT)
    with pytest.raises(Refused, match="40330000"):
        bench.exchange.cancel(ACCOUNT, order.number, 0, is_all=True)


def test_numbers_begin_anew_each_day_and_orders_end_with_it() -> None:
    bench = Bench()
    assert place(bench, "buy", 1, 70_000).number == 1
    assert place(bench, "buy", 1, 70_000).number == 2
    bench.wait(86_400)
    bench.fix_base(71_800)
    assert not bench.exchange.orders.open()
    assert place(bench, "buy", 1, 70_000).number == 1


def test_an_auction_gathers_orders_and_fills_them_at_one_price() -> None:
    """Trap 19: a market order in the closing auction fills at its end."""
    bench = Bench("2026-03-04T15:21:00", hours="krx")
    bench.price(71_900, 72_000)
    order = place(bench, "buy", 3)
    cheap = place(bench, "buy", 3, 70_000)
    bench.wait(60)
    assert order.filled == 0
    bench.wait(8 * 60)
    assert (order.filled, order.amount % order.filled, cheap.filled) == (3, 0, 0)
    assert bench.board.phase(SAMSUNG).value == "shut"


def test_a_conditional_limit_order_becomes_a_market_order_at_the_close() -> None:
    bench = Bench("2026-03-04T15:19:00", hours="krx")
    order = place(bench, "buy", 3, 60_000, "02")
    bench.wait(60)
    assert order.filled == 0
    bench.wait(10 * 60)
    assert order.filled == 3


def test_a_market_opened_by_hand_takes_orders_on_a_holiday() -> None:
    bench = Bench("2026-03-02T10:00:00", hours="krx")
    bench.venue.market.set_open(True)
    assert place(bench, "buy", 1).filled == 1
    bench.venue.market.set_open(False)
    with pytest.raises(Refused, match="APBK0919"):
        place(bench, "buy", 1)


def test_a_volatility_interruption_gathers_orders() -> None:
    """Trap 19."""
    bench = Bench()
    bench.board.interrupt(SAMSUNG, 120)
    bench.matching.step()
    order = place(bench, "buy", 3)
    bench.wait(119)
    assert order.filled == 0
    bench.wait(1)
    assert order.filled == 3


def test_the_exchange_refuses_orders_for_a_halted_share() -> None:
    bench = Bench()
    bench.board.halted.add(SAMSUNG)
    order = place(bench, "buy", 3, 72_000)
    assert (order.rejected, order.remaining) == (3, 0)
    assert [each.what for each in bench.notices] == ["accepted", "refused"]
