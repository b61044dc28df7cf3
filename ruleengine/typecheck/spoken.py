"""Values and ranges in an author's words."""

from __future__ import annotations

from math import isinf

from ruleengine.diagnostics.catalogue.pages import word
from ruleengine.typecheck.ranges import Range
from ruleengine.typecheck.typed import BARE, WORD, Expr
from ruleengine.units import Type

_SUFFIX = {"pips": "pips", "duration": "s", "units": "units", "contracts": "contracts"}


def name_of(expr: Expr, otherwise: str) -> str:
    """What the author calls it; `otherwise` where it has no name.

    >>> from ruleengine.units import PIPS
    >>> name_of(Expr("fact", PIPS, label="spread"), "it"), name_of(Expr("mul", PIPS), "the left side")
    ('`spread`', 'the left side')
    """
    if expr.label not in ("", BARE, WORD):
        return word(expr.label)
    if expr.op == "series":
        return word(str(expr.data))
    if expr.op == "step":
        return word(f"{expr.data.function}(…)")
    if expr.op == "call":
        return word(f"{expr.data.name}(…)")
    if expr.op == "agg":
        return word(f"{expr.data[0]}(…)")
    return otherwise


def range_in_words(values: Range, type_: Type) -> str:
    """
    >>> from ruleengine.units import DURATION, RATIO
    >>> range_in_words(Range(0.1, 0.92), RATIO), range_in_words(Range(0.0, float("inf")), DURATION)
    ('10% to 92%', '0s or more')
    """
    low, high = (in_words(end, type_) for end in values)
    if isinf(values.low) and isinf(values.high):
        return "anything"
    if isinf(values.low):
        return f"{high} or less"
    if isinf(values.high):
        return f"{low} or more"
    return low if values.low == values.high else f"{low} to {high}"


def in_words(value: float, type_: Type) -> str:
    """
    >>> from ruleengine.units import PIPS
    >>> in_words(1.2, PIPS)
    '1.2pips'
    """
    if type_.kind == "ratio":
        return f"{value * 100:.12g}%"
    return f"{value:.12g}{_SUFFIX.get(type_.kind, '')}"
