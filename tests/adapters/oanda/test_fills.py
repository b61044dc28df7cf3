"""One ORDER_FILL as the fills of the trades it touched, and money that moves without orders."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from adapters.oanda.fills import fills_of, financing_of, transfer_of
from adapters.wire.decimals import loads
from ruleengine.model.side import Side
from tests.adapters.oanda.payloads import at, filled

D = Decimal


def test_an_opening_fill() -> None:
    row = filled(
        42, 41, units="-1000", time=at(1.5), tradeOpened={"tradeID": "42", "units": "-1000", "price": "1.10010"}
    )
    (fill,) = fills_of(row, "ours", 7)
    assert (fill.order_id, fill.fill_id, fill.trade_id, fill.opens) == ("ours", "42", "42", True)
    assert (fill.side, fill.units, fill.price) == (Side.SHORT, D(1000), D("1.10010"))  # trap 5: units are signed
    assert (fill.ts, fill.ts_event) == (7, 1_767_225_601_500_000_001)  # trap 9: nine digits
    assert (fill.realised, fill.fee, fill.is_last) == (D(0), D(0), True)


def test_a_reversal_is_two_fills() -> None:
    """Sold 1500 against a long 1000 at +0.0010: 1000 × 0.0010 = 1.0 realised, then 500 short."""
    row = filled(
        50, 49, units="-1500", pl="1.0000",
        tradesClosed=[{"tradeID": "42", "units": "-1000", "price": "1.10110", "realizedPL": "1.0000"}],
        tradeOpened={"tradeID": "50", "units": "-500", "price": "1.10110"},
    )  # fmt: skip
    closed, opened = fills_of(row, "x", 0)
    assert (closed.trade_id, closed.opens, closed.side, closed.units) == ("42", False, Side.SHORT, D(1000))
    assert (closed.realised, closed.is_last) == (D("1.0000"), False)
    assert (opened.trade_id, opened.opens, opened.side, opened.units) == ("50", True, Side.SHORT, D(500))
    assert (opened.realised, opened.is_last, opened.fill_id) == (D(0), True, closed.fill_id)


def test_a_reduction_takes_trades_oldest_first_and_shares_the_commission_to_the_last_digit() -> None:
    """0.10 over 100, 100, 100 units: 0.03 + 0.03 + the rest 0.04; a leg's own guarantee stays with it."""
    legs = [{"tradeID": str(n), "units": "-100", "price": "1.1", "realizedPL": "0.5"} for n in (1, 2)]
    legs[1]["guaranteedExecutionFee"] = "0.25"
    row = filled(
        9, 8, units="-300", commission="0.10", guaranteedExecutionFee="0.25", tradesClosed=legs,
        tradeReduced={"tradeID": "3", "units": "-100", "price": "1.1", "realizedPL": "-0.25"},
    )  # fmt: skip
    found = fills_of(row, "", 0)
    assert [fill.trade_id for fill in found] == ["1", "2", "3"]
    assert [fill.fee for fill in found] == [D("0.03"), D("0.28"), D("0.04")]
    assert sum(fill.fee for fill in found) == D("0.35")  # commission + guarantee, both positive and both paid
    assert sum(fill.realised for fill in found) == D("0.75")


def test_the_balance_moves_by_result_and_financing_less_fees() -> None:
    """Δ = pl + financing − commission − guarantee = 2 − 0.3 − 0.1 − 0.05 = 1.55 (fact sheet §4.6)."""
    row = filled(
        9, 8, units="-100", pl="2", financing="-0.3", commission="0.1", guaranteedExecutionFee="0.05",
        tradesClosed=[{"tradeID": "1", "units": "-100", "price": "1.1", "realizedPL": "2"}],
    )  # fmt: skip
    (fill,), (paid,) = fills_of(row, "", 0), financing_of(row, 0)
    assert fill.realised - fill.fee + paid.amount == D("1.55")
    assert (paid.reason, paid.instrument) == ("financing", "EUR_USD")


def test_prices_are_the_trades_own_not_the_deprecated_one() -> None:
    row = filled(9, 8, price="0", tradeOpened={"tradeID": "9", "units": "1000"}, fullVWAP="1.23456")
    assert fills_of(row, "", 0)[0].price == D("1.23456")


def test_stops_targets_and_closeouts_are_named_as_the_engine_names_them() -> None:
    reasons = [
        "STOP_LOSS_ORDER",
        "TRAILING_STOP_LOSS_ORDER",
        "TAKE_PROFIT_ORDER",
        "MARKET_ORDER_MARGIN_CLOSEOUT",
        "NEW",
    ]
    assert [fills_of(filled(9, 8, reason=reason), "", 0)[0].reason for reason in reasons] == [
        "stop", "stop", "target", "liquidation", "NEW",
    ]  # fmt: skip


def test_daily_financing_goes_by_instrument_where_its_parts_add_up() -> None:
    row = {
        "id": "7", "type": "DAILY_FINANCING", "time": at(2), "financing": "-0.5", "accountBalance": "1",
        "positionFinancings": [
            {"instrument": "EUR_USD", "financing": "-0.7"}, {"instrument": "USD_JPY", "financing": "0.2"},
        ],
    }  # fmt: skip
    assert [(c.instrument, c.amount) for c in financing_of(row, 0)] == [("EUR_USD", D("-0.7")), ("USD_JPY", D("0.2"))]
    row["financing"] = "-0.6"  # the parts are not all of it
    assert [(c.instrument, c.amount) for c in financing_of(row, 0)] == [("", D("-0.6"))]


def test_transfers_are_deposits_withdrawals_or_corrections() -> None:
    def of(amount: str, why: str) -> list[tuple[str, Decimal]]:
        row = {"id": "7", "type": "TRANSFER_FUNDS", "time": at(2), "amount": amount, "fundingReason": why}
        return [(change.reason, change.amount) for change in transfer_of(row, 0)]

    assert of("100", "CLIENT_FUNDING") == [("deposit", D(100))]
    assert of("-30", "ACCOUNT_TRANSFER") == [("withdrawal", D(-30))]
    assert of("-0.01", "ADJUSTMENT") == [("correction", D("-0.01"))]
    assert of("0", "CLIENT_FUNDING") == []


def test_captured_fills(captured: Path) -> None:
    opened = loads((captured / "rest/order_market_filled.http201.json").read_bytes())["orderFillTransaction"]
    closed = loads((captured / "rest/trade_close.json").read_bytes())["orderFillTransaction"]
    (fill,) = fills_of(opened, "id", 0)
    assert (fill.trade_id, fill.units, fill.price, fill.opens) == ("1", D(1000), D("1.16555"), True)
    (fill,) = fills_of(closed, "", 0)
    assert (fill.trade_id, fill.units, fill.side, fill.opens) == ("374", D(100), Side.SHORT, False)
    assert (fill.realised, fill.fill_id) == (D("-0.0420"), "378")


def test_captured_financing(captured: Path) -> None:
    rows = loads((captured / "rest/transactions_idrange.json").read_bytes())["transactions"]
    changes = [change for row in rows for change in financing_of(row, 0)]
    assert [(c.instrument, c.amount) for c in changes] == [("EUR_USD", D("-0.0082"))] * 2
