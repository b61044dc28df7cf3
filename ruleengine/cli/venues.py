"""Venues by name, through the `ruleengine.adapters` entry points, so that others can ship their own."""

from __future__ import annotations

from importlib.metadata import entry_points

from ruleengine.cli.failure import CommandError
from ruleengine.diagnostics.suggest import did_you_mean
from ruleengine.ports.venue import Adapter


def adapter_named(name: str) -> Adapter:
    found = {point.name: point for point in entry_points(group="ruleengine.adapters")}
    if name not in found:
        near = did_you_mean(name, sorted(found))
        known = ", ".join(sorted(found)) or "none"
        raise CommandError(
            f"no venue `{name}`", f"did you mean {', '.join(near)}?" if near else f"installed are: {known}"
        )
    adapter: Adapter = found[name].load()
    return adapter
