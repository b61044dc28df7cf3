"""Nodes → Python text, twice: as written by hand where everything is known, and with unknowns carried through.

The hand-written form raises `TypeError` on an unknown and `ZeroDivisionError` on a division by zero; the generated
function then falls to the second form (see `module.py`). Comparisons with a constant have the tolerance worked into it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ruleengine.backends.scalar import kleene
from ruleengine.graph.node import COMPARISONS, Graph, Node
from ruleengine.model.number import scale_of
from ruleengine.model.unknown import Reason, Unknown
from ruleengine.units import NOTHING

_SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
_MIRROR = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_PYTHON = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_EXACT = frozenset({"enum", "text", "bool", "time"})
"""Words, truths and instants are compared without a tolerance."""

Name = Callable[[int], str]
"""How an argument is written: the local name of a node, or its text in brackets."""


class Emitter:
    """Text of single nodes; `constants` collects the objects that the module must hold by name."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.constants: dict[str, object] = {}

    # --- known values -----------------------------------------------------------------------------------------------

    def fast(self, node: Node, name: Name, element: str) -> str:
        """The node's value as Python text; `element` is the loop's variable where the node stands inside one."""
        match node.op:
            case "const":
                return literal(node)
            case "fact" | "series" | "step" | "schedule" | "ranked":
                return self.leaf(node, element)
            case "norow":
                return self.no_row(node)
            case "elapsed":
                return f"({name(node.args[0])} - {name(node.args[1])}) / 1e9"
            case "shift":
                return f"{name(node.args[0])} + round({name(node.args[1])} * 1e9)"
            case "neg":
                return f"-{name(node.args[0])}"
            case "not":
                return f"not {name(node.args[0])}"
            case "and" | "or":
                return f" {node.op} ".join(name(arg) for arg in node.args)
            case "if":
                condition, then, otherwise = (name(arg) for arg in node.args)
                return f"{then} if {condition} else {otherwise}"
            case "call":
                return self.call(node, [name(arg) for arg in node.args])
            case "table" if node.data == "first":
                return self.first_row(node, name)
        if node.op in _SIGNS:
            return f"{name(node.args[0])} {_SIGNS[node.op]} {name(node.args[1])}"
        if node.op in COMPARISONS:
            return self.comparison(node, name)
        if node.op == "settled" and not element:  # in a loop the total would be written out three times
            return self.settled(node, name)
        return self.helper(node, name)

    def comparison(self, node: Node, name: Name) -> str:
        left, right = (self.graph.nodes[arg] for arg in node.args)
        if left.type.kind in _EXACT:
            return f"{name(left.id)} {_PYTHON[node.op]} {name(right.id)}"
        scale = scale_of(left.type, right.type)
        if right.op == "const":
            return _against(node.op, name(left.id), right.data, scale)
        if left.op == "const":
            return _against(_MIRROR[node.op], name(right.id), left.data, scale)
        a, b, step = name(left.id), name(right.id), float(scale)
        near = f"{NOTHING!r} * max(abs({a}), abs({b}), {step!r})"
        wide = f"{NOTHING!r} * (abs({a}) + abs({b}) + {step!r})"  # never less than `near`, and found sooner
        match node.op:
            case "le":
                return f"{a} <= {b} or {a} - {b} <= {wide} and {a} - {b} <= {near}"
            case "ge":
                return f"{a} >= {b} or {b} - {a} <= {wide} and {b} - {a} <= {near}"
            case "lt":
                return f"{a} < {b} and ({b} - {a} > {wide} or {b} - {a} > {near})"
            case "gt":
                return f"{a} > {b} and ({a} - {b} > {wide} or {a} - {b} > {near})"
            case "eq":
                return f"abs({a} - {b}) <= {near}"
        return f"abs({a} - {b}) > {near}"

    def first_row(self, node: Node, name: Name) -> str:
        """A table whose first matching row counts: nothing behind that row is looked at."""
        *pairs, otherwise = (name(arg) for arg in node.args)
        rows = [f"{value} if {match} else " for match, value in zip(pairs[::2], pairs[1::2], strict=True)]
        return f"({''.join(rows)}{otherwise})"

    def settled(self, node: Node, name: Name) -> str:
        """Nearly every sum is far from nothing beside its terms, which a wider bound shows without a call."""
        total, *terms = (name(arg) for arg in node.args)
        wide = " + ".join((repr(float(node.data)), *(f"abs({term})" for term in terms)))
        return f"{total} if abs({total}) > {NOTHING!r} * ({wide}) else {self.helper(node, name)}"

    # --- with unknowns ----------------------------------------------------------------------------------------------

    def slow(self, node: Node, name: Name, element: str) -> str:
        """The node's value as Python text, carrying unknowns through."""
        args = [name(arg) for arg in node.args]
        match node.op:
            case "const":
                return literal(node)
            case "fact" | "series" | "step" | "schedule" | "ranked":
                return self.leaf(node, element)
            case "norow":
                return self.no_row(node)
            case "and" | "or" | "if":
                return f"{node.op}3({', '.join(args)})"
            case "not" | "neg" | "elapsed" | "shift" | "add" | "sub" | "mul" | "div":
                return f"lift({_OPERATORS[node.op]}, {', '.join(args)})"
            case "call":
                self.call(node, args)
                return f"lift({_function_name(node)}3, {', '.join(args)})"
        if node.op in COMPARISONS:
            left, right = (self.graph.nodes[arg].type for arg in node.args)
            if left.kind in _EXACT:
                return f"lift(operator.{node.op}, {args[0]}, {args[1]})"
            return f"compare({node.op!r}, {args[0]}, {args[1]}, {float(scale_of(left, right))!r})"
        return self.helper(node, name)

    # --- either -----------------------------------------------------------------------------------------------------

    def leaf(self, node: Node, element: str) -> str:
        if node.op == "fact":
            letter = {"e": element, "em": f"{element}.m"}.get(node.data.letter, node.data.letter)
            return f"{letter}.{node.data.slot}"
        if node.op == "step":
            return f"{self.frame_of_step(node)}.s[{node.data}]"
        return {"series": "m.f", "schedule": "k.s", "ranked": "m.r"}[node.op] + f"[{node.data}]"

    def frame_of_step(self, node: Node) -> str:
        """The letter of the frame that holds a running figure."""
        return "a" if self.graph.steps[node.data][0].is_of_account else "m"

    def helper(self, node: Node, name: Name) -> str:
        args = [name(arg) for arg in node.args]
        if node.op == "settled":
            return f"settled({args[0]}, {float(node.data)!r}, {', '.join(args[1:])})"
        if node.op == "table":
            pairs = "".join(f"{arg}, " for arg in args[:-1])
            return f"table({node.data!r}, ({pairs}), {args[-1]})"
        return f"{node.op}({', '.join(args)})"

    def no_row(self, node: Node) -> str:
        name = f"NO_ROW_{node.id}"
        self.constants[name] = Unknown(Reason.NO_ROW, node.data)
        return name

    def call(self, node: Node, args: list[str]) -> str:
        function = node.data
        self.constants[_function_name(node)] = kleene.known_only(function.in_float)
        self.constants[_function_name(node) + "3"] = function.in_float
        if function.emit is not None and not function.variadic:
            return str(function.emit.format(*args))
        return f"{_function_name(node)}({', '.join(args)})"


_OPERATORS = {
    "not": "operator.not_",
    "neg": "operator.neg",
    "add": "operator.add",
    "sub": "operator.sub",
    "mul": "operator.mul",
    "div": "operator.truediv",
    "elapsed": "seconds_between",
    "shift": "shifted",
}


def _function_name(node: Node) -> str:
    return f"f_{node.data.name}"


def literal(node: Node) -> str:
    """A constant as Python text; numbers as floats, but counts stay exact either way."""
    return repr(float(node.data)) if isinstance(node.data, Decimal) else repr(node.data)


def _against(op: str, value: str, number: Decimal, scale: Decimal) -> str:
    """`value op number` with the tolerance worked into the number: x <= 1.2 is x <= 1.2000000011."""
    width = Decimal(NOTHING) * max(abs(number), scale)
    low, high = repr(float(number - width)), repr(float(number + width))
    match op:
        case "le":
            return f"{value} <= {high}"
        case "lt":
            return f"{value} < {low}"
        case "ge":
            return f"{value} >= {low}"
        case "gt":
            return f"{value} > {high}"
        case "eq":
            return f"{low} <= {value} <= {high}"
    return f"not {low} <= {value} <= {high}"
