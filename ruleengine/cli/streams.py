"""What goes where: results alone on stdout, everything else on stderr; colour only where a person looks; files whole or
not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from ruleengine import log
from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.render import render_text


def is_coloured(stream: TextIO) -> bool:
    """A terminal whose owner did not ask for plain text (`NO_COLOR`, or a terminal that can't)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def tell(found: Iterable[Diagnostic], sources: Mapping[str, str]) -> None:
    """Findings on stderr, with an empty line before what follows."""
    sys.stderr.write(render_text(found, sources, colour=is_coloured(sys.stderr)) + "\n")


def say(line: str) -> None:
    """A line on stderr from something that goes on, whether anybody can read it or not: a terminal that was closed must
    not end a run that has to see to exits."""
    with suppress(OSError, ValueError):
        sys.stderr.write(log.unprotected(line) + "\n")


def write_whole(path: Path, text: str) -> None:
    """A file that is there as a whole or not at all. A link stays one: what it points at is written. What is no file (a
    pipe, a device) is written into, for nothing may take its place."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        error.filename = str(path)
        raise
