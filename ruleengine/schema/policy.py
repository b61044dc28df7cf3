"""The shape of a policy file. These models are the grammar: the published JSON Schemas are generated from them.

A key that is not here is refused. Every key has a description and an example; expressions stay text until `typecheck`.
"""

# annotations are not postponed here: pydantic would compile two hundred texts at every start
from typing import Literal

from pydantic import Field, PrivateAttr

from ruleengine.load import MapNode
from ruleengine.schema import examples
from ruleengine.schema.base import AnyOf, Needs, OneOf, Shape, Some, key, optional
from ruleengine.schema.figures import (
    Confidence,
    Count,
    Interval,
    Lookback,
    Money,
    Period,
    Prefix,
    RawTag,
    Share,
    Units,
    Weight,
)
from ruleengine.schema.leaf import Expression, Id, Name, NameId, Tag, TimeOfDay, VersionLeaf, Words
from ruleengine.schema.modes import Mode
from ruleengine.schema.patterns import Pattern

IntentWord = Literal["entry", "ladder", "pyramid", "hedge_open", "hedge_reduce", "exit"]
Opener = Literal["entry", "ladder", "pyramid", "hedge_open"]
Enforcement = Literal["shadow", "warn", "enforce"]


class Metadata(Shape):
    name: Id = key("name of the policy", "fx-hedge")
    version: VersionLeaf = key("semantic version of this text; a version is never edited once live", "1.3.0")
    description: Words | None = optional("what it is for, in a sentence", "Both sides on one hedging account.")


class Requires(Shape):
    account: Literal["hedging", "netting", "any"] = key(
        "account mode the rules rely on (FX-01)", "hedging", default="any"
    )
    currency: Id | None = optional(
        "account currency; needed where a rule compares with an amount such as 500USD", "JPY"
    )
    instruments: list[Id] = key(
        "instruments the rules act on", ["USD_JPY"], min_length=1, json_schema_extra={"uniqueItems": True}
    )
    capabilities: list[Literal["client_ids", "reduce_only", "partial_close", "attached_stops"]] = key(
        "what the venue must be able to do", ["reduce_only"], default=[]
    )


class Strategy(Shape):
    aliases: list[RawTag] = key(
        "raw tags that mean this strategy, also cut ones (FX-16)", ["TrendMA-bull", "TrendMAbu"], default=[]
    )
    pocket: Id | None = optional("pocket its trades belong to where a signal names none", "macro")
    has_exits: bool = key(
        "false: no exit rule of this policy has to close its trades; an attached stop and target, the venue or a "
        "person does (FX-16)",
        True,
        default=True,
    )
    no_loss_close: Expression | None = optional(
        "true: only exits with `may_lose: true` close its trades at a loss, fees included; a constant or a parameter "
        "(FX-20)",
        "true",
    )
    doc: Words | None = optional("what it does", "moving-average trend")


class Parameter(Shape):
    unit: Id = key("ratio, pips, price, duration, units, contracts, count, number, bars, bool, or a currency", "ratio")
    default: Expression = key("value unless `--set` or an overlay gives another", "92%")
    min: Expression | None = optional("smallest value allowed", "10%")
    max: Expression | None = optional("largest value allowed", "92%")
    doc: Words = key("what it does and where its default comes from", "Never configured above 92 %.")


class Feature(Shape):
    value: Expression = key("the value", "abs(mid - sma(m1.close, 20)) / atr(m1, 14)")
    warm_after: Lookback | None = optional("bars to wait beyond what the functions need", "50bars")
    cut_weight: Weight | None = optional("weight at which recursive indicators stop looking back", "0.000001")
    doc: Words | None = optional("what it means", "gap to MA20 in ATR")


class Timeframe(Shape):
    relations = (Needs((("timezone", None),), ("anchor",)),)

    interval: Interval = key("length of a bar: whole seconds, minutes or hours, at most 24h", "7min")
    price: Literal["mid", "bid", "ask", "last"] = key("price it is built from", "mid", default="mid")
    anchor: TimeOfDay | None = optional("time of day at which counting starts", "17:00")
    timezone: Words | None = optional("zone of the anchor", "America/New_York")


class Window(Shape):
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = key(
        "days on which the window begins",
        ["mon", "fri"],
        default=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        min_length=1,
    )
    begin: TimeOfDay = Field(..., alias="from", description="begin, quoted, in the schedule's zone", examples=["21:00"])
    end: TimeOfDay = Field(
        ..., alias="to", description="end, quoted; not after the begin: on the next day", examples=["06:00"]
    )


class Schedule(Shape):
    timezone: Words = key("IANA name of the zone; windows follow its daylight saving", "Asia/Tokyo")
    windows: list[Window] = key("true while one of them is open", [{"from": "21:00", "to": "06:00"}], min_length=1)
    except_dates: list[Words] = key("dates, quoted, on which no window begins", ["2026-12-25"], default=[])
    doc: Words | None = optional("what it is for", "thin hours")


class Column(Shape):
    relations = (Needs((("combine", "most_conservative"),), ("conservative",)),)

    unit: Id = key("unit of the column, as for a parameter; bool and text too", "count")
    combine: Literal["first", "min", "max", "product", "most_conservative"] = key(
        "how several matching rows give one value", "first", default="first"
    )
    conservative: Literal["low", "high"] | None = optional("which end `most_conservative` takes", "low")
    doc: Words | None = optional("what it means", "timeframes that must agree")


class Row(Shape):
    relations = (OneOf(("when", "otherwise"), required=False),)

    when: dict[str, Expression | Some[Expression]] | None = optional(
        "for each key fact: a word, a list of words, or a condition on it such as `>= 500USD`",
        {"strategy": "M1Scalper"},
    )
    otherwise: bool = key("true: this row counts where no other row of the table matches", True, default=False)
    values: dict[Name, Expression] = key("value by column", {"min_align": 1})


class Table(Shape):
    by: list[Expression] = key("the facts that choose rows", ["strategy"], min_length=1)
    columns: dict[Name, Column] = key("what it gives", {"min_align": {"unit": "count"}}, min_length=1)
    rows: list[Row] = key(
        "its rows, from the top", [{"when": {"strategy": "M1Scalper"}, "values": {"min_align": 1}}], min_length=1
    )
    doc: Words | None = optional("what it decides", "per-strategy gates (FX-26)")


class AppliesTo(Shape):
    """Words that every kind of rule can be narrowed by. A key that a kind of rule can't use is none of its keys."""

    strategy: Some[Id] | Id | None = optional("base tags", "M1Scalper")
    pocket: Some[Id] | Id | None = optional("pockets", "scalp")
    side: Literal["long", "short"] | None = optional("one side only", "long")
    instrument: Some[Id] | Id | None = optional("instruments", "USD_JPY")
    when: Expression | None = optional("any further condition; unknown counts as applying", "not thin_hours")


class AppliesToIntents(AppliesTo):
    """Of guards and caps: which intents they judge."""

    intent: Some[IntentWord] | IntentWord | None = optional("kinds of intent; those that open, if left out", "entry")


class AppliesToOpenings(AppliesTo):
    """Of sizing: which intents it sizes. What reduces has its size from its own rule."""

    intent: Some[Opener] | Opener | None = optional("kinds of intent; all that open, if left out", "entry")


class AppliesToTrades(AppliesTo):
    """Of exits: which trades they close."""

    opened_by: Some[Opener] | Opener | None = optional("the kind of rule that opened the trade", "hedge_open")


class Rule(Shape):
    id: Id = key("name of the rule, unique in the policy; it stands in every decision", "spread")
    doc: Words | None = optional("why it is there; cite the requirement", "FX-28")
    enforcement: Enforcement = key(
        "shadow: evaluated and logged; warn: also alerted; enforce: it acts", "enforce", default="enforce"
    )
    enabled: Expression = key("false switches it off; a constant or a parameter", "true", default=None)


class Guard(Rule):
    applies_to: AppliesToIntents = key("which intents it judges", {"intent": "entry"})
    require: Expression = key("must hold; false or unknown refuses", "spread <= 1.2pips")
    unless: Expression | None = optional("where this holds, the guard lets pass", "side == short")


class Cap(Rule):
    applies_to: AppliesToIntents = key("which intents it bounds", {"intent": "entry"})
    limit: Expression = key(
        "must hold after the fill; the allowed size is the largest on the lot grid at which it does",
        "account.margin_used_of_equity_after <= 92%",
    )
    unless: Expression | None = optional(
        "where this holds, the size passes", "account.margin_used_after <= account.margin_used"
    )


class Sizing(Rule):
    relations = (AnyOf(("size", "scale")),)

    applies_to: AppliesToOpenings = key("which intents it sizes", {"intent": "entry"})
    size: Expression | None = optional("wanted size; the smallest of all that apply counts", "10_000units")
    scale: Expression | None = optional(
        "factor on the wanted size; all that apply multiply", "ramp(account.free_margin_ratio, 20%, 35%)"
    )


class UnknownPosture(Shape):
    wait: Expression = key("how long to wait for the inputs", "30s")
    then: Literal["close", "alert"] = key(
        "what happens after that: do what the rule would do, or alert and hold", "close"
    )
    use: Expression | None = optional(
        "condition used instead, at once, while the inputs are unknown", "trade.age > 72h"
    )


class Entry(Rule):
    relations = (Needs((("source", "market"),), ("side", "strategy", "size")),)

    # not `on`: YAML 1.1 reads that key as true
    on: Literal["signal", "market"] = Field(
        ...,
        alias="source",
        description="what starts it: a signal from outside, or the market itself",
        examples=["signal"],
    )
    applies_to: AppliesTo | None = optional(
        "which signals; for entries on the market: what they may open", {"strategy": "M1Scalper"}
    )
    when: Expression = key("must hold; unknown is no entry", "signal.age <= 6000ms")
    side: Expression | None = optional("long or short; for signals theirs by default", "long")
    strategy: Id | None = optional("strategy of the trade; for signals theirs by default", "M1Scalper")
    pocket: Id | None = optional("pocket of the trade; by default the signal's, else its strategy's", "scalp")
    size: Expression | None = optional("wanted size before sizing rules; for signals theirs by default", "10_000units")
    stop: Expression | None = optional("attached stop: a price, or a distance from the entry", "8pips")
    target: Expression | None = optional("attached target: a price, or a distance from the entry", "12pips")
    cooldown: Expression | None = optional("time from one order of this rule to the next, per instrument", "60s")
    max_open: Expression | None = optional("open trades of its strategy in the instrument at most", "1")
    leverage: Expression | None = optional(
        "leverage of the position where the signal names none; the position keeps that of its opening (SC-06)", "3"
    )


class Adding(Rule):
    """What ladders and pyramids share: an addition to an open position of ours, on its side."""

    on: Literal["signal", "market"] = Field(
        ...,
        alias="source",
        description="what starts it: a signal on the side of an open position, which entries then never see (SC-18), "
        "or the market itself",
        examples=["signal"],
    )
    applies_to: AppliesTo | None = optional(
        "which signals; on the market: which positions, by their oldest trade", {"instrument": "BTC-USDT-SWAP"}
    )
    when: Expression = key("must hold; false or unknown is no addition (SC-05)", "position.pnl_of_margin >= -2%")
    most: Expression | None = optional("additions to one position at most", "5")
    interval: Expression | None = optional("time from the last addition to the next (SC-05)", "60s")
    per_day: Expression | None = optional(
        "additions of this rule at most, per instrument and day of the account (PY-02)", "1"
    )
    cooldown: Expression | None = optional("time from one order of this rule to the next, per position", "5s")
    stop: Expression | None = optional("attached stop: a price, or a distance", "2% * mid")
    target: Expression | None = optional("attached target: a price, or a distance", "12pips")


class Choice(Shape):
    """One list of coefficients, for where its condition holds."""

    relations = (OneOf(("when", "otherwise")),)

    when: Expression | None = optional("where this holds, its coefficients count", "account.equity <= 1_500USD")
    otherwise: bool = key("true: they count where no choice above holds", True, default=False)
    coefficients: Some[Expression] = key("share of the base, addition by addition", ["100%", "60%", "40%"])


class Ladder(Adding):
    """Additions sized by steps of a base (SC-02)."""

    relations = (OneOf(("steps", "choices")),)

    base: Expression | None = optional(
        "new_position, if left out: what sizing would give a new entry now; initial_position: units of its opening; or "
        "a size",
        "new_position",
    )
    steps: Some[Expression] | None = optional(
        "share of the base, addition by addition; past the last there is none", ["100%", "70%", "50%", "30%", "20%"]
    )
    choices: Some[Choice] | None = optional(
        "several such lists; the first whose condition holds counts", examples.CHOICES
    )


class Pyramid(Adding):
    """Additions whose size the rule gives itself (PY-02)."""

    size: Expression = key("wanted size before sizing rules", "50% of position.initial_units")


class Reduce(Shape):
    relations = (
        OneOf(("until", "wanted")),
        # the position itself is an upper bound, with `at_most` or without
        Needs((("at_least", None),), ("floor_over_cap",)),
        # `until` asks what reducing the larger side brings about
        Needs((("side", None),), ("wanted",)),
    )

    side: Expression | None = optional(
        "side to reduce; the larger one, against the net position, if left out",
        "short if position.net_units > 0 else long",
    )
    until: Expression | None = optional(
        "the smallest reduction after which this holds", "account.margin_used_of_available <= 82%"
    )
    wanted: Expression | None = optional("or: the wanted reduction itself", "50% of abs(position.net_units)")
    otherwise: Expression | None = optional(
        "wanted where the above gives nothing to reduce", "25% of abs(position.net_units)"
    )
    at_least: Expression | None = optional("never less than this", "10_000units")
    at_most: list[Expression] = key(
        "never more than the smallest of these",
        ["55% of abs(position.net_units)", "90_000units"],
        default=[],
        min_length=1,
    )
    floor_over_cap: Literal["send_nothing", "floor", "cap"] = key(
        "what to do where `at_least` exceeds `at_most`, or what there is to reduce", "send_nothing", default=None
    )


class Open(Shape):
    side: Expression = key("side to open", "short")
    size: Expression = key("wanted size", "10_000units")
    strategy: Id = key("strategy of the trade", "Hedge")
    stop: Expression | None = optional("attached stop: a price, or a distance", "8pips")
    target: Expression | None = optional("attached target: a price, or a distance", "12pips")


class Hedge(Rule):
    relations = (OneOf(("reduce", "open")), Needs((("reduce", None),), ("on_unknown",)))

    applies_to: AppliesTo | None = optional("which of its own orders it may make", {"instrument": "USD_JPY"})
    when: Expression = key("the trigger", "account.margin_used_of_available >= 88%")
    require: Expression | None = optional(
        "must hold too; false or unknown skips and is recorded", "abs(position.net_units) >= 15_000units"
    )
    reduce: Reduce | None = optional(
        "reduce-only market order opposite to the net position", {"until": "account.margin_used_of_available <= 82%"}
    )
    open: Open | None = optional("open the other side", {"side": "short", "size": "10_000units", "strategy": "Hedge"})
    pocket: Id | None = optional("pocket of its orders", "macro")
    confidence: Confidence | None = optional("confidence written on its orders", 90)
    cooldown: Expression | None = optional("time from one order of this rule to the next; survives restarts", "20s")
    on_unknown: UnknownPosture | None = optional(
        "for `reduce`: what happens while its inputs are unknown", {"wait": "10s", "then": "alert"}
    )


class Stage(Shape):
    relations = (OneOf(("close", "restrict")),)

    when: Expression = key("the stage's condition", "trade.age > 72h and trade.pnl < 0")
    close: Expression | None = optional("share of what is still open, or units", "100%")
    restrict: Literal["reduce_only"] | None = optional(
        "while it holds, the trade's strategy may not open on its side", "reduce_only"
    )


class Trail(Shape):
    """A stop that follows the price: it arms at a gain, and closes at a fall from the best price."""

    begin: Expression = Field(
        ...,
        alias="from",
        description="gain at which it arms: pips, a ratio, or a price distance",
        examples=["2.8pips"],
    )
    distance: Expression = key("fall from the best price that closes: pips, a ratio, or a price distance", "0.9pips")
    lock: Expression | None = optional(
        "once armed it closes at this gain too; or at a price, such as `break_even`", "0.4pips"
    )
    basis: Literal["entry", "first_entry", "average"] | None = optional(
        "what gains are measured from: of a trade its entry; of a position its average entry, or its first", "average"
    )


class Floor(Shape):
    """What a part has to come to, or it is not closed (SC-01)."""

    relations = (AnyOf(("at_least", "worth")),)

    at_least: Expression | None = optional("smallest part, in units or contracts", "0.1contracts")
    worth: Expression | None = optional("smallest value of a part, at the middle", "5USD")


class Exit(Rule):
    relations = (OneOf(("when", "stages", "trail")), OneOf(("close", "stages")))

    for_each: Literal["trade", "position", "account"] = key("what it looks at, one by one", "trade")
    applies_to: AppliesToTrades | None = optional("which trades", {"strategy": "M1Scalper"})
    when: Expression | None = optional("the condition of an exit of one stage", "trade.pnl_pips <= -5pips")
    close: Expression | None = optional("share of what is still open, or units", "100%")
    trail: Trail | None = optional(
        "or: a trailing stop, in place of the condition",
        {"from": "2.8pips", "distance": "0.9pips", "lock": "0.4pips"},
    )
    stages: Some[Stage] | None = optional(
        "several stages; each closing one acts once per trade and advances on fills",
        [{"when": "trade.age > 24h", "restrict": "reduce_only"}],
    )
    floor: Floor | None = optional(
        "a part below this is not closed, and the trade is held; closing all is allowed at any value (SC-01)",
        {"at_least": "0.1contracts", "worth": "5USD"},
    )
    may_lose: bool = key(
        "true: it closes at a loss too where the trade's strategy says `no_loss_close` (FX-20)", True, default=False
    )
    emergency: bool = key("true: goes before every other exit", False, default=False)
    cooldown: Expression | None = optional("time from one order of this rule to the next, per trade or position", "5s")
    on_unknown: UnknownPosture = key(
        "what happens while its inputs are unknown (FX-23)", {"wait": "30s", "then": "close"}
    )


class Protection(Rule):
    relations = (OneOf(("lasts", "until", "latch")),)

    for_each: Literal["account", "instrument", "strategy", "pocket"] = key(
        "what it is judged for, one by one; it stops and closes that one's own", "strategy", default="account"
    )
    applies_to: AppliesTo | None = optional("which of those, and of their intents and trades", {"pocket": "scalp"})
    when: Expression = key("what trips it", "account.day_pnl_ratio <= -3%")
    stops: Some[Opener] | Opener | None = optional(
        "kinds of intent that are refused while it is on; all that open, if left out", "entry"
    )
    close: Expression | None = optional("share of each open trade of its scope that it closes, once", "100%")
    lasts: Expression | None = optional("it is over after this time", "30min")
    until: Expression | None = optional(
        "or: once this holds; `next_day` with the account's day", "account.day_pnl_ratio > -1%"
    )
    latch: Literal["human"] | None = optional("or: once a human re-arms it, with a reason", "human")
    on_unknown: Literal["refuse", "alert"] = key(
        "while its inputs are unknown: refuse what it stops, or only alert", "refuse", default="refuse"
    )


class Alert(Rule):
    for_each: Literal["account", "instrument", "trade", "strategy", "pocket"] = key(
        "what it looks at, one by one", "instrument", default="account"
    )
    applies_to: AppliesTo | None = optional("which of those", {"strategy": "M1Scalper"})
    when: Expression = key("what it tells of", "account.unknown_orders > 0")
    severity: Literal["info", "warning", "critical"] = key("how urgent it is", "warning", default="warning")
    message: Words = key("what it says, in words", "orders go out and nothing fills")
    show: list[Expression] = key("values that are told with it", ["account.working_orders"], default=[])
    lasts: Expression | None = optional("how long it has to hold without a break first", "30s")
    repeat: Expression | None = optional("told again at most this often while it holds; once, if left out", "10min")


class Metric(Shape):
    value: Expression = key("the figure", "sum(t.pnl for t in trades if t.pnl < 0)")
    for_each: Literal["account", "instrument", "strategy", "pocket"] = key(
        "one figure for each of these", "strategy", default="account"
    )
    doc: Words | None = optional("what it tells", "FX-17")


class RepeatedExecution(Shape):
    orders: Count = key("orders of one rule …", 5)
    within: Period = key("… within this time trip the rule until a human re-arms it", "60s")


class Refusals(Shape):
    count: Count = key("refusals of one kind by the venue …", 3)
    within: Period = key("… within this time stop the rule …", "60s")
    pause: Period = key("… for this long", "300s")


class Limits(Shape):
    max_order_units: Units = key("largest single order", "100_000units")
    max_order_value: Money | None = optional("largest value of a single order, account currency", "20_000_000JPY")
    max_position_units: Units = key("largest one side with working and unknown orders counted in full", "200_000units")
    price_collar: Share = key("refuse where a limit or expected price is farther than this from the middle", "50bps")
    orders_per_second: Count = key("message throttle", 5, default=None)
    orders_per_minute: Count = key("message throttle", 60, default=None)
    repeated_execution: RepeatedExecution = key("latch on repeated execution", {"orders": 5, "within": "60s"})
    refusals: Refusals = key("breaker on repeated refusals (FX-31)", {"count": 3, "within": "60s", "pause": "300s"})
    quote_age_max: Period = key("older quotes admit nothing that adds risk", "10s")
    price_divergence: Share | None = optional(
        "sources of one price (quote, last trade, reference) farther apart than this make it unknown (SC-17)", "1%"
    )


class Candidates(Shape):
    """The best of the policy's instruments, ranked again at a cadence (PY-09).

    Its name is a condition (is the instrument kept?); `NAME.rank` is its place, `NAME.score` its score."""

    id: NameId = key("its name, for expressions too: letters, digits and `_`", "watchlist")
    eligible: Expression | None = optional(
        "what an instrument has to fulfil; unknown counts as no", "last >= 1_000 and spread_ratio <= 0.4%"
    )
    score: Expression = key("what is compared, the higher the better; unknown is not ranked", "day.volume / 1_000units")
    keep: Expression = key("how many are kept; ties by name", 30)
    every: Expression = key("time between rankings, counted from midnight UTC", "60s")
    doc: Words | None = optional("what it is for", "liquid shares that move")


class Policy(Shape):
    """A policy."""

    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815 - the key
    kind: Literal["Policy"] = key("what this file is", "Policy")
    metadata: Metadata = key("name and version", {"name": "fx-hedge", "version": "1.3.0"})
    extends: Words | None = optional("path of the policy this one builds on, from this file", "./base.policy.yaml")
    overrides: list[Words] = key(
        "what of the policy below this file may change; anything else it may only add to", ["guards.spread"], default=[]
    )
    removes: list[Words] = key("what of the policy below is left out", ["exits.time-out"], default=[])
    parts: list[Words] = key(
        "files of kind Part, from this file, whose sections belong to this policy", ["./exits.part.yaml"], default=[]
    )
    requires: Requires = key("what it needs of account and venue", {"instruments": ["USD_JPY"]})
    strategies: dict[Tag, Strategy] = key(
        "base tags with their aliases", {"M1Scalper": {"aliases": ["M1Scalper-trend-long"]}}, default={}
    )
    pockets: list[Id] = key("named shares of the book", ["scalp", "micro", "macro"], default=[])
    regimes: list[Id] = key("names of regimes", ["trending", "ranging", "choppy"], default=[])
    ownership: list[Prefix] = key(
        "client-id prefixes of our own orders; anything else is manual (FX-16)", ["qr-", "qs-"], default=[]
    )
    timeframes: dict[Name, Timeframe] = key(
        "timeframes beside m1 m2 m5 m10 m15 m30 h1 h2 h4 d1", {"m7": {"interval": "7min"}}, default={}
    )
    parameters: dict[Name, Parameter] = key(
        "declared tunables", {"safety": {"unit": "ratio", "default": "90%", "doc": "FX-02"}}, default={}
    )
    features: dict[Name, Feature | Expression] = key(
        "named values", {"gap": "abs(mid - sma(m1.close, 20))"}, default={}
    )
    schedules: dict[Name, Schedule] = key(
        "named hours; the name is a condition",
        {"thin": {"timezone": "UTC", "windows": [{"from": "21:00", "to": "23:00"}]}},
        default={},
    )
    tables: dict[Name, Table] = key("decision tables", examples.TABLES, default={})
    modes: dict[Name, Mode] = key(
        "states that are kept from event to event; a mode's name is a value", examples.MODES, default={}
    )
    candidates: list[Candidates] = key(
        "the best of the instruments, by a score (PY-09)", examples.CANDIDATES, default=[]
    )
    patterns: dict[Name, Pattern] = key(
        "what happens in a price: ordered steps, or counters; `name.long` and `name.short` are values",
        examples.PATTERNS,
        default={},
    )
    limits: Limits = key("pre-trade limits of the order gate (OPS-01)", examples.LIMITS)
    guards: list[Guard] = key("rules that may only refuse", examples.GUARDS, default=[])
    caps: list[Cap] = key("rules solved for the largest size", examples.CAPS, default=[])
    sizing: list[Sizing] = key("rules that give or scale the size", examples.SIZING, default=[])
    entries: list[Entry] = key("rules that open", examples.ENTRIES, default=[])
    ladders: list[Ladder] = key("rules that add to a position, step by step", examples.LADDERS, default=[])
    pyramids: list[Pyramid] = key("rules that add to a position, by a size", examples.PYRAMIDS, default=[])
    hedges: list[Hedge] = key("rules that reduce the net position or open the other side", examples.HEDGES, default=[])
    exits: list[Exit] = key("rules that close", examples.EXITS, default=[])
    protections: list[Protection] = key(
        "conditions that stop what adds risk for a time", examples.PROTECTIONS, default=[]
    )
    alerts: list[Alert] = key("conditions that are told of", examples.ALERTS, default=[])
    metrics: dict[Tag, Metric | Expression] = key(
        "figures", {"open_losers": "count(t for t in trades if t.pnl < 0)"}, default={}
    )

    _root: MapNode | None = PrivateAttr(None)
    """The map it was read from; `places.span_of` finds keys in it."""
