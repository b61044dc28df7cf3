"""All instruments and strategies as one ordered stream of events, and the book that the account starts with.

Iterating gives the same events each time. Instruments move independently: EUR/JPY is not EUR/USD × USD/JPY here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import merge
from typing import Any

from adapters.paper.market.history import minute_bars
from adapters.paper.market.process import InstrumentMarket
from adapters.paper.market.profile import Profile, profile_from
from adapters.paper.market.signals import SignalSource
from adapters.paper.sessions import Calendar
from adapters.paper.settings import on_account
from ruleengine.model.event import BarEvent, Event
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import VenueSetup

_NANOS = 1_000_000_000
_NEVER = (1 << 63) - 1


class MarketSimulator:
    """Meets `MarketSource`. `events_per_s`: market events a second that the profile comes to, about."""

    def __init__(self, profile: Profile, instruments: Sequence[Instrument]) -> None:
        self.profile = profile
        self._instruments = {spec.name: spec for spec in instruments if spec.name in profile.behaviours}
        self.start_ns = profile.start_ns
        self.events_per_s = sum(
            each.quotes_per_s * (1 + each.prints_per_quote + (1 / each.book_every if each.book_every else 0))
            for each in profile.behaviours.values()
        )
        names = ", ".join(self._instruments)
        self.description = f"simulated market: {names}; seed {profile.seed}; about {self.events_per_s:.1f} events/s"

    @classmethod
    def from_setup(cls, setup: VenueSetup, profile: dict[str, Any]) -> MarketSimulator:
        """A simulator over the setup's instruments; `profile` as `market.profile.profile_from` reads it."""
        instruments = [on_account(spec, setup.account) for spec in setup.instruments]
        return cls(profile_from(profile, instruments, setup.seed, setup.start_ns), instruments)

    def __iter__(self) -> Iterator[Event]:
        markets = self._markets()
        sources = [
            SignalSource(strategy, markets, f"{self.profile.seed}/{strategy.tag}/{number}", self.start_ns)
            for number, strategy in enumerate(self.profile.strategies)
        ]
        end_ns = _NEVER
        if self.profile.duration_s is not None:
            end_ns = self.start_ns + int(self.profile.duration_s * _NANOS)
        streams = list(markets.values())
        signal_ns = min((source.next_ns for source in sources), default=_NEVER)
        while True:
            market = streams[0]
            for other in streams:
                if other.next_ns < market.next_ns:
                    market = other
            if signal_ns <= market.next_ns:
                if signal_ns >= end_ns:
                    return
                source = min(sources, key=_next_ns)
                signal = source.signal()
                signal_ns = min(each.next_ns for each in sources)
                if signal is not None:
                    yield signal
                continue
            if market.next_ns >= end_ns:
                return
            yield from market.events()

    def starting_trades(self) -> list[dict[str, Any]]:
        """The profile's book as trades of an account file's content (`VenueSetup.account["trades"]`)."""
        trades: list[dict[str, Any]] = []
        markets = self._markets()
        for row in self.profile.book:
            market = markets.get(str(row["instrument"]))
            if market is None:
                continue
            trade = {key: value for key, value in row.items() if key != "offset_ticks"}
            if "price" not in trade:
                sign = 1 if row["side"] == "long" else -1
                ticks = int(market.mid / market.tick) - sign * int(row.get("offset_ticks", 0))
                trade["price"] = str(ticks * market.spec.tick)
            trade["units"] = str(trade["units"])
            trades.append(trade)
        return trades

    def history(self, begin_ns: int) -> Iterator[BarEvent]:
        """Minute bars of every instrument from `begin_ns` to the start, in order of time."""
        return merge(
            *(
                minute_bars(
                    spec,
                    self.profile.behaviours[name],
                    Calendar(spec.sessions),
                    f"{self.profile.seed}/{name}/history",
                    begin_ns,
                    self.start_ns,
                )
                for name, spec in self._instruments.items()
            ),
            key=_time,
        )

    def _markets(self) -> dict[str, InstrumentMarket]:
        """Every instrument at its start, with randomness of its own, so that adding one doesn't move the others."""
        return {
            name: InstrumentMarket(
                spec,
                self.profile.behaviours[name],
                self.profile.defects,
                Calendar(spec.sessions),
                f"{self.profile.seed}/{name}",
                self.start_ns,
            )
            for name, spec in self._instruments.items()
        }


def _time(bar: BarEvent) -> int:
    return bar.ts


def _next_ns(stream: InstrumentMarket | SignalSource) -> int:
    return stream.next_ns
