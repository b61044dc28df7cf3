"""Hedge rules: reduce the net position or a side of it, or open the other side.

A reduction is reduce-only. It takes from the larger side, never more than the net position, or from the side that its
rule names, never more than that; and nothing that isn't ours or is on its way out already; it waits while another
rule's order on the market reduces the same side. Its size is the smallest
after which `until` holds (or `wanted`), `otherwise` where there is nothing to reduce by that, within its bounds
(FX-05). On a hedging account it is one order for the side, or, where trades that aren't ours stand there too, one order
for each of ours from the oldest on, for the venue would choose (FX-16).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.model.audit import Outcome, Verdict
from ruleengine.model.number import compare, decimal_of, scale_of
from ruleengine.model.order import Priority
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judging import verdicts
from ruleengine.runtime.judging.judge import Refusal, not_known
from ruleengine.runtime.judging.sizing import Grid, bound_reduction, smallest
from ruleengine.runtime.orders.ids import position_key
from ruleengine.runtime.plan.rules import Common, HedgeRule, Part, Result
from ruleengine.runtime.rules.desk import Desk, Proposal, bracket
from ruleengine.runtime.rules.watch import CONDITION, Watch, follow_unknown_size
from ruleengine.units import UNITS

SETTLES_NS = 5_000_000_000
"""So long after it was sent, an order on the market is waited for before its effect is asked for a second time."""


class Hedges:
    """All hedge rules of a plan."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rules = desk.plan.hedges
        self._by_id = {rule.id: rule for rule in self._rules}

    def of_instrument(self, instrument: str) -> list[Watch]:
        env = self._desk.env(instrument)
        return [
            Watch(
                rule, rule.when, env, instrument, instrument, posture=rule.posture, opens=self._desk.opening(instrument)
            )
            for rule in self._rules
            if rule.words.instruments is None or instrument in rule.words.instruments
        ]

    def propose(self, watch: Watch) -> list[tuple[Proposal, list[Verdict]]]:
        """What a fired watch wants, with the verdict on its `require`; nothing while an order of it is on its way."""
        desk, rule = self._desk, self._by_id[watch.rule.id]
        if any(record.order.instrument == watch.instrument for record in desk.orders.of_rule(rule.id)):
            return []
        proposal = self._reduction(watch, rule) if rule.is_reduction else self._opening(watch, rule)
        if proposal.refusal is None:
            proposal.refusal = left_out(rule, proposal.side)
        wait = desk.cooldown(rule, watch.instrument)
        if wait is None and rule.is_reduction:
            wait = self._settling(proposal, rule)
        if wait is not None:
            proposal.refusal = wait
            return [(proposal, [])]
        found: list[Verdict] = []
        if rule.require is not None:
            self._require(rule, rule.require, proposal, found)
        if rule.is_reduction:
            if proposal.refusal is None:
                self._size(watch, rule, proposal)
            follow_unknown_size(watch, _unknown(proposal.refusal, found), desk.ts, desk.seq, desk.audit)
        parts = self._by_trade(proposal)
        if parts == [proposal]:
            side = proposal.position_side
            desk.send_again(proposal, watch.instrument if side is None else position_key(watch.instrument, side))
        return [(part, found) for part in parts]

    # --- reductions --------------------------------------------------------------------------------------------------

    def _settling(self, proposal: Proposal, rule: HedgeRule) -> Refusal | None:
        """Another rule's orders on the market take off the same side just now. Position and margin don't show it yet,
        so the same relief would be asked for again: an exit's 10,000 of 20,000, and 9,999 beside it. One whose fate is
        not known is not waited for."""
        desk, name = self._desk, proposal.instrument
        out = [
            each
            for each in desk.orders.working(name)
            if each.reduces
            and each.order.type == "market"
            and each.order.side is proposal.side
            and desk.ts < each.opened_ns + SETTLES_NS
        ]
        if not out:
            return None
        last = max(out, key=lambda each: each.opened_ns)
        desk.cool(rule.id, f"settling {name}", last.opened_ns + SETTLES_NS - desk.ts)
        held = verdicts.measured("orders just sent that reduce the position", "le", len(out), 0, "count", "0")
        message = f"order {last.order.id} of {last.rule} is out, which reduces the position too"
        return Refusal(codes.UNDER_WAY, rule.id, message, rule.place, period=last.order.id, comparison=held)

    def _reduction(self, watch: Watch, rule: HedgeRule) -> Proposal:
        position = watch.env.p
        long_units, short_units = position.long_units, position.short_units
        named = _named_side(rule, watch)
        if named.__class__ is Unknown:
            held, refusal = Side.LONG, not_known(codes.SIZE_UNKNOWN, rule, named, "side")
        elif long_units.__class__ is Unknown or short_units.__class__ is Unknown:
            unknown = long_units if long_units.__class__ is Unknown else short_units
            held, refusal = Side.LONG, not_known(codes.SIZE_UNKNOWN, rule, unknown)
        elif named is not None:
            held, refusal = Side(named), None
        elif long_units == short_units:
            flat = verdicts.measured("net position", "gt", 0, 0, "units", "0")
            message = "the net position is 0"
            held, refusal = Side.LONG, Refusal(codes.NOTHING_TO_REDUCE, rule.id, message, rule.place, comparison=flat)
        else:
            held, refusal = (Side.LONG if long_units > short_units else Side.SHORT), None
        proposal = self._proposal(watch, rule, held.opposite)
        proposal.kind, proposal.priority = "hedge_reduce", Priority.HEDGE_REDUCE
        proposal.position_side = held
        proposal.lots = 0
        proposal.refusal = refusal
        return proposal

    def _require(self, rule: HedgeRule, part: Part, proposal: Proposal, found: list[Verdict]) -> None:
        result = part.run(proposal.env)
        holds = part.get(result, "require")
        is_unknown = holds.__class__ is Unknown
        outcome = Outcome.UNKNOWN if is_unknown else Outcome.PASS if holds else Outcome.REFUSE
        found.append(self._verdict(rule, part, result, outcome))
        if outcome is not Outcome.PASS and proposal.refusal is None:
            message = str(holds) if is_unknown else "its `require` doesn't hold"
            proposal.refusal = Refusal(codes.REQUIRE, rule.id, message, rule.place)

    def _size(self, watch: Watch, rule: HedgeRule, proposal: Proposal) -> None:
        """From what is wanted to what is sent, each step in `path`."""
        desk, position = self._desk, watch.env.p
        grid = desk.grids[watch.instrument]
        assert proposal.position_side is not None
        of_side = position.long_units if proposal.position_side is Side.LONG else position.short_units
        is_named = _named_side(rule, watch) is not None
        net = grid.down(of_side if is_named else abs(position.long_units - position.short_units))
        proposal.env = desk.env_with(watch.instrument)
        proposal.env.i = desk.intent_frame(proposal)
        amounts = rule.amounts.run(proposal.env) if rule.amounts is not None else ()
        lots = self._wanted(rule, proposal, amounts, net)
        bounds = self._bounds(rule, amounts)
        for value in (lots, *bounds.values()):
            if value.__class__ is Unknown:
                proposal.refusal = not_known(codes.SIZE_UNKNOWN, rule, value)
                return
        free = desk.free_on_side(watch.instrument, proposal.position_side)
        if free <= 0:
            proposal.refusal = self._nothing_free(rule, grid, free)
            return
        at_least = grid.up(bounds.pop("at_least")) if "at_least" in bounds else None
        at_most = [grid.down(value) for value in bounds.values()]
        bounded = bound_reduction(int(lots), at_least, at_most, net, free, rule.floor_over_cap)
        proposal.lots = bounded.lots
        proposal.path = [(what, grid.units(size)) for what, size in bounded.path]
        # meant: the size itself says all that there is to reduce, and nothing else stands on that side
        proposal.is_full_close = bounded.lots == net == grid.down(of_side)
        if bounded.crossed is not None:
            proposal.refusal = _crossed(rule, grid, *bounded.crossed)
        elif bounded.lots <= 0:
            held = verdicts.measured("reduction", "ge", grid.units(bounded.lots), grid.lot, grid.unit, "one lot")
            message = "the reduction comes to nothing"
            proposal.refusal = Refusal(codes.NOTHING_TO_REDUCE, rule.id, message, rule.place, comparison=held)

    @staticmethod
    def _nothing_free(rule: HedgeRule, grid: Grid, free: int) -> Refusal:
        held = verdicts.measured("units of ours not on their way out", "gt", grid.units(free), 0, grid.unit, "0")
        message = "nothing of ours is left on the side to reduce"
        return Refusal(codes.NOTHING_TO_REDUCE, rule.id, message, rule.place, comparison=held)

    def _by_trade(self, proposal: Proposal) -> list[Proposal]:
        """One for each of our trades, oldest first, where others stand on the side that it reduces; else itself."""
        desk, name, side = self._desk, proposal.instrument, proposal.position_side
        if side is None or proposal.refusal is not None or desk.holdings.nets:
            return [proposal]
        place = 0 if side is Side.LONG else 1
        if desk.holdings.side_units(name)[place] == desk.holdings.side_units(name, own=True)[place]:
            return [proposal]
        grid, left, parts = desk.grids[name], proposal.lots or 0, []
        failure, rule = desk.orders.retries.failure, proposal.rule.id
        # one whose last reduction failed comes after the others, so that it cannot hold back the relief
        for trade in sorted(desk.own_trades(), key=lambda each: failure(rule, str(each.id)) is not None):
            if left > 0 and trade.instrument == name and trade.side == side.value:
                part = self._part(proposal, trade, min(left, desk.free_lots(trade, str(trade.id))), grid)
                if part is not None:
                    parts.append(part)
                    left -= part.lots or 0 if part.refusal is None else 0
        if not parts:
            assert isinstance(proposal.rule, HedgeRule)
            proposal.refusal = self._nothing_free(proposal.rule, grid, 0)
        return parts or [proposal]

    def _part(self, proposal: Proposal, trade: TradeFrame, lots: int, grid: Grid) -> Proposal | None:
        """What is taken off one trade; refused where that has to wait, so that the next trade gives it instead."""
        if lots <= 0:
            return None
        number = str(trade.id)
        path = [*proposal.path, (f"trade {number}", grid.units(lots))]
        is_whole = grid.venue(trade.units) == grid.units(lots)
        part = replace(proposal, key=number, trade_id=number, lots=lots, path=path, is_full_close=is_whole)
        self._desk.send_again(part, number)
        return part

    def _wanted(self, rule: HedgeRule, proposal: Proposal, amounts: Result, net: int) -> int | Unknown:
        grid = self._desk.grids[proposal.instrument]
        lots: int | Unknown = 0
        if rule.until is not None:
            part, env = rule.until, proposal.env
            at = part.at("until")

            def holds(size: int) -> Any:
                env.i.size = grid.base(size)
                return part.run(env)[at]

            lots = smallest(holds, net)
        elif rule.amounts is not None:
            wanted = rule.amounts.get(amounts, "wanted")
            lots = wanted if isinstance(wanted, Unknown) else _up_to_part(grid.up(wanted), wanted, net, grid)
        if isinstance(lots, Unknown) or lots > 0 or rule.amounts is None:
            return lots
        otherwise = rule.amounts.get(amounts, "otherwise")
        if otherwise is None:
            return 0
        if isinstance(otherwise, Unknown):
            return otherwise
        return _up_to_part(grid.up(otherwise), otherwise, net, grid)

    @staticmethod
    def _bounds(rule: HedgeRule, amounts: Result) -> dict[str, Any]:
        if rule.amounts is None:
            return {}
        return {
            name: value
            for (name, _), value in zip(rule.amounts.block.outputs, amounts, strict=False)
            if name == "at_least" or name.startswith("at_most_")
        }

    # --- openings ----------------------------------------------------------------------------------------------------

    def _opening(self, watch: Watch, rule: HedgeRule) -> Proposal:
        assert rule.details is not None  # an opening hedge has a side and a size
        details = rule.details
        result = details.run(watch.env)
        side, size = details.get(result, "side"), details.get(result, "size")
        is_unknown = side.__class__ is Unknown
        proposal = self._proposal(watch, rule, Side.LONG if is_unknown else Side(side))
        for value in (side, size):
            if value.__class__ is Unknown:
                proposal.refusal = not_known(codes.SIZE_UNKNOWN, rule, value)
                return proposal
        proposal.wanted = float(size)
        set_brackets(self._desk, details, result, proposal)
        return proposal

    def _proposal(self, watch: Watch, rule: HedgeRule, side: Side) -> Proposal:
        return Proposal(
            rule=rule,
            kind="hedge_open",
            priority=Priority.HEDGE_OPEN,
            instrument=watch.instrument,
            side=side,
            env=watch.env,
            key=watch.instrument,
            trigger=(watch.part.block, watch.result),
            strategy=rule.strategy,
            pocket=rule.pocket,
            confidence=rule.confidence,
            reason="" if watch.why == CONDITION else watch.why,
            cooldown_ns=rule.cooldown_ns,
            cooldown_key=watch.instrument,
            watch=watch,
        )

    def _verdict(self, rule: HedgeRule, part: Part, result: Result, outcome: Outcome) -> Verdict:
        return Verdict(
            rule=rule.id,
            section=rule.section,
            outcome=outcome,
            enforcement=rule.enforcement,
            comparisons=verdicts.comparisons(part.block, result, self._desk.currency),
            place=rule.place,
            code="" if outcome is Outcome.PASS else codes.REQUIRE,
            unknowns=verdicts.unknowns(result),
        )


def _unknown(refusal: Refusal | None, found: list[Verdict]) -> str:
    """What keeps a reduction back by not being known; "": nothing does."""
    if refusal is None:
        return ""
    is_unknown = refusal.unknown or any(verdict.outcome is Outcome.UNKNOWN for verdict in found)
    return refusal.message if is_unknown else ""


def _named_side(rule: HedgeRule, watch: Watch) -> Any:
    """The side that its `reduce` names, or an unknown; None where it takes from the larger one."""
    return None if rule.amounts is None else rule.amounts.get(rule.amounts.run(watch.env), "side")


def _crossed(rule: HedgeRule, grid: Grid, floor: int, bound: int) -> Refusal:
    """The floor exceeds its bound, and the policy says to send nothing."""
    least, most = grid.units(floor), grid.units(bound)
    held = verdicts.measured("at_least", "le", least, most, grid.unit, "at_most")
    message = f"at least {least:f} is wanted, at most {most:f} allowed"
    return Refusal(codes.FLOOR_OVER_CAP, rule.id, message, rule.place, comparison=held)


def _up_to_part(lots: int, wanted: Any, net: int, grid: Any) -> int:
    """Rounded up to the lot, but a part of the net position doesn't become all of it by that."""
    is_part = compare("lt", decimal_of(wanted), decimal_of(grid.base(net)), scale_of(UNITS))
    return lots - 1 if lots >= net and is_part and lots > 0 else lots


def left_out(rule: Common, side: Side) -> Refusal | None:
    """Does the rule's own `applies_to` leave out the side of what it would send? Its other words are constants, which
    the compiler holds against them (RE353)."""
    wanted = rule.words.side
    if wanted is None or side.value == wanted:
        return None
    held = verdicts.measured("side", "eq", side.value, wanted, "", wanted)
    return Refusal(codes.TRIGGER_FALSE, rule.id, f"it applies to {wanted} only", rule.place, comparison=held)


def set_brackets(desk: Desk, details: Part, result: Result, proposal: Proposal) -> None:
    """Attached stop and target; one that can't be had refuses the opening."""
    for name, output in (("stop", True), ("target", False)):
        value = details.get(result, name)
        if value is None:
            continue
        kind = desk.plan.graph.nodes[dict(details.block.outputs)[name]].type.kind
        price = bracket(value, kind, proposal.side, output, proposal.env, desk.specs[proposal.instrument])
        if isinstance(price, Unknown):
            proposal.refusal = not_known(codes.NO_PRICE, proposal.rule, price, name)
        elif name == "stop":
            proposal.stop = price
        else:
            proposal.target = price
