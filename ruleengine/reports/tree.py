"""A decision as a tree: what was wanted, each check with value, limit and distance, how the size went, what blocked."""

from __future__ import annotations

from typing import Any

from ruleengine.graph.node import Graph
from ruleengine.model.audit import Decision, Outcome, Verdict, VerdictChange
from ruleengine.model.comparison import Comparison
from ruleengine.model.figure import figure, quantity, when
from ruleengine.reports.blocker import blocking, minimum_of
from ruleengine.reports.flip import MISSED, block_of, is_at_limit, measured_of, needed, said
from ruleengine.runtime.judging.change import OWN, smallest_change
from ruleengine.runtime.judging.verdicts import SIGNS

_MARKET = {"mid": "price", "spread": "pips", "position.net_units": "units"}
_MARK = {Outcome.PASS: "✓", Outcome.REFUSE: "✗", Outcome.SHRINK: "↓", Outcome.UNKNOWN: "?"}
_SECTIONS = (
    "protections", "guards", "sizing", "caps", "exits", "hedges", "ladders", "pyramids", "entries", "gate",
)  # fmt: skip


def decision_tree(decision: Decision, graph: Graph | None = None) -> str:
    """The tree as text. `graph`: of the policy that decided, which tells how a rule's comparisons belong together."""
    lines = [_headline(decision)]
    branches: list[tuple[str, list[str]]] = []
    if decision.trigger:
        title = f"trigger {decision.rule}  ({decision.place})"
        branches.append((title, [comparison_line(each) for each in decision.trigger]))
    for section in _SECTIONS:
        verdicts = [v for v in decision.verdicts if v.section == section]
        if verdicts:
            branches.append((section, [line for verdict in verdicts for line in _verdict(verdict)]))
    if decision.size_path:
        path = " → ".join(f"{what} {quantity(units)}" for what, units in decision.size_path)
        branches.append(("size", [path]))
    if decision.order is not None:
        branches.append(("order", [_order(decision)]))
    if decision.figures:
        branches.append(("account then", _figures(decision)))
    branches += [(line, []) for line in conclusion(decision, graph)]
    for index, (title, inside) in enumerate(branches):
        is_last = index == len(branches) - 1
        lines.append(f"{'└' if is_last else '├'} {title}")
        lines += [f"{' ' if is_last else '│'}   {line}" for line in inside]
    return "\n".join(lines)


def _headline(decision: Decision) -> str:
    size = decision.order.units if decision.order is not None else decision.wanted
    shown = quantity(size) if size else "of no stated size"
    what = f"{decision.outcome} {decision.kind} {decision.instrument} {decision.side} {shown}"
    of = f" of {decision.strategy}" if decision.strategy else ""
    on = f" on trade {decision.trade_id}" if decision.trade_id else ""
    return f"{decision.id}  {what}{of}{on}  at {when(decision.ts)}  by {decision.rule}"


def _verdict(verdict: Verdict) -> list[str]:
    mark = _MARK[verdict.outcome]
    aside = "" if verdict.enforcement == "enforce" else f"  [{verdict.enforcement}]"
    code = f"  {verdict.code}" if verdict.code else ""
    size = f"  allows {quantity(verdict.size)}" if verdict.size is not None else ""
    place = f"  ({verdict.place})" if verdict.place else ""
    lines = [f"{mark} {verdict.rule}{code}{size}{aside}{place}"]
    lines += [f"    {comparison_line(each)}" for each in verdict.comparisons]
    lines += [f"    ? {text}" for text in verdict.unknowns]
    return lines


def comparison_line(comparison: Comparison) -> str:
    """One comparison with its values, its verdict, and how far it is from the other one."""
    mark = {True: "✓", False: "✗", None: "?"}[comparison.verdict]
    left, right = figure(comparison.left, comparison.unit), figure(comparison.right, comparison.unit)
    name = measured_of(comparison)
    shown = f"{name} = {left}" if name != left else left
    room = _room(comparison)
    return f"{mark} {shown} {SIGNS[comparison.operator]} {right}{f'   {room}' if room else ''}"


def _room(comparison: Comparison) -> str:
    """How far a comparison is from its other verdict, in words."""
    if comparison.distance is None or comparison.verdict is None:
        return ""
    if is_at_limit(comparison):
        return "at the limit"
    word = "to spare" if comparison.verdict else MISSED[comparison.operator]
    return f"{figure(abs(comparison.distance), comparison.unit)} {word}"


def _order(decision: Decision) -> str:
    order = decision.order
    assert order is not None
    parts = [f"{order.id}: {order.type} {order.side} {quantity(order.units)}"]
    parts += [
        f"{name} {value}"
        for name, value in (("at", order.price), ("stop", order.stop), ("target", order.target))
        if value
    ]
    if order.is_reduce_only:
        parts.append("reduce-only")
    return " ".join(parts)


def _figures(decision: Decision) -> list[str]:
    """Amounts, shares and market, a line each."""
    lines: dict[str, list[str]] = {"amount": [], "share": [], "market": []}
    for name, value in decision.figures.items():
        is_share = name.endswith(("ratio", "of_equity", "of_available"))
        kind = "share" if is_share else "market" if name in _MARKET else "amount"
        text = figure(value, "ratio") if is_share else _amount(value, _MARKET.get(name, ""))
        lines[kind].append(f"{name} {text}")
    return [", ".join(line) for line in lines.values() if line]


def _amount(value: Any, unit: str) -> str:
    if unit or not isinstance(value, float):
        return figure(value, unit)
    return f"{value:,.2f}".removesuffix(".00")


def conclusion(decision: Decision, graph: Graph | None = None) -> list[str]:
    """The first blocker, the smallest change that would have let it pass, and what would still have stood."""
    if decision.outcome in ("sent", "shadow"):
        return [f"{decision.outcome}: {decision.message}" if decision.message else decision.outcome]
    if decision.outcome == "merged":
        return [f"another intent went first: {decision.message}"]
    lines = [f"first blocker: {decision.first_blocker or decision.rule} {decision.code}  {decision.message}".rstrip()]
    verdict = minimum_of(decision) or blocking(decision)
    if verdict is not None:
        change = change_of(verdict, graph)
        lines += [f"smallest change: {change}"] if change else []
    others = [
        v.rule
        for v in decision.verdicts
        if v.outcome in (Outcome.REFUSE, Outcome.UNKNOWN) and v.enforcement == "enforce" and v is not verdict
    ]
    others = [rule for rule in dict.fromkeys(others) if rule != decision.first_blocker]
    if others:
        lines.append(f"{len(others)} more would still refuse: {', '.join(others)}")
    return lines


def change_of(verdict: Verdict, graph: Graph | None) -> str:
    """The smallest change that would have let the rule pass; without its policy's graph, all that failed."""
    block = None if graph is None else block_of(graph, verdict.section, verdict.rule, verdict.comparisons)
    if graph is not None and block is not None and block.checks:
        output = next((name for name, _ in block.outputs if name in OWN), "")
        return said(smallest_change(block, output, verdict.comparisons), verdict.comparisons) if output else ""
    if verdict.unknowns:
        return f"{verdict.unknowns[0].removeprefix('unknown: ')}: it has to become known"
    failing = [each for each in verdict.comparisons if each.verdict is False]
    return "one or all of: " * (len(failing) > 1) + ", ".join(needed(each, True) for each in failing)


def change_line(change: VerdictChange) -> str:
    """One line for a trigger's verdict that changed."""
    words = {True: "true", False: "false", None: "unknown"}
    why = f"  {change.unknown}" if change.unknown else ""
    turn = f"{words[change.before]} → {words[change.now]}"
    return f"{when(change.ts)}  {change.rule} {change.key}: {turn}{why}  ({change.place})"
