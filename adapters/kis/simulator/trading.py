"""Orders, revisions and cancels over REST (fact sheet §4.1, §4.2)."""

from __future__ import annotations

from adapters.kis.simulator import refusals
from adapters.kis.simulator.days import hms
from adapters.kis.simulator.exchange import Exchange, Ticket
from adapters.kis.simulator.orders import BRANCH, MARKET_KINDS, Order
from adapters.kis.simulator.replies import Reply
from adapters.kis.simulator.requests import Call

_REVISE, _CANCEL = "01", "02"
_SELLS = ("0011U", "0801U")
_SENT = "주문 전송 완료 되었습니다."
_MOCK_CODES = {"buy": "40600000", "sell": "40590000", "cancel": "40630000", "revise": "40620000"}


class Trading:
    """The services that change something. An answer means that an order was sent, not that it fills."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def order_cash(self, call: Call) -> Reply:
        account = self._account(call)
        side = "sell" if call.tr_id.endswith(_SELLS) else "buy"
        ticket = Ticket(
            side,
            call.text("PDNO"),
            call.text("ORD_DVSN"),
            call.whole("ORD_QTY"),
            call.whole("ORD_UNPR"),
            call.whole("CNDT_PRIC", ""),
            call.text("EXCG_ID_DVSN_CD", "") or "KRX",
        )
        return self._sent(self._exchange.place(account, ticket), call, side)

    def order_rvsecncl(self, call: Call) -> Reply:
        account = self._account(call)
        original, branch = call.whole("ORGN_ODNO"), call.text("KRX_FWDG_ORD_ORGNO")
        if branch not in ("", BRANCH):
            raise refusals.of_order("nothing_to_change", call.is_mock)
        is_all = call.text("QTY_ALL_ORD_YN") == "Y"
        quantity = call.whole("ORD_QTY")
        what = call.text("RVSE_CNCL_DVSN_CD")
        if what == _CANCEL:
            return self._sent(self._exchange.cancel(account, original, quantity, is_all), call, "cancel")
        if what != _REVISE:
            raise refusals.missing_field("RVSE_CNCL_DVSN_CD")
        kind = call.text("ORD_DVSN")
        price = 0 if kind in MARKET_KINDS else call.whole("ORD_UNPR")
        ticket = Ticket("", "", kind, quantity, price, call.whole("CNDT_PRIC", ""))
        return self._sent(self._exchange.revise(account, original, ticket, is_all), call, "revise")

    def _account(self, call: Call) -> str:
        number = call.account
        if call.is_mock:
            self._exchange.mock_accounts.add(number)
        self._exchange.account(number)
        return number

    def _sent(self, order: Order, call: Call, what: str) -> Reply:
        output = {"KRX_FWDG_ORD_ORGNO": BRANCH, "ODNO": order.odno, "ORD_TMD": hms(order.at_ns)}
        return Reply({"output": output}, _MOCK_CODES[what] if call.is_mock else "APBK0013", _SENT)
