"""The range of a share's last year, by its days."""

from __future__ import annotations

from typing import NamedTuple

from adapters.kis.simulator.board import Board
from adapters.kis.simulator.days import ymd

_YEAR_DAYS = 365


class YearRange(NamedTuple):
    """Won, and the days (YYYYMMDD) of the extremes."""

    high: int
    high_day: str
    low: int
    low_day: str


def year_range(board: Board, symbol: str) -> YearRange:
    """Highest and lowest price of the 365 days before today; where there are none, the last price today."""
    today, last = board.today(), board.last(symbol)
    found = YearRange(last, ymd(today), last, ymd(today))
    for day in board.days.before(today):
        if (today - day).days > _YEAR_DAYS:
            return found
        bar = board.day_bar(symbol, day)
        if bar is None:
            continue
        if bar.last.high > found.high:
            found = found._replace(high=int(bar.last.high), high_day=ymd(day))
        if bar.last.low < found.low:
            found = found._replace(low=int(bar.last.low), low_day=ymd(day))
    return found
