"""What the paper venue can do, and the message budget it enforces."""

from __future__ import annotations

from dataclasses import dataclass

from ruleengine.ports.venue import Capabilities

CAPABILITIES = Capabilities(
    name="paper",
    account_modes=frozenset({"netting", "hedging"}),
    has_client_ids=True,
    has_reduce_only=True,
    has_partial_close=True,
    has_attached_stops=True,
    order_types=frozenset({"market", "limit", "stop"}),
    rate_per_s=100.0,  # what OANDA advises to stay under (fact sheet §7); enforced only where the account file says so
    needs_network=False,
)

_NANOS = 1_000_000_000


@dataclass(slots=True)
class TokenBucket:
    """`per_s` messages a second, one second's worth at once; 0: no limit. Counts in whole nanoseconds of credit."""

    per_s: float
    credit_ns: int = -1
    at_ns: int = 0

    def take(self, ts: int) -> bool:
        """Whether a message at `ts` is within the budget."""
        if self.per_s <= 0:
            return True
        cost = int(_NANOS / self.per_s)
        full = max(_NANOS, cost)
        if self.credit_ns < 0:
            self.credit_ns = full
        else:
            self.credit_ns = min(full, self.credit_ns + max(ts - self.at_ns, 0))
        self.at_ns = max(ts, self.at_ns)
        if self.credit_ns < cost:
            return False
        self.credit_ns -= cost
        return True
