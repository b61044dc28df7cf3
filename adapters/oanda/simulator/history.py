"""GET transactions: pages of the history, as addresses of `idrange` calls on OANDA's own host (trap 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.errors import BadRequest
from adapters.oanda.simulator.formats import read_time

_HOST = "https://api-fxpractice.oanda.com"
_USUAL, _MOST = 100, 1000


def pages(account: Account, query: Mapping[str, str]) -> dict[str, Any]:
    """Pages of transactions between two times."""
    begin = read_time(query["from"], "from") if query.get("from") else account.created
    end = read_time(query["to"], "to") if query.get("to") else account.now()
    text = query.get("pageSize", str(_USUAL))
    if not text.isdigit() or not 0 < int(text) <= _MOST:
        raise BadRequest("pageSize")
    if begin > end:
        raise BadRequest("to")
    size, types = int(text), query.get("type", "")
    numbers = account.log.numbers_between(begin, None if not query.get("to") else end, types)
    found = []
    for at in range(0, len(numbers), size):
        part = numbers[at : at + size]
        address = f"{_HOST}/v3/accounts/{account.id}/transactions/idrange?from={part[0]}&to={part[-1]}"
        found.append(address + (f"&type={types.replace(',', '%2C')}" if types else ""))
    return {
        "from": begin,
        "to": end,
        "pageSize": size,
        "count": len(numbers),
        "pages": found,
        "lastTransactionID": account.log.last_id,
    }
