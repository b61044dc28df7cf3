"""How an order is named, and what it acts on."""

from __future__ import annotations

import base64
import hashlib
import json

from ruleengine.model.order import Order
from ruleengine.model.side import Side

ID_LENGTH_MAX = 32
"""The shortest limit of the venues we know (OKX `clOrdId`: 32 letters and digits)."""
MADE_HERE = "re"
"""Prefix of our ids where the policy declares no usable one."""


def order_id(run_id: str, policy_digest: str, rule: str, key: str, seq: int, prefix: str = MADE_HERE) -> str:
    """The id of an order, made once from its decision: the same decision gives the same id, so a retry is the same
    order (FX-36). Letters and digits after the prefix, at most 32 characters.

    `key`: the trade, position or signal that the rule acts on. `seq`: number of the event that the decision is about.

    >>> order_id("run", "digest", "spread", "USD_JPY", 7) == order_id("run", "digest", "spread", "USD_JPY", 7)
    True
    """
    content = json.dumps([run_id, policy_digest, rule, key, seq], ensure_ascii=True, separators=(",", ":"))
    digest = hashlib.sha256(content.encode("ascii")).digest()
    body = base64.b32encode(digest[:15]).decode("ascii").lower()
    return prefix + body[: ID_LENGTH_MAX - len(prefix)]


def is_usable_prefix(prefix: str) -> bool:
    """May ids begin so? Letters, digits and `-`; short enough to leave 80 bits of the decision in the id."""
    return 0 < len(prefix) <= ID_LENGTH_MAX - 16 and prefix.isascii() and prefix.replace("-", "a").isalnum()


def position_key(instrument: str, side: Side) -> str:
    """How one side of an instrument is named where a trade's number would stand."""
    return f"{instrument}:{side.value}"


def exit_key(order: Order) -> str:
    """What a reducing order acts on: the trade's number, else the side of its instrument."""
    return order.trade_id or position_key(order.instrument, order.position_side or order.side.opposite)
