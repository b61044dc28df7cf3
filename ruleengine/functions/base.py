"""How a function that policies can call is declared. One declaration serves checker, backends, schemas and docs.

Three kinds:
    scalar  a pure function of numbers, evaluated wherever it stands (`abs`, `min`, `ramp`);
    series  a pure function of a stated window of closed bars (`sma(m1.close, 20)`), evaluated when a bar closes;
    step    a running figure with explicit state, fed on every market event (`avg_over(spread, 60s)`).

Declarations are data: importing them needs neither numpy nor TA-Lib, so that checking a policy stays quick.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ruleengine.units import Type

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Stamps = NDArray[np.int64]


class Param(NamedTuple):
    """One parameter. `type` is a Type, or the name of a type variable (`"T"`: all parameters with that name agree).

    `constant`: must be known when the policy is compiled (a literal or a parameter of the policy)."""

    name: str
    type: Type | str
    constant: bool = False
    default: str | None = None
    doc: str = ""
    least: float | None = None
    most: float | None = None


class Example(NamedTuple):
    """One line of documentation that is also checked: inputs by name, expression, expected text.

    `given` is `name = values; name = values`. Values of a bar column are oldest first: `1 2 3`, a run `1..300`, a
    repetition `7x300`; columns left out equal `close`. Values of a step function carry their second: `1@0 3@30`, and
    `now = 60` says when it is read."""

    expression: str
    gives: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A declaration. `returns` is a Type or a type variable of the parameters (`"T"`), `"element"` (of the series), or
    `"spread of element"` (what two values of the first argument differ by: price → price distance, otherwise alike).

    scalar  `emit` is Python text: `{0}`, `{1}` … are the arguments, `{args}` all of them with commas between, and
            `f_<name>` is this function's `in_float`, which the generated module binds under that name.
    series  `lookback(*constants, cut_weight=1e-6) -> N`; `compute(*windows, *constants)` gets a `BarWindow` for each
            parameter of type bars and a float64 array for each series, all of exactly N rows, then the constants as
            Python numbers. It returns float, bool or `Unknown`; never NaN. `partial`: it also takes fewer than N rows
            and says itself whether they are enough.
    step    `start(*constants) -> state`; `push(state, now_s, *inputs)`, each a value or an `Unknown`;
            `read(state, now_s)`, which leaves the state as it was. `take_over(state, other) -> bool`: go on from the
            state of a definition that has since been edited, where that can be. `waits(*constants) -> bool`: can time
            alone change what it reads? It can where this is left out."""

    name: str
    kind: Literal["scalar", "series", "step"]
    params: tuple[Param, ...]
    returns: Type | str
    doc: str
    family: str
    examples: tuple[Example, ...] = ()
    source: str = ""
    variadic: bool = False
    least: float | None = None
    most: float | None = None
    """Between which values every result lies, in the internal scale; what sense in a policy is told by."""
    is_among: bool = False
    """Of series and step: the result lies among the values that it reads, as an average does."""

    # scalar: the same meaning in floats (a callable, and Python text with {0} {1} … for generated code) and in Decimal
    in_float: Callable[..., Any] | None = None
    in_decimal: Callable[..., Any] | None = None
    emit: str | None = None
    # series: how many closed bars it reads, and its value over exactly those
    lookback: Callable[..., int] | None = None
    compute: Callable[..., Any] | None = None
    recursive: bool = False
    partial: bool = False
    # step: state is a plain list or dict of JSON values
    start: Callable[..., Any] | None = None
    push: Callable[..., None] | None = None
    read: Callable[..., Any] | None = None
    take_over: Callable[[Any, Any], bool] | None = None
    waits: Callable[..., bool] | None = None


class BarWindow(NamedTuple):
    """The last N closed bars of one timeframe, oldest first. Shapes: every array (N,). Units: prices, traded volume.

    `volume` holds NaN where the source gives none; `opened_at`/`closed_at` are UTC nanoseconds (int64)."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    opened_at: Stamps
    closed_at: Stamps
    session_start: Stamps
    """UTC ns at which the trading session that holds the bar began: what `anchor=session` means."""


@dataclass(slots=True)
class Registry:
    """Functions by name; a second declaration of a name is a programming error."""

    by_name: dict[str, Function] = field(default_factory=dict)

    def add(self, function: Function) -> Function:
        if function.name in self.by_name:
            raise ValueError(f"function {function.name} declared twice")
        self.by_name[function.name] = function
        return function


REGISTRY = Registry()
"""Filled by the family modules; `ruleengine.functions.catalogue` imports them all and lists the result."""

DEFAULT_CUT_WEIGHT = 1e-6
"""Recursive indicators read bars until what is cut off weighs less than this (design: a policy may set another)."""
