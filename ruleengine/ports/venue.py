"""What the core needs from a venue. Real venues, the paper venue and test fakes meet the same two protocols.

`Venue` is async and all a live loop sees. `SimulatedVenue` is what lies inside a venue without a network: a pure
machine driven by events, which the dry run steps directly and which the paper venue's `Venue` wraps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol, runtime_checkable

from ruleengine.model.event import Event, MarketEvent, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared
from ruleengine.model.side import Side


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a venue can do; a policy that needs what it can't does not start. `rate_per_s`: message budget."""

    name: str
    account_modes: frozenset[Literal["netting", "hedging"]]
    has_client_ids: bool
    has_reduce_only: bool
    has_partial_close: bool
    has_attached_stops: bool
    order_types: frozenset[Literal["market", "limit", "stop"]]
    rate_per_s: float
    needs_network: bool
    subscriptions: int | None = None
    """Instruments whose prices it streams at once; None: as many as there are."""


@dataclass(frozen=True, slots=True)
class TradeState:
    """One open trade as the venue states it. `is_manual`: not ours (FX-16)."""

    id: str
    instrument: str
    side: Side
    units: Decimal
    price: Decimal
    opened_ns: int
    client_id: str = ""
    tag: str = ""
    pocket: str = ""
    stop: Decimal | None = None
    target: Decimal | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VenueSnapshot:
    """The venue's account at one instant; what start and reconciliation read. Every fill before `ts` is in it; of those
    stamped `ts` itself the ones whose numbers (`Fill.fill_id`) are in `counted`."""

    ts: int
    balance: Decimal
    margin_used: Decimal
    trades: tuple[TradeState, ...] = ()
    open_orders: tuple[str, ...] = ()
    counted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VenueSetup:
    """How to open a venue: the account file's content (validated by schemas/account), instruments, a seed for whatever
    is random, and venue-specific settings from the account file. `start_ns`: time of the first event where it is known;
    what the account file states as an age (a starting trade's) counts back from it."""

    account: dict[str, Any]
    instruments: tuple[Instrument, ...]
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    start_ns: int = 0


@runtime_checkable
class SimulatedVenue(Protocol):
    """A venue as a pure machine: no clock, no I/O; time comes with the events."""

    capabilities: Capabilities

    def on_market(self, event: MarketEvent) -> Sequence[VenueEvent]:
        """Move the market; fills, financing and expiries that follow from it, in order."""
        ...

    def submit(self, command: Cleared | Cancel, ts: int) -> Sequence[VenueEvent]:
        """Take a command at `ts`; what answers at once. Later answers come from `advance` and `on_market`."""
        ...

    def next_due_ns(self) -> int | None:
        """When `advance` has something to say next (latency, expiry, financing), or None."""
        ...

    def advance(self, ts: int) -> Sequence[VenueEvent]:
        """Everything due up to and including `ts`, in order."""
        ...

    def snapshot(self) -> VenueSnapshot: ...

    def assumptions(self) -> list[tuple[str, str]]:
        """What its fills assume, as (what, value) lines; printed in every report (OPS-04)."""
        ...

    def state(self) -> dict[str, Any]:
        """All of it as JSON values; `restore(state)` continues to the bit."""
        ...

    def restore(self, state: dict[str, Any]) -> None: ...


class Venue(Protocol):
    """A venue in a live loop."""

    capabilities: Capabilities

    async def snapshot(self) -> VenueSnapshot: ...

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        """Send it; `ts` is the time of the event that led to it. Returns when it was handed over; what became of it
        comes as events. Raises nothing a caller could mistake for a rejection: no answer in time is an OrderUpdate with
        status UNKNOWN."""
        ...

    def events(self) -> AsyncIterator[Event]:
        """Market and venue events in order of availability; ends when the feed ends or after `close`.

        The next one is asked for when the one before has been dealt with. A `Timer` among them is no event of its own:
        the venue says how far its time has come, before anything later happens there."""
        ...

    async def close(self) -> None: ...


class MarketSource(Protocol):
    """Where a simulated or recorded market comes from: an ordered, possibly endless series of events."""

    description: str

    def __iter__(self) -> Any: ...

    def history(self, begin_ns: int) -> Iterable[MarketEvent]:
        """What came before its first event, from `begin_ns` on as far as it knows, in order of time."""
        ...


class Adapter(Protocol):
    """What an entry point of group `ruleengine.adapters` names: how to build a venue."""

    capabilities: Capabilities

    def simulated(self, setup: VenueSetup) -> SimulatedVenue | None:
        """The machine without a network, or None for venues that have none."""
        ...

    def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Specifications it knows without asking a network; unknown names are left out."""
        ...

    def market(self, setup: VenueSetup, profile: dict[str, Any]) -> Any:
        """A seeded market simulator (events with signals), for adapters that bring one; else None."""
        ...

    def live(self, machine: SimulatedVenue, feed: Iterable[Event], speed: float) -> Venue:
        """A machine of this adapter as a venue of a live loop, over a feed that runs `speed` times as fast as the wall
        (0: as fast as it is read)."""
        ...

    async def open(self, setup: VenueSetup) -> Venue: ...
