"""Facts that close positions: gains at the price that closes, falls from the best one, fees, and breaking even.

Of the position's side (`position.side`), like those of `position.py`; there gains are told at the middle, here at the
price that a close would get.
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.facts.costs import even
from ruleengine.units import HOME, PIPS, PRICE, RATIO

_OF_SIDE = "for t in trades if t.instrument == instrument.name and t.side == position.side"
_BASES = (("first", "first_entry_price", "first entry"), ("average", "average_price", "average entry"))


def _gain(price: str, basis: str) -> str:
    return f"position.sign * (position.{price} - position.{basis})"


def _gains() -> tuple[Fact, ...]:
    """At the closing price now and at the best one, over each basis."""
    found = []
    for word, basis, spoken in _BASES:
        now = _gain("exit_price", basis)
        best = "position.best_gain" if word == "average" else _gain("best_price", basis)
        of_now = f"move of the closing price over the {spoken}, in the position's favour"
        of_best = f"largest move of the closing price over the {spoken} since it was flat"
        found += [
            Fact(f"position.closing_gain_over_{word}", "position", RATIO, of_now, f"{now} / position.{basis}"),
            Fact(f"position.pips_over_{word}", "position", PIPS, f"{of_now}, in pips", f"pips({now})"),
            Fact(f"position.peak_pips_over_{word}", "position", PIPS, f"{of_best}, in pips", f"pips({best})"),
        ]
    return tuple(found)


_BACK_OFF = "position.sign * (position.best_price - position.exit_price)"

FACTS: tuple[Fact, ...] = (
    *_gains(),
    Fact(
        "position.back_off",
        "position",
        PIPS,
        "fall from the best closing price since it was flat",
        f"pips({_BACK_OFF})",
        source="PY-04, OPS-05",
    ),
    Fact(
        "position.back_off_ratio",
        "position",
        RATIO,
        "fall from the best closing price since it was flat, over that price",
        f"{_BACK_OFF} / position.best_price",
        source="PY-04, OPS-05",
    ),
    Fact(
        "position.cost_of_opening",
        "position",
        HOME,
        "fees of opening what is still open of its side",
        f"sum(t.cost_of_opening {_OF_SIDE})",
    ),
    Fact(
        "position.fees",
        "position",
        HOME,
        "fees of opening what is still open of its side, and of closing it now",
        f"sum(t.fees {_OF_SIDE})",
        source="PY-03",
    ),
    Fact(
        "position.break_even",
        "position",
        PRICE,
        "price at which closing its side by one order leaves nothing after all its fees",
        even("position", "average_price", "side_units"),
        source="PY-03",
        example="position.exit_price > position.break_even",
    ),
)
