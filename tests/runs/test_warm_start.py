"""A run that begins in the middle of a recording knows what the recording tells of the time before."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.cli.dry_run import opened, source_of
from ruleengine.cli.engines import machine_of
from ruleengine.cli.history import warmed
from ruleengine.recordings import Recording, import_recording
from ruleengine.runtime.drive import Driver
from tests.runs.whole import SECOND, Kept, engine, session_in

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: warm, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies: {TrendMA: {has_exits: false}}
limits:
  max_order_units: 60_000units
  max_position_units: 150_000units
  price_collar: 50bps
  orders_per_minute: 40
  repeated_execution: {orders: 400, within: 60s}
  refusals: {count: 3, within: 60s, pause: 60s}
  quote_age_max: 10s
entries:
  - {id: above, enforcement: shadow, source: market, side: long, strategy: TrendMA, size: 1_000units,
     when: "m1.close > sma(m1.close, 30) and spread <= 2 * avg_over(spread, 60s)"}
"""
ACCOUNT = """
apiVersion: ruleengine/v1
kind: Account
name: warm
currency: JPY
balance: 1_000_000JPY
mode: hedging
instruments: {USD_JPY: {margin_rate: 4%}}
venue: {name: paper}
"""


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


FRIDAY = (ns("2026-01-09T20:50"), ns("2026-01-09T21:59"))
SUNDAY = (ns("2026-01-11T22:06"), ns("2026-01-12T02:00"))
"""Last and first hours of an FX week; between them lie two days of which nothing is told."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("warm")
    draw, price = random.Random(5), 157.0
    with (folder / "quotes.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("ts_event_ns", "bid", "ask", "bid_size", "ask_size"))
        for begin, end in (FRIDAY, SUNDAY):
            for ts in range(begin, end, 4 * SECOND):
                price = round(price + draw.choice((-0.01, -0.003, 0.003, 0.01)), 3)
                rows.writerow((ts, f"{price:.3f}", f"{price + draw.choice((0.004, 0.012)):.3f}", 1000, 1000))
    import_recording(
        "quotes-decoded", [folder / "quotes.csv"], folder / "recording", instrument="USD_JPY", venue="test"
    )
    return opened([folder / "recording"])


def decided(
    recording: Recording, folder: Path, begin: int | None, *, is_warm: bool = True
) -> list[tuple[int, str, str, str]]:
    session, kept = session_in(folder, POLICY, ACCOUNT), Kept()
    made = warmed(lambda: engine(session, kept), recording, begin, ["USD_JPY"]) if is_warm else engine(session, kept)
    first_ns = recording.first_ns if begin is None else begin
    driver = Driver(made, machine_of(session, first_ns))
    driver.start(first_ns)
    driver.run(source_of(session, recording, begin, None, ()))
    changes = [line[1] for line in kept.only("change")]
    return [(each["ts"], each["now"], each["unknown"], json.dumps(each["values"])) for each in changes]


@pytest.mark.parametrize("begin", [FRIDAY[0] + 31 * 60 * SECOND, SUNDAY[0] + 4 * 60 * SECOND + 3])
def test_it_decides_as_if_it_had_watched_all_along(recording: Recording, tmp_path: Path, begin: int) -> None:
    """The second begins four minutes after the weekend: most of the thirty bars lie on the Friday."""
    after = begin + 4 * SECOND  # what stood before it began is told anew at its first event
    whole, warm, cold = (
        [each for each in found if each[0] > after]
        for found in (
            decided(recording, tmp_path, None),
            decided(recording, tmp_path, begin),
            decided(recording, tmp_path, begin, is_warm=False),
        )
    )
    assert len(whole) > 10
    assert warm == whole
    assert cold != whole
