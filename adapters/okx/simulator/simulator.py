"""The OKX simulator: REST and streams of one venue on one port.

What it does not play: other instruments than linear swaps, loans, auto-deleveraging; orders of its accounts
are not shown in the public books and do not trade with one another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from adapters.okx.simulator import settings as options_of
from adapters.okx.simulator import trading
from adapters.okx.simulator.account import Account, uid_of
from adapters.okx.simulator.channels import Url
from adapters.okx.simulator.doors import Gate
from adapters.okx.simulator.errors import Refusal
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.hub import Hub
from adapters.okx.simulator.instruments import LISTING, Contract
from adapters.okx.simulator.ledger import TRANSFER, TRANSFER_IN, TRANSFER_OUT, Bill
from adapters.okx.simulator.rest import Api
from adapters.okx.simulator.settings import OPTIONS, Settings
from adapters.okx.simulator.signing import Keys
from adapters.okx.simulator.streams import Streams
from adapters.okx.simulator.upkeep import step
from adapters.okx.simulator.wire import text
from adapters.simulation.clock import Clock, WallClock
from adapters.simulation.control import control_routes, number
from adapters.simulation.faults import App, FaultMiddleware, Faults
from adapters.simulation.listing import Listing
from adapters.simulation.market import Market
from adapters.simulation.simulator import OnLoopback
from adapters.simulation.walk import STEP_NS
from ruleengine import log

_URLS: tuple[Url, ...] = ("public", "private", "business")
_DAILY_MOVE = 0.02
_BEST_NOTIONAL = Decimal(100_000)
"""USDT at the best price of each side, about."""


class Venue:
    """One running venue: the machine, its doors, and what steers it. Meets `control.Steered`.

    Control routes beside the common ones:

    POST /_control/trade    {"account"?, …}   an order in the words of POST /trade/order; left out: `tdMode` cross,
                            `ordType` market, `posSide` as the mode wants it, the account that came first
    POST /_control/notice   {}   notice 64008 on every connection
    POST /_control/books    {"instrument", "kind": "gap" | "restart"}   sequence numbers that do not join on
    POST /_control/maintenance   {"title", "begin", "end", "state"} (times in ms)   on the status channel and REST
    """

    def __init__(self, seed: int, settings: Settings, clock: Clock | None = None) -> None:
        self.clock = clock or WallClock()
        self.market = Market(seed, [_listed(contract, settings) for contract in LISTING], self.clock)
        self.faults = Faults(self.clock)
        self.exchange = Exchange(self.market, LISTING, settings, seed)
        self.hub = Hub(self.exchange)
        self.exchange.listeners.append(self.hub)
        keys = Keys({settings.key: (settings.secret, settings.passphrase)}, accepts_others=settings.accepts_others)
        gate = Gate(is_on=settings.has_limits)
        self.api = Api(self.exchange, keys, gate, self.hub, self.faults)
        self._streams = Streams(self.exchange, keys, gate, self.hub, self.faults)

    def app(self) -> App:
        """The server as an ASGI application."""
        extra = {
            "notice": self._notice, "books": self._books, "maintenance": self._maintenance, "transfer": self._transfer,
        }  # fmt: skip
        routes = [
            control_routes(self, extra),
            *(WebSocketRoute(f"/ws/v5/{url}", self._stream) for url in _URLS),
            Route("/{path:path}", self.api.__call__, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ]
        return FaultMiddleware(Starlette(routes=routes, lifespan=self._running), self.faults)

    # --- control.Steered ---------------------------------------------------------------------------------------------

    def settle(self) -> None:
        step(self.exchange)
        self.hub.refresh()

    def ledger(self) -> Mapping[str, Any]:
        accepted: dict[str, int] = {}
        for account in self.exchange.accounts.values():
            for order in account.orders.values():
                if order.cl_ord_id:
                    accepted[order.cl_ord_id] = accepted.get(order.cl_ord_id, 0) + 1
        return {
            "accounts": {key: _account_state(one) for key, one in self.exchange.accounts.items()},
            "accepted": accepted,
        }

    def trade(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        account = self._account(order)
        base = {"tdMode": "cross", "ordType": "market"}
        if not account.is_net:
            base["posSide"] = "long" if order.get("side") == "buy" else "short"
        try:
            done = trading.place(self.exchange, account, base | dict(order))
        except Refusal as refusal:
            raise ValueError(f"{refusal.code}: {refusal.message}") from None
        return done.row()

    # --- routes of its own -------------------------------------------------------------------------------------------

    def _notice(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        self.hub.notify()
        return {"connections": len(self.hub.connections)}

    def _books(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        contract, kind = self._contract(body), str(body.get("kind", ""))
        if kind not in {"gap", "restart"}:
            raise ValueError("`kind` is gap or restart")
        self.hub.disturb_books(contract, kind)
        return {"instrument": contract.inst_id, "kind": kind}

    def _maintenance(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        now = self.exchange.now_ms
        begin, end = str(body.get("begin", now)), str(body.get("end", now + 600_000))
        row = {
            "begin": begin, "end": end, "env": "1", "href": "", "maintType": "1", "preOpenBegin": "",
            "scheDesc": "", "serviceType": "5", "state": str(body.get("state", "scheduled")), "system": "unified",
            "title": str(body.get("title", "Trading system upgrade")), "ts": str(now),
        }  # fmt: skip
        self.hub.announce(row)
        return row

    def _transfer(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """`{"account"?, "amount"}`: money in from the funding account, or out to it below nought."""
        account, amount = self._account(body), number(body, "amount")
        if not amount:
            raise ValueError("`amount` is nought")
        account.cash += amount
        subtype = TRANSFER_IN if amount > 0 else TRANSFER_OUT
        bill = Bill(self.exchange.next_id(), TRANSFER, subtype, amount, account.cash, self.exchange.now_ms)
        account.bills.append(bill)
        self.exchange.tell_money(account)
        self.hub.transferred(account)
        return {"account": account.key, "billId": bill.bill_id, "balance": str(account.cash)}

    def _account(self, body: Mapping[str, Any]) -> Account:
        """The one that a request names by its key, else the first."""
        key = str(body.get("account") or next(iter(self.exchange.accounts), self.exchange.settings.key))
        return self.exchange.account(key)

    def _contract(self, body: Mapping[str, Any]) -> Contract:
        try:
            return self.exchange.contract(str(body.get("instrument", "")))
        except Refusal:
            raise ValueError(f"no instrument `{body.get('instrument', '')}` here") from None

    async def _stream(self, socket: WebSocket) -> None:
        url = socket.url.path.rsplit("/", 1)[-1]
        await self._streams.serve(socket, next(one for one in _URLS if one == url))

    @contextlib.asynccontextmanager
    async def _running(self, app: Starlette) -> AsyncIterator[None]:
        """The market's steps, for as long as the server runs."""
        walking = asyncio.create_task(self._walk())
        try:
            yield
        finally:
            walking.cancel()
            await asyncio.gather(walking, return_exceptions=True)

    async def _walk(self) -> None:
        while True:
            now = self.clock.now_ns()
            await self.clock.sleep_until(now // STEP_NS * STEP_NS + STEP_NS)
            try:
                self.settle()
            except Exception as error:  # noqa: BLE001 - a market that stops in silence would pass for a quiet one
                log.bound(simulator="okx").opt(exception=error).error("a step of the market broke")


class OkxSimulator(OnLoopback):
    """Meets `ports.simulator.Simulator`."""

    venue = "okx"
    options = OPTIONS

    def app(self, seed: int, options: Mapping[str, str], clock: Clock | None = None) -> App:
        """`clock`: for tests; the wall's where it is left out."""
        return Venue(seed, options_of.read(options), clock).app()

    def greeting(self, address: str) -> Sequence[str]:
        given = Settings()
        return [
            f"OKX v5 at {address} (REST) and {address.replace('http', 'ws', 1)}/ws/v5/public|private|business",
            "",
            f"export OKX_KEY={given.key}",
            f"export OKX_SECRET={given.secret}",
            f"export OKX_PASSPHRASE={given.passphrase}",
            f"ruleengine run --policy POLICY --adapter okx --account-id {uid_of(given.key)} --address {address}",
            "",
            "Any other well-formed key is taken too, its account made with the first call: flat, with money. Only of",
            "the one above is every byte of a signature checked.",
            f"steer it: {address}/_control (price, market, clock, fault, trade, notice, books, maintenance, ledger, "
            "state)",
        ]


simulator = OkxSimulator()


def _listed(contract: Contract, settings: Settings) -> Listing:
    size = settings.book_size
    if size is None:
        size = max((_BEST_NOTIONAL / (contract.unit * contract.price) // contract.lot) * contract.lot, contract.lot)
    quiet = max((size / 20 // contract.lot) * contract.lot, contract.lot)
    return Listing(contract.inst_id, contract.price, contract.tick, size, lot=quiet, daily_move=_DAILY_MOVE)


def _account_state(account: Account) -> Mapping[str, Any]:
    return {
        "uid": account.uid,
        "balance": text(account.cash),
        "positions": {":".join(position.key): text(position.size) for position in account.held()},
        "orders": [
            {
                "id": order.ord_id, "client_id": order.cl_ord_id, "instrument": order.contract.inst_id,
                "units": text(order.size if order.is_buy else -order.size), "filled": text(order.filled),
                "state": order.state, "reduce_only": order.is_closing, "posSide": order.pos_side,
                "tdMode": order.td_mode, "ordType": order.kind, "price": text(order.price),
            }
            for order in account.orders.values()
        ],
    }  # fmt: skip
