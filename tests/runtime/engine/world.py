"""A policy text, an account and a script of events: the engine's answers, with fills made by hand.

Quotes are locked (bid = ask) unless said otherwise, so that the middle is the price written in the test. Times are
seconds from `T0`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ruleengine.backends.scalar import ScalarProgram
from ruleengine.diagnostics import has_errors
from ruleengine.graph.from_typed import from_typed
from ruleengine.load import load_bytes
from ruleengine.model.audit import Audit, Decision
from ruleengine.model.event import Event, Fill, OrderStatus, OrderUpdate, Quote, Signal, Timer
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cleared, Order
from ruleengine.model.side import Side
from ruleengine.ports.venue import TradeState, VenueSnapshot
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.figures import figures_graph
from ruleengine.runtime.plan.plan import Plan, make_plan
from ruleengine.schema.shape import shape
from ruleengine.typecheck.check import check

SECOND = 1_000_000_000
T0 = 1_700_000_040 * SECOND
"""A whole minute: bars of the standard timeframes up to h1 begin where the minutes do."""

USD_JPY = Instrument(
    "USD_JPY", "fx", "USD", "JPY", pip=Decimal("0.01"), tick=Decimal("0.001"), margin_rate=Decimal("0.04")
)
HEAD = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: test, version: 1.0.0}
requires: {account: any, currency: JPY, instruments: [USD_JPY]}
strategies: {M1Scalper: {aliases: [M1Scalper-trend-long]}, TrendMA: {}}
pockets: [micro, macro]
ownership: [qr-]
limits:
  max_order_units: 10_000_000units
  max_position_units: 10_000_000units
  price_collar: 50bps
  orders_per_second: 100
  orders_per_minute: 1000
  repeated_execution: {orders: 100, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 240h
"""


def plan_of(rules: str, program: Callable[..., Any] = ScalarProgram, head: str | None = None) -> tuple[Plan, Any]:
    """(plan, program of the account figures) of the rules below a head, the common one where none is given."""
    document, found = load_bytes(((HEAD if head is None else head) + rules).encode(), "test.policy.yaml")
    assert document is not None, found
    policy, found = shape(document)
    assert policy is not None, [str(each) for each in found]
    typed, found = check(policy)
    assert typed is not None, [f"{each.span}: {each.message}" for each in found]
    assert not has_errors(found)
    graph = from_typed(typed)
    return make_plan(typed, graph, program(graph)), ScalarProgram(figures_graph(policy))


def trade(
    units: str,
    price: str = "157",
    *,
    name: str = "1",
    side: str = "long",
    opened_s: float = 0.0,
    strategy: str = "M1Scalper",
    client_id: str = "qr-1-micro-M1Scalper",
) -> TradeState:
    """An open trade of the engine as the venue states it at the start."""
    opened = T0 + int(opened_s * SECOND)
    return TradeState(name, "USD_JPY", Side(side), Decimal(units), Decimal(price), opened, client_id, strategy, "micro")


class Recorder:
    """Keeps everything, in order, as (what, thing)."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Any]] = []

    def event(self, event: Event) -> None:
        self.lines.append(("event", event))

    def decision(self, decision: Decision) -> None:
        self.lines.append(("decision", decision))

    def change(self, change: Any) -> None:
        self.lines.append(("change", change))

    def order(self, command: Any, ts: int) -> None:
        self.lines.append(("order", command))

    def note(self, note: Any) -> None:
        self.lines.append(("note", note))

    def metrics(self, ts: int, values: dict[str, Any]) -> None:
        self.lines.append(("metrics", values))

    def snapshot(self, ts: int, state: dict[str, Any]) -> None:
        self.lines.append(("snapshot", state))

    def flush(self) -> None:
        self.lines.append(("flush", None))

    def sync(self) -> None:
        self.lines.append(("sync", None))


class World:
    """`now`: seconds since `T0` of the last event. Every method that feeds an event gives its audit."""

    def __init__(
        self,
        rules: str,
        *,
        balance: str = "500000",
        trades: tuple[TradeState, ...] = (),
        account: Mapping[str, Any] | None = None,
        spec: Instrument = USD_JPY,
        program: Callable[..., Any] = ScalarProgram,
        metrics_every_s: int = 0,
        head: str | None = None,
    ) -> None:
        self.plan, self.figures = plan_of(rules, program, head)
        self.account = {"name": "test", "currency": "JPY", "mode": "hedging", "balance": balance, **(account or {})}
        self.spec, self.metrics_every_ns = spec, metrics_every_s * SECOND
        self.recorder = Recorder()
        self.engine = self._engine()
        self.engine.adopt(VenueSnapshot(T0 - SECOND, Decimal(balance), Decimal(0), trades))
        # nothing else uses the account's margin: the venue states what we would
        self.now, self.seq, self.next_trade = 0.0, 0, 100

    def _engine(self) -> Engine:
        return Engine(
            self.plan, [self.spec], self.account, self.recorder, run_id="run", policy_digest="digest",
            figures=self.figures, metrics_every_ns=self.metrics_every_ns,
        )  # fmt: skip

    def restart(self) -> None:
        """A new engine from the old one's state, through JSON text."""
        state = json.loads(json.dumps(self.engine.state(), allow_nan=False))
        self.engine = self._engine()
        notes = self.engine.restore(state)
        assert notes == []

    # --- events ------------------------------------------------------------------------------------------------------

    def feed(self, event: Event) -> Audit:
        self.seq += 1
        event.seq = self.seq
        self.now = (event.ts - T0) / SECOND
        return self.engine.process(event)

    def _at(self, at: float | None) -> int:
        return T0 + round((self.now + 1 if at is None else at) * SECOND)

    def quote(self, bid: float, ask: float | None = None, *, at: float | None = None) -> Audit:
        ts = self._at(at)
        return self.feed(Quote(ts, ts, self.spec.name, bid, bid if ask is None else ask))

    def timer(self, *, at: float) -> Audit:
        return self.feed(Timer(self._at(at)))

    def signal(self, side: str = "long", *, name: str = "s1", at: float | None = None, **more: Any) -> Audit:
        ts = self._at(at)
        tag = more.pop("strategy", "M1Scalper")
        age = more.pop("age", 0.0)
        return self.feed(Signal(ts, ts - round(age * SECOND), name, self.spec.name, tag, Side(side), **more))

    def fill(
        self, order: Order, price: float, *, units: str | None = None, trade_id: str = "", is_last: bool = True,
        at: float | None = None,
    ) -> Audit:  # fmt: skip
        """The venue fills an order: a reduction reduces its trade, an opening opens one."""
        ts = self._at(at)
        if order.is_reduce_only:
            named = trade_id or order.trade_id
        else:
            self.next_trade += 1
            named = trade_id or str(self.next_trade)
        size = order.units if units is None else Decimal(units)
        return self.feed(
            Fill(ts, ts, order.instrument, order.id, order.side, size, Decimal(str(price)), named,
                 opens=not order.is_reduce_only, is_last=is_last)
        )  # fmt: skip

    def update(self, order: Order, status: OrderStatus, *, code: str = "", at: float | None = None) -> Audit:
        ts = self._at(at)
        return self.feed(OrderUpdate(ts, ts, order.id, status, code=code))


def orders(audit: Audit) -> list[Order]:
    """What was sent."""
    return [command.order for command in audit.commands if isinstance(command, Cleared)]


def order(audit: Audit) -> Order:
    found = orders(audit)
    assert len(found) == 1, audit
    return found[0]


def decision(audit: Audit) -> Decision:
    assert len(audit.decisions) == 1, audit
    return audit.decisions[0]


def with_rate(rate: str) -> Instrument:
    return replace(USD_JPY, margin_rate=Decimal(rate))
