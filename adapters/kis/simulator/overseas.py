"""Shares abroad: nothing is held and nothing was ordered. Clients that ask for a whole account ask for these too."""

from __future__ import annotations

from adapters.kis.simulator.replies import Reply
from adapters.kis.simulator.requests import Call

_EMPTY = ("KIOK0560", "조회할 내용이 없습니다")
_KEYS = {"ctx_area_fk200": " " * 200, "ctx_area_nk200": " " * 200}


class Overseas:
    """Every answer is an empty success."""

    def present_balance(self, call: Call) -> Reply:
        del call
        return Reply(
            {"output1": [], "output2": [], "output3": {"tot_asst_amt": "0", "tot_evlu_pfls_amt": "0"}}, *_EMPTY
        )

    def balance(self, call: Call) -> Reply:
        del call
        return Reply({**_KEYS, "output1": [], "output2": {}}, *_EMPTY, tr_cont="D")

    def open_orders(self, call: Call) -> Reply:
        del call
        return Reply({**_KEYS, "output": []}, *_EMPTY, tr_cont="D")

    def orders(self, call: Call) -> Reply:
        del call
        return Reply({**_KEYS, "output": []}, *_EMPTY, tr_cont="D")
