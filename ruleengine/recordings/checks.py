"""The checks on rows, as a declared list: defect, aspect, and the SQL that is true on a row that has it.

A row at this point has the kind's columns, `ts_event`, `prev_*` (the sound price before it in order), and the sums that
`stage.py` prepares. A check reads one row only, so that its text can be read alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from ruleengine.recordings.layout import BAR_KINDS, KINDS
from ruleengine.recordings.mapping import Mapping, Table

_OHLC = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True)
class Check:
    """One way in which a row can be wrong. `aspect` tells the ways of one defect apart (which side, which price)."""

    code: str
    aspect: str
    sql: str


@dataclass(frozen=True, slots=True)
class Series:
    """Prices that belong together: they may not jump between them, nor against `reference` of the row before."""

    aspect: str
    prices: tuple[str, ...]
    reference: str


def series_of(kind: str) -> tuple[Series, ...]:
    """The price series of a kind: one for each side that can move on its own."""
    if kind == "bar":
        return (Series("", _OHLC, "close"),)
    if kind == "quote_bar":
        return tuple(
            Series(side, tuple(f"{side}_{part}" for part in _OHLC), f"{side}_close") for side in ("bid", "ask")
        )
    if kind == "quote":
        return (Series("bid", ("bid",), "bid"), Series("ask", ("ask",), "ask"))
    if kind in ("trade", "snapshot"):
        return (Series("", ("price",), "price"),)
    if kind == "book":
        return (Series("bid", ("bid_prices[1]",), "bid_prices[1]"), Series("ask", ("ask_prices[1]",), "ask_prices[1]"))
    return ()


def checks_for(mapping: Mapping, table: Table, given: frozenset[str]) -> list[Check]:
    """All checks that apply to the columns that the source gives."""
    kind = table.kind
    found = [*_number_checks(kind, given), *_scale_checks(mapping, kind, given)]
    if kind in BAR_KINDS:
        found += [check for series in series_of(kind) for check in _bar_checks(series, given)]
        found.append(Check("off_grid", "", "off_grid"))
        found.append(Check("last_partial", "", f"is_last AND {_is_forming(kind, given)}"))
    found += _pair_checks(kind)
    if kind == "bar" and "volume" in given:
        found.append(Check("zero_volume", "", "volume = 0"))
    if kind == "quote":
        found.append(Check("unchanged", "", "bid = prev_0 AND ask = prev_1"))
    if kind == "trade" and "size" in given:
        found.append(Check("zero_volume", "", "size = 0"))
    if kind == "snapshot":
        found.append(Check("volume_decrease", "", "acc_volume < prev_acc_volume"))
        found.append(Check("volume_unknown", "first row of the day", "prev_acc_volume IS NULL"))
        found.append(
            Check("ohlc_inconsistent", "price outside of the day's range", "price > day_high OR price < day_low")
        )
    if kind == "book":
        found.append(Check("book_gap", "", "gap"))
    if table.received is not None:
        found.append(Check("negative_latency", "", "received < ts_event"))
    if mapping.session != "always":
        found.append(Check("off_session", "", "NOT in_session"))
    return found


def _number_checks(kind: str, given: frozenset[str]) -> list[Check]:
    found = []
    for column in KINDS[kind].own_columns:
        if column.name not in given or column.type != "DOUBLE":
            continue
        name = column.name
        found.append(Check("missing_value", name, f"{name} IS NULL"))
        found.append(Check("non_finite", name, f"NOT isfinite({name})"))
        limit = "<= 0" if column.unit == "price" else "< 0"
        if column.unit in ("price", "units", "count"):
            found.append(Check("non_positive", name, f"{name} {limit}"))
    if kind == "book":
        found.append(Check("missing_value", "side without levels", "len(bid_prices) = 0 OR len(ask_prices) = 0"))
    return found


def _scale_checks(mapping: Mapping, kind: str, given: frozenset[str]) -> list[Check]:
    found = []
    for number, series in enumerate(series_of(kind)):
        prices = [price for price in series.prices if price.partition("[")[0] in given]
        if not prices:
            continue
        known = ", ".join([*prices, f"prev_{number}"])
        # greatest and least pass over nulls; prices at or below zero have a check of their own.
        jump = f"greatest({known}) > {mapping.jump_factor} * least({known}) AND least({known}) > 0"
        found.append(Check("jump_of_scale", series.aspect, jump))
        if mapping.price_band is not None:
            low, high = mapping.price_band
            outside = " OR ".join(f"{price} NOT BETWEEN {low} AND {high}" for price in prices)
            found.append(Check("outside_band", series.aspect, outside))
    return found


def _bar_checks(series: Series, given: frozenset[str]) -> list[Check]:
    if not set(series.prices) <= given:
        return []
    open_, high, low, close = series.prices
    wrong = f"{high} < greatest({open_}, {close}, {low}) OR {low} > least({open_}, {close}, {high})"
    flat = f"{open_} = {high} AND {high} = {low} AND {low} = {close}"
    return [Check("ohlc_inconsistent", series.aspect, wrong), Check("flat_bar", series.aspect, flat)]


def _is_forming(kind: str, given: frozenset[str]) -> str:
    """SQL of whether a bar looks as if it had been read before its end."""
    if kind != "bar" or not {"volume", *_OHLC} <= given:
        return "off_grid"
    return "(off_grid OR (volume = 0 AND open = high AND high = low AND low = close))"


def _pair_checks(kind: str) -> list[Check]:
    if kind == "quote":
        pairs = [("", "bid", "ask")]
    elif kind == "book":
        pairs = [("", "bid_prices[1]", "ask_prices[1]")]
    elif kind == "quote_bar":
        pairs = [(part, f"bid_{part}", f"ask_{part}") for part in ("close", "open", "high", "low")]
    else:
        return []
    crossed = [Check("crossed", aspect, f"{ask} < {bid}") for aspect, bid, ask in pairs]
    aspect, bid, ask = pairs[0]
    return [*crossed, Check("locked", aspect, f"{ask} = {bid}")]
