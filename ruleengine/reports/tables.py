"""A report as plain tables, which the prompt draws and JSON carries alike; and how its figures are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ZERO_DECIMALS = frozenset({"JPY", "KRW"})


@dataclass(slots=True)
class Table:
    """`right`: indices of columns that hold figures. `note`: a line under the table."""

    title: str
    heads: list[str]
    rows: list[list[str]] = field(default_factory=list)
    right: tuple[int, ...] = ()
    note: str = ""


def text_of(tables: list[Table]) -> str:
    """Tables as aligned text, for files and pipes.

    >>> print(text_of([Table("orders", ["rule", "n"], [["spread", "3"], ["margin", "12"]], right=(1,))]))
    orders
      rule     n
      spread   3
      margin  12
    """
    parts: list[str] = []
    for table in tables:
        if not table.rows:
            continue
        lines = [*([table.heads] if any(table.heads) else []), *table.rows]
        widths = [max(len(row[i]) for row in lines) for i in range(len(table.heads))]
        drawn = [
            "  "
            + "  ".join(
                c.rjust(w) if i in table.right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in lines
        ]
        parts.append(
            "\n".join([table.title, *(line.rstrip() for line in drawn), *([f"  {table.note}"] if table.note else [])])
        )
    return "\n\n".join(parts)


def money(amount: Decimal | float, currency: str) -> str:
    """An amount with thousands, in the currency's own decimals.

    >>> money(-1234.5, "JPY"), money(Decimal("1234.5"), "USD")
    ('-1,234 JPY', '1,234.50 USD')
    >>> money(-0.004, "USD")
    '0.00 USD'
    """
    text = f"{amount:,.{0 if currency in ZERO_DECIMALS else 2}f}"
    return f"{text if any(digit in text for digit in '123456789') else text.removeprefix('-')} {currency}".strip()


def shortened(text: str, width: int = 72) -> str:
    """A long text with its end cut off, visibly.

    >>> shortened("equity is not above zero", 12)
    'equity is n…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


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
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "–"}[value]
    if isinstance(value, str):
        return value
    number = round(float(value), 12) + 0.0  # no remnants of arithmetic, and no zero below zero
    match unit:
        case "ratio":
            return f"{number * 100:.4g}%"
        case "duration":
            return _duration(number)
        case "units":
            return f"{quantity(round(Decimal(str(number)), 6))}units"
        case "contracts":
            return f"{quantity(round(Decimal(str(number)), 6))}contracts"
        case "pips":
            return f"{number:.4g}pips"
        case "count" | "bar_count":
            return f"{number:g}"
        case "price" | "distance" | "number" | "quotient" | "rate" | "bool" | "":
            return f"{number:.7g}"
        case "time":
            return when(int(number))
    return money(number, unit) if unit.isupper() else f"{number:.7g}"


def _duration(seconds: float) -> str:
    size = abs(seconds)
    for length, word in ((86400 * 3, "d"), (3600, "h"), (120, "min")):
        if size >= length:
            return f"{seconds / {'d': 86400, 'h': 3600, 'min': 60}[word]:.4g}{word}"
    return f"{seconds:.4g}s"


def when(ts_ns: int) -> str:
    """UTC to the millisecond.

    >>> when(1_359_676_800_071_000_000)
    '2013-02-01 00:00:00.071Z'
    """
    return datetime.fromtimestamp(ts_ns // 1_000_000 / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"


def quantile(numbers: list[float], share: float) -> float:
    """Linear between neighbours, as numpy's default; `numbers` not empty.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.25)
    1.75
    """
    ordered = sorted(numbers)
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)
