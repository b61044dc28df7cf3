"""Exit rules: what they watch, what they close, and how stages advance.

1. `watches` makes a watch for each stage on each trade (position, account) the rule applies to.
2. `propose` turns a fired watch into one proposal for each trade that it closes. A closing stage acts once per trade; a
   trade whose closing order of this rule is on its way is left alone.
3. `ended` is told of every finished order: a stage counts as done by what was filled, never by having been sent
   (FX-35); one that closes everything, when the trade is gone.
4. `restriction` says which exit rule lets a strategy only reduce on one side (FX-13); it holds while its condition
   does.

A rule of one stage without `stages:` acts once per trade too, unless it declares a cooldown: then again after that.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import TradeFrame
from ruleengine.model.number import decimal_of
from ruleengine.model.side import Side
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judging.judge import Refusal, not_known
from ruleengine.runtime.judging.verdicts import measured
from ruleengine.runtime.orders.ids import exit_key, position_key
from ruleengine.runtime.orders.record import OrderRecord
from ruleengine.runtime.plan.rules import ExitRule
from ruleengine.runtime.rules.desk import Desk, Proposal
from ruleengine.runtime.rules.watch import CONDITION, WAITED, Watch, follow_unknown_size
from ruleengine.runtime.rules.withheld import held_back

ACCOUNT = "account"
ALL = -1
"""What a stage still has to close, where it was to close everything: all that is there by then."""


class Exits:
    """All exit rules of a plan. Which stages filled is kept with the trade (`Holdings`); `left`: lots that a stage
    still has to close, by rule, trade and stage, where its order was filled in part; `ALL` of a full close."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._rules = desk.plan.exits
        self._by_id = {rule.id: rule for rule in self._rules}
        self._by_id |= {each.id: each.closer for each in desk.plan.protections if each.closer is not None}
        self.left: dict[str, int] = {}

    # --- what is watched ---------------------------------------------------------------------------------------------

    def of_trade(self, trade: TradeFrame) -> list[Watch]:
        """Watches on one open trade."""
        env = self._desk.env_with(trade.instrument, trade=trade)
        return [
            self._watch(rule, index, env, str(trade.id), trade.instrument, trade)
            for rule in self._rules
            if rule.for_each == "trade" and admits(rule, trade)
            for index in range(len(rule.stages))
        ]

    def restricting(self, instrument: str) -> list[Watch]:
        """Stages on a position that let nothing open in its instrument; they are watched while it is flat too."""
        env = self._desk.env(instrument)
        return [
            self._watch(rule, index, env, instrument, instrument)
            for rule, index in self._on_positions(instrument)
            if rule.stages[index].restricts
        ]

    def of_side(self, instrument: str, side: Side) -> list[Watch]:
        """Closing stages on a position of ours, which is one side: on a hedging account each has its own."""
        nets = self._desk.holdings.nets
        env = self._desk.env(instrument) if nets else self._desk.env_with(instrument, side=side)
        key = instrument if nets else position_key(instrument, side)
        return [
            self._watch(rule, index, env, key, instrument, side=side)
            for rule, index in self._on_positions(instrument)
            if not rule.stages[index].restricts and rule.words.side in (None, side.value)
        ]

    def _on_positions(self, instrument: str) -> list[tuple[ExitRule, int]]:
        """Rules on positions, with each of their stages."""
        return [
            (rule, index)
            for rule in self._rules
            if rule.for_each == "position" and (rule.words.instruments is None or instrument in rule.words.instruments)
            for index in range(len(rule.stages))
        ]

    def of_account(self) -> list[Watch]:
        return [
            self._watch(rule, index, self._desk.account_env, ACCOUNT, "")
            for rule in self._rules
            if rule.for_each == "account"
            for index in range(len(rule.stages))
        ]

    def _watch(
        self, rule: ExitRule, index: int, env: Any, key: str, instrument: str, trade: TradeFrame | None = None,
        *, side: Side | None = None,
    ) -> Watch:  # fmt: skip
        stage = rule.stages[index]
        return Watch(
            rule, stage.part, env, key, instrument,
            posture=rule.posture, trade=trade, side=side, stage=index, restricts=stage.restricts,
            opens=self._desk.opening(instrument),
        )  # fmt: skip

    def covers(self, trade: TradeFrame) -> bool:
        """Is there an enforced rule that closes trades like it? (FX-16)"""
        return any(
            rule.enforcement == "enforce" and admits(rule, trade) and not all(stage.restricts for stage in rule.stages)
            for rule in self._rules
        )

    # --- what is closed ----------------------------------------------------------------------------------------------

    def propose(self, watch: Watch) -> list[Proposal]:
        """What a fired watch wants closed; nothing for a stage that restricts."""
        if watch.restricts:
            return []
        rule = self._by_id[watch.rule.id]
        found = []
        for trade in self._trades(watch, rule):
            proposal = self.closing(watch, rule, trade)
            if proposal is not None:
                found.append(proposal)
        return found

    def _trades(self, watch: Watch, rule: ExitRule) -> Iterable[TradeFrame]:
        """The trades that a fired watch concerns: its own, or those of its position, or all; never manual ones."""
        if watch.trade is not None:
            return [watch.trade]
        return [
            trade
            for trade in self._desk.own_trades()
            if (not watch.instrument or trade.instrument == watch.instrument)
            and watch.side in (None, trade.side)
            and admits(rule, trade)
        ]

    def closing(self, watch: Watch, rule: ExitRule, trade: TradeFrame, trip: int | None = None) -> Proposal | None:
        """What a stage closes of one trade; None where it is done, or its order is on its way. `trip`: of a
        protection, which closes anew each time it trips; its number stands in the place of the stage's."""
        desk, name = self._desk, str(trade.id)
        stage = watch.stage if trip is None else trip
        mark = f"{rule.id}|{name}|{stage}"
        if self.is_done(rule, stage, name) or desk.orders.outstanding_exit(rule.id, name):
            return None
        side = Side(trade.side)
        grid = desk.grids[trade.instrument]
        held = grid.down(trade.units)
        venue_name = "" if desk.holdings.nets else name
        lots, is_full_close, refusal = self._lots(watch, trade, held, mark)
        free = desk.free_lots(trade, venue_name)
        if refusal is None and lots > free:
            wanted, lots = grid.units(lots), free
            if lots <= 0:
                message, period = "an exit of all of it is on its way", self._under_way(trade.instrument, side)
                left = measured("what is to be closed", "le", wanted, 0, grid.unit, "what is not on its way out")
                refusal = Refusal(codes.UNDER_WAY, rule.id, message, rule.place, period=period, comparison=left)
        env = desk.env_with(trade.instrument, trade=trade)
        if refusal is None:
            part = None if is_full_close else lots
            refusal = held_back(rule, env, grid, part, desk.currency, must_close=watch.why == WAITED)
            if refusal is not None and refusal.code == codes.BELOW_FLOOR and mark in self.left:
                self._leave(rule, stage, name, mark, grid.units(lots))
        cooldown_key = name if watch.trade is not None else watch.key
        proposal = Proposal(
            rule=rule,
            kind="exit",
            priority=rule.priority,
            instrument=trade.instrument,
            side=side.opposite,
            env=env,
            key=name,
            lots=max(lots, 0),
            trigger=(watch.part.block, watch.result),
            trade_id=venue_name,
            position_side=side,
            is_full_close=is_full_close,
            strategy=_known(trade.strategy),
            pocket=_known(trade.pocket),
            stage=str(stage),
            reason=f"stage {watch.stage + 1}" if watch.why == CONDITION else f"stage {watch.stage + 1}: {watch.why}",
            cooldown_ns=rule.cooldown_ns,
            cooldown_key=cooldown_key,
            refusal=desk.cooldown(rule, cooldown_key) or refusal,
            watch=watch,
        )
        desk.send_again(proposal, name)
        return proposal

    def _under_way(self, instrument: str, side: Side) -> str:
        """Names the time in which exactly these reductions of the side are on their way."""
        return " ".join(
            record.order.id
            for record in self._desk.orders.live()
            if record.reduces and record.order.instrument == instrument and record.order.side is side.opposite
        )

    def _lots(self, watch: Watch, trade: TradeFrame, held: int, mark: str) -> tuple[int, bool, Refusal | None]:
        """How much a stage closes, and whether that is all there is (less than a lot included): what an earlier order
        of it left, else its share or units of what is still open."""
        left = self.left.get(mark)
        if left == ALL:
            return held, True, None
        if left is not None:
            return min(left, held), left >= held, None
        amount = watch.part.get(watch.result, "close")
        if self._must_close(watch, amount):
            return held, True, None  # the policy says to close; a size that can't be had must not keep it from that
        if amount.__class__ is Unknown:
            return 0, False, not_known(codes.SIZE_UNKNOWN, watch.rule, amount)
        grid, wanted, units = self._desk.grids[trade.instrument], decimal_of(amount), decimal_of(trade.units)
        if _kind_of(self._desk, watch, "close") != "units":
            wanted *= units
        if wanted >= units:
            return held, True, None
        lots = min(grid.up(wanted), grid.up(units) - 1)  # a part never becomes the whole (SC-01)
        if lots <= 0:
            compared = measured("share", "ge", grid.venue(wanted), grid.lot, grid.unit, "one lot")
            message = "the share comes to less than one lot"
            refusal = Refusal(codes.BELOW_MINIMUM, watch.rule.id, message, watch.rule.place, comparison=compared)
            return 0, False, refusal
        return lots, False, None

    def _must_close(self, watch: Watch, amount: Any) -> bool:
        """Is how much to close unknown, the wait for that over, and closing what the policy says then? The wait is
        followed here, and told of."""
        is_unknown, desk = amount.__class__ is Unknown, self._desk
        if watch.why == CONDITION and watch.posture is not None:
            unknown, then = str(amount) if is_unknown else "", watch.posture.then
            if follow_unknown_size(watch, unknown, desk.ts, desk.seq, desk.audit, then) and then == "close":
                watch.why = WAITED
        return is_unknown and watch.why == WAITED

    # --- stages ------------------------------------------------------------------------------------------------------

    def is_done(self, rule: ExitRule, stage: int, trade_id: str) -> bool:
        """Has this stage filled on the trade, or a later one?"""
        has = self._desk.holdings.has_stage
        later = range(stage, max(len(rule.stages), stage + 1))
        return any(has(trade_id, stage_mark(rule.id, index)) for index in later)

    def _leave(self, rule: ExitRule, stage: int, trade_id: str, mark: str, units: Decimal) -> None:
        """What an order left of a part is below the part's floor: the stage is done with what it got."""
        del self.left[mark]
        self._desk.holdings.advance_stage(trade_id, stage_mark(rule.id, stage))
        message = f"{rule.id}: the {units:f} left of its part are below its floor; the stage is done"
        self._desk.note("info", codes.BELOW_FLOOR, message, trade_id)

    def ended(self, record: OrderRecord, late: Decimal | None = None) -> None:
        """An exit order has finished: a part is done when all of it was filled, and what is left is tried again. A full
        close is done when the trade is gone, whatever its orders were and filled: other reductions may be under way,
        the venue may take no more at once, and an addition may fill beside it.

        `late`: units of a fill that was heard after its end. They count for the stage like any other, but not for a
        position that was opened since under the same name."""
        rule = self._by_id.get(record.rule)
        if rule is None or record.kind != "exit" or not record.stage or not record.filled:
            return
        trade_id, stage = exit_key(record.order), int(record.stage)
        if late is not None and not self._still_counts(record, rule, stage, trade_id):
            return
        if len(rule.stages) == 1 and rule.cooldown_ns > 0:
            return
        mark = f"{rule.id}|{trade_id}|{stage}"
        if record.is_full_close:
            if trade_id in self._desk.holdings.trades:
                self.left[mark] = ALL
            return
        lot = self._desk.grids[record.order.instrument].lot
        wanted = self.left[mark] * lot if mark in self.left else record.order.units
        remaining = wanted - (record.filled if late is None else late)
        if remaining > 0:
            self.left[mark] = int(remaining / lot)
            return
        self.left.pop(mark, None)
        self._desk.holdings.advance_stage(trade_id, stage_mark(rule.id, stage))

    def _still_counts(self, record: OrderRecord, rule: ExitRule, stage: int, trade_id: str) -> bool:
        """Can a fill heard after the order's end still say anything of its stage?"""
        trade = self._desk.holdings.trades.get(trade_id)
        return trade is not None and trade.opened_ns <= record.ended_ns and not self.is_done(rule, stage, trade_id)

    def forget(self, trade_id: str) -> None:
        """A trade is closed: its marks go."""
        for mark in [mark for mark in self.left if mark.split("|")[1] == trade_id]:
            del self.left[mark]
        self._desk.orders.retries.forget(trade_id)

    # --- restrictions ------------------------------------------------------------------------------------------------

    def restriction(self, watches: Iterable[Watch], proposal: Proposal) -> tuple[Watch, Any] | None:
        """The first restricting stage that lets the proposal's strategy only reduce on its side, evaluated now; one
        that is unknown restricts as well."""
        for watch in watches:
            if watch.restricts and self._concerns(watch, proposal):
                result = watch.run(watch.env)
                if watch.verdict(result) is not False and watch.rule.enforcement == "enforce":
                    watch.result = result
                    return watch, result
        return None

    def _concerns(self, watch: Watch, proposal: Proposal) -> bool:
        trade = watch.trade
        if trade is not None:
            return (
                trade.instrument == proposal.instrument
                and trade.side == proposal.side.value
                and _known(trade.strategy) == proposal.strategy
            )
        return not watch.instrument or watch.instrument == proposal.instrument

    # --- state -------------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"left": dict(self.left), "covers": self._covers()}

    def restore(self, state: dict[str, Any]) -> dict[str, list[str]]:
        """Trades that are open still and were closed by exits that the policy acts by no more, by the exit (OPS-02)."""
        self.left = dict(state["left"])
        acting = self._covers()
        lost: dict[str, list[str]] = {}
        for rule, names in state.get("covers", {}).items():
            open_still = [n for n in names if n in self._desk.holdings.trades and n not in acting.get(rule, ())]
            if open_still:
                lost[rule] = open_still
        return lost

    def _covers(self) -> dict[str, list[str]]:
        """Our open trades that each enforced exit may close."""
        frames = [trade.frame for trade in self._desk.holdings.trades.values() if not trade.is_manual]
        rules = [rule for rule in self._rules if rule.enforcement == "enforce"]
        return {rule.id: [str(frame.id) for frame in frames if admits(rule, frame)] for rule in rules}


def stage_mark(rule: str, stage: int) -> str:
    """How a filled stage stands with its trade."""
    return f"{rule}#{stage}"


def admits(rule: ExitRule, trade: TradeFrame) -> bool:
    """Do the rule's words admit this trade?"""
    words = rule.words
    opened_by = _known(trade.opened_by)
    return (words.opened_by is None or opened_by in words.opened_by) and words.admit(
        strategy=_known(trade.strategy), pocket=_known(trade.pocket), instrument=trade.instrument, side=trade.side
    )


def _known(value: Any) -> str:
    return "" if value.__class__ is Unknown else str(value)


def _kind_of(desk: Desk, watch: Watch, output: str) -> str:
    """The unit's kind of an output: a share or units."""
    node = dict(watch.part.block.outputs)[output]
    return desk.plan.graph.nodes[node].type.kind
