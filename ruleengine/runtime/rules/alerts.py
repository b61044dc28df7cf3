"""Alerts: a condition that has held for long enough is told of; again at a cadence; and that it holds no more.

A trigger holds without a break only while it is known to hold: what can't be told is said once, and begins the time
anew. What was told of stays told over restarts, so nobody is told twice of one thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.model.figure import figure
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import safety_codes as codes
from ruleengine.runtime.judging import verdicts
from ruleengine.runtime.plan.rules import Result
from ruleengine.runtime.plan.safety_rules import AlertRule
from ruleengine.runtime.rules.desk import Desk
from ruleengine.runtime.rules.scopes import concerns, scopes
from ruleengine.runtime.rules.watch import Watch, rest, settle

_TRADE = "trade"


@dataclass(slots=True)
class _Telling:
    """`since_ns`: from when on it holds, −1 while it doesn't. `told_ns`: when it was told last, −1: not yet."""

    since_ns: int = -1
    told_ns: int = -1


class Alerts:
    """All alerts of a plan. `watches`: of everything but trades."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._by_id = {rule.id: rule for rule in desk.plan.alerts}
        self._of_trades = [rule for rule in desk.plan.alerts if rule.for_each == _TRADE]
        self._tellings: dict[str, _Telling] = {}
        self.watches = [
            Watch(rule, rule.when, scope.env, scope.key, scope.instrument)
            for rule in desk.plan.alerts
            for scope in scopes(desk, rule.for_each, rule.words)
        ]

    def of_trade(self, trade: TradeFrame) -> list[Watch]:
        """Watches on one open trade of ours."""
        if not self._of_trades:
            return []
        env = self._desk.env_with(trade.instrument, trade=trade)
        return [
            Watch(rule, rule.when, env, str(trade.id), trade.instrument, trade=trade)
            for rule in self._of_trades
            if concerns("account", "account", rule.words, trade)
        ]

    def forget(self, watch: Watch) -> None:
        """Its trade is closed."""
        telling = self._tellings.pop(watch.name, None)
        if telling is not None and telling.told_ns >= 0:
            self._say(watch, "info", codes.ENDED, "over: the trade is closed")

    # --- triggers ----------------------------------------------------------------------------------------------------

    def follow(self, watch: Watch, result: Result) -> None:
        """A trigger that is not at rest, or a timer for one that holds."""
        desk, rule = self._desk, self._by_id[watch.rule.id]
        settle(watch, result, desk.ts, desk.seq, desk.audit)
        rest(watch, watch.verdict(result), is_held=True)
        if rule.enforcement == "shadow":
            return
        telling = self._tellings.setdefault(watch.name, _Telling())
        if watch.last is True:
            self._holds(watch, rule, telling, result)
        elif watch.last is False:
            if telling.told_ns >= 0:
                self._say(watch, "info", codes.ENDED, "over: it holds no more")
            del self._tellings[watch.name]
        else:
            telling.since_ns = -1
            if not watch.has_alarmed:
                watch.has_alarmed = True
                self._say(watch, "warning", codes.ALERT_UNSURE, f"can't be told: {watch.last}")

    def _holds(self, watch: Watch, rule: AlertRule, telling: _Telling, result: Result) -> None:
        desk, now = self._desk, self._desk.ts
        if telling.since_ns < 0:
            telling.since_ns = now
        due = telling.since_ns + rule.lasts_ns
        if telling.told_ns >= 0:
            if not rule.repeat_ns:
                return
            due = max(due, telling.told_ns + rule.repeat_ns)
        if now < due:
            desk.cool("alerts", watch.name, due - now)
            return
        again, telling.told_ns = telling.told_ns >= 0, now
        desk.cool("alerts", watch.name, rule.repeat_ns)
        self._say(watch, rule.level, codes.RAISED, self._words(watch, rule, telling, result, again=again))

    def _words(self, watch: Watch, rule: AlertRule, telling: _Telling, result: Result, *, again: bool) -> str:
        """What it says: its message, how long it has held, by what, and the values it shows."""
        block, desk = watch.part.block, self._desk
        nodes, outputs = desk.plan.graph.nodes, dict(block.outputs)
        held_s = (desk.ts - telling.since_ns) / 1e9
        parts = [rule.message + (f" (still, for {held_s:g} s)" if again else "")]
        compared = verdicts.held(block, "when", verdicts.comparisons(block, result, desk.currency))
        parts += [verdicts.told(each) for each in compared if each.decides]
        for output, written in rule.show:
            value = watch.part.get(result, output)
            unit = verdicts.unit_text(nodes[outputs[output]].type, desk.currency)
            shown = str(value) if value.__class__ in (Unknown, bool, str) else figure(verdicts.plain(value), unit)
            parts.append(f"{written} = {shown}")
        return "; ".join(parts)

    def _say(self, watch: Watch, level: Any, code: str, message: str) -> None:
        self._desk.note(level, code, f"{watch.rule.id}/{watch.key}: {message}", watch.key)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {name: [each.since_ns, each.told_ns] for name, each in self._tellings.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._tellings = {name: _Telling(*row) for name, row in state.items()}
