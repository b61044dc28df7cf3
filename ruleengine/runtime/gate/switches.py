"""Kill switches and pauses: what a human switched off, who and why. Only what adds risk is kept back; exits go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruleengine.model.order import Intent

ACCOUNT = "account"
ENTRIES = "entries"
"""The pause of everything that adds risk; like `account`, but lifted by `resume`."""


def rule_scope(rule: str) -> str:
    return f"rule:{rule}"


def strategy_scope(strategy: str) -> str:
    return f"strategy:{strategy}"


def instrument_scope(instrument: str) -> str:
    return f"instrument:{instrument}"


@dataclass(frozen=True, slots=True)
class Switch:
    """Who switched it off, why, and since when."""

    by: str
    reason: str
    ts: int


class Switches:
    """Scopes that are off."""

    def __init__(self) -> None:
        self.off: dict[str, Switch] = {}

    def blocking(self, intent: Intent) -> tuple[str, Switch] | None:
        """The widest switch that keeps this intent back."""
        return self.concerning(intent.instrument, intent.strategy, intent.rule)

    def concerning(self, instrument: str, strategy: str, rule: str) -> tuple[str, Switch] | None:
        """The widest switch that is off for what adds risk there."""
        scopes = (ACCOUNT, ENTRIES, instrument_scope(instrument), strategy_scope(strategy), rule_scope(rule))
        return next(((scope, self.off[scope]) for scope in scopes if scope in self.off), None)

    def state(self) -> dict[str, Any]:
        return {scope: [switch.by, switch.reason, switch.ts] for scope, switch in self.off.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.off = {scope: Switch(*row) for scope, row in state.items()}
