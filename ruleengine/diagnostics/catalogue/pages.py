"""How a fault joins the catalogue: its code, its words and its page are declared in one place.

    @fault(
        "RE131",
        title="tab in the indentation",
        what="...", why="...", bad="...", good="...",
        proof="load",
    )
    def tab_in_indentation(span: Span, width: int) -> Wording:
        return says("tab used for indentation", help=f"replace it with {width} spaces")

The decorated function takes the same arguments and gives a `Diagnostic` with that code. Every code needs every part
of a page: `ruleengine explain RE131` prints it, and a test holds `bad` and `good` against what `proof` names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, NamedTuple, ParamSpec

from ruleengine.diagnostics.diagnostic import Diagnostic, Related, Severity
from ruleengine.diagnostics.span import Span

P = ParamSpec("P")

_WORD_LENGTH_MAX = 60


class Wording(NamedTuple):
    """What a fault says: the message, its help line and other places that belong to it."""

    message: str
    help: str | None
    related: tuple[Related, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What `ruleengine explain CODE` shows.

    `proof` names the checker that shows the bad example to have this code and the good one to be clean:
    `load` (the text alone), `read:<type>` (the first value of the text, read as that type), `validate`
    (a whole policy), or `none: <reason>` with the place where it is tested instead.
    """

    code: str
    title: str
    what: str
    why: str
    bad: str
    good: str
    proof: str
    severity: Severity
    function: str


class Row(NamedTuple):
    """A page of what the engine decides or notes (`told_by_the_engine`)."""

    code: str
    title: str
    what: str
    why: str
    bad: str
    good: str


PAGES: dict[str, Page] = {}
"""Pages registered so far, by code; `ruleengine.diagnostics.catalogue.PAGES` has all of them."""


def fault(
    code: str,
    *,
    title: str,
    what: str,
    why: str,
    bad: str,
    good: str,
    proof: str,
    severity: Severity = Severity.ERROR,
) -> Callable[[Callable[Concatenate[Span, P], Wording]], Callable[Concatenate[Span, P], Diagnostic]]:
    """Register a page and turn the wording function below it into one that gives the `Diagnostic`."""

    def register(
        wording: Callable[Concatenate[Span, P], Wording],
    ) -> Callable[Concatenate[Span, P], Diagnostic]:
        if code in PAGES:
            raise ValueError(f"{code} is registered twice: {PAGES[code].function} and {wording.__name__}")
        PAGES[code] = Page(code, title, what, why, bad, good, proof, severity, wording.__name__)

        @wraps(wording)
        def diagnose(span: Span, /, *args: P.args, **kwargs: P.kwargs) -> Diagnostic:
            said = wording(span, *args, **kwargs)
            return Diagnostic(code, said.message, span, said.help, severity, said.related)

        return diagnose

    return register


def told_by_the_engine(rows: tuple[Row, ...], proof: str) -> None:
    """Register pages of codes whose words the engine finds itself, with the measured values of the moment."""

    def in_its_words(span: Span, message: str) -> Wording:
        return says(message)

    for row in rows:
        fault(
            row.code,
            title=row.title,
            what=row.what,
            why=row.why,
            bad=row.bad,
            good=row.good,
            proof=proof,
            severity=Severity.INFO,
        )(in_its_words)


def says(message: str, help: str | None = None, related: tuple[Related, ...] = ()) -> Wording:
    """The words of a fault: lower case, no full stop, the author's own words through `word()`."""
    return Wording(message, help, related)


def word(text: str) -> str:
    """The author's own words in backticks, on one line, clipped, nothing invisible left in.

    >>> word("rsi(m1, 14)")
    '`rsi(m1, 14)`'
    >>> word("a\\u202eb")
    '`a<U+202E>b`'
    """
    shown = text if len(text) <= _WORD_LENGTH_MAX else text[: _WORD_LENGTH_MAX - 1] + "…"
    return f"`{visible(shown)}`"


def visible(text: str) -> str:
    """The text with every character that cannot be seen, or would move others, spelled as `<U+XXXX>`."""
    return "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in text)


def a_or_an(noun: str) -> str:
    """The noun with its article.

    >>> a_or_an("expression"), a_or_an("number")
    ('an expression', 'a number')
    """
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"
