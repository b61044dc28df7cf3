"""Policies of any number of rules, generated from a seed: what `validate` reads and what a whole event runs through.

The rules are of the kinds and forms that the shipped policies use, each with thresholds of its own, so that nothing is
shared between rules but what two hand-written rules would share too.
"""

from __future__ import annotations

import random
from collections.abc import Callable

HEAD = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {{name: {name}, version: 1.0.0, description: Generated for timing.}}
requires: {{account: hedging, currency: JPY, instruments: [USD_JPY]}}
strategies:
  M1Scalper: {{pocket: scalp}}
  TrendMA: {{pocket: macro}}
pockets: [scalp, macro]
parameters:
  usage_max: {{unit: ratio, default: {usage}%, max: 92%, doc: cap on the margin used}}
  hold_max: {{unit: duration, default: {hold}min, doc: longest hold of a losing trade}}
features:
  ma_gap_atr: abs(mid - sma(m1.close, {window})) / atr(m1, 14)
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {{orders: 1000, within: 60s}}
  refusals: {{count: 3, within: 60s, pause: 300s}}
  quote_age_max: 10s
"""

STRATEGIES = ("M1Scalper", "TrendMA")


def policy(name: str, rules: int, seed: int) -> str:
    """Text of a policy of so many rules (5 at least): mostly guards, then caps, sizing, exits, an entry, a metric."""
    rng = random.Random(seed)
    text = [HEAD.format(name=name, usage=rng.randint(60, 92), hold=rng.randint(20, 90), window=rng.randint(10, 30))]
    left = rules - 2
    shares = {"caps": left // 10 or 1, "sizing": left // 10 or 1, "exits": left // 5 or 1}
    sections = {"guards": left - sum(shares.values()), **shares}
    for section, count in sections.items():
        text.append(f"{section}:\n")
        text += [_WRITERS[section](rng, number) for number in range(count)]
    text.append("entries:\n  - id: from-signals\n    source: signal\n    when: signal.age <= 60s\n")
    text.append("metrics:\n  losers: count(t for t in trades if t.pnl < 0)\n")
    return "".join(text)


def _guard(rng: random.Random, number: int) -> str:
    conditions: tuple[Callable[[], str], ...] = (
        lambda: f"adx(m1, 14) >= {rng.randint(1, 30)} or ma_gap_atr <= {rng.randint(5, 40) / 10}",
        lambda: f"spread <= {rng.randint(8, 40) / 10}pips",
        lambda: (
            f"(side == long and rsi(m1, 14) < {rng.randint(60, 90)}) "
            f"or (side == short and rsi(m1, 14) > {rng.randint(10, 40)})"
        ),
        lambda: f"signal.age <= {rng.randint(5, 60)}s and quote_age <= {rng.randint(2, 9)}s",
        lambda: f"account.free_margin_ratio >= {rng.randint(1, 20)}%",
        lambda: (
            f"atr(m1, 14) >= {rng.randint(1, 9) / 10}pips and abs(position.net_units) < {rng.randint(90, 400)}_000units"
        ),
        lambda: f"count(t for t in trades if t.strategy == signal.strategy and t.pnl < 0) < {rng.randint(3, 30)}",
        lambda: f"ema(m1.close, {rng.randint(5, 50)}) > sma(m1.close, {rng.randint(51, 90)}) or side == short",
    )
    scope = f", strategy: {rng.choice(STRATEGIES)}" if number % 3 == 2 else ""
    condition = conditions[number % len(conditions)]()
    return f"  - id: guard-{number}\n    applies_to: {{intent: entry{scope}}}\n    require: {condition}\n"


def _cap(rng: random.Random, number: int) -> str:
    limit = (
        "account.margin_used_of_equity_after <= usage_max",
        f"account.gross_exposure_after <= {rng.randint(5, 40)}00%",
    )
    return f"  - id: cap-{number}\n    applies_to: {{intent: entry}}\n    limit: {limit[number % 2]}\n"


def _sizing(rng: random.Random, number: int) -> str:
    ways = (
        f"size: {rng.randint(5, 50)}_000units",
        f"scale: ramp(account.free_margin_ratio, {rng.randint(5, 20)}%, {rng.randint(21, 50)}%)",
    )
    return f"  - id: size-{number}\n    applies_to: {{intent: entry}}\n    {ways[number % 2]}\n"


def _exit(rng: random.Random, number: int) -> str:
    conditions = (
        f"trade.age > hold_max * {rng.randint(2, 9)} and trade.pnl < 0",
        f"trade.pnl_pips >= {rng.randint(20, 90)}pips",
        f"trade.pnl_pips <= -{rng.randint(20, 90)}pips",
        f"trade.age > {rng.randint(12, 72)}h",
    )
    return (
        f"  - id: exit-{number}\n    for_each: trade\n    when: {conditions[number % 4]}\n    close: 100%\n"
        "    on_unknown: {wait: 30s, then: alert}\n"
    )


_WRITERS: dict[str, Callable[[random.Random, int], str]] = {
    "guards": _guard,
    "caps": _cap,
    "sizing": _sizing,
    "exits": _exit,
}
