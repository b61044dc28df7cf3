"""Faults of a scenario that befell nothing while it was played: a proof of what the policy does in them is none."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import scenarios as faults
from ruleengine.reports.scenario_given import NANOS, start_ns, time_ns
from ruleengine.schema.figures import Time
from ruleengine.schema.scenario import Scenario
from ruleengine.schema.scenario_given import Fault

_OF_FEED = {
    "gap": "no row of the market comes meanwhile",
    "stale": "no quote or trade of the market comes meanwhile",
    "divergent": "no quote comes meanwhile",
}


def idle_faults(scenario: Scenario, befell: Collection[int], met: Collection[Fault], last_ns: int) -> list[Diagnostic]:
    """A finding for each. `befell`: numbers of faults that befell a row; `met`: faults that an order met; `last_ns`:
    the end of what was played."""
    end = last_ns - start_ns(scenario.given)
    found = [
        diagnostic
        for number, fault in enumerate(scenario.given.faults)
        for diagnostic in _of_fault(fault, end, has_befallen=number in befell or any(each is fault for each in met))
    ]
    silences = [each.at for each in scenario.given.account_unreadable if time_ns(each.at) > end]
    return [*found, *(_after_the_end(at, "`account_unreadable`", end) for at in silences)]


def _of_fault(fault: Fault, end: int, *, has_befallen: bool) -> Iterator[Diagnostic]:
    what, at = f"`{fault.kind}`", fault.at
    if fault.kind == "restart":
        if time_ns(at) > end:
            yield _after_the_end(at, what, end)
    elif has_befallen:
        return
    elif fault.kind in _OF_FEED:
        of = f" of {fault.instrument.text}" if fault.instrument is not None else ""
        why = _OF_FEED[fault.kind].replace(" comes", f"{of} comes")
        yield faults.befalls_nothing(at.node.span, what, why, "give the market a row in that time")
    else:
        why, remedy = f"no order is sent from {at.text} on", "let it begin before an order is sent"
        yield faults.befalls_nothing(at.node.span, what, why, remedy)


def _after_the_end(at: Time, what: str, end: int) -> Diagnostic:
    why = f"the scenario ends at {end // (NANOS // 1000) / 1000:.10g}s"
    return faults.befalls_nothing(at.node.span, what, why, "let it begin earlier, or state what comes after it")
