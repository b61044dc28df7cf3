"""The shape of a scenario: a state and a market, and what the policy has to do with them.

A scenario stands beside its policy (`policies/*/scenarios/*.yaml`) and cites the requirement that it shows. Times count
from the first instant (`at: 3s`), so that a reader needs no calendar; `start` gives them one where a schedule matters.
docs/scenarios.md shows the notation and what it expands to.
"""

from __future__ import annotations

from typing import Literal

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import naming, scenarios
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.schema import scenario_downtime, scenario_expect, scenario_given
from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.leaf import Expression, Id, Name, Words
from ruleengine.schema.scenario_expect import Expected
from ruleengine.schema.scenario_given import Given
from ruleengine.schema.scenario_series import unequal_columns

Scalar = Expression
_Shallow = Scalar | list[Scalar] | dict[str, Scalar]
_Deep = Scalar | list[_Shallow] | dict[str, _Shallow]
Varied = Scalar | list[_Deep] | dict[str, _Deep]
"""Whatever may stand at a place of a scenario; what it means is found when it stands there."""


class Scenario(Shape):
    """A scenario."""

    apiVersion: Literal["ruleengine/v1"] = key("version of the language", "ruleengine/v1")  # noqa: N815 - the key
    kind: Literal["Scenario"] = key("what this file is", "Scenario")
    about: Words = key("what it shows, in a sentence", "half of the net position goes when margin runs out")
    cites: list[Id] = key("requirements that it shows", ["FX-05"], min_length=1)
    policy: Words | None = optional(
        "path of the policy, from this file; the only policy of the folder above where left out",
        "../fx-hedge.policy.yaml",
    )
    overlays: list[Words] = key("overlays laid over it", ["../paper.overlay.yaml"], default=[])
    given: Given = key("what there is, and what comes", {"account_file": "../account.yaml"})
    expect: list[Expected] = key("what has to be so", [{"at": "3s", "outcome": "order", "side": "short"}], default=[])
    vary: dict[Name, Words | list[Words]] = key(
        "short names of places that cases vary",
        {"balance": "given.account.balance", "sold": "expect.0.units"},
        default={},
    )
    cases: list[dict[str, Varied]] = key(
        "the scenario once for each of these, with other values at the places that they name; `_`: without that key",
        [{"case": "a yen more", "balance": "1_200_001JPY", "sold": "_", "expect.0.outcome": "nothing"}],
        default=[],
    )
    and_nothing_else: bool = key("no order may be sent that `expect` does not state", True, default=True)


def problems(scenario: Scenario, file: str) -> list[Diagnostic]:
    """What is wrong with values that each read well: columns of different length, keys of faults that do nothing,
    restarts within one another, expectations of an engine that is down."""
    found = [each for series in scenario.given.market for each in unequal_columns(series)]
    found += [each for fault in scenario.given.faults for each in scenario_given.stray_keys(fault)]
    found += [each for expected in scenario.expect for each in scenario_expect.stray_keys(expected)]
    found += scenario_downtime.overlapping_restarts(scenario.given.faults)
    found += scenario_downtime.expected_while_down(scenario.expect, scenario.given.faults)
    for bars in scenario.given.bars:
        gaps = [cell for cell in bars.close if cell.text.strip().startswith("_")]
        found += [faults.out_of_place(cell.node.span, "every closed bar has a close") for cell in gaps]
        found += unequal_columns(bars)
    accounts = scenario.given.accounts or {}
    for expected in scenario.expect:
        if expected.account is not None and expected.account.text not in accounts:
            place, named = expected.account.node.span, expected.account.text
            found.append(naming.unknown_reference(place, "account", named, list(accounts)))
    if not scenario.expect and not scenario.cases:
        found.append(scenarios.expects_nothing(scenario.about.node.span, "`expect` is empty or missing"))
    return found
