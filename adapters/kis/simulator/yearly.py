"""The range of a share's last year, by a day of every fourth week: for what the figures are worth, a look at every day
takes too long."""

from __future__ import annotations

from typing import NamedTuple

from adapters.kis.simulator.board import Board
from adapters.kis.simulator.days import ymd

_YEAR_DAYS, _STEP_DAYS = 365, 28


class YearRange(NamedTuple):
    """Won, and the days (YYYYMMDD) of the extremes."""

    high: int
    high_day: str
    low: int
    low_day: str


def year_range(board: Board, symbol: str) -> YearRange:
    """Highest and lowest price of those days and of now."""
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
