"""Rules as the runtime holds them: bound functions with the positions of their outputs, word filters, constants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ruleengine.facts.frames import Env
from ruleengine.graph.node import Block
from ruleengine.model.order import OPENING, Priority
from ruleengine.runtime.plan.needs import TimeFlip

Result = tuple[Any, ...]
Enforcement = Literal["shadow", "warn", "enforce"]


@dataclass(frozen=True, slots=True)
class Part:
    """A block, ready to be evaluated. `wide`: another instrument's price can change it. `is_still`: no event of the
    market can, nor time but at known instants."""

    block: Block
    run: Callable[[Env], Result]
    verdict: Callable[[Env], Any] | None
    """The output `when` alone; None where the block has none."""
    applies: int
    wide: bool
    is_still: bool
    flips: tuple[TimeFlip, ...]
    is_restless: bool
    """Time alone can change it in ways that only trying tells."""

    def at(self, output: str) -> int:
        """Index of an output in the result, or −1."""
        return self.block.position(output)

    def get(self, result: Result, output: str) -> Any:
        """An output's value; None where the rule has none."""
        index = self.block.position(output)
        return None if index < 0 else result[index]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of `applies_to`: None admits any."""

    intents: frozenset[str] | None = None
    strategies: frozenset[str] | None = None
    pockets: frozenset[str] | None = None
    instruments: frozenset[str] | None = None
    side: str | None = None
    opened_by: frozenset[str] | None = None

    def admit(self, *, strategy: str, pocket: str | None, instrument: str, side: str) -> bool:
        """`pocket`: None where it is none of the policy's, so that it can't be judged by."""
        return (
            (self.strategies is None or strategy in self.strategies)
            and (self.pockets is None or pocket is None or pocket in self.pockets)
            and (self.instruments is None or instrument in self.instruments)
            and (self.side is None or side == self.side)
        )

    def admit_kind(self, kind: str) -> bool:
        """Opening intents unless it says otherwise; what takes risk off only where it is named (FX-25)."""
        return kind in OPENING if self.intents is None else kind in self.intents


@dataclass(frozen=True, slots=True)
class Common:
    """What every rule has. `order`: its number among all rules, which breaks ties."""

    id: str
    section: str
    order: int
    enforcement: Enforcement
    place: str
    words: Words


@dataclass(frozen=True, slots=True)
class Posture:
    """What happens while a trigger is unknown."""

    wait_ns: int
    then: Literal["close", "alert"]
    use: Part | None


@dataclass(frozen=True, slots=True)
class GuardRule(Common):
    judge: Part


@dataclass(frozen=True, slots=True)
class CapRule(Common):
    limit: Part


@dataclass(frozen=True, slots=True)
class SizingRule(Common):
    size: Part


@dataclass(frozen=True, slots=True)
class EntryRule(Common):
    source: Literal["signal", "market"]
    when: Part
    details: Part | None
    strategy: str
    pocket: str
    cooldown_ns: int


@dataclass(frozen=True, slots=True)
class AddingRule(Common):
    """A ladder or pyramid. `details`: the block with its coefficient or size and its bounds. `base_of`: what a ladder's
    base is, in words; "" where the rule gives the size itself."""

    source: Literal["signal", "market"]
    when: Part
    details: Part
    base_of: str
    cooldown_ns: int

    @property
    def kind(self) -> Literal["ladder", "pyramid"]:
        return "ladder" if self.section == "ladders" else "pyramid"


@dataclass(frozen=True, slots=True)
class HedgeRule(Common):
    when: Part
    require: Part | None
    is_reduction: bool
    until: Part | None
    amounts: Part | None
    floor_over_cap: str
    details: Part | None
    strategy: str
    pocket: str
    confidence: float | None
    cooldown_ns: int
    posture: Posture | None


@dataclass(frozen=True, slots=True)
class StageRule:
    """One stage of an exit: closes (`close` is an output of the part) or restricts."""

    part: Part
    restricts: bool


@dataclass(frozen=True, slots=True)
class ExitRule(Common):
    """`floor`: evaluated for the trade of which a part is to be closed; `result`: for one of a strategy in `no_loss`,
    which this rule doesn't close at a loss."""

    for_each: Literal["trade", "position", "account"]
    stages: tuple[StageRule, ...]
    floor: Part | None
    no_loss: frozenset[str]
    result: Part | None
    priority: Priority
    cooldown_ns: int
    posture: Posture


@dataclass(frozen=True, slots=True)
class CandidatesRule:
    """A list of candidates. `part`: outputs `eligible` (where it has one) and `score`."""

    id: str
    keep: int
    every_ns: int
    part: Part


@dataclass(frozen=True, slots=True)
class MetricRule:
    name: str
    for_each: Literal["account", "instrument", "strategy", "pocket"]
    value: Part
