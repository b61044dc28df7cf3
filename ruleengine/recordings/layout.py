"""The recording format: every kind of row, its columns, units and order. The only place where they are declared.

A recording is a folder:

    manifest.json
    venue=<v>/instrument=<i>/kind=<k>/date=<UTC date of ts_available>/part-0.parquet

Times are UTC nanoseconds since 1970 (int64). Prices and sizes are float64, and the shortest decimal that reads back as
that float is the decimal the source wrote: with at most 15 significant digits none is lost, and `Decimal(repr(x))`
gives it back.

Rows are ordered by (ts_available, rank of the kind, instrument, recording, seq). A recording that was made as the
market came (`manifest.Live`) numbers its rows over all instruments and kinds, in the order in which they came; at one
instant its rows go first, in that order.

The published JSON schema is printed from `KINDS`; readers and writers are generated from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["BIGINT", "UINTEGER", "DOUBLE", "VARCHAR", "DOUBLE[]"]

FORMAT_VERSION = 2
FORMATS = (1, FORMAT_VERSION)
"""What is read. 2 added kind `reference`, the day's figures of trades, and recordings made as the market came."""
MANIFEST_NAME = "manifest.json"
PART_NAME = "part-0.parquet"

NAME_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""What a venue or instrument can be called: it becomes part of a folder name."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind. `unit` is a word of the policy language, or empty where there is none. `since`: the format
    that brought it; in files of an older one it is missing, which is the same as null in every row."""

    name: str
    type: ColumnType
    unit: str
    nullable: bool
    doc: str
    example: object
    since: int = 1


@dataclass(frozen=True, slots=True)
class Value:
    """One float64 column of a batch: its name, and the SQL over a row's columns that gives it (null becomes NaN).
    `since`: the format that brought the columns it is made of."""

    name: str
    sql: str
    since: int = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of row.

    `rank` orders kinds within one instant: what closed or was measured up to it comes before what happens at it, and
    signals, which were decided on it, come last. `values` are a batch's numbers, `text` and `levels` the
    SQL of what is no number: a text, or lists of numbers.
    """

    name: str
    rank: int
    doc: str
    own_columns: tuple[Column, ...]
    values: tuple[Value, ...]
    text: str | None = None
    levels: str | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns in stored order: those of every kind first."""
        return COMMON_COLUMNS + self.own_columns

    def columns_of(self, version: int) -> tuple[Column, ...]:
        """The columns that files of a format have."""
        return tuple(column for column in self.columns if column.since <= version)

    @property
    def value_names(self) -> tuple[str, ...]:
        """Names of the batch's numbers, in order."""
        return tuple(value.name for value in self.values)


COMMON_COLUMNS = (
    Column("ts_event", "BIGINT", "ns", False, "The source's own time. Of a bar: its close.", 1546383600071000064),
    Column(
        "ts_available",
        "BIGINT",
        "ns",
        False,
        "When it could be known here; of imported rows never before ts_event.",
        1546383600071000064,
    ),
    Column(
        "seq",
        "BIGINT",
        "",
        False,
        "Number of the row within its instrument and kind, from 0, in total order; where the recording was made as the "
        "market came, within the whole recording.",
        0,
    ),
    Column("flags", "UINTEGER", "", False, "Bits of the defects found on this row; see `defects.py`.", 0),
)

_OHLC = ("open", "high", "low", "close")
PRICE_SIDES = ("mid", "bid", "ask", "last")
"""Which prices a bar was made of; a batch carries the index."""

_SIDE_CODE = "list_position(['mid', 'bid', 'ask', 'last'], price) - 1"
_AGGRESSOR_CODE = "CASE aggressor WHEN 'buy' THEN 1 WHEN 'sell' THEN -1 END"


def _price(name: str, doc: str, nullable: bool = False) -> Column:
    return Column(name, "DOUBLE", "price", nullable, doc, 157.031)


def _size(name: str, doc: str, nullable: bool = True) -> Column:
    return Column(name, "DOUBLE", "units", nullable, doc, 1000000.0)


def _span_columns() -> tuple[Column, ...]:
    return (
        Column("ts_open", "BIGINT", "ns", False, "When the bar began: ts_event − interval_ns.", 1546383540000000000),
        Column("interval_ns", "BIGINT", "ns", False, "Declared length of the bar.", 60_000_000_000),
    )


def _as_they_are(*names: str) -> tuple[Value, ...]:
    return tuple(Value(name, name) for name in names)


def _side_ohlc(side: str) -> tuple[str, ...]:
    return tuple(f"{side}_{part}" for part in _OHLC)


# Prices are nullable: a row whose price cannot be read is kept and flagged, never dropped or filled.
_KINDS = (
    Kind(
        "bar",
        0,
        "A bar made of one side's prices (mid, bid, ask) or of trades (last).",
        (
            *_span_columns(),
            Column("price", "VARCHAR", "", False, "Which prices: mid, bid, ask or last.", "mid"),
            *(_price(name, f"{name.capitalize()} of the bar.", nullable=True) for name in _OHLC),
            _size("volume", "Traded in the bar, as the source counts; null where it does not say."),
            Column("trades", "DOUBLE", "count", True, "Trades or ticks in the bar; null where not said.", 313.0),
        ),
        (*_as_they_are(*_OHLC, "volume", "trades", "interval_ns"), Value("price_side", _SIDE_CODE)),
    ),
    Kind(
        "quote_bar",
        1,
        "A bar of bids and a bar of asks over the same span.",
        (
            *_span_columns(),
            *(_price(name, f"Bid bar, {name[4:]}.", nullable=True) for name in _side_ohlc("bid")),
            *(_price(name, f"Ask bar, {name[4:]}.", nullable=True) for name in _side_ohlc("ask")),
            _size("bid_volume", "Size at the bid, as the source counts."),
            _size("ask_volume", "Size at the ask, as the source counts."),
        ),
        _as_they_are(*_side_ohlc("bid"), *_side_ohlc("ask"), "bid_volume", "ask_volume", "interval_ns"),
    ),
    Kind(
        "snapshot",
        2,
        "The last trade seen in a minute, with figures of the day (Korean WebSocket feeds).",
        (
            _price("price", "Price of that trade.", nullable=True),
            _price("day_high", "Highest price of the day so far.", nullable=True),
            _price("day_low", "Lowest price of the day so far.", nullable=True),
            _size("exec_volume", "Size of that one trade."),
            _size("acc_volume", "Volume of the day so far."),
            _size("minute_volume", "Increase of acc_volume since ts_since; null for a day's first row."),
            Column("ts_since", "BIGINT", "ns", True, "Time of the snapshot before, the same day.", 1546383540000000000),
        ),
        _as_they_are("price", "day_high", "day_low", "exec_volume", "acc_volume", "minute_volume", "ts_since"),
    ),
    Kind(
        "book",
        3,
        "Top of the order book, best level first; imported ones have at most ten levels a side.",
        tuple(
            Column(f"{side}_{what}s", "DOUBLE[]", unit, False, f"{what.capitalize()}s of the {side} levels.", example)
            for side in ("bid", "ask")
            for what, unit, example in (("price", "price", [157.03, 157.02]), ("size", "units", [2.5, 1.0]))
        ),
        (),
        levels="[bid_prices, bid_sizes, ask_prices, ask_sizes]",
    ),
    Kind(
        "quote",
        4,
        "Best bid and best ask.",
        (
            _price("bid", "Best bid.", nullable=True),
            _price("ask", "Best ask.", nullable=True),
            _size("bid_size", "Size at the bid; null where not said."),
            _size("ask_size", "Size at the ask; null where not said."),
        ),
        _as_they_are("bid", "ask", "bid_size", "ask_size"),
    ),
    Kind(
        "trade",
        5,
        "A trade of the market at large.",
        (
            _price("price", "Price of the trade.", nullable=True),
            _size("size", "Size of the trade."),
            Column("aggressor", "VARCHAR", "", True, "Who crossed the spread: buy, sell or null.", "buy"),
            Column("trade_id", "VARCHAR", "", True, "The venue's number of the trade.", "5266583935"),
            Column(
                "day_high", "DOUBLE", "price", True, "Highest price of the day up to it; null where not said.", 157.4, 2
            ),
            Column(
                "day_low", "DOUBLE", "price", True, "Lowest price of the day up to it; null where not said.", 156.9, 2
            ),
            Column("day_volume", "DOUBLE", "units", True, "Volume of the day up to it; null where not said.", 1.5e6, 2),
        ),
        (
            *_as_they_are("price", "size"),
            Value("aggressor", _AGGRESSOR_CODE),
            *(Value(name, name, 2) for name in ("day_high", "day_low", "day_volume")),
        ),
    ),
    Kind(
        "funding",
        6,
        "A funding rate charged at ts_event.",
        (Column("rate", "DOUBLE", "ratio", True, "Share of position value; positive: longs pay.", 0.0001),),
        _as_they_are("rate"),
    ),
    Kind(
        "reference",
        7,
        "A price that another source states: the venue's mark, an index.",
        (
            _price("price", "The price stated.", nullable=True),
            Column("source", "VARCHAR", "", False, "What it is, as the venue calls it.", "mark"),
        ),
        _as_they_are("price"),
        text="source",
    ),
    Kind(
        "signal",
        8,
        "A signal from outside, as schemas/signal.schema.json describes it.",
        (
            Column("id", "VARCHAR", "", False, "The sender's id; repeated ids are the same signal.", "qr-1761-BBRSI"),
            Column("payload", "VARCHAR", "", False, "The signal as JSON text, keys sorted.", '{"side":"buy"}'),
        ),
        (),
        text="payload",
    ),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
BAR_KINDS = ("bar", "quote_bar")


def is_path_safe(name: str) -> bool:
    """Whether a venue or instrument name can stand in a folder name as it is.

    >>> is_path_safe("USD_JPY"), is_path_safe("../x"), is_path_safe("")
    (True, False, False)
    """
    return re.fullmatch(NAME_PATTERN, name) is not None


def partition_path(venue: str, instrument: str, kind: str, date: str) -> str:
    """Folder of one partition, relative to the recording.

    >>> partition_path("oanda", "USD_JPY", "quote", "2019-01-01")
    'venue=oanda/instrument=USD_JPY/kind=quote/date=2019-01-01'
    """
    return f"venue={venue}/instrument={instrument}/kind={kind}/date={date}"
