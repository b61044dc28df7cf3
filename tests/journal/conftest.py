"""A small journal with every kind of entry in it, and the files that make it up."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.journal import JournalWriter, Places, default_path

START = 1_700_000_000_000_000_000
SECOND = 1_000_000_000

Quote = tuple[Any, ...]


def quote(number: int, instrument: str = "USD_JPY") -> Quote:
    """The n-th quote, one a second, its own time 5 ms before receipt."""
    ts = START + number * SECOND
    bid = round(157.0 + number * 0.001, 3)
    return ("quote", ts, ts - 5_000_000, instrument, bid, round(bid + 0.003, 3), 1e6, None, 0)


def write_sample(writer: JournalWriter, rounds: int = 3) -> None:
    """Each round: three quotes, a signal, a decision that becomes an order and a fill, one that is refused."""
    writer.append("activation", START, "fx", {"policy": "fx@1.0.0", "digest": "ab" * 32})
    for number in range(rounds):
        ts = START + number * 10 * SECOND
        for quote_no in range(3):
            writer.append_market(quote(number * 10 + quote_no))
        writer.append("event", ts, f"s-{number}", {"type": "signal", "id": f"s-{number}", "side": "long"})
        _decide(writer, ts, f"d-{number}", f"o-{number}")
        writer.sync()
    writer.append("snapshot", START + 100 * SECOND, "", {"schema_digest": "cd", "state": {"units": Decimal("3000")}})
    writer.append("defect", START + 101 * SECOND, "USD_JPY", {"code": "RE4", "message": "한국어 — crossed"})
    writer.sync()


def _decide(writer: JournalWriter, ts: int, decision: str, order: str) -> None:
    base = {"decision": decision, "policy": "fx@1.0.0"}
    verdict = {"rule": "spread", "outcome": "pass", "measured": 0.3, "limit": 1.2}
    writer.append("check", ts, decision, {**base, "verdicts": [verdict]})
    units = Decimal("1000")
    intent = {**base, "rule": "entry", "instrument": "USD_JPY", "units": units, "reduce_only": False}
    writer.append("intent", ts, decision, intent)
    writer.append("order", ts, order, {"decision": decision, "state": "SENDING"})
    writer.append("order", ts + 1, order, {"decision": decision, "state": "ACKED", "before": "SENDING"})
    fill = {"decision": decision, "instrument": "USD_JPY", "units": units, "price": Decimal("157.020")}
    writer.append("fill", ts + 2, order, fill)
    writer.append("verdict_change", ts + 3, "spread", {"rule": "spread", "before": "pass", "after": "unknown"})
    refused = f"{decision}-b"
    writer.append("refusal", ts + 3, refused, {**base, "decision": refused, "rule": "cap", "reason": "x"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the account's journal goes."""
    return default_path("practice", tmp_path)


@pytest.fixture
def sample(path: Path) -> Path:
    """A closed journal of 29 entries and 12 input events."""
    with JournalWriter(path, "practice", origin="run-1") as writer:
        write_sample(writer)
    return path


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path, str], Path]:
    """Copies a journal with all its files, as a crash would leave them, and gives the copy's path."""

    def copy(path: Path, name: str = "copy") -> Path:
        target = tmp_path / name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        for file in (path, path.with_name(path.name + "-wal"), Places(path).head, Places(path).reserve):
            if file.exists():
                shutil.copyfile(file, target.with_name(file.name))
        return target

    return copy
