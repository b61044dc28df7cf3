"""What OANDA can do, and the rates it asks clients to stay under (fact sheet §7)."""

from __future__ import annotations

from ruleengine.ports.venue import Capabilities, NameForm, SecretName

REQUESTS_PER_S = 100.0
"""120 are refused; its documents advise 100."""
REQUESTS_AT_ONCE = 20.0
"""They are part of the 100: what may leave within a second is these and what flows in meanwhile."""
CONNECTIONS_PER_S = 2.0
CONNECTION_EVERY_S = 0.55
"""A little more than half a second, for they may be on their way for different times."""
HEARTBEAT_SILENCE_S = 10.0
"""Heartbeats come about every five seconds on both streams; twice that without a line is a dead one."""

CAPABILITIES = Capabilities(
    name="oanda",
    account_modes=frozenset({"netting", "hedging"}),
    has_client_ids=True,
    has_reduce_only=True,
    has_partial_close=True,
    has_attached_stops=True,
    order_types=frozenset({"market", "limit", "stop"}),
    rate_per_s=REQUESTS_PER_S,
    needs_network=True,
    names=NameForm(r"[A-Z0-9]+_[A-Z0-9]+", "EUR_USD"),
)

SECRETS = (SecretName("token", "the personal access token of the OANDA user; practice and live have one each"),)
