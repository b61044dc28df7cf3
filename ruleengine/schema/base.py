"""What every model of a document is made of: keys with their words, and relations between the keys of one map.

A relation is declared once on the model. It is checked when the model is built, and it is printed into the published
JSON Schemas, so that the editor and the engine refuse the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

T = TypeVar("T")
Some = Annotated[list[T], Field(min_length=1)]
"""A list that says something: an empty one would switch off whatever it restricts."""

RELATION_ERROR = "relation"
"""Type of the pydantic error that carries `Broken` values."""


class Broken(NamedTuple):
    """One relation that does not hold: `missing` keys that should be there, `excess` ones that should not."""

    kind: Literal["one_of_missing", "one_of_both", "needs"]
    keys: tuple[str, ...]
    because: str


class OneOf(NamedTuple):
    """Exactly one of the keys is given; with `required=False` at most one."""

    keys: tuple[str, ...]
    required: bool = True

    def broken(self, given: Mapping[str, Any]) -> Broken | None:
        present = tuple(key for key in self.keys if key in given)
        if len(present) > 1:
            return Broken("one_of_both", present, "")
        if not present and self.required:
            return Broken("one_of_missing", self.keys, "")
        return None

    def as_json_schema(self) -> dict[str, Any]:
        alone = [{"required": [key]} for key in self.keys]
        if self.required:
            return {"oneOf": alone}
        return {"not": {"anyOf": [{"required": [a, b]} for i, a in enumerate(self.keys) for b in self.keys[i + 1 :]]}}


class AnyOf(NamedTuple):
    """At least one of the keys is given."""

    keys: tuple[str, ...]

    def broken(self, given: Mapping[str, Any]) -> Broken | None:
        return None if any(key in given for key in self.keys) else Broken("one_of_missing", self.keys, "")

    def as_json_schema(self) -> dict[str, Any]:
        return {"anyOf": [{"required": [key]} for key in self.keys]}


class Needs(NamedTuple):
    """Where all of `where` are given (each with its value, if one is stated), all of `keys` are given too."""

    where: tuple[tuple[str, str | None], ...]
    keys: tuple[str, ...]

    def broken(self, given: Mapping[str, Any]) -> Broken | None:
        if not all(key in given and (value is None or given[key] == value) for key, value in self.where):
            return None
        missing = tuple(key for key in self.keys if key not in given)
        because = " and ".join(key if value is None else f"{key}: {value}" for key, value in self.where)
        return Broken("needs", missing, because) if missing else None

    def as_json_schema(self) -> dict[str, Any]:
        condition: dict[str, Any] = {"required": [key for key, _ in self.where]}
        values = {key: {"const": value} for key, value in self.where if value is not None}
        if values:
            condition["properties"] = values
        return {"if": condition, "then": {"required": list(self.keys)}}


Relation = OneOf | AnyOf | Needs


class Shape(BaseModel):
    """A map of a document. Built only when first used, because most commands need few of the models."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, frozen=True, defer_build=True)

    relations: ClassVar[Sequence[Relation]] = ()

    @model_validator(mode="after")
    def _hold_relations(self) -> Shape:
        if not self.relations:
            return self
        fields = type(self).model_fields
        given = {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set}
        broken = [found for relation in self.relations if (found := relation.broken(given))]
        if broken:
            raise PydanticCustomError(RELATION_ERROR, "keys of one map do not fit together", {"broken": broken})
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        published = handler(schema)
        if cls.relations:
            handler.resolve_ref_schema(published)["allOf"] = [relation.as_json_schema() for relation in cls.relations]
        return published


def key(description: str, example: Any, **more: Any) -> Any:
    """A key of the grammar: required unless `default` is given."""
    default = more.pop("default", ...)
    return Field(default, description=description, examples=[example], **more)


def optional(description: str, example: Any, **more: Any) -> Any:
    """A key that may be left out."""
    return key(description, example, default=None, **more)
