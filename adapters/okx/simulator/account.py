"""One account: its settings, money, positions, orders and records. Knows no market: prices come from outside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from zlib import crc32

from adapters.okx.simulator.algos import Algo
from adapters.okx.simulator.instruments import Contract
from adapters.okx.simulator.ledger import Bill, Fill
from adapters.okx.simulator.orders import Order
from adapters.okx.simulator.positions import Position
from adapters.okx.simulator.wire import Row

ZERO = Decimal(0)
NET, LONG_SHORT = "net_mode", "long_short_mode"


def uid_of(key: str) -> str:
    """The number of the user that a key belongs to; a stable one for each."""
    return str(440_000_000_000_000_000 + crc32(key.encode()))


@dataclass(slots=True)
class Account:
    """Units: money in USDT, `levers` as ratios. `level`: 1 spot, 2 futures, 3 multi-currency, 4 portfolio."""

    key: str
    cash: Decimal
    level: str
    mode: str
    lever: Decimal
    """What an instrument has until it is set."""
    created_ms: int
    levers: dict[tuple[str, str, str], Decimal] = field(default_factory=dict)
    positions: dict[tuple[str, str, str], Position] = field(default_factory=dict)
    closed: list[Row] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    algos: dict[str, Algo] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    dead_man_ms: dict[str, int] = field(default_factory=dict)
    """By order tag, "" for all: when the switch cancels."""
    _names: dict[str, str] = field(default_factory=dict)
    _open: dict[str, Order] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        return uid_of(self.key)

    @property
    def is_net(self) -> bool:
        return self.mode == NET

    def add(self, order: Order) -> None:
        """Take an order in; its client id names it until another one takes the name over (§6.5)."""
        self.orders[order.ord_id] = order
        self._open[order.ord_id] = order
        if order.cl_ord_id:
            self._names[order.cl_ord_id] = order.ord_id

    def find(self, ord_id: str, cl_ord_id: str) -> Order | None:
        """By the venue's number, which wins where both are given, else the latest of that client id."""
        return self.orders.get(ord_id or self._names.get(cl_ord_id, ""))

    def open_orders(self) -> list[Order]:
        """Pending ones, oldest first."""
        for ord_id in [ord_id for ord_id, order in self._open.items() if not order.is_open]:
            del self._open[ord_id]
        return list(self._open.values())

    def open_algos(self) -> list[Algo]:
        return [algo for algo in self.algos.values() if algo.is_open]

    def held(self) -> Iterator[Position]:
        """Positions that are not flat."""
        return (position for position in self.positions.values() if position.size)

    def position(self, inst_id: str, mgn_mode: str, pos_side: str) -> Position | None:
        """None where there is none or it was closed."""
        found = self.positions.get((inst_id, mgn_mode, pos_side))
        return found if found and found.size else None

    def lever_of(self, contract: Contract, mgn_mode: str, pos_side: str) -> Decimal:
        """The leverage that a new order gets (trap 13): set ahead, per side only for isolated in long/short mode."""
        side = pos_side if mgn_mode == "isolated" and not self.is_net else ""
        return self.levers.get((contract.inst_id, mgn_mode, side), min(self.lever, contract.max_lever))

    def set_lever(self, contract: Contract, mgn_mode: str, pos_side: str, lever: Decimal) -> None:
        """Also of the positions that it holds for."""
        side = pos_side if mgn_mode == "isolated" and not self.is_net else ""
        self.levers[contract.inst_id, mgn_mode, side] = lever
        for position in self.held():
            if position.key[:2] == (contract.inst_id, mgn_mode) and side in {"", position.pos_side}:
                position.lever = lever
                if position.is_isolated:
                    position.margin = contract.notional(abs(position.size), position.average) / lever

    def is_busy(self) -> bool:
        """Whether something is open that a change of mode must not pull the ground from."""
        return bool(self.open_orders() or self.open_algos() or next(self.held(), None))
