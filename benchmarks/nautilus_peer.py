"""The same rules as a strategy of nautilus_trader, on its backtest engine at its fastest: no logging, no analysis,
quotes made before the clock starts, its venue without latency and fees, the strategy keeping its own position.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common.component import TimeEvent
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import JPY, USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
from nautilus_trader.trading.strategy import Strategy

from benchmarks.quotes import (
    AGE_MAX_NS,
    LEAN,
    PIP,
    SPREAD_PIPS_MAX,
    STOP_PIPS,
    TAKE_PIPS,
    UNITS,
    Quotes,
    Trade,
)

VENUE = Venue("SIM")
INSTRUMENT_ID = InstrumentId(Symbol("USD/JPY"), VENUE)


class Lean(Strategy):  # type: ignore[misc]  # the peer ships no types
    """Entry on the sizes shown; take profit, stop, time-out."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(strategy_id="LEAN-001"))
        self.trades: list[Trade] = []
        self.side = 0
        self.opened_ns = 0
        self.opened_at = 0.0
        self.tick: QuoteTick | None = None
        self.units = Quantity.from_int(UNITS)

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT_ID)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        bid, ask = tick.bid_price.as_double(), tick.ask_price.as_double()
        self.tick = tick
        if self.side:
            pips = ((bid if self.side > 0 else ask) - self.opened_at) * self.side / PIP
            if pips >= TAKE_PIPS or pips <= -STOP_PIPS:
                self._leave()
        else:
            self._consider(tick, bid, ask)

    def on_age(self, event: TimeEvent) -> None:
        if self.side and event.ts_event - self.opened_ns >= AGE_MAX_NS:
            self._leave()

    def _leave(self) -> None:
        self._send(OrderSide.SELL if self.side > 0 else OrderSide.BUY)

    def _consider(self, tick: QuoteTick, bid: float, ask: float) -> None:
        if (ask - bid) / PIP <= SPREAD_PIPS_MAX:
            bid_size, ask_size = tick.bid_size.as_double(), tick.ask_size.as_double()
            if bid_size >= LEAN * ask_size:
                self._send(OrderSide.BUY)
            elif ask_size >= LEAN * bid_size:
                self._send(OrderSide.SELL)

    def _send(self, side: OrderSide) -> None:
        self.submit_order(self.order_factory.market(INSTRUMENT_ID, side, self.units))

    def on_order_filled(self, event: OrderFilled) -> None:
        price = event.last_px.as_double()
        if self.side:
            self.trades.append(Trade(self.side, self.opened_ns, self.opened_at, event.ts_event, price))
            self.side = 0
            self._consider(self.tick, self.tick.bid_price.as_double(), self.tick.ask_price.as_double())
        else:
            self.side = 1 if event.order_side == OrderSide.BUY else -1
            self.opened_ns, self.opened_at = event.ts_event, price
            if "age" in self.clock.timer_names:
                self.clock.cancel_timer("age")
            self.clock.set_time_alert_ns("age", event.ts_event + AGE_MAX_NS, self.on_age)


def prepared(quotes: Quotes) -> Callable[[], Callable[[], list[Trade]]]:
    """A maker of runs: each call sets a fresh engine up with the same ticks; what it returns is the run to be timed."""
    instrument = _instrument()
    ticks = QuoteTickDataWrangler(instrument).process(_frame(quotes))

    def fresh() -> Callable[[], list[Trade]]:
        engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True), run_analysis=False))
        engine.add_venue(
            venue=VENUE,
            oms_type=OmsType.NETTING,
            account_type=AccountType.MARGIN,
            base_currency=JPY,
            starting_balances=[Money(10_000_000, JPY)],
            default_leverage=Decimal(25),
        )
        engine.add_instrument(instrument)
        engine.add_data(ticks)
        strategy = Lean()
        engine.add_strategy(strategy)

        def run() -> list[Trade]:
            engine.run()
            trades = strategy.trades
            engine.dispose()
            return trades

        return run

    return fresh


def _instrument() -> CurrencyPair:
    free: dict[str, Any] = {"maker_fee": Decimal(0), "taker_fee": Decimal(0)}
    return CurrencyPair(
        instrument_id=INSTRUMENT_ID,
        raw_symbol=INSTRUMENT_ID.symbol,
        base_currency=USD,
        quote_currency=JPY,
        price_precision=3,
        size_precision=0,
        price_increment=Price.from_str("0.001"),
        size_increment=Quantity.from_int(1),
        ts_event=0,
        ts_init=0,
        margin_init=Decimal("0.04"),
        margin_maint=Decimal("0.04"),
        **free,
    )


def _frame(quotes: Quotes) -> pd.DataFrame:
    columns = {
        "bid_price": quotes.bid,
        "ask_price": quotes.ask,
        "bid_size": quotes.bid_size,
        "ask_size": quotes.ask_size,
    }
    return pd.DataFrame(columns, index=pd.to_datetime(quotes.ts, utc=True))
