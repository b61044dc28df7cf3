"""Closed trades out of fills: each entry lot from its opening to the fill that closed the last of it.

A lot that was open when the run began is known from the run's starting book, and from what an earlier run of the same
account left of it (`Carried`). What is still open at the end is no closed trade, though part of it may have been
realised.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruleengine.model.side import Side
from ruleengine.reports.evidence.store import Held
from ruleengine.reports.evidence.terms import pip_of
from ruleengine.runtime.orders import position_key

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

    @property
    def entry(self) -> float:
        """Mean price of its opening."""
        return self.entry_value / self.bought if self.bought else 0.0


@dataclass(slots=True)
class Carried:
    """Lots that runs read so far left open, by account: a restart goes on with them. `heard`: their fills, by what
    tells one from another (`runtime.orders.fill_key`); a restart may hear of one again."""

    left: dict[str, dict[str, _Lot]] = field(default_factory=dict)
    heard: set[str] = field(default_factory=set)

    def taken(self, account: str, stated: _Lot) -> _Lot:
        """The lot of a starting book with its past, where an earlier run of the account has it. Its amounts go on only
        where nothing of it was closed in between; else the book's stand, with what the opening said."""
        found = self.left.get(account, {}).pop(stated.id, None)
        if found is None or (found.instrument, found.side) != (stated.instrument, stated.side):
            return stated
        if found.opened_ns != stated.opened_ns and not math.isclose(found.entry, stated.entry, rel_tol=_REST):
            return stated
        if math.isclose(found.bought - found.sold, stated.bought, rel_tol=_REST):
            return found
        for name in ("strategy", "tag", "pocket", "opened_by", "stop"):
            setattr(stated, name, getattr(found, name))
        return stated


class Lots:
    """Takes a run's fills in order (as `reports.fill_rows` writes them) and gives the trades that ended.

    `about`: by decision id, what its order said: strategy, tag, pocket, stop."""

    def __init__(
        self,
        book: Iterable[Mapping[str, Any]],
        terms: dict[str, Any],
        about: Mapping[str, Mapping[str, Any]],
        carried: Carried | None = None,
        account: str = "",
    ) -> None:
        carried = Carried() if carried is None else carried
        self._terms, self._about = terms, about
        self._open: dict[str, _Lot] = {}
        self.orphans = 0
        """Fills that reduce a trade nobody saw open: their trade can't be told."""
        self.without_past = 0
        self.booked: list[dict[str, Any]] = []
        """Rows of the form's `booked`, without their source."""
        for each in book:
            lot = _Lot(
                each["id"], each["instrument"], each["side"], each["strategy"], each["strategy"], each["pocket"],
                each["opened_ns"], is_manual=each["is_manual"], bought=each["units"],
            )  # fmt: skip
            lot.entry_value = each["price"] * each["units"]
            lot.stop, lot.is_stated = each.get("stop"), True
            self._open[lot.id] = carried.taken(account, lot)
        carried.left[account] = self._open

    def take(self, fills: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Rows of the form's `trades`, without their source."""
        for fill in fills:
            key, units, price = _key(fill), float(fill["units"]), float(fill["price"])
            if fill["opens"]:
                self._opened(key, fill, units, price)
                continue
            lot = self._open.get(key)
            if lot is None:
                self.orphans += 1
                continue
            lot.sold += units
            lot.exit_value += price * units
            lot.realised += float(fill["realised"])
            lot.fees += float(fill["fee"])
            self._booked(lot, fill)
            if lot.sold >= lot.bought * (1 - _REST):
                del self._open[key]
                self.without_past += lot.is_stated and not lot.is_manual
                yield self._row(lot, fill)

    @property
    def still_open(self) -> int:
        return len(self._open)

    def held(self) -> list[Held]:
        """Our trades that are still open."""
        lots = (lot for lot in self._open.values() if not lot.is_manual)
        return [Held(lot.id, lot.instrument, lot.side, lot.opened_ns or 0) for lot in lots]

    def remarks(self) -> list[str]:
        """What a reader must know of them, as counts."""
        counts = [
            (self.orphans, "fills reduce trades whose opening is not recorded: left out"),
            (self.without_past, "trades were open when it began and ended in it, without their past in the sources: "
             "what was realised and paid before is not in their results, and no decision is known"),
            (self.still_open, "trades still open at the end: no closed trades"),
        ]  # fmt: skip
        return [f"{count:,} {what}" for count, what in counts if count]

    def _opened(self, key: str, fill: Mapping[str, Any], units: float, price: float) -> None:
        lot = self._open.get(key)
        if lot is None:
            lot = self._open[key] = _Lot(key, fill["instrument"], fill["side"], opened_ns=int(fill["ts_event"]))
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
            "result": lot.realised - lot.fees,
            "fees": lot.fees,
            "opened_by": lot.opened_by,
            "closed_by": last["rule"] or f"venue: {last['reason'] or 'fill'}",
            "is_manual": lot.is_manual,
        }


def _key(fill: Mapping[str, Any]) -> str:
    """The trade that a fill is of; where the venue numbers none, the position: as the engine names it."""
    if fill["trade_id"]:
        return str(fill["trade_id"])
    side = Side(fill["side"])
    return position_key(fill["instrument"], side if fill["opens"] else side.opposite)
