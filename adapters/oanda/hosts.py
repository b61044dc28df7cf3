"""Where OANDA is: two hosts an environment, one for REST and one for streams (fact sheet §1)."""

from __future__ import annotations

import re
from typing import NamedTuple

from adapters.wire.address import base_address
from ruleengine.ports.venue import Access, VenueError

_ACCOUNT = re.compile(r"\d+-\d+-\d+-\d+")


class Hosts(NamedTuple):
    rest: str
    streams: str


PRACTICE = Hosts("https://api-fxpractice.oanda.com", "https://stream-fxpractice.oanda.com")
LIVE = Hosts("https://api-fxtrade.oanda.com", "https://stream-fxtrade.oanda.com")


def hosts_of(access: Access) -> Hosts:
    """An address in place of OANDA's own is a simulator's: it has streams and REST on one port."""
    if access.address:
        base = base_address(access.address)
        return Hosts(base, base)
    return LIVE if access.environment == "live" else PRACTICE


def checked_account(account_id: str) -> str:
    """The account's id as paths have it. Raises VenueError for what can't be one."""
    if not _ACCOUNT.fullmatch(account_id):
        raise VenueError(
            f"`{account_id}` is no OANDA account: ids are like 101-001-1234567-001", code="account", is_final=True,
            remedy="give the v20 account id; an id of digits alone is of the retired v1 interface",
        )  # fmt: skip
    return account_id
