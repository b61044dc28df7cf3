"""A plain client of the venue, written from its documents: no code of the adapter's, none of the simulator's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect

APPKEY, SECRET = "P" * 36, "s" * 180
ACCOUNT = {"CANO": "12345678", "ACNT_PRDT_CD": "01"}
DOMESTIC = "/uapi/domestic-stock/v1"
SAMSUNG = "005930"
_DAILY = {
    "INQR_STRT_DT": "20260304", "INQR_END_DT": "20260304", "SLL_BUY_DVSN_CD": "00", "INQR_DVSN": "00", "PDNO": "",
    "CCLD_DVSN": "00", "ORD_GNO_BRNO": "", "ODNO": "", "INQR_DVSN_3": "00", "INQR_DVSN_1": "",
}  # fmt: skip


class Client:
    """One app key of a simulator at an address."""

    def __init__(self, address: str, appkey: str = APPKEY) -> None:
        self.address, self.appkey = address, appkey
        self.http = httpx.Client(base_url=address, trust_env=False, timeout=10)
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.http.close()

    # --- keys --------------------------------------------------------------------------------------------------------

    def issue(self, secret: str = SECRET) -> httpx.Response:
        body = {"grant_type": "client_credentials", "appkey": self.appkey, "appsecret": secret}
        return self.http.post("/oauth2/tokenP", json=body)

    def approval(self) -> str:
        body = {"grant_type": "client_credentials", "appkey": self.appkey, "secretkey": SECRET}
        return str(self.http.post("/oauth2/Approval", json=body).json()["approval_key"])

    def headers(self, tr_id: str, tr_cont: str = "") -> dict[str, str]:
        if not self._token:
            self._token = self.issue().json()["access_token"]
        return {
            "authorization": f"Bearer {self._token}", "appkey": self.appkey, "appsecret": SECRET, "tr_id": tr_id,
            "custtype": "P", "tr_cont": tr_cont,
        }  # fmt: skip

    # --- services ----------------------------------------------------------------------------------------------------

    def get(self, path: str, tr_id: str, tr_cont: str = "", **query: str) -> httpx.Response:
        return self.http.get(f"{DOMESTIC}{path}", params=query, headers=self.headers(tr_id, tr_cont))

    def post(self, path: str, tr_id: str, **body: str) -> httpx.Response:
        return self.http.post(f"{DOMESTIC}{path}", json={**ACCOUNT, **body}, headers=self.headers(tr_id))

    def order(self, tr_id: str, quantity: int, price: int = 0, kind: str = "", **more: str) -> httpx.Response:
        body = {"PDNO": SAMSUNG, "ORD_DVSN": kind or ("00" if price else "01"), "ORD_QTY": str(quantity)}
        return self.post("/trading/order-cash", tr_id, **body, ORD_UNPR=str(price), **more)

    def change(self, tr_id: str, odno: str, what: str, price: int = 0) -> httpx.Response:
        return self.post(
            "/trading/order-rvsecncl", tr_id, KRX_FWDG_ORD_ORGNO="06010", ORGN_ODNO=odno, ORD_DVSN="00",
            RVSE_CNCL_DVSN_CD=what, ORD_QTY="0", ORD_UNPR=str(price), QTY_ALL_ORD_YN="Y",
        )  # fmt: skip

    def daily(self, tr_id: str = "TTTC0081R", tr_cont: str = "", **more: str) -> httpx.Response:
        query = {**ACCOUNT, **_DAILY, "CTX_AREA_FK100": "", "CTX_AREA_NK100": "", **more}
        return self.get("/trading/inquire-daily-ccld", tr_id, tr_cont, **query)

    def balance(self, tr_id: str = "TTTC8434R", tr_cont: str = "", **more: str) -> httpx.Response:
        query = {
            **ACCOUNT, "AFHR_FLPR_YN": "N", "OFL_YN": "", "INQR_DVSN": "02", "UNPR_DVSN": "01",
            "FUND_STTL_ICLD_YN": "N", "FNCG_AMT_AUTO_RDPT_YN": "N", "PRCS_DVSN": "00", "CTX_AREA_FK100": "",
            "CTX_AREA_NK100": "", **more,
        }  # fmt: skip
        return self.get("/trading/inquire-balance", tr_id, tr_cont, **query)

    def quote(self, path: str, tr_id: str, symbol: str = SAMSUNG, **more: str) -> httpx.Response:
        query = {"FID_COND_MRKT_DIV_CODE": "J", "FID_INPUT_ISCD": symbol, **more}
        return self.get(f"/quotations/{path}", tr_id, **query)

    # --- control -----------------------------------------------------------------------------------------------------

    def control(self, what: str, **body: object) -> Mapping[str, Any]:
        answer = self.http.post(f"/_control/{what}", json=body)
        assert answer.status_code == 200, answer.text
        found: Mapping[str, Any] = answer.json()
        return found

    def price(self, bid: int, ask: int, size: int = 1_000) -> None:
        self.control("price", instrument=SAMSUNG, bid=bid, ask=ask, bid_size=size, ask_size=size)

    # --- WebSocket ---------------------------------------------------------------------------------------------------

    def connect(self, path: str = "") -> ClientConnection:
        url = self.address.replace("http", "ws", 1) + path
        return connect(url, proxy=None, ping_interval=None, compression=None)


def register(socket: ClientConnection, approval: str, tr_id: str, tr_key: str, tr_type: str = "1") -> dict[str, Any]:
    """Send a registration; the answer to it, past whatever prices come before."""
    header = {"approval_key": approval, "custtype": "P", "tr_type": tr_type, "content-type": "utf-8"}
    socket.send(json.dumps({"header": header, "body": {"input": {"tr_id": tr_id, "tr_key": tr_key}}}))
    return answer(socket)


def answer(socket: ClientConnection) -> dict[str, Any]:
    """The next JSON message that is no PINGPONG."""
    while True:
        text = socket.recv(timeout=10)
        if text[0] == "{":
            found: dict[str, Any] = json.loads(text)
            if found["header"]["tr_id"] != "PINGPONG":
                return found


def frame(socket: ClientConnection, tr_id: str) -> list[str]:
    """The four parts of the next frame of a tr_id."""
    while True:
        text = socket.recv(timeout=10)
        if isinstance(text, str) and text[0] in "01" and text.split("|", 3)[1] == tr_id:
            return text.split("|", 3)
