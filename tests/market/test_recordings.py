"""Real recordings through checker, builder and features: what others built from the same ticks is the oracle."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.market.bar_builder import Bar, BarBuilder
from ruleengine.market.features import Feature, FeatureSet, Value
from ruleengine.market.interval import FX, Timeframe, exchange
from ruleengine.market.series_store import Series, SeriesKey
from ruleengine.market.sessions import FX_WEEK, KRX, Sessions
from ruleengine.market.soundness import Finding, Limits, StreamChecker
from ruleengine.model.unknown import Unknown

pytestmark = pytest.mark.data

MILLISECOND = 1_000_000
MINUTE = 60_000 * MILLISECOND


def _rows(archive: Path) -> list[list[str]]:
    with zipfile.ZipFile(archive) as zipped, zipped.open(zipped.namelist()[0]) as file:
        return list(csv.reader(io.TextIOWrapper(file)))


@pytest.mark.parametrize("day", ["20140501", "20140502", "20140504"])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_minutes_built_from_oanda_ticks_are_the_recorded_ones(shared_data: Path, day: str, side: str) -> None:
    """Ticks and minutes of NZD/USD were published side by side: every minute agrees in all four prices."""
    folder = shared_data / "fx_other/lean_oanda_2014-05"
    midnight = round(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC).timestamp() * 1000)
    ticks = _rows(folder / f"tick/nzdusd/{day}_quote.zip")
    minutes = _rows(folder / f"minute/nzdusd/{day}_quote.zip")
    price_at, bar_at = (1, 1) if side == "bid" else (2, 6)

    builder = BarBuilder([Timeframe("m1", FX)], Sessions(FX_WEEK))
    builder.watch_from(midnight * MILLISECOND)
    built: list[Bar] = []
    for row in ticks:
        built += builder.quote((midnight + int(row[0])) * MILLISECOND, float(row[price_at]))
    built += builder.close_due((midnight + 86_400_000) * MILLISECOND)

    assert builder.late == 0
    assert [(bar.opened_ns // MILLISECOND - midnight, *bar[3:7]) for bar in built] == [
        (int(row[0]), *map(float, row[bar_at : bar_at + 4])) for row in minutes
    ]


def test_volumes_of_korean_minutes_are_increments_of_the_days_total(shared_data: Path) -> None:
    """Samsung, 2025-09-30: the sum over the regular session's bars is last total − first total (PY-06)."""
    text = (shared_data / "kr_stocks/kis_ws_minute_snapshots/market_events_2025-09-30.json").read_text(encoding="utf-8")
    builder = BarBuilder([Timeframe("m1", exchange("Asia/Seoul", time(9)))], Sessions(KRX))
    built: list[Bar] = []
    totals: list[float] = []
    for stamp, codes in sorted(json.loads(text).items()):
        snapshot = codes.get("005930")
        if snapshot is None:
            continue
        local = datetime.strptime(f"2025{stamp}", "%Y%m%d%H%M").replace(tzinfo=UTC) - timedelta(hours=9)
        ts = round(local.timestamp()) * 1000 * MILLISECOND
        totals.append(float(snapshot["acc_vol"]))
        built += builder.accumulated(ts, float(snapshot["price"]), totals[-1])
    due = builder.due_ns()
    assert due is not None
    built += builder.close_due(due)
    assert len(built) == len(totals) > 100
    assert math.isnan(built[0].volume)
    assert math.fsum(bar.volume for bar in built[1:]) == totals[-1] - totals[0]
    assert max(bar.volume for bar in built[1:]) < totals[-1] / 4


@pytest.mark.parametrize("marks", [True, False])
def test_the_candle_cache_that_gave_adx_100_gives_no_adx(shared_data: Path, marks: bool) -> None:
    """FX-32: no value is given with a defect in its window. Without the marks there would be values: the control."""
    lookback = FUNCTIONS["adx"].lookback
    assert lookback is not None
    adx = Feature("adx", "adx(m5, 2)", FUNCTIONS["adx"], "m5", "mid", None, (2,), lookback(2))
    features, series = FeatureSet([adx]), Series(SeriesKey("USD_JPY", "m5", "mid"), 480)
    checker = StreamChecker(Limits(has_unique_stamps=True))
    builder = BarBuilder([Timeframe("m5", FX)], Sessions(FX_WEEK))
    values: list[Value] = []
    with (shared_data / "fx_usdjpy/defective_candle_cache_2025-10-31/M5.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            stamp = datetime.fromisoformat(row["timestamp"])
            ts = round(stamp.replace(tzinfo=stamp.tzinfo or UTC).timestamp() * 1000) * MILLISECOND
            prices = (float(row["open"]), float(row["high"]), float(row["low"]), float(row["close"]))
            finding = checker.bar(ts, *prices)
            closed: tuple[Bar, ...] = ()
            if finding.is_defect:
                closed = builder.mark_defect(ts)
            elif finding is Finding.SOUND:
                closed = builder.smaller_bar(ts, ts + 5 * MINUTE, prices)
            for bar in closed:
                series.append(bar if marks else bar._replace(is_defective=False))
                values += [value for _, value in features.on_close(series)]
    assert len(values) > 2 * adx.lookback
    assert sum(checker.counts) > 2000
    assert any(not isinstance(value, Unknown) for value in values) is not marks
