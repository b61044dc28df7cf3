"""The shape of one exported decision: what was wanted, every check with its values, what came of it.

Decisions are written by the runtime, one JSON object a line. Money, prices and sizes are decimal strings, times are UTC
nanoseconds with the same instant in words beside them.
"""

from __future__ import annotations

from typing import Literal

from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.policy import Enforcement, IntentWord

Verdict = Literal["pass", "refuse", "shrink", "unknown", "not_applicable"]
SideWord = Literal["long", "short"]


class PolicyVersion(Shape):
    """Which text decided."""

    name: str = key("name of the policy", "fx-hedge")
    version: str = key("its version", "1.3.0")
    digest: str = key("SHA-256 of its content with overlays and settings", "9f3c52…")


class Unknown(Shape):
    """A value that could not be had."""

    fact: str = key("which one", "account.equity")
    reason: str = key("why", "stale")
    for_s: float | None = optional("for how long, in seconds", 12.0)
    postponed: bool = key("true: it could not have changed the outcome", False, default=False)


class CheckRecord(Shape):
    """One rule's verdict on the intent."""

    rule: str = key("id of the rule", "spread")
    verdict: Verdict = key("what it came to", "refuse")
    enforcement: Enforcement = key("whether it acted", "enforce", default="enforce")
    code: str | None = optional("code of a refusal", "RE501")
    measured: float | bool | str | None = optional("the measured value", 1.4)
    limit: float | bool | str | None = optional("the limit it was held against", 1.2)
    distance: float | None = optional("how far from flipping; below 0: it failed by that much", -0.2)
    unit: str | None = optional("unit of the three", "pips")
    place: str = key("file:line:column of the condition", "policies/fx_hedge/fx-hedge.policy.yaml:41:14")
    expression: str | None = optional("the condition as written", "spread <= 1.2pips")


class Wish(Shape):
    """What a rule wanted."""

    kind: IntentWord = key("kind of intent", "entry")
    rule: str = key("id of the rule that wanted it", "from-signals")
    side: SideWord = key("side of the order", "long")
    units: str = key("wanted size", "10000")
    reduce_only: bool = key("whether it may only reduce", False)
    strategy: str | None = optional("base tag", "M1Scalper")
    pocket: str | None = optional("pocket", "scalp")
    trade: str | None = optional("the trade it is about", "24522")
    signal: str | None = optional("the signal it comes from", "s-20251031-0001")
    reason: str = key("why, in words", "signal of M1Scalper")


class SizeStep(Shape):
    """One rule's effect on the size."""

    rule: str = key("id of the rule, or `lot` and `minimum` for the venue's grid", "margin")
    units: str = key("size after it", "6500")


class SizePath(Shape):
    """From the wanted size to the one sent."""

    wanted: str = key("wanted size", "10000")
    steps: list[SizeStep] = key("what changed it, in order", [{"rule": "margin", "units": "6500"}], default=[])
    final: str = key("what was left; 0 where nothing was sent", "6500")


class OrderRecord(Shape):
    """The order that was sent."""

    client_id: str = key("id made once from the decision (FX-36)", "qr-7c1f0a")
    side: SideWord = key("side", "long")
    units: str = key("size", "6500")
    type: Literal["market", "limit", "stop"] = key("type of order", "market")
    price: str | None = optional("limit or trigger price", "157.002")
    stop: str | None = optional("attached stop", "156.922")
    target: str | None = optional("attached target", "157.122")
    reduce_only: bool = key("whether it may only reduce", False)


class Refusal(Shape):
    """Why nothing was sent, or less."""

    rule: str | None = optional("the rule; none where the order gate refused", "spread")
    code: str = key("code", "RE501")
    message: str = key("in words, with measured value and limit", "spread 1.4 pips, limit 1.2 pips")


class Decision(Shape):
    """One decision."""

    id: str = key("made from the input's number and the rule", "d-7c1f")
    ts: int = key("UTC nanoseconds of availability", 1761926404433000000)
    time: str = key("the same instant in words", "2025-10-31T16:00:04.433Z")
    seq: int = key("number of the input in the ordered log", 1041)
    policy: PolicyVersion = key("which text decided", {"name": "fx-hedge", "version": "1.3.0", "digest": "9f3c52…"})
    account: str = key("name of the account", "fx-hedge-paper")
    instrument: str = key("instrument", "USD_JPY")
    kind: Literal["order", "refusal", "nothing"] = key("what came of it", "refusal")
    intent: Wish | None = optional(
        "what was wanted",
        {
            "kind": "entry",
            "rule": "from-signals",
            "side": "long",
            "units": "10000",
            "reduce_only": False,
            "reason": "…",
        },
    )
    checks: list[CheckRecord] = key(
        "every check that was made", [{"rule": "spread", "verdict": "refuse", "place": "a.yaml:1:1"}], default=[]
    )
    unknowns: list[Unknown] = key(
        "values that could not be had", [{"fact": "account.equity", "reason": "stale"}], default=[]
    )
    size: SizePath | None = optional("from the wanted size to the one sent", {"wanted": "10000", "final": "6500"})
    order: OrderRecord | None = optional(
        "the order, if one was sent",
        {"client_id": "qr-7c1f0a", "side": "long", "units": "6500", "type": "market", "reduce_only": False},
    )
    refusals: list[Refusal] = key(
        "why nothing was sent, or less", [{"code": "RE501", "message": "spread 1.4 pips, limit 1.2 pips"}], default=[]
    )
