# A declaration holds the callables of its own kind only; tests know the kind they call.
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls
# mypy: disable-error-code="misc,union-attr,arg-type,call-arg,attr-defined,no-any-return,operator"
"""Every example in a declaration is run: what the reference shows is what the function gives."""

from __future__ import annotations

import ast
import math
from decimal import Decimal

import numpy as np
import pytest

from ruleengine.functions._talib import lifted
from ruleengine.functions.base import BarWindow, Example, Function
from ruleengine.functions.catalogue import FUNCTIONS, signature
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import Type

CASES = [(function, example) for function in FUNCTIONS.values() for example in function.examples]


def _values(text: str) -> list[float]:
    """`1 2 3`, `1..300`, `7x300`, mixed."""
    values: list[float] = []
    for word in text.split():
        if ".." in word:
            first, last = word.split("..")
            values += [float(value) for value in range(int(first), int(last) + 1)]
        elif "x" in word:
            value, times = word.split("x")
            values += [float(value)] * int(times)
        else:
            values.append(float(word))
    return values


def _given(example: Example) -> dict[str, str]:
    pairs = (part.split("=", 1) for part in example.given.split(";") if part.strip())
    return {name.strip(): values.strip() for name, values in pairs}


def _call(example: Example) -> tuple[str, list[ast.expr]]:
    text = example.expression
    for written, plain in (("%", "/100"), ("60s", "60"), ("20s", "20")):
        text = text.replace(written, plain)
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    return call.func.id, call.args


def _constant(node: ast.expr) -> float:
    value = eval(compile(ast.Expression(node), "example", "eval"))
    return value if isinstance(value, float) else int(value)


def _window(columns: dict[str, np.ndarray], n: int) -> BarWindow:
    rows = np.arange(n, dtype=np.int64) * 60_000_000_000
    close = columns["close"]
    prices = [columns.get(name, close)[-n:] for name in ("open", "high", "low", "close", "volume")]
    return BarWindow(*prices, rows, rows + 60_000_000_000, np.zeros(n, dtype=np.int64))


def _series_value(function: Function, example: Example, arguments: list[ast.expr]) -> object:
    columns = {name: np.array(_values(text)) for name, text in _given(example).items()}
    columns.setdefault("close", next(iter(columns.values())))
    rows = len(columns["close"])
    count = sum(not param.constant for param in function.params)
    constants = [_constant(node) for node in arguments[count:]]
    n = function.lookback(*constants)
    assert rows >= n or function.partial, "the example gives too few bars"
    window = _window(columns, min(rows, n))
    inputs = [window if isinstance(node, ast.Name) else getattr(window, node.attr) for node in arguments[:count]]
    return function.compute(*inputs, *constants)


def _step_value(function: Function, example: Example, arguments: list[ast.expr]) -> object:
    given = _given(example)
    state = function.start(*[_constant(node) for node in arguments[1:]])
    for word in given[arguments[0].id].split():
        value, at = word.split("@")
        function.push(state, float(at), value == "1" if function.params[0].type == Type("bool") else float(value))
    return function.read(state, float(given["now"]))


@pytest.mark.parametrize(("function", "example"), CASES, ids=[example.expression for _, example in CASES])
def test_example(function: Function, example: Example) -> None:
    name, arguments = _call(example)
    assert name == function.name
    if function.kind == "scalar":
        facts = {key: float(text.replace("_", "")) for key, text in _given(example).items()}
        numbers = [facts[node.id] if isinstance(node, ast.Name) else _constant(node) for node in arguments]
        assert function.in_float(*numbers) == pytest.approx(float(example.gives), rel=1e-12)
        assert function.in_decimal(*[Decimal(repr(number)) for number in numbers]) == Decimal(example.gives)
        return
    value = (_series_value if function.kind == "series" else _step_value)(function, example, arguments)
    if example.gives in ("true", "false"):
        assert value is (example.gives == "true")
    else:
        assert value == pytest.approx(float(example.gives), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_declaration_is_complete(function: Function) -> None:
    assert function.doc
    assert function.doc[-1] not in " \n"
    assert function.examples
    assert signature(function).startswith(function.name + "(")
    constant_seen = False
    for param in function.params:
        assert not (constant_seen and not param.constant), "constants come last"
        constant_seen = param.constant
    wanted = {
        "scalar": (function.in_float, function.in_decimal, function.emit),
        "series": (function.lookback, function.compute),
        "step": (function.start, function.push, function.read),
    }[function.kind]
    assert all(part is not None for part in wanted)
    if function.kind == "series":
        assert {param.type.kind for param in function.params if not param.constant} <= {"bars", "series"}


FLAT = [
    "rsi",
    "rsi_fade",
    "adx",
    "plus_di",
    "minus_di",
    "stoch_k",
    "stoch_d",
    "cci",
    "willr",
    "donchian_position",
    "choppiness",
    "bollinger_position",
    "ma_gap",
    "atr_ratio",
    "fib_position",
]


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("price", [0.1, 150.001, 1e-8])
def test_a_flat_window_is_unknown_and_never_a_filler(name: str, price: float) -> None:
    """SC-17, FX-32: no ADX of 0.0 and no RSI of 0 or 100 out of nothing."""
    function = FUNCTIONS[name]
    constants = [
        _constant(ast.parse(param.default.replace("%", "/100"), mode="eval").body)
        for param in function.params
        if param.constant
    ]
    n = function.lookback(*constants)
    window = _window({"close": np.full(n, price)}, n)
    first = window if function.params[0].type == Type("bars") else window.close
    value = function.compute(first, *constants)
    assert isinstance(value, Unknown)
    assert value.reason == Reason.DIVISION_BY_ZERO
    assert value.fact == name


SCALELESS = ["rsi", "adx", "plus_di", "stoch_k", "cci", "willr", "mfi", "natr", "bollinger_position"]


@pytest.mark.parametrize("name", SCALELESS)
def test_the_value_does_not_depend_on_the_scale_of_prices(name: str, walk: BarWindow) -> None:
    """However small a price: older releases of the library alone answer 0 where their sums fall below 1e-14."""
    function = FUNCTIONS[name]
    constants = [_constant(ast.parse(param.default, mode="eval").body) for param in function.params if param.constant]
    n = function.lookback(*constants)
    window = BarWindow(*(column[-n:] for column in walk))
    tiny = window._replace(**{key: getattr(window, key) * 2.0**-45 for key in ("open", "high", "low", "close")})
    assert function.compute(tiny, *constants) == pytest.approx(function.compute(window, *constants), rel=1e-12)


@pytest.mark.parametrize("price", [150.0, 1.1, 0.00001, 4e-12, 95_000.0])
def test_lifting_is_exact(price: float) -> None:
    close = np.array([price * 1.01, price])
    high, low = lifted(close * 1.5, close)
    assert 2.0**19 <= high[-1] < 2.0**20
    assert (high / low).tolist() == (close * 1.5 / close).tolist()
    assert math.frexp(low[-1] / price)[0] == 0.5
