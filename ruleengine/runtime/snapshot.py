"""The engine's state as one JSON value.

Indicators are functions of kept bars, so no indicator has state of its own. Running figures are kept by what they mean,
modes by their name too; everything else by name (instrument, timeframe, rule, trade), so a state survives a policy that
changed elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ruleengine.model.audit import Note
from ruleengine.runtime import codes
from ruleengine.runtime.notes import note

if TYPE_CHECKING:
    from ruleengine.runtime.engine import Engine

VERSION = 1


class StateForeign(ValueError):
    """A state of another version, which can't be continued."""


def snapshot(engine: Engine) -> dict[str, Any]:
    ts, seq = engine.position
    return {
        "version": VERSION,
        "policy": engine.policy_digest,
        "run": engine.run_id,
        "ts": ts,
        "seq": seq,
        "markets": {name: market.state() for name, market in engine.markets.items()},
        "steps": None if engine.steps is None else engine.steps.state(),
        "holdings": engine.holdings.state(),
        "orders": engine.orders.state(),
        "gate": engine.gate.state(),
        "peaks": engine.peaks.state(),
        "additions": engine.addition_days.state(),
        "cooldowns": dict(engine.desk.cooldowns),
        "periods": dict(engine.desk.periods),
        "exits": engine.exits.state(),
        "entries": engine.entries.state(),
        "protections": engine.protections.state(),
        "alerts": engine.alerts.state(),
        "watches": engine.roster.state(),
        "metrics_due": engine.metrics.due,
        "candidates": engine.rankings.state(),
    }


def exit_gone(rule: str, trades: Sequence[str]) -> str:
    """
    >>> exit_gone("time-out", ["1", "7"])
    'exit `time-out` closes trades 1, 7 no more: this policy has no such exit for them'
    """
    plural = len(trades) > 1
    named = f"trade{'s' if plural else ''} {', '.join(trades)}"
    return f"exit `{rule}` closes {named} no more: this policy has no such exit for {'them' if plural else 'it'}"


def restore(engine: Engine, state: Mapping[str, Any]) -> list[Note]:
    """Set the engine to a state. Raises `StateForeign` where it is of another version."""
    if state.get("version") != VERSION:
        raise StateForeign(
            f"{codes.STATE_FOREIGN} the state has version {state.get('version')}, this engine reads {VERSION}; "
            "start without it and reconcile with the venue"
        )
    notes = []
    for name, market in engine.markets.items():
        if name in state["markets"]:
            market.restore(state["markets"][name])
    engine.orders.restore(state["orders"])
    engine.holdings.restore(state["holdings"])
    notes += [note(each, state["ts"], state["seq"]) for each in engine.holdings.resolve_anew()]
    for name in engine.specs:
        engine.holdings.mirror_orders(engine.orders, name)
    engine.gate.restore(state["gate"])
    engine.peaks.restore(state["peaks"])
    engine.addition_days.restore(state["additions"])
    engine.desk.cooldowns = dict(state["cooldowns"])
    engine.desk.periods = dict(state.get("periods", {}))
    lost = engine.exits.restore(state["exits"])
    engine.entries.restore(state["entries"])
    engine.metrics.due = state["metrics_due"]
    engine.rankings.restore(state["candidates"])
    notes += [
        Note(state["ts"], state["seq"], "alert", codes.EXIT_GONE, exit_gone(rule, trades), rule)
        for rule, trades in lost.items()
    ]
    anew = [] if engine.steps is None else engine.steps.restore(state["steps"] or {})
    if anew:
        message = f"{', '.join(anew)}: not in the state as this policy means it; begins anew, and is unknown until warm"
        notes.append(Note(state["ts"], state["seq"], "warning", codes.STATE_FOREIGN, message))
    notes += [
        Note(state["ts"], state["seq"], "alert", codes.STATE_FOREIGN, message)
        for message in engine.protections.restore(state.get("protections", {}))
    ]
    engine.alerts.restore(state.get("alerts", {}))
    engine.roster.restore(state["watches"])
    engine.go_on_from(state["ts"], state["seq"])
    engine.roster.follow_trades()
    if engine.steps is not None:
        engine.steps.read()
    return notes
