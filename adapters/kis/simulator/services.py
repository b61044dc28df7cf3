"""Which service a path and a tr_id mean, live and mock, new and older ids (fact sheet §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.kis.simulator import refusals
from adapters.kis.simulator.charts import Charts
from adapters.kis.simulator.exchange import Exchange
from adapters.kis.simulator.inquiries import Inquiries
from adapters.kis.simulator.ledgers import Ledgers
from adapters.kis.simulator.overseas import Overseas
from adapters.kis.simulator.quotes import Quotes
from adapters.kis.simulator.refusals import Refused
from adapters.kis.simulator.replies import Reply
from adapters.kis.simulator.requests import Call
from adapters.kis.simulator.trading import Trading

DOMESTIC, OVERSEAS = "/uapi/domestic-stock/v1", "/uapi/overseas-stock/v1"
_LIVE_LETTERS = ("T", "C")


@dataclass(frozen=True, slots=True)
class Service:
    """`tr_ids`: of the live venue. Mock has the same with V for the first letter where it is T or C, and none where
    `is_on_mock` is false."""

    method: str
    path: str
    tr_ids: tuple[str, ...]
    serve: Callable[[Call], Reply]
    is_on_mock: bool = True

    @property
    def takes_orders(self) -> bool:
        return self.method == "POST"


class Services:
    """The venue's services by method, path and tr_id."""

    def __init__(self, exchange: Exchange) -> None:
        trading, inquiries, ledgers = Trading(exchange), Inquiries(exchange), Ledgers(exchange)
        quotes, charts, overseas = Quotes(exchange.board), Charts(exchange.board), Overseas()
        trade, quote, abroad = f"{DOMESTIC}/trading", f"{DOMESTIC}/quotations", f"{OVERSEAS}/trading"
        orders = ("TTTC0012U", "TTTC0802U", "TTTC0011U", "TTTC0801U")
        days = ("TTTC0081R", "TTTC8001R", "CTSC9215R", "CTSC9115R")
        changeable = ("TTTC0084R", "TTTC8036R")
        rows = (
            Service("POST", f"{trade}/order-cash", orders, trading.order_cash),
            Service("POST", f"{trade}/order-rvsecncl", ("TTTC0013U", "TTTC0803U"), trading.order_rvsecncl),
            Service("GET", f"{trade}/inquire-psbl-rvsecncl", changeable, ledgers.psbl_rvsecncl, is_on_mock=False),
            Service("GET", f"{trade}/inquire-daily-ccld", days, ledgers.daily_ccld),
            Service("GET", f"{trade}/inquire-balance", ("TTTC8434R",), inquiries.balance),
            Service("GET", f"{trade}/inquire-psbl-order", ("TTTC8908R",), inquiries.psbl_order),
            Service("GET", f"{trade}/inquire-psbl-sell", ("TTTC8408R",), inquiries.psbl_sell, is_on_mock=False),
            Service("GET", f"{quote}/inquire-price", ("FHKST01010100",), quotes.price),
            Service("GET", f"{quote}/inquire-asking-price-exp-ccn", ("FHKST01010200",), quotes.asking_price),
            Service("GET", f"{quote}/inquire-ccnl", ("FHKST01010300",), quotes.recent_trades),
            Service("GET", f"{quote}/inquire-daily-price", ("FHKST01010400",), charts.daily_price),
            Service("GET", f"{quote}/inquire-daily-itemchartprice", ("FHKST03010100",), charts.daily_chart),
            Service("GET", f"{quote}/inquire-time-itemchartprice", ("FHKST03010200",), charts.minute_chart),
            Service("GET", f"{quote}/chk-holiday", ("CTCA0903R",), charts.holidays, is_on_mock=False),
            Service("GET", f"{quote}/search-info", ("CTPF1604R",), quotes.product, is_on_mock=False),
            Service("GET", f"{quote}/search-stock-info", ("CTPF1002R",), quotes.stock, is_on_mock=False),
            Service("GET", f"{abroad}/inquire-present-balance", ("CTRP6504R",), overseas.present_balance),
            Service("GET", f"{abroad}/inquire-balance", ("TTTS3012R",), overseas.balance),
            Service("GET", f"{abroad}/inquire-nccs", ("TTTS3018R",), overseas.open_orders),
            Service("GET", f"{abroad}/inquire-ccnl", ("TTTS3035R",), overseas.orders),
        )
        self._services: Mapping[tuple[str, str], Service] = {(each.method, each.path): each for each in rows}

    def find(self, method: str, path: str, tr_id: str) -> tuple[Service, str]:
        """(service, environment that the tr_id tells: live, mock, or "" where both have it). Raises Refused."""
        service = self._services.get((method, path))
        if service is not None:
            if tr_id in service.tr_ids:
                return service, "live" if tr_id.startswith(_LIVE_LETTERS) else ""
            if service.is_on_mock and tr_id in _mocks(service):
                return service, "mock"
        raise Refused(refusals.NO_SUCH_SERVICE)


def _mocks(service: Service) -> tuple[str, ...]:
    return tuple(f"V{tr_id[1:]}" for tr_id in service.tr_ids if tr_id.startswith(_LIVE_LETTERS))
