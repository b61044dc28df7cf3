"""The committed schemas are those of the models, valid by their own standard, and complete for an editor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from ruleengine.market.interval import BUILT_IN
from ruleengine.recordings.layout import KINDS
from ruleengine.schema.policy import Policy
from ruleengine.schema.publish import PUBLISHED, files, model_named, schema_of
from ruleengine.schema.recording import recording_schema
from ruleengine.typecheck.names import STANDARD_TIMEFRAMES

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
VALIDATORS: dict[str, Any] = {"2020-12": Draft202012Validator, "draft-07": Draft7Validator}
EXPECTED = files(recording_schema(KINDS.values()))
NAMES = (*PUBLISHED, "recording")


def test_the_committed_files_are_the_generated_ones() -> None:
    committed = {str(path.relative_to(SCHEMAS)): path.read_text(encoding="utf-8") for path in SCHEMAS.rglob("*.json")}
    assert committed.keys() == EXPECTED.keys(), "run `make schema`"
    assert [name for name, text in EXPECTED.items() if committed[name] != text] == [], "run `make schema`"


@pytest.mark.parametrize("draft", VALIDATORS)
@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_by_its_own_standard(name: str, draft: str) -> None:
    schema = json.loads(EXPECTED[f"{draft}/{name}.schema.json"])
    VALIDATORS[draft].check_schema(schema)
    assert schema["$schema"] == VALIDATORS[draft].META_SCHEMA["$schema"]


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_description_and_an_example(name: str) -> None:
    schema = json.loads(EXPECTED[f"2020-12/{name}.schema.json"])
    bare = [path for path, key in keys_of(schema) if not key.get("description") or not key.get("examples")]
    assert bare == []


@pytest.mark.parametrize("draft", VALIDATORS)
@pytest.mark.parametrize("name", NAMES)
def test_every_example_satisfies_its_key(name: str, draft: str) -> None:
    schema = json.loads(EXPECTED[f"{draft}/{name}.schema.json"])
    shared = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    for path, key in keys_of(schema):
        checker = VALIDATORS[draft]({**shared, **key})
        for example in key["examples"]:
            assert [error.message for error in checker.iter_errors(example)] == [], path


@pytest.mark.parametrize("name", NAMES)
def test_no_map_takes_keys_that_it_does_not_know(name: str) -> None:
    schema = json.loads(EXPECTED[f"2020-12/{name}.schema.json"])
    open_maps = [
        path
        for path, part in parts_of(schema, name)
        if part.get("type") == "object" and part.get("additionalProperties") in (None, True)
    ]
    assert open_maps == []


def test_the_first_line_of_a_policy_points_to_the_schema() -> None:
    """`# yaml-language-server: $schema=../../schemas/policy.schema.json` from policies/<operator>/."""
    assert EXPECTED["policy.schema.json"] == EXPECTED["2020-12/policy.schema.json"]


def test_relations_of_keys_stand_in_the_schema() -> None:
    schema = schema_of(model_named("policy"))
    exit_rule = {"id": "a", "for_each": "trade", "on_unknown": {"wait": "1s", "then": "close"}}
    checker = Draft202012Validator({**schema["$defs"]["Exit"], "$defs": schema["$defs"]})
    assert not checker.is_valid(exit_rule)
    assert not checker.is_valid({**exit_rule, "when": "true"})
    assert checker.is_valid({**exit_rule, "when": "true", "close": "100%"})
    assert checker.is_valid({**exit_rule, "stages": [{"when": "true", "close": "100%"}]})


@pytest.mark.parametrize("draft", VALIDATORS)
@pytest.mark.parametrize(
    ("path", "value", "is_good"),
    [
        ("limits.quote_age_max", 5, False),
        ("limits.quote_age_max", "5s", True),
        ("limits.quote_age_max", "0.5s", True),
        ("limits.quote_age_max", "0s", False),
        ("limits.price_collar", 0.01, False),
        ("limits.price_collar", "0%", False),
        ("limits.price_collar", "1%", True),
        ("limits.max_order_units", "-5units", False),
        ("limits.max_order_units", "0units", False),
        ("limits.max_order_units", "0_0.0units", False),
        ("limits.max_order_units", "0.001units", True),
        ("limits.max_order_units", "+10_000units", True),
        ("limits.orders_per_second", 0, False),
        ("limits.orders_per_second", 1.5, False),
        ("limits.orders_per_second", 3, True),
        ("hedges.confidence", 101, False),
        ("hedges.confidence", 100, True),
        ("hedges.confidence", 0, True),
        ("window.from", "24:00", False),
        ("window.from", "16:0", False),
        ("window.to", "23:59", True),
        ("requires.instruments", ["USD_JPY", "USD_JPY"], False),
        ("requires.instruments", ["USD_JPY", "EUR_USD"], True),
        ("guards.require", "", False),
        ("guards.require", " ", False),
        ("guards.require", True, True),
    ],
)
def test_a_figure_that_validate_refuses_is_refused_by_the_schema(
    path: str, value: Any, is_good: bool, draft: str
) -> None:
    schema = json.loads(EXPECTED[f"{draft}/policy.schema.json"])
    definitions = "$defs" if "$defs" in schema else "definitions"
    owner, _, name = path.partition(".")
    models = {"limits": "Limits", "hedges": "Hedge", "guards": "Guard", "window": "Window", "requires": "Requires"}
    shape = {**schema[definitions][models[owner]]["properties"][name], definitions: schema[definitions]}
    assert VALIDATORS[draft](shape).is_valid(value) == is_good


def keys_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key that a schema declares, with its path."""
    for path, part in parts_of(schema, ""):
        for name, key in part.get("properties", {}).items():
            # conditions of a relation repeat a key without its words
            if "/if" not in path and "/then" not in path:
                yield f"{path}.{name}", key


def parts_of(schema: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema."""
    if isinstance(schema, list):
        for number, each in enumerate(schema):
            yield from parts_of(each, f"{path}/{number}")
    if not isinstance(schema, dict):
        return
    yield path, schema
    for key, value in schema.items():
        if key in ("properties", "$defs", "definitions"):
            for name, each in value.items():
                yield from parts_of(each, f"{path}/{name}")
        elif key not in ("examples", "default", "enum", "const"):
            yield from parts_of(value, f"{path}/{key}")


def test_the_timeframes_that_need_no_declaration_are_the_same_everywhere() -> None:
    described = Policy.model_fields["timeframes"].description
    assert described == f"timeframes beside {' '.join(BUILT_IN)}"
    assert tuple(BUILT_IN) == STANDARD_TIMEFRAMES
