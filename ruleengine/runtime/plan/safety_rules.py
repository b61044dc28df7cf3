"""Protections and alerts as the runtime holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ruleengine.runtime.plan.rules import Common, ExitRule, Part

ForEach = Literal["account", "instrument", "strategy", "pocket", "trade"]


@dataclass(frozen=True, slots=True)
class ProtectionRule(Common):
    """`ends`: by time after `lasts_ns`, with the account's day, once the part `until` holds, or by a human. `closer`:
    the rule in whose name it closes trades of its scope. `refuses_unknown`: while it can't be told, what it stops is
    refused."""

    for_each: ForEach
    trip: Part
    stops: frozenset[str]
    ends: Literal["time", "day", "condition", "human"]
    lasts_ns: int
    until: Part | None
    closer: ExitRule | None
    refuses_unknown: bool


@dataclass(frozen=True, slots=True)
class AlertRule(Common):
    """`show`: (output, how the author wrote it) of what is told beside the message. `repeat_ns` 0: told once."""

    for_each: ForEach
    when: Part
    level: Literal["info", "warning", "alert"]
    message: str
    show: tuple[tuple[str, str], ...]
    lasts_ns: int
    repeat_ns: int
