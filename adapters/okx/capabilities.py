"""What the venue can do, and what the user has to give for it."""

from __future__ import annotations

from ruleengine.ports.venue import Capabilities, NameForm, SecretName

CAPABILITIES = Capabilities(
    name="okx",
    account_modes=frozenset({"netting", "hedging"}),
    has_client_ids=True,
    has_reduce_only=True,
    has_partial_close=True,
    has_attached_stops=True,
    order_types=frozenset({"market", "limit", "stop"}),
    rate_per_s=18.0,  # orders: 60 in 2 s, less what a burst may take (`limits.py`)
    needs_network=True,
    has_plain_ids=True,
    subscriptions=50,  # four channels each stay well under 480 subscriptions an hour, reconnects included
    currencies=frozenset({"USDT"}),
    names=NameForm(r"[A-Z0-9]+-USDT-SWAP", "BTC-USDT-SWAP"),
)

SECRETS = (
    SecretName("key", "API key, made under the account's API page; it needs the permissions to read and to trade"),
    SecretName("secret", "secret of that key, shown once when it is made"),
    SecretName("passphrase", "passphrase that was chosen when the key was made"),
)
