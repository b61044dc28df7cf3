"""Where secrets may be sent: over TLS anywhere, in the clear only on this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from ruleengine.ports.venue import VenueError

_SECURE = frozenset({"https", "wss"})
_PLAIN = frozenset({"http", "ws"})


def base_address(text: str) -> str:
    """The address without a slash at its end. Raises VenueError for one that no key may be sent to.

    >>> base_address("http://127.0.0.1:8700/")
    'http://127.0.0.1:8700'
    """
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        raise _bad(text, "it can't be read") from None
    if not parts.hostname or not has_port:
        raise _bad(text, "it names no host")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad(f"{parts.scheme}://{parts.hostname}", "it has more than scheme, host, port and path")
    if parts.scheme in _PLAIN and not is_loopback(parts.hostname):
        raise _bad(text, "keys would travel in the clear; plain http is for this machine only")
    if parts.scheme not in _SECURE | _PLAIN:
        raise _bad(text, "its scheme is none of https, http, wss, ws")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Is it this machine, by name or number?"""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bad(text: str, why: str) -> VenueError:
    return VenueError(
        f"can't use the address `{text}`: {why}", code="address", is_final=True,
        remedy="give `http://127.0.0.1:PORT` for a simulator, or no address for the venue's own hosts",
    )  # fmt: skip
