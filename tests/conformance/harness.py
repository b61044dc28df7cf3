"""One expression from its text to both backends: what cases and generated expressions are run through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.backends.trace import TraceProgram
from ruleengine.diagnostics import Diagnostic
from ruleengine.facts.frames import Env
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph import Graph, from_expressions
from ruleengine.load import ScalarNode, load_bytes
from ruleengine.schema.leaf import Expression
from ruleengine.schema.policy import Policy
from ruleengine.schema.shape import shape
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import CONSTANT, EVERYTHING, Names, Scope
from ruleengine.typecheck.parameters import read_parameters
from ruleengine.typecheck.typed import Expr

HERE = Path(__file__).parent
BACKENDS: dict[str, Callable[[Graph], Any]] = {"trace": TraceProgram, "scalar": ScalarProgram}
"""Every backend that evaluates; a new one is added here and runs every case."""


def policy_of(text: str) -> Policy:
    """The policy in a text that must be free of findings."""
    document, found = load_bytes(text.encode(), "policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, [str(each) for each in found]
    return policy


def names_of(policy: Policy, currency: str | None = None) -> Names:
    """The policy's names with its parameters read."""
    stated = policy.requires.currency.text if policy.requires.currency else ""
    names = Names(policy, FUNCTIONS, stated if currency is None else currency)
    read_parameters(Checker(names, CONSTANT), {})
    return names


@dataclass(frozen=True)
class Checked:
    """`expr` is what the checker made of the text; with findings it is not to be used."""

    expr: Expr
    found: list[Diagnostic]


def leaf_of(text: str) -> Expression:
    """An expression as a policy's value, on line 1 from column 1 of its own file."""
    document, found = load_bytes(f'"{text}"'.encode() if "'" in text else f"'{text}'".encode(), "case.yaml")
    assert document is not None, (text, found)
    assert isinstance(document.root, ScalarNode)
    return Expression(text, document.root)


def checked(text: str, names: Names, scope: Scope = EVERYTHING) -> Checked:
    """The typed tree of one expression; findings of it alone."""
    before = len(names.found)
    expr = Checker(names, scope).check(leaf_of(text))
    # meaning is asked for here, not sense: backends agree on sums over several instruments that no policy may ask for
    found = [each for each in names.found[before:] if each.code != "RE368"]
    del names.found[before:]
    return Checked(expr, found)


def graph_of(expr: Expr) -> Graph:
    """One block `main` with one output `out`, folded as in a policy."""
    return from_expressions({"out": fold(expr)})


def evaluate(backend: str, graph: Graph, env: Env) -> Any:
    """The output's value in one backend."""
    return BACKENDS[backend](graph).functions["main"](env)[0]
