"""What a journal holds: every kind of entry with its fields, every shape of market event. Docs are printed from here.

The journal knows the names of things, not their meaning: it checks that the fields a kind needs are there, and keeps
whatever else a body carries. A new kind or an optional field needs no new layout version; a change of what the chain
covers, of the tables, or of the meaning of a field does.
"""

from __future__ import annotations

from dataclasses import dataclass

LAYOUT_VERSION = 1
"""Stands in the file as `PRAGMA user_version`. A file with a higher one is refused."""

APPLICATION_ID = 0x52654A6C
"""Stands in the file as `PRAGMA application_id` ("ReJl"), so that `file` and we tell a journal from other databases."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or a market event: what it holds, and whether an entry without it is refused."""

    name: str
    holds: str
    doc: str
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry. `is_input` kinds are what a replay feeds in again; all others follow from them."""

    name: str
    doc: str
    key: str
    fields: tuple[Field, ...]
    is_input: bool = False

    @property
    def required(self) -> frozenset[str]:
        """Names that a body must have."""
        return frozenset(field.name for field in self.fields if field.is_required)


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape of market event: a tuple `(name, ts, ts_event, …)`, fields in the order of the model's class.

    Times are UTC nanoseconds; every other field may be None where the source has nothing to say. A timer is no event
    of the market, but it comes as often and is kept in the same batches.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]

    @property
    def width(self) -> int:
        """Length of the tuple, its name included."""
        return len(self.fields) + 1

    @property
    def number_places(self) -> tuple[int, ...]:
        """Where in the tuple its number fields stand."""
        return tuple(place for place, field in enumerate(self.fields, 1) if field.holds == "number")

    @property
    def list_places(self) -> tuple[int, ...]:
        """Where in the tuple its fields with nested values stand."""
        return tuple(place for place, field in enumerate(self.fields, 1) if field.holds == "list")


def _optional(name: str, holds: str, doc: str) -> Field:
    return Field(name, holds, doc, is_required=False)


_DECISION = Field("decision", "id", "the decision it belongs to; rows of one decision are found by it")
_INSTRUMENT = Field("instrument", "id", "instrument")
_POLICY = Field("policy", "text", "`name@version` of the policy that was active")

KINDS: tuple[Kind, ...] = (
    Kind(
        "market",
        "Market events in columns, as they were captured, before anything was evaluated.",
        "none",
        (
            Field("count", "count", "number of events"),
            Field("order", "list", "runs of one shape, in order: [shape, how many]"),
            Field("columns", "object", "shape → field → values, one per event of that shape"),
        ),
        is_input=True,
    ),
    Kind(
        "event",
        "Any other input, captured before evaluation: signal, order report, fill, cash, account, reconciliation, link, "
        "the venue's word of its hours, operator command.",
        "id of the signal, order or command, the channel of a link, the source of a word for all instruments; else the "
        "instrument",
        (
            Field("type", "text", "signal, order, fill, cash, account, reconciliation, link, hours, operator"),
            _optional("snapshot", "object", "of a reconciliation: the venue's book, with its trades and open orders"),
            _optional("ts_event", "time", "the source's own time; the row's time is that of availability"),
        ),
        is_input=True,
    ),
    Kind(
        "check",
        "One evaluation for an intent, with every verdict and value that stood behind it.",
        "the decision",
        (
            _DECISION,
            _POLICY,
            Field("verdicts", "list", "one object per rule: rule, outcome, measured value, limit, distance, unknowns"),
            _optional("outcome", "text", "cleared or refused"),
            _optional("values", "object", "node → value, for `why`"),
        ),
    ),
    Kind(
        "verdict_change",
        "A rule's verdict became another one between intents, the onset of an unknown included.",
        "the rule",
        (
            Field("rule", "id", "rule"),
            Field("before", "text", "pass, refuse, shrink or unknown"),
            Field("after", "text", "pass, refuse, shrink or unknown"),
            _optional("instrument", "id", "instrument, where the rule has one"),
            _optional("values", "object", "the values at that instant"),
        ),
    ),
    Kind(
        "intent",
        "What a rule wants, durable before any byte of its order leaves.",
        "the decision",
        (
            _DECISION,
            _POLICY,
            Field("rule", "id", "the rule that wants it"),
            _INSTRUMENT,
            Field("units", "decimal", "size after caps and rounding; signed where `side` is absent"),
            Field("reduce_only", "boolean", "whether it may only take risk off"),
            _optional("side", "text", "long or short"),
            _optional("order", "id", "id of the order that carries it"),
            _optional("stage", "text", "of an exit: the stage that its fill completes"),
            _optional("full_close", "boolean", "true: it is to take all that is there"),
        ),
    ),
    Kind(
        "refusal",
        "An intent that was not let through, with the first reason.",
        "the decision",
        (
            _DECISION,
            _POLICY,
            Field("rule", "id", "the rule, cap or gate limit that refused"),
            Field("reason", "text", "code or sentence"),
            _optional("instrument", "id", "instrument"),
            _optional("measured", "number", "what was measured; absent with the next three where there is no number"),
            _optional("limit", "number", "the limit it was held against"),
            _optional("distance", "number", "how far apart the two are; below 0: it failed by that much"),
            _optional("unit", "text", "unit of all three"),
        ),
    ),
    Kind(
        "order",
        "One step of an order's life. UNKNOWN is a state like any other.",
        "the order",
        (
            _DECISION,
            Field("state", "text", "the state it is in now"),
            _optional("before", "text", "the state it was in"),
            _optional("event", "text", "what moved it"),
            _optional("venue_id", "text", "the venue's own id"),
            _optional("reason", "text", "the venue's words"),
        ),
    ),
    Kind(
        "fill",
        "What the venue did of an order.",
        "the order",
        (
            _DECISION,
            _INSTRUMENT,
            Field("units", "decimal", "size of this fill; signed where `side` is absent"),
            Field("price", "decimal", "price of this fill"),
            _optional("side", "text", "long or short"),
            _optional("fee", "object", "amount and currency"),
            _optional("venue_id", "text", "the venue's own id"),
        ),
    ),
    Kind(
        "snapshot",
        "The whole state after the event the row stands at; with the events after it, it gives the same decisions.",
        "none",
        (
            Field("schema_digest", "text", "digest of the state's schema; another one cannot be loaded"),
            Field("state", "object", "the state"),
            _optional("digest", "text", "SHA-256 of the state"),
        ),
    ),
    Kind(
        "activation",
        "From the next event on this policy decides.",
        "the policy's name",
        (
            _POLICY,
            Field("digest", "text", "content digest of the policy"),
            _optional("text", "text", "the resolved policy, so that the journal explains itself"),
            _optional("parameters", "object", "values that were set"),
        ),
    ),
    Kind(
        "note",
        "Something worth knowing: start, stop, mode, re-arm with its reason, reconciliation; for reports, what stood "
        "open as a run began (`book`) and ended (`open`), and each day of the account (`day`).",
        "free",
        (Field("code", "text", "what it is about"), _optional("message", "text", "in words")),
    ),
    Kind(
        "defect",
        "A fault of data, venue or engine, coded; no failure is silent.",
        "instrument or order",
        (Field("code", "text", "its code"), Field("message", "text", "in words")),
    ),
)

_WHEN = (
    Field("ts", "time", "when the engine could know it; the order of the log"),
    Field("ts_event", "time", "the source's own time"),
)
_WHERE = (*_WHEN, Field("instrument", "id", "instrument"))
_FLAGS = Field("flags", "number", "other than 0: a defect that the importer or the venue marked")


def _number(name: str, doc: str) -> Field:
    return Field(name, "number", doc)


SHAPES: tuple[Shape, ...] = (
    Shape(
        "quote",
        "Best bid and ask.",
        (
            *_WHERE,
            _number("bid", "[price]"),
            _number("ask", "[price]"),
            _number("bid_size", "[units]"),
            _number("ask_size", "[units]"),
            _FLAGS,
        ),
    ),
    Shape(
        "trade",
        "A print.",
        (
            *_WHERE,
            _number("price", "[price]"),
            _number("size", "[units]"),
            Field("aggressor", "text", "buy or sell, where the venue says"),
            _FLAGS,
            _number("day_high", "highest price of the day so far, where the source states it [price]"),
            _number("day_low", "the lowest [price]"),
            _number("day_volume", "volume of the day so far [units]"),
        ),
    ),
    Shape(
        "bar",
        "A bar that the source made; available not before its close.",
        (
            *_WHERE,
            _number("interval_ns", "length of the bar, ns"),
            Field("price", "text", "mid, bid, ask or last: what it was built from"),
            _number("open", "[price]"),
            _number("high", "[price]"),
            _number("low", "[price]"),
            _number("close", "[price]"),
            _number("volume", "[units]"),
            Field("ask_ohlc", "list", "the same four of the ask, where the bar has both sides"),
            _FLAGS,
        ),
    ),
    Shape(
        "book",
        "Top levels of the book.",
        (
            *_WHERE,
            Field("bids", "list", "[price, size] from the best down"),
            Field("asks", "list", "[price, size] from the best up"),
            _FLAGS,
        ),
    ),
    Shape("funding", "A funding rate that is charged at its own time.", (*_WHERE, _number("rate", "[ratio]"))),
    Shape(
        "reference",
        "A price that another source states: mark or index.",
        (
            *_WHERE,
            _number("price", "[price]"),
            Field("source", "text", "what it is, as the venue calls it"),
            _FLAGS,
        ),
    ),
    Shape("timer", "Time has passed, nothing else happened.", _WHEN),
)

KIND_BY_NAME: dict[str, Kind] = {kind.name: kind for kind in KINDS}
SHAPE_BY_NAME: dict[str, Shape] = {shape.name: shape for shape in SHAPES}


def reference() -> str:
    """Markdown tables of kinds and shapes, as they stand in docs/journal.md."""
    lines: list[str] = []
    for kind in KINDS:
        lines += [f"### `{kind.name}`", "", f"{kind.doc} Key: {kind.key}.", "", *_table(kind.fields), ""]
    for shape in SHAPES:
        rows = [f"| `{field.name}` | {field.holds} | {field.doc} |" for field in shape.fields]
        table = ["| field | holds | meaning |", "|---|---|---|", *rows]
        lines += [f"### market event `{shape.name}`", "", f"{shape.doc} All but the times may be null.", "", *table, ""]
    return "\n".join(lines)


def _table(fields: tuple[Field, ...]) -> list[str]:
    head = ["| field | holds | | meaning |", "|---|---|---|---|"]
    return head + [
        f"| `{field.name}` | {field.holds} | {'required' if field.is_required else ''} | {field.doc} |"
        for field in fields
    ]
