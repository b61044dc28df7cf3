"""What YAML readers make of a plain text, where it is not text for all of them.

YAML 1.1 (which PyYAML and many editors follow) and YAML 1.2 resolve plain texts by different tables; the union of both
is listed here, in the words that messages use. Pure functions of the text.
"""

from __future__ import annotations

import re
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple


class Reading(StrEnum):
    """What at least one reader takes the text for."""

    BOOLEAN = "boolean"
    BOOLEAN_WORD = "boolean_word"
    NULL = "null"
    NUMBER = "number"
    LEADING_ZEROS = "leading_zeros"
    UNDERSCORE = "underscore"
    EXPONENT = "exponent"
    OTHER_BASE = "other_base"
    BASE_SIXTY = "base_sixty"
    NOT_FINITE = "not_finite"
    DATE = "date"
    SPECIAL = "special"


class Ambiguity(NamedTuple):
    """A plain text that is something else than text for some reader, and the noun for that."""

    reading: Reading
    noun: str


_NOUNS: Final = {
    Reading.BOOLEAN: "true or false",
    Reading.BOOLEAN_WORD: "true or false",
    Reading.NULL: "null",
    Reading.NUMBER: "a number",
    Reading.LEADING_ZEROS: "an octal number",
    Reading.UNDERSCORE: "a number",
    Reading.EXPONENT: "a number",
    Reading.OTHER_BASE: "a number",
    Reading.BASE_SIXTY: "a number in base 60",
    Reading.NOT_FINITE: "infinity or not-a-number",
    Reading.DATE: "a date",
    Reading.SPECIAL: "a special value",
}

# YAML 1.1's list has each word in lower case, capitalised and in capitals; mixed case is text for everyone.
_TRUE_WORDS: Final = ("yes", "on", "y")
_FALSE_WORDS: Final = ("no", "off", "n")

# First match decides. All patterns are anchored, have no nested repetition, and so run in time linear in the text.
_PATTERNS: Final = (
    (Reading.NUMBER, re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|[-+]?\.[0-9]+")),
    (Reading.LEADING_ZEROS, re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?")),
    (Reading.OTHER_BASE, re.compile(r"[-+]?0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)")),
    (Reading.EXPONENT, re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+")),
    (Reading.BASE_SIXTY, re.compile(r"[-+]?[0-9][0-9_]*(?::[0-9]{1,2})+(?:\.[0-9_]*)?")),
    (Reading.UNDERSCORE, re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)")),
    (Reading.NOT_FINITE, re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")),
    (
        Reading.DATE,
        re.compile(
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
            r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?)?)?"
        ),
    ),
)
_STARTS: Final = frozenset("-+.0123456789")
_WORDS: Final = {
    **{
        spelling: Reading.BOOLEAN_WORD
        for word in ("true", "false", *_TRUE_WORDS, *_FALSE_WORDS)
        for spelling in (word, word.capitalize(), word.upper())
    },
    **dict.fromkeys(("true", "false"), Reading.BOOLEAN),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), Reading.NULL),
    **dict.fromkeys(("=", "<<"), Reading.SPECIAL),
}


def what_yaml_reads(text: str) -> Ambiguity | None:
    """What some YAML reader takes a plain text for, or nothing where all of them take it for text.

    >>> what_yaml_reads("22:30").reading, what_yaml_reads("spread <= 2")
    (<Reading.BASE_SIXTY: 'base_sixty'>, None)
    """
    reading = _reading(text)
    return None if reading is None else Ambiguity(reading, _NOUNS[reading])


def boolean_of(text: str) -> bool | None:
    """What YAML 1.1 reads from a boolean word in any of its spellings."""
    word = text.lower()
    if text not in (word, word.capitalize(), word.upper()):
        return None
    if word == "true" or word in _TRUE_WORDS:
        return True
    if word == "false" or word in _FALSE_WORDS:
        return False
    return None


def plain_spelling(text: str, reading: Reading) -> str | None:
    """The same number in digits only, as its author most likely meant it; nothing where it is too long to write.

    >>> plain_spelling("1e3", Reading.EXPONENT), plain_spelling("15_000", Reading.UNDERSCORE)
    ('1000', '15000')
    >>> plain_spelling("0x1F", Reading.OTHER_BASE), plain_spelling("007", Reading.LEADING_ZEROS)
    ('31', '7')
    """
    if len(text) > _SPELLED_OUT_MAX:
        return None
    bare = text.replace("_", "")
    if reading is Reading.OTHER_BASE:
        return _without_base(bare)
    if reading is Reading.EXPONENT:
        return _without_exponent(bare)
    if reading is Reading.LEADING_ZEROS:
        sign = bare[0] if bare[0] in "+-" else ""
        digits = bare.removeprefix(sign).lstrip("0") or "0"
        return sign + (f"0{digits}" if digits.startswith(".") else digits)
    return bare


_SPELLED_OUT_MAX: Final = 40


def _reading(text: str) -> Reading | None:
    word = _WORDS.get(text)
    if word is not None or text[0] not in _STARTS:
        return word
    return next((reading for reading, pattern in _PATTERNS if pattern.fullmatch(text)), None)


def _without_base(text: str) -> str | None:
    sign = text[0] if text[0] in "+-" else ""
    digits = text.removeprefix(sign)
    base = {"x": 16, "o": 8, "b": 2}[digits[1].lower()]
    return f"{sign}{int(digits[2:], base)}" if digits[2:] else None


def _without_exponent(text: str) -> str | None:
    power = int(re.split("[eE]", text)[1])
    if abs(power) > _SPELLED_OUT_MAX:
        return None
    spelled = f"{Decimal(text):f}"
    return spelled.rstrip("0").rstrip(".") if "." in spelled else spelled
