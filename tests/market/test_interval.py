"""Which bar an instant falls into: anchors, changes of clocks, lengths that do not divide a day."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from ruleengine.market.interval import CRYPTO, FX, Anchor, Timeframe, exchange, interval_seconds, is_interval

KRX = exchange("Asia/Seoul", time(9))


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


CASES = [
    # plain
    ("m1", FX, "2024-01-10T13:05:59", "2024-01-10T13:05", "2024-01-10T13:06"),
    ("m5", CRYPTO, "2024-01-10T13:05:00", "2024-01-10T13:05", "2024-01-10T13:10"),
    ("m5", CRYPTO, "2024-01-10T13:04:59", "2024-01-10T13:00", "2024-01-10T13:05"),
    ("h4", CRYPTO, "2024-07-10T07:59:59", "2024-07-10T04:00", "2024-07-10T08:00"),
    ("d1", CRYPTO, "2024-07-10T23:59:59", "2024-07-10T00:00", "2024-07-11T00:00"),
    # New York 17:00 is 22:00 UTC in winter, 21:00 in summer
    ("d1", FX, "2024-01-10T21:59:59", "2024-01-09T22:00", "2024-01-10T22:00"),
    ("d1", FX, "2024-01-10T22:00:00", "2024-01-10T22:00", "2024-01-11T22:00"),
    ("d1", FX, "2024-07-10T21:00:00", "2024-07-10T21:00", "2024-07-11T21:00"),
    ("h4", FX, "2024-01-10T22:30:00", "2024-01-10T22:00", "2024-01-11T02:00"),
    ("h4", FX, "2024-07-10T22:30:00", "2024-07-10T21:00", "2024-07-11T01:00"),
    ("h2", FX, "2024-07-10T20:30:00", "2024-07-10T19:00", "2024-07-10T21:00"),
    # 2024-03-10: clocks go forward in New York; the day from Saturday 22:00 UTC to Sunday 21:00 has 23 hours
    ("d1", FX, "2024-03-10T12:00:00", "2024-03-09T22:00", "2024-03-10T21:00"),
    ("h4", FX, "2024-03-10T20:30:00", "2024-03-10T18:00", "2024-03-10T21:00"),
    ("h4", FX, "2024-03-10T21:00:00", "2024-03-10T21:00", "2024-03-11T01:00"),
    # 2024-11-03: clocks go back; the day has 25 hours, and its seventh bar lasts one
    ("d1", FX, "2024-11-03T12:00:00", "2024-11-02T21:00", "2024-11-03T22:00"),
    ("h4", FX, "2024-11-03T21:30:00", "2024-11-03T21:00", "2024-11-03T22:00"),
    ("h4", FX, "2024-11-03T22:00:00", "2024-11-03T22:00", "2024-11-04T02:00"),
    # seven minutes from midnight: 1440 = 205 × 7 + 5, so the day's last bar has five
    ("7min", CRYPTO, "2024-01-10T00:07:00", "2024-01-10T00:07", "2024-01-10T00:14"),
    ("7min", CRYPTO, "2024-01-10T23:56:00", "2024-01-10T23:55", "2024-01-11T00:00"),
    ("90s", CRYPTO, "2024-01-10T00:01:31", "2024-01-10T00:01:30", "2024-01-10T00:03"),
    # Seoul: days from midnight (15:00 UTC), bars from 09:00 (00:00 UTC)
    ("d1", KRX, "2025-10-01T06:29:59", "2025-09-30T15:00", "2025-10-01T15:00"),
    ("m15", KRX, "2025-10-01T00:14:59", "2025-10-01T00:00", "2025-10-01T00:15"),
    ("7min", KRX, "2025-10-01T00:06:59", "2025-10-01T00:00", "2025-10-01T00:07"),
    ("7min", KRX, "2025-09-30T23:59:00", "2025-09-30T23:53", "2025-10-01T00:00"),  # before the opening, counted back
    # a zone half an hour off, and an opening at half past
    ("h1", exchange("America/New_York", time(9, 30)), "2024-01-10T15:29:59", "2024-01-10T14:30", "2024-01-10T15:30"),
    ("h1", Anchor("Asia/Kolkata", time(0), time(0)), "2024-01-10T00:29:00", "2024-01-09T23:30", "2024-01-10T00:30"),
]


@pytest.mark.parametrize(("name", "anchor", "at", "opened", "closes"), CASES)
def test_bucket(name: str, anchor: Anchor, at: str, opened: str, closes: str) -> None:
    assert Timeframe(name, anchor).bucket(ns(at)) == (ns(opened), ns(closes))


@pytest.mark.parametrize("anchor", [FX, CRYPTO, KRX])
@pytest.mark.parametrize("name", ["m1", "m30", "h1", "h2", "h4", "d1", "7min", "45min"])
def test_buckets_tile_time_across_changes_of_clocks(anchor: Anchor, name: str) -> None:
    """Each bar begins where the last one ended, and every instant of a bar gives that bar, in any order of asking."""
    frame = Timeframe(name, anchor)
    for begin in ("2024-03-08T00:00", "2024-11-01T00:00"):
        at, stop = ns(begin), ns(begin) + 4 * 86_400_000_000_000
        opened, closes = frame.bucket(at)
        while closes < stop:
            following = frame.bucket(closes)
            assert following[0] == closes
            assert frame.bucket(opened) == (opened, closes)
            assert frame.bucket(closes - 1) == (opened, closes)
            opened, closes = following


def test_a_name_of_the_policys_own() -> None:
    frame = Timeframe("slow", FX, "4h")
    assert frame.name == "slow"
    assert frame.bucket(ns("2024-01-10T22:30:00")) == (ns("2024-01-10T22:00"), ns("2024-01-11T02:00"))


@pytest.mark.parametrize("name", ["m3x", "0min", "25h", "1d", "m7", "", "86401s"])
def test_what_is_no_interval(name: str) -> None:
    with pytest.raises(ValueError, match="no interval"):
        interval_seconds(name)


def test_unknown_zone() -> None:
    for name in ("New_York", "../secret", "America/"):
        with pytest.raises(ValueError, match="no time zone"):
            Timeframe("h1", Anchor(name, time(0), time(0)))


@pytest.mark.parametrize("text", ["1s", "90s", "7min", "1440min", "24h", "86400s"])
def test_a_length_that_is_admitted_can_be_built(text: str) -> None:
    assert is_interval(text)
    assert Timeframe(text, FX).bucket(ns("2024-01-10T13:05:59"))[0] <= ns("2024-01-10T13:05:59")


@pytest.mark.parametrize("text", ["", "0s", "1d", "25h", "86401s", "1ms", "0.5h", "-5s", "1_000s", "m5", "h4"])
def test_one_that_is_not_can_not_be_declared(text: str) -> None:
    """Names of standard timeframes are no lengths; all others have no bars."""
    assert not is_interval(text)
    if text not in ("m5", "h4"):
        with pytest.raises(ValueError, match="no interval"):
            interval_seconds(text)
