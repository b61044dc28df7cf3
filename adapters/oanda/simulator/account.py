"""One account: its money, trades, orders and sequence; what is looked up in it. Changes are made by `execution`."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapters.oanda.simulator.conversion import Conversion
from adapters.oanda.simulator.errors import NoSuch
from adapters.oanda.simulator.formats import Moment, money
from adapters.oanda.simulator.options import Options
from adapters.oanda.simulator.records import NOTHING, OrderRecord, SideTotals, Trade
from adapters.oanda.simulator.transactions import Transaction, TransactionLog
from adapters.simulation.clock import Clock
from adapters.simulation.market import Market

PENDING_ORDERS_MOST = 1000


class Account:
    """`hedging`: long and short trades of one instrument may stand side by side."""

    def __init__(self, id_: str, options: Options, market: Market, clock: Clock, *, hedging: bool) -> None:
        self.id, self.options, self.market, self.clock, self.hedging = id_, options, market, clock, hedging
        self.user_id = int(id_.split("-")[2])
        self.conversion = Conversion(market, options.currency)
        self.log = TransactionLog(id_, self.user_id)
        self.alias = "Primary"
        self.margin_rate = options.margin_rate
        self.balance = NOTHING
        self.orders: dict[str, OrderRecord] = {}
        self.trades: dict[str, Trade] = {}
        self._pending: dict[str, OrderRecord] = {}
        self._open: dict[str, Trade] = {}
        self.totals: dict[tuple[str, bool], SideTotals] = {}
        """By instrument and whether it is the long side."""
        self.is_margin_called = False
        self.last_fill: Moment | None = None
        self.created = self.now()
        self._begin()

    def now(self) -> Moment:
        return Moment(self.clock.now_ns())

    def _begin(self) -> None:
        site, division, user, number = (int(part) for part in self.id.split("-"))
        self.log.add(
            "CREATE",
            self.created,
            divisionID=division,
            siteID=site,
            accountUserID=user,
            accountNumber=number,
            homeCurrency=self.options.currency,
        )
        self.log.add("CLIENT_CONFIGURE", self.created, alias=self.alias, marginRate=self.margin_rate)
        self.transfer(self.options.balance)

    def transfer(self, amount: Decimal) -> Transaction:
        """Money in (or out, below nought), without any order."""
        self.balance = money(self.balance + amount)
        reason = "CLIENT_FUNDING" if amount >= 0 else "CLIENT_WITHDRAWAL"
        return self.log.add(
            "TRANSFER_FUNDS", self.now(), amount=money(amount), fundingReason=reason, accountBalance=self.balance
        )

    # --- orders ------------------------------------------------------------------------------------------------------

    @property
    def pending(self) -> list[OrderRecord]:
        return list(self._pending.values())

    def add_order(self, order: OrderRecord) -> None:
        self.orders[order.id] = order
        if order.is_pending:
            self._pending[order.id] = order

    def end_order(self, order: OrderRecord, state: str, **ends: Any) -> None:
        order.state = state
        order.ends |= {name: each for name, each in ends.items() if each is not None}
        self._pending.pop(order.id, None)

    def order(self, specifier: str) -> OrderRecord:
        """By number, or `@` and client id: the pending one that has it, else the latest that had it."""
        if specifier.startswith("@"):
            having = [each for each in self.orders.values() if each.client_id == specifier[1:]]
            found = next((each for each in having if each.is_pending), having[-1] if having else None)
        else:
            found = self.orders.get(specifier)
        if found is None:
            raise NoSuch("order")
        return found

    def has_pending_client_id(self, client_id: str) -> bool:
        return any(order.client_id == client_id for order in self._pending.values())

    # --- trades ------------------------------------------------------------------------------------------------------

    def open_trades(self, instrument: str = "") -> Iterator[Trade]:
        """Oldest first."""
        return (trade for trade in list(self._open.values()) if not instrument or trade.instrument == instrument)

    def add_trade(self, trade: Trade) -> None:
        self.trades[trade.id] = trade
        self._open[trade.id] = trade
        self.side(trade.instrument, is_long=trade.is_long)

    def end_trade(self, trade: Trade, at: Moment) -> None:
        trade.closed = at
        del self._open[trade.id]

    def trade(self, specifier: str) -> Trade:
        """By number, or `@` and client id: the open one that has it, else the latest that had it."""
        if specifier.startswith("@"):
            having = [each for each in self.trades.values() if each.client_id == specifier[1:]]
            found = next((each for each in having if each.is_open), having[-1] if having else None)
        else:
            found = self.trades.get(specifier)
        if found is None:
            raise NoSuch("trade")
        return found

    def has_open_client_id(self, client_id: str) -> bool:
        return any(trade.client_id == client_id for trade in self._open.values())

    def trade_instruments(self) -> dict[str, str]:
        """Instrument of every open trade by number and `@` client id."""
        found = {trade.id: trade.instrument for trade in self._open.values()}
        return found | {f"@{each.client_id}": each.instrument for each in self._open.values() if each.client_id}

    # --- positions ---------------------------------------------------------------------------------------------------

    def units(self, instrument: str) -> tuple[Decimal, Decimal]:
        """(long, short) units held, both without sign."""
        long = sum((trade.units for trade in self.open_trades(instrument) if trade.is_long), NOTHING)
        short = sum((trade.units for trade in self.open_trades(instrument) if not trade.is_long), NOTHING)
        return long, -short

    def instruments_held(self) -> list[str]:
        return list(dict.fromkeys(trade.instrument for trade in self._open.values()))

    def instruments_traded(self) -> list[str]:
        return list(dict.fromkeys(instrument for instrument, _ in self.totals))

    def side(self, instrument: str, *, is_long: bool) -> SideTotals:
        return self.totals.setdefault((instrument, is_long), SideTotals())

    @property
    def pl(self) -> Decimal:
        return sum((each.pl for each in self.totals.values()), NOTHING)

    @property
    def financing(self) -> Decimal:
        return sum((each.financing for each in self.totals.values()), NOTHING)
