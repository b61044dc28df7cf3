"""Facts of how large the account's position in an instrument is: its sides, their value, and the margin they need.

Sizes of the sides are whoever's; first and average entry, additions, result and age are of our own trades on
`position.side`, like those of `position.py`.
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.units import COUNT, DURATION, HOME, PRICE, TIME, UNITS

FACTS: tuple[Fact, ...] = (
    Fact("position.long_units", "position", UNITS, "open long units, ours and manual", is_positive=True),
    Fact("position.short_units", "position", UNITS, "open short units, ours and manual", is_positive=True),
    Fact(
        "position.pending_long_units",
        "position",
        UNITS,
        "units that working and unknown orders could still add to the long side",
        is_positive=True,
        source="OPS-01",
    ),
    Fact(
        "position.pending_short_units",
        "position",
        UNITS,
        "units that working and unknown orders could still add to the short side",
        is_positive=True,
        source="OPS-01",
    ),
    Fact(
        "position.first_entry_price",
        "position",
        PRICE,
        "price of our first fill since we were flat on its side",
        is_positive=True,
        source="PY-01",
    ),
    Fact(
        "position.average_price",
        "position",
        PRICE,
        "average entry price of ours on its side",
        is_positive=True,
        source="PY-03",
    ),
    Fact("position.opened_at", "position", TIME, "time of our first fill since we were flat on its side"),
    Fact(
        "position.additions",
        "position",
        COUNT,
        "orders that added to its side since that was flat",
        is_positive=True,
        source="SC-05",
    ),
    Fact(
        "position.pending_levered_units",
        "position",
        UNITS,
        "units that orders which are out could still add, each × what 1 / its leverage is above the instrument's margin"
        " rate; 0 unless margin is isolated",
        is_positive=True,
        source="SC-06, OPS-01",
    ),
    Fact("position.net_units", "position", UNITS, "long less short", "position.long_units - position.short_units"),
    Fact(
        "position.gross_units",
        "position",
        UNITS,
        "long plus short",
        "position.long_units + position.short_units",
        is_positive=True,
    ),
    Fact(
        "position.long_value",
        "position",
        HOME,
        "value of the long side in account currency",
        "mid * position.long_units * instrument.quote_to_home",
        is_positive=True,
    ),
    Fact(
        "position.short_value",
        "position",
        HOME,
        "value of the short side in account currency",
        "mid * position.short_units * instrument.quote_to_home",
        is_positive=True,
    ),
    Fact(
        "position.gross_value",
        "position",
        HOME,
        "value of both sides in account currency",
        "position.long_value + position.short_value",
        is_positive=True,
    ),
    Fact(
        "position.margin_units",
        "position",
        UNITS,
        "units that the account's model asks margin for",
        "account.weight_net * abs(position.long_units - position.short_units)"
        " + account.weight_max_side * max(position.long_units, position.short_units)"
        " + account.weight_gross * (position.long_units + position.short_units)",
        is_positive=True,
        source="FX-01",
    ),
    Fact(
        "position.margin",
        "position",
        HOME,
        "margin of the position by the account's model",
        "mid * position.margin_units * instrument.quote_to_home * instrument.margin_rate",
        is_positive=True,
        source="FX-01",
    ),
    Fact(
        "position.pending_long_value",
        "position",
        HOME,
        "value of the long units that orders which are out could still add",
        "mid * position.pending_long_units * instrument.quote_to_home",
        is_positive=True,
        source="OPS-01",
    ),
    Fact(
        "position.pending_short_value",
        "position",
        HOME,
        "value of the short units that orders which are out could still add",
        "mid * position.pending_short_units * instrument.quote_to_home",
        is_positive=True,
        source="OPS-01",
    ),
    Fact(
        "position.pending_margin",
        "position",
        HOME,
        "margin that orders which are out could still ask for, each unit in full",
        "mid * ((position.pending_long_units + position.pending_short_units) * instrument.margin_rate"
        " + position.pending_levered_units) * instrument.quote_to_home",
        is_positive=True,
        source="OPS-01",
    ),
    Fact(
        "position.pnl",
        "position",
        HOME,
        "open result of our trades on its side",
        "sum(t.pnl for t in trades if t.instrument == instrument.name and t.side == position.side)",
    ),
    Fact("position.age", "position", DURATION, "time since the first fill", "now - position.opened_at"),
)
