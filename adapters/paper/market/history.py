"""The simulated market's past: minute bars that end where its quotes begin, so that features are warm from the start.

A walk of minutes with the instrument's own volatility, in stretches with and without drift, drawn backwards from the
price at which the simulation starts. As in `process`, only +, −, ×, ÷, √ and `random.Random.random()` are used.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import sqrt

from adapters.paper.market.profile import Behaviour
from adapters.paper.sessions import Calendar
from ruleengine.model.event import BarEvent
from ruleengine.model.instrument import Instrument

MINUTE = 60_000_000_000
_MINUTES_A_DAY = 1_440.0
_STEPS = 4
"""Moves within a minute; its high and low come from them."""
_SQRT3 = 1.7320508075688772


def minute_bars(
    spec: Instrument, behaviour: Behaviour, calendar: Calendar, seed: str, begin_ns: int, end_ns: int
) -> Iterator[BarEvent]:
    """Bars of bid and ask that close after `begin_ns` and up to `end_ns`, while the market is open; of trades where the
    market prints them, since its timeframes are built of those.

    The same `end_ns` and seed give the same bars however far back they begin."""
    closes = range(end_ns // MINUTE * MINUTE, begin_ns, -MINUTE)
    minutes = [close for close in closes if calendar.is_open(close - MINUTE)]
    prints = behaviour.prints_per_quote > 0
    half = behaviour.spread_ticks * float(spec.tick) / 2
    digits = max(0, -int(spec.tick.as_tuple().exponent))
    made: list[BarEvent] = []
    # newest first: each minute is drawn backwards from the open of the one after it
    for close_ns, (opened, high, low, close, volume) in zip(minutes, _backwards(behaviour, seed), strict=False):
        if prints:
            values = (round(opened, digits), round(high, digits), round(low, digits), round(close, digits))
            made.append(BarEvent(close_ns, close_ns, spec.name, MINUTE, "last", *values, volume))
            continue
        bid = (round(opened - half, digits), round(high - half, digits), round(low - half, digits))
        bar = BarEvent(close_ns, close_ns, spec.name, MINUTE, "bid", *bid, round(close - half, digits), volume)
        bar.ask_ohlc = (
            round(opened + half, digits),
            round(high + half, digits),
            round(low + half, digits),
            round(close + half, digits),
        )
        made.append(bar)
    yield from reversed(made)


def _backwards(behaviour: Behaviour, seed: str) -> Iterator[tuple[float, float, float, float, float]]:
    """Open, high, low, close and volume of one minute after the other, from the newest back, without end."""
    unit = random.Random(seed).random  # noqa: S311  # a market, not a secret
    sigma = behaviour.volatility_day / sqrt(_MINUTES_A_DAY * _STEPS)
    volume = behaviour.size * behaviour.quotes_per_s * max(behaviour.prints_per_quote, 0.1) * 10
    price, drift, left = behaviour.price, 0.0, 0.0
    while True:
        left -= 60.0
        if left <= 0:
            left = behaviour.regime_s * (0.5 + unit())
            drift = (0.0, behaviour.trend * 4, -behaviour.trend * 4)[int(unit() * 3)]
        close = high = low = price
        for _ in range(_STEPS):
            normal = (unit() + unit() + unit() + unit() - 2.0) * _SQRT3
            price /= 1.0 + sigma * (normal + drift)
            high, low = max(high, price), min(low, price)
        yield price, high, low, close, float(int(volume * (0.4 + 1.2 * unit())) or 1)
