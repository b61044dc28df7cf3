"""A declared mapping: how the rows of a source become rows of a recording. Plain data, so it can be written as YAML.

What a file does not say (zone, what a stamp means, what a volume counts) must be declared; nothing is guessed.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ruleengine.recordings.layout import BAR_KINDS, KINDS, PRICE_SIDES
from ruleengine.recordings.session import SESSIONS

_DURATION = re.compile(r"(-?\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)")
_UNIT_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}


def duration_ns(text: str) -> int:
    """Nanoseconds of a duration with its unit attached.

    >>> duration_ns("5m"), duration_ns("1.27s"), duration_ns("0s")
    (300000000000, 1270000000, 0)
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"a duration is a number with one of {', '.join(_UNIT_NS)} attached, as in 5m; not {text!r}")
    whole, _, fraction = found[1].partition(".")
    unit = _UNIT_NS[found[2]]
    part: int = int(fraction or 0) * unit // 10 ** len(fraction)
    return int(whole) * unit + (-part if whole.startswith("-") else part)


def _checked_duration(text: object) -> object:
    if isinstance(text, str):
        duration_ns(text)
    return text


def _longer_than_nothing(text: str) -> str:
    if duration_ns(text) <= 0:
        raise ValueError(f"{text} is not longer than nothing; write it as 5m")
    return text


def _power_of_ten(number: int) -> int:
    if not re.fullmatch(r"10*", str(number)):
        raise ValueError(f"it must be a power of ten, so that no digit is lost; not {number}")
    return number


def _band(band: tuple[float, float]) -> tuple[float, float]:
    low, high = band
    if not 0 < low < high < math.inf:
        raise ValueError(
            f"{low:g} to {high:g}: the lowest price must be above zero, and below the highest, as in 50:250"
        )
    return band


def _known_session(name: str) -> str:
    if name not in SESSIONS:
        raise ValueError(f"unknown trading session `{name}`; there are {', '.join(SESSIONS)}")
    return name


Duration = Annotated[str, BeforeValidator(_checked_duration)]
Length = Annotated[Duration, AfterValidator(_longer_than_nothing)]
PowerOfTen = Annotated[int, AfterValidator(_power_of_ten)]
Band = Annotated[tuple[float, float], AfterValidator(_band)]
SessionName = Annotated[str, AfterValidator(_known_session)]


class Declared(BaseModel):
    """Plain data that is never changed and has no keys but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceField(Declared):
    """Where a value stands in the source, and how it is read."""

    column: str = Field(description="Name of the column, or path in a JSON line: request.order.type.", examples=["bid"])
    divide_by: PowerOfTen = Field(
        default=1, description="Power of ten that scaled prices are divided by.", examples=[10000]
    )
    values: dict[str, str] | None = Field(default=None, description="Source word → recorded word; others are missing.")
    pattern: str | None = Field(default=None, description="Regular expression; its first group is the value.")
    suffix: str = Field(default="", description="Text that the source leaves off names.", examples=["-SWAP"])
    absolute: bool = Field(default=False, description="Leave the sign away (signed sizes whose side stands elsewhere).")

    @property
    def exponent(self) -> int:
        """How many decimals the scale stands for."""
        return exponent_of(self.divide_by)


def exponent_of(power: int) -> int:
    """
    >>> exponent_of(1000)
    3
    """
    return len(str(power)) - 1


def _field_from_text(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


AnyField = Annotated[SourceField, BeforeValidator(_field_from_text)]

TimeForm = Literal["iso", "pattern", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "ms_of_day"]

EPOCH_EXPONENTS = {"epoch_s": 9, "epoch_ms": 6, "epoch_us": 3, "epoch_ns": 0}
"""Form of a count since 1970 → nanoseconds of its unit, as a power of ten."""


class TimeField(Declared):
    """Where a time stands, how it is written and in which zone."""

    columns: tuple[str, ...] = Field(
        description="Columns; several are joined by one space.", examples=[["date", "time"]]
    )
    form: TimeForm = Field(default="iso", description="How it is written.")
    pattern: str | None = Field(
        default=None,
        description="strptime pattern for form: pattern; a final .%f takes 1–9 digits.",
        examples=["%d.%m.%Y %H:%M:%S.%f"],
    )
    zone: str | None = Field(
        default=None,
        description="IANA zone of the clock, UTC, or stated (each stamp carries its offset).",
        examples=["UTC"],
    )
    date_from_name: str | None = Field(
        default=None,
        description="For ms_of_day: regular expression whose first group is the date in the file name.",
        examples=[r"(\d{8})_"],
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.form == "pattern") != (self.pattern is not None):
            raise ValueError("form: pattern needs a pattern, and only it")
        if (self.form == "ms_of_day") != (self.date_from_name is not None):
            raise ValueError("form: ms_of_day needs date_from_name, and only it")
        return self

    @property
    def is_absolute(self) -> bool:
        """Epoch times need no zone."""
        return self.form.startswith("epoch")


class Table(Declared):
    """One kind of row and where its parts stand in the source."""

    kind: str = Field(description="Kind of the recording.", examples=["quote"])
    files: str = Field(
        default="*", description="Shell pattern of the file names that hold it.", examples=["*_quote.zip"]
    )
    fields: tuple[str, ...] = Field(
        default=(), description="Names of the columns, where they differ from the mapping's."
    )
    stream: str | None = Field(default=None, description="Stream of a frame protocol.", examples=["bookTicker"])
    time: TimeField
    received: TimeField | None = Field(default=None, description="When the recording machine had it, where it says so.")
    time_or_received: bool = Field(
        default=False, description="Rows without a time of their own take the time of receipt."
    )
    stamp: Literal["event", "open", "close"] = Field(default="event", description="What a bar's stamp marks.")
    interval: Length | None = Field(default=None, description="Length of a bar.", examples=["1m"])
    grid_zone: str = Field(default="UTC", description="Zone in which bars are aligned.", examples=["America/New_York"])
    grid_anchor: Duration = Field(
        default="0s", description="Time of that zone's day at which alignment starts.", examples=["17h"]
    )
    price: Literal["mid", "bid", "ask", "last"] | None = Field(
        default=None, description="Which prices a bar is made of."
    )
    instrument: AnyField | None = Field(default=None, description="Column that names the instrument.")
    columns: dict[str, AnyField] = Field(default_factory=dict, description="Recorded column → source field.")
    payload: dict[str, AnyField] = Field(default_factory=dict, description="Of signals: property → source field.")
    sides: dict[Literal["bid", "ask"], str] | None = Field(
        default=None, description="Bid and ask bars in files of their own: side → shell pattern. Joined on the stamp."
    )
    where: dict[str, str] = Field(
        default_factory=dict, description="Keep lines in which these columns have these values."
    )
    identity: tuple[str, ...] = Field(
        default=(), description="Source columns that number an event.", examples=[["trade_id"]]
    )
    gap_after: Length | None = Field(default=None, description="Silence that counts as a gap; of bars one interval.")
    frozen_after: Length | None = Field(
        default=None, description="Unchanged price that long, over 20 rows, is reported."
    )

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        kind = KINDS.get(self.kind)
        if kind is None:
            raise ValueError(f"unknown kind {self.kind!r}; kinds are {', '.join(KINDS)}")
        known = {column.name for column in kind.columns}
        if self.sides is not None:
            known = {"open", "high", "low", "close", "volume"}
        unknown = sorted(set(self.columns) - known)
        if unknown:
            raise ValueError(f"kind {self.kind} has no column {', '.join(unknown)}")
        if self.kind in BAR_KINDS and (self.interval is None or self.stamp == "event"):
            raise ValueError("bars need interval, and stamp: open or close")
        if self.kind == "bar" and self.price not in PRICE_SIDES:
            raise ValueError(f"bars need price: one of {', '.join(PRICE_SIDES)}")
        return self

    @property
    def interval_ns(self) -> int:
        """Length of a bar, 0 for what is no bar."""
        return duration_ns(self.interval) if self.interval else 0

    @property
    def gap_ns(self) -> int | None:
        """Silence that counts as a gap, or None where gaps say nothing."""
        if self.gap_after is not None:
            return duration_ns(self.gap_after)
        return self.interval_ns or None


class FixedPoint(Declared):
    """Columns of little-endian 16-byte integers and the scale that is really in them."""

    columns: tuple[str, ...] = Field(examples=[["bid_price", "ask_price"]])
    divide_by: PowerOfTen = Field(description="What the integers are divided by.", examples=[10**18])

    @property
    def exponent(self) -> int:
        """How many decimals the scale stands for."""
        return exponent_of(self.divide_by)


class Mapping(Declared):
    """A source's form and the tables in it."""

    name: str = Field(examples=["oanda-m1-mid"])
    doc: str = Field(default="", description="What the source is.")
    format: Literal["csv", "jsonl", "json_map", "parquet", "frames"] = Field(
        description="csv may stand in .gz or .zip; json_map is nested objects; frames are WebSocket lines."
    )
    protocol: Literal["binance"] | None = Field(default=None, description="Protocol of frames.")
    header: bool = Field(default=True, description="The first line names the columns.")
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    fields: tuple[str, ...] = Field(
        default=(), description="Names of the columns where no header gives them; of json_map: levels, then properties."
    )
    levels: int = Field(default=0, description="Of json_map: how many of the fields are nested keys.")
    fixed_point: FixedPoint | None = None
    tables: tuple[Table, ...] = Field(min_length=1)
    venue: str = Field(default="", description="Default venue.")
    session: SessionName = Field(
        default="always", description="Trading session for gaps: always, fx, krx, us_equities."
    )
    quiet: Duration = Field(default="5m", description="Silence inside of a session up to this long is a quiet spell.")
    jump_factor: float = Field(
        default=2.0, gt=1.0, description="A price this many times the one before is a jump of scale."
    )
    price_band: Band | None = Field(default=None, description="Plausible prices.", examples=[[50.0, 250.0]])
    needs_price_band: bool = Field(default=False, description="The scale is in doubt: a band must be declared.")
    receive_correction: Duration = Field(
        default="0s", description="Added to the recording machine's clock.", examples=["1.27s"]
    )
    assumes: tuple[str, ...] = Field(default=(), description="What the file does not say and this mapping states.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.format == "frames") != (self.protocol is not None):
            raise ValueError("format: frames needs a protocol, and only it")
        if self.format == "csv" and not self.header and not self.fields:
            raise ValueError("header: false needs fields, the names of the columns")
        if self.format == "json_map" and not 0 < self.levels < len(self.fields):
            raise ValueError("format: json_map needs fields and how many of them are levels")
        return self
