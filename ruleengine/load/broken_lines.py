"""Recognisers of broken lines in block style: colons, dashes and indentation."""

from __future__ import annotations

import re
from typing import Final

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import syntax as faults
from ruleengine.load.breakage import Case, clipped, entry_of, in_flow, same_line, value_on_line, width_of

_TIGHT: Final = re.compile(
    r"(?P<lead>[ ]*(?:- +)*)(?P<key>[A-Za-z_][\w-]*|\"[^\"\n]*\"|'[^'\n]*'):(?P<value>[^\s:/][^\n]*)"
)
_LEVELS_SHOWN_MAX: Final = 3
_LINES_LOOKED_BACK_MAX: Final = 400


def misplaced_item(case: Case) -> Diagnostic | None:
    is_dash = case.text[case.broke.at : case.broke.at + 2] in ("- ", "-\n", "-")
    if "block sequence entries are not allowed" in case.broke.problem or (
        is_dash and "expected key" in case.broke.problem
    ):
        return faults.misplaced_item(case.source.span(case.broke.at, case.broke.at + 1))
    return None


def tight_colon(case: Case) -> Diagnostic | None:
    """`key:value` on a line that the parser read as a text, up to the colon further down where it noticed."""
    for start in _suspects(case):
        match = _TIGHT.match(case.text, start, case.source.line_at(start)[1])
        if match:
            span = case.source.span(match.start("key"), match.end("key") + 1)
            return faults.no_space_after_colon(span, match["key"], clipped(match["value"].rstrip()))
    return None


def no_colon(case: Case) -> Diagnostic | None:
    """A line with one word where `key: value` is expected."""
    if "could not find expected ':'" in case.broke.problem and case.broke.context_at is not None:
        return _whole_line_without_colon(case, case.broke.context_at)
    if "mapping values are not allowed" in case.broke.problem and case.last is not None and case.last.style == "plain":
        first_line = case.source.line_at(case.last.start)[0]
        starts_its_line = not case.text[first_line : case.last.start].strip(" -")
        if starts_its_line and not same_line(case, case.last.start, case.broke.at):
            return _whole_line_without_colon(case, case.last.start)
    return None


def _whole_line_without_colon(case: Case, offset: int) -> Diagnostic:
    start, end = case.source.line_at(offset)
    text = case.text[start:end].strip()
    begin = start + len(case.text[start:end]) - len(case.text[start:end].lstrip())
    return faults.key_without_colon(case.source.span(begin, begin + len(text)), clipped(text))


def second_colon(case: Case) -> Diagnostic | None:
    """`description: entry: never`: a colon on a line that has its key already."""
    if "mapping values are not allowed" not in case.broke.problem:
        return None
    start, end = value_on_line(case, case.broke.at)
    if start >= end or case.broke.at < start:
        return None
    return faults.colon_in_value(case.source.span(case.broke.at, case.broke.at + 1), clipped(case.text[start:end]))


def indentation(case: Case) -> Diagnostic | None:
    """A line whose beginning fits none of the entries above it, or the one above where that is the odd one."""
    words = ("expected key", "expected '-' indicator", "mapping values are not allowed", "expected <document start>")
    if not any(word in case.broke.problem for word in words):
        return None
    start, end = case.source.line_at(case.broke.at)
    width = width_of(case.text[start:end])
    if (odd := _odd_line_above(case, start, width)) is not None:
        return odd
    levels = _levels_above(case, start)
    if width in levels and "mapping values" not in case.broke.problem and case.broke.at != start + width:
        return None
    if "mapping values" in case.broke.problem and case.last is not None:
        levels = tuple(level for level in levels if level < width)[-1:] or levels
    shown = tuple(level for level in levels if level != width)[-_LEVELS_SHOWN_MAX:]
    return faults.bad_indentation(case.source.span(start + width, max(start + width, end)), width, shown)


def _odd_line_above(case: Case, line_start: int, width: int) -> Diagnostic | None:
    """The entry above, where it stands alone at its column and this line and the next entry agree on another."""
    if line_start == 0:
        return None
    above, above_end = case.source.line_at(line_start - 1)
    entry = entry_of(case.text[above:above_end])
    if entry is None or case.text[above_end - 1] == ":":
        return None
    column = len(entry["lead"])
    is_first = above == 0 or width_of(case.line(above - 1)) < width_of(case.text[above:above_end])
    _, line_end = case.source.line_at(line_start)
    follower = case.line(line_end + 1) if line_end + 1 < len(case.text) else ""
    agrees = bool(follower.strip()) and width_of(follower) == width and not follower.lstrip().startswith("- ")
    if not is_first or not agrees or column == width:
        return None
    written = width_of(case.text[above:above_end])
    return faults.bad_indentation(
        case.source.span(above + written, above_end), written, (max(0, written + width - column),)
    )


def _levels_above(case: Case, line_start: int) -> tuple[int, ...]:
    """Columns of the entries that enclose a line, from the outermost: each further left than those below."""
    levels: list[int] = []
    at = line_start
    for _ in range(_LINES_LOOKED_BACK_MAX):
        if at == 0:
            break
        at, end = case.source.line_at(at - 1)
        line = case.text[at:end]
        entry = entry_of(line)
        if entry is None or line.lstrip().startswith("#"):
            continue
        for column in sorted({len(entry["lead"]), len(line) - len(line.lstrip(" "))}, reverse=True):
            if not levels or column < levels[-1]:
                levels.append(column)
        if levels[-1] == 0:
            break
    return tuple(reversed(levels))


def _suspects(case: Case) -> list[int]:
    """Beginnings of the lines on which a text began that the parser read too far: from the nearest."""
    offsets = [case.broke.context_at, case.last.start if case.last else None, case.broke.at]
    if case.broke.problem.startswith("did not find expected") and not in_flow(case):
        offsets = offsets[1:]
    if not any(
        w in case.broke.problem for w in ("mapping values", "could not find expected ':'", "did not find expected")
    ):
        return []
    return list(dict.fromkeys(case.source.line_at(offset)[0] for offset in offsets if offset is not None))
