"""Whole runs for tests: a policy in which much happens, its account, seeded markets, and what a run leaves behind.

Everything is built as the prompt's commands build it; only the files come from here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ruleengine.cli.engines import engine_of, machine_of
from ruleengine.cli.session import Session, prepare
from ruleengine.model.audit import Audit, Decision, Note, VerdictChange
from ruleengine.model.event import Event
from ruleengine.model.order import Command
from ruleengine.ports.journal import Recorder
from ruleengine.runtime.driving.drive import Driver
from ruleengine.runtime.driving.live import LiveLoop
from ruleengine.runtime.engine import Engine

SECOND = 1_000_000_000
START = 1_767_790_800 * SECOND
"""Wednesday 2026-01-07 13:00 UTC: FX is open."""

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: busy, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies:
  M1Scalper: {aliases: [M1Scalper-trend-long, M1Scalper-trend-short], pocket: scalp}
  TrendMA: {pocket: macro}
pockets: [scalp, macro]
ownership: [qr-]
parameters:
  spread_max: {unit: pips, default: 1.2pips, doc: widest spread at which an entry is let through}
schedules:
  quarter: {timezone: America/New_York, windows: [{from: "08:10", to: "08:12"}]}
limits:
  max_order_units: 60_000units
  max_position_units: 150_000units
  price_collar: 50bps
  orders_per_minute: 40
  repeated_execution: {orders: 400, within: 60s}
  refusals: {count: 3, within: 60s, pause: 60s}
  quote_age_max: 10s
entries:
  - {id: from-signals, source: signal, when: signal.age <= 30s}
  - {id: cross, source: market, when: "m1.close > sma(m1.close, 3) and not quarter", side: long, strategy: TrendMA,
     size: 5_000units, max_open: 3, cooldown: 45s, stop: 6pips, target: 9pips}
ladders:
  - {id: dips, source: market, when: position.gain_over_average <= -1bps and position.exit_price < position.best_price,
     steps: [40%, 20%], interval: 30s, applies_to: {strategy: TrendMA}}
pyramids:
  - {id: win, source: market, when: position.gain_over_first >= 1bps and position.additions_today < 40,
     size: 25% of position.initial_units, most: 9, per_day: 30, cooldown: 20s}
guards:
  - {id: spread, applies_to: {intent: entry}, require: spread <= spread_max}
  - {id: usual-spread, applies_to: {intent: entry}, require: "spread <= 3 * avg_over(spread, 60s)"}
  - {id: heat, applies_to: {intent: entry, strategy: M1Scalper}, require:
     "(side == long and rsi(m1, 2) < 90) or (side == short and rsi(m1, 2) > 10)"}
  - {id: quiet, enforcement: shadow, applies_to: {intent: entry}, require: account.drawdown <= 0.05%}
sizing:
  - {id: base, applies_to: {intent: entry}, size: "coalesce(signal.size, 8_000units)"}
  - {id: by-margin, applies_to: {intent: entry}, scale: "ramp(account.free_margin_ratio, 10%, 60%)"}
caps:
  - {id: margin, applies_to: {intent: entry}, limit: account.margin_used_of_equity_after <= 70%}
hedges:
  - id: relief
    when: account.margin_used_of_available >= 60%
    reduce: {until: account.margin_used_of_available <= 50%, at_least: 1_000units, floor_over_cap: cap,
             at_most: ["40% of abs(position.net_units)"]}
    cooldown: 20s
    on_unknown: {wait: 10s, then: alert}
exits:
  - id: scale-out
    for_each: trade
    stages:
      - {when: trade.pnl_pips >= 1.5pips, close: 50%}
      - {when: trade.back_off >= 1.5pips and trade.peak_pips >= 2pips, close: 100%}
    on_unknown: {wait: 30s, then: close}
  - {id: cut, emergency: true, for_each: trade, when: trade.pnl_pips <= -4pips, close: 100%,
     on_unknown: {wait: 30s, then: close}}
  - {id: old, for_each: trade, when: trade.age >= 6min, close: 100%, cooldown: 15s,
     on_unknown: {wait: 30s, then: close}}
metrics:
  losers: count(t for t in trades if t.pnl < 0)
  usage: account.margin_used_of_equity
"""
ACCOUNT = """
apiVersion: ruleengine/v1
kind: Account
name: busy-paper
currency: JPY
balance: 310_000JPY
mode: hedging
instruments:
  USD_JPY: {margin_rate: 4%}
trades:
  - {instrument: USD_JPY, side: long, units: 30_000units, price: 157.004, age: 3min, strategy: TrendMA, pocket: macro,
     client_id: qr-1}
  - {instrument: USD_JPY, side: short, units: 4_000units, price: 156.99, age: 2h}
venue:
  name: paper
  paper: {latency: 250ms, jitter: 100ms, slippage: {model: ticks, ticks: 1}, account_every: 20s}
"""


def session_in(folder: Path, policy: str = POLICY, account: str = ACCOUNT, seed: int = 1) -> Session:
    """Both texts as files, compiled and held against each other."""
    (folder / "busy.policy.yaml").write_text(policy, encoding="utf-8")
    (folder / "busy.account.yaml").write_text(account, encoding="utf-8")
    return prepare(folder / "busy.policy.yaml", None, (), (), seed)


def market(session: Session, seconds: float, seed: int = 1, **profile: Any) -> list[Event]:
    """Quotes and signals of a seeded market, as a list."""
    signals = [
        {"tag": "M1Scalper-trend-long", "pocket": "scalp", "per_h": 240.0, "sides": ["long"], "size": 6_000.0},
        {"tag": "M1Scalper-trend-short", "pocket": "scalp", "per_h": 240.0, "sides": ["short"]},
    ]
    asked = {"seed": seed, "duration_s": seconds, "signals": signals, **profile}
    return list(session.adapter.market(session.setup(START), asked))


def copied(events: Iterable[Event]) -> list[Event]:
    """Events that a run may number and stamp as it likes."""
    return [replace(event) for event in events]


@dataclass
class Kept:
    """What a run leaves behind. Every line is `[what, JSON value]`, in the order in which the engine handed it over."""

    lines: list[list[Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def event(self, event: Event) -> None:
        self.events.append(event)
        self.lines.append(["event", event.seq, event.ts, event.kind])

    def decision(self, decision: Decision) -> None:
        self.decisions.append(decision)
        self._keep("decision", decision)

    def change(self, change: VerdictChange) -> None:
        self._keep("change", change)

    def note(self, note: Note) -> None:
        self._keep("note", note)

    def order(self, command: Command, ts: int) -> None:
        self._keep("order", command)

    def metrics(self, ts: int, values: dict[str, Any]) -> None:
        self.lines.append(["metrics", ts, json.loads(json.dumps(values, default=str))])

    def snapshot(self, ts: int, state: dict[str, Any]) -> None: ...

    def flush(self) -> None: ...
    def sync(self) -> None: ...

    def _keep(self, what: str, thing: Any) -> None:
        self.lines.append([what, json.loads(json.dumps(asdict(thing), default=str))])

    def only(self, *what: str) -> list[list[Any]]:
        """Lines of these kinds."""
        return [line for line in self.lines if line[0] in what]

    @property
    def decided(self) -> list[list[Any]]:
        """All that a run decides: no captured inputs."""
        return [line for line in self.lines if line[0] != "event"]


def engine(session: Session, recorder: Recorder | None = None, backend: str = "scalar") -> Engine:
    return engine_of(session, recorder, "test", backend)


def dry(
    session: Session,
    events: Sequence[Event],
    *,
    backend: str = "scalar",
    on_audit: Callable[[Event, Audit], None] | None = None,
) -> Kept:
    """The events through the synchronous driver."""
    kept = Kept()
    driver = Driver(engine(session, kept, backend), machine_of(session, START), on_audit)
    driver.start(START)
    driver.run(copied(events))
    return kept


class EventClock:
    """A clock without a time of its own: timers fall due by the events alone."""

    def now_ns(self) -> int:
        return 0

    async def sleep_until_ns(self, ts: int) -> None:
        await asyncio.sleep(0.01)


def live(session: Session, events: Sequence[Event], start_ns: int = START) -> Kept:
    """The same events through the live loop, as fast as they are read."""
    kept = Kept()
    venue = session.adapter.live(machine_of(session, start_ns), copied(events), 0)
    asyncio.run(LiveLoop(engine(session, kept), venue, EventClock()).run())
    return kept
