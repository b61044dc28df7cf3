"""Expressions that are nearly well-typed: one token of a good one replaced, dropped, doubled or moved.

Whatever the checker says to them, it says it with coded findings at a place; what it accepts runs without an error of
Python's in every scope that it was accepted in (Cedar's property), and the backends agree on it.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field

from ruleengine.diagnostics import Span
from ruleengine.facts.catalogue import FACTS, FRAME_LETTER
from ruleengine.facts.frames import Env
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph import Graph
from ruleengine.typecheck import names as scopes
from ruleengine.typecheck.calls import AGGREGATES, BUILTINS
from ruleengine.typecheck.names import Names, Scope
from tests.agreement.campaign import HERE, VOCABULARY, Coverage, compare, vocabulary_of
from tests.agreement.expressions import Expressions
from tests.agreement.templates import KINDS, LITERALS
from tests.agreement.worlds import States
from tests.conformance.harness import checked, graph_of, names_of, policy_of

SCOPES: tuple[Scope, ...] = (
    scopes.EVERYTHING,
    scopes.INTENT,
    scopes.SIGNAL,
    scopes.INSTRUMENT,
    scopes.REDUCTION,
    scopes.TRADE,
    scopes.ACCOUNT,
    scopes.BY_STRATEGY,
    scopes.BY_POCKET,
)
_TOKEN = re.compile(r"\"[^\"]*\"|'[^']*'|[A-Za-z_][\w.]*|\d[\d_.]*\w*%?|[<>=!]=|\s+|.")
_OTHERS = (
    *FACTS, *FUNCTIONS, *AGGREGATES, *BUILTINS, "m1", "h1", "m1.close", "m1.volume[2]", "m1[1]", "gates.wide", "gates",
    "limit_pips", "gap", "thin_hours", "trades", "positions", "t", "t.pnl", "long", "M1Scalper", "session", "true",
    "and", "or", "not", "in", "if", "else", "for", "+", "-", "*", "/", "<", "<=", "==", "!=", ">", "(", ")", "[", "]",
    ",", "=", "%", ".", "'x'", '"scalp"', "0", "1", "-1", "1e5", "15_000", "007", "500USD", "3bars", "2contracts",
    *(literal for literals in LITERALS.values() for literal in literals),
)  # fmt: skip


_ALIKE: tuple[tuple[str, ...], ...] = (
    tuple(FACTS),
    (*(name for name, each in FUNCTIONS.items() if each.kind == "scalar"), *AGGREGATES, *BUILTINS),
    tuple(name for name, each in FUNCTIONS.items() if each.kind != "scalar"),
    tuple(literal for literals in LITERALS.values() for literal in literals),
    ("m1", "m1.close", "m1.volume", "h1.high[2]", "mid", "now"),
)
"""Tokens that stand in like places."""


@dataclass
class Tally:
    tried: int = 0
    accepted: int = 0
    codes: Counter[str] = field(default_factory=Counter)


def run(seed: int, count: int, coverage: Coverage) -> tuple[Tally, list[str]]:
    """So many broken expressions; what went wrong with them, as text that reproduces it."""
    names = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))
    tally, wrong = Tally(), list[str]()
    while tally.tried < count:
        rng = random.Random(seed * 1_000_003 + tally.tried)
        scope = rng.choice(SCOPES)
        expressions = Expressions(rng, vocabulary_of(scope.frames), scope.frames)
        text = expressions.draw(rng.choice(KINDS), rng.randrange(1, 4))
        for _ in range(6):
            tally.tried += 1
            broken = mutated(text, rng)
            wrong += [f"{broken}: {fault}" for fault in faults(broken, scope, rng, names, tally, coverage)]
    return tally, wrong


def mutated(text: str, rng: random.Random) -> str:
    tokens = _TOKEN.findall(text)
    for _ in range(rng.choice((1, 1, 1, 2))):
        at = rng.randrange(len(tokens))
        match rng.randrange(12):
            case 0:
                del tokens[at]
            case 1:
                tokens.insert(at, tokens[at])
            case 2:
                other = rng.randrange(len(tokens))
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case _:
                words = [index for index, token in enumerate(tokens) if re.match(r"\w", token)] or [at]
                at = rng.choice(words)
                alike = next((group for group in _ALIKE if tokens[at] in group), _OTHERS)
                tokens[at] = rng.choice(alike if rng.random() < 0.8 else _OTHERS)
        tokens = tokens or [" "]
    return "".join(tokens)


def faults(text: str, scope: Scope, rng: random.Random, names: Names, tally: Tally, coverage: Coverage) -> list[str]:
    """What is wrong with how the expression is treated."""
    if not text.strip() or ("'" in text and '"' in text):
        return []
    try:
        result = checked(text, names, scope)
        if result.found:
            tally.codes.update(each.code for each in result.found)
            return [f"finding without a place: {each}" for each in result.found if not _has_place(each.span, text)]
        tally.accepted += 1
        graph = graph_of(result.expr)
        envs = [in_scope(scope, env) for env in _envs(rng, graph)]
        return [str(each) for each in compare(0, text, result.expr, rng, coverage, 0, envs)[2]]
    except Exception as error:  # noqa: BLE001  # any error at all is what this looks for
        return [f"{scope.name}: {type(error).__name__}: {error}"]


def _envs(rng: random.Random, graph: Graph) -> list[Env]:
    source = States(rng, graph, VOCABULARY.words)
    return [source.draw() for _ in range(2)]


def in_scope(scope: Scope, env: Env) -> Env:
    """The environment with only the frames that the scope has."""
    for frame, letter in FRAME_LETTER.items():
        if frame not in scope.frames and hasattr(env, letter):
            delattr(env, letter)
    return env


def _has_place(span: Span, text: str) -> bool:
    if span.file == "policy.yaml":  # a definition that the expression names
        return span.line > 1
    return span.file == "case.yaml" and span.line == 1 and 1 <= span.col <= span.end_col <= len(text) + 3
