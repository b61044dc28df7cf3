"""Intent → Cleared | Refused. An order that passed the checks is another type than one that did not, so that an
unchecked order can't be sent by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Literal

from ruleengine.model.comparison import Comparison
from ruleengine.model.side import Side


class Priority(IntEnum):
    """Lower acts first (design.md §3)."""

    KILL = 0
    EMERGENCY_EXIT = 1
    EXIT = 2
    HEDGE_REDUCE = 3
    LADDER = 4
    HEDGE_OPEN = 5
    ENTRY = 6


IntentKind = Literal["entry", "ladder", "pyramid", "hedge_open", "hedge_reduce", "exit"]
OPENING: frozenset[str] = frozenset({"entry", "ladder", "pyramid", "hedge_open"})


@dataclass(slots=True)
class Intent:
    """What a rule wants; not yet allowed. `units` is the wanted size (positive); `trade_id` names the one trade an exit
    acts on, `position_side` the side a reduction acts on. `is_full_close`: the whole of it, at any value (SC-01)."""

    id: str
    kind: IntentKind
    rule: str
    priority: Priority
    instrument: str
    side: Side
    units: Decimal
    is_reduce_only: bool = False
    is_full_close: bool = False
    trade_id: str = ""
    position_side: Side | None = None
    strategy: str = ""
    pocket: str = ""
    order_type: Literal["market", "limit", "stop"] = "market"
    price: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    reason: str = ""
    signal_id: str = ""
    confidence: float | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Exactly what goes to the venue. `units` positive, on the lot grid; `price`, `stop`, `target` on the tick grid.

    `id` is made once from the decision, so that a retry is the same order (FX-36)."""

    id: str
    instrument: str
    side: Side
    units: Decimal
    type: Literal["market", "limit", "stop"] = "market"
    price: Decimal | None = None
    is_reduce_only: bool = False
    trade_id: str = ""
    """Close or reduce this trade only (venues with trades); empty: the position."""
    position_side: Side | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    expires_ns: int | None = None
    strategy: str = ""
    pocket: str = ""
    leverage: Decimal | None = None
    """Of the position that it opens or adds to; None where nothing names one."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """An order that passed every guard, cap and the order gate. Only the gate makes one."""

    order: Order
    intent_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal by the order gate (OPS-03): code, the limit, its policy line, and `comparison`, with what was measured
    and the distance in its own unit. `unknown`: what could not be had, where nothing could be measured."""

    intent_id: str
    code: str
    rule: str
    message: str
    place: str = ""
    comparison: Comparison | None = None
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ask the venue to cancel an order of ours."""

    order_id: str


Command = Cleared | Cancel
