"""The files that a policy stands on: found through `extends`, loaded once each, lowest last.

A path is relative to the file that names it and stays within the set: the folder that holds the operator's folders of
policies, which is the parent of the policy's own folder unless the caller names another. Links are followed before that
is judged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import composition as faults
from ruleengine.diagnostics.catalogue import yaml as file_faults
from ruleengine.load import Document, MapNode, ScalarNode, load_file
from ruleengine.load.limits import SET_BYTES_MAX

LEVELS_MAX = 8


@dataclass(slots=True)
class Loaded:
    """Documents from the policy itself down to the lowest one, and every file's text."""

    documents: list[Document] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    found: list[Diagnostic] = field(default_factory=list)
    size: int = 0
    is_whole: bool = True
    """Whether everything that was named could be followed."""

    def load(self, file: str) -> Document | None:
        """One more file, within the size that a set may have."""
        document, found = load_file(file)
        self.found += found
        if document is None:
            return None
        self.size += len(document.source.encode())
        if self.size > SET_BYTES_MAX:
            self.found.append(file_faults.set_too_large(Span.of_file(file), self.size, SET_BYTES_MAX))
            return None
        self.sources[document.file] = document.source
        return document


def load_chain(path: str, root: Path | None) -> Loaded:
    """A policy's file and all that it extends. Faults stand in `found`; what could be read is kept."""
    loaded = Loaded()
    top = root if root is not None else Path(path).absolute().parent.parent
    file = path
    seen: dict[str, str] = {}
    document = loaded.load(file)
    while document is not None:
        loaded.documents.append(document)
        named = _extends(document)
        if named is None:
            break
        seen[os.path.realpath(file)] = file
        below = _below(file, named, top, seen, loaded)
        document = _load_below(below, named, loaded) if below is not None else None
        loaded.is_whole = document is not None
        file = below if below is not None else file
    return loaded


def _extends(document: Document) -> ScalarNode | None:
    entry = document.root.get("extends") if isinstance(document.root, MapNode) else None
    return entry.value if entry is not None and isinstance(entry.value, ScalarNode) and entry.value.text else None


def _below(file: str, named: ScalarNode, top: Path, seen: dict[str, str], loaded: Loaded) -> str | None:
    """The path of the next file, or None with the reason why it is not gone to."""
    text = named.text
    if Path(text).is_absolute() or text.startswith("~") or "\\" in text or "://" in text:
        loaded.found.append(faults.outside_of_set(named.span, text, "is no relative path"))
        return None
    below = os.path.normpath(os.path.join(os.path.dirname(file), text))  # noqa: PTH118, PTH120 - as written, no `./` lost
    real = os.path.realpath(below)
    if not Path(real).is_relative_to(os.path.realpath(top)):
        loaded.found.append(faults.outside_of_set(named.span, text, "lies outside of this set of policies"))
        return None
    if real in seen:
        files = [*list(seen.values())[list(seen).index(real) :], below]
        loaded.found.append(faults.extends_cycle(named.span, files))
        return None
    if len(seen) >= LEVELS_MAX:
        loaded.found.append(faults.too_many_levels(named.span, LEVELS_MAX))
        return None
    return below


def _load_below(below: str, named: ScalarNode, loaded: Loaded) -> Document | None:
    if not Path(below).is_file():
        loaded.found.append(faults.base_unusable(named.span, named.text, "there is no such file"))
        return None
    document = loaded.load(below)
    if document is None:
        loaded.found.append(faults.base_unusable(named.span, named.text, "it has faults of its own"))
    elif not isinstance(document.root, MapNode):
        loaded.found.append(faults.base_unusable(named.span, named.text, "it is no map of keys"))
        return None
    return document
