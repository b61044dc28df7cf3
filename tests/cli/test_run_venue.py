"""`ruleengine run` on venues over a network, end to end: the simulators are real servers on this machine, and nothing
but the address is another one. The policy buys when there is a price and sells two seconds later, so that a few seconds
hold whole rounds."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.kis.simulator import simulator as kis
from adapters.oanda import adapter as oanda_adapter
from adapters.oanda.simulator import simulator as oanda
from adapters.oanda.venue import OandaVenue
from adapters.okx.simulator import simulator as okx
from adapters.simulation.server import Served
from ruleengine.cli.failure import CommandError
from ruleengine.cli.live_session import Reach, prepare_live, write_account
from ruleengine.cli.sole_engine import sole_engine
from ruleengine.journal import JournalReader, JournalUnreadable, journal_at
from ruleengine.model.event import Event
from ruleengine.ports.venue import VenueAccount
from tests.cli.asking import ask

POLICY = """\
apiVersion: ruleengine/v1
kind: Policy
metadata: {{name: rounds, version: 1.0.0, description: whole rounds in a few seconds}}
requires: {{account: any, currency: {currency}, instruments: ["{instrument}"]}}
strategies: {{rounds: {{pocket: quick}}}}
pockets: [quick]
ownership: [qr]
limits:
  max_order_units: 10_000units
  max_position_units: 10_000units
  price_collar: 200bps
  repeated_execution: {{orders: 100, within: 60s}}
  refusals: {{count: 3, within: 60s, pause: 60s}}
  quote_age_max: 10s
entries:
  - id: buy
    source: market
    strategy: rounds
    side: long
    when: bid > 0
    size: {size}
    max_open: 1
    cooldown: 3s
exits:
  - id: out
    for_each: position
    when: position.age > 2s
    close: 100%
    on_unknown: {{wait: 30s, then: close}}
"""


WATCHER = (
    POLICY[: POLICY.index("entries:")]
    + """\
entries:
  - id: up
    source: market
    strategy: rounds
    enforcement: shadow
    side: long
    when: bid > avg_over(bid, 1s) and rsi(m1, 14) >= 0
    size: {size}
  - id: down
    source: market
    strategy: rounds
    enforcement: shadow
    side: long
    when: bid < avg_over(bid, 1s) and sma(m1.close, 20) > 0
    size: {size}
"""
)
"""Sends nothing, and decides on every turn of the price, with minutes from before the run."""

ACCOUNT = """\
apiVersion: ruleengine/v1
kind: Account
name: desk
currency: JPY
mode: netting
"""


@dataclass(frozen=True)
class Place:
    """A venue, how it is reached, and what trades there. `size`: of one order in the venue's own units."""

    venue: str
    currency: str
    instrument: str
    written: str
    size: Decimal
    secrets: dict[str, str]
    account_id: str = ""

    def arguments(self, address: str) -> list[str]:
        own = ["--account-id", self.account_id] if self.account_id else []
        return ["--adapter", self.venue, "--address", address, *own]


OANDA = Place("oanda", "JPY", "USD_JPY", "2_000units", Decimal(2_000), {"OANDA_TOKEN": "canary-oanda-token"})
OKX = Place(
    "okx", "USDT", "BTC-USDT-SWAP", "2contracts", Decimal(2),
    {"OKX_KEY": "canary-okx-key", "OKX_SECRET": "canary-okx-secret", "OKX_PASSPHRASE": "canary-okx-phrase"},
)  # fmt: skip
KIS = Place(
    "kis", "KRW", "005930", "2units", Decimal(2),
    {"KIS_APPKEY": "canarykey".ljust(36, "k"), "KIS_APPSECRET": "canarysecret".ljust(180, "s"), "KIS_HTS_ID": "tester"},
    "12345678-01",
)  # fmt: skip
PLACES = {"oanda": OANDA, "okx": OKX, "kis": KIS}
SERVERS: dict[str, Any] = {"oanda": oanda, "okx": okx, "kis": kis}


@dataclass
class Desk:
    """A folder with the policy, and the venue that is served."""

    place: Place
    folder: Path
    address: str

    @property
    def arguments(self) -> list[str]:
        return ["run", "--policy", "rounds.policy.yaml", *self.place.arguments(self.address)]

    def run(self, seconds: int, *more: str) -> dict[str, Any]:
        found = ask(*self.arguments, "--duration", f"{seconds}s", "--format", "json", *more)
        assert found.code == 0, found.err
        answer: dict[str, Any] = json.loads(found.out)
        return answer

    def venue(self) -> dict[str, Any]:
        """What the venue has: positions and orders of the account, by its own ledger."""
        ledger = httpx.get(f"{self.address}/_control/ledger", trust_env=False).json()["accounts"]
        account: dict[str, Any] = (
            ledger[self.place.account_id] if self.place.account_id else next(iter(ledger.values()))
        )
        return account

    def move_price(self, over: threading.Event) -> None:
        """Up and down by a thousandth, until it is over."""
        name = self.place.instrument
        state = httpx.get(f"{self.address}/_control/state", trust_env=False).json()["instruments"][name]
        bid, ask = Decimal(str(state["bid"])), Decimal(str(state["ask"]))
        step, is_up = (Decimal(500) if self.place is KIS else round(bid / 1000, 1)), False
        while not over.wait(0.7):
            is_up = not is_up
            body = {"instrument": name, "bid": str(bid + step * is_up), "ask": str(ask + step * is_up)}
            assert httpx.post(f"{self.address}/_control/price", json=body, trust_env=False).status_code == 200

    def sendings(self) -> list[str]:
        """Orders that were handed over, by the record."""
        try:
            with self.journal() as journal:
                return [row.key for row in journal.rows(kinds=["order"]) if row.body["state"] == "sending"]
        except (JournalUnreadable, StopIteration):  # it is being made
            return []

    def wait_for_sendings(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while len(self.sendings()) < count:
            assert time.monotonic() < deadline, "nothing was sent in a minute"
            time.sleep(0.005)

    @property
    def journal_folder(self) -> Path:
        return next((self.folder / ".ruleengine").glob(f"{self.place.venue}-*"))

    def journal(self) -> JournalReader:
        return JournalReader(journal_at(self.journal_folder))


@pytest.fixture(params=PLACES)
def desk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    place = PLACES[request.param]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RULEENGINE_NOTIFY", raising=False)
    for name, value in place.secrets.items():
        monkeypatch.setenv(name, value)
    text = POLICY.format(currency=place.currency, instrument=place.instrument, size=place.written)
    (tmp_path / "rounds.policy.yaml").write_text(text, encoding="utf-8")
    with Served(SERVERS[request.param].app(1, {})) as served:
        if place is OANDA:
            first = httpx.get(f"{served.address}/v3/accounts", headers={"Authorization": "Bearer canary-oanda-token"})
            place = Place(**{**place.__dict__, "account_id": first.json()["accounts"][0]["id"]})
        yield Desk(place, tmp_path, served.address)


def filled(account: dict[str, Any]) -> list[Decimal]:
    """Signed units of the orders that filled, in the venue's order."""
    return [Decimal(order["units"]) for order in account["orders"] if order["state"] in ("filled", "FILLED")]


def test_whole_rounds(desk: Desk) -> None:
    answer = desk.run(7)
    done = filled(desk.venue())
    size = desk.place.size
    assert len(done) >= 2
    assert done == [size if place % 2 == 0 else -size for place in range(len(done))], "bought and sold in turns"
    sent = sum(count for key, count in decisions(answer) if key == "sent")
    assert sent == len(desk.venue()["orders"]), "each order that was sent is at the venue once"
    with desk.journal() as journal:
        assert [row.body["state"] for row in journal.rows(kinds=["order"])].count("sending") == sent
    secrets_stay(desk)


def decisions(answer: dict[str, Any]) -> list[tuple[str, int]]:
    return [(row["outcome"], row["n"]) for row in answer["decisions"]]


def secrets_stay(desk: Desk) -> None:
    """None of the secrets is in any file that the run left, beside the venue's own cache of tokens."""
    for path in (desk.folder / ".ruleengine").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for value in desk.place.secrets.values():
                assert value == "tester" or value.encode() not in content, path


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_sent_twice(desk: Desk) -> None:
    """SIGKILL right after an order's step of sending is on disk, and a little later, each time the run has come back;
    then a clean run. Every order that the venue has was decided once, and buying and selling go on in turns: never two
    of one side in a row. Only what was decided and never left is in the record and not at the venue."""
    program = [sys.executable, "-m", "ruleengine.cli.main", *desk.arguments]
    for delay_s in (0.0, 0.8) if desk.place is KIS else (0.0, 0.3, 0.8):
        before = len(desk.sendings())
        with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ)) as run:
            try:
                desk.wait_for_sendings(before + 1)
                time.sleep(delay_s)
            finally:
                run.send_signal(signal.SIGKILL)
            assert run.stderr is not None
            assert b"Traceback" not in run.stderr.read()
    desk.run(22 if desk.place is KIS else 6)  # three order lists over ten seconds prove that KIS never had an order
    account, sendings = desk.venue(), desk.sendings()
    done, size = filled(account), desk.place.size
    assert len(done) >= 2
    assert done == [size if place % 2 == 0 else -size for place in range(len(done))]
    assert len(sendings) == len(set(sendings)) >= len(account["orders"])
    ids = [order["client_id"] for order in account["orders"] if order["client_id"]]
    assert len(ids) == len(set(ids))
    assert set(ids) <= set(sendings)
    audited = ask("audit", desk.journal_folder, "--format", "json")
    assert audited.code == 0, audited.out + audited.err
    assert sum(run["decisions"] for run in json.loads(audited.out)["runs"]) >= len(sendings)


@pytest.mark.slow
def test_what_was_recorded_decides_again_as_it_did_live(desk: Desk) -> None:
    """The journal of a live run, replayed: every decision at the same instant with the same figures. (The account is
    the dry run's own, and so are ids.)"""
    place = desk.place
    text = WATCHER.format(currency=place.currency, instrument=place.instrument, size=place.written)
    (desk.folder / "rounds.policy.yaml").write_text(text, encoding="utf-8")
    (desk.folder / "rounds.account.yaml").write_text(
        f"{ACCOUNT.replace('JPY', place.currency)}balance: 1_000_000{place.currency}\n", encoding="utf-8"
    )
    over = threading.Event()
    mover = threading.Thread(target=desk.move_price, args=(over,))
    mover.start()
    try:
        desk.run(6)
    finally:
        over.set()
        mover.join()
    found = ask("dry-run", "--policy", "rounds.policy.yaml", "--data", desk.journal_folder, "--out", "again")
    assert found.code == 0, found.err
    again = [json.loads(line) for line in Path("again/decisions.jsonl").read_text(encoding="utf-8").splitlines()]
    with desk.journal() as journal:
        live = [row.body for row in journal.rows(kinds=["check"])]
    parts = ("ts", "rule", "instrument", "side", "wanted", "outcome", "code", "trigger", "verdicts", "sizing")
    assert len(live) >= 4
    assert [[each.get(part) for part in parts] for each in again] == [
        [each.get(part) for part in parts] for each in live
    ]


@pytest.mark.slow
@pytest.mark.parametrize("desk", ["okx"], indirect=True)
def test_a_screen_that_stands_still_holds_no_exit_up(desk: Desk) -> None:
    """As after Ctrl-S: nobody reads the terminal, whose few kilobytes are full after the first pictures."""
    screen, terminal = os.openpty()
    program = [sys.executable, "-m", "ruleengine.cli.main", *desk.arguments, "--duration", "8s", "--format", "text"]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=terminal, start_new_session=True) as run:
        os.close(terminal)
        try:
            assert run.wait(60) == 0
        finally:
            run.kill()
            os.close(screen)
    done, size = filled(desk.venue()), desk.place.size
    assert len(done) >= 4
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
