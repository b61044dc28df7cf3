"""Ladders and pyramids: what adds to an open position of ours, on its side, one order at a time.

    1. `on_signal`   a signal on the side of an open position is the ladders', never the entries' (SC-18)
    2. `propose`     rules on the market, watched for each side that we hold
    3. `_judged`     the condition; steps, interval, day, cooldown (SC-05); another order that adds is out (SC-07)
    4. `_sized`      base × coefficient (SC-02), or the rule's own size; then guards, caps and the gate as for all

An order that would open the position counts as the position: two signals at once must not open two. The position's own
leverage is that of the addition (SC-06), and its facts are those of the side that is added to.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import Env, SignalFrame, TradeFrame
from ruleengine.model.addition import Addition
from ruleengine.model.comparison import Comparison
from ruleengine.model.event import Signal
from ruleengine.model.number import decimal_of
from ruleengine.model.order import Priority
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown, known
from ruleengine.runtime import codes
from ruleengine.runtime.book.addition_days import AdditionDays
from ruleengine.runtime.judging.judge import Judge, Judgement, Refusal, not_known
from ruleengine.runtime.judging.verdicts import measured, waited
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.orders.record import OrderRecord
from ruleengine.runtime.plan.rules import AddingRule, EntryRule, Result
from ruleengine.runtime.rules.desk import Desk, Proposal
from ruleengine.runtime.rules.hedges import set_brackets
from ruleengine.runtime.rules.signals import refused_signal
from ruleengine.runtime.rules.watch import Watch

_BOUNDS = ("steps", "most", "interval", "per_day")
_AMOUNTS = ("coefficient", "base", "size")


class Additions:
    """All ladders and pyramids of a plan."""

    def __init__(self, desk: Desk, days: AdditionDays) -> None:
        self._desk, self._days = desk, days
        self._rules = (*desk.plan.ladders, *desk.plan.pyramids)
        self._on_signal = [rule for rule in self._rules if rule.source == "signal"]
        self._on_market = [rule for rule in self._rules if rule.source == "market"]
        self._by_id = {rule.id: rule for rule in self._rules}
        self._fixed = {rule.id for rule in self._rules if all(self._is_constant(rule, name) for name in _BOUNDS)}
        """Rules whose bounds no price moves."""
        self._protections = {each.id for each in desk.plan.protections}
        self._judge = Judge(desk.plan)

    # --- on signals --------------------------------------------------------------------------------------------------

    def on_signal(
        self,
        signal: Signal,
        frame: SignalFrame,
        strategy: str,
        pocket: str,
        fault: Comparison | None,
        stranger: Comparison | None,
    ) -> tuple[list[Proposal], bool]:
        """What ladders make of a signal, and whether it is theirs: then no entry sees it, whatever became of it. Rules
        that are not enforced leave a record, and leave the signal to the entries."""
        if not self._on_signal or not self._is_held(signal.instrument, signal.side):
            return [], False
        found: list[Proposal] = []
        judged_pocket = None if stranger is not None else pocket
        env = self._desk.env_with(signal.instrument, signal=frame, side=signal.side)
        for rule in self._on_signal:
            if not rule.words.admit(
                strategy=strategy, pocket=judged_pocket, instrument=signal.instrument, side=signal.side.value
            ):
                continue
            result = rule.when.run(env)
            if rule.when.applies >= 0 and result[rule.when.applies] is False:
                continue
            proposal = self._proposal(rule, signal.instrument, signal.side, env, signal.id, strategy, pocket)
            proposal.trigger, proposal.signal_id = (rule.when.block, result), signal.id
            proposal.confidence = None if fault is not None else signal.confidence
            proposal.reason = f"signal {signal.id}"
            proposal.refusal = refused_signal(rule, signal, fault, stranger)
            self._judged(rule, result, proposal, None if fault is not None else signal)
            found.append(proposal)
        return found, any(proposal.rule.enforcement == "enforce" for proposal in found)

    def _is_held(self, instrument: str, side: Side) -> bool:
        """Is there a position of ours on this side, or an order that will open one?"""
        return self._oldest(instrument, side) is not None or bool(self._out(instrument, side))

    def _oldest(self, instrument: str, side: Side, rule: AddingRule | None = None) -> TradeFrame | None:
        """Our oldest trade of the side; `rule`: of those that it admits."""
        mine = [t for t in self._desk.own_trades() if t.instrument == instrument and t.side == side.value]
        if rule is not None:
            mine = [
                t
                for t in mine
                if rule.words.admit(strategy=t.strategy, pocket=t.pocket, instrument=instrument, side=side.value)
            ]
        return min(mine, key=lambda trade: (trade.opened_at, trade.id), default=None)

    def _out(self, instrument: str, side: Side) -> list[OrderRecord]:
        """Orders that open or add and are not finished; on a netting account both sides are one position."""
        nets = self._desk.holdings.nets
        return [
            record
            for record in self._desk.orders.live()
            if not record.reduces and record.order.instrument == instrument and (nets or record.order.side is side)
        ]

    def _closing_out(self, instrument: str, side: Side) -> OrderRecord | None:
        """An order that closes everything, or that a protection closes with, and that is not finished."""
        return next(
            (
                record
                for record in self._desk.orders.live()
                if record.reduces
                and (record.is_full_close or record.rule in self._protections)
                and record.order.instrument == instrument
                and record.order.side is side.opposite
            ),
            None,
        )

    # --- on the market -----------------------------------------------------------------------------------------------

    def of_side(self, instrument: str, side: Side) -> list[Watch]:
        """Watches of rules on the market, for a side on which something of ours stands."""
        env = self._desk.env_with(instrument, side=side)
        return [
            Watch(rule, rule.when, env, position_key(instrument, side), instrument)
            for rule in self._on_market
            if (rule.words.instruments is None or instrument in rule.words.instruments)
            and rule.words.side in (None, side.value)
        ]

    def propose(self, watch: Watch) -> Proposal | None:
        """What a fired rule wants; nothing while its own order is on its way, or where no trade of ours is meant."""
        rule, side = self._by_id[watch.rule.id], Side(watch.key.rpartition(":")[2])
        if any(record.order.instrument == watch.instrument for record in self._desk.orders.of_rule(rule.id)):
            return None
        trade = self._oldest(watch.instrument, side, rule)
        if trade is None:
            return None
        proposal = self._proposal(rule, watch.instrument, side, watch.env, watch.key, trade.strategy, trade.pocket)
        proposal.trigger, proposal.watch, proposal.reason = (watch.part.block, watch.result), watch, "the market"
        self._judged(rule, watch.result, proposal, None)
        self._desk.send_again(proposal, watch.instrument)
        return proposal

    # --- both --------------------------------------------------------------------------------------------------------

    def _proposal(
        self, rule: AddingRule, instrument: str, side: Side, env: Env, key: str, strategy: str, pocket: str
    ) -> Proposal:
        return Proposal(
            rule=rule,
            kind=rule.kind,
            priority=Priority.LADDER,
            instrument=instrument,
            side=side,
            env=env,
            key=key,
            strategy=strategy,
            pocket=pocket,
            leverage=decimal_of(env.p.leverage) if known(env.p.leverage) else None,
            cooldown_ns=rule.cooldown_ns,
            cooldown_key=position_key(instrument, side),
        )

    def _judged(self, rule: AddingRule, result: Result, proposal: Proposal, signal: Signal | None) -> None:
        """Everything that its own rule says of it; the first that refuses is its refusal.

        On the market an order that is out is asked for last of what holds a rule back: what held it before goes on to,
        so that a rule that was not looked at meanwhile says the same as one that was."""
        details = rule.details.run(proposal.env)
        self._tell(rule, details, proposal)
        proposal.depends_on_price = rule.id not in self._fixed
        is_asked = proposal.watch is None
        proposal.refusal = (
            proposal.refusal
            or (self._is_out(proposal) if is_asked else None)
            or _condition(rule, result)
            or _lacking(rule, details, _BOUNDS)
            or self._no_step(rule, details, proposal)
            or self._too_soon(rule, details, proposal)
            or self._day_used(rule, details, proposal)
            or self._desk.cooldown(rule, proposal.cooldown_key)
            or self._is_out(proposal)
            or _lacking(rule, details, _AMOUNTS)
        )
        if proposal.refusal is None:
            self._sized(rule, details, proposal, signal)
        if proposal.refusal is None:
            set_brackets(self._desk, rule.details, details, proposal)

    def _is_out(self, proposal: Proposal) -> Refusal | None:
        """Another order that adds is not finished (SC-07), or one that closes it all is."""
        closing = self._closing_out(proposal.instrument, proposal.side)
        if closing is not None:
            rule, name = proposal.rule, closing.order.id
            held = measured("orders out that close the position", "le", 1, 0, "count", "0")
            message = f"order {name} of {closing.rule} is out, which closes what would be added to"
            return Refusal(codes.ADDITION_OUT, rule.id, message, rule.place, period=name, comparison=held)
        out = self._out(proposal.instrument, proposal.side)
        if not out:
            return None
        rule, unsure = proposal.rule, [each for each in out if self._desk.orders.is_unknown(each.order.id)]
        fate = ", whose fate is not known" if unsure else ""
        message = f"order {out[0].order.id} of {out[0].rule} is out{fate}"
        held = measured("orders out that open or add", "le", len(out), 0, "count", "0")
        return Refusal(codes.ADDITION_OUT, rule.id, message, rule.place, period=out[0].order.id, comparison=held)

    def _no_step(self, rule: AddingRule, details: Result, proposal: Proposal) -> Refusal | None:
        made = int(proposal.env.p.additions)
        for name in ("most", "steps"):
            most = rule.details.get(details, name)
            if most is not None and made + 1 > most:
                held = measured("additions with this one", "le", made + 1, most, "count", name)
                message = f"{made} made, {'at most' if name == 'most' else 'steps:'} {float(most):g}"
                return Refusal(
                    codes.NO_STEP, rule.id, message, rule.place, period=self._period(proposal), comparison=held
                )
        return None

    def _too_soon(self, rule: AddingRule, details: Result, proposal: Proposal) -> Refusal | None:
        interval, last = rule.details.get(details, "interval"), proposal.env.p.last_addition_at
        if interval is None or last.__class__ is Unknown:
            return None
        length_ns = int(interval * 1_000_000_000)
        left_ns = last + length_ns - self._desk.ts
        if left_ns <= 0:
            return None
        self._desk.cool(rule.id, f"interval {proposal.cooldown_key}", left_ns)
        left = left_ns / 1e9
        held = waited("time since the last addition", length_ns / 1e9, left, "interval")
        message = f"{left:g} s of its interval are left"
        return Refusal(codes.TOO_SOON, rule.id, message, rule.place, period=str(last), comparison=held)

    def _day_used(self, rule: AddingRule, details: Result, proposal: Proposal) -> Refusal | None:
        most = rule.details.get(details, "per_day")
        if most is None:
            return None
        made = self._days.count(proposal.instrument, rule.id)
        if made + 1 <= most:
            return None
        held = measured("additions of the day with this one", "le", made + 1, most, "count", "per_day")
        message = f"{made} made today, at most {float(most):g}"
        return Refusal(codes.DAY_USED, rule.id, message, rule.place, period=self._days.period, comparison=held)

    # --- size --------------------------------------------------------------------------------------------------------

    def _tell(self, rule: AddingRule, details: Result, proposal: Proposal) -> None:
        """What its record says of it (SC-08), whatever becomes of it."""
        p, share = proposal.env.p, rule.details.get(details, "coefficient")
        proposal.addition = Addition(
            number=int(p.additions) + 1,
            reason=proposal.reason,
            base_of=rule.base_of,
            coefficient=float(share) if share is not None and known(share) else None,
            leverage=p.leverage if known(p.leverage) else None,
        )

    def _sized(self, rule: AddingRule, details: Result, proposal: Proposal, signal: Signal | None) -> None:
        """The wanted size, with the path that led there."""
        grid = self._desk.grids[proposal.instrument]
        if not rule.base_of:
            proposal.wanted = float(rule.details.get(details, "size"))
            return
        base = rule.details.get(details, "base")
        if base is None:
            base = self._new_position(rule, proposal, signal)
        if base is None or proposal.addition is None:
            return
        share, number = rule.details.get(details, "coefficient"), proposal.addition.number
        proposal.wanted = float(base) * float(share)
        proposal.path.append((rule.base_of, grid.venue(base)))
        proposal.path.append((f"step {number}: {float(share) * 100:g}%", grid.venue(proposal.wanted)))
        proposal.addition = replace(proposal.addition, base=_plain(grid.venue(base)))

    def _new_position(self, rule: AddingRule, proposal: Proposal, signal: Signal | None) -> float | None:
        """What sizing would give a new entry now, before lots; sizing rules that it counts don't count again."""
        desk = self._desk
        wanted = self._wanted(proposal, signal)
        if wanted.__class__ is Unknown:
            proposal.refusal = not_known(codes.SIZE_UNKNOWN, rule, wanted, "size of a new position")
            return None
        intent = desk.intent_frame(replace(proposal, kind="entry"))
        env = desk.env_with(proposal.instrument, signal=proposal.env.g, intent=intent, side=proposal.side)
        found = Judgement(0)
        base = self._judge.base(env, desk.grids[proposal.instrument], wanted, found)
        proposal.findings = found.findings
        proposal.counted = frozenset(finding.rule.id for finding in found.findings)
        proposal.refusal = found.refusal
        return None if found.refusal is not None else base

    def _wanted(self, proposal: Proposal, signal: Signal | None) -> Any:
        """What an entry would ask for: the size of the entry rule that would take the signal, or of the one that opened
        the position on the market, else the signal's; None where only sizing rules say."""
        stated = None if signal is None or signal.size is None else float(signal.size)
        for rule in self._entries(proposal, signal):
            result: Result = () if rule.details is None else rule.details.run(proposal.env)
            size = None if rule.details is None else rule.details.get(result, "size")
            return stated if size is None else size
        return stated

    def _entries(self, proposal: Proposal, signal: Signal | None) -> list[EntryRule]:
        """Enforced entry rules that would open such a position anew."""
        source = "market" if signal is None else "signal"
        rules = [each for each in self._desk.plan.entries if each.source == source and each.enforcement == "enforce"]
        if signal is None:
            history = self._desk.holdings.books.side(proposal.instrument, proposal.side).history
            return [each for each in rules if each.id == history.first().rule] if history.openings else []
        name, side = proposal.instrument, proposal.side.value
        admitted = (
            each
            for each in rules
            if each.words.admit(strategy=proposal.strategy, pocket=proposal.pocket, instrument=name, side=side)
        )
        return [
            each
            for each in admitted
            if each.when.applies < 0 or each.when.run(proposal.env)[each.when.applies] is not False
        ]

    def _is_constant(self, rule: AddingRule, output: str) -> bool:
        """Is an output a constant of the policy (or not there), so that no price can lift a refusal by it?"""
        outputs = dict(rule.details.block.outputs)
        return output not in outputs or self._desk.plan.graph.nodes[outputs[output]].op == "const"

    @staticmethod
    def _period(proposal: Proposal) -> str:
        """Names the position as it stands."""
        return f"{proposal.env.p.opened_at} {proposal.env.p.additions}"


def _condition(rule: AddingRule, result: Result) -> Refusal | None:
    """Its `when`, where it doesn't hold or can't be told."""
    verdict = result[rule.when.at("when")]
    if verdict is True:
        return None
    if verdict.__class__ is Unknown:
        return not_known(codes.ADDITION_UNKNOWN, rule, verdict)
    return Refusal(codes.ADDITION_FALSE, rule.id, "its `when` doesn't hold", rule.place)


def _lacking(rule: AddingRule, details: Result, names: tuple[str, ...]) -> Refusal | None:
    """A bound, step or size that can't be told."""
    for name in names:
        value = rule.details.get(details, name)
        if value.__class__ is Unknown:
            return not_known(codes.ADDITION_UNKNOWN, rule, value, name)
    return None


def _plain(size: Decimal) -> Decimal:
    """Without the noise of binary fractions, for the record."""
    return size.quantize(Decimal("1e-12")).normalize() + 0
