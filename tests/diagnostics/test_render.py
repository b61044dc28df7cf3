"""Findings as they are printed: columns by hand, whole pictures as snapshots."""

from __future__ import annotations

import json

import pytest
from syrupy.assertion import SnapshotAssertion

from ruleengine.diagnostics import Diagnostic, Related, Severity, Span, has_errors
from ruleengine.diagnostics.excerpt import excerpt
from ruleengine.diagnostics.render import render_github, render_json, render_text, summary
from ruleengine.load import load_bytes


def one_line(col: int, end_col: int, line: int = 1) -> Span:
    return Span("a.yaml", line, col, line, end_col)


FINDINGS = [
    Diagnostic("RE801", "unused anchor `b`", one_line(1, 2, 3), severity=Severity.INFO),
    Diagnostic(
        "RE312", "100% unknown, when: `spread` is missing", one_line(7, 13), help="write `spread <= 2`\nor leave it"
    ),
    Diagnostic("RE123", "key `a` twice", one_line(1, 2, 2), related=(Related("first written here", one_line(1, 5)),)),
    Diagnostic("RE802", "long line", Span("b,c:d.yaml", 9, 1, 10, 3), severity=Severity.WARNING),
]
SOURCES = {"a.yaml": "when: spread > 2\na: 1\nb\n"}


def test_the_whole_text_form_by_hand() -> None:
    finding = Diagnostic("RE312", "unknown `spread`", one_line(7, 13), help="write `spread <= 2`")
    assert render_text([finding], SOURCES) == (
        "a.yaml:1:7: RE312 unknown `spread`\n"
        "  |\n"
        "1 | when: spread > 2\n"
        "  |       ^^^^^^\n"
        "help: write `spread <= 2`\n"
        "docs: ruleengine explain RE312\n"
        "\n"
        "1 error in 1 file\n"
    )


@pytest.mark.parametrize(
    ("line", "first", "last", "shown", "carets"),
    [
        ("when: spread", 7, 13, "when: spread", "      ^^^^^^"),
        ("when: spread", 7, 7, "when: spread", "      ^"),
        ("when:", 6, 6, "when:", "     ^"),
        ("\twhen: x", 2, 6, "    when: x", "    ^^^^"),
        ("a\tb", 3, 4, "a   b", "    ^"),
        ("\tx", 1, 2, "    x", "^^^^"),
        ("한국: x", 5, 6, "한국: x", "      ^"),
        ("한국: x", 1, 3, "한국: x", "^^^^"),
        ("e\u0301: x", 5, 6, "e\u0301: x", "   ^"),
        ("a\u202eb: x", 2, 3, "a<U+202E>b: x", " ^^^^^^^^"),
        ("a\x1b[31mb", 7, 8, "a<U+001B>[31mb", "             ^"),
        ("😀 x", 3, 4, "😀 x", "   ^"),
    ],
)
def test_carets_stand_under_the_columns_as_a_terminal_shows_them(
    line: str, first: int, last: int, shown: str, carets: str
) -> None:
    assert excerpt(one_line(first, last), line + "\n") == ["  |", f"1 | {shown}", f"  | {carets}"]


def test_a_long_line_is_clipped_round_the_place() -> None:
    rows = excerpt(one_line(201, 204), "x" * 200 + "bad" + "y" * 200)
    assert rows[1].startswith("1 | …xxx")
    assert rows[1].endswith("yyy…")
    assert len(rows[1]) <= 4 + 112
    assert rows[1][rows[2].index("^") : rows[2].rindex("^") + 1] == "bad"


def test_a_place_over_several_lines_is_marked_to_the_end_of_the_first() -> None:
    assert excerpt(Span("a.yaml", 1, 3, 2, 2), "abcdef\nxyz\n")[2] == "  |   ^^^^"


def test_no_excerpt_without_the_text_or_the_line() -> None:
    assert excerpt(one_line(1, 2), None) == []
    assert excerpt(one_line(1, 2, 99), "a\n") == []


def test_carriage_returns_are_not_shown() -> None:
    assert excerpt(one_line(1, 2, 2), "a\r\nb: 1\r\n") == ["  |", "2 | b: 1", "  | ^"]


def test_text_of_several_findings(snapshot: SnapshotAssertion) -> None:
    assert render_text(FINDINGS, SOURCES) == snapshot


def test_text_in_colour(snapshot: SnapshotAssertion) -> None:
    assert render_text(FINDINGS, SOURCES, colour=True) == snapshot


def test_text_of_a_broken_policy(snapshot: SnapshotAssertion) -> None:
    text = "guards:\n  - id: a\n    id: b\n    when: {x: rsi(m1, 14) > 70}\ncaps:\n\t- x\nname: 'open\n"
    assert render_text(load_bytes(text.encode(), "policy.yaml")[1], {"policy.yaml": text}) == snapshot


def test_json_holds_every_field_and_counts() -> None:
    document = json.loads(render_json(FINDINGS))
    assert [finding["code"] for finding in document["findings"]] == ["RE312", "RE123", "RE801", "RE802"]
    assert document["findings"][1] == {
        "code": "RE123",
        "severity": "error",
        "message": "key `a` twice",
        "help": None,
        "file": "a.yaml",
        "line": 2,
        "column": 1,
        "end_line": 2,
        "end_column": 2,
        "related": [
            {"message": "first written here", "file": "a.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 5}
        ],
        "docs": "ruleengine explain RE123",
    }
    assert document["summary"] == {"errors": 2, "warnings": 1, "infos": 1, "files": 2}


def test_github_commands_are_escaped_and_most_severe_first() -> None:
    assert render_github(FINDINGS) == (
        "::error file=a.yaml,line=1,endLine=1,col=7,endColumn=12,title=RE312"
        "::100%25 unknown, when: `spread` is missing%0Ahelp: write `spread <= 2`%0Aor leave it\n"
        "::error file=a.yaml,line=2,endLine=2,col=1,endColumn=1,title=RE123::key `a` twice\n"
        "::warning file=b%2Cc%3Ad.yaml,line=9,endLine=10,title=RE802::long line\n"
        "::notice file=a.yaml,line=3,endLine=3,col=1,endColumn=1,title=RE801::unused anchor `b`\n"
        "2 errors, 1 warning, 1 info in 2 files\n"
    )


def test_github_says_how_many_it_will_not_show() -> None:
    found = [Diagnostic("RE123", "x", one_line(1, 2, line)) for line in range(1, 14)]
    assert render_github(found).splitlines()[-1].startswith("13 errors in 1 file (3 of them only in this log")


@pytest.mark.parametrize(
    ("severities", "text"),
    [
        ([], "no findings"),
        (["error"], "1 error in 1 file"),
        (["error", "error", "error", "warning"], "3 errors, 1 warning in 1 file"),
        (["info", "warning"], "1 warning, 1 info in 1 file"),
    ],
)
def test_summary(severities: list[str], text: str) -> None:
    assert summary([Diagnostic("RE100", "x", one_line(1, 2), severity=Severity(name)) for name in severities]) == text


def test_findings_are_ordered_by_place_then_code() -> None:
    places = [("b.yaml", 1, 1, "RE1"), ("a.yaml", 10, 1, "RE1"), ("a.yaml", 9, 2, "RE2"), ("a.yaml", 9, 2, "RE1")]
    found = [Diagnostic(code, "x", Span(file, line, col, line, col)) for file, line, col, code in places]
    assert [(item.span.file, item.span.line, item.code) for item in sorted(found)] == [
        ("a.yaml", 9, "RE1"),
        ("a.yaml", 9, "RE2"),
        ("a.yaml", 10, "RE1"),
        ("b.yaml", 1, "RE1"),
    ]


def test_only_errors_refuse() -> None:
    assert has_errors(FINDINGS)
    assert not has_errors([FINDINGS[0], FINDINGS[3]])


@pytest.mark.parametrize(
    ("span", "start", "end", "columns"),
    [
        (one_line(7, 20), 2, 5, (9, 12)),
        (one_line(7, 20), -1, 99, (7, 20)),
        (one_line(7, 20), 5, 2, (12, 12)),
        (Span("a.yaml", 1, 7, 2, 3), 2, 5, (9, 12)),
    ],
)
def test_a_part_of_a_span(span: Span, start: int, end: int, columns: tuple[int, int]) -> None:
    part = span.within(start, end)
    assert (part.line, part.col, part.end_line, part.end_col) == (span.line, columns[0], span.line, columns[1])


def test_spans_of_files_and_beginnings() -> None:
    assert Span.of_file("a.yaml") == Span("a.yaml", 1, 1, 1, 1)
    assert one_line(3, 9).start() == one_line(3, 3)
    assert str(one_line(3, 9)) == "a.yaml:1:3"
