"""Figures and texts of account files and signals: leaves with the units that may stand at their place.

They keep their place in the file where `load` read them, and take plain values (a dictionary's, a JSON line's) as well.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ruleengine.load import Quantity
from ruleengine.schema.leaf import QuantityLeaf, Words
from ruleengine.units import literal_unit

_NUMBER = r"[-+]?([0-9][0-9_]*(\.[0-9][0-9_]*)?|\.[0-9][0-9_]*)"
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>%|[A-Za-z][A-Za-z_]*)?")


class Figure(QuantityLeaf):
    """A number with the units that may stand here. `least`, `most`: inclusive, `above`: exclusive."""

    units: ClassVar[str] = ""
    wanted: ClassVar[str] = "a number"
    least: ClassVar[Decimal | None] = None
    above: ClassVar[Decimal | None] = None
    most: ClassVar[Decimal | None] = None

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._of)

    @classmethod
    def _of(cls, value: Any) -> Figure:
        if isinstance(value, cls):
            return value
        match = None if isinstance(value, bool) else _QUANTITY.fullmatch(str(value))
        if match is None:
            raise ValueError(f"`{value}` is not {cls.wanted}")
        quantity = Quantity(Decimal(match["number"].replace("_", "")), match["unit"], str(value))
        return cls(str(value), None, quantity)  # type: ignore[arg-type]  # a plain value has no node

    @property
    def number(self) -> Decimal:
        """In the unit that `content` gives it: fractions, seconds, whole units of a currency."""
        quantity: Quantity = self.value
        unit = literal_unit(quantity.unit) if quantity.unit else None
        return quantity.number * Decimal(unit.factor) if unit is not None else quantity.number

    @property
    def currency(self) -> str:
        """Currency of an amount; empty where it is bare."""
        unit = literal_unit(self.value.unit) if self.value.unit else None
        return unit.type.arg if unit is not None and unit.type.kind == "money" else ""

    def plain(self) -> str:
        """The value for a venue: a decimal string."""
        return f"{self.number:f}"

    def reason(self) -> str | None:
        """Why it can't stand here, in words; None: it can."""
        if not re.fullmatch(rf"({self.units})", self.value.unit or ""):
            return f"`{self.text}` is not {self.wanted}"
        number = self.number
        if self.above is not None and number <= self.above:
            return f"`{self.text}` is not above {self.above:f}"
        if self.least is not None and number < self.least:
            return f"`{self.text}` is below {self.least:f}"
        if self.most is not None and number > self.most:
            return f"`{self.text}` is above {self.most:f}"
        return None


def _pattern(units: str) -> str:
    return rf"^{_NUMBER}({units})$"


class Amount(Figure):
    units, wanted, least = "|[A-Z]{3,5}", "an amount such as `500_000JPY`, or bare in account currency", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Yearly(Figure):
    units, wanted = "|%|bps", "a ratio such as `4%` or `0.04`"
    pattern = _pattern(units)
    __slots__ = ()


class Rate(Yearly):
    least, most = Decimal(0), Decimal(1)
    __slots__ = ()


class Part(Yearly):
    above, most = Decimal(0), Decimal(1)
    __slots__ = ()


class Factor(Yearly):
    least, most = Decimal(0), Decimal(2)
    __slots__ = ()


class Time(Figure):
    units, wanted, least = "ms|s|min|h|d", "a time such as `50ms` or `84h`", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Bars(Figure):
    units, wanted, least = "|bars", "a number of bars such as `50bars`", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Plain(Figure):
    wanted, above = "a bare number above 0", Decimal(0)
    pattern = _pattern("")
    __slots__ = ()


class AnyNumber(Figure):
    wanted, least = "a bare number, 0 or above", Decimal(0)
    pattern = _pattern("")
    __slots__ = ()


class Size(Figure):
    units, wanted, above = "|units|contracts", "a size such as `10_000units`", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Distance(Figure):
    """A spread: pips of the instrument, or quote currency."""

    units, wanted, above = "|pips", "a spread such as `0.8pips` or `0.008`", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()

    def plain(self) -> str:
        return f"{self.number:f}{self.value.unit or ''}"


class Text(Words):
    """A text. Subclasses narrow it by `pattern`."""

    wanted: ClassVar[str] = "a text"
    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._of)

    @classmethod
    def _of(cls, value: Any) -> Text:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError(f"`{value}` is not {cls.wanted}")  # noqa: TRY004  # pydantic reports only ValueError
        return cls(value, None, value)  # type: ignore[arg-type]  # a plain value has no node

    def plain(self) -> str:
        return self.text

    def reason(self) -> str | None:
        if self.pattern is not None and not re.fullmatch(self.pattern, self.text):
            return f"`{self.text}` is not {self.wanted}"
        return None


class Prefix(Text):
    """What client ids begin with. An empty one would begin them all, those of manual trades too."""

    wanted, pattern = "what client ids of ours begin with, such as `qr-`: one or more characters, no blank", r"^\S+$"
    __slots__ = ()


class RawTag(Text):
    wanted, pattern = "a tag as the venue carries it, such as `TrendMA-bull`", r"^.*\S.*$"
    __slots__ = ()


class Currency(Text):
    wanted, pattern = "a currency such as `JPY` or `USDT`", r"^[A-Z]{3,5}$"
    __slots__ = ()


class Moment(Text):
    wanted = "a time with its zone such as `2025-10-31T16:00:00Z`"
    pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?(Z|[-+][0-9]{2}:[0-9]{2})$"
    __slots__ = ()


class Day(Text):
    wanted, pattern = "a day such as `2026-06-03`", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    __slots__ = ()
