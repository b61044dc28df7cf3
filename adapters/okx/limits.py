"""How often each call may leave. Source: fact sheet §4-6, calls in two seconds.

A bucket that refills with 0.3 of the limit a second and holds 0.4 of it never lets more than the limit through in any
two seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapters.wire.budget import Budget
from adapters.wire.clock import Clock

_PER_2_S: Mapping[str, float] = MappingProxyType({
    "/api/v5/public/time": 10, "/api/v5/public/mark-price": 10, "/api/v5/public/position-tiers": 10,
    "/api/v5/market/candles": 40, "/api/v5/account/config": 5, "/api/v5/account/balance": 10,
    "/api/v5/account/positions": 10, "/api/v5/account/bills": 5, "/api/v5/account/bills-archive": 5,
    "/api/v5/account/trade-fee": 5, "/api/v5/trade/order": 60, "/api/v5/trade/cancel-order": 60,
    "/api/v5/trade/amend-order": 60,
    "/api/v5/trade/orders-pending": 60, "/api/v5/trade/orders-history": 40, "/api/v5/trade/fills": 60,
    "/api/v5/trade/fills-history": 10, "/api/v5/trade/cancel-all-after": 2, "/api/v5/trade/account-rate-limit": 2,
    "/api/v5/system/status": 0.4,
})  # fmt: skip
_OTHERS = 20


class Limits:
    """A budget for each call, made when it is first wanted. Orders of all instruments share one, which is stricter than
    the venue, so that an exit never waits behind entries of another instrument."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._budgets: dict[tuple[str, str], Budget] = {}

    def of(self, method: str, path: str) -> Budget:
        """Reading and sending orders have separate counters."""
        if (method, path) not in self._budgets:
            limit = _PER_2_S.get(path, _OTHERS)
            self._budgets[method, path] = Budget(self._clock, per_s=0.3 * limit, burst=max(1.0, 0.4 * limit))
        return self._budgets[method, path]

    def close(self) -> None:
        for budget in self._budgets.values():
            budget.close()
