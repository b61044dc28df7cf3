"""Money by hand: what a contract is worth, fees, margin, profit, funding, liquidation. The mark is 60,005 at first."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from adapters.okx.simulator import accounts

BTC = "BTC-USDT-SWAP"


def test_trap_1_and_15_a_contract_is_a_hundredth_of_a_coin_and_a_fee_is_negative(trader: Any) -> None:
    assert trader.order("buy", "3")["sCode"] == "0"
    # 3 × 0.01 BTC × 60,010 = 1,800.3 USDT; taker 0.0005 of it = 0.90015
    fill = trader.fills()[0]
    assert (fill["fillPx"], fill["fillSz"], fill["fee"], fill["feeRate"]) == ("60010", "3", "-0.90015", "-0.0005")
    coin = trader.coin()
    assert coin["cashBal"] == "9999.09985"  # 10,000 − 0.90015
    position = trader.positions()[0]
    assert position["upl"] == "-0.15"  # 0.03 × (60,005 − 60,010)
    assert position["notionalUsd"] == "1800.15"  # 0.03 × 60,005
    assert position["imr"] == "180.015"  # at leverage 10
    assert position["mmr"] == "7.2006"  # the first tier: 0.4 / 100 = 0.4 %
    assert coin["eq"] == "9998.94985"
    assert coin["frozenBal"] == "180.015"
    assert coin["availEq"] == "9818.93485"
    assert coin["availBal"] == "9818.93485"  # a loss counts against the balance too


def test_a_gain_is_in_the_equity_and_not_in_the_balance(trader: Any) -> None:
    trader.order("buy", "3")
    trader.price("61000", "61010")
    coin = trader.coin()
    # 0.03 × (61,005 − 60,010) = 29.85; margin 0.03 × 61,005 / 10 = 183.015
    assert coin["upl"] == "29.85"
    assert coin["availEq"] == "9845.93485"  # 9,999.09985 + 29.85 − 183.015
    assert coin["availBal"] == "9816.08485"  # 9,999.09985 − 183.015


def test_a_part_that_is_closed_realises_its_share(trader: Any) -> None:
    trader.order("buy", "3")
    trader.price("61000", "61010")
    trader.order("sell", "1")
    position, fill = trader.positions()[0], trader.fills()[0]
    assert fill["fillPnl"] == "9.9"  # 0.01 × (61,000 − 60,010)
    assert fill["fee"] == "-0.305"  # 0.01 × 61,000 × 0.0005
    assert (position["pos"], position["avgPx"]) == ("2", "60010")
    assert position["realizedPnl"] == "8.69485"  # 9.9 − 0.90015 − 0.305
    assert trader.coin()["cashBal"] == "10008.69485"


def test_trap_5_net_mode_turns_over_and_a_short_is_negative(trader: Any) -> None:
    trader.order("buy", "3")
    trader.price("61000", "61010")
    assert trader.order("sell", "5")["sCode"] == "0"
    position = trader.positions()[0]
    assert (position["pos"], position["posSide"], position["avgPx"]) == ("-2", "net", "61000")
    assert trader.fills()[0]["fillPnl"] == "29.7"  # 0.03 × (61,000 − 60,010): only what was held is realised
    assert position["upl"] == "-0.1"  # −0.02 × (61,005 − 61,000)


def test_the_average_of_two_buys(trader: Any) -> None:
    trader.order("buy", "1")
    trader.price("60300", "60310")
    trader.order("buy", "2")
    assert trader.positions()[0]["avgPx"] == "60210"  # (60,010 + 2 × 60,310) / 3


def test_a_maker_pays_less_and_gets_its_own_price(trader: Any) -> None:
    placed = trader.order("buy", "2", "59990")
    trader.price("59970", "59980")
    fill = trader.fills()[0]
    assert (fill["ordId"], fill["fillPx"], fill["execType"]) == (placed["ordId"], "59990", "M")
    assert fill["fee"] == "-0.23996"  # 0.02 × 59,990 × 0.0002


def test_an_order_freezes_its_margin(trader: Any) -> None:
    trader.order("buy", "2", "59990")
    coin = trader.coin()
    assert coin["ordFrozen"] == "119.98"  # 0.02 × 59,990 / 10
    assert coin["availEq"] == "9880.02"


def test_two_orders_do_not_close_the_same_contracts(trader: Any) -> None:
    """The first buy closes the short and takes nothing; the second would open: 0.03 × 59,000 / 10."""
    trader.order("sell", "3")
    trader.order("buy", "3", "59000")
    assert trader.coin()["ordFrozen"] == "0"
    trader.order("buy", "3", "59000")
    assert trader.coin()["ordFrozen"] == "177"


def test_an_isolated_position_holds_its_own_margin(trader: Any) -> None:
    trader.order("buy", "3", tdMode="isolated")
    position = trader.positions()[0]
    assert (position["margin"], position["imr"]) == ("180.03", "")  # 1,800.3 / 10; imr is for cross only
    # liquidated where margin + 0.03 (p − 60,010) = 0.03 p (0.004 + 0.0005):
    # p = (1,800.3 − 180.03) / (0.03 × 0.9955) = 54,253.139…
    assert position["liqPx"] == "54253.1"
    trader.price("61000", "61010")
    trader.order("sell", "1", tdMode="isolated", reduceOnly=True)
    assert trader.positions()[0]["margin"] == "120.02"  # two thirds stay


def test_an_isolated_short_is_liquidated_above(trader: Any) -> None:
    trader.order("sell", "3", tdMode="isolated")
    # (1,800 + 180) / (0.03 × 1.0045) = 65,704.33…
    assert trader.positions()[0]["liqPx"] == "65704.3"


def test_an_isolated_position_loses_its_margin_and_no_more(trader: Any) -> None:
    trader.order("buy", "3", tdMode="isolated")
    trader.price("54253.1", "54253.3")  # mark 54,253.2: above
    assert trader.positions()
    trader.price("54253", "54253.2")  # mark 54,253.1: below 54,253.139
    assert trader.positions() == []
    # 10,000 − 0.90015 for opening − the margin of 180.03
    assert trader.coin()["cashBal"] == "9819.06985"
    order = trader.look(trader.fills()[0]["ordId"])
    assert (order["category"], order["clOrdId"]) == ("full_liquidation", "")  # trap 14
    assert {bill["type"] for bill in trader.bills()} == {"2", "5"}
    closed = accounts.positions_history(trader.exchange, trader.account, {})[0]
    # left of the margin: 180.03 − 0.03 × (60,010 − 54,253.1) − 0.03 × 54,253.1 × 0.0005 = 6.5092035
    assert (closed["type"], closed["liqPenalty"]) == ("3", "-6.5092035")


def test_a_gap_beyond_the_isolated_margin_costs_the_margin_only(trader: Any) -> None:
    trader.order("buy", "3", tdMode="isolated")
    trader.price("50000", "50010")
    assert trader.coin()["cashBal"] == "9819.06985"


def test_a_cross_position_is_liquidated_on_the_accounts_equity(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(balance="200")
    trader.lever("100")
    trader.order("buy", "30")
    trader.order("buy", "1", "59000")
    # 0.3 × 60,010 = 18,003; fee 9.0015; liquidated where
    # 190.9985 + 0.3 (p − 60,010) = 0.3 p × 0.0045: p = (18,003 − 190.9985) / (0.3 × 0.9955) = 59,641.72…
    assert trader.positions()[0]["liqPx"] == "59641.7"
    trader.price("59642", "59643")
    assert trader.positions()
    trader.price("59641", "59642")
    assert trader.positions() == []
    states = {order.cancel_source for order in trader.account.orders.values() if order.state == "canceled"}
    assert states == {"3"}  # pending orders go first
    # 190.9985 − 0.3 × (60,010 − 59,641.5) − fee 0.3 × 59,641.5 × 0.0005 − penalty 0.3 × 59,641.5 × 0.004 = −0.067…:
    # the penalty takes no more than there is
    assert trader.coin()["cashBal"] == "0"


def test_isolated_margin_backs_no_cross_position(trader: Any) -> None:
    trader.order("buy", "3")
    trader.order("buy", "3", tdMode="isolated")
    # (10,000 − 2 × 0.90015 − 180.03 − 0.15) / (1,800.15 × (0.004 + 0.0005)) = 9,818.0197 / 8.100675
    assert trader.coin()["mgnRatio"].startswith("1212.0001")


def test_nobody_owes_more_than_there_is(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(balance="200")
    trader.lever("100")
    trader.order("buy", "30")
    trader.price("50000", "50010")
    assert trader.coin()["cashBal"] == "0"


def test_funding_is_a_bill_and_never_a_fill(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(funding_rate="0.0001")
    trader.order("buy", "3")
    trader.wait(2 * 3600 - 1)
    assert trader.bills(type="8") == []
    trader.wait(1)
    # a long pays 0.03 × 60,005 × 0.0001
    bill = trader.bills(type="8")[0]
    assert (bill["balChg"], bill["subType"], bill["instId"]) == ("-0.180015", "173", BTC)
    assert bill["bal"] == "9998.919835"
    assert len(trader.fills()) == 1
    assert trader.positions()[0]["fundingFee"] == "-0.180015"
    trader.wait(8 * 3600)
    assert len(trader.bills(type="8")) == 2


def test_a_short_receives_a_positive_funding(make_desk: Callable[..., Any]) -> None:
    trader = make_desk(funding_rate="0.0001")
    trader.order("sell", "3")
    trader.wait(2 * 3600)
    bill = trader.bills(type="8")[0]
    assert (bill["balChg"], bill["subType"]) == ("0.180015", "174")


def test_the_most_that_can_be_opened(trader: Any) -> None:
    row = accounts.max_size(trader.exchange, trader.account, {"instId": BTC, "tdMode": "cross"})[0]
    # one contract takes 600.05 × (1/10 + 0.0005) = 60.305025; 10,000 / 60.305025 = 165.823…
    assert row["maxBuy"] == "165.82"
    assert trader.order("buy", "165.82")["sCode"] == "0"


def test_too_much_for_the_money_is_refused(trader: Any) -> None:
    assert trader.order("buy", "165.83")["sCode"] == "51008"
    assert trader.exchange.account("other").cash == Decimal(10_000)
