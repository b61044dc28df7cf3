"""Syntax tree → typed tree. One method per form; a fault gives a node of type `any`, so that checking goes on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

from ruleengine import units
from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import logic
from ruleengine.facts.base import Fact
from ruleengine.facts.catalogue import COLLECTIONS, ENUMS, FACTS, FRAME_LETTER
from ruleengine.functions.base import Function, Param
from ruleengine.schema.leaf import Expression
from ruleengine.schema.policy import Feature
from ruleengine.syntax import parse, tree
from ruleengine.typecheck import tables
from ruleengine.typecheck.constants import folded_for_good
from ruleengine.typecheck.names import COLUMNS, EVERYTHING, Names, Scope
from ruleengine.typecheck.typed import Expr, FactRef, SeriesCall, StepCall
from ruleengine.units import (
    ANY,
    BARS,
    BOOL,
    COUNT,
    DISTANCE,
    DURATION,
    HOME,
    LITERAL_UNITS,
    NUMBER,
    PIPS,
    PRICE,
    QUOTIENT,
    RATIO,
    TEXT,
    TIME,
    Type,
)

AGGREGATES = ("count", "sum", "min", "max", "avg", "any", "all")
BUILTINS = {
    "pips": "pips(distance)",
    "distance": "distance(pips)",
    "ratio": "ratio(quotient)",
    "positive": "positive(x)",
    "known": "known(x)",
    "coalesce": "coalesce(x, y)",
}
SIDE_TYPE = units.enum("side")
MULTIPLICATIONS_MAX = 16
_COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


class Checker:
    """Checks expressions of one policy in one scope. `each` is the frame that a comprehension's variable stands for."""

    def __init__(self, names: Names, scope: Scope, warm_after: int = 0, cut_weight: float = 1e-6) -> None:
        self.names, self.scope = names, scope
        self.warm_after, self.cut_weight = warm_after, cut_weight
        self.variable: tuple[str, str] | None = None
        self.is_each = False
        self.place: Any = None

    # --- entry points -------------------------------------------------------------------------------------------------

    def check(self, leaf: Expression) -> Expr:
        """The typed tree of a leaf; faults go to `names.found`."""
        syntax, found = parse(leaf.text, _flat(leaf))
        self.names.found += [_relocated(each, leaf) for each in found]
        if syntax is None:
            return Expr("const", ANY, data=True, span=leaf.node.span)
        before, self.place = self.place, leaf
        result = self.read(syntax)
        self.place = before
        return result

    def condition(self, leaf: Expression) -> Expr:
        """A typed condition that can change."""
        result = self.check(leaf)
        if result.type not in (BOOL, ANY):
            self.names.found.append(logic.not_a_condition(leaf.node.span, str(result.type)))
            return _lost(leaf.node.span)
        return result

    def value(self, leaf: Expression, *expected: Type) -> Expr:
        """A typed value of one of the expected types (a bare number is taken as the first that admits one)."""
        result = self.check(leaf)
        if result.type is ANY or result.type == ANY:
            return result
        for wanted in expected:
            fitted = self.fit(result, wanted)
            if fitted is not None:
                return fitted
        self.names.found.append(
            logic.wrong_value_type(leaf.node.span, " or ".join(map(str, expected)), str(result.type))
        )
        return _lost(leaf.node.span)

    def fit(self, expr: Expr, wanted: Type) -> Expr | None:
        """`expr` as a `wanted`, where that needs no more than a change of unit; else None."""
        have = self.homely(expr.type)
        wanted = self.homely(wanted)
        if have == wanted:
            return expr
        if (
            _is_bare(expr)
            and (wanted.kind in ("price", "count", "number", "quotient", "bar_count") or expr.data == 0)
            and wanted.kind in units.NUMERIC
        ):
            return Expr("const", wanted, data=expr.data, span=expr.span)
        if expr.op == "neg" and _is_bare(expr.args[0]) and wanted.kind in ("number", "count"):
            return Expr("neg", wanted, (Expr("const", wanted, data=expr.args[0].data, span=expr.span),), span=expr.span)
        if have == DISTANCE and wanted == PIPS:
            return self.to_pips(expr)
        if have == PIPS and wanted == DISTANCE:
            return self.to_distance(expr)
        if have == QUOTIENT and wanted in (RATIO, NUMBER):
            return Expr(expr.op, wanted, expr.args, expr.data, expr.span, expr.label)
        if have.kind in ("bar_count", "count") and wanted.kind in ("count", "number", "bar_count"):
            return Expr(expr.op, wanted, expr.args, expr.data, expr.span, expr.label)
        return None

    # --- helpers --------------------------------------------------------------------------------------------------------

    def span(self, node: Any) -> Span:
        return self.at(node.start, node.end)

    def at(self, start: int, end: int) -> Span:
        if self.place is None:
            return Span("<facts>", 1, start + 1, 1, end + 1)
        return self.place.node.span_at(start, end)

    def fail(self, diagnostic: Any) -> Expr:
        self.names.found.append(diagnostic)
        return _lost(diagnostic.span)

    def homely(self, type_: Type) -> Type:
        """Money in the account's stated currency is money of the account."""
        return HOME if type_.kind == "money" and type_.arg == self.names.currency and type_.arg else type_

    def to_pips(self, expr: Expr) -> Expr:
        return Expr("div", PIPS, (expr, self.pip_of(expr)), span=expr.span, label="")

    def to_distance(self, expr: Expr) -> Expr:
        return Expr("mul", DISTANCE, (expr, self.pip_of(expr)), span=expr.span)

    def pip_of(self, expr: Expr) -> Expr:
        """The pip of the instrument whose prices the value is made of."""
        each = self.is_each or any(node.op == "fact" and node.data.letter in ("e", "em") for node in expr.walk())
        return self.fact(FACTS["instrument.pip"], None, each)

    # --- forms ----------------------------------------------------------------------------------------------------------

    def read(self, node: tree.Syntax) -> Expr:
        match node:
            case tree.Number():
                return self.number(node)
            case tree.Truth():
                return Expr("const", BOOL, data=node.value, span=self.span(node))
            case tree.Text():
                return Expr("const", TEXT, data=node.value, span=self.span(node), label="word")
            case tree.Name():
                return self.name(node)
            case tree.Unary():
                return self.unary(node)
            case tree.Binary():
                return self.binary(node)
            case tree.Compare():
                return self.compare(node)
            case tree.Logic():
                return Expr(node.operator, BOOL, tuple(map(self.truth, node.operands)), span=self.span(node))
            case tree.OneOf():
                pairs = [tree.Compare("==", node.item, choice, choice.start, choice.end) for choice in node.choices]
                parts = tuple(self.compare(pair) for pair in pairs)
                return parts[0] if len(parts) == 1 else Expr("or", BOOL, parts, span=self.span(node))
            case tree.Choice():
                return self.choice(node)
            case tree.Call():
                return self.call(node)
            case tree.Comprehension():
                return self.fail(logic.comprehension_outside(self.span(node)))

    def truth(self, node: tree.Syntax) -> Expr:
        expr = self.read(node)
        if expr.type not in (BOOL, ANY):
            return self.fail(logic.not_a_condition(self.span(node), str(expr.type)))
        return expr

    def number(self, node: tree.Number) -> Expr:
        if node.unit is None:
            return Expr("const", NUMBER, data=node.value, span=self.span(node), label="bare")
        unit = units.literal_unit(node.unit)
        assert unit is not None  # the literal reader knows every unit it lets pass
        return Expr("const", self.homely(unit.type), data=node.value * Decimal(unit.factor), span=self.span(node))

    def unary(self, node: tree.Unary) -> Expr:
        if node.operator == "not":
            return Expr("not", BOOL, (self.truth(node.operand),), span=self.span(node))
        expr = self.read(node.operand)
        if expr.type.kind not in units.NUMERIC and expr.type != ANY:
            return self.fail(logic.cannot_multiply(self.span(node), "*", "plain number", str(expr.type)))
        if expr.op == "const" and isinstance(expr.data, Decimal):
            return Expr("const", expr.type, data=-expr.data, span=self.span(node), label=expr.label)
        return Expr("neg", expr.type, (expr,), span=self.span(node))

    def binary(self, node: tree.Binary) -> Expr:
        left, right = self.read(node.left), self.read(node.right)
        if ANY in (left.type, right.type):
            return _lost(self.span(node))
        if node.operator in "+-":
            return self.sum(node, left, right)
        lt, rt = self.homely(left.type), self.homely(right.type)
        operation = units.multiply if node.operator == "*" else units.divide
        result = operation(lt, rt)
        if result is None and "pips" in (lt.kind, rt.kind):
            left, right = (self.to_distance(side) if side.type == PIPS else side for side in (left, right))
            result = operation(left.type, right.type)
        if result is None:
            return self.fail(logic.cannot_multiply(self.span(node), node.operator, str(left.type), str(right.type)))
        made = Expr("mul" if node.operator == "*" else "div", self.homely(result), (left, right), span=self.span(node))
        if _multiplications(made) > MULTIPLICATIONS_MAX:
            return self.fail(logic.product_chain(self.span(node), MULTIPLICATIONS_MAX))
        return made

    def sum(self, node: tree.Binary, left: Expr, right: Expr) -> Expr:
        minus = node.operator == "-"
        op = "sub" if minus else "add"
        place = self.span(node)
        if left.type == TIME and right.type == TIME and minus:
            return Expr("elapsed", DURATION, (left, right), span=place)
        if left.type == TIME and right.type == DURATION:
            return Expr("shift", TIME, (left, Expr("neg", DURATION, (right,)) if minus else right), span=place)
        if {left.type, right.type} == {DISTANCE, PIPS}:
            left, right = (
                self.to_pips(left) if left.type == DISTANCE else left,
                self.to_pips(right) if right.type == DISTANCE else right,
            )
        elif left.type == PRICE and right.type == PIPS:
            right = self.to_distance(right)
        elif _is_bare(left) and (left.data == 0 or right.type.kind == "count"):
            left = Expr("const", right.type, data=left.data, span=left.span)
        elif _is_bare(right) and (right.data == 0 or left.type.kind == "count"):
            right = Expr("const", left.type, data=right.data, span=right.span)
        result = units.add(self.homely(left.type), self.homely(right.type), minus)
        if result is None:
            return self.fail(logic.cannot_add(place, node.operator, str(left.type), str(right.type)))
        return Expr(op, result, (left, right), span=place)

    def compare(self, node: tree.Compare) -> Expr:
        place = self.span(node)
        left, right = self.side(node.left), self.side(node.right)
        if left is None and right is None:
            self.read(node.left)
            return _lost(place)
        if left is None:
            assert right is not None
            left = self.word(node.left, right)
        elif right is None:
            right = self.word(node.right, left)
        else:
            if left.label == "word" and right.type != ANY:
                left = self.word(node.left, right)
            elif right.label == "word" and left.type != ANY:
                right = self.word(node.right, left)
        assert right is not None
        if ANY in (left.type, right.type):
            return _lost(place)
        pair = self.meet(node, left, right)
        if pair is None:
            return _lost(place)
        op = _COMPARISONS[node.operator]
        if pair[0].type.kind in ("enum", "text", "bool") and op not in ("eq", "ne"):
            return self.fail(logic.cannot_compare(place, str(pair[0].type), str(pair[1].type)))
        return Expr(op, BOOL, pair, span=place)

    def meet(self, node: tree.Compare, left: Expr, right: Expr) -> tuple[Expr, Expr] | None:
        """Both sides in one unit, or None with a finding."""
        lt, rt = self.homely(left.type), self.homely(right.type)
        if _is_bare(left) != _is_bare(right):
            bare, other, other_type = (left, right, rt) if _is_bare(left) else (right, left, lt)
            fitted = self.fit(bare, other_type)
            if fitted is None and other_type.kind in units.NUMERIC:
                text = f"{bare.data}"
                spoken = _example_of(other_type, bare.data)
                assert bare.span is not None
                self.names.found.append(logic.bare_number(bare.span, text, str(other_type), spoken))
                return None
            if fitted is not None:
                return (fitted, other) if bare is left else (other, fitted)
        if {lt, rt} == {DISTANCE, PIPS}:
            return (self.to_pips(left) if lt == DISTANCE else left, self.to_pips(right) if rt == DISTANCE else right)
        if units.comparable(lt, rt):
            return left, right
        if (
            lt.kind == rt.kind == "money"
            and not self.names.currency
            and HOME in (lt, rt)
            and "quote" not in (lt.arg, rt.arg)
        ):
            currency = rt.arg if lt == HOME else lt.arg
            self.names.found.append(logic.needs_currency(self.span(node), currency))
        else:
            self.names.found.append(logic.cannot_compare(self.span(node), str(lt), str(rt)))
        return None

    def side(self, node: tree.Syntax) -> Expr | None:
        """One side of a comparison; None where it is a bare word that names no value."""
        if isinstance(node, tree.Name) and node.back is None and "." not in node.path and not self.is_value(node.path):
            return None
        return self.read(node)

    def is_value(self, name: str) -> bool:
        names = self.names
        if self.variable is not None and self.variable[0] == name:
            return True
        return (
            name in FACTS
            or name in names.features
            or name in names.parameters
            or name in names.policy.schedules
            or name in names.timeframes
            or name in names.tables
        )

    def word(self, node: tree.Syntax, other: Expr) -> Expr:
        """A word compared with a value of an enum or of a declared vocabulary."""
        text = node.path if isinstance(node, tree.Name) else node.value if isinstance(node, tree.Text) else ""
        place = self.span(node)
        if other.type == ANY:
            return other
        if other.type.kind == "enum":
            kind = other.type.arg
            if text not in ENUMS[kind]:
                return self.fail(logic.unknown_word(place, text, kind, ENUMS[kind]))
            return Expr("const", other.type, data=text, span=place)
        if other.type == TEXT:
            vocabulary = _vocabulary(other)
            words = self.names.vocabulary(vocabulary) if vocabulary else ()
            if vocabulary and text not in words:
                return self.fail(logic.unknown_word(place, text, vocabulary, words))
            return Expr("const", TEXT, data=text, span=place)
        if isinstance(node, tree.Text):
            return self.fail(logic.cannot_compare(place, str(other.type), "text"))
        return self.fail(logic.unknown_name(place, text, self.names.candidates()))

    def choice(self, node: tree.Choice) -> Expr:
        condition, then, otherwise = self.truth(node.condition), self.read(node.then), self.read(node.otherwise)
        if ANY in (then.type, otherwise.type):
            return _lost(self.span(node))
        if _is_bare(then) != _is_bare(otherwise):
            then, otherwise = (self.fit(then, otherwise.type) or then, self.fit(otherwise, then.type) or otherwise)
        if self.homely(then.type) != self.homely(otherwise.type):
            return self.fail(logic.branches_differ(self.span(node), str(then.type), str(otherwise.type)))
        return Expr("if", self.homely(then.type), (condition, then, otherwise), span=self.span(node))

    # --- names ----------------------------------------------------------------------------------------------------------

    def name(self, node: tree.Name) -> Expr:
        place, path, names = self.span(node), node.path, self.names
        head, _, rest = path.partition(".")
        if self.variable is not None and head == self.variable[0]:
            return self.element(node, head, rest)
        if path in FACTS and node.back is None:
            return self.fact(FACTS[path], place, False)
        if path in names.parameters and node.back is None:
            names.used.add(("parameter", path))
            known = names.parameters[path]
            return Expr(known.op, known.type, known.args, known.data, place, path)
        if path in names.features and node.back is None:
            return self.feature(path, place)
        if path in names.policy.schedules:
            names.used.add(("schedule", path))
            return Expr("schedule", BOOL, data=path, span=place, label=path)
        if head in names.timeframes:
            return self.series_column(node, head, rest)
        if head in names.tables:
            return self.table(head, rest, place)
        if node.back is not None:
            return self.fail(logic.subscript(place))
        if head in {name.partition(".")[0] for name in FACTS if "." in name}:
            near = [name for name in FACTS if name.startswith(head + ".")]
            return self.fail(logic.unknown_name(place, path, near))
        return self.fail(logic.unknown_name(place, path, names.candidates()))

    def element(self, node: tree.Name, head: str, rest: str) -> Expr:
        assert self.variable is not None
        frame = COLLECTIONS[self.variable[1]]
        columns = [
            name.split(".", 1)[1] for name, fact in FACTS.items() if fact.frame == frame and not _aggregates(fact)
        ]
        if not rest:
            return self.fail(logic.not_a_value(self.span(node), head, f"one {frame}", f"{head}.{columns[0]}"))
        if rest not in columns or node.back is not None:
            return self.fail(logic.unknown_column(self.span(node), head, rest, columns))
        return self.fact(FACTS[f"{frame}.{rest}"], self.span(node), True)

    def fact(self, fact: Fact, place: Span | None, each: bool) -> Expr:
        """A primitive fact's slot, or a derived fact's definition written out. `each`: of a comprehension's element."""
        if self.scope.after and not each and f"{fact.name}_after" in FACTS:
            fact = FACTS[f"{fact.name}_after"]
        if not each and fact.frame not in self.scope.frames:
            if place is None:
                place = Span("<facts>", 1, 1, 1, 1)
            return self.fail(
                logic.not_in_scope(place, fact.name, f"{_article(fact.frame)} {fact.frame}", self.scope.spoken)
            )
        if (
            fact.frame == "intent"
            and fact.definition is None
            and self.scope.only is not None
            and fact.name not in self.scope.only
        ):
            assert place is not None
            return self.fail(logic.not_in_scope(place, fact.name, "an intent", self.scope.spoken))
        if fact.definition is None:
            letter = FRAME_LETTER[fact.frame]
            if each:
                letter = {"trade": "e", "position": "e", "market": "em"}.get(fact.frame, letter)
                if fact.frame == "position" and self.variable_frame() == "trade":
                    letter = "p"
            return Expr(
                "fact", fact.type, data=FactRef(letter, fact.slot, fact.name, fact.static), span=place, label=fact.name
            )
        return self.derived(fact, place, each)

    def variable_frame(self) -> str:
        return COLLECTIONS[self.variable[1]] if self.variable else ""

    def derived(self, fact: Fact, place: Span | None, each: bool) -> Expr:
        collection = self.variable[1] if each and self.variable else ""
        key = (self.names.currency, fact.name, each, collection)
        expr = _DERIVED.get(key)
        if expr is None:
            inner = _Definition(self.names, EVERYTHING)
            inner.is_each = each
            inner.variable = ("", collection) if collection else None
            inner.place = _DefinitionPlace(fact.name)
            expr = inner.read(_definition(fact))
            expr = self.fit(expr, fact.type) or expr
            assert self.homely(expr.type) == self.homely(fact.type), (fact.name, expr.type, fact.type)
            expr = _DERIVED[key] = folded_for_good(expr)
        return Expr(expr.op, fact.type, expr.args, expr.data, place, fact.name)

    def feature(self, name: str, place: Span) -> Expr:
        names = self.names
        names.used.add(("feature", name))
        if name in names.in_progress:
            return self.fail(logic.cycle(place, [*names.in_progress[names.in_progress.index(name) :], name]))
        feature = names.features[name]
        leaf = feature.value if isinstance(feature, Feature) else feature
        warm, weight = self.warm_after, self.cut_weight
        if isinstance(feature, Feature):
            warm = int(feature.warm_after.value.number) if feature.warm_after else warm
            weight = float(feature.cut_weight.value.number) if feature.cut_weight else weight
        names.in_progress.append(name)
        inner = Checker(names, self.scope, warm, weight)
        expr = inner.check(leaf)
        names.in_progress.pop()
        return Expr(expr.op, expr.type, expr.args, expr.data, place, name)

    def table(self, name: str, column: str, place: Span) -> Expr:
        table = self.names.tables[name]
        if column not in table.columns:
            return self.fail(logic.unknown_column(place, name, column, list(table.columns)))
        self.names.used.update({("table", name), ("column", f"{name}.{column}")})
        if name in self.names.in_progress:
            return self.fail(logic.cycle(place, [*self.names.in_progress[self.names.in_progress.index(name) :], name]))
        self.names.in_progress.append(name)
        expr = tables.column(self, name, table, column, place)
        self.names.in_progress.pop()
        return expr

    def series_column(self, node: tree.Name, timeframe: str, column: str) -> Expr:
        """`m1.close` where a value is wanted: that of the last closed bar; `m1` alone: the bars themselves."""
        place = self.span(node)
        self.names.used.add(("timeframe", timeframe))
        if not column:
            return Expr("series", BARS, data=SeriesCall("", timeframe, "", (), 0, 0, 1.0), span=place, label=timeframe)
        if column not in COLUMNS:
            return self.fail(logic.unknown_column(place, timeframe, column, COLUMNS))
        element = units.UNITS if column == "volume" else PRICE
        call = SeriesCall("", timeframe, column, (), node.back or 0, self.warm_after, self.cut_weight)
        return Expr("series", element, data=call, span=place, label=f"{timeframe}.{column}")

    # --- calls ----------------------------------------------------------------------------------------------------------

    def call(self, node: tree.Call) -> Expr:
        place = self.span(node)
        inside = node.arguments[0] if len(node.arguments) == 1 and not node.keywords else None
        if isinstance(inside, tree.Comprehension):
            if node.function not in AGGREGATES:
                if node.function in self.names.functions or node.function in BUILTINS:
                    return self.fail(logic.comprehension_outside(place))
                return self.fail(logic.unknown_function(self.at(node.start, node.name_end), node.function, AGGREGATES))
            return self.aggregate(node.function, inside, place)
        if node.function in BUILTINS:
            return self.builtin(node, place)
        function = self.names.functions.get(node.function)
        if function is None:
            where = self.at(node.start, node.name_end)
            if node.function in AGGREGATES:
                return self.fail(logic.needs_comprehension(where, node.function))
            return self.fail(
                logic.unknown_function(where, node.function, [*self.names.functions, *AGGREGATES, *BUILTINS])
            )
        bound = self.bind(function, node)
        return _lost(place) if bound is None else self.apply(function, bound, place)

    def builtin(self, node: tree.Call, place: Span) -> Expr:
        wanted = 2 if node.function == "coalesce" else 1
        if node.keywords or len(node.arguments) != wanted:
            given = len(node.arguments) + len(node.keywords)
            return self.fail(logic.argument_count(place, node.function, BUILTINS[node.function], given))
        first = self.read(node.arguments[0])
        if first.type == ANY:
            return first
        match node.function:
            case "known":
                return Expr("known", BOOL, (first,), span=place)
            case "coalesce":
                second = self.read(node.arguments[1])
                fitted = self.fit(second, first.type)
                if second.type == ANY:
                    return second
                if fitted is None:
                    return self.fail(logic.branches_differ(place, str(first.type), str(second.type)))
                return Expr("coalesce", first.type, (first, fitted), span=place)
            case "positive" if first.type.kind in units.NUMERIC:
                return Expr("positive", first.type, (first,), span=place)
            case "ratio" if first.type.kind in ("quotient", "ratio", "number"):
                return Expr(first.op, RATIO, first.args, first.data, place, first.label)
            case "pips" if first.type == DISTANCE:
                made = self.to_pips(first)
                return Expr(made.op, made.type, made.args, made.data, place)
            case "distance" if first.type == PIPS:
                return self.to_distance(first)
        expected = {
            "pips": "price distance",
            "distance": "pips",
            "ratio": "quotient of like units",
            "positive": "number",
        }
        return self.fail(logic.argument_type(place, node.function, "x", expected[node.function], str(first.type)))

    def aggregate(self, name: str, node: tree.Comprehension, place: Span) -> Expr:
        if node.collection not in COLLECTIONS:
            where = self.at(node.collection_start, node.collection_end)
            return self.fail(logic.unknown_name(where, node.collection, list(COLLECTIONS)))
        before, each_before = self.variable, self.is_each
        self.variable, self.is_each = (node.variable, node.collection), isinstance(self, _Definition)
        condition = self.truth(node.condition) if node.condition else Expr("const", BOOL, data=True)
        is_bare = isinstance(node.element, tree.Name) and node.element.path == node.variable
        element = Expr("const", NUMBER, data=Decimal(1)) if name == "count" and is_bare else self.read(node.element)
        self.variable, self.is_each = before, each_before
        if ANY in (element.type, condition.type):
            return _lost(place)
        if name == "count":
            return Expr(
                "agg", COUNT, (Expr("const", NUMBER, data=Decimal(1)), condition), (name, node.collection), place
            )
        if name in ("any", "all"):
            if element.type != BOOL:
                return self.fail(logic.not_a_condition(place, str(element.type)))
            return Expr("agg", BOOL, (element, condition), (name, node.collection), place)
        if element.type.kind not in units.NUMERIC or element.type == TIME:
            return self.fail(logic.argument_type(place, name, "element", "number", str(element.type)))
        return Expr("agg", element.type, (element, condition), (name, node.collection), place)

    def bind(self, function: Function, node: tree.Call) -> list[tuple[Param, tree.Syntax]] | None:
        """Arguments by parameter, in the parameters' order; None with a finding."""
        place = self.span(node)
        signature = signature_of(function)
        if function.variadic:
            if node.keywords or len(node.arguments) < len(function.params):
                given = len(node.arguments) + len(node.keywords)
                return self._none(logic.argument_count(place, function.name, signature, given))
            last = function.params[-1]
            return [
                (function.params[min(i, len(function.params) - 1)] if i < len(function.params) else last, a)
                for i, a in enumerate(node.arguments)
            ]
        if len(node.arguments) > len(function.params):
            given = len(node.arguments) + len(node.keywords)
            return self._none(logic.argument_count(place, function.name, signature, given))
        given_by_name: dict[str, tree.Syntax] = {}
        for param, argument in zip(function.params, node.arguments, strict=False):
            given_by_name[param.name] = argument
        for name, value, start in node.keywords:
            where = self.at(start, start + len(name))
            if name not in {param.name for param in function.params}:
                return self._none(
                    logic.unknown_parameter(where, function.name, name, [p.name for p in function.params])
                )
            if name in given_by_name:
                return self._none(logic.argument_twice(where, function.name, name))
            given_by_name[name] = value
        bound: list[tuple[Param, tree.Syntax]] = []
        for param in function.params:
            if param.name in given_by_name:
                bound.append((param, given_by_name[param.name]))
            elif param.default is None:
                given = len(node.arguments) + len(node.keywords)
                return self._none(logic.argument_count(place, function.name, signature, given))
            else:
                default, _ = parse(param.default, Span("<default>", 1, 1, 1, len(param.default) + 1))
                assert default is not None
                bound.append((param, default))
        return bound

    def _none(self, diagnostic: Any) -> None:
        self.names.found.append(diagnostic)

    def apply(self, function: Function, bound: list[tuple[Param, tree.Syntax]], place: Span) -> Expr:
        variables: dict[str, Type] = {}
        args: list[Expr] = []
        constants: list[float] = []
        for param, syntax in bound:
            expr = self.argument(function, param, syntax, variables)
            if expr is None or expr.type == ANY:
                return _lost(place)
            if param.constant:
                assert isinstance(expr.data, Decimal)
                constants.append(float(expr.data))
            else:
                args.append(expr)
        result = _result_type(function, variables, args)
        if function.kind == "scalar":
            return Expr("call", result, tuple(args), function, place)
        if function.kind == "step":
            return Expr("step", result, tuple(args), StepCall(function.name, tuple(constants)), place)
        source: SeriesCall = args[0].data
        call = SeriesCall(
            function.name,
            source.timeframe,
            source.column,
            tuple(constants),
            source.back,
            self.warm_after,
            self.cut_weight,
        )
        return Expr("series", result, (), call, place)

    def argument(
        self, function: Function, param: Param, syntax: tree.Syntax, variables: dict[str, Type]
    ) -> Expr | None:
        if (
            isinstance(syntax, tree.Name)
            and param.constant
            and syntax.path in ("session", "day", "week")
            and param.type == TEXT
        ):
            return Expr("const", TEXT, data=syntax.path)
        expr = self.read(syntax)
        if expr.type == ANY:
            return expr
        place = expr.span or self.at(syntax.start, syntax.end)
        wanted = param.type
        if isinstance(wanted, str):
            bound = variables.get(wanted)
            if bound is None or (_is_bare_type(bound, variables, wanted) and not _is_bare(expr)):
                variables[wanted] = self.homely(expr.type)
                variables[wanted + " bare"] = NUMBER if _is_bare(expr) else ANY
                return expr
            wanted = bound
        if isinstance(wanted, Type) and wanted.kind in ("bars", "series"):
            return self.series_argument(function, param, wanted, expr, place)
        fitted = self.fit(expr, wanted)
        if fitted is None:
            return self.fail(logic.argument_type(place, function.name, param.name, str(wanted), str(expr.type)))
        if param.constant:
            if fitted.op != "const":
                return self.fail(logic.argument_not_constant(place, function.name, param.name))
            low, high = param.least, param.most
            number = float(fitted.data)
            if (low is not None and number < low) or (high is not None and number > high):
                bounds = (
                    f"at least {low:g}"
                    if high is None
                    else f"at most {high:g}"
                    if low is None
                    else f"{low:g} to {high:g}"
                )
                return self.fail(logic.argument_bounds(place, function.name, param.name, bounds))
            if wanted.kind in ("count", "bar_count") and number != int(number):
                return self.fail(logic.argument_bounds(place, function.name, param.name, "a whole number"))
        return fitted

    def series_argument(self, function: Function, param: Param, wanted: Type, expr: Expr, place: Span) -> Expr:
        is_source = expr.op == "series" and expr.data.function == ""
        if is_source and (wanted.kind == "bars") == (expr.type == BARS):
            if wanted.kind == "series" and wanted.arg not in ("", "any", expr.type.kind):
                return self.fail(logic.argument_type(place, function.name, param.name, str(wanted), str(expr.type)))
            return expr
        got = (
            "timeframe" if expr.type == BARS else f"value ({expr.type})" if not is_source else f"series of {expr.type}"
        )
        expected = "timeframe such as `m1`" if wanted.kind == "bars" else "series such as `m1.close`"
        return self.fail(logic.argument_type(place, function.name, param.name, expected, got))


_DERIVED: dict[tuple[str, str, bool, str], Expr] = {}
"""Derived facts written out: by account currency, name, of an element or not, and the collection. They depend on no
policy, so that they are made once a process."""


class _Definition(Checker):
    """Reads a derived fact's definition: its own frame's facts follow the element where it is one."""

    def name(self, node: tree.Name) -> Expr:
        head, _, rest = node.path.partition(".")
        if self.variable is not None and head == self.variable[0] and rest:
            return super().element(node, head, rest)
        fact = FACTS[node.path]
        each = self.is_each and fact.frame in ("trade", "position", "market")
        if self.variable is not None and self.variable[0]:
            each = False
        return self.fact(fact, None, each)


class _DefinitionPlace:
    """Stands for a leaf: parts of a definition lie in `<account.equity>`, which is no file."""

    def __init__(self, name: str) -> None:
        self.node, self.name = self, name

    def span_at(self, start: int, end: int) -> Span:
        return Span(f"<{self.name}>", 1, start + 1, 1, end + 1)


@cache
def _definition(fact: Fact) -> tree.Syntax:
    assert fact.definition is not None
    syntax, found = parse(fact.definition, Span(f"<{fact.name}>", 1, 1, 1, len(fact.definition) + 1))
    assert syntax is not None, found
    return syntax


def signature_of(function: Function) -> str:
    parts = [param.name + (f"={param.default}" if param.default is not None else "") for param in function.params]
    return f"{function.name}({', '.join(parts)}{', …' if function.variadic else ''})"


# --- small questions -----------------------------------------------------------------------------------------------------


def _lost(span: Span | None) -> Expr:
    return Expr("const", ANY, data=True, span=span)


def _is_bare(expr: Expr) -> bool:
    return expr.op == "const" and expr.label == "bare"


def _is_bare_type(bound: Type, variables: dict[str, Type], name: str) -> bool:
    return variables.get(name + " bare") == NUMBER and bound == NUMBER


def _multiplications(expr: Expr) -> int:
    if expr.op not in ("mul", "div"):
        return 0
    return 1 + sum(_multiplications(arg) for arg in expr.args)


def _article(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"


def _vocabulary(expr: Expr) -> str:
    if expr.op == "fact":
        return FACTS[expr.data.name].values
    return ""


def _example_of(type_: Type, number: Any) -> str:
    if type_.kind == "money":
        return f"{number}{type_.arg if type_.arg not in ('home', 'quote') else 'JPY'}"
    suffix = next((word for word, unit in LITERAL_UNITS.items() if unit.type == type_), "")
    return f"{number}{suffix}"


def _aggregates(fact: Fact) -> bool:
    """Does the fact's own definition go over a collection? Then it can't stand inside another comprehension."""
    return fact.definition is not None and " for " in fact.definition


def _result_type(function: Function, variables: dict[str, Type], args: list[Expr]) -> Type:
    if isinstance(function.returns, Type):
        return function.returns
    if function.returns == "element":
        return args[0].type
    if function.returns == "spread of element":
        return DISTANCE if args[0].type == PRICE else args[0].type
    return variables[function.returns]


def _flat(leaf: Expression) -> Span:
    """A one-line span with the text's own offsets, so that `within` gives them back."""
    return Span("", 1, 1, 1, len(leaf.text) + 1)


def _relocated(diagnostic: Any, leaf: Expression) -> Any:
    place = leaf.node.span_at(diagnostic.span.col - 1, diagnostic.span.end_col - 1)
    return replace(diagnostic, span=place)
