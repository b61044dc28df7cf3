"""Protections: a condition trips, and what adds risk in its scope is refused until it is over.

1. `follow`    a trigger changed, or holds: it trips, at once and with an alert; what it closes is proposed until it is
               closed; or its `until` holds, and it is over
2. `refusal`   an intent that opens: every protection that concerns it is judged as of now, on or not
3. `turn`      time: what is over by time or with the account's day
4. `rearm`     a human ends one, by name and with a reason

One that is over while its condition still holds trips again only with something new: once the condition has been false
in between, a trade of its scope has ended since, or the account's day has turned that the condition is about. A trade
that ends so while it is on begins its time anew. All of it is kept over restarts; what it closes goes the way of exits,
so that a stage is done by what filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import gate as faults
from ruleengine.market.interval import Timeframe
from ruleengine.market.phase import NEVER
from ruleengine.model.audit import Note
from ruleengine.model.comparison import Comparison
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import safety_codes as codes
from ruleengine.runtime import verdicts
from ruleengine.runtime.desk import RECHECK_NS, Desk, Proposal
from ruleengine.runtime.exits import Exits
from ruleengine.runtime.judge import Judgement, Refusal, not_known
from ruleengine.runtime.needs import reads_facts
from ruleengine.runtime.orders import note
from ruleengine.runtime.rules import Result
from ruleengine.runtime.safety_rules import ProtectionRule
from ruleengine.runtime.scopes import Scoped, concerns, scopes
from ruleengine.runtime.verdicts import measured
from ruleengine.runtime.watch import Watch, rest, settle

_HERE = Span.of_file("protections")
_PENDING = object()
"""No verdict: something is still to be closed, whatever the condition says."""
_OF_DAY = (("a", "day_start_equity"), ("a", "day_peak_equity"))
_UNTIL = 1
"""The stage of the watch that looks for the end."""


def _quiet(_env: Any) -> bool:
    return False


def _pending(_env: Any) -> Any:
    return _PENDING


@dataclass(slots=True)
class Trip:
    """`since_ns`: −1 while it is off. `until_ns`: `NEVER` where no time ends it. `spent`: the condition has held since
    it tripped by it, without a break; before `day_ns`, for with the account's day a condition on the day is another
    one. `ended`: how many trades had ended then. `closing`: what is still to be closed,
    with the time of its opening. `held`: the comparison by which it tripped.

    `number`: how often it went on, for each time closes anew. `tripped_ns`: when it tripped last; `ends`: how it was to
    end then. `out`: orders that open and were out then; what they fill is closed as well.

    `accepted`: the fact of which a human said that it need not be known; `accepted_at`: how many trades had ended then.
    It is asked for again once the condition can be told, or another trade of the scope has ended."""

    since_ns: int = -1
    until_ns: int = NEVER
    spent: bool = False
    day_ns: int = NEVER
    ended: int = 0
    closing: dict[str, int] = field(default_factory=dict)
    held: Comparison | None = None
    number: int = 0
    tripped_ns: int = -1
    ends: str = ""
    out: list[str] = field(default_factory=list)
    accepted: str = ""
    accepted_at: int = 0

    @property
    def is_on(self) -> bool:
        return self.since_ns >= 0

    def is_plain(self) -> bool:
        return not (self.is_on or self.spent or self.closing or self.number or self.accepted)

    def state(self) -> dict[str, Any]:
        row = {name: getattr(self, name) for name in self.__slots__}
        lists = {"closing": dict(self.closing), "out": list(self.out)}
        return {**row, **lists, "held": None if self.held is None else asdict(self.held)}

    @classmethod
    def from_state(cls, row: Mapping[str, Any]) -> Trip:
        held = row["held"]
        lists = {"closing": dict(row["closing"]), "out": list(row.get("out", ()))}
        return cls(**{**row, **lists, "held": None if held is None else Comparison(**held)})


@dataclass(slots=True, eq=False)
class _Guarded:
    """One protection in one scope, with its watches."""

    rule: ProtectionRule
    scope: Scoped
    watch: Watch
    until: Watch | None
    is_of_day: bool
    """Its condition is one on the account's day, so that each day's is another."""
    trip: Trip = field(default_factory=Trip)

    @property
    def name(self) -> str:
        return _name(self.rule.id, self.scope.key)


def _name(rule: str, key: str) -> str:
    return f"{rule}/{key}"


class Protections:
    """All protections of a plan. `watches` are looked at like those of any rule, before all others."""

    def __init__(self, desk: Desk, exits: Exits, day: Timeframe) -> None:
        self._desk, self._exits, self._day = desk, exits, day
        self._all = [
            self._guarded(desk, rule, scope)
            for rule in desk.plan.protections
            for scope in scopes(desk, rule.for_each, rule.words)
        ]
        self._of = {each.name: each for each in self._all}
        self._due = NEVER
        desk.account.protections_on = 0
        self.watches = [watch for each in self._all for watch in (each.watch, each.until) if watch is not None]

    @staticmethod
    def _guarded(desk: Desk, rule: ProtectionRule, scope: Scoped) -> _Guarded:
        watch = Watch(rule, rule.trip, scope.env, scope.key, scope.instrument)
        until = None
        if rule.until is not None:
            until = Watch(rule, rule.until, scope.env, scope.key, scope.instrument, stage=_UNTIL)
            until.ask = _quiet
        is_of_day = reads_facts(desk.plan.graph, rule.trip.block, *_OF_DAY)
        return _Guarded(rule, scope, watch, until, is_of_day)

    # --- its triggers ------------------------------------------------------------------------------------------------

    def follow(self, watch: Watch, result: Result) -> list[Proposal]:
        """A trigger that is not at rest; what is to be closed."""
        each, desk = self._of[_name(watch.rule.id, watch.key)], self._desk
        if watch.stage == _UNTIL:
            if not each.trip.is_on:
                return []
            settle(watch, result, desk.ts, desk.seq, desk.audit)
            rest(watch, watch.verdict(result), is_held=True)
            if watch.last is True:
                self._over(each, "its `until` holds")
            return []
        self._judge(each, result)
        proposals = self._closings(each)
        self._set_ask(each)
        rest(watch, watch.verdict(result), is_held=not (each.trip.closing or each.is_of_day))
        return proposals

    def _judge(self, each: _Guarded, result: Result) -> None:
        """Trip, trip again, or note that it can't be told."""
        desk, watch, trip = self._desk, each.watch, each.trip
        settle(watch, result, desk.ts, desk.seq, desk.audit)
        verdict = watch.last
        if trip.accepted and (verdict.__class__ is not Unknown or self._has_ended(each, trip.accepted_at)):
            trip.accepted = ""
        if verdict is False or desk.ts >= trip.day_ns:
            trip.spent, trip.day_ns = False, NEVER
        if verdict is False:
            return
        if verdict is True:
            if not trip.spent or self._has_news(each):
                self._trip(each, result)
        elif not watch.has_alarmed:
            watch.has_alarmed = True
            self._say(each, "warning" if each.rule.refuses_unknown else "alert", codes.UNSURE, str(verdict))

    def _has_news(self, each: _Guarded) -> bool:
        """Has a trade of its scope ended since it tripped?"""
        since, each.trip.ended = each.trip.ended, self._desk.holdings.closed.number
        return self._has_ended(each, since)

    def _has_ended(self, each: _Guarded, since: int) -> bool:
        """Has a trade of its scope ended since so many had?"""
        rule, newest = each.rule, self._desk.holdings.closed.heard_since(since)
        return any(concerns(rule.for_each, each.scope.key, rule.words, frame) for frame in newest)

    def _trip(self, each: _Guarded, result: Result) -> None:
        desk, rule, trip = self._desk, each.rule, each.trip
        again = trip.is_on
        trip.since_ns, trip.tripped_ns = trip.since_ns if again else desk.ts, desk.ts
        trip.number += not again
        self._count()
        trip.spent, trip.ended = True, desk.holdings.closed.number
        trip.day_ns = self._day.bucket(desk.ts)[1] if each.is_of_day else NEVER
        trip.until_ns, trip.ends = self._until(rule, desk.ts), _end_of(rule)
        trip.held = self._deciding(each, result)
        if rule.closer is not None:
            concerned = [t for t in desk.own_trades() if concerns(rule.for_each, each.scope.key, rule.words, t)]
            trip.closing = {str(trade.id): trade.opened_at for trade in concerned}
            opening = [record.order for record in desk.orders.live() if not record.reduces]
            key = each.scope.key
            out = [order.id for order in opening if concerns(rule.for_each, key, rule.words, order)]
            trip.out = list(dict.fromkeys([*trip.out, *out]))
        if each.until is not None:
            each.until.ask, each.until.last, each.until.calm = each.until.part.verdict or _quiet, False, False
        self._set_ask(each)
        self._rest_until(each, trip.until_ns)
        held = "" if trip.held is None else f"{verdicts.told(trip.held)}; "
        what = "tripped again" if again else "tripped"
        level = "alert" if rule.enforcement != "shadow" else "info"
        self._say(each, level, codes.TRIPPED, f"{what}: {held}stops {', '.join(sorted(rule.stops))} {_ends(each)}")

    def _until(self, rule: ProtectionRule, since_ns: int) -> int:
        """When one that tripped then is over by time."""
        return {"time": since_ns + rule.lasts_ns, "day": self._day.bucket(since_ns)[1]}.get(rule.ends, NEVER)

    def _deciding(self, each: _Guarded, result: Result) -> Comparison | None:
        """The comparison by which it holds; that tells most where there are several."""
        block = each.rule.trip.block
        compared = verdicts.held(block, "when", verdicts.comparisons(block, result, self._desk.currency))
        return next((one for one in compared if one.decides), compared[0] if compared else None)

    def _rest_until(self, each: _Guarded, until_ns: int) -> None:
        """A timer comes when it is over."""
        self._due = min(self._due, until_ns)
        desk = self._desk
        if until_ns < NEVER:
            desk.cool("protections", each.name, until_ns - desk.ts)
        if each.trip.closing:
            desk.cool("protections", f"close {each.name}", RECHECK_NS)

    @staticmethod
    def _set_ask(each: _Guarded) -> None:
        """While something is still to be closed every event looks, whatever the condition says by now."""
        verdict = each.watch.part.verdict
        assert verdict is not None
        each.watch.ask = _pending if each.trip.closing else verdict

    # --- what it closes ----------------------------------------------------------------------------------------------

    def _closings(self, each: _Guarded) -> list[Proposal]:
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

    def join(self) -> None:
        """The book has changed: what orders filled that were out at a trip is closed like what was open then."""
        for each in self._all:
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
                self._set_ask(each)
                self._desk.cool("protections", f"close {each.name}", RECHECK_NS)

    # --- what it refuses ---------------------------------------------------------------------------------------------

    def judge(self, proposal: Proposal, found: Judgement) -> None:
        """Refuse an intent that opens, where a protection that concerns it is on or can't be told."""
        if not self._all or proposal.is_reduction:
            return
        self.turn()
        for each in self._all:
            rule = each.rule
            if proposal.kind not in rule.stops:
                continue
            if not concerns(rule.for_each, each.scope.key, rule.words, proposal):
                continue
            refusal = self._refusal(each)
            if refusal is None or rule.enforcement == "shadow":
                continue
            if rule.enforcement == "warn":
                found.warned.append(refusal)
            elif found.refusal is None:
                found.refusal = refusal

    def _refusal(self, each: _Guarded) -> Refusal | None:
        rule, trip, watch = each.rule, each.trip, each.watch
        if trip.is_on and each.until is not None and each.until.run(each.scope.env)[each.until.when] is True:
            self._over(each, "its `until` holds")
        if not trip.is_on:
            self._judge(each, watch.run(each.scope.env))
        if trip.is_on:
            when = "" if trip.held is None else f"{verdicts.told(trip.held)}, "
            message = f"{each.name} is on: {when}since {_time(trip.since_ns)} {_ends(each)}"
            held = trip.held or measured("protection", "eq", "tripped", "armed", "", "armed")
            return Refusal(codes.PROTECTED, rule.id, message, rule.place, comparison=held, section=rule.section)
        verdict = watch.last
        if verdict.__class__ is Unknown and rule.refuses_unknown and verdict.fact != trip.accepted:
            refusal = not_known(codes.UNSURE, rule, verdict, each.name)
            refusal.section = rule.section
            return refusal
        return None

    # --- its end -----------------------------------------------------------------------------------------------------

    def turn(self) -> None:
        """What is over by time is over."""
        now = self._desk.ts
        if now < self._due:
            return
        for each in self._all:
            if each.trip.is_on and each.trip.until_ns <= now:
                self._over(each, "its time is over")
        self._due = min((each.trip.until_ns for each in self._all if each.trip.is_on), default=NEVER)

    def _over(self, each: _Guarded, why: str) -> None:
        self._end(each)
        self._say(each, "info", codes.OVER, f"over: {why}")

    def _count(self) -> None:
        self._desk.account.protections_on = sum(each.trip.is_on for each in self._all)

    def _end(self, each: _Guarded) -> None:
        each.trip.since_ns, each.trip.until_ns = -1, NEVER
        each.trip.held, each.trip.out = None, []
        self._count()
        if each.until is not None:
            each.until.ask, each.until.last, each.until.calm = _quiet, False, False

    def names(self, target: str) -> bool:
        """Is it a protection, or one of its scopes (`losses/M1Scalper`)?"""
        return any(target in (each.rule.id, each.name) for each in self._all)

    def rearm(self, target: str, by: str, reason: str, ts: int, seq: int) -> list[Note]:
        """A human ends what is on, or says of what can't be told that it need not be known; nobody's and nothing's
        reason is none."""
        if not (by and reason):
            return [note(faults.needs_reason(_HERE, "rearm", target), ts, seq, target)]
        notes = []
        for each in self._all:
            if target not in (each.rule.id, each.name):
                continue
            verdict = each.watch.verdict(each.watch.run(each.scope.env))
            if each.trip.is_on:
                self._end(each)
                message = f"{each.name} over: re-armed by {by}: {reason}"
            elif verdict.__class__ is Unknown and each.rule.refuses_unknown:
                each.trip.accepted, each.trip.accepted_at = verdict.fact, self._desk.holdings.closed.number
                message = f"{each.name} does without {verdict.fact}, accepted by {by}: {reason}"
            else:
                continue
            notes.append(Note(ts, seq, "info", codes.OVER, message, each.scope.key))
        message = f"rearm of `{target}` by {by}: it is not on, and can be told"
        return notes or [Note(ts, seq, "warning", codes.OVER, message, target)]

    # --- record and state --------------------------------------------------------------------------------------------

    def _say(self, each: _Guarded, level: Any, code: str, message: str) -> None:
        self._desk.note(level, code, f"{each.name} {message}", each.scope.key)

    def state(self) -> dict[str, Any]:
        """By name of protection and scope, so that a policy that changed elsewhere takes them over."""
        return {each.name: each.trip.state() for each in self._all if not each.trip.is_plain()}

    def restore(self, state: Mapping[str, Any]) -> list[str]:
        """Continue from `state`; what to tell of it: what was on or still closing and isn't under this policy, and what
        ends otherwise."""
        said: list[str] = []
        for each in self._all:
            row = state.get(each.name)
            if row is None:
                continue
            each.trip = Trip.from_state(row)
            if each.rule.closer is None and each.trip.closing:
                said.append(_closes_no_more(each.name, each.trip.closing))
                each.trip.closing, each.trip.out = {}, []
            self._set_ask(each)
            if each.trip.is_on:
                said += self._end_by_now(each)
                self._due = min(self._due, each.trip.until_ns)
                if each.until is not None:
                    each.until.ask = each.until.part.verdict or _quiet
        self._count()
        known = {each.name for each in self._all}
        for name, row in state.items():
            if name not in known and row["since_ns"] >= 0:
                said.append(f"protection `{name}` was on, and the policy has it no more: it stops nothing from here on")
            if name not in known and row["closing"]:
                said.append(_closes_no_more(name, row["closing"]))
        return said

    def _end_by_now(self, each: _Guarded) -> list[str]:
        """It is over as this policy says, counted from its trip."""
        trip, rule = each.trip, each.rule
        by_time = rule.ends in ("time", "day")
        if trip.ends == _end_of(rule) or (not trip.ends and by_time == (trip.until_ns < NEVER)):
            return []
        since_ns = trip.tripped_ns if trip.tripped_ns >= 0 else trip.since_ns
        trip.until_ns, trip.ends = self._until(rule, since_ns), _end_of(rule)
        return [f"protection `{each.name}` is on, and the policy ends it otherwise than when it tripped: {_ends(each)}"]


def _end_of(rule: ProtectionRule) -> str:
    """How the rule ends, as far as it can change under one that is on."""
    return f"time {rule.lasts_ns}" if rule.ends == "time" else rule.ends


def _closes_no_more(name: str, closing: Mapping[str, int]) -> str:
    """
    >>> _closes_no_more("loss/account", {"1": 0, "7": 0})
    'protection `loss/account` was still to close 1, 7, and the policy says so no more: they stay open'
    """
    return (
        f"protection `{name}` was still to close {', '.join(closing)}, and the policy says so no more: they stay open"
    )


def _ends(each: _Guarded) -> str:
    rule, until = each.rule, each.trip.until_ns
    match rule.ends:
        case "human":
            return "until a human re-arms it"
        case "condition":
            return "until its `until` holds"
    return f"until {_time(until)}"


def _time(ts: int) -> str:
    """An instant to the second, as people write it: rounded up, so that it is over then.

    >>> _time(1_700_000_040_000_000_000), _time(1_700_000_040_000_000_001)
    ('2023-11-14T22:14:00Z', '2023-11-14T22:14:01Z')
    """
    return f"{datetime.fromtimestamp(-(-ts // 1_000_000_000), UTC):%Y-%m-%dT%H:%M:%SZ}"
