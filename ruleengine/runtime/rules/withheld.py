"""Why a fired exit leaves a trade open all the same: its part is too small, or it would lose and may not.

floor           a part that comes to less than its exit says is not closed, and the trade is held (SC-01). Judged
                is what would be sent: after rounding to lots, and after what other reductions leave. Closing all
                is allowed at any value. Where the trade as a whole is below the floor, each of its parts is.
no_loss_close   an exit without `may_lose` or `emergency` closes trades of such a strategy only where that leaves no
                loss, fees included (FX-20).
"""

from __future__ import annotations

from ruleengine.facts.frames import Env
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.model.number import decimal_of
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judging.judge import Refusal, not_known
from ruleengine.runtime.judging.sizing import Grid
from ruleengine.runtime.judging.verdicts import measured
from ruleengine.runtime.plan.rules import ExitRule, Part


def held_back(
    rule: ExitRule, env: Env, grid: Grid, lots: int | None, currency: str, *, must_close: bool
) -> Refusal | None:
    """Why the trade in `env` is left as it is; None where the exit may go on. `lots`: of the part, None for all of it;
    `currency`: the account's.

    `must_close`: the policy's wait for unknown inputs is over and it closes; what can't be told here does not keep it
    from that, what is known does."""
    if rule.result is not None and env.t.strategy in rule.no_loss:
        refusal = _at_a_loss(rule, rule.result, env, currency, must_close=must_close)
        if refusal is not None:
            return refusal
    if rule.floor is not None and lots is not None:
        return _below_floor(rule, rule.floor, env, grid, lots, currency, must_close=must_close)
    return None


def _at_a_loss(rule: ExitRule, part: Part, env: Env, currency: str, *, must_close: bool) -> Refusal | None:
    result = part.get(part.run(env), "result")
    if result.__class__ is Unknown:
        return None if must_close else not_known(codes.RESULT_UNKNOWN, rule, result, "whether it would lose")
    held = measured("trade.pnl_after_fees", "ge", decimal_of(result), 0, currency, f"0 ({env.t.strategy})")
    if held.verdict:
        return None
    loss = figure(-float(result), currency)
    message = f"closing would lose {loss}: the strategy closes at a loss by `may_lose` or `emergency` only"
    return Refusal(codes.AT_A_LOSS, rule.id, message, rule.place, comparison=held)


def _below_floor(
    rule: ExitRule, floor: Part, env: Env, grid: Grid, lots: int, currency: str, *, must_close: bool
) -> Refusal | None:
    result = floor.run(env)
    least, worth, value = (floor.get(result, name) for name in ("at_least", "worth", "value"))
    for unknown in (least, worth, value if worth is not None else None):
        if unknown.__class__ is Unknown:
            return None if must_close else not_known(codes.FLOOR_UNKNOWN, rule, unknown, "its floor")
    if least is not None:
        held = measured("part", "ge", grid.units(lots), grid.venue(least), grid.unit, "floor.at_least")
        if not held.verdict:
            return _too_small(rule, held)
    if worth is not None:
        part = decimal_of(value) * decimal_of(grid.base(lots)) / decimal_of(env.t.units)
        held = measured("value of the part", "ge", part, decimal_of(worth), currency, "floor.worth")
        if not held.verdict:
            return _too_small(rule, held)
    return None


def _too_small(rule: ExitRule, held: Comparison) -> Refusal:
    left, right = figure(held.left, held.unit), figure(held.right, held.unit)
    message = f"the part comes to {left}, below its floor of {right}: the trade is held"
    return Refusal(codes.BELOW_FLOOR, rule.id, message, rule.place, comparison=held)
