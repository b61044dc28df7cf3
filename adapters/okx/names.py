"""Names that we give at the venue beside an order's own id."""

from __future__ import annotations

import base64
import hashlib

TAG = "ruleengine"
"""Of all our orders: by it the venue tells them from others' (`deadman.py`)."""
ID_MAX = 32
_ATTACHED = "attached"


def protection_id(order_id: str) -> str:
    """Of the stop and target that come attached to an order: always the same for it, and told by its first letters.

    >>> protection_id("re1a2b")
    'attachedl5x3hbxx5lgfuucj3av6btg7'
    """
    digest = hashlib.sha256(order_id.encode()).digest()
    return _ATTACHED + base64.b32encode(digest[:15]).decode("ascii").lower()


def is_protection(name: str) -> bool:
    """Is this client id one of ours for something attached?"""
    return name.startswith(_ATTACHED) and len(name) == ID_MAX
