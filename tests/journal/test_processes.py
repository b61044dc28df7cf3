"""Several processes: one writes, others read; a second writer is refused; a killed one keeps what it promised."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ruleengine.journal import JournalInUse, JournalReader, JournalWriter, verify
from tests.journal.conftest import START, quote

_ROOT = Path(__file__).resolve().parents[2]
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(_ROOT)}


def start(program: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", program, str(path)],
        env=_ENVIRONMENT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def lines_of(process: subprocess.Popen[str]) -> list[str]:
    out, _ = process.communicate(timeout=60)
    return out.split()


_FOLLOWER = """
import sys
from pathlib import Path
from ruleengine.journal import JournalReader
following, seen, events = True, 0, 0
with JournalReader(Path(sys.argv[1]), "practice") as reader:
    print("ready")
    while following:
        for row in reader.tail(seen + 1):
            assert row.seq == seen + 1, (row.seq, seen)
            seen = row.seq
            events += row.body.get("count", 0)
            following = row.body.get("code") != "end"
    print(seen, events, row.hash.hex())
"""


def test_another_process_follows_while_the_engine_writes(path: Path) -> None:
    with JournalWriter(path, "practice") as writer:
        writer.append("note", START, "", {"code": "begin"})
        writer.sync()
        follower = start(_FOLLOWER, path)
        assert follower.stdout is not None
        assert follower.stdout.readline() == "ready\n"
        for number in range(3000):
            writer.append_market(quote(number))
            if number % 7 == 0:
                writer.append("note", START, "", {"code": "n"})
            if number % 50 == 0:
                writer.sync()
            elif number % 10 == 0:
                writer.flush()
        writer.append("note", START, "", {"code": "end"})
        writer.sync()
        assert lines_of(follower) == [str(writer.seq), "3000", writer.hash.hex()]
        assert follower.returncode == 0
        report = verify(path, account="practice")  # also while it is open
        assert report.findings == ()
        assert report.hash == writer.hash


def test_a_slow_reader_gets_what_is_written_meanwhile(path: Path) -> None:
    with JournalWriter(path, "practice") as writer:
        writer.append("note", START, "", {"code": "0"})
        writer.flush()
        with JournalReader(path) as reader:
            before = reader.version
            rows = reader.tail(1)
            next(rows)
            for number in range(1, 600):
                writer.append("note", START, "", {"code": str(number)})
            writer.flush()
            assert reader.version != before
            rest = [row.body["code"] for row in reader.tail(2)]
            assert rest == [str(number) for number in range(1, 600)]


_HOLDER = """
import sys
from pathlib import Path
from ruleengine.journal import JournalWriter
with JournalWriter(Path(sys.argv[1]), "practice", holder="policy fx@1.0.0"):
    print("ready")
    sys.stdin.read()
"""


def test_a_second_engine_is_refused_and_told_who_holds_the_account(path: Path) -> None:
    holder = start(_HOLDER, path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    with pytest.raises(JournalInUse, match="RE701") as refused:
        JournalWriter(path, "practice")
    assert f"process {holder.pid}, policy fx@1.0.0" in refused.value.diagnostic.message
    with JournalReader(path, "practice") as reader:  # reading needs no lock
        assert reader.last_seq == 0
    lines_of(holder)
    JournalWriter(path, "practice").close()


def test_a_second_engine_in_the_same_process_is_refused(path: Path) -> None:
    with JournalWriter(path, "practice") as first:
        with pytest.raises(JournalInUse):
            JournalWriter(path, "practice")
        first.append("note", START, "", {"code": "still here"})
    JournalWriter(path, "practice").close()


_COUNTER = """
import sys
from pathlib import Path
from ruleengine.journal import JournalWriter
with JournalWriter(Path(sys.argv[1]), "practice", is_quick=True) as writer:
    while True:
        writer.append_market(("quote", 1, 1, "X", 1.0, 1.1, None, None, 0))
        seq = writer.append("note", 1, "", {"code": "x" * 50})
        if seq % 6 == 0:
            writer.sync()
            print(seq, flush=True)
        elif seq % 4 == 0:
            writer.flush()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_engine_loses_nothing_that_was_synced(path: Path) -> None:
    for kill_no in range(6):
        engine = start(_COUNTER, path)
        assert engine.stdout is not None
        promised = 0
        for _ in range(20 + 17 * kill_no):
            promised = int(engine.stdout.readline())
        engine.kill()
        for line in engine.stdout.read().splitlines(keepends=True):
            promised = int(line) if line.endswith("\n") else promised
        engine.wait()
        engine.stdout.close()
        assert engine.stdin is not None
        engine.stdin.close()
        report = verify(path, account="practice")
        assert report.findings == ()
        assert report.valid_through >= promised
