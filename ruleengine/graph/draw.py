"""The graph as a picture, as data, or as the Python that runs: one node a drawn fact, feature or rule.

Arithmetic inside an expression is not drawn: what a reader wants to see is which rule reads which facts through which
features. Rules are grouped by section, facts by frame.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruleengine.facts.catalogue import FACTS
from ruleengine.graph.node import Graph, Node
from ruleengine.typecheck.typed import BARE, WORD

_SECTIONS = (
    "candidates", "guards", "caps", "sizing", "entries", "ladders", "pyramids", "hedges", "exits", "protections",
    "alerts", "metrics",
)  # fmt: skip


@dataclass(slots=True)
class Picture:
    """What is drawn. `groups`: title → node ids; `labels`: node id → text; `arrows`: (from, to)."""

    groups: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    arrows: dict[tuple[str, str], None] = field(default_factory=dict)

    def add(self, group: str, name: str, label: str) -> str:
        if name not in self.labels:
            self.labels[name] = label
            self.groups.setdefault(group, []).append(name)
        return name


def picture(graph: Graph) -> Picture:
    """Rules, what they read, and the named values in between."""
    drawn = Picture()
    for block in graph.blocks.values():
        section, _, rest = block.name.partition("/")
        if section not in _SECTIONS:
            continue
        rule = drawn.add(section, f"{section}/{rest.rpartition('.')[0]}", rest.rpartition(".")[0])
        for _, root in block.outputs:
            for source in _sources(graph, graph.nodes[root], drawn):
                drawn.arrows[source, rule] = None
    return drawn


def _sources(graph: Graph, node: Node, drawn: Picture) -> Iterator[str]:
    """The named things directly under a node; each is added with what lies under it in turn."""
    name = _named(graph, node)
    if name is None:
        for arg in node.args[: 1 if node.op == "settled" else None]:  # a sum's terms are in the sum already
            yield from _sources(graph, graph.nodes[arg], drawn)
        return
    group, label = name
    key = f"{group}:{label}"
    if key not in drawn.labels:
        drawn.add(group, key, label)
        if group in ("features", "modes", "tables"):
            for below in _under(graph, node, drawn, name):
                drawn.arrows[below, key] = None
    yield key


def _under(graph: Graph, node: Node, drawn: Picture, name: tuple[str, str]) -> Iterator[str]:
    """What a named node is made of. A node inside it may carry the same name (a feature that was rewritten to settle
    its sum): that is the same thing, and what lies under it counts."""
    for arg in node.args:
        inner = graph.nodes[arg]
        if _named(graph, inner) == name:
            yield from _under(graph, inner, drawn, name)
        else:
            yield from _sources(graph, inner, drawn)


def _named(graph: Graph, node: Node) -> tuple[str, str] | None:
    """(group, label) of a node that is drawn, or None."""
    if node.op == "series":
        return "indicators", str(graph.series[node.data])
    if node.op == "step":
        call = graph.steps[node.data][0]
        return ("modes", call.name) if call.name else ("indicators", f"{call.function}(…)")
    if node.op == "ranked":
        return "candidates", node.label
    if node.op == "schedule":
        return "schedules", node.label
    if node.op == "table":
        return "tables", node.label
    if node.op == "const" or node.label in ("", BARE, WORD):
        return None
    if node.label in FACTS:
        return f"facts: {FACTS[node.label].frame}", node.label
    return "features", node.label


def mermaid(graph: Graph) -> str:
    drawn, lines = picture(graph), ["flowchart LR"]
    ids = {name: f"n{index}" for index, name in enumerate(drawn.labels)}
    for group, names in drawn.groups.items():
        lines.append(f'  subgraph {_identifier(group)}["{group}"]')
        lines += [f'    {ids[name]}["{_quoted(drawn.labels[name])}"]' for name in names]
        lines.append("  end")
    lines += [f"  {ids[source]} --> {ids[target]}" for source, target in drawn.arrows]
    return "\n".join(lines) + "\n"


def dot(graph: Graph) -> str:
    drawn = picture(graph)
    lines = ["digraph policy {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif", fontsize=10];']
    ids = {name: f"n{index}" for index, name in enumerate(drawn.labels)}
    for index, (group, names) in enumerate(drawn.groups.items()):
        lines.append(f"  subgraph cluster_{index} {{ label={json.dumps(group)};")
        lines += [f"    {ids[name]} [label={json.dumps(drawn.labels[name])}];" for name in names]
        lines.append("  }")
    lines += [f"  {ids[source]} -> {ids[target]};" for source, target in drawn.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def as_json(graph: Graph) -> str:
    """Every node and block, for other tools."""
    nodes = [
        {
            "id": n.id,
            "op": n.op,
            "type": str(n.type),
            "args": list(n.args),
            "label": n.label,
            "reads": sorted(n.reads),
            "data": str(n.data.name if n.op == "call" else n.data) if n.data is not None else None,
            "place": str(n.span) if n.span else None,
        }
        for n in graph.nodes
    ]
    blocks = {
        name: {
            "scope": b.scope,
            "outputs": dict(b.outputs),
            "place": str(b.place),
            "checks": [{"left": c.left_text, "operator": c.operator, "right": c.right_text} for c in b.checks],
        }
        for name, b in graph.blocks.items()
    }
    return json.dumps(
        {"nodes": nodes, "blocks": blocks, "bars_needed": graph.bars_needed}, indent=2, ensure_ascii=False
    )


def page(graph: Graph, title: str) -> str:
    """One self-contained page, no script: three columns, and for each rule what it reads; hovering lights a path."""
    drawn = picture(graph)
    below: dict[str, list[str]] = {}
    for source, target in drawn.arrows:
        below.setdefault(target, []).append(source)
    rows: list[str] = []
    for section in _SECTIONS:
        names = drawn.groups.get(section, [])
        if names:
            rows.append(f"<h2>{section}</h2>")
        rows += [_card(drawn, name, below) for name in names]
    return _PAGE.format(title=html.escape(title), cards="\n".join(rows))


def _card(drawn: Picture, name: str, below: dict[str, list[str]], depth: int = 0) -> str:
    children = "".join(_card(drawn, child, below, depth + 1) for child in below.get(name, ()))
    label = html.escape(drawn.labels[name])
    kind = html.escape(name.partition(":")[0].partition("/")[0].replace("facts", "fact"))
    if not children:
        return (
            f"<li><code>{label}</code> <small>{kind}</small></li>"
            if depth
            else f"<details><summary>{label}</summary></details>"
        )
    inner = f"<ul>{children}</ul>"
    if depth:
        return f"<li><code>{label}</code> <small>{kind}</small>{inner}</li>"
    return f'<details open id="{html.escape(name)}"><summary>{label}</summary>{inner}</details>'


def _identifier(text: str) -> str:
    return "g_" + "".join(char if char.isalnum() else "_" for char in text)


def _quoted(text: str) -> str:
    return html.escape(text, quote=True)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif }}
body {{ max-width: 76rem; margin: 2rem auto; padding: 0 1rem; columns: 24rem; column-gap: 2rem }}
h1 {{ column-span: all; font-size: 1.3rem }} h2 {{ font-size: 1rem; margin: 1rem 0 .3rem; text-transform: capitalize }}
details {{ break-inside: avoid; border-left: 3px solid #7a9; padding: .1rem .7rem; margin: .3rem 0 }}
summary {{ font-weight: 600 }} ul {{ margin: .2rem 0; padding-left: 1.1rem }} small {{ opacity: .6 }}
</style>
<h1>{title}</h1>
{cards}
</html>
"""
