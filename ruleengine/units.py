"""Dimensions of values and their algebra.

Knows which units may meet, and what a product or quotient of two units is. Knows nothing of expressions or YAML.
Internal scale of every dimension (what a float in a slot means):

    price, distance   quote currency per base unit        pips      number of pips of the instrument
    ratio             1.0 = 100 %                         duration  seconds
    time              UTC seconds since 1970              units     base units        contracts  contracts
    money(CCY)        whole units of that currency        count, number, quotient     plain
"""

from __future__ import annotations

from typing import NamedTuple


class Type(NamedTuple):
    """What a value is. `arg`: the currency of money, the currencies of a rate, the vocabulary of an enum, the element
    of a series."""

    kind: str
    arg: str = ""

    def __str__(self) -> str:
        if self.kind == "money":
            spoken = {"home": "account currency", "quote": "quote currency"}
            return f"money in {spoken.get(self.arg, self.arg)}"
        if self.kind == "enum":
            return self.arg
        if self.kind == "series":
            return f"series of {self.arg}"
        return _SPOKEN.get(self.kind, self.kind)


_SPOKEN = {
    "bool": "condition",
    "number": "plain number",
    "quotient": "plain number or ratio",
    "distance": "price distance",
}

PRICE, DISTANCE, PIPS, RATIO = Type("price"), Type("distance"), Type("pips"), Type("ratio")
DURATION, TIME, UNITS, CONTRACTS = Type("duration"), Type("time"), Type("units"), Type("contracts")
COUNT, NUMBER, QUOTIENT, BOOL, TEXT = Type("count"), Type("number"), Type("quotient"), Type("bool"), Type("text")
BARS, BAR_COUNT, ANY = Type("bars"), Type("bar_count"), Type("any")
HOME, QUOTE = Type("money", "home"), Type("money", "quote")
QUOTE_TO_HOME = Type("rate", "quote/home")
UNITS_PER_CONTRACT = Type("contract_size")

SCALARS = frozenset({"ratio", "count", "number", "quotient"})
NUMERIC = SCALARS | {
    "price",
    "distance",
    "pips",
    "duration",
    "time",
    "units",
    "contracts",
    "money",
    "rate",
    "contract_size",
    "bar_count",
}


def money(currency: str) -> Type:
    return Type("money", currency)


def enum(name: str) -> Type:
    return Type("enum", name)


def series(element: Type) -> Type:
    return Type("series", element.kind)


class LiteralUnit(NamedTuple):
    """A unit that may be attached to a number: its type and the factor to the internal scale, as a decimal string."""

    type: Type
    factor: str
    doc: str


LITERAL_UNITS: dict[str, LiteralUnit] = {
    "%": LiteralUnit(RATIO, "0.01", "percent; there is no modulo"),
    "bps": LiteralUnit(RATIO, "0.0001", "basis points"),
    "pips": LiteralUnit(PIPS, "1", "pips of the instrument in scope"),
    "ms": LiteralUnit(DURATION, "0.001", "milliseconds"),
    "s": LiteralUnit(DURATION, "1", "seconds"),
    "min": LiteralUnit(DURATION, "60", "minutes"),
    "h": LiteralUnit(DURATION, "3600", "hours"),
    "d": LiteralUnit(DURATION, "86400", "days of 24 hours"),
    "units": LiteralUnit(UNITS, "1", "units of the base currency, or shares"),
    "contracts": LiteralUnit(CONTRACTS, "1", "contracts of a derivative"),
    "bars": LiteralUnit(BAR_COUNT, "1", "closed bars"),
}
"""Every unit but the currencies: three or four capitals (`500USD`, `20USDT`) are money in that currency."""


def literal_unit(suffix: str) -> LiteralUnit | None:
    """The unit a literal's suffix names, or None.

    >>> literal_unit("pips").type.kind, literal_unit("JPY").type, literal_unit("pip") is None
    ('pips', Type(kind='money', arg='JPY'), True)
    """
    if suffix in LITERAL_UNITS:
        return LITERAL_UNITS[suffix]
    if suffix.isascii() and suffix.isupper() and suffix.isalpha() and 3 <= len(suffix) <= 5:
        return LiteralUnit(money(suffix), "1", f"money in {suffix}")
    return None


COMPARISON_SCALE: dict[str, str] = {
    "pips": "100",
    "ratio": "0.1",
    "number": "1",
    "quotient": "1",
    "count": "1",
    "duration": "1",
    "units": "1",
    "contracts": "1",
    "money": "1000",
    "bar_count": "1",
    "price": "0",
    "distance": "0",
    "rate": "0",
    "contract_size": "0",
}
"""Magnitude below which differences are told no finer, by dimension: 1e-7 pips, 1e-10 of a ratio, a millionth of money.

Far below any step that matters, far above what binary fractions leave behind (decision record 0003). Prices have none:
they are compared by their own size, whatever a coin costs; price distances are compared in pips. Instants (`time`) are
whole nanoseconds and compared exactly."""

NOTHING = 2.0**-30
"""The language's 1e-9, as a power of two: the same in both number systems, and no difference of decimals lies on its
edge. Two numbers are equal when they differ by at most this × the largest of both magnitudes and the scale above; a sum
whose terms cancel to at most this × the largest of them is zero."""


# --- the algebra -----------------------------------------------------------------------------------------------------


def add(left: Type, right: Type, minus: bool) -> Type | None:
    """Type of left ± right, or None where the two do not add."""
    pair = (left.kind, right.kind)
    if pair == ("price", "price"):
        return DISTANCE if minus else None
    if pair == ("price", "distance"):
        return PRICE
    if pair == ("distance", "price"):
        return None if minus else PRICE
    if pair == ("time", "time"):
        return DURATION if minus else None
    if pair == ("time", "duration"):
        return TIME
    if left == right and left.kind in NUMERIC:
        return left
    if left.kind in SCALARS and right.kind in SCALARS:
        if "quotient" in pair:
            return right if left.kind == "quotient" else left
        return NUMBER if set(pair) == {"count", "number"} else None
    return None


def multiply(left: Type, right: Type) -> Type | None:
    """Type of left × right, or None. price × units → money(quote); money(quote) × rate → money(home)."""
    if left.kind in SCALARS and right.kind in SCALARS:
        return _product_of_scalars(left, right)
    if left.kind in SCALARS:
        return right if right.kind in NUMERIC and right.kind != "time" else None
    if right.kind in SCALARS:
        return left if left.kind in NUMERIC and left.kind != "time" else None
    return _PRODUCTS.get((left, right)) or _PRODUCTS.get((right, left))


def _product_of_scalars(left: Type, right: Type) -> Type:
    if left == right:
        return left
    return NUMBER if {left, right} == {COUNT, NUMBER} else QUOTIENT


def divide(left: Type, right: Type) -> Type | None:
    """Type of left ÷ right, or None. Like by like gives a quotient, which meets both `1.2` and `120%`."""
    if right.kind in SCALARS:
        if left.kind in SCALARS:
            return QUOTIENT if left == right else NUMBER if left == COUNT else left
        return left if left.kind in NUMERIC and left.kind != "time" else None
    if left == right and left.kind in NUMERIC and left.kind != "time":
        return QUOTIENT
    return _QUOTIENTS.get((left, right))


_PRODUCTS: dict[tuple[Type, Type], Type] = {
    (PRICE, UNITS): QUOTE,
    (DISTANCE, UNITS): QUOTE,
    (QUOTE, QUOTE_TO_HOME): HOME,
    (CONTRACTS, UNITS_PER_CONTRACT): UNITS,
}
_QUOTIENTS: dict[tuple[Type, Type], Type] = {
    (DISTANCE, PRICE): RATIO,
    (QUOTE, PRICE): UNITS,
    (QUOTE, DISTANCE): UNITS,
    (QUOTE, UNITS): PRICE,
    (HOME, QUOTE_TO_HOME): QUOTE,
    (UNITS, UNITS_PER_CONTRACT): CONTRACTS,
    (PRICE, DISTANCE): QUOTIENT,
}


def comparable(left: Type, right: Type) -> bool:
    """May the two be compared as they stand? (Literals and price distances against pips are handled by the checker.)"""
    if left == right:
        return left.kind in NUMERIC or left.kind in ("enum", "text", "bool")
    pair = {left.kind, right.kind}
    if "quotient" in pair:
        return bool(pair & {"ratio", "number", "count"})
    return pair == {"count", "number"}
