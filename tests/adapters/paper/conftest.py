"""A desk: a paper venue with a market that a test moves by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest

from adapters.paper.broker import PaperVenue
from adapters.paper.instruments import known
from ruleengine.model.event import BarEvent, Fill, OrderUpdate, Quote, VenueEvent
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import VenueSetup

SECOND = 1_000_000_000
NOON = 1_767_790_800 * SECOND  # Wednesday 2026-01-07 13:00:00 UTC: FX open, New York 08:00


class Desk:
    """Quotes in, orders in, answers kept in `log`."""

    def __init__(self, venue: PaperVenue, instrument: str, start_ns: int) -> None:
        self.venue = venue
        self.instrument = instrument
        self.now = start_ns
        self.log: list[VenueEvent] = []
        self._count = 0

    def quote(
        self, bid: str, ask: str, *, after: float = 1.0, size: float | None = None, instrument: str = ""
    ) -> list[VenueEvent]:
        """Move the market; `after` seconds later."""
        self.now += int(after * SECOND)
        name = instrument or self.instrument
        event = Quote(self.now, self.now, name, float(bid), float(ask), size, size)
        return self._keep(self.venue.on_market(event))

    def bar(self, bid: Sequence[str], ask: Sequence[str], *, minutes: int = 1) -> list[VenueEvent]:
        """A bar of bid and ask that ends `minutes` later."""
        self.now += minutes * 60 * SECOND
        low = [float(price) for price in bid]
        high = tuple(float(price) for price in ask)
        event = BarEvent(
            self.now, self.now, self.instrument, minutes * 60 * SECOND, "bid", low[0], low[1], low[2], low[3], None,
            (high[0], high[1], high[2], high[3]),
        )  # fmt: skip
        return self._keep(self.venue.on_market(event))

    def send(self, side: str, units: str | int, **more: Any) -> list[VenueEvent]:
        """Send an order now; prices in `more` may be text."""
        self._count += 1
        values = {"id": f"o{self._count}", "instrument": self.instrument, **more}
        for key in ("price", "stop", "target"):
            if isinstance(values.get(key), str):
                values[key] = Decimal(values[key])
        order = Order(side=Side(side), units=Decimal(units), **values)
        return self._keep(self.venue.submit(Cleared(order, "intent"), self.now))

    def cancel(self, order_id: str) -> list[VenueEvent]:
        return self._keep(self.venue.submit(Cancel(order_id), self.now))

    def wait(self, seconds: float) -> list[VenueEvent]:
        self.now += int(seconds * SECOND)
        return self._keep(self.venue.advance(self.now))

    @property
    def balance(self) -> Decimal:
        return self.venue.snapshot().balance

    @property
    def sides(self) -> tuple[Decimal, Decimal]:
        """Long and short units of the desk's instrument."""
        trades = [trade for trade in self.venue.snapshot().trades if trade.instrument == self.instrument]
        long_units = sum((trade.units for trade in trades if trade.side is Side.LONG), Decimal(0))
        return long_units, sum((trade.units for trade in trades), Decimal(0)) - long_units

    def _keep(self, events: Sequence[VenueEvent]) -> list[VenueEvent]:
        self.log += events
        return list(events)


MakeDesk = Callable[..., Desk]


@pytest.fixture
def desk() -> MakeDesk:
    """Builds a desk: `desk(account={…}, settings={…}, names=[…])`; with USD/JPY at 157.000 / 157.008 by default."""

    def make(
        account: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        names: Sequence[str] = ("USD_JPY",),
        *,
        start_ns: int = NOON,
        quote: tuple[str, str] | None = ("157.000", "157.008"),
        seed: int = 1,
    ) -> Desk:
        content = {"currency": "JPY", "balance": "1000000", "mode": "hedging", **(account or {})}
        setup = VenueSetup(content, known(list(names)), seed, settings or {}, start_ns)
        made = Desk(PaperVenue(setup), names[0], start_ns)
        if quote is not None:
            made.quote(*quote, after=0)
        return made

    return make


def fills(events: Sequence[VenueEvent]) -> list[Fill]:
    return [event for event in events if isinstance(event, Fill)]


def updates(events: Sequence[VenueEvent]) -> list[OrderUpdate]:
    return [event for event in events if isinstance(event, OrderUpdate)]


@pytest.fixture(name="fills")
def _fills() -> Callable[[Sequence[VenueEvent]], list[Fill]]:
    return fills


@pytest.fixture(name="updates")
def _updates() -> Callable[[Sequence[VenueEvent]], list[OrderUpdate]]:
    return updates
