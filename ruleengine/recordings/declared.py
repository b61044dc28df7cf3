"""What the operator declares beside a mapping: laid over it, refused where it would change nothing, told in words.

A declaration that fits no part of the mapping was meant for another file; to pass over it would leave the operator in
the belief that it was heard.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.checks import series_of
from ruleengine.recordings.layout import BAR_KINDS
from ruleengine.recordings.mapping import (
    Band,
    Declared,
    Duration,
    Length,
    Mapping,
    PowerOfTen,
    SessionName,
    Table,
    TimeField,
)
from ruleengine.recordings.zones import zone_named


class Overrides(Declared):
    """What the operator declares on the command line beside a mapping."""

    zone: str | None = Field(default=None, description="Zone of clocks for which the mapping declares none.")
    price_band: Band | None = None
    session: SessionName | None = None
    jump_factor: float | None = Field(default=None, gt=1.0)
    receive_correction: Duration | None = None
    interval: Length | None = Field(default=None, description="Length of bars.")
    divide_by: PowerOfTen | None = Field(default=None, description="Scale of fixed-point columns.")


def option_of(name: str) -> Span:
    """The place of a declaration: its option.

    >>> str(option_of("price_band"))
    '--price-band'
    """
    return Span.of_option("--" + name.replace("_", "-"))


def with_overrides(mapping: Mapping, declared: Overrides) -> Mapping:
    """The mapping as the operator wants it; a zone fills in only where the mapping has none."""
    plain = {
        name: value
        for name in ("price_band", "session", "jump_factor", "receive_correction")
        if (value := getattr(declared, name)) is not None
    }
    if declared.divide_by is not None and mapping.fixed_point is not None:
        plain["fixed_point"] = mapping.fixed_point.model_copy(update={"divide_by": declared.divide_by})
    tables = tuple(_table_with(table, declared) for table in mapping.tables)
    return Mapping.model_validate({**mapping.model_copy(update={**plain, "tables": tables}).model_dump()})


def unusable(mapping: Mapping, declared: Overrides) -> list[Diagnostic]:
    """Findings on declarations that say nothing about this mapping, or name a zone that is none."""
    found = []
    if declared.zone is not None and declared.zone != "stated" and zone_named(declared.zone) is None:
        found.append(faults.unknown_zone(option_of("zone"), declared.zone))
    return [
        *found,
        *(faults.declaration_unused(option_of(name), mapping.name, why) for name, why in _idle(mapping, declared)),
    ]


def words(mapping: Mapping) -> list[str]:
    """What holds beside the file, in words for the report."""
    found = [f"session {mapping.session}, a price {mapping.jump_factor:g} times the one before is a jump of scale"]
    if mapping.fixed_point is not None:
        columns = ", ".join(mapping.fixed_point.columns)
        found.append(f"integers of {columns} are divided by 10^{mapping.fixed_point.exponent}")
    if mapping.price_band is not None:
        found.append(f"plausible prices are {mapping.price_band[0]:g} to {mapping.price_band[1]:g}")
    for table in mapping.tables:
        zone = "" if table.time.is_absolute else f", clock {table.time.zone or 'as stated in each stamp'}"
        stamp = f", stamp is the {table.stamp} of {table.interval}" if table.interval else ""
        found.append(f"{table.kind}{stamp}{zone}")
        if table.received is not None:
            correction = (
                f" (clock corrected by {mapping.receive_correction})" if mapping.receive_correction != "0s" else ""
            )
            found.append(f"{table.kind} available when received, never before its own time{correction}")
    return found


def _idle(mapping: Mapping, declared: Overrides) -> Iterator[tuple[str, str]]:
    """Declarations that would change nothing: name, and what the mapping lacks."""
    tables = mapping.tables
    if declared.zone is not None and not any(_open_clocks(table) for table in tables):
        yield "zone", "its times need no zone, or it states one itself"
    if declared.interval is not None and not any(table.kind in BAR_KINDS for table in tables):
        yield "interval", "it has no bars"
    if declared.divide_by is not None and mapping.fixed_point is None:
        yield "divide_by", "it has no fixed-point columns"
    if declared.price_band is not None and not any(series_of(table.kind) for table in tables):
        yield "price_band", "it has no prices"
    if declared.receive_correction is not None and not any(table.received for table in tables):
        yield "receive_correction", "it has no time of receipt"


def _open_clocks(table: Table) -> list[str]:
    """Times of a table whose zone is still to be declared."""
    return [name for name in ("time", "received") if _is_open(getattr(table, name))]


def _is_open(field: TimeField | None) -> bool:
    return field is not None and field.zone is None and not field.is_absolute


def _table_with(table: Table, declared: Overrides) -> Table:
    changes: dict[str, object] = {}
    if declared.zone is not None:
        for name in _open_clocks(table):
            changes[name] = getattr(table, name).model_copy(update={"zone": declared.zone})
    if declared.interval is not None and table.kind in BAR_KINDS:
        changes["interval"] = declared.interval
    return table.model_copy(update=changes)
