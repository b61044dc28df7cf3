"""An operator's commands, as events like any other: recorded with who and why before they do anything.

kill SCOPE · lift SCOPE · pause · resume · rearm RULE · override LIMIT for SECONDS     what the order gate lets pass;
                                                       kill and pause take back orders that are out and would add risk
close TRADE | all                                                                      reduce-only, past every guard
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ruleengine.model.audit import Note
from ruleengine.model.event import OperatorCommand
from ruleengine.model.order import Cancel, Priority
from ruleengine.model.side import Side
from ruleengine.runtime import codes
from ruleengine.runtime.gate.gate import Gate
from ruleengine.runtime.plan.rules import Common, Words
from ruleengine.runtime.rules.desk import Desk, Proposal
from ruleengine.runtime.rules.protections import Protections

RULE = "operator"
"""What its decisions stand under in the journal."""
OVERRIDE_MAX_S = 86_400
"""A limit is lifted for a day at most: a lift that nobody remembers is no limit."""


class Operator:
    """Carries commands out."""

    def __init__(self, desk: Desk, gate: Gate, protections: Protections) -> None:
        self._desk, self._gate, self._protections = desk, gate, protections

    def switch(self, command: OperatorCommand) -> list[Note]:
        """What a command did to the gate; a note where it isn't known or lacks its target."""
        gate, given = self._gate, command.arguments
        who = (command.by, command.reason)
        at = (command.ts, command.seq)
        target = str(given.get("scope") or given.get("rule") or given.get("limit") or "")
        match command.command:
            case "kill":
                return gate.kill(target or "account", *who, *at)
            case "pause":
                return gate.pause(*who, *at)
            case "resume":
                return gate.resume(*who, *at)
            case "lift" if target:
                return gate.lift(target, *who, *at)
            case "rearm" if self._protections.names(target):
                return self._protections.rearm(target, *who, *at)
            case "rearm" if target:
                return gate.rearm(target, *who, *at)
            case "override" if target:
                length_ns = _length_ns(given.get("seconds"))
                if length_ns is None:
                    message = (
                        f"override of `{target}` by {command.by} is ignored: `seconds` is {_said(given)}, "
                        f"and has to be above 0 and at most {OVERRIDE_MAX_S}"
                    )
                    return [Note(*at, "warning", codes.OPERATOR, message, target)]
                return gate.override(target, *who, command.ts + length_ns, *at)
            case "close":
                return []
        message = f"`{command.command}` of {command.by}: no such command, or its target is missing"
        return [Note(command.ts, command.seq, "warning", codes.OPERATOR, message)]

    def cancellations(self, command: OperatorCommand) -> list[Cancel]:
        """Orders that a kill or a pause takes back: all that are out and would add to what is off. Exits go on."""
        if command.command not in ("kill", "pause"):
            return []
        return [Cancel(each.order.id) for each in self._desk.orders.live() if self._gate.takes_back(each)]

    def closings(self, command: OperatorCommand) -> list[Proposal]:
        """Trades that `close` names, as proposals that only the order gate looks at."""
        if command.command != "close":
            return []
        wanted = str(command.arguments.get("trade", "all"))
        trades = [trade for trade in self._desk.own_trades() if wanted in ("all", str(trade.id))]
        if not trades:
            self._desk.note("warning", codes.OPERATOR, f"close: no open trade `{wanted}` of ours", wanted)
        return [self._closing(trade, command) for trade in trades]

    def _closing(self, trade: Any, command: OperatorCommand) -> Proposal:
        desk, side = self._desk, Side(trade.side)
        return Proposal(
            rule=Common(RULE, "operator", -1, "enforce", "", Words()),
            kind="exit",
            priority=Priority.KILL,
            instrument=trade.instrument,
            side=side.opposite,
            env=desk.env_with(trade.instrument, trade=trade),
            key=str(trade.id),
            lots=desk.grids[trade.instrument].down(trade.units),
            trade_id="" if desk.holdings.nets else str(trade.id),
            position_side=side,
            is_full_close=True,
            strategy=str(trade.strategy),
            pocket=str(trade.pocket),
            reason=f"{command.by}: {command.reason}",
            is_past_guards=True,
        )


def _length_ns(seconds: Any) -> int | None:
    """For how long a limit is to be lifted; None where that is no number of seconds within bounds.

    >>> _length_ns("1.5"), _length_ns("abc"), _length_ns("nan"), _length_ns(-1), _length_ns(None), _length_ns(True)
    (1500000000, None, None, None, None, None)
    """
    if isinstance(seconds, bool):
        return None
    try:
        length = Decimal(str(seconds))
    except InvalidOperation:
        return None
    if not (length.is_finite() and 0 < length <= OVERRIDE_MAX_S):
        return None
    return int(length * 1_000_000_000) or None


def _said(given: Mapping[str, Any]) -> str:
    return f"`{given['seconds']}`" if "seconds" in given else "missing"
