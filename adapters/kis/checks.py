"""What `doctor` looks at: which host, keys and token, the account, the rate, the clock, notices."""

from __future__ import annotations

from adapters.kis.account import AccountReader
from adapters.kis.client import Client
from adapters.kis.hosts import AccountNumber
from adapters.wire.clock import NANOS, Clock
from ruleengine.ports.venue import Finding, VenueError

SKEW_MAX_S = 2.0


async def findings(
    client: Client, account: AccountNumber, accounts: AccountReader, clock: Clock, *, has_notices: bool
) -> list[Finding]:  # fmt: skip
    """All of it; nothing is ordered, and no session of the socket is taken from a program that runs."""
    kind = "mock" if client.hosts.is_mock else "LIVE"
    found = [Finding("environment", "ok", f"{kind}, at {client.hosts.rest}")]
    found.append(await _token(client, clock))
    if found[-1].state != "failed":
        found += [await _approval(client), await _account(account, accounts)]
    found.append(Finding("rate", "ok", f"{client.rate_per_s:g} calls a second, shared by all calls of the app key"))
    found.append(_clock(client))
    if has_notices:
        found.append(Finding("notices", "ok", "an HTS ID was given"))
    else:
        found.append(
            Finding(
                "notices", "warning", "no HTS ID: fills come of the order list alone, seconds later", "set KIS_HTS_ID"
            )
        )
    return found


async def _token(client: Client, clock: Clock) -> Finding:
    try:
        await client.tokens.get()
    except VenueError as error:
        return _failed("token", error)
    token = client.tokens.present
    if token is None:
        return Finding("token", "failed", "none")
    now = clock.now_ns()
    age_h, left_h = ((span / NANOS / 3600) for span in (now - token.issued_ns, token.expires_ns - now))
    return Finding("token", "ok", f"{age_h:.1f} h old, lasts {left_h:.1f} h more")


async def _approval(client: Client) -> Finding:
    try:
        await client.tokens.approval_key()
    except VenueError as error:
        return _failed("socket", error)
    return Finding("socket", "ok", "an approval key is given")


async def _account(account: AccountNumber, accounts: AccountReader) -> Finding:
    try:
        balance = await accounts.balance()
    except VenueError as error:
        return _failed("account", error)
    words = f"{account.text}: {balance.cash:,.0f} KRW of settled cash, {len(balance.held)} shares held"
    if balance.credit:
        left_out = ", ".join(balance.credit)
        return Finding("account", "warning", f"{words}; left out, on credit: {left_out}", "use a cash account")
    return Finding("account", "ok", words)


def _clock(client: Client) -> Finding:
    skew_s = client.skew_s
    if skew_s is None:
        return Finding("clock", "warning", "the venue states no time", "keep this machine's clock by NTP")
    if abs(skew_s) > SKEW_MAX_S:
        return Finding("clock", "failed", f"{skew_s:+.1f} s off the venue's", "set this machine's clock by NTP")
    return Finding("clock", "ok", "within two seconds of the venue's")


def _failed(subject: str, error: VenueError) -> Finding:
    return Finding(subject, "failed", str(error), error.remedy)
