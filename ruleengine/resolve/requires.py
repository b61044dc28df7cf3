"""What a policy requires, against the account and the venue it is to run on.

Knows the account file's model and the venue's capabilities; asks no venue anything. Findings stand at the policy's own
requirement, with the account's line beside them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import requirements as faults
from ruleengine.market.days import DaysDiffer, agreed_day, anchor_of, described
from ruleengine.model.instrument import Instrument
from ruleengine.ports.venue import Capabilities
from ruleengine.resolve.venue_needs import check_names, check_rules
from ruleengine.schema.account import Account
from ruleengine.schema.leaf import Expression
from ruleengine.schema.places import span_of
from ruleengine.schema.policy import Policy

_CAPABILITIES: Final = {
    "client_ids": ("has_client_ids", "orders with ids of our own"),
    "reduce_only": ("has_reduce_only", "orders that can only reduce"),
    "partial_close": ("has_partial_close", "closing a trade in parts"),
    "attached_stops": ("has_attached_stops", "stops and targets attached to an order"),
}


def check_account(policy: Policy, account: Account) -> list[Diagnostic]:
    """Mode and currency of the account against what the rules rely on (FX-01)."""
    found: list[Diagnostic] = []
    wanted = policy.requires.account
    if wanted not in ("any", account.mode):
        both_sides = [hedge.id.text for hedge in policy.hedges if hedge.open is not None]
        found.append(
            faults.account_mode(_requires(policy, "account"), wanted, account.mode, both_sides, _place(account))
        )
    elif account.mode == "netting":
        found += _both_sides(policy, account)
    currency = policy.requires.currency
    if currency is not None and currency.text != account.currency.text:
        found.append(faults.account_currency(currency.node.span, currency.text, account.currency.text, _place(account)))
    return found


def check_venue(policy: Policy, venue: Capabilities, account: Account | None = None) -> list[Diagnostic]:
    """What the venue has to be able to do, and whether it holds accounts of the needed mode."""
    found: list[Diagnostic] = []
    for number, word in enumerate(policy.requires.capabilities):
        attribute, meaning = _CAPABILITIES[word]
        if not getattr(venue, attribute):
            span = span_of(policy, ("requires", "capabilities", number), value=True)
            found.append(faults.venue_cannot(span, venue.name, word, meaning))
    if venue.has_plain_ids and policy.ownership and not policy.ownership[0].text.isalnum():
        first = policy.ownership[0]  # what our own ids begin with
        found.append(faults.ids_not_plain(first.node.span, venue.name, first.text))
    wanted = policy.requires.account
    if wanted != "any" and wanted not in venue.account_modes:
        modes = sorted(venue.account_modes)
        found.append(faults.venue_mode(_requires(policy, "account"), venue.name, wanted, modes))
    elif account is not None and account.mode not in venue.account_modes:
        modes = sorted(venue.account_modes)
        found.append(faults.venue_mode(_place(account), venue.name, account.mode, modes))
    return found


def check_subscriptions(policy: Policy, venue: Capabilities) -> list[Diagnostic]:
    """Instruments that want prices at once against what the venue streams (PY-09): each list of candidates, or all of
    the policy's where it has none."""
    limit = venue.subscriptions
    if limit is None:
        return []
    if not policy.candidates:
        wanted = len(policy.requires.instruments)
        span = _requires(policy, "instruments")
        return [faults.too_many_subscriptions(span, venue.name, "instruments", wanted, limit)] if wanted > limit else []
    found = []
    for each in policy.candidates:
        kept = _count_of(policy, each.keep)
        if kept is not None and kept > limit:
            found.append(
                faults.too_many_subscriptions(each.keep.node.span, venue.name, f"{each.id.text}.keep", kept, limit)
            )
    return found


def _count_of(policy: Policy, leaf: Expression) -> int | None:
    """A count as written, or the value of the parameter that it names; None where it is neither."""
    named = policy.parameters.get(leaf.text.strip())
    text = (leaf if named is None else named.default).text.strip()
    return int(text) if text.isdigit() else None


def check_instruments(policy: Policy, known: Collection[str], where: str) -> list[Diagnostic]:
    """Instruments that nobody has a specification of. `known`: names that `where` knows."""
    return [
        faults.unknown_instrument(leaf.node.span, leaf.text, where, sorted(known))
        for leaf in policy.requires.instruments
        if leaf.text not in known
    ]


def check_day(policy: Policy, account: Account, instruments: Sequence[Instrument]) -> list[Diagnostic]:
    """The account's day has to be stated where the days of what the policy trades differ (SC-10)."""
    traded = {leaf.text for leaf in policy.requires.instruments}
    try:
        if account.day is None:
            agreed_day({spec.name: anchor_of(spec) for spec in instruments if spec.name in traded})
    except DaysDiffer as error:
        days = {name: described(day) for name, day in error.days.items()}
        return [faults.day_not_stated(_place(account), days, _requires(policy, "instruments"))]
    return []


def check_requires(
    policy: Policy,
    account: Account | None,
    venue: Capabilities | None,
    instruments: Sequence[Instrument] | None = None,
) -> list[Diagnostic]:
    """Everything a policy requires, as far as account, venue and instruments are given."""
    found: list[Diagnostic] = []
    if account is not None:
        found += check_account(policy, account)
    if venue is not None:
        found += check_venue(policy, venue, account)
        found += check_rules(policy, venue)
        found += check_subscriptions(policy, venue)
        if instruments is None:
            found += check_names(policy, venue)
    if instruments is not None:
        # what the account says of an instrument are its terms, never the whole specification
        names = [each.name for each in instruments]
        found += check_instruments(policy, names, f"venue {venue.name}" if venue is not None else "the venue")
        if account is not None:
            found += check_day(policy, account, instruments)
    return sorted(found)


def _both_sides(policy: Policy, account: Account) -> list[Diagnostic]:
    """Rules that open the other side, where an account that nets would close the first one instead."""
    return [
        faults.needs_both_sides(span_of(policy, ("hedges", number, "open")), hedge.id.text, _place(account))
        for number, hedge in enumerate(policy.hedges)
        if hedge.open is not None
    ]


def _requires(policy: Policy, key: str) -> Span:
    return span_of(policy, ("requires", key), value=True)


def _place(account: Account) -> Span:
    """Where the account is: at its name, if it came from a file."""
    span: Span | None = getattr(account.name.node, "span", None)
    return span if span is not None else Span.of_file("account")
