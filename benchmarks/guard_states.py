"""The guard of twelve conditions, and states for it, generated from a seed.

No state lies on a limit: there the engine's equality (decimals on a tick grid) and float's differ on purpose, and peers
would be counted wrong for what they never promised.
"""

from __future__ import annotations

import random
from typing import Any

from ruleengine.facts.frames import AccountFrame, Env, IntentFrame, MarketFrame, PositionFrame, SignalFrame, TimeFrame
from ruleengine.model.unknown import Reason, Unknown

POLICY = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: twelve, version: 1.0.0, description: One guard of twelve conditions.}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
strategies:
  M1Scalper: {has_exits: false}
limits:
  max_order_units: 100_000units
  max_position_units: 200_000units
  price_collar: 50bps
  repeated_execution: {orders: 5, within: 60s}
  refusals: {count: 3, within: 60s, pause: 300s}
  quote_age_max: 10s
guards:
  - id: twelve
    applies_to: {intent: entry}
    require: >-
      spread <= 1.2pips and rsi(m1, 14) < 70 and adx(m1, 14) >= 20 and account.nets == false
      and side == long and quote_age <= 6s and confidence >= 60 and intent.net_change > 0
      and book.bid_share >= 58% and funding_rate <= 1% and size <= 90_000units and strategy == M1Scalper
entries:
  - id: from-signals
    source: signal
    when: signal.age <= 60s
"""
BLOCK = "guards/twelve.judge"

State = dict[str, Any]
_NOW = 1_700_000_000_000_000_000
_PIP = 0.01


def passing(rng: random.Random) -> State:
    """Values with which all twelve conditions hold; times in UTC ns, shares and rates as fractions."""
    bid = round(rng.uniform(140.0, 160.0), 3)
    return {
        "bid": bid,
        "ask": round(bid + rng.randint(3, 11) * 0.001, 3),
        "pip": _PIP,
        "rsi": rng.uniform(30.0, 69.0),
        "adx": rng.uniform(21.0, 60.0),
        "nets": False,
        "side": "long",
        "now": _NOW,
        "quoted_at": _NOW - rng.randint(1, 5_900_000_000),
        "confidence": float(rng.randint(61, 99)),
        "net_change": float(rng.randint(1, 80_000)),
        "bid_units": rng.uniform(60.0, 90.0),
        "ask_units": rng.uniform(20.0, 40.0),
        "funding_rate": rng.uniform(-0.009, 0.009),
        "size": float(rng.randint(1, 89_000)),
        "strategy": "M1Scalper",
    }


def failing(rng: random.Random, condition: int) -> State:
    """All hold but the one of this number (0 … 11, as written)."""
    state = passing(rng)
    breaks: tuple[State, ...] = (
        {"ask": round(state["bid"] + rng.randint(13, 40) * 0.001, 3)},
        {"rsi": rng.uniform(71.0, 95.0)},
        {"adx": rng.uniform(5.0, 19.0)},
        {"nets": True},
        {"side": "short"},
        {"quoted_at": _NOW - rng.randint(6_100_000_000, 60_000_000_000)},
        {"confidence": float(rng.randint(1, 59))},
        {"net_change": -float(rng.randint(1, 80_000))},
        {"bid_units": rng.uniform(5.0, 15.0)},
        {"funding_rate": rng.uniform(0.011, 0.05)},
        {"size": float(rng.randint(91_000, 150_000))},
        {"strategy": "TrendMA"},
    )
    return state | breaks[condition]


_INPUTS = (
    "ask", "rsi", "adx", "nets", "side", "quoted_at",
    "confidence", "net_change", "bid_units", "funding_rate", "size", "strategy",
)  # fmt: skip
"""One input of each condition."""


def with_unknown(rng: random.Random, state: State, number: int) -> State:
    """The same with one input unknown."""
    name = _INPUTS[number]
    return state | {name: Unknown(rng.choice((Reason.MISSING, Reason.STALE, Reason.NOT_WARM)), name)}


def states(count: int, seed: int) -> dict[str, list[State]]:
    """`count` of each: all twelve hold; half hold and half fail at one; the latter with one input unknown."""
    rng = random.Random(seed)
    mixed = [passing(rng) if index % 2 else failing(rng, index // 2 % 12) for index in range(count)]
    return {
        "holding": [passing(rng) for _ in range(count)],
        "mixed": mixed,
        "unknown": [with_unknown(rng, state, rng.randrange(12)) for state in mixed],
    }


def environment(state: State) -> Env:
    """The state as the frames that the runtime fills."""
    env = Env()
    env.k = TimeFrame(now=state["now"])
    env.m = MarketFrame(
        bid=state["bid"], ask=state["ask"], pip=state["pip"], quoted_at=state["quoted_at"],
        bid_units=state["bid_units"], ask_units=state["ask_units"], funding_rate=state["funding_rate"],
    )  # fmt: skip
    env.m.f = [state["rsi"], state["adx"]]
    env.a = AccountFrame(nets=state["nets"])
    env.i = IntentFrame(
        side=state["side"], confidence=state["confidence"], net_change=state["net_change"], size=state["size"],
        strategy=state["strategy"],
    )  # fmt: skip
    env.g, env.p = SignalFrame(), PositionFrame()
    return env
