"""Who hears what: everything that happens at the exchange goes to the connections that subscribed to it.

What a command sets off can be held until its answer is out, so that a client hears the acceptance before the fill, as a
rule; a fault turns it round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from adapters.okx.simulator import accounts, feeds
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.algos import Algo
from adapters.okx.simulator.book import Piece
from adapters.okx.simulator.channels import matches
from adapters.okx.simulator.connection import Connection, Subscription
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.instruments import Contract
from adapters.okx.simulator.ledger import Fill, is_liquidation
from adapters.okx.simulator.orders import Order
from adapters.okx.simulator.positions import Position, balance_and_position_row
from adapters.okx.simulator.wire import Row, text

REFRESH_MS = 5_000
"""How often account and positions are told although nothing happened."""
_SLOW_MS = 60_000
"""The same for funding rates and books in which nothing moves."""


@dataclass(eq=False, slots=True)
class Held:
    """Messages that wait for an answer to go out first, and those that came after them: nothing overtakes."""

    _waiting: deque[Held]
    _messages: list[tuple[Connection, Mapping[str, Any]]] = field(default_factory=list)
    _is_free: bool = False

    def add(self, connection: Connection, message: Mapping[str, Any]) -> None:
        self._messages.append((connection, message))

    def release(self) -> None:
        """Send them once all that was held before is out; a second time there is nothing left."""
        self._is_free = True
        while self._waiting and self._waiting[0]._is_free:
            for connection, message in self._waiting.popleft()._messages:
                connection.send(message)


class Hub:
    """Meets `exchange.Listener`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.connections: set[Connection] = set()
        self._waiting: deque[Held] = deque()
        self._refreshed_ms = exchange.now_ms
        self._states = {name: exchange.state(one) for name, one in exchange.contracts.items()}

    def hold(self) -> Held:
        """Keep what is told from now on, until the caller releases it."""
        held = Held(self._waiting)
        self._waiting.append(held)
        return held

    # --- what the exchange tells -------------------------------------------------------------------------------------

    def on_order(self, account: Account, order: Order, *, is_fill: bool) -> None:
        row = order.push(self._exchange.last(order.contract), is_fill)
        self._tell_own(account, ("orders",), order.contract, [row])

    def on_fill(self, account: Account, fill: Fill, position: Position) -> None:
        self._tell_own(account, ("fills",), fill.order.contract, [fill.push()])
        if is_liquidation(fill.order):
            self._tell_all("liquidation-orders", fill.order.contract, [feeds.liquidation_row(fill)])

    def on_algo(self, account: Account, algo: Algo) -> None:
        channel = "algo-advance" if algo.kind == "move_order_stop" else "orders-algo"
        self._tell_own(account, (channel,), algo.contract, [algo.row()])

    def on_position(self, account: Account, position: Position, cause: str) -> None:
        self._tell_own(
            account,
            ("positions",),
            position.contract,
            [accounts.row_of(self._exchange, account, position)],
            eventType="event_update",
        )
        row = self._changed(account, [position], cause)
        if cause == "filled":
            row["trades"] = [{"instId": position.contract.inst_id, "tradeId": position.trade_id}]
        self._tell_own(account, ("balance_and_position",), None, [row])

    def on_money(self, account: Account) -> None:
        row = accounts.balance_row(self._exchange, account)
        self._tell_own(account, ("account",), None, [row], eventType="event_update", curPage=1, lastPage=True)

    def transferred(self, account: Account) -> None:
        """Money came in or went out."""
        row = self._changed(account, [], "transferred")
        self._tell_own(account, ("balance_and_position",), None, [row])

    def on_print(self, contract: Contract, piece: Piece, is_buy: bool, trade_id: str) -> None:
        row = feeds.print_row(contract, piece, is_buy, trade_id, self._exchange.now_ms)
        self._tell_all("trades", contract, [row | {"count": "1"}])
        self._tell_all("trades-all", contract, [row])

    def on_market(self, contract: Contract) -> None:
        """A step of the market, or a bite out of a book."""
        for channel, make in feeds.PICTURES.items():
            self._tell_all(channel, contract, partial(_one, make, self._exchange, contract))
        for connection in self.connections:
            for one in connection.subscriptions.values():
                if one.arg.get("instId") == contract.inst_id:
                    self._put_all(connection, feeds.book_messages(self._exchange, contract, one))
                    self._put_all(connection, feeds.candle_messages(self._exchange, contract, one))
        state = self._exchange.state(contract)
        if state != self._states[contract.inst_id]:
            self._states[contract.inst_id] = state
            self._tell_all("instruments", contract, [contract.row(state)])

    # --- what goes by the clock --------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Account and positions on their interval; what moves slowly on its own."""
        now = self._exchange.now_ms
        for connection in self.connections:
            for one in connection.subscriptions.values():
                if one.channel in {"funding-rate", "books"} and now - one.told_ms >= _SLOW_MS:
                    one.told_ms = now
                    self._put_all(connection, feeds.still_messages(self._exchange, one))
        if now - self._refreshed_ms < REFRESH_MS:
            return
        self._refreshed_ms = now
        for connection in self.connections:
            for one in connection.of_channel("account", "positions"):
                self._put_all(connection, self.snapshot(connection, one))

    # --- what a subscription begins with -----------------------------------------------------------------------------

    def snapshot(self, connection: Connection, one: Subscription) -> Sequence[Mapping[str, Any]]:
        """The picture that a channel starts with; none for orders (trap 10), trades and algos."""
        account = connection.account
        if one.channel == "account" and account is not None:
            rows = [accounts.balance_row(self._exchange, account)]
            return [self._own_message(account, one, rows, eventType="snapshot", curPage=1, lastPage=True)]
        if one.channel == "positions" and account is not None:
            rows = [
                accounts.row_of(self._exchange, account, position)
                for position in account.held()
                if matches(one.arg, position.contract)
            ]
            return [self._own_message(account, one, rows, eventType="snapshot", curPage=1, lastPage=True)]
        if one.channel == "balance_and_position" and account is not None:
            row = self._changed(account, list(account.held()), "snapshot")
            return [self._own_message(account, one, [row])]
        return feeds.first_messages(self._exchange, one)

    def announce(self, row: Row) -> None:
        """Tell of maintenance on the status channel."""
        self._exchange.maintenance.append(row)
        for connection in self.connections:
            for one in connection.of_channel("status"):
                self._put(connection, {"arg": one.arg, "data": [row]})

    def notify(self) -> None:
        """Notice 64008 on every connection: a server upgrade in about 60 s."""
        notice = refuse("64008")
        for connection in self.connections:
            event = {"event": "notice", "code": notice.code, "msg": notice.message, "connId": connection.conn_id}
            self._put(connection, event)

    def disturb_books(self, contract: Contract, kind: str) -> None:
        """`gap`: updates are missing from now on. `restart`: numbers begin again, smaller than before, once (§7)."""
        for connection in self.connections:
            for one in connection.of_channel("books"):
                if one.arg.get("instId") == contract.inst_id and one.asks:
                    self._put_all(connection, feeds.disturbed(self._exchange, contract, one, kind))

    # --- inside ------------------------------------------------------------------------------------------------------

    def _changed(self, account: Account, positions: Sequence[Position], cause: str) -> Row:
        now = str(self._exchange.now_ms)
        return {
            "pTime": now,
            "eventType": cause,
            "balData": [{"ccy": "USDT", "cashBal": text(account.cash), "uTime": now}],
            "posData": [balance_and_position_row(position) for position in positions],
            "trades": [],
        }

    def _tell_own(
        self, account: Account, channels: tuple[str, ...], contract: Contract | None, rows: list[Row], **more: Any
    ) -> None:
        """To the account's own connections; a `contract` where the channel is asked for by instrument."""
        for connection in self.connections:
            if connection.account is account:
                for one in connection.of_channel(*channels):
                    if contract is None or matches(one.arg, contract):
                        self._put(connection, self._own_message(account, one, rows, **more))

    def _own_message(self, account: Account, one: Subscription, rows: list[Row], **more: Any) -> Mapping[str, Any]:
        return {"arg": {**one.arg, "uid": account.uid}, **more, "data": rows}

    def _tell_all(self, channel: str, contract: Contract, rows: list[Row] | Callable[[], list[Row]]) -> None:
        """To everybody who follows a public channel of a contract; rows are made once somebody does."""
        for connection in self.connections:
            for one in connection.of_channel(channel):
                if matches(one.arg, contract):
                    rows = rows if isinstance(rows, list) else rows()
                    self._put(connection, {"arg": one.arg, "data": rows})

    def _put_all(self, connection: Connection, messages: Sequence[Mapping[str, Any]]) -> None:
        for message in messages:
            self._put(connection, message)

    def _put(self, connection: Connection, message: Mapping[str, Any]) -> None:
        if self._waiting:
            self._waiting[-1].add(connection, message)
        else:
            connection.send(message)


def _one(make: Callable[[Exchange, Contract], Row], exchange: Exchange, contract: Contract) -> list[Row]:
    return [make(exchange, contract)]
