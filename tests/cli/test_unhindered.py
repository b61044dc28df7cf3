"""Standard error that nobody reads must not make a run wait."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from ruleengine.cli.streams import say
from ruleengine.cli.unhindered import unhindered


@contextmanager
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, TextIO]]:
    """(where it is read, standard error)."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        yield reading, stream
    os.close(reading)


def test_what_is_written_is_there_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    with piped(monkeypatch) as (reading, stream):
        stream.write("before\n")
        with unhindered():
            for number in range(3):
                say(f"line {number} …")
        assert sys.stderr is stream
        assert os.read(reading, 1 << 16).decode() == "before\nline 0 …\nline 1 …\nline 2 …\n"


def test_a_reader_that_stands_still_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe holds 64 KiB; 4 MB are written while nobody reads, then it is read, and what is lost is said."""
    found: list[bytes] = []

    def read() -> None:
        while piece := os.read(reading, 1 << 16):
            found.append(piece)

    with piped(monkeypatch) as (reading, stream):
        reader = threading.Thread(target=read, daemon=True)
        with unhindered(end_s=5.0):
            for _ in range(4_000):
                say("x" * 999)
            reader.start()
        stream.close()
        reader.join(5)
    text = b"".join(found).decode()
    shown = text.count("x" * 999)
    lost = sum(int(each.split()[0].replace(",", "")) for each in text.split("\n") if "could not be shown" in each)
    assert lost > 0
    assert shown >= 1_000, "a room full at least"
    assert shown + lost == 4_000


def test_a_descriptor_that_does_not_wait_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where standard input is the same terminal, and signals are read from it."""
    with piped(monkeypatch) as (reading, stream):
        os.set_blocking(stream.fileno(), False)
        with unhindered(end_s=0.01):
            say("x" * 200_000)
        left = 200_001
        while left:
            left -= len(os.read(reading, 1 << 16))


def test_it_ends_though_nobody_ever_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    with piped(monkeypatch) as (reading, stream):
        with unhindered(end_s=0.01):
            say("x" * 200_000)
        assert sys.stderr is stream
        left = 200_001
        while left:
            left -= len(os.read(reading, 1 << 16))  # so that its thread ends, too


def test_a_reader_that_is_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with unhindered():
            say("a")
            say("b")


def test_a_full_disk_is_not_the_end_of_what_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A log file beside a journal that finds no room either, and then there is room again."""
    write, is_refused = os.write, threading.Event()

    def full(handle: int, data: bytes) -> int:
        if not is_refused.is_set():
            is_refused.set()
            raise OSError(errno.ENOSPC, "no room")
        return write(handle, data)

    with (tmp_path / "log").open("w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(os, "write", full)
        with unhindered():
            say("a")
            assert is_refused.wait(5)
            say("b")
    assert (tmp_path / "log").read_text() == "b\n\n1 lines could not be shown here\n"


def test_a_stream_without_a_descriptor_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with unhindered():
        assert sys.stderr is stream
        say("a")
    assert stream.getvalue() == "a\n"
