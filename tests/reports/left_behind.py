"""What a run leaves, written by hand through the recorders that runs use: a dry run's folder and a journal of the same
happenings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruleengine.journal import JournalWriter, journal_at
from ruleengine.model.audit import Decision, Note
from ruleengine.model.event import CashChange, Fill, OrderStatus, OrderUpdate, Reconciliation
from ruleengine.model.order import Order
from ruleengine.model.side import Side
from ruleengine.reports.recorders import FilesRecorder, JournalRecorder

POLICY = {"name": "p", "version": "1.0.0", "digest": "abc"}
TERMS = {"USD_JPY": {"pip": "0.01", "zone": "UTC", "day": "00:00", "sessions": "always"}}
Happening = Decision | Fill | OrderUpdate | CashChange | Reconciliation | Note | dict[str, Any]
"""A dict is a day's row."""


def order(n: int, ts: int, units: int = 100, **more: Any) -> Decision:
    """Decision `d<n>` that sent order `o<n>`."""
    sent = Order(f"o{n}", "USD_JPY", Side.LONG, Decimal(units), **more)
    return Decision(f"d{n}", ts, n, "entry", "in", "USD_JPY", "long", "A", "scalp", Decimal(units), "sent", order=sent)


def fill(n: int, ts: int, units: int, price: str, *, opens: bool = True, trade: str = "t1", **more: Any) -> Fill:
    of = more.pop("order_id", f"o{n}")
    realised, fee = Decimal(str(more.pop("realised", 0))), Decimal(str(more.pop("fee", 0)))
    return Fill(ts, ts, "USD_JPY", of, Side.LONG, Decimal(units), Decimal(price), trade, opens, realised, fee, **more)


def ended(n: int, ts: int, status: OrderStatus, code: str = "", reason: str = "") -> OrderUpdate:
    return OrderUpdate(ts, ts, f"o{n}", status, "", code, reason)


def dry_run(
    folder: Path,
    happened: Sequence[Happening],
    first_ns: int,
    last_ns: int,
    book: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> Path:
    """`more`: what the manifest has beside, or in place of, what is usual."""
    with FilesRecorder(folder, POLICY, "paper", "JPY") as recorder:
        _tell(recorder, happened)
    manifest = {
        "account": {"name": "paper", "currency": "JPY"},
        "instruments": TERMS,
        "book": list(book),
        "summary": {"policy": POLICY, "account": "paper", "first_ns": first_ns, "last_ns": last_ns},
        **more,
    }
    (folder / "run.json").write_text(json.dumps(manifest))
    return folder


def journal(
    folder: Path,
    happened: Sequence[Happening],
    first_ns: int,
    last_ns: int,
    book: Sequence[dict[str, Any]] | None = (),
    *,
    told: Sequence[Happening] = (),
    is_ended: bool = True,
    **more: Any,
) -> Path:
    """`more`: what the activation has beside, or in place of, what is usual. `told`: what the start told of the time
    before, ahead of the book (None: it did not come so far). `is_ended`: the run came to its end."""
    with JournalWriter(journal_at(folder), "paper") as writer:
        recorder = JournalRecorder(writer, POLICY, "paper", "1")
        body = {
            "policy": "p@1.0.0",
            "digest": "abc",
            "start_ns": first_ns,
            "account": {"name": "paper", "currency": "JPY"},
            "instruments": TERMS,
            **more,
        }
        writer.append("activation", first_ns, "p", body)
        _tell(recorder, told)
        if book is not None:
            recorder.book(first_ns, list(book))
        _tell(recorder, happened)
        if is_ended:
            recorder.open(last_ns, [], {})
    return folder


def _tell(recorder: Any, happened: Sequence[Happening]) -> None:
    for each in happened:
        if isinstance(each, Decision):
            recorder.decision(each)
        elif isinstance(each, Note):
            recorder.note(each)
        elif isinstance(each, dict):
            recorder.day(each)
        else:
            recorder.event(each)
