"""What libyaml stumbled over, told by its usual cause.

libyaml says where it could not go on; the cause is often further up. `explain` tries the recognisers in order, each
looks at the parser's words and at the text around, and the first that knows the cause gives the finding. All of them
read a bounded stretch of the text, and none of them changes anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import syntax as faults
from ruleengine.diagnostics.catalogue import yaml as yaml_faults
from ruleengine.load.document import Style
from ruleengine.load.source import SourceText


class Breakage(NamedTuple):
    """The parser's words and offsets: where it stopped, and where what it was reading had begun."""

    problem: str
    at: int
    context: str
    context_at: int | None


class LastScalar(NamedTuple):
    """The text that was read completely just before."""

    start: int
    end: int
    style: Style


class _Case(NamedTuple):
    source: SourceText
    broke: Breakage
    last: LastScalar | None

    @property
    def text(self) -> str:
        return self.source.text

    def line(self, offset: int) -> str:
        start, end = self.source.line_at(offset)
        return self.text[start:end]

    def char(self) -> str:
        return self.text[self.broke.at : self.broke.at + 1]


_INDENT: Final = re.compile(r"[ \t]*")
_ENTRY: Final = re.compile(
    r"(?P<lead>[ ]*(?:- +)*)(?P<key>[^\s#:'\"\[\]{},][^#:\n]*?|\"[^\"\n]*\"|'[^'\n]*') *:(?: +|$)"
)
_TIGHT: Final = re.compile(
    r"(?P<lead>[ ]*(?:- +)*)(?P<key>[A-Za-z_][\w-]*|\"[^\"\n]*\"|'[^'\n]*'):(?P<value>[^\s:/][^\n]*)"
)
_LEVELS_SHOWN_MAX: Final = 3
_LINES_LOOKED_BACK_MAX: Final = 400


def explain(source: SourceText, broke: Breakage, last: LastScalar | None) -> Diagnostic:
    """The finding for a text that is not YAML: the likely cause, at the place where it is to be mended."""
    broke = broke._replace(at=min(broke.at, len(source.text)))
    case = _Case(source, broke, last)
    for recognise in _RECOGNISERS:
        if (finding := recognise(case)) is not None:
            return finding
    return faults.not_yaml(_here(case), broke.problem)


def _tab(case: _Case) -> Diagnostic | None:
    """A tab in the indentation of the line, or of the one above where a text began that swallowed this line."""
    start, _ = case.source.line_at(case.broke.at)
    indent = _INDENT.match(case.text, start)
    if indent is None or "\t" not in indent.group():
        return None
    return faults.tab_in_indentation(case.source.span(start + indent.group().index("\t"), indent.end()))


def _open_quote(case: _Case) -> Diagnostic | None:
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
    if "\n" not in case.text[case.last.start : case.last.end] or not _same_line(case, case.last.end - 1, case.broke.at):
        return None
    return _quote_from(case, case.last.start, case.source.span(case.last.end - 1, case.last.end))


def _quote_from(case: _Case, start: int, closed_at: Span | None) -> Diagnostic:
    _, line_end = case.source.line_at(start)
    return faults.quote_not_closed(case.source.span(start, line_end), case.text[start], closed_at)


def _escape(case: _Case) -> Diagnostic | None:
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


def _directive(case: _Case) -> Diagnostic | None:
    is_directive = "directive" in case.broke.context or "directive" in case.broke.problem
    if is_directive or (case.char() == "%" and _column(case) == 0):
        start, end = case.source.line_at(
            case.broke.context_at if is_directive and case.broke.context_at else case.broke.at
        )
        return yaml_faults.directive(case.source.span(start, end))
    return None


def _reserved_start(case: _Case) -> Diagnostic | None:
    """A value that begins with a character of YAML's own, where the parser took it for what YAML means by it."""
    is_about_start = any(
        words in case.broke.problem
        for words in (
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
    )
    start, end = _value_on_line(case, case.broke.at)
    if start >= end:
        return None
    first = case.text[start]
    if first in "*&!" and case.broke.at >= start and not is_about_start:
        is_about_start = "expected" in case.broke.problem and _is_one_word_then_more(case.text[start:end])
    if not is_about_start or first not in "@`%*&!|>?":
        return None
    return faults.reserved_first_character(case.source.span(start, end), first, _clipped(case.text[start:end]))


def _text_after_quote(case: _Case) -> Diagnostic | None:
    """`"a" == b`: trouble on the line on which a quoted text has just ended."""
    last = case.last
    if last is None or last.style not in ("single", "double") or not _same_line(case, last.end - 1, case.broke.at):
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
    if _in_flow(case):
        line_end = case.broke.at + len(re.split(r"[,\]}]", case.text[case.broke.at : line_end])[0])
    value = case.text[last.start : line_end].rstrip()
    return faults.text_after_quote(case.source.span(case.broke.at, last.start + len(value)), _clipped(value))


def _stray(case: _Case) -> Diagnostic | None:
    if case.char() not in (",", "]", "}") or case.char() == "":
        return None
    if case.broke.context_at is not None and "flow" in case.broke.context and case.broke.context_at != case.broke.at:
        opening = case.text[case.broke.context_at : case.broke.context_at + 1]
        if (
            opening in "[{"
            and opening
            and case.char() in "]}"
            and not _same_line(case, case.broke.context_at, case.broke.at)
        ):
            return None
    return faults.stray_character(case.source.span(case.broke.at, case.broke.at + 1), case.char())


def _open_bracket(case: _Case) -> Diagnostic | None:
    """A list or map in brackets in which the parser has run into another line or the end of the file."""
    opened = case.broke.context_at
    if not _in_flow(case) or opened is None or case.text[opened : opened + 1] not in ("[", "{"):
        return None
    if _same_line(case, opened, case.broke.at) and case.broke.at < case.source.line_at(opened)[1]:
        return None
    return faults.bracket_not_closed(case.source.span(opened, opened + 1), case.text[opened], _here(case))


def _bracket_in_value(case: _Case) -> Diagnostic | None:
    """`{when: side in [long, short]}`: a bracket right after a plain text, both inside brackets."""
    last = case.last
    if not _in_flow(case) or last is None or last.style != "plain" or case.char() not in ("[", "{", '"', "'"):
        return None
    if case.text[last.end : case.broke.at].strip() or last.start == last.end:
        return None
    closing = {"[": "]", "{": "}"}.get(case.char(), case.char())
    stop = case.text.find(closing, case.broke.at + 1, case.source.line_at(case.broke.at)[1])
    end = stop + 1 if stop >= 0 else case.broke.at + 1
    return faults.bracket_in_flow_value(case.source.span(last.start, end), _clipped(case.text[last.start : end]))


def _misplaced_item(case: _Case) -> Diagnostic | None:
    is_dash = case.text[case.broke.at : case.broke.at + 2] in ("- ", "-\n", "-")
    if "block sequence entries are not allowed" in case.broke.problem or (
        is_dash and "expected key" in case.broke.problem
    ):
        return faults.misplaced_item(case.source.span(case.broke.at, case.broke.at + 1))
    return None


def _tight_colon(case: _Case) -> Diagnostic | None:
    """`key:value` on a line that the parser read as a text, up to the colon further down where it noticed."""
    for start in _suspects(case):
        match = _TIGHT.match(case.text, start, case.source.line_at(start)[1])
        if match:
            span = case.source.span(match.start("key"), match.end("key") + 1)
            return faults.no_space_after_colon(span, match["key"], _clipped(match["value"].rstrip()))
    return None


def _second_colon(case: _Case) -> Diagnostic | None:
    """`description: entry: never`: a colon on a line that has its key already."""
    if "mapping values are not allowed" not in case.broke.problem:
        return None
    start, end = _value_on_line(case, case.broke.at)
    if start >= end or case.broke.at < start:
        return None
    return faults.colon_in_value(case.source.span(case.broke.at, case.broke.at + 1), _clipped(case.text[start:end]))


def _no_colon(case: _Case) -> Diagnostic | None:
    """A line with one word where `key: value` is expected."""
    if "could not find expected ':'" in case.broke.problem and case.broke.context_at is not None:
        return _whole_line_without_colon(case, case.broke.context_at)
    if "mapping values are not allowed" in case.broke.problem and case.last is not None and case.last.style == "plain":
        first_line = case.source.line_at(case.last.start)[0]
        starts_its_line = not case.text[first_line : case.last.start].strip(" -")
        if starts_its_line and not _same_line(case, case.last.start, case.broke.at):
            return _whole_line_without_colon(case, case.last.start)
    return None


def _whole_line_without_colon(case: _Case, offset: int) -> Diagnostic:
    start, end = case.source.line_at(offset)
    text = case.text[start:end].strip()
    begin = start + len(case.text[start:end]) - len(case.text[start:end].lstrip())
    return faults.key_without_colon(case.source.span(begin, begin + len(text)), _clipped(text))


def _indentation(case: _Case) -> Diagnostic | None:
    """A line whose beginning fits none of the entries above it."""
    words = ("expected key", "expected '-' indicator", "mapping values are not allowed", "expected <document start>")
    if not any(word in case.broke.problem for word in words):
        return None
    start, end = case.source.line_at(case.broke.at)
    indent = _INDENT.match(case.text, start)
    width = indent.end() - start if indent else 0
    levels = _levels_above(case, start)
    if width in levels and "mapping values" not in case.broke.problem and case.broke.at != start + width:
        return None
    if "mapping values" in case.broke.problem and case.last is not None:
        levels = tuple(level for level in levels if level < width)[-1:] or levels
    shown = tuple(level for level in levels if level != width)[-_LEVELS_SHOWN_MAX:]
    return faults.bad_indentation(case.source.span(start + width, max(start + width, end)), width, shown)


def _levels_above(case: _Case, line_start: int) -> tuple[int, ...]:
    """Columns of the entries that enclose a line, from the outermost: each further left than those below."""
    levels: list[int] = []
    at = line_start
    for _ in range(_LINES_LOOKED_BACK_MAX):
        if at == 0:
            break
        at, end = case.source.line_at(at - 1)
        line = case.text[at:end]
        entry = _ENTRY.match(line)
        if entry is None or line.lstrip().startswith("#"):
            continue
        for column in sorted({len(entry["lead"]), len(line) - len(line.lstrip(" "))}, reverse=True):
            if not levels or column < levels[-1]:
                levels.append(column)
        if levels[-1] == 0:
            break
    return tuple(reversed(levels))


def _suspects(case: _Case) -> list[int]:
    """Beginnings of the lines on which a text began that the parser read too far: from the nearest."""
    offsets = [case.broke.context_at, case.last.start if case.last else None, case.broke.at]
    if case.broke.problem.startswith("did not find expected") and not _in_flow(case):
        offsets = offsets[1:]
    if not any(
        w in case.broke.problem for w in ("mapping values", "could not find expected ':'", "did not find expected")
    ):
        return []
    return list(dict.fromkeys(case.source.line_at(offset)[0] for offset in offsets if offset is not None))


def _value_on_line(case: _Case, offset: int) -> tuple[int, int]:
    """Begin and end of what stands after the key or dash on a line, without a comment; empty where there is no key."""
    start, end = case.source.line_at(offset)
    line = case.text[start:end]
    entry = _ENTRY.match(line) or re.match(r"[ ]*(?:- +)+", line)
    begin = start + (entry.end() if entry else len(line) - len(line.lstrip(" ")))
    comment = re.compile(r"\s#").search(case.text, begin, end)
    stop = comment.start() if comment else end
    return begin, begin + len(case.text[begin:stop].rstrip())


def _in_flow(case: _Case) -> bool:
    return "flow mapping" in case.broke.context or "flow sequence" in case.broke.context


def _same_line(case: _Case, left: int, right: int) -> bool:
    return case.source.place(left)[0] == case.source.place(right)[0]


def _column(case: _Case) -> int:
    return case.source.place(case.broke.at)[1] - 1


def _here(case: _Case) -> Span:
    """The character that the parser could not take; at the end of the file a zero-width place."""
    width = 0 if case.char() in ("", "\n") else 1
    return case.source.span(case.broke.at, case.broke.at + width)


def _is_one_word_then_more(value: str) -> bool:
    return len(value.split()) > 1


def _clipped(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


_RECOGNISERS: Final[tuple[Callable[[_Case], Diagnostic | None], ...]] = (
    _tab,
    _escape,
    _open_quote,
    _directive,
    _reserved_start,
    _text_after_quote,
    _bracket_in_value,
    _open_bracket,
    _stray,
    _misplaced_item,
    _tight_colon,
    _no_colon,
    _second_colon,
    _indentation,
)
