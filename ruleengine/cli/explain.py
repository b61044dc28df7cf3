"""`ruleengine explain`: the page of a finding, or the words a policy can use."""

from __future__ import annotations

import textwrap

from ruleengine.cli.failure import CommandError
from ruleengine.diagnostics.catalogue import PAGES
from ruleengine.diagnostics.suggest import did_you_mean


def explain(code: str) -> int:
    if code in _LISTS:
        print(_LISTS[code]())
        return 0
    wanted = code.upper()
    page = PAGES.get(wanted)
    if page is None:
        # of codes equally near, those that go on as the word began; most often its last digit is missing
        codes = sorted(PAGES, key=lambda each: (not each.startswith(wanted), each))
        near = did_you_mean(code, _LISTS) or did_you_mean(wanted, codes)
        known = f"codes look like RE305; there are also {', '.join(_LISTS)}"
        raise CommandError(f"no finding has the code `{code}`", f"did you mean {', '.join(near)}?" if near else known)
    print(f"{page.code} ({page.severity}): {page.title}\n")
    print(textwrap.fill(page.what, 100))
    print("\nWhy: " + textwrap.fill(page.why, 100, subsequent_indent="     "))
    print("\nBad:\n" + textwrap.indent(page.bad.rstrip(), "    "))
    print("\nBetter:\n" + textwrap.indent(page.good.rstrip(), "    "))
    return 0


def _facts() -> str:
    from ruleengine.facts.catalogue import FACTS

    return "\n".join(f"{name:44} {fact.type!s:28} {fact.doc}" for name, fact in FACTS.items())


def _functions() -> str:
    from ruleengine.functions.catalogue import FUNCTIONS
    from ruleengine.typecheck.expression import signature_of

    return "\n".join(f"{signature_of(function):52} {function.doc.splitlines()[0]}" for function in FUNCTIONS.values())


def _units() -> str:
    from ruleengine.units import LITERAL_UNITS

    lines = [f"{word:12} {unit.doc}" for word, unit in LITERAL_UNITS.items()]
    return "\n".join([*lines, "USD, JPY …   money in that currency"])


_LISTS = {"facts": _facts, "functions": _functions, "units": _units}
