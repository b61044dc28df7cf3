"""Instruments on an account: the venue's specification with what the account file states otherwise, and which price
their bars are built of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ruleengine.market.days import account_day
from ruleengine.market.interval import Anchor
from ruleengine.model.instrument import Instrument, stated_terms
from ruleengine.schema.policy import Policy

_OWN = ("pip", "tick", "lot", "min_size", "max_size", "min_value", "margin_rate", "contract_size", "base_price")


def on_account(instruments: Sequence[Instrument], account: Mapping[str, Any]) -> tuple[Instrument, ...]:
    """The instruments as this account trades them; the margin rate is the larger of the instrument's and 1 / leverage.

    Doing it twice changes nothing."""
    return tuple(_of(spec, account) for spec in instruments)


def _of(spec: Instrument, account: Mapping[str, Any]) -> Instrument:
    own: Mapping[str, Any] = (account.get("instruments") or {}).get(spec.name) or {}
    changes: dict[str, Any] = {name: Decimal(str(own[name])) for name in _OWN if own.get(name) is not None}
    changes |= stated_terms(own)
    leverage = own.get("leverage") or account.get("leverage")
    if leverage is not None:
        rate = changes.get("margin_rate", spec.margin_rate)
        changes["margin_rate"] = max(rate, 1 / Decimal(str(leverage)))
    return replace(spec, **changes) if changes else spec


def policy_day(account: Mapping[str, Any], instruments: Iterable[Instrument], policy: Policy) -> Anchor:
    """When the account's day begins; instruments that only give rates of exchange have no say in it.

    Raises  DaysDiffer."""
    traded = {leaf.text for leaf in policy.requires.instruments}
    return account_day(account, (spec for spec in instruments if spec.name in traded))


def spread_of(spec: Instrument, account: Mapping[str, Any]) -> float | None:
    """Spread that the account file declares for data without bid and ask, in quote currency; `0.8pips` counts pips."""
    own: Mapping[str, Any] = (account.get("instruments") or {}).get(spec.name) or {}
    given = own.get("spread")
    if given is None:
        return None
    text = str(given)
    if text.endswith("pips"):
        return float(Decimal(text.removesuffix("pips")) * spec.pip)
    return float(Decimal(text))


def price_side_of(spec: Instrument) -> str:
    """Which price the standard timeframes are built of: the middle of quotes, or trades where a market prints them."""
    return "mid" if spec.kind == "fx" else "last"


def in_base(units: Decimal, spec: Instrument) -> float:
    """Venue units (contracts where it counts those) as base units, which rules compute in."""
    return float(units * spec.contract_size)
