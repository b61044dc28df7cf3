"""What an instrument's sources of prices say of each other (SC-17).

Up to three speak: the quote (bid and ask, also the top of a book), the last trade or ticker, and a reference (mark,
index). A source counts while its price is no older than `life_ns`. Where two that count are farther apart than the
limit, nobody knows which one is wrong: all of them are unknown until two that count agree. That one of them falls
silent is no agreement: the one that is left may be the wrong one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ruleengine.facts.frames import MarketFrame
from ruleengine.model.event import BarEvent
from ruleengine.model.unknown import Reason, Unknown

if TYPE_CHECKING:
    from ruleengine.runtime.markets.market import Wake

Source = Literal["quote", "last", "reference"]
_CALLED = {"quote": "the middle", "last": "the last price", "reference": "the reference price"}
_SLOTS = ("bid", "ask", "last", "reference")
_ALONE = Unknown(Reason.MISSING, "divergence", "one source alone")
_AT_LIMIT = 1.0 + 1e-9
"""Equal is within the limit; prices are floats."""


class PriceSources:
    """The sources of one market, and what its frame shows of them. `limit`: ratio; None: the distance is measured, and
    nothing is held against anybody."""

    __slots__ = ("_frame", "_life_ns", "_limit", "_prices", "_quote", "_wake", "agree", "detail")

    def __init__(self, frame: MarketFrame, wake: Wake, limit: float | None, life_ns: int) -> None:
        self._frame, self._wake = frame, wake
        self._limit, self._life_ns = limit, life_ns
        self._prices: dict[str, tuple[float, int]] = {}
        """Price and stamp of each source; the quote's is its middle."""
        self._quote: tuple[float, float, int] | None = None
        self.agree = True
        self.detail = ""
        """Which two are farthest apart, and by how much."""
        frame.divergence = _ALONE

    def quote(self, bid: float, ask: float, stamp: int, now: int) -> bool:
        """A sound bid and ask. Like `take`."""
        self._quote = (bid, ask, stamp)
        return self.take("quote", bid + (ask - bid) / 2, stamp, now)

    def bar(self, event: BarEvent) -> bool:
        """A bar's close speaks for the side that it was built from, one of both sides for the quote. Like `take`."""
        if event.ask_ohlc is not None:
            return self.quote(event.close, event.ask_ohlc[3], event.ts_event, event.ts)
        return self.take("last" if event.price == "last" else "quote", event.close, event.ts_event, event.ts)

    def take(self, source: Source, price: float, stamp: int, now: int) -> bool:
        """A sound price of a source: may it be believed? Where not, the frame's prices are unknown from now on."""
        self._prices[source] = (price, stamp)
        widest = self._widest(now)
        self._frame.divergence = _ALONE if widest is None else widest
        agreed = self.agree
        self.agree = self._limit is None or (agreed if widest is None else widest <= self._limit * _AT_LIMIT)
        if self.agree != agreed:
            self._wake.reset()
        if not self.agree:
            self._forget()
        elif not agreed:
            self._recall(now)
        return self.agree

    def _widest(self, now: int) -> float | None:
        """The largest distance of two that count, as a share of the lower one; None while only one counts."""
        current = [(name, each) for name, (each, at) in sorted(self._prices.items()) if now - at <= self._life_ns]
        widest: float | None = None
        for number, (name, one) in enumerate(current):
            for other, two in current[number + 1 :]:
                away = abs(one - two) / min(one, two)
                if widest is None or away > widest:
                    widest = away
                    apart = f"are {away * 100:.3g}% apart"
                    self.detail = f"{_CALLED[name]} {one:.10g} and {_CALLED[other]} {two:.10g} {apart}"
        return widest

    def _forget(self) -> None:
        for slot in _SLOTS:
            setattr(self._frame, slot, Unknown(Reason.DIVERGENT, slot, self.detail))

    def _recall(self, now: int) -> None:
        """They agree again: what each of them said last is known, unless it is too old to have been asked. What two
        others agree on says nothing for a source that fell silent: it may be the one that was wrong."""
        frame = self._frame
        for slot in ("last", "reference"):
            kept = self._prices.get(slot)
            if kept is None:
                setattr(frame, slot, Unknown(Reason.MISSING, slot))
                continue
            is_current = now - kept[1] <= self._life_ns
            setattr(frame, slot, kept[0] if is_current else _silent(slot))
            if slot == "last" and is_current:
                frame.last_at = kept[1]
        if self._quote is None or now - self._quote[2] > self._life_ns:
            frame.bid, frame.ask = _silent("bid"), _silent("ask")
        else:
            frame.bid, frame.ask, frame.quoted_at = self._quote

    def state(self) -> dict[str, Any]:
        return {
            "prices": {name: list(each) for name, each in self._prices.items()},
            "quote": None if self._quote is None else list(self._quote),
            "agree": self.agree,
            "detail": self.detail,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue; the frame's own slots were restored before."""
        self._prices = {name: (price, stamp) for name, (price, stamp) in state["prices"].items()}
        quote = state["quote"]
        self._quote = None if quote is None else (quote[0], quote[1], quote[2])
        self.agree, self.detail = state["agree"], state["detail"]
        if not self.agree:
            self._forget()


def _silent(slot: str) -> Unknown:
    return Unknown(Reason.STALE, slot, "none since its sources diverged")
