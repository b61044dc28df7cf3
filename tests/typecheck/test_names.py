"""One name, one meaning; and one fault is told once."""

from __future__ import annotations

import pytest

from tests.typecheck.policies import MINIMAL, cap, findings, guard

TEXT = "parameters: {%s: {unit: text, default: \"'%s'\", doc: x}}\n"


@pytest.mark.parametrize("name", ["M1Scalper", "scalp", "trending", "USD_JPY", "long", "hedge_open"])
def test_a_declared_name_is_no_word_that_conditions_compare_with(name: str) -> None:
    """`strategy == M1Scalper` would compare with the parameter's text."""
    minimal = MINIMAL + "regimes: [trending]\n"
    assert findings(TEXT % (name, "x") + guard(f"known({name}) and mid > 90"), minimal)[0] == ("RE349", name)


@pytest.mark.parametrize(("text", "expected"), [("Z", ["RE336"]), ("M1Scalper", [])])
def test_a_text_parameter_is_held_to_the_vocabulary_it_is_compared_with(text: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(TEXT % ("p", text) + guard("strategy == p"))] == expected
    assert [code for code, _ in findings(TEXT % ("p", text) + guard("p != strategy"))] == expected


@pytest.mark.parametrize("order", [("A: {aliases: [B]}", "B: {}"), ("B: {}", "A: {aliases: [B]}")])
def test_an_alias_that_is_another_strategy_is_refused_in_either_order(order: tuple[str, str]) -> None:
    text = "strategies:\n" + "".join(f"  {each}\n" for each in order)
    minimal = MINIMAL.replace("strategies:\n  M1Scalper: {pocket: scalp}\n", text)
    assert findings(guard("mid > 90"), minimal) == [("RE351", "B")]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("strategy in (M1Scalper, C)", ["RE336"]),
        ("not side", ["RE334"]),
        ("spread <= 1 or mid > 90", ["RE333"]),
        ("true and spraed < 5pips", ["RE320"]),
    ],
)
def test_a_fault_inside_is_not_called_constant_too(condition: str, expected: list[str]) -> None:
    assert [code for code, _ in findings(guard(condition))] == expected
    assert [code for code, _ in findings(cap(condition))] == expected
