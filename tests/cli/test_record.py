"""`record`: a market as it comes, which a dry run then decides on as it was decided live."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ruleengine.journal import JournalReader
from ruleengine.model.event import AccountRead, BarEvent, Event, LinkChange, MarketEvent, Quote, VenueEvent
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Cancel, Cleared
from ruleengine.ports.venue import (
    Capabilities,
    Finding,
    SecretName,
    SentOrder,
    VenueAccount,
    VenueError,
    VenueSetup,
    VenueSnapshot,
)
from ruleengine.recordings import Live, Origin, Recorder, is_unfinished, open_recording
from tests.cli.asking import COMMAND, POLICY, Answer, ask

S = 1_000_000_000
MINUTE = 60 * S
READS_BARS = POLICY.replace(
    "require: spread <= 1.2pips", "require: 'spread <= 1.2pips and abs(mid - sma(m1.close, 20)) <= 3 * atr(m1, 14)'"
)
"""Decides with what twenty minutes of bars say, so that a start without a past is told at once."""


def record(*arguments: object) -> Answer:
    return ask("record", *arguments)


@pytest.fixture
def simulated(world: Path) -> Path:
    """The small world with a policy that looks back, and a market of its own to act on."""
    (world / "small.policy.yaml").write_text(READS_BARS, encoding="utf-8")
    return world


PAPER = ("--adapter", "paper", "--policy", "small.policy.yaml", "--speed", "max", "--duration", "20min")


def decided(result: Path) -> list[dict[str, Any]]:
    """The decisions of a dry run as they stand, but for what is the run's own: ids of decisions and orders, made of the
    run's, and the event's number in its log."""
    found = []
    for line in (result / "decisions.jsonl").read_text(encoding="utf-8").splitlines():
        decision = json.loads(line)
        del decision["id"], decision["seq"]
        if decision.get("order"):
            decision["order"].pop("id")
        found.append(decision)
    return found


def dry_run(data: str, out: str) -> Path:
    found = ask("dry-run", "--policy", "small.policy.yaml", "--data", data, "--out", out, "--format", "json")
    assert found.code == 0, found.err
    return Path(out)


def test_the_account_file_names_the_venue(simulated: Path) -> None:
    named = ("--account", "small.account.yaml", *PAPER[2:4])
    found = record(*named, "--speed", "max", "--duration", "1s", "--out", "by-account", "--format", "json")
    assert found.code == 0, found.err
    assert (simulated / "by-account" / "venue=paper").is_dir()


def test_a_port_that_there_is_none_of_is_told() -> None:
    found = ask("simulate", "oanda", "--port", "99999")
    assert (found.code, found.err.splitlines()[0]) == (2, "ruleengine: port 99999: there is none")


# --- the same decisions ---------------------------------------------------------------------------------------------


def test_a_live_hour_its_recording_and_its_journal_give_the_same_decisions(simulated: Path) -> None:
    """Beside each other: a live run on the simulated market, and a recording of that market. Both replayed."""
    assert record(*PAPER, "--out", "rec").code == 0
    live = ask("run", "--policy", "small.policy.yaml", "--speed", "max", "--duration", "2s", "--journal", "journal")
    assert live.code == 0, live.err
    of_journal = decided(dry_run("journal", "of-journal"))
    with JournalReader(simulated / "journal" / "journal.sqlite") as reader:
        checks = [row.body for row in reader.rows(kinds=["check"])]
    parts = ("ts", "rule", "instrument", "outcome", "code", "message", "verdicts", "figures")
    assert [{part: each.get(part) for part in parts} for each in of_journal] == [
        {part: each.get(part) for part in parts} for each in checks
    ]
    written = (Path("of-journal") / "decisions.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in written] == [each["id"] for each in checks], "ids are equal, too"
    of_recording = decided(dry_run("rec", "of-recording"))
    recording = open_recording("rec")
    both_ns = min(recording.last_ns, max(each["ts"] for each in of_journal))
    until = [[each for each in those if each["ts"] <= both_ns] for those in (of_journal, of_recording)]
    assert until[0] == until[1]
    outcomes = {each["outcome"] for each in until[0]}
    assert len(until[0]) >= 5, "enough was decided for the comparison to say something"
    assert "sent" in outcomes


def test_a_recording_is_run_live_as_it_is_run_dry(simulated: Path) -> None:
    assert record(*PAPER, "--out", "rec").code == 0
    live = ask("run", "--policy", "small.policy.yaml", "--data", "rec", "--speed", "max", "--format", "json",
               "--journal", "journal")  # fmt: skip
    assert live.code == 0, live.err
    dry = json.loads(ask("dry-run", "--policy", "small.policy.yaml", "--data", "rec", "--format", "json").out)
    for part in ("decisions", "refusals", "fills", "metrics", "events", "first_ns", "last_ns"):
        assert json.loads(live.out)[part] == dry[part], part
    again = json.loads(ask("dry-run", "--policy", "small.policy.yaml", "--data", "journal", "--format", "json").out)
    assert again["decisions"] == dry["decisions"]


def test_the_past_that_the_policy_reads_is_recorded_and_not_acted_on(simulated: Path) -> None:
    assert record(*PAPER, "--out", "rec").code == 0
    recording = open_recording("rec")
    assert recording.live is not None
    past = list(recording.events(None, recording.live.from_ns))
    assert {type(each) for each in past} == {BarEvent}
    assert len(past) >= 21, "an average of twenty closed bars, and the one that is open"
    assert recording.live.trades, "the simulated market's book"
    decisions = decided(dry_run("rec", "result"))
    assert min(each["ts"] for each in decisions) >= recording.live.from_ns
    measured = [each for each in decisions if each["rule"] == "from-signals"]
    outcomes = [verdict["outcome"] for each in measured for verdict in each["verdicts"] if verdict["rule"] == "spread"]
    assert outcomes
    assert "unknown" not in outcomes, "known from the first signal on"


def test_why_explains_a_decision_on_a_journal(simulated: Path) -> None:
    assert ask("run", "--policy", "small.policy.yaml", "--speed", "max", "--duration", "1s", "--journal", "j").code == 0
    dry_run("j", "result")
    (first, *_) = [json.loads(line) for line in Path("result/decisions.jsonl").read_text().splitlines()]
    dry, live = ask("why", first["id"], "--from", "result"), ask("why", first["id"], "--from", "j")
    assert (dry.code, live.code) == (0, 0), dry.err + live.err
    assert dry.out.splitlines()[:3] == live.out.splitlines()[:3]


def test_another_policy_on_a_journal_has_no_past(simulated: Path) -> None:
    """Features are unknown until bars have passed: nothing is taken from the policy that ran."""
    assert ask("run", "--policy", "small.policy.yaml", "--speed", "max", "--duration", "1s", "--journal", "j").code == 0
    (simulated / "small.policy.yaml").write_text(READS_BARS.replace("sma(m1.close, 20)", "sma(m1.close, 19)"))
    signals = [each for each in decided(dry_run("j", "result")) if each["rule"] == "from-signals"]
    assert [each["outcome"] for each in signals[0]["verdicts"] if each["rule"] == "spread"] == ["unknown"]


def test_a_journal_is_read_alone_and_has_to_be_one(simulated: Path) -> None:
    assert ask("run", "--policy", "small.policy.yaml", "--speed", "max", "--duration", "1s", "--journal", "j").code == 0
    both = ask("dry-run", "--policy", "small.policy.yaml", "--data", "j", "--data", "quotes")
    assert (both.code, both.err.splitlines()[0]) == (2, "ruleengine: j is a journal, which is read alone")
    Path("broken").mkdir()
    (Path("broken") / "journal.sqlite").write_text("no database")
    assert ask("dry-run", "--policy", "small.policy.yaml", "--data", "broken").code == 2


# --- a venue over a network -----------------------------------------------------------------------------------------

SPEC = Instrument("EUR_USD", "fx", "EUR", "USD", Decimal("0.0001"), Decimal("0.00001"), Decimal(1), Decimal(1))


class FakeVenue:
    """Says what the test gives it; meets `NetworkVenue`."""

    def __init__(self, come: Sequence[Event | Exception]) -> None:
        self.capabilities = FakeAdapter.capabilities
        self._come = come
        self.asked: list[str] = []

    async def account(self) -> VenueAccount:
        self.asked.append("account")
        return VenueAccount("1", "USD", "netting", "practice")

    async def instruments(self, names: Sequence[str]) -> tuple[Instrument, ...]:
        self.asked.append("instruments")
        return tuple(each for each in (SPEC,) if each.name in names)

    async def forming(self, instrument: str, interval_ns: int) -> BarEvent | None:
        return None

    def history_intervals(self) -> tuple[int, ...]:
        return (5 * S, MINUTE, 60 * MINUTE)

    async def history(self, instrument: str, interval_ns: int, begin: int, end: int) -> AsyncIterator[MarketEvent]:
        self.asked.append("history")
        closes = {end, *range(end // interval_ns * interval_ns, begin, -interval_ns)}  # one at the very end
        for close in sorted(closes):
            yield BarEvent(close, close, instrument, interval_ns, "mid", 1.25, 1.5, 1.0, 1.25)

    async def recover(self, sent: Sequence[SentOrder]) -> Sequence[VenueEvent]:
        raise AssertionError("nothing was sent")

    async def query(self, order_id: str) -> None:
        raise AssertionError("nothing was sent")

    async def check(self) -> Sequence[Finding]:
        return ()

    async def snapshot(self) -> VenueSnapshot:
        self.asked.append("snapshot")
        return VenueSnapshot(0, Decimal(0), Decimal(0), (), ())

    async def submit(self, command: Cleared | Cancel, ts: int) -> None:
        raise AssertionError("a recording sends nothing")

    async def events(self) -> AsyncIterator[Event]:
        self.asked.append("events")
        for each in self._come:
            if isinstance(each, Exception):
                raise each
            yield each

    async def close(self) -> None:
        self.asked.append("close")


class FakeAdapter:
    capabilities = Capabilities(
        "far", frozenset({"netting"}), True, True, True, False, frozenset({"market"}), 10.0, needs_network=True
    )
    secrets: Sequence[SecretName] = ()

    def __init__(self, venue: FakeVenue) -> None:
        self._venue = venue

    async def open(self, setup: VenueSetup) -> FakeVenue:
        assert setup.access.address == "http://127.0.0.1:1"
        return self._venue


@pytest.fixture
def far(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Have `--adapter far` reach a venue that says these things."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def say(*come: Event | Exception) -> FakeVenue:
        venue = FakeVenue(come)
        for module in ("record_feed", "live_session"):
            monkeypatch.setattr(f"ruleengine.cli.{module}.adapter_named", lambda name: FakeAdapter(venue))
        return venue

    return say


FAR = ("--adapter", "far", "--address", "http://127.0.0.1:1", "--instrument", "EUR_USD", "--out", "rec")


def now() -> int:
    return time.time_ns()


def quotes(count: int, begin: int = 10**18 * 2) -> list[Quote]:
    return [Quote(begin + n * S, begin + n * S - 5, "EUR_USD", 1.25, 1.5) for n in range(count)]


def test_a_venue_over_a_network_is_followed_and_nothing_is_sent(far: Any) -> None:
    account = AccountRead(2 * 10**18, 2 * 10**18, None, None)
    lost = [LinkChange(2 * 10**18, 2 * 10**18, "prices", up, "reset" if not up else "") for up in (False, True)]
    come = quotes(3)
    venue = far(come[0], account, *lost, *come[1:])
    found = record(*FAR, "--format", "json")
    assert found.code == 0, found.err
    assert venue.asked == ["account", "instruments", "snapshot", "events", "close"]
    recording = open_recording("rec")
    assert list(recording.events()) == come
    assert json.loads(found.out)["venue"] == "far"
    assert "connection for prices lost: reset\nconnection for prices back\n" in found.err
    assert {each.partition.venue for each in recording.partitions} == {"far"}


def test_its_past_is_fetched_and_stands_before(far: Any) -> None:
    """Ten minutes are ten bars of a minute, and one that closes at the very start: that is past, too."""
    far(*quotes(2))
    assert record(*FAR, "--history", "10min").code == 0
    recording = open_recording("rec")
    assert recording.live is not None
    assert [each.kind for each in recording.events(recording.live.from_ns)] == ["quote", "quote"]
    past = list(recording.events(None, recording.live.from_ns))
    assert [each.interval_ns for each in past if isinstance(each, BarEvent)] == [MINUTE] * len(past)
    assert max(each.ts for each in past) < recording.live.from_ns
    assert 10 <= len(past) <= 13, "of ten minutes, and one that ended with each of the two fetches"


def test_a_venue_that_refuses_ends_it_with_what_was_heard(far: Any) -> None:
    far(*quotes(2), VenueError("the token was taken back", code="401", remedy="make a new one"))
    found = record(*FAR)
    assert found.code == 2
    assert found.err.splitlines()[-2:] == ["ruleengine: far: the token was taken back (401)", "help: make a new one"]
    assert open_recording("rec").rows == 2


def test_an_instrument_that_the_account_may_not_trade_is_told(far: Any) -> None:
    venue = far(*quotes(1))
    found = record(*FAR, "--instrument", "XXX_YYY")
    assert (found.code, "far has no XXX_YYY for this account" in found.err) == (2, True)
    assert venue.asked[-1] == "close"
    assert not Path("rec").exists()


def test_signals_from_a_file_are_refused_for_a_market_that_comes_now(far: Any, tmp_path: Path) -> None:
    far(*quotes(1))
    (tmp_path / "s.jsonl").write_text("{}")
    found = record(*FAR, "--signals", "s.jsonl")
    assert (found.code, "s.jsonl: a file, but what is recorded comes now" in found.err) == (2, True)


def test_the_duration_ends_a_silent_market(far: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = far(*quotes(1, now()))
    told = venue.events

    async def silent() -> AsyncIterator[Event]:
        async for each in told():
            yield each
        await asyncio.Event().wait()

    monkeypatch.setattr(venue, "events", silent)
    assert record(*FAR, "--duration", "200ms").code == 0
    assert open_recording("rec").rows == 1


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_is_given_up_while_the_venue_does_not_answer(
    far: Any, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals, code: int
) -> None:
    venue = far()

    async def silent() -> VenueAccount:
        os.kill(os.getpid(), sent)
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(venue, "account", silent)
    found = record(*FAR)
    assert (found.code, "ended before anything came" in found.err) == (code, True)
    assert venue.asked == ["close"]
    assert not Path("rec").exists()


def test_what_closes_while_the_past_is_fetched_is_fetched_too(far: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first fetch takes five minutes by the wall's clock: a second one has the bars of those minutes."""
    venue = far(*quotes(1))
    begin = 1_767_744_000 * S
    clock = iter([begin, begin + 5 * MINUTE, begin + 5 * MINUTE + S])
    monkeypatch.setattr("ruleengine.cli.record_feed.time.time_ns", lambda: next(clock))
    assert record(*FAR, "--history", "10min").code == 0
    recording = open_recording("rec")
    assert recording.live == Live(begin + 5 * MINUTE + S)
    assert venue.asked.count("history") == 3
    past = [each.ts_event for each in recording.events() if isinstance(each, BarEvent)]
    first, second = range(-9, 1), range(1, 6)
    assert past == [*(begin + n * MINUTE for n in (*first, *second)), begin + 5 * MINUTE + S]


def test_a_full_disk_is_told(far: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line of the spool finds room, the rows do not."""
    far(*quotes(2))
    write, left = os.write, 1

    def full(handle: int, data: bytes) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(handle, data)

    with monkeypatch.context() as disk:
        disk.setattr("ruleengine.recordings.spool.os.write", full)
        found = record(*FAR)
    assert found.code == 2
    assert "rec: No space left on device; what was taken before is kept, and is no recording yet" in found.err
    assert "help: make room, then `ruleengine record --finish rec`" in found.err
    assert is_unfinished(Path("rec"))


def test_a_recording_that_was_interrupted_is_gone_on_with(far: Any) -> None:
    come = quotes(4)
    first = Recorder(Path("rec"), Origin("far", Live(come[0].ts)))
    first.take(come[0])
    first.close()
    far(*come[1:])
    again = record(*FAR)
    assert again.code == 0, again.err
    assert "going on with rec" in again.err
    assert list(open_recording("rec").events()) == come
    assert record(*FAR).code == 2, "what is whole is not written into"


# --- how it ends ----------------------------------------------------------------------------------------------------


def started(world: Path) -> subprocess.Popen[str]:
    """A recording of the simulated market at sixty times the wall's time, once it has written some rows."""
    process = subprocess.Popen(
        [COMMAND, "record", "--adapter", "paper", "--instrument", "USD_JPY", "--out", "rec"],
        cwd=world, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(600):
        if any(path.stat().st_size > 2_000 for path in (world / "rec").glob("spool/*.lines")):
            return process
        time.sleep(0.1)
    process.kill()
    raise AssertionError(process.communicate())


def test_ctrl_c_is_a_clean_end(world: Path) -> None:
    process = started(world)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.startswith("recording rec")
    recording = open_recording("rec")
    recording.verify()
    assert recording.kinds == ("quote",)


def test_after_a_kill_it_is_finished_by_its_spool(world: Path) -> None:
    process = started(world)
    process.kill()
    process.communicate()
    refused = ask("dry-run", "--policy", "small.policy.yaml", "--data", "rec")
    assert refused.code == 2
    assert "RE418 this recording is not finished" in refused.err
    assert "ruleengine record --finish rec" in refused.err
    assert record("--finish", "rec").code == 0
    open_recording("rec").verify()
    assert ask("dry-run", "--policy", "small.policy.yaml", "--data", "rec").code == 0
    assert record("--finish", "rec").code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--adapter", "paper", "--instrument", "USD_JPY"], "give --adapter NAME or --account FILE, and --out FOLDER"),
        (["--instrument", "USD_JPY", "--out", "rec"], "give --adapter NAME or --account FILE, and --out FOLDER"),
        (["--adapter", "paper", "--out", "rec"], "give --instrument NAME, or --policy FILE"),
        (["--adapter", "papre", "--out", "rec", "--instrument", "QQQ"], "no venue `papre`"),
        (["--adapter", "paper", "--out", "quotes", "--instrument", "USD_JPY", "--duration", "1s"], "RE406"),
        (["--finish", "quotes"], "nothing was finished"),
    ],
)
def test_wrong_use_is_told(world: Path, arguments: list[str], said: str) -> None:
    found = record(*arguments)
    assert found.code == 2
    assert said in found.err
