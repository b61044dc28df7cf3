"""Functions keep to the ranges that they declare: what sense in a policy is told by (RE420 and others)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ruleengine.functions.base import BarWindow, Function
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.model.unknown import Unknown

WindowOf = Callable[[BarWindow, int, int], BarWindow]
SERIES = {name: each for name, each in FUNCTIONS.items() if each.kind == "series"}
BOUNDED = sorted(name for name, each in SERIES.items() if each.least is not None or each.most is not None)
AMONG = sorted(name for name, each in SERIES.items() if each.is_among)


def at_the_edges(walk: BarWindow) -> BarWindow:
    """The same bars with every close at the high or low of its bar, by turns of eleven."""
    closes = np.where(np.arange(len(walk.close)) // 11 % 2, walk.high, walk.low)
    return walk._replace(close=closes, open=closes)


def outcomes(function: Function, walk: BarWindow, cut: WindowOf) -> list[tuple[BarWindow, float]]:
    assert function.lookback is not None
    assert function.compute is not None
    constants = [3.0 if each.default in (None, "") else _number(str(each.default)) for each in function.params[1:]]
    rows = function.lookback(*constants)
    found = []
    for bars in (walk, at_the_edges(walk)):
        for end in range(rows, len(bars.close), 13):
            window = cut(bars, end - 1, rows)
            value = function.compute(window if str(function.params[0].type) == "bars" else window.close, *constants)
            if not isinstance(value, Unknown):
                found.append((window, value))
    assert found
    return found


def _number(text: str) -> float:
    return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)


@pytest.mark.parametrize("name", BOUNDED)
def test_a_function_keeps_to_its_declared_range(name: str, walk: BarWindow, cut: WindowOf) -> None:
    function = SERIES[name]
    least = -1e300 if function.least is None else function.least - 1e-9 * max(1.0, abs(function.least))
    most = 1e300 if function.most is None else function.most + 1e-9 * max(1.0, abs(function.most))
    assert all(least <= value <= most for _, value in outcomes(function, walk, cut))


@pytest.mark.parametrize("name", AMONG)
def test_an_average_lies_among_what_it_reads(name: str, walk: BarWindow, cut: WindowOf) -> None:
    for window, value in outcomes(SERIES[name], walk, cut):
        assert window.close.min() * (1 - 1e-9) <= value <= window.close.max() * (1 + 1e-9)
