"""What is a defect, what is a repeat, what is neither; and the recording of bad bars that a live bot acted upon."""

from __future__ import annotations

import csv
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.market.soundness import SPOKEN, Finding, Limits, StreamChecker

SECOND = 1_000_000_000


def after_a_sound_quote(limits: Limits | None = None) -> StreamChecker:
    checker = StreamChecker(limits)
    assert checker.quote(10, 150.00, 150.01) is Finding.SOUND
    return checker


@pytest.mark.parametrize(
    ("ts", "bid", "ask", "finding"),
    [
        (11, 150.00, 150.01, Finding.SOUND),  # the same values later: a quote, not a repeat
        (10, 150.00, 150.01, Finding.REPEAT),
        (10, 150.00, 150.02, Finding.SOUND),  # a burst within one stamp
        (9, 150.00, 150.01, Finding.DISORDER),
        (11, 150.01, 150.01, Finding.SOUND),  # locked
        (11, 150.02, 150.01, Finding.CROSSED),
        (11, 0.0, 150.01, Finding.NOT_POSITIVE),
        (11, -1.0, 150.01, Finding.NOT_POSITIVE),
        (11, math.nan, 150.01, Finding.NOT_FINITE),
        (11, 150.0, math.inf, Finding.NOT_FINITE),
        (11, 299.98, 299.99, Finding.SOUND),  # below twice 150
        (11, 299.98, 300.0, Finding.JUMP),  # at it
        (11, 75.01, 75.02, Finding.SOUND),
        (11, 75.0, 75.02, Finding.JUMP),
        (11, 1.0, 150.0, Finding.JUMP),  # an absurd pre-market bid
    ],
)
def test_one_observation_after_a_sound_one(ts: int, bid: float, ask: float, finding: Finding) -> None:
    checker = after_a_sound_quote()
    assert checker.quote(ts, bid, ask) is finding
    assert sum(checker.counts) == (finding is not Finding.SOUND)
    assert finding.is_defect is (finding not in (Finding.SOUND, Finding.REPEAT))


def test_a_stamp_of_its_own_for_each_observation_where_that_is_declared() -> None:
    checker = after_a_sound_quote(Limits(has_unique_stamps=True))
    assert checker.quote(10, 150.00, 150.02) is Finding.CONFLICT
    assert checker.quote(10, 150.00, 150.01) is Finding.REPEAT


@pytest.mark.parametrize(
    ("prices", "finding"),
    [
        ((10.0, 12.0, 9.0, 11.0), Finding.SOUND),
        ((13.0, 12.0, 9.0, 11.0), Finding.BAR_SHAPE),
        ((10.0, 12.0, 9.0, 8.9), Finding.BAR_SHAPE),
    ],
)
def test_bars(prices: tuple[float, float, float, float], finding: Finding) -> None:
    assert StreamChecker(Limits(has_unique_stamps=True)).bar(0, *prices) is finding


def test_a_split_settles_after_enough_observations_and_an_outlier_does_not() -> None:
    """AAPL, 9 June 2014: 645 before, 92 after the 7:1 split."""
    checker = StreamChecker(Limits(settles_after=3))
    assert checker.price(0, 645.0) is Finding.SOUND
    assert checker.price(1, 92.0) is Finding.JUMP
    assert checker.price(2, 645.1) is Finding.SOUND  # one outlier
    found = [checker.price(3 + step, 92.0 + step / 10) for step in range(5)]
    assert found == [Finding.JUMP] * 3 + [Finding.SOUND] * 2
    assert checker.price(9, 645.0) is Finding.JUMP


def test_snapshot() -> None:
    checker = after_a_sound_quote()
    checker.quote(11, math.nan, 1.0)
    checker.quote(12, 500.0, 501.0)
    again = StreamChecker()
    again.restore(json.loads(json.dumps(checker.snapshot(), allow_nan=False)))
    assert again.snapshot() == checker.snapshot()
    assert again.quote(12, 500.0, 501.0) is Finding.REPEAT


def test_every_finding_has_words() -> None:
    assert set(SPOKEN) == set(Finding)


def test_the_candle_cache_of_fx32(shared_data: Path) -> None:
    """The recording's own README: 2,400 rows, 337 unique stamps, 19 out of order."""
    checker = StreamChecker(Limits(has_unique_stamps=True))
    found = []
    with (shared_data / "fx_usdjpy/defective_candle_cache_2025-10-31/M5.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            stamp = datetime.fromisoformat(row["timestamp"])
            ts = round(stamp.replace(tzinfo=stamp.tzinfo or UTC).timestamp()) * SECOND
            found.append(checker.bar(ts, *(float(row[name]) for name in ("open", "high", "low", "close"))))
    assert len(found) == 2400
    assert found.count(Finding.SOUND) <= 337
    assert sum(finding.is_defect for finding in found) >= 19
    assert sum(checker.counts) == 2400 - found.count(Finding.SOUND)


def test_real_minutes_have_no_defect(shared_data: Path) -> None:
    checker = StreamChecker(Limits(has_unique_stamps=True))
    with (shared_data / "fx_usdjpy/oanda_usdjpy_m1_mid_2026-01-06_2026-02-24.csv").open(newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            ts = round(datetime.fromisoformat(row["time"]).timestamp()) * SECOND
            checker.bar(ts, *(float(row[name]) for name in ("open", "high", "low", "close")))
            if place == 5000:
                break
    assert sum(checker.counts) == 0
