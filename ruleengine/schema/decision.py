"""The shape of one exported decision: what was wanted, every check with its values, what came of it.

Decisions are written by the runtime, one JSON object a line (`decisions.jsonl`), and in the journal's `check` rows.
Sizes and prices are decimal strings, measured values plain numbers in their unit, times UTC nanoseconds with the same
instant in words beside them.
"""

from __future__ import annotations

from typing import Literal

from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.rule import Enforcement, IntentWord

SideWord = Literal["long", "short"]
Measured = float | bool | str


class PolicyVersion(Shape):
    """Which text decided."""

    name: str = key("name of the policy", "fx-hedge")
    version: str = key("its version", "1.3.0")
    digest: str = key("SHA-256 of its content with overlays and settings", "9f3c52…")


class ComparisonRecord(Shape):
    """One comparison as the author wrote it, with its values."""

    text: str = key("the comparison, as written or in words", "spread <= freshness.spread_max")
    operator: Literal["lt", "le", "gt", "ge", "eq", "ne"] = key("how the two were compared", "le")
    left: Measured = key("measured value; the text of an unknown", 1.4)
    right: Measured = key("the limit it was held against", 1.2)
    verdict: bool | None = optional("left out: unknown", False)
    unit: str = key("unit of both and of the distance", "pips")
    distance: float | None = optional("how far from flipping; below 0: it failed by that much", -0.2)
    place: str = key("file:line:column", "policies/fx_hedge/fx-hedge.policy.yaml:117:14")
    decides: bool | None = optional("true: the condition turned on it, by the smallest change", True)


class VerdictRecord(Shape):
    """One rule on the intent, or one limit of the order gate that refused it."""

    rule: str = key("id of the rule, or the limit (`limits.price_collar`)", "spread")
    section: str = key("section of the policy it stands in, or `gate`", "guards")
    outcome: Literal["pass", "refuse", "shrink", "unknown"] = key("what it came to", "refuse")
    enforcement: Enforcement = key("whether it acts", "enforce")
    comparisons: list[ComparisonRecord] = key("what it compared", [])
    place: str = key(
        "file:line:column of the rule or limit; empty: no line states it",
        "policies/fx_hedge/fx-hedge.policy.yaml:115:9",
    )
    code: str = key("code of a refusal; empty where it passed", "RE570")
    unknowns: list[str] = key("values that could not be had", ["unknown: bid missing"])
    size: str | None = optional("units that it allows, for caps and sizing", "6511")


class OrderRecord(Shape):
    """Exactly what was handed to the venue."""

    id: str = key("id made once from the decision (FX-36)", "qr-7fxs64izd3n7c24j247ghn6k")
    instrument: str = key("instrument", "USD_JPY")
    side: SideWord = key("side", "long")
    units: str = key("size", "6511")
    type: Literal["market", "limit", "stop"] = key("type of order", "market")
    price: str | None = optional("limit or trigger price", "157.002")
    is_reduce_only: bool = key("whether it may only reduce", False)
    trade_id: str = key("the one trade it closes or reduces; empty: the position", "")
    position_side: SideWord | None = optional("the side a reduction acts on", "long")
    stop: str | None = optional("attached stop", "156.922")
    target: str | None = optional("attached target", "157.122")
    expires_ns: int | None = optional("when it lapses, UTC nanoseconds", 1761926404433000000)
    strategy: str = key("base tag", "M1Scalper")
    pocket: str = key("pocket", "scalp")
    leverage: str | None = optional("leverage of the position that it opens or adds to", "3")


class AdditionRecord(Shape):
    """How an addition came about (SC-08)."""

    number: int = key("which addition to the position it is, from 1", 2)
    reason: str = key("what asked for it: the signal, or the market", "signal s-20251031-0001")
    base_of: str = key("what the base is; empty where the rule gives the size itself", "new position")
    base: str | None = optional("the base, in the venue's units", "10000")
    coefficient: float | None = optional("its step's share of the base", 0.7)
    value: float | None = optional("value of the order at the middle, account currency", 1099000.0)
    leverage: float | None = optional("the position's leverage; left out: not known", 3.0)


_ORDER = {
    "id": "qr-7fxs64izd3n7c24j247ghn6k",
    "instrument": "USD_JPY",
    "side": "long",
    "units": "6511",
    "type": "market",
    "is_reduce_only": False,
    "trade_id": "",
    "strategy": "M1Scalper",
    "pocket": "scalp",
}


class Decision(Shape):
    """One decision."""

    policy: PolicyVersion = key("which text decided", {"name": "fx-hedge", "version": "1.3.0", "digest": "9f3c52…"})
    account: str = key("name of the account", "fx-hedge-paper")
    time: str = key("the instant in words, UTC", "2025-10-31 16:00:04.433Z")
    id: str = key("made once from run, policy, rule, key and input number", "qr-7fxs64izd3n7c24j247ghn6k")
    ts: int = key("UTC nanoseconds of availability", 1761926404433000000)
    seq: int = key("number of the input in the ordered log", 1041)
    kind: IntentWord = key("kind of intent", "entry")
    rule: str = key("id of the rule that wanted it", "from-signals")
    instrument: str = key("instrument", "USD_JPY")
    side: SideWord = key("side of the order", "long")
    strategy: str = key("base tag", "M1Scalper")
    pocket: str = key("pocket", "scalp")
    wanted: str = key("wanted units; 0 where only sizing rules say", "10000")
    outcome: Literal["sent", "refused", "merged", "shadow"] = key("what came of it", "refused")
    place: str = key("file:line:column of the rule", "policies/fx_hedge/fx-hedge.policy.yaml:180:9")
    trade_id: str = key("the trade it is about", "")
    signal_id: str = key("the signal it comes from", "s-20251031-0001")
    code: str = key("code of the refusal", "RE570")
    message: str = key("in words, with measured value and limit", "spread <= 1.2pips: 1.4 against 1.2 pips")
    first_blocker: str = key("the rule or gate limit that refused; its verdict has the figures", "spread")
    size_path: list[tuple[str, str]] = key("(what, units) from wanted to final", [["sizing", "10000"]])
    trigger: list[ComparisonRecord] = key("what set it off", [])
    verdicts: list[VerdictRecord] = key("every check that was made", [])
    order: OrderRecord | None = optional("the order, if one was sent", _ORDER)
    addition: AdditionRecord | None = optional(
        "of what adds to a position: base, coefficient, value, leverage, reason",
        {"number": 2, "reason": "the market", "base_of": "new position", "base": "10000", "coefficient": 0.7},
    )
    figures: dict[str, Measured] = key("account and market at that moment", {"equity": 500000.0, "spread": 0.8})
    decision: str | None = optional("in a journal: the id again", "qr-7fxs64izd3n7c24j247ghn6k")
