"""A run that begins in the middle of a recording knows what the recording tells of the time before."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ruleengine.cli.dry_run import source_of
from ruleengine.cli.engines import machine_of
from ruleengine.cli.history import first_event_ns, warmed
from ruleengine.cli.recorded import Recorded, opened
from ruleengine.model.event import Signal
from ruleengine.model.side import Side
from ruleengine.recordings import import_recording
from ruleengine.runtime.driving.drive import Driver
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
  quote_age_max: 30s
entries:
  - {id: above, source: market, side: long, strategy: TrendMA, size: 1_000units, max_open: 2,
     when: "m1.close > sma(m1.close, 30) and spread <= 2 * avg_over(spread, 60s)"}
"""
ACCOUNT = """
apiVersion: ruleengine/v1
kind: Account
name: warm
currency: JPY
balance: 1_000_000JPY
mode: hedging
trades:
  - {instrument: USD_JPY, side: long, units: 3_000units, price: 157, age: 2h, strategy: TrendMA, client_id: re-1}
instruments: {USD_JPY: {margin_rate: 4%}}
venue: {name: paper}
"""


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


FRIDAY = (ns("2026-01-09T20:50"), ns("2026-01-09T21:59"))
SUNDAY = (ns("2026-01-11T22:06"), ns("2026-01-12T02:00"))
"""Last and first hours of an FX week; between them lie two days of which nothing is told."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("warm")
    draw, price = random.Random(5), 157.0
    with (folder / "quotes.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("ts_event_ns", "bid", "ask", "bid_size", "ask_size"))
        for begin, end in (FRIDAY, SUNDAY):
            ts = begin
            while ts < end:
                price = round(price + draw.choice((-0.01, -0.003, 0.003, 0.01)), 3)
                rows.writerow((ts, f"{price:.3f}", f"{price + draw.choice((0.004, 0.012)):.3f}", 1000, 1000))
                ts += draw.choice((1, 4, 9, 17)) * SECOND
    import_recording(
        "quotes-decoded", [folder / "quotes.csv"], folder / "recording", instrument="USD_JPY", venue="test"
    )
    return opened([folder / "recording"])


def decided(recording: Recorded, folder: Path, begin: int | None, *, is_warm: bool = True) -> Kept:
    session, kept = session_in(folder, POLICY, ACCOUNT), Kept()
    first_ns = first_event_ns(recording, begin, ["USD_JPY"], ())
    made = warmed(lambda: engine(session, kept), recording, first_ns, ["USD_JPY"]) if is_warm else engine(session, kept)
    driver = Driver(made, machine_of(session, first_ns))
    driver.start(first_ns)
    driver.run(source_of(session, recording, begin, None, ()))
    return kept


def changes(kept: Kept, after: int) -> list[tuple[int, str, str, str]]:
    found = [line[1] for line in kept.only("change")]
    return [
        (each["ts"], each["now"], each["unknown"], json.dumps(each["values"])) for each in found if each["ts"] > after
    ]


BEGINS = [FRIDAY[0] + 31 * 60 * SECOND, SUNDAY[0] + 4 * 60 * SECOND + 3]
"""The second begins four minutes after the weekend: most of the thirty bars lie on the Friday."""


@pytest.mark.parametrize("begin", BEGINS)
def test_it_decides_as_if_it_had_watched_all_along(recording: Recorded, tmp_path: Path, begin: int) -> None:
    after = first_event_ns(recording, begin, ["USD_JPY"], ())  # what stood before is told anew at its first event
    whole, warm, cold = (
        changes(kept, after)
        for kept in (
            decided(recording, tmp_path, None),
            decided(recording, tmp_path, begin),
            decided(recording, tmp_path, begin, is_warm=False),
        )
    )
    assert len(whole) > 10
    assert warm == whole
    assert cold != whole


@pytest.mark.parametrize("begin", [*BEGINS, FRIDAY[1] + SECOND, FRIDAY[1] + 86_400 * SECOND])
def test_nothing_happens_before_its_first_event(recording: Recorded, tmp_path: Path, begin: int) -> None:
    """Also where it begins in the middle of the weekend: there is no account yet that a timer could act for."""
    kept = decided(recording, tmp_path, begin)
    first = first_event_ns(recording, begin, ["USD_JPY"], ())
    assert begin <= first == kept.events[0].ts
    assert kept.events[0].kind in ("quote", "timer")
    assert min(each.ts for each in [*kept.events, *kept.decisions]) == first


def test_a_signal_may_be_the_first_event(recording: Recorded) -> None:
    sent = Signal(FRIDAY[1] + 5 * SECOND, FRIDAY[1], "s1", "USD_JPY", "TrendMA", Side.LONG)
    assert first_event_ns(recording, FRIDAY[1] + SECOND, ["USD_JPY"], (sent,)) == sent.ts
    assert first_event_ns(recording, FRIDAY[1] + 6 * SECOND, ["USD_JPY"], (sent,)) == SUNDAY[0]
