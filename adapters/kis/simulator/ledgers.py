"""Orders and fills of days, and orders that can still be changed (fact sheet §4.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from adapters.kis.simulator.days import hms, ymd
from adapters.kis.simulator.exchange import Exchange
from adapters.kis.simulator.orders import BRANCH, CANCEL, KIND_NAMES, REVISE, Order, odno
from adapters.kis.simulator.replies import Reply, fixed, page
from adapters.kis.simulator.requests import Call

_LIVE_ROWS, _MOCK_ROWS, _OPEN_ROWS = 100, 15, 50
_FOUND, _EMPTY = ("KIOK0510", "조회가 완료되었습니다"), ("KIOK0560", "조회할 내용이 없습니다")
_SELLS, _BUYS, _FILLED, _UNFILLED, _OLDEST_FIRST = "01", "02", "01", "02", "01"


class Ledgers:
    """One row an order, with what it came to so far; there is no list of single fills."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._board = exchange, exchange.board

    def daily_ccld(self, call: Call) -> Reply:
        seen_ns = self._board.now_ns()
        if call.is_mock:
            seen_ns -= int(self._exchange.settings.daily_lag_s * 1_000_000_000)
        orders = [each for each in self._exchange.orders.of(call.account) if self._is_asked(each, call, seen_ns)]
        if call.text("INQR_DVSN", "00") != _OLDEST_FIRST:
            orders.reverse()
        names = ("CANO", "ACNT_PRDT_CD", "INQR_STRT_DT", "INQR_END_DT", "PDNO", "SLL_BUY_DVSN_CD", "CCLD_DVSN")
        search = "^".join(call.text(name, "") for name in names)
        found = page(orders, _MOCK_ROWS if call.is_mock else _LIVE_ROWS, search, call.fields, call.tr_cont)
        body = {
            **found.keys,
            "output1": [self._row(each, seen_ns) for each in found.rows],
            "output2": self._sums(orders, seen_ns),
        }
        return Reply(body, *(_FOUND if found.rows else _EMPTY), tr_cont=found.tr_cont)

    def psbl_rvsecncl(self, call: Call) -> Reply:
        orders = self._exchange.orders.open(account=call.account)
        side = call.text("INQR_DVSN_2", "0")
        if side in ("1", "2"):
            orders = [each for each in orders if each.side_code == f"0{side}"]
        search = "^".join((call.text("CANO"), call.text("ACNT_PRDT_CD"), side))
        found = page(orders[::-1], _OPEN_ROWS, search, call.fields, call.tr_cont)
        body = {**found.keys, "output": [self._open_row(each) for each in found.rows]}
        return Reply(body, *(_FOUND if found.rows else _EMPTY), tr_cont=found.tr_cont)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _is_asked(self, order: Order, call: Call, seen_ns: int) -> bool:
        """`seen_ns`: mock's list may run behind."""
        if order.at_ns > seen_ns or not call.text("INQR_STRT_DT") <= ymd(order.day) <= call.text("INQR_END_DT"):
            return False
        side, state = call.text("SLL_BUY_DVSN_CD", "00"), call.text("CCLD_DVSN", "00")
        if side in (_SELLS, _BUYS) and order.side_code != side:
            return False
        filled = sum(shares for _, shares, _ in _fills(order, seen_ns))
        if (state == _FILLED and not filled) or (state == _UNFILLED and not order.remaining + order.filled - filled):
            return False
        wanted = call.text("ODNO", "")
        is_number = not wanted or (wanted.isdigit() and int(wanted) == order.number)
        return is_number and call.text("PDNO", "") in ("", order.symbol)

    def _row(self, order: Order, seen_ns: int) -> Mapping[str, Any]:
        fills = _fills(order, seen_ns)
        filled = sum(shares for _, shares, _ in fills)
        amount = sum(shares * price for _, shares, price in fills)
        is_cancel = order.purpose == CANCEL
        return {
            "ord_dt": ymd(order.day), "ord_gno_brno": BRANCH, "odno": order.odno, "orgn_odno": odno(order.original),
            "ord_dvsn_name": KIND_NAMES[order.kind], "sll_buy_dvsn_cd": order.side_code,
            "sll_buy_dvsn_cd_name": _side_name(order), "pdno": order.symbol,
            "prdt_name": self._board.shares[order.symbol].name, "ord_qty": str(order.quantity),
            "ord_unpr": str(order.price), "ord_tmd": hms(order.at_ns), "tot_ccld_qty": str(filled),
            "avg_prvs": _average(amount, filled), "cncl_yn": "Y" if is_cancel else "", "tot_ccld_amt": str(amount),
            "loan_dt": "", "ord_dvsn_cd": order.kind, "cncl_cfrm_qty": str(order.cancelled),
            "rmn_qty": str(order.remaining + order.filled - filled), "rjct_qty": str(order.rejected),
            "ccld_cndt_name": "없음", "inqr_ip_addr": "", "cpbc_ordp_ord_rcit_dvsn_cd": "",
            "cpbc_ordp_infm_mthd_dvsn_cd": "", "infm_tmd": hms(fills[-1][0]) if fills else "", "ctac_tlno": "",
            "prdt_type_cd": "300", "excg_dvsn_cd": "02", "cpbc_ordp_mtrl_dvsn_cd": "", "ord_orgno": BRANCH,
            "rsvn_ord_end_dt": "", "excg_id_dvsn_cd": order.exchange, "stpm_cndt_pric": str(order.trigger),
            "stpm_efct_occr_dtmd": "",
        }  # fmt: skip

    def _sums(self, orders: Sequence[Order], seen_ns: int) -> Mapping[str, str]:
        charges, spent = self._exchange.charges, 0
        filled = amount = 0
        for order in orders:
            for _, shares, price in _fills(order, seen_ns):
                filled += shares
                amount += shares * price
                spent += (charges.of_buy if order.side == "buy" else charges.of_sale)(shares * price)
        return {
            "tot_ord_qty": str(sum(order.quantity for order in orders)), "tot_ccld_qty": str(filled),
            "tot_ccld_amt": str(amount), "prsm_tlex_smtl": str(spent),
            "pchs_avg_pric": fixed(Decimal(amount) / filled if filled else 0, 4),
        }  # fmt: skip

    def _open_row(self, order: Order) -> Mapping[str, str]:
        is_revision = order.purpose == REVISE
        return {
            "ord_gno_brno": BRANCH, "odno": order.odno, "orgn_odno": odno(order.original),
            "ord_dvsn_name": KIND_NAMES[order.kind], "pdno": order.symbol,
            "prdt_name": self._board.shares[order.symbol].name, "rvse_cncl_dvsn_name": "정정" if is_revision else "",
            "ord_qty": str(order.quantity), "ord_unpr": str(order.price), "ord_tmd": hms(order.at_ns),
            "tot_ccld_qty": str(order.filled), "tot_ccld_amt": str(order.amount), "psbl_qty": str(order.remaining),
            "sll_buy_dvsn_cd": order.side_code, "ord_dvsn_cd": order.kind, "mgco_aptm_odno": "",
            "excg_dvsn_cd": "02", "excg_id_dvsn_cd": order.exchange, "excg_id_dvsn_name": order.exchange,
            "stpm_cndt_pric": str(order.trigger), "stpm_efct_occr_yn": "N" if order.is_waiting else "",
        }  # fmt: skip


def _fills(order: Order, seen_ns: int) -> list[tuple[int, int, int]]:
    return [fill for fill in order.fills if fill[0] <= seen_ns]


def _average(amount: int, filled: int) -> str:
    """The average price, without decimals where it has none."""
    return fixed(Decimal(amount) / filled, 4).rstrip("0").rstrip(".") if filled else "0"


def _side_name(order: Order) -> str:
    side = "매수" if order.side == "buy" else "매도"
    if order.purpose == CANCEL:
        return f"{side}취소*"
    return f"{side}정정*" if order.purpose == REVISE else f"현금{side}"
