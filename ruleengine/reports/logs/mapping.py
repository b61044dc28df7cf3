"""A declared mapping of a log: how its rows become decisions or closed trades. Plain data, to be written as YAML.

What a log does not say (zone of its clock, currency, pip, what a tag means) must be declared; nothing is guessed.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ruleengine.market.zones import zone
from ruleengine.recordings.mapping import Declared, SourceField

DecisionColumn = Literal[
    "id", "kind", "rule", "instrument", "side", "tag", "pocket", "trade", "signal", "outcome", "code", "blocker",
    "message", "units", "stop", "fill_price",
]  # fmt: skip
TradeColumn = Literal[
    "id", "instrument", "side", "units", "tag", "pocket", "entry_price", "exit_price", "stop", "pips", "result", "fees",
    "opened_by", "closed_by",
]  # fmt: skip


def _known_zone(name: str) -> str:
    try:
        zone(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone `{name}`; use a name of the IANA database, as Asia/Seoul") from error
    return name


def _wall_time(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError(f"{text} is no wall time; write it as 17:00")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from error
    return text


def _from_text(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class LogField(SourceField):
    """Where a value stands in a row: a column, or a path in a JSON line (`request.order.units`, `bids.0.price`)."""

    minus: str | None = Field(default=None, description="Column whose number is taken off.", examples=["bids.0.price"])
    unit: str = Field(default="", description="Unit, for figures; pips: the number is a price distance.")


AnyField = Annotated[LogField, BeforeValidator(_from_text)]


class Instant(Declared):
    """Where a time stands, and how it is written."""

    column: str = Field(description="Column or path.", examples=["ts"])
    form: Literal["iso", "epoch_s", "epoch_ms", "epoch_ns"] = Field(default="iso", description="How it is written.")
    zone: Annotated[str, AfterValidator(_known_zone)] | None = Field(
        default=None, description="Zone of a clock that states no offset.", examples=["Asia/Seoul"]
    )


AnyInstant = Annotated[Instant, BeforeValidator(_from_text)]


class Terms(Declared):
    """How an instrument counts: its pip in quote currency, and where its days begin."""

    pip: str = Field(description="A pip, in quote currency.", examples=["0.01"], pattern=r"^\d+(\.\d+)?$")
    zone: Annotated[str, AfterValidator(_known_zone)] = Field(default="UTC", description="Zone of its days.")
    day: Annotated[str, AfterValidator(_wall_time)] = Field(default="00:00", description="When a day begins.")


class Compared(Declared):
    """A comparison that the other system made, with the value it measured: what its refusals were short of."""

    what: str = Field(description="What was measured.", examples=["edge_pips"])
    operator: Literal["lt", "le", "gt", "ge"] = Field(description="How it had to stand to the limit to pass.")
    measured: AnyField = Field(description="Where the measured value stands.")
    limit: AnyField | float = Field(description="Where the limit stands, or the limit itself.")
    unit: str = Field(default="", description="Unit of both.", examples=["pips"])


class Rows(Declared):
    """Rows of one kind: which they are, and what stands where."""

    where: dict[str, str] = Field(default={}, description="Column → word that a row must have.")
    time: AnyInstant = Field(description="When it was decided.")
    key: tuple[str, ...] = Field(default=(), description="Columns under which an answer finds the row.")
    constants: dict[DecisionColumn, str] = Field(default={}, description="Column of ours → what every row has.")
    fields: dict[DecisionColumn, AnyField] = Field(description="Column of ours → where it stands.")
    compared: tuple[Compared, ...] = Field(default=(), description="What was compared; the first that failed decides.")
    figures: dict[str, AnyField] = Field(default={}, description="Name → where a figure stands that was read then.")


class Answers(Declared):
    """Rows that say what became of earlier ones: each belongs to the first of its key that has no answer yet."""

    where: dict[str, str] = Field(description="Column → word that such a row has.")
    key: tuple[str, ...] = Field(description="Columns under which it finds its row.")
    fate: Literal["filled", "rejected", "cancelled"] = Field(description="What it says.")
    code: tuple[str, ...] = Field(default=(), description="Columns of the venue's code; the first that has one counts.")
    trade: str | None = Field(default=None, description="Column of the trade that the order opened.")
    price: str | None = Field(default=None, description="Column of the price at which it was filled.")
    figures: dict[str, AnyField] = Field(default={}, description="Name → where a figure stands.")


class Trades(Declared):
    """Closed trades, a row each."""

    where: dict[str, str] = Field(default={}, description="Column → word that a row must have.")
    opened: AnyInstant = Field(description="When it was opened.")
    closed: AnyInstant = Field(description="When the last of it was closed.")
    fields: dict[TradeColumn, AnyField] = Field(description="Column of ours → where it stands.")


class LogMapping(Declared):
    """One form of log. `decisions` or `trades`."""

    name: str = Field(description="Name of the mapping.", examples=["my-bot"])
    doc: str = Field(default="", description="What the log is.")
    kind: Literal["decisions", "trades"] = Field(description="What its rows become.")
    format: Literal["csv", "jsonl"] = Field(description="Form of the files; .gz is unpacked.")
    currency: str = Field(description="Currency of the account.", examples=["JPY"], pattern=r"^[A-Z]{3,5}$")
    instruments: dict[str, Terms] = Field(description="Instrument → pip and days.")
    records: tuple[Rows, ...] = Field(default=(), description="For decisions: rows that are one.")
    answers: tuple[Answers, ...] = Field(default=(), description="For decisions: rows that answer one.")
    trades: Trades | None = Field(default=None, description="For trades: what stands where.")
    base_tags: dict[str, tuple[str, ...]] = Field(default={}, description="Base tag → raw tags that mean it.")
    tag_patterns: dict[Annotated[str, AfterValidator(_pattern)], str] = Field(
        default={}, description="Regular expression over a whole raw tag → base tag."
    )
    assumes: tuple[str, ...] = Field(default=(), description="What the mapping takes for granted.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "decisions" and not self.records:
            raise ValueError("a mapping of decisions says under `records:` which rows are one")
        if self.kind == "trades" and self.trades is None:
            raise ValueError("a mapping of trades says under `trades:` what stands where")
        for each in self.records:
            missing = {"id", "instrument", "side"} - set(each.fields) - set(each.constants)
            if missing:
                raise ValueError(f"records without {', '.join(sorted(missing))} can't be told apart")
        if self.trades is not None:
            missing = {"id", "instrument", "side", "result"} - set(self.trades.fields)
            if missing:
                raise ValueError(f"trades without {', '.join(sorted(missing))} say too little")
        return self
