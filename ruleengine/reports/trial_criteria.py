"""The criteria of a trial that its figures decide. Each is met or not; what can't be told is not met, and says why."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ruleengine.model.figure import money
from ruleengine.reports.account_days import AccountDay
from ruleengine.reports.performance import Performance


@dataclass(frozen=True, slots=True)
class Criterion:
    """`found`, `asked`: in words; `n`: of how many (`of`)."""

    name: str
    passed: bool
    found: str
    asked: str
    n: int
    of: str

    @property
    def word(self) -> str:
        return "pass" if self.passed else "FAIL"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def enough_days(days: Sequence[AccountDay], asked: int) -> Criterion:
    missed = _missed(days)
    found = f"{len(days):,} trading days" + (f"; {missed}" if missed else "")
    return Criterion("length", len(days) >= asked, found, f"{asked:,}", len(days), "days")


def expectancy(trades: Performance, currency: str) -> Criterion:
    """Win rate × average win − loss rate × average loss, in money a trade."""
    value = trades.expectancy
    if value is None:
        return Criterion("expectancy", False, "no closed trade", "> 0", 0, "trades")
    won = trades.gained / trades.won if trades.won else 0.0
    lost = trades.given / trades.lost if trades.lost else 0.0
    found = (
        f"{money(value, currency)} = {trades.won / trades.n:.1%} × {money(won, currency)} "
        f"− {trades.lost / trades.n:.1%} × {money(lost, currency)}"
    )
    return Criterion("expectancy", value > 0, found, "> 0", trades.n, "trades")


def falling_spread(days: Sequence[AccountDay], block: int) -> Criterion:
    """The standard deviation of daily returns (n − 1) of each block of days below that of the block before."""
    asked = f"falling from each {block} days to the next"
    name = "standard deviation of daily return"
    returns = [day.own_ratio for day in days]
    if any(each is None for each in returns):
        return Criterion(name, False, _unknown(days), asked, len(days), "days")
    if _missed(days):
        return Criterion(name, False, _missed(days), asked, len(days), "days")
    blocks = [returns[at : at + block] for at in range(0, len(returns) - block + 1, block)]
    spreads = [statistics.stdev(each for each in one if each is not None) for one in blocks if block > 1]
    if len(spreads) < 2:
        return Criterion(name, False, "fewer than two blocks", asked, len(days), "days")
    is_falling = all(later < earlier for earlier, later in pairwise(spreads))
    found = " → ".join(f"{each:.4%}" for each in spreads)
    return Criterion(name, is_falling, found, asked, len(blocks) * block, "days")


def rising_windows(days: Sequence[AccountDay], width: int, currency: str) -> Criterion:
    """Every so many consecutive days together above zero. Days between which there is one without a record are not
    consecutive, and what that one brought can't be told."""
    name, asked = f"every {width} consecutive days", "cumulative > 0"
    results = [day.own for day in days if day.own is not None]
    if len(results) < len(days):
        return Criterion(name, False, _unknown(days), asked, 0, "windows")
    sums = [
        (math.fsum(results[at : at + width]), days[at].label, days[at + width - 1].label)
        for at in range(len(days) - width + 1)
        if not _missed(days[at : at + width])
    ]
    missed = _missed(days)
    if not sums:
        said = f"fewer than {width} days" + (f" in a row: {missed}" if missed else "")
        return Criterion(name, False, said, asked, 0, "windows")
    worst, first, last = min(sums)
    below = sum(1 for value, _, _ in sums if value <= 0)
    found = f"{below:,} not above zero; lowest {money(worst, currency)} ({first} … {last})"
    found += f"; {missed}" if missed else ""
    return Criterion(name, below == 0 and not missed, found, asked, len(sums), "windows")


def _missed(days: Sequence[AccountDay]) -> str:
    """Which trading days within these have no record; "" where none is missing."""
    labels = [str(label) for day in days[1:] for label in day.missed]
    return f"no record of {len(labels):,}: {labels[0]}" + (" …" if len(labels) > 1 else "") if labels else ""


def _unknown(days: Sequence[AccountDay]) -> str:
    """Why days have no result of their own."""
    without = sum(1 for day in days if day.manual is None)
    if without:
        return f"of {without:,} days it is not known what manual trades brought"
    return "no daily return: total assets are not known"
