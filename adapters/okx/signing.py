"""Proof of who asks: over the bytes that leave, with the venue's time. Pure. Source: fact sheet §2."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr

from adapters.wire.request import Request
from ruleengine import log
from ruleengine.ports.venue import Access, VenueError

_LOGIN = "GET/users/self/verify"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs. Neither prints itself."""

    key: SecretStr
    secret: SecretStr
    passphrase: SecretStr

    @classmethod
    def of(cls, access: Access) -> Keys:
        """From the secrets that were given, which no log shows from here on; VenueError names one that is missing, or
        that no header can carry."""
        for name in ("key", "secret", "passphrase"):
            given = access.secrets.get(name)
            if given is None or not given.get_secret_value().strip():
                raise VenueError(
                    f"OKX needs the {name} of an API key", code="secret", is_final=True,
                    remedy=f"set OKX_{name.upper()} in the environment, or store it with `ruleengine secrets`",
                )  # fmt: skip
            log.protect(text := given.get_secret_value())
            if not (text.isascii() and text.isprintable()) or text != text.strip():
                raise VenueError(
                    f"the {name} of the API key has what no key has: a line end, a blank at an end, or a letter beyond "
                    "ASCII", code="secret", is_final=True, remedy="copy it anew, or make a key without such letters",
                )  # fmt: skip
        return cls(access.secrets["key"], access.secrets["secret"], access.secrets["passphrase"])


def headers(keys: Keys, request: Request, venue_ms: int) -> dict[str, str]:
    """Of a signed REST call. `request` is what leaves to the byte: target with its query, content as sent (trap 7)."""
    stamp = iso(venue_ms)
    text = stamp + request.method.upper() + request.target
    return {
        "OK-ACCESS-KEY": keys.key.get_secret_value(),
        "OK-ACCESS-SIGN": _sign(keys, text.encode("ascii") + request.content),
        "OK-ACCESS-TIMESTAMP": stamp,
        "OK-ACCESS-PASSPHRASE": keys.passphrase.get_secret_value(),
    }


def login(keys: Keys, venue_ms: int) -> dict[str, str]:
    """What a websocket's login carries; its time is in seconds."""
    stamp = str(venue_ms // 1000)
    return {
        "apiKey": keys.key.get_secret_value(),
        "passphrase": keys.passphrase.get_secret_value(),
        "timestamp": stamp,
        "sign": _sign(keys, (stamp + _LOGIN).encode("ascii")),
    }


def iso(venue_ms: int) -> str:
    """The only form of time that REST calls may carry.

    >>> iso(1772600767123)
    '2026-03-04T05:06:07.123Z'
    """
    seconds, millis = divmod(venue_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{millis:03d}Z"


def _sign(keys: Keys, content: bytes) -> str:
    digest = hmac.new(keys.secret.get_secret_value().encode(), content, hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")
