"""`ruleengine why`: a decision as a tree; or, for what did not happen, what stood in the way at that instant."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ruleengine.cli.failure import CommandError
from ruleengine.cli.past import Past, past_of
from ruleengine.cli.times import instant_ns, width_ns
from ruleengine.model.audit import Decision
from ruleengine.reports.standing import standing_tree
from ruleengine.reports.tables import when
from ruleengine.reports.tree import decision_tree


def why(id: str | None, at: str | None, instrument: str | None, from_: Path | None, format: str) -> int:
    if (id is None) == (at is None):
        raise CommandError("give a decision's id, or --at an instant", "ruleengine why --help shows examples")
    past = past_of(from_)
    if id is not None:
        return _by_id(past, id, format)
    assert at is not None
    begin = instant_ns(at, "--at")
    return _at(past, begin, begin + width_ns(at), instrument, format)


def _by_id(past: Past, id: str, format: str) -> int:
    alike = [each for each in past.decisions() if _is_called(each, id)]
    found = [each for each in alike if id in (each.id, each.order.id if each.order else None)] or alike
    if len({each.id for each in found}) != 1:
        some = ", ".join(each.id for each in found[:3])
        raise CommandError(
            f"{'no' if not found else 'more than one'} decision or order `{id}` in {past.place}",
            f"such as {some}" if found else "`ruleengine why --at TIME` lists what was decided then",
        )
    _print(found, format, past.made(found[0]))
    return 0


def _is_called(decision: Decision, id: str) -> bool:
    """By its own id or its order's, or the beginning of one."""
    return decision.id.startswith(id) or (decision.order is not None and decision.order.id.startswith(id))


def _at(past: Past, begin: int, end: int, instrument: str | None, format: str) -> int:
    decided = [each for each in past.decisions() if begin <= each.ts < end and instrument in (None, each.instrument)]
    if decided:
        _print(decided, format, past)
        return 0
    standing = past.standing_at(end - 1, instrument)
    if format == "json":
        print(json.dumps([asdict(each) for each in standing], default=str, ensure_ascii=False))
        return 0
    print(f"nothing was wanted between {when(begin)} and {when(end)}; this stood in the way:\n")
    print(standing_tree(standing))
    return 0


def _print(decisions: list[Decision], format: str, past: Past) -> None:
    if format == "json":
        print(json.dumps([_plain(each) for each in decisions], default=str, ensure_ascii=False))
    else:
        graph = past.graph()
        print("\n\n".join(decision_tree(each, graph) for each in decisions))


def _plain(decision: Decision) -> dict[str, Any]:
    return asdict(decision)
