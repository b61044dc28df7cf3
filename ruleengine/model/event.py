"""What comes in. Every event has `ts` (availability: when we could know it; this orders the log), `ts_event` (the
source's own time) and `seq`, its number in the one totally ordered input log. Times are UTC nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Literal

from ruleengine.model.side import Side
from ruleengine.model.venue_book import VenueSnapshot


@dataclass(slots=True)
class Quote:
    """Best bid and ask. `flags` non-zero: the importer or the venue marked a defect."""

    kind: ClassVar[str] = "quote"
    ts: int
    ts_event: int
    instrument: str
    bid: float
    ask: float
    bid_size: float | None = None
    ask_size: float | None = None
    flags: int = 0
    seq: int = 0


@dataclass(slots=True)
class TradePrint:
    """A trade of the market at large. `size` in base units or contracts, as the venue counts. `day_…`: extremes and
    volume of the day up to it, where the source states them (Korean feeds)."""

    kind: ClassVar[str] = "trade"
    ts: int
    ts_event: int
    instrument: str
    price: float
    size: float
    aggressor: str | None = None
    flags: int = 0
    day_high: float | None = None
    day_low: float | None = None
    day_volume: float | None = None
    seq: int = 0


@dataclass(slots=True)
class BarEvent:
    """A bar that the source made, available at `ts` (not before its close). `price`: which side it was built from.
    A quote bar carries bid and ask: then `ask_ohlc` is (open, high, low, close) of the ask and the rest is the bid."""

    kind: ClassVar[str] = "bar"
    ts: int
    ts_event: int
    instrument: str
    interval_ns: int
    price: Literal["mid", "bid", "ask", "last"]
    open: float
    high: float
    low: float
    close: float
    volume: float | None = None
    ask_ohlc: tuple[float, float, float, float] | None = None
    flags: int = 0
    seq: int = 0


@dataclass(slots=True)
class Book:
    """Top levels of the book, best first: (price, size)."""

    kind: ClassVar[str] = "book"
    ts: int
    ts_event: int
    instrument: str
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    flags: int = 0
    seq: int = 0


@dataclass(slots=True)
class Funding:
    """A funding rate that is charged at `ts_event` (ratio of position value; positive: longs pay)."""

    kind: ClassVar[str] = "funding"
    ts: int
    ts_event: int
    instrument: str
    rate: float
    seq: int = 0


@dataclass(slots=True)
class Reference:
    """What another source states the price to be: the venue's mark, an index. Nothing trades at it; it tells whether
    the tradable prices can be believed (SC-17)."""

    kind: ClassVar[str] = "reference"
    ts: int
    ts_event: int
    instrument: str
    price: float
    source: str = ""
    flags: int = 0
    seq: int = 0


@dataclass(slots=True)
class Signal:
    """A signal from outside (schemas/*/signal.schema.json). `strategy` is the raw tag, resolved later."""

    kind: ClassVar[str] = "signal"
    ts: int
    ts_event: int
    id: str
    instrument: str
    strategy: str
    side: Side
    size: float | None = None
    confidence: float | None = None
    pocket: str | None = None
    regime: str | None = None
    leverage: float | None = None
    stop: float | None = None
    target: float | None = None
    seq: int = 0


@dataclass(slots=True)
class Timer:
    """Time has passed; nothing else happened. Closes bars, expires cooldowns, bounded waits and schedules."""

    kind: ClassVar[str] = "timer"
    ts: int
    seq: int = 0

    @property
    def ts_event(self) -> int:
        return self.ts


class OrderStatus(StrEnum):
    """What a venue can say of an order."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """No answer came in time: the order may or may not have reached the venue."""
    ABSENT = "absent"
    """A query proved that the venue never had it."""
    AMENDED = "amended"
    """It rests, and the update has its units and price as they are now: somebody changed them, or tried to."""


@dataclass(slots=True)
class OrderUpdate:
    """The venue (or a timeout) says something of an order. Order ids are ours, made from the decision. `units` and
    `price` come with AMENDED alone: of the whole order, what has filled of it included; None: as it was."""

    kind: ClassVar[str] = "order"
    ts: int
    ts_event: int
    order_id: str
    status: OrderStatus
    venue_id: str = ""
    code: str = ""
    reason: str = ""
    seq: int = 0
    units: Decimal | None = None
    price: Decimal | None = None


@dataclass(slots=True)
class Fill:
    """A fill of one of our orders, or (order_id "") of a stop, target or manual order at the venue.

    `trade_id`: the trade it opens, reduces or closes, as the venue numbers them; `opens` says which. `units` positive.
    `fee`, `realised` in account currency (realised excludes the fee)."""

    kind: ClassVar[str] = "fill"
    ts: int
    ts_event: int
    instrument: str
    order_id: str
    side: Side
    units: Decimal
    price: Decimal
    trade_id: str
    opens: bool
    realised: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)
    reason: str = ""
    is_last: bool = True
    seq: int = 0
    fill_id: str = ""
    """The venue's own number of the fill, where it has one: what tells two equal fills of one instant apart."""


@dataclass(slots=True)
class CashChange:
    """Financing, funding, deposit or withdrawal, in account currency (negative: paid)."""

    kind: ClassVar[str] = "cash"
    ts: int
    ts_event: int
    amount: Decimal
    reason: Literal["financing", "funding", "deposit", "withdrawal", "correction"]
    instrument: str = ""
    seq: int = 0
    id: str = ""
    """The venue's own number of it, where it has one: history tells it again."""


@dataclass(slots=True)
class AccountRead:
    """The venue's own statement, with every fill that was told before it and is no younger. None: that figure could not
    be read; the engine treats it as unknown, never as 0."""

    kind: ClassVar[str] = "account"
    ts: int
    ts_event: int
    balance: Decimal | None
    margin_used: Decimal | None
    failed: bool = False
    seq: int = 0


@dataclass(slots=True)
class OperatorCommand:
    """A human's command: kill, pause, resume, rearm, close … with who and why."""

    kind: ClassVar[str] = "operator"
    ts: int
    command: str
    by: str
    reason: str
    arguments: dict[str, Any]
    seq: int = 0

    @property
    def ts_event(self) -> int:
        return self.ts


@dataclass(slots=True)
class Reconciliation:
    """The whole account as the venue states it, once everything that was heard before is in the log: at the start,
    after a connection was away, and now and then while orders are out. What it has otherwise than we do counts."""

    kind: ClassVar[str] = "reconciliation"
    ts: int
    ts_event: int
    snapshot: VenueSnapshot
    seq: int = 0


@dataclass(slots=True)
class LinkChange:
    """A connection to the venue was lost, or is there again with everything missed made up for. `account`: orders and
    fills; `prices`: the market; `record`: our own journal, while what happens goes into its reserve. While `account` is
    away nobody knows what happens at the venue."""

    kind: ClassVar[str] = "link"
    ts: int
    ts_event: int
    channel: Literal["account", "prices", "record"]
    is_up: bool
    detail: str = ""
    seq: int = 0


@dataclass(slots=True)
class HoursWord:
    """What the venue says of its hours from `begin_ns` up to but without `end_ns`; None: from then on, until it says
    otherwise. `is_open`: it trades at some time in between; else at no time. `instrument` "": of all that it has.

    `source`: who says it, and of what; a later word of the same source takes its place."""

    kind: ClassVar[str] = "hours"
    ts: int
    ts_event: int
    instrument: str
    begin_ns: int
    end_ns: int | None
    is_open: bool
    source: str
    seq: int = 0


MarketEvent = Quote | TradePrint | BarEvent | Book | Funding | Reference
VenueEvent = OrderUpdate | Fill | CashChange | AccountRead | Reconciliation | LinkChange | HoursWord
Event = MarketEvent | VenueEvent | Signal | Timer | OperatorCommand
