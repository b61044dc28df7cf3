"""Facts of how a position has gone since its last addition: best gains and falls from the best price since then alone.

Each is the twin of one that is measured since the side was flat (`position.py`, `position_exits.py`), and says the same
until the first addition. An addition begins them anew: what the price had reached before it counts no more (PY-03).
"""

from __future__ import annotations

from ruleengine.facts.base import Fact
from ruleengine.units import PIPS, RATIO

_OVER = "move of the closing price over the {} since the last addition"
_OVER_FIRST = "position.sign * (position.best_price_since_addition - position.first_entry_price)"
_OVER_AVERAGE = "position.best_gain_since_addition"
_BACK_OFF = "position.sign * (position.best_price_since_addition - position.exit_price)"

FACTS: tuple[Fact, ...] = (
    Fact(
        "position.peak_over_first_since_addition",
        "position",
        RATIO,
        f"largest {_OVER.format('first entry')}",
        f"{_OVER_FIRST} / position.first_entry_price",
        source="PY-03, OPS-05",
    ),
    Fact(
        "position.peak_over_average_since_addition",
        "position",
        RATIO,
        "largest gain of the closing price over the average entry of its time since the last addition, as a share of"
        " the average",
        f"{_OVER_AVERAGE} / position.average_price",
        source="PY-03, OPS-05",
    ),
    Fact(
        "position.peak_pips_over_first_since_addition",
        "position",
        PIPS,
        f"largest {_OVER.format('first entry')}, in pips",
        f"pips({_OVER_FIRST})",
    ),
    Fact(
        "position.peak_pips_over_average_since_addition",
        "position",
        PIPS,
        f"largest {_OVER.format('average entry')}, in pips",
        f"pips({_OVER_AVERAGE})",
    ),
    Fact(
        "position.back_off_since_addition",
        "position",
        PIPS,
        "fall from the best closing price since the last addition",
        f"pips({_BACK_OFF})",
        source="PY-03, OPS-05",
        example="position.back_off_since_addition >= 2pips",
    ),
    Fact(
        "position.back_off_ratio_since_addition",
        "position",
        RATIO,
        "fall from the best closing price since the last addition, over that price",
        f"{_BACK_OFF} / position.best_price_since_addition",
        source="PY-03, OPS-05",
    ),
)
