"""The clock of a run over a network: the machine's, and never back."""

from __future__ import annotations

import pytest

from ruleengine.cli.wall_clock import WallClock

SECOND = 1_000_000_000


class Machine:
    """Its two clocks, set by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = 1_000 * SECOND, 5 * SECOND
        monkeypatch.setattr("ruleengine.cli.wall_clock.time.time_ns", lambda: self.wall)
        monkeypatch.setattr("ruleengine.cli.wall_clock.time.monotonic_ns", lambda: self.steady)

    def pass_s(self, seconds: float, *, wall: float | None = None) -> None:
        self.steady += round(seconds * SECOND)
        self.wall += round((seconds if wall is None else wall) * SECOND)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_it_is_the_machines_time(machine: Machine) -> None:
    clock = WallClock()
    machine.pass_s(3)
    assert clock.now_ns() == 1_003 * SECOND
    machine.pass_s(1, wall=3_600)  # set forward, or woken from a sleep
    assert clock.now_ns() == 4_603 * SECOND


def test_it_goes_on_where_the_machines_was_set_back(machine: Machine) -> None:
    clock = WallClock()
    machine.pass_s(2, wall=-3_598)
    assert clock.now_ns() == 1_002 * SECOND
    machine.pass_s(5)
    assert clock.now_ns() == 1_007 * SECOND


def test_a_small_correction_is_followed_and_stands_still_at_most(machine: Machine) -> None:
    clock = WallClock()
    machine.pass_s(0.2, wall=-0.3)
    assert clock.now_ns() == 1_000 * SECOND
    machine.pass_s(1)
    assert clock.now_ns() == 1_000 * SECOND + 700_000_000
