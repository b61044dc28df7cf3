"""No false alarm: what is said of a condition before any data is so in every state of generated worlds.

Generated conditions × states whose slots and features lie in the ranges that facts and functions declare. Where a
condition is said to hold never, or always, the trace may only answer so, or unknown.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from ruleengine.backends.trace import TraceProgram
from ruleengine.facts.base import Fact
from ruleengine.facts.catalogue import FACTS
from ruleengine.facts.frames import Env
from ruleengine.functions.base import Function
from ruleengine.functions.catalogue import FUNCTIONS, STEPS
from ruleengine.graph import Graph
from ruleengine.model.unknown import Unknown
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.contradictions import Truths
from ruleengine.typecheck.names import EVERYTHING
from ruleengine.typecheck.typed import Expr
from tests.agreement.campaign import HERE, VOCABULARY, Coverage, accept
from tests.agreement.expressions import Expressions
from tests.agreement.worlds import States
from tests.conformance.harness import graph_of, names_of, policy_of

EXPRESSIONS, STATES, SEED = 2_500, 6, 20_261_122


def test_what_is_known_before_any_data_is_so_in_every_state() -> None:
    names = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))
    said: Counter[str] = Counter()
    for number in range(EXPRESSIONS):
        rng = random.Random(SEED + number)
        text = _drawn(rng)
        expr = accept(text, names, Coverage())
        if expr is None:
            continue
        names.read.clear()
        truth = Truths(names).of(expr)
        if truth is None:
            continue
        kinds = {True: "always", False: "never"}
        said[kinds[truth]] += 1
        said["joined"] += expr.op in ("and", "or")
        for answer in _answers(rng, expr):
            assert answer is truth or isinstance(answer, Unknown), (SEED + number, text, truth, answer)
            said["answers"] += not isinstance(answer, Unknown)
    assert said["always"] > 90, said
    assert said["never"] > 90, said
    assert said["joined"] > 25, said
    assert said["answers"] > 900, said


def _drawn(rng: random.Random) -> str:
    """A condition; often two on one value, whose limits are near each other."""
    expressions = Expressions(rng, VOCABULARY, EVERYTHING.frames)
    if rng.random() < 0.5:
        return expressions.draw("bool", rng.randrange(1, 4))
    kind = rng.choice(("pips", "price", "ratio", "units", "number", "duration"))
    value, operators = expressions.draw(kind, rng.randrange(1, 3)), ("<", "<=", ">", ">=", "==", "!=")
    limits = [expressions.leaf(kind), expressions.leaf(kind)]
    parts = [f"({value}) {rng.choice(operators)} ({limit})" for limit in limits]
    return f" {rng.choice(('and', 'or'))} ".join(f"not ({part})" if rng.random() < 0.2 else part for part in parts)


def _answers(rng: random.Random, expr: Expr) -> list[Any]:
    """Of the trace, in states that keep to what is declared."""
    graph = graph_of(fold(expr))
    main = TraceProgram(graph).functions["main"]
    source = States(rng, graph, VOCABULARY.words)
    return [main(_kept(source.draw(), graph))[0] for _ in range(STATES)]


# --- states that keep to declarations ---------------------------------------------------------------------------------


def _kept(env: Env, graph: Graph) -> Env:
    """The position in scope is one of the account's, and the order adds to it: else a side could end below zero."""
    env.p = env.a.positions[0]
    for slot in ("long_change", "short_change"):
        if not isinstance(getattr(env.i, slot), Unknown):
            setattr(env.i, slot, abs(getattr(env.i, slot)))
    markets = {id(each): each for each in (env.m, env.t.m, env.p.m)}
    everything: list[tuple[str, Any]] = [("market", each) for each in markets.values()]
    everything += [("time", env.k), ("account", env.a), ("position", env.p), ("trade", env.t), ("intent", env.i)]
    everything += [("signal", env.g)]
    if not isinstance(env.a.all_trades, Unknown):
        everything += [("trade", each) for each in env.a.all_trades]
        everything += [("market", each.m) for each in (*env.a.all_trades, *env.a.positions)]
        everything += [("position", each) for each in env.a.positions]
    for frame, each in everything:
        for fact in FACTS.values():
            if fact.frame == frame and fact.definition is None:
                _keep(each, fact)
    for market in [each for frame, each in everything if frame == "market"]:
        for node in graph.nodes:
            if node.op == "series":
                call = graph.series[node.data]
                market.f[node.data] = _kept_feature(FUNCTIONS.get(call.function), market.f[node.data])
            elif node.op == "step":
                market.s[node.data] = _kept_step(graph, node.data, market.s[node.data])
    return env


def _keep(frame: Any, fact: Fact) -> None:
    value = getattr(frame, fact.slot)
    if isinstance(value, int | float) and not isinstance(value, bool):
        least = fact.least if fact.least is not None else 0.0 if fact.is_positive else None
        setattr(frame, fact.slot, _within(value, least, fact.most))


def _within(value: Any, least: float | None, most: float | None) -> Any:
    if least is not None and value < least:
        return least
    return most if most is not None and value > most else value


def _kept_feature(function: Function | None, value: Any) -> Any:
    """A value that closed bars could give: of a column, or an average of one, above zero."""
    if isinstance(value, Unknown | bool):
        return value
    if function is None or function.is_among:
        return abs(value)
    return _within(value, function.least, function.most)


def _kept_step(graph: Graph, index: int, value: Any) -> Any:
    """Running figures of generated expressions read `spread`, `mid`, `spread_ratio`: none is ever below zero."""
    function = STEPS[graph.steps[index][0].function]
    if isinstance(value, Unknown | bool | str):
        return value
    return abs(value) if function.is_among else _within(value, function.least, function.most)
