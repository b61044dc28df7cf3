"""The shape of a list of candidates."""

# annotations are not postponed here, as in `policy`
from ruleengine.schema.base import Shape, key, optional
from ruleengine.schema.leaf import Expression, NameId, Words


class Candidates(Shape):
    """The best of the policy's instruments, ranked again at a cadence (PY-09).

    Its name is a condition (is the instrument kept?); `NAME.rank` is its place, `NAME.score` its score."""

    id: NameId = key("its name, for expressions too: letters, digits and `_`", "watchlist")
    eligible: Expression | None = optional(
        "what an instrument has to fulfil; unknown counts as no", "last >= 1_000 and spread_ratio <= 0.4%"
    )
    score: Expression = key("what is compared, the higher the better; unknown is not ranked", "day.volume / 1_000units")
    keep: Expression = key("how many are kept; ties by name", 30)
    every: Expression = key("time between rankings, counted from midnight UTC", "60s")
    doc: Words | None = optional("what it is for", "liquid shares that move")
