"""`ruleengine graph`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ruleengine.cli.documents import compiled_or_exit
from ruleengine.cli.streams import write_whole


def graph(policy: Path, format: str, out: Path | None, sets: Sequence[str], overlays: Sequence[Path]) -> int:
    """Write the drawing to `out` or stdout."""
    compiled = compiled_or_exit(policy, overlays, sets)
    text = draw(compiled.graph, format, compiled.composed.policy.metadata.name.text)
    if out is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    else:
        write_whole(out, text)
        sys.stderr.write(f"wrote {out}\n")
    return 0


def draw(graph: object, format: str, title: str) -> str:
    from ruleengine.graph import Graph
    from ruleengine.graph import draw as drawing

    assert isinstance(graph, Graph)
    if format == "python":
        from ruleengine.backends.scalar import ScalarProgram

        return ScalarProgram(graph).source
    if format == "html":
        return drawing.page(graph, title)
    return {"mermaid": drawing.mermaid, "dot": drawing.dot, "json": drawing.as_json}[format](graph)
