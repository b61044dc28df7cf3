"""How many closed bars are needed, before any data: worked by hand."""

from __future__ import annotations

import pytest

from tests.graph.policies import graph_of
from tests.typecheck.policies import guard


@pytest.mark.parametrize(
    ("require", "needed"),
    [
        ("m1.close > 90", {"m1": 1}),
        ("m1.close[3] > 90", {"m1": 4}),
        ("sma(m1.close, 20) > 90", {"m1": 20}),
        ("sma(m1.close[1], 20) > 90", {"m1": 21}),
        ("sma(m1.close, 20) > sma(m1.close, 50)", {"m1": 50}),
        ("sma(m1.close, 20) > sma(m5.close, 50)", {"m1": 20, "m5": 50}),
        ("change(m1.close, 3) > 1pips", {"m1": 4}),
        ("roc(h1.close[2], 10) > 1%", {"h1": 13}),
        ("true_range(m1) > 1pips", {"m1": 2}),
        # 14 to its first value, then until (13/15)^n weighs less than 1e-6: 97 more
        ("ema(m1.close, 14) > 90", {"m1": 111}),
        # 15 to its first value, then until (13/14)^n weighs less than 1e-6: 187 more
        ("atr(m1, 14) > 1pips", {"m1": 202}),
        ("rsi(m1[1], 14) > 70", {"m1": 203}),
        # slow %D: 14 + 3 + 3 − 2
        ("stoch_d(m1, 14, 3, 3) > 20", {"m1": 18}),
        ("spread > 1pips", {}),
    ],
)
def test_bars_needed(require: str, needed: dict[str, int]) -> None:
    assert graph_of(guard(require)).bars_needed == needed


def test_a_feature_may_ask_for_more_or_be_content_with_less() -> None:
    more = "features:\n  f: {value: 'sma(m1.close, 20)', warm_after: 50bars}\n" + guard("f > 90")
    assert graph_of(more).bars_needed == {"m1": 50}
    less = "features:\n  f: {value: 'ema(m1.close, 14)', cut_weight: 0.001}\n" + guard("f > 90")
    # 14, then until (13/15)^n weighs less than 1e-3: ln 0.001 / ln(13/15) = 48.3
    assert graph_of(less).bars_needed == {"m1": 14 + 49}
