"""The published schema of recordings, made from the table that declares their columns.

The table belongs to `ruleengine.recordings`, a higher layer, so whoever writes the schemas hands it in; only the
shape of its rows is known here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "BIGINT": {"type": "integer"},
    "UINTEGER": {"type": "integer", "minimum": 0},
    "DOUBLE": {"type": "number"},
    "VARCHAR": {"type": "string"},
    "DOUBLE[]": {"type": "array", "items": {"type": "number"}},
}


class ColumnLike(Protocol):
    """What a column declares."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def nullable(self) -> bool: ...
    @property
    def doc(self) -> str: ...
    @property
    def example(self) -> object: ...


class KindLike(Protocol):
    """What a kind of row declares."""

    @property
    def name(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def columns(self) -> tuple[Any, ...]: ...


def recording_schema(kinds: Iterable[KindLike]) -> dict[str, Any]:
    """One row of any kind as a JSON object, with its kind in `kind`; in Parquet that is the folder's name."""
    definitions = {kind.name: _kind(kind) for kind in kinds}
    return {
        "$defs": definitions,
        "description": "One row of a recording; columns and units are those of its Parquet files.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in definitions],
    }


def _kind(kind: KindLike) -> dict[str, Any]:
    properties: dict[str, Any] = {"kind": {"const": kind.name, "description": "kind of row", "examples": [kind.name]}}
    properties |= {column.name: _column(column) for column in kind.columns}
    return {
        "type": "object",
        "description": kind.doc,
        "properties": properties,
        "required": ["kind", *(column.name for column in kind.columns if not column.nullable)],
        "additionalProperties": False,
    }


def _column(column: ColumnLike) -> dict[str, Any]:
    declared = dict(_JSON_TYPES[column.type])
    if column.nullable:
        declared["type"] = [declared["type"], "null"]
    described = {**declared, "description": column.doc, "examples": [column.example]}
    return {**described, "x-unit": column.unit} if column.unit else described
