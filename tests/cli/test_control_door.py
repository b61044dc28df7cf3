"""The door of a running engine: who may come in, what is no command, who is sent away."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.cli import control as door
from ruleengine.cli.control_wire import LINE_BYTES_MAX, socket_of, sockets_folder
from ruleengine.cli.failure import CommandError
from tests.cli.control_desk import Desk, play, said, world


@pytest.fixture
def runtime() -> Iterator[Path]:
    """Where sockets of this test go, empty."""
    folder = Path(os.environ["XDG_RUNTIME_DIR"]) / "ruleengine"
    shutil.rmtree(folder, ignore_errors=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_only_this_user_comes_in(tmp_path: Path, runtime: Path) -> None:
    async def course(desk: Desk) -> None:
        assert stat.S_IMODE(runtime.stat().st_mode) == 0o700
        assert stat.S_IMODE(socket_of(desk.journal).stat().st_mode) == 0o600

    play(course, tmp_path)
    assert list(runtime.iterdir()) == [], "a run that ended leaves no socket"


def test_a_folder_that_others_may_enter_is_not_used(tmp_path: Path, runtime: Path) -> None:
    runtime.mkdir(mode=0o755)
    runtime.chmod(0o755)
    with pytest.raises(CommandError, match="open to others"):
        sockets_folder()
    desk = Desk(world(), tmp_path)

    async def run() -> None:
        async with desk.control:
            pass

    asyncio.run(run())  # a run whose door can't be opened goes on
    assert len(desk.said) == 1
    assert "no command can reach this run" in desk.said[0]


def test_what_a_killed_run_left_is_in_nobodys_way(tmp_path: Path) -> None:
    socket_of(tmp_path).touch()

    async def course(desk: Desk) -> None:
        assert (await desk.ask("status")).state is not None

    play(course, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"pause\n",
        b'{"command": "explode"}\n',
        b'{"command": "pause", "colour": "red"}\n',
        b"\xff\xfe\n",
        b"[]\n",
    ],
)
def test_what_is_no_command_is_said_and_the_next_is_heard(tmp_path: Path, line: bytes) -> None:
    async def course(desk: Desk) -> None:
        assert (await desk.say(line)).problem == "not a command"
        assert (await desk.ask("pause")).problem == ""

    play(course, tmp_path)


def test_a_fault_of_our_own_is_told_and_the_next_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault")

    async def course(desk: Desk) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(door, "unmeant", broken)
            assert await desk.hear(said("pause")) == b"", "nobody may take it for done"
        assert "a command could not be answered: ZeroDivisionError: a fault" in desk.said
        assert (await desk.ask("pause")).problem == ""

    play(course, tmp_path)


def test_a_line_without_end_is_cut_off(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        assert "a line of more than" in (await desk.say(b"x" * (LINE_BYTES_MAX + 10))).problem

    play(course, tmp_path)


def test_who_says_nothing_is_sent_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "TALK_MAX_S", 0.05)

    async def course(desk: Desk) -> None:
        reader, writer = await asyncio.open_unix_connection(str(socket_of(desk.journal)))
        assert await reader.read() == b""
        writer.close()

    play(course, tmp_path)


def test_each_of_many_hears_of_its_own(tmp_path: Path) -> None:
    async def course(desk: Desk) -> None:
        scopes = ["account", "instrument:USD_JPY", "strategy:M1Scalper", "rule:take"]
        replies = await asyncio.gather(*(desk.ask("kill", scope) for scope in scopes))
        for scope, reply in zip(scopes, replies, strict=True):
            assert [scope in each.message for each in reply.notes] == [True]

    play(course, tmp_path)


def test_two_journals_are_two_doors(tmp_path: Path) -> None:
    assert socket_of(tmp_path / "a") != socket_of(tmp_path / "b")
    assert socket_of(tmp_path / "a") == socket_of(tmp_path / "b" / ".." / "a")
    assert len(str(socket_of(tmp_path / ("x" * 200))).removeprefix(str(sockets_folder()))) == 22
