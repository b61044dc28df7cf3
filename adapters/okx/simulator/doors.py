"""The REST calls: method, path, how often, whether signed, and what answers them.

Counters are per endpoint: by address for public calls, by user for the account's, by user and instrument for orders
(§4-6). Streams share the counters of order commands with REST (§11).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.okx.simulator import accounts, desk, marks, preferences, public
from adapters.okx.simulator.account import Account
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.wire import Row, required
from adapters.simulation.limits import RateLimit

Params = Mapping[str, Any]
Public = Callable[[Exchange, Params], list[Row] | list[list[str]]]
Signed = Callable[[Exchange, Account, Params], list[Row]]
ACCOUNT_ORDERS = 1000
"""New and changed orders of one account in 2 s, whatever the endpoint: 50061 beyond."""


@dataclass(frozen=True, slots=True)
class Door:
    """One call. Exactly one of `public`, `signed` and `write` answers it; `write` names a command on orders, of which a
    batch takes many. `count` calls in `window_s`."""

    method: Literal["GET", "POST"]
    path: str
    count: int
    window_s: float = 2.0
    public: Public | None = None
    signed: Signed | None = None
    write: desk.Write | None = None
    counter: str = ""
    """Name of the counter that it shares with others; its own path where empty."""
    is_batch: bool = False

    @property
    def expires(self) -> bool:
        """Whether `expTime` counts: for new and changed orders."""
        return self.write in (desk.place, desk.amend)

    @property
    def has_times(self) -> bool:
        """Whether the answer carries `inTime` and `outTime`: order commands do."""
        return self.write is not None


def _set_leverage(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return [preferences.set_leverage(exchange, account, params)]


def _set_position_mode(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return [preferences.set_position_mode(account, params)]


def _move_margin(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    return [preferences.move_margin(exchange, account, params)]


def _cancel_all_after(exchange: Exchange, account: Account, params: Params) -> list[Row]:
    required(params, "timeOut")
    return [preferences.arm_dead_man(exchange, account, params)]


DOORS: tuple[Door, ...] = (
    Door("GET", "public/time", 10, public=public.time),
    Door("GET", "public/instruments", 20, public=public.instruments),
    Door("GET", "public/mark-price", 10, public=public.mark_price),
    Door("GET", "public/funding-rate", 20, public=public.funding_rate),
    Door("GET", "public/funding-rate-history", 10, public=public.funding_rate_history),
    Door("GET", "public/price-limit", 20, public=public.price_limit),
    Door("GET", "public/position-tiers", 10, public=public.position_tiers),
    Door("GET", "public/open-interest", 20, public=public.open_interest),
    Door("GET", "market/ticker", 20, public=public.ticker),
    Door("GET", "market/tickers", 20, public=public.tickers),
    Door("GET", "market/books", 40, public=public.books),
    Door("GET", "market/candles", 40, public=public.market_candles),
    Door("GET", "market/history-candles", 20, public=public.history_candles),
    Door("GET", "market/trades", 100, public=public.trades),
    Door("GET", "market/history-trades", 20, public=public.history_trades),
    Door("GET", "market/mark-price-candles", 20, public=marks.mark_candles),
    Door("GET", "market/history-mark-price-candles", 10, public=marks.history_mark_candles),
    Door("GET", "market/index-tickers", 20, public=marks.index_tickers),
    Door("GET", "market/index-candles", 20, public=marks.index_candles),
    Door("GET", "market/history-index-candles", 10, public=marks.history_index_candles),
    Door("GET", "system/status", 1, 5.0, public=public.status),
    Door("GET", "account/instruments", 20, signed=lambda exchange, _, params: public.instruments(exchange, params)),
    Door("GET", "account/config", 5, signed=accounts.config),
    Door("GET", "account/balance", 10, signed=accounts.balance),
    Door("GET", "account/positions", 10, signed=accounts.positions),
    Door("GET", "account/positions-history", 10, signed=accounts.positions_history),
    Door("GET", "account/account-position-risk", 10, signed=accounts.account_position_risk),
    Door("GET", "account/leverage-info", 20, signed=accounts.leverage_info),
    Door("GET", "account/max-size", 20, signed=accounts.max_size),
    Door("GET", "account/max-avail-size", 20, signed=accounts.max_avail_size),
    Door("GET", "account/trade-fee", 5, signed=accounts.trade_fee),
    Door("GET", "account/bills", 5, signed=accounts.bills),
    Door("GET", "account/bills-archive", 5, signed=accounts.bills),
    Door("GET", "asset/currencies", 6, 1.0, signed=accounts.currencies),
    Door("GET", "asset/balances", 6, 1.0, signed=accounts.funding_balances),
    Door("POST", "account/set-leverage", 20, signed=_set_leverage),
    Door("POST", "account/set-position-mode", 5, signed=_set_position_mode),
    Door("POST", "account/position/margin-balance", 20, signed=_move_margin),
    Door("GET", "trade/order", 60, signed=desk.order),
    Door("GET", "trade/orders-pending", 60, signed=desk.orders_pending),
    Door("GET", "trade/orders-history", 40, signed=desk.orders_history),
    Door("GET", "trade/orders-history-archive", 20, signed=desk.orders_archive),
    Door("GET", "trade/fills", 60, signed=desk.fills),
    Door("GET", "trade/fills-history", 10, signed=desk.fills_history),
    Door("GET", "trade/account-rate-limit", 1, 1.0, signed=desk.rate_limit),
    Door("GET", "trade/order-algo", 20, signed=desk.algo),
    Door("GET", "trade/orders-algo-pending", 20, signed=desk.algos_pending),
    Door("GET", "trade/orders-algo-history", 20, signed=desk.algos_history),
    Door("POST", "trade/close-position", 20, signed=desk.close_position),
    Door("POST", "trade/cancel-all-after", 1, 1.0, signed=_cancel_all_after),
    Door("POST", "trade/order", 60, write=desk.place, counter="order"),
    Door("POST", "trade/cancel-order", 60, write=desk.cancel, counter="cancel-order"),
    Door("POST", "trade/amend-order", 60, write=desk.amend, counter="amend-order"),
    Door("POST", "trade/batch-orders", 300, write=desk.place, counter="batch-orders", is_batch=True),
    Door("POST", "trade/cancel-batch-orders", 300, write=desk.cancel, counter="batch-cancel-orders", is_batch=True),
    Door("POST", "trade/amend-batch-orders", 300, write=desk.amend, counter="batch-amend-orders", is_batch=True),
    Door("POST", "trade/order-algo", 20, write=desk.place_algo),
    Door("POST", "trade/amend-algos", 20, write=desk.amend_algo),
    Door("POST", "trade/cancel-algos", 20, write=desk.cancel_algo, is_batch=True),
)
BY_PATH: Mapping[tuple[str, str], Door] = {(door.method, f"/api/v5/{door.path}"): door for door in DOORS}
BY_OP: Mapping[str, Door] = {door.counter: door for door in DOORS if door.counter}
"""Order commands by the name that streams give them."""


class Gate:
    """The counters of all calls; `is_on` False lets everything through."""

    def __init__(self, *, is_on: bool) -> None:
        self._limits = {_counter(door): RateLimit(door.count if is_on else 0, door.window_s) for door in DOORS}
        self._account = RateLimit(ACCOUNT_ORDERS if is_on else 0, 2.0)

    def take(self, door: Door, key: Hashable, now_ns: int) -> None:
        """50011 where a call is one too many."""
        if not self._limits[_counter(door)].take(key, now_ns):
            raise refuse("50011")

    def take_order(self, door: Door, key: str, inst_id: str, now_ns: int) -> None:
        """One order of a command: its endpoint's counter for this user and instrument, and the account's own for new
        and changed orders."""
        self.take(door, (key, inst_id), now_ns)
        if door.expires and not self._account.take(key, now_ns):
            raise refuse("50061")


def _counter(door: Door) -> str:
    return door.counter or f"{door.method} {door.path}"
