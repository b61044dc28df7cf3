"""What `doctor` shows of the venue: is the key right, may it trade, does the account fit, is the clock right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from adapters.okx.account import config, money
from adapters.okx.api import Api
from adapters.okx.hours import Hours
from adapters.okx.rows import Row, word
from adapters.wire.decimals import BadPayload
from ruleengine.ports.venue import Finding, VenueError

SKEW_MAX_S = 2.0
_VENUE_WINDOW_S = 30
_LEVELS = {"1": "spot", "2": "futures", "3": "multi-currency margin", "4": "portfolio margin"}


async def check(api: Api, margin_mode: str, hours: Hours) -> list[Finding]:
    """All findings; one that can't be had says why, and the others follow."""
    found = list(await _tried("clock", lambda: _clock(api)))
    row: Row = {}

    async def read_config() -> Sequence[Finding]:
        nonlocal row
        row = await config(api)
        return [Finding("key", "ok", f"account {word(row, 'uid')}, {'demo' if api.hosts.is_demo else 'live'}")]

    found += await _tried("key", read_config)
    if row:
        found += [_permissions(row), _reach(row), _level(row), _mode(row, margin_mode)]
        found += await _tried("balance", lambda: _balance(api))
        found += await _tried("rate budget", lambda: _rate(api))
    found += await _tried("venue", lambda: _status(api, hours))
    return found


async def _tried(subject: str, look: Callable[[], Awaitable[Sequence[Finding]]]) -> Sequence[Finding]:
    try:
        return await look()
    except VenueError as error:
        return [Finding(subject, "failed", str(error), error.remedy)]
    except BadPayload as error:
        return [Finding(subject, "failed", str(error))]


async def _clock(api: Api) -> Sequence[Finding]:
    await api.sync()
    skew = api.skew_s
    words = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} the venue"
    if abs(skew) <= SKEW_MAX_S:
        return [Finding("clock", "ok", words)]
    state = "warning" if abs(skew) < _VENUE_WINDOW_S else "failed"
    return [Finding("clock", state, words, "set this machine's clock (NTP)")]  # type: ignore[arg-type]  # two of three


def _permissions(row: Row) -> Finding:
    given = word(row, "perm").split(",")
    if "trade" not in given:
        return Finding("permissions", "failed", ", ".join(given), "give the key the permission to trade")
    if "withdraw" in given:
        return Finding(
            "permissions", "warning", ", ".join(given), "use a key that can't withdraw: nothing here needs it"
        )
    return Finding("permissions", "ok", ", ".join(given))


def _reach(row: Row) -> Finding:
    addresses = word(row, "ip")
    if addresses:
        return Finding("addresses", "ok", f"the key works from {addresses}")
    return Finding("addresses", "warning", "the key works from anywhere", "bind it to this machine's address")


def _level(row: Row) -> Finding:
    level = word(row, "acctLv")
    words = f"account mode: {_LEVELS.get(level, level)}"
    if level in ("1", "4"):
        remedy = "swaps with reduce-only orders need `Futures` or `Multi-currency margin`: change it in the settings"
        return Finding("account mode", "failed", words, remedy)
    return Finding("account mode", "ok", words)


def _mode(row: Row, margin_mode: str) -> Finding:
    return Finding("position mode", "ok", f"{word(row, 'posMode')}, orders with {margin_mode} margin")


async def _balance(api: Api) -> Sequence[Finding]:
    cash = money(await api.get("/api/v5/account/balance", {"ccy": "USDT"}))
    return [Finding("balance", "ok" if cash.balance > 0 else "warning", f"{cash.balance} USDT")]


async def _rate(api: Api) -> Sequence[Finding]:
    rows = await api.get("/api/v5/trade/account-rate-limit")
    limit = word(rows[0], "accRateLimit") if rows else ""
    return [Finding("rate budget", "ok", f"{limit or 'unknown'} orders in 2 s for the account; 60 for an instrument")]


async def _status(api: Api, hours: Hours) -> Sequence[Finding]:
    rows = await hours.announcements(api)
    under_way = [word(row, "title") for row in rows if word(row, "state") == "ongoing"]
    ahead = [word(row, "title") for row in rows if word(row, "state") in ("scheduled", "pre_open")]
    if under_way:
        return [Finding("venue", "warning", f"maintenance: {'; '.join(under_way)}", "wait until it is over")]
    return [Finding("venue", "ok", f"maintenance is announced: {'; '.join(ahead)}" if ahead else "no maintenance")]
