"""Recognisers of broken values: tabs, quotes, escapes, directives and reserved first characters."""

from __future__ import annotations

import re
from typing import Final

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import syntax as faults
from ruleengine.diagnostics.catalogue import yaml as yaml_faults
from ruleengine.load.breakage import (
    Case,
    brackets_before,
    clipped,
    column_of,
    entry_before,
    in_flow,
    line_beginning,
    same_line,
    value_on_line,
)

_INDENT: Final = re.compile(r"[ \t]*")
_RESERVED: Final = tuple("@`%*&!|>?")
_ABOUT_A_START: Final = (
    "cannot start any token",
    "expected comment or line break",
    "expected alphabetic or numeric",
    "mapping keys are not allowed",
    "tag",
    "expected whitespace or line break",
    "indentation indicator",
    "URI",
    "expected '!'",
)


def tab(case: Case) -> Diagnostic | None:
    """A tab in the indentation of the line, or of the one above where a text began that swallowed this line."""
    start, _ = case.source.line_at(case.broke.at)
    indent = _INDENT.match(case.text, start)
    if case.char() == "\t":
        return faults.tab_in_indentation(case.source.span(case.broke.at, case.broke.at + 1))
    if indent is None or "\t" not in indent.group():
        return None
    return faults.tab_in_indentation(case.source.span(start + indent.group().index("\t"), indent.end()))


def escape(case: Case) -> Diagnostic | None:
    if "quoted scalar" not in case.broke.context:
        return None
    at = case.broke.at
    if "escape" in case.broke.problem or "hex" in case.broke.problem or "Unicode" in case.broke.problem:
        slash = case.text.rfind("\\", 0, at + 1)
        if slash < 0:
            return None
        # libyaml stands at the backslash, or at the first digit that is none
        end = max(at + 1, slash + 2)
        return faults.unknown_escape(case.source.span(slash, end), case.text[slash:end])
    return None


def open_quote(case: Case) -> Diagnostic | None:
    """A quoted text that never ends, or that ended at a stray quote on a later line just before the trouble."""
    if (
        "quoted scalar" in case.broke.context
        and "escape" not in case.broke.problem
        and case.broke.context_at is not None
    ):
        if "hex" in case.broke.problem or "Unicode" in case.broke.problem:
            return None
        return _quote_from(case, case.broke.context_at, None)
    if case.last is None or case.last.style not in ("single", "double"):
        return None
    if "\n" not in case.text[case.last.start : case.last.end] or not same_line(case, case.last.end - 1, case.broke.at):
        return None
    return _quote_from(case, case.last.start, case.source.span(case.last.end - 1, case.last.end))


def _quote_from(case: Case, start: int, closed_at: Span | None) -> Diagnostic:
    _, line_end = case.source.line_at(start)
    return faults.quote_not_closed(case.source.span(start, line_end), case.text[start : start + 1] or '"', closed_at)


def directive(case: Case) -> Diagnostic | None:
    is_directive = "directive" in case.broke.context or "directive" in case.broke.problem
    if is_directive or (case.char() == "%" and column_of(case) == 0):
        start, end = case.source.line_at(
            case.broke.context_at if is_directive and case.broke.context_at else case.broke.at
        )
        return yaml_faults.directive(case.source.span(start, end))
    return None


def reserved_start(case: Case) -> Diagnostic | None:
    """A value that begins with a character of YAML's own, where the parser took it for what YAML means by it."""
    at = _reserved_at(case)
    if at is None:
        return None
    _, end = value_on_line(case, at)
    end = max(end, at + 1)
    if in_flow(case) or brackets_before(case, at):
        end = at + max(1, len(re.split(r"[,\]}]", case.text[at:end])[0].rstrip()))
    return faults.reserved_first_character(case.source.span(at, end), case.text[at], clipped(case.text[at:end]))


def _reserved_at(case: Case) -> int | None:
    """Where the reserved character stands: what the parser names, or the beginning of a value with more words in it."""
    if any(words in case.broke.problem for words in _ABOUT_A_START):
        start, _ = value_on_line(case, case.broke.at)
        candidates = (start, case.broke.context_at, case.broke.at)
        return next((at for at in candidates if at is not None and case.text[at : at + 1] in _RESERVED), None)
    if "expected" not in case.broke.problem:
        return None
    _, in_brackets = entry_before(case)
    for start in (value_on_line(case, case.broke.at)[0], in_brackets, line_beginning(case)):
        if start < case.broke.at and case.text[start : start + 1] in ("*", "&", "!"):
            return start
    return None


def text_after_quote(case: Case) -> Diagnostic | None:
    """`"a" == b`: trouble on the line on which a quoted text has just ended."""
    last = case.last
    if last is None or last.style not in ("single", "double") or not same_line(case, last.end - 1, case.broke.at):
        return None
    between = case.text[last.end : case.broke.at]
    if case.broke.at < last.end or between.strip():
        return None
    if case.char() == ":" and case.text[last.end : last.end + 1] == ":":
        value = case.line(last.end)[case.source.place(last.end)[1] :]
        return faults.no_space_after_colon(
            case.source.span(last.start, last.end + 1), case.text[last.start : last.end], value
        )
    _, line_end = case.source.line_at(last.end)
    if in_flow(case):
        line_end = case.broke.at + len(re.split(r"[,\]}]", case.text[case.broke.at : line_end])[0])
    value = case.text[last.start : line_end].rstrip()
    return faults.text_after_quote(case.source.span(case.broke.at, last.start + len(value)), clipped(value))
