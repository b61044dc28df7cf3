"""RE150–RE179: a single value that is not what its place expects, or that YAML readers disagree about.

`expected` is the noun of the place: expression, quantity, version, text, id, boolean, number, integer.
"""

from __future__ import annotations

import re

from ruleengine.diagnostics.catalogue.pages import Wording, a_or_an, fault, says, word
from ruleengine.diagnostics.span import Span

_SHORT_CLOCK = re.compile(r"[0-9]:[0-5][0-9]")
"""A time of day whose hour has one digit; schedules take two."""


@fault(
    "RE150",
    title="value missing",
    what="A key has nothing after its colon.",
    why="YAML reads nothing as null, and no place of the language expects null.",
    bad="description:",
    good="description: both sides on one account",
    proof="read:text",
)
def value_missing(span: Span, expected: str) -> Wording:
    return says(f"expected {_noun(expected)}, found nothing", help="write a value, or delete the key")


@fault(
    "RE151",
    title="word that some YAML readers take for true or false",
    what="`yes`, `no`, `on`, `off`, `y`, `n` and capital `True`, `FALSE` stand without quotes.",
    why="YAML 1.1 reads them as booleans, YAML 1.2 as text: editor and engine would disagree.",
    bad="enabled: yes",
    good="enabled: true",
    proof="read:boolean",
)
def boolean_word(span: Span, found: str, fix: str) -> Wording:
    return says(f"{word(found)} is true or false for some YAML readers and text for others", help=f"write `{fix}`")


@fault(
    "RE152",
    title="date without quotes",
    what="A date or time stamp stands without quotes.",
    why="YAML 1.1 turns it into a date value, YAML 1.2 leaves it text.",
    bad="since: 2026-11-21",
    good='since: "2026-11-21"',
    proof="read:text",
)
def bare_date(span: Span, found: str) -> Wording:
    return says(f"{word(found)} is a date for some YAML readers and text for others", help=f'quote it: `"{found}"`')


@fault(
    "RE153",
    title="time or ratio that is a number in base 60",
    what="Digits with colons, such as `22:30`, stand without quotes.",
    why="YAML 1.1 reads `22:30` as 1350, YAML 1.2 as text.",
    bad="opens: 22:30",
    good='opens: "22:30"',
    proof="read:text",
)
def base_sixty(span: Span, found: str) -> Wording:
    clock = f"0{found}" if _SHORT_CLOCK.fullmatch(found) else found
    return says(f"{word(found)} is a number in base 60 for some YAML readers", help=f'quote it: `"{clock}"`')


@fault(
    "RE154",
    title="leading zeros",
    what="A number begins with a zero and further digits.",
    why="YAML 1.1 reads `000660` as octal 432, YAML 1.2 as 660, and the symbol was meant.",
    bad="symbol: 000660",
    good='symbol: "000660"',
    proof="read:text",
)
def leading_zeros(span: Span, found: str, fix: str) -> Wording:
    return says(f"{word(found)} loses its zeros or is octal for YAML readers", help=f"write `{fix}`")


@fault(
    "RE155",
    title="infinity or not-a-number",
    what="`.inf` or `.nan` stands as a value.",
    why="No limit is infinite by intention, and nothing compares with not-a-number.",
    bad="limit: .inf",
    good="limit: 1000",
    proof="read:number",
)
def not_finite(span: Span, found: str, fix: str) -> Wording:
    return says(f"{word(found)} is not a finite number", help=fix)


@fault(
    "RE156",
    title="octal, hexadecimal or binary number",
    what="A number is written as `0x1F`, `0o17` or `0b101`.",
    why="YAML 1.1 and 1.2 disagree about which of them are numbers.",
    bad="limit: 0x1F",
    good="limit: 31",
    proof="read:number",
)
def other_base(span: Span, found: str, fix: str) -> Wording:
    return says(f"{word(found)} is a number for some YAML readers and text for others", help=f"write `{fix}`")


@fault(
    "RE157",
    title="number with exponent",
    what="A number is written with an exponent, such as `1e3`.",
    why="YAML 1.1 reads `1e3` as text, YAML 1.2 as a number.",
    bad="limit: 1e3",
    good="limit: 1000",
    proof="read:number",
)
def exponent(span: Span, found: str, fix: str) -> Wording:
    return says(f"{word(found)} is a number for some YAML readers and text for others", help=f"write `{fix}`")


@fault(
    "RE158",
    title="underscore in a bare number",
    what="A number without a unit has underscores between its digits.",
    why="YAML 1.1 reads `15_000` as a number, YAML 1.2 as text. With a unit attached it is unambiguous: `15_000units`.",
    bad="limit: 15_000",
    good="limit: 15000",
    proof="read:number",
)
def underscore(span: Span, found: str, fix: str) -> Wording:
    return says(f"{word(found)} is a number for some YAML readers and text for others", help=f"write `{fix}`")


@fault(
    "RE159",
    title="null",
    what="`null` or `~` stands as a value.",
    why="No place of the language expects null: what is not given is left out.",
    bad="description: null",
    good="description: none given",
    proof="read:text",
)
def null_word(span: Span, found: str, expected: str) -> Wording:
    quoting = f', or quote it if the text is meant: `"{found}"`' if expected in ("text", "id") else ""
    return says(f"expected {_noun(expected)}, found {word(found)}, which is null", help=f"delete the key{quoting}")


@fault(
    "RE160",
    title="not a number",
    what="A plain number is expected and something else stands there.",
    why="Only digits with an optional sign and decimal point are read the same by everyone.",
    bad="factor: high",
    good="factor: 0.9",
    proof="read:number",
)
def not_a_number(span: Span, found: str, expected: str) -> Wording:
    example = "3" if expected == "integer" else "0.9"
    return says(f"expected {_noun(expected)}, found {word(found)}", help=f"write digits only, such as `{example}`")


@fault(
    "RE161",
    title="number with too many digits",
    what="A number has more than 40 digits.",
    why="No price or amount has; it is a slip, and reading such numbers costs unbounded work.",
    bad="limit: " + "9" * 41,
    good="limit: 1000000",
    proof="read:number",
)
def too_many_digits(span: Span, digits: int, limit: int) -> Wording:
    return says(f"number has {digits:,} digits, more than the {limit} allowed", help="round it")


@fault(
    "RE162",
    title="not a whole number",
    what="A whole number is expected and the value has decimals.",
    why="Counts of bars, steps or trades have no halves.",
    bad="steps: 2.5",
    good="steps: 3",
    proof="read:integer",
)
def not_whole(span: Span, found: str) -> Wording:
    return says(f"expected a whole number, found {word(found)}", help="write it without decimals")


@fault(
    "RE163",
    title="not true or false",
    what="`true` or `false` is expected.",
    why="Only these two words are booleans for every YAML reader.",
    bad="enabled: maybe",
    good="enabled: true",
    proof="read:boolean",
)
def not_boolean(span: Span, found: str) -> Wording:
    return says(f"expected `true` or `false`, found {word(found)}", help="write `true` or `false`, without quotes")


@fault(
    "RE164",
    title="not a quantity",
    what="A number with its unit attached is expected, such as `1.2pips`, `92%`, `45s` or `15_000units`.",
    why="The unit says what the number counts; with a space or a comma in it, it cannot be told where it ends.",
    bad="at_most: 1.2 pips",
    good="at_most: 1.2pips",
    proof="read:quantity",
)
def not_a_quantity(span: Span, found: str, fix: str | None) -> Wording:
    hint = f"write `{fix}`" if fix else "write a number with its unit attached, such as `1.2pips`, `92%` or `45s`"
    return says(f"expected a quantity, found {word(found)}", help=hint)


@fault(
    "RE165",
    title="not an id",
    what="An id consists of letters, digits, `_` and `-`, and begins with a letter or digit.",
    why="Ids appear in logs, file names and commands, where other characters would have to be quoted.",
    bad="id: max spread",
    good="id: max-spread",
    proof="read:id",
)
def not_an_id(span: Span, found: str, fix: str | None) -> Wording:
    hint = f"write `{fix}`" if fix else "use letters, digits, `_` and `-`, beginning with a letter or digit"
    return says(f"{word(found)} cannot be an id", help=hint)


@fault(
    "RE166",
    title="not a version",
    what="A version has three numbers: `1.3.0`, optionally with `-suffix`.",
    why="`1.10` is the number 1.1 for YAML; three parts are always text.",
    bad="version: 1.10",
    good="version: 1.10.0",
    proof="read:version",
)
def not_a_version(span: Span, found: str, fix: str | None) -> Wording:
    return says(f"{word(found)} is no version", help=f"write three numbers, such as `{fix or '1.3.0'}`")


@fault(
    "RE167",
    title="number where text is expected",
    what="A number stands without quotes at a place that expects text or an id.",
    why="YAML readers turn it into a number: `1.10` becomes 1.1.",
    bad="id: 42",
    good='id: "42"',
    proof="read:id",
)
def number_as_text(span: Span, found: str, expected: str) -> Wording:
    return says(f"expected {_noun(expected)}, found the number {word(found)}", help=f'quote it: `"{found}"`')


@fault(
    "RE168",
    title="quoted value where a bare one is expected",
    what="A number, `true` or `false` stands in quotes.",
    why="In quotes it is text for every other reader of the file, the editor's checks among them.",
    bad='factor: "0.9"',
    good="factor: 0.9",
    proof="read:number",
)
def needless_quotes(span: Span, found: str, expected: str) -> Wording:
    return says(f"expected {_noun(expected)}, found text in quotes", help=f"write {word(found)} without quotes")


@fault(
    "RE169",
    title="true or false where text is expected",
    what="`true` or `false` stands without quotes at a place that expects something else.",
    why="YAML readers turn it into a boolean.",
    bad="label: true",
    good='label: "true"',
    proof="read:text",
)
def boolean_as_text(span: Span, found: str, expected: str) -> Wording:
    hint = (
        f'quote it if the text is meant: `"{found}"`' if expected in ("text", "id") else "write the value that is meant"
    )
    return says(f"expected {_noun(expected)}, found {word(found)}", help=hint)


def _noun(expected: str) -> str:
    """What a place expects, as it is said in a sentence."""
    return {"text": "text", "boolean": "`true` or `false`", "integer": "a whole number"}.get(
        expected, a_or_an(expected)
    )
