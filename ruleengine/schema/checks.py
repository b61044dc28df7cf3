"""What no single key can say: rule ids unique over all sections, dates and zones that exist, lists without repeats."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from pydantic import BaseModel

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import shape as faults
from ruleengine.load import Node
from ruleengine.schema.leaf import Id, Words
from ruleengine.schema.places import span_in
from ruleengine.schema.policy import Policy

RULE_SECTIONS = (
    "candidates", "guards", "caps", "sizing", "entries", "ladders", "pyramids", "hedges", "exits",
    "protections", "alerts",
)  # fmt: skip

Check = Callable[[Any, Node], list[Diagnostic]]

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


def checks_for(model: type[BaseModel]) -> Check:
    """The check of a kind of document over what was read of it."""
    return _policy if model is Policy else _nothing


def problems_of(built: BaseModel, file: str) -> list[Diagnostic]:
    """What a kind of document says about values that each read well: `problems` of the model's own module."""
    own = getattr(sys.modules[type(built).__module__], "problems", None)
    return [] if own is None else list(own(built, file))


def is_time_of_day(text: str) -> bool:
    """Whether a text is `HH:MM`.

    >>> is_time_of_day("21:00"), is_time_of_day("24:00"), is_time_of_day("9:00")
    (True, False, False)
    """
    return _TIME.fullmatch(text) is not None


def is_date(text: str) -> bool:
    """Whether a text is a day of the calendar.

    >>> is_date("2026-02-28"), is_date("2026-02-30"), is_date("20260228")
    (True, False, False)
    """
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _nothing(data: Any, root: Node) -> list[Diagnostic]:
    return []


def _policy(data: dict[str, Any], root: Node) -> list[Diagnostic]:
    return [*_rule_ids(data), *_schedules(data), *_timeframes(data), *_columns(data, root), *_repeats(data)]


def _rule_ids(data: dict[str, Any]) -> list[Diagnostic]:
    first: dict[str, Span] = {}
    found: list[Diagnostic] = []
    for section in RULE_SECTIONS:
        for rule in _maps(data.get(section)):
            rule_id = rule.get("id")
            if not isinstance(rule_id, Id):
                continue
            span = rule_id.node.span
            if rule_id.text in first:
                found.append(faults.duplicate_id(span, rule_id.text, first[rule_id.text]))
            first.setdefault(rule_id.text, span)
    return found


def _schedules(data: dict[str, Any]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for schedule in _maps(data.get("schedules")):
        found += _zone(schedule.get("timezone"))
        for window in _maps(schedule.get("windows")):
            found += _time(window.get("from")) + _time(window.get("to"))
        days = schedule.get("except_dates")
        for day in days if isinstance(days, list) else []:
            if isinstance(day, Words) and not is_date(day.text):
                found.append(faults.date(day.node.span, day.text))
    return found


def _timeframes(data: dict[str, Any]) -> list[Diagnostic]:
    return [
        finding
        for timeframe in _maps(data.get("timeframes"))
        for finding in (*_time(timeframe.get("anchor")), *_zone(timeframe.get("timezone")))
    ]


def _columns(data: dict[str, Any], root: Node) -> list[Diagnostic]:
    """Values of rows for columns that the table does not declare: nothing would read them."""
    tables = data.get("tables")
    found: list[Diagnostic] = []
    for name, table in tables.items() if isinstance(tables, dict) else ():
        columns = table.get("columns") if isinstance(table, dict) else None
        rows = table.get("rows") if isinstance(table, dict) else None
        if not isinstance(columns, dict) or not columns or not isinstance(rows, list):  # none at all is told already
            continue
        for number, row in enumerate(rows):
            values = row.get("values") if isinstance(row, dict) else None
            for column in values if isinstance(values, dict) else ():
                if column not in columns:
                    span = span_in(root, ("tables", name, "rows", number, "values", column))
                    found.append(faults.unknown_key(span, column, "values", list(columns)))
    return found


def _time(leaf: Any) -> list[Diagnostic]:
    wrong = isinstance(leaf, Words) and not is_time_of_day(leaf.text)
    return [faults.time_of_day(leaf.node.span, leaf.text)] if wrong else []


def _zone(leaf: Any) -> list[Diagnostic]:
    if not isinstance(leaf, Words):
        return []
    # here and not above: most files name no zone, and the database takes a while to load
    from ruleengine.market.zones import is_zone, zone_names

    return [] if is_zone(leaf.text) else [faults.time_zone(leaf.node.span, leaf.text, zone_names())]


def _repeats(data: dict[str, Any]) -> list[Diagnostic]:
    """Lists in which each name counts once."""
    requires = data.get("requires")
    lists = [data.get("pockets"), data.get("regimes"), data.get("ownership")]
    lists.append(requires.get("instruments") if isinstance(requires, dict) else None)
    found: list[Diagnostic] = []
    for names in lists:
        first: dict[str, Span] = {}
        for leaf in names if isinstance(names, list) else []:
            if not isinstance(leaf, Id | Words):
                continue
            if leaf.text in first:
                found.append(faults.repeated_item(leaf.node.span, leaf.text, first[leaf.text]))
            first.setdefault(leaf.text, leaf.node.span)
    return found


def _maps(section: Any) -> Iterator[dict[str, Any]]:
    """The maps of a section, whether it lists or names them; whatever is no map has been reported."""
    values = section.values() if isinstance(section, dict) else section if isinstance(section, list) else ()
    yield from (value for value in values if isinstance(value, dict))
