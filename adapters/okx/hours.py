"""What OKX says of its hours: announced maintenance (`/system/status`, channel `status`), and whether an instrument
trades (its `state`, and that its terms are those that it is traded by). Around the clock otherwise; when funding is
charged comes with its rate (`prices.py`).

A word of the whole venue has the stretch that was announced; one of an instrument holds until the venue says otherwise,
and is told at the first hearing and whenever it changes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adapters.okx.api import Api, unreadable
from adapters.okx.instruments import SWAP, other_terms, why_not
from adapters.okx.rows import MS, Row, maybe, time_ms, word
from adapters.wire.decimals import BadPayload
from ruleengine import log
from ruleengine.model.event import HoursWord
from ruleengine.model.instrument import Instrument

STATUS, INSTRUMENTS = "/api/v5/system/status", "/api/v5/account/instruments"
_AHEAD, _OVER = frozenset({"scheduled", "ongoing", "pre_open"}), frozenset({"completed", "canceled"})
_ELSEWHERE = frozenset({"0", "6", "7", "10", "11", "99"})
"""Service types that leave trading alone: websockets (a lost one tells itself), block, bot, spread and copy trading;
`99`, single instruments, of which their state tells."""
_DEMO = "2"
"""Of `env`; 1 is production, which the demo stands and falls with."""
_TITLE_MAX = 60
FRESH_S = 10.0


def maintenance(row: Row, now_ns: int, *, is_demo: bool) -> HoursWord | None:
    """An announcement as a word of the whole venue; None for one that is not about trading here. One that is over or
    called off takes back what was said of its stretch. Raises  BadPayload."""
    state = word(row, "state")
    if (word(row, "env") == _DEMO and not is_demo) or word(row, "serviceType") in _ELSEWHERE:
        return None
    if state not in _AHEAD | _OVER:
        raise BadPayload(f"a maintenance is in state `{state[:20]}`")
    begin, end = time_ms(row, "begin") * MS, maybe(row, "end")
    title = " ".join(word(row, "title").split())[:_TITLE_MAX]
    source = f"OKX maintenance `{title}` of {begin // MS}"  # one title is used again and again
    return HoursWord(now_ns, now_ns, "", begin, int(end) * MS if end else None, state in _OVER, source)


class Hours:
    """What one connection was told of the venue's hours."""

    def __init__(self, *, is_demo: bool) -> None:
        self._is_demo = is_demo
        self._trades: dict[str, bool] = {}
        self._changed: set[str] = set()
        self._read: tuple[float, Sequence[Row]] | None = None

    async def announcements(self, api: Api) -> Sequence[Row]:
        """Rows of `/system/status`; for `FRESH_S` the same, for the venue wants to be asked once in five seconds, and
        a run that looks at its adapter first asks twice in one."""
        if self._read is None or api.clock.monotonic() - self._read[0] >= FRESH_S:
            rows = await api.get(STATUS)  # soon after another start the venue lets it wait for seconds
            self._read = api.clock.monotonic(), rows
        return self._read[1]

    async def asked(self, api: Api, names: Collection[str]) -> list[HoursWord]:
        """All that is announced, and the state of instruments that nothing was heard of yet: later ones are pushed.
        Raises  VenueError."""
        try:
            announced = self.announced(await self.announcements(api), api.clock.now_ns())
            unheard = [name for name in names if name not in self._trades]
            rows = await api.get(INSTRUMENTS, {"instType": SWAP}) if unheard else ()
            states = [self.state(row, api.clock.now_ns()) for row in rows if word(row, "instId") in unheard]
        except BadPayload as error:
            raise unreadable(error, "the venue's hours") from None
        return [*announced, *(each for each in states if each is not None)]

    def terms(self, row: Row, known: Instrument, now_ns: int) -> HoursWord | None:
        """An instrument whose terms are no longer those that it is traded by doesn't trade here: sizes would be wrong.
        None where that was told already, and while it is not live, which its state says. Raises  BadPayload."""
        if why_not(row):
            return None
        name, is_changed = known.name, other_terms(known, row) != ""
        if (name in self._changed) is is_changed:
            return None
        (self._changed.add if is_changed else self._changed.discard)(name)
        return HoursWord(now_ns, now_ns, name, now_ns, None, not is_changed, "OKX instrument terms")

    def announced(self, rows: Sequence[Row], now_ns: int) -> list[HoursWord]:
        """One that can't be read is one less."""
        found = []
        for row in rows:
            try:
                if (told := maintenance(row, now_ns, is_demo=self._is_demo)) is not None:
                    found.append(told)
            except BadPayload as error:
                log.bound(venue="okx").warning("an announcement of maintenance can't be read: {}", error)
        return found

    def state(self, row: Row, now_ns: int) -> HoursWord | None:
        """Whether an instrument trades, by its row; None where that was told already."""
        name, trades = word(row, "instId"), word(row, "state") == "live"
        if self._trades.get(name) is trades:
            return None
        self._trades[name] = trades
        return HoursWord(now_ns, now_ns, name, now_ns, None, trades, "OKX instrument state")
