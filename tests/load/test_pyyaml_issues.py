"""Known faults of PyYAML's own loaders, each named, none of them ours."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ruleengine.load import MapNode, ScalarNode, load_bytes, read

ROOT = Path(__file__).resolve().parents[2]


def codes(text: str) -> list[str]:
    return [finding.code for finding in load_bytes(text.encode(), "x.yaml")[1]]


def value_of(text: str) -> ScalarNode:
    document, found = load_bytes(text.encode(), "x.yaml")
    assert document is not None
    assert found == []
    assert isinstance(document.root, MapNode)
    node = document.root.entries[0].value
    assert isinstance(node, ScalarNode)
    return node


@pytest.mark.parametrize("levels", [5, 20, 30])
def test_897_916_937_merge_bomb_is_refused_at_every_merge(levels: int) -> None:
    """2 KB of merge keys cost PyYAML's constructor 22 s, its C loader included."""
    lines = ["m0: &m0 {k: v}"]
    lines += [f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}" for n in range(1, levels)]
    found = codes("\n".join(lines))
    assert set(found) <= {"RE121", "RE113"}
    assert "RE121" in found


def test_235_alias_bomb() -> None:
    """254 bytes, quick to load and 34.7 MB once written out."""
    rows = [
        f"{name}: &{name} [{', '.join([value] * 9)}]"
        for name, value in zip("abcd", ["x", "*a", "*b", "*c"], strict=True)
    ]
    assert codes("\n".join(rows)) == ["RE113"]


def test_self_containing_list() -> None:
    """PyYAML gives a list that is its own element."""
    assert codes("a: &a [*a]") == ["RE114"]


def test_41_165_701_duplicate_keys() -> None:
    """Open since 2016: the last one wins silently."""
    assert codes("limit: 10\nlimit: 5") == ["RE123"]


def test_keys_of_different_types_do_not_collapse() -> None:
    """`{1: a, true: b, 1.0: c}` becomes one entry, since 1 == True == 1.0."""
    document, found = load_bytes(b"{1: a, true: b, 1.0: c}", "x.yaml")
    assert [finding.code for finding in found] == ["RE122", "RE122", "RE122"]
    assert document is not None
    assert isinstance(document.root, MapNode)
    assert document.root.keys() == ("1", "true", "1.0")


@pytest.mark.parametrize(
    ("text", "expects", "code"),
    [
        ("2024-13-45", "text", "RE152"),  # ValueError: month must be in 1..12
        ("0x_", "text", "RE156"),  # ValueError: invalid literal for int()
        ("0x_", "number", "RE156"),
        ("9" * 5_000, "number", "RE161"),  # ValueError: exceeds the limit (4300 digits)
        ("9" * 5_000, "integer", "RE161"),
        ("9" * 5_000 + "pips", "quantity", "RE161"),
        ("0b" + "1" * 5_000, "number", "RE156"),
        ("1e999999999", "number", "RE157"),  # an OverflowError or 400 MB of digits elsewhere
        ("1:" * 2_000 + "1", "text", "RE153"),
    ],
)
def test_value_errors_that_escape_pyyaml_are_findings(text: str, expects: str, code: str) -> None:
    value, found = read(value_of(f"k: {text}"), expects)  # type: ignore[call-overload]  # parametrised over all places
    assert value is None
    assert [finding.code for finding in found] == [code]


@pytest.mark.parametrize("text", ["!!timestamp foo", "!!bool x", "!!int x", "!!float x", "!!python/name:os.system x"])
def test_attribute_and_key_errors_that_escape_pyyaml_are_findings(text: str) -> None:
    assert codes(f"k: {text}") == ["RE120"]


@pytest.mark.parametrize("depth", [500, 2_000, 100_000])
def test_nesting_that_ends_pyyaml_in_a_recursion_error(depth: int) -> None:
    assert codes("[" * depth) == ["RE110"]


@pytest.mark.parametrize(
    ("text", "yaml_1_1", "yaml_1_2"),
    [("on", True, "on"), ("22:30", 1350, "22:30"), ("0o17", "0o17", 15), ("1e3", "1e3", 1000.0), ("010", 8, 10)],
)
def test_486_512_what_the_two_versions_read_differently_is_refused(
    text: str, yaml_1_1: object, yaml_1_2: object
) -> None:
    assert yaml_1_1 != yaml_1_2
    node = value_of(f"k: {text}")
    for expects in ("text", "number", "id", "quantity", "integer", "boolean"):
        value, found = read(node, expects)
        assert value is None
        assert len(found) == 1


def test_only_this_package_imports_pyyaml() -> None:
    importers = {
        path.parent.relative_to(ROOT).as_posix()
        for folder in ("ruleengine", "adapters")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "yaml" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "yaml")
    }
    assert importers == {"ruleengine/load"}


def test_diagnostics_do_not_pay_for_pyyaml() -> None:
    program = (
        "import sys, ruleengine.diagnostics, ruleengine.diagnostics.render, ruleengine.diagnostics.catalogue;"
        "assert 'yaml' not in sys.modules; import ruleengine.load; assert 'yaml' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
