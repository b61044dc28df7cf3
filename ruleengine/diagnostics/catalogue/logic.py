"""RE3xx: an expression or a rule does not make sense: names, types, units, logic.

One function per fault, declared with its page by `@fault` (see `pages.py`). `proof="expression"`: the bad example is
one expression, checked in the scope of an entry guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line


def _near(name: str, candidates: Sequence[str], otherwise: str | None = None) -> str | None:
    return help_line(name, candidates) or otherwise


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


_TRUTH_FOR = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_TRUTH_FOR |= {spelt: truth for name, truth in _TRUTH_FOR.items() for spelt in (name.title(), name.upper())}


_DECLARED = {
    "strategies": ("strategy", "strategies"),
    "pockets": ("pocket", "pockets"),
    "regimes": ("regime", "regimes"),
    "instruments": ("instrument", "requires.instruments"),
}
"""Vocabularies that a policy declares: one of them, and where they stand."""


def _a(noun: str) -> str:
    if noun.startswith(("a ", "an ", "money", "units", "contracts", "pips", "text", "the ")):
        return noun
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def percent(number: Decimal) -> str:
    """A factor as a percentage.

    >>> percent(Decimal("0.205")), percent(Decimal("1.60")), percent(Decimal("20"))
    ('20.5%', '160%', '2000%')
    """
    text = f"{number * 100:f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def percent_or_times(number: Decimal) -> str:
    """Both readings of a number of 1 or more that stands where a ratio is meant."""
    return f"`{percent(number)}` for {number:f} times, or `{percent(number / 100)}` for {number:f} in a hundred"


def _compare_help(left: str, right: str) -> str | None:
    pair = {left, right}
    if "pips" in pair and "ratio" in pair:
        return "pips are a distance, percent is a share; write the limit in the unit of the other side"
    if "price" in pair and "pips" in pair:
        return "compare a difference of two prices with pips, as in `abs(mid - m1.close) <= 2pips`"
    if pair == {"units", "contracts"}:
        return "write the contracts in base units: how many that is differs by instrument"
    if "duration" in pair and ("count" in pair or "bar_count" in pair):
        return "`45s` is a time, `3bars` a number of bars"
    return None


_HOME, _QUOTE = "money in account currency", "money in quote currency"
_TO_QUOTE = "divide the account's money by `instrument.quote_to_home` first, which gives money of the quote currency"
_UNITS_FIRST = "multiply by the units first: a price times units is money of the quote currency"
_PRICE_FIRST = "divide by the price first: units `/ instrument.contract_size` are contracts"
_CONTRACTS_FIRST = "multiply the contracts first: contracts `* instrument.contract_size` are units"
_CONTRACTS_TO_UNITS = "multiply by units: contracts `* instrument.contract_size` are units"
_PRODUCT_HELP = {
    ("/", _HOME, "price"): _TO_QUOTE,
    ("/", _HOME, "price distance"): _TO_QUOTE,
    ("/", _HOME, "units"): _TO_QUOTE,
    ("*", "price", "rate"): _UNITS_FIRST,
    ("*", "price distance", "rate"): _UNITS_FIRST,
    ("*", _HOME, "rate"): "divide by it: `instrument.quote_to_home` is account currency per quote currency",
    ("/", _QUOTE, "rate"): "multiply by it: `instrument.quote_to_home` is account currency per quote currency",
    ("/", _QUOTE, "contract_size"): _PRICE_FIRST,
    ("*", "price", "contract_size"): _CONTRACTS_FIRST,
    ("*", "price distance", "contract_size"): _CONTRACTS_FIRST,
    ("*", "price", "contracts"): _CONTRACTS_TO_UNITS,
    ("*", "price distance", "contracts"): _CONTRACTS_TO_UNITS,
}
"""Which step is missing in a product or quotient, by operator and units; the sides of a product in either order."""


def _product_help(operator: str, left: str, right: str) -> str | None:
    swapped = _PRODUCT_HELP.get((operator, right, left)) if operator == "*" else None
    return _PRODUCT_HELP.get((operator, left, right), swapped)


def _scope_help(frame: str, scope: str) -> str:
    helps = {
        "trade": "use `for_each: trade`, or an aggregate such as `count(t for t in trades if …)`",
        "signal": "it is known only in entries `on: signal`",
        "intent": "it is known in guards, caps and sizing",
    }
    return helps.get(frame, f"this rule is evaluated for {scope}")


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
        else _near(unit, list(units), f"units are {', '.join(units[:11])}, or a currency such as `{number}USD`"),
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


@fault(
    "RE320",
    title="unknown name",
    what="A name is no fact, feature, parameter, schedule or word of the policy.",
    why="A misspelt fact must not silently be something else.",
    bad="spraed <= 1.2pips",
    good="spread <= 1.2pips",
    proof="expression",
)
def unknown_name(span: Span, name: str, candidates: Sequence[str]) -> Wording:
    if name in _TRUTH_FOR:
        return says(f"unknown name {word(name)}", f"write `{_TRUTH_FOR[name]}`")
    return says(
        f"unknown name {word(name)}",
        _near(
            name,
            candidates,
            "facts are listed by `ruleengine explain facts`; declare your own under `features:` or `parameters:`",
        ),
    )


@fault(
    "RE321",
    title="unknown function",
    what="A call names no function of the language.",
    why="Only registered, pure functions can be called.",
    bad="rsj(m1, 14) > 70",
    good="rsi(m1, 14) > 70",
    proof="expression",
)
def unknown_function(span: Span, name: str, candidates: Sequence[str]) -> Wording:
    return says(f"unknown function {word(name)}", _near(name, candidates, "functions are listed in docs/language.md"))


@fault(
    "RE322",
    title="wrong number of arguments",
    what="A call has too few or too many arguments.",
    why="A missing window has no silent default, and a superfluous argument says that something else was meant.",
    bad="avg_over(spread) <= 2pips",
    good="avg_over(spread, 60s) <= 2pips",
    proof="expression",
)
def argument_count(span: Span, function: str, signature: str, given: int) -> Wording:
    return says(
        f"{word(function)} does not take {given} argument{'' if given == 1 else 's'}", f"its form is `{signature}`"
    )


@fault(
    "RE323",
    title="unknown parameter of a function",
    what="A named argument is no parameter of the function.",
    why="A misspelt parameter must not be ignored.",
    bad="avg_over(spread, windw=60s) <= 2pips",
    good="avg_over(spread, window=60s) <= 2pips",
    proof="expression",
)
def unknown_parameter(span: Span, function: str, name: str, names: Sequence[str]) -> Wording:
    return says(
        f"{word(function)} has no parameter {word(name)}", _near(name, names, f"its parameters are {', '.join(names)}")
    )


@fault(
    "RE324",
    title="argument of the wrong type",
    what="An argument has another type or unit than the function declares.",
    why="Seconds where a number of bars is meant is a different indicator.",
    bad="rsi(mid, 14) > 70",
    good="rsi(m1, 14) > 70",
    proof="expression",
)
def argument_type(
    span: Span, function: str, parameter: str, expected: str, got: str, help: str | None = None
) -> Wording:
    return says(f"{word(parameter)} of {word(function)} must be {_a(expected)}, this is {_a(got)}", help)


@fault(
    "RE325",
    title="argument that is not constant",
    what="A length or window depends on data.",
    why="Look-back is computed before any data is read.",
    bad="sma(m1.close, position.additions) > 90",
    good="sma(m1.close, 20) > 90",
    proof="expression",
)
def argument_not_constant(span: Span, function: str, parameter: str) -> Wording:
    return says(
        f"{word(parameter)} of {word(function)} must be known when the policy is compiled",
        "write a number, or the name of a parameter",
    )


@fault(
    "RE326",
    title="argument out of bounds",
    what="A constant argument lies outside of what the function takes.",
    why="An RSI over 0 bars has no value.",
    bad="rsi(m1, 0) > 70",
    good="rsi(m1, 14) > 70",
    proof="expression",
)
def argument_bounds(span: Span, function: str, parameter: str, bounds: str) -> Wording:
    return says(f"{word(parameter)} of {word(function)} must be {bounds}")


@fault(
    "RE327",
    title="argument given twice",
    what="A parameter is given by place and by name, or twice by name.",
    why="Which of the two counts would be a guess.",
    bad="rsi(m1, 14, n=9) > 70",
    good="rsi(m1, n=14) > 70",
    proof="expression",
)
def argument_twice(span: Span, function: str, name: str) -> Wording:
    return says(f"{word(name)} of {word(function)} is given twice")


@fault(
    "RE328",
    title="aggregate without a collection",
    what="`count`, `sum`, `any`, `all`, `avg` take one comprehension.",
    why="Over which trades must be said.",
    bad="count(trades) > 5",
    good="count(t for t in trades) > 5",
    proof="expression",
)
def needs_comprehension(span: Span, function: str) -> Wording:
    return says(
        f"{word(function)} goes over a collection",
        f"write `{function}(t for t in trades if …)` or `{function}(t.pnl for t in trades)`",
    )


@fault(
    "RE329",
    title="comprehension outside an aggregate",
    what="A function that is no aggregate was given a comprehension.",
    why="Only aggregates over a collection can be bounded and explained.",
    bad="abs(t.pnl for t in trades) > 5",
    good="sum(t.pnl for t in trades) > 0",
    proof="expression",
)
def comprehension_outside(span: Span) -> Wording:
    return says(
        "a comprehension may only be the sole argument of an aggregate",
        "aggregates are count, sum, min, max, avg, any, all",
    )


@fault(
    "RE330",
    title="comparison of different units",
    what="The two sides of a comparison have different units.",
    why="A percent read as pips costs money; such a comparison does not compile.",
    bad="spread <= 2%",
    good="spread <= 2pips",
    proof="expression",
)
def cannot_compare(span: Span, left: str, right: str) -> Wording:
    return says(f"{_a(left)} can't be compared with {_a(right)}", _compare_help(left, right))


@fault(
    "RE331",
    title="sum of different units",
    what="The two sides of `+` or `-` have units that don't add.",
    why="The sum of a price and a percent is nothing.",
    bad="mid + 2% > 90",
    good="mid * 2% > 90",
    proof="expression",
)
def cannot_add(span: Span, operator: str, left: str, right: str) -> Wording:
    return says(f"{_a(left)} and {_a(right)} can't be {'added' if operator == '+' else 'subtracted'}")


@fault(
    "RE332",
    title="product of units that has no meaning",
    what="The units of a product or quotient give nothing the language knows.",
    why="Unit algebra catches a forgotten price or conversion.",
    bad="mid * mid > 90",
    good="mid * 2 > 90",
    proof="expression",
)
def cannot_multiply(span: Span, operator: str, left: str, right: str) -> Wording:
    return says(
        f"{_a(left)} {'times' if operator == '*' else 'divided by'} {_a(right)} has no meaning here",
        _product_help(operator, left, right),
    )


@fault(
    "RE333",
    title="number without a unit",
    what="A bare number meets a value that has a unit.",
    why="`spread <= 2` could mean pips, points or price.",
    bad="spread <= 2",
    good="spread <= 2pips",
    proof="expression",
)
def bare_number(span: Span, number: str, other: str, help: str) -> Wording:
    return says(f"{word(number)} has no unit, the other side is {_a(other)}", help)


@fault(
    "RE334",
    title="value where a condition is expected",
    what="The place needs something that is true, false or unknown.",
    why="Nothing here is silently read as true.",
    bad="spread and mid > 90",
    good="spread <= 1.2pips and mid > 90",
    proof="expression",
)
def not_a_condition(span: Span, got: str) -> Wording:
    return says(f"a condition is expected, this is {_a(got)}", "compare it with something")


@fault(
    "RE335",
    title="value of another type than the place expects",
    what="The expression is well formed but gives another kind of value.",
    why="A size in pips can't be sent to a venue.",
    bad="sizing: {size: 5pips}",
    good="sizing: {size: 1_000units}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def wrong_value_type(span: Span, expected: str, got: str, help: str | None = None) -> Wording:
    return says(f"{_a(expected)} is expected, this is {_a(got)}", help)


@fault(
    "RE336",
    title="word that is not in the vocabulary",
    what="A word compared with a side, phase, strategy, pocket or regime is none of the declared ones.",
    why="A comparison with a misspelt name is never true, and says nothing.",
    bad="side == lonng",
    good="side == long",
    proof="expression",
)
def unknown_word(span: Span, name: str, vocabulary: str, words: Sequence[str]) -> Wording:
    if vocabulary in _DECLARED:
        noun, section = _DECLARED[vocabulary]
        otherwise = f"declared under `{section}`: {', '.join(words)}" if words else f"declare it under `{section}`"
    else:
        noun = vocabulary
        otherwise = f"{noun} is one of {', '.join(words)}" if words else f"declare it under `{noun}`"
    return says(f"{word(name)} is no {noun}", _near(name, words, otherwise))


@fault(
    "RE337",
    title="fact out of scope",
    what="The fact is of a trade, an intent or a signal, and the rule is evaluated without one.",
    why="There is no trade to ask for its age; the rule would never act.",
    bad="trade.pnl < 0",
    good="count(t for t in trades if t.pnl < 0) > 0",
    proof="expression",
)
def not_in_scope(span: Span, name: str, frame: str, scope: str) -> Wording:
    return says(f"{word(name)} belongs to {frame}, which this rule does not have", _scope_help(frame, scope))


@fault(
    "RE338",
    title="timeframe, table or function used as a value",
    what="A name of something that is no value stands where a value is expected.",
    why="Which of its values is meant must be said.",
    bad="m1 > 90",
    good="m1.close > 90",
    proof="expression",
)
def not_a_value(span: Span, name: str, kind: str, example: str) -> Wording:
    return says(f"{word(name)} is {kind}, not a value", f"write `{example}`")


@fault(
    "RE339",
    title="unknown column",
    what="The part after the dot is no column of the timeframe, table or element.",
    why="A misspelt column must not be something else.",
    bad="m1.clos > 90",
    good="m1.close > 90",
    proof="expression",
)
def unknown_column(span: Span, name: str, column: str, columns: Sequence[str]) -> Wording:
    return says(f"{word(name)} has no {word(column)}", _near(column, columns, f"it has {', '.join(columns)}"))


@fault(
    "RE341",
    title="definition that needs itself",
    what="Features or tables depend on each other in a circle.",
    why="Such a value could never be computed.",
    bad="features: {a: b + 1, b: a + 1}",
    good="features: {a: 1 + 1, b: a + 1}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def cycle(span: Span, chain: Sequence[str]) -> Wording:
    return says(f"defined by itself: {' → '.join(chain)}", "break the circle")


@fault(
    "RE342",
    title="branches of different types",
    what="Both branches of `a if c else b` must have the same type.",
    why="The type of a value can't depend on the market.",
    bad="(mid if side == long else spread) > 90",
    good="(bid if side == long else ask) > 90",
    proof="expression",
)
def branches_differ(span: Span, then: str, otherwise: str) -> Wording:
    return says(f"one branch is {_a(then)}, the other {_a(otherwise)}")


@fault(
    "RE343",
    title="account currency not stated",
    what="A literal in a currency meets money of the account, whose currency the policy leaves open.",
    why="500 USD is not 500 of whatever the account holds.",
    bad="account.free_margin > 500USD",
    good="account.free_margin > 0",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def needs_currency(span: Span, currency: str) -> Wording:
    return says(
        f"money in {currency} meets account currency, which the policy does not state",
        f"add `requires: {{currency: {currency}}}`",
    )


@fault(
    "RE344",
    title="condition that never changes",
    what="The condition does not depend on anything that can change.",
    why="A guard that can never refuse, or never allow, is a mistake.",
    bad="1 > 2",
    good="mid > 90",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def constant_condition(span: Span, value: bool) -> Wording:
    return says(f"this condition is always {str(value).lower()}", "remove it, or say what it was meant to depend on")


@fault(
    "RE345",
    title="cap that is not monotone in size",
    what="The largest allowed size is only defined where more size makes the limit harder to keep.",
    why="Otherwise a larger order could pass where a smaller one is refused.",
    bad="limit: account.margin_used_of_equity_after >= 50%",
    good="limit: account.margin_used_of_equity_after <= 50%",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def cap_not_monotone(span: Span, why: str) -> Wording:
    why, _, remedy = why.partition("; ")
    return says(
        f"the allowed size can't be solved: {why}",
        remedy
        or "compare one `…_after` fact, or a sum of such, with something that does not depend on `size`;"
        " rising facts with `<=`, falling ones with `>=`; what more size makes easier to keep is a guard",
    )


@fault(
    "RE346",
    title="cap that does not depend on the size",
    what="A cap is solved for the size; this one has the same answer for every size.",
    why="It would be a guard in disguise and refuse without saying by how much.",
    bad="limit: spread <= 2pips",
    good="limit: account.margin_used_of_equity_after <= 50%",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def cap_without_size(span: Span) -> Wording:
    return says("the limit does not depend on `size`", "use a fact that ends in `_after`, or write it as a guard")


@fault(
    "RE347",
    title="parameter outside of its bounds",
    what="The value of a parameter breaks its own `min` or `max`.",
    why="Bounds are the operator's promise (FX-02: never above 92 %).",
    bad="{unit: ratio, default: 95%, max: 92%}",
    good="{unit: ratio, default: 92%, max: 92%}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def parameter_bounds(span: Span, name: str, value: str, low: str, high: str, are_crossed: bool) -> Wording:
    """`low`, `high`: as written, empty where there is none."""
    if are_crossed:
        return says(f"nothing can be {word(name)}: its `min` {low} is above its `max` {high}", "exchange the two")
    bounds = " and ".join(f"{which} {bound}" for which, bound in (("at least", low), ("at most", high)) if bound)
    return says(f"{word(name)} is {value}, it has to be {bounds}")


@fault(
    "RE348",
    title="declared but never used",
    what="A parameter, feature, table, schedule or timeframe is declared and nothing reads it.",
    why="A limit that nothing reads looks like protection and is none (SC-17).",
    bad="parameters: {max_loss: …} without a use",
    good="remove it, or use it in a rule",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def unused(span: Span, kind: str, name: str, section_below: str = "") -> Wording:
    remedy = "use it or remove it"
    if section_below:
        remedy = f"it stands in a policy below: use it, or add `removes: [{section_below}.{name.partition('.')[0]}]`"
    return says(f"{kind} {word(name)} is never used", remedy)


@fault(
    "RE349",
    title="name already taken",
    what="A feature, parameter, table or schedule is called like a fact, function, timeframe, strategy or other word.",
    why="One name, one meaning.",
    bad="features: {mid: bid}",
    good="features: {my_mid: bid}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def name_taken(span: Span, name: str, kind: str) -> Wording:
    return says(f"{word(name)} is already {kind}", "choose another name")


@fault(
    "RE350",
    title="product too long",
    what="A chain of multiplications could leave the range of numbers.",
    why="Results must stay finite in every backend.",
    bad="(17 factors)",
    good="mid * 2 > 90",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def product_chain(span: Span, most: int) -> Wording:
    return says(f"more than {most} multiplications in a row", "name parts of it under `features:`")


@fault(
    "RE351",
    title="two strategies with the same tag",
    what="Two names resolve from the same alias or cut to the same tag.",
    why="Trades of one would be managed as the other's (FX-16).",
    bad="strategies: {A: {aliases: [X]}, B: {aliases: [X]}}",
    good="strategies: {A: {aliases: [X]}, B: {aliases: [Y]}}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def same_cut_tag(span: Span, first: str, second: str, tag: str) -> Wording:
    return says(
        f"strategies {word(first)} and {word(second)} both claim the tag {word(tag)}", "make the aliases distinct"
    )


@fault(
    "RE352",
    title="reference to something that is not declared",
    what="A rule names a rule, table, schedule or strategy that the policy does not have.",
    why="A reference to nothing would silently do nothing.",
    bad="applies_to: {strategy: Unknwon}",
    good="applies_to: {strategy: M1Scalper}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def unknown_reference(span: Span, kind: str, name: str, candidates: Sequence[str]) -> Wording:
    return says(
        f"there is no {kind} {word(name)}",
        _near(
            name,
            list(candidates),
            f"declared are {', '.join(candidates)}" if candidates else f"no {kind} is declared; declare it first",
        ),
    )


@fault(
    "RE360",
    title="stop or target that is a bare number",
    what="A number without a unit stands where a price or a distance from the entry is expected.",
    why="It would be a price: `stop: 8` is a stop at 8.000, not 8 pips away.",
    bad="stop: 8",
    good="stop: 8pips",
    proof="none: shown in tests/typecheck/test_slips.py",
)
def bare_bracket(span: Span, key: str, number: str) -> Wording:
    return says(
        f"{word(key)} is the bare number {word(number)}, which would be a price",
        f"write a distance such as `{number.lstrip('-') if number.strip('-0.') else 8}pips`, or a price that something"
        " gives (a fact, a parameter with `unit: price`)",
    )


@fault(
    "RE361",
    title="stop or target at no distance",
    what="The distance of a stop or target from the entry is zero or less.",
    why="On which side it stands follows from the side of the order; the venue refuses one at or beyond the entry.",
    bad="stop: -8pips",
    good="stop: 8pips",
    proof="none: shown in tests/typecheck/test_slips.py",
)
def bracket_not_above_zero(span: Span, key: str) -> Wording:
    return says(
        f"{word(key)} is not above zero",
        "write the distance without a sign, such as `8pips`; the side of the order says in which direction",
    )


@fault(
    "RE362",
    title="factor above 1 without a percent sign",
    what="A size is scaled by a bare number above 1.",
    why="`scale: 50` would trade fifty times the size where 50 % was meant.",
    bad="scale: 50",
    good="scale: 50%",
    proof="none: shown in tests/typecheck/test_slips.py",
)
def bare_factor(span: Span, number: str) -> Wording:
    return says(
        f"the factor {word(number)} would multiply the size by {number}",
        f"write {percent_or_times(Decimal(number))}",
    )


@fault(
    "RE363",
    title="`of` after a number that is no share",
    what="`of` follows a number without a percent sign.",
    why="`50 of x` would be fifty times x where half of it was meant.",
    bad="size <= 50 of position.gross_units",
    good="size <= 50% of position.gross_units",
    proof="expression",
)
def of_without_share(span: Span, number: str, unit: str | None) -> Wording:
    if unit is None:
        return says(f"{word(number)} before `of` is no share", f"write `{number}% of …`, or `{number} * …`")
    return says(f"{word(number)} before `of` is no share", "`of` takes a share such as `50%`")


@fault(
    "RE364",
    title="reduction whose size can't be solved",
    what="`until` is solved for the smallest reduction after which it holds; this one need not begin to hold.",
    why="A condition that more reducing does not bring about would reduce everything, or nothing.",
    bad="reduce: {until: account.margin_used_of_available >= 82%}",
    good="reduce: {until: account.margin_used_of_available <= 82%}",
    proof="none: shown in tests/typecheck/test_reductions.py",
)
def reduction_not_monotone(span: Span, why: str) -> Wording:
    why, _, remedy = why.partition("; ")
    return says(
        f"the reduction can't be solved: {why}",
        remedy
        or "limit something that falls as the net position is reduced with `<=`, such as"
        " `account.margin_used_of_available <= 82%` or `abs(position.net_units) <= 40_000units`",
    )


@fault(
    "RE365",
    title="size that may be below zero",
    what="A size is a share of the signed net position, or a bound of `reduce` is not known to be zero or more.",
    why="The net position is negative where shorts are the larger side: a share of it would open or allow nothing.",
    bad="at_most: [55% of position.net_units]",
    good="at_most: [55% of abs(position.net_units)]",
    proof="none: shown in tests/typecheck/test_reductions.py",
)
def may_be_negative(span: Span, key: str, of_net: bool) -> Wording:
    return says(
        f"{word(key)} may be below zero",
        "write `abs(position.net_units)`: for shorts the net position is below zero"
        if of_net
        else "write it so that it can't be: with `abs(…)`, or as `max(…, 0)`",
    )


@fault(
    "RE366",
    title="column that can't be combined so",
    what="A column's `combine` asks for something that its unit does not have.",
    why="The product of two times or texts is nothing, and two texts have no smaller one.",
    bad="columns: {far: {unit: pips, combine: product}}",
    good="columns: {far: {unit: pips, combine: min}}",
    proof="none: shown in tests/typecheck/test_tables.py",
)
def cannot_combine(span: Span, unit: str, how: str) -> Wording:
    only = "a ratio, count or number" if how == "product" else "a number with an order"
    return says(f"`combine: {how}` needs {only}, the column is {_a(unit)}", "write `combine: first`, or another unit")


@fault(
    "RE367",
    title="second `otherwise` for a column",
    what="Two rows of a table are `otherwise` and give the same column.",
    why="Only the first would ever count.",
    bad="rows: [{otherwise: true, values: {n: 1}}, {otherwise: true, values: {n: 2}}]",
    good="rows: [{when: {strategy: A}, values: {n: 1}}, {otherwise: true, values: {n: 2}}]",
    proof="none: shown in tests/typecheck/test_tables.py",
)
def second_otherwise(span: Span, column: str) -> Wording:
    return says(f"a row above gives {word(column)} already where no other row matches", "remove one of the two")


@fault(
    "RE368",
    title="prices of several instruments put together",
    what="An aggregate adds or compares prices, distances or quote money of trades in more than one instrument.",
    why="150 yen and 1.08 dollars do not add up, and a trade's price says nothing beside another instrument's.",
    bad="sum(t.entry_price for t in trades) > 300",
    good="sum(t.pnl for t in trades) > 300JPY",
    proof="none: shown in tests/typecheck/test_elements.py",
)
def several_instruments(span: Span, variable: str, collection: str, what: str) -> Wording:
    remedy = "use figures in account currency or pips"
    if collection != "positions":
        remedy = f"add `if {variable}.instrument == instrument.name`, or {remedy} such as `{variable}.pnl`"
    return says(f"{word(collection)} may be of several instruments: {what}", remedy)


@fault(
    "RE369",
    title="money in another currency than the account's",
    what="An amount in one currency meets account money, and the policy says that the account is in another.",
    why="500 USD are not 500 JPY, and no rate between them is part of an expression.",
    bad="account.free_margin > 500USD",
    good="account.free_margin > 75_000JPY",
    proof="none: shown in tests/typecheck/test_currencies.py",
)
def other_currency(span: Span, currency: str, account: str, stated: str) -> Wording:
    return says(
        f"money in {currency} meets account money, which is in {account}",
        f"write the amount in {account}, or correct `requires: {{currency: {account}}}` ({stated})",
    )


@fault(
    "RE370",
    title="unknown currency",
    what="The letters are the code of no currency that the language or the policy knows.",
    why="An amount in a mistyped currency can be compared with nothing.",
    bad="account.free_margin > 500JYP",
    good="account.free_margin > 500JPY",
    proof="none: shown in tests/typecheck/test_currencies.py",
)
def unknown_currency(span: Span, code: str, candidates: Sequence[str]) -> Wording:
    if code.upper() in candidates or code.lower() in candidates:
        right = code.upper() if code.upper() in candidates else code.lower()
        return says(f"{word(code)} is no currency", f"write `{right}`")
    return says(
        f"{word(code)} is no currency",
        _near(
            code,
            candidates,
            "codes are of ISO 4217, BTC, ETH, USDT, USDC, and what `requires` names as currency or in instruments",
        ),
    )


@fault(
    "RE371",
    title="value that is never known",
    what="A part of the expression is made of constants and has no value, as a division by zero.",
    why="What depends on it is unknown at all times: a guard refuses everything, an exit never acts.",
    bad="require: spread <= 5pips / 0",
    good="require: spread <= 5pips / 2",
    proof="none: shown in tests/typecheck/test_constants.py",
)
def never_known(span: Span) -> Wording:
    return says("this has no value, whatever the market does", "is it a division by zero?")
