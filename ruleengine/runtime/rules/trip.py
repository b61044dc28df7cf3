"""A protection in one scope: whether it is on, since when and until when, and what it is still to close.

    Trip       what is kept of it over restarts
    Guarded    the rule, its scope, the watches that look at its triggers, and its trip

How it trips and ends is told by `protections.py`; what it closes by `trip_closing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ruleengine.market.phase import NEVER
from ruleengine.model.comparison import Comparison
from ruleengine.runtime.plan.safety_rules import ProtectionRule
from ruleengine.runtime.rules.scopes import Scoped
from ruleengine.runtime.rules.watch import Watch


def quiet(_env: Any) -> bool:
    """The verdict of a watch that has nothing to look at."""
    return False


@dataclass(slots=True)
class Trip:
    """`since_ns`: −1 while it is off. `until_ns`: `NEVER` where no time ends it. `spent`: the condition has held since
    it tripped by it, without a break; before `day_ns`, for with the account's day a condition on the day is another
    one. `ended`: how many trades had ended then. `closing`: what is still to be closed,
    with the time of its opening. `held`: the comparison by which it tripped.

    `number`: how often it went on, for each time closes anew. `tripped_ns`: when it tripped last; `ends`: how it was to
    end then. `out`: orders that open and were out then; what they fill is closed as well.

    `accepted`: the fact of which a human said that it need not be known; `accepted_at`: how many trades had ended then.
    It is asked for again once the condition can be told, or another trade of the scope has ended."""

    since_ns: int = -1
    until_ns: int = NEVER
    spent: bool = False
    day_ns: int = NEVER
    ended: int = 0
    closing: dict[str, int] = field(default_factory=dict)
    held: Comparison | None = None
    number: int = 0
    tripped_ns: int = -1
    ends: str = ""
    out: list[str] = field(default_factory=list)
    accepted: str = ""
    accepted_at: int = 0

    @property
    def is_on(self) -> bool:
        return self.since_ns >= 0

    def is_plain(self) -> bool:
        return not (self.is_on or self.spent or self.closing or self.number or self.accepted)

    def state(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__slots__}
        lists = {"closing": dict(self.closing), "out": list(self.out)}
        return {**row, **lists, "held": None if self.held is None else asdict(self.held)}

    @classmethod
    def from_state(cls, row: Mapping[str, Any]) -> Trip:
        held = row["held"]
        lists = {"closing": dict(row["closing"]), "out": list(row.get("out", ()))}
        return cls(**{**row, **lists, "held": None if held is None else Comparison(**held)})


@dataclass(slots=True, eq=False)
class Guarded:
    """One protection in one scope, with its watches."""

    rule: ProtectionRule
    scope: Scoped
    watch: Watch
    until: Watch | None
    is_of_day: bool
    """Its condition is one on the account's day, so that each day's is another."""
    trip: Trip = field(default_factory=Trip)

    @property
    def name(self) -> str:
        return name_of(self.rule.id, self.scope.key)


def name_of(rule: str, key: str) -> str:
    """
    >>> name_of("losses", "M1Scalper")
    'losses/M1Scalper'
    """
    return f"{rule}/{key}"


def end_of(rule: ProtectionRule) -> str:
    """How the rule ends, as far as it can change under one that is on."""
    return f"time {rule.lasts_ns}" if rule.ends == "time" else rule.ends


def end_words(each: Guarded) -> str:
    """Until when it is on, in words."""
    rule, until = each.rule, each.trip.until_ns
    match rule.ends:
        case "human":
            return "until a human re-arms it"
        case "condition":
            return "until its `until` holds"
    return f"until {instant(until)}"


def closes_no_more(name: str, closing: Mapping[str, int]) -> str:
    """
    >>> closes_no_more("loss/account", {"1": 0, "7": 0})
    'protection `loss/account` was still to close 1, 7, and the policy says so no more: they stay open'
    """
    return (
        f"protection `{name}` was still to close {', '.join(closing)}, and the policy says so no more: they stay open"
    )


def instant(ts: int) -> str:
    """An instant to the second, as people write it: rounded up, so that it is over then.

    >>> instant(1_700_000_040_000_000_000), instant(1_700_000_040_000_000_001)
    ('2023-11-14T22:14:00Z', '2023-11-14T22:14:01Z')
    """
    return f"{datetime.fromtimestamp(-(-ts // 1_000_000_000), UTC):%Y-%m-%dT%H:%M:%SZ}"
