"""Every case by every backend; and a case for every word of the language."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib

from ruleengine.facts.catalogue import ENUMS, FACTS
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.typecheck import names as scopes
from ruleengine.typecheck.calls import AGGREGATES, BUILTINS, PAIRS
from ruleengine.typecheck.names import Names, Scope
from ruleengine.units import COMPARISON_SCALE, LITERAL_UNITS
from tests.conformance.cases import HERE, Case, all_cases
from tests.conformance.harness import BACKENDS, checked, graph_of, names_of, policy_of
from tests.conformance.worlds import columns, environments

CASES = all_cases()
SCOPES: dict[str, Scope] = {
    "everything": scopes.EVERYTHING,
    "intent": scopes.INTENT,
    "signal": scopes.SIGNAL,
    "instrument": scopes.INSTRUMENT,
    "reduction": scopes.REDUCTION,
    "trade": scopes.TRADE,
    "account": scopes.ACCOUNT,
    "strategy": scopes.BY_STRATEGY,
    "constant": scopes.CONSTANT,
}
GIVING = [case for case in CASES if not case.rejects]
REJECTED = [case for case in CASES if case.rejects]


@cache
def names() -> Names:
    return names_of(policy_of((HERE / "policy.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("case", GIVING, ids=[case.id for case in GIVING])
def test_a_case_gives_what_it_says(case: Case, backend: str) -> None:
    if backend in case.excepted:
        pytest.skip(case.excepted[backend])
    result = checked(case.expr, names(), SCOPES[case.scope])
    assert not result.found, [(each.code, each.message) for each in result.found]
    graph = graph_of(result.expr)
    program = BACKENDS[backend](graph)
    envs = environments(case.given, graph, program.functions)
    expected = [str(oracle(case))] if case.oracle else list(case.gives)
    expected = expected * len(envs) if len(expected) == 1 else expected
    for row, (env, wanted) in enumerate(zip(envs, expected, strict=True)):
        value = program.functions["main"](env)[0]
        if wanted != "*":
            assert agrees(value, wanted, case.tolerance), f"{case.expr}, row {row}: {value!r}, expected {wanted}"


@pytest.mark.parametrize("case", REJECTED, ids=[case.id for case in REJECTED])
def test_a_case_is_rejected_as_it_says(case: Case) -> None:
    said = re.fullmatch(r"(RE\d{3}) at `(.*)`", case.rejects)
    assert said, "rejects: RE330 at `text`"
    result = checked(case.expr, names(), SCOPES[case.scope])
    quoted = 1  # the expression stands in quotes in its file
    shown = [(d.code, case.expr[d.span.col - 1 - quoted : d.span.end_col - 1 - quoted]) for d in result.found]
    assert (said[1], said[2]) in shown, shown


def agrees(value: Any, wanted: str, tolerance: float) -> bool:
    """Is the value what the case says? Numbers exactly in Decimal, to 1e-9 in floats, or to the case's tolerance."""
    unknown = re.fullmatch(r"unknown\((.*)\)", wanted)
    if unknown or isinstance(value, Unknown):
        said = unknown[1] if unknown else None
        return isinstance(value, Unknown) and f"{value.fact} {value.reason.value}" == said
    if wanted in ("true", "false"):
        return value is (wanted == "true")
    if isinstance(value, str):
        return value == wanted
    if isinstance(value, bool):
        return False
    number = Decimal(wanted.replace("_", ""))
    if tolerance == 0 and isinstance(value, Decimal):
        return value == number or abs(value - number) <= Decimal("1e-30") * abs(number)
    return bool(abs(float(value) - float(number)) <= max(tolerance, 1e-9 * max(1.0, abs(float(number)))))


def oracle(case: Case) -> float:
    """The value that an outside library gives over the whole history: `talib` and `np`, over the columns of m1."""
    by_name = columns(case.given["bars"]["m1"])
    value = eval(
        case.oracle,
        {"talib": talib, "np": np, "__builtins__": {"abs": abs, "max": max, "min": min, "sum": sum}},
        dict(by_name),
    )
    return float(value)


# --- nothing without a case ------------------------------------------------------------------------------------------

TEXTS = "\n".join(case.expr for case in CASES)
OPERATORS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=", "and", "or", "not", "in", "not in", "if", "of")


def test_there_are_at_least_four_hundred() -> None:
    assert len(CASES) >= 400


@pytest.mark.parametrize("name", [*FUNCTIONS, *BUILTINS, *(name for name in AGGREGATES if name not in FUNCTIONS)])
def test_every_function_has_a_file_of_its_own_with_values_unknowns_and_refusals(name: str) -> None:
    found = [path for path in HERE.rglob(f"{name}.yaml") if path.parent.name != "boundaries"]
    assert found, f"add tests/conformance/<family>/{name}.yaml"
    stem = found[0].relative_to(HERE).with_suffix("").as_posix()
    own = [case for case in CASES if case.file == stem and re.search(rf"\b{name}\(", case.expr)]
    assert len([case for case in own if not case.rejects]) >= 2
    assert name == "known" or any("unknown(" in given for case in own for given in case.gives), "a case that is unknown"


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_has_a_case(name: str) -> None:
    element = name.partition(".")[2]
    is_of_element = FACTS[name].frame in ("trade", "position", "closed") and re.search(rf"\b[tpc]\.{element}\b", TEXTS)
    assert is_of_element or re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", TEXTS)


@pytest.mark.parametrize("unit", LITERAL_UNITS)
def test_every_unit_has_a_case(unit: str) -> None:
    assert re.search(rf"(?<![\w.])[\d_.]+{re.escape(unit)}(?!\w)", TEXTS)


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_has_a_case_that_gives_a_value(operator: str) -> None:
    assert any(f" {operator} " in f" {case.expr} " or case.expr.startswith(operator) for case in GIVING)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_of_unknown_has_a_case(reason: Reason) -> None:
    assert any(given.endswith(f"{reason.value})") for case in CASES for given in case.gives)


@pytest.mark.parametrize("word", [word for words in ENUMS.values() for word in words])
def test_every_word_of_an_enum_has_a_case(word: str) -> None:
    assert re.search(rf"\b{word}\b", TEXTS)


@pytest.mark.parametrize("how", [f"{name} {collection}" for name, collection in PAIRS])
def test_every_aggregate_goes_over_every_collection(how: str) -> None:
    name, collection = how.split()
    assert re.search(rf"\b{name}\(\(?[^()]*(\([^()]*\)[^()]*)*in {collection}\b", TEXTS)


def test_every_dimension_is_compared_below_at_and_above_a_boundary() -> None:
    stems = {path.stem for path in (HERE / "boundaries").glob("*.yaml")}
    assert stems >= set(COMPARISON_SCALE) - {"rate", "contract_size", "distance", "bar_count"} | {"time"}


def test_the_readme_names_every_key_that_a_file_may_have() -> None:
    readme = Path(HERE / "README.md").read_text(encoding="utf-8")
    for key in (
        "about",
        "given",
        "facts",
        "trades",
        "positions",
        "closed",
        "bars",
        "expr",
        "gives",
        "rejects",
        "oracle",
        "except",
    ):
        assert re.search(rf"\b{key}\b", readme)
