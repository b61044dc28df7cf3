"""The venue's own calendar of days, `chk-holiday`: `opnd_yn` counts, a live account has it alone (trap 4), and it is
asked once a day, whatever restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from adapters.kis import kst
from adapters.kis.hours import Holidays
from adapters.kis.venue import KisVenue
from ruleengine.model.event import HoursWord
from ruleengine.ports.venue import TellsHours
from tests.adapters.kis.stand import NOON, Stand, played

DAY_NS = 86_400 * 10**9
TODAY, TOMORROW = "20260304", "20260305"


def calendar(**days: str) -> tuple[int, dict[str, object]]:
    """An answer with these days and whether they are open."""
    rows = [
        {"bass_dt": day[1:], "wday_dvsn_cd": "04", "bzdy_yn": "Y", "tr_day_yn": "Y", "opnd_yn": said}
        for day, said in days.items()
    ]
    return 200, {"ctx_area_nk": " " * 20, "ctx_area_fk": " " * 20, "output": rows, "rt_cd": "0", "msg_cd": "KIOK0500"}


def words(stand: Stand, folder: Path | None = None, *, times: int = 1) -> list[HoursWord]:
    async def run() -> list[HoursWord]:
        try:
            holidays = Holidays(stand.client, stand.clock, folder)
            for _ in range(times - 1):
                await holidays.words(NOON, NOON + 2 * DAY_NS)
            return await holidays.words(NOON, NOON + 2 * DAY_NS)
        finally:
            await stand.client.close()

    return asyncio.run(run())


def asked(stand: Stand) -> list[tuple[str, dict[str, str]]]:
    return [(tr_id, query) for path, tr_id, query in stand.asked if path.endswith("chk-holiday")]


def test_a_day_is_a_word_from_midnight_to_midnight_in_korea() -> None:
    """Wednesday noon, for two days: Wednesday, Thursday, Friday."""
    stand = Stand(is_mock=False)
    stand.answers["chk-holiday"] = [calendar(d20260304="Y", d20260305="N", d20260306="Y", d20260307="N")]
    found = words(stand)
    midnight = 1_772_550_000 * 10**9  # 2026-03-03T15:00Z
    assert [(each.begin_ns, each.end_ns, each.is_open) for each in found] == [
        (midnight, midnight + DAY_NS, True),
        (midnight + DAY_NS, midnight + 2 * DAY_NS, False),
        (midnight + 2 * DAY_NS, midnight + 3 * DAY_NS, True),
    ]
    assert {each.instrument for each in found} == {""}
    assert found[1].source == "KIS chk-holiday 20260305"
    assert asked(stand) == [("CTCA0903R", {"BASS_DT": TODAY, "CTX_AREA_NK": "", "CTX_AREA_FK": ""})]


def test_a_mock_account_is_not_asked() -> None:
    """Trap 4."""
    stand = Stand(is_mock=True)
    assert words(stand) == []
    assert asked(stand) == []


def test_a_day_without_a_word_is_unknown() -> None:
    stand = Stand(is_mock=False)
    stand.answers["chk-holiday"] = [calendar(d20260304="", d20260305="?", d20260306="N")]
    assert [each.source[-8:] for each in words(stand)] == ["20260306"]


def test_it_is_asked_once_a_day_and_kept_over_a_restart(tmp_path: Path) -> None:
    first = Stand(is_mock=False)
    first.answers["chk-holiday"] = [calendar(d20260304="Y", d20260305="N", d20260306="Y")]
    told = words(first, tmp_path, times=3)
    assert len(asked(first)) == 1
    again = Stand(is_mock=False)
    assert [each.source for each in words(again, tmp_path)] == [each.source for each in told]
    assert asked(again) == []


@pytest.mark.parametrize("spoilt", ["", "20260303\n20260304 Y\n", "20260304\n20260304", "20260304\n20260304 X\n"])
def test_a_file_of_another_day_or_a_spoilt_one_is_asked_for_anew(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "kis-holidays.txt").write_text(spoilt)
    stand = Stand(is_mock=False)
    stand.answers["chk-holiday"] = [calendar(d20260305="N")]
    assert [each.is_open for each in words(stand, tmp_path)] == [False]
    assert len(asked(stand)) == 1


@played
async def test_processes_that_share_a_folder_ask_once_a_day_together(tmp_path: Path) -> None:
    """Both run over midnight: the second reads what the first was told."""
    stand = Stand(is_mock=False)
    stand.answers["chk-holiday"] = [calendar(d20260304="Y"), calendar(d20260305="N")]
    first, second = (Holidays(stand.client, stand.clock, tmp_path) for _ in range(2))
    for each in (first, second):
        assert [word.is_open for word in await each.words(NOON, NOON + 1)] == [True]
    await stand.clock.sleep(86_400)
    for each in (first, second):
        assert [word.is_open for word in await each.words(NOON + DAY_NS, NOON + DAY_NS + 1)] == [False]
    assert [query["BASS_DT"] for _, query in asked(stand)] == [TODAY, TOMORROW]


def test_the_next_day_is_asked_for_anew() -> None:
    stand = Stand(is_mock=False)
    stand.answers["chk-holiday"] = [calendar(d20260304="Y"), calendar(d20260305="Y")]

    async def run() -> None:
        try:
            holidays = Holidays(stand.client, stand.clock, None)
            await holidays.words(NOON, NOON + 1)
            await stand.clock.sleep(86_400)
            await holidays.words(NOON + DAY_NS, NOON + DAY_NS + 1)
        finally:
            await stand.client.close()

    asyncio.run(run())
    assert [query["BASS_DT"] for _, query in asked(stand)] == [TODAY, TOMORROW]
    assert kst.day_of(NOON) == TODAY


def test_the_venue_tells() -> None:
    assert issubclass(KisVenue, TellsHours)
