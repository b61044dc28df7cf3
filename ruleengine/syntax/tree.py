"""The syntax tree of one expression. Frozen; every node knows its characters in the expression's text."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class Number:
    value: Decimal
    unit: str | None
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted word: names that are no identifiers (`"TrendMA-bull"`)."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Name:
    """`mid`, `account.equity`, `m1.close`; `back` is the constant offset of `m1.close[1]`."""

    path: str
    start: int
    end: int
    back: int | None = None


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple[Syntax, ...]
    keywords: tuple[tuple[str, Syntax, int], ...]
    """(name, value, start of the name)."""
    start: int
    end: int
    name_end: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: Literal["-", "not"]
    operand: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: Literal["+", "-", "*", "/"]
    left: Syntax
    right: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Compare:
    operator: Literal["<", "<=", ">", ">=", "==", "!="]
    left: Syntax
    right: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Logic:
    operator: Literal["and", "or"]
    operands: tuple[Syntax, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """`strategy in (M1Scalper, TrendMA)`."""

    item: Syntax
    choices: tuple[Syntax, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`a if condition else b`."""

    condition: Syntax
    then: Syntax
    otherwise: Syntax
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`element for variable in collection if condition`: only as the sole argument of an aggregate."""

    element: Syntax
    variable: str
    collection: str
    condition: Syntax | None
    start: int
    end: int
    collection_start: int
    collection_end: int


Syntax = Number | Text | Truth | Name | Call | Unary | Binary | Compare | Logic | OneOf | Choice | Comprehension
