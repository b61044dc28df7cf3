"""`ruleengine schema`: print one published schema, or rewrite all that is generated from code."""

from __future__ import annotations

import sys
from pathlib import Path

from ruleengine.cli.failure import CommandError
from ruleengine.diagnostics.suggest import did_you_mean


def schema(kind: str, draft: str, write_all: bool) -> int:
    texts = generated()
    if write_all:
        return _write(texts)
    folder = "draft-07" if draft == "7" else draft
    name = f"{folder}/{kind}.schema.json"
    if name not in texts:
        kinds = sorted({Path(path).name.removesuffix(".schema.json") for path in texts})
        near = did_you_mean(kind, kinds)
        raise CommandError(
            f"no schema `{kind}`", f"did you mean {near[0]}?" if near else f"there are: {', '.join(kinds)}"
        )
    sys.stdout.write(texts[name])
    return 0


def generated() -> dict[str, str]:
    """Every published schema: path below `schemas/` → text."""
    from ruleengine.recordings.layout import KINDS
    from ruleengine.schema.publish import files
    from ruleengine.schema.recording import recording_schema

    return files(recording_schema(KINDS.values()))


def _write(texts: dict[str, str]) -> int:
    from ruleengine.cli.reference import rewritten_docs

    root = Path.cwd()
    if not (root / "pyproject.toml").is_file() or not (root / "ruleengine").is_dir():
        raise CommandError("--write-all works in a checkout of ruleengine", "change to its top folder")
    targets = {root / "schemas" / path: text for path, text in texts.items()}
    targets |= rewritten_docs(root)
    changed = 0
    for path, text in targets.items():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stderr.write(f"wrote {path.relative_to(root)}\n")
        changed += 1
    sys.stderr.write(f"{changed} of {len(targets)} generated files changed\n")
    return 0
