"""Candles (fact sheet §4.3): rows, sides, alignment to New York, what a request means."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

Bench = Any
_PATH = "/v3/instruments/USD_JPY/candles"


def candles(bench: Bench, **query: Any) -> list[Any]:
    named = {name.rstrip("_"): value for name, value in query.items()}
    answer = bench.ask("GET", _PATH, **named)
    assert answer.status == 200, answer.body
    return list(answer["candles"])


def times(bench: Bench, **query: Any) -> list[str]:
    return [row["time"][:16] for row in candles(bench, **query)]


def test_the_defaults_are_500_rows_of_five_seconds_at_middle(bench: Bench) -> None:
    answer = bench.ask("GET", _PATH)
    assert (answer["instrument"], answer["granularity"], len(answer["candles"])) == ("USD_JPY", "S5", 500)
    assert set(answer["candles"][0]) == {"complete", "volume", "time", "mid"}
    same = bench.ask("GET", "/v3/accounts/{a}/instruments/USD_JPY/candles")
    assert same.body == answer.body


def test_a_row_has_its_sides_and_the_last_is_not_complete(bench: Bench) -> None:
    """The price was set at 12:00:00 and stands still: middle 154.204, 240 steps a minute, one now."""
    bench.advance(60)
    before, last = candles(bench, granularity="M1", count=2, price="BMA")
    assert [row["complete"] for row in (before, last)] == [True, False]
    assert before["bid"] == dict.fromkeys("ohlc", "154.200")
    assert before["mid"] == dict.fromkeys("ohlc", "154.204")
    assert before["ask"] == dict.fromkeys("ohlc", "154.208")
    assert before["time"] == "2026-03-04T12:00:00.000000000Z"
    assert isinstance(before["volume"], int)


def test_days_weeks_and_months_follow_new_york(bench: Bench) -> None:
    """17:00 in New York is 22:00 UTC in winter; weeks begin on Friday, months on the first."""
    query = {"granularity": "D", "from_": "2026-03-01T00:00:00Z", "to": "2026-03-04T00:00:00Z"}
    assert times(bench, **query) == [f"2026-{day}T22:00" for day in ("02-28", "03-01", "03-02", "03-03")]
    assert times(bench, granularity="W", count=2) == ["2026-02-20T22:00", "2026-02-27T22:00"]
    assert times(bench, granularity="M", count=2) == ["2026-02-01T22:00", "2026-03-01T22:00"]
    assert times(bench, granularity="H4", count=3) == ["2026-03-04T02:00", "2026-03-04T06:00", "2026-03-04T10:00"]
    midnight = {"granularity": "D", "count": 1, "dailyAlignment": "0", "alignmentTimezone": "UTC"}
    assert times(bench, **midnight) == ["2026-03-04T00:00"]
    assert times(bench, granularity="W", count=1, weeklyAlignment="Monday") == ["2026-03-02T22:00"]


def test_days_across_the_change_of_clocks(bench_of: Callable[..., Bench]) -> None:
    """Sunday 8 March: the day from Saturday 22:00 to Sunday 21:00 UTC has 23 hours, its last four-hour candle three."""
    bench = bench_of(at="2026-03-09T12:00:00+00:00")
    assert times(bench, granularity="D", count=3)[1:] == ["2026-03-07T22:00", "2026-03-08T21:00"]
    found = times(bench, granularity="H4", from_="2026-03-08T14:00:00Z", to="2026-03-08T22:00:00Z")
    assert found == ["2026-03-08T14:00", "2026-03-08T18:00", "2026-03-08T21:00"]


def test_longer_candles_are_made_of_shorter_ones(bench: Bench) -> None:
    hours = candles(bench, granularity="H1", from_="2026-03-03T00:00:00Z", to="2026-03-03T06:00:00Z", price="B")
    fives = candles(bench, granularity="M5", from_="2026-03-03T00:00:00Z", to="2026-03-03T06:00:00Z", price="B")
    for at, hour in enumerate(hours):
        part = fives[12 * at : 12 * at + 12]
        assert (hour["bid"]["o"], hour["bid"]["c"]) == (part[0]["bid"]["o"], part[-1]["bid"]["c"])
        assert Decimal(hour["bid"]["h"]) == max(Decimal(row["bid"]["h"]) for row in part)
        assert hour["volume"] == sum(row["volume"] for row in part)


def test_a_smooth_candle_opens_where_the_one_before_closed(bench: Bench) -> None:
    found = candles(bench, granularity="M1", count=5, smooth="True", to="2026-03-04T11:00:00Z")
    for one, other in pairwise(found):
        assert other["mid"]["o"] == one["mid"]["c"]


def test_from_and_count_go_forward_and_the_covered_candle_may_be_left_out(bench: Bench) -> None:
    query = {"granularity": "M5", "from_": "2026-03-04T10:02:00Z", "count": 2}
    assert times(bench, **query) == ["2026-03-04T10:00", "2026-03-04T10:05"]
    assert times(bench, **query, includeFirst="False") == ["2026-03-04T10:05", "2026-03-04T10:10"]
    assert times(bench, granularity="M5", to="2026-03-04T10:00:00Z", count=1) == ["2026-03-04T09:55"]


def test_a_closed_market_has_no_rows(bench_of: Callable[..., Bench]) -> None:
    """Friday 21:59 to Sunday 21:05 UTC in the week of the change; five seconds, across the weekend."""
    bench = bench_of(at="2026-03-08T21:05:10+00:00", hours="new_york")
    found = times(bench, granularity="S5", count=4)
    assert found == ["2026-03-06T21:58", "2026-03-08T21:05", "2026-03-08T21:05", "2026-03-08T21:05"]
    days = times(bench, granularity="D", from_="2026-03-05T22:00:00Z", to="2026-03-08T21:05:00Z")
    assert days == ["2026-03-05T22:00", "2026-03-08T21:00"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"granularity": "M3"}, "Invalid value specified for 'granularity'"),
        ({"price": "X"}, "Invalid value specified for 'price'"),
        ({"count": "0"}, "Invalid value specified for 'count'"),
        ({"count": "5001"}, "Maximum value for 'count' exceeded"),
        ({"from": "noon"}, "Invalid value specified for 'from'"),
        ({"from": "2030-01-01T00:00:00Z"}, "Invalid value specified for 'from'"),
        ({"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z", "count": "5"}, "'count' cannot be specified"),
        ({"from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}, "Maximum value for 'count' exceeded"),
        ({"from": "2026-03-03T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "Invalid value specified for 'to'"),
        ({"dailyAlignment": "24"}, "Invalid value specified for 'dailyAlignment'"),
        ({"alignmentTimezone": "Mars"}, "Invalid value specified for 'alignmentTimezone'"),
        ({"weeklyAlignment": "Someday"}, "Invalid value specified for 'weeklyAlignment'"),
        ({"smooth": "very"}, "Invalid value specified for 'smooth'"),
    ],
)
def test_a_request_that_can_not_be_is_refused(bench: Bench, query: dict[str, str], message: str) -> None:
    answer = bench.ask("GET", _PATH, **query)
    assert answer.status == 400
    assert answer["errorMessage"].startswith(message)
