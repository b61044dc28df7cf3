"""Sizes on the lot grid: the largest a cap allows, the smallest that a reduction needs, the floor against the cap.

A cap is a condition over facts after the fill. The sizes at which each of its comparisons holds are an interval (the
compiler checked it), but one that need not begin at 0: under the net margin model a hedge first lowers the margin and
then raises it. So a size at which it holds is looked for at 0 and where the net position is zero, and the rest is
bisection. All sizes here are whole numbers of lots; conditions are evaluated at the size in base units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Literal

from ruleengine.model.instrument import Instrument
from ruleengine.model.number import CONTEXT, are_equal, decimal_of, scale_of
from ruleengine.model.unknown import Unknown
from ruleengine.units import UNITS

_SCALE = scale_of(UNITS)

Holds = Callable[[int], Any]
"""Lots → True, False or an Unknown."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The sizes an instrument takes. `units` are the venue's (contracts where it counts those), `base` base units;
    `unit`: what the venue calls its own."""

    lot: Decimal
    contract: Decimal
    unit: str = "units"

    @classmethod
    def of(cls, spec: Instrument) -> Grid:
        return cls(spec.lot, spec.contract_size, spec.size_unit)

    def down(self, base: Any) -> int:
        """Whole lots in a size in base units.

        >>> Grid(Decimal(1), Decimal(1)).down(73_248.4), Grid(Decimal("0.1"), Decimal("0.01")).down(0.0123)
        (73248, 12)
        """
        return self._lots(base, ROUND_FLOOR)

    def up(self, base: Any) -> int:
        return self._lots(base, ROUND_CEILING)

    def _lots(self, base: Any, rounding: str) -> int:
        """A size that the language calls equal to whole lots is that many: what was solved for a size and what a
        condition says of it are one. Binary fractions on the way leave less than that."""
        size, lot = decimal_of(base), self.lot * self.contract
        lots = CONTEXT.divide(size, lot)
        whole = lots.to_integral_value()
        if not are_equal(size, CONTEXT.multiply(whole, lot), _SCALE):
            whole = lots.to_integral_value(rounding)
        return int(whole)

    def venue(self, base: Any) -> Decimal:
        """A size in base units as the venue counts, not rounded to lots.

        >>> Grid(Decimal("0.1"), Decimal("0.01")).venue(0.0123)
        Decimal('1.23')
        """
        return decimal_of(base) / self.contract

    def units(self, lots: int) -> Decimal:
        return self.lot * lots

    def base(self, lots: int) -> float:
        return float(self.lot * self.contract * lots)


def largest(holds: Holds, wanted: int, probes: tuple[int, ...] = (), parts: Sequence[Holds] = ()) -> int | Unknown:
    """The largest number of lots, at most `wanted`, at which a condition holds; −1 where it holds at none.

    `probes`: numbers of lots at which it might hold though it doesn't at 0. `parts`: conditions that hold together
    exactly where it does, if it is several. Each is an interval, whose upper end is found by itself: at the lowest of
    these all hold, or they do nowhere.

    >>> largest(lambda n: n <= 73_248, 100_000), largest(lambda n: 4 <= n <= 9, 20, (5,)), largest(lambda n: False, 7)
    (73248, 9, -1)
    >>> largest(lambda n: 4 <= n <= 9, 20, (), (lambda n: 4 <= n, lambda n: n <= 9))
    9
    """
    verdict = holds(wanted)
    if verdict is True or verdict.__class__ is Unknown:
        return wanted if verdict is True else verdict
    if not parts:
        return _upper_end(holds, wanted, probes)
    most = wanted
    for part in parts:
        allowed = largest(part, most, probes)
        if isinstance(allowed, Unknown) or allowed == -1:
            return allowed
        most = allowed
    verdict = holds(most)
    return verdict if verdict.__class__ is Unknown else most if verdict else -1


def _upper_end(holds: Holds, wanted: int, probes: tuple[int, ...]) -> int | Unknown:
    """Of a condition that does not hold at `wanted`."""
    good = -1
    for probe in (0, *probes):
        if 0 <= probe < wanted and probe > good:
            verdict = holds(probe)
            if verdict.__class__ is Unknown:
                return verdict
            good = probe if verdict else good
    return -1 if good < 0 else _last_true(holds, good, wanted)


def _last_true(holds: Holds, good: int, bad: int) -> int | Unknown:
    while bad - good > 1:
        middle = (good + bad) // 2
        verdict = holds(middle)
        if verdict.__class__ is Unknown:
            return verdict
        if verdict:
            good = middle
        else:
            bad = middle
    return good


def smallest(holds: Holds, most: int) -> int | Unknown:
    """The smallest number of lots, at most `most`, at which a condition holds; `most` where it holds at none.

    >>> smallest(lambda n: n >= 12, 40), smallest(lambda n: True, 40), smallest(lambda n: False, 40)
    (12, 0, 40)
    """
    verdict = holds(0)
    if verdict.__class__ is Unknown or verdict is True:
        return verdict if verdict.__class__ is Unknown else 0
    verdict = holds(most)
    if verdict.__class__ is Unknown:
        return verdict
    if not verdict:
        return most
    found = _last_true(lambda n: _not(holds(n)), 0, most)
    return found if isinstance(found, Unknown) else found + 1


def _not(verdict: Any) -> Any:
    return verdict if verdict.__class__ is Unknown else not verdict


@dataclass(frozen=True, slots=True)
class Bounded:
    """A reduction within its bounds: lots, and the path that led there. `crossed`: (floor, bound) in lots, where the
    one exceeds the other and nothing is sent."""

    lots: int
    path: tuple[tuple[str, int], ...]
    crossed: tuple[int, int] | None = None


def bound_reduction(
    wanted: int,
    at_least: int | None,
    at_most: list[int],
    position: int,
    free: int,
    floor_over_cap: Literal["send_nothing", "floor", "cap"] | str,
) -> Bounded:
    """FX-05: at least, at most, never more than the position; where the floor exceeds the bound the policy says which
    wins. `free`: what may be taken off at all, ours and not on its way out; nothing goes beyond it.

    >>> bound_reduction(3_000, 10_000, [8_250, 90_000], 15_000, 15_000, "send_nothing").crossed
    (10000, 8250)
    >>> bound_reduction(3_000, 10_000, [10_000, 90_000], 18_182, 20_000, "send_nothing").lots
    10000
    >>> bound_reduction(9_000, 5_000, [12_000], 15_000, 7_000, "send_nothing").path
    (('wanted', 9000), ('free to reduce', 7000))
    """
    position = min(position, free)
    cap = min([*at_most, position])
    path = [("wanted", wanted)]
    lots = wanted
    if at_least is not None and lots < at_least:
        lots = at_least
        path.append(("at_least", lots))
    if at_least is not None and at_least > cap:
        if floor_over_cap == "send_nothing":
            return Bounded(0, tuple(path), (at_least, cap))
        lots = min(at_least, position) if floor_over_cap == "floor" else cap
        path.append((f"floor_over_cap: {floor_over_cap}", lots))
    elif lots > cap:
        path.append(("free to reduce" if cap == free and cap < min([*at_most, lots]) else "at_most", cap))
        lots = cap
    return Bounded(lots, tuple(path))
