"""FX-01: margin under four models, and the 54 refusals that only one of them explains."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.paper.margin import MODELS, MarginModel, counted_units, margin_required
from adapters.paper.ticks import nearest
from ruleengine.model.event import OrderStatus

PRICE, RATE = Decimal(157), Decimal("0.04")


def test_one_sided_maximum_of_the_requirement() -> None:
    # 500,000 × 0.92 ÷ (157 × 0.04 = 6.28) = 73,248.4 → 73,248 units; × 0.9 = 414,000 ÷ 6.28 = 65,923.6 → 65,924 rounded
    usable = Decimal(500_000) * Decimal("0.92")
    assert margin_required("max_side", Decimal(73_248), Decimal(0), PRICE, RATE) <= usable
    assert margin_required("max_side", Decimal(73_249), Decimal(0), PRICE, RATE) > usable
    assert round(usable * Decimal("0.9") / (PRICE * RATE)) == 65_924


@pytest.mark.parametrize(
    ("model", "share", "expected"),
    [
        ("net", "1", "31400"),  # 5,000 × 6.28
        ("max_side", "1", "314000"),  # 50,000 × 6.28
        ("gross", "1", "596600"),  # 95,000 × 6.28
        ("hedged_pct", "0", "31400"),
        ("hedged_pct", "1", "314000"),
        ("hedged_pct", "2", "596600"),
        ("hedged_pct", "0.5", "172700"),  # (5,000 + 22,500) × 6.28
    ],
)
def test_45000_short_with_50000_long_added(model: MarginModel, share: str, expected: str) -> None:
    required = margin_required(model, Decimal(50_000), Decimal(45_000), PRICE, RATE, share=Decimal(share))
    assert required == Decimal(expected)


def test_contracts_count_by_their_size() -> None:
    # 10 contracts × 0.01 BTC × 90,000 × 1/3
    rate = Decimal(1) / 3
    required = margin_required("net", Decimal(10), Decimal(0), Decimal(90_000), rate, contract_size=Decimal("0.01"))
    assert required == Decimal(9_000) * rate


def _outcome(model: MarginModel, long_units: int, side: str) -> bool:
    """Whether 10,000 more would be taken at 154.2 with NAV 303,000 and 40,000 short held."""
    long_after = long_units + (10_000 if side == "long" else 0)
    short_after = 40_000 + (10_000 if side == "short" else 0)
    return margin_required(model, Decimal(long_after), Decimal(short_after), Decimal("154.2"), RATE) <= 303_000


def test_only_max_side_predicts_every_refusal_and_both_fills() -> None:
    # sells: max(L, 50,000) × 6.168 = 308,400 > 303,000. buys: max(L + 10,000, 40,000) × 6.168 = 246,720
    sells = [(longs, "short") for longs in (10_000, 20_000, 30_000) for _ in range(18)]  # 54
    buys = [(10_000, "long"), (20_000, "long")]
    right = {
        model: (
            sum(not _outcome(model, longs, side) for longs, side in sells),
            sum(_outcome(model, longs, side) for longs, side in buys),
        )
        for model in ("net", "max_side", "gross")
    }
    # net: 50,000 − L ≤ 40,000 units fit, so it would have taken every sell; gross: 60,000 and more, so no buy
    assert right == {"net": (0, 2), "max_side": (54, 2), "gross": (54, 0)}


@pytest.mark.parametrize("model", ["net", "max_side", "gross"])
def test_the_venue_refuses_as_the_model_says(desk: Any, updates: Any, model: str) -> None:
    trades = [
        {"instrument": "USD_JPY", "side": "short", "units": 40_000, "price": "154.200", "age_s": 600},
        {"instrument": "USD_JPY", "side": "long", "units": 10_000, "price": "154.200", "age_s": 500},
    ]
    # equity 303,000: both sides are marked 0.004 away from their price, 50,000 × 0.004 = 200
    at = desk({"balance": "303200", "margin_model": {"model": model}, "trades": trades}, quote=("154.196", "154.204"))
    assert at.venue.equity() == 303_000
    taken = {"short": 0, "long": 0}
    for number, side in enumerate(["short"] * 18 + ["long"] + ["short"] * 18 + ["long"] + ["short"] * 18):
        at.wait(20)
        before = at.sides
        answers = updates(at.send(side, 10_000, id=f"{model}{number}"))
        if answers[0].status is OrderStatus.ACCEPTED:
            taken[side] += 1
        else:
            assert answers[0].code == "INSUFFICIENT_MARGIN"
            assert at.sides == before
    if model == "max_side":
        assert taken == {"short": 0, "long": 2}
        assert at.sides == (30_000, 40_000)
    elif model == "net":
        assert taken["short"] > 0
    else:
        assert taken["long"] == 0


def test_hedging_that_needs_no_more_margin_passes_without_any_free(desk: Any, updates: Any) -> None:
    # FX-03: 40,000 short tie up 251,206.4 of 250,000; 10,000 long needs nothing more under max_side
    trades = [{"instrument": "USD_JPY", "side": "short", "units": 40_000, "price": "157.008", "age_s": 60}]
    at = desk({"balance": "250000", "trades": trades, "margin_closeout": "none"})
    assert at.venue.snapshot().margin_used > at.venue.equity()
    assert updates(at.send("short", 1_000))[0].code == "INSUFFICIENT_MARGIN"
    assert updates(at.send("long", 10_000))[0].status is OrderStatus.ACCEPTED


def test_counted_units_are_symmetric_and_ordered() -> None:
    # net ≤ max_side ≤ gross on every pair of a grid, and sides may be swapped
    grid = [Decimal(units) for units in (0, 1, 999, 10_000, 40_000)]
    for long_units in grid:
        for short_units in grid:
            net, larger, gross = (counted_units(model, long_units, short_units) for model in MODELS[:3])
            assert net <= larger <= gross
            for model in MODELS[:4]:
                assert counted_units(model, long_units, short_units) == counted_units(model, short_units, long_units)


def test_isolated_margin_is_none_of_sides() -> None:
    with pytest.raises(ValueError, match="belongs to trades"):
        counted_units("isolated", Decimal(1), Decimal(1))


def _order_log(folder: Path) -> list[dict[str, Any]]:
    path = folder / "operator_logs" / "oanda_usdjpy_order_events_2025-10-22_10-31.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} of the operator logs")
    with gzip.open(path, "rt") as lines:
        return [json.loads(line) for line in lines]


@pytest.mark.data
def test_every_recorded_fill_tied_up_four_percent_of_the_middle(shared_data: Path) -> None:
    """The rate and the price that margin counts, as the broker computed them."""
    checked = 0
    for row in _order_log(shared_data):
        fill = (row["response_json"] or {}).get("orderFillTransaction") if row["status"] == "filled" else None
        if not fill or "tradeOpened" not in fill:
            continue
        opened, quote = fill["tradeOpened"], fill["fullPrice"]
        exact = (Decimal(quote["bids"][0]["price"]) + Decimal(quote["asks"][0]["price"])) / 2
        middle = nearest(exact, Decimal("0.001"))  # nine middles lie between two ticks: the broker rounds half to even
        assert margin_required("max_side", abs(Decimal(opened["units"])), Decimal(0), middle, RATE) == Decimal(
            opened["initialMarginRequired"]
        )
        checked += 1
    assert checked == 752


@pytest.mark.data
def test_the_refusals_lie_on_days_the_shipped_log_leaves_out(shared_data: Path) -> None:
    """The 54 refusals of the requirement can't be rebuilt from the file: 29 and 30 October are not in it, and its own
    refusals are of other kinds. If a fuller log is dropped in, this fails, and the refusals can be replayed from it."""
    rows = _order_log(shared_data)
    days = {row["ts"][:10] for row in rows}
    assert not days & {"2025-10-29", "2025-10-30"}
    refused = [row["error_message"] for row in rows if row["status"] == "rejected"]
    assert len(refused) == 17
    assert set(refused) == {"STOP_LOSS_ON_FILL_LOSS", "LOSING_TAKE_PROFIT", "NO_POSITION_TO_REDUCE"}
