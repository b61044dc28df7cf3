"""The smallest change that would have turned a condition around, by the structure that its author gave it.

Of a conjunction every part that fails has to change, of an alternative the cheapest one. What a change costs is its
distance as a share of the limit; a word or a truth costs more than any number near its limit, and a value that is not
known more than a number but less than a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruleengine.graph.node import Block, Graph
from ruleengine.model.comparison import Comparison
from ruleengine.model.number import are_equal, decimal_of
from ruleengine.model.unknown import Unknown
from ruleengine.reports.tables import figure
from ruleengine.runtime.verdicts import SIGNS, scale_of_unit

_UNKNOWN_COST, _WORD_COST = 10.0, 100.0
_UNLESS, _APPLIES = "unless", "applies"


@dataclass(frozen=True, slots=True)
class Change:
    """What has to become different, in words; nothing where nothing has to."""

    cost: float
    parts: tuple[str, ...] = ()


def smallest_change(
    graph: Graph, block: Block, output: str, compared: Sequence[Comparison], truths: Mapping[int, object] | None = None
) -> tuple[str, ...]:
    """What would make an output of a block true (with its `applies`, or in place of both its `unless`), by what the
    block compared. `truths`: values of nodes where they are at hand; a condition that is no comparison counts as it
    stands there, else as fulfilled."""
    search = _Search(graph, dict(zip((check.node for check in block.checks), compared, strict=True)), truths or {})
    roots = dict(block.outputs)
    ways = [_all([search.to(roots[name], True) for name in (_APPLIES, output) if name in roots])]
    if _UNLESS in roots:
        ways.append(search.to(roots[_UNLESS], True))
    way = _cheapest(ways)
    return () if way is None else way.parts


def block_of(graph: Graph, section: str, rule: str, compared: Sequence[Comparison]) -> Block | None:
    """The block of a rule in which these comparisons were made."""
    texts = [each.text for each in compared]
    for name, block in graph.blocks.items():
        if name.startswith(f"{section}/{rule}."):
            mine = [f"{each.left_text} {SIGNS[each.operator]} {each.right_text}" for each in block.checks]
            if mine == texts:
                return block
    return None


class _Search:
    def __init__(self, graph: Graph, compared: Mapping[int, Comparison], truths: Mapping[int, object]) -> None:
        self._graph, self._compared, self._truths = graph, compared, truths

    def to(self, node_id: int, wanted: bool) -> Change | None:
        """What makes a node so; None where nothing can."""
        node = self._graph.nodes[node_id]
        if node_id in self._compared:
            return _turned(self._compared[node_id], wanted)
        if node.op == "not":
            return self.to(node.args[0], not wanted)
        if node.op in ("and", "or"):
            ways = [self.to(arg, wanted) for arg in node.args]
            return _all(ways) if (node.op == "and") is wanted else _cheapest(ways)
        if node.op == "const":
            return Change(0.0) if node.data is wanted else None
        return self._condition(node_id, wanted)

    def _condition(self, node_id: int, wanted: bool) -> Change:
        node = self._graph.nodes[node_id]
        value = self._truths.get(node_id, wanted)
        name = node.label or (f"`{node.data}`" if node.op == "schedule" else node.op)
        if isinstance(value, Unknown):
            return Change(_UNKNOWN_COST, (f"{str(value).removeprefix('unknown: ')}: it has to become known",))
        if bool(value) is wanted:
            return Change(0.0)
        return Change(_WORD_COST, (f"{name} would have to be {'true' if wanted else 'false'}",))


def _turned(compared: Comparison, wanted: bool) -> Change:
    if compared.verdict is wanted:
        return Change(0.0)
    if compared.verdict is None:
        unknown = next((each for each in (compared.left, compared.right) if _is_unknown(each)), compared.text)
        text = f"{str(unknown).removeprefix('unknown: ')}: it has to become known"
        return Change(_UNKNOWN_COST, (text,))
    if compared.distance is None:
        return Change(_WORD_COST, (needed(compared, wanted),))
    return Change(abs(compared.distance) / (abs(float(compared.right)) or 1.0), (needed(compared, wanted),))


MISSED = {"lt": "too high", "le": "too high", "gt": "too low", "ge": "too low", "eq": "off", "ne": "equal"}
"""What is wrong with the left value where a comparison fails."""
_TURN = {"too high": "fall", "too low": "rise", "off": "change", "equal": "differ"}
_BACK = {"fall": "rise", "rise": "fall", "change": "differ", "differ": "change"}


def needed(compared: Comparison, wanted: bool) -> str:
    """What would have to happen to the left value for the wanted verdict.

    >>> needed(Comparison("spread <= limit", "le", 2.0, 1.2, False, "pips", -0.8), True)
    'spread would have to fall by 0.8pips, to 1.2pips'
    """
    if compared.distance is None:
        return f"{compared.text} would have to {'hold' if wanted else 'fail'}"
    verb = _TURN[MISSED[compared.operator]]
    verb = verb if wanted else _BACK[verb]
    name, limit = measured_of(compared), figure(compared.right, compared.unit)
    if is_at_limit(compared):
        beyond = {"fall": "below", "rise": "above"}.get(verb, "to other than")
        return f"{name} would have to {verb} {beyond} {limit}"
    return f"{name} would have to {verb} by {figure(abs(compared.distance), compared.unit)}, to {limit}"


def measured_of(compared: Comparison) -> str:
    """The left side as its author wrote it."""
    return compared.text.split(f" {SIGNS[compared.operator]} ")[0]


def is_at_limit(compared: Comparison) -> bool:
    """Both sides are equal by the language's own measure."""
    left, right = decimal_of(compared.left), decimal_of(compared.right)
    return are_equal(left, right, scale_of_unit(compared.unit))


def _is_unknown(value: object) -> bool:
    return isinstance(value, str) and value.startswith("unknown: ")


def _all(ways: Sequence[Change | None]) -> Change | None:
    found = [way for way in ways if way is not None]
    if len(found) < len(ways):
        return None
    parts = dict.fromkeys(part for way in found for part in way.parts)
    return Change(sum(way.cost for way in found), tuple(parts))


def _cheapest(ways: Sequence[Change | None]) -> Change | None:
    found = [way for way in ways if way is not None]
    return min(found, key=lambda way: way.cost) if found else None
