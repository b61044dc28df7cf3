"""Margin of one instrument's two sides, under the models an account may have; `isolated` stands in `isolated.py`.

A property of the account, not of a policy. Knows numbers only: no trades, no prices over time, no currencies.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

MarginModel = Literal["net", "max_side", "gross", "hedged_pct", "isolated"]
MODELS: tuple[MarginModel, ...] = ("net", "max_side", "gross", "hedged_pct", "isolated")


def default_model(mode: str) -> MarginModel:
    """The model an account has when its file names none.

    >>> default_model("netting"), default_model("hedging")
    ('net', 'max_side')
    """
    return "max_side" if mode == "hedging" else "net"


def counted_units(
    model: MarginModel, long_units: Decimal, short_units: Decimal, share: Decimal = Decimal(1)
) -> Decimal:
    """Units that need margin.

    Units    long_units, short_units (both positive), result: base units or contracts; share: ratio, `hedged_pct` only.
    Errors   ValueError for `isolated`.
    Source   FX-01: hedged_pct = |net| + share × min(long, short); share 0 is net, 1 is max_side, 2 is gross.

    >>> [counted_units(m, Decimal(50_000), Decimal(45_000)) for m in ("net", "max_side", "gross")]
    [Decimal('5000'), Decimal('50000'), Decimal('95000')]
    >>> counted_units("hedged_pct", Decimal(50_000), Decimal(45_000), Decimal("0.5"))
    Decimal('27500.0')
    """
    if model == "net":
        return abs(long_units - short_units)
    if model == "max_side":
        return max(long_units, short_units)
    if model == "gross":
        return long_units + short_units
    if model == "isolated":
        raise ValueError("isolated margin belongs to trades, not to sides: see `isolated.py`")
    return abs(long_units - short_units) + share * min(long_units, short_units)


def margin_required(
    model: MarginModel,
    long_units: Decimal,
    short_units: Decimal,
    price: Decimal,
    rate: Decimal,
    *,
    share: Decimal = Decimal(1),
    contract_size: Decimal = Decimal(1),
) -> Decimal:
    """Margin that the venue ties up for the two sides of one instrument.

    Units    price: quote currency; rate: ratio; contract_size: base units a contract; result: quote currency.
    Source   FX-01; the broker's fills state exactly 4 % × units × mid (OANDA fact sheet §14).

    >>> margin_required("max_side", Decimal(50_000), Decimal(45_000), Decimal(157), Decimal("0.04"))
    Decimal('314000.00')
    """
    return counted_units(model, long_units, short_units, share) * contract_size * price * rate
