"""Facts of what a trade costs beside its price, where it breaks even, and what it risks at its first stop.

The fee of closing is what a market order at the price that closes would cost now: max(share × value + fixed, least),
and the tax on what is sold. Where the fees of the opening were not heard (a trade from before the run), they are told
in the same way, at the entry price.

Breaking even solves  sign × (P − entry) × units × rate = fees of opening + fee of closing at P.  With a fixed cost F
and a share f of the closing value,  P = (entry + sign × F / rate / units) / (1 − sign × f);  of the two forms of the
fee (by share, or the least) the one that costs more counts.
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.units import DISTANCE, HOME, NUMBER, PRICE

_VALUE = "trade.{0} * trade.units * instrument.quote_to_home"


def _fee(price: str, sold: str) -> str:
    """Fee and tax of a market order for all of the trade at a price. `sold`: the side that it sells."""
    value = _VALUE.format(price)
    return (
        f"max({value} * instrument.taker_fee + instrument.order_fee, instrument.least_fee)"
        f" + ({value} * instrument.sell_tax if trade.side == {sold} else 0)"
    )


def even(of: str, entry: str, units: str) -> str:
    """The price at which a trade or position breaks even: the farther one, by the fee's share or by its least."""
    by_share = _even(of, entry, units, "instrument.order_fee", "instrument.taker_fee")
    by_least = _even(of, entry, units, "instrument.least_fee", "0%")
    return f"max({by_share}, {by_least}) if {of}.side == long else min({by_share}, {by_least})"


def _even(of: str, entry: str, units: str, fixed: str, share: str) -> str:
    """The price at which the fee is `fixed` and a share of the value."""
    cost = f"({of}.cost_of_opening + {fixed}) / instrument.quote_to_home"
    tax = f"(instrument.sell_tax if {of}.side == long else 0)"
    given = f"({of}.{entry} * {of}.{units} + {of}.sign * ({cost})) / {of}.{units}"
    return f"{given} / (1 - {of}.sign * ({share} + {tax}))"


FACTS: tuple[Fact, ...] = (
    Fact(
        "trade.opening_fees",
        "trade",
        HOME,
        "fees paid for opening what is still open of it; unknown where its opening was not heard",
    ),
    Fact(
        "trade.first_stop",
        "trade",
        PRICE,
        "price of the stop it was opened with; unknown where there was none",
        is_positive=True,
    ),
    Fact(
        "trade.cost_of_opening",
        "trade",
        HOME,
        "fees of opening what is still open: as paid, or as a market order would have cost",
        f"coalesce(trade.opening_fees, {_fee('entry_price', 'short')})",
    ),
    Fact(
        "trade.cost_of_closing",
        "trade",
        HOME,
        "fees of closing it now by a market order, with tax",
        _fee("exit_price", "long"),
        is_positive=True,
    ),
    Fact(
        "trade.fees",
        "trade",
        HOME,
        "fees of opening what is still open, and of closing it now",
        "trade.cost_of_opening + trade.cost_of_closing",
        source="PY-03",
        example="trade.pnl > 2 * trade.fees",
    ),
    Fact(
        "trade.pnl_after_fees",
        "trade",
        HOME,
        "what closing it now would leave: open result less all its fees",
        "trade.pnl - trade.fees",
        source="FX-20",
        example="trade.pnl_after_fees < 0",
    ),
    Fact(
        "trade.break_even",
        "trade",
        PRICE,
        "price at which closing it leaves nothing after all its fees",
        even("trade", "entry_price", "units"),
        source="PY-03",
        example="trade.break_even < trade.target",
    ),
    Fact(
        "trade.risk",
        "trade",
        DISTANCE,
        "distance from the entry to the first stop; unknown without one",
        "abs(trade.entry_price - trade.first_stop)",
        is_positive=True,
        source="OPS-05",
        example="trade.peak_r >= 1",
    ),
    Fact(
        "trade.gain_r",
        "trade",
        NUMBER,
        "price move in its favour in multiples of its risk",
        "trade.sign * (trade.exit_price - trade.entry_price) / positive(trade.risk)",
        source="OPS-05",
        example="trade.gain_r >= 1.5",
    ),
    Fact(
        "trade.peak_r",
        "trade",
        NUMBER,
        "largest price move in its favour since the opening, in multiples of its risk",
        "trade.sign * (trade.best_price - trade.entry_price) / positive(trade.risk)",
        source="OPS-05",
    ),
)
