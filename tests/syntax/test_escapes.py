"""Escapes: known ways out of evaluators of Python text, and thousands of variations, all refused when compiled.

The techniques are those published against simpleeval, asteval and RestrictedPython: attribute walks to object and its
subclasses, frames of generators and coroutines, format strings, descriptors, hooks of operators, `__builtins__` through
functions and modules, names smuggled by normalisation, f-strings, lambdas, walrus, star arguments, exhaustion of memory
or time. What they have in common is that they need more than names, numbers, comparisons and calls of registered
functions, and that is all there is.
"""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

import pytest

from tests.agreement.campaign import HERE
from tests.conformance.harness import checked, names_of, policy_of
from tests.syntax.reading import codes

NAMES = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))

TRICKS = (Path(__file__).parent / "escapes.txt").read_text(encoding="utf-8").splitlines()
TRICKS += [
    "eval\x00('1')",
    "mid\x00",
    "mid\n__import__('os')",
    "mid\r\nimport os",
    "mid\t\x0c",
    "\ufeffmid",
    "mid\u2028x",
]

DUNDERS = [
    "class",
    "base",
    "bases",
    "mro",
    "subclasses",
    "init",
    "globals",
    "builtins",
    "import",
    "dict",
    "code",
    "closure",
    "self",
    "func",
    "module",
    "name",
    "qualname",
    "getattribute",
    "getattr",
    "setattr",
    "call",
    "new",
    "reduce",
    "reduce_ex",
    "format",
    "str",
    "repr",
    "hash",
    "eq",
    "lt",
    "add",
    "radd",
    "matmul",
    "enter",
    "exit",
    "iter",
    "next",
    "await",
    "aiter",
    "anext",
    "del",
    "get",
    "set",
    "delete",
    "slots",
    "doc",
    "weakref",
    "annotations",
    "wrapped",
    "loader",
    "spec",
    "file",
    "path",
    "package",
]
FRAMES = ("gi_frame", "gi_code", "cr_frame", "ag_frame", "f_back", "f_globals", "f_builtins", "f_locals", "tb_frame")
ROOTS = (
    "mid",
    "account",
    "account.equity",
    "m1",
    "m1.close",
    "abs",
    "rsi",
    "trades",
    "t",
    "gates",
    "limit_pips",
    "now",
    "instrument.name",
    "'x'",
    "1",
    "1pips",
    "(1)",
    "()",
    "[]",
    "true",
    "thin_hours",
)
SHAPES = (
    "{path}",
    "{path}()",
    "{path}('os')",
    "{path}[0]",
    "abs({path})",
    "max({path}, {path})",
    "{path} > 1",
    "not {path}",
    "1 if {path} else 2",
    "count(t for t in {path})",
    "count(t for t in trades if {path})",
    "sum({path} for t in trades)",
    "mid + {path}",
    "{path} in (1, 2)",
    "rsi(m1, n={path})",
    "m1.close[{path}]",
    "known({path})",
    "f'{{{path}}}'",
    "'{{0.{path}}}'.format(mid)",
    "(lambda: {path})()",
    "[{path} for t in trades]",
    "({path} for t in trades)",
    "coalesce({path}, 1)",
    "-{path}",
    "{path} == {path}",
    "({path} := 1)",
    "{path} if mid > 1 else {path}",
)


def generated(count: int) -> list[str]:
    """Attribute walks of one to three steps from every root, in every place where an expression can stand."""
    rng = random.Random(20)
    steps = [f".__{name}__" for name in DUNDERS] + [f".{name}" for name in FRAMES]
    walks = [root + step for root, step in itertools.product(ROOTS, steps)]
    walks += [rng.choice(walks) + rng.choice(steps) + rng.choice(("", *steps)) for _ in range(4_000)]
    texts = [shape.format(path=path) for path in walks for shape in rng.sample(SHAPES, 2)]
    return list(dict.fromkeys(texts))[:count] if len(texts) >= count else texts


@pytest.mark.parametrize("text", TRICKS)
def test_a_known_trick_is_refused_when_it_is_compiled(text: str) -> None:
    found = checked_anywhere(text)
    assert found, "accepted"
    assert all(code.startswith("RE3") for code in found)


def test_thousands_of_generated_paths_are_refused_when_they_are_compiled() -> None:
    texts = generated(5_000)
    assert len(texts) == 5_000
    accepted = [text for text in texts if not checked_anywhere(text)]
    assert accepted == []


def test_nothing_here_takes_long() -> None:
    heavy = [
        "(" * 1_000 + "1" + ")" * 1_000,
        "not " * 500 + "mid",
        "-" * 2_000 + "1",
        "9" * 2_000,
        "mid" + "[0]" * 600,
        "mid" + ".real" * 400,
        "((((" * 500,
        "abs(" * 500 + "1" + ")" * 500,
        "1 if " * 400 + "1",
        "'" * 2_000,
        "a" * 2_048,
        " and ".join(["mid > 1"] * 200),
    ]
    begun = time.perf_counter()
    for text in heavy:
        assert checked_anywhere(text)
    assert time.perf_counter() - begun < 2.0


def checked_anywhere(text: str) -> list[str]:
    """Codes of its findings as a policy's expression; what YAML could not carry is given to the parser alone."""
    if "\n" in text or "\r" in text or "\x00" in text or ("'" in text and '"' in text) or not text:
        return codes(text)
    return [each.code for each in checked(text, NAMES).found]
