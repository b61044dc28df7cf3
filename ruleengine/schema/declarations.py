"""What a policy declares: its name, what it requires, strategies, parameters, features, timeframes, hours, figures."""

# annotations are not postponed here, as in `policy`
from typing import Literal

from pydantic import Field

from ruleengine.schema.base import Needs, Shape, key, optional
from ruleengine.schema.figures import Interval, Lookback, RawTag, Weight
from ruleengine.schema.leaf import Expression, Id, TimeOfDay, VersionLeaf, Words


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
        "true: only exits with `may_lose: true` or `emergency: true` close its trades at a loss, fees included; a "
        "constant or a parameter (FX-20)",
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


class Metric(Shape):
    value: Expression = key("the figure", "sum(t.pnl for t in trades if t.pnl < 0)")
    for_each: Literal["account", "instrument", "strategy", "pocket"] = key(
        "one figure for each of these", "strategy", default="account"
    )
    doc: Words | None = optional("what it tells", "FX-17")
