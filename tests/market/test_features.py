"""Values at bar close: warm-up to the bar, defects, and one value however it was come by."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.market.bar_builder import Bar, BarBuilder
from ruleengine.market.features import Feature, FeatureSet, Value
from ruleengine.market.interval import FX, Timeframe
from ruleengine.market.series_store import Series, SeriesKey, SeriesStore
from ruleengine.market.sessions import FX_WEEK, Sessions
from ruleengine.model.unknown import Reason, Unknown

SECOND = 1_000_000_000
MINUTE = 60 * SECOND


def feature(label: str, name: str, *constants: float, column: str | None = None, timeframe: str = "m1") -> Feature:
    function = FUNCTIONS[name]
    assert function.lookback is not None
    return Feature(label, label, function, timeframe, "mid", column, constants, function.lookback(*constants))


def bar(place: int, close: float, *, volume: float = 1.0, is_defective: bool = False, session: int = 0) -> Bar:
    opened = place * MINUTE
    return Bar("m1", opened, opened + MINUTE, close, close + 0.5, close - 0.5, close, volume, session, is_defective)


def series(capacity: int) -> Series:
    return Series(SeriesKey("USD_JPY", "m1", "mid"), capacity)


def one_value(features: FeatureSet, held: Series) -> Value:
    ((_, value),) = features.on_close(held)
    return value


def test_below_at_and_above_the_look_back() -> None:
    """sma(3) of 2, 4, 9, 5: unknown, unknown, 5, 6."""
    features, held, seen = FeatureSet([feature("mean", "sma", 3, column="close")]), series(3), []
    for place, close in enumerate((2.0, 4.0, 9.0, 5.0)):
        held.append(bar(place, close))
        seen.append(one_value(features, held))
    assert isinstance(seen[0], Unknown)
    assert str(seen[0]) == "unknown: mean not warm (needs 2 bars more)"
    assert str(seen[1]) == "unknown: mean not warm (needs 1 bar more)"
    assert seen[2:] == [5.0, 6.0]


def test_before_the_first_bar() -> None:
    held = series(480)
    assert str(one_value(FeatureSet([feature("mean", "sma", 3, column="close")]), held)).endswith("(needs 3 bars more)")
    value = one_value(FeatureSet([feature("vwap", "vwap", 480)]), held)
    assert str(value) == "unknown: vwap not warm (needs 1 bar more)"


def test_a_feature_is_unknown_while_a_defect_lies_in_its_window() -> None:
    features, held, seen = FeatureSet([feature("mean", "sma", 3, column="close")]), series(3), []
    for place in range(8):
        held.append(bar(place, 1.0, is_defective=place == 3))
        seen.append(one_value(features, held))
    reasons = [value.reason if isinstance(value, Unknown) else value for value in seen]
    assert reasons == [Reason.NOT_WARM] * 2 + [1.0] + [Reason.SERIES_DEFECT] * 3 + [1.0] * 2
    assert str(seen[4]) == "unknown: mean series defect (clear after 2 bars more)"


def test_a_defect_before_the_sessions_start_does_not_hide_its_vwap() -> None:
    features, held = FeatureSet([feature("vwap", "vwap", 100)]), series(100)
    for place in range(4):
        held.append(bar(place, 10.0, is_defective=place == 1))
    assert isinstance(value := one_value(features, held), Unknown)
    assert value.reason == Reason.SERIES_DEFECT
    held.append(bar(5, 20.0, session=5 * MINUTE))
    assert one_value(features, held) == pytest.approx(20.0, rel=1e-15)


def test_a_column_without_volume() -> None:
    features, held = FeatureSet([feature("usual", "sma", 2, column="volume")]), series(2)
    for place in range(2):
        held.append(bar(place, 1.0, volume=math.nan))
    assert str(one_value(features, held)) == "unknown: usual missing (bars without volume)"


def test_values_of_earlier_bars_and_plain_columns() -> None:
    """Closes 2, 4, 9, 5, 7: the mean of three one bar ago is 6, the close two bars ago 9."""
    mean = feature("mean", "sma", 3, column="close")
    plain = Feature("close", "m1.close[2]", None, "m1", "mid", "close", (), 1, back=2)
    features, held, seen = FeatureSet([replace(mean, back=1), plain]), series(4), []
    assert features.capacities() == {("m1", "mid"): 4}
    for place, close in enumerate((2.0, 4.0, 9.0, 5.0, 7.0)):
        held.append(bar(place, close))
        seen.append([value for _, value in features.on_close(held)])
    assert isinstance(seen[2][0], Unknown)
    assert isinstance(seen[1][1], Unknown)
    assert [row[0] for row in seen[3:]] == [5.0, 6.0]
    assert [row[1] for row in seen[2:]] == [2.0, 4.0, 9.0]


def test_a_policy_may_wait_longer_than_a_function_needs() -> None:
    waiting = replace(feature("mean", "sma", 2, column="close"), warm_after=4)
    features, held, seen = FeatureSet([waiting]), series(4), []
    for place in range(5):
        held.append(bar(place, float(place)))
        seen.append(one_value(features, held))
    assert all(isinstance(value, Unknown) for value in seen[:3])
    assert seen[3:] == [2.5, 3.5]


def test_a_session_figure_of_earlier_bars() -> None:
    features, held = FeatureSet([replace(feature("high", "session_high", 10), back=2)]), series(12)
    held.append(bar(0, 0.0))
    assert str(one_value(features, held)) == "unknown: high not warm (needs 2 bars more)"
    for place in range(1, 4):
        held.append(bar(place, float(place)))
    assert one_value(features, held) == 1.5  # bars 0 and 1: the high of bar 1


def test_windows_through_many_turns_of_the_ring() -> None:
    held = series(5)
    for place in range(57):
        held.append(bar(place, float(place)))
        for n in range(1, min(place + 1, 5) + 1):
            window = held.window(n)
            assert not isinstance(window, Unknown)
            assert window.close.tolist() == [float(value) for value in range(place - n + 1, place + 1)]
            assert window.opened_at.tolist() == [value * MINUTE for value in range(place - n + 1, place + 1)]
            assert window.close.flags.c_contiguous
            assert window.close.base is not None  # a view
    assert len(held) == 5
    with pytest.raises(ValueError, match="look-back was not declared"):
        held.window(6)


def test_snapshots_go_on_to_the_bit_and_a_longer_look_back_waits_for_its_bars() -> None:
    key = SeriesKey("USD_JPY", "m1", "mid")
    store = SeriesStore({key: 4})
    for place in range(9):
        store[key].append(bar(place, place / 7, volume=math.nan, is_defective=place == 3))
    state = json.loads(json.dumps(store.snapshot(), allow_nan=False))
    same, longer = SeriesStore({key: 4}), SeriesStore({key: 6, SeriesKey("EUR_USD", "m1", "mid"): 3})
    same.restore(state)
    longer.restore(state)
    assert same.snapshot() == store.snapshot()
    for other in (store, same, longer):
        other[key].append(bar(9, 9 / 7))
    assert same.snapshot() == store.snapshot()
    assert isinstance(longer[key].window(6), Unknown)
    window = longer[key].window(5)
    assert not isinstance(window, Unknown)
    assert window.close.tolist() == [place / 7 for place in range(5, 10)]


# --- one value, however it was come by (OPS-06) ----------------------------------------------------------------------

FEATURES = [
    feature("sma", "sma", 20, column="close"),
    feature("ema", "ema", 12, column="close"),
    feature("rsi", "rsi", 14),
    feature("atr", "atr", 14),
    feature("adx", "adx", 7),
    feature("macd", "macd_histogram", 3, 10, 4),
    feature("stoch", "stoch_k", 14, 3),
    feature("upper", "bollinger_upper", 20, 2.0),
    feature("chop", "choppiness", 14),
    feature("level", "fib_level", 24, 0.236, 0.05, 0.95, column="close"),
    feature("swing", "swing_high", 2, 2, 60),
    feature("rsi5", "rsi", 2, timeframe="m5"),
    feature("range5", "range", 2, timeframe="m5"),
]


def _real_bars(folder: Path, count: int) -> list[tuple[int, tuple[float, float, float, float]]]:
    with (folder / "fx_usdjpy/oanda_usdjpy_m1_mid_2026-01-06_2026-02-24.csv").open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(count), strict=False)]
    return [
        (round(datetime.fromisoformat(row["time"]).timestamp()) * SECOND,
         (float(row["open"]), float(row["high"]), float(row["low"]), float(row["close"])))
        for row in rows
    ]  # fmt: skip


class Run:
    """Builder, store and features of one instrument: what the runtime holds."""

    def __init__(self) -> None:
        self.features = FeatureSet(FEATURES)
        self.builder = BarBuilder([Timeframe("m1", FX), Timeframe("m5", FX)], Sessions(FX_WEEK))
        capacities = self.features.capacities().items()
        self.store = SeriesStore({SeriesKey("USD_JPY", frame, side): count for (frame, side), count in capacities})
        self.values: list[tuple[int, str, str]] = []

    def feed(self, bars: list[tuple[int, tuple[float, float, float, float]]]) -> Run:
        for opened, values in bars:
            for closed in self.builder.smaller_bar(opened, opened + MINUTE, values):
                held = self.store[SeriesKey("USD_JPY", closed.timeframe, "mid")]
                held.append(closed)
                news = self.features.on_close(held)
                self.values += [(closed.closed_ns, slot, repr(value)) for slot, value in news]
        return self


def test_growing_prefix_restart_and_a_warm_start_from_longer_history_agree_to_the_bit(shared_data: Path) -> None:
    bars = _real_bars(shared_data, 1500)
    whole = Run().feed(bars)
    known = [value for value in whole.values if "Unknown" not in value[2]]
    assert len(known) > 10_000
    for cut in (333, 801):
        prefix = Run().feed(bars[:cut])
        assert prefix.values == whole.values[: len(prefix.values)]

        restarted = Run()
        restarted.builder.restore(json.loads(json.dumps(prefix.builder.snapshot())))
        restarted.store.restore(json.loads(json.dumps(prefix.store.snapshot())))
        assert prefix.values + restarted.feed(bars[cut:]).values == whole.values

    late = {(at, slot): value for at, slot, value in Run().feed(bars[601:]).values}
    longer = {(at, slot): value for at, slot, value in whole.values}
    compared = 0
    for place, value in late.items():
        if "Unknown" not in value:
            assert longer[place] == value, place
            compared += 1
    assert compared > 5000


def test_a_later_bar_changes_no_earlier_value(shared_data: Path) -> None:
    """Look-ahead would show here: all bars after the cut are replaced by absurd ones."""
    bars = _real_bars(shared_data, 700)
    changed = bars[:500] + [(opened, (1.0, 2.0, 0.5, 1.5)) for opened, _ in bars[500:]]
    cut = bars[499][0] + MINUTE
    first, second = Run().feed(bars).values, Run().feed(changed).values
    assert [value for value in first if value[0] <= cut] == [value for value in second if value[0] <= cut]
    assert first != second
