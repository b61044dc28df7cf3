"""`ruleengine init`: a folder with a policy, its account, scenarios and a CI file, all of which work at once.

The texts stand in `starters/`. Nothing that is already there is written over: all files are looked for before the
first one is written.
"""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from ruleengine import __version__
from ruleengine.cli.failure import CommandError

STARTERS = {
    "fx": "USD/JPY on a hedging account: spread, margin, the other side",
    "crypto": "A perpetual swap on an isolated margin account: ladder, partial profits, pauses",
    "stocks": "Korean shares on a cash account: candidates, one addition, break-even",
}
"""Kinds of starter, with their titles."""

_SCHEMAS = ("policy", "account", "scenario")
_CI = ".github/workflows/policies.yml"


def init(kind: str, folder: Path) -> int:
    """Write the starter of a kind into a folder. Exit code 0, or a refusal that names what is in the way."""
    texts = texts_of(kind)
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file", "name a folder")
    there = sorted(name for name in texts if (folder / name).exists())
    if there:
        more = "" if len(there) == 1 else f" and {len(there) - 1} more"
        raise CommandError(f"{folder / there[0]}{more} is already there", "name another folder; nothing was written")
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"wrote {len(texts)} files to {folder}")
    at = "" if folder == Path() else f"cd {folder} && "
    print(f"next: {at}ruleengine validate . && ruleengine test .")
    print(f"then: ruleengine run --policy {kind}.policy.yaml --duration 30s")
    return 0


def texts_of(kind: str) -> dict[str, str]:
    """Every file of a starter: its path in the new folder → its text."""
    root = files("ruleengine.cli") / "starters"
    texts = {path: item.read_text(encoding="utf-8") for path, item in _walk(root / kind, "")}
    words = {"{title}": STARTERS[kind], "{name}": kind, "{version}": __version__}
    for name, path in (("README.md", "README.md"), ("policies.yml", _CI)):
        text = (root / "common" / name).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        texts[path] = text
    return texts | _schemas()


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for item in sorted(folder.iterdir(), key=lambda each: each.name):
        if item.is_dir():
            found += _walk(item, f"{prefix}{item.name}/")
        elif item.name.endswith(".yaml"):
            found.append((prefix + item.name, item))
    return found


def _schemas() -> dict[str, str]:
    """The schemas that the files' first lines point to, so that an editor needs no network."""
    from ruleengine.schema.publish import model_named, render, schema_of

    return {f"schemas/{name}.schema.json": render(schema_of(model_named(name)), name, "2020-12") for name in _SCHEMAS}
