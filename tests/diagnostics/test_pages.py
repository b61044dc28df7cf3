"""Every code explains itself, and its examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ruleengine.diagnostics import Span
from ruleengine.diagnostics.catalogue import FILES, PAGES, Page
from ruleengine.diagnostics.catalogue.pages import fault, says, visible, word
from tests.diagnostics.checkers import checker

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "ruleengine" / "diagnostics" / "catalogue"
PAGE_LIST = [pytest.param(page, id=code) for code, page in sorted(PAGES.items())]


@pytest.mark.parametrize("page", PAGE_LIST)
def test_every_part_of_a_page_is_there(page: Page) -> None:
    assert re.fullmatch(r"RE[1-9]\d\d", page.code)
    for part in (page.title, page.what, page.why, page.bad, page.good, page.proof):
        assert part.strip()
    assert page.bad != page.good
    assert not page.title.endswith(".")
    assert page.what.endswith((".", "`", ")"))
    assert page.why.endswith((".", "`", ")"))


@pytest.mark.parametrize("page", PAGE_LIST)
def test_the_bad_example_has_the_code_and_the_good_one_has_not(page: Page) -> None:
    check = checker(page.proof)
    if check is None:
        reason = page.proof.partition(":")[2].strip()
        assert reason, "say why no example can show it"
        for path in re.findall(r"tests/[\w/]+\.\w+", reason):
            assert (ROOT / path).is_file(), f"{path} is named as the place where {page.code} is shown"
        return
    assert page.code in check(page.bad)
    assert check(page.good) == []


def test_codes_of_yaml_faults_that_no_example_shows_are_tested_by_name() -> None:
    """A page of RE1xx without an example is worth no more than the test that it names."""
    for page in PAGES.values():
        if page.code.startswith("RE1") and page.proof.startswith("none"):
            named = re.findall(r"tests/[\w/]+\.\w+", page.proof)
            assert any(page.code in (ROOT / path).read_text(encoding="utf-8") for path in named), page.code


def test_a_file_of_the_catalogue_holds_one_hundred_and_is_registered() -> None:
    for path in CATALOGUE.glob("*.py"):
        codes = re.findall(r"^    \"(RE\d\d\d)\",$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert len({code[2] for code in codes}) <= 1, path
        assert set(codes) <= PAGES.keys(), f"{path.name} is not listed by the catalogue"
    assert {path.stem for path in CATALOGUE.glob("*.py")} == {*FILES, "__init__", "pages"}


def test_a_file_of_the_catalogue_holds_the_codes_that_it_claims_and_no_other_file_claims_them() -> None:
    claimed: dict[int, str] = {}
    for name in FILES:
        text = (CATALOGUE / f"{name}.py").read_text(encoding="utf-8")
        claim = re.match(r'"""(RE[^:]+):', text) or re.search(r"^Codes: (.+)\.$", text, re.MULTILINE)
        assert claim, f"{name}.py does not say which codes are its own"
        for first, last in re.findall(r"RE(\d\d\d)(?:–RE(\d\d\d))?", claim[1]):
            for number in range(int(first), int(last or first) + 1):
                assert number not in claimed, f"RE{number} is claimed by {claimed[number]}.py and {name}.py"
                claimed[number] = name
        codes = [int(code) for code in re.findall(r'^ +"RE(\d\d\d)",$', text, re.MULTILINE)]
        assert codes, f"{name}.py has no code"
        assert {claimed.get(code) for code in codes} == {name}, f"{name}.py has codes that it does not claim"


def test_every_code_that_is_named_anywhere_has_a_page() -> None:
    for folder in ("ruleengine", "adapters", "docs", "policies", "schemas"):
        for path in (path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md", ".yaml", ".json")):
            text = re.sub(r"RE\d\d\d–RE\d\d\d", "", path.read_text(encoding="utf-8"))
            assert set(re.findall(r"\bRE\d\d\d\b", text)) <= PAGES.keys(), path


def test_a_code_cannot_be_registered_twice() -> None:
    register = fault("RE101", title="t", what="w.", why="w.", bad="b", good="g", proof="load")
    with pytest.raises(ValueError, match="registered twice"):
        register(lambda span: says("x"))


def test_a_fault_takes_its_code_and_severity_from_its_page() -> None:
    from ruleengine.diagnostics.catalogue import yaml

    found = yaml.duplicate_key(Span("a.yaml", 2, 1, 2, 4), "key", Span("a.yaml", 1, 1, 1, 4))
    assert (found.code, found.severity.value, found.message) == ("RE123", "error", "key `key` is written twice")
    assert [(related.message, related.span.line) for related in found.related] == [("first written here", 1)]


def test_the_authors_words_are_shown_whole_on_one_line_or_clipped() -> None:
    assert word("a\nb") == "`a<U+000A>b`"
    assert word("x" * 60) == "`" + "x" * 60 + "`"
    assert word("x" * 61) == "`" + "x" * 59 + "…`"
    assert visible("a\u202eb\x1b") == "a<U+202E>b<U+001B>"
