"""What the FX policy's README says of the operator's attempts, counted again from the raw files without the engine."""

from __future__ import annotations

import csv
import gzip
import json
from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from tests.architecture.sources import ROOT

pytestmark = pytest.mark.data

README = ROOT / "policies/fx_hedge/README.md"
NARROW = {"M1Scalper": 1.2, "BBRSIlong": 1.6, "BBRSIshor": 1.6, "NewsSpike": 1.6}
"""Widest spreads in pips that the policy's table `freshness` allows (FX-28), by the log's cut tags; others: 2.5."""


class Attempt(NamedTuple):
    """An opening attempt and the last quote at a fill before it: its age, and its spread in pips."""

    at: datetime
    tag: str
    quote_age: timedelta
    spread: float


def instant(text: str) -> datetime:
    """An ISO stamp in UTC, to the microsecond: the log's have up to nine digits, with `Z` or `+00:00`."""
    whole, _, rest = text.removesuffix("Z").removesuffix("+00:00").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC, microsecond=int(rest[:6].ljust(6, "0") or 0))


@pytest.fixture(scope="module")
def log(shared_data: Path) -> list[dict[str, Any]]:
    name = shared_data / "operator_logs/oanda_usdjpy_order_events_2025-10-22_10-31.jsonl.gz"
    with gzip.open(name, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if row["status"] == "submit_attempt"]


@pytest.fixture(scope="module")
def attempts(log: list[dict[str, Any]], shared_data: Path) -> list[Attempt]:
    with (shared_data / "operator_logs/oanda_usdjpy_fill_quotes_derived.csv").open(encoding="utf-8") as lines:
        quotes = sorted(
            (instant(row["quote_time"]), float(row["bid"]), float(row["ask"])) for row in csv.DictReader(lines)
        )
    times = [at for at, _, _ in quotes]
    found = []
    for row in log:
        if row["attempt"] == 1 and "REDUCE_ONLY" not in json.dumps(row["request_json"]):
            at = instant(row["ts"])
            quoted, bid, ask = quotes[bisect_right(times, at) - 1]
            tag = row["client_order_id"].rsplit("-", 1)[1]
            found.append(Attempt(at, tag, at - quoted, round((ask - bid) * 100, 6)))
    return found


def is_in_hours(at: datetime) -> bool:
    """FX-24: from 07:30 to 05:30 in Tokyo, begun on a weekday, and not from 08:28 to 08:33 on a weekday in New York."""
    tokyo, york = at.astimezone(ZoneInfo("Asia/Tokyo")), at.astimezone(ZoneInfo("America/New_York"))
    is_late = tokyo.hour * 60 + tokyo.minute >= 7 * 60 + 30
    is_early = tokyo.hour * 60 + tokyo.minute < 5 * 60 + 30
    begun = tokyo if is_late else tokyo - timedelta(days=1)
    is_news = york.weekday() < 5 and 8 * 60 + 28 <= york.hour * 60 + york.minute < 8 * 60 + 33
    return (is_late or is_early) and begun.weekday() < 5 and not is_news


def test_which_attempts_are_entries(log: list[dict[str, Any]], attempts: list[Attempt]) -> None:
    again = sum(row["attempt"] > 1 for row in log)
    reducing = sum("REDUCE_ONLY" in json.dumps(row["request_json"]) for row in log)
    assert (len(log), again, reducing, len(attempts)) == (769, 2, 2, 765)
    assert "Of 769 attempts 765 are judged" in README.read_text(encoding="utf-8")


def test_ages_spreads_hours_and_tags(attempts: list[Attempt]) -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    old, gone = (sum(each.quote_age > timedelta(seconds=limit) for each in attempts) for limit in (5, 10))
    assert f"is older than 5 s for {old} attempts and older than 10 s for {gone}; where it is younger" in text
    known = [each for each in attempts if each.quote_age <= timedelta(seconds=10)]
    wide = sum(each.spread > NARROW.get(each.tag, 2.5) for each in known)
    assert f"{wide} spreads are wider than their strategy's limit" in text
    outside = sum(not is_in_hours(each.at) for each in attempts)
    assert f"{outside} attempts lie outside of the allowed hours" in text
    tags = Counter(each.tag for each in attempts)
    up, down = tags["TrendMAbu"], tags["TrendMAbe"]
    assert f"{up + down} attempts carry `TrendMAbu` ({up}) or `TrendMAbe` ({down})" in text


def test_the_gates_that_read_them_alone_agree(attempts: list[Attempt]) -> None:
    """The report's lines in the README: what it refused is what is counted here; one quote too old was a hedge's."""
    lines = [line.split() for line in README.read_text(encoding="utf-8").partition("own attempts")[2].splitlines()]
    gates = {line[0]: line[2:6] for line in lines if len(line) >= 6 and line[1] in ("guards", "sizing")}
    old = sum(each.quote_age > timedelta(seconds=5) for each in attempts)
    gone = sum(each.quote_age > timedelta(seconds=10) for each in attempts)
    known = [each for each in attempts if each.quote_age <= timedelta(seconds=10)]
    wide = sum(each.spread > NARROW.get(each.tag, 2.5) for each in known)
    outside = sum(not is_in_hours(each.at) for each in attempts)
    assert gates["fresh-quote"] == ["768", str(768 - old - 1), str(old + 1), "0"]
    assert gates["spread"] == ["768", str(768 - wide - gone), str(wide), str(gone)]
    assert gates["hours"] == ["765", str(765 - outside), str(outside), "0"]
    assert all(later.at >= earlier.at for earlier, later in pairwise(attempts))
