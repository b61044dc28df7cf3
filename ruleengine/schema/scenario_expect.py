"""What a scenario expects: decisions, values of expressions, the policy's figures, notes."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import scenarios
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema.base import Needs, OneOf, Relation, Shape, key, optional
from ruleengine.schema.figures import AnyNumber, Plain, Size, Text, Time
from ruleengine.schema.leaf import Expression, Id, QuantityLeaf, Words
from ruleengine.schema.rule import IntentWord


class Code(Words):
    """A finding's or refusal's code."""

    pattern: ClassVar[str | None] = r"^RE[0-9]{3}$"
    __slots__ = ()

    def reason(self) -> str | None:
        return None if re.fullmatch(str(self.pattern), self.text) else f"`{self.text}` is no code such as `RE501`"


class Refuser(Words):
    """A rule's name, or a limit of the order gate: `limits.max_order_units`."""

    pattern: ClassVar[str | None] = r"^(limits\.)?[A-Za-z0-9][A-Za-z0-9_-]*$"
    __slots__ = ()

    def reason(self) -> str | None:
        return None if re.fullmatch(str(self.pattern), self.text) else f"`{self.text}` is no rule's id, and no limit"


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
    rule: Refuser | None = optional(
        "the rule that wanted it, or that refused; a limit of the order gate by `limits.` and its name", "margin-relief"
    )
    code: Code | None = optional("code of the refusal", "RE501")
    side: Literal["long", "short"] | None = optional("side of the order: long buys, short sells", "short")
    units: Size | None = optional("size of the order", "12_000units")
    reduce_only: bool | None = optional("whether the order may only reduce", True)
    strategy: Id | None = optional("strategy of the order", "M1Scalper")
    price: Plain | None = optional("price of the order, where it is no market order", 156.9)
    stop: Plain | None = optional("stop that the order carries", 156.5)
    target: Plain | None = optional("target that the order carries", 157.4)
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
        "the trade that a decision closes or reduces, by its number; for `state` the one that is meant, by its number, "
        "or `oldest` or `newest` of the open ones",
        "oldest",
    )
    metrics: dict[str, Stated] | None = optional(
        "figures of the policy; `name.word` where there is one for each strategy, pocket or instrument",
        {"margin_after_jump": "91.2% ± 0.1%"},
    )
    note: Code | None = optional("code of a note or alert", "RE521")
    level: Literal["info", "warning", "alert"] | None = optional("level of the note", "alert")
    about: Text | None = optional("what the note is about: a rule, an instrument, an alert", "spread")
    times: AnyNumber | None = optional("so many such notes from the start up to here; 0: none", 1)


DECISION = ("intent", "rule", "code", "side", "units", "reduce_only", "strategy", "price", "stop", "target", "trade",
            "measured", "limit", "distance", "unknown", "reason", "size_path")  # fmt: skip
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


_OF_NOTHING = ("at", "account", "outcome", "instrument", "intent", "rule", "side", "strategy", "trade")
"""What says of which kind nothing may be; what nothing comes to has no size, code or reason."""


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
        elif value == {} or (name in ("reason", "unknown") and value is not None and not value.text.strip()):
            found.append(scenarios.expects_nothing(span, f"`{name}` states no {'value' if value == {} else 'word'}"))
        elif kind == "decision":
            found += _stray_of_decision(expected, name, span)
    return found


def _stray_of_decision(expected: Expected, name: str, span: Span) -> list[Diagnostic]:
    """Keys that nothing is held against where nothing may happen, and words that no decision has."""
    if expected.outcome == "nothing" and name not in _OF_NOTHING and getattr(expected, name) is not None:
        hint = "leave it out: any order and refusal at that instant is against it, of whatever size and reason; "
        hint += f"{', '.join(f'`{each}`' for each in _OF_NOTHING[3:])} say of which kind none may be"
        return [faults.out_of_place(span, f"`{name}` says nothing where nothing may happen", hint)]
    if name == "trade" and expected.trade is not None and expected.trade.text in ("oldest", "newest"):
        hint = 'name it as `given.trades` does: `id: "7"` there and `trade: "7"` here'
        return [
            faults.out_of_place(span, f"`{expected.trade.text}` is asked of `state`; a decision has a number", hint)
        ]
    return []
