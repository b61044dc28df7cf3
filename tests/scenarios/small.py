"""A policy small enough that every figure of its scenarios can be worked out by hand, and how a scenario of it is run.

USD/JPY on a JPY account, margin 4 % of the value, no fees, no slippage: entries as signals ask, half of a trade closed
at 10 pips of gain.
"""

from __future__ import annotations

from pathlib import Path

from ruleengine.cli.venues import adapter_named
from ruleengine.reports.scenario import Result, Runner

POLICY = """
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: small, version: 1.0.0}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies:
  Trend: {}
  Other: {}
ownership: ["qr-"]
parameters:
  spread_max: {unit: pips, default: 1.2pips, min: 0.1pips, max: 5pips, doc: "widest spread"}
  least_gain: {unit: pips, default: 10pips, doc: "gain at which half is closed"}
features:
  average: sma(m1.close, 3)
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 20, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
guards:
  - {id: spread, applies_to: {intent: entry}, require: spread <= spread_max}
  - {id: fresh, applies_to: {intent: entry}, require: quote_age <= 5s}
sizing:
  - {id: asked, applies_to: {intent: entry}, size: "coalesce(signal.size, 10_000units)"}
caps:
  - id: margin
    applies_to: {intent: entry}
    limit: account.margin_used_of_equity_after <= 50%
entries:
  - {id: from-signals, source: signal, when: signal.age <= 60s}
exits:
  - id: half
    for_each: trade
    when: trade.pnl_pips >= least_gain
    close: 50%
    on_unknown: {wait: 60s, then: alert}
  - id: lost
    for_each: trade
    when: trade.pnl_pips <= -20pips
    close: 100%
    on_unknown: {wait: 60s, then: alert}
metrics:
  open_units: {for_each: strategy, value: sum(t.units for t in trades if t.strategy == strategy)}
  used: account.margin_used_of_equity
  above_average: {for_each: instrument, value: mid - average}
"""

HEAD = """
apiVersion: ruleengine/v1
kind: Scenario
about: a scenario of the small policy
cites: [SC-07]
policy: small.policy.yaml
"""

ACCOUNT = "account: {currency: JPY, balance: 1_000_000JPY, mode: hedging}"


def written(folder: Path, text: str, name: str = "one.yaml") -> Path:
    """A scenario of the small policy as a file, with the policy beside it."""
    (folder / "small.policy.yaml").write_text(POLICY, encoding="utf-8")
    file = folder / name
    file.write_text(HEAD + text, encoding="utf-8")
    return file


def ran(folder: Path, text: str, runner: Runner | None = None) -> Result:
    """The one result of a scenario without cases."""
    (result,) = ran_all(folder, text, runner)
    return result


def ran_all(folder: Path, text: str, runner: Runner | None = None) -> list[Result]:
    """The results of a scenario's cases."""
    return list((runner or Runner(adapter_named)).results(written(folder, text)))
