"""Closed trades out of fills: each entry lot from its opening to the fill that closed the last of it.

    1. `take`     fills that a start tells of the time before: of lots that an earlier run left (`Carried`)
    2. `begin`    the run's starting book; what it does not have any more is gone, and may still be told of
    3. `take`     the fills of the run

What is still open at the end is no closed trade, though part of it may have been realised. Whatever is in no closed
trade is counted, with what its fills brought: closed trades and the remarks together are what the venue booked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruleengine.model.figure import money
from ruleengine.model.side import Side
from ruleengine.reports.evidence.store import Held, LeftOut, Source
from ruleengine.reports.evidence.terms import pip_of
from ruleengine.runtime.orders.ids import position_key

_REST = 1e-9
"""Sizes come as decimals; less than this of a lot is nothing."""


@dataclass(slots=True)
class _Lot:
    id: str
    instrument: str
    side: str
    strategy: str = ""
    tag: str = ""
    pocket: str = ""
    opened_ns: int | None = None
    opened_by: str | None = None
    stop: float | None = None
    is_manual: bool = False
    bought: float = 0.0
    entry_value: float = 0.0
    sold: float = 0.0
    exit_value: float = 0.0
    realised: float = 0.0
    fees: float = 0.0
    is_stated: bool = False
    """Its amounts are known from a starting book alone."""
    has_gap: bool = False
    """A part of it was closed, or added, while no run looked."""

    @property
    def entry(self) -> float:
        """Mean price of its opening."""
        return self.entry_value / self.bought if self.bought else 0.0

    @property
    def result(self) -> float:
        """What its fills brought so far."""
        return self.realised - self.fees

    def is_of(self, trade: _Lot) -> bool:
        """A lot of a starting book: is it what an earlier run left of that trade?"""
        if (trade.instrument, trade.side) != (self.instrument, self.side):
            return False
        return trade.opened_ns == self.opened_ns or math.isclose(trade.entry, self.entry, rel_tol=_REST)

    def with_past(self, trade: _Lot) -> _Lot:
        """Its amounts go on only where nothing of it was closed in between; else the book's stand, with what the
        opening said and what was booked."""
        if math.isclose(trade.bought - trade.sold, self.bought, rel_tol=_REST):
            return trade
        self.is_stated, self.has_gap = trade.is_stated, True
        for name in ("strategy", "tag", "pocket", "opened_by", "stop", "realised", "fees"):
            setattr(self, name, getattr(trade, name))
        return self


_UNTOLD = "no fill tells how it ended"


@dataclass(slots=True)
class _Account:
    """What runs of one account leave. `open`: their lots, by the venue's number; `gone`: lots that a run began without,
    and whose end no fill has told, each with that run; `orphans`: what fills of no known trade brought."""

    open: dict[str, _Lot] = field(default_factory=dict)
    gone: list[tuple[_Lot, Source]] = field(default_factory=list)
    orphans: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Carried:
    """What runs read so far leave to the next one, for a restart goes on with it. `heard`: their fills, by what tells
    one from another (`runtime.orders.seen_fills`); a restart may hear of one again. `orders`: decision and rule of
    their orders, which may be filled after it; `about`: what those decisions said."""

    accounts: dict[str, _Account] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)
    orders: dict[str, tuple[str, str]] = field(default_factory=dict)
    about: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def of(self, account: str) -> _Account:
        return self.accounts.setdefault(account, _Account())

    def end(self) -> list[LeftOut]:
        """No run follows: what is in no closed trade. Of what is gone the run is told that began without it."""
        left, gone, orphans = list[_Lot](), list[_Lot](), list[float]()
        for account in self.accounts.values():
            left += _ours(account.open.values())
            orphans += account.orphans
            for lot, source in account.gone:
                if not lot.is_manual:
                    gone.append(lot)
                    before = f"its fills before brought {money(lot.result, source.currency)}"
                    source.remarks.append(f"trade {lot.id} was open before and is not in its book: {_UNTOLD}; {before}")
        told = [
            LeftOut("trades that are still open", len(left), sum(lot.result for lot in left)),
            LeftOut(f"trades that a later run began without; {_UNTOLD}", len(gone), sum(lot.result for lot in gone)),
            LeftOut("fills that reduce trades whose opening is not recorded", len(orphans), sum(orphans)),
        ]
        return [each for each in told if each.count]


class Lots:
    """Takes a run's fills in order (as `reports.fill_rows` writes them) and gives the trades that ended.

    `about`: by decision id, what its order said: strategy, tag, pocket, stop."""

    def __init__(
        self, source: Source, terms: dict[str, Any], about: Mapping[str, Mapping[str, Any]], carried: Carried
    ) -> None:
        self._source, self._terms, self._about, self._account = source, terms, about, carried.of(source.account)
        self._orphans_before = len(self._account.orphans)
        """Fills that reduce a trade nobody saw open: their trade can't be told."""
        self._without_past = self._with_gap = 0
        self.booked: list[dict[str, Any]] = []
        """Rows of the form's `booked`, without their source."""

    def begin(self, book: Iterable[Mapping[str, Any]]) -> None:
        """The run begins with this book: lots with their past, where an earlier run of the account has it."""
        left, self._account.open = self._account.open, {}
        for each in book:
            lot = _Lot(
                each["id"], each["instrument"], each["side"], each["strategy"], each["strategy"], each["pocket"],
                each["opened_ns"], is_manual=each["is_manual"], bought=each["units"],
            )  # fmt: skip
            lot.entry_value = each["price"] * each["units"]
            lot.stop, lot.is_stated = each.get("stop"), True
            past = left.get(lot.id)
            if past is not None and lot.is_of(past):
                del left[lot.id]
                lot = lot.with_past(past)
            self._account.open[lot.id] = lot
        self._account.gone += [(lot, self._source) for lot in left.values()]

    def take(self, fills: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Rows of the form's `trades`, without their source."""
        for fill in fills:
            key, units, price = _key(fill), float(fill["units"]), float(fill["price"])
            if fill["opens"]:
                self._opened(key, fill, units, price)
                continue
            lot = self._lot(key)
            if lot is None:
                self._account.orphans.append(float(fill["realised"]) - float(fill["fee"]))
                continue
            lot.sold += units
            lot.exit_value += price * units
            lot.realised += float(fill["realised"])
            lot.fees += float(fill["fee"])
            self._booked(lot, fill)
            if lot.sold >= lot.bought * (1 - _REST):
                self._forget(lot)
                self._without_past += lot.is_stated and not lot.is_manual
                self._with_gap += lot.has_gap and not lot.is_manual
                yield self._row(lot, fill)

    def _lot(self, key: str) -> _Lot | None:
        """One that is open, else the last that was thought to have ended untold."""
        found = self._account.open.get(key)
        return found or next((lot for lot, _ in reversed(self._account.gone) if lot.id == key), None)

    def _forget(self, ended: _Lot) -> None:
        if self._account.open.get(ended.id) is ended:
            del self._account.open[ended.id]
        self._account.gone = [each for each in self._account.gone if each[0] is not ended]

    def held(self) -> list[Held]:
        """Our trades that are still open."""
        lots = _ours(self._account.open.values())
        return [Held(lot.id, lot.instrument, lot.side, lot.opened_ns or 0) for lot in lots]

    def remarks(self) -> list[str]:
        """What a reader must know of them, as counts."""
        orphans = self._account.orphans[self._orphans_before :]
        brought = f"; they brought {money(sum(orphans), self._source.currency)}"
        counts = [
            (len(orphans), "fills reduce trades whose opening is not recorded: left out" + brought),
            (self._without_past, "trades were open when it began and ended in it, without their past in the sources: "
             "what was realised and paid before is not in their results, and no decision is known"),
            (self._with_gap, "trades that ended in it had other units before it began than it found: what that brought "
             "is told by no fill, and is not in their results"),
            (len(self.held()), "trades still open at the end: no closed trades"),
        ]  # fmt: skip
        return [f"{count:,} {what}" for count, what in counts if count]

    def _opened(self, key: str, fill: Mapping[str, Any], units: float, price: float) -> None:
        lot = self._account.open.get(key)
        if lot is None:
            lot = self._account.open[key] = _Lot(key, fill["instrument"], fill["side"], opened_ns=int(fill["ts_event"]))
            decided = fill["decision_id"]
            what = self._about.get(decided, {})
            lot.opened_by = decided or None
            lot.strategy, lot.pocket = what.get("strategy", ""), what.get("pocket", "")
            lot.tag, lot.stop = what.get("tag", lot.strategy), what.get("stop")
            lot.is_manual = not decided
        lot.bought += units
        lot.entry_value += price * units
        lot.fees += float(fill["fee"])
        self._booked(lot, fill)

    def _booked(self, lot: _Lot, fill: Mapping[str, Any]) -> None:
        self.booked.append(
            {
                "ts": int(fill["ts_event"]),
                "trade": lot.id,
                "amount": float(fill["realised"]) - float(fill["fee"]),
                "is_manual": lot.is_manual,
                "opens": bool(fill["opens"]),
                "side": lot.side,
                "opened_ns": lot.opened_ns,
                "price": float(fill["price"]),
                "entry_price": lot.entry if lot.bought else None,
                "stop": lot.stop,
            }
        )

    def _row(self, lot: _Lot, last: Mapping[str, Any]) -> dict[str, Any]:
        entry = lot.entry_value / lot.bought if lot.bought else None
        exit_ = lot.exit_value / lot.sold if lot.sold else None
        pip = pip_of(self._terms, lot.instrument)
        pips = None
        if pip is not None and entry is not None and exit_ is not None:
            pips = (exit_ - entry) * (1 if lot.side == "long" else -1) / pip
        return {
            "id": lot.id,
            "instrument": lot.instrument,
            "side": lot.side,
            "units": lot.bought,
            "tag": lot.tag,
            "strategy": lot.strategy,
            "pocket": lot.pocket,
            "opened_ns": lot.opened_ns,
            "closed_ns": int(last["ts_event"]),
            "entry_price": entry,
            "exit_price": exit_,
            "stop": lot.stop,
            "pips": pips,
            "result": lot.result,
            "fees": lot.fees,
            "opened_by": lot.opened_by,
            "closed_by": last["rule"] or f"venue: {last['reason'] or 'fill'}",
            "is_manual": lot.is_manual,
        }


def _ours(lots: Iterable[_Lot]) -> list[_Lot]:
    return [lot for lot in lots if not lot.is_manual]


def _key(fill: Mapping[str, Any]) -> str:
    """The trade that a fill is of; where the venue numbers none, the position: as the engine names it."""
    if fill["trade_id"]:
        return str(fill["trade_id"])
    side = Side(fill["side"])
    return position_key(fill["instrument"], side if fill["opens"] else side.opposite)
