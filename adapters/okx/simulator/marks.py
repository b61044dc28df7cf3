"""What is derived from prices: bars of the mark, the index as a ticker and as bars. Both are the middle of the best
prices here, so that they have the same bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.okx.simulator.candles import MS_NS, end_of, midnight
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import HOUR_MS, Exchange
from adapters.okx.simulator.instruments import SWAP, Contract
from adapters.okx.simulator.public import page_of
from adapters.okx.simulator.wire import Row, field, required, text
from adapters.simulation.market import Bar, Ohlc

Params = Mapping[str, Any]
_MOST = 100


def mark_candles(exchange: Exchange, params: Params) -> list[list[str]]:
    """Rows of begin, open, high, low, close and whether the bar is done."""
    return _rows(exchange, exchange.contract(required(params, "instId")), params)


def index_candles(exchange: Exchange, params: Params) -> list[list[str]]:
    return _rows(exchange, _under(exchange, required(params, "instId")), params)


def history_mark_candles(exchange: Exchange, params: Params) -> list[list[str]]:
    """Only bars that are done."""
    return [row for row in mark_candles(exchange, params) if row[-1] == "1"]


def history_index_candles(exchange: Exchange, params: Params) -> list[list[str]]:
    return [row for row in index_candles(exchange, params) if row[-1] == "1"]


def index_tickers(exchange: Exchange, params: Params) -> list[Row]:
    """One index by name, or all that are quoted in a coin."""
    name, coin = field(params, "instId"), field(params, "quoteCcy")
    if not name and not coin:
        raise refuse("50014", name="instId")
    found = [_under(exchange, name)] if name else list(exchange.contracts.values())
    return [_ticker(exchange, contract) for contract in found if not coin or contract.family.endswith(f"-{coin}")]


def _ticker(exchange: Exchange, contract: Contract) -> Row:
    now = exchange.now_ms
    day = _middles(exchange.market.bar(contract.inst_id, (now - 24 * HOUR_MS) * MS_NS, now * MS_NS))
    mark = exchange.mark(contract)
    opens = [exchange.market.top(contract.inst_id, midnight(now, hours) * MS_NS) for hours in (0, 8)]
    return {
        "instId": contract.family, "idxPx": text(mark), "open24h": text(day.open if day else mark),
        "high24h": text(max(day.high, mark) if day else mark), "low24h": text(min(day.low, mark) if day else mark),
        "sodUtc0": text((opens[0].bid + opens[0].ask) / 2), "sodUtc8": text((opens[1].bid + opens[1].ask) / 2),
        "ts": str(now),
    }  # fmt: skip


def _under(exchange: Exchange, index: str) -> Contract:
    return exchange.contract(f"{index}-{SWAP}")


def _rows(exchange: Exchange, contract: Contract, params: Params) -> list[list[str]]:
    def row(name: str, begin_ms: int) -> list[str] | None:
        bar = exchange.market.bar(contract.inst_id, begin_ms * MS_NS, end_of(name, begin_ms) * MS_NS)
        middles = _middles(bar)
        if bar is None or middles is None:
            return None
        return [str(begin_ms), *(text(price) for price in middles), "1" if bar.is_complete else "0"]

    return page_of(exchange, params, _MOST, row)


def _middles(bar: Bar | None) -> Ohlc | None:
    if bar is None:
        return None
    return Ohlc(*((bid + ask) / 2 for bid, ask in zip(bar.bid, bar.ask, strict=True)))
