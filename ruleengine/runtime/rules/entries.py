"""Entry rules: what opens a trade, started by a signal from outside or by the market itself.

A signal is taken once, by its id; one from the future, with a figure that is none, or with a pocket or regime that the
policy doesn't have, is refused whatever rules say (`signals`). Its strategy is the base tag of what it names (FX-16).
A signal on the side of an open position may be the ladders' (`additions`); else every entry rule that admits it gets a
say; the first whose condition holds makes the intent, and every other one leaves a record of why not. A rule on the
market is judged by what it would open: `applies_to` names that.
"""

from __future__ import annotations

from typing import Any

from ruleengine.facts.frames import SignalFrame
from ruleengine.model.comparison import Comparison
from ruleengine.model.event import Signal
from ruleengine.model.number import decimal_of
from ruleengine.model.order import Priority
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.book.tags import UNKNOWN_STRATEGY, Tags
from ruleengine.runtime.judging.judge import Refusal, not_known
from ruleengine.runtime.judging.verdicts import measured
from ruleengine.runtime.plan.rules import EntryRule, Result
from ruleengine.runtime.rules.additions import Additions
from ruleengine.runtime.rules.desk import Desk, Proposal
from ruleengine.runtime.rules.hedges import left_out, set_brackets
from ruleengine.runtime.rules.signals import fault_of, out_of_range, refused_signal, stranger_of
from ruleengine.runtime.rules.watch import Watch

SIGNALS_SEEN_MAX = 10_000
"""Ids of signals that are remembered, to tell a repeated one."""

_OPTIONAL = ("size", "confidence", "leverage", "stop", "target")


class Entries:
    """All entry rules of a plan. `seen`: ids of the last signals."""

    def __init__(self, desk: Desk, tags: Tags, additions: Additions) -> None:
        self._desk, self._tags, self._additions = desk, tags, additions
        self._on_market = [rule for rule in desk.plan.entries if rule.source == "market"]
        self._on_signal = [rule for rule in desk.plan.entries if rule.source == "signal"]
        self._by_id = {rule.id: rule for rule in desk.plan.entries}
        self._fixed = {rule.id for rule in desk.plan.entries if _is_constant(desk, rule, "max_open")}
        """Rules whose `max_open` no price moves."""
        self.seen: dict[str, None] = {}

    # --- on the market -----------------------------------------------------------------------------------------------

    def of_instrument(self, instrument: str) -> list[Watch]:
        env = self._desk.env(instrument)
        return [
            Watch(rule, rule.when, env, instrument, instrument)
            for rule in self._on_market
            if rule.words.instruments is None or instrument in rule.words.instruments
        ]

    def propose(self, watch: Watch) -> Proposal | None:
        """What a fired rule on the market wants; nothing while its order is on its way."""
        rule, desk = self._by_id[watch.rule.id], self._desk
        if any(record.order.instrument == watch.instrument for record in desk.orders.of_rule(rule.id)):
            return None
        side: Any = Side.LONG
        result: Result = ()
        if rule.details is not None:
            result = rule.details.run(watch.env)
            side = rule.details.get(result, "side") or side
        proposal = self._proposal(rule, watch.instrument, side, watch.env, watch.instrument)
        proposal.trigger = (watch.part.block, watch.result)
        proposal.strategy = rule.strategy
        proposal.pocket = rule.pocket or self._home_pocket(rule.strategy)
        proposal.watch = watch
        if proposal.refusal is None:
            proposal.refusal = left_out(rule, proposal.side)
        self._complete(rule, result, proposal)
        desk.send_again(proposal, watch.instrument)
        return proposal

    # --- on signals --------------------------------------------------------------------------------------------------

    def on_signal(self, signal: Signal) -> list[Proposal]:
        """What entry rules make of a signal: at most one intent, and the refusals of the others."""
        desk = self._desk
        if signal.id in self.seen:
            desk.note("info", codes.SIGNAL_AGAIN, f"signal {signal.id} again; it was taken before", signal.id)
            return []
        self.seen[signal.id] = None
        if len(self.seen) > SIGNALS_SEEN_MAX:
            del self.seen[next(iter(self.seen))]
        if signal.instrument not in desk.specs:
            message = f"signal {signal.id} is for {signal.instrument}, which this run doesn't have"
            desk.note("warning", codes.INSTRUMENT_UNKNOWN, message, signal.id)
            return []
        strategy = self._tags.strategy_of(signal.strategy) or UNKNOWN_STRATEGY
        pocket = signal.pocket or self._home_pocket(strategy)
        fault = fault_of(signal, desk.ts)
        stranger = stranger_of(signal, desk.plan.policy)
        judged = None if stranger is not None else pocket
        frame = _frame(signal, strategy, pocket)
        adding, is_theirs = self._additions.on_signal(signal, frame, strategy, pocket, fault, stranger)
        if is_theirs:
            return adding
        found = [
            self._from_signal(rule, signal, frame, strategy, pocket, fault, stranger)
            for rule in self._on_signal
            if rule.words.admit(strategy=strategy, pocket=judged, instrument=signal.instrument, side=signal.side.value)
        ]
        proposals = adding + [proposal for proposal in found if proposal is not None]
        if not proposals:
            message = f"signal {signal.id} of `{signal.strategy}` ({strategy}): no entry rule takes it"
            desk.note("warning", codes.SIGNAL_UNTAKEN, message, signal.id)
        return proposals

    def _from_signal(
        self,
        rule: EntryRule,
        signal: Signal,
        frame: SignalFrame,
        strategy: str,
        pocket: str,
        fault: Comparison | None,
        stranger: Comparison | None,
    ) -> Proposal | None:
        desk = self._desk
        env = desk.env_with(signal.instrument, signal=frame)
        result = rule.when.run(env)
        if rule.when.applies >= 0 and result[rule.when.applies] is False:
            return None
        details: Result = () if rule.details is None else rule.details.run(env)
        side: Any = rule.details.get(details, "side") if rule.details is not None else None
        proposal = self._proposal(rule, signal.instrument, side or signal.side, env, signal.id)
        proposal.trigger = (rule.when.block, result)
        proposal.strategy = rule.strategy or strategy
        proposal.pocket = rule.pocket or signal.pocket or self._home_pocket(proposal.strategy)
        proposal.signal_id = signal.id
        if fault is None:
            proposal.confidence = signal.confidence
            proposal.wanted = None if signal.size is None else float(signal.size)
            proposal.leverage = None if signal.leverage is None else decimal_of(signal.leverage)
        verdict = result[rule.when.at("when")]
        refusal = refused_signal(rule, signal, fault, stranger)
        if refusal is not None:
            proposal.refusal = refusal
        elif verdict is True:
            self._complete(rule, details, proposal)
        elif verdict is False:
            proposal.refusal = Refusal(codes.TRIGGER_FALSE, rule.id, "its `when` doesn't hold", rule.place)
        else:
            proposal.refusal = not_known(codes.TRIGGER_UNKNOWN, rule, verdict)
        return proposal

    # --- both --------------------------------------------------------------------------------------------------------

    def _proposal(self, rule: EntryRule, instrument: str, side: Any, env: Any, key: str) -> Proposal:
        is_unknown = side.__class__ is Unknown
        proposal = Proposal(
            rule=rule,
            kind="entry",
            priority=Priority.ENTRY,
            instrument=instrument,
            side=Side.LONG if is_unknown else Side(side),
            env=env,
            key=key,
            cooldown_ns=rule.cooldown_ns,
            cooldown_key=instrument,
        )
        if is_unknown:
            proposal.refusal = not_known(codes.SIZE_UNKNOWN, rule, side, "side")
        return proposal

    def _complete(self, rule: EntryRule, result: Result, proposal: Proposal) -> None:
        """Cooldown, open trades, size and brackets; the first that refuses is its refusal."""
        desk = self._desk
        if proposal.refusal is None:
            proposal.refusal = desk.cooldown(rule, proposal.instrument)
        self._leverage(proposal, None if rule.details is None else rule.details.get(result, "leverage"))
        if rule.details is None:
            return
        most = rule.details.get(result, "max_open")
        if most is not None:
            self._max_open(proposal, most)
        size = rule.details.get(result, "size")
        if size.__class__ is Unknown:
            self._unknown(proposal, codes.SIZE_UNKNOWN, size)
        elif size is not None:
            proposal.wanted = float(size)
        if proposal.refusal is None:
            set_brackets(desk, rule.details, result, proposal)

    def _leverage(self, proposal: Proposal, stated: Any) -> None:
        """The signal's, else the rule's. On a netting account what adds to a position has the position's (SC-06)."""
        if stated.__class__ is Unknown and proposal.leverage is None:
            self._unknown(proposal, codes.SIZE_UNKNOWN, stated)
        elif stated is not None and proposal.leverage is None:
            proposal.leverage = decimal_of(stated)
        book = self._desk.holdings.books.side(proposal.instrument, proposal.side)
        own = book.history.first().leverage if book.is_open and self._desk.holdings.nets else None
        proposal.leverage = own or proposal.leverage

    def _max_open(self, proposal: Proposal, most: Any) -> None:
        if most.__class__ is Unknown:
            self._unknown(proposal, codes.MAX_OPEN, most)
            return
        count = self._desk.open_count(proposal.instrument, proposal.strategy)
        if count >= most:
            period = self._desk.open_period(proposal.instrument, proposal.strategy)
            held = measured("open trades with this one", "le", count + 1, most, "count", "max_open")
            self._refuse(proposal, codes.MAX_OPEN, f"{count} open, at most {float(most):g}", period, held)
            proposal.depends_on_price = proposal.rule.id not in self._fixed

    @staticmethod
    def _refuse(proposal: Proposal, code: str, message: str, period: str, held: Comparison) -> None:
        if proposal.refusal is None:
            rule = proposal.rule
            proposal.refusal = Refusal(code, rule.id, message, rule.place, period=period, comparison=held)

    @staticmethod
    def _unknown(proposal: Proposal, code: str, value: Any) -> None:
        if proposal.refusal is None:
            proposal.refusal = not_known(code, proposal.rule, value)

    def _home_pocket(self, strategy: str) -> str:
        return self._tags.home_pockets.get(strategy, "")

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"seen": list(self.seen)}

    def restore(self, state: dict[str, Any]) -> None:
        self.seen = dict.fromkeys(state["seen"])


def _is_constant(desk: Desk, rule: EntryRule, output: str) -> bool:
    """Is an output of the rule's order a constant of the policy?"""
    if rule.details is None or rule.details.at(output) < 0:
        return False
    return desk.plan.graph.nodes[dict(rule.details.block.outputs)[output]].op == "const"


def _frame(signal: Signal, strategy: str, pocket: str) -> SignalFrame:
    """The signal as rules see it; what it doesn't say stays unknown."""
    frame = SignalFrame(time=signal.ts_event, side=signal.side.value, strategy=strategy)
    if strategy == UNKNOWN_STRATEGY:
        frame.strategy = Unknown(Reason.MISSING, "signal.strategy", f"`{signal.strategy}` is no declared tag")
    if pocket:
        frame.pocket = pocket
    if signal.regime is not None:
        frame.regime = signal.regime
    for name in _OPTIONAL:
        value = getattr(signal, name)
        if value is not None and out_of_range(signal, name) is None:
            setattr(frame, name, value)
    return frame
