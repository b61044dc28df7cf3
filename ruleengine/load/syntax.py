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
    if case.char() == "\t":
        return faults.tab_in_indentation(case.source.span(case.broke.at, case.broke.at + 1))
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
    at = _reserved_at(case)
    if at is None:
        return None
    _, end = _value_on_line(case, at)
    end = max(end, at + 1)
    if _in_flow(case) or _brackets_before(case, at):
        end = at + max(1, len(re.split(r"[,\]}]", case.text[at:end])[0].rstrip()))
    return faults.reserved_first_character(case.source.span(at, end), case.text[at], _clipped(case.text[at:end]))


def _reserved_at(case: _Case) -> int | None:
    """Where the reserved character stands: what the parser names, or the beginning of a value with more words in it."""
    if any(words in case.broke.problem for words in _ABOUT_A_START):
        start, _ = _value_on_line(case, case.broke.at)
        candidates = (start, case.broke.context_at, case.broke.at)
        return next((at for at in candidates if at is not None and case.text[at : at + 1] in _RESERVED), None)
    if "expected" not in case.broke.problem:
        return None
    _, in_brackets = _entry_before(case)
    for start in (_value_on_line(case, case.broke.at)[0], in_brackets, _line_beginning(case)):
        if start < case.broke.at and case.text[start : start + 1] in ("*", "&", "!"):
            return start
    return None


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
    """A comma, colon, dash or bracket at which a value was expected, or that closes nothing."""
    is_dash_in_flow = case.text[case.broke.at : case.broke.at + 2] == "- " and "flow" in case.broke.context
    is_at_value = case.broke.at == _value_on_line(case, case.broke.at)[0]
    is_value_expected = "node content" in case.broke.problem or (
        "are not allowed" in case.broke.problem and is_at_value
    )
    if case.char() in (",", "]", "}") or is_dash_in_flow or (case.char() in (":", "?") and is_value_expected):
        return faults.stray_character(case.source.span(case.broke.at, case.broke.at + 1), case.char())
    return None


def _open_bracket(case: _Case) -> Diagnostic | None:
    """A list or map in brackets in which the parser has run into another line or the end of the file."""
    opened = case.broke.context_at
    if not _in_flow(case) or opened is None or case.text[opened : opened + 1] not in ("[", "{"):
        return None
    if _same_line(case, opened, case.broke.at) and case.broke.at < case.source.line_at(opened)[1]:
        return None
    return faults.bracket_not_closed(case.source.span(opened, opened + 1), case.text[opened], _here(case))


def _cut_in_flow(case: _Case) -> Diagnostic | None:
    """Trouble inside an entry of `{…}` or `[…]`: told by what stands at the place and before it in the same entry."""
    if not _in_flow(case):
        return None
    before, start = _entry_before(case)
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
    return faults.bracket_in_flow_value(case.source.span(begin, end), _clipped(case.text[begin:end]))


def _tight_colon_in_flow(case: _Case) -> Diagnostic | None:
    """`{instruments:[USD_JPY]}`."""
    if "unexpected ':'" not in case.broke.problem:
        return None
    before, start = _entry_before(case, case.text.rfind(":", 0, case.broke.at + 1))
    value = re.split(r"[,}]", case.line(case.broke.at)[case.broke.at - case.source.line_at(case.broke.at)[0] :])[0]
    span = case.source.span(start, start + len(before.rstrip()) + 1)
    return faults.no_space_after_colon(span, before.strip(), _clipped(value.lstrip(": ").rstrip()))


def _text_after_bracket(case: _Case) -> Diagnostic | None:
    """`[a, b] c`: trouble on a line right after a closing bracket."""
    start, end = case.source.line_at(case.broke.at)
    before = case.text[start : case.broke.at].rstrip()
    if not before.endswith(("]", "}")) or not case.text[case.broke.at : end].strip():
        return None
    return faults.text_after_bracket(case.source.span(case.broke.at, end), before[-1])


def _entry_before(case: _Case, at: int | None = None) -> tuple[str, int]:
    """What stands on the line between the last comma or opening bracket and a place, and where it begins."""
    stop = case.broke.at if at is None else at
    line_start, _ = case.source.line_at(stop)
    start = max(case.text.rfind(mark, line_start, stop) + 1 for mark in ",[{")
    start = max(start, line_start)
    text = case.text[start:stop]
    blanks = len(text) - len(text.lstrip())
    return text[blanks:], start + blanks


def _line_beginning(case: _Case) -> int:
    start, end = case.source.line_at(case.broke.at)
    return start + len(case.text[start:end]) - len(case.text[start:end].lstrip())


def _brackets_before(case: _Case, at: int) -> bool:
    """Whether a bracket is opened on the line before a place and not closed again."""
    start, _ = case.source.line_at(at)
    before = case.text[start:at]
    return before.count("[") + before.count("{") > before.count("]") + before.count("}")


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
    """A line whose beginning fits none of the entries above it, or the one above where that is the odd one."""
    words = ("expected key", "expected '-' indicator", "mapping values are not allowed", "expected <document start>")
    if not any(word in case.broke.problem for word in words):
        return None
    start, end = case.source.line_at(case.broke.at)
    width = _width(case.text[start:end])
    if (odd := _odd_line_above(case, start, width)) is not None:
        return odd
    levels = _levels_above(case, start)
    if width in levels and "mapping values" not in case.broke.problem and case.broke.at != start + width:
        return None
    if "mapping values" in case.broke.problem and case.last is not None:
        levels = tuple(level for level in levels if level < width)[-1:] or levels
    shown = tuple(level for level in levels if level != width)[-_LEVELS_SHOWN_MAX:]
    return faults.bad_indentation(case.source.span(start + width, max(start + width, end)), width, shown)


def _odd_line_above(case: _Case, line_start: int, width: int) -> Diagnostic | None:
    """The entry above, where it stands alone at its column and this line and the next entry agree on another."""
    if line_start == 0:
        return None
    above, above_end = case.source.line_at(line_start - 1)
    entry = _ENTRY.match(case.text, above, above_end)
    if entry is None or case.text[above_end - 1] == ":":
        return None
    column = len(entry["lead"])
    is_first = above == 0 or _width(case.line(above - 1)) < _width(case.text[above:above_end])
    _, line_end = case.source.line_at(line_start)
    follower = case.line(line_end + 1) if line_end + 1 < len(case.text) else ""
    agrees = bool(follower.strip()) and _width(follower) == width and not follower.lstrip().startswith("- ")
    if not is_first or not agrees or column == width:
        return None
    written = _width(case.text[above:above_end])
    return faults.bad_indentation(
        case.source.span(above + written, above_end), written, (max(0, written + width - column),)
    )


def _width(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


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


def _clipped(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


_RECOGNISERS: Final[tuple[Callable[[_Case], Diagnostic | None], ...]] = (
    _tab,
    _escape,
    _open_quote,
    _directive,
    _reserved_start,
    _text_after_quote,
    _cut_in_flow,
    _tight_colon_in_flow,
    _text_after_bracket,
    _open_bracket,
    _stray,
    _misplaced_item,
    _tight_colon,
    _no_colon,
    _second_colon,
    _indentation,
)
