"""Figures and texts of documents: leaves with the units and bounds that may stand at their place.

They keep their place in the file where `load` read them, and take plain values (a dictionary's, a JSON line's) as well.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ruleengine.load import Quantity
from ruleengine.schema.leaf import QuantityLeaf, Words
from ruleengine.units import literal_unit

_UNSIGNED = r"([0-9][0-9_]*(\.[0-9][0-9_]*)?|\.[0-9][0-9_]*)"
_NUMBER = rf"[-+]?{_UNSIGNED}"
_QUANTITY = re.compile(rf"(?P<number>{_NUMBER})(?P<unit>%|[A-Za-z][A-Za-z_]*)?")


class Figure(QuantityLeaf):
    """A number with the units that may stand here. `least`, `most`: inclusive, `above`: exclusive, in the units of
    `number`."""

    units: ClassVar[str] = ""
    is_whole: ClassVar[bool] = False
    wanted: ClassVar[str] = "a number"
    least: ClassVar[Decimal | None] = None
    above: ClassVar[Decimal | None] = None
    most: ClassVar[Decimal | None] = None

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._of)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """A number is taken where it may stand without a unit, within its bounds; a text by its form."""
        published = super().__get_pydantic_json_schema__(schema, handler)
        if cls.above == 0 and cls.pattern == _pattern(cls.units):
            published["pattern"] = rf"^\+?(?=[0-9_.]*[1-9]){_UNSIGNED}({cls.units})$"
        if "" not in cls.units.split("|"):
            return {**published, "type": "string"}
        bounds = {"exclusiveMinimum": cls.above, "minimum": cls.least, "maximum": cls.most}
        stated = {name: _as_json(bound) for name, bound in bounds.items() if bound is not None}
        return {**published, **stated, **({"multipleOf": 1} if cls.is_whole else {})}

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
            return f"`{self.text}` is above {self._in_unit(self.most)}"
        if self.is_whole and number != number.to_integral_value():
            return f"`{self.text}` is no whole number"
        return None

    def _in_unit(self, number: Decimal) -> str:
        """A bound in the unit that the author wrote.

        >>> Period._of("60s")._in_unit(Decimal(3600)), Share._of("5000%")._in_unit(Decimal(1))
        ('3600s', '100%')
        """
        word = self.value.unit or ""
        unit = literal_unit(word) if word else None
        return f"{number / Decimal(unit.factor) if unit is not None else number:f}{word}"


def _as_json(bound: Decimal) -> int | float:
    return int(bound) if bound == bound.to_integral_value() else float(bound)


def _pattern(units: str) -> str:
    return rf"^{_NUMBER}({units})$"


class Amount(Figure):
    units, wanted = "|[A-Z]{3,5}", "an amount such as `500_000JPY`, or bare in account currency"
    least: ClassVar[Decimal | None] = Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Result(Amount):
    """An amount that may be a loss."""

    wanted: ClassVar[str] = "an amount such as `-500JPY`, or bare in account currency"
    least: ClassVar[Decimal | None] = None
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


class Interval(Figure):
    """A length that bars can be built with, as the market package says."""

    units, wanted = "s|min|h", "a length of bars such as `90s`, `7min` or `4h`: whole, and at most `24h`"
    pattern = r"^[1-9][0-9]{0,4}(s|min|h)$"
    __slots__ = ()

    def reason(self) -> str | None:
        # here and not above: most policies declare no timeframe
        from ruleengine.market.interval import is_interval

        return None if is_interval(self.text) else f"`{self.text}` is not {self.wanted}"


class Bars(Figure):
    units, wanted, least = "|bars", "a number of bars such as `50bars`", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Period(Time):
    """A time that something lasts or is counted over: none at all would switch it off, and so would one of years."""

    wanted, above, most = "a time above 0 such as `60s`, of at most 366 days", Decimal(0), Decimal(366 * 86_400)
    least = Decimal(0)
    __slots__ = ()


class Lookback(Bars):
    wanted, most, is_whole = "a whole number of bars such as `50bars`, at most 100,000", Decimal(100_000), True
    __slots__ = ()


class Weight(Yearly):
    wanted, above, most = "a weight such as `0.000001`, above 0 and at most `50%`", Decimal(0), Decimal("0.5")
    __slots__ = ()


class Share(Figure):
    units, wanted = "%|bps", "a share such as `50bps` or `0.5%`, above 0 and at most `100%`"
    above, most = Decimal(0), Decimal(1)
    pattern = _pattern(units)
    __slots__ = ()


class Count(Figure):
    """How often something may happen: less than once would forbid it, and a throttle of millions is none."""

    wanted, least, most, is_whole = "a whole number such as `5`, from 1 to 100,000", Decimal(1), Decimal(100_000), True
    pattern = _pattern("")
    __slots__ = ()


class Units(Figure):
    """The contracts of an instrument are given by the account, which a policy does not have at hand."""

    units, wanted, above = "units", "a size in base units such as `100_000units`, above 0", Decimal(0)
    pattern = _pattern(units)
    __slots__ = ()


class Money(Figure):
    units, wanted, above = "[A-Z]{3,5}", "an amount with its currency such as `20_000_000JPY`, above 0", Decimal(0)
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


class Confidence(AnyNumber):
    wanted, most = "a bare number from 0 to 100", Decimal(100)
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
            return f"{f'`{self.text}`' if self.text.strip() else 'an empty text'} is not {self.wanted}"
        return None


class Prefix(Text):
    """What client ids begin with. An empty one would begin them all, those of manual trades too."""

    wanted, pattern = "a prefix of client ids such as `qr-`: at least one character, no blank", r"^\S+$"
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

    def reason(self) -> str | None:
        found = super().reason()
        if found is None:
            try:
                date.fromisoformat(self.text)
            except ValueError:
                return f"`{self.text}` is no day of the calendar"
        return found


class Clock(Text):
    wanted, pattern = 'a quoted time of day such as `"10:00"`', r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
    __slots__ = ()
