"""The order gate: the last stage before the wire, and the only maker of `Cleared`.

    1. `gate_draft.settle`       what is sent: size and prices on their grids, never more than is held, never a flip
    2. `gate_limits.OPENING`     what adds risk passes every limit of this tuple; the first that refuses is the answer
       `gate_limits.REDUCING`    what takes risk off passes only these: none waits for a human, a budget or a quote
    3. `_commit`                 it is counted: message budget, repeated execution, repeats

Counts are of cleared orders and of the venue's refusals alone, both of which are in the journal; time comes with each
call. Exits use the message budget and never wait for it; kill switches, pauses and the latch keep back what adds risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import gate as faults
from ruleengine.market.exchanges import REGULAR, SpecialDays
from ruleengine.model.audit import Note
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import OPENING as OPENING_KINDS
from ruleengine.model.order import Cleared, Intent, Order, Refused
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.gate.contact import Contact
from ruleengine.runtime.gate.counters import SECOND
from ruleengine.runtime.gate.draft import Draft, GatePrices, settle
from ruleengine.runtime.gate.limits import OPENING, REDUCING
from ruleengine.runtime.gate.state import REPEAT_NS, GateState, pace_scope, repeat_key, text
from ruleengine.runtime.gate.switches import ENTRIES, Switch
from ruleengine.runtime.gate.venue_hours import VenueHours
from ruleengine.runtime.notes import note
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.orders.record import OrderRecord

__all__ = ["OVERRIDABLE", "Gate", "GatePrices", "tightest"]

OVERRIDABLE = ("price_collar", "quote_age_max", "repeat", "refusals")
"""Limits that a human may lift for a time, with a reason (OPS-01); those on size and exposure are not among them."""

_HERE = Span.of_file("gate")


class Gate:
    """One account's gate under one policy. `limits`: internal units, as `read_limits` gives them, tightened by the
    account's (`tightest`); `places`: the policy line of each; `days`: what the account file states of its market's."""

    def __init__(
        self,
        limits: Mapping[str, float],
        instruments: Mapping[str, Instrument],
        *,
        currency: str,
        places: Mapping[str, Span] | None = None,
        days: SpecialDays = REGULAR,
    ) -> None:
        self._instruments = dict(instruments)
        self._state = GateState(limits, currency, places or {}, VenueHours(self._instruments, days))

    # --- an intent -----------------------------------------------------------------------------------------------

    def clear(
        self,
        intent: Intent,
        units: Decimal,
        prices: GatePrices,
        holdings: Holdings,
        orders: Orders,
        now_ns: int,
    ) -> Cleared | Refused:
        """The order that may be sent, or why not. To be asked once, when everything else has agreed: what is cleared
        is counted as sent. The order's id is the intent's, which is made from the decision (`orders.order_id`).

        Units    units: the venue's, as guards, caps and sizing left them.
        """
        reduces = intent.is_reduce_only or intent.kind not in OPENING_KINDS
        instrument = self._instruments[intent.instrument]
        draft = Draft(intent, instrument, units, prices, holdings, orders, now_ns, reduces)
        settle(draft)
        for name, limit in REDUCING if reduces else OPENING:
            if now_ns < self._state.allowed.get(name, 0):
                continue
            refused = limit(self._state, draft)
            if refused is not None:
                return refused
        self._commit(draft)
        return Cleared(_order(draft), intent.id)

    def _commit(self, draft: Draft) -> None:
        state, rule, now = self._state, draft.intent.rule, draft.now_ns
        for bucket, _, _ in state.budgets:
            bucket.take(now)
        if draft.reduces:
            state.breaker.tried(pace_scope(rule, draft.exit_key), now)
            return
        state.latch.add(rule, now)
        state.recent = {key: ts for key, ts in state.recent.items() if ts > now - REPEAT_NS}
        state.recent[repeat_key(draft)] = now

    def on_rejection(self, rule: str, code: str, ts: int, *, key: str = "", seq: int = 0) -> list[Note]:
        """The venue refused an order of the rule. `key`: what a reducing order acts on (`orders.exit_key`); reductions
        are counted apart, and slowed instead of stopped."""
        breaker = self._state.breaker
        if not breaker.add(pace_scope(rule, key) if key else rule, code, ts):
            return []
        wait = text(Decimal(breaker.pause_ns) / SECOND)
        found = faults.paused_by_refusals(_HERE, rule, code, str(breaker.count), wait)
        return [note(found, ts, seq, rule)]

    # --- a human -------------------------------------------------------------------------------------------------

    def kill(self, scope: str, by: str, reason: str, ts: int = 0, seq: int = 0) -> list[Note]:
        """Switch off what adds risk. `scope`: `account`, `instrument:NAME`, `strategy:NAME`, `rule:ID`. It works
        without a name or reason: stopping never fails."""
        self._state.switches.off[scope] = Switch(by or "unknown", reason or "no reason given", ts)
        return [_switched("kill", scope, by, reason, ts, seq)]

    def pause(self, by: str, reason: str, ts: int = 0, seq: int = 0) -> list[Note]:
        """Keep back everything that adds risk until `resume`."""
        self._state.switches.off[ENTRIES] = Switch(by or "unknown", reason or "no reason given", ts)
        return [_switched("pause", ENTRIES, by, reason, ts, seq)]

    def lift(self, scope: str, by: str, reason: str, ts: int = 0, seq: int = 0) -> list[Note]:
        """Take a kill switch back."""
        if not (by and reason):
            return [note(faults.needs_reason(_HERE, "lift", scope), ts, seq, scope)]
        self._state.switches.off.pop(scope, None)
        return [_switched("lift", scope, by, reason, ts, seq)]

    def resume(self, by: str, reason: str, ts: int = 0, seq: int = 0) -> list[Note]:
        """End the pause of entries; and go on with books that differed."""
        if by and reason:
            self._state.contact.accept()
        return self.lift(ENTRIES, by, reason, ts, seq)

    def rearm(self, rule: str, by: str, reason: str, ts: int = 0, seq: int = 0) -> list[Note]:
        """Let a tripped rule act again."""
        if not (by and reason):
            return [note(faults.needs_reason(_HERE, "rearm", rule), ts, seq, rule)]
        self._state.latch.rearm(rule)
        return [_switched("rearm", rule, by, reason, ts, seq)]

    def override(self, limit: str, by: str, reason: str, until_ns: int, ts: int = 0, seq: int = 0) -> list[Note]:
        """Lift one of `OVERRIDABLE` until a time."""
        if limit not in OVERRIDABLE:
            return [note(faults.not_overridable(_HERE, limit, OVERRIDABLE), ts, seq, limit)]
        if not (by and reason):
            return [note(faults.needs_reason(_HERE, "override", limit), ts, seq, limit)]
        self._state.allowed[limit] = until_ns
        return [_switched("override", limit, by, reason, ts, seq)]

    def takes_back(self, record: OrderRecord) -> bool:
        """Is it an order that may still add to what a human has switched off? Reductions are left alone."""
        order = record.order
        is_off = self._state.switches.concerning(order.instrument, order.strategy, record.rule) is not None
        return is_off and record.is_live and not record.reduces

    @property
    def contact(self) -> Contact:
        """How well the venue is heard."""
        return self._state.contact

    @property
    def hours(self) -> VenueHours:
        """What the venue says of its hours, against our calendar."""
        return self._state.hours

    @property
    def tripped(self) -> dict[str, int]:
        """Rules that wait for a human, with the time at which they tripped."""
        return dict(self._state.latch.tripped)

    @property
    def switched_off(self) -> dict[str, Switch]:
        """Scopes that are off, with who and why."""
        return dict(self._state.switches.off)

    def lifted(self, now_ns: int) -> dict[str, int]:
        """Limits that a human lifted, with the time at which that ends."""
        return {limit: until for limit, until in self._state.allowed.items() if now_ns < until}

    # --- state ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All of it as JSON values; `restore` continues to the bit."""
        return self._state.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        self._state.restore(state)


def tightest(*limits: Mapping[str, float]) -> dict[str, float]:
    """The limits of policy and account together: each at its smallest, for one may only tighten the other's.

    >>> tightest({"price_collar": 0.005}, {"price_collar": 0.002, "max_order_value": 100.0})
    {'price_collar': 0.002, 'max_order_value': 100.0}
    """
    found: dict[str, float] = {}
    for each in limits:
        for name, value in each.items():
            found[name] = min(value, found.get(name, value))
    return found


def _order(draft: Draft) -> Order:
    intent = draft.intent
    return Order(
        id=intent.id,
        instrument=intent.instrument,
        side=intent.side,
        units=draft.units,
        type=intent.order_type,
        price=draft.price,
        is_reduce_only=draft.reduces,
        trade_id=intent.trade_id if draft.reduces else "",
        position_side=intent.side.opposite if draft.reduces else None,
        stop=draft.stop,
        target=draft.target,
        strategy=intent.strategy,
        pocket=intent.pocket,
        leverage=None if draft.reduces else intent.leverage,
    )


def _switched(command: str, target: str, by: str, reason: str, ts: int, seq: int) -> Note:
    return note(faults.switched(_HERE, command, target, by or "unknown", reason or "no reason given"), ts, seq, target)
