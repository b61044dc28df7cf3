"""The gate's limits: each takes its own unit and no other."""

from __future__ import annotations

import pytest

from ruleengine.load import load_bytes
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check
from tests.typecheck.policies import MINIMAL, findings, guard

LIMITS = {
    "max_order_units": "100_000units",
    "max_order_value": "5_000_000JPY",
    "max_position_units": "200_000units",
    "price_collar": "50bps",
    "orders_per_second": "5",
    "orders_per_minute": "60",
    "repeated_execution.orders": "6",
    "repeated_execution.within": "60s",
    "refusals.count": "3",
    "refusals.within": "60s",
    "refusals.pause": "300s",
    "quote_age_max": "10s",
}
KIND = {"units": "size", "JPY": "money", "bps": "ratio", "s": "time", "": "count"}
WRONG = {"size": "7units", "money": "7JPY", "ratio": "7%", "time": "7s", "distance": "7pips"}


def written(values: dict[str, str]) -> str:
    head = MINIMAL.partition("limits:\n")[0]
    lines = [f"  {path}: {value}" for path, value in values.items() if "." not in path]
    for outer in ("repeated_execution", "refusals"):
        inner = [f"{path.partition('.')[2]}: {value}" for path, value in values.items() if path.startswith(f"{outer}.")]
        lines.append(f"  {outer}: {{{', '.join(inner)}}}")
    return head + "limits:\n" + "\n".join(lines) + "\n"


def test_each_of_its_own_unit_is_clean() -> None:
    assert findings(guard("mid > 90"), written(LIMITS)) == []


@pytest.mark.parametrize("path", LIMITS)
def test_no_other_unit_is_taken(path: str) -> None:
    own = KIND[LIMITS[path].lstrip("0123456789_")]
    for kind, wrong in WRONG.items():
        if kind != own:
            assert refusals(written(LIMITS | {path: wrong})) == [(path.rpartition(".")[2], wrong)], kind
    assert refusals(written(LIMITS)) == []


def refusals(text: str) -> list[tuple[str, str]]:
    """Key and text of every value that is refused, by its shape or by its unit."""
    document, found = load_bytes((text + guard("mid > 90")).encode(), "policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    places = [each.span for each in (found if policy is None else check(policy)[1])]
    lines = text.split("\n")
    before = [lines[place.line - 1][: place.col - 1].rstrip(" :").rpartition(" ")[2].lstrip("{") for place in places]
    return [
        (key, lines[place.line - 1][place.col - 1 : place.end_col - 1])
        for key, place in zip(before, places, strict=True)
    ]
