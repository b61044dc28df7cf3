"""How things are timed: contenders take turns in short rounds, and a ratio is the middle one of the rounds' ratios.

Turns, because a machine's clock drifts and neighbours come and go: what is compared ran within the same second.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the results: what was measured, and the limit it is held to (none where it only informs)."""

    about: str
    value: float
    unit: str = "×"
    limit: float | None = None
    sense: Literal["at most", "at least"] = "at most"

    @property
    def is_met(self) -> bool:
        if self.limit is None:
            return True
        return self.value <= self.limit if self.sense == "at most" else self.value >= self.limit

    def measured(self) -> str:
        return f"{written(self.value)} {self.unit}"

    def demanded(self) -> str:
        return "" if self.limit is None else f"{'≤' if self.sense == 'at most' else '≥'} {written(self.limit)}"

    def outcome(self) -> str:
        return "" if self.limit is None else "met" if self.is_met else "MISSED"


def written(number: float) -> str:
    """Three figures that matter, thousands grouped.

    >>> written(1.2849), written(38_412.7), written(0.0123)
    ('1.28', '38,400', '0.0123')
    """
    rounded = float(f"{number:.3g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 100 else f"{rounded:g}"


Rounds = dict[str, list[float]]
"""Contender → seconds in each round."""


def take_turns(contenders: Mapping[str, Callable[[], object]], rounds: int) -> Rounds:
    """Wall seconds of each contender in each round; garbage is collected before, not during, a turn."""
    taken: Rounds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            gc.collect()
            gc.disable()
            begin = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - begin)
            gc.enable()
    return taken


def take_prepared_turns(contenders: Mapping[str, Callable[[], Callable[[], object]]], rounds: int) -> Rounds:
    """As `take_turns`, for runs that each need a fresh set-up, which is not timed. Garbage is collected as in any
    program; what the set-up keeps is put out of the collector's sight, so that no contender pays for another's data."""
    taken: Rounds = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, prepare in contenders.items():
            run = prepare()
            gc.collect()
            gc.freeze()
            begin = time.perf_counter()
            run()
            taken[name].append(time.perf_counter() - begin)
            gc.unfreeze()
    return taken


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> float:
    """The middle one of the rounds' ratios."""
    return statistics.median(above / below for above, below in zip(numerator, denominator, strict=True))


def microseconds(seconds: Sequence[float], calls: int) -> float:
    """Middle round, a call."""
    return statistics.median(seconds) / calls * 1e6
