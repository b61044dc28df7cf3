"""Names that a policy declares: one meaning each, and each of them read somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import naming
from ruleengine.facts.catalogue import ENUMS, FACTS
from ruleengine.schema.declarations import Feature
from ruleengine.schema.places import span_of
from ruleengine.typecheck import modes, patterns
from ruleengine.typecheck.calls import AGGREGATES, BUILTINS
from ruleengine.typecheck.expression import Checker
from ruleengine.typecheck.names import EVERYTHING, STANDARD_TIMEFRAMES, Names

_KEYWORDS = ("true", "false", "and", "or", "not", "if", "else", "in", "of", "for")
_VOCABULARIES = {
    "strategies": "a strategy",
    "pockets": "a pocket",
    "regimes": "a regime",
    "instruments": "an instrument",
}
_SECTIONS = {
    "parameters": "parameter",
    "features": "feature",
    "tables": "table",
    "schedules": "schedule",
    "modes": "mode",
    "patterns": "pattern",
    "timeframes": "timeframe",
    "candidates": "candidates",
}


def check_taken(names: Names) -> None:
    """One name, one meaning: what a policy declares, against the language, its words and each other."""
    taken = {word: _VOCABULARIES[kind] for kind in _VOCABULARIES for word in names.vocabulary(kind)}
    taken |= {word: f"a word of `{enum}`" for enum, words in ENUMS.items() for word in words}
    taken |= dict.fromkeys(FACTS, "a fact")
    taken |= dict.fromkeys((*names.functions, *AGGREGATES, *BUILTINS), "a function")
    taken |= dict.fromkeys(STANDARD_TIMEFRAMES, "a timeframe")
    taken |= dict.fromkeys(_KEYWORDS, "a word of the language")
    for section, kind in _SECTIONS.items():
        for name in _declared(names, section):
            if name in taken:
                names.found.append(naming.name_taken(_place(names, section, name), name, taken[name]))
            taken[name] = "a list of candidates" if kind == "candidates" else f"a {kind}"


def check_tags(names: Names) -> None:
    """No tag may resolve to two strategies, whole or cut."""
    owner = {name: name for name in names.policy.strategies}
    for name, strategy in names.policy.strategies.items():
        for leaf in strategy.aliases:
            other = owner.setdefault(leaf.text, name)
            if other != name:
                names.found.append(naming.same_cut_tag(leaf.node.span, other, name, leaf.text))


def check_unused(names: Names) -> None:
    """What nothing reads. A feature that nothing reads is checked here, so that its own faults show."""
    for kind, path in _unused(names):
        if kind == "feature":
            feature = names.policy.features[path[1]]
            Checker(names, EVERYTHING).check(feature.value if isinstance(feature, Feature) else feature)
        if kind == "mode":
            modes.written_out(Checker(names, EVERYTHING), path[1])
        if kind == "pattern":
            patterns.written_out(Checker(names, EVERYTHING), path[1])
        place = _place(names, *path)
        name = path[1] if kind != "column" else f"{path[1]}.{path[3]}"
        names.found.append(naming.unused(place, kind, name, "" if _is_own(names, place) else path[0]))


def _unused(names: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    for section, kind in _SECTIONS.items():
        for name, each in _declared(names, section).items():
            if kind == "table":
                for column in each.columns:
                    if ("column", f"{name}.{column}") not in names.used:
                        yield "column", (section, name, "columns", column)
            elif (kind, name) not in names.used:
                yield kind, (section, name)


def _place(names: Names, *path: str) -> Span:
    if path[0] == "candidates":
        return names.rankings[path[1]].id.node.span
    return span_of(names.policy, path)


def _declared(names: Names, section: str) -> Mapping[str, Any]:
    if section == "candidates":
        return names.rankings
    declared: Mapping[str, Any] = getattr(names.policy, section)
    return declared


def _is_own(names: Names, place: Span) -> bool:
    """Does it stand in the file that names the policy, and not in one that this builds on?"""
    return place.file == names.policy.metadata.name.node.span.file
