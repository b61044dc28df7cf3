"""The leaves of a policy: scalars that keep their place in the file and are read by the type their place expects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from ruleengine.load.document import ScalarNode


class Leaf:
    """A scalar with its node. Subclasses say how the published schemas describe it; `reads` is the scalar reader's word."""

    reads = "text"
    json_types: tuple[str, ...] = ("string",)

    __slots__ = ("node", "text", "value")

    def __init__(self, text: str, node: ScalarNode, value: Any = None) -> None:
        self.text, self.node, self.value = text, node, value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.is_instance_schema(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        types: Any = list(cls.json_types) if len(cls.json_types) > 1 else cls.json_types[0]
        return {"type": types, "x-reads": cls.reads}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"


class Expression(Leaf):
    """An expression of the language; parsed later, with columns inside the text kept."""

    reads = "expression"
    json_types = ("string", "number", "boolean")
    __slots__ = ()


class QuantityLeaf(Leaf):
    """A number with an attached unit, or a bare number; `value` is the loader's `Quantity`."""

    reads = "quantity"
    json_types = ("string", "number")
    __slots__ = ()


class Id(Leaf):
    """A name that rules refer to."""

    reads = "id"
    __slots__ = ()


class VersionLeaf(Leaf):
    """A semantic version, quoted or plain."""

    reads = "version"
    __slots__ = ()


class Words(Leaf):
    """Free text."""

    reads = "text"
    __slots__ = ()


Key = Annotated[str, "a mapping's own key"]
Reader = Callable[..., Any]
