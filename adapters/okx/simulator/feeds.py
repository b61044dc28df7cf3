"""What public channels say: pictures of the market, books with their sequence numbers, bars."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.okx.simulator import public
from adapters.okx.simulator.book import Piece, changes, side_rows
from adapters.okx.simulator.candles import begin_of
from adapters.okx.simulator.channels import bar_of, matches
from adapters.okx.simulator.connection import Subscription
from adapters.okx.simulator.exchange import Exchange
from adapters.okx.simulator.instruments import SWAP, Contract
from adapters.okx.simulator.ledger import Fill
from adapters.okx.simulator.wire import Row, text

Message = Mapping[str, Any]
_DEPTH = 400


def top_row(exchange: Exchange, contract: Contract, depth: int) -> Row:
    """The first levels, whole."""
    return side_rows(exchange.book(contract), depth) | {
        "instId": contract.inst_id, "ts": str(exchange.now_ms), "seqId": exchange.now_ms, "checksum": 0,
    }  # fmt: skip


PICTURES: Mapping[str, Callable[[Exchange, Contract], Row]] = {
    "tickers": public.ticker_row,
    "mark-price": public.mark_row,
    "price-limit": public.price_limit_row,
    "open-interest": public.open_interest_row,
    "bbo-tbt": lambda exchange, contract: top_row(exchange, contract, 1),
    "books5": lambda exchange, contract: top_row(exchange, contract, 5),
}
"""Channels that give the whole picture each time."""


def print_row(contract: Contract, piece: Piece, is_buy: bool, trade_id: str, now_ms: int) -> Row:
    return {
        "instId": contract.inst_id, "tradeId": trade_id, "px": text(piece.price), "sz": text(piece.size),
        "side": "buy" if is_buy else "sell", "ts": str(now_ms), "source": "0",
    }  # fmt: skip


def liquidation_row(fill: Fill) -> Row:
    order = fill.order
    detail = {
        "bkLoss": "0", "bkPx": text(fill.price), "ccy": "", "posSide": "long" if order.side == "sell" else "short",
        "side": order.side, "sz": text(fill.size), "ts": str(fill.time_ms),
    }  # fmt: skip
    contract = order.contract
    return {
        "details": [detail], "instFamily": contract.family, "instId": contract.inst_id, "instType": SWAP,
        "uly": contract.family,
    }  # fmt: skip


def first_messages(exchange: Exchange, one: Subscription) -> Sequence[Message]:
    """What a public subscription begins with."""
    contract = exchange.contracts.get(str(one.arg.get("instId", "")))
    if one.channel == "instruments":
        rows = [each.row(exchange.state(each)) for each in exchange.contracts.values() if matches(one.arg, each)]
        return [{"arg": one.arg, "data": rows}]
    if one.channel == "status":
        return [{"arg": one.arg, "data": exchange.maintenance[-1:]}] if exchange.maintenance else []
    if contract is None:
        return []
    if one.channel in PICTURES:
        return [{"arg": one.arg, "data": [PICTURES[one.channel](exchange, contract)]}]
    if one.channel == "funding-rate":
        return still_messages(exchange, one)
    return [*book_messages(exchange, contract, one), *candle_messages(exchange, contract, one)]


def book_messages(exchange: Exchange, contract: Contract, one: Subscription) -> Sequence[Message]:
    """A snapshot first (`prevSeqId` −1), then what changed: each update names the number before it (§7)."""
    if one.channel != "books":
        return []
    rows = side_rows(exchange.book(contract), _DEPTH)
    asks, bids = rows["asks"], rows["bids"]
    if one.seq < 0:
        return [_book_message(exchange, one, "snapshot", asks, bids, exchange.now_ms)]
    changed = changes(one.asks, asks), changes(one.bids, bids)
    if not any(changed):
        return []
    one.asks, one.bids = asks, bids
    return [_book_message(exchange, one, "update", *changed, one.seq + 1 + len(changed[0]) + len(changed[1]))]


def disturbed(exchange: Exchange, contract: Contract, one: Subscription, kind: str) -> Sequence[Message]:
    """A book whose numbers do not join on."""
    if kind == "gap":
        rows = side_rows(exchange.book(contract), _DEPTH)
        one.asks, one.bids = rows["asks"], rows["bids"]
        one.seq += 7
        return [_book_message(exchange, one, "update", rows["asks"][:1], rows["bids"][:1], one.seq + 1)]
    return [_book_message(exchange, one, "update", one.asks[:1], one.bids[:1], max(one.seq // 2, 1))]


def still_messages(exchange: Exchange, one: Subscription) -> Sequence[Message]:
    """What is said although nothing moved: the funding rate; of a book an update without levels, whose `prevSeqId` is
    its `seqId`."""
    contract = exchange.contracts[str(one.arg["instId"])]
    if one.channel == "books":
        return [_book_message(exchange, one, "update", [], [], one.seq)]
    one.told_ms = exchange.now_ms
    return [{"arg": one.arg, "data": [public.funding_row(exchange, contract)]}]


def candle_messages(exchange: Exchange, contract: Contract, one: Subscription) -> Sequence[Message]:
    """The bar as it stands; first the one before it, done (`confirm` 1), once it is over."""
    name = bar_of(one.channel)
    if name is None:
        return []
    now, begin = exchange.now_ms, begin_of(name, exchange.now_ms)
    rows = []
    if one.begin_ms and one.begin_ms < begin:
        rows.append(exchange.candles.row(contract, name, one.begin_ms))
    one.begin_ms, one.told_ms = begin, now
    rows.append(exchange.candles.row(contract, name, begin))
    return [{"arg": one.arg, "data": [row]} for row in rows if row is not None]


def _book_message(
    exchange: Exchange, one: Subscription, action: str, asks: list[list[str]], bids: list[list[str]], seq: int
) -> Message:
    before = one.seq
    one.seq, one.told_ms = seq, exchange.now_ms
    if action == "snapshot":
        one.asks, one.bids = asks, bids
    data = {
        "asks": asks, "bids": bids, "ts": str(exchange.now_ms), "checksum": 0, "prevSeqId": before, "seqId": seq,
    }  # fmt: skip
    return {"arg": one.arg, "action": action, "data": [data]}
