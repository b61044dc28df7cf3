"""Policies whose graphs are drawn: a small one with every section, and one of sixty rules."""

from __future__ import annotations

from ruleengine.graph import Graph, from_typed
from tests.typecheck.policies import MINIMAL, typed

SMALL = """\
parameters:
  spread_max: {unit: pips, default: 1.2pips, doc: a limit}
features:
  gap: abs(mid - sma(m1.close, 20)) / atr(m1, 14)
schedules:
  thin_hours: {timezone: Asia/Tokyo, windows: [{from: "05:00", to: "08:00"}]}
tables:
  gates:
    by: [strategy]
    columns:
      gap_max: {unit: number, combine: min}
    rows:
      - when: {strategy: M1Scalper}
        values: {gap_max: 1.2}
      - otherwise: true
        values: {gap_max: 3}
guards:
  - id: spread
    applies_to: {intent: entry}
    require: spread <= spread_max
  - id: gap
    applies_to: {intent: entry, when: not thin_hours}
    require: gap <= gates.gap_max and avg_over(spread, 60s) <= 2pips
caps:
  - id: margin
    applies_to: {intent: entry}
    limit: account.margin_used_of_equity_after <= 92%
exits:
  - id: late
    for_each: trade
    when: trade.age > 24h and trade.pnl < 0
    close: 100%
    on_unknown: {wait: 30s, then: close}
metrics:
  losers: count(t for t in trades if t.pnl < 0)
"""


def graph_of(sections: str, minimal: str = MINIMAL) -> Graph:
    policy, found = typed(sections, minimal)
    assert policy is not None, found
    return from_typed(policy)


def sixty_rules() -> str:
    """Guards over a handful of facts, the same features again and again, as in a grown policy."""
    lines = ["features:", "  gap: abs(mid - sma(m1.close, 20)) / atr(m1, 14)", "  calm: spread <= 2pips", "guards:"]
    conditions = (
        "spread <= {n}pips", "gap <= {n}", "calm and rsi(m1, 14) < {n}", "quote_age <= {n}s",
        "account.free_margin_ratio >= {n}%", "count(t for t in trades if t.pnl < 0) < {n}",
    )  # fmt: skip
    for index in range(60):
        lines += [f"  - id: rule-{index}", "    applies_to: {intent: entry}"]
        lines += [f"    require: {conditions[index % 6].format(n=index // 6 + 1)}"]
    return "\n".join(lines) + "\n"
