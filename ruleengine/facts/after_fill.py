"""Facts of an intent: what position and account would be after a fill of `size` at the current middle.

Each `…_after` is the fact of that name under the account's margin model, once the order has filled. Orders that are
out, or whose fate is not known, count as filled in full there, of every instrument and of both sides (reductions count
nothing), so that caps hold for the worst case (OPS-01). Where sides net, those of one side fill and those of the other
don't: whichever leaves more.
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.units import HOME, RATIO, UNITS

FACTS: tuple[Fact, ...] = (
    Fact(
        "position.net_units_after",
        "intent",
        UNITS,
        "net units after the fill, and after whatever is out on that side",
        "position.net_units + intent.net_change * size + (0 if reduce_only else"
        " (position.pending_long_units if intent.net_change > 0 else 0 - position.pending_short_units))",
    ),
    Fact(
        "position.highest_net_after",
        "intent",
        UNITS,
        "net units after the fill, should whatever is out on the long side fill too, and nothing on the short side",
        "position.net_units + intent.net_change * size + (0 if reduce_only else position.pending_long_units)",
        source="OPS-01",
    ),
    Fact(
        "position.lowest_net_after",
        "intent",
        UNITS,
        "net units after the fill, should whatever is out on the short side fill too, and nothing on the long side",
        "position.net_units + intent.net_change * size - (0 if reduce_only else position.pending_short_units)",
        source="OPS-01",
    ),
    Fact(
        "position.long_units_after",
        "intent",
        UNITS,
        "long units after the fill, and after whatever is out on that side",
        "max(position.highest_net_after, 0) if account.nets else position.long_units + intent.long_change * size"
        " + (0 if reduce_only else position.pending_long_units)",
        is_positive=True,
    ),
    Fact(
        "position.short_units_after",
        "intent",
        UNITS,
        "short units after the fill, and after whatever is out on that side",
        "max(0 - position.lowest_net_after, 0) if account.nets else position.short_units + intent.short_change * size"
        " + (0 if reduce_only else position.pending_short_units)",
        is_positive=True,
    ),
    Fact(
        "position.gross_units_after",
        "intent",
        UNITS,
        "long plus short after the fill; where sides net, the larger that may come",
        "max(position.long_units_after, position.short_units_after) if account.nets"
        " else position.long_units_after + position.short_units_after",
        is_positive=True,
    ),
    Fact(
        "position.long_value_after",
        "intent",
        HOME,
        "value of the long side after the fill",
        "mid * position.long_units_after * instrument.quote_to_home",
        is_positive=True,
    ),
    Fact(
        "position.short_value_after",
        "intent",
        HOME,
        "value of the short side after the fill",
        "mid * position.short_units_after * instrument.quote_to_home",
        is_positive=True,
    ),
    Fact(
        "position.gross_value_after",
        "intent",
        HOME,
        "value of both sides after the fill",
        "mid * position.gross_units_after * instrument.quote_to_home",
        is_positive=True,
    ),
    Fact(
        "position.margin_units_after",
        "intent",
        UNITS,
        "units that the model asks margin for after the fill",
        "account.weight_net * max(abs(position.highest_net_after), abs(position.lowest_net_after))"
        " + account.weight_max_side * max(position.long_units_after, position.short_units_after)"
        " + account.weight_gross * position.gross_units_after",
        is_positive=True,
        source="FX-01, FX-02",
    ),
    Fact(
        "intent.opened_units",
        "intent",
        UNITS,
        "units by which the fill, and whatever is out on that side, add to a side",
        "max(position.long_units_after - position.long_units, 0)"
        " + max(position.short_units_after - position.short_units, 0)",
        is_positive=True,
        source="SC-06",
    ),
    Fact(
        "intent.levered_units",
        "intent",
        UNITS,
        "isolated: units that the fill adds, and those out, each × what 1 / its leverage is above the margin rate",
        "intent.opened_units * intent.levered_rate + max(position.pending_levered_units"
        " - (position.pending_long_units + position.pending_short_units) * intent.levered_rate, 0)"
        " if account.isolates and not reduce_only else 0",
        is_positive=True,
        source="SC-06",
    ),
    Fact(
        "position.margin_after",
        "intent",
        HOME,
        "margin of the position after the fill; isolated: of what is opened, by the order's own leverage",
        "mid * (position.margin_units_after * instrument.margin_rate + intent.levered_units)"
        " * instrument.quote_to_home",
        is_positive=True,
        source="FX-02, SC-06",
    ),
    Fact(
        "account.margin_used_after",
        "intent",
        HOME,
        "margin used after the fill, under the account's model",
        "account.margin_used - position.margin + position.margin_after"
        " + (0 if reduce_only else sum(p.pending_margin for p in positions"
        " if p.pending_long_units + p.pending_short_units > 0) - position.pending_margin)",
        is_positive=True,
        source="FX-02",
    ),
    Fact(
        "account.free_margin_after",
        "intent",
        HOME,
        "margin available after the fill, floor 0",
        "max(account.equity - account.margin_used_after, 0)",
        is_positive=True,
    ),
    Fact(
        "account.free_margin_ratio_after",
        "intent",
        RATIO,
        "available / net asset value after the fill",
        "ratio(account.free_margin_after / positive(account.equity))",
        most=1.0,
        source="FX-03",
    ),
    Fact(
        "account.margin_used_of_equity_after",
        "intent",
        RATIO,
        "used / net asset value after the fill",
        "ratio(account.margin_used_after / positive(account.equity))",
        source="FX-34",
    ),
    Fact(
        "account.margin_used_of_available_after",
        "intent",
        RATIO,
        "used / (used + available) after the fill",
        "ratio(account.margin_used_after / (account.margin_used_after + account.free_margin_after))",
        most=1.0,
        rises_with="account.margin_used_after",
        source="FX-34",
    ),
    Fact(
        "account.gross_exposure_after",
        "intent",
        RATIO,
        "Σ value of both sides / equity after the fill",
        "account.gross_exposure + ratio((position.gross_value_after - position.gross_value"
        " + (0 if reduce_only else sum(p.pending_long_value + p.pending_short_value for p in positions"
        " if p.pending_long_units + p.pending_short_units > 0)"
        " - position.pending_long_value - position.pending_short_value)) / positive(account.equity))",
        least=0.0,
        source="FX-04",
    ),
    Fact(
        "account.long_exposure_after",
        "intent",
        RATIO,
        "Σ value of longs / equity after the fill",
        "account.long_exposure + ratio((position.long_value_after - position.long_value"
        " + (0 if reduce_only else sum(p.pending_long_value for p in positions if p.pending_long_units > 0)"
        " - position.pending_long_value)) / positive(account.equity))",
        least=0.0,
        source="FX-04",
    ),
    Fact(
        "account.short_exposure_after",
        "intent",
        RATIO,
        "Σ value of shorts / equity after the fill",
        "account.short_exposure + ratio((position.short_value_after - position.short_value"
        " + (0 if reduce_only else sum(p.pending_short_value for p in positions if p.pending_short_units > 0)"
        " - position.pending_short_value)) / positive(account.equity))",
        least=0.0,
        source="FX-04",
    ),
)
