"""Generated quotes and the rules that are run over them, for the dry run, the hand-written loop and the peer alike.

The rules: flat, enter at the market where the spread is narrow and the sizes shown lean far enough to one side; leave
at a profit, a loss or an age. One trade at a time. Every limit lies between two values that prices on the tick grid, sizes
on the lot grid or times can have, so that equality on floats is no one's question.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROWS = 500_000
SEED = 21
INSTRUMENT = "USD_JPY"
PIP = 0.01
TICK = 0.001
UNITS = 10_000
BEGIN_NS = 1_709_510_400_000_000_000
"""2024-03-04T00:00Z, a Monday: the rows end before the week does, and no session closes between."""

SPREAD_PIPS_MAX = 0.65
SHARE_LONG = 0.7513
SHARE_SHORT = 1.0 - SHARE_LONG
TAKE_PIPS = 2.95
STOP_PIPS = 2.45
AGE_MAX_S = 300

POLICY = f"""\
apiVersion: ruleengine/v1
kind: Policy
metadata: {{name: quotes, version: 1.0.0, description: One trade at a time on the sizes shown.}}
requires: {{account: hedging, currency: JPY, instruments: [{INSTRUMENT}]}}
strategies:
  Lean: {{pocket: scalp}}
pockets: [scalp]
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {{orders: 1000, within: 60s}}
  refusals: {{count: 3, within: 60s, pause: 300s}}
  quote_age_max: 10s
entries:
  - id: lean-long
    source: market
    when: spread <= {SPREAD_PIPS_MAX}pips and book.bid_share >= {SHARE_LONG:.2%}
    side: long
    strategy: Lean
    size: {UNITS}units
    max_open: 1
  - id: lean-short
    source: market
    when: spread <= {SPREAD_PIPS_MAX}pips and book.bid_share <= {SHARE_SHORT:.2%}
    side: short
    strategy: Lean
    size: {UNITS}units
    max_open: 1
exits:
  - id: take-profit
    for_each: trade
    when: trade.pnl_pips >= {TAKE_PIPS}pips
    close: 100%
    on_unknown: {{wait: 30s, then: alert}}
  - id: stop-loss
    for_each: trade
    when: trade.pnl_pips <= -{STOP_PIPS}pips
    close: 100%
    on_unknown: {{wait: 30s, then: alert}}
  - id: time-out
    for_each: trade
    when: trade.age >= {AGE_MAX_S}s
    close: 100%
    on_unknown: {{wait: 30s, then: alert}}
"""

ACCOUNT = f"""\
apiVersion: ruleengine/v1
kind: Account
name: quotes-paper
currency: JPY
balance: 10_000_000JPY
mode: hedging
instruments:
  {INSTRUMENT}: {{margin_rate: 4%}}
venue:
  name: paper
  paper: {{account_every: 0s}}
"""
"""No latency, no slippage, no fees: an order fills at the bid or ask it was decided on."""


@dataclass(frozen=True, slots=True)
class Quotes:
    """Columns of equal length: UTC ns; quote currency; base units."""

    ts: np.ndarray
    bid: np.ndarray
    ask: np.ndarray
    bid_size: np.ndarray
    ask_size: np.ndarray


@dataclass(frozen=True, slots=True)
class Trade:
    """One round trip: +1 long, −1 short; UTC ns; prices on the tick grid."""

    side: int
    opened_ns: int
    opened_at: float
    closed_ns: int
    closed_at: float


def generated(rows: int = ROWS, seed: int = SEED) -> Quotes:
    """A random walk on the tick grid, 0.1 to 1.1 s between rows, spreads of 0.3 to 1.5 pips, sizes in thousands."""
    rng = np.random.default_rng(seed)
    ts = BEGIN_NS + np.cumsum(rng.integers(100_000_000, 1_100_000_000, rows))
    bid_ticks = 150_000 + np.cumsum(rng.integers(-1, 2, rows))
    spread_ticks = rng.integers(3, 16, rows)
    return Quotes(
        ts=ts,
        bid=np.round(bid_ticks * TICK, 3),
        ask=np.round((bid_ticks + spread_ticks) * TICK, 3),
        bid_size=rng.integers(50, 500, rows) * 1_000.0,
        ask_size=rng.integers(50, 500, rows) * 1_000.0,
    )


def write_csv(quotes: Quotes, path: Path) -> None:
    """As the built-in mapping `quotes-decoded` reads it."""
    with path.open("w", newline="", encoding="ascii") as file:
        rows = csv.writer(file)
        rows.writerow(("ts_event_ns", "bid", "ask", "bid_size", "ask_size"))
        columns = (quotes.ts, quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)
        rows.writerows(zip(*(column.tolist() for column in columns), strict=True))


def by_hand(quotes: Quotes) -> list[Trade]:
    """The rules as one loop over plain lists: no unknowns, no records, no orders, one instrument."""
    trades: list[Trade] = []
    side, opened_ns, opened_at = 0, 0, 0.0
    columns = (quotes.ts, quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)
    for ts, bid, ask, bid_size, ask_size in zip(*(column.tolist() for column in columns), strict=True):
        if side:
            out = bid if side > 0 else ask
            pips = (out - opened_at) * side / PIP
            if pips >= TAKE_PIPS or pips <= -STOP_PIPS or (ts - opened_ns) / 1e9 >= AGE_MAX_S:
                trades.append(Trade(side, opened_ns, opened_at, ts, out))
                side = 0
        elif (ask - bid) / PIP <= SPREAD_PIPS_MAX:
            share = bid_size / (bid_size + ask_size)
            if share >= SHARE_LONG:
                side, opened_ns, opened_at = 1, ts, ask
            elif share <= SHARE_SHORT:
                side, opened_ns, opened_at = -1, ts, bid
    return trades
