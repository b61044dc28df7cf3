"""The syntax tree of one expression. Frozen; every node knows its characters in the expression's text."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, NamedTuple


class Number(NamedTuple):
    value: Decimal
    unit: str | None
    text: str
    start: int
    end: int


class Text(NamedTuple):
    """A quoted word: names that are no identifiers (`"TrendMA-bull"`)."""

    value: str
    start: int
    end: int


class Truth(NamedTuple):
    value: bool
    start: int
    end: int


class Name(NamedTuple):
    """`mid`, `account.equity`, `m1.close`; `back` is the constant offset of `m1.close[1]`."""

    path: str
    start: int
    end: int
    back: int | None = None


class Call(NamedTuple):
    function: str
    arguments: tuple[Syntax, ...]
    keywords: tuple[tuple[str, Syntax, int], ...]
    """(name, value, start of the name)."""
    start: int
    end: int
    name_end: int


class Unary(NamedTuple):
    operator: Literal["-", "not"]
    operand: Syntax
    start: int
    end: int


class Binary(NamedTuple):
    operator: Literal["+", "-", "*", "/"]
    left: Syntax
    right: Syntax
    start: int
    end: int


class Compare(NamedTuple):
    operator: Literal["<", "<=", ">", ">=", "==", "!="]
    left: Syntax
    right: Syntax
    start: int
    end: int


class Logic(NamedTuple):
    operator: Literal["and", "or"]
    operands: tuple[Syntax, ...]
    start: int
    end: int


class OneOf(NamedTuple):
    """`strategy in (M1Scalper, TrendMA)`."""

    item: Syntax
    choices: tuple[Syntax, ...]
    start: int
    end: int


class Choice(NamedTuple):
    """`a if condition else b`."""

    condition: Syntax
    then: Syntax
    otherwise: Syntax
    start: int
    end: int


class Comprehension(NamedTuple):
    """`element for variable in collection if condition`: only as the first argument of an aggregate."""

    element: Syntax
    variable: str
    collection: str
    condition: Syntax | None
    start: int
    end: int
    collection_start: int
    collection_end: int


Syntax = Number | Text | Truth | Name | Call | Unary | Binary | Compare | Logic | OneOf | Choice | Comprehension
