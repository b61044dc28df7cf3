"""Syntax tree → typed tree. A fault gives a node of type `any`, so that checking goes on.

forms.py        numbers, signs, sums, products, choices    references.py   what a name stands for
comparisons.py  both sides in one unit, words              derived.py      facts that are defined by expressions
calls.py        builtins, aggregates, functions            arguments.py    what a function's parameters get
fitting.py      a value where another unit is wanted
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import measures, naming, reading
from ruleengine.schema.leaf import Expression
from ruleengine.syntax import parse, tree
from ruleengine.typecheck import calls, comparisons, currencies, fitting, forms, references, remedies
from ruleengine.typecheck.arguments import signature_of
from ruleengine.typecheck.calls import AGGREGATES, BUILTINS
from ruleengine.typecheck.names import Names, Scope
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, BARS, BOOL, Type

__all__ = ["AGGREGATES", "BUILTINS", "Checker", "signature_of"]

EXPANDED_MAX = 50_000
"""Nodes of an expression with every feature, table and derived fact written out: what keeps features that double each
other from exhausting memory."""

NESTED_MAX = 64
"""Levels of an expression with everything written out: keeps every walk of a tree, and Python's parser on the text that
is generated from it, far from their limits."""


class Checker:
    """Checks expressions of one policy in one scope.

    `variable`: name and collection of the comprehension around; `is_each`: facts of its element are meant without
    saying so, as in the definition of a derived fact (`is_definition`)."""

    def __init__(self, names: Names, scope: Scope, warm_after: int = 0, cut_weight: float = 1e-6) -> None:
        self.names, self.scope = names, scope
        self.warm_after, self.cut_weight = warm_after, cut_weight
        self.variable: tuple[str, str] | None = None
        self.is_each = self.is_definition = False
        self.place: Any = None
        self.depth = 0

    # --- entry points -------------------------------------------------------------------------------------------------

    def check(self, leaf: Expression, words: Type | None = None) -> Expr:
        """The typed tree of a leaf; faults go to `names.found`. `words`: an enum whose words may stand bare."""
        syntax, found = parse(leaf.text, _flat(leaf))
        self.names.found += [_relocated(each, leaf) for each in found]
        if syntax is None:
            return lost(leaf.node.span)
        before, self.place = self.place, leaf
        result = self.read(syntax) if words is None else comparisons.word_of(self, syntax, words)
        self.place = before
        self.names.read.append(result)
        return result

    def condition(self, leaf: Expression) -> Expr:
        """A typed condition."""
        result = self.check(leaf)
        if result.type not in (BOOL, ANY):
            return self.fail(measures.not_a_condition(leaf.node.span, str(result.type)))
        return result

    def value(self, leaf: Expression, *expected: Type) -> Expr:
        """A typed value of one of the expected types (a bare number is taken as the first that admits one)."""
        result = self.check(leaf, expected[0] if expected[0].kind == "enum" else None)
        if result.type == ANY:
            return result
        for wanted in expected:
            fitted = fitting.fit(self, result, wanted)
            if fitted is not None:
                return fitted
        fault = currencies.foreign(self.names, leaf.node.span, expected[0], result.type)
        wanted_words = " or ".join(map(str, expected))
        remedy = remedies.of_value(self, result, *expected)
        return self.fail(fault or measures.wrong_value_type(leaf.node.span, wanted_words, str(result.type), remedy))

    # --- for the forms ------------------------------------------------------------------------------------------------

    def read(self, node: tree.Syntax, takes_bars: bool = False) -> Expr:
        """The typed tree of a syntax tree, within the limits. Bars as a whole are no value but for a function."""
        self.depth += 1
        if self.depth > NESTED_MAX:
            result = self.fail(reading.too_deep(self.span(node), NESTED_MAX))
        else:
            result = self._form(node)
            if result.depth > NESTED_MAX:
                result = self.fail(reading.too_deep(self.span(node), NESTED_MAX))
            elif result.size > EXPANDED_MAX:
                result = self.fail(reading.too_many_nodes(self.span(node), EXPANDED_MAX))
            elif result.type == BARS and not takes_bars:
                result = self.fail(_bars_as_value(self.span(node), result.label))
        self.depth -= 1
        return result

    def _form(self, node: tree.Syntax) -> Expr:
        match node:
            case tree.Number():
                return forms.number(self, node)
            case tree.Truth():
                return Expr("const", BOOL, data=node.value, span=self.span(node))
            case tree.Text():
                return forms.text(self, node)
            case tree.Name():
                return references.name(self, node)
            case tree.Unary():
                return forms.unary(self, node)
            case tree.Binary():
                return forms.binary(self, node)
            case tree.Compare():
                return comparisons.compare(self, node)
            case tree.Logic():
                return forms.logical(self, node)
            case tree.OneOf():
                return comparisons.one_of(self, node)
            case tree.Choice():
                return forms.choice(self, node)
            case tree.Call():
                return calls.call(self, node)
            case tree.Comprehension():
                return self.fail(naming.comprehension_outside(self.span(node)))

    def truth(self, node: tree.Syntax) -> Expr:
        """A part that has to be a condition."""
        expr = self.read(node)
        if expr.type not in (BOOL, ANY):
            return self.fail(measures.not_a_condition(self.span(node), str(expr.type)))
        return expr

    def inside(self, scope: Scope, warm_after: int, cut_weight: float) -> Checker:
        """A checker for a definition that the expression names; it goes on counting levels."""
        inner = Checker(self.names, scope, warm_after, cut_weight)
        inner.depth = self.depth
        return inner

    def span(self, node: tree.Syntax) -> Span:
        return self.at(node.start, node.end)

    def at(self, start: int, end: int) -> Span:
        """The place in the file of characters of the text that is being read."""
        place: Span = self.place.node.span_at(start, end)
        return place

    def fail(self, diagnostic: Diagnostic) -> Expr:
        """Note the fault; what stands there gets a type that fits everywhere."""
        self.names.found.append(diagnostic)
        return lost(diagnostic.span)

    def has(self, frame: str) -> bool:
        return frame in self.scope.frames


def _bars_as_value(place: Span, timeframe: str) -> Diagnostic:
    return naming.not_a_value(place, timeframe, "a timeframe", f"{timeframe}.close")


def lost(span: Span | None) -> Expr:
    return Expr("const", ANY, data=True, span=span)


def _flat(leaf: Expression) -> Span:
    """A one-line span with the text's own offsets, so that `within` gives them back."""
    return Span("", 1, 1, 1, len(leaf.text) + 1)


def _relocated(diagnostic: Diagnostic, leaf: Expression) -> Diagnostic:
    place = leaf.node.span_at(diagnostic.span.col - 1, diagnostic.span.end_col - 1)
    return replace(diagnostic, span=place)
