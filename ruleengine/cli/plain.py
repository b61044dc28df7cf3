"""A YAML file as plain values, read by our own loader: for documents that another library's model checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruleengine.cli.documents import refusal
from ruleengine.cli.streams import tell
from ruleengine.load import load_file
from ruleengine.load.as_plain import plain


def plain_document(path: Path) -> Any:
    document, found = load_file(path)
    if document is None or found:
        sources = {document.file: document.source} if document is not None else {}
        tell(found, sources)
        raise refusal(path, found)
    return plain(document.root)
