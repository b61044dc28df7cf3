"""Every watch there is, and which of them an event concerns.

Rules on instruments and the account are watched from the start; what closes trades or positions, while there is one.
An event of one instrument concerns its own watches and those that read the account, whose figures move with every
price; not those that only fills and time can move: a timer comes when theirs is there. Order: exits,
additions, hedges, entries, each by rule and trade; nothing here depends on hashing.
"""

from __future__ import annotations

from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.market.phase import NEVER
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.plan.needs import TimeFlip
from ruleengine.runtime.plan.rules import Part
from ruleengine.runtime.rules.additions import Additions
from ruleengine.runtime.rules.alerts import Alerts
from ruleengine.runtime.rules.desk import Desk
from ruleengine.runtime.rules.entries import Entries
from ruleengine.runtime.rules.exits import Exits
from ruleengine.runtime.rules.hedges import Hedges
from ruleengine.runtime.rules.protections import Protections
from ruleengine.runtime.rules.watch import Watch

HEARTBEAT_NS = 1_000_000_000
"""How often a trigger that time alone may change in an unforeseeable way is tried while nothing happens and its market
is open."""


class Roster:
    """`by_instrument`: what an event of it concerns; `everything`: what a timer, fill or account event concerns."""

    def __init__(
        self,
        desk: Desk,
        exits: Exits,
        hedges: Hedges,
        entries: Entries,
        additions: Additions,
        protections: Protections,
        alerts: Alerts,
    ) -> None:
        self._desk, self._exits, self._additions, self._alerts = desk, exits, additions, alerts
        self._trades: dict[str, list[Watch]] = {}
        self._frames: dict[str, TradeFrame] = {}
        self._sides = [position_key(name, side) for name in desk.specs for side in Side]
        self._account = [*protections.watches, *exits.of_account()]
        self._closing: dict[str, list[Watch]] = {}
        self._adding: dict[str, list[Watch]] = {}
        self._restricting = [watch for name in desk.specs for watch in exits.restricting(name)]
        self._rest = [watch for name in desk.specs for watch in hedges.of_instrument(name)]
        self._rest += [watch for name in desk.specs for watch in entries.of_instrument(name)]
        self._rest += alerts.watches
        self._restored: dict[str, Any] = {}
        self.everything: list[Watch] = []
        self.by_instrument: dict[str, list[Watch]] = {}
        self._arrange()

    def follow_trades(self) -> bool:
        """Begin with new trades, leave closed ones; True where anything changed."""
        trades = {str(trade.id): trade for trade in self._desk.own_trades()}
        if list(trades) == list(self._trades) and all(self._frames[name] is frame for name, frame in trades.items()):
            return False
        # under one name another position may stand by now, which has another frame
        for name in [name for name in self._trades if trades.get(name) is not self._frames[name]]:
            for watch in self._trades.pop(name):
                self._alerts.forget(watch)
            self._exits.forget(name)
            self._adding.pop(name, None)  # on a netting account a side's one trade has the name of the side
        self._frames = trades
        self._follow_sides(list(trades.values()))
        self._trades = {
            name: self._trades[name] if name in self._trades else self._begin(trade) for name, trade in trades.items()
        }
        self._arrange()
        return True

    def _follow_sides(self, trades: list[TradeFrame]) -> None:
        """Rules that close a position or add to it are watched for each side that is held: on a flat one they have
        nothing to know."""
        held = {position_key(trade.instrument, Side(trade.side)): trade for trade in trades}
        for followed, of_side in ((self._closing, self._exits.of_side), (self._adding, self._additions.of_side)):
            for key in [key for key in followed if key not in held]:
                del followed[key]
            for key, trade in held.items():
                if key not in followed:
                    followed[key] = self._gone_on(of_side(trade.instrument, Side(trade.side)))

    def _begin(self, trade: TradeFrame) -> list[Watch]:
        trade.is_covered = self._exits.covers(trade)
        return self._gone_on([*self._exits.of_trade(trade), *self._alerts.of_trade(trade)])

    def _gone_on(self, watches: list[Watch]) -> list[Watch]:
        """With what a restored state knew of them."""
        for watch in watches:
            kept = self._restored.pop(watch.name, None)
            if kept is not None:
                watch.restore(kept)
        return watches

    def _arrange(self) -> None:
        on_trades = [watch for watches in self._trades.values() for watch in watches]
        on_positions = [watch for key in self._sides for watch in self._closing.get(key, ())]
        adding = [watch for watches in self._adding.values() for watch in watches]
        self.everything = [*self._account, *self._restricting, *on_positions, *on_trades, *adding, *self._rest]
        for name in self._desk.specs:
            self.by_instrument[name] = [watch for watch in self.everything if _moves(watch, name)]

    # --- time --------------------------------------------------------------------------------------------------------

    def next_due_ns(self) -> int:
        """When time alone may next change a verdict, or end a wait for unknown inputs; far away where it can't."""
        now, due = self._desk.ts, NEVER
        beats: dict[str, int] = {}
        for watch in self.everything:
            part, is_waiting = watch.part, watch.since_ns >= 0
            if not (is_waiting or part.flips or part.is_restless):
                continue  # most of them, and this is asked whenever a price may have gone stale
            until = watch.unknown_until() if is_waiting else NEVER
            if now < until < due:
                due = until
            for each in _parts(watch) if is_waiting else (part,):
                if each.is_restless:
                    beat = beats.get(watch.instrument)
                    if beat is None:
                        beat = beats[watch.instrument] = self._next_beat_ns(watch.instrument, now)
                    due = min(due, beat)
                for flip in each.flips:
                    at = _flip_ns(watch, flip)
                    if now < at < due:
                        due = at
        return due

    def _next_beat_ns(self, instrument: str, now: int) -> int:
        markets = self._desk.markets
        concerned = [markets[instrument]] if instrument else list(markets.values())
        return min(market.next_beat_ns(now, HEARTBEAT_NS) for market in concerned)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {watch.name: watch.state() for watch in self.everything if not watch.is_plain()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what watches knew; those of trades when their trade is there."""
        self._restored = dict(state)
        for watch in self.everything:
            kept = self._restored.pop(watch.name, None)
            if kept is not None:
                watch.restore(kept)


def _moves(watch: Watch, instrument: str) -> bool:
    """Can an event of the instrument change the watch's verdict, or that of its fallback?"""
    parts = [watch.part]
    if watch.posture is not None and watch.posture.use is not None:
        parts.append(watch.posture.use)
    return any(part.wide or (watch.instrument == instrument and not part.is_still) for part in parts)


def _parts(watch: Watch) -> list[Part]:
    use = None if watch.posture is None or watch.since_ns < 0 else watch.posture.use
    return [watch.part] if use is None else [watch.part, use]


def _flip_ns(watch: Watch, flip: TimeFlip) -> int:
    """When a comparison with a time that has passed since an instant flips; long ago while the instant is unknown."""
    instant = getattr(getattr(watch.env, flip.letter), flip.slot)
    return -NEVER if instant.__class__ is Unknown else int(instant) + flip.after_ns
