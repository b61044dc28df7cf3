"""Results of scenarios as JUnit XML, the form in which CI systems take tests: a suite for each file, a case for each of
its scenarios. What failed by a difference is a `failure`, what could not be played an `error`."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from ruleengine.diagnostics.catalogue.pages import visible
from ruleengine.reports.scenario import Result

Timed = tuple[Result, float]


def junit(results: Sequence[Timed], tell: dict[str, str]) -> str:
    """The document. `tell`: what is said of each result that did not pass, by its name."""
    root = Xml.Element("testsuites", _counts([*results]))
    for file in dict.fromkeys(str(result.file) for result, _ in results):
        of_file = [each for each in results if str(each[0].file) == file]
        suite = Xml.SubElement(root, "testsuite", {"name": _clean(file), **_counts(of_file)})
        for result, seconds in of_file:
            _case(suite, result, seconds, tell.get(result.name, ""))
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _case(suite: Xml.Element, result: Result, seconds: float, told: str) -> None:
    name = f"{result.case}: {result.about}" if result.case else result.about or result.file.name
    cites = f" [{', '.join(result.cites)}]" if result.cites else ""
    attributes = {"classname": _clean(str(result.file)), "name": _clean(name + cites), "time": f"{seconds:.3f}"}
    case = Xml.SubElement(suite, "testcase", attributes)
    if result.has_passed:
        return
    kind = "failure" if result.difference is not None else "error"
    code = next((each.code for each in result.found), "difference")
    message = result.difference.expected if result.difference is not None else _first(result)
    Xml.SubElement(case, kind, {"message": _clean(message), "type": code}).text = _clean(told)


def _first(result: Result) -> str:
    return next((f"{each.code} {each.message}" for each in result.found), "")


def _counts(results: Sequence[Timed]) -> dict[str, str]:
    failed = [result for result, _ in results if not result.has_passed]
    failures = sum(result.difference is not None for result in failed)
    return {
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": str(len(failed) - failures),
        "skipped": "0",
        "time": f"{sum(seconds for _, seconds in results):.3f}",
    }


def _clean(text: str) -> str:
    """XML 1.0 has no place for most control characters: they are spelled out."""
    return "\n".join(visible(line) for line in text.split("\n"))
