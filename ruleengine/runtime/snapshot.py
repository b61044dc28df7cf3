"""The engine's state as one JSON value with a digest of its shape.

Indicators are functions of kept bars, so no indicator has state of its own. The shape covers what a state can only be
taken over by: this format and the running figures by their order. Everything else is kept by name (instrument,
timeframe, rule, trade), so a state survives a policy that changed elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ruleengine.functions.running import LAYOUT
from ruleengine.graph.node import Graph
from ruleengine.model.audit import Note
from ruleengine.runtime import codes

if TYPE_CHECKING:
    from ruleengine.runtime.engine import Engine

VERSION = 1


class StateForeign(ValueError):
    """A state of another version, which can't be continued."""


def snapshot(engine: Engine) -> dict[str, Any]:
    ts, seq = engine.position
    return {
        "version": VERSION,
        "shape": shape(engine),
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
        "watches": engine.roster.state(),
        "metrics_due": engine.metrics.due,
    }


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
    for name in engine.specs:
        engine.holdings.mirror_orders(engine.orders, name)
    engine.gate.restore(state["gate"])
    engine.peaks.restore(state["peaks"])
    engine.addition_days.restore(state["additions"])
    engine.desk.cooldowns = dict(state["cooldowns"])
    engine.desk.periods = dict(state.get("periods", {}))
    engine.exits.restore(state["exits"])
    engine.entries.restore(state["entries"])
    engine.metrics.due = state["metrics_due"]
    is_same = state["shape"] == shape(engine)
    if engine.steps is not None and state["steps"] is not None and is_same:
        engine.steps.restore(state["steps"])
    if not is_same:
        message = "the policy's running figures differ from the state's: they begin anew, and are unknown until warm"
        notes.append(Note(state["ts"], state["seq"], "warning", codes.STATE_FOREIGN, message))
    engine.roster.restore(state["watches"])
    engine.go_on_from(state["ts"], state["seq"])
    engine.roster.follow_trades()
    if engine.steps is not None and is_same:
        for name in engine.specs:
            engine.steps.read(name, engine.desk.env(name))
    return notes


def meaning(graph: Graph, node_id: int) -> list[Any]:
    """A node with all that it is computed from, as JSON values: equal where two policies mean the same by it."""
    node = graph.nodes[node_id]
    return [node.op, str(node.type), repr(node.data), [meaning(graph, each) for each in node.args]]


def shape(engine: Engine) -> str:
    """Digest of what the state's unnamed parts depend on."""
    graph = engine.plan.graph
    steps = [[call.function, list(call.constants), meaning(graph, of)] for call, of in graph.steps]
    content = json.dumps([VERSION, LAYOUT, steps], separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()[:16]
