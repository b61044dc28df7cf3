"""`graph`: every form of the drawing, of a small policy and of one with sixty rules."""

from __future__ import annotations

import ast
import json
import os
import re
import stat
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.cli.asking import ask

SHIPPED = Path(__file__).resolve().parents[2] / "policies" / "fx_hedge" / "fx-hedge.policy.yaml"
FORMATS = ("mermaid", "dot", "html", "json", "python")


def test_mermaid_names_rules_and_what_they_read(world: Path) -> None:
    found = ask("graph", "--policy", "small.policy.yaml")
    assert (found.code, found.err) == (0, "")
    labels = dict(re.findall(r'^    (n\d+)\["(.+)"\]$', found.out, re.MULTILINE))
    by_label = {label: name for name, label in labels.items()}
    arrows = set(re.findall(r"^  (n\d+) --> (n\d+)$", found.out, re.MULTILINE))
    assert {"margin", "take", "buy-dip", "from-signals", "losers", "mid", "signal.age"} <= set(by_label)
    drawn = {(labels[a], labels[b]) for a, b in arrows}
    assert ("spread", "spread") in drawn, "the guard of that name reads the fact of that name"
    assert ("mid", "buy-dip") in drawn
    assert ("signal.age", "from-signals") in drawn
    assert ("mid", "from-signals") not in drawn


def test_dot_is_balanced_and_every_arrow_has_its_nodes(world: Path) -> None:
    text = ask("graph", "--policy", "small.policy.yaml", "--format", "dot").out
    assert text.startswith("digraph policy {")
    assert text.count("{") == text.count("}")
    nodes = set(re.findall(r"^    (n\d+) \[label=", text, re.MULTILINE))
    arrows = re.findall(r"^  (n\d+) -> (n\d+);$", text, re.MULTILINE)
    assert arrows
    assert {end for arrow in arrows for end in arrow} <= nodes


def test_json_is_a_graph_in_order(world: Path) -> None:
    """Arguments come before the nodes that use them; each node says what it reads and where it stands."""
    found = json.loads(ask("graph", "--policy", "small.policy.yaml", "--format", "json").out)
    for node in found["nodes"]:
        assert all(arg < node["id"] for arg in node["args"])
        assert set(node["reads"]) <= {"time", "market", "account", "trade", "intent", "signal", "constant"}
    outputs = [root for block in found["blocks"].values() for root in block["outputs"].values()]
    assert set(outputs) <= {node["id"] for node in found["nodes"]}
    checks = {check["left"] for block in found["blocks"].values() for check in block["checks"]}
    assert {"spread", "mid", "signal.age", "trade.pnl_pips", "account.margin_used_of_equity_after"} <= checks


def test_python_is_the_module_that_runs(world: Path) -> None:
    text = ask("graph", "--policy", "small.policy.yaml", "--format", "python").out
    functions = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.FunctionDef)]
    assert len(functions) >= 6


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.outside += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_html_is_one_page_that_needs_no_network() -> None:
    text = ask("graph", "--policy", SHIPPED, "--format", "html").out
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert page.outside == []
    assert "margin-relief" in text
    assert len(text) < 1_000_000


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_policy_is_drawn_the_same(world: Path, format: str) -> None:
    arguments = ("graph", "--policy", SHIPPED, "--format", format)
    assert ask(*arguments) == ask(*arguments)


def test_out_writes_a_file_and_nothing_on_stdout(world: Path) -> None:
    found = ask("graph", "--policy", "small.policy.yaml", "--format", "html", "--out", "graph.html")
    assert (found.code, found.out, found.err) == (0, "", "wrote graph.html\n")
    assert (world / "graph.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    found = ask("graph", "--policy", "small.policy.yaml", "--out", "none/graph.html")
    assert found.code == 2
    assert found.err.startswith("ruleengine: none/graph.html: No such file or directory")


def test_out_keeps_a_link(world: Path) -> None:
    (world / "store").mkdir()
    (world / "store" / "real.html").write_text("old", encoding="utf-8")
    (world / "link.html").symlink_to("store/real.html")
    (world / "dangling.html").symlink_to("store/new.html")
    for name, target in (("link.html", "real.html"), ("dangling.html", "new.html")):
        found = ask("graph", "--policy", "small.policy.yaml", "--format", "html", "--out", name)
        assert (found.code, found.err) == (0, f"wrote {name}\n")
        assert (world / name).is_symlink()
        assert (world / "store" / target).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(each.name for each in (world / "store").iterdir()) == ["new.html", "real.html"]


def test_out_writes_into_what_is_no_file(world: Path) -> None:
    """A pipe stands for a device too: it stays what it is, and its reader has all of it."""
    os.mkfifo(world / "pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        found = ask("graph", "--policy", "small.policy.yaml", "--format", "json", "--out", "pipe")
        out, _ = reader.communicate(timeout=30)
    assert found.code == 0
    assert json.loads(out) == json.loads(ask("graph", "--policy", "small.policy.yaml", "--format", "json").out)
    assert stat.S_ISFIFO((world / "pipe").stat().st_mode)


def test_out_on_a_folder_is_told(world: Path) -> None:
    found = ask("graph", "--policy", "small.policy.yaml", "--out", "quotes")
    assert found.code == 2
    assert "quotes: Is a directory" in found.err


def test_a_refused_policy_draws_nothing(world: Path) -> None:
    (world / "bad.policy.yaml").write_text("kind: Policy\n", encoding="utf-8")
    found = ask("graph", "--policy", "bad.policy.yaml", "--out", "graph.md")
    assert (found.code, found.out) == (1, "")
    assert "RE" in found.err
    assert not (world / "graph.md").exists()


def test_a_policy_that_is_not_there(world: Path) -> None:
    found = ask("graph", "--policy", "none.policy.yaml")
    assert (found.code, found.out) == (2, "")
    assert "RE103" in found.err
