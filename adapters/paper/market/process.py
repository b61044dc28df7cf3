"""One instrument's simulated market: a price with regimes, clustering volatility, jumps and gaps, and its quotes.

Only +, −, ×, ÷, √ (exact by IEEE 754) and `random.Random.random()` are used, whose sequence Python guarantees for a
seed: the same seed gives the same prices on every version and machine. Normals are sums of four uniforms (excess
kurtosis −0.3; the fat tails come from clustering, spikes and jumps).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from math import sqrt

from adapters.paper.market.profile import Behaviour, Defects
from adapters.paper.sessions import Calendar
from ruleengine.model.event import Book, Funding, Quote, TradePrint
from ruleengine.model.instrument import Instrument
from ruleengine.model.ticks import band_at

_NANOS = 1_000_000_000
_DAY_S = 86_400
_MINUTE = 60 * _NANOS
_SQRT_DAY = 293.9387691339814  # √86,400
_SQRT3 = 1.7320508075688772
_VARIANCE_MAX = 9.0
_STEP_S_MAX = 5.0
_EIGHT_HOURS = 8 * 3600 * _NANOS
REGIMES = ("trending", "ranging", "choppy")


class InstrumentMarket:
    """A stream of one instrument's events; `next_ns` is when the next comes."""

    def __init__(
        self, spec: Instrument, behaviour: Behaviour, defects: Defects, calendar: Calendar, seed: str, start_ns: int
    ) -> None:
        self.spec = spec
        self.mid = behaviour.price
        self.regime = "ranging"
        self.direction = 1
        self.recent = 0.0
        self._behaviour = behaviour
        self._defects = defects
        self._has_defects = defects.is_any
        self._calendar = calendar
        self._random = random.Random(seed)  # noqa: S311  # a market, not a secret
        self._unit = self._random.random
        self._sigma = behaviour.volatility_day / _SQRT_DAY
        self._variance = 1.0
        self._shock = 0.0
        self._anchor = self.mid
        self._regime_left_s = behaviour.regime_s * self._unit()
        self._spike = 0.0
        self._count = 0
        self._frozen_until = 0
        self._tick, self._digits, self._tick_band = 0.0, 0, (0.0, 0.0)
        self._set_tick()
        self._stamped_ns = 0
        self._last: Quote | None = None
        self._at = start_ns
        self._open_minute = -1  # hours stand on whole minutes: open at one time of a minute is open at all of it
        self._funding_ns = (start_ns // _EIGHT_HOURS + 1) * _EIGHT_HOURS
        self.next_ns = self._calendar.next_open_ns(start_ns)

    @property
    def tick(self) -> float:
        return self._tick

    def events(self) -> Iterator[Quote | Book | TradePrint | Funding]:
        """What comes at `next_ns`; then `next_ns` is the next time."""
        ts = self.next_ns
        if ts >= self._funding_ns and self._behaviour.funding:
            yield self._funding()
        self._move(ts)
        quote = self._quote(ts)
        if self._has_defects:
            yield from self._spoilt(quote)
        else:
            yield quote
        self._count += 1
        behaviour = self._behaviour
        if behaviour.book_every and self._count % behaviour.book_every == 0:
            yield self._book(quote)
        if behaviour.prints_per_quote and self._unit() < behaviour.prints_per_quote:
            yield self._print(quote)
        self._schedule(ts)

    # --- price -------------------------------------------------------------------------------------------------------

    def _normal(self) -> float:
        unit = self._unit
        return (unit() + unit() + unit() + unit() - 2.0) * _SQRT3

    def _move(self, ts: int) -> None:
        """Bring the price from its last time to `ts`."""
        elapsed_s = (ts - self._at) / _NANOS
        self._at = ts
        behaviour, unit = self._behaviour, self._unit
        step_s = min(elapsed_s, _STEP_S_MAX)
        if elapsed_s > 600:
            self._gap(elapsed_s)
        self._regime_left_s -= step_s
        if self._regime_left_s <= 0:
            self._switch_regime()
        shock, variance = self._shock, self._variance
        variance = (
            1.0 - behaviour.shock - behaviour.memory + variance * (behaviour.memory + behaviour.shock * shock * shock)
        )
        self._variance = variance = min(variance, _VARIANCE_MAX)
        self._shock = shock = self._normal()
        noise = self._sigma * sqrt(variance * step_s)
        mid = self.mid
        if self.regime == "trending":
            change = noise * shock + self.direction * behaviour.trend * self._sigma * step_s
        elif self.regime == "ranging":
            change = noise * shock * 0.8 + (self._anchor - mid) / mid * (step_s / behaviour.range_s)
        else:
            pull = min(step_s / behaviour.choppy_s, 0.5)
            change = noise * shock * behaviour.choppy_noise + (self._anchor - mid) / mid * pull
        if unit() < behaviour.jumps_per_h * step_s / 3600:
            change += self._sigma * sqrt(behaviour.jump_s) * self._normal() * 2
        self.mid = mid = max(mid * (1.0 + change), self._tick * 10)
        self.recent = 0.98 * self.recent + change
        self._spike *= max(1.0 - step_s / behaviour.spike_s, 0.0)
        if unit() < behaviour.spikes_per_h * step_s / 3600:
            self._spike += behaviour.spike_ticks * (0.5 + unit())
        if not self._tick_band[0] <= mid < self._tick_band[1]:
            self._set_tick()

    def _switch_regime(self) -> None:
        """The next regime: one of the other two; its middle is the price now."""
        others = [name for name in REGIMES if name != self.regime]
        self.regime = others[0] if self._unit() < 0.5 else others[1]
        self.direction = 1 if self._unit() < 0.5 else -1
        self._anchor = self.mid
        # sum of two uniforms: mean as stated, never nearly zero for long, no logarithm needed
        self._regime_left_s = self._behaviour.regime_s * (0.1 + 0.9 * (self._unit() + self._unit()))

    def _gap(self, closed_s: float) -> None:
        """The market was closed: it opens elsewhere."""
        spread = self._sigma * sqrt(min(closed_s, 3.0 * _DAY_S) * self._behaviour.gap_share)
        self.mid *= 1.0 + spread * self._normal()
        self._anchor = self.mid
        self._spike += self._behaviour.spike_ticks

    def _set_tick(self) -> None:
        """The tick that holds at this price, and the band of prices over which it does."""
        low, below, tick = band_at(self.spec.ticks, self.spec.tick, Decimal(int(self.mid)))
        self._tick, self._tick_band = float(tick), (float(low), float(below))
        self._digits = max(0, -int(self.spec.tick.as_tuple().exponent))

    # --- events ------------------------------------------------------------------------------------------------------

    def _quote(self, ts: int) -> Quote:
        behaviour, unit, tick = self._behaviour, self._unit, self._tick
        width = behaviour.spread_ticks * (1.0 + behaviour.spread_noise * (2.0 * unit() - 1.0)) + self._spike
        ticks = max(1, int(width + 0.5))
        below = int(self.mid / tick - ticks / 2 + unit())
        size = behaviour.size
        delay_ns = int(behaviour.feed_delay_ms * 1_000_000 * (0.5 + unit()))
        # delays differ, but one source's quotes don't overtake each other
        self._stamped_ns = max(ts - delay_ns, self._stamped_ns + 1)
        quote = Quote(
            ts,
            self._stamped_ns,
            self.spec.name,
            round(below * tick, self._digits),
            round((below + ticks) * tick, self._digits),
            float(int(size * (0.4 + 1.2 * unit())) or 1),
            float(int(size * (0.4 + 1.2 * unit())) or 1),
        )
        self._last = quote
        return quote

    def _sized(self, size: float) -> float:
        """A size of whole lots, at least the smallest order."""
        return float(int(size) or 1)

    def _book(self, quote: Quote) -> Book:
        size, unit, tick, digits = self._behaviour.size, self._unit, self._tick, self._digits
        levels = range(1, self._behaviour.book_levels)
        bids = [(quote.bid, quote.bid_size or 1.0)]
        asks = [(quote.ask, quote.ask_size or 1.0)]
        bids += [(round(quote.bid - n * tick, digits), self._sized(size * n * (0.5 + unit()))) for n in levels]
        asks += [(round(quote.ask + n * tick, digits), self._sized(size * n * (0.5 + unit()))) for n in levels]
        return Book(quote.ts, quote.ts_event, quote.instrument, tuple(bids), tuple(asks))

    def _print(self, quote: Quote) -> TradePrint:
        is_buy = self._unit() < (0.5 + 0.2 * (1 if self.recent > 0 else -1))
        size = self._sized(
            self._behaviour.size * 0.2 * self._unit() * self._unit() * (3.0 if self._variance > 2 else 1.0)
        )
        price = quote.ask if is_buy else quote.bid
        return TradePrint(quote.ts, quote.ts_event, quote.instrument, price, size, "buy" if is_buy else "sell")

    def _funding(self) -> Funding:
        due = self._funding_ns
        self._funding_ns += _EIGHT_HOURS
        rate = round(self._behaviour.funding * (1.0 + self._normal()), 8)
        return Funding(max(self.next_ns, due), due, self.spec.name, rate)

    def _schedule(self, ts: int) -> None:
        """When the next quote comes: skewed gaps with the stated mean, quicker where variance is high."""
        unit = self._unit()
        rate = self._behaviour.quotes_per_s * (0.75 + 0.25 * self._variance)
        following = ts + 1 + int(3.0 * unit * unit / rate * _NANOS)
        if following // _MINUTE == self._open_minute:
            self.next_ns = following
            return
        self.next_ns = self._calendar.next_open_ns(following)
        self._open_minute = self.next_ns // _MINUTE

    # --- a bad feed --------------------------------------------------------------------------------------------------

    def _spoilt(self, quote: Quote) -> Iterator[Quote]:
        """The quote as a bad feed delivers it."""
        defects, unit = self._defects, self._unit
        if quote.ts < self._frozen_until:
            return
        if unit() < defects.freezes_per_h / 3600 / self._behaviour.quotes_per_s:
            self._frozen_until = quote.ts + int(defects.freeze_s * _NANOS)
        draw = unit()
        if draw < defects.crossed:
            quote.bid, quote.ask = quote.ask, quote.bid
        elif draw < defects.crossed + defects.scaled:
            quote.bid, quote.ask = quote.bid * 100, quote.ask * 100
        elif draw < defects.crossed + defects.scaled + defects.disorder:
            quote.ts_event -= 5 * _NANOS
        yield quote
        if unit() < defects.repeat:
            yield Quote(
                quote.ts, quote.ts_event, quote.instrument, quote.bid, quote.ask, quote.bid_size, quote.ask_size
            )
