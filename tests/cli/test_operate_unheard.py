"""Engines that say nothing: one that hangs hides no other, and nothing is said to be done."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ruleengine.cli import operate
from ruleengine.cli.control_wire import Reply, State, line_of, socket_of
from tests.cli.asking import ask

STATE = State(
    title="small on test", journal="one", process=1, time="", off=[], tripped={}, protections=[], unheard=[],
    overrides={"price_collar": "2026-01-05 00:10:00"}, held=["books differ: USD_JPY long 5"],
    orders=[], trades=[], figures={}, currency="JPY",
)  # fmt: skip


@contextmanager
def engine(journal: Path, reply: Reply | None) -> Iterator[None]:
    """Somebody who listens there, and answers everything so, or nothing at all."""

    def serve() -> None:
        while True:
            talk, _ = server.accept()
            with talk:
                asked = talk.recv(65_536)
                if asked == b"end":
                    return
                if asked and reply is not None:
                    talk.sendall(line_of(reply))

    path = socket_of(journal)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=serve)
        if reply is not None:
            thread.start()
        try:
            yield
        finally:
            if reply is not None:
                with socket.socket(socket.AF_UNIX) as last:
                    last.connect(str(path))
                    last.sendall(b"end")
                thread.join()
            path.unlink()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operate, "_WAIT_S", 0.2)


def test_one_that_hangs_hides_no_other(tmp_path: Path) -> None:
    with engine(tmp_path / "one", Reply(state=STATE)), engine(tmp_path / "two", None):
        found = ask("status", "--format", "json")
        shown = ask("status")
    assert found.code == 1
    assert [each["title"] for each in json.loads(found.out)] == ["small on test"]
    assert "1 of your engines: the engine did not answer within 0.2 s" in found.err
    assert "done" not in found.err
    assert "small on test" in shown.out
    assert "held     books differ: USD_JPY long 5" in shown.out
    assert "lifted   price_collar until 2026-01-05 00:10:00" in shown.out


def test_which_of_several_is_asked_whatever_one_says(tmp_path: Path) -> None:
    with engine(tmp_path / "one", Reply(state=STATE)), engine(tmp_path / "two", None):
        found = ask("pause", "--reason", "a test")
    assert found.code == 2
    assert "2 engines run here" in found.err
    assert "one that says nothing" in found.err
    assert "name one by --journal" in found.err


def test_no_answer_is_no_word_of_what_was_done(tmp_path: Path) -> None:
    with engine(tmp_path / "two", None):
        found = ask("pause", "--reason", "a test")
    assert found.code == 2
    assert "whether it was done, or still will be, is not known" in found.err


def test_what_may_or_may_not_have_left_is_not_done(tmp_path: Path) -> None:
    with engine(tmp_path / "one", Reply(sent=1, unsure=["qr-1: no route"])):
        found = ask("close", "all", "--reason", "a test")
    assert found.code == 1
    assert "it may or may not have left: order qr-1: no route" in found.out


def test_it_is_said_where_an_engine_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was started with another XDG_RUNTIME_DIR runs, and is not heard."""
    with engine(tmp_path / "one", Reply(state=STATE)):
        other = tmp_path / "run"
        other.mkdir()
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv("XDG_RUNTIME_DIR", str(other))
            found = ask("status")
            named = ask("status", "--journal", str(tmp_path / "one"))
    assert (found.code, named.code) == (2, 2)
    assert f"no engine of yours runs that listens in {other / 'ruleengine'}" in found.err
    assert "XDG_RUNTIME_DIR" in found.err
    assert f"no engine that listens in {other / 'ruleengine'} runs on" in named.err


def test_a_journal_may_be_called_anything(tmp_path: Path) -> None:
    """A name of bytes that are no text, as file systems allow."""
    assert socket_of(tmp_path / "j\udcff").suffix == ".sock"
