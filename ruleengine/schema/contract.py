"""The published JSON Schemas, asked through jsonschema. The only module of the engine that loads that library.

The schemas asked here are the published ones of draft 2020-12, with references written out and prose left out: the
same verdict in a third of the time, and made once for each kind of document.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, relevance
from pydantic import BaseModel

from ruleengine.load import ListNode, MapNode, Node
from ruleengine.load.plain import Reading, what_yaml_reads
from ruleengine.schema.publish import schema_of

_PROSE = frozenset({"title", "description", "markdownDescription", "examples", "default", "$defs", "$schema", "$id"})
_BY_NAME = frozenset({"properties", "patternProperties"})


class Refusal(NamedTuple):
    """One thing that the schema refuses: where, and its own words."""

    path: tuple[str | int, ...]
    reason: str


def refusals(root: Node, model: type[BaseModel]) -> list[Refusal]:
    """What the published schema of a kind of document refuses in a text, as any other reader of it would."""
    found: list[Refusal] = []
    for error in validator(model).iter_errors(as_json(root)):
        inner = min(_leaves(error), key=lambda each: (-len(each.absolute_path), relevance(each)))
        found.append(Refusal(tuple(inner.absolute_path), inner.message))
    return found


def is_accepted(root: Node, model: type[BaseModel]) -> bool:
    """Whether the published schema takes a document."""
    return validator(model).is_valid(as_json(root))


@cache
def validator(model: type[BaseModel]) -> Draft202012Validator:
    """The validator of one kind of document."""
    schema = schema_of(model)
    return Draft202012Validator(_written_out(schema, schema.get("$defs", {})))


def as_json(node: Node) -> Any:
    """A document as an ordinary reader of YAML 1.2 sees it: plain numbers and booleans as such, all else as text."""
    if isinstance(node, MapNode):
        return {entry.key.text: as_json(entry.value) for entry in node.entries}
    if isinstance(node, ListNode):
        return [as_json(item) for item in node.items]
    if not node.is_plain:
        return node.text
    ambiguity = what_yaml_reads(node.text)
    if ambiguity is None:
        return node.text
    match ambiguity.reading:
        case Reading.BOOLEAN:
            return node.text == "true"
        case Reading.NUMBER:
            return float(node.text) if "." in node.text else int(node.text[:400])
        case Reading.NULL:
            return None
        case _:
            return node.text


def _written_out(schema: Any, definitions: dict[str, Any], names: bool = False) -> Any:
    """The same schema without references and prose; `names`: the keys here are the author's, not the schema's."""
    if isinstance(schema, list):
        return [_written_out(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and not names:
        target = definitions[str(schema["$ref"]).rsplit("/", 1)[-1]]
        rest = {key: value for key, value in schema.items() if key != "$ref" and key not in _PROSE}
        return {**_written_out(target, definitions), **_written_out(rest, definitions)}
    kept = schema if names else {key: value for key, value in schema.items() if key not in _PROSE}
    return {
        key: value if key in ("const", "enum") and not names else _written_out(value, definitions, key in _BY_NAME)
        for key, value in kept.items()
        if names or not key.startswith("x-")
    }


def _leaves(error: ValidationError) -> list[ValidationError]:
    """An error, or where it comes from branches of a choice, the errors of those branches."""
    if not error.context:
        return [error]
    return [leaf for inner in error.context for leaf in _leaves(inner)]
