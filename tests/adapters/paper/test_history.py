"""The simulated market's past: bars of the same instrument, up to the price at which its quotes begin."""

from __future__ import annotations

from itertools import pairwise
from statistics import pstdev

import pytest

from adapters.paper.instruments import known
from adapters.paper.market import MarketSimulator
from adapters.paper.market.history import MINUTE
from adapters.paper.sessions import Calendar
from ruleengine.model.event import BarEvent, Quote
from ruleengine.ports.venue import VenueSetup

DAY = 86_400_000_000_000
ACCOUNT = {"currency": "JPY", "balance": "500000", "mode": "hedging"}


def market(*names: str, seed: int = 7) -> MarketSimulator:
    setup = VenueSetup(ACCOUNT, known(names), seed)
    return MarketSimulator.from_setup(setup, {"instruments": list(names), "signals": []})


@pytest.mark.parametrize("name", ["USD_JPY", "BTC-USDT-SWAP", "005930"])
def test_it_ends_where_the_quotes_begin(name: str) -> None:
    simulated = market(name)
    bars = list(simulated.history(simulated.start_ns - 5 * DAY))
    last = bars[-1]
    first = next(event for event in simulated if isinstance(event, Quote))
    middle = last.close if last.ask_ohlc is None else (last.close + last.ask_ohlc[3]) / 2
    assert last.ts <= simulated.start_ns <= first.ts
    assert abs(middle - (first.bid + first.ask) / 2) < 0.001 * first.bid


@pytest.mark.parametrize(("name", "price"), [("USD_JPY", "bid"), ("BTC-USDT-SWAP", "last"), ("005930", "last")])
def test_its_bars_are_of_what_timeframes_are_built_from(name: str, price: str) -> None:
    """Trades where the market prints them: bars of quotes would leave the features of such an instrument cold."""
    simulated = market(name)
    assert {bar.price for bar in simulated.history(simulated.start_ns - DAY)} == {price}


def test_bars_are_whole_ordered_and_of_open_minutes() -> None:
    simulated = market("USD_JPY")
    bars = list(simulated.history(simulated.start_ns - 7 * DAY))
    calendar = Calendar("fx")
    assert [bar.ts for bar in bars] == sorted({bar.ts for bar in bars})
    assert all(calendar.is_open(bar.ts - MINUTE) and bar.interval_ns == MINUTE for bar in bars)
    # a week less the week-end (48 h 6 min) and six minutes on each of the four other evenings
    assert len(bars) == 7 * 1_440 - (48 * 60 + 6) - 4 * 6
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close)
        assert max(bar.open, bar.close) <= bar.high
        assert bar.ask_ohlc is not None
        assert all(ask > bid for bid, ask in zip((bar.open, bar.high, bar.low, bar.close), bar.ask_ohlc, strict=True))
    assert all(abs(later.open - earlier.close) < 0.0011 for earlier, later in pairwise(bars))


def test_how_far_back_it_is_asked_for_does_not_change_it() -> None:
    simulated = market("USD_JPY", "EUR_USD")
    short = list(simulated.history(simulated.start_ns - DAY))
    long = list(simulated.history(simulated.start_ns - 3 * DAY))
    assert long[-len(short) :] == short
    assert [bar.ts for bar in long] == sorted(bar.ts for bar in long)
    assert {bar.instrument for bar in short} == {"USD_JPY", "EUR_USD"}


def test_another_seed_is_another_past() -> None:
    bars = [list(market("USD_JPY", seed=seed).history(market("USD_JPY").start_ns - DAY)) for seed in (1, 1, 2)]
    assert bars[0] == bars[1] != bars[2]


def test_it_moves_as_much_a_day_as_the_instrument_does() -> None:
    simulated = market("USD_JPY")
    bars: list[BarEvent] = list(simulated.history(simulated.start_ns - 30 * DAY))
    moves = [later.close / earlier.close - 1 for earlier, later in pairwise(bars)]
    wanted = simulated.profile.behaviours["USD_JPY"].volatility_day / 1_440**0.5
    assert 0.8 < pstdev(moves) / wanted < 1.3


def test_a_share_that_the_market_does_not_know_begins_at_the_base_price_of_the_account_file() -> None:
    account = {**ACCOUNT, "currency": "KRW", "mode": "netting", "instruments": {"035420": {"base_price": "246500"}}}
    setup = VenueSetup(account, known(("035420",)), 7)
    simulated = MarketSimulator.from_setup(setup, {"instruments": ["035420"], "signals": []})
    first = next(event for event in simulated if isinstance(event, Quote))
    assert abs(first.bid - 246_500) <= 500
