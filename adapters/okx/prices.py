"""What is pushed of the market, as events. The only place where a Decimal of this venue becomes a float."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from adapters.okx.history import BARS, bar
from adapters.okx.rows import MS, Row, figure, maybe, time_ms, word
from adapters.wire.conflate import Worth
from adapters.wire.decimals import BadPayload, number
from ruleengine.model.event import Funding, MarketEvent, Quote, Reference, TradePrint

CANDLE = "candle"
_LENGTHS = {name: length for length, name in BARS.items()}


def worth(channel: str) -> Worth:
    """What may become of a push while it waits: the latest price is enough, prints may be shed, bars may not."""
    if channel == "trades":
        return Worth.SHED
    return Worth.KEPT if channel.startswith(CANDLE) else Worth.LATEST


def events(channel: str, instrument: str, rows: Sequence[Row], ts: int) -> Iterable[MarketEvent]:
    """Events of a push of this channel, received at `ts`."""
    if channel.startswith(CANDLE):
        return _bars(channel, instrument, rows, ts)
    read = _READ.get(channel)
    return () if read is None else [made for row in rows if (made := read(row, word(row, "instId") or instrument, ts))]


def _bars(channel: str, instrument: str, rows: Sequence[Row], ts: int) -> Iterable[MarketEvent]:
    """Bars that are over; a bar that still forms is pushed many times and is none yet."""
    for row in rows:
        made = bar(row, instrument, _LENGTHS[channel.removeprefix(CANDLE)])  # type: ignore[arg-type]  # a list, here
        if made is not None:
            made.ts = max(ts, made.ts_event)
            yield made


def _ticker(row: Row, instrument: str, ts: int) -> Quote | None:
    bid, ask = maybe(row, "bidPx"), maybe(row, "askPx")
    if not bid or not ask:
        return None  # one side of the book is empty: no quote, and the last one grows old
    return _quote(row, instrument, ts, (bid, maybe(row, "bidSz")), (ask, maybe(row, "askSz")))


def _top(row: Row, instrument: str, ts: int) -> Quote | None:
    bids, asks = row.get("bids") or (), row.get("asks") or ()
    if not bids or not asks:
        return None
    return _quote(row, instrument, ts, _level(bids[0]), _level(asks[0]))


def _quote(
    row: Row, instrument: str, ts: int, bid: tuple[Decimal, Decimal | None], ask: tuple[Decimal, Decimal | None]
) -> Quote:
    bid_size, ask_size = (None if size is None else float(size) for size in (bid[1], ask[1]))
    return Quote(ts, time_ms(row, "ts") * MS, instrument, float(bid[0]), float(ask[0]), bid_size, ask_size)


def _level(level: Sequence[str]) -> tuple[Decimal, Decimal | None]:
    if len(level) < 2:
        raise BadPayload("a level of the book has no size")
    return number(level[0], "price"), number(level[1], "size")


def _trade(row: Row, instrument: str, ts: int) -> TradePrint:
    """`size` in contracts (trap 1); the side is the taker's."""
    price, size = float(figure(row, "px")), float(figure(row, "sz"))
    return TradePrint(ts, time_ms(row, "ts") * MS, instrument, price, size, word(row, "side") or None)


def _mark(row: Row, instrument: str, ts: int) -> Reference:
    return Reference(ts, time_ms(row, "ts") * MS, instrument, float(figure(row, "markPx")), "mark")


def _funding(row: Row, instrument: str, ts: int) -> Funding | None:
    """The rate of the funding that comes next, stamped with its time (not always every 8 h: the venue states it)."""
    rate = maybe(row, "fundingRate")
    return None if rate is None else Funding(ts, time_ms(row, "fundingTime") * MS, instrument, float(rate))


_READ = {
    "bbo-tbt": _top, "tickers": _ticker, "trades": _trade, "mark-price": _mark, "funding-rate": _funding,
}  # fmt: skip
