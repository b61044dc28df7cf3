"""What a scenario gives: the account, open trades, parameters, the market, signals, and what goes wrong."""

from __future__ import annotations

from typing import ClassVar, Literal

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.account import (
    AccountDay,
    Conversion,
    EndedTrade,
    Fees,
    InstrumentTerms,
    MarginModel,
    StartingTrade,
)
from ruleengine.schema.base import Needs, OneOf, Relation, Shape, key, optional
from ruleengine.schema.figures import Amount, AnyNumber, Count, Currency, Moment, Part, Plain, Size, Text, Time, Yearly
from ruleengine.schema.leaf import Expression, Name, Tag, Words
from ruleengine.schema.scenario_series import Cell, Series


class GivenAccount(Shape):
    """The account. What is left out is as in an account file."""

    currency: Currency = key("account currency", "JPY")
    balance: Amount = key("cash at the start", "500_000JPY")
    mode: Literal["netting", "hedging"] = key("whether both sides may stand side by side", "hedging")
    margin_model: MarginModel | None = optional("how both sides count (FX-01)", {"model": "max_side"})
    leverage: Plain | None = optional("highest leverage of the account", 25)
    margin_used_elsewhere: Amount | None = optional(
        "margin that other instruments and manual trades use (FX-01)", "20_000JPY"
    )
    fees: Fees | None = optional("charged on every fill", {"taker": "0.05%"})
    conversion: dict[Tag, Conversion] = key("by quote currency", {"USD": {"rate": 157}}, default={})
    day: AccountDay | None = optional("when its day begins (SC-10)", {"timezone": "America/New_York", "cut": "17:00"})


class OneOfAccounts(GivenAccount):
    """One of several accounts. They don't meet: each has a run of its own, with the same market and signals."""

    trades: list[StartingTrade] | None = optional(
        "its open trades, in place of the scenario's",
        [{"instrument": "USD_JPY", "side": "long", "units": "45_000units", "price": 157.0, "client_id": "qr-1"}],
    )


class GivenSignal(Shape):
    """A signal from outside."""

    at: Time = key("when it comes", "3s")
    age: Time | None = optional("how old it is then", "500ms")
    id: Text | None = optional("its id; made from its place in the list where left out", "s-1")
    instrument: Text | None = optional("left out where the policy has one", "USD_JPY")
    strategy: Text = key("raw tag", "M1Scalper-trend-long")
    side: Literal["long", "short"] = key("wanted side", "long")
    size: Size | None = optional("wanted size", "10_000units")
    confidence: AnyNumber | None = optional("0 to 100", 80)
    pocket: Text | None = optional("pocket", "scalp")
    regime: Text | None = optional("regime the sender saw", "trending")
    leverage: Plain | None = optional("wanted leverage", 3)
    stop: Plain | None = optional("stop price", 156.5)
    target: Plain | None = optional("target price", 157.4)


class Silence(Shape):
    """A time in which the account's state cannot be read."""

    at: Time = key("from", "10s")
    lasts: Time = key("for this long", "5s")


class Fault(Shape):
    """Something that goes wrong, in a line. Of `gap`, `stale`, `divergent` and `restart` the value is how long it
    lasts; the others befall the next orders that are sent from `at` on, `times` of them."""

    at: Time = key("from", "10s")
    gap: Time | None = optional("nothing of the market comes for this long; the venue keeps its last price", "30s")
    stale: Time | None = optional("for this long quotes and trades come whose own time stands still (FX-28)", "30s")
    divergent: Time | None = optional(
        "for this long another source states a reference price beside every quote, `by` a share above it; then they "
        "agree (SC-17)",
        "30s",
    )
    by: Yearly | None = optional("how far a divergent price is above the middle; negative: below", "0.8%")
    instrument: Text | None = optional("whose market a fault of the feed concerns; left out: every one", "USD_JPY")
    reject: Text | None = optional(
        "the venue refuses an order, with this code of its own (FX-31)", "INSUFFICIENT_MARGIN"
    )
    no_answer: Time | None = optional("the venue says nothing of an order for this long (FX-33)", "8s")
    then: Literal["arrived", "lost"] | None = optional("whether the venue has the unanswered order", "lost")
    timeout: Time = key(
        "an unanswered order's fate is unknown after this long", "2s", default="2s", validate_default=True
    )
    partial: Part | None = optional("share of an order that fills", "40%")
    rest: Time | None = optional("the rest of a partial fill comes this much later; left out: it is cancelled", "5s")
    delay: Time | None = optional("an order reaches the venue this much later", "2s")
    times: Count = key("how many orders", 3, default=1, validate_default=True)
    restart: Time | None = optional(
        "the engine stops, is down for this long, and goes on from its state as JSON (FX-35)", "0s"
    )

    relations: ClassVar[tuple[Relation, ...]] = (
        OneOf(("gap", "stale", "divergent", "reject", "no_answer", "partial", "delay", "restart")),
        Needs((("no_answer", None),), ("then",)),
        Needs((("divergent", None),), ("by",)),
    )

    @property
    def kind(self) -> str:
        """Which of these it is."""
        return next(name for name in BELONGS if getattr(self, name) is not None)


BELONGS: dict[str, tuple[str, ...]] = {
    "gap": ("instrument",),
    "stale": ("instrument",),
    "divergent": ("by", "instrument"),
    "reject": ("times",),
    "no_answer": ("then", "timeout", "times"),
    "partial": ("rest", "times"),
    "delay": ("times",),
    "restart": (),
}
"""Kinds of faults, with the keys that say more of each."""


def stray_keys(fault: Fault) -> list[Diagnostic]:
    """Keys that say nothing of a fault of this kind."""
    stray = [name for name in type(fault).model_fields
             if name in fault.model_fields_set and name not in ("at", fault.kind, *BELONGS[fault.kind])]  # fmt: skip
    return [
        faults.out_of_place(getattr(fault, name).node.span if hasattr(getattr(fault, name), "node") else
                            fault.at.node.span, f"`{name}` says nothing of a `{fault.kind}`",
                            f"beside `at` it takes {faults.listed(BELONGS[fault.kind], 'and')}")
        for name in stray
    ]  # fmt: skip


class GivenBars(Shape):
    """Closed bars from before the first instant, which features look back at: one after the other without a pause."""

    relations: ClassVar[tuple[Relation, ...]] = (Needs((("open", None),), ("high", "low")),)

    instrument: Text = key("whose bars", "USD_JPY")
    timeframe: Name = key("timeframe of the policy", "m1")
    closed: Time = key("how long before the first instant the last of them closed", "12s")
    open: list[Cell] | None = optional("where left out, the close before", [157.0])
    high: list[Cell] | None = optional("where left out, the larger of open and close", [157.1])
    low: list[Cell] | None = optional("where left out, the smaller of open and close", [156.9])
    close: list[Cell] = key("oldest first", ["157.00 + 0.01 x 30"], min_length=1)
    volume: list[Cell] | None = optional("traded units; unknown where it is left out", [120])


class Given(Shape):
    """What there is before the policy acts, and what comes."""

    start: Moment | None = optional("the first instant", "2026-03-02T01:00:00Z")
    account: GivenAccount | None = optional(
        "the account", {"currency": "JPY", "balance": "500_000JPY", "mode": "hedging"}
    )
    account_file: Words | None = optional("or: a file of it, from this file", "../account.yaml")
    accounts: dict[Tag, OneOfAccounts] | None = optional(
        "or: several by name; the scenario is played on each of them",
        {"small": {"currency": "JPY", "balance": "50_000JPY", "mode": "hedging"}},
        min_length=1,
    )
    instruments: dict[Tag, InstrumentTerms] = key(
        "settings of instruments that differ", {"USD_JPY": {"margin_rate": "4%", "pip": 0.01}}, default={}
    )
    trades: list[StartingTrade] = key(
        "open trades",
        [{"instrument": "USD_JPY", "side": "long", "units": "45_000units", "price": 157.0, "client_id": "qr-1"}],
        default=[],
    )
    closed: list[EndedTrade] = key(
        "trades of ours that ended before",
        [{"instrument": "USD_JPY", "side": "long", "units": "1_000units", "pnl": "-500JPY", "age": "90s"}],
        default=[],
    )
    balance: Amount | None = optional("with `account_file`: cash, in place of the file's", "512_000JPY")
    bars: list[GivenBars] = key(
        "closed bars from before the first instant",
        [{"instrument": "USD_JPY", "timeframe": "m1", "closed": "12s", "close": ["157.00 + 0.01 x 30"]}],
        default=[],
    )
    kept: Words | None = optional(
        "what a restart finds: a file of the engine's state (cooldowns, peaks, stages, figures), as capture writes it",
        "d-7c1f.state.json",
    )
    parameters: dict[Name, Expression] = key("values of parameters", {"max_margin_usage": "80%"}, default={})
    market: list[Series] = key(
        "quotes, trades of the market, bars",
        [{"instrument": "USD_JPY", "every": "1s", "mid": ["157.00 x 10"], "spread": "0.8pips"}],
        default=[],
    )
    signals: list[GivenSignal] = key(
        "signals from outside", [{"at": "3s", "strategy": "M1Scalper-trend-long", "side": "long"}], default=[]
    )
    account_unreadable: list[Silence] = key(
        "while the account cannot be read, it is unknown (FX-33)", [{"at": "10s", "lasts": "5s"}], default=[]
    )

    faults: list[Fault] = key(
        "what goes wrong, a line each", [{"at": "10s", "gap": "30s"}, {"at": "3s", "reject": "HALTED"}], default=[]
    )

    relations: ClassVar[tuple[Relation, ...]] = (
        OneOf(("account", "account_file", "accounts")),
        Needs((("balance", None),), ("account_file",)),
    )
