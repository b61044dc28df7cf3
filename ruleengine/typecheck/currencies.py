"""Which currencies an amount may be in, and what is said of one that can't meet the account's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import measures
from ruleengine.facts.currencies import CURRENCIES
from ruleengine.units import HOME, LITERAL_UNITS, Type

if TYPE_CHECKING:
    from ruleengine.typecheck.names import Names

_CODE = re.compile(r"[A-Z]{3,5}")


def check_account_currency(names: Names) -> None:
    """`requires.currency` is written as codes are; one that isn't listed (a coin) is taken as it stands."""
    leaf = names.policy.requires.currency
    if leaf is not None and not _CODE.fullmatch(leaf.text):
        names.found.append(measures.unknown_currency(leaf.node.span, leaf.text, sorted(CURRENCIES)))


def is_known(names: Names, code: str) -> bool:
    """Is it a currency, as far as the language or the policy knows?"""
    if code in CURRENCIES or code == names.currency:
        return True
    return any(code in re.split(r"[_\W]", name) for name in names.vocabulary("instruments"))


def unknown(names: Names, place: Span, code: str) -> Diagnostic:
    """A code that is none; a unit in capitals is told apart from a currency."""
    own = [
        part for name in names.vocabulary("instruments") for part in re.split(r"[_\W]", name) if _CODE.fullmatch(part)
    ]
    unit = [code.lower()] if code.lower() in LITERAL_UNITS else []
    return measures.unknown_currency(place, code, unit or [*filter(None, [names.currency]), *own, *sorted(CURRENCIES)])


def foreign(names: Names, place: Span, left: Type, right: Type) -> Diagnostic | None:
    """What to say where account money meets money of another currency; None where it is something else."""
    if left.kind != "money" or right.kind != "money" or HOME not in (left, right) or "quote" in (left.arg, right.arg):
        return None
    other = right.arg if left == HOME else left.arg
    if other == "home":
        return None
    if not names.currency:
        return measures.needs_currency(place, other)
    stated = names.policy.requires.currency
    assert stated is not None
    return measures.other_currency(place, other, names.currency, str(stated.node.span))
