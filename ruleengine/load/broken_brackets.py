"""Recognisers of trouble with brackets, and inside `{…}` and `[…]`."""

from __future__ import annotations

import re

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import syntax as faults
from ruleengine.load.breakage import Case, clipped, entry_before, here, in_flow, same_line, value_on_line


def stray(case: Case) -> Diagnostic | None:
    """A comma, colon, dash or bracket at which a value was expected, or that closes nothing."""
    is_dash_in_flow = case.text[case.broke.at : case.broke.at + 2] == "- " and "flow" in case.broke.context
    is_at_value = case.broke.at == value_on_line(case, case.broke.at)[0]
    is_value_expected = "node content" in case.broke.problem or (
        "are not allowed" in case.broke.problem and is_at_value
    )
    if case.char() in (",", "]", "}") or is_dash_in_flow or (case.char() in (":", "?") and is_value_expected):
        return faults.stray_character(case.source.span(case.broke.at, case.broke.at + 1), case.char())
    return None


def open_bracket(case: Case) -> Diagnostic | None:
    """A list or map in brackets in which the parser has run into another line or the end of the file."""
    opened = case.broke.context_at
    if not in_flow(case) or opened is None or case.text[opened : opened + 1] not in ("[", "{"):
        return None
    if same_line(case, opened, case.broke.at) and case.broke.at < case.source.line_at(opened)[1]:
        return None
    return faults.bracket_not_closed(case.source.span(opened, opened + 1), case.text[opened], here(case))


def cut_in_flow(case: Case) -> Diagnostic | None:
    """Trouble inside an entry of `{…}` or `[…]`: told by what stands at the place and before it in the same entry."""
    if not in_flow(case):
        return None
    before, start = entry_before(case)
    key, colon, value = before.partition(":")
    if case.char() == ":" and colon and value.strip():
        word = value.split()[-1]
        at = case.broke.at - len(case.text[start : case.broke.at]) + before.rstrip().rfind(word)
        return faults.comma_missing(case.source.span(at, case.broke.at + 1), key.strip(), word)
    if case.char() not in ("[", "{", '"', "'") or not before.strip():
        return None
    if not colon and "mapping" in case.broke.context:
        return faults.key_without_colon(case.source.span(start, start + len(before.rstrip())), before.strip())
    text = value if colon else before
    begin = start + len(before) - len(text.lstrip())
    closing = {"[": "]", "{": "}"}.get(case.char(), case.char())
    stop = case.text.find(closing, case.broke.at + 1, case.source.line_at(case.broke.at)[1])
    end = stop + 1 if stop >= 0 else case.broke.at + 1
    return faults.bracket_in_flow_value(case.source.span(begin, end), clipped(case.text[begin:end]))


def tight_colon_in_flow(case: Case) -> Diagnostic | None:
    """`{instruments:[USD_JPY]}`."""
    if "unexpected ':'" not in case.broke.problem:
        return None
    before, start = entry_before(case, case.text.rfind(":", 0, case.broke.at + 1))
    value = re.split(r"[,}]", case.line(case.broke.at)[case.broke.at - case.source.line_at(case.broke.at)[0] :])[0]
    span = case.source.span(start, start + len(before.rstrip()) + 1)
    return faults.no_space_after_colon(span, before.strip(), clipped(value.lstrip(": ").rstrip()))


def text_after_bracket(case: Case) -> Diagnostic | None:
    """`[a, b] c`: trouble on a line right after a closing bracket."""
    start, end = case.source.line_at(case.broke.at)
    before = case.text[start : case.broke.at].rstrip()
    if not before.endswith(("]", "}")) or not case.text[case.broke.at : end].strip():
        return None
    return faults.text_after_bracket(case.source.span(case.broke.at, end), before[-1])
