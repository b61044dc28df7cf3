"""What would have to become different for a rule to pass or act, in words (the search is `runtime.judging.change`)."""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.graph.node import Block, Graph
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure
from ruleengine.model.number import are_equal, decimal_of
from ruleengine.runtime.judging.change import Change, Turn
from ruleengine.runtime.judging.verdicts import SIGNS, scale_of_unit


def said(change: Change | None, compared: Sequence[Comparison]) -> str:
    """A change in words; "" where there is none."""
    turns = () if change is None else change.turns
    return ", and ".join(dict.fromkeys(_said(turn, compared) for turn in turns))


def _said(turn: Turn, compared: Sequence[Comparison]) -> str:
    if turn.unknown:
        return f"{turn.unknown}: it has to become known"
    if turn.check >= 0:
        return needed(compared[turn.check], turn.wanted)
    return f"{turn.label} would have to be {'true' if turn.wanted else 'false'}"


def block_of(graph: Graph, section: str, rule: str, compared: Sequence[Comparison]) -> Block | None:
    """The block of a rule in which these comparisons were made."""
    texts = [each.text for each in compared]
    for name, block in graph.blocks.items():
        if name.startswith(f"{section}/{rule}."):
            mine = [f"{each.left_text} {SIGNS[each.operator]} {each.right_text}" for each in block.checks]
            if mine == texts:
                return block
    return None


MISSED = {"lt": "too high", "le": "too high", "gt": "too low", "ge": "too low", "eq": "off", "ne": "equal"}
"""What is wrong with the left value where a comparison fails."""
_TURN = {"too high": "fall", "too low": "rise", "off": "change", "equal": "differ"}
_BACK = {"fall": "rise", "rise": "fall", "change": "differ", "differ": "change"}


def needed(compared: Comparison, wanted: bool) -> str:
    """What would have to happen to the left value for the wanted verdict.

    >>> needed(Comparison("spread <= limit", "le", 2.0, 1.2, False, "pips", -0.8), True)
    'spread would have to fall by 0.8pips, to 1.2pips'
    >>> needed(Comparison("trade.age > 24h", "gt", 82800.0, 86400.0, False, "duration", -3600.0), True)
    'trade.age would have to rise by more than 1h, to above 24h'
    """
    if compared.distance is None:
        return f"{compared.text} would have to {'hold' if wanted else 'fail'}"
    verb = _TURN[MISSED[compared.operator]]
    verb = verb if wanted else _BACK[verb]
    name, limit = measured_of(compared), figure(compared.right, compared.unit)
    if is_at_limit(compared):
        beyond = beyond_of(verb)
        return f"{name} would have to {verb} {'to ' * (beyond == 'other than')}{beyond} {limit}"
    by = figure(abs(compared.distance), compared.unit)
    if compared.operator in (("lt", "gt") if wanted else ("le", "ge")):
        return f"{name} would have to {verb} by more than {by}, to {beyond_of(verb)} {limit}"
    return f"{name} would have to {verb} by {by}, to {limit}"


def beyond_of(verb: str) -> str:
    return {"fall": "below", "rise": "above"}.get(verb, "other than")


def measured_of(compared: Comparison) -> str:
    """The left side as its author wrote it."""
    return compared.text.split(f" {SIGNS[compared.operator]} ")[0]


def is_at_limit(compared: Comparison) -> bool:
    """Both sides are equal by the language's own measure."""
    left, right = decimal_of(compared.left), decimal_of(compared.right)
    return are_equal(left, right, scale_of_unit(compared.unit))
