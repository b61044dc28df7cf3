"""What the account holds, can buy and can sell (fact sheet §4.3, §4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from adapters.kis.simulator.accounts import Account, DayTotals, Holding, Loan, buying_power
from adapters.kis.simulator.days import ymd
from adapters.kis.simulator.exchange import Exchange
from adapters.kis.simulator.orders import BEST_KINDS, MARKET_KINDS
from adapters.kis.simulator.replies import Reply, fixed, page, percent
from adapters.kis.simulator.requests import Call

_LIVE_ROWS, _MOCK_ROWS = 50, 20
_FOUND, _EMPTY = ("KIOK0510", "조회가 완료되었습니다"), ("KIOK0560", "조회할 내용이 없습니다")
_WITHOUT_YESTERDAY = "01"


class Inquiries:
    """The services that state the account."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._board = exchange, exchange.board

    def balance(self, call: Call) -> Reply:
        account = self._exchange.account(call.account)
        processing = call.text("PRCS_DVSN", "00")
        rows = [self._holding(account, each) for each in account.holdings.values() if self._is_listed(each, processing)]
        rows += [self._loan(each) for each in account.loans]
        search = "^".join((call.text("CANO"), call.text("ACNT_PRDT_CD"), "N", "N", "01", processing))
        size = _MOCK_ROWS if call.is_mock else _LIVE_ROWS
        found = page(sorted(rows, key=lambda row: row["pdno"]), size, search, call.fields, call.tr_cont)
        body = {
            **found.keys,
            "output1": found.rows,
            "output2": [self._totals(account)],
        }
        return Reply(body, *(_FOUND if found.rows else _EMPTY), tr_cont=found.tr_cont)

    def psbl_order(self, call: Call) -> Reply:
        """Buying power. A market order's money is held at the day's upper limit."""
        account = self._exchange.account(call.account)
        power = buying_power(account, self._exchange.orders.open(account=account.number), self._exchange.charges)
        price = self._reckoned_price(call)
        quantity = power.amount // price if price else 0
        output = {
            "ord_psbl_cash": str(power.cash), "ord_psbl_sbst": "0", "ruse_psbl_amt": str(power.reuse),
            "fund_rpch_chgs": "0", "psbl_qty_calc_unpr": str(price), "nrcvb_buy_amt": str(power.amount),
            "nrcvb_buy_qty": str(quantity), "max_buy_amt": str(power.amount), "max_buy_qty": str(quantity),
            "cma_evlu_amt": "0", "ovrs_re_use_amt_wcrc": "0", "ord_psbl_frcr_amt_wcrc": "0",
        }  # fmt: skip
        return Reply({"output": output}, *_FOUND)

    def psbl_sell(self, call: Call) -> Reply:
        """What of one share can be sold. Public copies of the reply disagree on its name: it is given under both."""
        account, symbol = self._exchange.account(call.account), call.text("PDNO")
        holding = account.holdings.get(symbol) or Holding(symbol)
        share = self._board.shares.get(symbol)
        last = self._board.last(symbol) if share else 0
        worth = holding.quantity * last
        output = {
            "pdno": symbol, "prdt_name": share.name if share else "", "buy_qty": str(holding.bought_today),
            "sll_qty": str(holding.sold_today), "cblc_qty": str(holding.quantity), "nsvg_qty": "0",
            "ord_psbl_qty": str(self._exchange.sellable(account.number, symbol)),
            "pchs_avg_pric": fixed(holding.average, 4), "pchs_amt": str(holding.cost), "now_pric": str(last),
            "evlu_amt": str(worth), "evlu_pfls_amt": str(worth - holding.cost),
            "evlu_pfls_rt": percent(worth - holding.cost, holding.cost),
        }  # fmt: skip
        return Reply({"output": output, "output1": output}, *_FOUND)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _is_listed(self, holding: Holding, processing: str) -> bool:
        """Sold-out rows stay until they settle; those of the days before can be left out."""
        today = self._board.today()
        return bool(holding.quantity) or processing != _WITHOUT_YESTERDAY or holding.sold_on == today

    def _holding(self, account: Account, holding: Holding) -> Mapping[str, str]:
        """The account's own shares of a symbol."""
        return {
            **self._valued(holding.symbol, holding.quantity, holding.cost), "trad_dvsn_name": "현금",
            "bfdy_buy_qty": str(holding.bought_before), "bfdy_sll_qty": str(holding.sold_before),
            "thdt_buyqty": str(holding.bought_today), "thdt_sll_qty": str(holding.sold_today),
            "ord_psbl_qty": str(self._exchange.sellable(account.number, holding.symbol)),
            "pchs_avg_pric": fixed(holding.average, 4), "loan_dt": "", "loan_amt": "0", "stck_loan_unpr": "0.0000",
        }  # fmt: skip

    def _loan(self, loan: Loan) -> Mapping[str, str]:
        """Shares bought on credit: the same symbol may stand in a second row."""
        return {
            **self._valued(loan.symbol, loan.quantity, loan.amount), "trad_dvsn_name": "자기융자",
            "bfdy_buy_qty": "0", "bfdy_sll_qty": "0", "thdt_buyqty": "0", "thdt_sll_qty": "0",
            "ord_psbl_qty": str(loan.quantity), "pchs_avg_pric": fixed(loan.price, 4), "loan_dt": ymd(loan.day),
            "loan_amt": str(loan.amount), "stck_loan_unpr": fixed(loan.price, 4),
        }  # fmt: skip

    def _valued(self, symbol: str, quantity: int, cost: int) -> Mapping[str, str]:
        last, base = self._board.last(symbol), self._board.base(symbol)
        worth = quantity * last
        return {
            "pdno": symbol, "prdt_name": self._board.shares[symbol].name, "hldg_qty": str(quantity),
            "pchs_amt": str(cost), "prpr": str(last), "evlu_amt": str(worth), "evlu_pfls_amt": str(worth - cost),
            "evlu_pfls_rt": percent(worth - cost, cost), "evlu_erng_rt": percent(worth - cost, cost, 8),
            "stln_slng_chgs": "0", "expd_dt": "", "fltt_rt": percent(last - base, base, 8),
            "bfdy_cprs_icdc": str(last - base), "item_mgna_rt_name": "", "grta_rt_name": "", "sbst_pric": "0",
        }  # fmt: skip

    def _totals(self, account: Account) -> Mapping[str, Any]:
        today, after = self._board.today(), self._board.days.after
        now = account.totals.get(today, DayTotals())
        before = account.totals.get(self._board.previous(today), DayTotals())
        worth = cost = worth_before = 0
        for each in account.holdings.values():
            worth += each.quantity * self._board.last(each.symbol)
            cost += each.cost
            worth_before += (each.quantity - each.bought_today + each.sold_today) * self._board.base(each.symbol)
        total = worth + account.settled_cash
        total_before = worth_before + account.settled_cash - (now.sold - now.bought - now.charges)
        figures = {
            "dnca_tot_amt": account.deposit, "nxdy_excc_amt": account.cash_on(after(today, 1)),
            "prvs_rcdl_excc_amt": account.cash_on(after(today, 2)), "cma_evlu_amt": 0, "bfdy_buy_amt": before.bought,
            "thdt_buy_amt": now.bought, "nxdy_auto_rdpt_amt": 0, "bfdy_sll_amt": before.sold,
            "thdt_sll_amt": now.sold, "d2_auto_rdpt_amt": 0, "bfdy_tlex_amt": before.charges,
            "thdt_tlex_amt": now.charges, "tot_loan_amt": 0, "scts_evlu_amt": worth, "tot_evlu_amt": total,
            "nass_amt": total, "pchs_amt_smtl_amt": cost, "evlu_amt_smtl_amt": worth,
            "evlu_pfls_smtl_amt": worth - cost, "tot_stln_slng_chgs": 0, "bfdy_tot_asst_evlu_amt": total_before,
            "asst_icdc_amt": total - total_before,
        }  # fmt: skip
        return {
            **{name: str(value) for name, value in figures.items()},
            "fncg_gld_auto_rdpt_yn": "",
            "asst_icdc_erng_rt": percent(Decimal(total - total_before), total_before, 8),
        }

    def _reckoned_price(self, call: Call) -> int:
        """The price that the quantity is reckoned at; 0 for a share that is not listed."""
        symbol, kind = call.text("PDNO"), call.text("ORD_DVSN")
        if symbol not in self._board.shares:
            return 0
        if kind in MARKET_KINDS:
            return self._board.limits(symbol)[1]
        if kind in BEST_KINDS:
            return self._board.book(symbol).ask
        return call.whole("ORD_UNPR")
