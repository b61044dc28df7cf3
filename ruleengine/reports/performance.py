"""How a group of closed trades did: n beside every figure, and nothing invented where a figure can't be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ruleengine.model.figure import figure, money
from ruleengine.reports.document import share

SQL = """
    count(*), count(pips), avg(pips), avg(result), sum(result), count(*) FILTER (result > 0),
    count(*) FILTER (result < 0), coalesce(sum(result) FILTER (result > 0), 0),
    coalesce(-sum(result) FILTER (result < 0), 0)
"""
"""What `Performance.of` takes, over rows with `pips` and `result`."""
HEADS = ("n", "pips: mean", "result: mean", "sum", "won", "profit factor")


@dataclass(frozen=True, slots=True)
class Performance:
    """`won`, `lost`: trades above and below zero; one at exactly zero is neither. `gained`, `given`: their sums, both
    above zero."""

    n: int
    n_pips: int
    pips: float | None
    mean: float
    total: float
    won: int
    lost: int
    gained: float
    given: float

    @classmethod
    def of(cls, row: Sequence[Any]) -> Performance:
        n, n_pips, pips, mean, total, won, lost, gained, given = row
        return cls(n, n_pips, pips, mean or 0.0, total or 0.0, won, lost, gained, given)

    @property
    def profit_factor(self) -> float | None:
        """Gains by losses; None where nothing was lost, for then there is no such figure."""
        return self.gained / self.given if self.given > 0 else None

    @property
    def expectancy(self) -> float | None:
        """Win rate × average win − loss rate × average loss (PY-12); None of no trades.

        >>> Performance(4, 0, None, 2.5, 10.0, 2, 2, 30.0, 20.0).expectancy  # 50 % × 15 − 50 % × 10
        2.5
        """
        if not self.n:
            return None
        won = self.won / self.n * (self.gained / self.won) if self.won else 0.0
        lost = self.lost / self.n * (self.given / self.lost) if self.lost else 0.0
        return won - lost

    def cells(self, currency: str) -> list[str]:
        """Under `HEADS`."""
        pips = "–" if self.pips is None else figure(self.pips, "pips")
        if self.n_pips < self.n and self.n_pips:
            pips += f" (n = {self.n_pips:,})"
        amounts = [money(each, currency) for each in (self.mean, self.total)]
        factor = "no loss" if self.profit_factor is None else f"{self.profit_factor:.2f}"
        return [f"{self.n:,}", pips, *amounts, share(self.won, self.n), factor]

    def as_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "pips_n": self.n_pips,
            "pips_mean": self.pips,
            "result_mean": self.mean,
            "result_sum": self.total,
            "won": self.won,
            "lost": self.lost,
            "win_rate": self.won / self.n if self.n else None,
            "profit_factor": self.profit_factor,
            "expectancy": self.expectancy,
        }
