"""One object of a reply. Every value is a text: padded, with leading zeros, or empty; keys are upper case here and
lower case there (fact sheet §3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ruleengine.ports.venue import VenueError


def decimal_of(value: object) -> Decimal | None:
    """A number as the venue writes it; None where it is empty or none.

    >>> decimal_of("  000071900 "), decimal_of("-1.23"), decimal_of(""), decimal_of("N/A"), decimal_of("NaN")
    (Decimal('71900'), Decimal('-1.23'), None, None, None)
    """
    text = str(value).strip()
    try:
        found = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


class Row:
    """Fields of one object by their lower-case names. `where`: what it is a part of, for errors."""

    __slots__ = ("_values", "where")

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = {name.lower(): value for name, value in values.items()}
        self.where = where

    def text(self, *names: str) -> str:
        """The first of the fields that is there, without padding; "" where there is none."""
        for name in names:
            value = self._values.get(name)
            if value is not None:
                return str(value).strip()
        return ""

    def maybe(self, *names: str) -> Decimal | None:
        """A number; None where it is missing or empty: unknown is not 0."""
        return decimal_of(self.text(*names))

    def number(self, *names: str) -> Decimal:
        """A number that has to be there.

        Errors   VenueError, with the field's name.
        """
        found = self.maybe(*names)
        if found is None:
            shown = self.text(*names)
            raise VenueError(
                f"{self.where}: `{names[0]}` {f'is `{shown[:40]}`' if shown else 'is missing'}, a number was expected",
                code="PAYLOAD",
                remedy="ask again; if it stays so, the venue has changed this reply",
            )
        return found


def rows_of(value: object, where: str) -> list[Row]:
    """A list of objects; one object alone counts as a list of one, nothing as an empty one (trap 13).

    Errors   VenueError where it is something else.
    """
    if value is None or value == "":
        return []
    given: Iterable[Any] = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else [None]
    found = []
    for each in given:
        if not isinstance(each, Mapping):
            raise VenueError(f"{where}: objects were expected, `{type(each).__name__}` came", code="PAYLOAD")
        found.append(Row(each, where))
    return found
