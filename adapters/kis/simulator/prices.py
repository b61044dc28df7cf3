"""What prices and changes look like in replies and frames; the figures of a share's day and of its last year."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from adapters.kis.simulator.board import Board
from adapters.kis.simulator.days import Phase, ymd
from adapters.kis.simulator.replies import percent
from adapters.simulation.market import Bar, Ohlc

_UPPER, _UP, _FLAT, _LOWER, _DOWN = "1", "2", "3", "4", "5"
_YEAR_DAYS, _STEP_DAYS = 365, 28


@dataclass(frozen=True, slots=True)
class DayFigures:
    """A share's day so far. Won and shares; `turnover` in won, of the day's average price."""

    last: int
    open: int
    high: int
    low: int
    base: int
    volume: int
    turnover: int
    lowest: int
    highest: int

    @property
    def change(self) -> int:
        return self.last - self.base

    @property
    def average(self) -> Decimal:
        return Decimal(self.turnover) / self.volume if self.volume else Decimal(self.last)

    def sign(self, price: int | None = None) -> str:
        """Of a price against the base: 1 upper limit, 2 up, 3 flat, 4 lower limit, 5 down."""
        price = self.last if price is None else price
        if price == self.base:
            return _FLAT
        if price > self.base:
            return _UPPER if price >= self.highest else _UP
        return _LOWER if price <= self.lowest else _DOWN

    def rate(self, price: int | None = None) -> str:
        """A price's change against the base in percent."""
        return percent((self.last if price is None else price) - self.base, self.base)


def day_figures(board: Board, symbol: str) -> DayFigures:
    """The day of now; before its first trade everything stands at the last price."""
    last, base = board.last(symbol), board.base(symbol)
    lowest, highest = board.limits(symbol)
    bar = board.day_bar(symbol, board.today())
    ohlc = bar.last if bar else Ohlc(*[Decimal(last)] * 4)
    high, low = max(int(ohlc.high), last), min(int(ohlc.low), last)
    volume = int(bar.volume) if bar else 0
    return DayFigures(last, int(ohlc.open), high, low, base, volume, turnover(bar), lowest, highest)


def turnover(bar: Bar | None) -> int:
    """What a stretch's shares came to in won, at the middle of its prices."""
    if bar is None:
        return 0
    return int(bar.volume * (bar.last.open + bar.last.high + bar.last.low + bar.last.close) / 4)


def sign_of(change: int) -> str:
    """Up, flat or down, where no limit is known."""
    return _UP if change > 0 else _DOWN if change < 0 else _FLAT


def hour_class(board: Board, symbol: str) -> str:
    """HOUR_CLS_CODE: 0 in the session, A closing auction, B opening auction, C volatility interruption."""
    phase = board.phase(symbol)
    if phase is Phase.OPENING:
        return "C" if board.is_interrupted(symbol) else "B"
    return "A" if phase is Phase.CLOSING else "0"


def operation_class(board: Board, symbol: str) -> str:
    """NEW_MKOP_CLS_CODE: its first digit says before (1), in (2) or after (3) the session; 1 behind it an auction."""
    phase = board.phase(symbol)
    if phase is Phase.OPENING:
        return "21" if board.is_interrupted(symbol) else "11"
    return {Phase.REGULAR: "20", Phase.CLOSING: "21", Phase.SHUT: "30"}[phase]


def is_auction(board: Board, symbol: str) -> bool:
    return board.phase(symbol) in (Phase.OPENING, Phase.CLOSING)


class YearRange(NamedTuple):
    """Won, and the days (YYYYMMDD) of the extremes."""

    high: int
    high_day: str
    low: int
    low_day: str


def year_range(board: Board, symbol: str) -> YearRange:
    """Highest and lowest price of now and of a day of every fourth week: a look at every day takes longer than the
    figures are worth."""
    today, last = board.today(), board.last(symbol)
    found, due = YearRange(last, ymd(today), last, ymd(today)), _STEP_DAYS
    for day in board.days.before(today):
        age = (today - day).days
        if age > _YEAR_DAYS:
            return found
        if age < due:
            continue
        due += _STEP_DAYS
        bar = board.day_bar(symbol, day)
        if bar is not None and bar.last.high > found.high:
            found = found._replace(high=int(bar.last.high), high_day=ymd(day))
        if bar is not None and bar.last.low < found.low:
            found = found._replace(low=int(bar.last.low), low_day=ymd(day))
    return found
