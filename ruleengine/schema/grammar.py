"""Models → places: what may stand where, as the walk over a document needs it.

The models are the only grammar; this reads their fields once and keeps what a node is compared with. Places hold no
values and know no diagnostics. The published JSON Schemas are made from the same models (`publish.py`), and a test
holds both against each other.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from ruleengine.load import Expects
from ruleengine.schema.leaf import Leaf, Name, Tag


class ScalarPlace(NamedTuple):
    """One value. `words` are all that may stand there, `also` words beside what is read; `leaf` keeps the node, without
    one the bare value counts."""

    reads: Expects
    leaf: type[Leaf] | None = None
    words: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class ModelPlace(NamedTuple):
    """A map with known keys."""

    model: type[BaseModel]
    keys: Mapping[str, Place]
    required: tuple[str, ...]
    examples: Mapping[str, Any]


class NamesPlace(NamedTuple):
    """A map whose keys the author chooses. `key`: what such a name may look like; None where later stages decide."""

    value: Place
    key: Literal["name", "tag"] | None
    items_min: int


class ListPlace(NamedTuple):
    """Items of one kind."""

    item: Place
    items_min: int


class ChoicePlace(NamedTuple):
    """A place for several kinds of node; the node's own kind decides which of them is meant."""

    scalar: ScalarPlace | None
    map: ModelPlace | NamesPlace | None
    list: ListPlace | None


Place: TypeAlias = ScalarPlace | ModelPlace | NamesPlace | ListPlace | ChoicePlace

_PLAIN: dict[Any, Expects] = {bool: "boolean", int: "integer", str: "text", float: "number"}


@cache
def places_of(model: type[BaseModel]) -> ModelPlace:
    """What may stand in a document of this model, all the way down."""
    keys: dict[str, Place] = {}
    required: list[str] = []
    examples: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        key = field.alias or name
        keys[key] = _place(field.annotation, field)
        if field.is_required():
            required.append(key)
        examples[key] = field.examples[0] if field.examples else None
    return ModelPlace(model, keys, tuple(required), examples)


def _place(annotation: Any, field: FieldInfo | None = None) -> Place:
    origin = get_origin(annotation)
    if origin is Annotated:
        plain, *said = get_args(annotation)
        return _place(plain, next((each for each in said if isinstance(each, FieldInfo)), field))
    if origin in (Union, types.UnionType):
        return _choice([_place(part, field) for part in get_args(annotation) if part is not types.NoneType])
    if origin is Literal:
        return ScalarPlace("text", None, tuple(str(word) for word in get_args(annotation)))
    if origin is list:
        return ListPlace(_place(get_args(annotation)[0]), _items_min(field))
    if origin is dict:
        key, value = get_args(annotation)
        kind: Literal["name", "tag"] | None = "name" if key == Name else "tag" if key == Tag else None
        return NamesPlace(_place(value), kind, _items_min(field))
    if isinstance(annotation, type) and issubclass(annotation, Leaf):
        return ScalarPlace(cast("Expects", annotation.reads), annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return places_of(annotation)
    return ScalarPlace(_PLAIN[annotation])


def _choice(parts: list[Place]) -> Place:
    """One place of several; words beside a free value stand for themselves."""
    if len(parts) == 1:
        return parts[0]
    scalars = [part for part in parts if isinstance(part, ScalarPlace)]
    free = next((part for part in scalars if not part.words), None)
    if free is not None:
        words = tuple(word for part in scalars for word in part.words)
        scalars = [ScalarPlace(free.reads, free.leaf, (), words)]
    maps = [part for part in parts if isinstance(part, ModelPlace | NamesPlace)]
    lists = [part for part in parts if isinstance(part, ListPlace)]
    first: Any = [kinds[0] if kinds else None for kinds in (scalars, maps, lists)]
    return ChoicePlace(*first)


def _items_min(field: FieldInfo | None) -> int:
    metadata = field.metadata if field is not None else []
    return next((rule.min_length for rule in metadata if hasattr(rule, "min_length")), 0)
