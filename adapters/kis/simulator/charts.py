"""Bars over REST: days, weeks, months, years, today's minutes; and the calendar (fact sheet §4.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from adapters.kis.simulator import refusals
from adapters.kis.simulator.board import Board
from adapters.kis.simulator.days import hms, kst, ymd
from adapters.kis.simulator.prices import day_figures, sign_of, turnover
from adapters.kis.simulator.replies import Reply, percent
from adapters.kis.simulator.requests import Call
from adapters.simulation.market import Bar

_CHART_ROWS, _DAYS_ROWS, _MINUTE_ROWS, _HOLIDAY_ROWS = 100, 30, 30, 24
_HISTORY_DAYS = 1_100
"""So far back past bars go."""
_AHEAD_DAYS = 365
_MINUTE_NS = 60_000_000_000
_FOUND = ("KIOK0500", "조회가 완료되었습니다")
_PERIODS: Mapping[str, Callable[[date], Any]] = {
    "D": lambda day: day.toordinal(),
    "W": lambda day: day.isocalendar()[:2],
    "M": lambda day: (day.year, day.month),
    "Y": lambda day: day.year,
}


@dataclass(frozen=True, slots=True)
class _Row:
    """Bars of one stretch put together, under its last day."""

    day: date
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


class Charts:
    """Newest first, as the venue gives them."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def daily_chart(self, call: Call) -> Reply:
        """`inquire-daily-itemchartprice`: up to 100 bars that end by a date; more by moving the date."""
        symbol, period = call.text("FID_INPUT_ISCD"), call.text("FID_PERIOD_DIV_CODE")
        first, last = _day(call, "FID_INPUT_DATE_1"), _day(call, "FID_INPUT_DATE_2")
        if period not in _PERIODS:
            raise refusals.missing_field("FID_PERIOD_DIV_CODE")
        if symbol not in self._board.shares:
            return Reply({"output1": {"stck_prpr": "0", "stck_shrn_iscd": symbol}, "output2": []})
        rows = self._rows(symbol, first, last, period, _CHART_ROWS + 1)
        output2 = [_chart_row(row, before) for row, before in _with_before(rows, _CHART_ROWS)]
        return Reply({"output1": self._summary(symbol), "output2": output2})

    def daily_price(self, call: Call) -> Reply:
        """`inquire-daily-price`: the last 30 days, weeks or months."""
        symbol, period = call.text("FID_INPUT_ISCD"), call.text("FID_PERIOD_DIV_CODE", "D")
        if period not in _PERIODS:
            raise refusals.missing_field("FID_PERIOD_DIV_CODE")
        if symbol not in self._board.shares:
            return Reply({"output": []})
        rows = self._rows(symbol, date.min, self._board.today(), period, _DAYS_ROWS + 1)
        return Reply({"output": [_day_row(row, before) for row, before in _with_before(rows, _DAYS_ROWS)]})

    def minute_chart(self, call: Call) -> Reply:
        """`inquire-time-itemchartprice`: today's minutes that begin by an hour; no hour, 000000 or one to come means
        now."""
        symbol = call.text("FID_INPUT_ISCD")
        if symbol not in self._board.shares:
            return Reply({"output1": {"stck_prpr": "0"}, "output2": []})
        now = self._board.now_ns()
        until = self._hour(call.text("FID_INPUT_HOUR_1"), now)
        opens, _ = self._board.days.session(self._board.today())
        begin = int(opens.timestamp()) * 1_000_000_000
        last_minute = until // _MINUTE_NS * _MINUTE_NS
        rows: list[Mapping[str, str]] = []
        for at in range(last_minute, begin - 1, -_MINUTE_NS):
            if len(rows) == _MINUTE_ROWS:
                break
            bar = self._board.market.bar(symbol, at, at + _MINUTE_NS)
            if bar is not None:
                rows.append(_minute_row(bar))
        return Reply({"output1": self._summary(symbol), "output2": rows})

    def holidays(self, call: Call) -> Reply:
        """`chk-holiday`: days from a date on; `opnd_yn` says whether orders can be placed."""
        first = _day(call, "BASS_DT")
        asked = call.text("CTX_AREA_NK", "") if call.tr_cont == "N" else ""
        begin = _date(asked, "CTX_AREA_NK") if asked else first
        end = first + timedelta(days=_AHEAD_DAYS)
        days = [begin + timedelta(days=step) for step in range(_HOLIDAY_ROWS)]
        days = [day for day in days if day < end]
        following = begin + timedelta(days=_HOLIDAY_ROWS)
        has_more = following < end
        body = {
            "ctx_area_nk": f"{ymd(following) if has_more else '':<20}",
            "ctx_area_fk": f"{ymd(first):<20}",
            "output": [self._calendar_row(day) for day in days],
        }
        cont = ("M" if asked else "F") if has_more else ("E" if asked else "D")
        return Reply(body, *_FOUND, tr_cont=cont)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _rows(self, symbol: str, first: date, last: date, period: str, count: int) -> list[_Row]:
        """Bars of a period whose days lie within [first, last], newest first, `count` at most."""
        rows = []
        for _, days in groupby(self._days(symbol, first, last), lambda pair: _PERIODS[period](pair[0])):
            rows.append(_together(list(days)))
            if len(rows) == count:
                break
        return rows

    def _days(self, symbol: str, first: date, last: date) -> Iterator[tuple[date, Bar]]:
        today = self._board.today()
        first = max(first, today - timedelta(days=_HISTORY_DAYS))
        for day in self._board.days.before(min(last, today) + timedelta(days=1)):
            if day < first:
                return
            bar = self._board.day_bar(symbol, day)
            if bar is not None:
                yield day, bar

    def _summary(self, symbol: str) -> Mapping[str, str]:
        day, share = day_figures(self._board, symbol), self._board.shares[symbol]
        book = self._board.book(symbol)
        before = self._board.day_bar(symbol, self._board.previous(self._board.today()))
        return {
            "prdy_vrss": str(day.change), "prdy_vrss_sign": day.sign(), "prdy_ctrt": day.rate(),
            "stck_prdy_clpr": str(day.base), "acml_vol": str(day.volume), "acml_tr_pbmn": str(day.turnover),
            "hts_kor_isnm": share.name, "stck_prpr": str(day.last), "stck_shrn_iscd": symbol,
            "prdy_vol": str(int(before.volume) if before else 0), "stck_mxpr": str(day.highest),
            "stck_llam": str(day.lowest), "stck_oprc": str(day.open), "stck_hgpr": str(day.high),
            "stck_lwpr": str(day.low), "askp": str(book.ask), "bidp": str(book.bid),
            "lstn_stcn": str(share.shares), "hts_avls": str(share.shares * day.last // 100_000_000),
        }  # fmt: skip

    def _hour(self, text: str, now_ns: int) -> int:
        if not text.strip("0"):
            return now_ns
        try:
            hour = datetime.strptime(text, "%H%M%S").time()  # noqa: DTZ007 - an hour of Korea, without its day
        except ValueError:
            raise refusals.missing_field("FID_INPUT_HOUR_1") from None
        asked = datetime.combine(self._board.today(), hour, kst(now_ns).tzinfo)
        return min(now_ns, int(asked.timestamp()) * 1_000_000_000)

    def _calendar_row(self, day: date) -> Mapping[str, str]:
        is_open = "Y" if self._board.days.is_business(day) else "N"
        return {
            "bass_dt": ymd(day), "wday_dvsn_cd": f"0{day.isoweekday() % 7 + 1}", "bzdy_yn": is_open,
            "tr_day_yn": is_open, "opnd_yn": is_open, "sttl_day_yn": is_open,
        }  # fmt: skip


def _together(days: list[tuple[date, Bar]]) -> _Row:
    """Days of one period, newest first."""
    bars = [bar for _, bar in days]
    return _Row(
        days[0][0],
        int(bars[-1].last.open),
        int(max(bar.last.high for bar in bars)),
        int(min(bar.last.low for bar in bars)),
        int(bars[0].last.close),
        sum(int(bar.volume) for bar in bars),
        sum(turnover(bar) for bar in bars),
    )


def _with_before(rows: list[_Row], count: int) -> Iterator[tuple[_Row, int]]:
    """Each row with the close before it; the oldest has its own opening for that."""
    for number, row in enumerate(rows[:count]):
        yield row, rows[number + 1].close if number + 1 < len(rows) else row.open


def _chart_row(row: _Row, before: int) -> Mapping[str, Any]:
    return {
        "stck_bsop_date": ymd(row.day), "stck_clpr": str(row.close), "stck_oprc": str(row.open),
        "stck_hgpr": str(row.high), "stck_lwpr": str(row.low), "acml_vol": str(row.volume),
        "acml_tr_pbmn": str(row.turnover), "flng_cls_code": "00", "prtt_rate": "0.00", "mod_yn": "N",
        "prdy_vrss_sign": sign_of(row.close - before), "prdy_vrss": str(row.close - before), "revl_issu_reas": "",
    }  # fmt: skip


def _day_row(row: _Row, before: int) -> Mapping[str, Any]:
    return {
        "stck_bsop_date": ymd(row.day), "stck_oprc": str(row.open), "stck_hgpr": str(row.high),
        "stck_lwpr": str(row.low), "stck_clpr": str(row.close), "acml_vol": str(row.volume),
        "prdy_vrss_vol_rate": "0.00", "prdy_vrss": str(row.close - before),
        "prdy_vrss_sign": sign_of(row.close - before), "prdy_ctrt": percent(row.close - before, before),
        "hts_frgn_ehrt": "0.00", "frgn_ntby_qty": "0", "flng_cls_code": "00", "acml_prtt_rate": "1.00",
    }  # fmt: skip


def _minute_row(bar: Bar) -> Mapping[str, str]:
    return {
        "stck_bsop_date": ymd(kst(bar.begin_ns).date()), "stck_cntg_hour": hms(bar.begin_ns),
        "stck_prpr": str(int(bar.last.close)), "stck_oprc": str(int(bar.last.open)),
        "stck_hgpr": str(int(bar.last.high)), "stck_lwpr": str(int(bar.last.low)), "cntg_vol": str(int(bar.volume)),
        "acml_tr_pbmn": str(turnover(bar)),
    }  # fmt: skip


def _day(call: Call, name: str) -> date:
    return _date(call.text(name), name)


def _date(text: str, name: str) -> date:
    """A date of a query; clients write 00000101 for the beginning of time."""
    if text.startswith("0000"):
        return date.min
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day of Korea's calendar
    except ValueError:
        raise refusals.missing_field(name) from None
