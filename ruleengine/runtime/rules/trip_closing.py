"""What a protection closes when it trips: all that is open in its scope, and what was on its way then.

It goes the way of exits, trade by trade, so that what filled is done. While something is left every event looks again,
whatever the condition says by then, and so does a timer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ruleengine.model.unknown import Unknown
from ruleengine.runtime.rules.desk import RECHECK_NS, Desk, Proposal
from ruleengine.runtime.rules.exits import Exits
from ruleengine.runtime.rules.scopes import concerns
from ruleengine.runtime.rules.trip import Guarded

_PENDING = object()
"""No verdict: something is still to be closed, whatever the condition says."""


def _pending(_env: Any) -> Any:
    return _PENDING


class TripClosing:
    """Of the protections of one account."""

    def __init__(self, desk: Desk, exits: Exits) -> None:
        self._desk, self._exits = desk, exits

    def begin(self, each: Guarded) -> None:
        """It tripped: what is open in its scope is to be closed, and what orders that are out may still open."""
        desk, rule, trip, key = self._desk, each.rule, each.trip, each.scope.key
        if rule.closer is None:
            return
        concerned = [t for t in desk.own_trades() if concerns(rule.for_each, key, rule.words, t)]
        trip.closing = {str(trade.id): trade.opened_at for trade in concerned}
        opening = [record.order for record in desk.orders.live() if not record.reduces]
        out = [order.id for order in opening if concerns(rule.for_each, key, rule.words, order)]
        trip.out = list(dict.fromkeys([*trip.out, *out]))

    def proposals(self, each: Guarded) -> list[Proposal]:
        """What is left to close of it, where no order for it is out."""
        rule, trip, trades = each.rule, each.trip, self._desk.account.trades
        if not trip.closing or rule.closer is None or trades.__class__ is Unknown:
            return []
        own = {str(trade.id): trade for trade in trades}
        found: list[Proposal] = []
        for name, opened_at in list(trip.closing.items()):
            trade = own.get(name)
            is_another = trade is None or trade.opened_at > opened_at
            if trade is None or is_another or self._exits.is_done(rule.closer, trip.number, name):
                del trip.closing[name]
                continue
            proposal = self._exits.closing(each.watch, rule.closer, trade, trip.number)
            if proposal is not None:
                proposal.reason = f"{each.name} tripped"
                found.append(proposal)
        return found

    def join(self, guarded: Sequence[Guarded]) -> None:
        """The book has changed: what orders filled that were out at a trip is closed like what was open then."""
        for each in guarded:
            rule, trip = each.rule, each.trip
            if rule.closer is None or not trip.is_on or not trip.out:
                continue
            for name, trade in self._desk.holdings.trades.items():
                if trade.client_id not in trip.out or trade.is_manual or name in trip.closing:
                    continue
                if self._exits.is_done(rule.closer, trip.number, name):
                    continue
                if concerns(rule.for_each, each.scope.key, rule.words, trade.frame):
                    trip.closing[name] = trade.opened_ns
            if trip.closing:
                self.set_ask(each)
                self.come_again(each)

    def come_again(self, each: Guarded) -> None:
        """A timer looks what is left."""
        self._desk.cool("protections", f"close {each.name}", RECHECK_NS)

    @staticmethod
    def set_ask(each: Guarded) -> None:
        """While something is still to be closed every event looks, whatever the condition says by now."""
        verdict = each.watch.part.verdict
        assert verdict is not None
        each.watch.ask = _pending if each.trip.closing else verdict
