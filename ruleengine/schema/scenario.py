"""The shape of a scenario: a state and a market, and what the policy has to do with them.

A scenario stands beside its policy (`policies/*/scenarios/*.yaml`) and cites the requirement that it shows. Times count
from the first instant (`at: 3s`), so that a reader needs no calendar; `start` gives them one where a schedule matters.
Series are written as rows of numbers, with `_` where nothing came:

    157.00                157.00 once
    157.00 x 30           thirty times
    157.00 + 0.01 x 30    thirty values, each 0.01 above the one before; `-` goes down
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Literal

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.account import Conversion, Fees, InstrumentTerms, MarginModel, StartingTrade
from ruleengine.schema.base import AnyOf, Needs, OneOf, Relation, Shape, key, optional
from ruleengine.schema.figures import Amount, AnyNumber, Currency, Distance, Moment, Plain, Size, Text, Time
from ruleengine.schema.leaf import Expression, Id, Name, QuantityLeaf, Tag, Words
from ruleengine.schema.policy import IntentWord

CELLS_MAX = 100_000
_CELL = re.compile(
    r"(?P<first>[0-9]+(?:\.[0-9]+)?)(?:\s*(?P<sign>[+-])\s*(?P<step>[0-9]+(?:\.[0-9]+)?))?"
    r"(?:\s+x (?P<times>[0-9]{1,6}))?"
)


class Cell(Expression):
    """One value of a series, or several in short: `157.00 + 0.01 x 30`; `_` where nothing came."""

    json_types = ("string", "number")
    pattern: ClassVar[str | None] = (
        r"^(_(\s+x [0-9]{1,6})?|[0-9]+(\.[0-9]+)?(\s*[+-]\s*[0-9]+(\.[0-9]+)?)?(\s+x [0-9]{1,6})?)$"
    )
    __slots__ = ()

    def reason(self) -> str | None:
        if re.fullmatch(str(self.pattern), self.text.strip()):
            return None
        return f"`{self.text}` is no value of a series such as `157.00 + 0.01 x 30`"


class Code(Words):
    """A finding's or refusal's code."""

    pattern: ClassVar[str | None] = r"^RE[0-9]{3}$"
    __slots__ = ()

    def reason(self) -> str | None:
        return None if re.fullmatch(str(self.pattern), self.text) else f"`{self.text}` is no code such as `RE501`"


class Series(Shape):
    """Rows of one instrument's market, one value of each column a row."""

    relations: ClassVar[tuple[Relation, ...]] = (
        OneOf(("every", "at")),
        AnyOf(("mid", "bid", "price", "close")),
        Needs((("mid", None),), ("spread",)),
        Needs((("bid", None),), ("ask",)),
        Needs((("close", None),), ("interval",)),
    )

    instrument: Text = key("whose market it is", "USD_JPY")
    begins: Time | None = optional("when its first row comes", "0s")
    every: Time | None = optional("time from one row to the next", "1s")
    at: list[Time] | None = optional("or: the time of each row", ["0s", "5s", "6s"])
    mid: list[Cell] | None = optional("middle of bid and ask", ["157.00 x 5", 157.01])
    spread: Distance | None = optional("with `mid`: ask less bid", "0.8pips")
    bid: list[Cell] | None = optional("best bid", [156.998, "_", 156.999])
    ask: list[Cell] | None = optional("best ask", [157.002, "_", 157.003])
    bid_size: list[Cell] | None = optional("size at the best bid", [1000000])
    ask_size: list[Cell] | None = optional("size at the best ask", [1000000])
    price: list[Cell] | None = optional("price of a trade of the market", [157.0])
    size: list[Cell] | None = optional("size of that trade", [1000])
    interval: Time | None = optional("for bars: their length; a row is available at its close", "1min")
    open: list[Cell] | None = optional("for bars; where left out, the close before", [157.0])
    high: list[Cell] | None = optional("for bars; where left out, the larger of open and close", [157.1])
    low: list[Cell] | None = optional("for bars; where left out, the smaller of open and close", [156.9])
    close: list[Cell] | None = optional("for bars", ["157.00 + 0.01 x 30"])
    volume: list[Cell] | None = optional("for bars", [120])


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


class Given(Shape):
    """What there is before the policy acts, and what comes."""

    start: Moment | None = optional("the first instant", "2026-03-02T01:00:00Z")
    account: GivenAccount | None = optional(
        "the account", {"currency": "JPY", "balance": "500_000JPY", "mode": "hedging"}
    )
    account_file: Words | None = optional("or: a file of it, from this file", "../account.yaml")
    instruments: dict[Tag, InstrumentTerms] = key(
        "settings of instruments that differ", {"USD_JPY": {"margin_rate": "4%", "pip": 0.01}}, default={}
    )
    trades: list[StartingTrade] = key(
        "open trades",
        [{"instrument": "USD_JPY", "side": "long", "units": "45_000units", "price": 157.0, "client_id": "qr-1"}],
        default=[],
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

    relations: ClassVar[tuple[Relation, ...]] = (OneOf(("account", "account_file")),)


class Expected(Shape):
    """One thing that has to happen. What is not stated may be anything."""

    relations: ClassVar[tuple[Relation, ...]] = (Needs((("outcome", "order"),), ("side",)),)

    at: Time = key("when, at the latest instant of this time", "3s")
    outcome: Literal["order", "refusal", "nothing"] = key(
        "an order was sent; an intent was refused; nothing was wanted", "order"
    )
    instrument: Text | None = optional("in which instrument", "USD_JPY")
    intent: IntentWord | None = optional("kind of intent", "hedge_reduce")
    rule: Id | None = optional("the rule that wanted it, or that refused", "margin-relief")
    code: Code | None = optional("code of the refusal", "RE501")
    side: Literal["long", "short"] | None = optional("side of the order: long buys, short sells", "short")
    units: Size | None = optional("size of the order", "12_000units")
    reduce_only: bool | None = optional("whether the order may only reduce", True)
    strategy: Id | None = optional("strategy of the order", "M1Scalper")
    measured: QuantityLeaf | None = optional("the measured value of the refusal", "1.4pips")
    limit: QuantityLeaf | None = optional("the limit it was held against", "1.2pips")
    distance: QuantityLeaf | None = optional("how far it was from passing", "0.2pips")
    unknown: Words | None = optional("the fact that was not known", "account.equity")
    reason: Words | None = optional("words that the reason holds", "margin")


class Scenario(Shape):
    """A scenario."""

    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815 - the key
    kind: Literal["Scenario"] = key("what this file is", "Scenario")
    about: Words = key("what it shows, in a sentence", "half of the net position goes when margin runs out")
    cites: list[Id] = key("requirements that it shows", ["FX-05"], min_length=1)
    policy: Words | None = optional(
        "path of the policy, from this file; the only policy of the folder above where left out",
        "../fx-hedge.policy.yaml",
    )
    overlays: list[Words] = key("overlays laid over it", ["../paper.overlay.yaml"], default=[])
    given: Given = key("what there is, and what comes", {"account_file": "../account.yaml"})
    expect: list[Expected] = key(
        "what has to happen", [{"at": "3s", "outcome": "order", "side": "short"}], min_length=1
    )
    and_nothing_else: bool = key("no order may be sent that `expect` does not state", True, default=True)


def expand(cells: Sequence[Cell]) -> list[Decimal | None]:
    """A series written out; None where nothing came. For cells without `problems`.

    Shapes   as many values as the cells stand for.
    """
    values: list[Decimal | None] = []
    for cell in cells:
        text = cell.text.strip()
        if text.startswith("_"):
            values += [None] * cell_count(text)
            continue
        match = _CELL.fullmatch(text)
        if match is None:
            raise ValueError(f"`{text}` is no cell: ask `problems` first")
        step = Decimal(f"{match['sign'] or '+'}{match['step'] or 0}")
        values += [Decimal(match["first"]) + step * number for number in range(int(match["times"] or 1))]
    return values


def problems(scenario: Scenario, file: str) -> list[Diagnostic]:
    """What is wrong with values that each read well: columns of different length."""
    return [found for series in scenario.given.market for found in _lengths(series)]


def _lengths(series: Series) -> list[Diagnostic]:
    columns: dict[str, list[Cell]] = {}
    for name in type(series).model_fields:
        cells = getattr(series, name)
        if isinstance(cells, list) and cells and isinstance(cells[0], Cell):
            columns[name] = cells
    lengths = {name: sum(cell_count(cell.text) for cell in cells) for name, cells in columns.items()}
    if series.at is not None:
        lengths["at"] = len(series.at)
    longest = max(lengths, key=lambda name: lengths[name], default="")
    found = [
        faults.out_of_place(
            cells[0].node.span, f"`{name}` has {lengths[name]} rows, `{longest}` has {lengths[longest]}"
        )
        for name, cells in columns.items()
        if lengths[name] != lengths[longest]
    ]
    too_long = [name for name in columns if lengths[name] > CELLS_MAX]
    return found + [
        faults.out_of_place(columns[name][0].node.span, f"`{name}` has more than {CELLS_MAX:,} rows")
        for name in too_long
    ]


def cell_count(text: str) -> int:
    """How many values a cell stands for.

    >>> cell_count("157.00 + 0.01 x 30"), cell_count("_")
    (30, 1)
    """
    _, times, count = text.rpartition(" x ")
    return int(count) if times else 1
