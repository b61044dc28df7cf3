"""Self-made inputs in the form of each built-in mapping: a few rows each, with results that are seen by eye."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

BEGIN_S = 1_600_000_000
"""2020-09-13 12:26:40 UTC: the frames' times count from here, so that they are possible ones."""


def text(folder: Path, name: str, lines: Iterable[str], end: str = "\n") -> Path:
    """A text file of lines, compressed where its name says so."""
    path = folder / name
    data = (end.join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def zipped(folder: Path, name: str, member: str, lines: Iterable[str]) -> Path:
    """A zip with one text in it."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "\r\n".join(lines))
    return path


def fixed128(folder: Path, name: str, rows: list[tuple[int, int, int, int, int]], received: int | None = None) -> Path:
    """Bid, ask, two sizes as 16-byte little-endian integers, and a time in ns for ts_event; ts_init is the same where
    nothing else is `received`."""
    path = folder / name
    blobs = [[value.to_bytes(16, "little", signed=True) for value in row[:4]] for row in rows]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE q (bid_price BLOB, ask_price BLOB, bid_size BLOB, ask_size BLOB, "
            "ts_event UBIGINT, ts_init UBIGINT)"
        )
        for blob, row in zip(blobs, rows, strict=True):
            connection.execute("INSERT INTO q VALUES (?, ?, ?, ?, ?, ?)", [*blob, row[4], received or row[4]])
        connection.execute(f"COPY q TO '{path}' (FORMAT parquet)")
    return path


def oanda_mid(folder: Path) -> list[Path]:
    lines = [
        "time,open,high,low,close",
        "2026-01-06T06:21:00.000000000Z,156.428,156.432,156.426,156.430",
        "2026-01-06T06:22:00.000000000Z,156.430,156.435,156.410,156.416",
    ]
    return [text(folder, "m1.csv", lines)]


def fxcm(folder: Path) -> list[Path]:
    head = "timestamp,open,high,low,close"
    bid = [head, "2013-02-01 00:00:00+00:00,91.715,91.716,91.653,91.653"]
    ask = [head, "2013-02-01 00:00:00+00:00,91.717,91.717,91.655,91.655"]
    return [text(folder, "x_bid.csv", bid), text(folder, "x_ask.csv", ask)]


def decoded(folder: Path) -> list[Path]:
    lines = [
        "ts_event_ns,bid,ask,bid_size,ask_size,ts_utc",
        "1546383600071000064,109.67600,109.68700,1000000,2000000,x",
    ]
    return [text(folder, "q.csv", lines)]


def fixed(folder: Path) -> list[Path]:
    rows = [(109_676 * 10**15, 109_687 * 10**15, 10**24, 2 * 10**24, 1546383600071000064)]
    return [fixed128(folder, "q.parquet", rows)]


def truefx(folder: Path) -> list[Path]:
    return [text(folder, "t.csv", ["timestamp,bid,ask", "2013-01-01 22:00:00.295000+00:00,86.655,86.728"])]


def lean_ticks(folder: Path) -> list[Path]:
    return [zipped(folder, "20140501_quote.zip", "20140501_x_tick_quote.csv", ["2230,0.86074,0.86101"])]


def lean_minutes(folder: Path) -> list[Path]:
    row = "60000,0.86067,0.86071,0.86066,0.86070,0,0.86094,0.86099,0.86093,0.86098,0"
    return [zipped(folder, "20140501_quote.zip", "20140501_x_minute_quote.csv", [row])]


def dukascopy_ticks(folder: Path) -> list[Path]:
    lines = ["Time,Ask,Bid,AskVolume,BidVolume", "01.05.2012 00:00:01.680,80.928,80.911,2.33,1.58"]
    return [text(folder, "d.csv", lines, end="\r\n")]


def dukascopy_m1(folder: Path) -> list[Path]:
    return [text(folder, "d1.csv", ["2012.05.01,00:01,80.89500,80.89850,80.89200,80.89300,65"])]


def mt5(folder: Path) -> list[Path]:
    lines = ["Date,open,high,low,close,tick_volume", "2012-11-16 12:00:00,81121.0,81203.0,81107.0,81201.0,3114"]
    return [text(folder, "h1.csv", lines)]


def candles(folder: Path) -> list[Path]:
    lines = ["timestamp,open,high,low,close", "2025-10-31T07:47:00+00:00,154.312,154.324,154.304,154.308"]
    return [text(folder, "c.csv", lines)]


def crypto_bars(folder: Path) -> list[Path]:
    lines = ["timestamp,open,high,low,close,volume", "2025-05-01 00:00:00,94125.2,94358.9,94086.7,94200.1,2408.19"]
    return [text(folder, "b.csv", lines)]


def _ms(after: int) -> int:
    return BEGIN_S * 1_000 + after


def _ns(after_ms: int) -> int:
    return _ms(after_ms) * 1_000_000


def depth(first: int, last: int, before: int, bids: list[list[str]], asks: list[list[str]], ms: int = 1_000) -> str:
    """A futures depth frame."""
    data = {
        "e": "depthUpdate",
        "E": _ms(ms),
        "T": _ms(ms),
        "s": "BTCUSDT",
        "U": first,
        "u": last,
        "pu": before,
        "b": bids,
        "a": asks,
    }
    return json.dumps({"stream": "btcusdt@depth@0ms", "data": data})


def snapshot(last: int, ms: int = 1_000) -> str:
    """A futures REST snapshot of two levels."""
    bids, asks = [["100.0", "1.0"], ["99.0", "2.0"]], [["101.0", "3.0"], ["102.0", "4.0"]]
    return json.dumps({"lastUpdateId": last, "E": _ms(ms), "T": _ms(ms), "bids": bids, "asks": asks})


def frames(folder: Path) -> list[Path]:
    ticker = {
        "e": "bookTicker",
        "u": 7,
        "s": "BTCUSDT",
        "b": "100.0",
        "B": "1.0",
        "a": "101.0",
        "A": "3.0",
        "T": _ms(2_000),
        "E": _ms(2_000),
    }
    trade = {
        "e": "trade",
        "E": _ms(2_500),
        "T": _ms(2_500),
        "s": "BTCUSDT",
        "t": 9,
        "p": "101.0",
        "q": "0.5",
        "X": "MARKET",
        "m": False,
    }
    lines = [
        f"{_ns(800)} {depth(1, 4, 0, [['99.7', '5.0']], [])}",
        f"{_ns(900)} {depth(5, 12, 4, [['99.5', '9.0']], [])}",
        f"{_ns(1_000)} {snapshot(10)}",
        f"{_ns(1_200)} {depth(13, 15, 12, [], [['101.0', '0']], ms=3_000)}",
        f"{_ns(3_000)} {json.dumps({'stream': 'btcusdt@bookTicker', 'data': ticker})}",
        f"{_ns(3_500)} {json.dumps({'stream': 'btcusdt@trade', 'data': trade})}",
    ]
    return [text(folder, "f.gz", lines)]


def kis(folder: Path) -> list[Path]:
    def row(time: str, acc: float) -> dict[str, object]:
        return {
            "price_group": "p",
            "time": time,
            "price": 70_100.0,
            "high": 70_500.0,
            "low": 70_000.0,
            "exec_vol": 10.0,
            "acc_vol": acc,
        }

    minutes = {
        "09120900": {"005930": row("2025-09-12T09:00:59.298500", 1_000.0)},
        "09120901": {"005930": row("2025-09-12T09:01:30", 1_250.0)},
    }
    path = folder / "k.json"
    path.write_text(json.dumps(minutes))
    return [path]


def lean_us(folder: Path) -> list[Path]:
    trade = zipped(folder, "20140605_trade.zip", "t.csv", ["34200000,6455700,6460000,6455000,6457000,600"])
    quote = zipped(
        folder,
        "20140605_quote.zip",
        "q.csv",
        ["34200000,6455700,6460000,6455000,6457000,300,6456000,6461000,6455500,6458000,200"],
    )
    return [trade, quote]


def yahoo(folder: Path) -> list[Path]:
    lines = ["Datetime,open,high,low,close,volume", "2025-12-05 00:05:00+00:00,17980.0,18020.0,17890.0,18010.0,72113"]
    return [text(folder, "y.csv", lines)]


def orders(folder: Path) -> list[Path]:
    def line(id_: int, status: str, fill: str, client: str, ts: str, attempt: int = 1) -> str:
        order = {"type": "MARKET", "positionFill": fill}
        return json.dumps(
            {
                "id": id_,
                "ts": ts,
                "pocket": "micro",
                "instrument": "USD_JPY",
                "side": "sell",
                "units": -500,
                "sl_price": 151.762,
                "tp_price": None,
                "client_order_id": client,
                "status": status,
                "attempt": attempt,
                "request_json": {"order": order} if status == "submit_attempt" else None,
            }
        )

    lines = [
        line(1, "submit_attempt", "OPEN_ONLY", "qr-1-macro-BBRSIshor", "2025-10-22T08:54:26.246718+00:00"),
        line(2, "filled", "", "qr-1-macro-BBRSIshor", "2025-10-22T08:54:27+00:00"),
        line(3, "submit_attempt", "REDUCE_ONLY", "qr-2-macro-scalp", "2025-10-22T08:55:26+00:00"),
        line(4, "submit_attempt", "OPEN_ONLY", "qr-1-macro-BBRSIshor", "2025-10-22T08:56:26+00:00", attempt=2),
    ]
    return [text(folder, "o.jsonl.gz", lines)]


def ticker(folder: Path) -> list[Path]:
    return [text(folder, "l.csv.gz", ["log_time_local,symbol,last_price", "2025-11-24 17:24:38.320,BTC-USDT,85795.50"])]


def parquet_of(folder: Path, select: str) -> list[Path]:
    path = folder / "p.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return [path]


def binance_trades(folder: Path) -> list[Path]:
    columns = "9::BIGINT AS trade_id, 40000.5 AS price, 0.25 AS quantity, 'True' AS buyer_maker"
    return parquet_of(folder, f"SELECT TIMESTAMPTZ '2021-01-08 00:00:00.123456+00' AS timestamp, {columns}")


def binance_quotes(folder: Path) -> list[Path]:
    columns = "'BTC/USDT' AS symbol, 2.0 AS ask_size, 40000.5 AS ask, 1.0 AS bid_size, 40000.25 AS bid"
    return parquet_of(folder, f"SELECT TIMESTAMPTZ '2021-01-08 00:00:00.123456+00' AS timestamp, {columns}")


SMALL: dict[str, Callable[[Path], list[Path]]] = {
    "oanda-m1-mid": oanda_mid,
    "fxcm-m1-bid-ask": fxcm,
    "quotes-decoded": decoded,
    "quotes-fixed128": fixed,
    "truefx-quotes": truefx,
    "lean-fx-ticks": lean_ticks,
    "lean-fx-minutes": lean_minutes,
    "dukascopy-ticks": dukascopy_ticks,
    "dukascopy-m1": dukascopy_m1,
    "mt5-h1": mt5,
    "candle-cache": candles,
    "okx-swap-1h": crypto_bars,
    "btc-perp-1m": crypto_bars,
    "binance-usdm-frames": frames,
    "binance-trades-parquet": binance_trades,
    "binance-quotes-parquet": binance_quotes,
    "okx-bot-ticker": ticker,
    "kis-minute-snapshots": kis,
    "lean-us-minutes": lean_us,
    "yahoo-5m": yahoo,
    "oanda-order-signals": orders,
}
