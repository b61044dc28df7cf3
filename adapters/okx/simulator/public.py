"""Public data: what anybody may ask. A handler takes the parameters and gives the rows of `data`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import ceil, floor
from typing import Any

from adapters.okx.simulator.book import side_rows
from adapters.okx.simulator.candles import MS_NS, is_bar, midnight, page
from adapters.okx.simulator.errors import refuse
from adapters.okx.simulator.exchange import HOUR_MS, Exchange
from adapters.okx.simulator.instruments import SWAP, Contract
from adapters.okx.simulator.wire import Row, field, number, required, text, whole

Params = Mapping[str, Any]
INST_TYPES = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
_STEP_MS = 250


def time(exchange: Exchange, params: Params) -> list[Row]:
    return [{"ts": str(exchange.now_ms)}]


def instruments(exchange: Exchange, params: Params) -> list[Row]:
    """Only swaps are listed; of the other types there are none."""
    if required(params, "instType") not in INST_TYPES:
        raise refuse("51000", name="instType")
    return [contract.row(exchange.state(contract)) for contract in _wanted(exchange, params)]


def ticker(exchange: Exchange, params: Params) -> list[Row]:
    return [ticker_row(exchange, exchange.contract(required(params, "instId")))]


def tickers(exchange: Exchange, params: Params) -> list[Row]:
    required(params, "instType")
    return [ticker_row(exchange, contract) for contract in _wanted(exchange, params)]


def books(exchange: Exchange, params: Params) -> list[Row]:
    contract = exchange.contract(required(params, "instId"))
    depth = whole(params, "sz", 1, 400)
    return [side_rows(exchange.book(contract), depth) | {"ts": str(exchange.now_ms)}]


def market_candles(exchange: Exchange, params: Params) -> list[list[str]]:
    return _candles(exchange, params, 300)


def history_candles(exchange: Exchange, params: Params) -> list[list[str]]:
    """Only bars that are done."""
    return [row for row in _candles(exchange, params, 100) if row[-1] == "1"]


def mark_price(exchange: Exchange, params: Params) -> list[Row]:
    """The documents want the type; clients of the venue get along with the name alone."""
    if not field(params, "instId"):
        required(params, "instType")
    return [mark_row(exchange, contract) for contract in _wanted(exchange, params)]


def funding_rate(exchange: Exchange, params: Params) -> list[Row]:
    inst_id = required(params, "instId")
    found = exchange.contracts.values() if inst_id == "ANY" else [exchange.contract(inst_id)]
    return [funding_row(exchange, contract) for contract in found]


def funding_rate_history(exchange: Exchange, params: Params) -> list[Row]:
    """Fundings gone by, newest first; `after` older, `before` newer than a funding time."""
    contract = exchange.contract(required(params, "instId"))
    step = exchange.settings.funding_hours * HOUR_MS
    after, before = number(params, "after"), number(params, "before")
    at = exchange.funding_time(exchange.now_ms) - step
    rows: list[Row] = []
    while len(rows) < whole(params, "limit", 100, 400) and (before is None or at > before):
        if after is None or at < after:
            rate = text(exchange.funding_rate(contract, at))
            rows.append(
                {
                    "formulaType": "withRate", "fundingRate": rate, "fundingTime": str(at), "instId": contract.inst_id,
                    "instType": SWAP, "method": "current_period", "realizedRate": rate,
                }
            )  # fmt: skip
        at -= step
    return rows


def price_limit(exchange: Exchange, params: Params) -> list[Row]:
    return [price_limit_row(exchange, exchange.contract(required(params, "instId")))]


def position_tiers(exchange: Exchange, params: Params) -> list[Row]:
    required(params, "instType")
    td_mode = required(params, "tdMode")
    family = field(params, "instFamily") or field(params, "uly") or field(params, "instId").removesuffix(f"-{SWAP}")
    contract = exchange.contract(f"{family}-{SWAP}")
    return [tier.row(contract, td_mode) for tier in contract.tiers()]


def status(exchange: Exchange, params: Params) -> list[Row]:
    """Maintenance that was announced, of a state where one is asked for."""
    return [row for row in exchange.maintenance if field(params, "state") in {"", row["state"]}]


def trades(exchange: Exchange, params: Params) -> list[Row]:
    """The market's latest steps as prints, newest first."""
    contract = exchange.contract(required(params, "instId"))
    newest = exchange.now_ms // _STEP_MS
    return _prints(exchange, contract, newest, newest - whole(params, "limit", 100, 500))


def history_trades(exchange: Exchange, params: Params) -> list[Row]:
    """Prints newest first: `after` older, `before` newer, by number (`type` 1) or time (2). A step of the market is
    one print, its number the step's."""
    contract = exchange.contract(required(params, "instId"))
    kind = field(params, "type") or "1"
    if kind not in {"1", "2"}:
        raise refuse("51000", name="type")
    after, before = (
        value if value is None or kind == "1" else value / _STEP_MS
        for value in (number(params, "after"), number(params, "before"))
    )
    newest = exchange.now_ms // _STEP_MS
    if after is not None:
        newest = min(newest, ceil(after) - 1)
    oldest = newest - whole(params, "limit", 100, 100)
    return _prints(exchange, contract, newest, oldest if before is None else max(oldest, floor(before)))


def _prints(exchange: Exchange, contract: Contract, newest: int, before: int) -> list[Row]:
    """Those of the steps from `newest` down to the one after `before`."""
    rows = []
    for step in range(newest, before, -1):
        at = step * _STEP_MS
        size = exchange.market.traded(contract.inst_id, at * MS_NS)
        if size:
            top = exchange.market.top(contract.inst_id, at * MS_NS)
            side = "buy" if top.last == top.ask else "sell"
            rows.append(
                {
                    "instId": contract.inst_id, "px": text(top.last), "side": side, "source": "0", "sz": text(size),
                    "tradeId": str(step), "ts": str(at),
                }
            )  # fmt: skip
    return rows


def open_interest(exchange: Exchange, params: Params) -> list[Row]:
    """What the accounts here hold: the longs."""
    required(params, "instType")
    return [open_interest_row(exchange, contract) for contract in _wanted(exchange, params)]


# --- rows that streams share -----------------------------------------------------------------------------------------


def ticker_row(exchange: Exchange, contract: Contract) -> Row:
    """24 hours at a glance; `vol24h` in contracts, `volCcy24h` in base coin (trap 1)."""
    book, now, name = exchange.book(contract), exchange.now_ms, contract.inst_id
    end = now // _STEP_MS * _STEP_MS + _STEP_MS
    day = exchange.market.bar(name, (end - 24 * HOUR_MS) * MS_NS, end * MS_NS)
    last, ask, bid = exchange.last(contract), book.best(True), book.best(False)
    volume = day.volume if day else Decimal(0)
    opens = [exchange.market.top(name, midnight(now, hours) * MS_NS).last for hours in (0, 8)]
    return {
        "instType": SWAP, "instId": name, "last": text(last),
        "lastSz": text(max(exchange.market.traded(name, now * MS_NS), contract.lot)),
        "askPx": text(ask.price) if ask else "", "askSz": text(ask.size) if ask else "",
        "bidPx": text(bid.price) if bid else "", "bidSz": text(bid.size) if bid else "",
        "open24h": text(day.last.open if day else last), "high24h": text(max(day.last.high, last) if day else last),
        "low24h": text(min(day.last.low, last) if day else last), "volCcy24h": text(volume * contract.unit),
        "vol24h": text(volume), "sodUtc0": text(opens[0]), "sodUtc8": text(opens[1]), "ts": str(now),
    }  # fmt: skip


def mark_row(exchange: Exchange, contract: Contract) -> Row:
    return {
        "instType": SWAP, "instId": contract.inst_id, "markPx": text(exchange.mark(contract)),
        "ts": str(exchange.now_ms),
    }  # fmt: skip


def funding_row(exchange: Exchange, contract: Contract) -> Row:
    now = exchange.now_ms
    due = exchange.funding_time(now)
    step = exchange.settings.funding_hours * HOUR_MS
    rate = exchange.funding_rate(contract, due)
    return {
        "formulaType": "withRate", "fundingRate": text(rate), "fundingTime": str(due), "impactValue": "",
        "instId": contract.inst_id, "instType": SWAP, "interestRate": "0.0001", "maxFundingRate": "0.00375",
        "method": "current_period", "minFundingRate": "-0.00375", "nextFundingRate": "",
        "nextFundingTime": str(due + step), "premium": text(rate), "prevFundingTime": str(due - step),
        "settFundingRate": text(exchange.funding_rate(contract, due - step)), "settState": "settled", "ts": str(now),
    }  # fmt: skip


def open_interest_row(exchange: Exchange, contract: Contract) -> Row:
    held = sum(
        (
            position.size
            for account in exchange.accounts.values()
            for position in account.held()
            if position.contract is contract and position.size > 0
        ),
        Decimal(0),
    )
    base = held * contract.unit
    return {
        "instId": contract.inst_id, "instType": SWAP, "oi": text(held), "oiCcy": text(base),
        "oiUsd": text(base * exchange.mark(contract)), "ts": str(exchange.now_ms),
    }  # fmt: skip


def price_limit_row(exchange: Exchange, contract: Contract) -> Row:
    highest, lowest = exchange.price_limits(contract)
    return {
        "instType": SWAP, "instId": contract.inst_id, "buyLmt": text(highest), "sellLmt": text(lowest),
        "ts": str(exchange.now_ms), "enabled": True,
    }  # fmt: skip


def _wanted(exchange: Exchange, params: Params) -> list[Contract]:
    """The contracts that type, family and name ask for; 51001 for a name that there is not."""
    if field(params, "instType") not in {"", SWAP, "ANY"}:
        return []
    inst_id, family = field(params, "instId"), field(params, "instFamily") or field(params, "uly")
    found = [exchange.contract(inst_id)] if inst_id else list(exchange.contracts.values())
    return [contract for contract in found if family in {"", contract.family}]


def _candles(exchange: Exchange, params: Params, most: int) -> list[list[str]]:
    contract = exchange.contract(required(params, "instId"))
    return page_of(exchange, params, most, lambda name, begin_ms: exchange.candles.row(contract, name, begin_ms))


def page_of(
    exchange: Exchange, params: Params, most: int, row_of: Callable[[str, int], list[str] | None]
) -> list[list[str]]:
    """The rows that a call for bars gets; `row_of`: the one of a bar's name that begins at an instant (ms)."""
    name = field(params, "bar") or "1m"
    if not is_bar(name):
        raise refuse("51000", name="bar")
    after, before = number(params, "after"), number(params, "before")
    limit = whole(params, "limit", 100, most)
    return page(
        name,
        exchange.now_ms,
        None if after is None else int(after),
        None if before is None else int(before),
        limit,
        lambda begin_ms: row_of(name, begin_ms),
    )
