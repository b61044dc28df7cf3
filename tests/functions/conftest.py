"""Bars for the indicator tests: a seeded random walk, a real recording, and windows cut out of either."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ruleengine.functions.base import BarWindow

MINUTE = 60_000_000_000
WindowOf = Callable[[BarWindow, int, int], BarWindow]


def _bars(open_: np.ndarray, high: np.ndarray, low: np.ndarray, close: np.ndarray, volume: np.ndarray) -> BarWindow:
    opened = np.arange(len(close), dtype=np.int64) * MINUTE
    sessions = opened // (480 * MINUTE) * (480 * MINUTE)
    return BarWindow(open_, high, low, close, volume, opened, opened + MINUTE, sessions)


@pytest.fixture(scope="session")
def walk() -> BarWindow:
    """4,000 bars on a grid of 0.001 near 150, with volatility that changes by a factor of four."""
    rng = np.random.default_rng(20260106)
    steps = rng.normal(0.0, 1.0, (4000, 4)) * (0.01 + 0.03 * (np.arange(4000) // 500 % 2))[:, None]
    path = np.round(150.0 + np.cumsum(steps).reshape(4000, 4), 3)
    volume = np.round(rng.lognormal(4.0, 1.0, 4000))
    return _bars(path[:, 0].copy(), path.max(axis=1), path.min(axis=1), path[:, 3].copy(), volume)


@pytest.fixture(scope="session")
def real(shared_data: Path) -> BarWindow:
    """The first 6,000 OANDA minutes of the recording; it has no volume, so a made one stands in."""
    name = "fx_usdjpy/oanda_usdjpy_m1_mid_2026-01-06_2026-02-24.csv"
    with (shared_data / name).open(newline="") as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(6000), strict=False)]
    columns = [np.array([float(row[key]) for row in rows]) for key in ("open", "high", "low", "close")]
    open_, high, low, close = columns
    return _bars(open_, high, low, close, np.arange(1.0, len(rows) + 1.0) % 97)


@pytest.fixture(scope="session", params=["walk", "real"])
def history(request: pytest.FixtureRequest) -> BarWindow:
    bars: BarWindow = request.getfixturevalue(request.param)
    return bars


@pytest.fixture(scope="session")
def cut() -> WindowOf:
    """The n bars of a history that end with bar `end`, as copies: nothing outside them can leak in."""

    def cut_out(bars: BarWindow, end: int, n: int) -> BarWindow:
        return BarWindow(*(column[end - n + 1 : end + 1].copy() for column in bars))  # type: ignore[arg-type]  # alike

    return cut_out
