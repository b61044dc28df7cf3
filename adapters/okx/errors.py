"""The venue's codes: what each means for an order, and what a person can do. Source: fact sheet §8, §7."""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType

from ruleengine.log import redact
from ruleengine.ports.venue import VenueError


class Meaning(Enum):
    """What a code says of the request that it answers."""

    DONE = "done"
    REFUSED = "refused"
    """Proved not executed."""
    LATER = "later"
    """Proved not executed; the same may be taken in a moment (rate, clock, a pause of the market)."""
    UNKNOWN = "unknown"
    """May have been executed: ask."""
    TAKEN = "taken"
    """The order's id is in use: look it up, it may be this very order."""
    GONE = "gone"
    """Of a cancel or a change: the order is no longer open; look up what became of it."""


_UNKNOWN = frozenset({"50001", "50004", "50013", "50026", "51054", "51149", "51412"})
_LATER = frozenset({"50011", "50061", "50102", "51030"})
_TAKEN = frozenset({"51016", "51065", "50071"})
_GONE = frozenset({"51400", "51401", "51402", "51410", "51503", "51509", "51510", "51511", "51603"})
NOT_FOUND = "51603"
CLOCK = frozenset({"50102", "60004", "60006"})
"""Our time is not the venue's."""


def meaning(code: str, message: str = "") -> Meaning:
    """What `sCode` (or, without rows, `code`) says. A code may carry more behind an underscore.

    >>> meaning("51008_1000"), meaning("50004")
    (<Meaning.REFUSED: 'refused'>, <Meaning.UNKNOWN: 'unknown'>)
    """
    code = code.partition("_")[0]
    if code == "0":
        return Meaning.DONE
    if code in _UNKNOWN:
        return Meaning.UNKNOWN
    if code in _LATER:
        return Meaning.LATER
    if code in _TAKEN or (code == "51000" and "clordid" in message.lower()):
        return Meaning.TAKEN
    return Meaning.GONE if code in _GONE else Meaning.REFUSED


_KEY = "check the three secrets: key, secret and passphrase of one and the same API key"
_PERMIT = "give the key the permission to trade on the account's API page"
_REMEDIES = MappingProxyType({
    "50101": "the key is of the other environment: a demo key goes with practice, a live key with --live",
    "50102": "set this machine's clock", "60006": "set this machine's clock", "60004": "set this machine's clock",
    "50103": _KEY, "50104": _KEY, "50105": _KEY, "50106": _KEY, "50107": _KEY, "50111": _KEY, "50112": _KEY,
    "50113": _KEY, "60005": _KEY, "60007": _KEY, "60009": _KEY, "60024": _KEY,
    "50110": "add this machine's address to the key's list on the account's API page",
    "50114": _PERMIT, "50120": _PERMIT,
    "50119": "no such key here: check `region`, and whether it is a demo key",
    "60032": "no such key here: check `region`, and whether it is a demo key",
    "51001": "check the instrument's name, as in BTC-USDT-SWAP",
    "51010": "swaps need the account mode `Futures` or `Multi-currency margin`: change it in the account's settings",
    "50007": "the account is blocked: see what the venue says of it",
    "50009": "the account is frozen by a liquidation: wait until it is over",
    "50027": "the account may not trade: see what the venue says of it",
    "59000": "close positions and cancel orders before the account's mode is changed",
})  # fmt: skip
_PASSING = _UNKNOWN | _LATER | CLOCK


def refusal(code: str, message: str, what: str) -> VenueError:
    """A refusal as an error. `what`: the call. Messages of the venue may hold what was sent, so they are redacted."""
    said = redact(message).strip() or "no reason given"
    return VenueError(
        f"{what}: OKX says {code}: {said}", code=code, remedy=_REMEDIES.get(code, ""), is_final=code not in _PASSING
    )
