"""`ruleengine run` on venues over a network, end to end: the simulators are real servers on this machine, and nothing
but the address is another one."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.oanda import adapter as oanda_adapter
from adapters.oanda.venue import OandaVenue
from adapters.simulation.server import Served
from ruleengine import log
from ruleengine.cli.failure import CommandError
from ruleengine.cli.live_session import Reach, prepare_live, write_account
from ruleengine.cli.sole_engine import sole_engine
from ruleengine.model.event import Event, LinkChange
from ruleengine.ports.venue import VenueAccount
from tests.cli.asking import ask
from tests.cli.venue_desk import ACCOUNT, POLICY, SERVERS, Desk
from tests.waiting import until


def test_whole_rounds(desk: Desk) -> None:
    answer = desk.run(lambda: len(desk.filled()) >= 2)
    done, size = desk.filled(), desk.place.size
    assert done == [size if place % 2 == 0 else -size for place in range(len(done))], "bought and sold in turns"
    sent = sum(count for key, count in decisions(answer) if key == "sent")
    on_its_way = sent - len(desk.venue()["orders"])
    assert on_its_way in (0, 1), "each order that was sent is at the venue once; at the end one may wait for its turn"
    with desk.journal() as journal:
        assert [row.body["state"] for row in journal.rows(kinds=["order"])].count("sending") == sent
    secrets_stay(desk)


def decisions(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return [(row["outcome"], row["n"]) for row in answer["decisions"]]


def secrets_stay(desk: Desk) -> None:
    """None of the secrets is in any file that the run left, beside the venue's own cache of tokens, nor in a row of the
    journal, whose longer ones are compressed."""
    with desk.journal() as journal:
        written = [(str(row.kind), json.dumps(row.body, default=str).encode()) for row in journal.rows()]
    written += [(str(path), path.read_bytes()) for path in (desk.folder / ".ruleengine").rglob("*") if path.is_file()]
    for place, content in written:
        for value in desk.place.secrets.values():
            assert value == "tester" or value.encode() not in content, place


@pytest.mark.parametrize("desk", ["oanda"], indirect=True)
def test_what_a_venue_repeats_of_the_secrets_is_in_no_row(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    token, follow = desk.place.secrets["OANDA_TOKEN"], OandaVenue.events

    async def events(venue: OandaVenue) -> AsyncIterator[Event]:
        now = time.time_ns()
        yield LinkChange(now, now, "prices", False, f"no way in with {token}")
        async for event in follow(venue):
            yield event

    monkeypatch.setattr(OandaVenue, "events", events)

    def told() -> list[str]:
        return [row.body["detail"] for row in desk.rows("event") if "no way in" in row.body.get("detail", "")]

    desk.run(lambda: bool(told()))
    assert told() == [f"no way in with {log.HIDDEN}"]
    secrets_stay(desk)


@pytest.mark.slow
@pytest.mark.parametrize("desk", ["okx"], indirect=True)
def test_a_screen_that_stands_still_holds_no_exit_up(desk: Desk) -> None:
    """As after Ctrl-S: nobody reads the terminal, whose few kilobytes are full after the first pictures."""
    screen, terminal = os.openpty()
    program = [sys.executable, "-m", "ruleengine.cli.main", *desk.arguments, "--format", "text"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=terminal, start_new_session=True) as run:
        os.close(terminal)
        try:
            until(lambda: len(desk.filled()) >= 4, "two rounds were not done")
            run.send_signal(signal.SIGINT)
            assert run.wait(60) == 0
        finally:
            run.kill()
            os.close(screen)
    done, size = desk.filled(), desk.place.size
    assert done == [size if place % 2 == 0 else -size for place in range(len(done))]


def test_missing_secrets_stop_the_start(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in desk.place.secrets:
        monkeypatch.delenv(name)
    found = ask(*desk.arguments)
    assert found.code == 2
    assert all(name in found.err for name in desk.place.secrets)
    assert not (desk.folder / ".ruleengine").exists()


def test_real_money_takes_more_than_a_flag(desk: Desk) -> None:
    found = ask(*desk.arguments, "--live", "somebody")
    assert found.code == 2
    assert "the account is for practice" in found.err


def test_doctor(desk: Desk) -> None:
    found = ask("doctor", *desk.place.arguments(desk.address), "--format", "json")
    assert found.code == 0, found.err
    answer = json.loads(found.out)
    assert {each["state"] for each in answer["findings"]} <= {"ok", "warning"}
    subjects = " ".join(each["subject"] for each in answer["findings"])
    assert "clock" in subjects
    assert "rate" in subjects
    assert not any(value in found.out for value in desk.place.secrets.values() if value != "tester")


def test_doctor_finds_a_clock_that_is_two_minutes_off(desk: Desk) -> None:
    httpx.post(f"{desk.address}/_control/clock", json={"advance_s": 120}, trust_env=False).raise_for_status()
    found = ask("doctor", *desk.place.arguments(desk.address), "--format", "json")
    assert found.code == 1, found.err
    clock = next(each for each in json.loads(found.out)["findings"] if each["subject"] == "clock")
    assert (clock["state"], "NTP" in clock["remedy"]) == ("failed", True)


@pytest.mark.parametrize("desk", ["oanda"], indirect=True)
def test_nothing_starts_with_a_clock_that_is_two_minutes_off(desk: Desk) -> None:
    httpx.post(f"{desk.address}/_control/clock", json={"advance_s": 120}, trust_env=False).raise_for_status()
    found = ask(*desk.arguments, "--duration", "1s")
    assert found.code == 2
    assert re.search(r"clock: 1[12]\d\.\d s behind the venue's\nhelp: .*NTP", found.err), found.err


def test_another_venue_at_the_address_is_told_in_a_sentence(desk: Desk) -> None:
    """Each venue's client at another one's server."""
    other = {"oanda": "okx", "okx": "kis", "kis": "oanda"}[desk.place.venue]
    with Served(SERVERS[other].app(1, {})) as wrong:
        found = ask("doctor", *desk.place.arguments(wrong.address))
    assert found.code == 2
    assert (
        "address" in found.err or f"see whether it is {desk.place.venue} that answers at {wrong.address}" in found.err
    )
    assert "doctor" not in found.err


@pytest.mark.parametrize("desk", ["kis"], indirect=True)
def test_an_account_that_nobody_names_is_asked_for(desk: Desk) -> None:
    found = ask("doctor", "--adapter", "kis", "--address", desk.address)
    assert found.code == 2
    assert found.err.splitlines()[0] == "ruleengine: kis: no account is named (ACCOUNT)"
    assert "--account-id" in found.err


def test_the_embedded_venue_needs_no_doctor() -> None:
    found = ask("doctor", "--adapter", "paper")
    assert (found.code, found.err.splitlines()[1]) == (
        2,
        "help: name one that is, or none: it runs here, with nothing to reach",
    )


def test_where_nobody_answers_doctor_does_not_send_to_doctor(desk: Desk) -> None:
    found = ask("doctor", *desk.place.arguments("http://127.0.0.1:1"))
    assert found.code == 2
    assert "can't connect (connect)" in found.err
    assert "help: look at the network and the address" in found.err


@pytest.mark.parametrize("desk", ["oanda"], indirect=True)
def test_no_second_engine_on_an_account(desk: Desk) -> None:
    """Another journal, or another name of the account, is no way past the one that has it."""
    folder, number = desk.folder / "cache" / "ruleengine" / "oanda", desk.place.account_id
    folder.mkdir(parents=True)
    held = ("oanda", "practice", number, desk.address)
    with sole_engine(folder, *held):
        found = ask(*desk.arguments, "--journal", "another")
        assert found.code == 2
        assert f"account {number} of oanda is held by process" in found.err
        assert not (desk.folder / "another").exists()
        with sole_engine(folder, *held[:2], "another", desk.address):
            pass
    with sole_engine(folder, *held):
        pass


@pytest.mark.parametrize("desk", ["oanda"], indirect=True)
def test_a_feed_that_ends_by_itself_is_no_good_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def events(_venue: object) -> AsyncIterator[Event]:
        return
        yield

    monkeypatch.setattr(OandaVenue, "events", events)
    account = f'venue: {{name: oanda, account_id: "{desk.place.account_id}", address: "{desk.address}"}}'
    (desk.folder / "desk.account.yaml").write_text(f"{ACCOUNT}{account}\n", encoding="utf-8")
    found = ask("run", "--policy", "rounds.policy.yaml", "--account", "desk.account.yaml", "--journal", "elsewhere",
                "--format", "json")  # fmt: skip
    assert found.code == 2
    assert "oanda tells nothing more, and nobody ended the run" in found.err
    assert json.loads(found.out)["decisions"] == []
    assert (desk.folder / ".ruleengine" / "desk" / "last").read_text().strip() == str(desk.folder / "elsewhere")


def test_a_venue_that_says_live_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the adapter was asked for: real money takes the account file's word and `--live`."""

    class Stated:
        capabilities = oanda_adapter.capabilities

        async def account(self) -> VenueAccount:
            return VenueAccount("001-1", "JPY", "netting", "live", "net")

    monkeypatch.chdir(tmp_path)
    text = POLICY.format(currency="JPY", instrument="USD_JPY", size="2_000units")
    (tmp_path / "rounds.policy.yaml").write_text(text, encoding="utf-8")
    reach = Reach("oanda", None)
    made: Any = prepare_live(Path("rounds.policy.yaml"), reach, (), (), oanda_adapter, Stated(), None)  # type: ignore[arg-type]
    with pytest.raises(CommandError, match="nobody asked for real money"):
        asyncio.run(made)
    assert not (tmp_path / ".ruleengine").exists()


def test_an_account_file_that_was_changed_is_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever writes limits into it must not trade without them."""
    monkeypatch.chdir(tmp_path)
    stated = VenueAccount("101-001-1", "JPY", "netting", "practice", "net")
    file = write_account("oanda", stated, "http://127.0.0.1:1")
    assert write_account("oanda", stated, "http://127.0.0.1:2") == file, "another address is no change"
    changed = file.read_text(encoding="utf-8") + "limits: {max_order_value: 5_000JPY}\n"
    file.write_text(changed, encoding="utf-8")
    with pytest.raises(CommandError, match="was changed") as refused:
        write_account("oanda", stated, "http://127.0.0.1:2")
    assert f"--account {file}" in refused.value.help
    assert file.read_text(encoding="utf-8") == changed


@pytest.mark.parametrize("desk", ["oanda"], indirect=True)
def test_doctor_says_that_an_account_file_agrees(desk: Desk) -> None:
    account = f'venue: {{name: oanda, account_id: "{desk.place.account_id}", address: "{desk.address}"}}'
    (desk.folder / "desk.account.yaml").write_text(f"{ACCOUNT}{account}\n", encoding="utf-8")
    found = ask("doctor", "--account", "desk.account.yaml", "--format", "json")
    assert found.code == 0, found.err
    rows = [each for each in json.loads(found.out)["findings"] if each["subject"] == "account file"]
    assert [(each["state"], each["found"]) for each in rows] == [("ok", "agrees with the venue")]


@pytest.mark.parametrize("desk", ["oanda"], indirect=True)
def test_doctor_holds_an_account_file_against_the_venue(desk: Desk) -> None:
    """What a run would refuse."""
    (desk.folder / "a.account.yaml").write_text(
        "apiVersion: ruleengine/v1\nkind: Account\nname: a\ncurrency: USD\nmode: hedging\nenvironment: practice\n"
        f'venue: {{name: oanda, account_id: 101-001-3442594-001, address: "{desk.address}"}}\n',
        encoding="utf-8",
    )
    found = ask("doctor", "--account", "a.account.yaml", "--format", "json")
    assert found.code == 1, found.err
    row = next(each for each in json.loads(found.out)["findings"] if each["subject"] == "account file")
    assert row["state"] == "failed"
    assert "currency is USD, the venue says JPY" in row["found"]
    table = ask("doctor", "--account", "a.account.yaml")
    assert table.code == 1
    told = " ".join(table.out.split())
    assert all(each in told for each in ("what to do", "failed", "currency is USD", "mend a.account.yaml"))
    found = ask("dry-run", "--policy", "rounds.policy.yaml", "--account", "a.account.yaml", "--data", "none")
    assert found.code == 2
    assert "recorded data needs one of the paper venue" in found.err
