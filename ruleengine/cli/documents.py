"""Reading the files a command is given: policies compiled, other documents shaped, findings on stderr.

What a document says wrong is exit code 1; a file that can't be read at all is 2, as any wrong use of a command.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruleengine.cli.failure import CommandError, is_ending
from ruleengine.cli.streams import tell
from ruleengine.diagnostics import Diagnostic, Span, has_errors
from ruleengine.diagnostics.catalogue.internal import internal_error
from ruleengine.diagnostics.render import summary
from ruleengine.graph.compile import Compiled, checked, compile_policy
from ruleengine.load import Document, MapNode, ScalarNode, load_file
from ruleengine.load.limits import FILE_BYTES_MAX

_UNREADABLE = "RE103"


class Refused(CommandError):
    """A document says something wrong; what, stands on stderr already."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "mend what is listed above", 1)


def compiled_or_exit(policy: Path, overlays: Sequence[Path], sets: Sequence[str]) -> Compiled:
    """The compiled policy, or a refusal with every finding on stderr."""
    result = compile_policy(policy, overlays, sets)
    if result.found:
        tell(result.found, result.sources)
    if result.compiled is None:
        raise refusal(policy, result.found)
    return result.compiled


def shaped_or_exit(file: Path, model: Any) -> Any:
    """A document of another kind as its model, or a refusal with every finding on stderr."""
    from ruleengine.schema.shape import shape_as

    document, found = load_file(file)
    shaped = None
    if document is not None:
        shaped, more = shape_as(document, model)
        found = [*found, *more]
    if found:
        tell(found, {document.file: document.source} if document is not None else {})
    if shaped is None or has_errors(found):
        raise refusal(file, found)
    return shaped


def refusal(file: Path, found: Sequence[Diagnostic]) -> CommandError:
    """What ends a command that this file stops: exit code 2 where it can't be read, 1 where it says something wrong."""
    if all(each.code == _UNREADABLE for each in found):
        return CommandError(f"{file} can't be read", "check the path")
    return Refused(f"{file} is refused: {summary(found)}")


def check_document(
    file: Path, sets: Sequence[str], overlays: Sequence[Path], account: Path | None, adapter: str | None
) -> tuple[list[Diagnostic], dict[str, str]]:
    """Findings of one file by its `kind`. A fault of ours is one of them, so that other files are still checked."""
    try:
        return _findings(file, sets, overlays, account, adapter)
    except (CommandError, OSError):
        raise
    except Exception as error:
        if is_ending() or os.environ.get("RULEENGINE_TRACEBACK"):
            raise
        return [internal_error(Span.of_file(str(file)), type(error).__name__, str(error))], {}


def _findings(
    file: Path, sets: Sequence[str], overlays: Sequence[Path], account: Path | None, adapter: str | None
) -> tuple[list[Diagnostic], dict[str, str]]:
    if file.name.endswith(".mapping.yaml"):
        from ruleengine.cli.mappings import check_mapping

        return check_mapping(file)
    if not is_beside_a_policy(file):
        composed, typed, found, sources = checked(file, overlays, sets)
        if typed is not None and composed is not None and (account is not None or adapter is not None):
            found = [*found, *_requirements(composed.policy, account, adapter)]
        return found, sources
    from ruleengine.schema.shape import shape_as

    document, found = load_file(file)
    if document is None:
        return found, {}
    model = model_of(kind_of(document))
    if model is None:
        return found, {document.file: document.source}
    found = [*found, *shape_as(document, model)[1]]
    if kind_of(document) == "Part":
        found += _unused(file, document)
    if kind_of(document) == "Scenario" and not found:
        from ruleengine.reports.scenario_cases import problems_of_cases

        found += problems_of_cases(document)
    return found, {document.file: document.source}


def _unused(file: Path, document: Document) -> list[Diagnostic]:
    """A part that no policy names."""
    from ruleengine.diagnostics.catalogue.composition import part_unused
    from ruleengine.resolve.parts import is_used

    return [] if is_used(file, lambda each: load_file(each)[0]) else [part_unused(document.root.span, file.name)]


_KINDS = re.compile(rb"Account|Overlay|Scenario|\bPart\b")


def is_beside_a_policy(file: Path) -> bool:
    """Does the file say that it is an account, an overlay, a part or a scenario? Anything else is held to be a policy,
    so that a misspelt kind is a finding. A policy is loaded by its own stage: a file that has none of the words is not
    loaded here as well."""
    if not file.is_file():  # opening a pipe would wait for its writer
        return False
    try:
        with file.open("rb") as opened:
            if _KINDS.search(opened.read(FILE_BYTES_MAX)) is None:
                return False
    except OSError:
        return False
    document, _ = load_file(file)
    return document is not None and model_of(kind_of(document)) is not None


def kind_of(document: Document) -> str:
    root = document.root
    entry = root.get("kind") if isinstance(root, MapNode) else None
    return entry.value.text if entry is not None and isinstance(entry.value, ScalarNode) else ""


def model_of(kind: str) -> Any:
    """The model of a document's kind, or None for a kind that is not ours."""
    from ruleengine.schema.account import Account
    from ruleengine.schema.overlay import Overlay
    from ruleengine.schema.part import Part
    from ruleengine.schema.scenario import Scenario

    return {"Account": Account, "Overlay": Overlay, "Part": Part, "Scenario": Scenario}.get(kind)


def _requirements(policy: Any, account: Path | None, adapter: str | None) -> list[Diagnostic]:
    from ruleengine.cli.venues import adapter_named
    from ruleengine.resolve.requires import check_requires
    from ruleengine.schema.account import Account

    shaped = shaped_or_exit(account, Account) if account is not None else None
    of_file = shaped.venue.name.text if shaped is not None else ""
    if adapter is not None and of_file not in ("", adapter):
        raise CommandError(f"--adapter {adapter}, but {account} is an account of {of_file}", "name one of the two")
    venue = adapter_named(adapter or of_file)
    names = [leaf.text for leaf in policy.requires.instruments]
    # a venue over a network is not asked here: `run` and `doctor` do
    instruments = None if venue.capabilities.needs_network else venue.instruments(names)
    return list(check_requires(policy, shaped, venue.capabilities, instruments))
