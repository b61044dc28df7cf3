"""What a fill costs beside its price, as an account states it, or as is usual for the kind of instrument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ruleengine.model.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Fees:
    """`maker`, `taker`, `sell_tax`: share of the value; `per_order`, `minimum`: account currency, a fill."""

    maker: Decimal = Decimal(0)
    taker: Decimal = Decimal(0)
    per_order: Decimal = Decimal(0)
    minimum: Decimal = Decimal(0)
    sell_tax: Decimal = Decimal(0)
    is_assumed: bool = False


def usual_fees(spec: Instrument) -> Fees:
    """What is usual for the kind of instrument, where an account file states nothing.

    >>> usual_fees(Instrument("X", "perpetual", "X", "USD", Decimal(1), Decimal(1))).taker
    Decimal('0.0005')
    """
    if spec.kind == "perpetual":
        return Fees(maker=Decimal("0.0002"), taker=Decimal("0.0005"), is_assumed=True)
    if spec.kind == "stock" and spec.quote == "KRW":
        commission = Decimal("0.00015")
        return Fees(maker=commission, taker=commission, sell_tax=Decimal("0.002"), is_assumed=True)
    return Fees(is_assumed=True)


def fees_of(spec: Instrument, account: Mapping[str, Any]) -> Fees:
    """The fees of an instrument on an account: its own, else the account's, else what is usual."""
    own: Mapping[str, Any] = (account.get("instruments") or {}).get(spec.name) or {}
    given = own.get("fees") or account.get("fees")
    if given is None:
        return usual_fees(spec)
    maker, taker, per_order, minimum, sell_tax = (
        Decimal(str(given.get(part) or 0)) for part in ("maker", "taker", "per_order", "minimum", "sell_tax")
    )
    return Fees(maker, taker, per_order, minimum, sell_tax)
