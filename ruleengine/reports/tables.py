"""A report as plain tables, which the prompt draws and JSON carries alike. Figures are written by `model.figure`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ruleengine.model.figure import figure, money, quantity, when

__all__ = ["Table", "figure", "money", "quantile", "quantity", "shortened", "text_of", "when"]


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


def shortened(text: str, width: int = 72) -> str:
    """A long text with its end cut off, visibly.

    >>> shortened("equity is not above zero", 12)
    'equity is n…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


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
