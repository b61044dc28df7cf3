"""RE300–RE319: text that is no expression of the language, told by its usual causes.

One function per fault, declared with its page by `@fault` (see `pages.py`). `proof="expression"`: the bad example is
one expression, checked in the scope of an entry guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line

_ASCII_FOR = {
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "×": "write `*`",
    "÷": "write `/`",
    "−": "write `-`",
    "–": "write `-`",
    "“": 'write `"`',
    "”": 'write `"`',
    "‘": "write `'`",
    "’": "write `'`",
}


@fault(
    "RE301",
    title="expression too long",
    what="The expression has more characters than one condition may have.",
    why="A condition of that length can't be read, and its evaluation could not be bounded.",
    bad="mid > 0 and mid > 0 and … (over 2,048 characters)",
    good="trend_ok and spread <= 1.2pips",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def too_long(span: Span, length: int, most: int) -> Wording:
    return says(
        f"expression of {length} characters, at most {most} are allowed",
        "name parts of it under `features:` and use the names here",
    )


@fault(
    "RE302",
    title="empty expression",
    what="A place that expects an expression has none.",
    why="An empty condition has no meaning; it is neither true nor false.",
    bad='""',
    good="spread <= 1.2pips",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def empty_expression(span: Span) -> Wording:
    return says("empty expression", "write a condition such as `spread <= 1.2pips`")


@fault(
    "RE303",
    title="character outside ASCII",
    what="An expression holds a character that is no printable ASCII.",
    why="Look-alike letters and typographic signs (≤, –, curly quotes) would name something else than they seem to.",
    bad="spread ≤ 1.2pips",
    good="spread <= 1.2pips",
    proof="expression",
)
def foreign_character(span: Span, char: str) -> Wording:
    return says(
        f"character {word(char)} (U+{ord(char):04X}) in an expression",
        _ASCII_FOR.get(char) or "use plain ASCII; other letters can look like another name",
    )


@fault(
    "RE304",
    title="missing bracket or quote",
    what="A bracket or quote has no partner.",
    why="Where the group ends decides what the condition means.",
    bad="(spread <= 1.2pips and mid > 90",
    good="(spread <= 1.2pips) and mid > 90",
    proof="expression",
)
def bracket(span: Span, char: str, is_open: bool) -> Wording:
    return says(f"{word(char)} is never {'closed' if is_open else 'opened'}", "add its partner, or remove it")


@fault(
    "RE305",
    title="unit apart from its number",
    what="A number and its unit are separated by a blank.",
    why="Only an attached unit belongs to the number; apart, it reads as a name.",
    bad="spread <= 1.2 pips",
    good="spread <= 1.2pips",
    proof="expression",
)
def unit_apart(span: Span, number: str, unit: str) -> Wording:
    return says(f"unit {word(unit)} stands apart from its number", f"write `{number}{unit}`")


@fault(
    "RE306",
    title="number spelled in another notation",
    what="Exponents, hexadecimal, leading zeros and misplaced underscores are refused.",
    why="Readers and tools disagree about such spellings (`010`, `1e3`), and a digit read differently is money.",
    bad="mid > 1e2",
    good="mid > 100",
    proof="expression",
)
def number_spelling(span: Span, text: str) -> Wording:
    return says(
        f"{word(text)} is no number as this language writes them",
        "write digits with one `.`, thousands as `15_000`; no exponent, no leading zero, at most 30 digits",
    )


@fault(
    "RE307",
    title="unknown unit",
    what="The letters attached to a number are no unit.",
    why="A quantity without a known unit can't be compared with anything.",
    bad="spread <= 1.2pip",
    good="spread <= 1.2pips",
    proof="expression",
)
def unknown_unit(span: Span, unit: str, number: str, units: Sequence[str], meant: str = "") -> Wording:
    return says(
        f"unknown unit {word(unit)}",
        f"write `{number}{meant}`"
        if meant
        else help_line(unit, list(units), f"units are {', '.join(units[:11])}, or a currency such as `{number}USD`"),
    )


@fault(
    "RE308",
    title="nested too deeply",
    what="Brackets or calls are nested deeper than the limit.",
    why="Evaluation must be bounded, and nobody can check such a condition by eye.",
    bad="((((((((((((((((((((((((((mid > 1))))))))))))))))))))))))))",
    good="mid > 1",
    proof="expression",
)
def too_deep(span: Span, most: int) -> Wording:
    return says(f"nested deeper than {most} levels", "name the inner part under `features:`")


@fault(
    "RE309",
    title="expression has too many parts",
    what="The expression has more operators, names and numbers than the limit.",
    why="Evaluation must be bounded.",
    bad="(an expression of over 256 parts)",
    good="trend_ok and spread <= 1.2pips",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def too_many_nodes(span: Span, most: int) -> Wording:
    return says(f"expression has more than {most} parts", "name parts of it under `features:`")


@fault(
    "RE310",
    title="operator of another language",
    what="`&&`, `||`, `!`, `=`, `<>`, capital AND/OR.",
    why="One spelling for each operator keeps policies readable; a single `=` is nearly always a mistyped `==`.",
    bad="spread <= 1.2pips && mid > 90",
    good="spread <= 1.2pips and mid > 90",
    proof="expression",
)
def foreign_operator(span: Span, wrong: str, right: str) -> Wording:
    return says(f"{word(wrong)} is no operator of this language", f"write `{right}`")


@fault(
    "RE311",
    title="percent sign apart from a number",
    what="A `%` that belongs to no number.",
    why="`%` always means percent here.",
    bad="account.free_margin_ratio <= 8 %",
    good="account.free_margin_ratio <= 8%",
    proof="expression",
)
def percent_apart(span: Span) -> Wording:
    return says("`%` stands apart from a number", "percent is attached to its number, as in `92%`; there is no modulo")


@fault(
    "RE312",
    title="construct outside the language",
    what="The expression uses something the language does not have.",
    why="Only what is listed can be written, so that every policy can be checked, proved and bounded.",
    bad="mid ** 2 > 90",
    good="mid * 2 > 90",
    proof="expression",
)
def not_allowed(span: Span, what: str) -> Wording:
    return says(
        f"{what} is not part of this language",
        "expressions have names, numbers with units, `and or not`, comparisons, `+ - * /`, calls, and `a if b else c`",
    )


@fault(
    "RE313",
    title="truth value spelled with a capital",
    what="`True` and `False` are written in lower case.",
    why="One spelling, the same as in YAML.",
    bad="True and mid > 90",
    good="true and mid > 90",
    proof="expression",
)
def python_truth(span: Span, text: str) -> Wording:
    return says(
        f"{word(text)} is not how this language writes it",
        f"write `{text.lower()}`" if text in ("True", "False") else None,
    )


@fault(
    "RE314",
    title="offset that is no constant",
    what="Only `series[constant]` can be written in square brackets.",
    why="Look-back must be known before any data is read.",
    bad="m1.close[mid] > 90",
    good="m1.close[1] > 90",
    proof="expression",
)
def subscript(span: Span) -> Wording:
    return says(
        "a series takes one constant, non-negative offset", "write `m1.close[1]` for the bar before the last closed one"
    )


@fault(
    "RE315",
    title="`in` without a list",
    what="The right side of `in` is no bracketed list of at least one value.",
    why="The values must be known when the policy is compiled.",
    bad="side in long",
    good="side in (long, short)",
    proof="expression",
)
def membership(span: Span) -> Wording:
    return says("`in` needs a list of values in brackets", "write `strategy in (M1Scalper, TrendMA)`")


@fault(
    "RE316",
    title="comprehension of another form",
    what="Aggregates go over one collection with at most one condition.",
    why="Anything else could not be bounded or explained in one line.",
    bad="count(t for t in trades for u in trades) > 1",
    good="count(t for t in trades if t.pnl < 0) > 1",
    proof="expression",
)
def comprehension(span: Span) -> Wording:
    return says(
        "a comprehension here has one `for`, one name, one collection and at most one `if`",
        "write `count(t for t in trades if t.pnl < 0)`",
    )


@fault(
    "RE317",
    title="expression ends too early",
    what="An operator or comma has nothing after it.",
    why="A half-written condition has no meaning.",
    bad="spread <= 1.2pips and",
    good="spread <= 1.2pips and mid > 90",
    proof="expression",
)
def incomplete(span: Span) -> Wording:
    return says("the expression ends too early", "something is missing after this")


@fault(
    "RE318",
    title="word out of place",
    what="A name, number or sign stands where an operator is expected, or the reverse.",
    why="The expression can't be read in one way only.",
    bad="spread 1.2pips",
    good="spread <= 1.2pips",
    proof="expression",
)
def unexpected(span: Span, text: str) -> Wording:
    return says(f"{word(text)} is not expected here", "is an operator (`and`, `<=`, `*`) or a comma missing before it?")
