"""Facts: a slot of a frame, or a definition over other facts, written out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import naming
from ruleengine.diagnostics.catalogue.pages import a_or_an
from ruleengine.facts.base import Fact
from ruleengine.facts.catalogue import COLLECTIONS, FACTS, FRAME_LETTER
from ruleengine.syntax import parse, tree
from ruleengine.typecheck import fitting
from ruleengine.typecheck.constants import folded_for_good
from ruleengine.typecheck.names import EVERYTHING
from ruleengine.typecheck.typed import Expr, FactRef

if TYPE_CHECKING:
    from ruleengine.typecheck.expression import Checker


def fact(checker: Checker, wanted: Fact, place: Span | None, each: bool) -> Expr:
    """A primitive fact's slot, or a derived fact's definition. `each`: of a comprehension's element."""
    if checker.scope.after and not each and f"{wanted.name}_after" in FACTS:
        wanted = FACTS[f"{wanted.name}_after"]
    if not each:
        missing = _missing_frame(checker, wanted)
        if missing:
            shown = place or Span(f"<{wanted.name}>", 1, 1, 1, 1)
            return checker.fail(naming.not_in_scope(shown, wanted.name, missing, checker.scope.spoken))
    if wanted.definition is None:
        letter = _letter(checker, wanted, each)
        ref = FactRef(letter, wanted.slot, wanted.name, wanted.static)
        return Expr("fact", wanted.type, data=ref, span=place, label=wanted.name)
    expr = _written_out(checker, wanted, each).expr
    return Expr(expr.op, wanted.type, expr.args, expr.data, place, wanted.name)


def name_in_definition(checker: Checker, node: tree.Name) -> Expr:
    """A name inside a fact's definition: its own frame's facts follow the element where it is one."""
    wanted = FACTS[node.path]
    is_of_element = checker.is_each and not (checker.variable and checker.variable[0])
    return fact(checker, wanted, None, is_of_element and wanted.frame in ("trade", "position", "closed", "market"))


def _letter(checker: Checker, wanted: Fact, each: bool) -> str:
    letter = FRAME_LETTER[wanted.frame]
    if not each:
        return letter
    collection = COLLECTIONS[checker.variable[1]] if checker.variable else ""
    if wanted.frame == "position" and collection == "trade":
        return "p"
    return {"trade": "e", "position": "e", "closed": "e", "market": "em"}.get(wanted.frame, letter)


def _missing_frame(checker: Checker, wanted: Fact) -> str:
    """What the fact needs and the scope does not have, in words; "" where it has everything."""
    if wanted.frame == "closed":
        return "a closed trade"
    needed = [wanted] if wanted.definition is None else _written_out(checker, wanted, False).primitives
    for primitive in needed:
        if primitive.frame not in checker.scope.frames:
            return a_or_an(primitive.frame)
        only = checker.scope.only
        if primitive.frame == "intent" and only is not None and primitive.name not in only:
            return "an intent"
    return ""


class _WrittenOut(NamedTuple):
    expr: Expr
    primitives: tuple[Fact, ...]
    """The slots that it reads outside of comprehensions, and one of the account where it has one."""


_WRITTEN_OUT: dict[tuple[str, str, bool, str], _WrittenOut] = {}
"""By account currency, name, of an element or not, and the collection. They depend on no policy, so that each is made
once a process."""


def _written_out(checker: Checker, wanted: Fact, each: bool) -> _WrittenOut:
    collection = checker.variable[1] if each and checker.variable else ""
    key = (checker.names.currency, wanted.name, each, collection)
    if key not in _WRITTEN_OUT:
        inner = checker.inside(EVERYTHING, 0, 1e-6)
        inner.depth, inner.is_definition, inner.is_each = 0, True, each
        inner.variable = ("", collection) if collection else None
        inner.place = _DefinitionPlace(wanted.name)
        expr = inner.read(_definition(wanted))
        expr = fitting.fit(inner, expr, wanted.type) or expr
        same = fitting.homely(inner, expr.type) == fitting.homely(inner, wanted.type)
        assert same, (wanted.name, expr.type, wanted.type)
        expr = folded_for_good(expr)
        refs = {node.data.name: None for node in expr.walk() if node.op == "fact" and node.data.letter[0] != "e"}
        reads_account = any(node.op == "agg" for node in expr.walk())
        primitives = (*(FACTS[name] for name in refs), *([FACTS["account.balance"]] if reads_account else []))
        _WRITTEN_OUT[key] = _WrittenOut(expr, primitives)
    return _WRITTEN_OUT[key]


class _DefinitionPlace:
    """Stands for a leaf: parts of a definition lie in `<account.equity>`, which is no file."""

    def __init__(self, name: str) -> None:
        self.node, self.name = self, name

    def span_at(self, start: int, end: int) -> Span:
        return Span(f"<{self.name}>", 1, start + 1, 1, end + 1)


@cache
def _definition(wanted: Fact) -> tree.Syntax:
    assert wanted.definition is not None
    syntax, found = parse(wanted.definition, Span(f"<{wanted.name}>", 1, 1, 1, len(wanted.definition) + 1))
    assert syntax is not None, found
    return syntax
