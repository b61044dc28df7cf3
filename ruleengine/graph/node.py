"""The evaluation graph: shared nodes, and the blocks that are evaluated together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.typecheck.typed import SeriesCall, StepCall
from ruleengine.units import Type

COMPARISONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})

READS = {
    "k": "time",
    "m": "market",
    "em": "market",
    "a": "account",
    "p": "account",
    "e": "account",
    "t": "trade",
    "i": "intent",
    "g": "signal",
}
"""What a frame's letter means for what a node reads (issue: market / account / trade / time, and the intent's own)."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operation. `args` are ids of earlier nodes. `reads`: which kinds of input its value depends on.
    `in_element`: depends on the element of the aggregate around it, and so is evaluated inside its loop."""

    id: int
    op: str
    type: Type
    args: tuple[int, ...]
    data: Any
    label: str
    span: Span | None
    reads: frozenset[str]
    in_element: bool


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of a block, as recorded: positions of its two values and its verdict in the block's result.

    A side that is constant is not recorded: its position is −1 and its value stands in `left_constant` …"""

    node: int
    operator: str
    left: int
    right: int
    verdict: int
    left_constant: Any
    right_constant: Any
    left_text: str
    right_text: str
    type: Type
    span: Span | None


@dataclass(frozen=True, slots=True)
class Sense:
    """A condition by its structure: `check` is a number among the block's checks, `const` a truth known beforehand,
    `other` a condition that compares nothing (an hour, `known(x)`), by its `label`.

    `is_given`: a word of the intent, signal or trade itself (side, strategy …), which no market and no trader changes.
    """

    op: str
    node: int
    args: tuple[Sense, ...] = ()
    check: int = -1
    truth: bool = False
    label: str = ""
    is_given: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """`outputs`: (name, node); the result of evaluating a block is one tuple: the outputs in this order, then what
    `checks` say. `scope`: which frames its environment must hold."""

    name: str
    scope: str
    outputs: tuple[tuple[str, int], ...]
    checks: tuple[Check, ...]
    place: Span
    order: tuple[int, ...]
    """Every node it needs, arguments first, without those inside aggregates' loops."""
    senses: tuple[tuple[str, Sense], ...] = ()
    """Those outputs that are conditions, by their structure."""

    def sense(self, output: str) -> Sense | None:
        """An output's structure; None where the block has no such condition."""
        return next((sense for name, sense in self.senses if name == output), None)

    def position(self, output: str) -> int:
        """Index of an output in the result, or −1."""
        for index, (name, _) in enumerate(self.outputs):
            if name == output:
                return index
        return -1


@dataclass(frozen=True, slots=True)
class Batch:
    """Running figures that are fed together. `block`: gives their inputs, those of the first of `steps` first.

    `is_of_account`: once for the account, not for each instrument. `reads_account`: fills, account reads and the prices
    of other instruments change their inputs too. `moves`: time alone does."""

    block: str
    steps: tuple[int, ...]
    is_of_account: bool
    reads_account: bool
    moves: bool


@dataclass(frozen=True, slots=True)
class Graph:
    nodes: tuple[Node, ...]
    blocks: dict[str, Block]
    series: tuple[SeriesCall, ...]
    """Features of closed bars, by index in a market frame's `f`."""
    steps: tuple[tuple[StepCall, tuple[int, ...]], ...]
    """Running figures with their inputs' nodes, by index in the `s` of a market frame, or of the account's."""
    schedules: tuple[str, ...]
    """Named hours, by index in the time frame's `s`."""
    batches: tuple[Batch, ...]
    """Running figures as they are fed, in this order: a figure after those that it reads."""
    ranked: tuple[tuple[str, str], ...]
    """What is read of lists of candidates, (name, what), by index in a market frame's `r`."""
    bars_needed: dict[str, int]
    """Look-back by timeframe: closed bars that must be kept for every feature to have its value."""
