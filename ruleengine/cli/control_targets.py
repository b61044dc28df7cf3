"""What a command at a running engine can mean: a target that is misspelt would stop nothing, and nobody would know."""

from __future__ import annotations

from collections.abc import Iterable

from ruleengine.cli.control_wire import Request
from ruleengine.diagnostics.suggest import help_line
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.gate.gate import OVERRIDABLE
from ruleengine.runtime.gate.switches import ACCOUNT, ENTRIES, instrument_scope, rule_scope, strategy_scope
from ruleengine.runtime.operator import OVERRIDE_MAX_S

_NAMED_MAX = 12
STOPS = ("kill", "pause")
"""Stopping never fails for want of a reason."""

Problem = tuple[str, str]
"""(what is wrong, what to do)"""


def unmeant(request: Request, engine: Engine) -> Problem | None:
    """Why the command can do nothing in this engine; None where it can."""
    if request.command not in STOPS and not (request.by.strip() and request.reason.strip()):
        return f"{request.command} without who and why", "give --reason"
    target, gate = request.target, engine.gate
    match request.command:
        case "kill":
            return _not_among("scope", target, _scopes(engine)) if not _is_open_tag(target, engine) else None
        case "lift":
            return _not_among("scope that is off", target, [each for each in gate.switched_off if each != ENTRIES])
        case "resume" if ENTRIES not in gate.switched_off and gate.contact.books_agree and gate.contact.clocks_agree:
            return "entries are not paused, and books and clocks agree", "`ruleengine status` shows what is off"
        case "rearm":
            return _not_among("rule that can be re-armed", target, [*gate.tripped, *engine.protections.rearmable])
        case "override":
            return _not_among("limit that a person may lift", target, OVERRIDABLE) or _not_a_while(request.seconds)
        case "close":
            ours = [str(each.id) for each in engine.desk.own_trades()]
            return _not_among("open trade of ours", target, ["all", *ours])
    return None


def _scopes(engine: Engine) -> list[str]:
    """Everything that `kill` can name. Rules that only reduce are left out: exits go on whatever is off."""
    plan = engine.plan
    adding = [*plan.entries, *plan.ladders, *plan.pyramids, *(each for each in plan.hedges if not each.is_reduction)]
    return [
        ACCOUNT,
        *map(instrument_scope, engine.specs),
        *map(strategy_scope, plan.policy.strategies),
        *(rule_scope(each.id) for each in adding),
    ]


def _is_open_tag(target: str, engine: Engine) -> bool:
    """Where a policy declares no strategies, any tag is one."""
    prefix = strategy_scope("")
    return not engine.plan.policy.strategies and target.startswith(prefix) and target != prefix


def _not_among(what: str, target: str, names: Iterable[str]) -> Problem | None:
    known = list(names)
    if target in known:
        return None
    shown = ", ".join(known[:_NAMED_MAX]) + (" …" if len(known) > _NAMED_MAX else "")
    otherwise = f"there are: {shown}" if known else "there is none now; `ruleengine status` shows what is off"
    return f"`{target}` is no {what}", help_line(target, known, otherwise) or otherwise


def _not_a_while(seconds: float | None) -> Problem | None:
    if seconds is not None and 0 < seconds <= OVERRIDE_MAX_S:
        return None
    return "an override needs a time above 0 and of a day at most", "give --for, as 10min"
