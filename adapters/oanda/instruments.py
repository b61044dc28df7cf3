"""Rows of `/instruments` as the model's instruments (fact sheet §4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.wire.decimals import BadPayload, number, optional
from ruleengine.model.instrument import Instrument

_ONE = Decimal(1)


def instrument_of(row: Mapping[str, Any], account_margin_rate: Decimal | None) -> Instrument:
    """One that this account may trade. There is no tick of its own: prices have `displayPrecision` decimals, sizes
    `tradeUnitsPrecision`. Margin is the larger of the account's rate and the instrument's. Raises BadPayload."""
    name = str(row.get("name", ""))
    base, _, quote = name.rpartition("_")
    if not base or not quote:
        raise BadPayload(f"`{name}` is no instrument's name")
    rates = [optional(row.get("marginRate"), "marginRate"), account_margin_rate]
    return Instrument(
        name=name,
        kind="fx",
        base=base,
        quote=quote,
        pip=_ONE.scaleb(_power(row, "pipLocation")),
        tick=_ONE.scaleb(-_power(row, "displayPrecision")),
        lot=_ONE.scaleb(-_power(row, "tradeUnitsPrecision")),
        min_size=number(row.get("minimumTradeSize"), "minimumTradeSize"),
        max_size=optional(row.get("maximumOrderUnits"), "maximumOrderUnits") or None,
        margin_rate=max((rate for rate in rates if rate is not None), default=_ONE),
        sessions="fx",
    )


def _power(row: Mapping[str, Any], key: str) -> int:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 12:
        raise BadPayload(f"`{key}` is no number of digits")
    return value
