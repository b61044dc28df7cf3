"""A journal as evidence: its checks are the decisions, its fills the trades. Each run that wrote into it is a source of
its own, with the book and the policy that it began with."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import duckdb

from ruleengine.journal import JournalReader, Row, journal_at
from ruleengine.journal.events import from_body
from ruleengine.market.days import DaysDiffer, stated_day
from ruleengine.market.exchanges import SpecialDays
from ruleengine.model.event import Fill
from ruleengine.reports.evidence.fates import Fates
from ruleengine.reports.evidence.flatten import Flattener
from ruleengine.reports.evidence.form import Filler
from ruleengine.reports.evidence.open_time import open_time_in
from ruleengine.reports.evidence.store import Source
from ruleengine.reports.evidence.terms import day_of, hours_of
from ruleengine.reports.evidence.trades import Carried, Lots
from ruleengine.reports.evidence.unended import reckon
from ruleengine.runtime.orders.seen_fills import fill_key

_NO_END = (
    "no end of it is recorded (killed, or still running): its last day goes to its last decision, and what followed is "
    "in no day's result"
)


def sessions(place: Path) -> list[JournalSession]:
    """The runs of a journal, one after the other. Raises a `JournalUnreadable`."""
    with JournalReader(journal_at(place)) as reader:
        begun = list(reader.rows(kinds=["activation"]))
    if not begun:
        return [JournalSession(place, {}, 1, None, str(place))]
    found = []
    for at, each in enumerate(begun):
        name = str(place) if len(begun) == 1 else f"{place}, run {at + 1} of {len(begun)}"
        end = begun[at + 1].seq - 1 if at + 1 < len(begun) else None
        found.append(JournalSession(place, each.body, each.seq if at else 1, end, name))
    return found


class JournalSession:
    """One run of a journal: what was written from its activation (`about`) to the next one (`to_seq` None: to the end).
    Reads while an engine may still write. Raises a `JournalUnreadable` where a row is not what was written."""

    def __init__(self, place: Path, about: dict[str, Any], from_seq: int, to_seq: int | None, name: str) -> None:
        self._place, self._from_seq, self._to_seq, self._name = place, from_seq, to_seq, name
        self.account: dict[str, Any] = about.get("account", {})
        self.currency = str(self.account.get("currency", ""))
        self.day = stated_day(about)
        self.terms: dict[str, Any] = about.get("instruments", {})
        self.first_ns = int(about.get("start_ns", 0))

    def fill(
        self,
        _connection: duckdb.DuckDBPyConnection,
        filler: Filler,
        flattener: Flattener,
        number: int,
        carried: Carried,
    ) -> Source:
        with JournalReader(journal_at(self._place)) as reader:
            reading = _Reading(reader, filler, number, self.currency, self.terms)
            source = reading.run(flattener, self._source(), carried, self._from_seq, self._to_seq)
            if not reading.has_ended:
                self._reckon(reader, source, filler, number, reading.day_seq)
            return source

    def _reckon(self, reader: JournalReader, source: Source, filler: Filler, number: int, day_seq: int) -> None:
        """The day that it stood in, as far as what it left tells of it. `day_seq`: of the last day that it recorded."""
        source.remarks.append(_NO_END)
        try:
            day = day_of(self.day, self.terms)
        except DaysDiffer:
            return
        open_time = open_time_in(hours_of(self.terms), SpecialDays.of(self.account))
        from_seq = max(self._from_seq, day_seq + 1)
        reckon(
            reader, day, open_time, from_seq, self._to_seq, lambda row: filler.add("days", {"source": number, **row})
        )

    def _source(self) -> Source:
        first = self.first_ns
        name, shared = str(self.account.get("name", "")), self._name != str(self._place)
        return Source(self._name, "journal", self.currency, first, first, name, str(self._place) if shared else "")


class _Reading:
    """One pass over what is no market data. A fill comes after the decision that caused it, so what orders and signals
    said is known in time; a decision's fate comes later, so decisions wait for the end."""

    def __init__(
        self, reader: JournalReader, filler: Filler, number: int, currency: str, terms: dict[str, Any]
    ) -> None:
        self._reader, self._filler, self._number, self._currency = reader, filler, number, currency
        self._tags: dict[str, str] = {}
        self._fates = Fates()
        self._checks: deque[dict[str, Any]] = deque()
        self._about: dict[str, dict[str, Any]] = {}
        self._orders: dict[str, tuple[str, str]] = {}
        self._fills: list[dict[str, Any]] = []
        self._book: list[dict[str, Any]] | None = None
        self._in_book: list[dict[str, Any]] = []
        """Fills that the run's book has already: of the time before, told by the start."""
        self._snapshot: dict[str, Any] = {}
        self._open: dict[str, Any] = {}
        self.day_seq = 0
        self._terms = terms
        self._heard = set[str]()
        self._heard_before = set[str]()
        self._orders_before: dict[str, tuple[str, str]] = {}

    def run(self, flattener: Flattener, source: Source, carried: Carried, from_seq: int, to_seq: int | None) -> Source:
        self._heard_before, self._orders_before = carried.heard, carried.orders
        takers = {"event": self._event, "check": self._check, "note": self._note, "defect": self._note,
                  "activation": self._activation}  # fmt: skip
        for row in self._reader.rows(kinds=list(takers), from_seq=from_seq, to_seq=to_seq):
            if row.kind != "note" or row.body["code"] != "day":  # earlier versions stamped a day with its end
                source.last_ns = max(source.last_ns, row.ts_ns)
            takers[row.kind](row)
        carried.heard |= self._heard
        carried.orders |= self._orders
        carried.about |= self._about
        for plain in self._checks:
            order = (plain.get("order") or {}).get("id", "")
            tag = self._tags.get(plain.get("signal_id", ""))
            flattener.take(plain, self._number, self._currency, tag, self._fates.of(order))
        lots = Lots(source, self._terms, carried.about, carried)
        self._ended(lots.take(self._in_book))
        if self._book is not None:
            lots.begin(self._book)
        self._ended(lots.take(self._fills))
        for booked in lots.booked:
            self._filler.add("booked", {"source": self._number, **booked})
        source.open_trades = list(self._open.get("trades", []))
        source.figures = dict(self._open.get("figures", {}))
        source.remarks += lots.remarks()
        source.held = lots.held()
        return source

    def _ended(self, trades: Iterable[Mapping[str, Any]]) -> None:
        for each in trades:
            self._filler.add("trades", {"source": self._number, **each})

    @property
    def has_ended(self) -> bool:
        """Did the run come to its end? One that decided nothing has nothing to tell of it."""
        return bool(self._open) or not self._about

    def _event(self, row: Row) -> None:
        body = row.body
        match body["type"]:
            case "signal":
                self._tags[str(body["id"])] = str(body["strategy"])
            case "fill" if self._is_new(row):
                sent = self._orders.get(body["order_id"]) or self._orders_before.get(body["order_id"], ("", ""))
                known = self._in_book if self._is_in_book(body) else self._fills
                known.append({**body, "decision_id": sent[0], "rule": sent[1]})
                self._fates.filled(body["order_id"], float(body["units"]), float(body["price"]))
            case "order":
                self._fates.ended(body)
            case "reconciliation" if self._book is None:
                self._snapshot = body["snapshot"]

    def _is_in_book(self, fill: dict[str, Any]) -> bool:
        """Does the venue's snapshot behind the run's book have it (`VenueSnapshot`)? What was told before the book was
        taken down comes first in any case; nothing of an order of this run is in it."""
        if self._book is None or fill["order_id"] in self._orders:
            return self._book is None
        as_of, at = self._snapshot.get("ts", 0), fill["ts_event"]
        return bool(at < as_of or (at == as_of and fill.get("fill_id") in self._snapshot.get("counted", ())))

    def _is_new(self, row: Row) -> bool:
        """A venue may tell a fill again, and after a restart it tells what it has of orders of the run before."""
        fill = cast(Fill, from_body(row.body, row.ts_ns))
        key = fill_key(fill)
        is_new = key not in self._heard and (fill.order_id in self._orders or key not in self._heard_before)
        self._heard.add(key)
        return is_new

    def _check(self, row: Row) -> None:
        plain = row.body
        self._checks.append(plain)
        order = plain.get("order")
        if order is None:
            return
        self._orders[order["id"]] = (plain["id"], plain["rule"])
        self._about[plain["id"]] = {
            "strategy": plain["strategy"],
            "tag": self._tags.get(plain.get("signal_id", ""), plain["strategy"]),
            "pocket": plain["pocket"],
            "stop": float(order["stop"]) if order.get("stop") is not None else None,
        }

    def _note(self, row: Row) -> None:
        body = row.body
        match body["code"]:
            case "metrics":
                return
            case "book":
                self._book = list(body["trades"])
            case "open":
                self._open = body
            case "day":
                self.day_seq = row.seq
                self._filler.add("days", {"source": self._number, **body["values"]})
            case code:
                self._filler.add(
                    "notes",
                    {
                        "source": self._number,
                        "ts": row.ts_ns,
                        "level": body.get("level", "info"),
                        "code": code,
                        "message": body.get("message", ""),
                        "key": row.key,
                    },
                )

    def _activation(self, row: Row) -> None:
        self._filler.add(
            "policies",
            {
                "source": self._number,
                "ts": row.ts_ns,
                "policy": str(row.body["policy"]).replace("@", " "),
                "digest": str(row.body["digest"]),
            },
        )
