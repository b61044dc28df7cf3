"""What `doctor` looks at: what the token may do, what the account is, whether clocks agree, what the rates allow."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.oanda import errors
from adapters.oanda.account import account_of
from adapters.oanda.capabilities import CONNECTIONS_PER_S, REQUESTS_PER_S
from adapters.oanda.client import Client
from adapters.wire.decimals import objects, optional
from adapters.wire.outcome import Reply
from ruleengine.ports.venue import Access, Finding, VenueError

Row = Mapping[str, Any]
SKEW_MAX_S = 2.0
_CLOSEOUT_NEAR = Decimal("0.5")


async def findings(client: Client, access: Access) -> list[Finding]:
    """Everything that can be told without sending an order."""
    try:
        listing = await client.ask("/accounts")
    except VenueError as error:
        if error.code == "http_429":
            return [Finding("rates", "failed", "the venue answers: too many requests", "see what else runs here")]
        return [Finding("connection", "failed", str(error), "see whether the venue can be reached from here")]
    found = [_token(listing, access, client.account_id), _clock(listing)]
    try:
        row = (await client.get(client.path("/summary"), "the account"))["account"]
        found += [_account(row, access), _margin(row), _market_access(row)]
    except (VenueError, KeyError, TypeError) as error:
        remedy = error.remedy if isinstance(error, VenueError) else ""
        found.append(Finding("account", "failed", str(error), remedy))
    return [*found, _RATES]


def _token(listing: Reply, access: Access, account_id: str) -> Finding:
    """Its scope: every account that the token may use."""
    if not listing.is_good:
        refused = errors.refused(listing, "the accounts of this token")
        return Finding("token", "failed", str(refused), refused.remedy)
    names = account_names(listing)
    shown = ", ".join(names) or "none"
    if account_id not in names:
        return Finding("token", "failed", f"may use {shown}", f"name one of these instead of {account_id}")
    return Finding("token", "ok", f"may use {shown} ({access.environment})")


def account_names(listing: Reply) -> list[str]:
    """Ids in an answer of `/accounts`. Raises BadPayload."""
    rows = objects(listing.body.get("accounts") if isinstance(listing.body, dict) else None, "accounts")
    return [str(row["id"]) for row in rows if "id" in row]


def _clock(reply: Reply) -> Finding:
    skew_s = reply.skew_s()
    if skew_s is None:
        return Finding("clock", "warning", "the venue states no date", "see that this machine's clock is kept by NTP")
    if abs(skew_s) > SKEW_MAX_S:
        way = "ahead of" if skew_s > 0 else "behind"
        return Finding("clock", "failed", f"{abs(skew_s):.1f} s {way} the venue's", "set this machine's clock by NTP")
    return Finding("clock", "ok", f"within {SKEW_MAX_S:g} s of the venue's")


def _account(row: Row, access: Access) -> Finding:
    """Netting or hedging by the account's own flag (trap 14)."""
    account = account_of(row, access.environment)
    leverage = "" if account.leverage is None else f", margin rate of the account {row.get('marginRate')}"
    return Finding("account", "ok", f"{account.id}: {account.mode}, in {account.currency}{leverage}")


def _margin(row: Row) -> Finding:
    used, free = optional(row.get("marginUsed"), "marginUsed"), optional(row.get("marginAvailable"), "marginAvailable")
    closeout = optional(row.get("marginCloseoutPercent"), "marginCloseoutPercent")
    if used is None or free is None or closeout is None:
        return Finding("margin", "warning", "the account does not state it", "see the broker's own page")
    text = f"{used:f} used, {free:f} free; {closeout:f} of what starts a closeout"
    if closeout >= _CLOSEOUT_NEAR:
        return Finding("margin", "warning", text, "at 1 the broker closes positions: reduce, or add money")
    return Finding("margin", "ok", text)


def _market_access(row: Row) -> Finding:
    counts = ", ".join(f"{row.get(key, '?')} {words}" for key, words in _COUNTS.items())
    return Finding("book", "ok", counts)


_COUNTS = {"openTradeCount": "open trades", "pendingOrderCount": "pending orders"}
_RATES = Finding(
    "rates", "ok", f"at most {REQUESTS_PER_S:g} requests and {CONNECTIONS_PER_S:g} new connections a second leave here"
)
