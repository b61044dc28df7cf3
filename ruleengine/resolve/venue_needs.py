"""What the rules of a policy need of a venue, whether or not `requires` says so.

Looks at what is written and at the venue's capabilities; asks no venue anything. A rule that is switched off or in
shadow sends nothing and needs nothing, and what only a figure decides (a side that is computed) is the order gate's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import requirements as faults
from ruleengine.ports.venue import Capabilities
from ruleengine.schema.additions import Adding
from ruleengine.schema.entries import Entry
from ruleengine.schema.hedges import Open
from ruleengine.schema.leaf import Expression
from ruleengine.schema.policy import Policy
from ruleengine.schema.rule import Rule


def check_rules(policy: Policy, venue: Capabilities) -> list[Diagnostic]:
    """Attached stops and targets, parts of trades, short positions and both sides at once, where the venue has them
    not."""
    found: list[Diagnostic] = []
    for opening in _openings(policy):
        if not venue.has_attached_stops:
            found += [_lacks(venue, leaf, "attached_stops", "rules of ours can close instead")
                      for leaf in (opening.stop, opening.target) if leaf is not None]  # fmt: skip
        side = getattr(opening, "side", None)
        if not venue.has_shorts and side is not None and side.text.strip() == "short":
            found.append(_lacks(venue, side, "short positions", "nothing is sold there that is not held"))
    if not venue.has_partial_close:
        found += [_lacks(venue, leaf, "partial_close", "a trade is closed whole") for leaf in _parts(policy)]
    if "hedging" not in venue.account_modes and policy.requires.account == "any":
        modes = sorted(venue.account_modes)
        found += [faults.venue_mode(hedge.open.side.node.span, venue.name, "hedging", modes)
                  for hedge in policy.hedges if hedge.open is not None and _is_sent(hedge)]  # fmt: skip
    return found


def check_names(policy: Policy, venue: Capabilities) -> list[Diagnostic]:
    """The account's currency and the instruments, as far as the venue's own way to name them tells."""
    found: list[Diagnostic] = []
    currency = policy.requires.currency
    if currency is not None and venue.currencies is not None and currency.text not in venue.currencies:
        found.append(faults.venue_currency(currency.node.span, venue.name, currency.text, sorted(venue.currencies)))
    if venue.names is not None:
        form = re.compile(venue.names.pattern)
        found += [faults.not_its_name(leaf.node.span, venue.name, leaf.text, venue.names.example)
                  for leaf in policy.requires.instruments if form.fullmatch(leaf.text) is None]  # fmt: skip
    return found


def _openings(policy: Policy) -> Iterator[Entry | Adding | Open]:
    """Everything that opens or adds, and is sent."""
    rules: tuple[Entry | Adding, ...] = (*policy.entries, *policy.ladders, *policy.pyramids)
    yield from (rule for rule in rules if _is_sent(rule))
    yield from (hedge.open for hedge in policy.hedges if hedge.open is not None and _is_sent(hedge))


def _parts(policy: Policy) -> Iterator[Expression]:
    """Shares below the whole, as they are written."""
    for rule in filter(_is_sent, policy.exits):
        for leaf in (rule.close, *(stage.close for stage in rule.stages or ())):
            share = re.fullmatch(r"([0-9.]+)%", "" if leaf is None else leaf.text.strip())
            if leaf is not None and share is not None and float(share[1]) < 100:
                yield leaf


def _is_sent(rule: Rule) -> bool:
    enabled: Expression | None = rule.enabled  # the default, where it is not written
    return rule.enforcement != "shadow" and (enabled is None or enabled.text.strip() != "false")


def _lacks(venue: Capabilities, leaf: Expression, what: str, meaning: str) -> Diagnostic:
    return faults.venue_cannot(leaf.node.span, venue.name, what, meaning)
