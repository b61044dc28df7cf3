"""The simulated market: one path behind quotes, bars of every length and books; steering that history remembers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from adapters.simulation.clock import ManualClock
from adapters.simulation.listing import Listing
from adapters.simulation.market import Bar, Market, UnknownListing

SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
STEP = SECOND // 4
USD_JPY = Listing("USD_JPY", Decimal("154.2"), Decimal("0.001"), Decimal(1_000_000), spread_ticks=8)
SAMSUNG = Listing("005930", Decimal(60_000), Decimal(1), Decimal(500), ticks="krx_stock", sessions="krx")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


NOON = at("2026-03-04T12:00:00")


def market(now: int = NOON, seed: int = 7, *listings: Listing) -> tuple[Market, ManualClock]:
    clock = ManualClock(now)
    return Market(seed, listings or (USD_JPY,), clock), clock


def test_the_same_seed_gives_the_same_prices_in_any_order_of_asking() -> None:
    one, _ = market()
    other, _ = market()
    times = [NOON - step * 977 * SECOND for step in range(50)]
    prices = {ts: one.top("USD_JPY", ts)[1:3] for ts in times}
    assert {ts: other.top("USD_JPY", ts)[1:3] for ts in reversed(times)} == prices
    assert len(set(prices.values())) > 30
    assert market(seed=8)[0].top("USD_JPY", NOON)[1:3] != prices[NOON]


def test_prices_lie_on_the_grid_and_the_spread_apart() -> None:
    """8 ticks of 0.001 are 0.8 pips: the usual spread of the fact sheet (§14)."""
    subject, _ = market()
    for second in range(200):
        top = subject.top("USD_JPY", NOON + second * SECOND)
        assert top.ask - top.bid == Decimal("0.008")
        assert top.bid % Decimal("0.001") == 0
        assert Decimal(120) < top.bid < Decimal(190)


def test_bars_are_made_of_the_steps_that_the_stream_shows() -> None:
    """A minute has 240 steps of 250 ms; its high is the highest of them, and an hour's that of its minutes."""
    subject, clock = market()
    begin = NOON - HOUR
    steps = [subject.top("USD_JPY", begin + step * STEP) for step in range(240)]
    bar = subject.bar("USD_JPY", begin, begin + MINUTE)
    assert bar is not None
    assert (bar.bid.open, bar.bid.close) == (steps[0].bid, steps[-1].bid)
    assert (bar.bid.high, bar.bid.low) == (max(top.bid for top in steps), min(top.bid for top in steps))
    assert (bar.ask.high, bar.last.low) == (max(top.ask for top in steps), min(top.last for top in steps))
    assert bar.steps == 240
    assert bar.volume == 240 * subject.traded("USD_JPY", begin)
    check_made_of(subject, bar, 5 * SECOND)
    for length, part in ((HOUR, MINUTE), (DAY, HOUR), (15 * MINUTE, 5 * SECOND)):
        longer = subject.bar("USD_JPY", begin - begin % length, begin - begin % length + length)
        assert longer is not None
        check_made_of(subject, longer, part)
    assert clock.now_ns() == NOON


def check_made_of(subject: Market, bar: Bar, part_ns: int) -> None:
    parts = list(subject.bars("USD_JPY", part_ns, bar.begin_ns, bar.end_ns))
    assert (parts[0].bid.open, parts[-1].ask.close) == (bar.bid.open, bar.ask.close)
    assert max(part.bid.high for part in parts) == bar.bid.high
    assert min(part.ask.low for part in parts) == bar.ask.low
    assert sum(part.volume for part in parts) == bar.volume
    assert sum(part.steps for part in parts) == bar.steps


def test_the_last_bar_ends_with_the_price_that_stands_and_is_not_complete() -> None:
    subject, clock = market()
    clock.advance(17 * SECOND + 400_000_000)
    bars = list(subject.bars("USD_JPY", MINUTE, NOON - 2 * MINUTE, NOON + HOUR))
    assert [(bar.begin_ns - NOON) // MINUTE for bar in bars] == [-2, -1, 0]
    assert [bar.is_complete for bar in bars] == [True, True, False]
    assert bars[-1].bid.close == subject.top("USD_JPY").bid
    assert bars[-1].steps == 17 * 4 + 2  # steps at 0.00 … 17.25 s


def test_a_price_that_is_set_stands_still_and_is_what_history_shows() -> None:
    subject, clock = market()
    clock.advance(30 * SECOND)
    subject.set_price("USD_JPY", Decimal("200.000"), Decimal("200.008"))
    assert subject.top("USD_JPY")[1:3] == (Decimal("200.000"), Decimal("200.008"))
    clock.advance(90 * SECOND)
    assert subject.top("USD_JPY")[1:3] == (Decimal("200.000"), Decimal("200.008"))
    first, second = subject.bars("USD_JPY", MINUTE, NOON, NOON + 2 * MINUTE)
    assert first.bid.open < Decimal(190)
    assert (first.bid.high, first.bid.close) == (Decimal("200.000"), Decimal("200.000"))
    assert second.ask == (Decimal("200.008"),) * 4
    before = subject.top("USD_JPY", NOON + 29 * SECOND)
    assert before.bid < Decimal(190)


def test_a_walk_that_is_resumed_goes_on_from_the_price_that_stood() -> None:
    subject, clock = market()
    subject.set_price("USD_JPY", Decimal("200.000"), Decimal("200.010"))
    clock.advance(SECOND)
    subject.walk("USD_JPY")
    assert subject.top("USD_JPY").bid == Decimal("200.000")
    clock.advance(10 * MINUTE)
    assert Decimal(195) < subject.top("USD_JPY").bid < Decimal(205)
    assert subject.top("USD_JPY").bid != Decimal("200.000")


@pytest.mark.parametrize(("bid", "ask"), [("0", "1"), ("2", "1"), ("NaN", "1"), ("-1", "1"), ("1", "Infinity")])
def test_prices_that_are_none_are_refused(bid: str, ask: str) -> None:
    with pytest.raises(ValueError, match="USD_JPY"):
        market()[0].set_price("USD_JPY", Decimal(bid), Decimal(ask))


def test_an_instrument_that_is_not_listed_is_said() -> None:
    with pytest.raises(UnknownListing):
        market()[0].top("EUR_CHF")


def test_a_closed_market_shows_its_last_prices_and_has_no_bars() -> None:
    subject, clock = market()
    clock.advance(10 * SECOND)
    subject.set_open(False)
    closing = subject.top("USD_JPY")
    clock.advance(5 * MINUTE)
    later = subject.top("USD_JPY")
    assert not later.is_open
    assert (later.bid, later.ts_ns) == (closing.bid, NOON + 10 * SECOND - STEP)
    assert subject.bar("USD_JPY", NOON + MINUTE, NOON + 2 * MINUTE) is None
    assert subject.traded("USD_JPY", NOON + MINUTE) == 0
    subject.set_open(True)
    clock.advance(SECOND)
    assert subject.top("USD_JPY").is_open
    assert len(list(subject.bars("USD_JPY", MINUTE, NOON, NOON + HOUR))) == 2  # 12:00 and 12:05


def test_a_korean_stock_follows_its_calendar_and_its_ticks() -> None:
    """2026-03-04 is a Wednesday: open 09:00–15:30 in Seoul, 00:00–06:30 UTC: 391 minutes less the last, 390."""
    subject, _ = market(NOON, 7, SAMSUNG)
    bars = list(subject.bars("005930", MINUTE, at("2026-03-04T00:00:00"), NOON))
    assert len(bars) == 390
    assert bars[-1].end_ns == at("2026-03-04T06:30:00")
    top = subject.top("005930")
    assert not top.is_open
    assert top.bid == bars[-1].bid.close
    assert top.ts_ns == at("2026-03-04T06:30:00") - STEP
    for bar in bars:
        for price in (*bar.bid, *bar.ask, *bar.last):
            assert price % SAMSUNG.tick_of(price) == 0
        assert bar.bid.low <= min(bar.bid.open, bar.bid.close)


def test_the_weekend_of_a_closed_market_is_looked_through() -> None:
    """Sunday 2026-03-08 shows Friday's close at 15:30 Seoul."""
    subject, _ = market(at("2026-03-08T12:00:00"), 7, SAMSUNG)
    assert subject.top("005930").ts_ns == at("2026-03-06T06:30:00") - STEP


def test_a_book_is_a_tick_apart_and_deeper_behind() -> None:
    subject, _ = market()
    subject.set_price("USD_JPY", Decimal("154.200"), Decimal("154.208"), (Decimal(100), Decimal(200)))
    bids, asks = subject.book("USD_JPY", 3)
    assert [(str(price), int(size)) for price, size in bids] == [("154.200", 100), ("154.199", 200), ("154.198", 300)]
    assert [(str(price), int(size)) for price, size in asks] == [("154.208", 200), ("154.209", 400), ("154.210", 600)]


def test_a_tick_table_never_makes_a_price_fall_where_the_level_rises() -> None:
    """At 50,000 won the tick changes from 50 to 100."""
    levels = [SAMSUNG.prices(Decimal(level)) for level in range(49_700, 50_400, 7)]
    assert all(low <= high for one, other in pairwise(levels) for low, high in zip(one, other, strict=True))
    assert all(each.bid < each.ask and each.bid <= each.last <= each.ask for each in levels)
