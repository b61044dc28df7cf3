"""What a scenario expects: decisions, values of expressions, the policy's figures, notes."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import scenarios
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.base import Needs, OneOf, Relation, Shape, key, optional
from ruleengine.schema.figures import AnyNumber, Size, Text, Time
from ruleengine.schema.leaf import Expression, Id, QuantityLeaf, Words
from ruleengine.schema.rule import IntentWord


class Code(Words):
    """A finding's or refusal's code."""

    pattern: ClassVar[str | None] = r"^RE[0-9]{3}$"
    __slots__ = ()

    def reason(self) -> str | None:
        return None if re.fullmatch(str(self.pattern), self.text) else f"`{self.text}` is no code such as `RE501`"


class Stated(Expression):
    """A value, as text: `12_000units`, `89.7%`, `true`, `long`, `unknown`, or with a tolerance `500_000JPY ± 100JPY`.

    A bare figure is held to the digits in which it is stated: 89.7% stands for 89.65 % to 89.75 %."""

    __slots__ = ()


class Expected(Shape):
    """One thing that has to be so: a decision, values (`state`, `metrics`), or a note. What is not stated may be
    anything."""

    relations: ClassVar[tuple[Relation, ...]] = (
        OneOf(("outcome", "state", "note"), required=False),
        OneOf(("outcome", "metrics", "note"), required=False),
        Needs((("outcome", "order"),), ("side",)),
    )

    at: Time = key("when, at the latest instant of this time", "3s")
    account: Id | None = optional("on which of the accounts; left out: on each of them", "small")
    outcome: Literal["order", "refusal", "nothing", "shadow"] = key(
        "an order was sent; an intent was refused; nothing was wanted; a rule in shadow would have acted", "order",
        default="order",
    )  # fmt: skip
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
    reason: Words | None = optional("words that the reason, or the note, holds", "margin")
    size_path: dict[str, Size] | None = optional(
        "sizes on the way from wanted to final, by what made them",
        {"sizing": "20_000units", "cap margin": "12_000units"},
    )
    state: dict[str, Stated] | None = optional(
        "values of expressions at this instant, as after the last event",
        {"position.net_units": "164_000units", "account.margin_used_of_available": "82.0%"},
    )
    trade: Text | None = optional(
        "for `state`: the trade that is meant, by its number, or `oldest` or `newest` of the open ones", "oldest"
    )
    metrics: dict[str, Stated] | None = optional(
        "figures of the policy; `name.word` where there is one for each strategy, pocket or instrument",
        {"margin_after_jump": "91.2% ± 0.1%"},
    )
    note: Code | None = optional("code of a note or alert", "RE521")
    level: Literal["info", "warning", "alert"] | None = optional("level of the note", "alert")
    about: Text | None = optional("what the note is about: a rule, an instrument, an alert", "spread")
    times: AnyNumber | None = optional("so many such notes from the start up to here; 0: none", 1)


DECISION = ("intent", "rule", "code", "side", "units", "reduce_only", "strategy", "measured", "limit", "distance",
            "unknown", "reason", "size_path")  # fmt: skip
_SAYS: dict[str, tuple[str, ...]] = {
    "decision": ("at", "account", "outcome", "instrument", *DECISION),
    "values": ("at", "account", "state", "metrics", "instrument", "trade"),
    "note": ("at", "account", "note", "level", "about", "reason", "times"),
}


def kind_of(expected: Expected) -> str:
    """What it speaks of: `decision`, `values` or `note`."""
    if expected.state is not None or expected.metrics is not None:
        return "values"
    return "decision" if expected.note is None else "note"


def stray_keys(expected: Expected) -> list[Diagnostic]:
    """Keys that nothing is held against in an expectation of its kind, and maps that state nothing."""
    kind = kind_of(expected)
    found = []
    for name in sorted(expected.model_fields_set):
        value = getattr(expected, name)
        span = value.node.span if hasattr(value, "node") else expected.at.node.span
        if name not in _SAYS[kind]:
            of = {"values": "`state` and `metrics`", "note": "a note", "decision": "a decision"}[kind]
            found.append(faults.out_of_place(span, f"`{name}` says nothing of {of}"))
        elif value == {}:
            found.append(scenarios.expects_nothing(span, f"`{name}` states no value"))
    return found
