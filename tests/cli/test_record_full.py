"""A live run whose journal can't be written any more: its exits go on, nothing is added, and the next start has the
whole record."""

from __future__ import annotations

import errno
import json
import resource
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence

import pytest

from ruleengine.journal import JournalWriter, file, journal_at
from ruleengine.journal.chain import Head
from ruleengine.journal.reserve import Reserve, Row
from tests.cli.asking import ask
from tests.cli.test_operate import opened, running, state
from tests.cli.venue_desk import Desk
from tests.waiting import until

pytestmark = [
    pytest.mark.parametrize("desk", ["oanda"], indirect=True),
    pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of another process's files"),
]


def hasten(desk: Desk) -> None:
    policy = desk.folder / "rounds.policy.yaml"
    text = policy.read_text().replace("cooldown: 3s", "cooldown: 100ms").replace("age > 2s", "age > 600ms")
    policy.write_text(text)


def has_order(rows: Sequence[Row]) -> bool:
    return any(row[3] == "order" for row in rows)


def await_events(desk: Desk, count: int) -> None:
    """Until the engine of another process has heard so many more."""
    heard: set[str] = set()

    def are_enough() -> bool:
        heard.add(state(desk)["time"])
        return len(heard) > count

    until(are_enough, "nothing was heard")


def full_from_the_first_order(commit: Callable[..., None]) -> Callable[..., None]:
    """A database that has no room from when an order is to leave."""
    is_full = False

    def refusing(connection: sqlite3.Connection, rows: Sequence[Row], head: Head) -> None:
        nonlocal is_full
        is_full = is_full or has_order(rows)
        if is_full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        commit(connection, rows, head)

    return refusing


def test_exits_go_on_where_the_journal_can_not_be_written(desk: Desk) -> None:
    hasten(desk)
    with running(desk) as run:
        until(lambda: opened(desk) > 0, "nothing was opened")
        wal = desk.journal_folder / "journal.sqlite-wal"
        _, hard = resource.prlimit(run.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, hard))
        until(lambda: any("record: " in each for each in state(desk)["unheard"]), "nobody noticed")
        before = opened(desk)
        until(lambda: not any(float(each["units"]) for each in desk.venue()["trades"]), "the position was not closed")
        await_events(desk, 3)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate()
        assert run.returncode == 0, err
        assert opened(desk) == before
        assert "RE725" in {row["code"] for row in json.loads(out)["refusals"]}
        assert "journal.reserve" in err.decode()
    with desk.journal() as journal:
        assert "RE725" not in {row.body["code"] for row in journal.rows(kinds=["check"])}
        account = journal.identity.account
    JournalWriter(journal_at(desk.journal_folder), account).close()
    with desk.journal() as journal:
        assert "RE725" in {row.body["code"] for row in journal.rows(kinds=["check"])}
    audited = ask("audit", str(desk.journal_folder))
    assert audited.code == 0, audited.err


def test_the_next_start_goes_on_from_what_the_reserve_has(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No order is in the database, then all of them are; none is sent again."""
    hasten(desk)
    with monkeypatch.context() as patch:
        patch.setattr(file, "commit", full_from_the_first_order(file.commit))
        desk.run(lambda: len(desk.filled()) == 2)
    assert desk.sendings() == []
    assert len(desk.venue()["orders"]) == 2, "a purchase and its exit"
    desk.run(lambda: len(desk.filled()) > 2)
    assert len(desk.sendings()) == len(set(desk.sendings())) == len(desk.venue()["orders"])
    audited = ask("audit", str(desk.journal_folder))
    assert audited.code == 0, audited.err


def test_a_run_that_has_to_end_names_what_is_open(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reserve takes the purchase, and no exit any more."""
    hasten(desk)
    put = Reserve.put

    def used_up(kept: Reserve, rows: Sequence[Row]) -> None:
        if kept.is_used and has_order(rows):
            raise OSError(errno.ENOSPC, "the reserve is used up")
        put(kept, rows)

    monkeypatch.setattr(file, "commit", full_from_the_first_order(file.commit))
    monkeypatch.setattr(Reserve, "put", used_up)
    ended = ask(*desk.arguments, "--duration", "10s")
    assert len(desk.venue()["trades"]) == 1
    assert ended.code == 2
    assert "RE720" in ended.err
    assert "open at the venue, and nobody sees to it: USD_JPY long 2,000 " in ended.err
