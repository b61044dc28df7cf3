"""Bar builders of one instrument: one for each side of its price, by the timeframes that rules read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruleengine.market.bar_builder import BarBuilder
from ruleengine.market.days import anchor_of
from ruleengine.market.exchanges import REGULAR, SpecialDays, trading_hours
from ruleengine.market.interval import Anchor, Timeframe
from ruleengine.market.sessions import Sessions
from ruleengine.model.event import BarEvent
from ruleengine.model.instrument import Instrument
from ruleengine.runtime.markets.terms import price_side_of
from ruleengine.schema.declarations import Timeframe as DeclaredTimeframe

Ohlc = tuple[float, float, float, float]


class Builder(BarBuilder):
    """A bar builder that says when one of its timeframes has no open bar: the next tick opens one, and a timer is
    due."""

    __slots__ = ("is_opening",)

    def __init__(self, timeframes: Sequence[Timeframe], sessions: Sessions) -> None:
        super().__init__(timeframes, sessions)
        self.is_opening = True

    def has_closed(self) -> bool:
        return not all(self._bars)


def side_of(name: str, declared: Mapping[str, DeclaredTimeframe], spec: Instrument) -> str:
    return declared[name].price if name in declared else price_side_of(spec)


def builders_of(
    sides: Mapping[str, str],
    declared: Mapping[str, DeclaredTimeframe],
    spec: Instrument,
    days: SpecialDays = REGULAR,
) -> dict[str, Builder]:
    """One builder for each side of the price that a timeframe wants."""
    wanted: dict[str, list[Timeframe]] = {}
    for name, side in sides.items():
        wanted.setdefault(side, []).append(_timeframe(name, declared.get(name), anchor_of(spec)))
    calendar = trading_hours(spec.sessions, days)
    return {side: Builder(frames, Sessions(calendar)) for side, frames in wanted.items()}


def _timeframe(name: str, declared: DeclaredTimeframe | None, anchor: Anchor) -> Timeframe:
    if declared is None:
        return Timeframe(name, anchor)
    if declared.anchor is not None:
        from_time = anchor.day.fromisoformat(declared.anchor.text)
        anchor = Anchor(declared.timezone.text if declared.timezone else anchor.zone, from_time, from_time)
    frame = Timeframe(declared.interval.text, anchor)
    frame.name = name
    return frame


def bar_sides(event: BarEvent, prices: Ohlc, spread: float | None) -> dict[str, Ohlc]:
    """The prices that a bar gives for each side: its own, and those that follow from a stated ask or spread."""
    found = {str(event.price): prices}
    if event.ask_ohlc is not None:
        found["ask"] = event.ask_ohlc
        bid, ask = prices, event.ask_ohlc
        found["mid"] = (
            bid[0] + (ask[0] - bid[0]) / 2, bid[1] + (ask[1] - bid[1]) / 2,
            bid[2] + (ask[2] - bid[2]) / 2, bid[3] + (ask[3] - bid[3]) / 2,
        )  # fmt: skip
    elif spread is not None and event.price in ("bid", "ask"):
        shift = spread / 2 if event.price == "bid" else -spread / 2
        found["mid"] = (prices[0] + shift, prices[1] + shift, prices[2] + shift, prices[3] + shift)
    return found
