"""What shaping gives: models whose leaves know their place, and places of keys that are no leaves."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ruleengine.diagnostics import Diagnostic
from ruleengine.load import load_bytes, load_file
from ruleengine.schema.declarations import Feature
from ruleengine.schema.leaf import Expression
from ruleengine.schema.overlay import Overlay
from ruleengine.schema.places import span_of
from ruleengine.schema.policy import Policy
from ruleengine.schema.shape import shape, shape_as
from tests.rejected.cases import HERE

SAMPLE = HERE / "sample.policy.yaml"


@pytest.fixture(scope="module")
def policy() -> Policy:
    document, found = load_file(SAMPLE)
    assert document is not None
    shaped, more = shape(document)
    assert [*found, *more] == []
    assert shaped is not None
    return shaped


def text_at(path: tuple[str | int, ...], policy: Policy, *, value: bool = False) -> str:
    """What stands in the sample at the place that `span_of` gives."""
    span = span_of(policy, path, value=value)
    line = SAMPLE.read_text(encoding="utf-8").split("\n")[span.line - 1]
    return line[span.col - 1 : span.end_col - 1]


def test_values_are_read_by_what_their_place_expects(policy: Policy) -> None:
    assert policy.metadata.version.text == "1.2.0"
    assert policy.limits.max_order_units.value.number == Decimal(100000)
    assert policy.limits.max_order_units.value.unit == "units"
    assert policy.strategies["Hedge"].has_exits is False
    assert policy.strategies["TrendMA"].has_exits is True
    assert policy.exits[0].stages is not None
    assert policy.exits[0].stages[1].close is not None
    assert policy.exits[0].stages[1].close.text == "100%"
    assert [entry.on for entry in policy.entries][:2] == ["signal", "market"]


def test_a_place_for_two_kinds_is_decided_by_what_stands_there(policy: Policy) -> None:
    assert isinstance(policy.features["ma20_gap_atr"], Feature)
    assert isinstance(policy.features["slow_mean"], Expression)
    assert policy.guards[1].applies_to.intent == ["entry", "hedge_open"]
    assert policy.guards[0].applies_to.intent == "entry"


def test_a_leaf_knows_its_place(policy: Policy) -> None:
    leaf = policy.guards[0].require
    line = SAMPLE.read_text(encoding="utf-8").split("\n")[leaf.node.span.line - 1]
    assert line[leaf.node.span.col - 1 : leaf.node.span.end_col - 1] == "spread <= spread_max"
    inner = leaf.node.span_at(10, 20)
    assert line[inner.col - 1 : inner.end_col - 1] == "spread_max"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("guards", 0, "id"), "id"),
        (("guards", 0), "id"),
        (("exits", 1, "on_unknown", "use"), "use"),
        (("parameters", "spread_max", "max"), "max"),
        (("schedules", "thin_hours", "windows", 0, "begin"), "from"),
        (("entries", 1, "on"), "source"),
        (("requires", "capabilities", 1), "reduce_only"),
        (("guards", 0, "enforcement"), "id"),
        (("nowhere",), "a"),
    ],
)
def test_every_key_has_a_place(policy: Policy, path: tuple[str | int, ...], text: str) -> None:
    """Fields under their own name too; what was not written is shown at what it would belong to."""
    assert text_at(path, policy) == text


def test_the_place_of_a_value(policy: Policy) -> None:
    assert text_at(("parameters", "spread_max", "max"), policy, value=True) == "3pips"
    assert text_at(("guards", 3, "enforcement"), policy, value=True) == "i"


def findings(text: str) -> list[Diagnostic]:
    document, found = load_bytes(text.encode(), "overlay.yaml")
    assert document is not None
    return [*found, *shape_as(document, Overlay)[1]]


HEAD = "apiVersion: ruleengine/v1\nkind: Overlay\nmetadata: {name: paper, version: 1.0.0}\n"


def test_an_overlay_has_to_change_something() -> None:
    assert [each.code for each in findings(HEAD)] == ["RE211"]
    assert findings(HEAD + "parameters: {safety: 80%}\n") == []


def test_an_overlay_changes_single_limits() -> None:
    assert findings(HEAD + "limits: {quote_age_max: 5s}\n") == []
    found = findings(HEAD + "limits: {quote_age: 5s}\nenforcement: {spread: shadowed}\n")
    assert [(each.code, each.span.line, each.help) for each in found] == [
        ("RE201", 4, found[0].help),
        ("RE204", 5, "did you mean `shadow`?"),
    ]


@pytest.mark.parametrize(
    ("text", "help_text"),
    [
        ("metadta: {}", "did you mean `metadata`?"),
        ("kind: Overlai", "write `kind: Overlay`"),
        ("enforcement: {a: shadw}", "did you mean `shadow`?"),
        ("policy: [a b]", "write `a-b`"),
    ],
)
def test_help_says_what_was_meant(text: str, help_text: str) -> None:
    key = text.partition(":")[0]
    head = "\n".join(
        line for line in HEAD.split("\n") if not line.startswith((key, "metadata" if key[:3] == "met" else key))
    )
    assert help_text in [each.help for each in findings(head + text + "\n")]


def test_yaml_1_1_words_are_no_keys_of_the_language() -> None:
    """`on:` is true for YAML 1.1, so no key of any document may be such a word."""
    from ruleengine.load.plain import what_yaml_reads
    from ruleengine.schema.publish import PUBLISHED, model_named, schema_of

    def keys(schema: object) -> set[str]:
        if isinstance(schema, list):
            return {key for each in schema for key in keys(each)}
        if not isinstance(schema, dict):
            return set()
        own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
        return own | {key for each in schema.values() for key in keys(each)}

    for name in PUBLISHED:
        assert [key for key in keys(schema_of(model_named(name))) if what_yaml_reads(key)] == []
