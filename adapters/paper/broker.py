"""The paper venue: an account and its orders as a pure machine. Time comes with events and commands; no clock, no I/O.

What happens at a market event of time t, in this order: 1. everything due before t (orders arriving, expiries,
financing) on the market as it was; 2. the market moves, and orders, stops and targets meet it; 3. a margin close-out
where it is due; 4. everything due at t. The same events, commands and seed give the same answers, to the bit.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from adapters.paper import book, charges, closeout, faults, isolated, watch
from adapters.paper.assumptions import assumptions
from adapters.paper.execution import Execution, Out
from adapters.paper.feed import Intake
from adapters.paper.ledger import Ledger
from adapters.paper.limits import CAPABILITIES, TokenBucket
from adapters.paper.orders import OrderRecord, OrderRecords
from adapters.paper.rng import SplitMix64
from adapters.paper.sessions import Calendar, next_midnight_ns, next_rollover_ns
from adapters.paper.settings import NANOS, Settings, SettingsError
from adapters.paper.view import MarketView
from ruleengine.model.event import AccountRead, Fill, Funding, MarketEvent, OrderStatus, OrderUpdate, Quote, VenueEvent
from ruleengine.model.order import Cancel, Cleared, Order
from ruleengine.ports.venue import Capabilities, VenueSetup, VenueSnapshot

_NEVER = (1 << 63) - 1
_STATE_VERSION = 3


class PaperVenue:
    """Meets `SimulatedVenue`. `query` is what a venue's "read this order" answers."""

    capabilities: Capabilities = CAPABILITIES

    def __init__(self, setup: VenueSetup) -> None:
        self.settings = Settings.from_setup(setup)
        self._views = {name: MarketView(base=terms.spec.base_price) for name, terms in self.settings.terms.items()}
        self._ledger = Ledger(self.settings, self._views)
        self._records = OrderRecords()
        self._intake = Intake(self.settings, self._views)
        self._execution = Execution(self._ledger, self._records, self._next_id)
        self._calendars = {name: self._calendar(terms.spec.sessions) for name, terms in self.settings.terms.items()}
        self._fundings = charges.Fundings()
        self._silence = faults.Silence()
        self._rng = SplitMix64(self.settings.seed)
        self._bucket = TokenBucket(self.settings.orders_per_s)
        self._agenda: list[tuple[int, int, str, str]] = []
        self._sequence = 0
        self._last_id = 1000
        self._last_arrival = 0
        self._lost: dict[str, None] = {}
        self._now = self.settings.start_ns
        self._is_started = False
        self._due_ns = 0  # the first event always takes the slow path, which starts the agenda
        for row in self.settings.trades:
            book.load_trade(self._ledger, row, self._next_id)
        self._rewatch()

    # --- the port ----------------------------------------------------------------------------------------------------

    def on_market(self, event: MarketEvent) -> Sequence[VenueEvent]:
        """Move the market; fills, financing and expiries that follow from it, in order.

        The common case returns early: a sound quote inside the bounds that `_rewatch` set, and nothing due.
        """
        ts = event.ts
        if event.__class__ is Quote and ts < self._due_ns and not event.flags:
            view = self._views.get(event.instrument)
            if view is None:
                return ()
            bid: float = event.bid
            ask: float = event.ask
            if view.bid_lo < bid < view.bid_hi and view.ask_lo < ask < view.ask_hi and bid <= ask:
                view.bid = bid
                view.ask = ask
                view.ts = ts
                view.has_quotes = True
                view.bid_size = event.bid_size
                view.ask_size = event.ask_size
                return ()
        return self._on_market(event)

    def submit(self, command: Cleared | Cancel, ts: int) -> Sequence[VenueEvent]:
        """Take a command at `ts`; what answers at once. The same order id again gets the same answer again."""
        out, said = self._begin(ts)
        self._run_agenda(ts, out, said)
        if isinstance(command, Cancel):
            self._send(command.order_id, "cancel", ts, out, said)
        else:
            self._take_order(command.order, ts, out, said)
        return self._finish(out, said)

    def next_due_ns(self) -> int | None:
        return self._agenda[0][0] if self._agenda else None

    def advance(self, ts: int) -> Sequence[VenueEvent]:
        """Everything due up to and including `ts`, in order."""
        out, said = self._begin(ts)
        self._run_agenda(ts, out, said)
        return self._finish(out, said)

    def snapshot(self) -> VenueSnapshot:
        ts = self._latest()
        at, numbers = self._execution.last_fills
        return VenueSnapshot(
            ts=ts,
            balance=self._ledger.balance,
            margin_used=self._ledger.margin_used(),
            trades=tuple(trade.as_stated() for trade in self._ledger.trades.values()),
            open_orders=tuple(self._records.working),
            counted=tuple(numbers) if at == ts else (),
        )

    def equity(self) -> Decimal:
        """Net asset value: balance and open results at the prices that close them."""
        return self._ledger.equity()

    def query(self, order_id: str, ts: int) -> Sequence[VenueEvent]:
        """Ask for one order: answers held back for it, or its state, or ABSENT (it never got here)."""
        out, said = self._begin(ts)
        self._run_agenda(ts, out, said)
        if not self._silence.is_outage:
            self._ask(order_id, ts, said)
        return self._finish(out, said)

    def assumptions(self) -> list[tuple[str, str]]:
        return assumptions(self.settings, ignored=self._intake.ignored, unpriced=self._intake.unpriced)

    # --- time and market ---------------------------------------------------------------------------------------------

    def _on_market(self, event: MarketEvent) -> Sequence[VenueEvent]:
        ts = event.ts
        out, said = self._begin(ts)
        self._run_agenda(ts - 1, out, said)
        if isinstance(event, Funding):
            self._take_funding(event, out)
        else:
            at = ts - 1 if event.kind == "bar" else ts  # a bar that ends with the session belongs to it
            for span in self._intake.spans(event):
                if self._is_open(event.instrument, at):
                    self._execution.run(event.instrument, span, ts, out)
        self._close_out(ts, out)
        self._run_agenda(ts, out, said)
        return self._finish(out, said)

    def _take_funding(self, event: Funding, out: Out) -> None:
        if event.ts_event <= event.ts:
            out.extend(self._fundings.charge(self._ledger, event))
        elif self._fundings.state_ahead(event):
            self._schedule(event.ts_event, "funding", event.instrument)

    def _begin(self, ts: int) -> tuple[Out, Out]:
        """(what the venue says, what we say ourselves of a silent venue)."""
        if not self._is_started:
            self._start(ts)
        self._now = max(self._now, ts)
        return [], []

    def _start(self, ts: int) -> None:
        self._is_started = True
        for trade, row in zip(self._ledger.trades.values(), self.settings.trades, strict=True):
            if row.get("age_s") is not None and not self.settings.start_ns:
                trade.opened_ns = ts - book.age_ns(row)
        if any(terms.financing_long or terms.financing_short for terms in self.settings.terms.values()):
            self._schedule(next_rollover_ns(ts)[0], "rollover", "")
        if self.settings.account_every_ns:
            self._schedule(ts + self.settings.account_every_ns, "account", "")
        if any(terms.spec.price_limit is not None for terms in self.settings.terms.values()):
            self._schedule(next_midnight_ns(ts), "day", "")
        for after, length in self.settings.faults.outages:
            self._schedule(ts + after, "outage", "")
            self._schedule(ts + after + length, "outage_end", "")

    def _schedule(self, due: int, what: str, key: str) -> None:
        self._sequence += 1
        heapq.heappush(self._agenda, (due, self._sequence, what, key))

    def _run_agenda(self, until: int, out: Out, said: Out) -> None:
        """Everything due up to and including `until`."""
        while self._agenda and self._agenda[0][0] <= until:
            due, _, what, key = heapq.heappop(self._agenda)
            self._now = max(self._now, due)
            self._perform(what, key, due, out, said)

    def _perform(self, what: str, key: str, ts: int, out: Out, said: Out) -> None:
        if what in ("arrive", "refuse"):
            self._arrive(key, ts, out, is_refused=what == "refuse")
        elif what == "cancel":
            self._cancel(key, ts, out)
        elif what == "expire":
            record = self._records.working.get(key)
            if record is not None:
                self._execution.cancel(record, "TIME_IN_FORCE_EXPIRED", "its time is over", ts, out)
        elif what == "unknown":
            self._time_out(key, ts, said)
        elif what == "ask":
            self._ask(key, ts, said)
        elif what == "rollover":
            out.extend(charges.financing(self._ledger, ts, next_rollover_ns(ts - 1)[1]))
            self._schedule(next_rollover_ns(ts)[0], "rollover", "")
        elif what == "funding":
            out.extend(self._fundings.charge_stated(self._ledger, key, ts))
        elif what == "account":
            out.append(AccountRead(ts, ts, self._ledger.balance, self._ledger.margin_used()))
            self._schedule(ts + self.settings.account_every_ns, "account", "")
        elif what == "day":
            for name, terms in self.settings.terms.items():
                if terms.spec.price_limit is not None:
                    self._views[name].close_day()
            self._schedule(next_midnight_ns(ts), "day", "")
        elif what == "outage":
            self._filter(out, said)
            self._silence.is_outage = True
        else:
            self._filter(out, said)
            said.extend(_heard_at(ts, self._silence.end_outage()))

    def _filter(self, out: Out, said: Out) -> None:
        """Pass on what is heard so far; keep the rest."""
        said.extend(event for event in out if self._silence.passes(event))
        out.clear()

    def _finish(self, out: Out, said: Out) -> Sequence[VenueEvent]:
        if self.settings.margin_model == "isolated" and any(event.kind == Fill.kind for event in out):
            out.append(AccountRead(self._now, self._now, self._ledger.balance, self._ledger.margin_used()))
        self._filter(out, said)
        self._rewatch()
        self._due_ns = self._agenda[0][0] if self._agenda else _NEVER
        said.sort(key=_availability)
        return said

    def _latest(self) -> int:
        """The last time anything came; quotes on the quick path leave theirs in the view alone."""
        return max([self._now, *(view.ts for view in self._views.values())])

    def _rewatch(self) -> None:
        """Set every view's bounds anew from orders, trades and the margin that is left."""
        watch.set_bounds(self._ledger, self._records, has_closeout=self._is_started)

    def _is_open(self, instrument: str, ts: int) -> bool:
        return self.settings.ignores_sessions or self._calendars[instrument].is_open(ts)

    # --- orders ------------------------------------------------------------------------------------------------------

    def _take_order(self, order: Order, ts: int, out: Out, said: Out) -> None:
        known = self._records.by_id.get(order.id)
        if known is not None:
            self._repeat(known, order, ts, said)
            return
        self._records.forget_finished(ts)
        self._lost.pop(order.id, None)
        fate = faults.draw(self.settings.faults, self._rng)
        settings = self.settings.faults
        if self._silence.is_outage or fate.is_request_lost:
            self._lost[order.id] = None
            self._schedule(ts + settings.timeout_ns, "unknown", order.id)
            self._schedule(ts + settings.timeout_ns + settings.resolve_ns, "ask", order.id)
            return
        if fate.is_reply_lost:
            self._silence.silence(order.id)
            self._schedule(ts + settings.timeout_ns + settings.resolve_ns, "ask", order.id)
        if fate.is_reply_lost or fate.delay_ns > settings.timeout_ns:
            self._schedule(ts + settings.timeout_ns, "unknown", order.id)
        self._records.by_id[order.id] = OrderRecord(order, order.units)
        self._send(order.id, "refuse" if fate.is_rejected else "arrive", ts, out, said, fate.delay_ns)

    def _repeat(self, known: OrderRecord, order: Order, ts: int, said: Out) -> None:
        """The same id again: the same answer again; nothing is done twice. An order still on its way answers once."""
        if known.order != order:
            answer = known.update(ts)
            answer.code, answer.reason = "DUPLICATE_ID_OTHER_CONTENT", f"`{order.id}` was sent with another content"
            said.append(answer)
        elif known.status is not None:
            self._ask(order.id, ts, said)

    def _send(self, key: str, what: str, ts: int, out: Out, said: Out, delay_ns: int = 0) -> None:
        """Put a message on its way; without latency it is there at once. Messages arrive in order, but delayed ones."""
        settings = self.settings
        at = ts + settings.latency_ns + self._rng.below(settings.jitter_ns)
        if delay_ns:
            at += delay_ns
        else:
            at = self._last_arrival = max(at, self._last_arrival)
        if at <= ts:
            self._perform(what, key, ts, out, said)
        elif not (what == "cancel" and self._silence.is_outage):
            self._schedule(at, what, key)

    def _arrive(self, order_id: str, ts: int, out: Out, *, is_refused: bool) -> None:
        record = self._records.by_id[order_id]
        if is_refused:
            out.append(record.end(OrderStatus.REJECTED, "VENUE_REFUSED", "injected refusal", ts))
        elif record.is_cancel_wanted:
            out.append(record.end(OrderStatus.CANCELLED, "CLIENT_REQUEST", "cancelled before it arrived", ts))
        elif not self._bucket.take(ts):
            reason = f"more than {self._bucket.per_s:g} orders a second"
            out.append(record.end(OrderStatus.REJECTED, "RATE_EXCEEDED", reason, ts))
        else:
            order = record.order
            is_open = order.instrument not in self._calendars or self._is_open(order.instrument, ts)
            self._execution.arrive(record, ts, out, is_open=is_open)
            if record.is_working and order.expires_ns is not None:
                self._schedule(max(order.expires_ns, ts), "expire", order.id)

    def _cancel(self, order_id: str, ts: int, out: Out) -> None:
        record = self._records.by_id.get(order_id)
        if record is None:
            out.append(OrderUpdate(ts, ts, order_id, OrderStatus.ABSENT, "", "ORDER_DOESNT_EXIST", "no such order"))
        elif record.is_working:
            self._execution.cancel(record, "CLIENT_REQUEST", "", ts, out)
        elif record.status is None:
            record.is_cancel_wanted = True
        else:
            answer = record.update(ts)
            answer.code, answer.reason = "ORDER_DOESNT_EXIST", "nothing left to cancel: it has ended"
            out.append(answer)

    def _time_out(self, order_id: str, ts: int, said: Out) -> None:
        """Our side waited long enough: the order's fate is unknown; unless the venue has answered by now."""
        record = self._records.by_id.get(order_id)
        if order_id in self._lost or order_id in self._silence.held or (record is not None and record.status is None):
            reason = f"no answer within {self.settings.faults.timeout_ns / NANOS:g} s"
            said.append(OrderUpdate(ts, ts, order_id, OrderStatus.UNKNOWN, "", "TIMEOUT", reason))

    def _ask(self, order_id: str, ts: int, said: Out) -> None:
        """Ask the venue for an order: everything held for it, or its state, or that it never was there."""
        settings = self.settings.faults
        record = self._records.by_id.get(order_id)
        if self._silence.is_outage or (record is not None and record.status is None):
            self._schedule(ts + max(settings.resolve_ns, 1), "ask", order_id)
        elif record is None:
            self._lost.pop(order_id, None)
            said.append(OrderUpdate(ts, ts, order_id, OrderStatus.ABSENT, "", "", "the venue never had it"))
        else:
            said.extend(_heard_at(ts, self._silence.release(order_id)) or [record.update(ts)])

    def _close_out(self, ts: int, out: Out) -> None:
        if self.settings.margin_model == "isolated":
            for trade in isolated.due(self._ledger):
                if self._is_open(trade.instrument, ts):
                    self._execution.liquidate(trade, ts, out)
            return
        if closeout.is_due(self._ledger):
            for name in closeout.leveraged_instruments(self._ledger):
                if self._views[name].is_priced and self._is_open(name, ts):
                    self._execution.close_all(name, ts, out, "margin_closeout")

    # --- state -------------------------------------------------------------------------------------------------------

    def _next_id(self) -> str:
        self._last_id += 1
        while str(self._last_id) in self._ledger.trades:
            self._last_id += 1
        return str(self._last_id)

    def _calendar(self, kind: str) -> Calendar:
        return Calendar(kind, self.settings.days)

    def state(self) -> dict[str, Any]:
        """All of it as JSON values; `restore` continues to the bit."""
        return {
            "version": _STATE_VERSION,
            "now": self._latest(),
            "is_started": self._is_started,
            "sequence": self._sequence,
            "last_id": self._last_id,
            "last_arrival": self._last_arrival,
            "agenda": [list(item) for item in sorted(self._agenda)],
            "lost": list(self._lost),
            "fills": [self._execution.fills, *self._execution.last_fills],
            "ledger": self._ledger.state(),
            "records": self._records.state(),
            "views": {name: view.state() for name, view in self._views.items()},
            "fundings": self._fundings.state(),
            "silence": self._silence.state(),
            "rng": self._rng.state,
            "bucket": [self._bucket.credit_ns, self._bucket.at_ns],
            "ignored": [self._intake.ignored, self._intake.unpriced],
        }

    def restore(self, state: dict[str, Any]) -> None:
        if state.get("version") != _STATE_VERSION:
            raise SettingsError(f"this state has version {state.get('version')}, needed is {_STATE_VERSION}")
        self._now, self._is_started = state["now"], state["is_started"]
        self._sequence, self._last_id, self._last_arrival = state["sequence"], state["last_id"], state["last_arrival"]
        self._agenda = [(due, number, what, key) for due, number, what, key in state["agenda"]]
        self._lost = dict.fromkeys(state["lost"])
        self._execution.fills, at, numbers = state["fills"]
        self._execution.last_fills = (at, list(numbers))
        self._ledger.restore(state["ledger"])
        self._records.restore(state["records"])
        for name, row in state["views"].items():
            self._views[name] = MarketView.from_state(row)
        self._fundings.restore(state["fundings"])
        self._silence.restore(state["silence"])
        self._rng.state = state["rng"]
        self._bucket.credit_ns, self._bucket.at_ns = state["bucket"]
        self._intake.ignored, self._intake.unpriced = state["ignored"]
        self._rewatch()
        self._due_ns = 0 if not self._is_started else (self._agenda[0][0] if self._agenda else _NEVER)


def _heard_at(ts: int, events: list[VenueEvent]) -> list[VenueEvent]:
    """The same events, known from `ts` on."""
    for event in events:
        event.ts = ts
    return events


def _availability(event: VenueEvent) -> int:
    return event.ts
