"""Generated quotes and the rules that are run over them, for the dry run, the hand-written loop and the peer alike.

The rules: flat, enter at the market where the spread is narrow and one side shows much more size; leave at a profit, a
loss, or at an age, which a timer brings between two quotes. One trade at a time; what left may enter again at once, on
the same quote. Every limit lies between two values that prices on the tick grid and sizes on the lot grid can have, so
that equality of floats is no one's question.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
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
LEAN = 3.0213
"""How many times the other side's size a side must show."""
TAKE_PIPS = 2.95
STOP_PIPS = 2.45
AGE_MAX_S = 300
AGE_MAX_NS = AGE_MAX_S * 1_000_000_000
SLACK_NS = 100_000

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
    when: position.net_units == 0 and spread <= {SPREAD_PIPS_MAX}pips and bid_size >= {LEAN} * ask_size
    side: long
    strategy: Lean
    size: {UNITS}units
  - id: lean-short
    source: market
    when: position.net_units == 0 and spread <= {SPREAD_PIPS_MAX}pips and ask_size >= {LEAN} * bid_size
    side: short
    strategy: Lean
    size: {UNITS}units
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
  paper: {{account_every: 0s, ignore_sessions: true}}
"""
"""No latency, slippage, fees or daily break: an order fills at the bid or ask it was decided on."""


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
    last_bid, last_ask, last_bid_size, last_ask_size = 0.0, 0.0, 0.0, 0.0
    columns = (quotes.ts, quotes.bid, quotes.ask, quotes.bid_size, quotes.ask_size)
    for ts, bid, ask, bid_size, ask_size in zip(*(column.tolist() for column in columns), strict=True):
        if side:
            if ts - opened_ns >= AGE_MAX_NS:  # it came to that age between two quotes, and left at the earlier one
                due = opened_ns + AGE_MAX_NS
                trades.append(Trade(side, opened_ns, opened_at, due, last_bid if side > 0 else last_ask))
                side = 0
                if (last_ask - last_bid) / PIP <= SPREAD_PIPS_MAX:
                    if last_bid_size >= LEAN * last_ask_size:
                        side, opened_ns, opened_at = 1, due, last_ask
                    elif last_ask_size >= LEAN * last_bid_size:
                        side, opened_ns, opened_at = -1, due, last_bid
            if side:
                out = bid if side > 0 else ask
                pips = (out - opened_at) * side / PIP
                if pips >= TAKE_PIPS or pips <= -STOP_PIPS:
                    trades.append(Trade(side, opened_ns, opened_at, ts, out))
                    side = 0
        if not side and (ask - bid) / PIP <= SPREAD_PIPS_MAX:
            if bid_size >= LEAN * ask_size:
                side, opened_ns, opened_at = 1, ts, ask
            elif ask_size >= LEAN * bid_size:
                side, opened_ns, opened_at = -1, ts, bid
        last_bid, last_ask, last_bid_size, last_ask_size = bid, ask, bid_size, ask_size
    return trades


def first_difference(trades: Sequence[Trade], others: Sequence[Trade]) -> str:
    """What the first two trades that differ are; empty where all agree. Sides and prices are equal to the bit, times to
    within `SLACK_NS`: a timer of the engine may go off that much later than the age that it waits for."""
    for number, (one, other) in enumerate(zip_longest(trades, others)):
        if one is None or other is None:
            return f"trade {number}: {one} and {other}"
        late = max(abs(one.opened_ns - other.opened_ns), abs(one.closed_ns - other.closed_ns))
        same = (one.side, one.opened_at, one.closed_at) == (other.side, other.opened_at, other.closed_at)
        if not same or late > SLACK_NS:
            return f"trade {number}: {one} and {other}"
    return ""
