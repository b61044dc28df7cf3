"""The small parts: digests, zones, sessions, the order book, exports; expected values by hand or from the platform."""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pytest

from ruleengine.recordings import KINDS, DecisionWriter
from ruleengine.recordings.digest import PartitionDigest, data_digest
from ruleengine.recordings.layout import PRICE_SIDES
from ruleengine.recordings.order_book import OrderBook
from ruleengine.recordings.session import SESSIONS, OpenTimes
from ruleengine.recordings.zones import doubtful_sql, offset_sql, stretches, utc_offset_sql

S = 1_000_000_000
HOUR = 3_600 * S


def _ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * S


def _eval(sql: str) -> object:
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT {sql}").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("local", "hours", "doubtful"),
    [
        ("2013-03-31T02:59:59", 2, False),
        ("2013-03-31T03:00:00", 2, True),
        ("2013-03-31T03:59:59", 2, True),
        ("2013-03-31T04:00:00", 3, False),
        ("2013-10-27T02:59:59", 3, False),
        ("2013-10-27T03:00:00", 3, True),
        ("2013-10-27T03:59:59", 3, True),
        ("2013-10-27T04:00:00", 2, False),
    ],
)
def test_local_times_around_the_changes_of_the_clock(local: str, hours: int, doubtful: bool) -> None:
    found = stretches(ZoneInfo("Europe/Athens"), _ns("2013-01-01T00:00:00"), _ns("2013-12-31T00:00:00"))
    assert _eval(offset_sql(str(_ns(local)), found)) == hours * HOUR
    assert _eval(doubtful_sql(str(_ns(local)), found)) is doubtful


def test_utc_offsets_agree_with_the_platform() -> None:
    zone = ZoneInfo("America/New_York")
    first, last = _ns("2023-01-01T00:00:00"), _ns("2023-12-31T00:00:00")
    for ns in range(first, last, 31 * HOUR):
        offset = datetime.fromtimestamp(ns // S, zone).utcoffset()
        assert offset is not None
        assert _eval(utc_offset_sql(str(ns), zone, first, last)) == int(offset.total_seconds()) * S


def test_fx_week_is_open_from_sunday_to_friday_evening_in_new_york() -> None:
    fx = OpenTimes(SESSIONS["fx"], _ns("2026-01-01T00:00:00"), _ns("2026-02-01T00:00:00"))
    friday, sunday = _ns("2026-01-09T22:00:00"), _ns("2026-01-11T22:00:00")
    assert fx.open_ns(friday, sunday) == 0
    assert fx.open_ns(friday - HOUR, sunday + 2 * HOUR) == 3 * HOUR


def test_fx_week_over_a_change_of_the_clock() -> None:
    fx = OpenTimes(SESSIONS["fx"], _ns("2026-03-01T00:00:00"), _ns("2026-03-20T00:00:00"))
    # New York moves on Sunday 2026-03-08: closed from Friday 22:00 UTC to Sunday 21:00 UTC.
    assert fx.open_ns(_ns("2026-03-06T22:00:00"), _ns("2026-03-08T21:00:00")) == 0
    assert fx.open_ns(_ns("2026-03-08T21:00:00"), _ns("2026-03-08T22:00:00")) == HOUR


def test_korean_day_has_six_and_a_half_hours() -> None:
    krx = OpenTimes(SESSIONS["krx"], _ns("2025-09-01T00:00:00"), _ns("2025-09-30T00:00:00"))
    assert krx.open_ns(_ns("2025-09-12T00:00:00"), _ns("2025-09-13T00:00:00")) == 13 * HOUR // 2
    assert krx.open_ns(_ns("2025-09-13T00:00:00"), _ns("2025-09-15T00:00:00")) == 0


def _funding(rates: list[float | None], first_seq: int = 0) -> dict[str, np.ma.MaskedArray]:
    count = len(rates)
    held = [0.0 if rate is None else rate for rate in rates]
    return {
        "ts_event": np.ma.array(np.arange(first_seq, first_seq + count)),
        "ts_available": np.ma.array(np.arange(first_seq, first_seq + count)),
        "seq": np.ma.array(np.arange(first_seq, first_seq + count)),
        "flags": np.ma.array(np.zeros(count, dtype=np.uint32)),
        "rate": np.ma.array(held, mask=[rate is None for rate in rates]),
    }


def test_partition_digest_is_what_its_description_says() -> None:
    digest = PartitionDigest(KINDS["funding"])
    digest.update(_funding([0.0001, None]))
    whole = hashlib.sha256()
    for name, type_, values, present in (
        ("ts_event", "BIGINT", struct.pack("<2q", 0, 1), b"\1\1"),
        ("ts_available", "BIGINT", struct.pack("<2q", 0, 1), b"\1\1"),
        ("seq", "BIGINT", struct.pack("<2q", 0, 1), b"\1\1"),
        ("flags", "UINTEGER", struct.pack("<2q", 0, 0), b"\1\1"),
        ("rate", "DOUBLE", struct.pack("<2d", 0.0001, 0.0), b"\1\0"),
    ):
        both = hashlib.sha256(hashlib.sha256(values).digest() + hashlib.sha256(present).digest()).digest()
        whole.update(f"{name}\0{type_}\0".encode() + both)
    assert digest.hexdigest() == whole.hexdigest()


def test_partition_digest_does_not_depend_on_chunks_but_on_nulls_and_order() -> None:
    def of(*chunks: list[float | None]) -> str:
        digest = PartitionDigest(KINDS["funding"])
        start = 0
        for chunk in chunks:
            digest.update(_funding(chunk, start))
            start += len(chunk)
        return digest.hexdigest()

    assert of([1.0, None, 3.0]) == of([1.0], [None, 3.0])
    assert len({of([1.0, None]), of([1.0, 0.0]), of([0.0, 1.0]), of([1.0])}) == 4
    assert of([-0.0]) == of([0.0])


def test_data_digest_does_not_depend_on_the_order_of_partitions() -> None:
    parts = [("a", 1, "x"), ("b", 2, "y")]
    assert data_digest(parts) == data_digest(reversed(parts))
    assert data_digest(parts) != data_digest([("a", 1, "x")])


def test_order_book_keeps_the_best_ten_levels() -> None:
    bids = [(f"{100 - n}", "1") for n in range(15)]
    asks = [(f"{101 + n}", "1") for n in range(15)]
    book = OrderBook(bids, asks)
    book.apply([("100", "0"), ("100.5", "7")], [("500", "0")])
    assert book.bids.top() == [("100.5", "7"), *bids[1:10]]
    assert book.asks.top() == asks[:10]


def test_layout_tables_are_complete() -> None:
    ranks = [kind.rank for kind in KINDS.values()]
    assert ranks == list(range(len(KINDS)))
    for kind in KINDS.values():
        names = [column.name for column in kind.columns]
        assert len(names) == len(set(names))
        assert all(column.doc.endswith(".") and column.example is not None for column in kind.columns)
    assert str(list(PRICE_SIDES)) in next(v.sql for v in KINDS["bar"].values if v.name == "price_side")


COLUMNS = {"ts": "BIGINT", "rule": "VARCHAR", "value": "DOUBLE", "passed": "BOOLEAN"}


def test_decisions_come_back_from_parquet_and_json(tmp_path: Path) -> None:
    path, lines = tmp_path / "d.parquet", tmp_path / "elsewhere" / "d.jsonl"
    with DecisionWriter(path, COLUMNS, json_lines=lines) as writer:  # type: ignore[arg-type]
        for start in range(0, 150_000, 50_000):
            writer.append((start + n, "spread", 1.5, True) for n in range(50_000))
        writer.append([{"ts": 150_000, "rule": 'quo"te'}])
    with duckdb.connect() as connection:
        row = connection.execute(f"SELECT count(*), max(ts), count(value) FROM '{path}'").fetchone()
    assert row == (150_001, 150_000, 150_000)
    assert json.loads(lines.read_text().splitlines()[-1]) == {
        "ts": 150_000,
        "rule": 'quo"te',
        "value": None,
        "passed": None,
    }
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["d.parquet", "elsewhere"]


def test_interrupted_export_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> None:
        with DecisionWriter(tmp_path / "d.parquet", {"ts": "BIGINT"}) as writer:
            writer.append([(1,)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_export_refuses_a_row_of_another_width(tmp_path: Path) -> None:
    with (
        DecisionWriter(tmp_path / "d.parquet", {"ts": "BIGINT"}) as writer,
        pytest.raises(ValueError, match="2 values"),
    ):
        writer.append([(1, 2)])
