"""What the core needs from a venue. Real venues, the paper venue and test fakes meet the same two protocols.

`Venue` is async and all a live loop sees. `SimulatedVenue` is what lies inside a venue without a network: a pure
machine driven by events, which the dry run steps directly and which the paper venue's `Venue` wraps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from ruleengine.model.event import BarEvent, CashChange, Event, Fill, HoursWord, MarketEvent, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.model.venue_book import TradeState, VenueSnapshot

if TYPE_CHECKING:
    from pydantic import SecretStr  # what reads a venue's capabilities alone does without it

__all__ = [
    "Access", "Adapter", "Amends", "Capabilities", "Finding", "MarketSource", "NameForm", "NetworkVenue", "SecretName",
    "SentOrder", "SimulatedVenue", "TellsHours", "TellsPast", "TradeState", "Venue", "VenueAccount", "VenueError",
    "VenueSetup", "VenueSnapshot",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NameForm:
    """How a venue names instruments: a regular expression that all its names meet, and one of them."""

    pattern: str
    example: str


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
    has_plain_ids: bool = False
    """Takes client ids of letters and digits alone."""
    subscriptions: int | None = None
    """Instruments whose prices it streams at once; None: as many as there are."""
    has_shorts: bool = True
    """Can be sold what is not held."""
    currencies: frozenset[str] | None = None
    """Of its accounts; None: that is not known without asking."""
    names: NameForm | None = None
    """What its instruments are called; None: that is not known without asking."""


class VenueError(Exception):
    """Something that was asked of a venue could not be had. `code`: the venue's own, or what the wire said. `remedy`:
    what a person can do. `is_final`: asking again gives the same."""

    def __init__(self, message: str, *, code: str = "", remedy: str = "", is_final: bool = False) -> None:
        super().__init__(message)
        self.code, self.remedy, self.is_final = code, remedy, is_final


@dataclass(frozen=True, slots=True)
class SecretName:
    """A secret that a venue asks for: `token` of `oanda` is `OANDA_TOKEN` in the environment. `doc`: what it is, for
    the sentence that says it is missing."""

    name: str
    doc: str


@dataclass(frozen=True, slots=True)
class Access:
    """How a venue over a network is reached.

    `environment`: `practice` is the venue's demo. `address`: in place of the venue's own hosts (`http://host:port`, a
    simulator's; its streams are there too). `secrets`: by `SecretName.name`. `cache`: a folder for what outlives a
    process and is secret (tokens); None: nothing is kept."""

    environment: Literal["practice", "live"] = "practice"
    account_id: str = ""
    address: str = ""
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    cache: Path | None = None


@dataclass(frozen=True, slots=True)
class VenueSetup:
    """How to open a venue: the account file's content (validated by schemas/account), instruments, a seed for whatever
    is random, and venue-specific settings from the account file. `start_ns`: time of the first event where it is known;
    what the account file states as an age (a starting trade's) counts back from it. `access`: for venues over a
    network."""

    account: dict[str, Any]
    instruments: tuple[Instrument, ...]
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)
    start_ns: int = 0
    access: Access = field(default_factory=Access)


@dataclass(frozen=True, slots=True)
class VenueAccount:
    """The account as the venue's own flags state it. `margin_model`: as the account file's (`net`, `max_side`,
    `gross`, `isolated` …), "" where the venue has no margin. `flags`: what else it says of itself, for
    people (a mode's own name, permissions)."""

    id: str
    currency: str
    mode: Literal["netting", "hedging"]
    environment: Literal["practice", "live"]
    margin_model: str = ""
    leverage: Decimal | None = None
    flags: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SentOrder:
    """An order that the record says may have left and whose end it does not know. `sent_ns`: when it was handed over.
    `venue_id`: the venue's number, "" where none was heard. `filled`: units of it that were counted."""

    order: Order
    sent_ns: int
    venue_id: str = ""
    filled: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `doctor`: what was looked at, how it stands, what was found, what to do where it is not well."""

    subject: str
    state: Literal["ok", "warning", "failed"]
    found: str
    remedy: str = ""


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
        """Market and venue events in order of availability; ends when the feed ends or after `close`; over a network
        after `close` alone.

        The next one is asked for when the one before has been dealt with. A `Timer` among them is no event of its own:
        the venue says how far its time has come, before anything later happens there."""
        ...

    async def close(self) -> None: ...


class NetworkVenue(Venue, Protocol):
    """A venue in a live loop that is somewhere else. In this order: `account`, `instruments`, `history`, `recover`
    after a restart, then `snapshot` and `events`. Methods that ask raise `VenueError` with a code and a remedy."""

    async def account(self) -> VenueAccount:
        """What the venue itself says the account is; never assumed."""
        ...

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        """Specifications of those of the names that this account may trade; `events` and `history` are of these."""
        ...

    def history(self, instrument: str, interval_ns: int, begin_ns: int, end_ns: int) -> AsyncIterator[MarketEvent]:
        """Closed bars of one length from the venue's history, oldest first, as far back as it goes. Bars that can't be
        had in this length are made of shorter ones by the engine, so a venue raises `VenueError` for lengths that it
        has not."""
        ...

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        """The bar in progress as the venue has it now: `ts_event` is when that was, its own `interval_ns` the time
        since it began. A run that starts within a bar goes on with it. None where the venue says none."""
        ...

    def history_intervals(self) -> tuple[int, ...]:
        """Lengths of the bars that `history` has, in ns, ascending."""
        ...

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        """What became of these orders, by the venue's own history: updates and fills, oldest first, also fills that
        were counted already (the engine knows a fill by its number). An order that can't be told yet is UNKNOWN, and
        what becomes of it comes by `events`; one that the venue proves it never had is ABSENT. Nothing is sent."""
        ...

    async def query(self, order_id: str) -> None:
        """Ask for one order now; the answer comes by `events`."""
        ...

    async def check(self) -> Sequence[Finding]:
        """Keys' scope, permissions, clock skew, rate budget: what `doctor` shows."""
        ...


@runtime_checkable
class Amends(Protocol):
    """What a `NetworkVenue` has besides where an order of ours that rests can be changed."""

    async def amend(self, order_id: str, units: Decimal | None = None, price: Decimal | None = None) -> None:
        """Change an order that rests: `units` of the whole of it, what has filled included, never more than it had
        (more is an order of its own, and goes through every check), and `price`, both on the instrument's grid. None:
        as it is.

        What became of it comes by `events` as AMENDED, with the order as it stands then and with the venue's `code`
        where it refused; or as the order's end, where that was first. Where no answer came the venue is asked, and
        nothing is sent again before that. Raises  ValueError  before anything leaves: for no change, a figure that is
        not above 0, more units than the order has, units or a price off the grid; nothing is rounded.
        Of an order that is not out no more is asked than that they are figures: its end is told."""
        ...


@runtime_checkable
class TellsHours(Protocol):
    """What a `NetworkVenue` has besides where it can be asked for its trading hours. One without it says nothing of
    them, but what comes by `events`."""

    async def hours(self, begin_ns: int, end_ns: int) -> Sequence[HoursWord]:
        """What the venue itself says of its hours within that time, by days or shorter stretches. Asked at the start
        and once a day. Raises  VenueError."""
        ...


@runtime_checkable
class TellsPast(Protocol):
    """What a `NetworkVenue` has besides where its history tells what happened in the account. One without it can't say
    what closed a trade or changed the balance while no engine ran."""

    async def past(self, since_ns: int) -> Sequence[Fill | CashChange]:
        """What filled, was charged, and was paid in or out after `since_ns` (venue's time) and before what `events`
        begins with, oldest first, as it would have told it. An earlier run may have heard some of it, which the venue's
        numbers tell (`fill_id`, `id`): what has none is left out. Asked between `recover` and `snapshot`.
        Raises  VenueError."""
        ...


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
    secrets: Sequence[SecretName]
    """What the user has to give before it can be opened; empty where nothing is secret."""

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

    async def open(self, setup: VenueSetup) -> Venue:
        """Connect. A venue over a network (`capabilities.needs_network`) is a `NetworkVenue`, and follows
        `setup.instruments` once they are known; refused access is a `VenueError`."""
        ...
