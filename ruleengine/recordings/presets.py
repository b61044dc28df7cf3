"""Built-in mappings, by name: sources that operators of this engine really have. A new source is one more entry.

What the files themselves do not say is in `assumes`, and a report repeats it.
"""

from __future__ import annotations

from ruleengine.recordings.layout import KINDS
from ruleengine.recordings.mapping import FixedPoint, Mapping, SourceField, Table, TimeField

_OHLC = {name: SourceField(column=name) for name in ("open", "high", "low", "close")}
_SIDES_OHLC = tuple(f"{side}_{part}" for side in ("bid", "ask") for part in ("open", "high", "low", "close"))
_LEAN_QUOTE_FIELDS = (
    "ms",
    *(f"bid_{part}" for part in ("open", "high", "low", "close", "size")),
    *(f"ask_{part}" for part in ("open", "high", "low", "close", "size")),
)
_NAIVE_UTC = "stamps carry no zone and are read as UTC"
_STAMP_IS_OPEN = "a bar's stamp is its opening; it is available at its close"


def _fields(divide_by: int = 1, **names: str) -> dict[str, SourceField]:
    return {ours: SourceField(column=theirs, divide_by=divide_by) for ours, theirs in names.items()}


def _ohlcv(volume: str | None) -> dict[str, SourceField]:
    return {**_OHLC, "volume": SourceField(column=volume)} if volume else dict(_OHLC)


def _at(column: str, zone: str | None = "UTC") -> TimeField:
    return TimeField(columns=(column,), zone=zone)


def _lean_time(zone: str) -> TimeField:
    return TimeField(columns=("ms",), form="ms_of_day", zone=zone, date_from_name=r"(\d{8})_")


_FX = (
    Mapping(
        name="oanda-m1-mid",
        doc="OANDA completed one-minute candles of mid prices, CSV with RFC 3339 stamps.",
        format="csv",
        venue="oanda",
        session="fx",
        tables=(
            Table(kind="bar", time=_at("time", "stated"), stamp="open", interval="1m", price="mid", columns=_OHLC),
        ),
        assumes=(_STAMP_IS_OPEN, "mid prices only: no spread can be known"),
    ),
    Mapping(
        name="fxcm-m1-bid-ask",
        doc="FXCM one-minute bars, bid and ask in files of their own, joined on the stamp.",
        format="csv",
        venue="fxcm",
        session="fx",
        tables=(
            Table(
                kind="quote_bar",
                time=_at("timestamp", "stated"),
                stamp="open",
                interval="1m",
                columns=_OHLC,
                sides={"bid": "*bid*", "ask": "*ask*"},
            ),
        ),
        assumes=(_STAMP_IS_OPEN, "the two series were built separately, so they may cross"),
    ),
    Mapping(
        name="quotes-decoded",
        doc="Quotes as text with nanosecond stamps: ts_event_ns, bid, ask, bid_size, ask_size.",
        format="csv",
        session="fx",
        tables=(
            Table(
                kind="quote",
                time=TimeField(columns=("ts_event_ns",), form="epoch_ns"),
                columns=_fields(bid="bid", ask="ask", bid_size="bid_size", ask_size="ask_size"),
                gap_after="1m",
            ),
        ),
    ),
    Mapping(
        name="quotes-fixed128",
        doc="Quotes in Parquet, prices and sizes as 16-byte little-endian integers.",
        format="parquet",
        session="fx",
        needs_price_band=True,
        fixed_point=FixedPoint(columns=("bid_price", "ask_price", "bid_size", "ask_size"), divide_by=10**18),
        tables=(
            Table(
                kind="quote",
                time=TimeField(columns=("ts_event",), form="epoch_ns"),
                received=TimeField(columns=("ts_init",), form="epoch_ns"),
                columns=_fields(bid="bid_price", ask="ask_price", bid_size="bid_size", ask_size="ask_size"),
                gap_after="1m",
            ),
        ),
        assumes=("the scale is not the one that the format documents: the price band shows which is right",),
    ),
    Mapping(
        name="truefx-quotes",
        doc="TrueFX quotes: timestamp with offset, bid, ask.",
        format="csv",
        venue="truefx",
        session="fx",
        tables=(
            Table(kind="quote", time=_at("timestamp", "stated"), columns=_fields(bid="bid", ask="ask"), gap_after="1m"),
        ),
    ),
    Mapping(
        name="lean-fx-ticks",
        doc="LEAN's OANDA ticks: one zip a day, no header, milliseconds since midnight UTC, bid, ask.",
        format="csv",
        header=False,
        fields=("ms", "bid", "ask"),
        venue="oanda",
        session="fx",
        tables=(
            Table(
                kind="quote",
                files="*_quote.zip",
                time=_lean_time("UTC"),
                columns=_fields(bid="bid", ask="ask"),
                gap_after="1m",
            ),
        ),
        assumes=("the date is that of the file's name",),
    ),
    Mapping(
        name="lean-fx-minutes",
        doc="LEAN's OANDA minute bars of bid and ask: one zip a day, no header, milliseconds since midnight UTC.",
        format="csv",
        header=False,
        fields=_LEAN_QUOTE_FIELDS,
        venue="oanda",
        session="fx",
        tables=(
            Table(
                kind="quote_bar",
                files="*_quote.zip",
                time=_lean_time("UTC"),
                stamp="open",
                interval="1m",
                columns=_fields(1, **{name: name for name in _SIDES_OHLC}),
            ),
        ),
        assumes=("the date is that of the file's name", _STAMP_IS_OPEN, "sizes are always 0 in the source: not given"),
    ),
    Mapping(
        name="dukascopy-ticks",
        doc="Dukascopy tick export: day-first stamps, ask before bid, sizes.",
        format="csv",
        venue="dukascopy",
        session="fx",
        tables=(
            Table(
                kind="quote",
                time=TimeField(columns=("Time",), form="pattern", pattern="%d.%m.%Y %H:%M:%S.%f", zone="UTC"),
                columns=_fields(bid="Bid", ask="Ask", bid_size="BidVolume", ask_size="AskVolume"),
                gap_after="1m",
            ),
        ),
        assumes=("the file names no zone; Dukascopy exports in GMT", "sizes are in millions as the source writes them"),
    ),
    Mapping(
        name="dukascopy-m1",
        doc="Dukascopy one-minute bid bars, no header, date and time in two columns, tick count.",
        format="csv",
        header=False,
        fields=("date", "time", "open", "high", "low", "close", "ticks"),
        venue="dukascopy",
        session="fx",
        tables=(
            Table(
                kind="bar",
                time=TimeField(columns=("date", "time"), form="pattern", pattern="%Y.%m.%d %H:%M", zone="UTC"),
                stamp="open",
                interval="1m",
                price="bid",
                columns={**_OHLC, "trades": SourceField(column="ticks")},
            ),
        ),
        assumes=("the file names no zone; Dukascopy exports in GMT", _STAMP_IS_OPEN),
    ),
    Mapping(
        name="mt5-h1",
        doc="MetaTrader 5 hourly bid bars in points; the broker's clock must be declared.",
        format="csv",
        venue="mt5",
        session="fx",
        tables=(
            Table(
                kind="bar",
                time=_at("Date", None),
                stamp="open",
                interval="1h",
                price="bid",
                columns={
                    **_fields(1000, open="open", high="high", low="low", close="close"),
                    "trades": SourceField(column="tick_volume"),
                },
            ),
        ),
        assumes=(_STAMP_IS_OPEN, "prices are points of 0.001"),
    ),
    Mapping(
        name="candle-cache",
        doc="A bot's own candle cache: timestamp, open, high, low, close. Give --interval for other lengths than 1m.",
        format="csv",
        session="fx",
        tables=(
            Table(
                kind="bar",
                time=_at("timestamp", "stated"),
                stamp="open",
                interval="1m",
                grid_zone="America/New_York",
                grid_anchor="17h",
                price="mid",
                columns=_OHLC,
            ),
        ),
        assumes=(_STAMP_IS_OPEN, "bars are aligned to 17:00 New York"),
    ),
)

_CRYPTO = (
    Mapping(
        name="okx-swap-1h",
        doc="OKX perpetual swap, hourly candles.",
        format="csv",
        venue="okx",
        tables=(
            Table(
                kind="bar",
                time=_at("timestamp"),
                stamp="open",
                interval="1h",
                price="last",
                columns=_ohlcv("volume"),
            ),
        ),
        assumes=(_NAIVE_UTC, _STAMP_IS_OPEN, "whether volume counts contracts or coins is not said"),
    ),
    Mapping(
        name="btc-perp-1m",
        doc="Bitcoin perpetual, one-minute candles.",
        format="csv",
        venue="ftx",
        tables=(
            Table(
                kind="bar",
                time=_at("timestamp"),
                stamp="open",
                interval="1m",
                price="last",
                columns=_ohlcv("volume"),
            ),
        ),
        assumes=(_NAIVE_UTC, _STAMP_IS_OPEN, "the venue is not said; volume looks like quote currency"),
    ),
    *(
        Mapping(
            name=f"binance-{market}-frames",
            doc=f"Raw WebSocket frames of Binance {what}: bookTicker, trade, depth with one REST snapshot.",
            format="frames",
            protocol="binance",
            venue="binance",
            tables=tuple(
                Table(
                    kind=kind,
                    stream=stream,
                    time=TimeField(columns=("event_ms",), form="epoch_ms"),
                    received=TimeField(columns=("received",), form="epoch_ns"),
                    time_or_received=market == "spot",
                    instrument=SourceField(column="symbol"),
                    columns=columns,
                    identity=identity,
                    gap_after="1m",
                )
                for kind, stream, identity, columns in (
                    (
                        "quote",
                        "bookTicker",
                        ("update",),
                        _fields(bid="bid", ask="ask", bid_size="bid_size", ask_size="ask_size"),
                    ),
                    (
                        "trade",
                        "trade",
                        ("trade_id",),
                        {
                            **_fields(price="price", size="size", trade_id="trade_id"),
                            "aggressor": SourceField(column="buyer_is_maker", values={"true": "sell", "false": "buy"}),
                        },
                    ),
                    (
                        "book",
                        "depth",
                        ("update",),
                        {
                            name: SourceField(column=name)
                            for name in (column.name for column in KINDS["book"].own_columns)
                        },
                    ),
                )
            ),
            assumes=(
                "the taker bought where the buyer was not the maker",
                "depth frames older than the snapshot's update number are dropped",
            ),
        )
        for market, what in (("usdm", "USD-M futures"), ("spot", "spot"))
    ),
    Mapping(
        name="binance-trades-parquet",
        doc="Binance trades in Parquet: timestamp, trade_id, price, quantity, buyer_maker (as text).",
        format="parquet",
        venue="binance",
        tables=(
            Table(
                kind="trade",
                time=_at("timestamp", "stated"),
                columns={
                    **_fields(price="price", size="quantity", trade_id="trade_id"),
                    "aggressor": SourceField(column="buyer_maker", values={"True": "sell", "False": "buy"}),
                },
                identity=("trade_id",),
                gap_after="1m",
            ),
        ),
    ),
    Mapping(
        name="binance-quotes-parquet",
        doc="Binance best bid and ask in Parquet.",
        format="parquet",
        venue="binance",
        tables=(
            Table(
                kind="quote",
                time=_at("timestamp", "stated"),
                columns=_fields(bid="bid", ask="ask", bid_size="bid_size", ask_size="ask_size"),
                gap_after="1m",
            ),
        ),
    ),
    Mapping(
        name="okx-bot-ticker",
        doc="Last prices as a bot received them: log_time_local, symbol, last_price. The zone must be declared.",
        format="csv",
        venue="okx",
        tables=(
            Table(
                kind="trade",
                time=_at("log_time_local", None),
                instrument=SourceField(column="symbol", suffix="-SWAP"),
                columns=_fields(price="last_price"),
                gap_after="1m",
                frozen_after="1m",
            ),
        ),
        assumes=(
            "each line is a price without size, at the time the bot wrote it",
            "the bot names a swap by its pair: BTC-USDT is BTC-USDT-SWAP",
        ),
    ),
)

_SHARES = (
    Mapping(
        name="kis-minute-snapshots",
        doc="KIS WebSocket, Korean shares: the last tick of each minute a code, as nested JSON objects.",
        format="json_map",
        fields=("minute", "code", "time", "price", "high", "low", "exec_vol", "acc_vol"),
        levels=2,
        venue="kis",
        session="krx",
        tables=(
            Table(
                kind="snapshot",
                time=_at("time", "Asia/Seoul"),
                grid_zone="Asia/Seoul",
                instrument=SourceField(column="code"),
                columns=_fields(
                    price="price", day_high="high", day_low="low", exec_volume="exec_vol", acc_volume="acc_vol"
                ),
                gap_after="1m",
            ),
        ),
        assumes=(
            "high and low are of the day",
            "volume of a row is the increase of the day's volume since the code's row before; a day's first is unknown",
            "stamps carry no zone and are read as Korean time",
        ),
    ),
    Mapping(
        name="lean-us-minutes",
        doc="LEAN's US shares, minute bars of trades and of quotes: a zip a day, milliseconds since midnight New York.",
        format="csv",
        header=False,
        fields=_LEAN_QUOTE_FIELDS,
        venue="us",
        session="us_equities",
        tables=(
            Table(
                kind="bar",
                files="*_trade.zip",
                fields=("ms", "open", "high", "low", "close", "volume"),
                time=_lean_time("America/New_York"),
                grid_zone="America/New_York",
                stamp="open",
                interval="1m",
                price="last",
                columns={
                    **_fields(10_000, open="open", high="high", low="low", close="close"),
                    "volume": SourceField(column="volume"),
                },
            ),
            Table(
                kind="quote_bar",
                files="*_quote.zip",
                time=_lean_time("America/New_York"),
                grid_zone="America/New_York",
                stamp="open",
                interval="1m",
                columns={
                    **_fields(10_000, **{name: name for name in _SIDES_OHLC}),
                    **_fields(bid_volume="bid_size", ask_volume="ask_size"),
                },
            ),
        ),
        assumes=("the date is that of the file's name", _STAMP_IS_OPEN, "prices are scaled by 10,000"),
    ),
    Mapping(
        name="yahoo-5m",
        doc="Yahoo five-minute bars: Datetime with offset, open, high, low, close, volume.",
        format="csv",
        venue="yahoo",
        session="krx",
        tables=(
            Table(
                kind="bar",
                time=_at("Datetime", "stated"),
                stamp="open",
                interval="5m",
                grid_zone="Asia/Seoul",
                price="last",
                columns=_ohlcv("volume"),
            ),
        ),
        assumes=(_STAMP_IS_OPEN, "Korean trading hours"),
    ),
)

_SIGNALS = (
    Mapping(
        name="oanda-order-signals",
        doc="Entry attempts of a bot's order log (JSON lines): what it wanted to open, as signals.",
        format="jsonl",
        venue="oanda",
        session="fx",
        tables=(
            Table(
                kind="signal",
                time=_at("ts", "stated"),
                instrument=SourceField(column="instrument"),
                where={"status": "submit_attempt", "request_json.order.positionFill": "OPEN_ONLY"},
                identity=("client_order_id",),
                columns={"id": SourceField(column="client_order_id")},
                payload={
                    "id": SourceField(column="client_order_id"),
                    "time": SourceField(column="ts"),
                    "instrument": SourceField(column="instrument"),
                    "strategy": SourceField(column="client_order_id", pattern=r"([^-]+)$"),
                    "side": SourceField(column="side", values={"buy": "long", "sell": "short"}),
                    "size": SourceField(column="units", absolute=True),
                    "pocket": SourceField(column="pocket"),
                    "stop": SourceField(column="sl_price"),
                    "target": SourceField(column="tp_price"),
                },
            ),
        ),
        assumes=(
            "the strategy's raw tag is the last part of the client order id (cut to nine characters by the bot)",
            "the log carries no confidence",
        ),
    ),
)

PRESETS: dict[str, Mapping] = {mapping.name: mapping for mapping in (*_FX, *_CRYPTO, *_SHARES, *_SIGNALS)}
