"""Facts of how a position came about and how it has gone: its side, its first order, its additions, its peaks.

All of them are of our own trades; the account's sizes, `position.long_units` and its like, are whoever's. And they are
of one side: our larger one (`position.side`), or in a rule that adds to a position the side it adds to; that matters
where both sides stand, on a hedging account. Peaks are prices, so that no addition and no partial close
distorts them (OPS-05). What they come to since the last addition alone is in `position_since.py`.
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.facts.trading import SIDE
from ruleengine.units import COUNT, DISTANCE, DURATION, HOME, NUMBER, PRICE, RATIO, TIME, UNITS

PRIMITIVE: tuple[Fact, ...] = (
    Fact("position.side", "position", SIDE, "the side on which ours is open, the larger one of both"),
    Fact("position.side_units", "position", UNITS, "open units of ours on its side; 0 while flat", is_positive=True),
    Fact(
        "position.initial_units",
        "position",
        UNITS,
        "filled units of the order that opened it",
        is_positive=True,
        source="PY-02",
    ),
    Fact(
        "position.leverage",
        "position",
        NUMBER,
        "leverage of its opening order: the signal's, else its rule's; unknown where neither named one",
        is_positive=True,
        source="SC-06",
    ),
    Fact(
        "position.last_addition_at",
        "position",
        TIME,
        "time of the last addition's first fill; unknown before the first one",
        source="SC-05",
    ),
    Fact(
        "position.additions_today",
        "position",
        COUNT,
        "additions in the instrument since the account's day began, also to positions that are closed by now",
        is_positive=True,
        source="PY-02",
    ),
    Fact(
        "position.best_price",
        "position",
        PRICE,
        "most favourable closing price since it was flat, kept over restarts",
        is_positive=True,
        source="OPS-05",
    ),
    Fact(
        "position.worst_price",
        "position",
        PRICE,
        "least favourable closing price since it was flat",
        is_positive=True,
        source="OPS-05",
    ),
    Fact(
        "position.best_gain",
        "position",
        DISTANCE,
        "largest gain of the closing price over the average entry of its time since it was flat; an addition or a"
        " partial close moves the average, and takes nothing of it back",
        source="PY-04, OPS-05",
    ),
    Fact(
        "position.best_price_since_addition",
        "position",
        PRICE,
        "most favourable closing price since the order that added last; before the first addition, since it was flat",
        is_positive=True,
        source="PY-03",
    ),
    Fact(
        "position.best_gain_since_addition",
        "position",
        DISTANCE,
        "largest gain of the closing price over the average entry of its time since the order that added last; before"
        " the first addition, since it was flat",
        source="PY-03, OPS-05",
    ),
)

DERIVED: tuple[Fact, ...] = (
    Fact("position.sign", "position", NUMBER, "+1 for a long, −1 for a short", "1 if position.side == long else -1"),
    Fact(
        "position.exit_price",
        "position",
        PRICE,
        "the price that would close it now: bid for a long, ask for a short",
        "bid if position.side == long else ask",
        is_positive=True,
    ),
    Fact(
        "position.value",
        "position",
        HOME,
        "value of its side at the middle, in account currency",
        "mid * position.side_units * instrument.quote_to_home",
        is_positive=True,
        source="SC-06",
    ),
    Fact(
        "position.margin_own",
        "position",
        HOME,
        "isolated margin of its side: value / leverage",
        "position.value / position.leverage",
        is_positive=True,
        source="SC-06",
        example="position.margin_own + intent.margin <= 100USD",
    ),
    Fact(
        "position.pnl_of_margin",
        "position",
        RATIO,
        "open result of its side at the closing price, as a share of its own margin",
        "ratio(position.sign * (position.exit_price - position.average_price) * position.side_units"
        " * instrument.quote_to_home / positive(position.margin_own))",
        source="SC-05",
        example="position.pnl_of_margin >= -2%",
    ),
    Fact(
        "position.since_addition",
        "position",
        DURATION,
        "time since the last addition; unknown before the first one",
        "now - position.last_addition_at",
        source="SC-05",
    ),
    Fact(
        "position.gain_over_first",
        "position",
        RATIO,
        "price move of the middle over the first entry, in the position's favour",
        "position.sign * (mid - position.first_entry_price) / position.first_entry_price",
        source="PY-01",
    ),
    Fact(
        "position.gain_over_average",
        "position",
        RATIO,
        "price move of the middle over the average entry, in the position's favour",
        "position.sign * (mid - position.average_price) / position.average_price",
        source="PY-03",
    ),
    Fact(
        "position.peak_over_first",
        "position",
        RATIO,
        "largest move of the closing price over the first entry since it was flat",
        "position.sign * (position.best_price - position.first_entry_price) / position.first_entry_price",
        source="PY-04, OPS-05",
    ),
    Fact(
        "position.peak_over_average",
        "position",
        RATIO,
        "largest gain of the closing price over the average entry of its time, as a share of the average",
        "position.best_gain / position.average_price",
        source="OPS-05",
    ),
)

FACTS = PRIMITIVE + DERIVED
