"""What proves that a page's bad example has its code and its good one has not; a page names one of them.

`load` reads the text, `read:<type>` also reads the text's first value as that type. `validate` takes the whole text as
a policy; whoever builds that stage registers it here under its name. `none: <reason>` says where it is shown instead.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from ruleengine.load import MapNode, ScalarNode, load_bytes, read
from ruleengine.load.scalars import Expects

Checker = Callable[[str], list[str]]


def by_load(text: str) -> list[str]:
    """Codes of the loader's findings."""
    return [finding.code for finding in load_bytes(text.encode(), "page.yaml")[1]]


def by_reading(expects: Expects) -> Checker:
    """Codes of the loader's findings, and of reading the first value as `expects`."""

    def check(text: str) -> list[str]:
        document, found = load_bytes(text.encode(), "page.yaml")
        assert document is not None
        assert isinstance(document.root, MapNode)
        node = document.root.entries[0].value
        assert isinstance(node, ScalarNode)
        return [finding.code for finding in [*found, *read(node, expects)[1]]]

    return check


CHECKERS: dict[str, Checker] = {"load": by_load}
for _expects in ("expression", "quantity", "version", "text", "id", "boolean", "number", "integer"):
    CHECKERS[f"read:{_expects}"] = by_reading(_expects)


def checker(proof: str) -> Checker | None:
    """The checker of that name; nothing for a page that is shown elsewhere.

    A checker that another stage brings stands in `tests/diagnostics/proofs/<name>.py` as a function `codes(text)`.
    """
    name = proof.partition(":")[0]
    if name == "none":
        return None
    if proof in CHECKERS:
        return CHECKERS[proof]
    module = f"tests.diagnostics.proofs.{name}"
    assert find_spec(module) is not None, (
        f"no checker `{proof}`: add tests/diagnostics/proofs/{name}.py with codes(text)"
    )
    found: Checker = import_module(module).codes
    return found
