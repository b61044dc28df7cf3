"""TypedPolicy + Graph + program → Plan: every rule as bound functions, word filters and constants.

The runtime looks nothing up by name after this: each block is a callable with the positions of its outputs. A rule
that its `enabled` switches off is listed and never evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

from ruleengine.diagnostics import Span
from ruleengine.facts.frames import Env
from ruleengine.graph.node import Graph
from ruleengine.model.order import OPENING, Priority
from ruleengine.runtime.plan.needs import reads_account, reads_market, slots_read, time_flips
from ruleengine.runtime.plan.rules import (
    AddingRule,
    CandidatesRule,
    CapRule,
    EntryRule,
    ExitRule,
    GuardRule,
    HedgeRule,
    MetricRule,
    Part,
    Posture,
    Result,
    SizingRule,
    StageRule,
    Words,
)
from ruleengine.runtime.plan.safety_rules import AlertRule, ProtectionRule
from ruleengine.schema.additions import Adding, Ladder
from ruleengine.schema.entries import Entry
from ruleengine.schema.exits import Exit
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.policy import Policy
from ruleengine.schema.protections import Alert, Protection
from ruleengine.schema.rule import AppliesTo, Rule
from ruleengine.typecheck.additions import INITIAL_POSITION, NEW_POSITION, base_word
from ruleengine.typecheck.policy import TypedPolicy, TypedRule, limit_places

_NANOS = 1_000_000_000


class Program(Protocol):
    """What a backend makes of a graph."""

    @property
    def functions(self) -> Mapping[str, Callable[[Env], Result]]: ...

    @property
    def verdicts(self) -> Mapping[str, Callable[[Env], Any]]:
        """Of blocks with a `when`: that output alone, for the many events at which it does not change."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the engine needs of a policy. `read`: (frame letter, slot) of every fact that a rule reads."""

    policy: Policy
    graph: Graph
    read: frozenset[tuple[str, str]]
    steps: Mapping[str, Callable[[Env], Result]]
    """What feeds running figures, by the block of each batch; empty where there are none."""
    candidates: tuple[CandidatesRule, ...]
    guards: tuple[GuardRule, ...]
    caps: tuple[CapRule, ...]
    sizing: tuple[SizingRule, ...]
    entries: tuple[EntryRule, ...]
    ladders: tuple[AddingRule, ...]
    pyramids: tuple[AddingRule, ...]
    hedges: tuple[HedgeRule, ...]
    exits: tuple[ExitRule, ...]
    metrics: tuple[MetricRule, ...]
    protections: tuple[ProtectionRule, ...]
    alerts: tuple[AlertRule, ...]
    limits: Mapping[str, float]
    limit_places: Mapping[str, Span]
    disabled: tuple[str, ...] = ()


def make_plan(typed: TypedPolicy, graph: Graph, program: Program) -> Plan:
    """The plan of a policy. `program` evaluates the blocks of `graph`, whichever backend made it."""
    compiler = _Compiler(graph, program)
    made: dict[str, list[Any]] = {section: [] for section in _MAKERS}
    disabled: list[str] = []
    for order, rule in enumerate(typed.rules):
        if not rule.constants["enabled"]:
            disabled.append(rule.id)
        else:
            made[rule.section].append(_MAKERS[rule.section](compiler, rule, order))
    return Plan(
        policy=typed.policy,
        graph=graph,
        read=slots_read(graph),
        steps={batch.block: program.functions[batch.block] for batch in graph.batches},
        limits=typed.limits,
        limit_places=limit_places(typed.policy, typed.limits),
        disabled=tuple(disabled),
        **{name: tuple(rules) for name, rules in made.items()},
    )


class _Compiler:
    def __init__(self, graph: Graph, program: Program) -> None:
        self.graph, self.program = graph, program

    def part(self, name: str) -> Part:
        block = self.graph.blocks[name]
        flips, is_restless = time_flips(self.graph, block)
        return Part(
            block,
            self.program.functions[name],
            self.program.verdicts.get(name),
            block.position("applies"),
            reads_account(self.graph, block),
            not (is_restless or reads_market(self.graph, block)),
            flips,
            is_restless,
        )

    def of(self, rule: TypedRule, block: str) -> Part | None:
        typed = rule.blocks.get(block)
        return None if typed is None else self.part(typed.name)

    def must(self, rule: TypedRule, block: str) -> Part:
        return self.part(rule.blocks[block].name)

    def posture(self, rule: TypedRule) -> Posture | None:
        if "unknown_wait" not in rule.constants:
            return None
        return Posture(_ns(rule.constants["unknown_wait"]), rule.constants["unknown_then"], self.of(rule, "use"))


def _ns(seconds: Any) -> int:
    return int(seconds * _NANOS)


def _common(rule: TypedRule, order: int) -> dict[str, Any]:
    source: Rule = rule.source
    return {
        "id": rule.id,
        "section": rule.section,
        "order": order,
        "enforcement": source.enforcement,
        "place": str(rule.place),
        "words": _words(getattr(source, "applies_to", None)),
    }


def _words(applies_to: AppliesTo | None) -> Words:
    if applies_to is None:
        return Words()
    return Words(
        _set(getattr(applies_to, "intent", None)),
        _set(applies_to.strategy),
        _set(applies_to.pocket),
        _set(applies_to.instrument),
        applies_to.side,
        _set(getattr(applies_to, "opened_by", None)),
    )


def _set(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(str(getattr(each, "text", each)) for each in (value if isinstance(value, list) else [value]))


def _text(leaf: Any) -> str:
    return "" if leaf is None else str(leaf.text)


def _guard(compiler: _Compiler, rule: TypedRule, order: int) -> GuardRule:
    return GuardRule(**_common(rule, order), judge=compiler.must(rule, "judge"))


def _cap(compiler: _Compiler, rule: TypedRule, order: int) -> CapRule:
    return CapRule(**_common(rule, order), limit=compiler.must(rule, "limit"))


def _sizing(compiler: _Compiler, rule: TypedRule, order: int) -> SizingRule:
    return SizingRule(**_common(rule, order), size=compiler.must(rule, "size"))


def _entry(compiler: _Compiler, rule: TypedRule, order: int) -> EntryRule:
    source = cast(Entry, rule.source)
    return EntryRule(
        **_common(rule, order),
        source=source.on,
        when=compiler.must(rule, "when"),
        details=compiler.of(rule, "order"),
        strategy=_text(source.strategy),
        pocket=_text(source.pocket),
        cooldown_ns=_ns(rule.constants["cooldown"]),
    )


def _adding(compiler: _Compiler, rule: TypedRule, order: int) -> AddingRule:
    source = cast(Adding, rule.source)
    base = base_word(source) if isinstance(source, Ladder) else ""
    return AddingRule(
        **_common(rule, order),
        source=source.on,
        when=compiler.must(rule, "when"),
        details=compiler.must(rule, "order"),
        base_of={NEW_POSITION: "new position", INITIAL_POSITION: "initial position"}.get(base, base),
        cooldown_ns=_ns(rule.constants["cooldown"]),
    )


def _hedge(compiler: _Compiler, rule: TypedRule, order: int) -> HedgeRule:
    source = cast(Hedge, rule.source)
    confidence = rule.constants.get("confidence")
    return HedgeRule(
        **_common(rule, order),
        when=compiler.must(rule, "when"),
        require=compiler.of(rule, "require"),
        is_reduction=source.reduce is not None,
        until=compiler.of(rule, "until"),
        amounts=compiler.of(rule, "amounts"),
        floor_over_cap=(source.reduce.floor_over_cap if source.reduce else None) or "send_nothing",
        details=compiler.of(rule, "order"),
        strategy=_text(source.open.strategy) if source.open else "",
        pocket=_text(source.pocket),
        confidence=None if confidence is None else float(confidence),
        cooldown_ns=_ns(rule.constants["cooldown"]),
        posture=compiler.posture(rule),
    )


def _exit(compiler: _Compiler, rule: TypedRule, order: int) -> ExitRule:
    source = cast(Exit, rule.source)
    count = sum(name.startswith("stage_") for name in rule.blocks)
    restricts = [stage.restrict is not None for stage in source.stages] if source.stages else [False]
    posture = compiler.posture(rule)
    assert posture is not None  # the schema asks for it
    return ExitRule(
        **_common(rule, order),
        for_each=source.for_each,
        stages=tuple(StageRule(compiler.must(rule, f"stage_{index}"), restricts[index]) for index in range(count)),
        floor=compiler.of(rule, "floor"),
        no_loss=frozenset(rule.constants.get("no_loss", ())),
        result=compiler.of(rule, "result"),
        priority=Priority.EMERGENCY_EXIT if source.emergency else Priority.EXIT,
        cooldown_ns=_ns(rule.constants["cooldown"]),
        posture=posture,
    )


def _metric(compiler: _Compiler, rule: TypedRule, _order: int) -> MetricRule:
    return MetricRule(rule.id, rule.constants["for_each"], compiler.must(rule, "value"))


def _protection(compiler: _Compiler, rule: TypedRule, order: int) -> ProtectionRule:
    source, common = cast(Protection, rule.source), _common(rule, order)
    trip, until, lasts_ns = compiler.must(rule, "trip"), compiler.of(rule, "until"), _ns(rule.constants["lasts"])
    by_hand = "human" if source.latch else "day" if source.until is not None else "time"
    closer = None
    if source.close is not None:
        closer = ExitRule(
            **common,
            for_each="trade",
            stages=(StageRule(trip, False),),
            floor=None,
            no_loss=frozenset(),
            result=None,
            priority=Priority.EMERGENCY_EXIT,
            cooldown_ns=0,
            posture=Posture(0, "alert", None),
        )
    return ProtectionRule(
        **common,
        for_each=source.for_each,
        trip=trip,
        stops=_set(source.stops) or OPENING,
        ends="condition" if until is not None else cast(Any, by_hand),
        lasts_ns=lasts_ns,
        until=until,
        closer=closer,
        refuses_unknown=source.on_unknown == "refuse",
    )


def _alert(compiler: _Compiler, rule: TypedRule, order: int) -> AlertRule:
    source = cast(Alert, rule.source)
    levels: dict[str, Any] = {"info": "info", "warning": "warning", "critical": "alert"}
    return AlertRule(
        **_common(rule, order),
        for_each=source.for_each,
        when=compiler.must(rule, "when"),
        level=levels[source.severity],
        message=source.message.text,
        show=tuple((f"show_{number}", leaf.text.strip()) for number, leaf in enumerate(source.show)),
        lasts_ns=_ns(rule.constants["lasts"]),
        repeat_ns=_ns(rule.constants["repeat"]),
    )


def _candidates(compiler: _Compiler, rule: TypedRule, _order: int) -> CandidatesRule:
    constants = rule.constants
    return CandidatesRule(rule.id, int(constants["keep"]), _ns(constants["every"]), compiler.must(rule, "rank"))


_MAKERS: dict[str, Callable[[_Compiler, TypedRule, int], Any]] = {
    "candidates": _candidates,
    "guards": _guard,
    "caps": _cap,
    "sizing": _sizing,
    "entries": _entry,
    "ladders": _adding,
    "pyramids": _adding,
    "hedges": _hedge,
    "exits": _exit,
    "metrics": _metric,
    "protections": _protection,
    "alerts": _alert,
}
