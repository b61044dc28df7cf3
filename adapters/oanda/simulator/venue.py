"""The simulated venue: the market, and accounts that come to be for any key. Meets `Steered`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from adapters.oanda.simulator.account import Account
from adapters.oanda.simulator.catalogue import CATALOGUE
from adapters.oanda.simulator.desk import Desk
from adapters.oanda.simulator.errors import BadRequest, Refusal
from adapters.oanda.simulator.formats import written
from adapters.oanda.simulator.options import Options
from adapters.oanda.simulator.views import ledger
from adapters.simulation.clock import SECOND_NS, Clock
from adapters.simulation.control import number
from adapters.simulation.faults import Faults
from adapters.simulation.market import Market

_ACCOUNT_ID = re.compile(r"\d{3}-\d{3}-\d{1,10}-\d{3}")
_OTHER_KIND = "002"
_SETTLE_NS = SECOND_NS // 4


class OandaVenue:
    """Every key has two accounts from the start: 001 as the options say, 002 of the other kind (netting, hedging).
    Further well-formed ids are made when they are first asked for, and belong to the key that asked."""

    def __init__(self, seed: int, options: Options, clock: Clock) -> None:
        self.options, self.clock = options, clock
        sessions = "fx" if options.hours == "new_york" else "always"
        self.market = Market(seed, [spec.listing(sessions) for spec in CATALOGUE.values()], clock)
        self.faults = Faults(clock)
        self._desks: dict[str, Desk] = {}
        self._owners: dict[str, str] = {}
        self._requests = 42_000_000_000_000_000

    def next_request_id(self) -> str:
        self._requests += 1
        return str(self._requests)

    # --- accounts ----------------------------------------------------------------------------------------------------

    def desks_of(self, token: str) -> list[Desk]:
        """Every account of a key."""
        owner = _owner(token)
        user = int(owner[:12], 16) % 10_000_000
        for kind in ("001", _OTHER_KIND):
            self._claim(f"101-001-{user:07d}-{kind}", owner)
        return [desk for id_, desk in self._desks.items() if self._owners[id_] == owner]

    def desk(self, token: str, account_id: str) -> Desk:
        """One account of a key. Raises BadRequest for an id of another form (the retired all-digit one too), Refusal
        403 for one that another key has."""
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise BadRequest("accountID")
        owner = _owner(token)
        self.desks_of(token)
        self._claim(account_id, owner)
        if self._owners[account_id] != owner:
            raise Refusal(403, "Insufficient authorization to perform request.")
        return self._desks[account_id]

    def _claim(self, account_id: str, owner: str) -> None:
        if account_id not in self._desks:
            is_other = account_id.endswith(f"-{_OTHER_KIND}")
            account = Account(
                account_id, self.options, self.market, self.clock, hedging=self.options.hedging != is_other
            )
            self._desks[account_id], self._owners[account_id] = Desk(account), owner

    # --- steering ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        for desk in self._desks.values():
            desk.settle()

    async def run(self) -> None:
        """Settle with every step of the market, for as long as the server runs."""
        while True:
            await self.clock.sleep_until((self.clock.now_ns() // _SETTLE_NS + 1) * _SETTLE_NS)
            self.settle()

    def ledger(self) -> Mapping[str, Any]:
        """Every account; `accepted`: how many order transactions had each client id, also those that were cancelled at
        once; `filled`: how many fills it had."""
        accepted: dict[str, int] = {}
        filled: dict[str, int] = {}
        for desk in self._desks.values():
            for order in desk.account.orders.values():
                if order.client_id:
                    accepted[order.client_id] = accepted.get(order.client_id, 0) + 1
                    filled.setdefault(order.client_id, 0)
                    filled[order.client_id] += order.state == "FILLED"
        accounts = {id_: ledger(desk.account) for id_, desk in self._desks.items()}
        return {"accounts": accounts, "accepted": accepted, "filled": filled}

    def trade(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"account"?, …}` and the fields of an OANDA order (`instrument`, `units`; a market order without `type`).
        Without `account`: the first one."""
        desk = self._named(order)
        asked = {name: value for name, value in order.items() if name != "account"}
        try:
            reply = desk.request(self.next_request_id(), lambda: desk.create(asked))
        except Refusal as refusal:
            raise ValueError(f"{refusal.code or refusal.status}: {refusal.message}") from None
        return dict(written(reply, "RFC3339"))

    def transfer(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"account"?, "amount"}`: money in, or out below nought; or `{"account"?, "balance"}`: as much as brings the
        balance there."""
        desk = self._named(body)
        before = desk.account.balance
        amount = number(body, "balance") - before if "balance" in body else number(body, "amount")
        desk.account.transfer(amount)
        return {"account": desk.account.id, "balance": str(desk.account.balance)}

    def _named(self, body: Mapping[str, Any]) -> Desk:
        name = body.get("account")
        if name is None and self._desks:
            return next(iter(self._desks.values()))
        if name not in self._desks:
            raise ValueError(f"no account `{name}` yet: an account is made when a key first asks for it")
        return self._desks[name]


def _owner(token: str) -> str:
    """What stands for a key: keys themselves are not kept."""
    return hashlib.sha256(token.encode()).hexdigest()
