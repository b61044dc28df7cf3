"""Characters that cannot be seen, or pass for others, are refused wherever they stand."""

from __future__ import annotations

import pytest

from ruleengine.load import load_bytes

CONTROLS = ["\0", "\x01", "\x07", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x80", "\x9f", "\ufffe", "\uffff"]
BIDI = [
    "\u202a",
    "\u202b",
    "\u202c",
    "\u202d",
    "\u202e",
    "\u2066",
    "\u2067",
    "\u2068",
    "\u2069",
    "\u200e",
    "\u200f",
    "\u061c",
]
ZERO_WIDTH = [
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u180e",
    "\U000e0041",
    "\ufe0f",
    "\u3164",
    "\u115f",
]
LOOK_ALIKE_BLANKS = ["\u00a0", "\u2003", "\u202f", "\u3000", "\u1680", "\u0085", "\u2028", "\u2029"]


@pytest.mark.parametrize("where", ["key", "value", "comment", "quoted", "block"])
@pytest.mark.parametrize(
    "char", [*CONTROLS, *BIDI, *ZERO_WIDTH, *LOOK_ALIKE_BLANKS], ids=lambda char: f"U+{ord(char):04X}"
)
def test_refused_everywhere_with_its_place(char: str, where: str) -> None:
    texts = {
        "key": f"a: 1\nspr{char}ead: 2\n",
        "value": f"a: 1\nk: {char}ead\n",
        "comment": f"a: 1\nk: # {char}\n",
        "quoted": f'a: 1\nk: "{char}"\n',
        "block": f"a: |\n  x{char}y\n",
    }
    column = {"key": 4, "value": 4, "comment": 6, "quoted": 5, "block": 4}[where]
    _, found = load_bytes(texts[where].encode(), "x.yaml")
    code = "RE106" if char in CONTROLS else "RE107"
    assert [(finding.code, finding.span.line, finding.span.col) for finding in found] == [(code, 2, column)]
    assert f"U+{ord(char):04X}" in found[0].message


def test_a_carriage_return_alone_is_refused_and_with_a_line_feed_is_not() -> None:
    assert [finding.code for finding in load_bytes(b"a: 1\rb: 2\n", "x.yaml")[1]] == ["RE106"]
    assert load_bytes(b"a: 1\r\nb: 2\r\n", "x.yaml")[1] == []


@pytest.mark.parametrize("escape", ["\\0", "\\u202e", "\\u200b", "\\_", "\\N", "\\L", "\\x07"])
def test_an_escape_cannot_bring_in_what_may_not_stand_there(escape: str) -> None:
    _, found = load_bytes(f'k: "ab{escape}c"\n'.encode(), "x.yaml")
    assert [(finding.code[:4], finding.span.col, finding.span.end_col) for finding in found] == [
        ("RE10", 7, 7 + len(escape))
    ]


@pytest.mark.parametrize(
    ("text", "letter"),
    [("spre\u0430d", "U+0430"), ("\u0440rice", "U+0440"), ("M\u0391X", "U+0391"), ("\uff53pread", "U+FF53")],
)
@pytest.mark.parametrize("form", ["{}: 1", "k: {}", 'k: "{}"', "k: [a, {} > 1]"])
def test_a_letter_that_passes_for_a_latin_one_is_refused(text: str, letter: str, form: str) -> None:
    source = form.format(text)
    _, found = load_bytes(source.encode(), "x.yaml")
    assert [finding.code for finding in found] == ["RE108"]
    assert letter in found[0].message
    begin = source.index(text) + 1
    assert (found[0].span.col, found[0].span.end_col) == (begin, begin + len(text))


def test_a_key_wholly_in_look_alike_letters_is_refused_but_such_a_word_in_prose_is_not() -> None:
    assert [finding.code for finding in load_bytes("\u0441\u0430\u0440: 1\n".encode(), "x.yaml")[1]] == ["RE108"]
    assert load_bytes("k: \u0441 \u0438 \u0430\n# \u0430 spre\n".encode(), "x.yaml")[1] == []


def test_many_bad_characters_are_reported_up_to_a_bound_and_do_not_hide_other_faults() -> None:
    _, found = load_bytes(b"a: " + b"\0" * 10_000 + b"\nb: 1\nb: 2\n", "x.yaml")
    assert [finding.code for finding in found].count("RE106") == 50
    assert found[-1].code == "RE123"
    assert found[-1].span.line == 3


@pytest.mark.parametrize(
    ("first", "second"), [("caf\u00e9", "cafe\u0301"), ("\uac00", "\u1100\u1161"), ("\u00b5", "\u03bc")]
)
def test_two_spellings_of_the_same_letters_are_one_key(first: str, second: str) -> None:
    _, found = load_bytes(f"{first}: 1\n{second}: 2\n".encode(), "x.yaml")
    assert [(finding.code, finding.span.line) for finding in found] == [("RE123", 2)]
