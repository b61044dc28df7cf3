"""One instrument's market at run time: from its events to the slots of its market frame.

1. `quote`, `trade`, `bar`, `book`, `funding` judge the event first (`StreamChecker`): what is no price changes nothing
   but the count of defects, and the bars of its instant are marked.
2. A sound price moves the frame and the bars; a bar that closes goes to its series, and the features that wait for it
   are computed.
3. `on_timer` closes what is due; `bar_due_ns` and `expiry_ns` say when that is.

It knows nothing of rules and of the account.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ruleengine.facts.frames import MarketFrame
from ruleengine.market.bar_builder import Bar
from ruleengine.market.exchanges import REGULAR, SpecialDays
from ruleengine.market.phase import NEVER, Phase
from ruleengine.market.soundness import SOUND, SPOKEN, Finding, Limits, StreamChecker
from ruleengine.model.event import BarEvent, Book, Funding, Quote, Reference, TradePrint
from ruleengine.model.instrument import Instrument
from ruleengine.model.unknown import Reason, Unknown, known
from ruleengine.runtime.markets.bars import Builder, bar_sides, builders_of, side_of
from ruleengine.runtime.markets.conversion import Converter
from ruleengine.runtime.markets.day import SLOTS, TradingDay, keeps_day
from ruleengine.runtime.markets.series import Features
from ruleengine.runtime.markets.sources import PriceSources
from ruleengine.runtime.markets.terms import price_side_of
from ruleengine.runtime.plan.needs import reads_slot
from ruleengine.schema.declarations import Timeframe as DeclaredTimeframe
from ruleengine.typecheck.typed import SeriesCall

FLAGGED = "marked as defective by its source"
FROM_THE_FUTURE = "stamped later than it came"
AHEAD_NS = 2_000_000_000
"""A source's clock may be ahead of ours by this much; a later stamp would make every quote after it look old."""
_NO_BID_SIZE = Unknown(Reason.MISSING, "bid_size", "the source states none")
_NO_ASK_SIZE = Unknown(Reason.MISSING, "ask_size", "the source states none")
_HEARD = (
    "last", "last_at", "quoted_at", "bid_size", "ask_size", "bid_units", "ask_units", "reference", "divergence",
    "funding_rate",
)  # fmt: skip
"""What the market says besides bid and ask."""


class Wake:
    """Something is due no earlier than `due` (UTC ns): what a driver compares each event's time with. `lasting`: the
    same without the age of prices, which each quote puts off: quotes alone never change it."""

    __slots__ = ("due", "lasting")

    def __init__(self) -> None:
        self.due = self.lasting = -NEVER

    def no_later_than(self, ts: int) -> None:
        if ts < self.lasting:
            self.lasting = ts
        if ts < self.due:
            self.due = ts

    def reset(self) -> None:
        """Anything may be due: something changed that dues are made of."""
        self.due = self.lasting = -NEVER


class InstrumentMarket:
    """The frame of one instrument, and everything that keeps it. `read`: the slots that any rule reads."""

    def __init__(
        self,
        spec: Instrument,
        calls: Sequence[SeriesCall],
        declared: Mapping[str, DeclaredTimeframe],
        read: frozenset[tuple[str, str]],
        spread: float | None,
        wake: Wake,
        stale_ns: int = NEVER,
        days: SpecialDays = REGULAR,
        divergence: float | None = None,
    ) -> None:
        self.spec = spec
        self.frame = _frame_of(spec)
        self.last_defect = ""
        """What was wrong with the event refused last; the engine notes it when `sound` ends."""
        self.sound = True
        self._spread = spread
        self._wake = wake
        self._converter: Converter | None = None
        self._quotes, self._trades, self._bars = (
            StreamChecker(),
            StreamChecker(),
            StreamChecker(Limits(has_unique_stamps=True)),
        )
        sides = {call.timeframe: side_of(call.timeframe, declared, spec) for call in calls}
        self.features = Features(spec.name, calls, sides)
        self.frame.f = self.features.values
        self._builders = builders_of(sides, declared, spec, days)
        self._mid = self._builders.get("mid")
        self._phase = Phase(spec.sessions, days) if reads_slot(read, "m", "phase") else None
        self._reads_day = reads_slot(read, "m", *SLOTS)
        self._day = TradingDay(spec, self.frame) if keeps_day(spec, is_read=self._reads_day) else None
        self._keeps_sizes = reads_slot(read, "m", "bid_size", "ask_size")
        self._is_plain = False
        self._hours = Phase(spec.sessions, days)
        self._stale_ns, self._life_ns, self._quiet_until = stale_ns, stale_ns, -NEVER
        self._has_quotes = self._is_quoted = False
        measures = divergence is not None or reads_slot(read, "m", "divergence")
        self._sources = PriceSources(self.frame, wake, divergence, stale_ns) if measures else None
        self._references = StreamChecker()
        self._decide_plain()
        self.frame.defects = 0

    def follow(self, converter: Converter) -> None:
        """This instrument's middle is a rate of exchange for others (or itself)."""
        self._converter = converter if converter.is_source(self.spec.name) else None
        self._decide_plain()

    def _decide_plain(self) -> None:
        """Is a sound quote nothing but a new bid and ask, and a tick for the bars of the middle?"""
        self._is_plain = (
            self._converter is None
            and (self._day is None or price_side_of(self.spec) != "mid")
            and all(side == "mid" for side in self._builders)
        )
        self.quote = self._quote_taker()

    # --- events ------------------------------------------------------------------------------------------------------

    def _quote_taker(self) -> Callable[[Quote], bool]:
        """What takes a quote; False where it is none (a defect, or an exact repeat). Nearly every event comes here, so
        all that it needs is bound once, in place of looking it up on `self` each time."""
        check, frame, keeps_sizes = self._quotes.quote, self.frame, self._keeps_sizes
        builder, is_plain, sources = self._mid, self._is_plain, self._sources

        def quote(event: Quote) -> bool:
            bid, ask, stamp = event.bid, event.ask, event.ts_event
            if event.flags:
                return self._defect(event.ts, FLAGGED)
            if stamp > event.ts + AHEAD_NS:
                return self._defect(event.ts, FROM_THE_FUTURE)
            finding = check(stamp, bid, ask)
            if finding is not SOUND:
                return self._unsound(event.ts, finding)
            if sources is not None and not sources.quote(bid, ask, stamp, event.ts):
                return self._disbelieve(event.ts)
            if not self._is_quoted:
                self._begin_quotes()
            frame.bid = bid
            frame.ask = ask
            frame.quoted_at = stamp
            self.sound = True
            if keeps_sizes:
                size = event.bid_size
                frame.bid_size = _NO_BID_SIZE if size is None else size
                size = event.ask_size
                frame.ask_size = _NO_ASK_SIZE if size is None else size
            if not is_plain:
                self._priced(event.ts, bid, ask)
            elif builder is not None:
                closed = builder.quote(event.ts, bid + (ask - bid) / 2)
                if closed or builder.is_opening:
                    self._turned(closed, builder)
            return True

        return quote

    def trade(self, event: TradePrint) -> bool:
        """Take a trade of the market."""
        if event.flags:
            return self._defect(event.ts, FLAGGED)
        if event.ts_event > event.ts + AHEAD_NS:
            return self._defect(event.ts, FROM_THE_FUTURE)
        size = 0.0 if math.isnan(event.size) else event.size
        finding = self._trades.price(event.ts_event, event.price, size)
        if finding is not SOUND:
            return self._unsound(event.ts, finding)
        if self._sources is not None and not self._sources.take("last", event.price, event.ts_event, event.ts):
            return self._disbelieve(event.ts)
        self.sound = True
        self.frame.last, self.frame.last_at = event.price, event.ts_event
        if self._spread is not None and not self._has_quotes:
            self._around(event.ts_event, event.price)
        self._feed("last", event.ts, event.price, event.size)
        if self._day is not None and price_side_of(self.spec) == "last":
            price = event.price
            self._day.take(event.ts, price, price, price, price, event.size)
            self._day.stated(event.day_high, event.day_low, event.day_volume)
        return True

    def book(self, event: Book) -> bool:
        """Take the top of a book; its best prices are a quote."""
        if not event.bids or not event.asks or event.flags:
            return self._defect(event.ts, FLAGGED if event.flags else "an empty side")
        if event.ts_event > event.ts + AHEAD_NS:
            return self._defect(event.ts, FROM_THE_FUTURE)
        (bid, bid_size), (ask, ask_size) = event.bids[0], event.asks[0]
        finding = self._quotes.quote(event.ts_event, bid, ask)
        # a quote of the same instant may have said the best prices already; the sizes behind them are news
        if finding is not SOUND and finding is not Finding.REPEAT:
            return self._unsound(event.ts, finding)
        if self._sources is not None and not self._sources.quote(bid, ask, event.ts_event, event.ts):
            return self._disbelieve(event.ts)
        self.sound = True
        frame = self.frame
        self._begin_quotes()
        frame.bid, frame.ask, frame.quoted_at = bid, ask, event.ts_event
        frame.bid_units = sum(size for _, size in event.bids)
        frame.ask_units = sum(size for _, size in event.asks)
        frame.bid_size, frame.ask_size = bid_size, ask_size
        self._priced(event.ts, bid, ask)
        return True

    def bar(self, event: BarEvent) -> bool:
        """Take a bar that the source made, at its close; its closing prices are the market from now on."""
        if event.flags:
            return self._defect(event.ts, FLAGGED)
        if event.ts_event > event.ts + AHEAD_NS:
            return self._defect(event.ts, FROM_THE_FUTURE)
        prices = (event.open, event.high, event.low, event.close)
        opened = event.ts_event - event.interval_ns
        volume = math.nan if event.volume is None else event.volume
        finding = self._bars.bar(opened, *prices, 0.0 if math.isnan(volume) else volume)
        if finding is not SOUND:
            return self._unsound(event.ts, finding)
        if self._sources is not None and not self._sources.bar(event):
            return self._disbelieve(event.ts)
        self.sound = True
        for side, values in bar_sides(event, prices, self._spread).items():
            builder = self._builders.get(side)
            if builder is not None:
                self._turned(builder.smaller_bar(opened, event.ts_event, values, volume), builder)
        self._close_price(event, prices)
        if self._day is not None:
            self._day.take(opened, *prices, volume)
        return True

    def funding(self, event: Funding) -> bool:
        self.frame.funding_rate = event.rate
        return True

    def reference(self, event: Reference) -> bool:
        """Take what another source states the price to be."""
        if event.flags:
            return self._defect(event.ts, FLAGGED)
        if event.ts_event > event.ts + AHEAD_NS:
            return self._defect(event.ts, FROM_THE_FUTURE)
        finding = self._references.price(event.ts_event, event.price)
        if finding is not SOUND:
            return self._unsound(event.ts, finding)
        if self._sources is not None and not self._sources.take("reference", event.price, event.ts_event, event.ts):
            return self._disbelieve(event.ts)
        self.sound = True
        self.frame.reference = event.price
        return True

    # --- prices ------------------------------------------------------------------------------------------------------

    def _begin_quotes(self) -> None:
        """The first quote there is, or the first after prices had become too old: ages are reckoned from now on."""
        self._has_quotes = self._is_quoted = True
        self._wake.reset()

    def _priced(self, ts: int, bid: float, ask: float) -> None:
        """A new bid and ask: bars, day and rates follow."""
        middle = bid + (ask - bid) / 2
        for side, price in (("mid", middle), ("bid", bid), ("ask", ask)):
            builder = self._builders.get(side)
            if builder is not None:
                closed = builder.quote(ts, price)
                if closed or builder.is_opening:
                    self._turned(closed, builder)
        if self._day is not None and price_side_of(self.spec) == "mid":
            self._day.take(ts, middle, middle, middle, middle, math.nan)
        if self._converter is not None:
            self._converter.move(self.spec.name, middle)

    def _close_price(self, event: BarEvent, prices: tuple[float, float, float, float]) -> None:
        frame, close = self.frame, prices[3]
        if event.price == "last":
            frame.last, frame.last_at = close, event.ts_event
        if event.ask_ohlc is not None:
            frame.bid, frame.ask = close, event.ask_ohlc[3]
        elif self._spread is not None:
            half = self._spread / 2
            shift = {"bid": (0.0, self._spread), "ask": (-self._spread, 0.0)}.get(event.price, (-half, half))
            frame.bid, frame.ask = close + shift[0], close + shift[1]
        else:
            return
        self._life_ns = self._stale_ns if self._stale_ns == NEVER else event.interval_ns + self._stale_ns
        frame.quoted_at = event.ts_event
        self._wake.reset()
        if self._converter is not None:
            self._converter.move(self.spec.name, frame.bid + (frame.ask - frame.bid) / 2)

    def _around(self, stamp: int, price: float) -> None:
        """Bid and ask of a print, by the declared spread; only where no quotes come."""
        assert self._spread is not None
        self.frame.bid, self.frame.ask = price - self._spread / 2, price + self._spread / 2
        self.frame.quoted_at = stamp
        self._wake.reset()

    def _feed(self, side: str, ts: int, price: float, size: float) -> None:
        builder = self._builders.get(side)
        if builder is not None:
            closed = builder.trade(ts, price, size)
            if closed or builder.is_opening:
                self._turned(closed, builder)

    # --- bars and time -----------------------------------------------------------------------------------------------

    def _turned(self, closed: tuple[Bar, ...], builder: Builder) -> None:
        """Bars closed, or opened: features follow, and the next close is due."""
        for bar in closed:
            self.features.on_close(bar)
        builder.is_opening = builder.has_closed()
        due = builder.due_ns()
        if due is not None:
            self._wake.no_later_than(due)

    def on_timer(self, now: int) -> bool:
        """Close every bar whose time is over; forget prices that are older than their life (FX-23), and say whether
        that was so."""
        has_forgotten = now >= self.expiry_ns() and self._expire(now)
        for builder in self._builders.values():
            closed = builder.close_due(now)
            if closed:
                self._turned(closed, builder)
        return has_forgotten

    def turn_phase(self, now: int) -> int:
        """Follow the trading hours; gives when they change next."""
        if self._phase is None:
            return NEVER
        if now >= self._phase.due:
            self.frame.phase = self._phase.turn(now)
        return self._phase.due

    @property
    def reads_day(self) -> bool:
        """Does any rule read the day's open, extremes or volume?"""
        return self._reads_day

    @property
    def intervals(self) -> dict[str, int]:
        """Nanoseconds of each timeframe that a feature reads, by its name."""
        return {name: ns for builder in self._builders.values() for name, ns in builder.intervals.items()}

    def bar_due_ns(self) -> int:
        """When the next bar closes."""
        return min((due for builder in self._builders.values() if (due := builder.due_ns()) is not None), default=NEVER)

    def expiry_ns(self) -> int:
        """When bid and ask are too old to be known; far away where they are unknown already."""
        quoted_at = self.frame.quoted_at
        if self._life_ns == NEVER or quoted_at.__class__ is Unknown or self.frame.bid.__class__ is Unknown:
            return NEVER
        return max(int(quoted_at) + self._life_ns, self._quiet_until)

    def next_beat_ns(self, now: int, beat_ns: int) -> int:
        """The next beat of a clock that nothing else moves; while the market is closed or paused nothing can be traded,
        and it waits until that ends."""
        return (now // beat_ns + 1) * beat_ns if self._hours.at(now) == "open" else self._hours.due

    def opens_ns(self, now: int) -> int:
        """When the market is open next: now, where it is."""
        at = now
        while at < NEVER and self._hours.at(at) != "open":
            at = self._hours.due
        return at

    def _expire(self, now: int) -> bool:
        """Bid and ask become unknown: true; not while the market is closed, when nobody can expect a quote."""
        if self._hours.at(now) != "open":
            self._quiet_until = self._hours.due + self._life_ns
            return False
        self._forget(f"no quote for {(now - int(self.frame.quoted_at)) / 1e9:g} s")
        return True

    @property
    def life_s(self) -> float | None:
        """How long a price is known without another; None: for good."""
        return None if self._stale_ns == NEVER else self._stale_ns / 1e9

    def forget_prices(self) -> None:
        """Nothing was heard yet: bars of a venue's history say what was, and are no price to act on. Nor is what came
        with a price of before, nor the rate that it was for others."""
        self._forget("none was heard since the start")
        blank = MarketFrame()
        for name in _HEARD:
            setattr(self.frame, name, getattr(blank, name))
        if self._converter is not None:
            self._converter.forget(self.spec.name)
        self._wake.reset()

    def _is_stale(self) -> bool:
        bid = self.frame.bid
        return isinstance(bid, Unknown) and bid.reason is Reason.STALE

    def _forget(self, detail: str) -> None:
        self._is_quoted = False
        bid, ask = self.frame.bid, self.frame.ask
        if known(bid) and known(ask):
            self.frame.marked = bid + (ask - bid) / 2
        self.frame.bid = Unknown(Reason.STALE, "bid", detail)
        self.frame.ask = Unknown(Reason.STALE, "ask", detail)

    # --- defects -----------------------------------------------------------------------------------------------------

    def _unsound(self, ts: int, finding: Finding) -> bool:
        return self._defect(ts, SPOKEN[finding]) if finding.is_defect else False

    def _disbelieve(self, ts: int) -> bool:
        """The sources of its price diverge: this one is no price for anything."""
        assert self._sources is not None
        self._is_quoted = False
        return self._defect(ts, self._sources.detail)

    def _defect(self, ts: int, what: str) -> bool:
        self.frame.defects += 1
        self.last_defect = what
        self.sound = False
        for builder in self._builders.values():
            closed = builder.mark_defect(ts)
            if closed:
                self._turned(closed, builder)
        return False

    # --- state -------------------------------------------------------------------------------------------------------

    _KEPT = (
        "bid", "ask", "last", "last_at", "reference", "divergence", "bid_size", "ask_size", "quoted_at", "bid_units",
        "ask_units", "funding_rate", "defects",
        "marked", "quote_to_home", *SLOTS,
    )  # fmt: skip

    def state(self) -> dict[str, Any]:
        """Everything as JSON values; slots that are unknown are left out."""
        slots = {name: getattr(self.frame, name) for name in self._KEPT}
        return {
            "slots": {name: value for name, value in slots.items() if value.__class__ is not Unknown},
            "sound": self.sound,
            "life": [self._life_ns, self._quiet_until, self._has_quotes],
            "stale": getattr(self.frame.bid, "detail", "") if self._is_stale() else "",
            "sources": None if self._sources is None else self._sources.state(),
            "day": None if self._day is None else self._day.state(),
            "checkers": [checker.snapshot() for checker in self._checkers()],
            "builders": {side: builder.snapshot() for side, builder in self._builders.items()},
            "series": self.features.state(),
        }

    def _checkers(self) -> tuple[StreamChecker, ...]:
        return (self._quotes, self._trades, self._bars, self._references)

    def restore(self, state: dict[str, Any]) -> None:
        for name, value in state["slots"].items():
            setattr(self.frame, name, value)
        self.sound = state["sound"]
        self._life_ns, self._quiet_until, self._has_quotes = state["life"]
        if state["stale"]:
            self._forget(state["stale"])
        if self._sources is not None and state["sources"] is not None:
            self._sources.restore(state["sources"])
        if self._day is not None and state["day"] is not None:
            self._day.restore(state["day"])
        for checker, kept in zip(self._checkers(), state["checkers"], strict=True):
            checker.restore(kept)
        for side, builder in self._builders.items():
            if side in state["builders"]:
                builder.restore(state["builders"][side])
                builder.is_opening = builder.has_closed()
        self.features.restore(state["series"])


def _frame_of(spec: Instrument) -> MarketFrame:
    contract = spec.contract_size
    return MarketFrame(
        name=spec.name,
        pip=float(spec.pip),
        tick=float(spec.tick),
        lot=float(spec.lot * contract),
        min_units=float(spec.min_size * contract),
        margin_rate=float(spec.margin_rate),
        contract_size=float(contract),
        s=[],
    )
