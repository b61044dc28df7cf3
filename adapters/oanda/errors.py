"""OANDA's words for what went wrong, as the model's (fact sheet §5). Unknown words are kept as they are."""

from __future__ import annotations

from typing import Any

from adapters.wire.outcome import Reply
from ruleengine.log import redact
from ruleengine.model.event import OrderStatus
from ruleengine.ports.venue import VenueError

_WANTED = frozenset({
    "CLIENT_REQUEST", "CLIENT_REQUEST_REPLACED", "LINKED_TRADE_CLOSED", "MIGRATION", "CLIENT_CONFIGURE",
})  # fmt: skip
"""Reasons of a cancel that somebody asked for, or that follow from what somebody did."""
_DUPLICATE = frozenset({"CLIENT_ORDER_ID_ALREADY_EXISTS", "CLIENT_TRADE_ID_ALREADY_EXISTS"})
_NEWER_SPELLING = {"UNITS_MIMIMUM_NOT_MET": "UNITS_MINIMUM_NOT_MET"}
"""The published file has the older one, and accounts answer with either."""
_ENDED_ALREADY = frozenset({"ORDER_DOESNT_EXIST", "NO_SUCH_ORDER"})

_REMEDIES = {
    401: "check OANDA_TOKEN: a token of a practice user does not work live, nor the reverse",
    403: "the token may not use this account: `ruleengine doctor` shows which ones it may",
    404: "check the account id, whether it is a practice or a live account, and the address where one is given",
}


def code_of(reason: Any) -> str:
    """A reason in its newer spelling."""
    text = str(reason or "")
    return _NEWER_SPELLING.get(text, text)


def status_of_cancel(reason: str) -> OrderStatus:
    """What an ORDER_CANCEL says of the order. One that the venue could not fill, or would not, was refused by it,
    whether that came as a 400 or inside a 201 (traps 1, 2).

    >>> status_of_cancel("CLIENT_REQUEST").value, status_of_cancel("TIME_IN_FORCE_EXPIRED").value
    ('cancelled', 'expired')
    >>> status_of_cancel("INSUFFICIENT_MARGIN").value, status_of_cancel("A_NEW_REASON").value
    ('rejected', 'rejected')
    """
    if reason == "TIME_IN_FORCE_EXPIRED":
        return OrderStatus.EXPIRED
    return OrderStatus.CANCELLED if reason in _WANTED else OrderStatus.REJECTED


def is_duplicate(reason: str) -> bool:
    """The venue has the id already: says nothing of the order that has it."""
    return reason in _DUPLICATE


def has_ended(code: str) -> bool:
    """The order to cancel is not pending any more, or not yet readable: ask for it (trap 15)."""
    return code in _ENDED_ALREADY


def words_of(reply: Reply) -> tuple[str, str]:
    """(code, sentence) of a refusal. Bodies of plain 400s often have no code."""
    body = reply.body if isinstance(reply.body, dict) else {}
    code = code_of(body.get("errorCode") or body.get("rejectReason")) or f"HTTP_{reply.status}"
    return code, redact(str(body.get("errorMessage") or f"answered {reply.status}"))[:300]


def refused(reply: Reply, what: str) -> VenueError:
    """A question that was answered with a refusal. `what`: what was asked for, in words."""
    code, sentence = words_of(reply)
    return VenueError(
        f"can't read {what}: {sentence}", code=code, remedy=_REMEDIES.get(reply.status, ""),
        is_final=reply.status in (400, 401, 403, 404, 405),
    )  # fmt: skip
