"""One intent, judged: guards, sizing, caps. Every rule that concerns it is evaluated and recorded, whichever way it
goes.

1. `guards`: all of them; any refusal of an enforced one refuses, unknown as well. Intents that only reduce meet the
   guards that name their kind (FX-25).
2. `sized`: the smallest of all sizes × all scales, down to the lot grid.
3. `capped`: each cap is solved for the largest size at which it holds; the smallest counts and is tried on all again.

Rules in `shadow` and `warn` are evaluated and recorded in the same way and change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

from ruleengine.facts.frames import Env
from ruleengine.model.audit import Outcome, Verdict
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.model.number import decimal_of
from ruleengine.model.unknown import Unknown
from ruleengine.runtime import codes
from ruleengine.runtime.judging import verdicts
from ruleengine.runtime.judging.sizing import Grid, Holds, largest
from ruleengine.runtime.plan.plan import Plan
from ruleengine.runtime.plan.rules import CapRule, Common, GuardRule, Part, Result, SizingRule


@dataclass(slots=True)
class Finding:
    """One rule on one intent, not yet made readable. `size`: allowed or given units."""

    rule: Common
    part: Part
    result: Result
    outcome: Outcome
    code: str = ""
    size: Decimal | None = None

    def verdict(self, currency: str) -> Verdict:
        return Verdict(
            rule=self.rule.id,
            section=self.rule.section,
            outcome=self.outcome,
            enforcement=self.rule.enforcement,
            comparisons=self._comparisons(currency),
            place=self.rule.place,
            code=self.code,
            unknowns=verdicts.unknowns(self.result),
            size=self.size,
        )

    def _comparisons(self, currency: str) -> list[Comparison]:
        found = verdicts.comparisons(self.part.block, self.result, currency)
        return verdicts.held(self.part.block, "when", found) if self.code == codes.RESTRICTED else found

    def message(self, currency: str) -> str:
        """What stands in the way, with its values; or what is unknown."""
        if self.outcome is Outcome.UNKNOWN:
            return "; ".join(verdicts.unknowns(self.result)) or "unknown"
        return self.failing(currency) or "doesn't hold"

    def failing(self, currency: str) -> str:
        """What the rule's condition failed by: of an `and` what is false, of an `or` the nearest; "" where it holds."""
        compared = verdicts.comparisons(self.part.block, self.result, currency)
        turns = [each for each in verdicts.turned(self.part.block, self.result, compared) if not each.unknown]
        return "; ".join(verdicts.told_of(each, compared) for each in turns)


@dataclass(slots=True)
class Refusal:
    """Why an intent goes no further. `message` "": what `finding` says. `period`: names how long it will last; within
    one it is recorded once, however often the trigger comes and goes.

    `comparison`: what was measured, the limit and the distance, where no rule's finding says so (OPS-03); `unknown`:
    what could not be had. `section` "": that of the rule that wants the intent."""

    code: str
    rule: str
    message: str
    place: str = ""
    finding: Finding | None = None
    period: str = ""
    comparison: Comparison | None = None
    unknown: str = ""
    section: str = ""

    def said(self, currency: str) -> str:
        return self.message or ("" if self.finding is None else self.finding.message(currency))

    def verdict(self, section: str) -> Verdict | None:
        """The refusal as a check like any other; None where a rule's finding is that check already."""
        if self.comparison is None and not self.unknown:
            return None
        return Verdict(
            rule=self.rule,
            section=self.section or section,
            outcome=Outcome.UNKNOWN if self.unknown else Outcome.REFUSE,
            enforcement="enforce",
            comparisons=[] if self.comparison is None else [self.comparison],
            place=self.place,
            code=self.code,
            unknowns=[self.unknown] if self.unknown else [],
        )


def not_known(code: str, rule: Common, value: object, what: str = "") -> Refusal:
    """A refusal of a rule because it can't be told what it needs. `value`: the unknown; `what`: what it stands for."""
    return Refusal(code, rule.id, f"{what}: {value}" if what else str(value), rule.place, unknown=str(value))


@dataclass(frozen=True, slots=True)
class Shrink:
    """A rule made the size smaller: whole lots before and after it; `before` is infinite where the rule gave it."""

    rule: Common
    before: float
    after: int
    finding: Finding | None = None


@dataclass(slots=True)
class Judgement:
    """What was found so far. `lots`: the size that is left. `warned`: rules that would have refused but only warn.
    `gate`: what the order gate said, where a rule is to blame for it (`blame`)."""

    lots: int
    findings: list[Finding] = field(default_factory=list)
    path: list[tuple[str, Decimal]] = field(default_factory=list)
    refusal: Refusal | None = None
    warned: list[Refusal] = field(default_factory=list)
    shrinks: list[Shrink] = field(default_factory=list)
    gate: Refusal | None = None

    def blame(self, minimum: float | Decimal) -> Shrink | None:
        """The first rule that took the size below a minimum, in lots; None where less was wanted from the start."""
        return next((each for each in self.shrinks if each.after < minimum <= each.before), None)

    def refuse(self, finding: Finding) -> None:
        """Count a refusal by what its rule may do; the first enforced one is the blocker."""
        rule = finding.rule
        refusal = Refusal(finding.code, rule.id, "", rule.place, finding)
        if rule.enforcement == "warn":
            self.warned.append(refusal)
        elif rule.enforcement == "enforce" and self.refusal is None:
            self.refusal = refusal


class Judge:
    """Judges intents by the rules of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._guards, self._sizing, self._caps = plan.guards, plan.sizing, plan.caps

    def concerns(self, rule: Common, env: Env) -> bool:
        """Do the rule's words admit the intent in `env.i`?"""
        i = env.i
        return rule.words.admit_kind(i.intent) and rule.words.admit(
            strategy=_word(i.strategy), pocket=_word(i.pocket), instrument=env.m.name, side=i.side
        )

    # --- guards ------------------------------------------------------------------------------------------------------

    def guards(self, env: Env, found: Judgement) -> None:
        for rule in self._guards:
            if self.concerns(rule, env):
                result = rule.judge.run(env)
                if not _is_off(rule.judge, result):
                    self._guard(rule, result, found)

    @staticmethod
    def _guard(rule: GuardRule, result: Result, found: Judgement) -> None:
        holds = rule.judge.get(result, "require")
        if holds is True or rule.judge.get(result, "unless") is True:
            found.findings.append(Finding(rule, rule.judge, result, Outcome.PASS))
            return
        is_unknown = holds.__class__ is Unknown
        outcome = Outcome.UNKNOWN if is_unknown else Outcome.REFUSE
        finding = Finding(rule, rule.judge, result, outcome, codes.GUARD_UNKNOWN if is_unknown else codes.GUARD)
        found.findings.append(finding)
        found.refuse(finding)

    # --- size --------------------------------------------------------------------------------------------------------

    def sized(
        self,
        env: Env,
        grid: Grid,
        wanted: float | None,
        found: Judgement,
        by: Common,
        counted: Collection[str] = frozenset(),
    ) -> None:
        """Set the size: the smallest of `wanted` and all sizes, times all scales. `by`: the rule that wants it;
        `counted`: rules that are in `wanted` already."""
        base = self.base(env, grid, wanted, found, counted)
        found.lots = 0 if base is None else max(grid.down(base), 0)
        if base is None:
            return
        found.path.append(("lots", grid.units(found.lots)))
        if found.lots == 0:
            self._nothing(grid, base, found, by)

    def base(
        self,
        env: Env,
        grid: Grid,
        wanted: float | None,
        found: Judgement,
        counted: Collection[str] = frozenset(),
    ) -> float | None:
        """The size in base units before it is rounded to lots; None, and a refusal, where nothing gives one.

        Sizes first, evaluated at what is wanted; then scales at the size those give, so that what a scale or its
        `applies_to.when` reads as of after the fill is that of the whole intent."""
        sizes: list[tuple[float, SizingRule | None]] = [] if wanted is None else [(wanted, None)]
        scales: list[tuple[float, SizingRule]] = []
        for giving in (True, False):
            env.i.size = grid.base(max(grid.down(_smallest(sizes)[0]), 0)) if sizes else 0.0
            for rule in self._sizing:
                if rule.id in counted or (rule.size.at("size") >= 0) is not giving:
                    continue
                if self.concerns(rule, env):
                    result = rule.size.run(env)
                    if not _is_off(rule.size, result):
                        self._size(rule, result, sizes, scales, found)
        if not sizes:
            _refuse(found, Refusal(codes.NO_SIZE, "sizing", "no rule gives this intent a size"))
            return None
        base, giver = _smallest(sizes)
        if giver is not None:
            _shrink(found, grid, giver, math.inf if wanted is None else wanted, base)
        found.path.append(("sizing", grid.venue(base)))
        for scale, rule in scales:
            before, base = base, base * max(scale, 0.0)
            _shrink(found, grid, rule, before, base)
            found.path.append((f"scale {rule.id}", grid.venue(base)))
        return base

    @staticmethod
    def _nothing(grid: Grid, base: float, found: Judgement, by: Common) -> None:
        """Less than one lot is left: the rule that took it there is the blocker, else the one that wanted so little."""
        shrink = found.blame(1)
        rule = by if shrink is None else shrink.rule
        size = grid.venue(base)
        held = verdicts.measured("size", "ge", size, grid.lot, grid.unit, "one lot")
        message = f"{figure(size, grid.unit)} come to no whole lot of {grid.lot:f}"
        _refuse(found, Refusal(codes.NO_SIZE, rule.id, message, rule.place, comparison=held, section=rule.section))

    @staticmethod
    def _size(
        rule: SizingRule,
        result: Result,
        sizes: list[tuple[float, SizingRule | None]],
        scales: list[tuple[float, SizingRule]],
        found: Judgement,
    ) -> None:
        size, scale = rule.size.get(result, "size"), rule.size.get(result, "scale")
        if size.__class__ is Unknown or scale.__class__ is Unknown:
            finding = Finding(rule, rule.size, result, Outcome.UNKNOWN, codes.SIZE_UNKNOWN)
            found.findings.append(finding)
            found.refuse(finding)
            return
        if rule.enforcement == "enforce":
            if size is not None:
                sizes.append((float(size), rule))
            if scale is not None:
                scales.append((float(scale), rule))
        outcome = Outcome.PASS if scale is None or scale >= 1 else Outcome.SHRINK
        found.findings.append(
            Finding(rule, rule.size, result, outcome, size=None if size is None else decimal_of(size))
        )

    # --- caps --------------------------------------------------------------------------------------------------------

    def capped(self, env: Env, grid: Grid, probes: tuple[int, ...], found: Judgement) -> None:
        """Bound the size by every cap, in their order; then the caps that count must hold together at what is left."""
        wanted = found.lots
        enforced: list[CapRule] = []
        for rule in self._caps:
            if not self.concerns(rule, env) or _is_off(rule.limit, _at(env, rule.limit, grid, wanted)):
                continue
            allowed = largest(partial(_holds, env, rule.limit, grid), wanted, probes, _parts(env, rule.limit, grid))
            finding = self._cap(rule, env, grid, wanted, allowed, found)
            if rule.enforcement == "enforce" and not isinstance(allowed, Unknown):
                enforced.append(rule)
                left = min(found.lots, max(allowed, 0))
                if left < found.lots:
                    found.shrinks.append(Shrink(rule, found.lots, left, finding))
                found.lots = left
        if found.refusal is None and found.lots < wanted:
            self._together(env, grid, probes, enforced, found)
        env.i.size = grid.base(found.lots)

    def _together(
        self, env: Env, grid: Grid, probes: tuple[int, ...], caps: Sequence[CapRule], found: Judgement
    ) -> None:
        """A size that one cap allows may fail another whose sizes don't begin at 0: shrink until all hold."""

        def all_hold(lots: int) -> Any:
            verdict: Any = True
            for rule in caps:
                held = _holds(env, rule.limit, grid, lots)
                if held is False:
                    return False
                verdict = held if held.__class__ is Unknown else verdict
            return verdict

        allowed = largest(all_hold, found.lots, probes)
        if allowed == found.lots:
            return
        rule = next((each for each in caps if _holds(env, each.limit, grid, found.lots) is not True), None)
        if isinstance(allowed, Unknown) or allowed <= 0 or rule is None:
            name, place = ("caps", "") if rule is None else (rule.id, rule.place)
            _refuse(found, Refusal(codes.CAP, name, "no size meets all caps at once", place))
            found.lots = 0
            return
        finding = next((each for each in found.findings if each.rule is rule), None)
        found.shrinks.append(Shrink(rule, found.lots, allowed, finding))
        found.lots = allowed
        found.path.append(("all caps at once", grid.units(allowed)))

    @staticmethod
    def _cap(rule: CapRule, env: Env, grid: Grid, wanted: int, allowed: int | Unknown, found: Judgement) -> Finding:
        result = _at(env, rule.limit, grid, wanted)
        if isinstance(allowed, Unknown):
            finding = Finding(rule, rule.limit, result, Outcome.UNKNOWN, codes.CAP_UNKNOWN)
            found.findings.append(finding)
            found.refuse(finding)
            return finding
        outcome = Outcome.PASS if allowed == wanted else Outcome.SHRINK if allowed > 0 else Outcome.REFUSE
        code = "" if outcome is Outcome.PASS else codes.CAP
        size = grid.units(max(allowed, 0))
        finding = Finding(rule, rule.limit, result, outcome, code, size)
        found.findings.append(finding)
        if outcome is not Outcome.PASS and rule.enforcement == "enforce":
            found.path.append((f"cap {rule.id}", size))
        if outcome is Outcome.REFUSE:
            found.refuse(finding)
        return finding


def _refuse(found: Judgement, refusal: Refusal) -> None:
    if found.refusal is None:
        found.refusal = refusal


def _smallest(sizes: list[tuple[float, SizingRule | None]]) -> tuple[float, SizingRule | None]:
    return min(sizes, key=lambda pair: pair[0])


def _shrink(found: Judgement, grid: Grid, rule: SizingRule, before: float, after: float) -> None:
    if after < before:
        finding = next((each for each in found.findings if each.rule is rule), None)
        whole = before if before == math.inf else max(grid.down(before), 0)
        found.shrinks.append(Shrink(rule, whole, max(grid.down(after), 0), finding))


def _word(value: Any) -> str:
    return "" if value.__class__ is Unknown else str(value)


def _is_off(part: Part, result: Result) -> bool:
    """Its own `applies_to.when` is false; unknown counts as applying."""
    return part.applies >= 0 and result[part.applies] is False


def _at(env: Env, part: Part, grid: Grid, lots: int) -> Result:
    env.i.size = grid.base(lots)
    return part.run(env)


def _holds(env: Env, part: Part, grid: Grid, lots: int, limit: str = "limit") -> Any:
    """Does the cap let this size pass: its limit holds, or its `unless`?"""
    result = _at(env, part, grid, lots)
    unless = part.get(result, "unless")
    return True if unless is True else part.get(result, limit)


def _parts(env: Env, part: Part, grid: Grid) -> list[Holds]:
    """The comparisons that the limit is made of, where it is several: each is solved by itself."""
    names = [name for name, _ in part.block.outputs if name.startswith("limit_")]
    return [partial(_holds, env, part, grid, limit=name) for name in names]
