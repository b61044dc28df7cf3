"""What a reply of the venue means: done, refused, repeat it, or nobody knows (fact sheet §6).

The status alone says nothing: a rate limit is HTTP 500 and was not processed, a real 500 may have been (trap 3). Texts
are padded and of little use: codes decide, then `rt_cd`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from adapters.kis.rows import Row, rows_of
from adapters.wire.decimals import BadPayload, loads
from ruleengine.ports.venue import VenueError

RATE_EXCEEDED, LEDGER_RATE_EXCEEDED = "EGW00201", "EGW00215"
"""Calls in a second: of the app key, and of the account's books behind the gateway."""
TOKEN_OFTEN = "EGW00133"  # noqa: S105 - the code of an error
WRONG_ACCOUNT = "INVALID_CHECK_ACNO"


class Meaning(Enum):
    """Of a reply for the call it answers."""

    DONE = "processed"
    REFUSED = "refused, with a code; nothing was done"
    RENEW = "the token is over; nothing was done"
    REPEAT = "too many calls; nothing was done"
    UNCLEAR = "may have been processed or not"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, read. `code`, `text`: `msg_cd`, `msg1` without padding. `has_more`: another page follows."""

    meaning: Meaning
    code: str
    text: str
    body: dict[str, Any] = field(default_factory=dict)
    has_more: bool = False

    def rows(self, name: str) -> list[Row]:
        """The objects of one of its outputs.

        Errors   VenueError where the reply leaves it out: a list that is not there is no empty one.
        """
        if self.body.get(name) is None:
            raise VenueError(f"the reply has no `{name}`", code="PAYLOAD", remedy="ask again")
        return rows_of(self.body[name], name)

    def row(self, name: str) -> Row:
        """The one object of an output.

        Errors   VenueError where there is none.
        """
        found = self.rows(name)
        if not found:
            raise VenueError(f"`{name}` of the reply is empty", code="PAYLOAD", remedy="ask again")
        return found[0]


_RATES = frozenset({RATE_EXCEEDED, LEDGER_RATE_EXCEEDED})
_TOKEN_OVER = frozenset({"EGW00121", "EGW00122", "EGW00123"})
_NO_ENTRY = re.compile(r"EGW0000[34]|EGW001\d\d|EGW0020[5-9]|EGW0021[0-4]|EGW020\d\d")
"""Of the gateway on keys, headers and rights, before it passes anything on. Its other codes (errors of the server or of
routing, time-outs, numbers that nobody listed) prove nothing."""
_WORDS = {
    "APBK0952": "not enough cash for it; a market order reserves at the upper limit price",
    "APBK0400": "more than can be sold",
    "APBK0656": "no such symbol",
    "APBK0344": "nothing is left of it to cancel",
    "40580000": "the market is closed",
    "40100000": "no business day",
    "40240000": "nothing of it is held",
    "40330000": "nothing is left of it to cancel",
    "OPSQ0002": "the mock environment has no such service",
    "EGW00103": "the app key is wrong",
    "EGW00105": "the app secret is wrong",
    "EGW00131": "the gateway refused a hash key",
    "EGW02004": "the app key is of the mock environment",
    "EGW02006": "the app key is of the live environment",
    RATE_EXCEEDED: "too many calls in a second",
    LEDGER_RATE_EXCEEDED: "too many calls in a second for the account's books",
    TOKEN_OFTEN: "a token may be asked for once a minute",
    WRONG_ACCOUNT: "no such account under these keys",
}
_OTHER_KEYS = "live and mock have keys of their own"
_REMEDIES = {
    "EGW00103": f"check KIS_APPKEY; {_OTHER_KEYS}",
    "EGW00105": f"check KIS_APPSECRET; {_OTHER_KEYS}",
    "EGW02004": _OTHER_KEYS,
    "EGW02006": _OTHER_KEYS,
    "EGW00121": "remove the token cache and try again",
    TOKEN_OFTEN: "wait a minute, and give all processes the same cache folder",
    WRONG_ACCOUNT: "check the account number; live and mock have numbers of their own",
    **dict.fromkeys(_RATES, "see whether another process uses the same keys"),
    "40580000": "wait for regular hours",
    "OPSQ0002": "it is there on a live account only",
}
_FINAL = frozenset({"EGW00103", "EGW00105", "EGW02004", "EGW02006", WRONG_ACCOUNT, "OPSQ0002", "APBK0656"})


def read(status: int, body: Any, *, more: str = "") -> Answer:
    """The meaning of an answer. `body`: JSON as read, or the text where it is none. `more`: the header `tr_cont`.

    >>> read(500, {"rt_cd": "1", "msg_cd": "EGW00201", "msg1": "…  "}).meaning.name
    'REPEAT'
    >>> read(500, {"rt_cd": "1", "msg_cd": "EGW00301"}).meaning.name, read(502, "<html>").meaning.name
    ('UNCLEAR', 'UNCLEAR')
    >>> read(200, "ERROR : INPUT INVALID_CHECK_ACNO").code
    'INVALID_CHECK_ACNO'
    """
    if not isinstance(body, dict):
        text = str(body)
        if WRONG_ACCOUNT in text:
            return Answer(Meaning.REFUSED, WRONG_ACCOUNT, _WORDS[WRONG_ACCOUNT])
        return Answer(Meaning.UNCLEAR, f"HTTP_{status}", f"the venue answered no JSON: `{text.strip()[:80]}`")
    head = Row(body, "reply")
    code, text = head.text("msg_cd", "error_code"), head.text("msg1", "error_description")
    outputs = {name.lower(): value for name, value in body.items()}
    return Answer(_meaning(status, head.text("rt_cd"), code), code, text, outputs, more.strip() in {"F", "M"})


def _meaning(status: int, rt_cd: str, code: str) -> Meaning:
    if code in _TOKEN_OVER:
        return Meaning.RENEW
    if code in _RATES:
        return Meaning.REPEAT
    if _NO_ENTRY.fullmatch(code):
        return Meaning.REFUSED
    if code.startswith("EGW"):
        return Meaning.UNCLEAR
    if rt_cd == "0" and status < 300:
        return Meaning.DONE
    if not code or status >= 500 or rt_cd == "0":
        return Meaning.UNCLEAR
    return Meaning.REFUSED


def said(reply: Answer) -> str:
    """What it says, for people: our words where the code is known, then the venue's."""
    known = _WORDS.get(reply.code, "")
    words = ": ".join(dict.fromkeys(part for part in (known, reply.text) if part))
    return words or (f"refused with {reply.code}" if reply.code else "an answer with neither code nor words")


def error_of(reply: Answer, what: str) -> VenueError:
    """The error for something that was asked and could not be had."""
    code = reply.code or reply.meaning.name
    return VenueError(
        f"{what}: {said(reply)} ({code})", code=code, remedy=_REMEDIES.get(reply.code, ""), is_final=code in _FINAL
    )


def decode(content: bytes) -> Any:
    """A body: JSON with exact numbers, or its text where it is none (some refusals are a bare sentence)."""
    try:
        return loads(content)
    except BadPayload:
        return content[:400].decode("utf-8", "replace")
