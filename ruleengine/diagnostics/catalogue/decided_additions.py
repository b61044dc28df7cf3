"""RE600–RE619: why a ladder or pyramid added nothing.

The engine words these itself, with the measured values of the moment (`runtime/`); here stands what each code means.
The codes are those of `runtime/codes.py`, which a test holds equal.
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Row, told_by_the_engine

ROWS: tuple[Row, ...] = (
    Row(
        "RE600",
        "addition whose condition does not hold",
        "A signal on the side of an open position came, and the `when` of the rule that would add to it is false.",
        "It is refused with its reason and never opens a second position (SC-05, SC-18).",
        "position.pnl_of_margin = -2.1% >= -2%",
        "position.pnl_of_margin = -1.9% >= -2%",
    ),
    Row(
        "RE601",
        "addition that can't be judged",
        "The condition of a ladder or pyramid, its steps or one of its bounds is unknown.",
        "An addition adds risk; not knowing is no permission (SC-05).",
        "position.leverage missing (its opening named none)",
        "position.leverage = 3",
    ),
    Row(
        "RE602",
        "another order that adds or closes is out",
        "An order that opens or adds to the position, or that closes all of it, is on its way, or its fate is unknown.",
        "Additions go one at a time, each judged on what the one before has made of the position (SC-07); and what is "
        "being closed is not added to.",
        "1 order out that adds",
        "none out",
    ),
    Row(
        "RE603",
        "no step left",
        "The position has as many additions as `most` allows, or as the ladder has steps.",
        "Past the last step there is no addition (SC-02).",
        "3 additions, 3 steps",
        "2 additions, 3 steps",
    ),
    Row(
        "RE604",
        "addition too soon after the last one",
        "Less time than `interval` has passed since the last addition first filled.",
        "Additions keep their distance, also over a restart (SC-05).",
        "44s since the last addition, interval 45s",
        "45s since the last addition",
    ),
    Row(
        "RE605",
        "no addition left on this day",
        "The rule has added to the instrument as often as `per_day` allows, in positions that are closed by now too.",
        "Once a day means once, whatever became of the position (PY-02).",
        "1 addition today, per_day: 1",
        "0 additions today",
    ),
)

told_by_the_engine(ROWS, "none: decisions are shown in tests/runtime/engine/test_ladders.py")
