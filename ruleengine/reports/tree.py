"""A decision as a tree: what was wanted, each check with value, limit and distance, how the size went, what blocked."""

from __future__ import annotations

from ruleengine.model.audit import Comparison, Decision, Outcome, Verdict, VerdictChange
from ruleengine.reports.tables import figure, quantity, when
from ruleengine.reports.tally import blocking

_MARK = {Outcome.PASS: "✓", Outcome.REFUSE: "✗", Outcome.SHRINK: "↓", Outcome.UNKNOWN: "?"}
_SECTIONS = ("guards", "sizing", "caps", "exits", "hedges", "entries", "gate")


def decision_tree(decision: Decision) -> str:
    """The tree as text."""
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
        branches.append(("account then", [_figures(decision)]))
    branches += [(line, []) for line in conclusion(decision)]
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
    lines = [f"{mark} {verdict.rule}{code}{size}{aside}  ({verdict.place})"]
    lines += [f"    {comparison_line(each)}" for each in verdict.comparisons]
    lines += [f"    ? {text}" for text in verdict.unknowns]
    return lines


def comparison_line(comparison: Comparison) -> str:
    """One comparison with its values, its verdict, and how far it is from the other one."""
    mark = {True: "✓", False: "✗", None: "?"}[comparison.verdict]
    left, right = figure(comparison.left, comparison.unit), figure(comparison.right, comparison.unit)
    room = ""
    if comparison.distance is not None and comparison.verdict is not None:
        word = "to spare" if comparison.verdict else "short"
        room = f"   {figure(abs(comparison.distance), comparison.unit)} {word}"
    sign = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}[comparison.operator]
    name = comparison.text.split(f" {sign} ")[0]
    shown = f"{name} = {left}" if name != left else left
    return f"{mark} {shown} {sign} {right}{room}"


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


def _figures(decision: Decision) -> str:
    shown = []
    for name, value in decision.figures.items():
        unit = "ratio" if name.endswith(("ratio", "of_equity", "of_available")) else ""
        shown.append(
            f"{name} {figure(value, unit)}" if not isinstance(value, float) or unit else f"{name} {value:,.6g}"
        )
    return ", ".join(shown)


def conclusion(decision: Decision) -> list[str]:
    """The first blocker, the smallest change that would have let it pass, and what would still have stood."""
    if decision.outcome in ("sent", "shadow"):
        return [f"{decision.outcome}: {decision.message}" if decision.message else decision.outcome]
    if decision.outcome == "merged":
        return [f"another intent went first: {decision.message}"]
    lines = [f"first blocker: {decision.first_blocker or decision.rule} {decision.code}  {decision.message}".rstrip()]
    verdict = blocking(decision)
    if verdict is not None:
        lines += [f"smallest change: {text}" for text in smallest_change(verdict)]
    others = [
        v.rule
        for v in decision.verdicts
        if v.outcome in (Outcome.REFUSE, Outcome.UNKNOWN) and v.enforcement == "enforce"
    ]
    others = [rule for rule in dict.fromkeys(others) if rule != decision.first_blocker]
    if others:
        lines.append(f"{len(others)} more would still refuse: {', '.join(others)}")
    return lines


def smallest_change(verdict: Verdict) -> list[str]:
    """The failing comparison of a verdict that is nearest to flipping, relative to its limit; unknown inputs first."""
    if verdict.unknowns:
        return [f"{verdict.unknowns[0].removeprefix('unknown: ')}: it has to become known"]
    failing = [c for c in verdict.comparisons if c.verdict is False]
    measured = [c for c in failing if c.distance is not None]
    if measured:
        nearest = min(measured, key=lambda c: abs(c.distance or 0.0) / (abs(float(c.right)) or 1.0))
        return [f"{nearest.text} is short by {figure(abs(nearest.distance or 0.0), nearest.unit)}"]
    return [f"{failing[0].text} would have to hold"] if failing else []


def change_line(change: VerdictChange) -> str:
    """One line for a trigger's verdict that changed."""
    words = {True: "true", False: "false", None: "unknown"}
    why = f"  {change.unknown}" if change.unknown else ""
    turn = f"{words[change.before]} → {words[change.now]}"
    return f"{when(change.ts)}  {change.rule} {change.key}: {turn}{why}  ({change.place})"
