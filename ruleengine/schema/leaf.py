"""The leaves of a policy: scalars that keep their place in the file and are read by the type their place expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from ruleengine.load.document import ScalarNode


class Leaf:
    """A scalar with its node. Subclasses say how published schemas describe it; `reads` is the scalar reader's word."""

    reads: ClassVar[str] = "text"
    json_types: ClassVar[tuple[str, ...]] = ("string",)
    pattern: ClassVar[str | None] = None
    """What the published schemas ask of a text here; never narrower than what the scalar reader takes."""

    __slots__ = ("node", "text", "value")

    def __init__(self, text: str, node: ScalarNode, value: Any = None) -> None:
        self.text, self.node, self.value = text, node, value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        types: Any = list(cls.json_types) if len(cls.json_types) > 1 else cls.json_types[0]
        pattern = {"pattern": cls.pattern} if cls.pattern else {}
        return {"type": types, **pattern, "x-reads": cls.reads}

    def reason(self) -> str | None:
        """Why a value that reads well cannot stand here, in words; None where it can."""
        return None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class Expression(Leaf):
    """An expression of the language; parsed later, with columns inside the text kept."""

    reads = "expression"
    json_types: ClassVar[tuple[str, ...]] = ("string", "number", "boolean")
    pattern: ClassVar[str | None] = r"\S"
    __slots__ = ()


class QuantityLeaf(Leaf):
    """A number with an attached unit, or a bare number; `value` is the loader's `Quantity`."""

    reads = "quantity"
    json_types = ("string", "number")
    pattern = r"^[-+]?([0-9][0-9_]*(\.[0-9][0-9_]*)?|\.[0-9][0-9_]*)(%|[A-Za-z][A-Za-z_]*)?$"
    __slots__ = ()


class Id(Leaf):
    """A name that rules refer to."""

    reads = "id"
    pattern = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
    __slots__ = ()


class NameId(Id):
    """A rule's name that expressions use as well."""

    pattern = r"^[A-Za-z][A-Za-z0-9_]*$"
    __slots__ = ()


class VersionLeaf(Leaf):
    """A semantic version, quoted or plain."""

    reads = "version"
    pattern = r"^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]*)?$"
    __slots__ = ()


class Words(Leaf):
    """Free text."""

    reads = "text"
    __slots__ = ()


class TimeOfDay(Words):
    """Hours and minutes of a 24-hour clock, quoted."""

    pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
    __slots__ = ()


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A key that its author chooses and expressions use: letters, digits and `_`, beginning with a letter."""

Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
"""A key that its author chooses and that has to be read only: a strategy's base tag, an instrument, a metric."""
