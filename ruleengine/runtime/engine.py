"""The engine: one event in, a record of everything that was decided out. Live, dry run and replay differ in who feeds
events and which clock; the engine reads none.

1. `process`        keeps the one total order, and captures the event before anything looks at it
2. `_on_…`          apply the event: market frames and bars, orders and holdings, the operator's switches
3. `Clockwork`      what time alone moves: named hours, phases, running figures, peaks
4. `_look`          evaluate every trigger that the event concerns; nearly always none has changed, and that is all
5. `_act`           settle what changed (`watch.settle`), gather what rules want (`exits`, `hedges`, `entries`)
6. `Decider`        conflicts by priority, restrictions, guards, sizing, caps, the order gate
7. `_conclude`      hand the record over; it is on disk before any command is handed out

Nothing here allocates for an event at which nothing happens; all such events give the same empty `Audit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import contact as hearing
from ruleengine.market.phase import NEVER
from ruleengine.model.audit import Audit, Note, Verdict
from ruleengine.model.event import (
    AccountRead,
    BarEvent,
    Book,
    CashChange,
    Event,
    Fill,
    Funding,
    HoursWord,
    LinkChange,
    MarketEvent,
    OperatorCommand,
    OrderStatus,
    OrderUpdate,
    Quote,
    Reconciliation,
    Reference,
    Signal,
    Timer,
    TradePrint,
    VenueEvent,
)
from ruleengine.model.figure import when
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared, Intent, Refused
from ruleengine.model.unknown import Unknown
from ruleengine.ports.journal import Recorder
from ruleengine.ports.venue import VenueSnapshot
from ruleengine.runtime import codes
from ruleengine.runtime.assembly import assemble
from ruleengine.runtime.decide import Decider
from ruleengine.runtime.figures import Figures
from ruleengine.runtime.gate.gate import GatePrices
from ruleengine.runtime.markets.market import FROM_THE_FUTURE, InstrumentMarket
from ruleengine.runtime.notes import note
from ruleengine.runtime.operator import Operator
from ruleengine.runtime.orders.ids import exit_key
from ruleengine.runtime.plan.plan import Plan, Program
from ruleengine.runtime.plan.rules import Result
from ruleengine.runtime.rules.desk import RECHECK_NS, Proposal
from ruleengine.runtime.rules.watch import Watch, rest, settle
from ruleengine.runtime.snapshot import restore, snapshot

EMPTY = Audit()
"""What an uneventful event gives. Shared: nobody may change it."""
_HERE = Span.of_file("engine")


class Engine:
    """`account`: the account file's content. `figures`: a program of `figures.figures_graph`, for the account figures
    in decisions. `metrics_every_ns`: cadence of the policy's figures in event time; 0: only at the end."""

    def __init__(
        self,
        plan: Plan,
        instruments: Sequence[Instrument],
        account: Mapping[str, Any],
        recorder: Recorder | None,
        *,
        run_id: str,
        policy_digest: str,
        figures: Program | None = None,
        metrics_every_ns: int = 60_000_000_000,
    ) -> None:
        self.plan, self.policy_digest, self.run_id = plan, policy_digest, run_id
        self._recorder = recorder
        self._capture: Callable[[Event], None] | None = None if recorder is None else recorder.event
        parts = assemble(plan, instruments, account, Figures(figures), metrics_every_ns)
        self.specs, self.markets, self.wake, self.desk = parts.specs, parts.markets, parts.desk.wake, parts.desk
        self.holdings, self.orders, self.gate = parts.holdings, parts.orders, parts.gate
        self.contact = parts.gate.contact
        self.exits, self.hedges, self.entries, self.roster = parts.exits, parts.hedges, parts.entries, parts.roster
        self.steps, self.peaks, self.metrics = parts.steps, parts.peaks, parts.metrics
        self.additions, self.addition_days = parts.additions, parts.addition_days
        self.protections, self.alerts = parts.protections, parts.alerts
        self.rankings = parts.rankings
        self.clockwork, self.figures, self.schedules = parts.clockwork, parts.figures, parts.schedules
        self._operator = Operator(self.desk, self.gate, self.protections)
        decider = Decider(
            self.desk,
            self.exits,
            parts.figures,
            self._clear,
            run_id,
            policy_digest,
            parts.tags.prefix,
            self.protections,
        )
        self._decider = decider
        self.decides = True
        self._handlers: dict[type[Any], Callable[[Any], Audit]] = {
            **dict.fromkeys(TAKERS, self._on_market),
            Signal: self._on_signal,
            Timer: self._on_timer,
            OrderUpdate: self._on_order,
            Fill: self._on_fill,
            CashChange: self._on_cash,
            AccountRead: self._on_account,
            Reconciliation: self._on_reconciliation,
            LinkChange: self._on_link,
            HoursWord: self._on_hours,
            OperatorCommand: self._on_operator,
        }
        self.process: Callable[[Event], Audit] = self._processor()
        """Take one event; what it led to. Commands in the result are recorded and on disk.

        An event of the market that is older than the one before is noted and left out; one of the account is noted and
        counted all the same, for a fill is a fill whenever we hear of it."""

    def _clear(self, intent: Intent, units: Decimal, instrument: str) -> Cleared | Refused:
        """The order gate with the market at this instant."""
        frame = self.markets[instrument].frame
        quoted = frame.quoted_at
        age = quoted if quoted.__class__ is Unknown else (self.desk.ts - quoted) / 1e9
        prices = GatePrices(frame.bid, frame.ask, age, frame.quote_to_home, frame.limit_down, frame.limit_up)
        return self.gate.clear(intent, units, prices, self.holdings, self.orders, self.desk.ts)

    @property
    def decides(self) -> bool:
        """False: events are taken in and nothing is decided on them, while a record is followed (`resume`)."""
        return self._decide != _nothing

    @decides.setter
    def decides(self, decides: bool) -> None:
        self._decide = self._decider.decide if decides else _nothing

    # --- the event ---------------------------------------------------------------------------------------------------

    def _processor(self) -> Callable[[Event], Audit]:
        """What `process` is: the order of events, the capture, and the way of a quote, which nearly every event is. All
        that it needs is bound once; looked up on `self` each time it would take a third longer."""
        desk, time, capture, handlers = self.desk, self.desk.time, self._capture, self._handlers
        clockwork, is_lean, observe = self.clockwork, self.clockwork.is_lean, self.holdings.observe
        markets, listening = self.markets, self.roster.by_instrument
        # `market.quote` and `watch.ask` are functions kept as values: read first and then called, they spare Python the
        # search for a method of that name, which is a fifth of asking all watches

        def process(event: Event) -> Audit:
            ts, seq = event.ts, event.seq
            if ts < desk.ts or seq <= desk.seq:
                return self._disorder(event)
            if capture is not None:
                capture(event)
            desk.ts = time.now = ts
            desk.seq = seq
            if event.__class__ is not Quote:
                return handlers[event.__class__](event)
            name = event.instrument
            market = markets.get(name)
            if market is None:
                return self._stranger(name)
            is_quiet = market.sound
            take = market.quote
            is_new = take(event)
            if is_new:
                observe(name, event.bid, event.ask)
            elif is_quiet and not market.sound:
                self._defect(market)
            is_quiet = market.sound
            watches = listening[name]
            if ts >= clockwork.due:
                is_quiet, is_new = False, True
                watches = self._turn()
            if is_new and not is_lean:
                clockwork.market_event(name)
            noticed: list[tuple[Watch, Result]] | None = None
            for watch in watches:
                ask = watch.ask
                if ask(watch.env) is not watch.calm:
                    if noticed is None:
                        noticed = []
                    noticed.append((watch, watch.run(watch.env)))
            if noticed is None:
                return EMPTY if is_quiet else self._conclude()
            return self._act(noticed)

        return process

    def _disorder(self, event: Event) -> Audit:
        if self._capture is not None:
            self._capture(event)
        desk = self.desk
        is_later = event.seq > desk.seq
        what = f"{event.kind} at {event.ts} number {event.seq}, after {desk.ts} number {desk.seq}"
        desk.seq = max(desk.seq, event.seq)
        is_account = isinstance(event, VenueEvent)
        message = f"{what}; counted" if is_account else f"{what}; left out"
        desk.note("alert" if is_account else "warning", codes.DISORDER, message)
        if is_account and is_later:
            return self._handlers[event.__class__](event)
        return self._conclude()

    def _on_market(self, event: MarketEvent) -> Audit:
        name = event.instrument
        market = self.markets.get(name)
        if market is None:
            return self._stranger(name)
        was_sound = market.sound
        taken: bool = TAKERS[event.__class__](market, event)
        if not taken and was_sound and not market.sound:
            self._defect(market)
        frame = market.frame
        if taken and frame.bid.__class__ is float and frame.ask.__class__ is float:
            self.holdings.observe(name, frame.bid, frame.ask)
        watches = self.roster.by_instrument[name]
        if event.ts >= self.clockwork.due:
            taken = True
            watches = self._turn()
        if taken and not self.clockwork.is_lean:
            self.clockwork.market_event(name)
        return self._act([(each, each.run(each.env)) for each in watches if each.ask(each.env) is not each.calm])

    def _turn(self) -> list[Watch]:
        """Hours that change by now may change any trigger; and at the first event nothing was looked at before."""
        self.clockwork.turn()
        self.protections.turn()
        return self.roster.everything

    def _on_timer(self, event: Timer) -> Audit:
        self.clockwork.timer(event.ts)
        return self._look(self.roster.everything)

    def _on_signal(self, event: Signal) -> Audit:
        self.clockwork.other_event()
        proposals: list[tuple[Proposal, list[Verdict]]] = [(each, []) for each in self.entries.on_signal(event)]
        self._decide(proposals, self.roster.everything)
        return self._conclude()

    # --- the account -------------------------------------------------------------------------------------------------

    def adopt(self, snapshot: VenueSnapshot) -> None:
        """The venue's book becomes ours: at the start, and after every reconciliation.

        What there is to say of it (a tag that is nobody's, a client id and a pocket that don't agree, FX-16) goes into
        the record with the first event after it."""
        notes = self.holdings.adopt(
            snapshot, heard_ns=max(self.desk.ts, 0), seq=max(self.desk.seq, 0), orders=self.orders
        )
        for each in notes:
            each.ts = max(each.ts, self.desk.ts)  # a book may be as old as the account's last change
        self.desk.audit.notes += notes
        for name in self.specs:
            self.holdings.mirror_orders(self.orders, name)
        self.roster.follow_trades()
        self.protections.join()
        self.wake.reset()
        self.clockwork.due = -NEVER

    def _on_order(self, event: OrderUpdate) -> Audit:
        record = self.orders.get(event.order_id)
        was_live = record is not None and record.is_live
        was_known = was_live and not self.orders.is_unknown(event.order_id)
        if record is not None and event.status is OrderStatus.ACCEPTED:
            self._say(self.contact.heard(event.ts, event.ts_event, record.opened_ns), event.order_id)
        self.desk.audit.notes += self.orders.on_update(event)
        stands = event.status in (OrderStatus.ACCEPTED, OrderStatus.AMENDED)
        if record is not None and stands and self.gate.takes_back(record):
            self.desk.audit.commands.append(Cancel(event.order_id))  # it was unknown, or on its way, as it was stopped
        if was_known and event.status is OrderStatus.ACCEPTED:
            return self._conclude()  # it counted in full before: nothing that a rule reads has changed
        if record is not None:
            self.holdings.mirror_orders(self.orders, record.order.instrument)
            if was_live and not record.is_live:
                self.exits.ended(record)
            if event.status is OrderStatus.REJECTED and was_live:
                key = exit_key(record.order) if record.reduces else ""
                self.desk.audit.notes += self.gate.on_rejection(
                    record.rule, event.code, event.ts, key=key, seq=event.seq
                )
        return self._look(self.roster.everything)

    def _on_fill(self, event: Fill) -> Audit:
        if event.instrument not in self.specs:
            return self._stranger(event.instrument)
        desk, record = self.desk, self.orders.get(event.order_id)
        sent_ns = 0 if record is None else record.opened_ns
        self._say(self.contact.heard(event.ts, event.ts_event, sent_ns), event.order_id)
        was_live, is_again = record is not None and record.is_live, self.orders.is_repeated(event)
        if record is None:
            desk.audit.notes += self.holdings.apply(event)
        else:
            desk.audit.notes += self.holdings.apply(
                event, record.order, record.kind, record.rule, sent_ns=sent_ns, addition=record.addition,
                filled=record.filled,
            )  # fmt: skip
        desk.audit.notes += self.orders.on_fill(event)
        if record is not None and not record.is_live and not is_again:
            self.exits.ended(record, None if was_live else event.units)
        self.holdings.mirror_orders(self.orders, event.instrument)
        self.roster.follow_trades()
        self.protections.join()
        return self._look(self.roster.everything)

    def _on_cash(self, event: CashChange) -> Audit:
        if not self.holdings.cash(event):
            return self._conclude()
        if event.reason in ("deposit", "withdrawal"):
            self.peaks.moved(float(event.amount))
        return self._look(self.roster.everything)

    def _on_account(self, event: AccountRead) -> Audit:
        self.desk.audit.notes += self.holdings.account_read(event)
        return self._look(self.roster.everything)

    def _on_reconciliation(self, event: Reconciliation) -> Audit:
        """The venue's book becomes ours, and its list of orders is held against ours. Nothing is proposed on it: prices
        come first, else a timer looks in their place, so that no exit acts on a market that was not heard of."""
        desk, snapshot = self.desk, event.snapshot
        if not self.contact.was_away and self.holdings.is_ahead_of(snapshot, event.ts):
            self._say([hearing.reconciliation_old(_HERE, when(snapshot.ts), when(self.holdings.newest_ns))])
            return self._conclude()
        differences = self.holdings.other_units(snapshot)
        if not (differences and self.contact.was_away):  # what happened meanwhile is no sign of fills that go unheard
            self._say(self.contact.compared(differences))
        desk.audit.notes += self.orders.on_list(snapshot.open_orders, event.ts, event.seq)
        self.adopt(snapshot)
        desk.cool("reconciliation", "", RECHECK_NS)
        return self._conclude()

    def _on_link(self, event: LinkChange) -> Audit:
        """What can't be heard is refused by the gate; prices that don't come grow old by themselves."""
        self._say(self.contact.link(event), event.channel)
        if self.contact.was_away:
            for watch in self.roster.everything:
                watch.look_anew()
        return self._conclude()

    def _on_hours(self, event: HoursWord) -> Audit:
        """Where the venue's word is against our calendar, the gate refuses what adds risk."""
        if event.instrument and event.instrument not in self.specs:
            return self._stranger(event.instrument)
        self._say(self.gate.hours.take(event), event.instrument or event.source)
        return self._conclude()

    def _say(self, found: Iterable[Diagnostic], key: str = "") -> None:
        self.desk.audit.notes += [note(each, self.desk.ts, self.desk.seq, key) for each in found]

    def _on_operator(self, event: OperatorCommand) -> Audit:
        """Switches first; what it closes goes before anything that rules want in the same event. All of it is on disk
        before anybody is told that it is done: a pause has to outlive a crash."""
        self.desk.audit.notes += self._operator.switch(event)
        self.desk.audit.commands += self._operator.cancellations(event)
        closings = self._operator.closings(event)
        if closings:
            self._decide([(each, []) for each in closings], self.roster.everything)
        audit = self._conclude() if closings else self._look(self.roster.everything)
        if self._recorder is not None and not audit.commands:  # with these it is there already
            self._recorder.sync()
        return audit

    def next_timer_ns(self) -> int | None:
        """When a timer is wanted, by what is known now; None where nothing waits. A driver calls it when it reaches
        `wake.due`, which is never later than this."""
        return self.clockwork.next_timer_ns()

    # --- triggers ----------------------------------------------------------------------------------------------------

    def _look(self, watches: list[Watch]) -> Audit:
        """Evaluate triggers, all on the state as it is now, also those held back; then act. Not while an engine that
        begins again is told what happened meanwhile: half of it is no book to take a share of, and its prices are
        old."""
        self.wake.reset()
        self.clockwork.other_event()
        self.protections.turn()
        if self.contact.was_away:
            return self._conclude()
        moved = [watch for watch in watches if watch.last is not False or watch.ask(watch.env) is not False]
        return self._act([(watch, watch.run(watch.env)) for watch in moved])

    def _act(self, noticed: list[tuple[Watch, Result]]) -> Audit:
        desk, audit = self.desk, self.desk.audit
        proposals: list[tuple[Proposal, list[Verdict]]] = []
        for watch, result in noticed:
            if watch.rule.section == "protections":
                proposals += [(each, []) for each in self.protections.follow(watch, result)]
                continue
            if watch.rule.section == "alerts":
                self.alerts.follow(watch, result)
                continue
            is_held = True
            if settle(watch, result, desk.ts, desk.seq, audit):
                before = len(proposals)
                self._gather(watch, proposals)
                is_held = all(proposal.is_held for proposal, _ in proposals[before:])
            rest(watch, result[watch.when], is_held=is_held)
        if proposals:
            self._decide(proposals, self.roster.everything)
        return self._conclude()

    def _gather(self, watch: Watch, proposals: list[tuple[Proposal, list[Verdict]]]) -> None:
        """What a fired watch wants, by its section."""
        section = watch.rule.section
        if section == "exits":
            proposals += [(each, []) for each in self.exits.propose(watch)]
        elif section == "hedges":
            proposals += self.hedges.propose(watch)
        else:
            opening = (self.entries if section == "entries" else self.additions).propose(watch)
            if opening is not None:
                proposals.append((opening, []))

    # --- the record --------------------------------------------------------------------------------------------------

    def _conclude(self) -> Audit:
        """Hand everything over, in order; commands leave only after the record is on disk."""
        audit = self.desk.audit
        if not audit:
            return EMPTY
        self.desk.audit = Audit()
        self.wake.reset()
        recorder = self._recorder
        if recorder is not None:
            for note in audit.notes:
                recorder.note(note)
            for change in audit.changes:
                recorder.change(change)
            for decision in audit.decisions:
                recorder.decision(decision)
            if audit.metrics:
                recorder.metrics(self.desk.ts, audit.metrics)
            for command in audit.commands:
                recorder.order(command, self.desk.ts)
            if audit.commands:
                recorder.sync()
        return audit

    def finish(self) -> Audit:
        """The end of a run: the policy's figures once more."""
        if self.plan.metrics:
            self.desk.audit.metrics.update(self.metrics.read())
        return self._conclude()

    def _stranger(self, instrument: str) -> Audit:
        self.desk.note("warning", codes.INSTRUMENT_UNKNOWN, f"this run doesn't have {instrument}", instrument)
        return self._conclude()

    def _defect(self, market: InstrumentMarket) -> None:
        """The first of a row of defects is noted; all are counted."""
        is_ahead = market.last_defect == FROM_THE_FUTURE
        message = f"{market.spec.name}: {market.last_defect}; left out, {market.frame.defects} so far"
        if is_ahead:  # so is all that follows, as long as clocks are apart; with no order out nothing else tells
            message += "; our clock and the venue's are apart, and until they agree nothing acts on its prices"
        self.desk.note("alert" if is_ahead else "warning", codes.MARKET_DEFECT, message, market.spec.name)

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Everything as JSON values. With the events after it, the same decisions follow, byte for byte."""
        return snapshot(self)

    def flush(self) -> None:
        """Let others read all of the record up to here."""
        if self._recorder is not None:
            self._recorder.flush()

    def keep(self, ts: int) -> None:
        """Put the state into the record, on disk: a restart goes on from it with the events that come after."""
        if self._recorder is not None:
            self._recorder.snapshot(ts, self.state())
            self._recorder.sync()

    def restore(self, state: Mapping[str, Any]) -> list[Note]:
        """Continue from a state of the same shape; what could not be taken over is noted."""
        return restore(self, state)

    @property
    def position(self) -> tuple[int, int]:
        """(time, number) of the last event."""
        return self.desk.ts, self.desk.seq

    def go_on_from(self, ts: int, seq: int) -> None:
        """Set the place in the log; for `restore`."""
        self.desk.ts = self.desk.time.now = ts
        self.desk.seq = seq
        self.wake.reset()
        self.clockwork.go_on_from(ts)
        self.clockwork.due = -NEVER


def _nothing(_proposals: list[tuple[Proposal, list[Verdict]]], _watches: list[Watch]) -> None:
    """Decides nothing."""


TAKERS: dict[type[Any], Callable[[InstrumentMarket, Any], bool]] = {
    TradePrint: InstrumentMarket.trade,
    BarEvent: InstrumentMarket.bar,
    Book: InstrumentMarket.book,
    Funding: InstrumentMarket.funding,
    Reference: InstrumentMarket.reference,
}
