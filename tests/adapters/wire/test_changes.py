"""What may be asked of a resting order's change is the same at every venue."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.kis.instruments import plain_share
from adapters.wire.changes import check_change
from ruleengine.model.instrument import Instrument
from ruleengine.model.order import Order
from ruleengine.model.side import Side

D = Decimal
SHARE = plain_share("005930")
ORDER = Order("a", SHARE.name, Side.LONG, D(10), type="limit", price=D(70_000))


@pytest.mark.parametrize(
    ("order", "spec", "units", "price", "why"),
    [
        (None, None, None, None, "nothing to change"),
        (None, None, D(0), None, "0 as units"),
        (None, None, D("NaN"), None, "NaN as units"),
        (None, None, D("sNaN"), None, "sNaN as units"),
        (None, None, None, D("Infinity"), "Infinity as price"),
        (None, None, D(5), D(-1), "-1 as price"),
        (ORDER, None, D(11), None, "11 units are more than the 10 of order a"),
        (ORDER, SHARE, D("6.5"), None, "6.5 units are no multiple of the lot 1 of 005930"),
        (ORDER, SHARE, None, D(70_050), "70050 is no multiple of the tick 100 of 005930"),
        (ORDER, SHARE, None, D(49_975), "49975 is no multiple of the tick 50"),
    ],
)
def test_what_is_no_change_is_an_error(
    order: Order | None, spec: Instrument | None, units: Decimal | None, price: Decimal | None, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        check_change(order, spec, units, price)


@pytest.mark.parametrize(
    ("order", "spec", "units", "price"),
    [
        (ORDER, SHARE, D(10), D("69900.00")),
        (ORDER, SHARE, D("1E+1"), D(49_950)),
        (ORDER, None, D("6.5"), D(70_050)),
        (None, SHARE, D(11), D(70_050)),
    ],
)
def test_what_is_one_passes(
    order: Order | None, spec: Instrument | None, units: Decimal | None, price: Decimal | None
) -> None:
    """Without an order of ours, and without a grid that is known, nothing more is asked than figures."""
    check_change(order, spec, units, price)
