"""The published JSON Schemas, generated from the models: drafts 2020-12 and 07, one file for each kind of document.

Whoever edits a policy gets completion, descriptions and examples from them. `PUBLISHED` lists what is generated here;
the schema of recordings is made from the table that declares their columns (`recording.py`), which the caller hands in,
because the recordings themselves belong to a higher layer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

Draft = Literal["2020-12", "draft-07"]

DIALECTS: Final[dict[Draft, str]] = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "draft-07": "http://json-schema.org/draft-07/schema#",
}

PUBLISHED: Final[dict[str, tuple[str, str]]] = {
    "policy": ("ruleengine.schema.policy", "Policy"),
    "part": ("ruleengine.schema.part", "Part"),
    "overlay": ("ruleengine.schema.overlay", "Overlay"),
    "account": ("ruleengine.schema.account", "Account"),
    "signal": ("ruleengine.schema.signal", "Signal"),
    "scenario": ("ruleengine.schema.scenario", "Scenario"),
    "decision": ("ruleengine.schema.decision", "Decision"),
}
"""Name of the schema file → module and model. Modules are imported when asked for."""

MODELINE_COPY: Final = "policy"
"""Also stands directly in `schemas/`, where the first line of a policy points to."""


def model_named(name: str) -> type[BaseModel]:
    """The model of a published schema."""
    module, attribute = PUBLISHED[name]
    model: type[BaseModel] = getattr(import_module(module), attribute)
    return model


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema in draft 2020-12, as it is published, without its address."""
    generated = model.model_json_schema(by_alias=True, schema_generator=GenerateJsonSchema, mode="validation")
    tidied: dict[str, Any] = _tidied(generated)
    return tidied


def files(recording: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Every published file: path below `schemas/` → its text. `recording`: the schema of recordings, if at hand."""
    schemas = {name: schema_of(model_named(name)) for name in PUBLISHED}
    if recording is not None:
        schemas["recording"] = dict(recording)
    written: dict[str, str] = {}
    for name, schema in sorted(schemas.items()):
        for draft in DIALECTS:
            written[f"{draft}/{name}.schema.json"] = render(schema, name, draft)
    written[f"{MODELINE_COPY}.schema.json"] = render(schemas[MODELINE_COPY], MODELINE_COPY, "2020-12")
    return written


def render(schema: Mapping[str, Any], name: str, draft: Draft) -> str:
    """One schema as the text of its file."""
    body = dict(schema) if draft == "2020-12" else _as_draft_07(schema)
    head = {"$schema": DIALECTS[draft], "title": f"ruleengine {name}"}
    ordered = {**head, **{key: value for key, value in body.items() if key not in ("$schema", "title")}}
    return json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"


def _tidied(schema: Any, in_properties: bool = False) -> Any:
    """Without what pydantic adds and no reader needs: titles, null as an alternative to leaving a key out.

    `in_properties`: the keys of this map are keys of the language, not of JSON Schema.
    """
    if isinstance(schema, list):
        return [_tidied(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if in_properties:
        return {key: _tidied(value) for key, value in schema.items()}
    schema = _without_null(schema)
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" or (key == "default" and value is None):
            continue
        if key in ("properties", "$defs"):
            result[key] = _tidied(value, in_properties=True)
        elif key in ("examples", "default", "enum", "const"):
            result[key] = value
        elif key == "patternProperties":
            # every name has to match, so one pattern over all names says the same and lets editors suggest inside
            ((pattern, inner),) = value.items()
            result["propertyNames"] = {"pattern": pattern}
            result["additionalProperties"] = _tidied(inner)
        else:
            result[key] = _tidied(value)
    if "patternProperties" in schema and isinstance(schema.get("additionalProperties"), bool):
        result["additionalProperties"] = _tidied(next(iter(schema["patternProperties"].values())))
    if "description" in result:
        result["markdownDescription"] = _markdown(result)
    return result


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    branches = schema.get("anyOf")
    if not isinstance(branches, list) or {"type": "null"} not in branches:
        return schema
    rest = [branch for branch in branches if branch != {"type": "null"}]
    outer = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(rest) > 1:
        return {**outer, "anyOf": rest}
    return {**rest[0], **outer}


def _markdown(schema: Mapping[str, Any]) -> str:
    """The description as editors show it, with the example set as code."""
    examples = schema.get("examples")
    text = str(schema["description"])
    if not examples:
        return text
    shown = examples[0] if isinstance(examples[0], str) else json.dumps(examples[0], ensure_ascii=False)
    return f"{text}\n\nExample: `{shown}`"


def _as_draft_07(schema: Any, in_properties: bool = False) -> Any:
    """The same schema in draft 07: `$defs` is `definitions`, and a reference takes nothing beside it."""
    if isinstance(schema, list):
        return [_as_draft_07(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if in_properties:
        return {key: _as_draft_07(value) for key, value in schema.items()}
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "$ref":
            result[key] = str(value).replace("#/$defs/", "#/definitions/")
        elif key in ("examples", "default", "enum", "const"):
            result[key] = value
        else:
            name = "definitions" if key == "$defs" else key
            result[name] = _as_draft_07(value, in_properties=key in ("properties", "$defs"))
    if "$ref" in result and len(result) > 1:
        result["allOf"] = [{"$ref": result.pop("$ref")}, *result.get("allOf", [])]
    return result
