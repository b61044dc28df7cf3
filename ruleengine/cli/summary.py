"""The summary at the end of a run: what was decided, what was refused and by how much, the account, the assumptions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.cli.accounts import TRADE_HEADS, AccountReader
from ruleengine.cli.display import print_tables
from ruleengine.cli.engines import period
from ruleengine.cli.session import Session
from ruleengine.model.audit import Audit
from ruleengine.reports.fills import Fills
from ruleengine.reports.tables import Table, money
from ruleengine.reports.tally import AccountLine, Tally
from ruleengine.runtime.engine import Engine

_BRIEF = ("market", "period", "events")
"""Of a run's identity, what its brief summary says below policy and account."""


@dataclass
class Summary:
    """Fed with every audit, and through `fills` with what the venue says; prints at the end. `first_ns`: of the first
    event that the run may take."""

    session: Session
    engine: Engine
    fills: Fills
    assumptions: list[tuple[str, str]]
    source: str
    first_ns: int
    last_metrics: dict[str, Any] = field(default_factory=dict)
    on_reading: Callable[[dict[str, float]], None] | None = None
    """Told of every reading of the account."""

    def __post_init__(self) -> None:
        self.tally, self._waited_for_price = Tally(self.session.currency), False
        self.account = AccountLine(self.session.currency)
        self.reader = AccountReader(self.engine)

    def begin(self) -> None:
        """The first reading, of the book that the run begins with; what needs a price is read when there is one."""
        self._read()
        self._waited_for_price = "equity" not in self.account.first

    def take(self, audit: Audit) -> None:
        self.tally.add(audit)
        if audit.metrics:
            self.last_metrics = audit.metrics
            self._read()
        elif audit.decisions:
            self._read()

    def close(self) -> None:
        """The last reading, and the policy's figures once more."""
        self.take(self.engine.finish())
        self._read()

    def _read(self) -> None:
        figures = self.reader.figures()
        self.account.see(figures)
        if self.on_reading is not None:
            self.on_reading(figures)

    def tables(self) -> list[Table]:
        trades = Table(
            "Open trades at the end (the engine's own)",
            TRADE_HEADS,
            self.reader.open_trades(),
            right=(4, 5, 6, 7, 8),
            note=f"result in {self.session.currency}",
        )
        metrics = Table("Metrics at the end", ["metric", "value"], self.reader.metrics(self.last_metrics), right=(1,))
        assumed = Table("Fills assume", ["what", "value"], [list(pair) for pair in self.assumptions])
        counted = [*self.fills.tables(), *self.tally.tables()]
        return [*counted, self.account.table(), self._result(), trades, metrics, assumed, self._identity()]

    def brief(self) -> list[Table]:
        """What a screen holds: which run it was, orders, refusals, result."""
        whole = self._identity()
        name, _, account, *ran = whole.rows
        head = Table(f"{name[1]} on {account[1]}", ["", ""], [row for row in ran if row[0] in _BRIEF])
        return [head, *self.fills.tables(), self.tally.refused(), self._result()]

    def in_a_line(self) -> str:
        """For people who are far away: the result, and the policy's own figures (PY-15)."""
        outcomes = Counter[str]()
        for (_, _, outcome), count in self.tally.decisions.items():
            outcomes[outcome] += count
        rows = [*self._result().rows, ["open trades", str(len(self.reader.open_trades()))]]
        rows += self.reader.metrics(self.last_metrics)
        counted = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
        return "; ".join([counted or "nothing was decided", *(f"{name} {value}" for name, value in rows)])

    def _result(self) -> Table:
        equity = self.account.last.get("equity"), self.account.first.get("equity")
        result = Table("Result", ["figure", "value"], right=(1,))
        if equity[0] is not None and equity[1] is not None:
            what = "change of equity" + (" since the first price" if self._waited_for_price else "")
            result.rows.append([what, money(equity[0] - equity[1], self.session.currency)])
        balance, paid = (self.account.last.get("balance"), self.account.first.get("balance")), float(self.fills.paid)
        if balance[0] is not None and balance[1] is not None:
            result.rows.append(
                ["realised, with fees and financing", money(balance[0] - balance[1] - paid, self.session.currency)]
            )
        if paid:
            result.rows.append(["paid in and out", money(paid, self.session.currency)])
        fees = sum((each.fees for each in self.fills.by_rule.values()), Decimal(0))
        if fees:
            result.rows.append(["of that fees", money(-fees, self.session.currency)])
        return result

    def _identity(self) -> Table:
        policy = self.session.policy
        rows = [
            ["policy", f"{policy['name']} {policy['version']}"],
            ["digest", policy["digest"]],
            ["account", f"{self.session.account['name']} ({self.session.account_file})"],
            ["market", self.source],
            ["period", period(self.first_ns, self.engine.position[0])],
            ["events", f"{self.tally.events:,}"],
            ["seed", str(self.session.seed)],
            *(["overlay", str(each)] for each in self.session.overlays),
            *(["set", each] for each in self.session.sets),
        ]
        return Table("Run", ["", ""], rows)

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": self.session.policy,
            "account": self.session.account["name"],
            "market": self.source,
            "first_ns": self.first_ns,
            "last_ns": self.engine.position[0],
            "seed": self.session.seed,
            "overlays": [str(each) for each in self.session.overlays],
            "sets": list(self.session.sets),
            **self.tally.as_json(),
            "fills": self.fills.as_json(),
            "figures": {
                "first": self.account.first,
                "low": self.account.low,
                "high": self.account.high,
                "last": self.account.last,
            },
            "metrics": self.last_metrics,
            "assumptions": dict(self.assumptions),
        }

    def print(self, format: str, extra: dict[str, Any] | None = None) -> None:
        if format == "json":
            print(json.dumps({**self.as_json(), **(extra or {})}, default=str, ensure_ascii=False))
        else:
            print_tables(self.brief() if format == "brief" else self.tables())
