"""What generated cases have to have covered: everything that the language has."""

from __future__ import annotations

from ruleengine.functions.catalogue import FUNCTIONS, STEPS
from ruleengine.model.unknown import Reason
from ruleengine.typecheck.calls import PAIRS
from ruleengine.units import COMPARISON_SCALE
from tests.agreement.campaign import Coverage

OPERATIONS = """
const fact series step schedule ranked table agg norow call if and or not neg add sub mul div settled positive elapsed
shift known coalesce lt le gt ge eq ne
"""
_NEVER_COMPARED = {"rate", "contract_size", "distance", "bar_count"}
"""Types that meet another one before they are compared, or are instrument constants."""


def missing(coverage: Coverage) -> dict[str, set[str]]:
    """What was not covered, by kind of thing; empty where nothing is missing."""
    wanted: dict[str, tuple[set[str], set[str]]] = {
        "operations": (set(OPERATIONS.split()), set(coverage.operations)),
        "functions": (set(FUNCTIONS) | set(STEPS), set(coverage.functions)),
        "compared types": (
            (set(COMPARISON_SCALE) | {"time", "enum", "text", "bool"}) - _NEVER_COMPARED,
            set(coverage.compared),
        ),
        "aggregates": ({f"{a} {c}" for a, c in PAIRS}, set(coverage.aggregates)),
        "tables": ({"first", "min", "max", "product"}, set(coverage.tables)),
        "results": (
            {"True", "False", "Decimal", "int"} | {reason.name for reason in Reason},
            set(coverage.results),
        ),
    }
    return {kind: need - have for kind, (need, have) in wanted.items() if need - have}
