"""How much of a result is rounding: the same function on inputs moved by one unit in the last place.

A difference that cancels (two prices apart by one tick, divided by) keeps few of its sixteen digits in float64, all of
them in Decimal. Where two backends' *values* are farther apart than the stated tolerance, this tells whether float64
can know better: inputs are jittered by what their own representation leaves open, and the spread of results is
measured. Verdicts, words and unknowns get no such allowance.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

from ruleengine.facts.frames import Env, MarketFrame

ROUNDS = 10


def spread(function: Callable[[Env], tuple[Any, ...]], env: Env, position: int) -> float:
    """Largest distance between results at `position` over jittered inputs; 0 where they are no numbers."""
    rng = random.Random(7)
    seen = [function(env)[position]]
    seen += [function(jittered(env, rng))[position] for _ in range(ROUNDS)]
    numbers = [value for value in seen if isinstance(value, int | float) and not isinstance(value, bool)]
    return max(numbers) - min(numbers) if numbers else 0.0


def jittered(env: Env, rng: random.Random) -> Env:
    """A copy with every float moved to one of its neighbours."""
    moved: dict[int, Any] = {}

    def copy(frame: Any) -> Any:
        if id(frame) not in moved:
            other = moved[id(frame)] = type(frame)()
            for slot in type(frame).__slots__:
                setattr(other, slot, move(getattr(frame, slot)))
        return moved[id(frame)]

    def move(value: Any) -> Any:
        if isinstance(value, float):
            return math.nextafter(value, rng.choice((-math.inf, math.inf))) if value else value
        if isinstance(value, list):
            return [copy(each) if hasattr(each, "__slots__") and _is_frame(each) else move(each) for each in value]
        return copy(value) if isinstance(value, MarketFrame) else value

    other = Env()
    for letter in Env.__slots__:
        if hasattr(env, letter):
            setattr(other, letter, copy(getattr(env, letter)))
    return other


def _is_frame(value: Any) -> bool:
    return type(value).__module__ == MarketFrame.__module__
