"""The policy's figures, evaluated at a cadence of event time and at the end of a run; never on each tick."""

from __future__ import annotations

from typing import Any

from ruleengine.facts.frames import IntentFrame
from ruleengine.runtime.judging.verdicts import plain
from ruleengine.runtime.plan.rules import MetricRule
from ruleengine.runtime.rules.desk import Desk


class Metrics:
    """`due`: when they are next evaluated. A figure for each strategy, pocket or instrument is a map by its name."""

    def __init__(self, desk: Desk, every_ns: int) -> None:
        self._desk, self._every_ns = desk, every_ns
        self.due = 0 if desk.plan.metrics and every_ns > 0 else 1 << 62

    def turn(self, ts: int) -> dict[str, Any]:
        """All figures now; sets the next time. The cadence stands on whole multiples, so that a restart keeps it."""
        self.due = (ts // self._every_ns + 1) * self._every_ns
        return self.read()

    def read(self) -> dict[str, Any]:
        return {rule.name: self._of(rule) for rule in self._desk.plan.metrics}

    def _of(self, rule: MetricRule) -> Any:
        desk, policy = self._desk, self._desk.plan.policy
        at = rule.value.at("value")
        if rule.for_each == "account":
            return plain(rule.value.run(desk.account_env)[at])
        if rule.for_each == "instrument":
            return {name: plain(rule.value.run(desk.env(name))[at]) for name in desk.specs}
        words = list(policy.strategies) if rule.for_each == "strategy" else [leaf.text for leaf in policy.pockets]
        found: dict[str, Any] = {}
        for word in words:
            intent = IntentFrame(strategy=word) if rule.for_each == "strategy" else IntentFrame(pocket=word)
            found[word] = plain(rule.value.run(desk.account_env_with(intent))[at])
        return found
