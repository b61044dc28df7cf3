"""What refused a decision, and the figure that says by how much: one place for tables, trees, exports and journal."""

from __future__ import annotations

from ruleengine.model.audit import Decision, Outcome, Verdict
from ruleengine.model.comparison import Comparison
from ruleengine.runtime import codes


def blocking(decision: Decision) -> Verdict | None:
    """The verdict that refused a decision; None where nothing was checked (its signal met no `when`, it was merged).

    A rule may have several: the one with the decision's code, else one that did not pass."""
    return verdict_of(decision, decision.first_blocker)


def verdict_of(decision: Decision, rule: str) -> Verdict | None:
    """The verdict of a rule or gate limit; of several the one that tells most of what became of the decision."""
    own = [each for each in decision.verdicts if each.rule == rule]
    tellers = [each for each in own if each.code and each.code == decision.code]
    tellers += [each for each in own if each.outcome is not Outcome.PASS]
    return next(iter([*tellers, *own]), None)


def minimum_of(decision: Decision) -> Verdict | None:
    """The venue's minimum that a size failed because a rule made it so small; None where none did."""
    if decision.code != codes.BELOW_MINIMUM:
        return None
    return next((each for each in decision.verdicts if each.section == "gate"), None)


def decisive(decision: Decision) -> Comparison | None:
    """The comparison that kept a decision from being sent, with its distance; None where there is no number to say.

    Of a rule's condition that is one on which it turned (`runtime.judging.change`), the first in its author's order.
    A rule that left too little is told by what it compared; a scale compares nothing, and the venue's minimum tells.
    What was refused because something was unknown has no such comparison: those that were known did not decide it."""
    if decision.outcome != "refused":
        return None
    verdict = blocking(decision)
    if verdict is not None and verdict.outcome is Outcome.UNKNOWN:
        return None
    found = [] if verdict is None else list(verdict.comparisons)
    minimum = minimum_of(decision)
    found += [] if minimum is None else minimum.comparisons
    if decision.code == codes.TRIGGER_FALSE:
        found += decision.trigger
    deciding = [each for each in found if each.decides]
    if not deciding:  # the engine's own comparisons, one each
        against = decision.code == codes.RESTRICTED  # an exit restricts while its condition holds
        deciding = [each for each in found if each.verdict is against]
    return next((each for each in deciding if each.distance is not None), None)
