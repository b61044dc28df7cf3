"""Values and units that don't fit where they stand, or each other.

Codes: RE324, RE330–RE335, RE342–RE343, RE360–RE363, RE366, RE368–RE370.

One function per fault, declared with its page by `@fault` (see `pages.py`). `proof="expression"`: the bad example is
one expression, checked in the scope of an entry guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line


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
        help_line(
            code,
            candidates,
            "codes are of ISO 4217, BTC, ETH, USDT, USDC, and what `requires` names as currency or in instruments",
        ),
    )
