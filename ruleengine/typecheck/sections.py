"""All rules of a policy, section by section; how each is read stands in `rules` and `additions`."""

from __future__ import annotations

from collections.abc import Iterator

from ruleengine.typecheck.additions import read_ladder, read_pyramid
from ruleengine.typecheck.candidates import read_candidates
from ruleengine.typecheck.names import Names
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.rules import (
    read_cap,
    read_entry,
    read_exit,
    read_guard,
    read_hedge,
    read_metric,
    read_sizing,
)


def all_rules(names: Names) -> Iterator[TypedRule]:
    """Every rule, in the order of sections and of the text."""
    policy = names.policy
    yield from (read_candidates(names, rule) for rule in policy.candidates)
    yield from (read_guard(names, rule) for rule in policy.guards)
    yield from (read_cap(names, rule) for rule in policy.caps)
    yield from (read_sizing(names, rule) for rule in policy.sizing)
    yield from (read_entry(names, rule) for rule in policy.entries)
    yield from (read_ladder(names, rule) for rule in policy.ladders)
    yield from (read_pyramid(names, rule) for rule in policy.pyramids)
    yield from (read_hedge(names, rule) for rule in policy.hedges)
    yield from (read_exit(names, rule) for rule in policy.exits)
    yield from (read_metric(names, name, metric) for name, metric in policy.metrics.items())
