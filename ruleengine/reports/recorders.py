"""Where a run is recorded: in a journal (live), in files (dry run), or nowhere. All meet `ports.journal.Recorder`.

The journal is durable before any order leaves; the files of a dry run appear when it ends, whole or not at all.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ruleengine.journal import JournalWriter
from ruleengine.journal.events import is_batched, key_of, to_body, to_tuple
from ruleengine.model.audit import Decision, Note, VerdictChange
from ruleengine.model.event import CashChange, Event, Fill, OperatorCommand, OrderUpdate, Signal
from ruleengine.model.order import Cancel, Command
from ruleengine.ports.journal import Recorder
from ruleengine.recordings.export import DecisionWriter, ExportType
from ruleengine.reports.blocker import decisive
from ruleengine.reports.fill_rows import ENDED, FILL_COLUMNS, Ordered, cash_row, ended_row, numbers
from ruleengine.reports.fills import VENUE_EVENTS, Fills
from ruleengine.reports.record import change_to_plain, decision_to_plain

_OUTCOMES = {True: "pass", False: "refuse", None: "unknown"}
_FROM_OUTSIDE = frozenset({Signal, OperatorCommand})
"""Events whose figures nobody has checked: what is no number is recorded as its text, for a journal has no such
numbers. The engine refuses both alike, so a replay decides the same."""


class Nowhere:
    """Keeps nothing."""

    def event(self, event: Event) -> None: ...
    def decision(self, decision: Decision) -> None: ...
    def change(self, change: VerdictChange) -> None: ...
    def order(self, command: Command, ts: int) -> None: ...
    def note(self, note: Note) -> None: ...
    def metrics(self, ts: int, values: dict[str, Any]) -> None: ...
    def snapshot(self, ts: int, state: dict[str, Any]) -> None: ...
    def flush(self) -> None: ...
    def sync(self) -> None: ...


class Listening:
    """Lets `fills` hear every input on its way to a recorder; without one, it is the whole record."""

    def __init__(self, fills: Fills, inner: Recorder | None = None) -> None:
        kept: Recorder = Nowhere() if inner is None else inner
        self._heard, self._sent, self._inner = fills.heard, fills.sent, kept
        self._event = None if inner is None else inner.event
        self.change, self.order, self.note = kept.change, kept.order, kept.note
        self.metrics, self.snapshot = kept.metrics, kept.snapshot
        self.flush, self.sync = kept.flush, kept.sync

    def event(self, event: Event) -> None:
        if event.__class__ in VENUE_EVENTS:
            self._heard(event)
        if self._event is not None:
            self._event(event)

    def decision(self, decision: Decision) -> None:
        self._sent(decision)
        self._inner.decision(decision)


class JournalRecorder:
    """Into the account's journal. `policy`: name, version and digest."""

    def __init__(self, writer: JournalWriter, policy: dict[str, str], account: str, state_digest: str) -> None:
        self._writer, self._policy, self._account, self._state_digest = writer, policy, account, state_digest
        self._named = f"{policy['name']}@{policy['version']}"
        self._decision_of: dict[str, str] = {}

    def event(self, event: Event) -> None:
        if is_batched(event):
            self._writer.append_market(to_tuple(event))
        else:
            body = to_body(event)
            if event.__class__ in _FROM_OUTSIDE:
                body = _spoken(body)
            self._writer.append("event", event.ts, key_of(event), body)

    def decision(self, decision: Decision) -> None:
        plain = decision_to_plain(decision, self._policy, self._account)
        common = {"decision": decision.id, "policy": self._named}
        body = {**plain, **common, "policy_digest": self._policy["digest"]}
        self._writer.append("check", decision.ts, decision.id, body)
        if decision.order is not None:
            self._decision_of[decision.order.id] = decision.id
            intent = {
                **common,
                "rule": decision.rule,
                "instrument": decision.instrument,
                "units": decision.order.units,
                "reduce_only": decision.order.is_reduce_only,
                "side": decision.side,
                "order": decision.order.id,
                **({"stage": decision.stage} if decision.stage else {}),
                **({"full_close": True} if decision.is_full_close else {}),
            }
            self._writer.append("intent", decision.ts, decision.id, intent)
        elif decision.outcome == "refused":
            refusal = {
                **common,
                "rule": decision.first_blocker or decision.rule,
                "reason": f"{decision.code} {decision.message}".strip(),
                "instrument": decision.instrument,
                **_figures(decision),
            }
            self._writer.append("refusal", decision.ts, decision.id, refusal)

    def change(self, change: VerdictChange) -> None:
        body = {**change_to_plain(change), "before": _OUTCOMES[change.before], "after": _OUTCOMES[change.now]}
        self._writer.append("verdict_change", change.ts, change.rule, body)

    def order(self, command: Command, ts: int) -> None:
        if isinstance(command, Cancel):
            self._order(command.order_id, "cancelling", ts)
        else:
            self._order(command.order.id, "sending", ts)

    def _order(self, order_id: str, state: str, ts: int) -> None:
        decision = self._decision_of.get(order_id, order_id)  # of an order of before a restart both are one
        self._writer.append("order", ts, order_id, {"decision": decision, "state": state})

    def note(self, note: Note) -> None:
        kind = "note" if note.level == "info" else "defect"
        self._writer.append(kind, note.ts, note.key, {"code": note.code, "message": note.message, "level": note.level})

    def metrics(self, ts: int, values: dict[str, Any]) -> None:
        self._writer.append("note", ts, "metrics", {"code": "metrics", "values": values})

    def book(self, ts: int, trades: list[dict[str, Any]]) -> None:
        """What was open when the run began."""
        self._writer.append("note", ts, "book", {"code": "book", "trades": trades})

    def open(self, ts: int, trades: list[dict[str, Any]], figures: dict[str, float]) -> None:
        """What is open when the run ends, and the account's figures then."""
        self._writer.append("note", ts, "open", {"code": "open", "trades": trades, "figures": figures})

    def day(self, row: dict[str, Any]) -> None:
        """A day of the account that is over (`evidence.day_book`)."""
        self._writer.append("note", int(row["last_ns"]), "day", {"code": "day", "values": row})

    def snapshot(self, ts: int, state: dict[str, Any]) -> None:
        self._writer.append("snapshot", ts, "", {"schema_digest": self._state_digest, "state": state})

    @property
    def trouble(self) -> str:
        """Why the journal can't be written and its reserve is used; "" while it can."""
        failure = self._writer.failure
        return "" if failure is None else failure.diagnostic.message

    def flush(self) -> None:
        self._writer.flush()

    def sync(self) -> None:
        self._writer.sync()


COLUMNS: dict[str, ExportType] = {
    "id": "VARCHAR",
    "ts": "BIGINT",
    "time": "VARCHAR",
    "seq": "BIGINT",
    "kind": "VARCHAR",
    "rule": "VARCHAR",
    "instrument": "VARCHAR",
    "side": "VARCHAR",
    "strategy": "VARCHAR",
    "pocket": "VARCHAR",
    "trade_id": "VARCHAR",
    "signal_id": "VARCHAR",
    "wanted": "DOUBLE",
    "units": "DOUBLE",
    "outcome": "VARCHAR",
    "code": "VARCHAR",
    "first_blocker": "VARCHAR",
    "message": "VARCHAR",
    "measured": "DOUBLE",
    "limit_value": "DOUBLE",
    "distance": "DOUBLE",
    "unit": "VARCHAR",
    "policy_digest": "VARCHAR",
    "record": "VARCHAR",
}
"""Columns of `decisions.parquet`; `record` is the whole decision as JSON. `measured`, `limit_value` and `distance`
are those of the comparison that refused, empty where there is no number; `distance` is below zero by how much it
failed."""


_LINES = ("decisions", "fills", "orders", "cash", "days", "changes", "notes", "metrics")
_RENAMED = {"limit": "limit_value"}
"""A word that SQL keeps for itself would have to be quoted in every query."""


class FilesRecorder:
    """Into a folder: decisions and fills as Parquet and as JSON lines; orders that the venue ended, cash, changes,
    notes, metrics as JSON lines. Market events stay in the recording. Use it as a context manager: the files appear at
    its end, whole, or not at all."""

    def __init__(self, folder: Path, policy: dict[str, str], account: str, currency: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._policy, self._account, self._currency = policy, account, currency
        self._ordered = Ordered()
        self._decisions = DecisionWriter(folder / "decisions.parquet", COLUMNS)
        self._fills = DecisionWriter(folder / "fills.parquet", FILL_COLUMNS)
        self._lines = {name: _Lines(folder / f"{name}.jsonl") for name in _LINES}

    def event(self, event: Event) -> None:
        if event.__class__ is Fill:
            row = self._ordered.row(event, self._currency)
            self._lines["fills"].add(row)
            self._fills.append([numbers(row)])
        elif event.__class__ is CashChange:
            self._lines["cash"].add(cash_row(event, self._currency))
        elif event.__class__ is OrderUpdate and event.status in ENDED:
            self._lines["orders"].add(ended_row(event))

    def decision(self, decision: Decision) -> None:
        self._ordered.sent(decision)
        plain = decision_to_plain(decision, self._policy, self._account)
        self._lines["decisions"].add(plain)
        row = {
            **{name: plain.get(name) for name in COLUMNS},
            **{_RENAMED.get(name, name): value for name, value in _figures(decision).items()},
            "policy_digest": self._policy["digest"],
            "wanted": float(decision.wanted),
            "units": float(decision.order.units) if decision.order is not None else 0.0,
            "record": json.dumps(plain, ensure_ascii=False),
        }
        self._decisions.append([row])

    def change(self, change: VerdictChange) -> None:
        self._lines["changes"].add(change_to_plain(change))

    def order(self, command: Command, ts: int) -> None: ...

    def note(self, note: Note) -> None:
        self._lines["notes"].add(
            {"ts": note.ts, "level": note.level, "code": note.code, "message": note.message, "key": note.key}
        )

    def metrics(self, ts: int, values: dict[str, Any]) -> None:
        self._lines["metrics"].add({"ts": ts, "values": values})

    def day(self, row: dict[str, Any]) -> None:
        """A day of the account that is over (`evidence.day_book`)."""
        self._lines["days"].add(row)

    def snapshot(self, ts: int, state: dict[str, Any]) -> None: ...
    def flush(self) -> None: ...
    def sync(self) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._decisions.__exit__(kind, error, trace)
            self._fills.__exit__(kind, error, trace)
            for lines in self._lines.values():
                lines.discard()

    def close(self) -> None:
        """Put every file in its place."""
        self._decisions.close()
        self._fills.close()
        for lines in self._lines.values():
            lines.close()


def _spoken(value: Any) -> Any:
    """
    >>> _spoken({"size": float("nan"), "seconds": [1.5, float("-inf")]})
    {'size': 'nan', 'seconds': [1.5, '-inf']}
    """
    if isinstance(value, dict):
        return {key: _spoken(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_spoken(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _figures(decision: Decision) -> dict[str, Any]:
    """What refused it, in figures (OPS-03); nothing where there is no number."""
    found = decisive(decision)
    if found is None:
        return {}
    return {"measured": found.left, "limit": found.right, "distance": found.distance, "unit": found.unit}


class _Lines:
    """JSON lines beside their final name until closed."""

    def __init__(self, path: Path) -> None:
        self._path, self._partial = path, path.with_name(f".{path.name}.partial")
        self._file = self._partial.open("w", encoding="utf-8")

    def add(self, plain: dict[str, Any]) -> None:
        self._file.write(json.dumps(plain, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()
        self._partial.replace(self._path)

    def discard(self) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)
