"""Floors of partial closes: a part that comes to less than its exit says is not closed, and the trade is held (SC-01).

Judged is what would be sent: after rounding to lots, and after what other reductions leave. Closing all of a trade is
allowed at any value and does not come here. Where the trade as a whole is below the floor, each of its parts is.
"""

from __future__ import annotations

from ruleengine.facts.frames import Env
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.model.number import decimal_of
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judge import Refusal, not_known
from ruleengine.runtime.rules import ExitRule, Part
from ruleengine.runtime.sizing import Grid
from ruleengine.runtime.verdicts import measured


def below_floor(
    rule: ExitRule, floor: Part, env: Env, grid: Grid, lots: int, currency: str, *, must_close: bool
) -> Refusal | None:
    """Why a part of so many lots of the trade in `env` is not closed; None where it may be. `currency`: the account's.

    `must_close`: the policy's wait for unknown inputs is over and it closes; a floor that can't be told does not keep
    it from that, one that is known does."""
    result = floor.run(env)
    least, worth, value = (floor.get(result, name) for name in ("at_least", "worth", "value"))
    for unknown in (least, worth, value if worth is not None else None):
        if unknown.__class__ is Unknown:
            return None if must_close else not_known(codes.FLOOR_UNKNOWN, rule, unknown, "its floor")
    if least is not None:
        smallest = grid.venue(least)
        held = measured("part", "ge", grid.units(lots), smallest, grid.unit, "floor.at_least")
        if not held.verdict:
            return _held_back(rule, held)
    if worth is not None:
        part = decimal_of(value) * decimal_of(grid.base(lots)) / decimal_of(env.t.units)
        held = measured("value of the part", "ge", part, decimal_of(worth), currency, "floor.worth")
        if not held.verdict:
            return _held_back(rule, held)
    return None


def _held_back(rule: ExitRule, held: Comparison) -> Refusal:
    left, right = figure(held.left, held.unit), figure(held.right, held.unit)
    message = f"the part comes to {left}, below its floor of {right}: the trade is held"
    return Refusal(codes.BELOW_FLOOR, rule.id, message, rule.place, comparison=held)
