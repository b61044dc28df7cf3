"""Prices over REST: now, the order book, recent trades, what a share is (fact sheet §4.6)."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.kis.simulator.board import STEP_NS, Board
from adapters.kis.simulator.book import LEVELS
from adapters.kis.simulator.days import hms
from adapters.kis.simulator.listing import Listed
from adapters.kis.simulator.prices import (
    DayFigures,
    YearRange,
    day_figures,
    hour_class,
    is_auction,
    operation_class,
    year_range,
)
from adapters.kis.simulator.refusals import Refusal, Refused
from adapters.kis.simulator.replies import Reply, fixed, percent
from adapters.kis.simulator.requests import Call

_RECENT = 30
_NOTHING = Refusal("KIOK0530", "조회할 자료가 없습니다")
_STOCK_TYPE = "300"
_HALTED, _USUAL = "58", "55"
_EARNINGS, _BOOK_VALUE = 16, 2  # of a price: what each share earns in a year is a sixteenth of it, its assets a half


class Quotes:
    """A share that is not listed answers as at the venue: with zeros, and as a success."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._years: dict[tuple[str, str], YearRange] = {}

    def price(self, call: Call) -> Reply:
        symbol = _symbol(call)
        share = self._board.shares.get(symbol)
        if share is None:
            return Reply({"output": {"stck_shrn_iscd": symbol, **dict.fromkeys(_ZERO_KEYS, "0"), "temp_stop_yn": "N"}})
        day = day_figures(self._board, symbol)
        return Reply({"output": {**self._state(share), **_figures(share, day), **self._worth(share, day)}})

    def asking_price(self, call: Call) -> Reply:
        symbol = _symbol(call)
        if symbol not in self._board.shares:
            return Reply({"output1": _levels([], []), "output2": {"stck_shrn_iscd": symbol, "stck_prpr": "0"}})
        book, day = self._board.book(symbol), day_figures(self._board, symbol)
        asks, bids = sum(size for _, size in book.asks), sum(size for _, size in book.bids)
        output1 = {
            "aspr_acpt_hour": hms(self._board.now_ns()), **_levels(book.asks, book.bids), "total_askp_rsqn": str(asks),
            "total_bidp_rsqn": str(bids), "total_askp_rsqn_icdc": "0", "total_bidp_rsqn_icdc": "0",
            "ovtm_total_askp_rsqn": "0", "ovtm_total_bidp_rsqn": "0", "ovtm_total_askp_icdc": "0",
            "ovtm_total_bidp_icdc": "0", "ntby_aspr_rsqn": str(bids - asks),
            "new_mkop_cls_code": operation_class(self._board, symbol),
        }  # fmt: skip
        expected = day.last if is_auction(self._board, symbol) else 0
        output2 = {
            "antc_mkop_cls_code": "311" if expected else "112", "stck_prpr": str(day.last), "stck_oprc": str(day.open),
            "stck_hgpr": str(day.high), "stck_lwpr": str(day.low), "stck_sdpr": str(day.base),
            "antc_cnpr": str(expected), "antc_cntg_vrss_sign": day.sign() if expected else "3",
            "antc_cntg_vrss": str(day.change if expected else 0),
            "antc_cntg_prdy_ctrt": day.rate() if expected else "0.00",
            "antc_vol": str(self._board.best_size(symbol) if expected else 0), "stck_shrn_iscd": symbol,
            "vi_cls_code": "Y" if self._board.is_interrupted(symbol) else "N",
        }  # fmt: skip
        return Reply({"output1": output1, "output2": output2})

    def recent_trades(self, call: Call) -> Reply:
        """The last trades, latest first."""
        symbol = _symbol(call)
        rows: list[Mapping[str, str]] = []
        if symbol in self._board.shares:
            day, now = day_figures(self._board, symbol), self._board.now_ns()
            for at in range(now, now - 4 * _RECENT * STEP_NS, -STEP_NS):
                if len(rows) == _RECENT:
                    break
                if traded := int(self._board.market.traded(symbol, at)):
                    last = int(self._board.market.top(symbol, at).last)
                    rows.append({
                        "stck_cntg_hour": hms(at), "stck_prpr": str(last), "prdy_vrss": str(last - day.base),
                        "prdy_vrss_sign": day.sign(last), "cntg_vol": str(traded), "tday_rltv": "100.00",
                        "prdy_ctrt": day.rate(last),
                    })  # fmt: skip
        return Reply({"output": rows})

    def product(self, call: Call) -> Reply:
        """What a share is called (`search-info`)."""
        share = self._board.shares.get(call.text("PDNO"))
        if share is None or call.text("PRDT_TYPE_CD") != _STOCK_TYPE:
            raise Refused(_NOTHING)
        return Reply({"output": _names(share)}, "KIOK0530", "조회되었습니다")

    def stock(self, call: Call) -> Reply:
        """`search-stock-info`: also where and how it is listed."""
        share = self._board.shares.get(call.text("PDNO"))
        if share is None:
            raise Refused(_NOTHING)
        is_kospi = share.market == "KOSPI"
        output = {
            **_names(share), "mket_id_cd": "STK" if is_kospi else "KSQ", "excg_dvsn_cd": "02" if is_kospi else "03",
            "scty_grp_id_cd": "EF" if share.ticks == "krx_etf" else "ST", "lstg_stqt": str(share.shares),
            "papr": "100", "thdt_clpr": str(self._board.last(share.symbol)),
            "bfdy_clpr": str(self._board.base(share.symbol)), "tr_stop_yn": self._halt(share.symbol),
            "admn_item_yn": "N", "idx_bztp_mcls_cd_name": share.sector, "std_idst_clsf_cd_name": share.sector,
            "nxt_tr_stop_yn": "N", "cptt_trad_tr_psbl_yn": "Y" if is_kospi else "N",
        }  # fmt: skip
        return Reply({"output": output}, "KIOK0530", "조회되었습니다")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _state(self, share: Listed) -> Mapping[str, str]:
        halt = self._halt(share.symbol)
        is_vi = self._board.is_interrupted(share.symbol)
        return {
            "iscd_stat_cls_code": _HALTED if halt == "Y" else _USUAL, "marg_rate": "20.00",
            "rprs_mrkt_kor_name": share.market, "new_hgpr_lwpr_cls_code": "", "bstp_kor_isnm": share.sector,
            "temp_stop_yn": halt, "oprc_rang_cont_yn": "N", "clpr_rang_cont_yn": "N", "crdt_able_yn": "Y",
            "grmn_rate_cls_code": "40", "elw_pblc_yn": "Y", "stck_shrn_iscd": share.symbol, "fcam_cnnm": "100 원",
            "vi_cls_code": "Y" if is_vi else "N", "ovtm_vi_cls_code": "N", "last_ssts_cntg_qnty": "0",
            "invt_caful_yn": "N", "mrkt_warn_cls_code": "00", "short_over_yn": "N", "sltr_yn": "N",
            "mang_issu_cls_code": "N", "hour_cls_code": hour_class(self._board, share.symbol),
        }  # fmt: skip

    def _worth(self, share: Listed, day: DayFigures) -> Mapping[str, str]:
        """Figures of a company that never changes, at the price of now, and of the last year."""
        earnings, assets = share.price // _EARNINGS, share.price // _BOOK_VALUE
        key = (share.symbol, str(self._board.today()))
        year = self._years.get(key)
        if year is None:
            self._years = {known: value for known, value in self._years.items() if known[0] != share.symbol}
            year = self._years[key] = year_range(self._board, share.symbol)
        high, low = max(year.high, day.high), min(year.low, day.low)
        return {
            "eps": fixed(earnings, 2), "bps": fixed(assets, 2), "per": percent(day.last, earnings * 100),
            "pbr": percent(day.last, assets * 100), "stac_month": "12", "hts_frgn_ehrt": "0.00", "frgn_hldn_qty": "0",
            "lstn_stcn": str(share.shares), "hts_avls": str(share.shares * day.last // 100_000_000), "cpfn": "0",
            "stck_fcam": "100", "w52_hgpr": str(high), "w52_hgpr_vrss_prpr_ctrt": percent(day.last - high, high),
            "w52_hgpr_date": year.high_day, "w52_lwpr": str(low), "w52_lwpr_date": year.low_day,
            "w52_lwpr_vrss_prpr_ctrt": percent(day.last - low, low), "whol_loan_rmnd_rate": "0.00",
        }  # fmt: skip

    def _halt(self, symbol: str) -> str:
        return "Y" if symbol in self._board.halted else "N"


_ZERO_KEYS = (
    "stck_prpr", "prdy_vrss", "prdy_ctrt", "acml_vol", "acml_tr_pbmn", "stck_oprc", "stck_hgpr", "stck_lwpr",
    "stck_mxpr", "stck_llam", "stck_sdpr", "aspr_unit",
)  # fmt: skip


def _figures(share: Listed, day: DayFigures) -> Mapping[str, str]:
    return {
        "stck_prpr": str(day.last), "prdy_vrss": str(day.change), "prdy_vrss_sign": day.sign(),
        "prdy_ctrt": day.rate(), "acml_tr_pbmn": str(day.turnover), "acml_vol": str(day.volume),
        "prdy_vrss_vol_rate": "0.00", "stck_oprc": str(day.open), "stck_hgpr": str(day.high),
        "stck_lwpr": str(day.low), "stck_mxpr": str(day.highest), "stck_llam": str(day.lowest),
        "stck_sdpr": str(day.base), "wghn_avrg_stck_prc": fixed(day.average, 2),
        "aspr_unit": str(share.tick(day.last)), "hts_deal_qty_unit_val": "1",
        "rstc_wdth_prc": str(day.highest - day.base),
        "stck_dryy_hgpr": str(day.high), "stck_dryy_lwpr": str(day.low), "vol_tnrt": percent(day.volume, share.shares),
    }  # fmt: skip


def _levels(asks: list[tuple[int, int]], bids: list[tuple[int, int]]) -> dict[str, str]:
    """Ten of each; a level that is not there is 0."""
    found: dict[str, str] = {}
    for side, levels in (("ask", asks), ("bid", bids)):
        filled = [*levels, *[(0, 0)] * (LEVELS - len(levels))][:LEVELS]
        found |= {f"{side}p{number}": str(price) for number, (price, _) in enumerate(filled, 1)}
        found |= {f"{side}p_rsqn{number}": str(size) for number, (_, size) in enumerate(filled, 1)}
    return found


def _names(share: Listed) -> Mapping[str, str]:
    return {
        "pdno": f"00000A{share.symbol}", "prdt_type_cd": _STOCK_TYPE, "prdt_name": share.name,
        "prdt_name120": share.name, "prdt_abrv_name": share.name, "prdt_eng_name": share.english,
        "prdt_eng_name120": share.english, "prdt_eng_abrv_name": share.english, "std_pdno": share.code,
        "shtn_pdno": share.symbol, "prdt_sale_stat_cd": "01", "prdt_risk_grad_cd": "02", "prdt_clsf_cd": "101110",
        "prdt_clsf_name": "주권", "sale_strt_dt": "", "sale_end_dt": "", "wrap_asst_type_cd": "01",
        "ivst_prdt_type_cd": "0101", "ivst_prdt_type_cd_name": "주식", "frst_erlm_dt": "",
    }  # fmt: skip


def _symbol(call: Call) -> str:
    call.text("FID_COND_MRKT_DIV_CODE")
    return call.text("FID_INPUT_ISCD")
