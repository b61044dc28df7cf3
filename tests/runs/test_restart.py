"""A snapshot and the rest of the log give what the whole run gave, wherever the run is cut: in a bar, with orders out,
while cooldowns run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ruleengine.cli.engines import machine_of
from ruleengine.cli.session import Session
from ruleengine.model.audit import Audit
from ruleengine.model.event import Event
from ruleengine.runtime.engine import Engine
from tests.runs.whole import START, Kept, engine


class Cut:
    """Looks for places in a run at which something is going on."""

    def __init__(self) -> None:
        self.open_orders: list[int] = []
        self.cooling: list[int] = []
        self.mid_bar: list[int] = []

    def look(self, number: int, live: Engine) -> None:
        if any(True for _ in live.orders.live()):
            self.open_orders.append(number)
        if live.desk.cooldowns:
            self.cooling.append(number)
        if live.position[0] % 60_000_000_000:
            self.mid_bar.append(number)


def replayed(session: Session, log: list[Event], cut: int, watch: Cut | None = None) -> Kept:
    """The log through an engine, which is another one from event `cut` on, made from the first one's state as text."""
    kept = Kept()
    running = begun(session, kept)
    for number, event in enumerate(log):
        if number == cut:
            text = json.dumps(running.state(), allow_nan=False)
            running = engine(session, kept)
            assert running.restore(json.loads(text)) == []
            assert json.dumps(running.state(), allow_nan=False) == text, "a state taken over is the same state"
        running.process(replace(event))
        if watch is not None:
            watch.look(number, running)
    return kept


def begun(session: Session, kept: Kept) -> Engine:
    """An engine that took over the venue's book."""
    made = engine(session, kept)
    made.adopt(machine_of(session, START).snapshot())
    return made


@pytest.fixture(scope="module")
def cuts(session: Session, whole: Kept) -> dict[str, list[int]]:
    watch = Cut()
    again = replayed(session, whole.events, -1, watch)
    assert again.lines == whole.lines, "the log alone gives the run"
    return vars(watch)


def test_the_run_adds_to_positions(whole: Kept) -> None:
    """Else nothing here says anything of additions."""
    sent = {each.kind for each in whole.decisions if each.outcome == "sent"}
    refused = {each.code for each in whole.decisions if each.kind in ("ladder", "pyramid")}
    assert {"ladder", "pyramid"} <= sent
    assert {"RE603", "RE604"} <= refused


@pytest.mark.parametrize("share", [0.02, 0.35, 0.6, 0.97])
@pytest.mark.parametrize("where", ["open_orders", "cooling", "mid_bar"])
def test_a_restart_goes_unnoticed(
    session: Session, whole: Kept, cuts: dict[str, list[int]], where: str, share: float
) -> None:
    places = cuts[where]
    assert places, f"never {where}"
    cut = places[int(len(places) * share)] + 1
    assert replayed(session, whole.events, cut).lines == whole.lines


def test_every_place_in_a_minute(session: Session, whole: Kept) -> None:
    """Restarted before each of some sixty events in a row, over the close of a bar and a metric's cadence."""
    first = next(n for n, each in enumerate(whole.events) if each.ts > START + 290 * 1_000_000_000)
    part = whole.events[: first + 60]
    expected = replayed(session, part, -1).lines
    kept = Kept()
    running = begun(session, kept)
    for number, event in enumerate(part):
        if number >= first:
            state: dict[str, Any] = json.loads(json.dumps(running.state(), allow_nan=False))
            running = engine(session, kept)
            running.restore(state)
        running.process(replace(event))
    assert kept.lines == expected


def test_the_state_says_nothing_of_the_events_object(session: Session, whole: Kept) -> None:
    """Two engines at the same place have the same state, byte for byte."""
    texts = set()
    for _ in range(2):
        running = begun(session, Kept())
        for event in whole.events[:700]:
            audit = running.process(replace(event))
            assert isinstance(audit, Audit)
        texts.add(json.dumps(running.state(), allow_nan=False))
    assert len(texts) == 1
