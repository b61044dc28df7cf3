"""App keys: tokens, approval keys, and what a key is bound to (fact sheet §2).

A well-formed key (36 characters and a secret of 180) is taken as it comes; its first secret, its first account and the
kind of its first telling tr_id (live or mock) are then its own, as they are at the venue.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from adapters.kis.simulator import refusals
from adapters.kis.simulator.days import kst
from adapters.kis.simulator.refusals import Refused

KEY_LENGTH, SECRET_LENGTH = 36, 180
_SECOND_NS = 1_000_000_000
TOKEN_LIFE_S = 86_400
SAME_TOKEN_S = 6 * 3_600
ISSUE_GAP_S = 60
APPROVAL_LIFE_S = 86_400
_JWT_HEAD = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9"


class KeyRefused(Exception):
    """A call for a token that fails: HTTP 403 with a body unlike every other's."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(code)
        self.body = {"error_description": description, "error_code": code}


@dataclass(slots=True)
class Key:
    """One app key. Times in nanoseconds; `environment`: live, mock, or "" while nothing told."""

    appkey: str
    secret: str
    environment: str = ""
    account: str = ""
    token: str = ""
    issued_ns: int = 0
    expires_ns: int = 0
    asked_ns: int | None = None
    approval: str = ""
    approved_ns: int = 0


class Keys:
    """Every key that was used, its token and its approval key. `has_token_rule`: one token a minute and key."""

    def __init__(self, has_token_rule: bool) -> None:
        self._has_rule = has_token_rule
        self._keys: dict[str, Key] = {}
        self._revoked: set[str] = set()

    def known(self, appkey: str, secret: str) -> Key:
        """The key, made where it is new. Raises KeyRefused for one that is malformed or has another secret."""
        if len(appkey) != KEY_LENGTH or not appkey.isprintable():
            raise KeyRefused("EGW00103", f"유효하지 않은 AppKey입니다. (an app key has {KEY_LENGTH} characters)")
        key = self._keys.get(appkey)
        if len(secret) != SECRET_LENGTH or (key is not None and key.secret != secret):
            raise KeyRefused("EGW00105", f"유효하지 않은 AppSecret입니다. (a secret has {SECRET_LENGTH} characters)")
        if key is None:
            key = self._keys[appkey] = Key(appkey, secret)
        return key

    def issue(self, appkey: str, secret: str, now_ns: int) -> dict[str, object]:
        """The body of `/oauth2/tokenP`: within six hours of the last issue the same token."""
        key = self.known(appkey, secret)
        if self._has_rule and key.asked_ns is not None and now_ns - key.asked_ns < ISSUE_GAP_S * _SECOND_NS:
            raise KeyRefused("EGW00133", "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)")
        key.asked_ns = now_ns
        is_fresh = now_ns - key.issued_ns < SAME_TOKEN_S * _SECOND_NS and now_ns < key.expires_ns
        if not (key.token and is_fresh):
            key.token = f"{_JWT_HEAD}.{secrets.token_urlsafe(96)}.{secrets.token_urlsafe(64)}"
            key.issued_ns, key.expires_ns = now_ns, now_ns + TOKEN_LIFE_S * _SECOND_NS
        return {
            "access_token": key.token,
            "access_token_token_expired": kst(key.expires_ns).strftime("%Y-%m-%d %H:%M:%S"),
            "token_type": "Bearer",
            "expires_in": (key.expires_ns - now_ns) // _SECOND_NS,
        }

    def revoke(self, appkey: str, secret: str, token: str) -> dict[str, object]:
        """The body of `/oauth2/revokeP`."""
        key = self.known(appkey, secret)
        if not token or token != key.token:
            raise KeyRefused("EGW00121", "유효하지 않은 token 입니다.")
        self._revoked.add(key.token)
        key.token = ""
        return {"code": 200, "message": "접근토큰 폐기에 성공하였습니다"}

    def approve(self, appkey: str, secret: str, now_ns: int) -> dict[str, object]:
        """The body of `/oauth2/Approval`: one approval key a day."""
        key = self.known(appkey, secret)
        if not key.approval or now_ns - key.approved_ns >= APPROVAL_LIFE_S * _SECOND_NS:
            text = secrets.token_hex(16)
            key.approval = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
            key.approved_ns = now_ns
        return {"approval_key": key.approval}

    def of_token(self, authorization: str, appkey: str, secret: str, now_ns: int) -> Key:
        """The key that a call comes with. Raises Refused."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused(refusals.NO_BEARER)
        key = self._keys.get(appkey)
        if key is None or token != key.token:
            raise Refused(refusals.TOKEN_EXPIRED if self._is_of_old(token) else refusals.TOKEN_UNKNOWN)
        if secret != key.secret:
            raise Refused(refusals.NOT_THE_KEYS)
        if now_ns >= key.expires_ns:
            raise Refused(refusals.TOKEN_EXPIRED)
        return key

    def of_approval(self, approval: str, now_ns: int) -> Key | None:
        """The key whose approval key this is; None where it is nobody's, or a day old."""
        for key in self._keys.values():
            if approval and key.approval == approval:
                return key if now_ns - key.approved_ns < APPROVAL_LIFE_S * _SECOND_NS else None
        return None

    def _is_of_old(self, token: str) -> bool:
        """Whether a token was once good: of a life before this one too, for clients keep tokens on disk."""
        return token not in self._revoked and token.startswith(_JWT_HEAD)

    def expire_all(self) -> None:
        """Every token is dead before its time, as after the venue's maintenance."""
        for key in self._keys.values():
            key.token = ""
