"""Protections: a condition trips, and what adds risk in its scope is refused until it is over.

1. `follow`    a trigger changed, or holds: it trips, at once and with an alert; what it closes is proposed until it is
               closed (`trip_closing.py`); or its `until` holds, and it is over
2. `judge`     an intent that opens: every protection that concerns it is judged as of now, on or not
3. `turn`      time: what is over by time or with the account's day
4. `rearm`     a human ends one, by name and with a reason

One that is over while its condition still holds trips again only with something new: once the condition has been false
in between, a trade of its scope has ended since, or the account's day has turned that the condition is about. A trade
that ends so while it is on begins its time anew. All of it is kept over restarts (`trip.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import gate as faults
from ruleengine.market.interval import Timeframe
from ruleengine.market.phase import NEVER
from ruleengine.model.audit import Note
from ruleengine.model.comparison import Comparison
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import safety_codes as codes
from ruleengine.runtime.judging import verdicts
from ruleengine.runtime.judging.judge import Judgement, Refusal, not_known
from ruleengine.runtime.judging.verdicts import measured
from ruleengine.runtime.notes import note
from ruleengine.runtime.plan.needs import reads_facts
from ruleengine.runtime.plan.rules import Result
from ruleengine.runtime.plan.safety_rules import ProtectionRule
from ruleengine.runtime.rules.desk import Desk, Proposal
from ruleengine.runtime.rules.exits import Exits
from ruleengine.runtime.rules.scopes import Scoped, concerns, scopes
from ruleengine.runtime.rules.trip import Guarded, Trip, closes_no_more, end_of, end_words, instant, name_of, quiet
from ruleengine.runtime.rules.trip_closing import TripClosing
from ruleengine.runtime.rules.watch import Watch, rest, settle

_HERE = Span.of_file("protections")
_OF_DAY = (("a", "day_start_equity"), ("a", "day_peak_equity"))
_UNTIL = 1
"""The stage of the watch that looks for the end."""


class Protections:
    """All protections of a plan. `watches` are looked at like those of any rule, before all others."""

    def __init__(self, desk: Desk, exits: Exits, day: Timeframe) -> None:
        self._desk, self._day, self._closing = desk, day, TripClosing(desk, exits)
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
    def _guarded(desk: Desk, rule: ProtectionRule, scope: Scoped) -> Guarded:
        watch = Watch(rule, rule.trip, scope.env, scope.key, scope.instrument)
        until = None
        if rule.until is not None:
            until = Watch(rule, rule.until, scope.env, scope.key, scope.instrument, stage=_UNTIL)
            until.ask = quiet
        is_of_day = reads_facts(desk.plan.graph, rule.trip.block, *_OF_DAY)
        return Guarded(rule, scope, watch, until, is_of_day)

    # --- its triggers ------------------------------------------------------------------------------------------------

    def follow(self, watch: Watch, result: Result) -> list[Proposal]:
        """A trigger that is not at rest; what is to be closed."""
        each, desk = self._of[name_of(watch.rule.id, watch.key)], self._desk
        if watch.stage == _UNTIL:
            if not each.trip.is_on:
                return []
            settle(watch, result, desk.ts, desk.seq, desk.audit)
            rest(watch, watch.verdict(result), is_held=True)
            if watch.last is True:
                self._over(each, "its `until` holds")
            return []
        self._judge(each, result)
        proposals = self._closing.proposals(each)
        self._closing.set_ask(each)
        rest(watch, watch.verdict(result), is_held=not (each.trip.closing or each.is_of_day))
        return proposals

    def join(self) -> None:
        """The book has changed: what orders filled that were out at a trip is closed like what was open then."""
        self._closing.join(self._all)

    def _judge(self, each: Guarded, result: Result) -> None:
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

    def _has_news(self, each: Guarded) -> bool:
        """Has a trade of its scope ended since it tripped?"""
        since, each.trip.ended = each.trip.ended, self._desk.holdings.closed.number
        return self._has_ended(each, since)

    def _has_ended(self, each: Guarded, since: int) -> bool:
        """Has a trade of its scope ended since so many had?"""
        rule, newest = each.rule, self._desk.holdings.closed.heard_since(since)
        return any(concerns(rule.for_each, each.scope.key, rule.words, frame) for frame in newest)

    def _trip(self, each: Guarded, result: Result) -> None:
        desk, rule, trip = self._desk, each.rule, each.trip
        again = trip.is_on
        trip.since_ns, trip.tripped_ns = trip.since_ns if again else desk.ts, desk.ts
        trip.number += not again
        self._count()
        trip.spent, trip.ended = True, desk.holdings.closed.number
        trip.day_ns = self._day.bucket(desk.ts)[1] if each.is_of_day else NEVER
        trip.until_ns, trip.ends = self._until(rule, desk.ts), end_of(rule)
        trip.held = self._deciding(each, result)
        self._closing.begin(each)
        if each.until is not None:
            each.until.ask, each.until.last, each.until.calm = each.until.part.verdict or quiet, False, False
        self._closing.set_ask(each)
        self._rest_until(each, trip.until_ns)
        held = "" if trip.held is None else f"{verdicts.told(trip.held)}; "
        what = "tripped again" if again else "tripped"
        level = "alert" if rule.enforcement != "shadow" else "info"
        self._say(each, level, codes.TRIPPED, f"{what}: {held}stops {', '.join(sorted(rule.stops))} {end_words(each)}")

    def _until(self, rule: ProtectionRule, since_ns: int) -> int:
        """When one that tripped then is over by time."""
        return {"time": since_ns + rule.lasts_ns, "day": self._day.bucket(since_ns)[1]}.get(rule.ends, NEVER)

    def _deciding(self, each: Guarded, result: Result) -> Comparison | None:
        """The comparison by which it holds; that tells most where there are several."""
        block = each.rule.trip.block
        compared = verdicts.held(block, "when", verdicts.comparisons(block, result, self._desk.currency))
        return next((one for one in compared if one.decides), compared[0] if compared else None)

    def _rest_until(self, each: Guarded, until_ns: int) -> None:
        """A timer comes when it is over."""
        self._due = min(self._due, until_ns)
        desk = self._desk
        if until_ns < NEVER:
            desk.cool("protections", each.name, until_ns - desk.ts)
        if each.trip.closing:
            self._closing.come_again(each)

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

    def _refusal(self, each: Guarded) -> Refusal | None:
        rule, trip, watch = each.rule, each.trip, each.watch
        if trip.is_on and each.until is not None and each.until.run(each.scope.env)[each.until.when] is True:
            self._over(each, "its `until` holds")
        if not trip.is_on:
            self._judge(each, watch.run(each.scope.env))
        if trip.is_on:
            when = "" if trip.held is None else f"{verdicts.told(trip.held)}, "
            message = f"{each.name} is on: {when}since {instant(trip.since_ns)} {end_words(each)}"
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

    def _over(self, each: Guarded, why: str) -> None:
        self._end(each)
        self._say(each, "info", codes.OVER, f"over: {why}")

    def _count(self) -> None:
        self._desk.account.protections_on = sum(each.trip.is_on for each in self._all)

    def _end(self, each: Guarded) -> None:
        each.trip.since_ns, each.trip.until_ns = -1, NEVER
        each.trip.held, each.trip.out = None, []
        self._count()
        if each.until is not None:
            each.until.ask, each.until.last, each.until.calm = quiet, False, False

    @property
    def on(self) -> list[str]:
        """What is on, each with its scope."""
        return [each.name for each in self._all if each.trip.is_on]

    @property
    def rearmable(self) -> list[str]:
        """Every name that `rearm` takes: protections, and each of their scopes."""
        return list(dict.fromkeys(name for each in self._all for name in (each.rule.id, each.name)))

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

    def _say(self, each: Guarded, level: Any, code: str, message: str) -> None:
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
                said.append(closes_no_more(each.name, each.trip.closing))
                each.trip.closing, each.trip.out = {}, []
            self._closing.set_ask(each)
            if each.trip.is_on:
                said += self._end_by_now(each)
                self._due = min(self._due, each.trip.until_ns)
                if each.until is not None:
                    each.until.ask = each.until.part.verdict or quiet
        self._count()
        known = {each.name for each in self._all}
        for name, row in state.items():
            if name not in known and row["since_ns"] >= 0:
                said.append(f"protection `{name}` was on, and the policy has it no more: it stops nothing from here on")
            if name not in known and row["closing"]:
                said.append(closes_no_more(name, row["closing"]))
        return said

    def _end_by_now(self, each: Guarded) -> list[str]:
        """It is over as this policy says, counted from its trip."""
        trip, rule = each.trip, each.rule
        by_time = rule.ends in ("time", "day")
        if trip.ends == end_of(rule) or (not trip.ends and by_time == (trip.until_ns < NEVER)):
            return []
        since_ns = trip.tripped_ns if trip.tripped_ns >= 0 else trip.since_ns
        trip.until_ns, trip.ends = self._until(rule, since_ns), end_of(rule)
        return [
            f"protection `{each.name}` is on, and the policy ends it otherwise than when it tripped: {end_words(each)}"
        ]
