"""One rule's trigger on one key (a trade, an instrument, the account), and what its verdict was.

1. `Watch.ask(env)` gives its verdict on every event that could change it. Nearly always that is the one at which there
   is nothing to do (`calm`), and that is all; `Watch.run(env)` gives what else belongs to it where it is not.
2. `settle` follows the other cases: it records a change of verdict, keeps how long the trigger has been unknown, and
   says whether the rule wants to act, by its condition or by what it declares for unknown inputs.

An alert after the wait is said once per stretch of not knowing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ruleengine.facts.frames import Env, TradeFrame
from ruleengine.model.audit import Audit, Note, VerdictChange
from ruleengine.model.figure import when
from ruleengine.model.side import Side
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judging import verdicts
from ruleengine.runtime.plan.rules import Common, Part, Posture, Result

CONDITION = "condition"
FALLBACK = "fallback while inputs are unknown"
WAITED = "inputs unknown for longer than the policy waits"


class Watch:
    """`side`: of the position that it closes. `last`: True, False or the Unknown it was. `since_ns`: since when it is
    unknown and its market open (`opens`: when that is next), −1 while it is known. `standing`: by trade or instrument,
    the refusal recorded last that still stands, so that it isn't recorded on every event.

    `calm`: the verdict at which a price alone leads to nothing: False; or True while the rule is held back by what only
    a fill, an order's end or a timer can change. It only saves work, so it is no part of the state."""

    __slots__ = (
        "applies", "ask", "calm", "env", "has_alarmed", "instrument", "key", "last", "opens", "part", "posture",
        "restricts", "result", "rule", "run", "side", "since_ns", "stage", "standing", "trade", "when", "why",
    )  # fmt: skip

    def __init__(
        self,
        rule: Common,
        part: Part,
        env: Env,
        key: str,
        instrument: str,
        *,
        posture: Posture | None = None,
        trade: TradeFrame | None = None,
        side: Side | None = None,
        stage: int = 0,
        restricts: bool = False,
        opens: Callable[[int], int] = lambda ts: ts,
    ) -> None:
        self.rule, self.part, self.env, self.key, self.instrument = rule, part, env, key, instrument
        self.posture, self.trade, self.side, self.stage, self.restricts = posture, trade, side, stage, restricts
        assert part.verdict is not None, "what is watched has a `when`"
        self.ask, self.run = part.verdict, part.run
        self.when = part.at("when")
        self.applies = part.applies
        self.last: Any = False
        self.calm: Any = False
        self.since_ns = -1
        self.opens = opens
        self.has_alarmed = False
        self.standing: dict[str, str] = {}
        self.result: Result = ()
        self.why = CONDITION

    @property
    def name(self) -> str:
        """Its name in the state: block and key."""
        return f"{self.part.block.name}|{self.key}"

    def verdict(self, result: Result) -> Any:
        """False where the rule's own `applies_to.when` is false; unknown counts as applying."""
        return False if self.applies >= 0 and result[self.applies] is False else result[self.when]

    def unknown_until(self) -> int:
        """When the wait for unknown inputs is over; −1 where nothing waits."""
        if self.since_ns < 0 or self.posture is None or self.has_alarmed:
            return -1
        return self.since_ns + self.posture.wait_ns

    def look_anew(self) -> None:
        """The next event is to look, whatever it is: what held it back may be over."""
        self.calm = False if self.last is False else BUSY

    # --- state -------------------------------------------------------------------------------------------------------

    def is_plain(self) -> bool:
        """Nothing to keep: false, and nothing stands."""
        return self.last is False and not self.standing

    def state(self) -> dict[str, Any]:
        last = self.last
        if last.__class__ is Unknown:
            last = [last.reason.value, last.fact, last.detail]
        return {"last": last, "since": self.since_ns, "alarmed": self.has_alarmed, "standing": dict(self.standing)}

    def restore(self, state: dict[str, Any]) -> None:
        last = state["last"]
        self.last = last if isinstance(last, bool) else Unknown(Reason(last[0]), last[1], last[2])
        self.look_anew()
        self.since_ns, self.has_alarmed = state["since"], state["alarmed"]
        self.standing = dict(state["standing"])


BUSY = object()
"""No verdict: every event must look at the watch."""


def rest(watch: Watch, verdict: Any, *, is_held: bool) -> None:
    """Set `calm` after an event. `is_held`: nothing follows from this verdict until the book or time changes."""
    if verdict is False:
        watch.calm = False
        return
    has_fallback = verdict.__class__ is Unknown and watch.posture is not None and watch.posture.use is not None
    watch.calm = verdict if is_held and not has_fallback and watch.applies < 0 else BUSY


def settle(watch: Watch, result: Result, ts: int, seq: int, audit: Audit) -> bool:
    """Record what changed; True where the rule wants to act now (`watch.why` says by what)."""
    verdict = watch.verdict(result)
    last = watch.last
    if verdict is not last:
        is_unknown = verdict.__class__ is Unknown
        if not (is_unknown and last.__class__ is Unknown and verdict.same_as(last)):
            _record(watch, result, verdict, ts, seq, audit)
            watch.last = verdict
            if not is_unknown:
                watch.since_ns, watch.has_alarmed = -1, False
                watch.standing.clear()
            elif watch.since_ns < 0:
                _begin_wait(watch, verdict, ts, seq, audit)
    watch.result = result
    watch.why = CONDITION
    if verdict is True:
        return True
    return verdict is not False and _acts_unknown(watch, ts, seq, audit)


def _record(watch: Watch, result: Result, verdict: Any, ts: int, seq: int, audit: Audit) -> None:
    audit.changes.append(
        VerdictChange(
            ts=ts,
            seq=seq,
            rule=watch.rule.id,
            block=watch.part.block.name,
            key=watch.key,
            before=verdicts.truth(watch.last),
            now=verdicts.truth(verdict),
            unknown=str(verdict) if verdict.__class__ is Unknown else "",
            values=verdicts.values(watch.part.block, result),
            place=str(watch.part.block.place),
        )
    )


def follow_unknown_size(watch: Watch, unknown: str, ts: int, seq: int, audit: Audit, then: str = "alert") -> bool:
    """The trigger holds, and `unknown` says why side, size or `require` of what it wants can't be had ("": they can).
    That is waited for, and told, as a trigger that is unknown itself. `then`: what follows; True where the wait for it
    is over."""
    if watch.posture is None or watch.why != CONDITION:
        return False
    if not unknown:
        watch.since_ns, watch.has_alarmed = -1, False
        return False
    if watch.since_ns < 0:
        _begin_wait(watch, unknown, ts, seq, audit, then=then)
    if ts - watch.since_ns < watch.posture.wait_ns:
        return False
    if not watch.has_alarmed:
        _alarm(watch, unknown, ts, seq, audit, then=then)
    return True


def _begin_wait(watch: Watch, verdict: Unknown | str, ts: int, seq: int, audit: Audit, *, then: str = "") -> None:
    """What takes risk off is never skipped silently: its not knowing shows at once (FX-23). It is waited for from when
    the market is open: before that nobody can know, and nothing can be closed."""
    watch.since_ns, watch.has_alarmed = watch.opens(ts), False
    if watch.posture is not None:
        wait = watch.posture.wait_ns / 1e9
        opening = "" if watch.since_ns == ts else f" from {when(watch.since_ns)} on"
        message = f"{watch.rule.id}: {verdict}; waiting {wait:g} s{opening}, then {then or watch.posture.then}"
        audit.notes.append(Note(ts, seq, "warning", codes.WAIT_BEGAN, message, watch.key))


def _acts_unknown(watch: Watch, ts: int, seq: int, audit: Audit) -> bool:
    """Inputs are unknown: the fallback condition decides at once, where there is one that is known; otherwise the rule
    acts when the wait is over and `then` says so. The end of the wait is an alert in any case."""
    posture = watch.posture
    if posture is None:
        return False
    fallback: Any = None
    if posture.use is not None:
        fallback = posture.use.run(watch.env)[posture.use.at("use")]
        if fallback is True:
            watch.why = FALLBACK
            return True
    if ts - watch.since_ns < posture.wait_ns:
        return False
    if not watch.has_alarmed:
        _alarm(watch, watch.last, ts, seq, audit, then=posture.then)
    watch.why = WAITED
    return posture.then == "close" and fallback is not False


def _alarm(watch: Watch, unknown: Unknown | str, ts: int, seq: int, audit: Audit, *, then: str) -> None:
    watch.has_alarmed = True
    message = f"{watch.rule.id}: {unknown} for {(ts - watch.since_ns) / 1e9:g} s; {then}"
    audit.notes.append(Note(ts, seq, "alert", codes.WAIT_OVER, message, watch.key))
