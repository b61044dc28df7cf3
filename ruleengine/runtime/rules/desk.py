"""What rules look at and act on: frames, environments, the book, orders, cooldowns, and the event being processed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ruleengine.facts.frames import (
    AccountFrame,
    Env,
    IntentFrame,
    MarketFrame,
    PositionFrame,
    SignalFrame,
    TimeFrame,
    TradeFrame,
)
from ruleengine.graph.node import Block
from ruleengine.market.phase import NEVER
from ruleengine.model.addition import Addition
from ruleengine.model.audit import Audit, Note
from ruleengine.model.comparison import Comparison
from ruleengine.model.instrument import Instrument
from ruleengine.model.number import decimal_of
from ruleengine.model.order import IntentKind, Priority
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.book.holdings import Holdings
from ruleengine.runtime.judging.judge import Finding, Refusal
from ruleengine.runtime.judging.quantise import stop_price, target_price
from ruleengine.runtime.judging.sizing import Grid
from ruleengine.runtime.judging.verdicts import measured, waited
from ruleengine.runtime.markets.market import InstrumentMarket, Wake
from ruleengine.runtime.orders.orders import Orders
from ruleengine.runtime.plan.needs import reads_slot
from ruleengine.runtime.plan.plan import Plan
from ruleengine.runtime.plan.rules import AddingRule, Common, EntryRule, ExitRule, HedgeRule, Result
from ruleengine.runtime.rules.watch import Watch

NO_STRATEGY = Unknown(Reason.MISSING, "strategy", "the rule names none")
NO_POCKET = Unknown(Reason.MISSING, "pocket", "nothing names one")
NO_CONFIDENCE = Unknown(Reason.MISSING, "confidence", "nothing states it")
NO_LEVERAGE = Unknown(Reason.MISSING, "intent.leverage", "nothing names one")


HELD = frozenset(
    {codes.COOLDOWN, codes.MAX_OPEN, codes.UNDER_WAY, codes.ADDITION_OUT, codes.NO_STEP, codes.TOO_SOON, codes.DAY_USED}
)
"""Refusals that a fill, an order's end or a timer ends."""
RECHECK_NS = 1_000_000_000
"""How soon a timer tries again what was refused and whose trigger no price moves."""
PERIODS_MAX = 1_000
"""Periods of refusals that are remembered; the oldest is forgotten."""


@dataclass(slots=True)
class Proposal:
    """What a rule wants, before anything judged it. `wanted`: base units, None where only sizing rules give a size;
    `lots` instead, for reductions, whose size is settled already. `refusal`: it is refused by its own rule."""

    rule: Common
    kind: IntentKind
    priority: Priority
    instrument: str
    side: Side
    env: Env
    key: str
    wanted: float | None = None
    lots: int | None = None
    path: list[tuple[str, Decimal]] = field(default_factory=list)
    trigger: tuple[Block, Result] | None = None
    """The block that fired, with its result; made readable only where it is recorded."""
    trade_id: str = ""
    position_side: Side | None = None
    is_full_close: bool = False
    strategy: str = ""
    pocket: str = ""
    confidence: float | None = None
    leverage: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    signal_id: str = ""
    stage: str = ""
    reason: str = ""
    cooldown_ns: int = 0
    cooldown_key: str = ""
    id: str = ""
    is_past_guards: bool = False
    """An operator's own command: guards and caps have no say (FX-25), the order gate has."""
    findings: list[Finding] = field(default_factory=list)
    """What its base was judged by; `counted`: sizing rules that are in `wanted` already."""
    counted: frozenset[str] = frozenset()
    addition: Addition | None = None
    refusal: Refusal | None = None
    depends_on_price: bool = False
    """Its own refusal compares with something that prices move."""
    watch: Watch | None = None

    @property
    def is_held(self) -> bool:
        """Refused by its own rule until a fill, an order's end or a timer: no price can change that."""
        return self.refusal is not None and self.refusal.code in HELD and not self.depends_on_price

    @property
    def is_reduction(self) -> bool:
        return self.kind in ("exit", "hedge_reduce")

    @property
    def adds_to(self) -> Side | None:
        """The side of the position that it adds to; None where it does something else."""
        return self.side if self.kind in ("ladder", "pyramid") else None


class Desk:
    """Shared by everything that acts within one event."""

    def __init__(
        self,
        plan: Plan,
        specs: Mapping[str, Instrument],
        markets: Mapping[str, InstrumentMarket],
        holdings: Holdings,
        orders: Orders,
        wake: Wake,
        currency: str,
    ) -> None:
        self.plan, self.specs, self.markets = plan, specs, markets
        self.holdings, self.orders, self.wake, self.currency = holdings, orders, wake, currency
        self.grids = {name: Grid.of(spec) for name, spec in specs.items()}
        self.time = TimeFrame(s=[])
        self.account: AccountFrame = holdings.account
        self.cooldowns: dict[str, int] = {}
        """Until when, by rule and key; from the time of the order, so they survive restarts."""
        self._reads_sending = reads_slot(plan.read, "a", "last_order_at", "working_orders")
        self.periods: dict[str, str] = {}
        """The period of the refusal recorded last, by rule, key and code (`Refusal.period`)."""
        self.ts, self.seq = -NEVER, -1
        self.audit = Audit()
        self._blank = (MarketFrame(), PositionFrame(), TradeFrame(), IntentFrame(), SignalFrame())
        self._envs = {name: self._env(markets[name].frame, holdings.positions[name]) for name in specs}
        self.account_env = self._env(self._blank[0], self._blank[1])

    def _env(self, market: MarketFrame, position: PositionFrame) -> Env:
        env = Env()
        env.k, env.a, env.m, env.p = self.time, self.account, market, position
        env.t, env.i, env.g = self._blank[2], self._blank[3], self._blank[4]
        return env

    # --- environments ------------------------------------------------------------------------------------------------

    def env(self, instrument: str) -> Env:
        """The one of an instrument; shared, so it is never changed."""
        return self._envs[instrument]

    def env_with(
        self,
        instrument: str,
        *,
        trade: TradeFrame | None = None,
        signal: SignalFrame | None = None,
        intent: IntentFrame | None = None,
        side: Side | None = None,
    ) -> Env:
        """An environment of its own, on the instrument's frames. `side`: facts of the position are that side's."""
        shared, env = self._envs[instrument], Env()
        env.k, env.a, env.m, env.p = shared.k, shared.a, shared.m, shared.p
        env.t = trade or shared.t
        env.g = signal or shared.g
        env.i = intent or shared.i
        if side is not None:
            env.p = self.holdings.books.side(instrument, side).frame
        return env

    def account_env_with(self, intent: IntentFrame) -> Env:
        """The account's environment with an intent's words (a strategy, a pocket)."""
        env = self._env(self._blank[0], self._blank[1])
        env.i = intent
        return env

    def intent_frame(self, proposal: Proposal) -> IntentFrame:
        """What a rule may know of an intent: kind, side, and what one unit of it does to net, long and short."""
        sign = proposal.side.sign
        on = proposal.position_side if proposal.is_reduction else proposal.side
        change = -1.0 if proposal.is_reduction else 1.0
        return IntentFrame(
            intent=proposal.kind,
            side=proposal.side.value,
            size=0.0,
            strategy=proposal.strategy or NO_STRATEGY,
            pocket=proposal.pocket or NO_POCKET,
            reduce_only=proposal.is_reduction,
            confidence=NO_CONFIDENCE if proposal.confidence is None else proposal.confidence,
            leverage=NO_LEVERAGE if proposal.leverage is None else float(proposal.leverage),
            levered_rate=self._levered_rate(proposal),
            openings_out=self._openings_out(proposal),
            net_change=float(sign),
            long_change=change if on is Side.LONG else 0.0,
            short_change=change if on is Side.SHORT else 0.0,
        )

    def _openings_out(self, proposal: Proposal) -> int:
        wanted = (proposal.strategy, proposal.side)
        return sum(
            not record.reduces and not record.filled and (record.order.strategy, record.order.side) == wanted
            for record in self.orders.live()
        )

    def _levered_rate(self, proposal: Proposal) -> float:
        if proposal.leverage is None or proposal.is_reduction:
            return 0.0
        return float(max(1 / proposal.leverage - self.specs[proposal.instrument].margin_rate, Decimal(0)))

    def opening(self, instrument: str) -> Callable[[int], int]:
        """Says when the instrument's market is open next; of "" (the account) the first of all."""
        if instrument:
            return self.markets[instrument].opens_ns
        return lambda now: min(market.opens_ns(now) for market in self.markets.values())

    # --- cooldowns ---------------------------------------------------------------------------------------------------

    def cooling(self, rule: str, key: str) -> float | None:
        """Seconds for which the rule still waits after its last order on this key; None where it may act."""
        until = self.cooldowns.get(f"{rule}|{key}")
        if until is None:
            return None
        if self.ts >= until:
            del self.cooldowns[f"{rule}|{key}"]
            return None
        return (until - self.ts) / 1e9

    def cool(self, rule: str, key: str, length_ns: int) -> None:
        if length_ns > 0:
            self.cooldowns[f"{rule}|{key}"] = self.ts + length_ns
            self.wake.no_later_than(self.ts + length_ns)

    def look_after_sending(self) -> None:
        """What an order changes by being sent is looked at in the same instant, where a rule reads it: triggers were
        asked before, and in a market that died nothing else may come."""
        if self._reads_sending:
            self.cool("sent", "", 1)

    def cooldown(self, rule: EntryRule | AddingRule | HedgeRule | ExitRule, key: str) -> Refusal | None:
        """Its cooldown, as a refusal; None where it may act."""
        wait = self.cooling(rule.id, key)
        if wait is None:
            return None
        period = str(self.cooldowns[f"{rule.id}|{key}"])
        held = waited("time since its last order", rule.cooldown_ns / 1e9, wait, "cooldown")
        message = f"{wait:g} s of its cooldown are left"
        return Refusal(codes.COOLDOWN, rule.id, message, rule.place, period=period, comparison=held)

    # --- sending again -----------------------------------------------------------------------------------------------

    def send_again(self, proposal: Proposal, key: str) -> None:
        """Refuse what would be sent a second time at this instant, or too soon after a reduction ended short.

        `key`: what it reduces (`orders.exit_key`), or the instrument in which it opens. A trigger that no event of the
        market concerns is looked at again by a timer, and waits for that."""
        if proposal.refusal is not None:
            return
        rule, retries = proposal.rule, self.orders.retries
        name = f"send again {key}"
        is_still = proposal.watch is not None and not hears_market(proposal.watch)
        since, wait_ns, why = self.ts, 0, ""
        held: Comparison | None = None
        failure = retries.failure(rule.id, key) if proposal.is_reduction else None
        if retries.has_just_sent(rule.id, key, self.ts, proposal.stage):
            wait_ns, why = RECHECK_NS, "it has sent an order at this very instant"
            held = measured("time since its order", "gt", 0, 0, "duration", "0s")
        if failure is not None:
            since, until = failure
            quoted = self.markets[proposal.instrument].frame.quoted_at
            if self.ts < until:
                wait_ns, left_s = until - self.ts, (until - self.ts) / 1e9
                why = f"{left_s:g} s are left since its last order ended short"
                held = waited("time since its last order ended short", (until - since) / 1e9, left_s, "its wait")
            elif quoted.__class__ is Unknown or quoted <= since:
                wait_ns, why = until - since, "the market hasn't moved since its last order ended short"
                held = measured("quotes since its last order ended short", "ge", 0, 1, "count", "one")
        left = self.cooling(rule.id, name) if is_still else None
        if left is not None:
            held = held or measured("wait until it is tried again", "le", left, 0, "duration", "0s")
            why = why or f"{left:g} s are left until it is tried again"
        elif why:
            self.cool(rule.id, name, wait_ns)
        if why:
            proposal.refusal = Refusal(codes.SEND_AGAIN, rule.id, why, rule.place, period=str(since), comparison=held)

    def look_again(self, proposal: Proposal) -> None:
        """It was refused, and no event of the market would bring its trigger up again: a timer does. What refused it (a
        guard, a cap, a price that is not known yet) may read what the trigger doesn't."""
        if proposal.watch is not None and not hears_market(proposal.watch):
            self.cool(proposal.rule.id, f"look again {proposal.key}", RECHECK_NS)

    # --- the book ----------------------------------------------------------------------------------------------------

    def own_trades(self) -> list[TradeFrame]:
        """Open trades of the engine, oldest first; none while the account can't be read."""
        trades = self.account.trades
        return [] if trades.__class__ is Unknown else list(trades)

    def free_on_side(self, instrument: str, side: Side) -> int:
        """Lots of our own on a side that no reduction under way may take."""
        own = self.holdings.side_units(instrument, own=True)[0 if side is Side.LONG else 1]
        return int((own - self.orders.closing_units(instrument, side)) / self.grids[instrument].lot)

    def free_lots(self, trade: TradeFrame, venue_name: str) -> int:
        """Lots of a trade that no reduction under way may take; one on the whole side may take from any trade of it.
        `venue_name`: the trade's number where the venue closes by it."""
        name, side = trade.instrument, Side(trade.side)
        held = self.grids[name].down(trade.units)
        if not self.orders.closing_units(name, side):
            return held
        on_trade = self.orders.closing_units(name, side, venue_name)
        return min(held - int(on_trade / self.grids[name].lot), self.free_on_side(name, side))

    def open_count(self, instrument: str, strategy: str) -> int:
        """Open trades of a strategy in an instrument, with orders on their way that would open one."""
        return len(self._open(instrument, strategy))

    def open_period(self, instrument: str, strategy: str) -> str:
        """Names the time for which exactly these are open."""
        return " ".join(self._open(instrument, strategy))

    def _open(self, instrument: str, strategy: str) -> list[str]:
        trades = [
            f"{t.id}@{t.opened_at}" for t in self.own_trades() if t.strategy == strategy and t.instrument == instrument
        ]
        return trades + [
            record.order.id
            for record in self.orders.live()
            if not record.reduces and record.order.instrument == instrument and record.order.strategy == strategy
        ]

    def note(self, level: Any, code: str, message: str, key: str = "") -> None:
        self.audit.notes.append(Note(self.ts, self.seq, level, code, message, key))


def hears_market(watch: Watch) -> bool:
    """Does an event of the market bring the trigger up again?"""
    parts = [watch.part]
    if watch.posture is not None and watch.posture.use is not None:
        parts.append(watch.posture.use)
    return any(part.wide or (watch.instrument != "" and not part.is_still) for part in parts)


def bracket(value: Any, kind: str, side: Side, is_stop: bool, env: Env, spec: Instrument) -> Decimal | Unknown:
    """A stop or target as a price on the tick grid, toward the entry: from a price, or from a distance to the price at
    which the order would fill.

    Unknown where a price that it needs is."""
    if value.__class__ is Unknown:
        return value
    if kind == "price":
        price = decimal_of(value)
    else:
        entry = env.m.ask if side is Side.LONG else env.m.bid
        if entry.__class__ is Unknown:
            return entry
        distance = decimal_of(value) * (spec.pip if kind == "pips" else 1)
        price = decimal_of(entry) + distance * (side.sign * (-1 if is_stop else 1))
    return (stop_price if is_stop else target_price)(price, spec.tick_at(price), side)
