"""The parts of one policy, joined with its own file: their sections in the order in which they are named, then its own.

Nothing in a part may stand in another file of the same policy too (RE241); what lies below, through `extends`, is
changed by the announcements of the policy's own file, wherever the change itself is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import composition as faults
from ruleengine.load import Document, ListNode, MapNode, ScalarNode
from ruleengine.resolve.merge import join
from ruleengine.schema.grammar import ModelPlace, places_of
from ruleengine.schema.walk import Walk


def named_parts(document: Document) -> list[ScalarNode]:
    """The paths under `parts`, as they are written."""
    entry = document.root.get("parts") if isinstance(document.root, MapNode) else None
    items = entry.value.items if entry is not None and isinstance(entry.value, ListNode) else ()
    return [item for item in items if isinstance(item, ScalarNode) and item.text]


def with_parts(
    document: Document, load: Callable[[ScalarNode], Document | None]
) -> tuple[Document, list[Document], list[Diagnostic], bool]:
    """The document with its parts, the parts, what is wrong with them, and whether all of them could be had.

    `load`: the document at a path, or None where it reported why there is none."""
    found: list[Diagnostic] = []
    parts: list[Document] = []
    is_whole = True
    root: MapNode | None = None
    seen: set[str] = set()
    for named in named_parts(document):
        part = load(named)
        if part is None or not isinstance(part.root, MapNode):
            is_whole = False
            if part is not None:
                found.append(faults.part_unusable(named.span, named.text, "it is no map of keys"))
            continue
        real = os.path.realpath(part.file)
        if real in seen:
            found.append(faults.part_unusable(named.span, named.text, "it is named twice"))
            continue
        seen.add(real)
        parts.append(part)
        more, sections = _read(part.root)
        found += more
        if root is None:
            root = sections
        else:
            root, more = join(root, sections)
            found += more
    if root is None or not isinstance(document.root, MapNode):
        return document, parts, found, is_whole
    whole, more = join(root, document.root)
    return Document(document.file, whole, document.source), parts, [*found, *more], is_whole


def _read(root: MapNode) -> tuple[list[Diagnostic], MapNode]:
    """What is wrong with the head of a part, and its sections, whose content is checked with the whole policy."""
    # here and not above: most policies are one file, and a model takes a while to define
    from ruleengine.schema.part import SECTIONS, Part

    whole = places_of(Part)
    walk = Walk()
    head = tuple(entry for entry in root if entry.key.text not in SECTIONS)
    walk.root(MapNode(head, root.span, root.flow), ModelPlace(Part, whole.keys, whole.required, whole.examples))
    return walk.found, MapNode(tuple(entry for entry in root if entry.key.text in SECTIONS), root.span, root.flow)


def is_used(part: Path, load: Callable[[Path], Document | None]) -> bool:
    """Does a policy beside the part, or in the folder above it, name it?"""
    folder = part.resolve().parent
    for policy in (*sorted(folder.glob("*.yaml")), *sorted(folder.parent.glob("*.yaml"))):
        document = load(policy) if b"parts" in policy.read_bytes() else None
        if document is None:
            continue
        for named in named_parts(document):
            if (policy.parent / named.text).resolve() == part.resolve():
                return True
    return False
