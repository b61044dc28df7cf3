"""Reads the case files; their format stands in README.md beside this file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
NOT_CASES = {"instruments.yaml", "policy.yaml"}
_ARROW = re.compile(r"\s+=>\s+")


@dataclass(frozen=True)
class Case:
    """One expression with what it gives in each row, or the fault it is refused with."""

    file: str
    number: int
    expr: str
    gives: tuple[str, ...]
    given: dict[str, Any]
    scope: str = "everything"
    rejects: str = ""
    oracle: str = ""
    tolerance: float = 0.0
    excepted: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.file}:{self.number}"


@cache
def all_cases() -> tuple[Case, ...]:
    files = sorted(path for path in HERE.rglob("*.yaml") if path.name not in NOT_CASES)
    return tuple(case for path in files for case in _cases_of(path))


def _cases_of(path: Path) -> list[Case]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(document) <= {"about", "source", "given", "cases"}, path
    assert document["about"].strip(), path
    name = path.relative_to(HERE).with_suffix("").as_posix()
    return [_case(name, index, entry, document.get("given", {})) for index, entry in enumerate(document["cases"], 1)]


def _case(file: str, number: int, entry: Any, given: dict[str, Any]) -> Case:
    if isinstance(entry, str):
        parts = _ARROW.split(entry)
        assert len(parts) == 2, f"{file}:{number}: one ` => ` is expected"
        entry = {"expr": parts[0]} | ({"rejects": parts[1]} if parts[1].startswith("RE") else {"gives": parts[1]})
    assert set(entry) <= {"expr", "gives", "rejects", "given", "scope", "oracle", "tolerance", "except"}, (file, number)
    gives = entry.get("gives", "")
    own = entry.get("given", {})
    return Case(
        file=file,
        number=number,
        expr=str(entry["expr"]),
        gives=_values(gives),
        given=_merged(given, own),
        scope=entry.get("scope", "everything"),
        rejects=entry.get("rejects", ""),
        oracle=entry.get("oracle", ""),
        tolerance=float(entry.get("tolerance", 0.0)),
        excepted=entry.get("except", {}),
    )


def _values(written: Any) -> tuple[str, ...]:
    """Values by row; commas inside `unknown(…)` do not part them."""
    if isinstance(written, bool):
        return ("true" if written else "false",)
    return tuple(part.strip() for part in re.split(r",(?![^(]*\))", str(written)) if part.strip())


def _merged(given: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A case's own `given` over the file's, key by key, one level down too."""
    merged = dict(given)
    for key, value in own.items():
        known = merged.get(key)
        merged[key] = {**known, **value} if isinstance(value, dict) and isinstance(known, dict) else value
    return merged
