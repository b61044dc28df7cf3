"""The files that a policy is made of and stands on: `parts` joined, `extends` followed, each loaded once, lowest last.

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
from ruleengine.resolve.parts import with_parts

LEVELS_MAX = 8


@dataclass(slots=True)
class Loaded:
    """Documents from the policy itself down to the lowest one, and every file's text."""

    documents: list[Document] = field(default_factory=list)
    """One for each level, with its parts joined."""
    parts: list[Document] = field(default_factory=list)
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
    top = root if root is not None else Path(os.path.abspath(path)).parent.parent  # noqa: PTH100 - takes `..` out
    file = path
    seen: dict[str, str] = {}
    document = loaded.load(file)
    while document is not None:
        loaded.documents.append(_whole(document, file, top, loaded))
        named = _extends(document)
        if named is None:
            break
        seen[os.path.realpath(file)] = file
        below = _below(file, named, top, seen, loaded)
        document = _load_below(below, named, loaded) if below is not None else None
        loaded.is_whole = loaded.is_whole and document is not None
        file = below if below is not None else file
    return loaded


def _whole(document: Document, file: str, top: Path, loaded: Loaded) -> Document:
    """One level with its parts."""

    def load(named: ScalarNode) -> Document | None:
        path = _in_set(file, named, top, loaded)
        if path is None:
            return None
        if not Path(path).is_file():
            loaded.found.append(faults.part_unusable(named.span, named.text, "there is no such file"))
            return None
        part = loaded.load(path)
        if part is None:
            loaded.found.append(faults.part_unusable(named.span, named.text, "it has faults of its own"))
        return part

    joined, parts, found, is_whole = with_parts(document, load)
    loaded.parts += parts
    loaded.found += found
    loaded.is_whole = loaded.is_whole and is_whole
    return joined


def _extends(document: Document) -> ScalarNode | None:
    entry = document.root.get("extends") if isinstance(document.root, MapNode) else None
    return entry.value if entry is not None and isinstance(entry.value, ScalarNode) and entry.value.text else None


def _below(file: str, named: ScalarNode, top: Path, seen: dict[str, str], loaded: Loaded) -> str | None:
    """The path of the next file, or None with the reason why it is not gone to."""
    below = _in_set(file, named, top, loaded)
    if below is None:
        return None
    real = os.path.realpath(below)
    if real in seen:
        files = [*list(seen.values())[list(seen).index(real) :], below]
        loaded.found.append(faults.extends_cycle(named.span, files))
        return None
    if len(seen) >= LEVELS_MAX:
        loaded.found.append(faults.too_many_levels(named.span, LEVELS_MAX))
        return None
    return below


def _in_set(file: str, named: ScalarNode, top: Path, loaded: Loaded) -> str | None:
    """The path of a file that another names, or None where it may not be gone to."""
    text = named.text
    if Path(text).is_absolute() or text.startswith("~") or "\\" in text or "://" in text:
        loaded.found.append(faults.outside_of_set(named.span, text, "is no relative path"))
        return None
    path = os.path.normpath(os.path.join(os.path.dirname(file), text))  # noqa: PTH118, PTH120 - as written, no `./` lost
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(top)):
        loaded.found.append(faults.outside_of_set(named.span, text, "lies outside of this set of policies"))
        return None
    return path


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
