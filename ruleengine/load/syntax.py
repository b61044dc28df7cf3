"""What libyaml stumbled over, told by its usual cause.

libyaml says where it could not go on; the cause is often further up. `explain` tries the recognisers in order, each
looks at the parser's words and at the text around, and the first that knows the cause gives the finding. All of them
read a bounded stretch of the text, and none of them changes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ruleengine.diagnostics import Diagnostic
from ruleengine.diagnostics.catalogue import syntax as faults
from ruleengine.load import broken_brackets, broken_lines, broken_values
from ruleengine.load.breakage import Breakage, Case, LastScalar, here
from ruleengine.load.source import SourceText

_RECOGNISERS: Final[tuple[Callable[[Case], Diagnostic | None], ...]] = (
    broken_values.tab,
    broken_values.escape,
    broken_values.open_quote,
    broken_values.directive,
    broken_values.reserved_start,
    broken_values.text_after_quote,
    broken_brackets.cut_in_flow,
    broken_brackets.tight_colon_in_flow,
    broken_brackets.text_after_bracket,
    broken_brackets.open_bracket,
    broken_brackets.stray,
    broken_lines.misplaced_item,
    broken_lines.tight_colon,
    broken_lines.no_colon,
    broken_lines.second_colon,
    broken_lines.indentation,
)


def explain(source: SourceText, broke: Breakage, last: LastScalar | None) -> Diagnostic:
    """The finding for a text that is not YAML: the likely cause, at the place where it is to be mended."""
    broke = broke._replace(at=min(broke.at, len(source.text)))
    case = Case(source, broke, last)
    for recognise in _RECOGNISERS:
        if (finding := recognise(case)) is not None:
            return finding
    return faults.not_yaml(here(case), broke.problem)
