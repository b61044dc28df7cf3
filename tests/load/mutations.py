"""A policy and ways to break it, for fuzzing and for counting how precisely breakages are reported."""

from __future__ import annotations

import random

POLICY = b"""# Both sides on one account
apiVersion: ruleengine/v1
kind: Policy
metadata: {name: fx-hedge, version: 1.3.0, description: Both sides on one account.}
requires: {account: hedging, currency: JPY, instruments: [USD_JPY]}
parameters:
  max_margin_usage: {unit: ratio, default: 92%, max: 92%, doc: "Never above 92\\u0020%."}   # FX-02
  safety_factor: {unit: ratio, default: 90%}
features:
  gap: abs(mid - sma(m1.close, 20)) / atr(m1, 14)
  wide: spread > 1.2pips
guards:
  - id: spread
    applies_to: {intent: entry, strategy: fast_scalp}
    require: spread <= 1.2pips
    doc: |
      Never trade when it is wide,
        whatever the reason.
  - id: overheated
    note: 'the trader''s own rule'
    require: (side == long and rsi(m1, 14) < 70)
      or (side == short and rsi(m1, 14) > 30)
caps:
  - &cap
    id: margin
    limit: account.margin_used_of_equity_after <= 92%
  - *cap
hedges:
  - id: margin-relief
    when: account.margin_used_of_available >= 88%
    reduce:
      until: account.margin_used_of_available <= 82%
      at_most: [55% of position.net_units, 90_000units]
    on_unknown: {wait: 10s, then: alert}
"""

_TOKENS = [
    *"\t\"'{}[]:\n#!|>%@`,()\\~\r\0\ufeff\u202e\x85한😀",
    *(": ", "- ", "\n  ", " #", "&a ", "*a", "!!x ", "<<: ", "---\n", "...\n", "? ", "1e3"),
]


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to eight random edits: tokens and bytes in, stretches out, lines repeated, moved and re-indented."""
    edited = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        at = rng.randrange(len(edited) + 1)
        kind = rng.random()
        if kind < 0.35:
            edited[at:at] = rng.choice(_TOKENS).encode()
        elif kind < 0.6:
            del edited[at : at + rng.choice([1, 1, 1, 2, 5, 20])]
        elif kind < 0.7 and at < len(edited):
            edited[at] = rng.randrange(256)
        else:
            lines = bytes(edited).split(b"\n")
            here, there = rng.randrange(len(lines)), rng.randrange(len(lines))
            if kind < 0.85:
                lines.insert(there, lines[here])
            else:
                lines[here] = b" " * rng.randint(0, 6) + lines[here].lstrip()
            edited = bytearray(b"\n".join(lines))
    return bytes(edited)
