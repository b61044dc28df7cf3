"""Generated expressions × generated states through every backend, and what the run covered.

1. an expression is drawn, checked, folded and lowered; findings that only name a limit let it go, others are faults
2. both backends evaluate it on several states; outputs and every recorded check must agree
3. where it gives a number, it is compared with its own value on the first states, as a literal: the boundary
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.facts.frames import Env
from ruleengine.graph import Graph
from ruleengine.model.unknown import Unknown
from ruleengine.typecheck.calls import PAIRS
from ruleengine.typecheck.names import EVERYTHING, Names
from ruleengine.typecheck.typed import Expr
from tests.agreement.expressions import FEATURES, Expressions, Vocabulary
from tests.agreement.rounding import Bounds
from tests.agreement.templates import KINDS
from tests.agreement.worlds import NOW, States
from tests.conformance.harness import checked, graph_of, names_of, policy_of

HERE = Path(__file__).parent
LIMITS = frozenset({"RE301", "RE308", "RE309", "RE350"})
"""Codes that refuse a well-typed expression for its size alone."""

VOCABULARY = Vocabulary(
    named={
        "pips": ("limit_pips", "gates.wide"),
        "ratio": ("limit_ratio", "gates.tight"),
        "money": ("limit_money",),
        "units": ("limit_units", "gates.safe"),
        "number": ("limit_number", "gates.factor"),
        "count": ("limit_count", "gates.first", "turn.short_step", "pullbacks.long", "runs.short", "jumps.count"),
        "price": ("slow",),
        "duration": ("limit_age",),
        "quotient": ("gap",),
        "bool": (
            "is_on",
            "is_calm",
            "thin_hours",
            "lunch",
            "watchlist",
            "gates.open",
            "wide_market",
            "poor",
            "turn.long",
        ),
    },
    words={
        "strategies": ("M1Scalper", "TrendMA"),
        "pockets": ("scalp", "macro"),
        "regimes": ("trending", "ranging"),
        "instruments": ("USD_JPY", "BTC_USDT", "KRX_005930"),
        "tier": ("small", "large"),
        "weather": ("calm", "wild"),
    },
    modes=("tier", "weather"),
)


def vocabulary_of(frames: frozenset[str]) -> Vocabulary:
    """The names of `vocabulary.yaml` that a scope with these frames can use."""

    def is_there(name: str) -> bool:
        needs = {"gates": {"intent", "account", "market"}, "slow": {"market"}, "gap": {"market"}, "is_calm": {"market"}}
        of_market = ("watchlist", "wide_market", "weather", "turn", "pullbacks", "runs", "jumps")
        needs |= {each: {"market"} for each in of_market} | {"poor": {"account"}, "tier": {"account"}}
        return needs.get(name.partition(".")[0], set()) <= frames

    named = {kind: tuple(filter(is_there, names)) for kind, names in VOCABULARY.named.items()}
    named = {kind: names for kind, names in named.items() if names}
    return Vocabulary(named, VOCABULARY.words, tuple(filter(is_there, VOCABULARY.modes)))


_UNITS = {
    "pips": "pips", "ratio": "", "duration": "s", "units": "units", "contracts": "contracts", "money": "JPY",
    "price": "", "count": "", "number": "", "quotient": "",
}  # fmt: skip


@dataclass
class Coverage:
    """What was exercised; the tests ask that it is everything."""

    pairs: int = 0
    ill_conditioned: int = 0
    """Values farther apart than the tolerance, but no farther than rounding explains."""
    refused: Counter[str] = field(default_factory=Counter)
    operations: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    aggregates: Counter[str] = field(default_factory=Counter)
    tables: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    """Results by kind of outcome: true, false, number, word, or the reason of an unknown."""

    def see_graph(self, graph: Graph) -> None:
        for node in graph.nodes:
            self.operations[node.op] += 1
            match node.op:
                case "call":
                    self.functions[node.data.name] += 1
                case "series" | "step":
                    call = graph.series[node.data] if node.op == "series" else graph.steps[node.data][0]
                    self.functions[call.function] += 1
                case "agg":
                    self.aggregates[f"{node.data[0]} {node.data[1]}"] += 1
                case "table":
                    self.tables[node.data] += 1
                case "lt" | "le" | "gt" | "ge" | "eq" | "ne":
                    self.compared[graph.nodes[node.args[0]].type.kind] += 1

    def see_result(self, value: Any) -> None:
        if isinstance(value, Unknown):
            self.results[value.reason.name] += 1
        elif isinstance(value, bool):
            self.results[str(value)] += 1
        else:
            self.results[type(value).__name__] += 1

    def add(self, other: Coverage) -> None:
        self.pairs += other.pairs
        self.ill_conditioned += other.ill_conditioned
        for name in ("refused", "operations", "functions", "compared", "aggregates", "tables", "results"):
            getattr(self, name).update(getattr(other, name))


@dataclass(frozen=True)
class Disagreement:
    """`seed` and `text` reproduce it; `env` is the state."""

    seed: int
    text: str
    position: int
    trace: Any
    scalar: Any
    env: Env

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.text}\n  [{self.position}] trace {self.trace!r}, scalar {self.scalar!r}"


def run(seed: int, pairs: int, coverage: Coverage, states: int = 12) -> Iterator[Disagreement]:
    """At least so many pairs; every disagreement found. Raises where anything raises."""
    names = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))
    number, wanted = 0, coverage.pairs + pairs
    while coverage.pairs < wanted:
        yield from one(seed * 1_000_003 + number, names, coverage, states)
        number += 1


def one(seed: int, names: Names, coverage: Coverage, states: int) -> Iterator[Disagreement]:
    """One expression and its states; then comparisons with its own values."""
    rng = random.Random(seed)
    expressions = Expressions(rng, VOCABULARY, EVERYTHING.frames)
    kind = "bool" if rng.random() < 0.45 else rng.choice(KINDS)
    choice = rng.random()
    if choice < 0.2:
        kind, text = "bool", expressions.around(min(FEATURES, key=lambda each: coverage.functions[each.name]))
    elif choice < 0.27:
        name, collection = min(
            PAIRS,
            key=lambda each: coverage.aggregates[" ".join(each)],
        )
        kind = {"count": "count", "streak": "count", "any": "bool", "all": "bool"}.get(name, "money")
        text = expressions.over(name, collection, kind, 3)
    else:
        text = expressions.draw(kind, rng.randrange(1, 5))
    expr = accept(text, names, coverage)
    if expr is None:
        return
    drawn, values, different = compare(seed, text, expr, rng, coverage, states)
    yield from different
    for value in dict.fromkeys(value for value in values if isinstance(value, Decimal)):
        literal = _literal(value, kind)
        if literal is None or rng.random() < 0.5:
            continue
        side = f"({text}) {rng.choice(('<', '<=', '>', '>=', '==', '!='))} {literal}"
        boundary = accept(side, names, coverage)
        if boundary is not None:
            yield from compare(seed, side, boundary, rng, coverage, 0, drawn[:4])[2]


def accept(text: str, names: Names, coverage: Coverage) -> Expr | None:
    """The typed tree of a well-typed expression; None where it is only too large."""
    result = checked(text, names)
    codes = {each.code for each in result.found}
    if codes:
        assert codes <= LIMITS, f"{text}\n{[(each.code, each.message, each.span.col) for each in result.found]}"
        coverage.refused.update(codes)
        return None
    return result.expr


def compare(
    seed: int, text: str, expr: Expr, rng: random.Random, coverage: Coverage, states: int, envs: list[Env] | None = None
) -> tuple[list[Env], list[Any], list[Disagreement]]:
    """Both backends on the given states, or on new ones; the outputs' values, and where they differ."""
    graph = graph_of(expr)
    coverage.see_graph(graph)
    trace, scalar = TraceProgram(graph).functions["main"], ScalarProgram(graph).functions["main"]
    if envs is None:
        source = States(rng, graph, VOCABULARY.words)
        envs = [source.draw() for _ in range(states)]
    else:
        envs = [fitting(env, graph, rng) for env in envs]
    values: list[Any] = []
    different: list[Disagreement] = []
    types = [graph.nodes[node].type.kind for _, node in graph.blocks["main"].outputs]
    for env in envs:
        meant, got = trace(env), scalar(env)
        coverage.pairs += 1
        coverage.see_result(meant[0])
        values.append(meant[0])
        for position, (one_value, other) in enumerate(zip(meant, got, strict=True)):
            kind = types[position] if position < len(types) else ""
            if same(one_value, other, kind, env):
                continue
            if is_rounding(graph, "main", env, position, one_value, other):
                coverage.ill_conditioned += 1
                continue
            different.append(Disagreement(seed, text, position, one_value, other, env))
            break
    return envs, values, different


def fitting(env: Env, graph: Graph, rng: random.Random) -> Env:
    """The state with slots for the features of another graph of the same expression."""
    if not hasattr(env, "m"):
        return env
    need = len(graph.series), len(graph.steps), len(graph.schedules), len(graph.ranked)
    have = len(env.m.f), len(env.m.s), len(env.k.s), len(env.m.r)
    return env if need == have else States(rng, graph, VOCABULARY.words).draw()


def same(meant: Any, got: Any, kind: str, env: Env) -> bool:
    """Equal verdicts, words, reasons; numbers within the stated tolerance."""
    if isinstance(meant, Unknown):
        return meant.same_as(got)
    if isinstance(got, Unknown):
        return False
    if isinstance(meant, Decimal):
        if isinstance(got, bool) or not isinstance(got, int | float):
            return False
        scale = max(abs(float(meant)), abs(got), _scale(kind, env))
        return bool(abs(float(meant) - got) <= 1e-9 * scale)
    if type(meant) is int and type(got) is int:  # instants: float seconds are rounded to a nanosecond
        return abs(meant - got) <= 1 + abs(meant - NOW) * 1e-15
    return type(meant) is type(got) and bool(meant == got)


def is_rounding(graph: Graph, block: str, env: Env, position: int, meant: Any, got: Any) -> bool:
    """Are two values no farther apart than rounding in float64 explains?"""
    if any(isinstance(value, bool) or not isinstance(value, int | float | Decimal) for value in (meant, got)):
        return False
    return abs(Decimal(meant) - Decimal(got)) <= 4 * Bounds(graph, graph.blocks[block], env).of(position)


def _scale(kind: str, env: Env) -> float:
    """What a value of the kind is made of: a distance of prices, money of notionals."""
    price = getattr(getattr(env, "m", None), "bid", 1.0)
    price = price if isinstance(price, float) else 1.0
    return {"price": price, "distance": price, "money": 1e6, "quote": 1e6, "pips": 100.0}.get(kind, 1.0)


def _literal(value: Decimal, kind: str) -> str | None:
    """A value as an author would write it, or None where that takes too many digits."""
    if kind not in _UNITS or value < 0:
        return None
    text = format(value.normalize(), "f")
    if len(text) > 14:
        return None
    if kind == "ratio":
        text = format((value * 100).normalize(), "f") + "%"
    return text + _UNITS[kind]
