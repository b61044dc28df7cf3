"""The largest orders that a policy itself allows, as far as it alone bounds them; ∞ where it doesn't (OPS-01).

an order   what its rule asks for, no more than the smallest size of sizing that counts for all of its kind, times
           all scales of its kind at their largest
the first  the largest of what entries open
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isinf

from ruleengine.schema.entries import Entry
from ruleengine.schema.guards import Sizing
from ruleengine.schema.hedges import Hedge
from ruleengine.schema.rule import AppliesTo
from ruleengine.typecheck.policy import TypedRule
from ruleengine.typecheck.ranges import Ranges
from ruleengine.typecheck.rules import as_list


class Largest:
    """Of the acting rules of a policy."""

    def __init__(self, rules: Sequence[TypedRule]) -> None:
        self._rules, self._ranges = rules, Ranges({}, {})
        self.entries = [(rule, self.order("entry", self._wanted(rule))) for rule in rules if _enters(rule)]
        """Each entry with the largest order that it makes."""
        self.first = max((units for _, units in self.entries), default=inf)
        self.hedges = [(rule, self.order("hedge_open", self._wanted(rule))) for rule in rules if _hedges(rule)]
        """Each hedge that opens, likewise."""

    def order(self, kind: str, wanted: float) -> float:
        """The largest order of a kind of intent, of what its rule asks for."""
        sizes, scale = [wanted], 1.0
        for rule, words in self._sizing(kind):
            outputs = dict(rule.blocks["size"].outputs)
            if "size" in outputs and not narrows(words):
                sizes.append(self._ranges.of(outputs["size"]).high)
            if "scale" in outputs:
                scale *= max(self._ranges.of(outputs["scale"]).high, 1.0)
        largest = min(sizes)
        return inf if isinf(largest) or isinf(scale) else largest * scale

    def _sizing(self, kind: str) -> Iterator[tuple[TypedRule, AppliesTo]]:
        for rule in self._rules:
            if isinstance(rule.source, Sizing) and rule.source.enforcement == "enforce":
                kinds = as_list(rule.source.applies_to.intent)
                if not kinds or kind in kinds:
                    yield rule, rule.source.applies_to

    def _wanted(self, rule: TypedRule) -> float:
        """What the rule itself asks for."""
        block = rule.blocks.get("order")
        size = None if block is None else dict(block.outputs).get("size")
        return inf if size is None else self._ranges.of(size).high


def narrows(words: AppliesTo | None) -> bool:
    """Do the words leave out some of their kind?"""
    keys = ("strategy", "pocket", "side", "instrument", "when")
    return words is not None and any(getattr(words, key) is not None for key in keys)


def _enters(rule: TypedRule) -> bool:
    return isinstance(rule.source, Entry) and rule.source.enforcement == "enforce"


def _hedges(rule: TypedRule) -> bool:
    return isinstance(rule.source, Hedge) and rule.source.open is not None and rule.source.enforcement == "enforce"
