"""Coverage of policies by scenarios: what each condition was seen to be, and which rows of tables were used.

The count has two for each condition, seen true and seen false, and one for each row. Whether a condition was seen
unknown is told beside it and not counted, for some can't be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ruleengine.diagnostics import Span, has_errors
from ruleengine.facts.frames import Env
from ruleengine.graph.compile import Compiled, compile_policy
from ruleengine.graph.node import Graph
from ruleengine.model.unknown import Unknown
from ruleengine.reports.scenario_leaves import PREFIX, Watched, as_rules, watched
from ruleengine.runtime.plan.plan import Program
from ruleengine.runtime.plan.rules import Result
from ruleengine.typecheck.policy import TypedRule

Words = tuple[str, ...]
_NONE = frozenset[str]()


@dataclass(slots=True)
class Seen:
    """One condition or row. `text`: as its author wrote it."""

    place: Span
    text: str
    can_be_unknown: bool = False
    was: set[str] = field(default_factory=set)

    def missing(self, wanted: Words = ("true", "false")) -> list[str]:
        return [word for word in wanted if word not in self.was]


@dataclass(slots=True)
class OfPolicy:
    """What was seen of one policy, by place. `is_run`: a scenario was played on it. `fault`: why it can't be."""

    file: str
    is_run: bool = False
    fault: str = ""
    conditions: dict[tuple[str, int, int], Seen] = field(default_factory=dict)
    rows: dict[tuple[str, int, int], Seen] = field(default_factory=dict)

    def counted(self) -> tuple[int, int]:
        """(covered, of all)."""
        covered = sum(2 - len(each.missing()) for each in self.conditions.values())
        covered += sum("used" in each.was for each in self.rows.values())
        return covered, 2 * len(self.conditions) + len(self.rows) + bool(self.fault)


class Coverage:
    """Collects over many scenarios."""

    def __init__(self) -> None:
        self.policies: dict[str, OfPolicy] = {}
        self._watching: dict[int, tuple[Compiled, OfPolicy, dict[str, Watched]]] = {}

    def without_scenario(self, policy: Path) -> None:
        """A policy that counts as well; where no scenario was played on it, with nothing seen."""
        name = short(str(policy))
        if name in self.policies:
            return
        compilation = compile_policy(policy)
        if compilation.compiled is None:
            first = next((each for each in compilation.found if has_errors([each])), None)
            fault = "it can't be read" if first is None else f"{first.code} {first.message}"
            self.policies[name] = OfPolicy(name, fault=fault)
            return
        self._of(policy, compilation.compiled, compilation.sources)

    def rules(self, policy: Path, compiled: Compiled, sources: Mapping[str, str]) -> list[TypedRule]:
        """What has to be in the graph for a policy to be watched."""
        watching = self._of(policy, compiled, sources)
        self.policies[short(str(policy))].is_run = True
        return as_rules(watching)

    def _of(self, policy: Path, compiled: Compiled, sources: Mapping[str, str]) -> dict[str, Watched]:
        if id(compiled) not in self._watching:
            name = short(str(policy))
            of = self.policies.setdefault(name, OfPolicy(name))
            watching = watched(compiled.typed)
            self._watching[id(compiled)] = (compiled, of, watching)
            for each in watching.values():
                for condition in each.conditions:
                    seen = _known(of.conditions, condition.place, sources)
                    seen.can_be_unknown |= condition.can_be_unknown
                for choice in each.choices:
                    for place in (*choice.rows, *((choice.last,) if choice.last else ())):
                        _known(of.rows, place, sources)
        return self._watching[id(compiled)][2]

    def watching(self, compiled: Compiled, program: Program, graph: Graph) -> Program:
        """The same program, which tells what its conditions were whenever a block is evaluated."""
        _, of, watching = self._watching[id(compiled)]
        return _Watching(program, graph, of, watching)

    def counted(self) -> tuple[int, int]:
        """(covered, of all) over all policies."""
        pairs = [each.counted() for each in self.policies.values()]
        return sum(covered for covered, _ in pairs), sum(all_ for _, all_ in pairs)

    def percent(self) -> float:
        """Of all that there is to see; where no policy could be looked at, nothing is."""
        return share(*self.counted()) if self.policies else 0.0


def share(covered: int, whole: int) -> float:
    """In percent; all of nothing is all.

    >>> share(3, 4), share(0, 0)
    (75.0, 100.0)
    """
    return 100.0 * covered / whole if whole else 100.0


class _Watching:
    """A program around another one."""

    def __init__(self, program: Program, graph: Graph, of: OfPolicy, watching: dict[str, Watched]) -> None:
        functions, verdicts = dict(program.functions), dict(program.verdicts)
        for name, each in watching.items():
            look = _looker(each, graph, program.functions[PREFIX + name], of)
            functions[name] = _both(look, functions[name])
            if name in verdicts:
                verdicts[name] = _both(look, verdicts[name])
        self.functions: Mapping[str, Callable[[Env], Result]] = functions
        self.verdicts: Mapping[str, Callable[[Env], Any]] = verdicts


def _both(look: Callable[[Env], None], run: Callable[[Env], Any]) -> Callable[[Env], Any]:
    def watched_run(env: Env) -> Any:
        look(env)
        return run(env)

    return watched_run


def _looker(each: Watched, graph: Graph, run: Callable[[Env], Result], of: OfPolicy) -> Callable[[Env], None]:
    at = {name: index for index, (name, _) in enumerate(graph.blocks[each.block.name].outputs)}
    conditions = [
        (of.conditions[_key(condition.place)].was, tuple(at[name] for name in condition.outputs))
        for condition in each.conditions
        if condition.outputs
    ]
    choices = [
        (
            [of.rows[_key(place)].was for place in choice.rows],
            [at[name] for name in choice.matches],
            None if choice.last is None else of.rows[_key(choice.last)].was,
            choice.is_first,
        )
        for choice in each.choices
    ]

    def look(env: Env) -> None:
        result = run(env)
        for was, places in conditions:
            if len(places) == 1:
                was.add(_word(result[places[0]]))
            else:
                was.update(word for word, place in zip(_WORDS, places, strict=True) if result[place] is True)
        for rows, matches, last, is_first in choices:
            _note_rows(rows, [result[place] for place in matches], last, is_first=is_first)

    return look


_WORDS = ("true", "false", "unknown")


def _word(value: Any) -> str:
    return "unknown" if isinstance(value, Unknown) else "true" if value else "false"


def _note_rows(rows: list[set[str]], matches: list[Any], last: set[str] | None, *, is_first: bool) -> None:
    """Which rows counted: the first that matches, or every one; the last where none does."""
    for was, match in zip(rows, matches, strict=True):
        if isinstance(match, Unknown):
            return
        if match:
            was.add("used")
            if is_first:
                return
    if last is not None and not any(match is True for match in matches):
        last.add("used")


def _known(seen: dict[tuple[str, int, int], Seen], place: Span, sources: Mapping[str, str]) -> Seen:
    return seen.setdefault(_key(place), Seen(place, _text(place, sources)))


def _key(place: Span) -> tuple[str, int, int]:
    return short(place.file), place.line, place.col


@cache
def short(file: str) -> str:
    """One spelling of a file's path, however a scenario came to it: from here, where it lies below here."""
    whole = Path(file).resolve()
    here = Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)


def _text(place: Span, sources: Mapping[str, str]) -> str:
    """What stands at a place, on one line."""
    lines = sources.get(place.file, "").split("\n")
    part = lines[place.line - 1 : place.end_line]
    if not part:
        return ""
    if len(part) == 1:
        return part[0][place.col - 1 : place.end_col - 1]
    part = [part[0][place.col - 1 :], *part[1:-1], part[-1][: place.end_col - 1]]
    return " ".join(each.strip() for each in part)


# --- telling ---------------------------------------------------------------------------------------------------------


def told(coverage: Coverage) -> str:
    """The report as lines of text: totals by policy, then every place that is not covered."""
    lines: list[str] = []
    for of in coverage.policies.values():
        covered, whole = of.counted()
        conditions, rows = list(of.conditions.values()), list(of.rows.values())
        if not of.is_run:
            what = of.fault or f"{len(conditions)} conditions, {len(rows)} rows of tables"
            lines.append(f"coverage {of.file}: {share(covered, whole):.1f} % · no scenario was played on it · {what}")
            continue
        can = [each for each in conditions if each.can_be_unknown]
        lines.append(
            f"coverage {of.file}: {share(covered, whole):.1f} % · {len(conditions)} conditions: "
            f"{sum('true' in each.was for each in conditions)} seen true, "
            f"{sum('false' in each.was for each in conditions)} false, "
            f"{sum('unknown' in each.was for each in can)} of {len(can)} unknown · "
            f"{sum('used' in each.was for each in rows)} of {len(rows)} rows of tables used"
        )
        lines += [f"  {_at(each)}: never {' or '.join(each.missing())}: {each.text}"
                  for each in _sorted(conditions) if each.missing()]  # fmt: skip
        lines += [f"  {_at(each)}: row never used: {each.text}" for each in _sorted(rows) if "used" not in each.was]
        lines += [f"  {_at(each)}: never unknown (not counted): {each.text}"
                  for each in _sorted(can) if not each.missing() and "unknown" not in each.was]  # fmt: skip
    return "\n".join(lines)


def _at(seen: Seen) -> str:
    return f"{short(seen.place.file)}:{seen.place.line}:{seen.place.col}"


def _sorted(found: list[Seen]) -> list[Seen]:
    return sorted(found, key=lambda each: _key(each.place))


def as_json(coverage: Coverage) -> dict[str, Any]:
    """The same as JSON values, every condition and row."""
    covered, whole = coverage.counted()
    return {
        "covered": covered,
        "of": whole,
        "percent": round(coverage.percent(), 2),
        "policies": [_policy_as_json(each) for each in coverage.policies.values()],
    }


def _policy_as_json(of: OfPolicy) -> dict[str, Any]:
    covered, whole = of.counted()
    return {
        "policy": of.file,
        "is_run": of.is_run,
        "covered": covered,
        "of": whole,
        "percent": round(share(covered, whole), 2),
        "conditions": [
            {
                **_placed(each),
                "seen": [word for word in _WORDS if word in each.was],
                "can_be_unknown": each.can_be_unknown,
            }
            for each in _sorted(list(of.conditions.values()))
        ],
        "rows": [{**_placed(each), "used": "used" in each.was} for each in _sorted(list(of.rows.values()))],
    }


def _placed(seen: Seen) -> dict[str, Any]:
    return {"file": short(seen.place.file), "line": seen.place.line, "column": seen.place.col, "text": seen.text}
