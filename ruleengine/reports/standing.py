"""What kept the rules from acting at an instant: each trigger with its values, and the smallest change that would have
let it act. Those nearest to acting come first."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ruleengine.backends.trace.evaluate import Evaluation
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.reports.flip import said
from ruleengine.reports.tree import comparison_line
from ruleengine.runtime.engine import Engine
from ruleengine.runtime.judging import verdicts
from ruleengine.runtime.judging.change import smallest_change
from ruleengine.runtime.plan.rules import AddingRule, EntryRule


@dataclass(slots=True)
class Standing:
    """One trigger at one instant. `verdict`: true, false, or None where it is unknown. `nearest`: the smallest change
    that would have made it true; `steps`: how many typical steps away that is, None where nothing tells. `held_back`:
    why it does not act though it is true. `stage`: its number where its rule has several."""

    rule: str
    section: str
    key: str
    verdict: bool | None
    place: str
    comparisons: list[Comparison] = field(default_factory=list)
    unknowns: list[str] = field(default_factory=list)
    nearest: str = ""
    held_back: str = ""
    steps: float | None = None
    stage: int | None = None


def standings(engine: Engine, instrument: str | None) -> list[Standing]:
    """Every trigger that is watched, as the engine stands now; entries from signals wait for one and are listed so."""
    found: list[Standing] = []
    staged = {(watch.rule.id, watch.stage) for watch in engine.roster.everything}
    for watch in engine.roster.everything:
        if instrument is not None and watch.instrument not in (instrument, ""):
            continue
        result = watch.run(watch.env)
        compared = verdicts.comparisons(watch.part.block, result, engine.desk.currency)
        verdict = verdicts.truth(watch.verdict(result))
        standing = Standing(watch.rule.id, watch.rule.section, watch.key, verdict, watch.rule.place, compared)
        standing.unknowns = verdicts.unknowns(result)
        standing.stage = watch.stage + 1 if (watch.rule.id, 1) in staged else None
        if verdict is not True:
            truths = Evaluation(engine.plan.graph, watch.part.block, watch.env).values
            change = smallest_change(watch.part.block, "when", compared, truths)
            standing.nearest, standing.steps = said(change, compared), None if change is None else change.cost
        else:
            standing.steps = 0.0
            left = engine.desk.cooling(watch.rule.id, watch.key)
            held = [f"cooldown, {figure(left, 'duration')} left"] if left else []
            if watch.rule.section == "exits" and watch.trade is not None and watch.trade.stage > watch.stage:
                held.append("this stage has filled already")
            standing.held_back = "; ".join([*held, *dict.fromkeys(watch.standing.values())])
        found.append(standing)
    plan = engine.plan
    waiting = [*_of_signals(plan.ladders), *_of_signals(plan.pyramids), *_of_signals(plan.entries)]
    found += [Standing(each.id, each.section, "", False, each.place, nearest="no signal came") for each in waiting]
    return sorted(found, key=lambda each: math.inf if each.steps is None else each.steps)


def _of_signals(rules: Iterable[EntryRule | AddingRule]) -> list[EntryRule | AddingRule]:
    return [rule for rule in rules if rule.source == "signal"]


def standing_tree(found: list[Standing]) -> str:
    """The triggers by section as text, in their order within each."""
    lines: list[str] = []
    for section in ("protections", "exits", "hedges", "ladders", "pyramids", "entries", "alerts"):
        inside = [each for each in found if each.section == section]
        if inside:
            lines.append(section)
        for standing in inside:
            mark = {True: "✓", False: "✗", None: "?"}[standing.verdict]
            on = f" stage {standing.stage}" if standing.stage is not None else ""
            on += f" on {standing.key}" if standing.key else ""
            lines.append(f"  {mark} {standing.rule}{on}  ({standing.place})")
            lines += [f"      {comparison_line(each)}" for each in standing.comparisons]
            lines += [f"      ? {text}" for text in standing.unknowns]
            if standing.held_back:
                lines.append(f"      held back: {standing.held_back}")
            if standing.nearest:
                lines.append(f"      smallest change: {standing.nearest}")
    return "\n".join(lines) if lines else "no rule watches the market; entries wait for signals"
