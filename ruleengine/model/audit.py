"""What `process(event)` gives back: everything that was decided, why, and what is to be sent.

`Decision` is one intent with every check that was made for it; `VerdictChange` is a rule's trigger that changed between
intents (with the onset of unknowns). "Identical decisions" means that these records are identical. All are plain data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from ruleengine.model.addition import Addition
from ruleengine.model.comparison import Comparison
from ruleengine.model.order import Command, Order


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105  a verdict, no password
    REFUSE = "refuse"
    SHRINK = "shrink"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class Verdict:
    """One rule, or one limit of the order gate, on one intent. `code` is set where it refuses or shrinks. `size`:
    allowed units, for caps and sizing."""

    rule: str
    section: str
    outcome: Outcome
    enforcement: Literal["shadow", "warn", "enforce"]
    comparisons: list[Comparison]
    place: str
    code: str = ""
    unknowns: list[str] = field(default_factory=list)
    size: Decimal | None = None


@dataclass(slots=True)
class Decision:
    """One intent, judged. `outcome`: sent (an order left), refused (a guard, cap, sizing or the gate refused), merged
    (another intent on the same trade went first), shadow (its rule is not enforced).

    `size_path`: (what, units) from wanted to final. `first_blocker`: the rule or gate limit that refused; its verdict
    says what was measured, the limit and the distance (OPS-03). `stage`, `is_full_close`: of an exit, what its order
    completes; they stand in the journal's `intent`, for a restart."""

    id: str
    ts: int
    seq: int
    kind: str
    rule: str
    instrument: str
    side: str
    strategy: str
    pocket: str
    wanted: Decimal
    outcome: Literal["sent", "refused", "merged", "shadow"]
    place: str = ""
    trade_id: str = ""
    signal_id: str = ""
    code: str = ""
    message: str = ""
    first_blocker: str = ""
    size_path: list[tuple[str, Decimal]] = field(default_factory=list)
    trigger: list[Comparison] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    order: Order | None = None
    stage: str = field(default="", compare=False)
    is_full_close: bool = field(default=False, compare=False)
    addition: Addition | None = None
    """Of what adds to a position: its number, base, coefficient, value, leverage and reason (SC-08)."""
    figures: dict[str, Any] = field(default_factory=dict)
    """Account figures at that moment: equity, margin_used, both usages, free_margin_ratio; mid, spread."""


@dataclass(slots=True)
class VerdictChange:
    """A trigger's verdict changed: `key` says for which trade, instrument or account. `now`: true, false or unknown."""

    ts: int
    seq: int
    rule: str
    block: str
    key: str
    before: bool | None
    now: bool | None
    unknown: str = ""
    values: tuple[Any, ...] = ()
    place: str = ""


@dataclass(slots=True)
class Note:
    """Something else worth recording: a defect, a reconciliation, a breaker, a wait that began or ended.
    `level`: info, warning, alert."""

    ts: int
    seq: int
    level: Literal["info", "warning", "alert"]
    code: str
    message: str
    key: str = ""


@dataclass(slots=True)
class Audit:
    """Empty for nearly every event."""

    decisions: list[Decision] = field(default_factory=list)
    changes: list[VerdictChange] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.decisions or self.changes or self.notes or self.commands or self.metrics)
