"""Runs over recordings of the real market: reading in portions changes no decision, and live is the dry run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ruleengine.cli.engines import machine_of
from ruleengine.cli.session import Session, prepare
from ruleengine.cli.signals import from_file
from ruleengine.model.event import Event
from ruleengine.recordings import Recording, events_of, import_recording, open_recording
from ruleengine.runtime.driving.drive import Driver, merged
from tests.runs.whole import Kept, engine, live

pytestmark = pytest.mark.data
SHIPPED = Path(__file__).resolve().parents[2] / "policies" / "fx_hedge"
NAMES = ["USD_JPY"]


@pytest.fixture(scope="module")
def recording(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """The quotes of 2019-01-01, some 9,000."""
    out = tmp_path_factory.mktemp("quotes") / "recording"
    file = shared_data / "fx_usdjpy" / "usdjpy_quotes_2019-01-01_decoded.csv"
    import_recording("quotes-decoded", [file], out, instrument="USD_JPY", venue="test")
    return open_recording(out)


@pytest.fixture(scope="module")
def shipped() -> Session:
    """The shipped policy on the account that its README names for these quotes."""
    return prepare(SHIPPED / "fx-hedge.policy.yaml", SHIPPED / "data" / "jan2019.account.yaml", (), (), 1)


def events(recording: Recording, **portions: int) -> Iterator[Event]:
    for batch in recording.batches(None, None, NAMES, **portions):  # type: ignore[arg-type]  # portions are ints
        yield from events_of(batch)


def with_signals(recording: Recording, **portions: int) -> Iterator[Event]:
    signals = from_file(str(SHIPPED / "data" / "jan2019.signals.jsonl"))
    return iter(merged(events(recording, **portions), signals))  # type: ignore[arg-type]  # as `dry-run` merges them


def run(session: Session, recording: Recording, **portions: int) -> Kept:
    kept = Kept()
    driver = Driver(engine(session, kept), machine_of(session, recording.first_ns))
    driver.start(recording.first_ns)
    driver.run(with_signals(recording, **portions))
    return kept


@pytest.fixture(scope="module")
def whole(shipped: Session, recording: Recording) -> Kept:
    return run(shipped, recording)


def test_the_shipped_policy_acts_on_the_quotes(whole: Kept) -> None:
    outcomes = {(each.kind, each.outcome) for each in whole.decisions}
    assert {("entry", "sent"), ("entry", "refused")} <= outcomes
    assert sum(each.kind == "quote" for each in whole.events) > 5_000


@pytest.mark.parametrize("portions", [{"batch_rows": 7}, {"batch_rows": 1000, "window_rows": 1500}])
def test_portions_change_nothing(shipped: Session, recording: Recording, whole: Kept, portions: dict[str, int]) -> None:
    assert run(shipped, recording, **portions).lines == whole.lines


def test_live_decides_on_the_recording_as_the_dry_run(shipped: Session, recording: Recording, whole: Kept) -> None:
    assert live(shipped, list(with_signals(recording)), recording.first_ns).lines == whole.lines
