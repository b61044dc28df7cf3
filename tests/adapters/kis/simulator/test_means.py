"""Money and shares: the tick table, limits, D+2, averages, charges, buying power; all reckoned by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.kis.simulator.accounts import BuyingPower, buying_power
from adapters.kis.simulator.exchange import Ticket
from adapters.kis.simulator.listing import listed
from adapters.kis.simulator.orders import Order
from tests.adapters.kis.simulator.venues import ACCOUNT, SAMSUNG, Bench, at


def buy(bench: Bench, quantity: int, price: int = 0) -> Order:
    return bench.exchange.place(ACCOUNT, Ticket("buy", SAMSUNG, "00" if price else "01", quantity, price))


def sell(bench: Bench, quantity: int, price: int = 0) -> Order:
    return bench.exchange.place(ACCOUNT, Ticket("sell", SAMSUNG, "00" if price else "01", quantity, price))


def power(bench: Bench) -> BuyingPower:
    account = bench.exchange.account(ACCOUNT)
    return buying_power(account, bench.exchange.orders.open(account=ACCOUNT), bench.exchange.charges)


@pytest.mark.parametrize(
    ("price", "tick"),
    [(1_999, 1), (2_000, 5), (4_995, 5), (5_000, 10), (19_990, 10), (20_000, 50), (49_950, 50), (50_000, 100),
     (199_900, 100), (200_000, 500), (499_500, 500), (500_000, 1_000)],
)  # fmt: skip
def test_ticks_are_those_of_the_table(price: int, tick: int) -> None:
    """Fact sheet §4.6, table since 2023."""
    assert listed()[SAMSUNG].tick(price) == tick


def test_ticks_of_an_etf_are_others() -> None:
    """Fact sheet §4.6: 1 below 2 000, else 5."""
    assert [listed()["069500"].tick(price) for price in (1_999, 2_000, 36_405, 500_000)] == [1, 5, 5, 5]


@pytest.mark.parametrize(
    ("base", "limits"),
    [(71_800, (50_300, 93_300)),  # fixture daily_itemchartprice.json; 21 540 -> 21 500
     (75_900, (53_200, 98_600)),  # fixture inquire_price_partial.json; 22 770 -> 22 700
     (4_990, (3_495, 6_480))],  # 1 497 -> 1 495; 6 485 is off the tick of 10 above 5 000
)  # fmt: skip
def test_a_days_limits_are_thirty_percent_on_the_grid(base: int, limits: tuple[int, int]) -> None:
    assert listed()[SAMSUNG].limits(base) == limits


def test_money_moves_two_days_after_the_trade() -> None:
    """Trap 11. 4 × 72,000 + 6 × 72,100 = 720,600; commissions ⌊43.2⌋ + ⌊64.89⌋ = 107."""
    bench = Bench()
    bench.price(71_900, 72_000, ask_size=4)
    order = buy(bench, 10)
    account = bench.exchange.account(ACCOUNT)
    assert (order.filled, order.amount) == (10, 720_600)
    assert (account.deposit, account.settled_cash) == (10_000_000, 9_279_293)
    assert account.holdings[SAMSUNG].average == Decimal("72060")

    bench.clock.advance(86_400 * 10**9)
    assert bench.exchange.account(ACCOUNT).deposit == 10_000_000
    bench.clock.advance(86_400 * 10**9)
    assert bench.exchange.account(ACCOUNT).deposit == 9_279_293


def test_settlement_skips_days_without_business() -> None:
    """Thursday 5 March 2026 + 2 business days = Monday 9; 2 March was a holiday (fixture chk_holiday.json)."""
    bench = Bench("2026-03-05T10:00:00", hours="krx")
    buy(bench, 1)
    assert [f"{day}" for day in bench.exchange.account(ACCOUNT).waiting] == ["2026-03-09"]
    assert f"{bench.board.previous(bench.board.today().replace(day=3))}" == "2026-02-27"


def test_a_sale_keeps_the_average_and_states_the_profit() -> None:
    """(71,900 − 72,060) × 4 = −640; fee ⌊43.14⌋ and tax ⌊575.2⌋ = 618; with the purchase's 107: −1,365."""
    bench = Bench()
    bench.price(71_900, 72_000, ask_size=4)
    buy(bench, 10)
    sell(bench, 4)
    account = bench.exchange.account(ACCOUNT)
    holding = account.holdings[SAMSUNG]
    assert (holding.quantity, holding.average, holding.cost) == (6, Decimal(72_060), 432_360)
    assert (holding.bought_today, holding.sold_today) == (10, 4)
    assert account.realised == -1_365
    assert account.settled_cash == 9_279_293 + 287_600 - 618


def test_a_sold_out_share_stays_until_it_settles() -> None:
    """Trap 14: its row has no shares."""
    bench = Bench()
    buy(bench, 3)
    sell(bench, 3)
    for _ in range(2):
        assert bench.exchange.account(ACCOUNT).holdings[SAMSUNG].quantity == 0
        bench.clock.advance(86_400 * 10**9)
    assert SAMSUNG not in bench.exchange.account(ACCOUNT).holdings


def test_a_market_order_holds_money_at_the_upper_limit() -> None:
    """Trap 11. 10,000,000 / 1.00015 = 9,998,500.2; / 93,300 = 107.2: 107 shares go, 108 don't."""
    bench = Bench()
    assert power(bench) == BuyingPower(10_000_000, 0, 9_998_500)
    with pytest.raises(Exception, match="APBK0952"):
        buy(bench, 108)
    assert buy(bench, 107).filled == 107


def test_open_purchases_hold_their_price_and_commission() -> None:
    """100 × 71,000 × 1.00015 = 7,101,065; left 2,898,935, which buys 2,898,500 worth."""
    bench = Bench()
    buy(bench, 100, 71_000)
    assert power(bench) == BuyingPower(2_898_935, 0, 2_898_500)


def test_money_of_todays_sales_buys_again_but_is_not_the_deposit() -> None:
    """10 × 71,900 = 719,000 less ⌊107.85⌋ and 1,438: 717,455 waits for D+2 and can be used."""
    bench = Bench(holdings="005930:10@70000", cash="0")
    assert power(bench).amount == 0
    sell(bench, 10)
    assert power(bench).reuse == 717_455
    assert bench.exchange.account(ACCOUNT).deposit == 0


def test_offered_shares_can_not_be_offered_twice() -> None:
    """Trap 15: sales beyond are refused, and there is no short."""
    bench = Bench(holdings="005930:10@70000")
    sell(bench, 7, 75_000)
    assert bench.exchange.sellable(ACCOUNT, SAMSUNG) == 3
    with pytest.raises(Exception, match="APBK0400"):
        sell(bench, 4)
    sell(bench, 3)
    assert bench.exchange.account(ACCOUNT).held(SAMSUNG) == 7


def test_times_are_koreas() -> None:
    assert at("2026-03-04T09:00:00") == 1_772_582_400 * 10**9  # midnight UTC
