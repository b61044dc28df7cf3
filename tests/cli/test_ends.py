"""How a command ends where something outside of it ends it: a signal at any moment, a stream that is closed or full."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from ruleengine.cli import documents, failure
from ruleengine.cli.failure import guarded
from ruleengine.cli.streams import say
from ruleengine.journal import JournalReader
from tests.cli.asking import COMMAND, ask

DRY_RUN = ["dry-run", "--policy", "small.policy.yaml", "--data", "quotes", "--signals", "signals.jsonl"]
PRINTING = [
    ["--help"],
    ["explain", "RE305"],
    ["validate", "small.policy.yaml"],
    ["validate", "small.policy.yaml", "--format", "json"],
    ["schema", "policy"],
    ["graph", "--policy", "small.policy.yaml"],
    ["import", "--preset", "list"],
    DRY_RUN,
    [*DRY_RUN, "--format", "json"],
    ["why", "--at", "2026-01-07T13:00:42", "--from", "result"],
    ["run", "--policy", "small.policy.yaml", "--data", "quotes", "--speed", "max", "--journal", "journal"],
]
names = pytest.mark.parametrize("arguments", PRINTING, ids=lambda arguments: " ".join(arguments[:2]))


def through_shell(line: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line, COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def is_sentence(err: str) -> bool:
    return err.startswith("ruleengine: ") and "Traceback" not in err and "RE901" not in err


@names
def test_a_full_disk_is_told(result: Path, arguments: list[str]) -> None:
    found = through_shell('"$0" "$@" >/dev/full', *arguments)
    assert found.returncode == 2
    assert "ruleengine: output: No space left on device" in found.stderr
    assert "Traceback" not in found.stderr
    assert "Exception ignored" not in found.stderr


@names
def test_a_closed_output_is_told_before_anything_is_done(result: Path, arguments: list[str]) -> None:
    before = sorted(result.parent.rglob("*"))
    found = through_shell('"$0" "$@" >&-', *arguments)
    assert found.returncode == 2
    assert found.stderr.startswith("ruleengine: standard output is closed\n")
    assert sorted(result.parent.rglob("*")) == before


@names
def test_a_reader_that_goes_away_is_no_fault(result: Path, arguments: list[str]) -> None:
    found = through_shell('"$0" "$@" | head -1', *arguments)
    assert found.returncode == 0
    assert found.stdout.count("\n") == 1
    assert "Traceback" not in found.stderr
    assert "RE901" not in found.stderr
    assert "Exception ignored" not in found.stderr


def test_a_console_that_is_gone_ends_no_run(result: Path) -> None:
    """Nothing that a run says on the way is worth its end: it goes on, and what came of it is in journal and output."""
    running = next(each for each in PRINTING if each[0] == "run")
    found = through_shell('"$0" "$@" 2>/dev/full', *running, "--format", "json")
    assert found.returncode == 0
    assert json.loads(found.stdout)["decisions"]
    with JournalReader(result.parent / "journal" / "journal.sqlite") as journal:
        assert [row.body["code"] for row in journal.rows(kinds=["note"])][-1] == "open"


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")])
def test_a_line_that_nobody_can_read_is_no_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise error

    monkeypatch.setattr(sys, "stderr", Gone())
    say("RE519 order qr-1 may or may not have left")


def test_closed_errors_and_input(world: Path) -> None:
    assert through_shell('"$0" "$@" 2>&-', "validate", "small.policy.yaml").returncode == 0
    assert through_shell('"$0" "$@" 2>&-', "validate", "none.yaml").returncode == 2
    assert through_shell('"$0" "$@" 2>/dev/full', "graph", "--policy", "none.yaml").returncode == 2
    found = through_shell('"$0" "$@" <&-', *DRY_RUN[:-1], "-")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("ruleengine: standard input is closed\n")


@pytest.fixture
def long_world(world: Path) -> Path:
    """With quotes enough that an import and a dry run of them take a while."""
    rows = [f"{(1_767_790_800 + n) * 10**9},157.000,157.008,1,1" for n in range(30_000)]
    (world / "many.csv").write_text("\n".join(["ts_event_ns,bid,ask,bid_size,ask_size", *rows]) + "\n")
    found = ask("import", "many.csv", *IMPORT[2:-1], "many")
    assert found.code == 0
    return world


IMPORT = [
    "import", "many.csv", "--preset", "quotes-decoded", "--instrument", "USD_JPY", "--venue", "v", "--out", "made",
]  # fmt: skip
LONG = {
    "import": IMPORT,
    "dry-run": ["dry-run", "--policy", "small.policy.yaml", "--data", "many", "--out", "made"],
    "run": ["run", "--policy", "small.policy.yaml", "--data", "many", "--duration", "2s", "--journal", "made"],
    "validate": ["validate", "."],
}


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_at_any_moment(long_world: Path, name: str, sent: int, code: int) -> None:
    """From the first imports to the last table: a sentence at most, and nothing half-written."""
    before = sorted(each.name for each in long_world.iterdir())
    for delay_s in (0, 0.1, 0.3, 0.6, 1.0):
        process = subprocess.Popen([COMMAND, *LONG[name]], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until_it_listens(process.pid)
        time.sleep(delay_s)
        process.send_signal(sent)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, f"after {delay_s} s: {err}"
        assert "Exception ignored" not in err, f"after {delay_s} s: {err}"
        assert "RE901" not in err, f"after {delay_s} s: {err}"
        # `run` takes Ctrl-C for the wish to stop, once it runs; a process that is done may be ended by the system.
        assert process.returncode in (code, -sent, 0), f"after {delay_s} s: {err}{out}"
        left = sorted({each.name for each in long_world.iterdir()} - {"made", ".ruleengine"})
        assert left == before, f"after {delay_s} s"
        if name in ("import", "dry-run") and process.returncode != 0 and out == "":
            made = long_world / "made"
            assert not made.exists() or is_whole(made), f"after {delay_s} s"
        subprocess.run(["rm", "-rf", "made", ".ruleengine"], check=True)


@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_commands_are_loaded(long_world: Path, name: str, sent: int, code: int) -> None:
    """What is loaded first takes a minute here, so that the signal comes before any command, on a busy machine too."""
    slow = long_world / "slow"
    slow.mkdir()
    (slow / "typer.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n", encoding="utf-8")
    program = [sys.executable, "-m", "ruleengine.cli.main", *LONG[name]]
    path = os.pathsep.join([str(slow), str(Path(__file__).parents[2])])
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(sent)
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err


def wait_until_it_listens(pid: int) -> None:
    """Before that the process is the interpreter's, which has no command of ours yet."""
    mask, deadline = 1 << (signal.SIGTERM - 1), time.monotonic() + 30
    while time.monotonic() < deadline:
        caught = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        if caught is None or int(caught[1], 16) & mask:
            return
        time.sleep(0.001)


def is_whole(folder: Path) -> bool:
    return (folder / "manifest.json").is_file() or (folder / "run.json").is_file()


def test_a_signal_that_a_library_turns_into_its_own_error_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(interrupted_query) == failure.INTERRUPTED


def interrupted_query(*_: object) -> NoReturn:
    """What a library makes of a signal that comes while it works."""
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted") from None
    raise AssertionError("the signal was lost")


def test_a_command_whose_answer_came_of_a_signal_did_not_answer() -> None:
    """Whoever took the library's error for an answer says 2, which would be a fault of ours."""

    def app() -> None:
        with suppress(RuntimeError):
            interrupted_query()
        sys.exit(2)

    assert ended(app) == failure.INTERRUPTED


def test_a_signal_is_no_finding_of_a_file(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "_findings", interrupted_query)
    found: list[object] = []

    def app() -> None:
        found.append(documents.check_document(world / "small.policy.yaml", (), (), None, None))

    assert ended(app) == failure.INTERRUPTED
    assert found == []


def test_an_interrupt_that_python_itself_raises_comes_again(capsys: pytest.CaptureFixture[str]) -> None:
    """After an event loop that heard it, the interpreter's own handler has SIGINT."""

    class Ending:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGINT)

    def app() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        Ending()
        time.sleep(5)
        raise AssertionError("the signal was lost")

    assert ended(app) == failure.INTERRUPTED
    assert "IndexError" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, failure.INTERRUPTED), (signal.SIGTERM, failure.TERMINATED)]
)
def test_a_signal_after_an_event_loop_unwinds_as_before_it(number: int, code: int) -> None:
    """The loop's end leaves SIGTERM to the system, which would end us in the middle of what is still to be written."""
    unwound: list[bool] = []

    async def run() -> None:
        asyncio.get_running_loop().add_signal_handler(number, lambda: None)

    def app() -> None:
        with failure.heard_after():
            asyncio.run(run())
        assert signal.getsignal(number) is not signal.SIG_DFL
        try:
            signal.raise_signal(number)
        finally:
            unwound.append(True)

    assert ended(app) == code
    assert unwound == [True]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, failure.INTERRUPTED), (signal.SIGTERM, failure.TERMINATED)]
)
def test_a_signal_that_comes_where_nothing_can_be_raised_comes_again(
    number: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a finaliser raises, the interpreter writes down and forgets."""

    class Ending:
        def __del__(self) -> None:
            signal.raise_signal(number)

    def app() -> None:
        Ending()
        time.sleep(5)
        raise AssertionError("the signal was lost")

    assert ended(app) == code
    assert "Exception ignored" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, failure.INTERRUPTED), (signal.SIGTERM, failure.TERMINATED)]
)
def test_a_compiled_module_is_loaded_to_its_end(number: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """DuckDB's, for one, aborts the process where what it asks of Python as it is loaded raises."""
    loaded: list[object] = []

    def compiled(module: object) -> None:
        signal.raise_signal(number)
        loaded.append(module)

    def app() -> None:
        ExtensionFileLoader("compiled", "compiled.so").exec_module(sys)
        time.sleep(5)
        raise AssertionError("the signal was lost")

    loading = importlib._bootstrap_external
    monkeypatch.setattr(loading, "_imp", SimpleNamespace(exec_dynamic=compiled))
    assert ended(app) == code
    assert loaded == [sys]


def test_a_second_signal_does_not_cut_the_clearing_up_short() -> None:
    cleared = []

    def app() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleared.append(True)

    assert ended(app) == failure.TERMINATED
    assert cleared


def ended(app: object) -> object:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        with pytest.raises(SystemExit) as end:
            guarded(app)  # type: ignore[arg-type]
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    return end.value.code


def test_a_fault_of_ours_has_a_code_that_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    def app() -> None:
        raise LookupError("nobody thought of this")

    assert ended(app) == 2
    assert "RE901 internal error: LookupError: nobody thought of this" in capsys.readouterr().err
    found = ask("explain", "RE901")
    assert found.code == 0
    assert "internal error" in found.out
