"""`parts`: one policy in several files; every finding names the file it came from, and nothing is left out unsaid."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.cli.documents import check_document
from ruleengine.resolve import compose
from ruleengine.schema.part import POLICY_ONLY, SECTIONS
from ruleengine.schema.policy import Policy
from tests.schema.conftest import BASE, CHILD, Desk

HEAD = "apiVersion: ruleengine/v1\nkind: Part\n"
CALM = HEAD + "guards:\n  - {id: calm, applies_to: {intent: entry}, require: spread <= 3pips}\n"
WIDE = HEAD + "features: {wide: ask - bid}\n"


def alone(desk: Desk, parts: str) -> str:
    """The base policy as a policy of its own, with parts."""
    return BASE.replace("pockets: [scalp]\n", f"pockets: [scalp]\nparts: [{parts}]\n")


def test_sections_of_parts_come_first_in_their_order_then_the_files_own(desk: Desk) -> None:
    desk.write("desk/calm.part.yaml", CALM)
    desk.write("desk/more/wide.part.yaml", WIDE + CALM.removeprefix(HEAD).replace("calm", "wider"))
    composed = desk.good(alone(desk, "./calm.part.yaml, ./more/wide.part.yaml"))
    assert [guard.id.text for guard in composed.policy.guards] == ["calm", "wider", "spread", "fresh"]
    assert list(composed.policy.features) == ["wide", "gap"]
    assert Path(composed.policy.guards[0].require.node.span.file).name == "calm.part.yaml"
    names = [Path(each.file).name for each in composed.documents]
    assert names == ["desk.policy.yaml", "calm.part.yaml", "wide.part.yaml"]
    assert composed.changes == ()


def test_the_digest_does_not_depend_on_the_files(desk: Desk) -> None:
    desk.write("desk/calm.part.yaml", CALM)
    rule = "  - {id: calm, applies_to: {intent: entry}, require: spread <= 3pips}\n"
    in_parts = desk.good(alone(desk, "./calm.part.yaml")).digest
    assert desk.good(BASE.replace("guards:\n", f"guards:\n{rule}")).digest == in_parts
    assert desk.good(BASE).digest != in_parts


def test_a_policy_may_leave_every_section_to_its_parts(desk: Desk) -> None:
    head, sections = BASE.split("pockets:", 1)
    desk.write("desk/all.part.yaml", f"{HEAD}pockets:{sections}")
    assert desk.good(f"{head}parts: [./all.part.yaml]\n").digest == desk.good(BASE).digest


def test_what_two_files_define_is_refused_at_the_later_one(desk: Desk) -> None:
    desk.write("desk/a.part.yaml", HEAD + "features: {gap: ask - bid}\n")
    assert desk.faults(alone(desk, "./a.part.yaml")) == [("RE241", "desk.policy.yaml", 12, 3)]
    desk.write("desk/b.part.yaml", WIDE)
    desk.write("desk/c.part.yaml", WIDE)
    assert desk.faults(alone(desk, "./b.part.yaml, ./c.part.yaml")) == [("RE241", "c.part.yaml", 3, 12)]


def test_overrides_of_the_policy_cover_what_its_parts_change_below(desk: Desk) -> None:
    desk.write("desk/a.part.yaml", HEAD + "guards:\n  - {id: spread, require: spread <= 3pips}\n")
    child = CHILD + "parts: [./a.part.yaml]\n"
    assert desk.faults(child) == [("RE234", "a.part.yaml", 4, 10)]
    composed = desk.good(child + "overrides: [guards.spread]\n")
    assert composed.policy.guards[0].require.text == "spread <= 3pips"
    assert [each.address for each in composed.changes] == ["guards.spread"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ("RE240", "desk.policy.yaml", 6, 9)),
        ("- a list\n", ("RE240", "desk.policy.yaml", 6, 9)),
        ("apiVersion: ruleengine/v1\nkind: Policy\nfeatures: {a: ask}\n", ("RE207", "a.part.yaml", 2, 7)),
        (HEAD + "requires: {instruments: [EUR_USD]}\n", ("RE201", "a.part.yaml", 3, 1)),
        (HEAD + "parts: [./b.part.yaml]\n", ("RE201", "a.part.yaml", 3, 1)),
        (HEAD + "gaurds: []\n", ("RE201", "a.part.yaml", 3, 1)),
    ],
)
def test_a_part_that_can_not_be_used_refuses_the_policy(
    desk: Desk, text: str | None, expected: tuple[str, str, int, int]
) -> None:
    if text is not None:
        desk.write("desk/a.part.yaml", text)
    assert desk.faults(alone(desk, "./a.part.yaml")) == [expected]


def test_a_slip_in_a_part_is_shown_in_the_part(desk: Desk) -> None:
    desk.write("desk/a.part.yaml", HEAD + "metrics: {a: ask < }\n")
    path = desk.write("desk/desk.policy.yaml", alone(desk, "./a.part.yaml"))
    found, sources = check_document(path, (), (), None, None)
    assert [(each.code, Path(each.span.file).name, each.span.line) for each in found if each.code != "RE348"] == [
        ("RE317", "a.part.yaml", 3)
    ]
    assert found[0].span.file in sources


@pytest.mark.parametrize(
    ("path", "code"), [("/etc/a.part.yaml", "RE230"), ("../../../a.part.yaml", "RE230"), ("./no.part.yaml", "RE240")]
)
def test_a_part_stays_within_the_set(desk: Desk, path: str, code: str) -> None:
    assert [each[0] for each in desk.faults(alone(desk, path))] == [code]


def test_a_part_named_twice_is_refused(desk: Desk) -> None:
    desk.write("desk/b.part.yaml", WIDE)
    assert [each[0] for each in desk.faults(alone(desk, "./b.part.yaml, ../desk/b.part.yaml"))] == ["RE240"]


def test_a_part_that_no_policy_names_is_a_finding(desk: Desk) -> None:
    part = desk.write("desk/calm.part.yaml", CALM)
    desk.write("desk/desk.policy.yaml", BASE)
    assert [each.code for each in check_document(part, (), (), None, None)[0]] == ["RE242"]
    desk.write("desk/desk.policy.yaml", alone(desk, "./calm.part.yaml"))
    assert check_document(part, (), (), None, None)[0] == []


def test_a_part_has_every_section_that_a_policy_has() -> None:
    assert set(SECTIONS) | set(POLICY_ONLY) == set(Policy.model_fields)
    assert {"guards", "limits", "parameters", "metrics"} <= set(SECTIONS)


def test_the_way_to_the_policy_does_not_matter(desk: Desk) -> None:
    desk.write("desk/calm.part.yaml", CALM)
    path = desk.write("desk/desk.policy.yaml", alone(desk, "./calm.part.yaml"))
    (path.parent / "scenarios").mkdir()
    around = path.parent / "scenarios" / ".." / path.name
    composed, found = compose(around)
    assert found == []
    assert composed is not None
