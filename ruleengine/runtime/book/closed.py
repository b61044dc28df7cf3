"""Trades of ours that ended, with what each of them came to: the collection `closed`.

1. `count`      every fill of a trade of ours adds to its tally: openings, closings, what the venue realised, fees
2. `match`      after the venue's book became ours: what we didn't hear of leaves a tally that can't be told
3. `end`        the trade is over: its tally becomes an element of the collection, unless more has yet to be heard
4. `late`       a fill that the venue's book had counted already says after all how an unheard end came about, or of a
                trade that came and went between two books

The collection is in the order of ending, by the venue's time, whatever order it was heard in. The newest `KEPT` are
kept, over restarts too; `account.history_since` says from when on the collection is complete.
Sizes of tallies are the venue's; elements have base units and money in account currency.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from ruleengine.facts.frames import AccountFrame, ClosedFrame, MarketFrame
from ruleengine.model.event import Fill
from ruleengine.model.instrument import Instrument
from ruleengine.model.number import CONTEXT
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown, known
from ruleengine.runtime.book.lots import identity_from_json, identity_to_json
from ruleengine.runtime.book.tags import Identity, Tags

KEPT = 2_000
"""Trades that are kept; the oldest is forgotten. A scalper's two weeks, and less than a millisecond to go over."""
MISSED_MAX = 1_000
"""Trades of which only some fills are told, and no book ever showed them; the oldest is forgotten."""
OUTSIDE = "outside"
"""What closed a trade of whose end we heard nothing."""

_ZERO = Decimal(0)
_NANOS = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLOTS = tuple(slot for slot in ClosedFrame.__slots__ if slot != "m")


class Ended(Protocol):
    """What is asked of a trade, or of the lot that was one."""

    instrument: str
    side: Side
    opened_ns: int

    @property
    def identity(self) -> Identity | None: ...


@dataclass(slots=True)
class Tally:
    """What a trade came to so far. `cost`, `proceeds`: Σ price × units. `realised`, `fees`: None where a part of it
    was never heard. `rule`, `closed_ns`: of its last closing."""

    opened: Decimal = _ZERO
    cost: Decimal = _ZERO
    closed: Decimal = _ZERO
    proceeds: Decimal = _ZERO
    realised: Decimal | None = _ZERO
    fees: Decimal | None = _ZERO
    rule: str = ""
    closed_ns: int = 0

    def add(self, fill: Fill, rule: str) -> None:
        value = CONTEXT.multiply(fill.price, fill.units)
        if self.fees is not None:
            self.fees += fill.fee
        if fill.opens:
            self.opened, self.cost = self.opened + fill.units, self.cost + value
            return
        self.closed, self.proceeds = self.closed + fill.units, self.proceeds + value
        if self.realised is not None:
            self.realised += fill.realised
        if fill.ts_event >= self.closed_ns:
            self.rule, self.closed_ns = rule or fill.reason or OUTSIDE, fill.ts_event

    @property
    def left(self) -> Decimal:
        return self.opened - self.closed

    def state(self) -> list[Any]:
        exact = [self.opened, self.cost, self.closed, self.proceeds, self.realised, self.fees]
        return [*(None if each is None else str(each) for each in exact), self.rule, self.closed_ns]

    @classmethod
    def from_state(cls, row: Sequence[Any]) -> Tally:
        opened, cost, closed, proceeds = (Decimal(each) for each in row[:4])
        realised, fees = (None if each is None else Decimal(each) for each in row[4:6])
        return cls(opened, cost, closed, proceeds, realised, fees, row[6], row[7])


@dataclass(slots=True)
class Missed:
    """A trade that came and went between two books of the venue's; `identity` None: its opening isn't told yet."""

    instrument: str
    side: Side
    opened_ns: int
    identity: Identity | None
    tally: Tally

    def state(self) -> list[Any]:
        who = identity_to_json(self.identity)
        return [self.instrument, self.side.value, self.opened_ns, who, self.tally.state()]

    @classmethod
    def from_state(cls, row: Sequence[Any]) -> Missed:
        instrument, side, opened_ns, who, tally = row
        return cls(instrument, Side(side), opened_ns, identity_from_json(who), Tally.from_state(tally))


class ClosedTrades:
    """Of one account. `frames` is the collection itself, in the order of ending."""

    def __init__(
        self, instruments: Mapping[str, Instrument], markets: Mapping[str, MarketFrame], account: AccountFrame
    ) -> None:
        self._instruments, self._markets, self._account = instruments, markets, account
        self._tallies: dict[str, Tally] = {}
        self._unheard: dict[str, tuple[Tally, ClosedFrame]] = {}
        self._missed: dict[str, Missed] = {}
        self.frames: list[ClosedFrame] = []
        self.number = 0
        """How many have ended so far; what was forgotten counts."""
        self._heard: list[ClosedFrame] = []
        """The same in the order in which they were told."""
        self._given: tuple[Sequence[Mapping[str, Any]], Tags] | None = None
        account.closed = self.frames

    # --- while trades are open ---------------------------------------------------------------------------------------

    def count(self, name: str, fill: Fill, rule: str) -> None:
        """A fill of a trade. `rule`: whose order it is of, "" for the venue's own."""
        self._tallies.setdefault(name, Tally()).add(fill, rule)

    def rename(self, before: str, after: str) -> None:
        """A trade has another name."""
        tally = self._tallies.pop(before, None)
        if tally is not None:
            self._tallies.setdefault(after, tally)

    def match(self, held: Mapping[str, tuple[Decimal, Decimal]], ts: int) -> None:
        """The venue's book: (units, average price) by trade. A tally that says otherwise has missed something."""
        if not known(self._account.history_since):
            self._account.history_since = ts
            self._take_given(ts)
        self._tallies = {name: tally for name, tally in self._tallies.items() if name in held}
        for name, (units, price) in held.items():
            tally = self._tallies.get(name)
            if tally is None or tally.left != units:
                heard = _ZERO if tally is None else None
                self._tallies[name] = Tally(units, CONTEXT.multiply(price, units), realised=heard, fees=None)

    # --- the end -----------------------------------------------------------------------------------------------------

    def end(self, name: str, trade: Ended, *, unheard_ns: int = 0) -> None:
        """A trade is no longer there. Nothing yet where fills of it have still to be heard; `unheard_ns`: when the
        venue stated its end, where no fill told of it."""
        tally = self._tallies.get(name)
        if tally is None or (tally.left != 0 and not unheard_ns):
            return
        del self._tallies[name]
        frame = self._frame(name, trade, tally)
        if frame is None:
            return
        if tally.left != 0:
            frame.rule, frame.closed_at = OUTSIDE, unheard_ns
            self._unheard[name] = (tally, frame)
        self._tell(frame, tally)
        self._keep(frame)

    def _frame(self, name: str, trade: Ended, tally: Tally) -> ClosedFrame | None:
        """An element of the collection; None where the trade was not ours."""
        who = trade.identity
        if who is None or who.owner != "engine":
            return None
        frame = ClosedFrame(
            id=name,
            instrument=trade.instrument,
            side=trade.side.value,
            sign=float(trade.side.sign),
            strategy=who.strategy,
            pocket=who.pocket,
            opened_by=who.opened_by,
            opened_at=trade.opened_ns,
            rule=tally.rule,
            closed_at=tally.closed_ns,
        )
        frame.m = self._markets[trade.instrument]
        return frame

    def _tell(self, frame: ClosedFrame, tally: Tally) -> None:
        """Sizes, prices and money of a tally; what was not heard in full stays unknown."""
        size = self._instruments[frame.instrument].contract_size
        frame.units = float(tally.opened * size)
        if tally.opened > 0:
            frame.entry_price = float(CONTEXT.divide(tally.cost, tally.opened))
        if tally.left != 0:
            return
        if tally.closed > 0 and tally.realised is not None:
            frame.exit_price = float(CONTEXT.divide(tally.proceeds, tally.closed))
        frame.pnl = _said(tally.realised, "closed.pnl")
        frame.fees = _said(tally.fees, "closed.fees")

    def _keep(self, frame: ClosedFrame) -> None:
        insort(self.frames, frame, key=_ending)
        self._heard.append(frame)
        del self._heard[:-KEPT]
        self.number += 1
        while len(self.frames) > KEPT:
            gone = self.frames.pop(0)
            self._account.history_since = gone.closed_at + 1
            self._unheard.pop(gone.id, None)

    def heard_since(self, number: int) -> list[ClosedFrame]:
        """What was told of since `number` was that; the end of some may lie before it."""
        new = self.number - number
        return self._heard[-new:] if new > 0 else []

    def late(self, name: str, fill: Fill, rule: str, who: Identity | None) -> None:
        """A fill of which the venue's book told first: its money counts no more, its story does. `who`: of an opening,
        whose it is."""
        tally, frame = self._unheard.get(name, (None, None))
        if tally is None or frame is None:
            self._missed_fill(name, fill, rule, who)
            return
        if fill.opens:
            return
        tally.add(fill, rule)
        if tally.left == 0:
            del self._unheard[name]
            self.frames.remove(frame)
            frame.rule, frame.closed_at = tally.rule, tally.closed_ns
            self._tell(frame, tally)
            insort(self.frames, frame, key=_ending)

    def _missed_fill(self, name: str, fill: Fill, rule: str, who: Identity | None) -> None:
        """A fill of a trade that no book of the venue's ever showed: once all its fills are there it has ended."""
        if name in self._tallies or fill.instrument not in self._instruments:
            return
        missed = self._missed.get(name)
        if missed is None:
            side = fill.side if fill.opens else fill.side.opposite
            missed = self._missed[name] = Missed(fill.instrument, side, fill.ts_event, None, Tally())
            if len(self._missed) > MISSED_MAX:
                del self._missed[next(iter(self._missed))]
        missed.tally.add(fill, rule)
        if fill.opens:
            was_open = missed.identity is not None
            missed.opened_ns = min(missed.opened_ns, fill.ts_event) if was_open else fill.ts_event
            missed.identity = missed.identity or who
        if missed.identity is None or missed.tally.left != 0:
            return
        del self._missed[name]
        frame = self._frame(name, missed, missed.tally)
        if frame is not None:
            self._tell(frame, missed.tally)
            self._keep(frame)

    # --- what was before the run -------------------------------------------------------------------------------------

    def given(self, rows: Sequence[Mapping[str, Any]], tags: Tags) -> None:
        """Trades that ended before the run, as an account file states them; they join when the run begins."""
        self._given = (rows, tags)

    def _take_given(self, ts: int) -> None:
        rows, tags = self._given or ((), None)
        for number, row in enumerate(rows, 1):
            if tags is not None and row["instrument"] in self._instruments:
                self.frames.append(self._from_row(f"before-{number}", row, tags, ts))
        self.frames.sort(key=lambda frame: frame.closed_at)
        self.number = len(self.frames)
        del self.frames[: max(len(self.frames) - KEPT, 0)]
        self._heard = list(self.frames)
        if self.frames:
            self._account.history_since = min(ts, *(frame.closed_at for frame in self.frames))

    def _from_row(self, name: str, row: Mapping[str, Any], tags: Tags, ts: int) -> ClosedFrame:
        side, spec = Side(row["side"]), self._instruments[row["instrument"]]
        client_id = str(row.get("client_id", ""))
        who = tags.identify(f"closed trade {name}", client_id, str(row.get("tag", "")), str(row.get("pocket", "")),
                            is_ours=True)  # fmt: skip
        closed_at = _instant(row, "closed", "age_s", ts)
        frame = ClosedFrame(
            id=str(row.get("id", name)),
            instrument=spec.name,
            side=side.value,
            sign=float(side.sign),
            units=float(Decimal(str(row["units"])) * spec.contract_size),
            strategy=who.strategy,
            pocket=who.pocket,
            opened_by=who.opened_by,
            rule=str(row.get("rule", OUTSIDE)),
            closed_at=closed_at,
            opened_at=closed_at - round(Decimal(str(row.get("held_s", 0))) * _NANOS),
            fees=float(Decimal(str(row.get("fees", 0)))),
        )
        frame.m = self._markets[spec.name]
        for slot, key in (("entry_price", "price"), ("exit_price", "exit_price"), ("pnl", "pnl")):
            if row.get(key) is not None:
                setattr(frame, slot, float(Decimal(str(row[key]))))
        return frame

    def resolve_anew(self, tags: Tags) -> None:
        """Strategies by the names of now: one that was renamed, and has its old name as an alias, keeps its trades."""
        for frame in self.frames:
            frame.strategy = tags.strategy_of(frame.strategy) or frame.strategy

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        since = self._account.history_since
        places = {_ending(frame): place for place, frame in enumerate(self.frames)}
        return {
            "since": since if known(since) else None,
            "number": self.number,
            "tallies": {name: tally.state() for name, tally in self._tallies.items()},
            "unheard": {
                name: [tally.state(), self.frames.index(frame)] for name, (tally, frame) in self._unheard.items()
            },
            "missed": {name: missed.state() for name, missed in self._missed.items()},
            "heard": [at for at in (places.get(_ending(frame)) for frame in self._heard) if at is not None],
            "slots": list(_SLOTS),
            "rows": [[_kept(getattr(frame, slot)) for slot in _SLOTS] for frame in self.frames],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`. Trades of instruments that this run doesn't have are left out."""
        if state["since"] is not None:
            self._account.history_since = state["since"]
        self.number = state["number"]
        self._tallies = {name: Tally.from_state(row) for name, row in state["tallies"].items()}
        self._missed = {name: Missed.from_state(row) for name, row in state.get("missed", {}).items()}
        frames = [self._restored(dict(zip(state["slots"], row, strict=True))) for row in state["rows"]]
        self.frames[:] = [frame for frame in frames if frame is not None]
        heard = [frames[at] for at in state.get("heard", range(len(frames)))]
        self._heard = [frame for frame in heard if frame is not None]
        at = {name: (Tally.from_state(row), frames[index]) for name, (row, index) in state["unheard"].items()}
        self._unheard = {name: (tally, frame) for name, (tally, frame) in at.items() if frame is not None}

    def _restored(self, row: Mapping[str, Any]) -> ClosedFrame | None:
        if row["instrument"] not in self._markets:
            return None
        frame = ClosedFrame(**{slot: value for slot, value in row.items() if value is not None and slot in _SLOTS})
        frame.m = self._markets[row["instrument"]]
        return frame


def _ending(frame: ClosedFrame) -> tuple[int, str]:
    return frame.closed_at, frame.id


def _said(figure: Decimal | None, fact: str) -> float | Unknown:
    return Unknown(Reason.MISSING, fact, "not all of its fills were heard") if figure is None else float(figure)


def _kept(value: Any) -> Any:
    return value if known(value) else None


def _instant(row: Mapping[str, Any], at: str, before: str, ts: int) -> int:
    """A moment of a row: written as a time, or as how long before the run."""
    if row.get(at) is not None:
        since = datetime.fromisoformat(str(row[at])) - _EPOCH
        return (since.days * 86_400 + since.seconds) * _NANOS + since.microseconds * 1_000
    return ts - round(Decimal(str(row.get(before, 0))) * _NANOS)
