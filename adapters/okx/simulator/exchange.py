"""The venue as a machine: its market, its accounts, its time. Commands are in `trading`, what time does in `upkeep`.

Pure but for the clock that the market brings; whoever listens is told of every change when it happens.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol
from zlib import crc32

from adapters.okx.simulator.account import Account
from adapters.okx.simulator.algos import Algo
from adapters.okx.simulator.book import Book, Piece
from adapters.okx.simulator.candles import Candles
from adapters.okx.simulator.errors import Refusal, refuse
from adapters.okx.simulator.instruments import Contract, by_id, to_tick
from adapters.okx.simulator.ledger import Fill
from adapters.okx.simulator.margin import (
    Money,
    Rates,
    available_to_close,
    isolated_ratio,
    liquidation_price,
    money,
)
from adapters.okx.simulator.orders import Order
from adapters.okx.simulator.positions import Position, Standing
from adapters.okx.simulator.settings import Settings
from adapters.okx.simulator.wire import Row
from adapters.simulation.market import Market, Top

HOUR_MS = 3_600_000
MS_NS = 1_000_000
_BAND = Decimal("0.02")
"""How far from the mark an order's price may lie."""


class Listener(Protocol):
    """Who hears what happens, when it happens."""

    def on_order(self, account: Account, order: Order, *, is_fill: bool) -> None: ...

    def on_fill(self, account: Account, fill: Fill, position: Position) -> None: ...

    def on_algo(self, account: Account, algo: Algo) -> None: ...

    def on_position(self, account: Account, position: Position, cause: str) -> None: ...

    def on_money(self, account: Account) -> None: ...

    def on_print(self, contract: Contract, piece: Piece, is_buy: bool, trade_id: str) -> None: ...

    def on_market(self, contract: Contract) -> None: ...


class Exchange:
    """All of one venue. Units: times in Unix ms, sizes in contracts, prices in USDT."""

    def __init__(self, market: Market, contracts: tuple[Contract, ...], settings: Settings, seed: int) -> None:
        self.market, self.settings, self.seed = market, settings, seed
        self.candles = Candles(market)
        self.contracts = by_id(contracts)
        self.codes = {contract.code: contract for contract in contracts}
        self.accounts: dict[str, Account] = {}
        self.listeners: list[Listener] = []
        self.rates = Rates(settings.taker, settings.maker)
        self._number = self.now_ms * MS_NS
        self._trades = dict.fromkeys(self.contracts, self.now_ms // 1000)
        self._tops: dict[str, Top] = {}
        self._books: dict[str, Book] = {}
        self._last: dict[str, Decimal] = {}
        self.funded_ms = self.now_ms
        """Up to when funding was charged."""
        self.maintenance: list[Row] = []
        """Announcements, as `/system/status` lists them."""

    # --- time and numbers --------------------------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        return self.market.clock.now_ns() // MS_NS

    def next_id(self) -> str:
        """A number that no order, bill, position or algo had before, also not in an earlier run."""
        self._number += 1
        return str(self._number)

    def next_trade_id(self, contract: Contract) -> str:
        """Unique to the contract only (§6.4)."""
        self._trades[contract.inst_id] += 1
        return str(self._trades[contract.inst_id])

    # --- accounts and instruments ------------------------------------------------------------------------------------

    def account(self, key: str) -> Account:
        """The account of a key; made with money where it is new."""
        found = self.accounts.get(key)
        if found is None:
            given = self.settings
            found = Account(key, given.balance, given.account_level, given.position_mode, given.leverage, self.now_ms)
            self.accounts[key] = found
        return found

    def contract(self, inst_id: str) -> Contract:
        """51001 for one that is not listed."""
        found = self.contracts.get(inst_id)
        if found is None:
            raise refuse("51001")
        return found

    def state(self, contract: Contract) -> str:
        """`live`, or `suspend` while the market is closed."""
        return "live" if self.market.is_open(contract.inst_id) else "suspend"

    # --- prices ------------------------------------------------------------------------------------------------------

    def book(self, contract: Contract) -> Book:
        """The book of this step of the market; a new step fills up what was taken."""
        top = self.market.top(contract.inst_id)
        if self._tops.get(contract.inst_id) != top:
            self._tops[contract.inst_id] = top
            self._last[contract.inst_id] = top.last
            salt = f"{self.seed}:{contract.inst_id}:{top.ts_ns // 1_000_000_000}"
            sizes = (top.bid_size, top.ask_size)
            self._books[contract.inst_id] = Book(contract, top.bid, top.ask, sizes, self.settings.depth, salt)
        return self._books[contract.inst_id]

    def moved(self, contract: Contract) -> bool:
        """Whether the market has made a step since the book was looked at."""
        return self._tops.get(contract.inst_id) != self.market.top(contract.inst_id)

    def mark(self, contract: Contract) -> Decimal:
        """The middle of the best prices."""
        return self.book(contract).mark

    def last(self, contract: Contract) -> Decimal:
        """What it traded at last."""
        self.book(contract)
        return self._last[contract.inst_id]

    def printed(self, contract: Contract, piece: Piece, is_buy: bool) -> str:
        """Something traded: the number that both sides know it by."""
        trade_id = self.next_trade_id(contract)
        self._last[contract.inst_id] = piece.price
        for listener in self.listeners:
            listener.on_print(contract, piece, is_buy, trade_id)
        return trade_id

    def price_limits(self, contract: Contract) -> tuple[Decimal, Decimal]:
        """(highest price of a buy, lowest of a sell)."""
        mark = self.mark(contract)
        return to_tick(mark * (1 + _BAND), contract.tick), to_tick(mark * (1 - _BAND), contract.tick)

    # --- figures -----------------------------------------------------------------------------------------------------

    def money(self, account: Account) -> Money:
        return money(account, self.mark, self.rates)

    def standing(self, account: Account, position: Position) -> Standing:
        """What a position's row takes from account and market."""
        mark = self.mark(position.contract)
        is_held = position.size != 0
        liquidation = liquidation_price(account, position, self.mark, self.rates) if is_held else None
        if not is_held:
            ratio = None
        elif position.is_isolated:
            ratio = isolated_ratio(position, mark, self.rates)
        else:
            ratio = self.money(account).ratio
        leaves_out = position.pos_side == "net" and not position.is_isolated
        closers = [
            algo.close_row()
            for algo in account.open_algos()
            if algo.size is None and (algo.contract.inst_id, algo.td_mode, algo.pos_side) == position.key
        ]
        return Standing(
            mark,
            self.last(position.contract),
            to_tick(liquidation, position.contract.tick) if liquidation else None,
            ratio,
            None if leaves_out or not is_held else available_to_close(account, position),
            self.rates.taker,
            closers,
        )

    # --- funding -----------------------------------------------------------------------------------------------------

    def funding_time(self, after_ms: int) -> int:
        """The first funding after an instant."""
        step = self.settings.funding_hours * HOUR_MS
        return (after_ms // step + 1) * step

    def funding_rate(self, contract: Contract, time_ms: int) -> Decimal:
        """The rate charged at an instant: longs pay a positive one to shorts."""
        if self.settings.funding_rate is not None:
            return self.settings.funding_rate
        dice = crc32(f"{self.seed}:{contract.inst_id}:{time_ms}".encode()) % 40_001
        return Decimal(dice - 10_000) / 100_000_000

    # --- telling -----------------------------------------------------------------------------------------------------

    def tell_order(self, account: Account, order: Order, *, is_fill: bool = False) -> None:
        for listener in self.listeners:
            listener.on_order(account, order, is_fill=is_fill)
        order.amend = {}

    def tell_fill(self, account: Account, fill: Fill, position: Position) -> None:
        for listener in self.listeners:
            listener.on_fill(account, fill, position)

    def tell_algo(self, account: Account, algo: Algo) -> None:
        for listener in self.listeners:
            listener.on_algo(account, algo)

    def tell_position(self, account: Account, position: Position, cause: str) -> None:
        for listener in self.listeners:
            listener.on_position(account, position, cause)

    def tell_money(self, account: Account) -> None:
        for listener in self.listeners:
            listener.on_money(account)

    def tell_market(self, contract: Contract) -> None:
        for listener in self.listeners:
            listener.on_market(contract)


__all__ = ["HOUR_MS", "Exchange", "Listener", "Refusal"]
