"""Graph → one Python module: functions for each block, compiled once, readable when printed.

    def guards__spread__judge(env):            everything known: straight-line code, one local for each recorded value
        try: …; return (require, spread, c)
        except (TypeError, ZeroDivisionError):
            return guards__spread__judge__unknown(env)
    def guards__spread__judge__unknown(env):   the same with unknowns carried through
    def exits__late__stage_0__verdict(env):    where there is a `when`: its value alone, up to where that is known
        try: if not t.age > 3600.0: return False; …
        except (TypeError, ZeroDivisionError):
            return exits__late__stage_0__unknown(env)[0]

A value used once and not recorded is written where it is used; everything else has a local of its own.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from types import CodeType
from typing import Any

from ruleengine.backends.scalar import kleene
from ruleengine.backends.scalar.emit import Emitter, literal
from ruleengine.facts.frames import Env
from ruleengine.graph.node import COMPARISONS, Block, Graph, Node

_HELPERS: dict[str, Any] = {
    "operator": operator,
    "lift": kleene.lift,
    "and3": kleene.and3,
    "or3": kleene.or3,
    "if3": kleene.if3,
    "settled": kleene.settled,
    "total_of": kleene.total_of,
    "positive": kleene.positive,
    "coalesce": kleene.coalesce,
    "known": kleene.known,
    "table": kleene.table,
    "compare": kleene.compare,
    "aggregate": kleene.aggregate,
    "seconds_between": lambda later, earlier: (later - earlier) / 1e9,
    "shifted": lambda instant, seconds: instant + round(seconds * 1e9),
}


class ScalarProgram:
    """The compiled module. `functions`: block name → function of an environment; `source`: its text."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        emitter = Emitter(graph)
        parts = [_Function(graph, block, emitter).text() for block in graph.blocks.values()]
        asked = [name for name, block in graph.blocks.items() if block.position(WHEN) >= 0]
        parts += [_Verdict(graph, graph.blocks[name], emitter).text() for name in asked]
        self.source = "\n\n".join(parts)
        namespace: dict[str, Any] = {**_HELPERS, **emitter.constants}
        for part in parts:
            exec(_compiled(part), namespace)  # noqa: S102  # our own text, made from typed nodes only
        self.functions: dict[str, Callable[[Env], tuple[Any, ...]]] = {
            name: namespace[function_name(name)] for name in graph.blocks
        }
        self.verdicts: dict[str, Callable[[Env], Any]] = {
            name: namespace[f"{function_name(name)}__verdict"] for name in asked
        }
        """Of blocks with a `when`: that output alone, for the many events at which it does not change."""


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    """Policies that differ in a parameter have most of their functions in common."""
    return compile(text, "<policy>", "exec")


WHEN = "when"
_FRAME_OF = {"series": {"m"}, "ranked": {"m"}, "schedule": {"k"}, "agg": {"a"}}
_LEAVES = frozenset({"fact", "series", "step", "schedule", "ranked", "call", "positive", "known", "coalesce", "table"})
"""Operations whose text needs no brackets round it."""


def function_name(block: str) -> str:
    """
    >>> function_name("exits/left-behind.stage_0")
    'exits__left_behind__stage_0'
    """
    return "".join(char if char.isalnum() or char == "_" else "__" if char in "/." else "_" for char in block)


class _Function:
    """The text of one block's two functions."""

    def __init__(self, graph: Graph, block: Block, emitter: Emitter) -> None:
        self.graph, self.block, self.emitter = graph, block, emitter
        self.uses: Counter[int] = Counter(node for _, node in block.outputs)
        self.recorded: set[int] = set()
        for check in block.checks:
            self.recorded |= {check.node, *graph.nodes[check.node].args}
        for node_id in block.order:
            node = graph.nodes[node_id]
            self.uses.update(node.args)
            if node.op in COMPARISONS or node.op == "settled":
                self.uses.update(self.written_again(node))
        self.recorded |= {node for _, node in block.outputs}
        for node_id in self.everything():
            if graph.nodes[node_id].in_element:  # what a loop needs from outside is computed once, before it
                self.recorded |= {arg for arg in graph.nodes[node_id].args if not graph.nodes[arg].in_element}

    def text(self) -> str:
        name = function_name(self.block.name)
        place = f"{self.block.place.file}:{self.block.place.line}:{self.block.place.col}"
        fast = [*self.body(is_slow=False), f"return ({', '.join(self.results())},)"]
        slow = [*self.body(is_slow=True), f"return ({', '.join(self.results())},)"]
        plain = "".join(f"    {line}\n" for line in slow)
        return (
            f"def {name}(env):\n"
            f'    """{self.block.name} ({place})"""\n'
            f"{self.opening()}    try:\n{_indented(fast)}"
            f"    except (TypeError, ZeroDivisionError):\n        return {name}__unknown(env)\n\n\n"
            f"def {name}__unknown(env):\n{self.opening()}{plain}"
        )

    def opening(self) -> str:
        frames = "; ".join(f"{letter} = env.{letter}" for letter in self.letters())
        return f"    {frames}\n" if frames else ""

    def letters(self) -> list[str]:
        """Frames that the block reads."""
        found: set[str] = set()
        for node_id in self.everything():
            node = self.graph.nodes[node_id]
            if node.op == "fact" and node.data.letter not in ("e", "em"):
                found.add(node.data.letter)
            if node.op == "step":
                found.add(self.emitter.frame_of_step(node))
            found |= _FRAME_OF.get(node.op, set())
        return sorted(found)

    def everything(self, *, with_fed: bool = True) -> list[int]:
        """All nodes of the block, also those inside loops. `with_fed`: with what feeds running figures and modes, which
        a block only shows beside their value."""
        found: dict[int, None] = {}

        def visit(node_id: int) -> None:
            if node_id not in found:
                node = self.graph.nodes[node_id]
                for arg in node.args if with_fed or node.op != "step" else ():
                    visit(arg)
                found[node_id] = None

        for _, root in self.block.outputs:
            visit(root)
        return list(found)

    def body(self, is_slow: bool, order: Sequence[int] | None = None) -> list[str]:
        """The locals; `order`: those of these nodes."""
        lines: list[str] = []
        emit = self.emitter.slow if is_slow else self.emitter.fast
        for node_id in self.block.order if order is None else order:
            node = self.graph.nodes[node_id]
            if node.op == "const":
                continue
            if node.op == "agg":
                lines += self.loop_slow(node) if is_slow else self.loop(node)
            elif is_slow or self.has_local(node):
                comment = f"  # {node.label}" if node.label and node.op not in ("fact", "series") else ""
                lines.append(f"n{node_id} = {emit(node, self.name(is_slow), '')}{comment}")
        return lines

    def written_again(self, node: Node) -> tuple[int, ...]:
        """Arguments that the node's text names more than once."""
        if node.op == "settled":
            return node.args[:1]
        return () if any(self.graph.nodes[arg].op == "const" for arg in node.args) else node.args

    def has_local(self, node: Node) -> bool:
        return node.id in self.recorded or self.uses[node.id] > 1 or node.op in ("agg", "norow")

    def name(self, is_slow: bool, element: str = "") -> Callable[[int], str]:
        """How a node is written as an argument."""

        def write(node_id: int) -> str:
            node = self.graph.nodes[node_id]
            if node.op == "const":
                return literal(node)
            if element and node.in_element:
                inner = (self.emitter.slow if is_slow else self.emitter.fast)(node, write, element)
                return inner if node.op in _LEAVES else f"({inner})"
            if is_slow or self.has_local(node):
                return f"n{node_id}"
            inner = self.emitter.fast(node, write, "")
            return inner if node.op in _LEAVES else f"({inner})"

        return write

    def results(self) -> list[str]:
        """The result's parts in the layout that `graph.Block` states."""
        write = self.name(is_slow=True)
        parts = [write(node) for _, node in self.block.outputs]
        for check in self.block.checks:
            left, right = self.graph.nodes[check.node].args
            parts += [write(side) for side, place in ((left, check.left), (right, check.right)) if place >= 0]
            parts.append(write(check.node))
        return parts

    def loop(self, node: Node) -> list[str]:
        """An aggregate as a loop; an unknown element or condition raises, as everywhere in the fast form."""
        how, collection, *share = node.data
        element, condition = node.args
        each, name = f"e{node.id}", f"n{node.id}"
        write = self.name(False, each)
        value, counts = write(element), self.graph.nodes[condition]
        is_always = counts.op == "const" and counts.data is True
        if how == "streak":
            return _streak(name, each, collection, value, "" if is_always else write(condition))
        start = {"count": "0", "sum": "[]", "avg": "[]", "min": "[]", "max": "[]", "any": "False", "all": "True",
                 "percentile": "[]"}[how]  # fmt: skip
        step = {
            "count": f"{name} += 1",
            "sum": f"{name}.append({value} + 0.0)",
            "avg": f"{name}.append({value} + 0.0)",
            "min": f"{name}.append({value} + 0.0)",
            "max": f"{name}.append({value} + 0.0)",
            "percentile": f"{name}.append({value} + 0.0)",
            "any": f"{name} = True if {value} else {name}",
            "all": f"{name} = {name} if {value} else False",
        }[how]
        body = [f"    {step}"] if is_always else [f"    if {write(condition)}:", f"        {step}"]
        after = {
            "sum": [f"{name} = total_of({name})"],
            "avg": [f"{name} = total_of({name}) / len({name})"],
            "min": [f"{name} = lowest({name})"],
            "max": [f"{name} = highest({name})"],
            "percentile": [f"{name} = percentile_of({name}, {float(*share)!r})"],
        }.get(how, [])
        return [f"{name} = {start}", f"for {each} in a.{collection}:", *body, *after]

    def loop_slow(self, node: Node) -> list[str]:
        how, collection, *share = node.data
        write = self.name(True, "e")
        element, condition = (f"lambda e: {write(arg)}" for arg in node.args)
        parts = [repr(how), f"a.{collection}", element, condition, *(repr(float(each)) for each in share)]
        return [f"n{node.id} = aggregate({', '.join(parts)})"]


def _streak(name: str, each: str, collection: str, value: str, counts: str) -> list[str]:
    """From the newest element back, up to the first that counts and is not true."""
    body = [f"if not ({value}):", "    break", f"{name} += 1"]
    if counts:
        body = [f"if {counts}:", *(f"    {line}" for line in body)]
    return [f"{name} = 0", f"for {each} in reversed(a.{collection}):", *(f"    {line}" for line in body)]


class _Verdict(_Function):
    """The function that gives `when` alone. What was recorded for the sake of the log is written where it is used, and
    each value gets its local no sooner than the first operand of `and`, `or` or `if` that needs it: where
    `trade.pnl < 0` is false nobody adds up an account. An unknown met on the way raises, as everywhere."""

    def __init__(self, graph: Graph, block: Block, emitter: Emitter) -> None:
        self.position = block.position(WHEN)
        self.root = block.outputs[self.position][1]
        alone = replace(block, outputs=((WHEN, self.root),), checks=())
        needed = set(_Function(graph, alone, emitter).everything(with_fed=False))
        super().__init__(graph, replace(alone, order=tuple(each for each in block.order if each in needed)), emitter)
        self.recorded.discard(self.root)
        self.uses[self.root] -= 1

    def text(self) -> str:
        name = function_name(self.block.name)
        return (
            f"def {name}__verdict(env):\n{self.opening()}    try:\n{_indented(self.from_here(self.root, frozenset()))}"
            f"    except (TypeError, ZeroDivisionError):\n        return {name}__unknown(env)[{self.position}]\n"
        )

    def from_here(self, node_id: int, there: frozenset[int]) -> list[str]:
        """Lines that return a condition's value, with the locals that are `there` already."""
        node, write = self.graph.nodes[node_id], self.name(is_slow=False)
        match node.op:
            case "and" | "or":
                lines, ends = [], node.op == "or"
                for arg in node.args[:-1]:
                    before, there = self.before(arg, there)
                    lines += [*before, f"if {'' if ends else 'not '}{write(arg)}:", f"    return {ends}"]
                return lines + self.from_here(node.args[-1], there)
            case "if":
                condition, then, otherwise = node.args
                before, there = self.before(condition, there)
                inner = [f"    {line}" for line in self.from_here(then, there)]
                return [*before, f"if {write(condition)}:", *inner, *self.from_here(otherwise, there)]
        before, there = self.before(node_id, there)
        return [*before, f"return {write(node_id)}"]

    def before(self, node_id: int, there: frozenset[int]) -> tuple[list[str], frozenset[int]]:
        """The locals that a node needs and that are not there yet, and what is there then."""
        needed = set(_needed(self.graph, node_id))
        order = tuple(each for each in self.block.order if each in needed and each not in there)
        return self.body(is_slow=False, order=order), there | needed


def _needed(graph: Graph, node_id: int, found: dict[int, None] | None = None) -> dict[int, None]:
    """A node with all that its value is made of; a running figure is one value."""
    found = {} if found is None else found
    if node_id not in found:
        found[node_id] = None
        node = graph.nodes[node_id]
        for arg in node.args if node.op != "step" else ():
            _needed(graph, arg, found)
    return found


def _indented(lines: list[str]) -> str:
    return "".join(f"        {line}\n" for line in lines)


def _extreme(pick: Callable[..., float]) -> Callable[..., float]:
    def of(numbers: list[float], *share: float) -> float:
        if not numbers:
            raise TypeError("nothing to aggregate")  # the slow form says so as an unknown
        return pick(numbers, *share)

    return of


_HELPERS |= {"lowest": _extreme(min), "highest": _extreme(max), "percentile_of": _extreme(kleene.percentile_of)}
