"""Figures of the account that stand in every decision, and what they are the peaks and day's starts of.

They are facts of the language, so they come from a graph like any rule: no second definition of equity or usage.
"""

from __future__ import annotations

from typing import Any

from ruleengine.facts.catalogue import FACTS
from ruleengine.facts.frames import AccountFrame, Env
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph.from_typed import from_expressions
from ruleengine.graph.node import Graph
from ruleengine.market.interval import Timeframe
from ruleengine.market.phase import NEVER
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.judging.verdicts import plain
from ruleengine.runtime.plan.plan import Program
from ruleengine.schema.policy import Policy
from ruleengine.typecheck import derived
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import EVERYTHING, Names

OF_ACCOUNT = ("account.equity", "account.balance", "account.margin_used", "account.free_margin_ratio",
              "account.margin_used_of_equity", "account.margin_used_of_available")  # fmt: skip
OF_MARKET = ("mid", "spread", "position.net_units")
BLOCK = "main"


def figures_graph(policy: Policy) -> Graph:
    """The graph whose one block gives the figures of `OF_ACCOUNT` and `OF_MARKET`, in this order."""
    checker = Checker(Names(policy, FUNCTIONS, ""), EVERYTHING)
    return from_expressions({name: derived.fact(checker, FACTS[name], None, False) for name in OF_ACCOUNT + OF_MARKET})


class Figures:
    """Reads the figures in an instrument's environment. Without a program there are none, and equity is unknown."""

    def __init__(self, program: Program | None) -> None:
        self._run = None if program is None else program.functions[BLOCK]
        self._names = tuple(name.removeprefix("account.") for name in OF_ACCOUNT + OF_MARKET)

    def read(self, env: Env) -> dict[str, Any]:
        if self._run is None:
            return {}
        return dict(zip(self._names, map(plain, self._run(env)), strict=False))

    def equity(self, env: Env) -> Any:
        return None if self._run is None else self._run(env)[0]


KEPT = ("peak_equity", "day_start_equity", "day_peak_equity")
"""Slots of the account's frame that are looked at on every event, where a rule reads one of them."""


class EquityPeaks:
    """Highest equity, and of the account's day its start and highest, kept in its frame where rules read them.

    Equity is looked at on every event, so this costs nothing only where no rule reads these."""

    __slots__ = ("_account", "_day", "_day_close_ns", "_figures", "_last", "is_read")

    def __init__(self, account: AccountFrame, figures: Figures, day: Timeframe, *, is_read: bool) -> None:
        self._account, self._figures, self._day = account, figures, day
        self._day_close_ns = -1
        self._last: float | None = None
        self.is_read = is_read

    def observe(self, ts: int, env: Env) -> None:
        equity = self._figures.equity(env)
        if equity is None or equity.__class__ is Unknown:
            return
        equity, account = float(equity), self._account
        if account.peak_equity.__class__ is Unknown or equity > account.peak_equity:
            account.peak_equity = equity
        self.turn(ts)
        if self._last is None:
            account.day_start_equity = equity
        if account.day_peak_equity.__class__ is Unknown or equity > account.day_peak_equity:
            account.day_peak_equity = equity
        self._last = equity

    def turn(self, now: int) -> int:
        """The day of `now` begins, where it is another one; when it ends. Far away where nobody reads it.

        It begins with what the last one ended with: a gap over the change of day belongs to the new day."""
        if not self.is_read:
            return NEVER
        if now >= self._day_close_ns:
            self._day_close_ns = self._day.bucket(now)[1]
            if self._last is not None:
                self._account.day_start_equity = self._account.day_peak_equity = self._last
        return self._day_close_ns

    def moved(self, amount: float) -> None:
        """Money came in or went out: that is neither a gain nor a loss."""
        account = self._account
        for name in KEPT:
            value = getattr(account, name)
            if value.__class__ is not Unknown:
                setattr(account, name, value + amount)
        if self._last is not None:
            self._last += amount

    def state(self) -> dict[str, Any]:
        kept = {name: getattr(self._account, name) for name in KEPT}
        known = {name: value for name, value in kept.items() if value.__class__ is not Unknown}
        return {"day_close": self._day_close_ns, "last": self._last, **known}

    def restore(self, state: dict[str, Any]) -> None:
        self._day_close_ns = state["day_close"]
        self._last = state["last"]
        for name in KEPT:
            if name in state:
                setattr(self._account, name, state[name])
