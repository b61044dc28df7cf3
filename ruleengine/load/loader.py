"""Files to documents: bytes, characters, nodes; findings instead of exceptions.

A file that breaks a limit or cannot be read gives no document; any other fault leaves a document beside the findings,
so that later stages can find more in the same run. Whoever acts on a document has to look at the findings first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import yaml as faults
from ruleengine.load import limits
from ruleengine.load.characters import decode, refuse_characters
from ruleengine.load.compose import Composed, compose
from ruleengine.load.document import Document
from ruleengine.load.source import SourceText

_UNKNOWN_ANCHOR = "RE115"


class LoadedSet(NamedTuple):
    """Files loaded together: documents in the order of the paths, findings, and texts for quoting lines."""

    documents: tuple[Document, ...]
    diagnostics: list[Diagnostic]
    sources: dict[str, str]


def load_bytes(data: bytes, file: str) -> tuple[Document | None, list[Diagnostic]]:
    """The document in some bytes, with `file` as its name in messages.

    Never raises for any bytes; each finding has a code and a place.
    """
    if len(data) > limits.FILE_BYTES_MAX:
        return None, [faults.file_too_large(Span.of_file(file), len(data), limits.FILE_BYTES_MAX)]
    text, found = decode(data, file)
    if text is None:
        return None, found
    return _load_text(SourceText.of(file, text), found)


def load_file(path: str | os.PathLike[str]) -> tuple[Document | None, list[Diagnostic]]:
    """The document in a file; its path as given is its name in messages.

    The size is looked at before anything is read, and only ordinary files are opened.
    """
    file = os.fspath(path)
    data, refusal = _read(file, limits.FILE_BYTES_MAX)
    return (None, [refusal]) if refusal is not None else load_bytes(data, file)


def load_set(paths: Iterable[str | os.PathLike[str]]) -> LoadedSet:
    """Several files within the limit of a set; the first file beyond it is refused, and nothing after it is read."""
    documents: list[Document] = []
    found: list[Diagnostic] = []
    sources: dict[str, str] = {}
    total = 0
    for path in paths:
        file = os.fspath(path)
        data, refusal = _read(file, limits.FILE_BYTES_MAX)
        if refusal is not None:
            found.append(refusal)
            continue
        total += len(data)
        if total > limits.SET_BYTES_MAX:
            found.append(faults.set_too_large(Span.of_file(file), total, limits.SET_BYTES_MAX))
            break
        document, findings = load_bytes(data, file)
        sources[file] = quotable(data)
        found += findings
        if document is not None:
            documents.append(document)
    return LoadedSet(tuple(documents), found, sources)


def read_sources(paths: Sequence[str | os.PathLike[str]]) -> dict[str, str]:
    """Texts of files for quoting lines in messages; what cannot be read is left out."""
    sources = {}
    for path in paths:
        data, refusal = _read(os.fspath(path), limits.FILE_BYTES_MAX)
        if refusal is None:
            sources[os.fspath(path)] = quotable(data)
    return sources


def quotable(data: bytes) -> str:
    """Text of a file as messages quote it, with the same columns as its findings."""
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")


def _load_text(source: SourceText, found: list[Diagnostic]) -> tuple[Document | None, list[Diagnostic]]:
    text, refused = refuse_characters(source)
    composed = compose(source, text)
    findings = [*composed.found]
    if composed.broken_at is not None:
        findings += _find_beyond(source, text, composed)
    damaged_lines = {finding.span.line for finding in refused}
    # a refused character was read as a space; what that breaks on its line says nothing about the author's text
    findings = [finding for finding in findings if finding.span.line not in damaged_lines]
    unique = sorted(dict.fromkeys([*found, *refused, *findings]))[: limits.FINDINGS_OF_FILE_MAX]
    if composed.root is None:
        return None, unique
    return Document(source.file, composed.root, source.text), unique


def _find_beyond(source: SourceText, text: str, composed: Composed) -> list[Diagnostic]:
    """Findings in the top-level sections after and beside the one in which the syntax broke.

    The broken section is blanked out and the rest read again, a few times at most. Anchors may have gone with it, so a
    missing one says nothing.
    """
    found: list[Diagnostic] = []
    broken_at = composed.broken_at
    for _ in range(limits.SECTIONS_SKIPPED_MAX):
        rest = _without_section(source, text, broken_at.line) if broken_at is not None else None
        if rest is None or not rest.strip():
            break
        text = rest
        again = compose(source, text)
        found += [finding for finding in again.found if finding.code != _UNKNOWN_ANCHOR]
        broken_at = again.broken_at
    return found


def _without_section(source: SourceText, text: str, line: int) -> str | None:
    """The text with the top-level section of a line blanked out, at the same offsets; nothing where it is blank."""
    starts = source.line_starts
    first = last = line - 1
    while first > 0 and not _begins_section(text, starts[first]):
        first -= 1
    last += 1
    while last < len(starts) and not _begins_section(text, starts[last]):
        last += 1
    begin, end = starts[first], starts[last] if last < len(starts) else len(text)
    section = text[begin:end]
    if not section.strip():
        return None
    blank = "".join(char if char in "\r\n" else " " for char in section)
    return text[:begin] + blank + text[end:]


def _begins_section(text: str, at: int) -> bool:
    return text[at : at + 1] not in ("", " ", "\t", "\r", "\n", "#", "-", "]", "}")


def _read(file: str, limit: int) -> tuple[bytes, Diagnostic | None]:
    """The bytes of an ordinary file up to a limit; the finding instead where there is something in the way."""
    span = Span.of_file(file)
    try:
        # not blocking, so that a pipe without a writer cannot hold the command up before it is seen to be a pipe
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        return b"", faults.unreadable(span, _reason(error))
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return b"", faults.unreadable(span, f"it is {_kind(status.st_mode)}")
        if status.st_size > limit:
            return b"", faults.file_too_large(span, status.st_size, limit)
        with os.fdopen(handle, "rb", closefd=False) as stream:
            data = stream.read(status.st_size + 1)
            if len(data) > status.st_size:  # it has grown since, or has no size to tell, as in /proc
                data += stream.read(limit - status.st_size)
            return data, None
    except OSError as error:
        return b"", faults.unreadable(span, _reason(error))
    finally:
        os.close(handle)


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "it does not exist"
    if isinstance(error, PermissionError):
        return "permission denied"
    return (error.strerror or "unknown reason").lower() if isinstance(error, OSError) else "its name is no file name"


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((noun for is_kind, noun in kinds if is_kind(mode)), "a device")
