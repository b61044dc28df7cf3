"""Bytes to text, and the characters that may not stand in a policy.

What a reviewer sees has to be what the engine reads: controls, invisible and direction-changing characters are refused
anywhere, comments included; letters that look Latin and are not, in words that mix both.
"""

from __future__ import annotations

import re
import unicodedata

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import yaml as faults
from ruleengine.load.limits import FINDINGS_MAX
from ruleengine.load.source import SourceText

_UTF8_MARK = b"\xef\xbb\xbf"
_OTHER_MARKS = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\r(?!\n)")
_LINE_ENDS = frozenset("\x85\u2028\u2029")
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS = frozenset(map(chr, [*range(0xFE00, 0xFE10), *range(0x180B, 0x180F), *range(0xE0100, 0xE01F0)]))

_WORD = re.compile(r"[^\W\d_]+(?:[\w]*[^\W\d_]+)?")
_LATIN_LETTER = re.compile("[A-Za-z]")
_CYRILLIC = dict(zip("аеіјорсухԁһӏѕԛԝАВЕІЈКМНОРСТУХЅԌ", "aeijopcyxdhlsqwABEIJKMHOPCTYXSG", strict=True))
_GREEK = dict(zip("ονικυαρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ovikuapABEZHIKMNOPTYX", strict=True))
_LATIN_OTHERS = dict(zip("ıɑɡ", "iag", strict=True))
_LOOK_ALIKE = _CYRILLIC | _GREEK | _LATIN_OTHERS


def decode(data: bytes, file: str) -> tuple[str | None, list[Diagnostic]]:
    """UTF-8 text of a file, without its byte order mark; no text where the bytes are in another encoding."""
    for mark, encoding in _OTHER_MARKS.items():
        if data.startswith(mark):
            return None, [faults.not_utf8(Span.of_file(file), f"it begins with the byte order mark of {encoding}")]
    found: list[Diagnostic] = []
    if data.startswith(_UTF8_MARK):
        found.append(faults.byte_order_mark(Span.of_file(file)))
        data = data[len(_UTF8_MARK) :]
    try:
        return data.decode("utf-8"), found
    except UnicodeDecodeError as error:
        good = SourceText.of(file, data[: error.start].decode("utf-8"))
        place = good.span(error.start, error.start)
        return None, [*found, faults.not_utf8(place, f"byte 0x{data[error.start]:02X} begins no character")]


def refuse_characters(source: SourceText) -> tuple[str, list[Diagnostic]]:
    """Findings for characters that may not stand anywhere, and the text with spaces in their place.

    The second text has the same offsets, so that whatever else is wrong is found at its true place.
    """
    text = source.text
    if text.isascii():
        places = [match.start() for match in _CONTROL.finditer(text)]
    else:
        places = [at for at, char in enumerate(text) if _is_refused(char, text, at)]
    if not places:
        return text, []
    found = [_refusal(source, at) for at in places[:FINDINGS_MAX]]
    cleaned = list(text)
    for at in places:
        cleaned[at] = " "
    return "".join(cleaned), found


def look_alikes(text: str, whole_words: bool) -> list[tuple[int, int, str, str]]:
    """Words in which a letter of another alphabet passes for a Latin one: start, end, that letter, the Latin one.

    `whole_words` also finds words made of such letters only, which are ordinary words in prose but not in a key.

    >>> [found[2:] for found in look_alikes("spre\\u0430d", False)]
    [('U+0430 CYRILLIC SMALL LETTER A', 'a')]
    """
    if text.isascii():
        return []
    found: list[tuple[int, int, str, str]] = []
    for match in _WORD.finditer(text):
        letters = match.group()
        foreign = next((char for char in letters if _latin_twin(char)), None)
        if foreign is None:
            continue
        is_disguised = all(char.isascii() or _latin_twin(char) for char in letters)
        if len(found) == FINDINGS_MAX:
            break
        if _LATIN_LETTER.search(letters) or (whole_words and is_disguised):
            found.append((match.start(), match.end(), name_of(foreign), _latin_twin(foreign) or ""))
    return found


def unseen_in(text: str) -> int | None:
    """Offset of the first character of a value that may not stand in a file, for values written with escapes."""
    return next((at for at, char in enumerate(text) if char not in "\n\r\t" and _is_refused(char, text, at)), None)


def refusal(span: Span, char: str) -> Diagnostic:
    """The finding for one refused character."""
    if (unicodedata.category(char) == "Cc" and char not in _LINE_ENDS) or char in "\ufffe\uffff":
        return faults.control_character(span, name_of(char))
    if char in _LINE_ENDS:
        return faults.invisible_character(span, name_of(char), "use an ordinary line end")
    if unicodedata.category(char) == "Zs":
        return faults.invisible_character(span, name_of(char), "type an ordinary space")
    return faults.invisible_character(span, name_of(char), "delete it")


def name_of(char: str) -> str:
    """Code point and Unicode name.

    >>> name_of("\\u200b"), name_of("\\0")
    ('U+200B ZERO WIDTH SPACE', 'U+0000')
    """
    name = unicodedata.name(char, "next line" if char == "\x85" else "")
    return f"U+{ord(char):04X} {name}".rstrip()


def _refusal(source: SourceText, at: int) -> Diagnostic:
    return refusal(source.span(at, at + 1), source.text[at])


def _is_refused(char: str, text: str, at: int) -> bool:
    if char == "\r":
        return at + 1 == len(text) or text[at + 1] != "\n"
    if " " <= char <= "~" or char in "\n\t":
        return False
    category = unicodedata.category(char)
    return (
        category in ("Cc", "Cf", "Zs", "Zl", "Zp")
        or char in _BLANK_LETTERS
        or char in _SELECTORS
        or (char in "\ufffe\uffff")
    )


def _latin_twin(char: str) -> str | None:
    if char.isascii():
        return None
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    return _LOOK_ALIKE.get(char)
