"""Parses a text and shows findings as (code, text under the caret)."""

from __future__ import annotations

from ruleengine.diagnostics import Span
from ruleengine.syntax import parse
from ruleengine.syntax.tree import Syntax


def read(text: str) -> tuple[Syntax | None, list[tuple[str, str]]]:
    tree, found = parse(text, Span("case", 1, 1, 1, len(text) + 1))
    return tree, [(each.code, text[each.span.col - 1 : each.span.end_col - 1]) for each in found]


def codes(text: str) -> list[str]:
    return [code for code, _ in read(text)[1]]
