"""How measured values are written for people: as an author would write them, with their unit."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ZERO_DECIMALS = frozenset({"JPY", "KRW"})


def quantity(units: Decimal | float) -> str:
    """
    >>> quantity(Decimal("10000")), quantity(Decimal("0.10"))
    ('10,000', '0.1')
    """
    text = f"{Decimal(str(units)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figure(value: Any, unit: str) -> str:
    """A measured value with its unit, as an author would write it.

    >>> figure(0.3125, "ratio"), figure(1.4, "pips"), figure(93600.0, "duration"), figure("long", "enum")
    ('31.25%', '1.4pips', '26h', 'long')
    >>> figure(12345.6, "pips"), figure(6.414000128, "duration"), figure(1_000_000.0, "count"), figure(1.25e7, "price")
    ('12,345.6pips', '6.414s', '1,000,000', '12500000')
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "–"}[value]
    if isinstance(value, str):
        return value
    number = round(float(value), 12) + 0.0  # no remnants of arithmetic, and no zero below zero
    match unit:
        case "ratio":
            return f"{_digits(number * 100, 4, grid=1)}%"
        case "duration":
            return _duration(number)
        case "units":
            return f"{quantity(round(Decimal(str(number)), 6))}units"
        case "contracts":
            return f"{quantity(round(Decimal(str(number)), 6))}contracts"
        case "pips":
            return f"{_digits(number, 4, grid=1)}pips"
        case "count" | "bar_count":
            return _digits(number, 6)
        case "price" | "distance" | "number" | "quotient" | "rate" | "bool" | "":
            return _digits(number, 7).replace(",", "")
        case "time":
            return when(int(number))
    return money(number, unit) if unit.isupper() else _digits(number, 7).replace(",", "")


def _digits(number: float, significant: int, *, grid: int = 0) -> str:
    """So many significant digits, but whole numbers whole and at least `grid` places: a tick is a tenth of a pip.

    >>> _digits(123.456, 4), _digits(123456.78, 4), _digits(0.00012345678, 4), _digits(12345.67, 4, grid=1)
    ('123.5', '123,457', '0.0001235', '12,345.7')
    """
    if not math.isfinite(number):
        return str(number)
    places = significant - 1 - math.floor(math.log10(abs(number))) if number else 0
    return quantity(Decimal(f"{number:.{max(places, grid, 0)}f}"))


def _duration(seconds: float) -> str:
    size = abs(seconds)
    for length, word in ((86400 * 3, "d"), (3600, "h"), (120, "min")):
        if size >= length:
            return f"{_digits(seconds / {'d': 86400, 'h': 3600, 'min': 60}[word], 4)}{word}"
    return f"{_digits(seconds, 4)}s"


def when(ts_ns: int) -> str:
    """UTC to the millisecond.

    >>> when(1_359_676_800_071_000_000)
    '2013-02-01 00:00:00.071Z'
    """
    return datetime.fromtimestamp(ts_ns // 1_000_000 / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def money(amount: Decimal | float, currency: str) -> str:
    """An amount with thousands, in the currency's own decimals.

    >>> money(-1234.5, "JPY"), money(Decimal("1234.5"), "USD")
    ('-1,234 JPY', '1,234.50 USD')
    >>> money(-0.004, "USD")
    '0.00 USD'
    """
    text = f"{amount:,.{0 if currency in ZERO_DECIMALS else 2}f}"
    return f"{text if any(digit in text for digit in '123456789') else text.removeprefix('-')} {currency}".strip()
