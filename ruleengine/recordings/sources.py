"""Input files as lines of text that DuckDB can read, with the origin's SHA-256; nothing is interpreted here.

Texts are copied, streaming, into a work folder: uncompressed, with one kind of line end (DuckDB takes a file that mixes
them for one with empty lines) and without quotes. Lines keep their numbers, so that defects can say where they are.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.mapping import Mapping
from ruleengine.recordings.problem import RecordingProblem, line_of, whole_file

SEPARATOR = "\x1f"
"""Between the fields of rewritten lines: no text file has it."""

_BLOCK_BYTES = 1 << 20
_READ_FAULTS = (OSError, EOFError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Origin:
    """An input as it was given: name, digest and size."""

    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Text that DuckDB reads: `lines` of `text`, split at `delimiter`, the first `skip` of them no data.

    `origin` names the file (of an archive: file!member), `columns` the fields in order.
    """

    text: Path
    origin: str
    file_name: str
    delimiter: str
    columns: tuple[str, ...]
    skip: int


def origin_of(path: Path) -> Origin:
    """Name, digest and size of a file."""
    if path.exists() and not path.is_file():  # it is read more than once, and opening a pipe waits for its writer
        raise RecordingProblem(faults.input_unreadable(whole_file(path), "it is no ordinary file"))
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
                size += len(block)
    except OSError as failure:
        raise RecordingProblem(faults.input_unreadable(whole_file(path), _reason(failure))) from failure
    return Origin(path.name, digest.hexdigest(), size)


def csv_lines(path: Path, mapping: Mapping, work: Path) -> list[Lines]:
    """The delimited texts of a file: itself, or the members of an archive."""
    found = []
    try:
        for number, (label, stream) in enumerate(_texts(path)):
            with stream:
                plain = work / f"{path.name}.{number}.txt"
                delimiter = _write_plain(stream, plain, mapping.delimiter)
            columns = _header(plain, delimiter, path) if mapping.header else mapping.fields
            found.append(Lines(plain, label, path.name, delimiter, columns, int(mapping.header)))
    except _READ_FAULTS as failure:
        raise RecordingProblem(faults.input_unreadable(whole_file(path), _reason(failure))) from failure
    return found


def json_lines(path: Path, work: Path) -> Lines:
    """A file of JSON lines, uncompressed."""
    plain = work / f"{path.name}.txt"
    try:
        with open_text(path) as source, plain.open("wb") as target:
            _copy_without_returns(source, target)
    except _READ_FAULTS as failure:
        raise RecordingProblem(faults.input_unreadable(whole_file(path), _reason(failure))) from failure
    return Lines(plain, path.name, path.name, "", (), 0)


def json_map_lines(path: Path, mapping: Mapping, work: Path) -> Lines:
    """Nested objects (level keys → … → properties) as one line an innermost object, numbers as written."""
    try:
        with open_text(path) as source:
            tree = json.load(source, parse_float=str, parse_int=str)
    except (*_READ_FAULTS, ValueError) as failure:
        raise RecordingProblem(faults.input_unreadable(whole_file(path), _reason(failure))) from failure
    plain = work / f"{path.name}.txt"
    properties = mapping.fields[mapping.levels :]
    rows = (
        [*keys, *("" if leaf.get(name) is None else str(leaf[name]) for name in properties)]
        for keys, leaf in _leaves(tree, mapping.levels, path)
    )
    write_rows(plain, rows)
    return Lines(plain, path.name, path.name, SEPARATOR, mapping.fields, 0)


def open_text(path: Path) -> IO[bytes]:
    """The bytes of a file, uncompressed where its name ends in .gz."""
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return path.open("rb")


def write_rows(target: Path, rows: Iterable[Iterable[str]]) -> int:
    """Rows of fields as separated lines; line ends inside of a field become spaces. Gives their number."""
    count = 0
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        for row in rows:
            stream.write(SEPARATOR.join(row).replace("\n", " ").replace("\r", " ") + "\n")
            count += 1
    return count


def _leaves(tree: Any, levels: int, path: Path) -> Iterator[tuple[list[str], dict[str, Any]]]:
    if not isinstance(tree, dict):
        raise RecordingProblem(faults.input_unreadable(whole_file(path), "an object was expected at every level"))
    if levels == 0:
        yield [], tree
        return
    for key, below in tree.items():
        for keys, leaf in _leaves(below, levels - 1, path):
            yield [key, *keys], leaf


def _texts(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if path.suffix != ".zip":
        yield path.name, open_text(path)
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield f"{path.name}!{member.filename}", archive.open(member)


def _write_plain(source: IO[bytes], target: Path, delimiter: str) -> str:
    """Copy without carriage returns; a text with quotes is written again with our separator. Gives the delimiter."""
    with target.open("wb") as stream:
        has_quotes = _copy_without_returns(source, stream)
    if not has_quotes:
        return delimiter
    unquoted = target.with_suffix(".unquoted")
    with target.open(encoding="utf-8-sig", newline="") as stream:
        write_rows(unquoted, csv.reader(stream, delimiter=delimiter))
    unquoted.replace(target)
    return SEPARATOR


def _copy_without_returns(source: IO[bytes], target: IO[bytes]) -> bool:
    """Copy, line ends made one character, a byte-order mark left out. Whether there are double quotes in it."""
    has_quotes = False
    held = b""
    is_first = True
    while block := source.read(_BLOCK_BYTES):
        block = held + block
        if is_first:
            block = block.removeprefix(b"\xef\xbb\xbf")
            is_first = False
        # A return at the end of a block may belong to the line feed that begins the next one.
        held = b"\r" if block.endswith(b"\r") else b""
        block = block[: len(block) - len(held)]
        has_quotes = has_quotes or b'"' in block
        target.write(block.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    if held:
        target.write(b"\n")
    return has_quotes


def _header(plain: Path, delimiter: str, path: Path) -> tuple[str, ...]:
    with plain.open("rb") as stream:
        first = io.BytesIO(stream.readline(_BLOCK_BYTES)).read().decode("utf-8").rstrip("\n")
    if not first:
        raise RecordingProblem(faults.input_unreadable(line_of(path, 1), "the file is empty"))
    return tuple(name.strip() for name in first.split(delimiter))


def _reason(failure: Exception) -> str:
    if isinstance(failure, OSError) and failure.strerror:
        return failure.strerror.lower()
    return str(failure).splitlines()[0] if str(failure) else type(failure).__name__
