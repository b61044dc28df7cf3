"""The smallest change that would have turned a condition around, by the structure that its author gave it.

Of a conjunction every part that fails has to change, of an alternative the nearest one; `not` mirrors both. What a
change costs is told in typical steps of what is measured (decision record 0009), so that pips, prices and amounts can
be held against each other. A value that is not known costs more than most numbers, a word more than that; what is given
with the intent (its side, its strategy) is named only where nothing else would do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruleengine.graph.node import Block, Sense
from ruleengine.model.comparison import Comparison
from ruleengine.model.unknown import Unknown

UNKNOWN_COST, WORD_COST, GIVEN_COST = 100.0, 1_000.0, 1_000_000.0

TYPICAL_STEP: dict[str, tuple[float, float]] = {
    "pips": (0.0, 1.0),
    "ratio": (0.0, 0.01),
    "duration": (0.0, 60.0),
    "time": (0.0, 60.0),
    "count": (0.0, 1.0),
    "bar_count": (0.0, 1.0),
    "price": (0.001, 0.0),
    "rate": (0.001, 0.0),
    "distance": (0.1, 0.0),
    "number": (0.1, 0.0),
    "quotient": (0.1, 0.0),
    "units": (0.1, 1.0),
    "contracts": (0.1, 1.0),
    "money": (0.1, 0.0),
}
"""By dimension: the share of the larger of both values that is one step, and the least that is one."""

OWN = ("require", "limit", "when")
"""What a rule's block calls the condition that has to hold."""
_UNLESS, _APPLIES, _WHEN = "unless", "applies", "when"


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that would have to become `wanted`: a check of the block by its number, or a condition by its label.
    `unknown`: what would have to become known first."""

    wanted: bool
    check: int = -1
    label: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What has to become different, and how many typical steps away that is; no turns where nothing has to."""

    cost: float = 0.0
    turns: tuple[Turn, ...] = ()


def smallest_change(
    block: Block, output: str, compared: Sequence[Comparison], truths: Mapping[int, object] | None = None
) -> Change | None:
    """What would let the block's rule pass or act: its condition becomes true (a trigger's together with `applies`), or
    its `unless` does. None where nothing can.

    `truths`: values of nodes where they are at hand; else a condition that compares nothing counts as what it must have
    been for the output to be false, or as fulfilled."""
    search = _Search(compared, truths or {})
    wanted = [name for name in ((_APPLIES, output) if output == _WHEN else (output,)) if block.sense(name) is not None]
    ways = [_all([_way(search, block, name, True) for name in wanted])]
    if block.sense(_UNLESS) is not None:
        ways.append(_way(search, block, _UNLESS, True))
    return _cheapest(ways)


def deciding(block: Block, output: str, compared: Sequence[Comparison], now: bool) -> tuple[Turn, ...]:
    """What the condition of an output turned on, which is `now`: its exceptions (`unless`) aside."""
    if block.sense(output) is None:
        return ()
    way = _way(_Search(compared, {}), block, output, not now)
    return () if way is None else way.turns


def step_of(left: float, right: float, unit: str) -> float:
    """What one typical step of a measured value is.

    >>> step_of(109.0, 200.0, "price"), step_of(1.1, 0.4, "pips"), step_of(5_000.0, 0.0, "JPY")
    (0.2, 1.0, 500.0)
    """
    share, least = TYPICAL_STEP.get("money" if unit.isupper() else unit, (0.1, 0.0))
    return max(share * max(abs(left), abs(right)), least)


def _way(search: _Search, block: Block, output: str, wanted: bool) -> Change | None:
    sense = block.sense(output)
    assert sense is not None
    return search.to(sense, wanted, not wanted)


class _Search:
    def __init__(self, compared: Sequence[Comparison], truths: Mapping[int, object]) -> None:
        self._compared, self._truths = compared, truths

    def to(self, sense: Sense, wanted: bool, now: bool | None) -> Change | None:
        """What makes a condition so; None where nothing can. `now`: what it must be, where that follows."""
        match sense.op:
            case "check":
                return self._check(sense, wanted)
            case "not":
                return self.to(sense.args[0], not wanted, None if now is None else not now)
            case "and" | "or":
                ways = [self.to(arg, wanted, self._follows(sense, arg, now)) for arg in sense.args]
                return _all(ways) if (sense.op == "and") is wanted else _cheapest(ways)
            case "const":
                return Change() if sense.truth is wanted else None
        return self._condition(sense, wanted, now)

    def _follows(self, whole: Sense, part: Sense, now: bool | None) -> bool | None:
        """What a part must be, given the whole: all are what an `and` is when true, an `or` when false; else the only
        one left is."""
        if now is None:
            return None
        if now is (whole.op == "and"):
            return now
        others = [self._value(each) for each in whole.args if each is not part]
        return now if all(each is not None and each is not now for each in others) else None

    def _value(self, sense: Sense) -> bool | None:
        """True, false, or None where it is unknown or can't be told."""
        match sense.op:
            case "check":
                return self._compared[sense.check].verdict
            case "not":
                value = self._value(sense.args[0])
                return None if value is None else not value
            case "and" | "or":
                values = [self._value(arg) for arg in sense.args]
                settles = sense.op == "or"
                return settles if settles in values else None if None in values else not settles
            case "const":
                return sense.truth
        found = self._truths.get(sense.node)
        return None if found is None or isinstance(found, Unknown) else bool(found)

    def _condition(self, sense: Sense, wanted: bool, now: bool | None) -> Change:
        value: object = self._truths.get(sense.node, wanted if now is None else now)
        if isinstance(value, Unknown):
            return Change(UNKNOWN_COST, (Turn(wanted, label=sense.label, unknown=_lacking(str(value))),))
        if bool(value) is wanted:
            return Change()
        return Change(GIVEN_COST if sense.is_given else WORD_COST, (Turn(wanted, label=sense.label),))

    def _check(self, sense: Sense, wanted: bool) -> Change:
        compared = self._compared[sense.check]
        if compared.verdict is wanted:
            return Change()
        if compared.verdict is None:
            sides = (each for each in (compared.left, compared.right) if _is_unknown(each))
            return Change(UNKNOWN_COST, (Turn(wanted, sense.check, unknown=_lacking(next(sides, compared.text))),))
        turns = (Turn(wanted, sense.check),)
        if compared.distance is None:
            return Change(GIVEN_COST if sense.is_given else WORD_COST, turns)
        step = step_of(float(compared.left), float(compared.right), compared.unit)
        return Change(abs(compared.distance) / step if step else 0.0, turns)


def _is_unknown(value: object) -> bool:
    return isinstance(value, str) and value.startswith("unknown: ")


def _lacking(text: str) -> str:
    return text.removeprefix("unknown: ")


def _all(ways: Sequence[Change | None]) -> Change | None:
    found = [way for way in ways if way is not None]
    if len(found) < len(ways):
        return None
    turns = dict.fromkeys(turn for way in found for turn in way.turns)
    return Change(sum(way.cost for way in found), tuple(turns))


def _cheapest(ways: Sequence[Change | None]) -> Change | None:
    found = [way for way in ways if way is not None]
    return min(found, key=lambda way: way.cost) if found else None
