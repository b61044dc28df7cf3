"""A price path that is a pure function of seed, name and time: any second of any year can be asked for, in any order.

From coarse to fine: each UTC midnight has a level, near the base price, made of waves of 1 to 128 days. Within a day
1440 minutes walk from one level to the next (a random walk, bent to arrive). Within a minute 240 steps of 250 ms walk
from its open to its close, stay inside its high and low, and touch both. So bars of every length are made of the same
steps, and those of the stream.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

STEP_NS = 250_000_000
MINUTE_NS = 60_000_000_000
DAY_NS = 1440 * MINUTE_NS
STEPS = MINUTE_NS // STEP_NS

_MINUTES = 1440
_WAVES = 8
_WICK = 0.6
"""Of a minute's typical move: how far at most its high and low lie beyond open and close."""
_BUSIEST = 8

Floats = NDArray[np.float64]


class Day(NamedTuple):
    """A UTC day's minutes; `activity`: 1 (quiet) to 8, what the minute's trading is in proportion to."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    activity: NDArray[np.int64]


class Span(NamedTuple):
    """What a stretch of the path came to; `activity`: steps, each times the activity of its minute."""

    open: float
    high: float
    low: float
    close: float
    steps: int
    activity: int


class Walk:
    """The path of one name. `base`: price it stays around; `daily_move`: typical move of a day as a ratio."""

    def __init__(self, seed: int, name: str, base: float, daily_move: float) -> None:
        self._entropy = (seed & 0xFFFFFFFF, crc32(name.encode()))
        self._base, self._move = base, daily_move
        self.day = lru_cache(maxsize=512)(self._day)
        self.minute = lru_cache(maxsize=512)(self._minute)
        self.span = lru_cache(maxsize=4096)(self._span)
        self._noise = lru_cache(maxsize=4096)(self._drawn)

    def at(self, ts_ns: int) -> float:
        """The price at an instant."""
        return float(self.minute(ts_ns // MINUTE_NS)[ts_ns % MINUTE_NS // STEP_NS])

    def activity(self, ts_ns: int) -> int:
        return int(self.day(ts_ns // DAY_NS).activity[ts_ns % DAY_NS // MINUTE_NS])

    def _span(self, begin_ns: int, end_ns: int) -> Span | None:
        """The steps of [begin, end), both on the grid of steps; None where there are none. (A day whose prices were set
        many times is made of as many stretches, most of them over.)"""
        pieces = []
        while begin_ns < end_ns:
            if begin_ns % MINUTE_NS or end_ns - begin_ns < MINUTE_NS:
                piece_end = min(end_ns, (begin_ns // MINUTE_NS + 1) * MINUTE_NS)
                pieces.append(self._steps(begin_ns, piece_end))
            else:
                piece_end = min(end_ns // MINUTE_NS * MINUTE_NS, (begin_ns // DAY_NS + 1) * DAY_NS)
                pieces.append(self._minutes(begin_ns, piece_end))
            begin_ns = piece_end
        if not pieces:
            return None
        return Span(
            pieces[0].open,
            max(piece.high for piece in pieces),
            min(piece.low for piece in pieces),
            pieces[-1].close,
            sum(piece.steps for piece in pieces),
            sum(piece.activity for piece in pieces),
        )

    def _steps(self, begin_ns: int, end_ns: int) -> Span:
        """Within one minute."""
        first, count = begin_ns % MINUTE_NS // STEP_NS, (end_ns - begin_ns) // STEP_NS
        path = self.minute(begin_ns // MINUTE_NS)[first : first + count]
        activity = int(count) * self.activity(begin_ns)
        return Span(float(path[0]), float(path.max()), float(path.min()), float(path[-1]), int(count), activity)

    def _minutes(self, begin_ns: int, end_ns: int) -> Span:
        """Whole minutes within one day."""
        day = self.day(begin_ns // DAY_NS)
        first = begin_ns % DAY_NS // MINUTE_NS
        last = first + (end_ns - begin_ns) // MINUTE_NS
        return Span(
            float(day.open[first]),
            float(day.high[first:last].max()),
            float(day.low[first:last].min()),
            float(day.close[last - 1]),
            (last - first) * STEPS,
            int(day.activity[first:last].sum()) * STEPS,
        )

    def _level(self, day: int) -> float:
        """The price at a UTC midnight."""
        total = 0.0
        for wave in range(_WAVES):
            length = 1 << wave
            index, rest = divmod(day, length)
            left, right = self._noise(wave, index), self._noise(wave, index + 1)
            total += math.sqrt(length) * (left + (right - left) * rest / length)
        return self._base * math.exp(self._move * total)

    def _drawn(self, wave: int, index: int) -> float:
        """Uniform in −1 … 1."""
        return 2.0 * float(self._rng(1, wave, index).random()) - 1.0

    def _day(self, number: int) -> Day:
        rng = self._rng(2, number, 0)
        begin, end = self._level(number), self._level(number + 1)
        walk = np.cumsum(rng.random(_MINUTES) - 0.5)
        done = np.arange(1, _MINUTES + 1) / _MINUTES
        # a sum of n such steps has the deviation √(n / 12)
        scale = self._base * self._move / math.sqrt(_MINUTES / 12)
        close = begin + (end - begin) * done + (walk - walk[-1] * done) * scale
        close[-1] = end
        opens = np.concatenate(((begin,), close[:-1]))
        wick = _WICK * self._base * self._move / math.sqrt(_MINUTES)
        high = np.maximum(opens, close) + wick * rng.random(_MINUTES)
        low = np.minimum(opens, close) - wick * rng.random(_MINUTES)
        return Day(opens, high, low, close, rng.integers(1, _BUSIEST, size=_MINUTES, endpoint=True))

    def _minute(self, number: int) -> Floats:
        day = self.day(number // _MINUTES)
        at = number % _MINUTES
        begin, end, high, low = day.open[at], day.close[at], day.high[at], day.low[at]
        walk = np.cumsum(self._rng(3, number, 0).random(STEPS) - 0.5)
        done = np.arange(STEPS) / (STEPS - 1)
        bent = walk - walk[0] - (walk[-1] - walk[0]) * done
        rough = begin + (end - begin) * done + bent * (high - low) / math.sqrt(STEPS / 12)
        inside = rough[1:-1]
        top, bottom = int(inside.argmax()), int(inside.argmin())
        path: Floats = np.clip(rough, low, high)
        path[1 + top], path[1 + bottom] = high, low
        path[0], path[-1] = begin, end
        return path

    def _rng(self, *key: int) -> np.random.Generator:
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence((*self._entropy, *key))))
