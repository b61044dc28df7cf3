"""What the venue's own calendar says of days: `chk-holiday`, `opnd_yn` (fact sheet §4). A live account has it alone,
and it wants to be asked once a day: the answer is kept for that day, over restarts where there is a folder.

It says whether orders can be placed on a day, and nothing of late openings.
"""

from __future__ import annotations

from pathlib import Path

from adapters.kis import kst
from adapters.kis.client import Client
from adapters.kis.services import HOLIDAYS
from adapters.wire.clock import Clock
from ruleengine import log
from ruleengine.model.event import HoursWord

_FILE = "kis-holidays.txt"
_WORDS = {"Y": True, "N": False}


class Holidays:
    """`folder` None: nothing outlives the process."""

    def __init__(self, client: Client, clock: Clock, folder: Path | None) -> None:
        self._client, self._clock, self._path = client, clock, None if folder is None else folder / _FILE
        self._asked, self._open = self._kept()

    async def words(self, begin_ns: int, end_ns: int) -> list[HoursWord]:
        """One of every Korean day from one instant to another; none of days that the venue says nothing of.

        Errors   VenueError
        """
        if self._client.hosts.is_mock or begin_ns >= end_ns:
            return []
        now = self._clock.now_ns()
        today = kst.day_of(now)
        if self._asked != today:
            self._asked, self._open = self._kept()  # another process may have asked meanwhile
        if self._asked != today:
            self._open = await self._ask(today)
            self._asked = today
            self._keep()
        found, day = [], kst.day_of(begin_ns)
        while kst.midnight(day) < end_ns:
            if day in self._open:
                begin, source = kst.midnight(day), f"KIS chk-holiday {day}"
                found.append(HoursWord(now, now, "", begin, begin + kst.DAY_NS, self._open[day], source))
            day = kst.shifted(day, 1)
        return found

    async def _ask(self, day: str) -> dict[str, bool]:
        """The days of the first page, which begins with this one."""
        query = {"BASS_DT": day, "CTX_AREA_NK": "", "CTX_AREA_FK": ""}
        rows = (await self._client.ask(HOLIDAYS, query)).rows("output")
        return {row.text("bass_dt"): _WORDS[row.text("opnd_yn")] for row in rows if row.text("opnd_yn") in _WORDS}

    # --- over restarts ------------------------------------------------------------------------------------------

    def _kept(self) -> tuple[str, dict[str, bool]]:
        """(day it was asked on, days); of a file cut off or spoilt nothing."""
        try:
            first, *lines = [] if self._path is None else self._path.read_text("ascii").splitlines()
            return first, {day: _WORDS[said] for day, said in (line.split() for line in lines)}
        except (OSError, ValueError, KeyError):
            return "", {}

    def _keep(self) -> None:
        """Best effort: without it a restart asks again."""
        if self._path is None:
            return
        lines = [self._asked, *(f"{day} {'Y' if is_open else 'N'}" for day, is_open in self._open.items())]
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.write_text("".join(f"{line}\n" for line in lines), "ascii")
            new.replace(self._path)
        except OSError as error:
            log.bound(venue="kis").warning("the venue's calendar can't be kept: {}", error.strerror)
