# A declaration holds the callables of its own kind only; tests know the kind they call.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# mypy: disable-error-code="misc,union-attr,arg-type,call-arg,attr-defined,no-any-return,operator"
"""Scalar functions: below, at and above each boundary; floats and Decimals give one answer on tick grids."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.model.unknown import Reason, Unknown

BY_HAND = [
    ("floor_to", ("0.3", "0.1"), "0.3"),  # 0.3 / 0.1 is 2.9999999999999996 in floats
    ("floor_to", ("0.29", "0.1"), "0.2"),
    ("floor_to", ("0.31", "0.1"), "0.3"),
    ("floor_to", ("-0.25", "0.1"), "-0.3"),
    ("floor_to", ("15001", "1000"), "15000"),
    ("ceil_to", ("0.3", "0.1"), "0.3"),
    ("ceil_to", ("0.7", "0.1"), "0.7"),  # 0.7 / 0.1 is 6.999999999999999
    ("ceil_to", ("0.71", "0.1"), "0.8"),
    ("ceil_to", ("-0.25", "0.1"), "-0.2"),
    ("round_to", ("1.125", "0.25"), "1.25"),  # 4.5 steps: a tie goes away from zero
    ("round_to", ("-1.125", "0.25"), "-1.25"),
    ("round_to", ("1.005", "0.01"), "1.01"),  # a tie as a decimal, below one in floats
    ("round_to", ("1.00499", "0.01"), "1.0"),
    ("round_to", ("0.04", "0.1"), "0"),
    ("floor", ("2.9999999999999996",), "3"),
    ("floor", ("-2.1",), "-3"),
    ("ceil", ("2.0000000000000004",), "2"),
    ("sign", ("0.0000000001",), "1"),  # a coin may cost less; sums that cancel are zero before they come here
    ("sign", ("-0.001",), "-1"),
    ("ramp", ("0.20", "0.20", "0.35"), "0"),
    ("ramp", ("0.19", "0.20", "0.35"), "0"),
    ("ramp", ("0.275", "0.20", "0.35"), "0.5"),  # 0.075 of 0.15
    ("ramp", ("0.35", "0.20", "0.35"), "1"),
    ("ramp", ("0.36", "0.20", "0.35"), "1"),
    ("ramp", ("4", "5", "1"), "0.25"),  # falling: 1 of 4
    ("clamp", ("3", "5", "2"), "2"),  # the limits cross: the upper one wins
]


@pytest.mark.parametrize(("name", "given_", "gives"), BY_HAND)
def test_by_hand(name: str, given_: tuple[str, ...], gives: str) -> None:
    function = FUNCTIONS[name]
    assert function.in_float(*map(float, given_)) == pytest.approx(float(gives), rel=1e-9, abs=1e-12)
    assert abs(function.in_decimal(*map(Decimal, given_)) - Decimal(gives)) <= Decimal("1e-12")


@pytest.mark.parametrize("name", ["floor_to", "ceil_to", "round_to"])
@pytest.mark.parametrize("step", ["0", "-0.1"])
def test_a_step_that_is_not_above_zero_is_unknown(name: str, step: str) -> None:
    for value in (FUNCTIONS[name].in_float(1.0, float(step)), FUNCTIONS[name].in_decimal(Decimal(1), Decimal(step))):
        assert isinstance(value, Unknown)
        assert value.reason == Reason.DIVISION_BY_ZERO


def test_a_ramp_without_width_is_unknown() -> None:
    assert FUNCTIONS["ramp"].in_float(1.0, 0.1 + 0.2, 0.3).reason == Reason.DIVISION_BY_ZERO
    assert FUNCTIONS["ramp"].in_decimal(Decimal(1), Decimal("0.3"), Decimal("0.3")).reason == Reason.DIVISION_BY_ZERO


@settings(max_examples=400)
@given(
    st.sampled_from(["floor_to", "ceil_to", "round_to"]),
    st.integers(-3_000_000, 3_000_000),
    st.sampled_from(["0.00001", "0.001", "0.005", "0.01", "0.1", "0.25", "1", "10", "1000"]),
    st.sampled_from(["0.00001", "0.001", "0.01", "1"]),
)
def test_floats_and_decimals_agree_on_grids(name: str, ticks: int, step: str, tick: str) -> None:
    x = Decimal(ticks) * Decimal(tick)
    exact = FUNCTIONS[name].in_decimal(x, Decimal(step))
    quick = FUNCTIONS[name].in_float(float(x), float(step))
    assert quick == pytest.approx(float(exact), rel=1e-9, abs=1e-9 * float(step))
    remainder = exact % Decimal(step)
    assert remainder == 0
    if name == "floor_to":
        assert x - Decimal(step) < exact <= x


def test_generated_text_means_the_same_as_the_callable() -> None:
    names = {f"f_{name}": function.in_float for name, function in FUNCTIONS.items() if function.kind == "scalar"}
    numbers = [2.75, 0.5, 9.0]
    for function in FUNCTIONS.values():
        if function.kind != "scalar":
            continue
        taken = numbers[: len(function.params)]
        text = function.emit.format(*taken, args=", ".join(map(repr, taken)))
        assert eval(text, dict(names)) == function.in_float(*taken), function.name
