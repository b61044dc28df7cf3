"""Whole generated policies: rules of every section over generated expressions, in the scopes that rules have."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.facts.catalogue import FACTS
from ruleengine.facts.frames import Env
from ruleengine.graph import Graph, from_typed
from ruleengine.graph.node import Block
from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck import names as scopes
from ruleengine.typecheck.check import check
from ruleengine.typecheck.names import Scope
from tests.agreement.campaign import HERE, LIMITS, Coverage, Disagreement, is_rounding, same, vocabulary_of
from tests.agreement.expressions import Expressions
from tests.agreement.nearly import SCOPES, in_scope
from tests.agreement.worlds import States

TOLERATED = LIMITS | {"RE344", "RE368", "RE371", *(f"RE42{last}" for last in "0123456789")}
"""Beside limits: what folds to a constant or never changes by its bounds, and tables with gaps or overlaps. Where that
refuses a policy, it is drawn anew."""

_AFTER = tuple(name for name, fact in FACTS.items() if name.endswith("_after") and fact.type.kind == "ratio")

_OF_TRADES = (
    "sum(t.pnl for t in trades if t.pnl < 0) <= -100_000JPY",
    "count(t for t in all_trades if t.age >= 60s and t.owner == engine) > 2",
    "any(t.pnl_pips <= -1pips for t in trades)",
    "max(p.gross_value for p in positions) >= account.balance",
    "avg(t.gain_ratio for t in trades if t.strategy == M1Scalper) < 0",
    "all(t.pnl > 0 for t in trades if t.side == long)",
)
_VOCABULARY = vocabulary_of(scopes.EVERYTHING.frames)
_EVERY_NAME = " and ".join(
    f"known({name})" for names in (*_VOCABULARY.named.values(), _VOCABULARY.modes) for name in (*names, "limit_price")
)
"""A name that is declared and not used refuses a policy."""


class Policies:
    """Draws the text of policies."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.base = (HERE / "vocabulary.yaml").read_text(encoding="utf-8")

    def draw(self) -> str:
        lines = [self.base.rstrip(), "guards:"]
        lines += ["  - id: names", "    applies_to: {intent: entry}", f"    require: {_EVERY_NAME}"]
        for index in range(3):
            lines += [f"  - id: guard-{index}", "    applies_to: {intent: entry}"]
            lines += [f"    require: {self.condition(scopes.INTENT)}"]
            if self.rng.random() < 0.4:
                lines += [f"    unless: {self.condition(scopes.INTENT)}"]
        limit = self.rng.choice(("limit_ratio", "50%", "92%", "limit_ratio * 90%"))
        lines += ["caps:", "  - id: cap", "    applies_to: {intent: entry}"]
        fact = self.rng.choice(_AFTER)
        operator = ">=" if "free" in fact else "<="
        lines += [f"    limit: {fact} {operator} {limit} and position.gross_units_after <= limit_units * 2"]
        lines += ["sizing:", "  - id: size", "    applies_to: {intent: entry}"]
        lines += [f"    size: {self.value('units', scopes.INTENT, 'max({}, 1units)')}"]
        lines += ["entries:", "  - id: signals", "    source: signal", f"    when: {self.condition(scopes.SIGNAL)}"]
        lines += [f"    stop: {self.value('pips', scopes.SIGNAL, 'max({}, 0.1pips)')}"]
        lines += self.additions()
        lines += ["hedges:", "  - id: relief", f"    when: {self.condition(scopes.INSTRUMENT)}"]
        lines += ["    reduce:", "      until: account.margin_used_of_available <= limit_ratio"]
        least = self.value("units", scopes.INSTRUMENT, "max({}, 1units)")
        lines += [f"      at_least: {least}", "      floor_over_cap: cap"]
        lines += ["    on_unknown: {wait: 10s, then: alert}", "exits:"]
        for scope, each in ((scopes.TRADE, "trade"), (scopes.INSTRUMENT, "position"), (scopes.ACCOUNT, "account")):
            lines += [f"  - id: exit-{each}", f"    for_each: {each}", f"    when: {self.condition(scope)}"]
            lines += ["    close: 100%", "    on_unknown: {wait: 30s, then: close}"]
        for scope, each in ((scopes.TRADE, "trade"), (scopes.INSTRUMENT, "position")):
            lines += [f"  - id: trail-{each}", f"    for_each: {each}", *self.trail(scope), "    close: 100%"]
            lines += ["    on_unknown: {wait: 30s, then: close}"]
        lines += ["  - id: part", "    for_each: account", f"    when: {self.condition(scopes.ACCOUNT)}"]
        lines += ["    close: 40%", "    floor:"]
        for key, kind, least in (("at_least", "units", "1units"), ("worth", "money", "1JPY")):
            lines.append(f"      {key}: {self.value(kind, scopes.TRADE, f'max({{}}, {least})')}")
        lines += ["    on_unknown: {wait: 30s, then: close}"]
        lines += ["metrics:", f"  figure: {self.rng.choice(_OF_TRADES)}"]
        return "\n".join(lines) + "\n"

    def additions(self) -> list[str]:
        """A ladder for signals with choices, one on the market with plain steps, and a pyramid."""
        lines = ["ladders:", "  - id: by-choice", "    source: signal", f"    when: {self.condition(scopes.SIGNAL)}"]
        lines += [f"    interval: {self.value('duration', scopes.SIGNAL, 'max({}, 0s)')}", "    choices:"]
        lines += [f"      - when: {self.condition(scopes.SIGNAL)}", *self.steps("        coefficients:", scopes.SIGNAL)]
        if self.rng.random() < 0.5:
            lines += ["      - otherwise: true", *self.steps("        coefficients:", scopes.SIGNAL)]
        lines += ["  - id: by-steps", "    source: market", f"    when: {self.condition(scopes.INSTRUMENT)}"]
        lines += [f"    base: {self.value('units', scopes.INSTRUMENT, 'max({}, 1units)')}"]
        lines += self.steps("    steps:", scopes.INSTRUMENT)
        lines += ["pyramids:", "  - id: win", "    source: market", f"    when: {self.condition(scopes.INSTRUMENT)}"]
        lines += [f"    size: {self.value('units', scopes.INSTRUMENT, 'max({}, 1units)')}"]
        lines += [f"    most: {self.value('count', scopes.INSTRUMENT, 'max({}, 1)')}"]
        return lines

    def steps(self, key: str, scope: Scope) -> list[str]:
        """One to three coefficients, none of which can be nothing."""
        values = [self.value("ratio", scope, "max({}, 1%)") for _ in range(self.rng.randrange(1, 4))]
        return [key, *(f"{' ' * (len(key) - len(key.lstrip()) + 2)}- {value}" for value in values)]

    def trail(self, scope: Scope) -> list[str]:
        """A trailing stop with figures of any unit that its keys take; of a position from any basis, since any time."""
        lines = ["    trail:"]
        for key in ("from", "distance"):
            kind, least = self.rng.choice((("pips", "0.1pips"), ("ratio", "1bps"), ("distance", "distance(1pips)")))
            lines.append(f"      {key}: {self.value(kind, scope, f'max({{}}, {least})')}")
        if self.rng.random() < 0.5:
            lines.append(f"      lock: {self.value(self.rng.choice(('pips', 'distance', 'price')), scope)}")
        if scope is scopes.INSTRUMENT:
            lines.append(f"      basis: {self.rng.choice(('first_entry', 'average'))}")
            lines.append(f"      since: {self.rng.choice(('flat', 'addition'))}")
        return lines

    def expressions(self, scope: Scope) -> Expressions:
        return Expressions(self.rng, vocabulary_of(scope.frames), scope.frames)

    def condition(self, scope: Scope) -> str:
        """A condition that is no constant of the scope."""
        drawn = self.expressions(scope)
        if scope.name == "account":
            text = f"{self.rng.choice(_OF_TRADES)} or {drawn.leaf('ratio')} >= account.drawdown"
        else:
            text = f"({drawn.condition(self.rng.randrange(1, 4))}) != (spread > limit_pips)"
        return self.quoted(text)

    def value(self, kind: str, scope: Scope, form: str = "{}") -> str:
        """`form`: what is written round it, where the place takes no value below zero."""
        return self.quoted(form.format(self.expressions(scope).draw(kind, 2)))

    def quoted(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"


def compiled(seed: int) -> Graph | None:
    """The graph of one generated policy; None where it is refused for a tolerated reason."""
    document, found = load_bytes(Policies(random.Random(seed)).draw().encode(), "policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, [str(each) for each in found]
    typed, found = check(policy)
    faults = [each for each in found if each.code not in TOLERATED]
    assert not faults, [(each.code, each.message, str(each.span)) for each in faults]
    return from_typed(typed) if typed is not None else None


def run(seed: int, pairs: int, coverage: Coverage, states: int = 5) -> Iterator[Disagreement]:
    """At least so many pairs of a policy's block and a state."""
    number, wanted = 0, coverage.pairs + pairs
    while coverage.pairs < wanted:
        number += 1
        graph = compiled(seed * 1_000_003 + number)
        if graph is None:
            coverage.refused["policy"] += 1
            continue
        yield from _compare(seed * 1_000_003 + number, graph, coverage, states)


def _compare(seed: int, graph: Graph, coverage: Coverage, states: int) -> Iterator[Disagreement]:
    rng = random.Random(seed)
    coverage.see_graph(graph)
    trace, scalar = TraceProgram(graph), ScalarProgram(graph)
    source = States(rng, graph, vocabulary_of(scopes.EVERYTHING.frames).words)
    by_name = {scope.name: scope for scope in SCOPES}
    for block in graph.blocks.values():
        for _ in range(states):
            env = in_scope(by_name[block.scope], source.draw())
            if block.name.endswith(".until"):  # evaluated at several sizes: it has an intent of its own
                env = source.draw()
            coverage.pairs += 1
            meant, got = trace.functions[block.name](env), scalar.functions[block.name](env)
            coverage.see_result(meant[0])
            if block.name in scalar.verdicts:  # `when` alone, for the many events at which it does not change
                verdict, said = scalar.verdicts[block.name](env), got[block.position("when")]
                assert (verdict == said) if isinstance(said, bool) else said.same_as(verdict), (seed, block.name)
            difference = _first_difference(seed, graph, block.name, meant, got, env)
            if difference is not None:
                yield difference
            yield from _asked_alone(seed, scalar, block, got, env)


def _asked_alone(seed: int, scalar: ScalarProgram, block: Block, got: Any, env: Env) -> Iterator[Disagreement]:
    """What `when` says alone is what it says among everything else, unknowns and their reasons included."""
    ask, position = scalar.verdicts.get(block.name), block.position("when")
    if ask is not None and not same(got[position], alone := ask(env), "money", env):
        yield Disagreement(seed, block.name, position, got[position], alone, env)


def _first_difference(seed: int, graph: Graph, block: str, meant: Any, got: Any, env: Env) -> Disagreement | None:
    for position, (one, other) in enumerate(zip(meant, got, strict=True)):
        if not same(one, other, "money", env) and not is_rounding(graph, block, env, position, one, other):
            return Disagreement(seed, block, position, one, other, env)
    return None
