"""The simulated market: the same seed gives the same events, and what comes out has the shape that was asked for."""

from __future__ import annotations

import hashlib
import itertools
import statistics
from collections import Counter
from typing import Any

import pytest

from adapters.paper.instruments import known
from adapters.paper.market import MarketSimulator
from adapters.paper.market.process import REGIMES
from adapters.paper.sessions import Calendar
from adapters.paper.settings import SettingsError
from adapters.paper.ticks import exact, is_on_grid
from ruleengine.model.event import Book, Event, Funding, Quote, Signal, TradePrint
from ruleengine.ports.venue import VenueSetup

SECOND = 1_000_000_000
PINNED = "12a6a97cbc1f6eff0a991bfaf89548f709e9871652ccd993465b656329c44819"


def market(names: tuple[str, ...] = ("USD_JPY",), seed: int = 7, **profile: Any) -> MarketSimulator:
    return MarketSimulator.from_setup(VenueSetup({}, known(names), seed), {"duration_s": 3_600, **profile})


def quotes(events: list[Event], name: str = "USD_JPY") -> list[Quote]:
    return [event for event in events if isinstance(event, Quote) and event.instrument == name]


def test_the_same_seed_gives_the_same_events_each_time() -> None:
    made = market(("USD_JPY", "BTC-USDT-SWAP"))
    first = list(made)
    assert list(made) == first  # iterating again
    assert list(market(("USD_JPY", "BTC-USDT-SWAP"))) == first
    assert list(market(("USD_JPY", "BTC-USDT-SWAP"), seed=8)) != first


def test_the_sequence_is_the_same_on_every_python() -> None:
    """Pinned: only exact arithmetic and `random()` are used, so that no version or machine may change it. A changed
    default changes it too; then look at the market again before renewing the figure."""
    digest = hashlib.sha256()
    for event in itertools.islice(market(("EUR_USD",), signals=[], book=[]), 2_000):
        assert isinstance(event, Quote)
        digest.update(f"{event.ts} {event.bid!r} {event.ask!r}\n".encode())
    assert digest.hexdigest() == PINNED


def test_another_instrument_does_not_move_the_first() -> None:
    alone = quotes(list(market(("USD_JPY",))))
    assert quotes(list(market(("USD_JPY", "EUR_USD")))) == alone


@pytest.mark.parametrize("names", [("USD_JPY",), ("BTC-USDT-SWAP", "ETH-USDT-SWAP"), ("005930", "000660"), ("SPY",)])
def test_events_come_in_order_and_on_their_grids(names: tuple[str, ...]) -> None:
    made = market(names)
    events = list(made)
    assert all(before.ts <= after.ts for before, after in itertools.pairwise(events))
    tables = {spec.name: spec for spec in known(names)}
    for quote in (event for event in events if isinstance(event, Quote)):
        spec = tables[quote.instrument]
        assert 0 < quote.bid < quote.ask
        assert quote.ts_event < quote.ts
        assert quote.bid_size
        for price in (quote.bid, quote.ask):
            tick = spec.tick_at(exact(quote.bid))
            assert is_on_grid(exact(price), tick)


def test_an_hour_of_one_pair_is_five_to_ten_thousand_quotes() -> None:
    made = market()
    count = len(quotes(list(made)))
    assert 5_000 <= count <= 10_000
    assert made.events_per_s == 2.0


def test_spreads_look_like_the_recorded_ones() -> None:
    """Recorded at fills: median 0.8, 95 % 0.8, 99 % 3.1, at most 7.8 pips."""
    pips = sorted((each.ask - each.bid) * 100 for each in quotes(list(market(duration_s=6 * 3_600))))
    assert pips[len(pips) // 2] == pytest.approx(0.8)
    assert pips[int(len(pips) * 0.95)] <= 1.2
    assert 1.5 <= pips[-1] <= 12


def test_volatility_is_as_stated_and_clusters() -> None:
    made = market(duration_s=12 * 3_600, start="2026-01-07T00:00:00Z", regimes={"trend": 0.0})
    by_minute: dict[int, float] = {}
    for quote in quotes(list(made)):
        by_minute[quote.ts // (60 * SECOND)] = (quote.bid + quote.ask) / 2
    prices = list(by_minute.values())
    returns = [after / before - 1 for before, after in itertools.pairwise(prices)]
    a_day = statistics.pstdev(returns) * 1_440**0.5
    # stated 0.6 % a day; ranging quiets it, choppy and jumps add
    assert 0.003 <= a_day <= 0.012
    sizes = [abs(each) for each in returns]
    mean = statistics.fmean(sizes)
    spread = [each - mean for each in sizes]
    following = sum(a * b for a, b in itertools.pairwise(spread)) / sum(a * a for a in spread)
    assert following > 0.03  # big minutes follow big minutes
    fourth = statistics.fmean([each**4 for each in returns]) / statistics.pstdev(returns) ** 4
    assert fourth > 3.2  # fatter tails than a normal's 3


def test_all_regimes_come_and_trends_go_somewhere() -> None:
    made = market(("BTC-USDT-SWAP",), duration_s=24 * 3_600,
                  instruments={"BTC-USDT-SWAP": {"quotes_per_s": 0.5}})  # fmt: skip
    seen = Counter(event.regime for event in made if isinstance(event, Signal))
    assert set(seen) == set(REGIMES)
    assert min(seen.values()) > 0.1 * sum(seen.values())


def test_the_fx_week_ends_and_reopens_with_a_gap() -> None:
    made = market(start="2026-01-09T21:30:00Z", duration_s=2 * 86_400 + 3_600, signals=[])
    events = quotes(list(made))
    calendar = Calendar("fx")
    assert all(calendar.is_open(each.ts) for each in events)
    (pause,) = [(a, b) for a, b in itertools.pairwise(events) if b.ts - a.ts > 3_600 * SECOND]
    assert pause[0].ts < 1_767_995_940 * SECOND <= pause[0].ts + 60 * SECOND  # Friday 16:59 New York
    assert pause[1].ts >= 1_768_169_100 * SECOND  # Sunday 17:05
    assert abs(pause[1].bid - pause[0].bid) > 0.005
    assert pause[1].ask - pause[1].bid > 0.02  # a wide opening


def test_the_korean_session() -> None:
    made = market(("005930",), start="2026-01-06T22:00:00Z", duration_s=12 * 3_600)
    events = quotes(list(made), "005930")
    assert 1_767_744_000 * SECOND <= events[0].ts < 1_767_744_060 * SECOND  # 09:00 in Seoul
    assert events[-1].ts < 1_767_767_400 * SECOND  # 15:30


def test_crypto_has_books_prints_and_funding() -> None:
    events = list(market(("BTC-USDT-SWAP",), start="2026-01-07T07:30:00Z"))
    books = [event for event in events if isinstance(event, Book)]
    prints = [event for event in events if isinstance(event, TradePrint)]
    (funding,) = [event for event in events if isinstance(event, Funding)]
    assert len(books) > 1_000
    assert len(prints) > 1_000
    assert funding.ts_event == 1_767_772_800 * SECOND  # 08:00 UTC
    for book in books:
        assert [price for price, _ in book.bids] == sorted((price for price, _ in book.bids), reverse=True)
        assert [price for price, _ in book.asks] == sorted(price for price, _ in book.asks)
        assert book.bids[0][0] < book.asks[0][0]


def test_signals_come_at_their_rate_with_ids_of_their_own() -> None:
    rows = [{"tag": "M1Scalper-trend", "pocket": "scalp", "per_h": 60, "stop_ticks": 90, "target_ticks": 60},
            {"tag": "TrendMA-bull", "per_h": 10, "sides": ["long"]}]  # fmt: skip
    found = [event for event in market(duration_s=10 * 3_600, start="2026-01-07T00:00:00Z", signals=rows)
             if isinstance(event, Signal)]  # fmt: skip
    by_tag = Counter(each.strategy for each in found)
    # 600 and 100 expected; gaps 3 m u² have a coefficient of variation of 0.894: ± 4 × 0.894 × √n
    assert abs(by_tag["M1Scalper-trend"] - 600) < 88
    assert abs(by_tag["TrendMA-bull"] - 100) < 36
    assert len({each.id for each in found}) == len(found)
    assert {each.side.value for each in found if each.strategy == "TrendMA-bull"} == {"long"}
    for each in found:
        if each.stop is not None and each.target is not None:
            assert (each.stop < each.target) == (each.side.value == "long")
        assert each.ts_event < each.ts


def test_no_signals_while_the_market_is_shut() -> None:
    rows = [{"tag": "x", "per_h": 60}]
    made = market(start="2026-01-10T12:00:00Z", signals=rows)
    assert list(made) == []


def test_the_starting_book_is_priced_against_the_start() -> None:
    made = market(book=[{"instrument": "USD_JPY", "side": "short", "units": 6_000, "offset_ticks": -80, "age_s": 60},
                        {"instrument": "USD_JPY", "side": "long", "units": 1, "price": "150"}])  # fmt: skip
    first, second = made.starting_trades()
    assert (first["price"], second["price"]) == ("156.920", "150")  # 80 ticks of loss for a short: sold below
    default = market().starting_trades()
    assert {row["side"] for row in default} == {"long", "short"}
    assert sum(row["client_id"] == "" for row in default) == 1  # one manual


def test_defects_come_only_when_asked_for() -> None:
    clean = quotes(list(market()))
    assert all(each.bid < each.ask for each in clean)
    bad = quotes(list(market(defects={"repeat": 0.01, "disorder": 0.01, "crossed": 0.01, "scaled": 0.01,
                                      "freezes_per_h": 6, "freeze_s": 60})))  # fmt: skip
    assert sum(each.bid > each.ask for each in bad) > 20
    assert sum(each.bid > 1_000 for each in bad) > 20
    assert sum(b.ts_event < a.ts_event for a, b in itertools.pairwise(bad)) > 20
    assert sum(a == b for a, b in itertools.pairwise(bad)) > 20
    assert sum(b.ts - a.ts > 55 * SECOND for a, b in itertools.pairwise(bad)) >= 2


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"sed": 1}, "unknown key `sed`"),
        ({"instruments": ["XAU_USD"]}, "`XAU_USD` is not among"),
        ({"instruments": {"USD_JPY": {"volatility": 1}}}, "has no `volatility`"),
        ({"signals": [{"pocket": "scalp"}]}, "has a `tag`"),
        ({"start": "2026-01-07T00:00:00"}, "has no zone"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(profile: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        market(**profile)


def test_quotes_of_one_source_do_not_overtake_each_other() -> None:
    stamps = [event.ts_event for event in quotes(list(market(("USD_JPY",))))]
    assert all(earlier < later for earlier, later in itertools.pairwise(stamps))
