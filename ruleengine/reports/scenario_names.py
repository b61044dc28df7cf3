"""Names in a scenario that nothing in its policy can have: an expectation of nothing by a rule that isn't there would
pass whatever happens, and a market of an instrument that it doesn't act on would change nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import PAGES, naming, shape
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.runtime import codes, safety_codes
from ruleengine.runtime.book.tags import UNKNOWN_STRATEGY
from ruleengine.runtime.gate.limits import LIMIT_NAMES
from ruleengine.schema.figures import Text
from ruleengine.schema.policy import Policy
from ruleengine.schema.scenario import Scenario
from ruleengine.typecheck.names import STANDARD_TIMEFRAMES

_ENGINE = ("sizing", "caps")
"""What the engine calls the blocker where no rule gives a size, or no size meets all caps at once."""


def unknown_names(scenario: Scenario, policy: Policy) -> Iterator[Diagnostic]:
    """A finding for each rule, strategy, instrument and code of `expect` that no decision can have."""
    known = {
        "rule": _rules(policy),
        "strategy": [*policy.strategies, UNKNOWN_STRATEGY],
        "instrument": [each.text for each in policy.requires.instruments],
    }
    given, instruments = scenario.given, known["instrument"]
    named: list[Text | None] = [each.instrument for each in given.market]
    named += [each.instrument for each in given.trades]
    named += [each.instrument for each in given.closed]
    named += [each.instrument for each in given.bars]
    named += [each.instrument for each in given.signals]
    named += [each.instrument for each in given.faults]
    for leaf in named:
        if leaf is not None and leaf.text not in instruments:
            yield naming.unknown_reference(leaf.node.span, "instrument", leaf.text, instruments)
    timeframes = (*STANDARD_TIMEFRAMES, *policy.timeframes)
    for bars in given.bars:
        if bars.timeframe not in timeframes:
            yield naming.unknown_reference(bars.closed.node.span, "timeframe", bars.timeframe, list(timeframes))
    for expected in scenario.expect:
        for kind, names in known.items():
            leaf = getattr(expected, kind)
            if leaf is not None and leaf.text not in names:
                near = did_you_mean(leaf.text, names)
                yield naming.unknown_reference(leaf.node.span, kind, leaf.text, near or names)
        if expected.about is not None and not _can_be_about(expected.about.text, scenario, policy):
            text, names = expected.about.text, _subjects(scenario, policy)
            near = did_you_mean(text, names)
            yield naming.unknown_reference(expected.about.node.span, "subject of a note", text, near or names)
        for code, what in ((expected.code, "refusal"), (expected.note, "note")):
            if code is not None and code.text not in _codes():
                near = did_you_mean(code.text, _codes())
                hint = f"did you mean {' or '.join(f'`{each}`' for each in near)}?" if near else None
                hint = hint or f"codes of {what}s look like RE570: `ruleengine explain RE570`"
                yield shape.out_of_place(code.node.span, f"no {what} has the code `{code.text}`", hint)


def _rules(policy: Policy) -> list[str]:
    """What a decision can name as its rule or blocker."""
    sections = (policy.guards, policy.sizing, policy.caps, policy.entries, policy.ladders, policy.pyramids,
                policy.hedges, policy.exits, policy.protections, policy.alerts)  # fmt: skip
    rules = [rule.id.text for section in sections for rule in section]
    return [*rules, *_ENGINE, *(f"limits.{name}" for name in LIMIT_NAMES)]


def _subjects(scenario: Scenario, policy: Policy) -> list[str]:
    """What a note can be about, by name."""
    given = scenario.given
    ids = [each.id.text for each in given.signals if each.id is not None]
    ids += [each.id.text for each in given.trades if each.id is not None]
    words = [*policy.strategies, UNKNOWN_STRATEGY, *(each.text for each in policy.pockets)]
    instruments = [each.text for each in policy.requires.instruments]
    return list(dict.fromkeys([*_rules(policy), *instruments, *words, *ids, "account"]))


_PARTS = re.compile(r"[\s/|:]+")


def _can_be_about(text: str, scenario: Scenario, policy: Policy) -> bool:
    """Is it a name of the policy or scenario, several of them (`USD_JPY long`), or one that comes only while it is
    played: a trade's number, an order of ours, the place of a signal without an id?"""
    names = {*_subjects(scenario, policy), "long", "short"}
    ours = tuple(each.text for each in policy.ownership)
    return text in names or all(
        part in names or part.isdigit() or re.fullmatch(r"s-[0-9]+", part) or (ours and part.startswith(ours))
        for part in _PARTS.split(text)
    )


def _codes() -> list[str]:
    """What the engine and its order gate decide and note, also by a venue's terms; the rest is found before a start."""
    own = {value for of in (codes, safety_codes) for name, value in vars(of).items() if name.isupper()}
    return [code for code in PAGES if "RE520" <= code < "RE600" or code.startswith("RE66") or code in own]
