"""What is claimed of how a value moves with the size holds where it is tried, size by size.

Expressions are drawn from a grammar in which most of what can be written of a size occurs; each is evaluated in
Decimal at many sizes on random states, and its values are held against the claim.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal
from itertools import pairwise

import pytest

from ruleengine.backends.trace import TraceProgram
from ruleengine.facts.frames import Env
from ruleengine.graph import from_expressions
from ruleengine.model.unknown import Unknown
from ruleengine.typecheck.growth import Growth, depends_on_size, growth
from ruleengine.typecheck.typed import Expr
from tests.agreement.campaign import HERE, VOCABULARY
from tests.agreement.worlds import States
from tests.conformance.harness import checked, names_of, policy_of

NAMES = names_of(policy_of((HERE / "vocabulary.yaml").read_text(encoding="utf-8")))

LEAVES = {
    "units": (
        "size",
        "size",
        "position.long_units_after",
        "position.short_units_after",
        "position.net_units_after",
        "position.long_units",
        "position.net_units",
        "5_000units",
    ),
    "ratio": (
        "account.margin_used_of_available_after",
        "account.free_margin_ratio_after",
        "account.free_margin_ratio",
        "50%",
        "-50%",
    ),
}
FORMS = {
    "units": (
        "({units}) + ({units})",
        "({units}) - ({units})",
        "-({units})",
        "abs({units})",
        "max({units}, {units})",
        "min({units}, {units})",
        "clamp({units}, -2_000units, {units})",
        "positive({units})",
        "2 * ({units})",
        "({units}) * -0.5",
        "({units}) / -2",
        "({units}) * (trades.count - 1)",
        "({units}) * ({ratio})",
        "({units} if account.free_margin_ratio > 0 else {units})",
        "({units} if size > 700units else {units})",
    ),
    "ratio": (
        "ratio(({units}) / ({units}))",
        "ratio(({units}) / 500units)",
        "({ratio}) - ({ratio})",
        "min({ratio}, {ratio})",
    ),
}
EXPRESSIONS, STATES, SIZES = 400, 5, 12
CONVEX = ("const", "affine", "convex", "quasiconvex")
CONCAVE = ("const", "affine", "concave", "quasiconcave")


def drawn(rng: random.Random, kind: str, depth: int) -> str:
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(LEAVES[kind])
    form = rng.choice(FORMS[kind])
    while "{" in form:
        before, rest = form.split("{", 1)
        hole, after = rest.split("}", 1)
        form = f"{before}\0{drawn(rng, hole, depth - 1)}\1{after}"
    return form.replace("\0", "").replace("\1", "")


def rows_of(expr: Expr, reduces: bool, rng: random.Random) -> list[list[tuple[Decimal, Decimal]]]:
    """Of each state: sizes in order and the value at each of them, where it is known."""
    graph = from_expressions({"of": expr})
    function = TraceProgram(graph).functions["main"]
    source = States(rng, graph, VOCABULARY.words)
    rows = []
    for _ in range(STATES):
        env = source.draw()
        env.p = env.a.positions[0]
        most = largest(env, reduces)
        if most is None:
            continue
        row = []
        for step in range(SIZES + 1):
            size = most * step / SIZES
            env.i.size = size
            value = function(env)[0]
            if not isinstance(value, Unknown):
                row.append((size, value))
        rows.append(row)
    return rows


def largest(env: Env, reduces: bool) -> Decimal | None:
    """The largest order to try: no side is lowered by more than is held, and a reduction ends where the net is zero."""
    held, changes = (env.p.long_units, env.p.short_units), (env.i.long_change, env.i.short_change)
    if any(isinstance(each, Unknown) for each in (*held, *changes, env.a.nets)):
        return None
    if not reduces:
        lowered = [side for side, change in zip(held, changes, strict=True) if change < 0]
        return Decimal(repr(min([*lowered, 20_000.0])))
    if held[0] == held[1] or (env.a.nets and min(held) > 0):
        return None
    is_long = held[0] > held[1]
    env.i.reduce_only = True
    env.i.net_change = -1.0 if is_long else 1.0
    env.i.long_change, env.i.short_change = (-1.0, 0.0) if is_long else (0.0, -1.0)
    return Decimal(repr(abs(held[0] - held[1])))


def broken_claim(claimed: Growth, row: list[tuple[Decimal, Decimal]]) -> str:
    """What the values of one state deny of the claim, or nothing."""
    values = [value for _, value in row]
    slack = Decimal("1e-12") * max([Decimal(1), *map(abs, values)])
    steps = [after - before for before, after in pairwise(values)]
    if claimed.trend in ("const", "rises") and any(step < -slack for step in steps):
        return f"{claimed.trend}, and falls"
    if claimed.trend in ("const", "falls") and any(step > slack for step in steps):
        return f"{claimed.trend}, and rises"
    for level in values:
        if claimed.curve in CONVEX and not is_one_stretch([value <= level + slack for value in values]):
            return f"{claimed.curve}, and at most {level} in several stretches"
        if claimed.curve in CONCAVE and not is_one_stretch([value >= level - slack for value in values]):
            return f"{claimed.curve}, and at least {level} in several stretches"
    for (a, low), (b, middle), (c, high) in zip(row, row[1:], row[2:], strict=False):
        above = middle - (low + (high - low) * (b - a) / (c - a)) if c > a else Decimal(0)
        if claimed.curve in ("affine", "convex") and above > slack:
            return f"{claimed.curve}, and above its chord at {b}"
        if claimed.curve in ("affine", "concave") and above < -slack:
            return f"{claimed.curve}, and below its chord at {b}"
    return ""


def is_one_stretch(holds: list[bool]) -> bool:
    return "".join("x" if each else "." for each in holds).strip(".").count(".") == 0


@pytest.mark.parametrize("reduces", [False, True], ids=["any order", "reduction"])
def test_what_is_claimed_holds_at_every_size_tried(reduces: bool) -> None:
    rng = random.Random(17 if reduces else 11)
    seen: Counter[str] = Counter()
    for _ in range(EXPRESSIONS):
        text = drawn(rng, rng.choice(("units", "units", "ratio")), rng.choice((1, 2, 3)))
        read = checked(text, NAMES)
        if read.found:
            continue  # refused before anyone asks how it moves
        claimed = growth(read.expr, reduces)
        if reduces:  # only trends are claimed of reductions
            claimed = Growth(claimed.trend, "other")
        if claimed == ("other", "other") or not depends_on_size(read.expr):
            continue
        for row in rows_of(read.expr, reduces, rng):
            assert not (why := broken_claim(claimed, row)), f"{text} is {why}: {row}"
        seen.update(claimed)
    assert min(seen[word] for word in ("rises", "falls")) >= 10, seen
    if not reduces:
        words = ("affine", "convex", "concave", "quasiconvex", "quasiconcave")
        assert min(seen[word] for word in words) >= 3, seen
