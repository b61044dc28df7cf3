"""What KIS can do with Korean shares."""

from __future__ import annotations

from ruleengine.ports.venue import Capabilities, NameForm, SecretName

LIVE_RATE_PER_S, MOCK_RATE_PER_S = 20.0, 2.0
SUBSCRIPTIONS = 20
"""41 registrations a session: two a share (book and prints), one for the account's notices."""

CAPABILITIES = Capabilities(
    name="kis",
    account_modes=frozenset({"netting"}),
    has_client_ids=False,
    has_reduce_only=True,
    has_partial_close=True,
    has_attached_stops=False,
    order_types=frozenset({"market", "limit"}),
    rate_per_s=LIVE_RATE_PER_S,
    needs_network=True,
    subscriptions=SUBSCRIPTIONS,
    has_shorts=False,
    currencies=frozenset({"KRW"}),
    names=NameForm(r"[0-9][0-9A-Z]{5}|Q[0-9]{6}", "005930"),
)
"""Sales are reduce-only by nature: nothing can be sold that is not held."""

SECRETS = (
    SecretName("appkey", "app key of the account's Open API; live and mock have keys of their own"),
    SecretName("appsecret", "app secret that belongs to the app key"),
    SecretName("hts_id", "ID with which the account's owner logs in to HTS: notices of orders and fills go by it"),
)
