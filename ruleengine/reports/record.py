"""Decisions as plain data: the published `decision` record, and back for `why`."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from enum import Enum
from typing import Any

from ruleengine.model.addition import Addition
from ruleengine.model.audit import Decision, Outcome, Verdict, VerdictChange
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import when
from ruleengine.model.order import Order
from ruleengine.model.side import Side

_INTENT = ("stage", "is_full_close")
"""What a decision's order completes: of the journal alone."""


def decision_to_plain(decision: Decision, policy: dict[str, str], account: str) -> dict[str, Any]:
    """JSON values; amounts as decimal strings, what there is not left out. `policy`: name, version and digest."""
    plain: dict[str, Any] = _plain({name: each for name, each in asdict(decision).items() if name not in _INTENT})
    return {"policy": policy, "account": account, "time": when(decision.ts), **plain}


def change_to_plain(change: VerdictChange) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(asdict(change))
    return plain


def decision_from_plain(plain: dict[str, Any]) -> Decision:
    """The record as it was; keys that are not the decision's own are ignored."""
    verdicts = [
        Verdict(
            **{
                **v,
                "outcome": Outcome(v["outcome"]),
                "comparisons": _comparisons(v["comparisons"]),
                "size": _decimal(v.get("size")),
            }
        )
        for v in plain["verdicts"]
    ]
    order = plain.get("order")
    if order is not None:
        amounts = {name: _decimal(order.get(name)) for name in ("units", "price", "stop", "target", "leverage")}
        position = Side(order["position_side"]) if "position_side" in order else None
        order = Order(**{**order, **amounts, "side": Side(order["side"]), "position_side": position})
    own = {name: plain[name] for name in Decision.__dataclass_fields__ if name in plain}
    return Decision(
        **{
            **own,
            "wanted": Decimal(plain["wanted"]),
            "size_path": [(what, Decimal(units)) for what, units in plain["size_path"]],
            "trigger": _comparisons(plain["trigger"]),
            "verdicts": verdicts,
            "order": order,
            "addition": _addition(plain.get("addition")),
        }
    )


def change_from_plain(plain: dict[str, Any]) -> VerdictChange:
    return VerdictChange(**{"before": None, "now": None, **plain, "values": tuple(plain["values"])})


def _comparisons(found: list[dict[str, Any]]) -> list[Comparison]:
    return [Comparison(**{"verdict": None, **each}) for each in found]


def _addition(plain: dict[str, Any] | None) -> Addition | None:
    return None if plain is None else Addition(**{**plain, "base": _decimal(plain.get("base"))})


def _decimal(text: str | None) -> Decimal | None:
    return Decimal(text) if text is not None else None


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.value if isinstance(value, Enum) else value
