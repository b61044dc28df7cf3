"""Signals of imagined strategies: Poisson in time, sides that lean with or against the recent move."""

from __future__ import annotations

import random

from adapters.paper.market.process import InstrumentMarket
from adapters.paper.market.profile import Strategy
from ruleengine.model.event import Signal
from ruleengine.model.side import Side

_NANOS = 1_000_000_000


class SignalSource:
    """One strategy; `next_ns` is when its next signal comes."""

    def __init__(self, strategy: Strategy, markets: dict[str, InstrumentMarket], seed: str, start_ns: int) -> None:
        self.strategy = strategy
        self._markets = [markets[name] for name in strategy.instruments if name in markets] or list(markets.values())
        self._unit = random.Random(seed).random  # noqa: S311  # a market, not a secret
        self._count = 0
        self.next_ns = start_ns
        self._schedule()

    def signal(self) -> Signal | None:
        """The signal of `next_ns`; None where its instrument is not trading."""
        ts = self.next_ns
        self._schedule()
        strategy, unit = self.strategy, self._unit
        market = self._markets[int(unit() * len(self._markets))]
        side = self._side(market)
        low, high = strategy.confidence
        confidence = round(low + (high - low) * unit(), 1)
        delay_ns = int(strategy.delay_ms * 1_000_000 * (0.3 + 1.4 * unit()))
        if market.next_ns - ts > 600 * _NANOS:
            return None
        self._count += 1
        price, tick = market.mid, market.tick
        return Signal(
            ts=ts,
            ts_event=ts - delay_ns,
            id=f"sim-{strategy.tag}-{self._count:06d}",
            instrument=market.spec.name,
            strategy=strategy.tag,
            side=side,
            size=strategy.size,
            confidence=confidence,
            pocket=strategy.pocket or None,
            regime=market.regime if strategy.states_regime else None,
            leverage=strategy.leverage,
            stop=_level(price, -side.sign * strategy.stop_ticks, tick, market),
            target=_level(price, side.sign * strategy.target_ticks, tick, market),
        )

    def _side(self, market: InstrumentMarket) -> Side:
        sides = self.strategy.sides
        draw = self._unit()
        if len(sides) == 1:
            return Side(sides[0])
        moving = Side.LONG if market.recent >= 0 else Side.SHORT
        return moving if draw < self.strategy.with_trend else moving.opposite

    def _schedule(self) -> None:
        """Gaps 3 × mean × u²: skewed like a Poisson stream's, with the stated mean, in exact arithmetic."""
        unit = self._unit()
        mean_ns = 3600 * _NANOS / self.strategy.per_h
        self.next_ns += 1 + int(3.0 * unit * unit * mean_ns)


def _level(price: float, ticks: float, tick: float, market: InstrumentMarket) -> float | None:
    """A price some ticks away, on the grid; None for no distance."""
    if not ticks:
        return None
    digits = max(0, -int(market.spec.tick.as_tuple().exponent))
    return round(int(price / tick + ticks + 0.5) * tick, digits)
