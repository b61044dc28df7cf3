"""Signals from outside: taken once by id, refused with their place where they are none, from a file, standard input
or a socket."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from ruleengine.cli import signals
from ruleengine.cli.failure import CommandError
from ruleengine.cli.session import Session
from ruleengine.cli.signals import LINE_BYTES_MAX, followed, from_file, from_stream, is_stream
from ruleengine.model.event import Event, Signal
from ruleengine.model.side import Side
from tests.runs.whole import ACCOUNT, POLICY, SECOND, START, dry, market

COMMAND = Path(sys.executable).with_name("ruleengine")


def line(name: str = "a", **more: Any) -> str:
    plain = {
        "id": name, "time": "2026-01-07T13:00:05.5Z", "instrument": "USD_JPY", "strategy": "M1Scalper-trend-long",
        "side": "long",
    }  # fmt: skip
    return json.dumps({**plain, **more})


# --- the lines ------------------------------------------------------------------------------------------------------


def test_a_file_is_read_in_order_of_time(tmp_path: Path) -> None:
    file = tmp_path / "signals.jsonl"
    later = line("later", time="2026-01-07T22:00:09+09:00", size=6000, confidence=80)
    file.write_text(f"{later}\n\n{line('sooner')}\n", encoding="utf-8")
    sooner, last = from_file(str(file))
    assert (sooner.id, sooner.ts, sooner.ts_event) == ("sooner", START + 5_500_000_000, START + 5_500_000_000)
    assert (last.id, last.ts, last.size, last.confidence, last.side) == (
        "later", START + 9 * SECOND, 6000.0, 80.0, Side.LONG,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "3:2: RE417 no signal: expecting property name"),
        ("[]", "3:1: RE203 expected a map, found a list"),
        ('"x"', "3:1: RE203"),
        ("[" * 100_000, "RE417 no signal: it is nested too deep"),
        (line(size=float("nan")), "3:1: RE417 no signal: NaN is no number"),
        (line()[:-1] + ', "id": "b"}', "RE123 key `id` is written twice"),
        (line(siz=3), "3:124: RE201 unknown key `siz` in a signal"),
        (line(siz=1e30), "did you mean `size`?"),
        (line(side="up"), "RE204 `side` cannot be `up`"),
        (line(time="2026-01-07T13:00:05"), "time"),
        (line(time="2026-02-30T13:00:05Z"), "time"),
        (line(confidence=101), "confidence"),
        (line(""), "id"),
        (json.dumps({"id": "a"}), "time"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(
    tmp_path: Path, bad: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_text(f"{line()}\n\n{bad}\n", encoding="utf-8")
    with pytest.raises(CommandError) as refused:
        from_file(str(file))
    told = capsys.readouterr().err
    assert told.startswith(f"{file}:3:")
    assert said in told
    assert "pydantic" not in told
    assert "type=" not in told
    assert refused.value.message == f"{file} is refused"
    assert refused.value.help
    assert refused.value.exit_code == 2


def test_every_bad_line_is_told_in_one_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_text("\n".join([line(side="up"), line(), line(siz=1), "{"]), encoding="utf-8")
    with pytest.raises(CommandError):
        from_file(str(file))
    told = capsys.readouterr().err
    assert [place for place in ("1:", "3:", "4:") if f"{file}:{place}" in told] == ["1:", "3:", "4:"]
    assert f"{file}:2:" not in told
    assert "\n3 | " in told, "with the line quoted"


def test_what_json_allows_and_yaml_does_not_is_a_signal(tmp_path: Path) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_text(line(size=0)[:-2] + '1e3, "pocket": "a\\/b"}\n', encoding="utf-8")
    (found,) = from_file(str(file))
    assert (found.size, found.pocket) == (1000.0, "a/b")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_bytes(line().encode() + b"\n\xff\n")
    with pytest.raises(CommandError, match="not UTF-8 at byte"):
        from_file(str(file))


def test_a_separator_inside_a_text_ends_no_line(tmp_path: Path) -> None:
    file = tmp_path / "signals.jsonl"
    file.write_text(line(pocket="sc\u2028alp") + "\n", encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8").replace("\\u2028", "\u2028"), encoding="utf-8")
    assert [each.pocket for each in from_file(str(file))] == ["sc\u2028alp"]


# --- in a run -------------------------------------------------------------------------------------------------------


def test_a_signal_that_comes_again_is_taken_once(session: Session) -> None:
    quotes: list[Event] = [each for each in market(session, 30) if each.kind == "quote"]
    at = quotes[20].ts
    again = [
        Signal(at + number * SECOND, at, "one", "USD_JPY", "M1Scalper", Side.SHORT, size=2_000.0)
        for number in (0, 1, 3)
    ]
    kept = dry(session, sorted([*quotes, *again], key=lambda each: each.ts))
    assert [each.signal_id for each in kept.decisions if each.signal_id] == ["one"]
    assert [line[1]["code"] for line in kept.only("note") if line[1]["key"] == "one"] == ["RE591", "RE591"]


# --- streams --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[tuple[str, list[bytes]]]:
    """A socket at which a sender listens: (its path, what it will send)."""
    path, pieces = str(tmp_path / "signals.sock"), list[bytes]()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen(1)

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                for piece in pieces:
                    peer.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path, pieces
        thread.join(5)


def _taken(source: str, now: int) -> tuple[list[Signal], list[str]]:
    refused: list[str] = []

    async def read() -> list[Signal]:
        stream: AsyncIterator[Event] = from_stream(source, lambda: now, refused.append)
        return [each async for each in stream if isinstance(each, Signal)]

    return asyncio.run(read()), refused


def test_a_socket_gives_signals_as_they_come(sender: tuple[str, list[bytes]]) -> None:
    """Cut anywhere by the transport; a bad line is told with its number, and the next one is read."""
    path, pieces = sender
    text = f"{line('a')}\nnot json\n{line('b', side='short')}\n".encode()
    pieces += [text[:17], text[17:90], text[90:]]
    assert is_stream(path)
    found, refused = _taken(path, START + 7)
    assert [(each.id, each.ts, each.ts_event) for each in found] == [
        ("a", START + 7, START + 5_500_000_000), ("b", START + 7, START + 5_500_000_000),
    ]  # fmt: skip
    assert len(refused) == 1
    assert refused[0].startswith(f"{path}:2:1: RE417 no signal: ")


def test_a_sender_that_went_away_is_followed_once_it_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sends one signal, ends, is away while it is tried again, and comes back with another one."""
    monkeypatch.setattr(signals, "AGAIN_S", 0.01)
    path, told = str(tmp_path / "signals.sock"), list[str]()

    async def send(name: str) -> asyncio.AbstractServer:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{line(name)}\n".encode())
            await writer.drain()
            writer.close()
            server.close()
            Path(path).unlink(missing_ok=True)

        server = await asyncio.start_unix_server(serve, path)
        return server

    async def read() -> list[str]:
        found: list[str] = []
        await send("a")
        stream = followed(path, lambda: START, lambda _: None, told.append)
        async for each in stream:
            assert isinstance(each, Signal)
            found.append(each.id)
            if len(found) == 2:
                break
            asyncio.get_running_loop().call_later(0.05, lambda: asyncio.ensure_future(send("b")))
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        return found

    assert asyncio.run(read()) == ["a", "b"]
    assert told == [
        f"signals of {path} are not heard: it was closed there; it is tried again",
        f"signals of {path} are heard again",
    ]


def test_a_start_at_which_nobody_listens_is_refused_and_the_end_of_input_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(source: str) -> list[Event]:
        return [each async for each in followed(source, lambda: START, lambda _: None, told.append)]

    told: list[str] = []
    with pytest.raises(CommandError, match="No such file"):
        asyncio.run(none(str(tmp_path / "none.sock")))

    async def nothing(*_: object) -> AsyncIterator[Event]:
        return
        yield

    monkeypatch.setattr(signals, "from_stream", nothing)
    assert asyncio.run(none("-")) == []
    assert told == ["signals of standard input have ended; no more come"]


def test_an_endless_line_is_refused(sender: tuple[str, list[bytes]]) -> None:
    path, pieces = sender
    pieces += [b"x" * (2 * LINE_BYTES_MAX), b"\n", line("after").encode() + b"\n"]
    found, refused = _taken(path, START)
    assert [each.id for each in found] == ["after"]
    assert any("longer than" in each for each in refused)


def test_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "signals.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
    with pytest.raises(CommandError, match="Connection refused"):
        _taken(str(path), START)


@pytest.mark.parametrize("is_file", [False, True], ids=["pipe", "file"])
def test_run_takes_signals_from_standard_input(tmp_path: Path, is_file: bool) -> None:
    """A pipe's are available when they are read, a file's at their own time."""
    (tmp_path / "busy.policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "busy.account.yaml").write_text(ACCOUNT, encoding="utf-8")
    given = f"{line('mine', size=1000, time='2026-01-07T13:00:20Z')}\n{line('mine', time='2026-01-07T13:00:21Z')}\n"
    lines = tmp_path / "signals.jsonl"
    lines.write_text(given + ("" if is_file else "no signal\n"), encoding="utf-8")
    arguments = ["run", "--policy", "busy.policy.yaml", "--signals", "-", "--duration", "3s", "--format", "json"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RULEENGINE_")}
    with lines.open("rb") as opened:
        found = subprocess.run(
            [COMMAND, *arguments, "--journal", "journal"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
            **({"stdin": opened} if is_file else {"input": lines.read_text(encoding="utf-8")}),
        )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["policy"]["name"] == "busy"
    assert ("signal refused: -:3:" in found.stderr) is not is_file
    from ruleengine.journal import JournalReader

    with JournalReader(tmp_path / "journal" / "journal.sqlite") as reader:
        heard = list(reader.rows(kinds=["event"], key="mine"))
        checks = [row for row in reader.rows(kinds=["check"]) if row.body["signal_id"] == "mine"]
    assert len(heard) == 2
    assert len(checks) == 1
