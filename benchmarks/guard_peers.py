"""The guard of twelve conditions as each peer's users would run it at its fastest: compiled once, objects reused.

Every maker gives (function, converter): the converter makes a state into the peer's own form, before the clock starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from benchmarks.guard_states import State
from ruleengine.facts.frames import Env

Peer = tuple[Callable[[Any], bool], Callable[[State], Any]]

CONDITIONS = (
    "(ask - bid) / pip <= 1.2",
    "rsi < 70.0",
    "adx >= 20.0",
    "nets == false",
    "side == 'long'",
    "now - quoted_at <= 6000000000",
    "confidence >= 60.0",
    "net_change > 0.0",
    "bid_units / (bid_units + ask_units) >= 0.58",
    "funding_rate <= 0.01",
    "size <= 90000.0",
    "strategy == 'M1Scalper'",
)
"""In the words that zen, rule-engine and CEL share."""


def by_hand(env: Env) -> bool:
    """What one would write without an engine: no unknowns, nothing recorded, first failure ends it."""
    k, m, a, i = env.k, env.m, env.a, env.i
    return (
        (m.ask - m.bid) / m.pip <= 1.2
        and m.f[0] < 70.0
        and m.f[1] >= 20.0
        and not a.nets
        and i.side == "long"
        and k.now - m.quoted_at <= 6_000_000_000
        and i.confidence >= 60.0
        and i.net_change > 0.0
        and m.bid_units / (m.bid_units + m.ask_units) >= 0.58
        and m.funding_rate <= 0.01
        and i.size <= 90_000.0
        and i.strategy == "M1Scalper"
    )


def zen_expression(converter: Callable[[State], Any]) -> Peer:
    import zen

    return zen.compile_expression(" and ".join(CONDITIONS)).evaluate, converter


def as_json(state: State) -> bytes:
    """zen also takes a context that is JSON already. Whoever has values would have to make it; not timed here."""
    return json.dumps(state).encode()


def zen_graph_with_trace() -> Peer:
    """A decision graph of one expression node: twelve verdicts and their conjunction, traced."""
    import zen

    verdicts = [{"id": f"v{n}", "key": f"c{n}", "value": text} for n, text in enumerate(CONDITIONS)]
    whole = {"id": "whole", "key": "ok", "value": " and ".join(f"$.c{n}" for n in range(len(CONDITIONS)))}
    graph = {
        "contentType": "application/vnd.gorules.decision",
        "nodes": [
            {"id": "in", "name": "request", "type": "inputNode", "position": {"x": 0, "y": 0}},
            {
                "id": "rules",
                "name": "guard",
                "type": "expressionNode",
                "position": {"x": 1, "y": 0},
                "content": {"expressions": [*verdicts, whole]},
            },
            {"id": "out", "name": "response", "type": "outputNode", "position": {"x": 2, "y": 0}},
        ],
        "edges": [
            {"id": "a", "type": "edge", "sourceId": "in", "targetId": "rules"},
            {"id": "b", "type": "edge", "sourceId": "rules", "targetId": "out"},
        ],
    }
    decision = zen.ZenEngine().create_decision(zen.ZenDecisionContent(json.dumps(graph)))
    options = {"trace": True}

    def evaluate(state: State) -> bool:
        answer = decision.evaluate(state, options)
        return bool(answer["result"]["ok"])

    return evaluate, dict


def cel(runner: str) -> Peer:
    """`runner`: celpy's `InterpretedRunner` or `CompiledRunner`."""
    import celpy
    from celpy.celparser import CELParser

    CELParser.CEL_PARSER = None  # else the second runner gets the trees of the first; celpy names this way out itself
    environment = celpy.Environment(runner_class=getattr(celpy, runner))
    program = environment.program(environment.compile(" && ".join(CONDITIONS)))

    def evaluate(activation: Any) -> bool:
        return bool(program.evaluate(activation))

    def convert(state: State) -> Any:
        return {name: celpy.json_to_cel(value) for name, value in state.items()}

    return evaluate, convert


def rule_engine() -> Peer:
    import rule_engine

    rule = rule_engine.Rule(" and ".join(CONDITIONS))
    return rule.matches, dict


def simpleeval() -> Peer:
    import simpleeval

    evaluator = simpleeval.SimpleEval(functions={})
    text = " and ".join(CONDITIONS).replace("nets == false", "not nets")
    tree = simpleeval.SimpleEval.parse(text)

    def evaluate(state: State) -> bool:
        evaluator.names = state
        return bool(evaluator.eval("", previously_parsed=tree))

    return evaluate, dict


PEERS: dict[str, Callable[[], Peer]] = {
    "zen-engine, compiled expression": lambda: zen_expression(dict),
    "zen-engine, compiled expression, state as ready JSON": lambda: zen_expression(as_json),
    "zen-engine, decision graph with trace": zen_graph_with_trace,
    "cel-python, transpiled (CompiledRunner)": lambda: cel("CompiledRunner"),
    "cel-python": lambda: cel("InterpretedRunner"),
    "rule-engine": rule_engine,
    "simpleeval": simpleeval,
}
