"""Whether a request is signed as the venue wants it: over the exact bytes, within thirty seconds.

Source: fact sheet §2. The server can only recompute a signature where it knows the secret; of other keys it checks
the form, and holds them to the passphrase they came with first.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from adapters.okx.simulator.errors import Refusal, refuse

WINDOW_MS = 30_000
LOGIN_PATH = "/users/self/verify"
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def signature(secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over timestamp + METHOD + path with query + body.

    >>> signature("s", "2026-03-04T05:06:07.123Z", "GET", "/api/v5/account/config", b"")
    'VTTMFsE9yyBuyHepRPN+F8Vkv/3d9m+NPuzowwJEv4Y='
    """
    message = f"{timestamp}{method}{path}".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


@dataclass(slots=True)
class Keys:
    """Keys that the venue knows. `secrets`: key → (secret, passphrase) where both are known, so that every byte of a
    signature is checked; `accepts_others`: any other well-formed key is let in as well."""

    secrets: dict[str, tuple[str, str]] = field(default_factory=dict)
    accepts_others: bool = True
    _passphrases: dict[str, str] = field(default_factory=dict)

    def check_request(
        self, headers: Mapping[str, str], method: str, path: str, body: bytes, now_ms: int, environment: str
    ) -> str:
        """The key of a signed request. `path`: with `/api/v5` and the query, as it was on the wire. `environment`:
        `demo` and `live` want the demo header there or absent; `any` takes both. Refusal 501xx otherwise."""
        key = _header(headers, "ok-access-key", "50103")
        passphrase = _header(headers, "ok-access-passphrase", "50104")
        stamp = _header(headers, "ok-access-timestamp", "50107")
        sign = _header(headers, "ok-access-sign", "50106")
        if not _ISO.fullmatch(stamp):
            raise refuse("50112")
        try:
            told = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            raise refuse("50112") from None
        if abs(now_ms - round(told.timestamp() * 1000)) > WINDOW_MS:
            raise refuse("50102")
        if not _KEY.fullmatch(key):
            raise refuse("50111")
        check_environment(headers, environment)
        self._check(key, passphrase, sign, (stamp, method, path, body), ("50119", "50105", "50113"))
        return key

    def check_login(self, args: Mapping[str, Any], now_ms: int) -> str:
        """The key of a stream's login; its timestamp is in seconds, as text or as a number (§2)."""
        key, sign, passphrase = (str(args.get(name) or "") for name in ("apiKey", "sign", "passphrase"))
        for value, code in ((key, "60001"), (sign, "60002"), (passphrase, "60003")):
            if not value:
                raise refuse(code)
        stamp = _seconds(args.get("timestamp"))
        if abs(now_ms - Decimal(stamp) * 1000) > WINDOW_MS:
            raise refuse("60006")
        if not _KEY.fullmatch(key):
            raise refuse("60005")
        self._check(key, passphrase, sign, (stamp, "GET", LOGIN_PATH, b""), ("60032", "60024", "60007"))
        return key

    def _check(
        self,
        key: str,
        passphrase: str,
        sign: str,
        message: tuple[str, str, str, bytes],
        codes: tuple[str, str, str],
    ) -> None:
        unknown, wrong_passphrase, wrong_sign = codes
        known = self.secrets.get(key)
        if known is None and not self.accepts_others:
            raise refuse(unknown)
        if not _is_digest(sign) or (known and not hmac.compare_digest(sign, signature(known[0], *message))):
            raise refuse(wrong_sign)
        if passphrase != (known[1] if known else self._passphrases.setdefault(key, passphrase)):
            raise refuse(wrong_passphrase)


def check_environment(headers: Mapping[str, str], environment: str) -> None:
    """50101 where the demo header says another environment than this server plays (trap 8)."""
    is_demo = headers.get("x-simulated-trading") == "1"
    if environment != "any" and is_demo != (environment == "demo"):
        raise refuse("50101")


def _header(headers: Mapping[str, str], name: str, code: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise refuse(code)
    return value


def _seconds(raw: Any) -> str:
    stamp = format(raw, "f") if isinstance(raw, Decimal) else str(raw if raw is not None else "")
    if not re.fullmatch(r"\d{9,11}(\.\d+)?", stamp):
        raise refuse("60004")
    return stamp


def _is_digest(sign: str) -> bool:
    try:
        return len(base64.b64decode(sign, validate=True)) == hashlib.sha256().digest_size
    except (binascii.Error, ValueError):
        return False


__all__ = ["LOGIN_PATH", "WINDOW_MS", "Keys", "Refusal", "check_environment", "signature"]
