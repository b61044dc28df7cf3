"""RE500–RE509: what a policy requires of its account and venue, and they don't have.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Diagnostic, Related, Severity
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line

_WITH_ACCOUNT = "none: an account or a venue is needed; shown in tests/schema/test_requires.py"


def _account(mode: str) -> str:
    return f"a {mode} account"


@fault(
    "RE500",
    title="venue without accounts in the currency",
    what="The venue holds no accounts in the currency that the policy requires.",
    why="Every amount in the rules is money of the account; the policy could not run there at all.",
    bad="requires: {currency: JPY}   # on a venue whose accounts are in USDT",
    good="requires: {currency: USDT}",
    proof=_WITH_ACCOUNT,
)
def venue_currency(span: Span, venue: str, wanted: str, has: Sequence[str]) -> Wording:
    return says(
        f"{word(venue)} has no accounts in {wanted}",
        help=f"it has accounts in {' and '.join(has)}; use another venue, or an overlay with that currency and amounts "
        "in it",
    )


@fault(
    "RE501",
    title="account of the wrong mode",
    what="The policy requires an account that hedges or one that nets, and the given account is the other one.",
    why="On an account that nets, the second side closes the first one instead of standing beside it (FX-01).",
    bad="requires: {account: hedging}   # on an account with mode: netting",
    good="requires: {account: hedging}   # on an account with mode: hedging",
    proof=_WITH_ACCOUNT,
)
def account_mode(span: Span, wanted: str, found: str, rules: Sequence[str], account: Span) -> Wording:
    hint = f"use {_account(wanted)}"
    if rules:
        hint += f"; both sides are needed by {', '.join(word(rule) for rule in rules)}"
    return says(
        f"the policy requires {_account(wanted)}, this one is {found}",
        help=hint,
        related=(Related("the account", account),),
    )


@fault(
    "RE502",
    title="rule that needs both sides",
    what="A rule opens the other side of a position, and the account (the given one, or that which the policy "
    "requires) nets both sides of an instrument.",
    why="The order would reduce or close what it is meant to hedge (FX-01).",
    bad="hedges: [{id: other-side, open: …}]   # on an account with mode: netting",
    good="hedges: [{id: other-side, reduce: …}]   # or an account with mode: hedging",
    proof=_WITH_ACCOUNT,
)
def needs_both_sides(span: Span, rule: str, account: Span) -> Wording:
    return says(
        f"{word(rule)} opens the other side, which this account nets against the first",
        help="use a hedging account and say `requires: {account: hedging}`, or write the rule as `reduce`",
        related=(Related("the account", account),),
    )


@fault(
    "RE503",
    title="account in another currency",
    what="The policy requires an account currency that the given account does not have.",
    why="Amounts in the rules would be compared with amounts of another currency.",
    bad="requires: {currency: JPY}   # on an account in USD",
    good="requires: {currency: USD}   # on an account in USD",
    proof=_WITH_ACCOUNT,
)
def account_currency(span: Span, wanted: str, found: str, account: Span) -> Wording:
    return says(
        f"the policy requires an account in {wanted}, this one is in {found}",
        help=f"use an account in {wanted}, or an overlay with `requires: {{currency: {found}}}` and amounts in {found}",
        related=(Related("the account", account),),
    )


@fault(
    "RE504",
    title="venue without a capability",
    what="The policy requires something that the venue cannot do, or one of its rules needs it all the same.",
    why="A rule that relies on it would send orders with another effect than the one that was checked.",
    bad="requires: {capabilities: [client_ids]}   # on a venue without client ids",
    good="requires: {capabilities: []}   # or another venue",
    proof=_WITH_ACCOUNT,
)
def venue_cannot(span: Span, venue: str, capability: str, meaning: str) -> Wording:
    return says(
        f"{word(venue)} has no {word(capability)}: {meaning}", help="use another venue, or rules that do without it"
    )


def ids_not_plain(span: Span, venue: str, prefix: str) -> Diagnostic:
    """RE504 of the ids that our own orders would have."""
    return venue_cannot(span, venue, f"order ids as {prefix}1", "there they are letters and digits alone")


@fault(
    "RE505",
    title="venue without accounts of the mode",
    what="The venue holds no accounts of the mode that is needed.",
    why="The policy could not run there at all.",
    bad="requires: {account: hedging}   # on a venue that only nets",
    good="requires: {account: netting}",
    proof=_WITH_ACCOUNT,
)
def venue_mode(span: Span, venue: str, wanted: str, modes: Sequence[str]) -> Wording:
    return says(f"{word(venue)} has no {wanted} accounts", help=f"it has {' and '.join(modes)} ones; use another venue")


@fault(
    "RE506",
    title="instrument without a specification",
    what="The policy acts on an instrument that the venue does not have.",
    why="Without lot, tick and currencies nothing can be sized or rounded; `instruments` of the account file only "
    "changes terms of what the venue has.",
    bad="instruments: [USDJPY]",
    good="instruments: [USD_JPY]",
    proof=_WITH_ACCOUNT,
)
def unknown_instrument(span: Span, instrument: str, where: str, known: Sequence[str], example: str = "") -> Wording:
    like = f", as `{example}`" if example else ""
    hint = help_line(
        instrument, known, f"write the name that the venue has for it{like}, or use a venue that trades it"
    )
    return says(f"{where} knows no instrument {word(instrument)}", help=hint)


def not_its_name(span: Span, venue: str, instrument: str, example: str) -> Diagnostic:
    """RE506 of a name that the venue can't have, told without asking it."""
    return unknown_instrument(span, instrument, f"venue {venue}", (), example)


@fault(
    "RE507",
    title="more instruments than the venue streams",
    what="A list of candidates keeps more instruments than the venue gives prices of at once, or the policy names more "
    "of them and has no list of candidates.",
    why="Beyond its limit a venue refuses subscriptions; the instruments left out would stay unknown for ever (PY-09).",
    bad="candidates: [{id: watchlist, keep: 50, …}] on a venue that streams 20",
    good="candidates: [{id: watchlist, keep: 20, …}] on the same venue",
    proof="none: needs a venue; tests/schema/test_requires.py",
)
def too_many_subscriptions(span: Span, venue: str, what: str, wanted: int, limit: int) -> Wording:
    return says(
        f"{word(what)} asks for prices of {wanted} instruments at once, {venue} streams {limit}",
        help="keep fewer `candidates`",
    )


@fault(
    "RE508",
    title="account's day not stated",
    what="The policy trades instruments whose days begin at different times, and the account file doesn't say when the "
    "account's day does.",
    why="What is measured since the day began, and what lasts until the next one, would change at a time that nobody "
    "chose (SC-10).",
    bad="instruments: [USD_JPY, BTC-USDT-SWAP]   # on an account without `day`",
    good='day: {timezone: America/New_York, cut: "17:00"}   # in the account file',
    proof=_WITH_ACCOUNT,
)
def day_not_stated(span: Span, days: Mapping[str, str], instruments: Span) -> Wording:
    said = ", ".join(f"{word(name)} {day}" for name, day in days.items())
    return says(
        f"the account states no `day`, and the days of its instruments differ: {said}",
        help='say it in the account file, for example `day: {timezone: America/New_York, cut: "17:00"}`',
        related=(Related("the instruments", instruments),),
    )


@fault(
    "RE509",
    title="rule that needs both sides, on any account",
    what="A rule opens the other side of a position, and the policy takes accounts of any mode.",
    why="On an account that nets, the order reduces or closes what it is meant to hedge (FX-01). Such an account is "
    "refused when it is given (RE502); the policy itself may only ever meet others, so it is a warning.",
    bad="requires: {account: any}, hedges: [{id: other-side, open: …}]",
    good="requires: {account: hedging}, hedges: [{id: other-side, open: …}]",
    proof="none: shown in tests/typecheck/test_rules.py",
    severity=Severity.WARNING,
)
def may_need_both_sides(span: Span, rule: str, account: Span) -> Wording:
    return says(
        f"{word(rule)} opens the other side, which an account that nets would set against the first",
        help="say `requires: {account: hedging}`, or write the rule as `reduce`",
        related=(Related("any account", account),),
    )
