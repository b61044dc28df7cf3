"""From what rules want within one event to what is sent: conflicts, judgement, the order gate, the record.

1. `_in_order`     by priority, then by the rules' order; one net intent per trade and event
2. `_conflict`     what another intent of the event went first on is recorded as merged
3. `_judge`        its rule's own refusal; restrictions by exits; sizing, guards, caps
4. `_send`         the order gate, which alone makes an order that may leave
5. `_record`       the decision with every check; a refusal that stands unchanged is recorded once, not on every event
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.model.audit import Decision, Outcome, Verdict
from ruleengine.model.number import decimal_of
from ruleengine.model.order import Cleared, Intent, Refused
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown, known
from ruleengine.runtime import codes
from ruleengine.runtime.figures import Figures
from ruleengine.runtime.gate.limits import MINIMUMS
from ruleengine.runtime.judging.addition_record import valued
from ruleengine.runtime.judging.judge import Finding, Judge, Judgement, Refusal
from ruleengine.runtime.judging.verdicts import comparisons, measured
from ruleengine.runtime.orders.ids import order_id
from ruleengine.runtime.rules.desk import PERIODS_MAX, Desk, Proposal
from ruleengine.runtime.rules.exits import Exits
from ruleengine.runtime.rules.protections import Protections
from ruleengine.runtime.rules.watch import Watch
from ruleengine.units import NOTHING

Clear = Callable[[Intent, Decimal, str], Cleared | Refused]
"""The order gate with everything it counts bound: intent, units, instrument."""


@dataclass(slots=True)
class _Taken:
    """What intents of this event have acted on already: key → rule."""

    by: dict[str, str] = field(default_factory=dict)

    def first(self, keys: Iterable[str]) -> str | None:
        return next((self.by[key] for key in keys if key in self.by), None)


class Decider:
    """Decides what is proposed in one event."""

    def __init__(
        self,
        desk: Desk,
        exits: Exits,
        figures: Figures,
        clear: Clear,
        run_id: str,
        digest: str,
        prefix: str,
        protections: Protections,
    ) -> None:
        self._desk, self._exits, self._figures, self._clear = desk, exits, figures, clear
        self._judge_rules, self._protections = Judge(desk.plan), protections
        self._run_id, self._digest, self._prefix = run_id, digest, prefix

    def decide(self, proposals: list[tuple[Proposal, list[Verdict]]], watches: list[Watch]) -> None:
        """Judge proposals (with the verdicts their own rules brought) and act; `watches` for exits that restrict."""
        taken = _Taken()
        proposals.sort(key=lambda pair: (pair[0].priority, pair[0].rule.order))
        for proposal, own in proposals:
            winner = taken.first(_conflicts(proposal, nets=self._desk.holdings.nets))
            if winner is not None and proposal.refusal is None and not _is_part(proposal, winner):
                self._merged(proposal, own, winner)
                continue
            is_taking = proposal.adds_to is None or proposal.rule.enforcement == "enforce"
            if proposal.signal_id and proposal.refusal is None and is_taking:
                taken.by[f"signal {proposal.signal_id}"] = proposal.rule.id
            found, restriction = self._judge(proposal, watches)
            self._conclude(proposal, own, found, restriction, taken)

    # --- judgement ---------------------------------------------------------------------------------------------------

    def _judge(self, proposal: Proposal, watches: list[Watch]) -> tuple[Judgement, Finding | None]:
        desk = self._desk
        found = Judgement(proposal.lots or 0, list(proposal.findings), list(proposal.path), proposal.refusal)
        if proposal.refusal is not None:
            return found, None
        grid = desk.grids[proposal.instrument]
        shared = proposal.env
        intent = desk.intent_frame(proposal)
        env = desk.env_with(proposal.instrument, trade=shared.t, signal=shared.g, intent=intent, side=proposal.adds_to)
        proposal.env = env
        restriction = None
        if not proposal.is_reduction:
            restriction = self._restricted(proposal, watches, found)
            self._protections.judge(proposal, found)
            self._judge_rules.sized(env, grid, proposal.wanted, found, proposal.rule, proposal.counted)
        env.i.size = grid.base(found.lots)
        if proposal.is_past_guards:
            return found, restriction
        self._judge_rules.guards(env, found)
        if found.refusal is None:
            self._judge_rules.capped(env, grid, self._probes(env, proposal), found)
        if found.refusal is None and found.lots <= 0 and not proposal.is_full_close:
            held = measured("size", "ge", grid.units(found.lots), grid.lot, grid.unit, "one lot")
            message = "no size is left"
            found.refusal = Refusal(codes.NO_SIZE, proposal.rule.id, message, proposal.rule.place, comparison=held)
        return found, restriction

    def _restricted(self, proposal: Proposal, watches: list[Watch], found: Judgement) -> Finding | None:
        """An exit rule that lets the strategy only reduce on this side (FX-13)."""
        restricting = self._exits.restriction(watches, proposal)
        if restricting is None:
            return None
        watch, result = restricting
        outcome = Outcome.UNKNOWN if watch.verdict(result).__class__ is Unknown else Outcome.REFUSE
        finding = Finding(watch.rule, watch.part, result, outcome, codes.RESTRICTED)
        message = f"{watch.rule.id} lets it only reduce on this side (trade {watch.key})"
        found.refusal = Refusal(codes.RESTRICTED, watch.rule.id, message, watch.rule.place)
        return finding

    def _probes(self, env: Any, proposal: Proposal) -> tuple[int, ...]:
        """Sizes that bring the net position to zero, what is out on their side counted or not, or nearest to zero
        whichever of what is out on both sides fills: where a cap may hold though it doesn't at 0."""
        p = env.p
        net = p.long_units - p.short_units if known(p.long_units) and known(p.short_units) else 0.0
        if net * proposal.side.sign >= 0:
            return ()
        grid = self._desk.grids[proposal.instrument]
        away, up, down = [abs(net)], p.pending_long_units, p.pending_short_units
        if known(up) and known(down) and not proposal.is_reduction:
            away += [abs(net) - (up if proposal.side is Side.LONG else down)]
            away += [((down - up) / 2 - net) * proposal.side.sign]
        return tuple(lots for size in away if size > 0 for lots in (grid.down(size), grid.up(size)))

    # --- outcome -----------------------------------------------------------------------------------------------------

    def _conclude(
        self,
        proposal: Proposal,
        own: list[Verdict],
        found: Judgement,
        restriction: Finding | None,
        taken: _Taken,
    ) -> None:
        if found.refusal is None and proposal.rule.enforcement != "enforce":
            self._finish(proposal, own, found, restriction, "shadow", None)
            return
        cleared: Cleared | Refused | None = None
        if found.refusal is None:
            cleared = self._send(proposal, found)
        if isinstance(cleared, Cleared):
            for key in _conflicts(proposal, nets=self._desk.holdings.nets, acts=True):
                taken.by.setdefault(key, proposal.rule.id)
            if proposal.watch is not None and proposal.kind == "hedge_reduce":
                proposal.watch.standing.clear()  # of its parts and of the side
            elif proposal.watch is not None:
                proposal.watch.standing.pop(proposal.key, None)
            decision = self._decision(proposal, own, found, restriction, "sent")
            decision.order, decision.stage = cleared.order, proposal.stage
            decision.is_full_close = proposal.is_full_close
            self._add(decision, proposal, found)
            return
        if isinstance(cleared, Refused):
            _not_cleared(cleared, found, self._desk.currency)
        self._finish(proposal, own, found, restriction, "refused", found.refusal)

    def _send(self, proposal: Proposal, found: Judgement) -> Cleared | Refused:
        """Through the gate; what it cleared is an order that is out from now on, counted in every limit."""
        desk = self._desk
        units = desk.grids[proposal.instrument].units(found.lots)
        name = self._id(proposal)
        intent = Intent(
            id=name,
            kind=proposal.kind,
            rule=proposal.rule.id,
            priority=proposal.priority,
            instrument=proposal.instrument,
            side=proposal.side,
            units=units,
            is_reduce_only=proposal.is_reduction,
            is_full_close=proposal.is_full_close,
            trade_id=proposal.trade_id,
            position_side=proposal.position_side,
            strategy=proposal.strategy,
            pocket=proposal.pocket,
            stop=proposal.stop,
            target=proposal.target,
            reason=proposal.reason,
            signal_id=proposal.signal_id,
            confidence=proposal.confidence,
            leverage=proposal.leverage,
        )
        cleared = self._clear(intent, units, proposal.instrument)
        if isinstance(cleared, Cleared):
            if proposal.addition is not None:
                proposal.addition = valued(proposal.addition, proposal.env, desk.grids[proposal.instrument], units)
            desk.orders.open(
                cleared.order,
                name,
                proposal.rule.id,
                proposal.kind,
                desk.ts,
                stage=proposal.stage,
                is_full_close=proposal.is_full_close,
                addition=proposal.addition,
            )
            desk.holdings.mirror_orders(desk.orders, proposal.instrument)
            desk.cool(proposal.rule.id, proposal.cooldown_key, proposal.cooldown_ns)
            desk.look_after_sending()
            desk.audit.commands.append(cleared)
        return cleared

    def _id(self, proposal: Proposal) -> str:
        """Of the decision and of its order; made once."""
        if not proposal.id:
            key = f"{proposal.key}#{proposal.stage}" if proposal.stage else proposal.key
            proposal.id = order_id(self._run_id, self._digest, proposal.rule.id, key, self._desk.seq, self._prefix)
        return proposal.id

    # --- record ------------------------------------------------------------------------------------------------------

    def _merged(self, proposal: Proposal, own: list[Verdict], winner: str) -> None:
        found = Judgement(proposal.lots or 0, path=list(proposal.path))
        refusal = Refusal(codes.MERGED, winner, f"{winner} went first", proposal.rule.place)
        self._finish(proposal, own, found, None, "merged", refusal)

    def _finish(
        self,
        proposal: Proposal,
        own: list[Verdict],
        found: Judgement,
        restriction: Finding | None,
        outcome: Any,
        refusal: Refusal | None,
    ) -> None:
        """Record what was not sent, unless the very same already stands, or did earlier in the same period."""
        if outcome == "refused" and not proposal.is_held and proposal.rule.enforcement == "enforce":
            self._desk.look_again(proposal)
        watch = proposal.watch
        if watch is not None:
            signature = _signature(outcome, refusal, found)
            if watch.standing.get(proposal.key) == signature:
                return
            watch.standing[proposal.key] = signature
            if refusal is not None and refusal.period and not self._begins(proposal, refusal):
                return
        decision = self._decision(proposal, own, found, restriction, outcome)
        if refusal is not None:
            decision.code, decision.first_blocker = refusal.code, refusal.rule
            decision.message = refusal.said(self._desk.currency)
        elif proposal.rule.enforcement == "warn":
            self._desk.note("warning", codes.WARNED, f"{proposal.rule.id} would have acted", proposal.key)
        self._add(decision, proposal, found)

    def _begins(self, proposal: Proposal, refusal: Refusal) -> bool:
        """Is this the first refusal of its period?"""
        periods, key = self._desk.periods, f"{refusal.code}|{proposal.rule.id}|{proposal.key}|{proposal.stage}"
        if periods.pop(key, None) == refusal.period:
            periods[key] = refusal.period
            return False
        periods[key] = refusal.period
        if len(periods) > PERIODS_MAX:
            del periods[next(iter(periods))]
        return True

    def _add(self, decision: Decision, proposal: Proposal, found: Judgement) -> None:
        """To the record, with what rules that only warn would have refused."""
        currency = self._desk.currency
        for warned in found.warned:
            said = f"{warned.rule} would have refused: {warned.said(currency)}"
            self._desk.note("warning", codes.WARNED, said, proposal.key)
        self._desk.audit.decisions.append(decision)

    def _decision(
        self,
        proposal: Proposal,
        own: list[Verdict],
        found: Judgement,
        restriction: Finding | None,
        outcome: Any,
    ) -> Decision:
        desk = self._desk
        grid = desk.grids[proposal.instrument]
        wanted = (
            decimal_of(proposal.wanted) / desk.specs[proposal.instrument].contract_size
            if proposal.wanted is not None
            else proposal.path[0][1]
            if proposal.path
            else grid.units(proposal.lots or 0)
        )
        findings = found.findings if restriction is None else [restriction, *found.findings]
        return Decision(
            id=self._id(proposal),
            ts=desk.ts,
            seq=desk.seq,
            kind=proposal.kind,
            rule=proposal.rule.id,
            instrument=proposal.instrument,
            side=proposal.side.value,
            strategy=proposal.strategy,
            pocket=proposal.pocket,
            wanted=wanted,
            outcome=outcome,
            place=proposal.rule.place,
            trade_id=proposal.key if proposal.kind == "exit" else proposal.trade_id,
            signal_id=proposal.signal_id,
            message=proposal.reason,
            size_path=found.path,
            trigger=[] if proposal.trigger is None else comparisons(*proposal.trigger, desk.currency),
            verdicts=[*own, *(finding.verdict(desk.currency) for finding in findings), *_said(proposal, found)],
            addition=proposal.addition,
            figures=self._figures.read(desk.env(proposal.instrument)),
        )


def _not_cleared(refused: Refused, found: Judgement, currency: str) -> None:
    """The gate's refusal; where a rule shrank the size below what the venue takes, that rule is the blocker."""
    found.gate = found.refusal = Refusal(
        refused.code,
        refused.rule,
        refused.message,
        refused.place,
        comparison=refused.comparison,
        unknown=refused.unknown,
        section="gate",
    )
    held = refused.comparison
    if refused.rule not in MINIMUMS or held is None or not held.left:
        return
    shrink = found.blame(found.lots * held.right / held.left * (1 - NOTHING))  # what was measured grows with the size
    if shrink is None:
        return
    why = "" if shrink.finding is None else shrink.finding.failing(currency)
    left = f"what it leaves is too little: {refused.message}"
    message = f"{why}; {left}" if why else left
    found.refusal = Refusal(codes.BELOW_MINIMUM, shrink.rule.id, message, shrink.rule.place)


def _said(proposal: Proposal, found: Judgement) -> list[Verdict]:
    """What refused that is no rule's finding: the gate's limits, cooldowns and the like, each with what it measured."""
    refusals = [] if found.gate is None else [found.gate]
    if found.refusal is not None and found.refusal is not found.gate:
        refusals.append(found.refusal)
    verdicts = (each.verdict(proposal.rule.section) for each in refusals)
    return [each for each in verdicts if each is not None]


def _conflicts(proposal: Proposal, *, nets: bool, acts: bool = False) -> list[str]:
    """Keys on which two intents of one event exclude each other.

    A reduction of a trade holds it; every reduction holds the side it reduces, against other reductions of the whole
    side and against what would open that side again in the same event; hedges hold their instrument against each other.
    A signal is taken by one rule, and one order adds to a side (SC-07)."""
    side = proposal.position_side if proposal.is_reduction else proposal.side
    sides = [Side.LONG, Side.SHORT] if nets else [side]
    side_keys = [f"side {proposal.instrument} {each}" for each in sides]
    trade_keys = [f"trade {proposal.instrument} {proposal.key}"]
    hedge_keys = [f"hedge {proposal.instrument}"]
    if proposal.kind == "exit":
        return trade_keys + side_keys if acts else trade_keys
    if proposal.kind == "hedge_reduce" and proposal.trade_id:
        return trade_keys + hedge_keys + (side_keys if acts else [])
    if proposal.kind == "hedge_reduce":
        return hedge_keys + side_keys
    adds = [f"addition {each}" for each in side_keys]
    if acts:
        return adds if proposal.adds_to is not None else []
    if proposal.adds_to is not None:
        return [*([f"signal {proposal.signal_id}"] if proposal.signal_id else []), *side_keys, *adds]
    return [f"signal {proposal.signal_id}", *side_keys] if proposal.signal_id else side_keys


def _is_part(proposal: Proposal, winner: str) -> bool:
    """Is it another part of the reduction that went first? (`Hedges` names trade by trade.)"""
    return proposal.kind == "hedge_reduce" and winner == proposal.rule.id


def _signature(outcome: str, refusal: Refusal | None, found: Judgement) -> str:
    """What makes a standing refusal the same: who refused, by which code, and how each rule went."""
    who = "" if refusal is None else f"{refusal.code} {refusal.rule}"
    rules = " ".join(f"{finding.rule.id}:{finding.outcome.value}" for finding in found.findings)
    return f"{outcome} {who} {rules}"
