"""Single breakages of a policy's text: each is the whole text with one line spoilt, and that line must be refused.

Deterministic: the same text gives the same breakages in the same order. Every kind of slip is made at every place where
it can be made, up to `most` places of a kind spread evenly over the text, so that none is crowded out.

What is not a breakage is left out: a misspelling that is again a word of the language, a word inside prose (`doc`,
`description`), a unit that fits as well (`bps` for `%`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

PER_KIND_MAX = 60

_KEY = re.compile(r"(?P<key>[A-Za-z_]\w*):(?= |$)")
_BLOCK_KEY = re.compile(r"^(?P<lead> *(?:- )?)(?P<key>[A-Za-z_]\w*): (?P<value>\S.*)$")
_WORD = re.compile(r"(?<![\w.\"'-])[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*(?![\w\"'-])")
_CALL = re.compile(r"\b([a-z][a-z0-9_]*)(?=\()")
_QUANTITY = re.compile(r"(?<![\w.])(?P<number>\d[\d_]*(?:\.\d+)?)(?P<unit>%|pips|ms|s|min|h|units|JPY|bps)(?!\w)")
_DECLARED = re.compile(r"\b(?:pocket|strategy): (?P<word>[A-Za-z]\w*)(?=[,}\s]|$)")
_FIGURE = re.compile(
    r"\b(?:close|wait|cooldown|max_open|within|orders|count|pause|max_order_units|max_order_value|max_position_units"
    r"|price_collar|quote_age_max|orders_per_second|orders_per_minute): (?=\d)"
)
_LIST = re.compile(r"\b(?:intent|strategy|pocket|days|at_most|instruments): (?P<list>\[[^]]*\])")
_PROSE = ("doc", "description")
_EXPRESSION_KEYS = """
    require unless limit when size scale side until otherwise at_least value max_open stop target close use cooldown
    enabled wait wanted
"""
_EXPRESSIONS = frozenset(_EXPRESSION_KEYS.split())
_NAMING = frozenset({"strategies", "timeframes", "parameters", "features", "schedules", "tables", "metrics"})
_RESERVED_WORDS = frozenset({"and", "or", "not", "in", "if", "else", "for", "of", "true", "false", "long", "short"})
_OTHER_UNIT = {
    "%": "s", "bps": "pips", "pips": "%", "ms": "pips", "s": "%", "min": "units", "h": "units", "units": "s",
    "JPY": "s",
}  # fmt: skip


@dataclass(frozen=True)
class Breakage:
    """One spoilt text: what was done, on which line (from 1), and the whole text."""

    kind: str
    line: int
    was: str
    now: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} on line {self.line}: {self.was.strip()!r} → {self.now.strip()!r}"


Spoiler = Callable[[str, str], Iterator[str]]
"""Spoilt forms of one line, given the section that it stands in."""


def breakages(text: str, most: int = PER_KIND_MAX) -> list[Breakage]:
    """All breakages of a text, `most` of each kind."""
    lines = text.split("\n")
    found: list[Breakage] = []
    for kind, spoil in SPOILERS.items():
        of_kind: list[Breakage] = []
        section = ""
        for number, line in enumerate(lines):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            section = _section(line) or section
            for now in spoil(line, section):
                spoilt = [*lines[:number], *now.split("\n"), *lines[number + 1 :]]
                at = number + 1 + now.count("\n")
                of_kind.append(Breakage(kind, at, line, now, "\n".join(spoilt)))
        found += _spread(of_kind, most)
    return found


def _spread(items: list[Breakage], most: int) -> list[Breakage]:
    if len(items) <= most:
        return items
    return [items[index * len(items) // most] for index in range(most)]


# --- keys -------------------------------------------------------------------------------------------------------------


def _misspelt_key(line: str, section: str) -> Iterator[str]:
    """Two letters of a key swapped. Names that the author chose are misspelt elsewhere, where they are used."""
    for match in _keys(line, section):
        key = match["key"]
        for at in range(1, len(key) - 1):
            if key[at] != key[at + 1]:
                yield _put(line, match.start("key"), key, key[:at] + key[at + 1] + key[at] + key[at + 2 :])
                break


def _duplicate_key(line: str, section: str) -> Iterator[str]:
    """The same key a second time, below the first."""
    match = _BLOCK_KEY.match(line)
    if match and not match["lead"].endswith("- "):
        yield f"{line}\n{line}"


def _unused_key(line: str, section: str) -> Iterator[str]:
    """A key that nothing reads, below a line of a rule or of the settings."""
    match = _BLOCK_KEY.match(line)
    if match and not _is_choosing(line, section):
        yield f"{line}\n{' ' * len(match['lead'])}by_regime: 3"


# --- expressions ------------------------------------------------------------------------------------------------------


def _misspelt_fact(line: str, section: str) -> Iterator[str]:
    """A letter of a name in an expression doubled."""
    for start, expression in _expressions(line, section):
        for match in _WORD.finditer(expression):
            name = match.group()
            following = expression[match.end() : match.end() + 1]
            if name in _RESERVED_WORDS or len(name) < 3 or following == "(" or following == "=":
                continue
            yield _put(line, start + match.start(), name, name[:2] + name[1] + name[2:])


def _misspelt_function(line: str, section: str) -> Iterator[str]:
    """The last letter of a function's name replaced."""
    for start, expression in _expressions(line, section):
        for match in _CALL.finditer(expression):
            yield _put(line, start + match.start(), match[1], match[1][:-1] + "q")


def _missing_bracket(line: str, section: str) -> Iterator[str]:
    """One bracket or quote of the line left out."""
    if _key_of(line) in _PROSE:
        return
    bare = _without_comment(line)
    prose = re.search(r"\b(?:doc|description): .*", bare)
    for at, char in enumerate(bare[: prose.start()] if prose else bare):
        if char in '()[]{}"':
            yield line[:at] + line[at + 1 :]


def _missing_operand(line: str, section: str) -> Iterator[str]:
    """An expression cut behind its operator."""
    for start, expression in _expressions(line, section):
        match = re.search(r"(<=|>=|<|>|==|\band\b|\bor\b)\s", expression)
        if match and "{" not in line:
            yield line[: start + match.end(1)]


# --- values -----------------------------------------------------------------------------------------------------------


def _wrong_unit(line: str, section: str) -> Iterator[str]:
    """A unit of another dimension."""
    if _key_of(line) in _PROSE:
        return
    for match in _QUANTITY.finditer(_without_comment(line)):
        wrong = match["number"] + _OTHER_UNIT[match["unit"]]
        yield line[: match.start()] + wrong + line[match.end() :]


def _unknown_unit(line: str, section: str) -> Iterator[str]:
    """A unit that does not exist."""
    if _key_of(line) in _PROSE:
        return
    for match in _QUANTITY.finditer(_without_comment(line)):
        yield line[: match.start("unit")] + "pibs" + line[match.end() :]


def _unit_apart(line: str, section: str) -> Iterator[str]:
    """A space between number and unit."""
    if _key_of(line) in _PROSE:
        return
    for match in _QUANTITY.finditer(_without_comment(line)):
        if match["unit"] != "%":
            yield line[: match.end("number")] + " " + line[match.start("unit") :]


def _ambiguous_scalar(line: str, section: str) -> Iterator[str]:
    """A value that YAML readers disagree about, or read as something else than text."""
    match = _BLOCK_KEY.match(line)
    if match is None or match["value"][0] in "[{" or any(_expressions(line, section)):
        return
    for value in ("yes", "1e3", "0o17", "2026-01-02", "~"):
        yield f"{match['lead']}{match['key']}: {value}"


def _wrong_type(line: str, section: str) -> Iterator[str]:
    """A list or a map where a value stands, a value where a list or map stands."""
    match = _BLOCK_KEY.match(line)
    if match is None:
        return
    value = match["value"]
    if value.startswith(("[", "{")):
        if section in ("features", "metrics") and _is_choosing(line, section):
            return  # a bare number is an expression there
        yield f"{match['lead']}{match['key']}: 12"
    else:
        yield f"{match['lead']}{match['key']}: [[{value.replace(',', '')}]]"
        yield f"{match['lead']}{match['key']}: {{nothing: 1}}"


def _unknown_word(line: str, section: str) -> Iterator[str]:
    """A word of a fixed vocabulary that is none of it."""
    match = _BLOCK_KEY.match(_without_comment(line))
    if match and match["key"] in ("account", "kind", "apiVersion", "combine", "source", "for_each", "restrict",
                                  "floor_over_cap", "enforcement", "then", "price", "side", "unit"):  # fmt: skip
        yield f"{match['lead']}{match['key']}: {match['value']}x"


def _undeclared_word(line: str, section: str) -> Iterator[str]:
    """A pocket or strategy that the policy does not declare."""
    for match in _DECLARED.finditer(_without_comment(line)):
        yield _put(line, match.start("word"), match["word"], match["word"] + "p")


def _nonsense_figure(line: str, section: str) -> Iterator[str]:
    """A limit, share, wait or count below zero."""
    for match in _FIGURE.finditer(_without_comment(line)):
        yield line[: match.end()] + "-" + line[match.end() :]


def _empty_list(line: str, section: str) -> Iterator[str]:
    """A list that says which, and says none."""
    for match in _LIST.finditer(_without_comment(line)):
        yield line[: match.start("list")] + "[]" + line[match.end("list") :]


def _missing_value(line: str, section: str) -> Iterator[str]:
    """A key without its value."""
    match = _BLOCK_KEY.match(line)
    if match:
        yield f"{match['lead']}{match['key']}:"


SPOILERS: dict[str, Spoiler] = {
    "misspelt key": _misspelt_key,
    "duplicate key": _duplicate_key,
    "unused key": _unused_key,
    "misspelt name": _misspelt_fact,
    "misspelt function": _misspelt_function,
    "missing bracket": _missing_bracket,
    "missing operand": _missing_operand,
    "wrong unit": _wrong_unit,
    "unknown unit": _unknown_unit,
    "unit apart": _unit_apart,
    "ambiguous scalar": _ambiguous_scalar,
    "wrong type": _wrong_type,
    "unknown word": _unknown_word,
    "undeclared word": _undeclared_word,
    "nonsense figure": _nonsense_figure,
    "empty list": _empty_list,
    "missing value": _missing_value,
}


# --- reading a line ---------------------------------------------------------------------------------------------------


def _keys(line: str, section: str) -> Iterator[re.Match[str]]:
    """Keys of the language on a line; names that the author chose are none."""
    bare = _without_comment(line)
    if _is_choosing(line, section):
        return
    for match in _KEY.finditer(bare):
        before = bare[: match.start()]
        if before.strip(" -") == "" or before.rstrip().endswith(("{", ",")):
            yield match


def _section(line: str) -> str:
    """The section that a line begins, if it stands at the margin."""
    match = re.match(r"([a-z]\w*):", line)
    return match[1] if match else ""


def _is_choosing(line: str, section: str) -> bool:
    """Whether a line defines a name of the author's: one level into a section of names, or a column of a table."""
    if re.match(r"  [A-Za-z]\w*:", line):
        return section in _NAMING
    return section == "tables" and re.match(r"      [A-Za-z]\w*:$", line) is not None


def _key_of(line: str) -> str:
    match = re.match(r"^ *(?:- )?(\w+):", line)
    return match[1] if match else ""


def _expressions(line: str, section: str) -> Iterator[tuple[int, str]]:
    """Expressions of a line, with where each begins."""
    bare = _without_comment(line)
    match = _BLOCK_KEY.match(bare)
    named = section in ("features", "metrics") and _is_choosing(line, section)
    if match and (match["key"] in _EXPRESSIONS or named) and match["value"][0] not in "[{":
        yield match.start("value"), match["value"]
        return
    for inner in re.finditer(r"(?:when|require|limit|close): ([^,{}\[\]]+)", bare):
        yield inner.start(1), inner[1].rstrip()


def _without_comment(line: str) -> str:
    return re.sub(r"\s+#.*$", "", line)


def _put(line: str, at: int, old: str, new: str) -> str:
    assert line.startswith(old, at)
    return line[:at] + new + line[at + len(old) :]
