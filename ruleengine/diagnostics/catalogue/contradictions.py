"""RE420–RE424: what a condition says is known before any data, from the ranges of what it compares.

One function per fault, declared with its page by `@fault` (see `pages.py`). Ranges are those of facts and functions,
and of parameters within their own `min` and `max`: nothing that `--set` can reach is called impossible.
"""

from __future__ import annotations

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says
from ruleengine.diagnostics.diagnostic import Related, Severity
from ruleengine.diagnostics.span import Span


@fault(
    "RE420",
    title="comparison that never holds",
    what="Of the values that both sides can have, none makes the comparison true.",
    why="What waits for it never comes: an exit that closes nothing, a guard that lets nothing pass. Mostly a number "
    "in the wrong unit or a sign the wrong way round.",
    bad="require: rsi(m1, 14) > 150",
    good="require: rsi(m1, 14) > 50",
    proof="none: shown in tests/typecheck/test_contradictions.py",
)
def never_holds(span: Span, reason: str) -> Wording:
    """`reason`: what its sides can be, in words."""
    return says(f"this never holds: {reason}", "compare it with a value inside of that range, or remove it")


@fault(
    "RE421",
    title="condition that always holds",
    what="The whole condition is one comparison, and every value that its sides can have makes it true.",
    why="A guard that can never refuse protects nothing, and an exit that always holds closes at once.",
    bad="require: trade.age >= 0s",
    good="require: trade.age >= 10s",
    proof="none: shown in tests/typecheck/test_contradictions.py",
)
def always_holds(span: Span, reason: str) -> Wording:
    return says(
        f"this always holds: {reason}",
        "say the limit that was meant; that a value has to be known is said by `known(…)`, always by `true`",
    )


@fault(
    "RE422",
    title="part of a condition that always holds",
    what="Every value that both sides can have makes the comparison true, so that only the rest counts.",
    why="Harmless where it only spells out what is so anyway; else a limit in the wrong unit that protects nothing. "
    "Nothing is refused or done because of it, so it is a warning.",
    bad="require: rsi(m1, 14) <= 150 and spread <= 2pips",
    good="require: rsi(m1, 14) <= 70 and spread <= 2pips",
    proof="none: shown in tests/typecheck/test_contradictions.py",
    severity=Severity.WARNING,
)
def part_always_holds(span: Span, reason: str) -> Wording:
    return says(f"this part always holds: {reason}", "say the limit that was meant, or leave the part out")


@fault(
    "RE423",
    title="conditions that exclude each other",
    what="Two conditions that are joined by `and` can't both hold.",
    why="The whole never holds, so that the rule never acts, or refuses everything.",
    bad="require: spread > 5pips and spread < 3pips",
    good="require: spread > 3pips and spread < 5pips",
    proof="none: shown in tests/typecheck/test_contradictions.py",
)
def exclude_each_other(span: Span, first: Span, second: Span) -> Wording:
    return says(
        "these can't hold together",
        "exchange the limits, or join them with `or`",
        related=(Related("this one", first), Related("excludes this one", second)),
    )


@fault(
    "RE424",
    title="conditions that leave nothing out",
    what="Of two conditions that are joined by `or`, one always holds.",
    why="The whole says nothing: a guard that can never refuse, an exit that closes at once. Where two words are meant "
    "to be left out, `not in (…)` says so.",
    bad="require: strategy != A or strategy != B",
    good="require: strategy not in (A, B)",
    proof="none: shown in tests/typecheck/test_contradictions.py",
)
def leave_nothing_out(span: Span, first: Span, second: Span) -> Wording:
    return says(
        "one of these always holds",
        "join them with `and`, or exchange the limits",
        related=(Related("where this one does not", first), Related("this one does", second)),
    )
