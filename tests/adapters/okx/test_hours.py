"""Announced maintenance and instruments that don't trade, as words of the venue's hours (fact sheet §4, §9)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest

from adapters.okx import hours
from adapters.okx.hours import Hours, maintenance
from adapters.okx.instruments import instrument
from adapters.okx.rows import MS
from adapters.wire.decimals import BadPayload
from ruleengine.model.event import HoursWord
from ruleengine.ports.venue import TellsHours
from tests.adapters.okx.playing import BTC, Playing, Simulated, make_quick, opened, simulated
from tests.adapters.okx.scripted import BEGIN_NS, Script, ok
from tests.adapters.okx.test_instruments import row as terms

BEGIN_MS = 1_772_600_000_000


def row(**more: str) -> dict[str, str]:
    return {
        "title": "Trading  system\nupgrade", "state": "scheduled", "begin": str(BEGIN_MS),
        "end": str(BEGIN_MS + 600_000), "serviceType": "5", "system": "unified", "env": "1", "href": "",
        "scheDesc": "", "maintType": "1", "preOpenBegin": "", **more,
    }  # fmt: skip


@pytest.mark.parametrize(("state", "is_open"), [
    ("scheduled", False), ("ongoing", False), ("pre_open", False), ("completed", True), ("canceled", True),
])  # fmt: skip
def test_an_announcement_is_a_word_of_the_whole_venue(state: str, is_open: bool) -> None:
    source = f"OKX maintenance `Trading system upgrade` of {BEGIN_MS}"
    expected = HoursWord(9, 9, "", BEGIN_MS * MS, (BEGIN_MS + 600_000) * MS, is_open, source)
    assert maintenance(row(state=state), 9, is_demo=False) == expected


@pytest.mark.parametrize("kind", ["0", "6", "7", "10", "11", "99"])
def test_what_leaves_trading_alone_is_none(kind: str) -> None:
    """Websockets, block, bot, spread and copy trading; single instruments, of which their own state tells."""
    assert maintenance(row(serviceType=kind), 9, is_demo=False) is None


@pytest.mark.parametrize(("env", "is_demo", "counts"), [("1", False, True), ("2", False, False), ("2", True, True)])
def test_the_demos_maintenance_is_not_the_venues(env: str, is_demo: bool, counts: bool) -> None:
    assert (maintenance(row(env=env), 9, is_demo=is_demo) is not None) is counts


def test_one_without_an_end_lasts_until_it_is_over() -> None:
    told = maintenance(row(state="ongoing", end=""), 9, is_demo=False)
    assert told is not None
    assert told.end_ns is None


def test_an_answer_that_was_long_on_its_way_is_fresh_when_it_comes() -> None:
    """Soon after another start the venue wants to be left alone for a while (once in five seconds)."""
    busy = httpx.Response(
        429, json={"code": "50011", "msg": "Too Many Requests", "data": []}, headers={"Retry-After": "9"}
    )
    script = Script().on("/system/status", busy, ok(row()))

    async def play() -> float:
        api, heard = script.api(), Hours(is_demo=False)
        begun = api.clock.monotonic()
        for _ in range(2):
            assert len(await heard.announcements(api)) == 1
            await script.clock.sleep(2.0)
        took = api.clock.monotonic() - begun
        await api.close()
        return took

    assert asyncio.run(play()) > hours.FRESH_S
    assert len(script.asked("/system/status")) == 2, "the one that was refused, and the one that was answered"


def test_two_of_one_title_are_two_and_one_that_ends_takes_its_own_back() -> None:
    first, second = row(), row(begin=str(BEGIN_MS + 86_400_000))
    over = row(state="completed", end=str(BEGIN_MS + 300_000))
    sources = [each.source for one in (first, second, over) if (each := maintenance(one, 9, is_demo=False))]
    assert sources[0] != sources[1]
    assert sources[0] == sources[2]


@pytest.mark.parametrize("broken", [{"begin": ""}, {"begin": "soon"}, {"state": "paused"}, {"end": "later"}])
def test_one_that_cannot_be_read_is_one_less(broken: dict[str, str]) -> None:
    with pytest.raises(BadPayload):
        maintenance(row(**broken), 9, is_demo=False)
    assert len(Hours(is_demo=False).announced([row(**broken), row()], 9)) == 1


def test_a_state_is_told_when_it_changes() -> None:
    told = Hours(is_demo=False)
    states = ["live", "live", "suspend", "suspend", "preopen", "live"]
    words = [told.state({"instId": BTC, "state": each}, number) for number, each in enumerate(states)]
    assert [None if each is None else (each.begin_ns, each.is_open) for each in words] == [
        (0, True), None, (2, False), None, None, (5, True),
    ]  # fmt: skip
    assert {(each.instrument, each.end_ns) for each in words if each is not None} == {(BTC, None)}


def test_an_instrument_of_other_terms_is_closed_until_they_are_as_before() -> None:
    """Sizes are decided by the terms that the run began with: with another contract value they would be wrong."""
    known, told = instrument(terms()), Hours(is_demo=False)
    rows = [terms(), terms(ctVal="0.1"), terms(ctVal="0.1"), terms(state="suspend"), terms()]
    words = [told.terms(row, known, number) for number, row in enumerate(rows)]
    assert [None if each is None else (each.instrument, each.begin_ns, each.is_open) for each in words] == [
        None, (BTC, 1, False), None, None, (BTC, 4, True),
    ]  # fmt: skip
    state = told.state(terms(), 5)
    assert state is not None
    assert state.source != words[1].source  # type: ignore[union-attr]  # it is there


def test_asked_it_tells_what_is_announced_and_states_that_nothing_was_heard_of() -> None:
    script = Script().on("/system/status", ok(row(), row(serviceType="0")))
    script.on(
        "/account/instruments", ok({"instId": BTC, "state": "suspend"}, {"instId": "X-USDT-SWAP", "state": "live"})
    )

    async def run() -> list[list[HoursWord]]:
        api, told = script.api(), Hours(is_demo=True)
        try:
            found = [await told.asked(api, {BTC}), await told.asked(api, {BTC})]
            await script.clock.sleep(10.0)
            return [*found, await told.asked(api, {BTC})]
        finally:
            await api.close()

    first, again, later = asyncio.run(run())
    assert len(script.asked("/system/status")) == 2  # those of the first ten seconds are one question
    assert [each.instrument for each in later] == [""]
    assert [(each.instrument, each.is_open) for each in first] == [("", False), (BTC, False)]
    assert first[1].begin_ns == first[1].ts >= BEGIN_NS
    assert [each.instrument for each in again] == [""]
    assert len(script.asked("/account/instruments")) == 1
    assert hours.STATUS.endswith("/system/status")


# --- with the simulator -----------------------------------------------------------------------------------------------


@pytest.fixture
def venue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulated]:
    make_quick(monkeypatch)
    with simulated() as found:
        yield found


def test_what_is_pushed_comes_as_words(venue: Simulated) -> None:
    def told(playing: Playing) -> list[tuple[str, bool]]:
        return [(each.instrument, each.is_open) for each in playing.book.events if isinstance(each, HoursWord)]

    async def play() -> None:
        playing = await opened(venue, "hours")
        try:
            assert isinstance(playing.venue, TellsHours)
            assert [(each.instrument, each.is_open) for each in await playing.venue.hours(0, 1)] == [(BTC, True)]
            await playing.begin()
            venue.control("maintenance", title="Upgrade", state="scheduled")
            await playing.until(lambda: ("", False) in told(playing))
            venue.control("market", open=False)
            await playing.until(lambda: (BTC, False) in told(playing))
            venue.control("market", open=True)
            await playing.until(lambda: (BTC, True) in told(playing))
        finally:
            await playing.close()

    asyncio.run(play())
