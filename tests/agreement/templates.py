"""What the generator chooses from: literals on grids, and how a value of each kind is made of others."""

from __future__ import annotations

KINDS = (
    "price", "distance", "pips", "ratio", "duration", "time", "units", "contracts", "money", "quote", "count", "number",
    "quotient", "bool",
)  # fmt: skip
LITERALS: dict[str, tuple[str, ...]] = {
    "pips": ("0pips", "1pips", "1.2pips", "0.5pips", "2pips", "10pips", "1000pips"),
    "ratio": ("0%", "5%", "8%", "20%", "35%", "50%", "92%", "100%", "10bps", "1bps", "250bps"),
    "duration": ("0s", "1s", "30s", "60s", "1min", "2min", "24h", "1d", "6000ms", "1500ms"),
    "units": ("0units", "1_000units", "10_000units", "15_000units", "0.1units"),
    "contracts": ("1contracts", "0.1contracts", "3contracts"),
    "money": ("0JPY", "1_000JPY", "100_000JPY", "0.5JPY", "1_000_000JPY"),
    "quote": (),
    "number": ("0", "1", "0.5", "2", "30", "70", "-1", "1.5"),
}
BARE: dict[str, tuple[str, ...]] = {
    "price": ("157", "157.01", "156.98", "60_000", "1.0835", "71_500", "limit_price"),
    "count": ("0", "1", "2", "3"),
}
"""Numbers without a unit, which have a type only beside a value that has one: in comparisons."""

STEPS = {"distance": "instrument.tick", "number": "0.5", "count": "limit_count"}
"""What values are rounded to where literals are no such steps."""

PLAIN_KINDS = ("price", "distance", "pips", "ratio", "duration", "units", "contracts", "money", "count", "number")

CANCELLING = ("distance", "pips", "ratio", "duration", "units", "money", "number")
"""Kinds whose sums are drawn so that they cancel."""

TALLY = "count(…)"

# `{kind!}` is a leaf: a price is never scaled by a sum that cancels, since there is no price of zero
FORMS: dict[str, tuple[str, ...]] = {
    "price": (
        "({price}) + ({distance})",
        "({price}) - ({pips})",
        "({price}) - ({distance})",
        "({distance}) + ({price})",
        "({price}) * {units!} / {units!}",
        "({price}) * {ratio!}",
        "({price}) / ({number})",
    ),
    "distance": (
        "({price}) - ({price})",
        "distance({pips})",
        "({distance}) + ({distance})",
        "({number}) * ({distance})",
        "({distance}) - ({distance})",
        "({price}) - ({price}) - (({price}) - ({price}))",
        "({distance}) / ({number})",
    ),
    "pips": (
        "pips({distance})",
        "({pips}) + ({distance})",
        "({pips}) - ({pips})",
        "({number}) * ({pips})",
        "55% of ({pips})",
        "({pips}) / ({number})",
    ),
    "ratio": (
        "ratio({quotient})",
        "({distance}) / ({price})",
        "ramp({T}, {T}, {T})",
        "({ratio}) + ({ratio})",
        "({ratio}) - ({ratio})",
        "({ratio}) * ({ratio})",
        "ratio(({T}) / ({T}))",
    ),
    "duration": (
        "({time}) - ({time})",
        "({duration}) + ({duration})",
        "({duration}) - ({duration})",
        "({number}) * ({duration})",
        "({duration}) / ({number})",
    ),
    "time": ("({time}) + ({duration})", "({time}) - ({duration})"),
    "units": (
        "({units}) + ({units})",
        "({units}) - ({units})",
        "({quote}) / ({price})",
        "({ratio}) * ({units})",
        "({contracts}) * instrument.contract_size",
        "55% of ({units})",
        "({units}) / ({number})",
    ),
    "contracts": (
        "({units}) / instrument.contract_size",
        "({contracts}) - ({contracts})",
        "({contracts}) * ({number})",
    ),
    "money": (
        "({quote}) * instrument.quote_to_home",
        "({money}) + ({money})",
        "({money}) - ({money})",
        "({ratio}) * ({money})",
        "({money}) / ({number})",
        "({money}) - ({money}) - (({money}) - ({money}))",
    ),
    "quote": ("({price}) * ({units})", "({distance}) * ({units})", "({money}) / instrument.quote_to_home"),
    "count": ("({count}) + ({count})", "({count}) - ({count})", "({count}) + ({count}) - ({count})", TALLY),
    "number": (
        "floor({number})",
        "ceil({number})",
        "sign({T})",
        "({number}) + ({number})",
        "({number}) - ({number})",
        "({number}) * ({number})",
        "({number}) / ({number})",
        "floor({quotient})",
    ),
    "quotient": ("({T}) / ({T})", "({price}) / ({distance})", "({count}) / ({count})"),
}
