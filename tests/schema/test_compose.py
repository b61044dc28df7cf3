"""`extends`: what joins, what has to be announced, what is refused; every finding names the file it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruleengine.resolve import compose
from ruleengine.resolve.extends import LEVELS_MAX
from ruleengine.typecheck.check import check
from tests.schema.conftest import BASE, CHILD, Desk

NEW_GUARD = "guards:\n  - {id: calm, applies_to: {intent: entry}, require: spread <= 3pips}\n"


def test_what_is_new_joins_and_what_is_below_stays(desk: Desk) -> None:
    composed = desk.good(CHILD + "pockets: [macro, scalp]\nfeatures: {wide: ask - bid}\n" + NEW_GUARD)
    policy = composed.policy
    assert policy.metadata.name.text == "desk"
    assert [guard.id.text for guard in policy.guards] == ["spread", "fresh", "calm"]
    assert [pocket.text for pocket in policy.pockets] == ["scalp", "macro"]
    assert list(policy.features) == ["gap", "wide"]
    assert policy.extends is None
    assert [Path(document.file).name for document in composed.documents] == ["desk.policy.yaml", "base.policy.yaml"]
    assert composed.changes == ()


def test_what_both_define_has_to_be_announced(desk: Desk) -> None:
    change = "guards:\n  - {id: spread, require: spread <= 3pips}\n"
    assert desk.faults(CHILD + change) == [("RE234", "desk.policy.yaml", 6, 10)]
    composed = desk.good(CHILD + "overrides: [guards.spread]\n" + change)
    guard = composed.policy.guards[0]
    assert guard.require.text == "spread <= 3pips"
    assert Path(guard.require.node.span.file).name == "desk.policy.yaml"
    # keys that the upper policy doesn't give stay, with the place they have below
    assert guard.doc is not None
    assert guard.doc.text == "FX-28"
    assert Path(guard.doc.node.span.file).name == "base.policy.yaml"
    assert [(each.address, each.before.line, each.after.line) for each in composed.changes] == [
        ("guards.spread", 20, 7)
    ]


@pytest.mark.parametrize(
    ("section", "address"),
    [
        ("parameters: {spread_max: {default: 2pips}}", "parameters.spread_max"),
        ("features: {gap: ask - mid}", "features.gap"),
        ("limits: {quote_age_max: 5s}", "limits.quote_age_max"),
        ("requires: {instruments: [EUR_USD]}", "requires.instruments"),
    ],
)
def test_every_named_thing_is_announced_alike(desk: Desk, section: str, address: str) -> None:
    assert [fault[0] for fault in desk.faults(f"{CHILD}{section}\n")] == ["RE234"]
    composed = desk.good(f"{CHILD}overrides: [{address}]\n{section}\n")
    assert [each.address for each in composed.changes] == [address]


def test_what_is_removed_is_gone_and_can_be_written_anew(desk: Desk) -> None:
    assert [guard.id.text for guard in desk.good(CHILD + "removes: [guards.fresh]\n").policy.guards] == ["spread"]
    whole = "removes: [guards.spread]\nguards:\n  - {id: spread, applies_to: {side: long}, require: spread <= 9pips}\n"
    guard = desk.good(CHILD + whole).policy.guards[-1]
    assert (guard.id.text, guard.doc, guard.applies_to.side) == ("spread", None, "long")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("overrides: [guards.spraed]", ("RE235", "desk.policy.yaml", 5, 13)),
        ("removes: [exits.gone]", ("RE235", "desk.policy.yaml", 5, 11)),
        ("overrides: [spread]", ("RE235", "desk.policy.yaml", 5, 13)),
        ("overrides: [guards.spread]", ("RE236", "desk.policy.yaml", 5, 13)),
    ],
)
def test_announcements_of_nothing_are_refused(desk: Desk, lines: str, expected: tuple[str, str, int, int]) -> None:
    assert desk.faults(f"{CHILD}{lines}\n") == [expected]


def test_a_misspelt_announcement_says_what_was_meant(desk: Desk) -> None:
    _, found = desk.compose(CHILD + "overrides: [guards.spraed]\n")
    assert found[0].help == "did you mean `guards.spread`?"


def test_announcements_without_a_policy_below(desk: Desk) -> None:
    assert desk.faults(BASE + "overrides: [guards.spread]\n") == [("RE235", "desk.policy.yaml", 33, 13)]


def test_faults_of_the_policy_below_stand_in_its_file(desk: Desk) -> None:
    desk.write("common/base.policy.yaml", BASE.replace("require: quote_age", "requir: quote_age"))
    assert desk.faults(CHILD) == [("RE201", "base.policy.yaml", 26, 5)]


def test_faults_of_both_files_come_in_one_run(desk: Desk) -> None:
    desk.write("common/base.policy.yaml", BASE.replace("version: 1.0.0", "version: 1.0"))
    assert desk.faults(CHILD + "guards: {}\n") == [
        ("RE166", "base.policy.yaml", 3, 33),
        ("RE203", "desk.policy.yaml", 5, 1),
    ]


def test_the_type_checker_points_into_the_file_below(desk: Desk) -> None:
    desk.write("common/base.policy.yaml", BASE.replace("quote_age <= 5s", "quote_age <= 5pips"))
    composed = desk.compose(CHILD)[0]
    assert composed is not None
    found = [each for each in check(composed.policy)[1] if each.code == "RE330"]
    assert [(Path(each.span.file).name, each.span.line) for each in found] == [("base.policy.yaml", 26)]


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/etc/base.policy.yaml", "RE230"),
        ("~/base.policy.yaml", "RE230"),
        ("..\\common\\base.policy.yaml", "RE230"),
        ("https://example.org/base.policy.yaml", "RE230"),
        ("../../outside.policy.yaml", "RE230"),
        ("../common/../../outside.policy.yaml", "RE230"),
        ("../common/bsae.policy.yaml", "RE231"),
        ("../common", "RE231"),
    ],
)
def test_paths_out_of_the_set_and_to_nothing(desk: Desk, path: str, code: str) -> None:
    desk.write("../outside.policy.yaml", BASE)
    faults = desk.faults(CHILD.replace("../common/base.policy.yaml", f"'{path}'"))
    # what would have come from below is not reported as missing
    assert faults == [(code, "desk.policy.yaml", 4, 10)]


def test_a_link_out_of_the_set_is_followed_before_it_is_judged(desk: Desk) -> None:
    outside = desk.write("../outside.policy.yaml", BASE)
    (desk.root / "common" / "linked.policy.yaml").symlink_to(outside)
    faults = desk.faults(CHILD.replace("base.policy.yaml", "linked.policy.yaml"))
    assert [fault[0] for fault in faults] == ["RE230"]


def test_a_narrower_set_can_be_asked_for(desk: Desk) -> None:
    path = desk.write("desk/desk.policy.yaml", CHILD)
    assert compose(path)[0] is not None
    assert "RE230" in [each.code for each in compose(path, root=path.parent)[1]]


def test_circles_are_told_with_their_files(desk: Desk) -> None:
    desk.write("common/base.policy.yaml", BASE + "extends: ../desk/desk.policy.yaml\n")
    _, found = desk.compose(CHILD)
    assert [(each.code, Path(each.span.file).name) for each in found] == [("RE232", "base.policy.yaml")]
    assert found[0].message.count("→") == 2


def test_a_policy_cannot_extend_itself(desk: Desk) -> None:
    assert "RE232" in [fault[0] for fault in desk.faults(CHILD.replace("../common/base", "desk"))]


def test_levels_are_bounded(desk: Desk) -> None:
    def chain(levels: int) -> list[str]:
        for number in range(1, levels):
            below = "base" if number == 1 else f"level{number - 1}"
            text = CHILD.replace("../common/base", f"./{below}").replace("desk", f"level{number}")
            desk.write(f"common/level{number}.policy.yaml", text)
        return [each.code for each in compose(desk.root / f"common/level{levels - 1}.policy.yaml")[1]]

    assert chain(LEVELS_MAX) == []
    assert "RE233" in chain(LEVELS_MAX + 1)


def test_three_levels_change_one_after_the_other(desk: Desk) -> None:
    middle = CHILD.replace("../common/", "./").replace("desk", "middle") + "overrides: [limits.quote_age_max]\n"
    desk.write("common/middle.policy.yaml", middle + "limits: {quote_age_max: 8s}\n")
    text = CHILD.replace("base.policy", "middle.policy") + "overrides: [limits.quote_age_max]\n"
    composed = desk.good(text + "limits: {quote_age_max: 6s}\n")
    assert composed.policy.limits.quote_age_max.text == "6s"
    assert [each.address for each in composed.changes] == ["limits.quote_age_max"] * 2


def test_a_file_below_that_is_no_yaml(desk: Desk) -> None:
    desk.write("common/base.policy.yaml", "a: [\n")
    found = [(code, name) for code, name, *_ in desk.faults(CHILD)]
    assert ("RE231", "desk.policy.yaml") in found
    assert {code[:3] for code, name in found if name == "base.policy.yaml"} == {"RE1"}
