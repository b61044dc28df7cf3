"""What cannot be shown by a marked text: a parser's complaint that no recogniser knows."""

from __future__ import annotations

import pytest

from ruleengine.load.breakage import Breakage, LastScalar
from ruleengine.load.source import SourceText
from ruleengine.load.syntax import explain


def test_an_unknown_complaint_is_told_in_the_parsers_words_at_its_place() -> None:
    source = SourceText.of("x.yaml", "a: b\nc: d\n")
    finding = explain(source, Breakage("an unheard-of thing", 8, "", None), None)
    assert finding.code == "RE130"
    assert "an unheard-of thing" in finding.message
    assert (finding.span.line, finding.span.col, finding.span.end_col) == (2, 4, 5)


@pytest.mark.parametrize("text", ["", "\n", "a", "a: [b\n", "- \n\n", '"', "{", "한: '"])
@pytest.mark.parametrize(
    "problem",
    [
        "did not find expected key",
        "did not find expected ',' or '}'",
        "mapping values are not allowed in this context",
        "could not find expected ':'",
        "found character that cannot start any token",
        "found unknown escape character",
        "found unexpected end of stream",
        "found unexpected ':'",
        "did not find expected node content",
        "block sequence entries are not allowed in this context",
        "did not find expected <document start>",
    ],
)
def test_every_complaint_at_every_place_of_a_tiny_text_has_an_answer(text: str, problem: str) -> None:
    """Recognisers look around: none of them may run over an end of the text."""
    source = SourceText.of("x.yaml", text)
    contexts = ["", "while scanning a quoted scalar", "while parsing a flow mapping", "while scanning a simple key"]
    for at in range(len(text) + 2):
        for context in contexts:
            for context_at in (None, 0, len(text)):
                for last in (None, LastScalar(0, min(1, len(text)), "plain"), LastScalar(0, len(text), "double")):
                    finding = explain(source, Breakage(problem, at, context, context_at), last)
                    assert finding.help
                    assert finding.span.line <= text.count("\n") + 1
