"""Connections to one address, as an httpx client: no proxy from the environment, no redirect, certificates checked."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from functools import cache

import httpx

_DROP_UNSENT = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", True, 0))


def client_of(
    base: str, *, keep: int, idle_s: float, drops_unsent: bool = False, via: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """`keep`: idle connections that are kept, each for `idle_s`. `via`: in place of the network.

    `drops_unsent`: closing a connection drops what waits in its send buffer, also where the process is killed. Without
    it the system goes on sending for minutes after a request was given up: an order would reach the venue long after
    it was found to be absent there."""
    pool = httpx.Limits(max_connections=None, max_keepalive_connections=keep, keepalive_expiry=idle_s)
    options = [_DROP_UNSENT] if drops_unsent else []
    return httpx.AsyncClient(
        transport=via
        or httpx.AsyncHTTPTransport(verify=_trust(base), limits=pool, trust_env=False, socket_options=options),
        trust_env=False, follow_redirects=False,
    )  # fmt: skip


def _trust(base: str) -> ssl.SSLContext:
    """What certificates are checked by. Loading the authorities takes longer than a request, so it is done once, and
    not at all for this machine's own plain http."""
    return _authorities() if base.startswith("https://") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def _authorities() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)
