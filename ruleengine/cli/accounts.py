"""The account while it runs: its figures, its open trades, the policy's metrics, as a person wants to read them.

Every figure is a fact of the language, evaluated like any rule's: there is no second definition of equity or usage.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.facts.catalogue import FACTS
from ruleengine.facts.frames import Env, TradeFrame
from ruleengine.functions.catalogue import FUNCTIONS
from ruleengine.graph.from_typed import from_expressions
from ruleengine.model.unknown import known
from ruleengine.reports.evidence.terms import marked_of
from ruleengine.reports.tables import figure, quantity
from ruleengine.runtime.book.lots import Lot
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.judging.verdicts import unit_text
from ruleengine.typecheck import derived
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import EVERYTHING, Names

OF_ACCOUNT = (
    "account.equity",
    "account.balance",
    "account.unrealised",
    "account.margin_used",
    "account.free_margin",
    "account.margin_used_of_equity",
    "account.margin_used_of_available",
    "account.free_margin_ratio",
)
_MARKS = ("age_s", "pips", "result")
TRADE_HEADS = ["trade", "instrument", "strategy", "side", "units", "entry", "age", "pips", "result"]
TRADE_FIGURES = frozenset({"units", "entry", "age", "pips", "result"})


class AccountReader:
    """Reads one engine's account. A figure that can't be had now is left out, or is a dash in a row."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._account = _program(engine, OF_ACCOUNT)
        self._trade = _program(engine, ("trade.age", "trade.pnl_pips", "trade.pnl"))

    def figures(self) -> dict[str, float]:
        """Figures now, by name, with the number of open trades."""
        engine = self._engine
        names = (name.removeprefix("account.") for name in OF_ACCOUNT)
        values = self._account(engine.desk.env(next(iter(engine.specs))))
        found = {name: float(value) for name, value in zip(names, values, strict=False) if known(value)}
        return {**found, "open_trades": float(len(engine.desk.own_trades()))}

    def all_trades(self) -> list[TradeFrame]:
        """Every open trade, those that are not ours among them; none while the account can't be read."""
        trades = self._engine.desk.account.all_trades
        return list(trades) if known(trades) else []

    def open_lots(self) -> list[Lot]:
        """Every open lot, those that are not ours among them."""
        return self._engine.desk.holdings.open_lots()

    def marked(self) -> list[dict[str, Any]]:
        """Every open trade with its age (s), pips and result now; what can't be had is None."""
        found = []
        for plain, trade in zip(marked_of(self.all_trades()), self.all_trades(), strict=True):
            read = self._trade(self._engine.desk.env_with(trade.instrument, trade=trade))
            values = {name: float(value) if known(value) else None for name, value in zip(_MARKS, read, strict=False)}
            found.append({**plain, **values})
        return found

    def open_trades(self) -> list[list[str]]:
        """Every open trade as a row under `TRADE_HEADS`."""
        desk = self._engine.desk
        rows = []
        for trade in desk.own_trades():
            age, pips, result = self._trade(desk.env_with(trade.instrument, trade=trade))[:3]
            rows.append(
                [
                    trade.id,
                    trade.instrument,
                    trade.strategy,
                    trade.side,
                    quantity(trade.units),
                    f"{trade.entry_price:.10g}",
                    _shown(_rounded(age), "duration"),
                    _shown(pips, "pips").removesuffix("pips"),
                    _shown(result, desk.currency).split(" ")[0],
                ]
            )
        return rows

    def metrics(self, values: dict[str, Any]) -> list[list[str]]:
        """The policy's metrics as rows of name and value with unit."""
        units = {rule.name: self._unit(rule.value.block) for rule in self._engine.plan.metrics}
        rows: list[list[str]] = []
        for name, value in sorted(values.items()):
            if isinstance(value, dict):
                rows += [[f"{name}  {key}", _written(each, units.get(name, ""))] for key, each in value.items()]
            else:
                rows.append([name, _written(value, units.get(name, ""))])
        return rows

    def _unit(self, block: Any) -> str:
        value = dict(block.outputs)["value"]
        return unit_text(self._engine.plan.graph.nodes[value].type, self._engine.desk.currency)


def _program(engine: Engine, names: Sequence[str]) -> Any:
    """A function from an environment to the facts' values, in this order."""
    checker = Checker(Names(engine.plan.policy, FUNCTIONS, ""), EVERYTHING)
    facts = {name: derived.fact(checker, FACTS[name], None, False) for name in names}
    run = ScalarProgram(from_expressions(facts)).functions["main"]

    def read(env: Env) -> tuple[Any, ...]:
        return tuple(run(env)[: len(names)])

    return read


def _rounded(age_s: Any) -> Any:
    """An age without digits that nobody reads."""
    return float(f"{age_s / 60:.3g}") * 60 if known(age_s) and age_s > 600 else age_s


def _shown(value: Any, unit: str) -> str:
    return figure(value, unit) if known(value) else "–"


def _written(value: Any, unit: str) -> str:
    """A metric's value; for an unknown one its reason."""
    if isinstance(value, str) and value.startswith("unknown: "):
        return value
    return figure(value, unit)
