"""Fields that clients read unguarded, by the fact sheet's lists (§4, §5, §6): all there, all text but the few that are
not; what does not apply is "" (trap 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

BTC = "BTC-USDT-SWAP"
OTHERS: dict[str, type] = {
    "instIdCode": int, "attachAlgoOrds": list, "closeOrderAlgo": list, "linkedAlgoOrd": dict, "details": list,
    "enabled": bool, "autoLoan": bool, "asks": list, "bids": list,
}  # fmt: skip
"""Fields that are no text."""
INSTRUMENT = """instId instType instFamily uly settleCcy ctType ctVal ctMult ctValCcy tickSz lotSz minSz lever maxMktSz
    maxLmtSz maxIcebergSz maxTwapSz maxStopSz maxTriggerSz state listTime expTime instIdCode ruleType baseCcy
    quoteCcy"""
TICKER = """instId last lastSz askPx askSz bidPx bidSz open24h high24h low24h vol24h volCcy24h sodUtc0 sodUtc8 ts"""
FUNDING = """fundingRate nextFundingRate fundingTime nextFundingTime formulaType minFundingRate maxFundingRate ts"""
CONFIG = """uid acctLv posMode autoLoan ctIsoMode greeksType level perm label ip"""
BALANCE = """totalEq adjEq isoEq ordFroz imr mmr mgnRatio notionalUsd upl uTime details"""
COIN = """ccy eq cashBal availBal availEq frozenBal ordFrozen upl isoEq liab interest imr mmr mgnRatio disEq eqUsd
    uTime"""
POSITION = """instId instType mgnMode posId posSide pos availPos avgPx markPx last upl uplRatio lever liqPx margin imr
    mmr mgnRatio notionalUsd adl ccy tradeId bePx realizedPnl pnl fee fundingFee liqPenalty cTime uTime
    closeOrderAlgo"""
ORDER = """ordId clOrdId tag instType instId tdMode side posSide ordType px sz state accFillSz avgPx fillPx fillSz
    fillTime tradeId lever fee feeCcy rebate rebateCcy pnl category reduceOnly cancelSource cancelSourceReason source
    slTriggerPx algoId algoClOrdId quickMgnType stpId cTime uTime attachAlgoOrds linkedAlgoOrd"""
FILL = """instId tradeId ordId clOrdId billId tag fillPx fillSz fillIdxPx fillPnl side posSide execType fee feeCcy ts
    fillTime subType"""
BILL = """billId type subType ccy balChg bal pnl fee sz px ordId instId mgnMode ts"""
CALLS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("public/instruments", {"instType": "SWAP"}, INSTRUMENT),
    ("account/instruments", {"instType": "SWAP"}, INSTRUMENT),
    ("market/ticker", {"instId": BTC}, TICKER),
    ("market/tickers", {"instType": "SWAP"}, TICKER),
    ("market/books", {"instId": BTC}, "asks bids ts"),
    ("public/mark-price", {"instType": "SWAP"}, "instType instId markPx ts"),
    ("public/funding-rate", {"instId": BTC}, FUNDING),
    ("public/price-limit", {"instId": BTC}, "buyLmt sellLmt ts enabled"),
    (
        "public/position-tiers",
        {"instType": "SWAP", "tdMode": "cross", "instFamily": "BTC-USDT"},
        "tier minSz maxSz mmr imr maxLever",
    ),
    ("account/config", {}, CONFIG),
    ("account/balance", {}, BALANCE),
    ("account/positions", {}, POSITION),
    ("account/leverage-info", {"instId": BTC, "mgnMode": "cross"}, "instId mgnMode posSide lever"),
    ("account/max-size", {"instId": BTC, "tdMode": "cross"}, "instId maxBuy maxSell"),
    ("account/max-avail-size", {"instId": BTC, "tdMode": "cross"}, "instId availBuy availSell"),
    ("account/trade-fee", {"instType": "SWAP"}, "maker taker makerU takerU"),
    ("account/bills", {}, BILL),
    ("account/bills-archive", {}, BILL),
    ("trade/orders-pending", {}, ORDER),
    ("trade/orders-history", {"instType": "SWAP"}, ORDER),
    ("trade/orders-history-archive", {"instType": "SWAP"}, ORDER),
    ("trade/fills", {}, FILL),
    ("trade/fills-history", {"instType": "SWAP"}, FILL),
    ("trade/account-rate-limit", {}, "accRateLimit"),
)


@pytest.fixture(scope="module")
def traded(quiet: Any) -> Any:
    """An account that holds something and waits for something."""
    client = quiet[1]
    assert client.market("buy", "3").json()["code"] == "0"
    resting = {"instId": BTC, "tdMode": "cross", "side": "buy", "ordType": "limit", "px": "59000", "sz": "1"}
    assert client.post("trade/order", resting).json()["code"] == "0"
    return client


@pytest.mark.parametrize(("path", "params", "names"), CALLS, ids=[path for path, _, _ in CALLS])
def test_fields(traded: Any, path: str, params: dict[str, str], names: str) -> None:
    row = traded.get(path, **params).json()["data"][0]
    wanted = names.split()
    assert [name for name in wanted if name not in row] == []
    assert {name: row[name] for name in wanted if type(row[name]) is not OTHERS.get(name, str)} == {}
    if path == "account/balance":
        assert [name for name in COIN.split() if not isinstance(row["details"][0].get(name), str)] == []


def test_the_accounts_own_margin_is_empty_below_level_three(make_desk: Callable[..., Any]) -> None:
    """§5: the coin has it instead; from level 3 on the other way round."""
    for level, whole, coin in (("2", "", "180.015"), ("3", "180.015", "")):
        trader = make_desk(account_level=level)
        trader.order("buy", "3")
        row = trader.balance()
        assert (row["imr"], row["details"][0]["imr"]) == (whole, coin)
        assert (row["adjEq"] == "") == (level == "2")
