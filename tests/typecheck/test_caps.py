"""Caps are solved for size: what can be solved is told from what can't, and the claims behind that hold on numbers."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.facts.catalogue import FACTS
from ruleengine.facts.frames import Env
from ruleengine.graph import from_expressions
from ruleengine.model.unknown import Unknown
from ruleengine.typecheck.growth import growth
from ruleengine.typecheck.solvable import obstacle_to_cap
from ruleengine.units import NOTHING
from tests.agreement.campaign import HERE, VOCABULARY
from tests.agreement.worlds import States
from tests.conformance.harness import checked, graph_of, names_of, policy_of
from tests.typecheck.policies import cap, findings

NAMES = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))
AFTER = [name for name in FACTS if name.endswith("_after")]
NET_OF = ("position.net_units_after", "position.highest_net_after", "position.lowest_net_after")
"""Nearer to zero: which way depends on the side."""
SIZES = [Decimal(size) for size in (0, 1, 2, 5, 10, 100, 1_000, 1_500, 2_000, 15_000, 150_000, 2_000_000)]


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("account.margin_used_of_equity_after <= 92%", []),
        ("account.margin_used_of_available_after <= 92%", []),
        ("account.margin_used_after <= account.equity", []),
        ("account.free_margin_ratio_after >= 8%", []),
        ("position.gross_units_after <= 50_000units and account.gross_exposure_after <= 180%", []),
        ("abs(position.net_units_after) <= 50_000units", []),
        ("size <= 5_000units", []),
        ("size * 2 + position.long_units <= 5_000units", []),
        ("account.margin_used_of_equity_after >= 50%", ["RE345"]),
        ("account.free_margin_ratio_after <= 8%", ["RE345"]),
        ("account.margin_used_of_equity_after <= 92% or spread <= 1pips", ["RE345"]),
        ("not account.margin_used_of_equity_after > 92%", ["RE345"]),
        ("size * size / 1units <= 5_000units", ["RE332"]),
        ("1_000units / size <= 5", ["RE345"]),
        ("size == 5_000units", ["RE345"]),
        ("spread <= 2pips", ["RE346"]),
        ("size >= 50_000units", ["RE345"]),
        ("size >= 50_000units and spread <= 2pips", ["RE345"]),
        ("5_000units <= size <= 15_000units", []),
        ("abs(size - 10_000units) <= 5_000units", []),
        ("2 * abs(size - 10_000units) <= 10_000units", ["RE345"]),
        ("abs(size - 10_000units) >= 5_000units", ["RE345"]),
        ("max(size, 5_000units) <= 20_000units", []),
        ("2 * max(size, 5_000units) <= 20_000units", []),
        ("20_000units >= clamp(size, 0, 30_000units)", []),
        ("clamp(size, 5_000units, size) <= 20_000units", []),
        ("abs(position.net_units_after) + abs(size - 5_000units) <= 9_000units", ["RE345"]),
        ("2 * abs(position.net_units_after) <= 9_000units", []),
        ("position.net_units_after <= 50_000units", []),
        ("-2 * abs(position.net_units_after) >= -9_000units", []),
        ("-2 * abs(position.net_units_after) <= -9_000units", ["RE345"]),
        ("abs(position.net_units_after) / -2 >= -9_000units", []),
        ("positive(account.margin_used_of_equity_after) <= 50%", []),
        ("positive(account.margin_used_of_equity_after) >= 50%", ["RE345"]),
        ("positive(abs(position.net_units_after)) >= 9_000units", ["RE345"]),
        ("abs(position.net_units_after) <= 80_000units and size <= 30_000units", []),
        ("max(position.long_units_after, position.short_units_after) <= 50_000units", []),
    ],
)
def test_what_can_be_solved(limit: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(cap(limit))] == expected


def values_by_size(seed: int, *names: str) -> list[list[tuple[Any, ...]]]:
    """The facts at each size, on many random states, in Decimal."""
    graph = from_expressions({name: checked(name, NAMES).expr for name in names})
    function = TraceProgram(graph).functions["main"]
    source = States(random.Random(seed), graph, VOCABULARY.words)
    rows: list[list[tuple[Any, ...]]] = []
    for _ in range(60):
        env = source.draw()
        env.p = env.a.positions[0]
        row: list[tuple[Any, ...]] = []
        for size in SIZES:
            env.i.size = float(size)
            row.append(function(env)[: len(names)])
        if not any(isinstance(value, Unknown) for values in row for value in values):
            rows.append(row)
    return rows


def is_interval(keeps: list[bool]) -> bool:
    """Is what holds one stretch without a hole?"""
    return "".join("x" if each else "." for each in keeps).strip(".").count(".") == 0


@pytest.mark.parametrize("name", AFTER)
def test_the_curve_claimed_of_a_fact_holds_on_random_states(name: str) -> None:
    claimed = growth(checked(name, NAMES).expr).curve
    assert claimed != "other", "a cap on this fact could not be solved"
    rows = [[value for (value,) in row] for row in values_by_size(3, name)]
    assert len(rows) >= 20
    for row in rows:
        for level in row:
            if claimed in ("const", "affine", "convex", "quasiconvex"):
                assert is_interval([value <= level for value in row]), (name, claimed, row)
            if claimed in ("const", "affine", "concave", "quasiconcave"):
                assert is_interval([value >= level for value in row]), (name, claimed, row)
        if claimed in ("affine", "convex", "concave"):
            assert all(_bends(row, at, claimed) for at in range(1, len(row) - 1)), (name, claimed, row)


def _bends(row: list[Decimal], at: int, claimed: str) -> bool:
    """Does the middle of three points lie on the claimed side of the chord?"""
    share = (SIZES[at] - SIZES[at - 1]) / (SIZES[at + 1] - SIZES[at - 1])
    chord = row[at - 1] + (row[at + 1] - row[at - 1]) * share
    # sums that cancel to next to nothing are zero: where equity is a fraction of a yen, that shows in shares of it
    slack = Decimal(NOTHING) * max([Decimal(1), *map(abs, row)])
    above, below = row[at] <= chord + slack, row[at] >= chord - slack
    return {"convex": above, "concave": below, "affine": above and below}[claimed]


@pytest.mark.parametrize("name", AFTER)
def test_the_trend_claimed_of_a_fact_in_a_reduction_holds_on_random_states(name: str) -> None:
    """Opposite to the net position, no larger than it, and on a hedging account off its larger side."""
    expr = checked(name, NAMES).expr
    claimed = growth(expr, reduces=True).trend
    assert claimed in ("rises", "falls") or name in NET_OF
    function = TraceProgram(from_expressions({name: expr})).functions["main"]
    source = States(random.Random(7), from_expressions({name: expr}), VOCABULARY.words)
    moved = 0
    for _ in range(150):
        env = reducing(source.draw())
        if env is None:
            continue
        net = abs(env.p.long_units - env.p.short_units)
        values = []
        for tenth in range(11):
            env.i.size = net * tenth / 10
            values.append(function(env)[0])
        if any(isinstance(value, Unknown) for value in values):
            continue
        slack = Decimal("1e-12") * max([Decimal(1), *map(abs, values)])
        if claimed != "other":
            steps = [b - a if claimed == "rises" else a - b for a, b in pairwise(values)]
            assert min(steps) >= -slack, (name, claimed, values)
        moved += max(values) - min(values) > slack
    assert moved >= 3


def reducing(env: Env) -> Env | None:
    """The state with a reduction of its net position as the intent; None where there is none to reduce."""
    env.p = env.a.positions[0]
    held = env.p.long_units, env.p.short_units
    if any(isinstance(each, Unknown) for each in (*held, env.a.nets)) or held[0] == held[1]:
        return None
    is_long = held[0] > held[1]
    if env.a.nets and min(held) > 0:
        return None
    env.i.reduce_only = True
    env.i.net_change = -1.0 if is_long else 1.0
    env.i.long_change, env.i.short_change = (-1.0, 0.0) if is_long else (0.0, -1.0)
    return env


@pytest.mark.parametrize("name", [name for name, fact in FACTS.items() if fact.rises_with])
def test_a_fact_rises_with_what_it_is_said_to_rise_with(name: str) -> None:
    rows = values_by_size(5, name, FACTS[name].rises_with)
    assert len(rows) >= 20
    for row in rows:
        # no order lowers a side by more than is held, so what it rises with is not below zero
        ordered = sorted((pair for pair in row if pair[1] >= 0), key=lambda pair: pair[1])
        assert all(a[0] <= b[0] for a, b in pairwise(ordered) if a[1] < b[1]), row


@pytest.mark.parametrize(
    "name", [name for name, fact in FACTS.items() if fact.is_positive and fact.type.kind != "time"]
)
def test_a_fact_said_to_be_positive_is_never_below_zero(name: str) -> None:
    if FACTS[name].definition is None:
        return  # the runtime's promise, which its own tests hold
    text = name.replace("closed.", "min(c.") + " for c in closed)" if FACTS[name].frame == "closed" else name
    graph = graph_of(checked(text, NAMES).expr)
    function = TraceProgram(graph).functions["main"]
    source = States(random.Random(9), graph, VOCABULARY.words)
    for _ in range(60):
        value = function(plausible(source.draw()))[0]
        assert isinstance(value, Unknown) or value >= 0, (name, value)


def plausible(env: Env) -> Env:
    """The position in scope is one of the account's, and an order that lowers a side is no larger than it."""
    env.p = env.a.positions[0]
    held = {-1.0: env.p.long_units}.get(env.i.long_change, {-1.0: env.p.short_units}.get(env.i.short_change, 1e9))
    if not any(isinstance(value, Unknown) for value in (held, env.i.size)):
        env.i.size = min(env.i.size, held)
    return env


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ("account.margin_used_of_equity_after >= 50%", "the limit is easier to keep with more size"),
        ("1_000units / size <= 5", "the limited value does not grow steadily with the size"),
        ("not size > 5units", "the limit is no comparison, nor several joined by `and`"),
        ("size >= 5units", "the limit is easier to keep with more size"),
        (
            "2 * abs(size - 5units) <= 5units",
            "the limited value may first fall with the size and then grow, and where it turns can't be solved",
        ),
    ],
)
def test_the_reason_is_said(limit: str, why: str) -> None:
    assert obstacle_to_cap(checked(limit, NAMES).expr) == why
