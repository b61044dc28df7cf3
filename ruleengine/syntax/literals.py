"""Numbers with their units, taken out of the text before Python's grammar sees it.

Each literal with a unit (`1.2pips`, `92%`) is replaced by a name of the same length, so that every column of the Python
tree is a column of the author's text. `55% of x` becomes `55% *  x`, again without moving anything.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import measures, reading
from ruleengine.syntax.tree import Number
from ruleengine.units import LITERAL_UNITS, literal_unit

_QUOTED = r"'[^']*'|\"[^\"]*\""
_NUMBER = r"(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)"
_LITERAL = rf"(?P<number>{_NUMBER})(?P<suffix>%|[A-Za-z]\w*)?"
_TOKEN = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|{_LITERAL}")
_LONE = re.compile(_LITERAL, re.ASCII)
_PLAIN = re.compile(r"(?:0|[1-9]\d{0,2}(?:_\d{3})+|[1-9]\d*)(?:\.\d+)?")
_SPELLING = re.compile(r"[eE]\d*|[xXbBoO]\w*|[jJ]")
"""What follows the digits of `1e5`, `0x1F` and `2j`: another way to write a number, and no unit."""
_DIGITS_MAX = 30
_MEANT = {
    "m": "min",
    **dict.fromkeys(("minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("pct", "percent"), "%"),
    **{code: code.upper() for code in ("usd", "jpy", "eur", "krw", "usdt")},
}
"""Other words for units, where the nearest spelling would be another unit."""
_PLACEHOLDER = 0x4E00
"""Placeholders are `_` + one ideograph: the author's text is ASCII, so no name of theirs can meet one."""


class Masked(NamedTuple):
    """The text for Python's parser, and the literals in it: by placeholder, and plain ones by where they start."""

    text: str
    by_name: dict[str, Number]
    by_start: dict[int, Number]


def lone_literal(text: str, span: Span) -> Number | None:
    """The number that a text is and nothing beside, as most values of a policy are; None for any other text, and for a
    number with a fault."""
    match = _LONE.fullmatch(text)
    return None if match is None else _read(match["number"], match["suffix"], 0, span)[0]


def mask_literals(text: str, span: Span) -> tuple[Masked, list[Diagnostic]]:
    """Replace literals with units by placeholders of the same length."""
    found: list[Diagnostic] = []
    by_name: dict[str, Number] = {}
    by_start: dict[int, Number] = {}
    out = list(text)
    last: Number | None = None
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        kind, word = match.lastgroup, match[0]
        if kind == "quoted":
            last = None
            continue
        if kind == "word":
            if last is not None and text[last.end : start].isspace():
                if word == "of":
                    if last.unit not in ("%", "bps"):
                        found.append(measures.of_without_share(span.within(last.start, end), last.text, last.unit))
                    out[start:end] = "* "
                elif last.unit is None and literal_unit(word) is not None:
                    found.append(reading.unit_apart(span.within(last.start, end), last.text, word))
                    return Masked(text, {}, {}), found
            last = None
            continue
        number, faults = _read(match["number"], match["suffix"], start, span)
        found += faults
        if number is None:
            # a stand-in, so that further faults in the text still show
            number = Number(Decimal(0), None, text[start:end], start, end)
        last = number
        if match["suffix"] is None:
            by_start[start] = number
            out[start:end] = "0".ljust(end - start) if faults else text[start:end]
            continue
        name = "_" + chr(_PLACEHOLDER + len(by_name)) + "_" * (end - start - 2)
        by_name[name] = number
        out[start:end] = name
    return Masked("".join(out), by_name, by_start), found


def _read(digits: str, suffix: str | None, start: int, span: Span) -> tuple[Number | None, list[Diagnostic]]:
    end = start + len(digits) + len(suffix or "")
    whole = digits + (suffix or "")
    is_spelling = suffix is not None and _SPELLING.fullmatch(suffix) and literal_unit(suffix) is None
    if is_spelling or not _PLAIN.fullmatch(digits) or len(digits) > _DIGITS_MAX:
        return None, [reading.number_spelling(span.within(start, end), whole)]
    if suffix is not None and literal_unit(suffix) is None:
        place = span.within(start + len(digits), end)
        return None, [reading.unknown_unit(place, suffix, digits, [*LITERAL_UNITS], _MEANT.get(suffix.lower(), ""))]
    return Number(Decimal(digits.replace("_", "")), suffix, whole, start, end), []
