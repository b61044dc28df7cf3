"""`trail` → the condition that it stands for, over peaks that are kept per unit of price (OPS-05).

    armed    best gain so far   >= from
    fallen   fall from the best >= distance
    locked   gain now           <= lock          or, where `lock` is a price: the closing price has come back to it

    when = armed and (fallen or locked)

Each is compared in the unit its own key is written in: pips (a price distance is told in pips), or a ratio: gains over
the price they are measured from (`basis`), the fall over the best price. A trail has no state beside the best
price and, of a position, the best gain over the average of its time: a restart moves nothing, and neither an addition
nor a partial close disarms. With `since: addition` both count since the last addition alone, and one begins anew.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ruleengine.diagnostics.catalogue import exits as faults
from ruleengine.diagnostics.catalogue import rules as figures
from ruleengine.facts.catalogue import FACTS
from ruleengine.schema.exits import Trail
from ruleengine.schema.leaf import Expression
from ruleengine.typecheck.constants import fold
from ruleengine.typecheck.derived import fact
from ruleengine.typecheck.expression import Checker, lost
from ruleengine.typecheck.fitting import to_pips
from ruleengine.typecheck.signs import sign_of
from ruleengine.typecheck.slips import check_bracket
from ruleengine.typecheck.typed import Expr
from ruleengine.units import ANY, BOOL, DISTANCE, PIPS, PRICE, RATIO


class Followed(NamedTuple):
    """What a trail follows: names of facts, by unit where they have one. `of`: trade or position."""

    of: str
    peak: dict[str, str]
    fall: dict[str, str]
    gain: dict[str, str]


def _followed(of: str, pips: tuple[str, str], ratio: tuple[str, str], ending: str = "") -> Followed:
    """`pips`, `ratio`: the peak's and the gain's fact in that unit. `ending`: of the names of those peaks and falls."""
    return Followed(
        of,
        {"pips": f"{of}.{pips[0]}{ending}", "ratio": f"{of}.{ratio[0]}{ending}"},
        {"pips": f"{of}.back_off{ending}", "ratio": f"{of}.back_off_ratio{ending}"},
        {"pips": f"{of}.{pips[1]}", "ratio": f"{of}.{ratio[1]}"},
    )


def _of_position(since: str, ending: str) -> dict[tuple[str, str, str], Followed]:
    first = ("peak_pips_over_first", "pips_over_first"), ("peak_over_first", "closing_gain_over_first")
    average = ("peak_pips_over_average", "pips_over_average"), ("peak_over_average", "closing_gain_over_average")
    return {
        ("position", "first_entry", since): _followed("position", *first, ending),
        ("position", "average", since): _followed("position", *average, ending),
    }


_FOLLOWED: dict[tuple[str, str, str], Followed] = {
    ("trade", "entry", ""): _followed("trade", ("peak_pips", "pnl_pips"), ("peak_ratio", "gain_ratio")),
    **_of_position("flat", ""),
    **_of_position("addition", "_since_addition"),
}
"""By what the rule looks at, the basis of gains, and since when a position's peaks count."""
_BASIS = {"trade": "entry", "position": "average"}
"""The basis of gains where the trail names none."""

BREAK_EVEN = "break_even"
"""As a lock: the price at which nothing is lost, fees included."""


def trailing(checker: Checker, trail: Trail, for_each: str) -> Expr:
    """The condition of a trailing stop; of type `any` where a part of it has a fault."""
    place = trail.begin.node.span
    basis = trail.basis or _BASIS.get(for_each)
    if basis is None:
        return checker.fail(faults.trail_without_price(place, for_each))
    if trail.since is not None and for_each != "position":
        return checker.fail(faults.since_of_another(place, trail.since, for_each))
    since = "" if for_each == "trade" else trail.since or "flat"
    followed = _FOLLOWED.get((for_each, basis, since))
    if followed is None:
        bases = [word for of, word, when in _FOLLOWED if (of, when) == (for_each, since)]
        return checker.fail(faults.basis_of_another(place, basis, for_each, bases))
    begin = _figure(checker, "from", trail.begin)
    distance = _figure(checker, "distance", trail.distance)
    lock = None if trail.lock is None else _lock(checker, trail.lock, followed)
    parts = [begin, distance, *([] if lock is None else [lock])]
    if any(part.type == ANY for part in parts):
        return lost(place)
    falls = [_compare(checker, "ge", followed.fall[distance.type.kind], distance, trail.distance)]
    if lock is not None and trail.lock is not None:
        _check_lock(checker, begin, lock, trail)
        falls.append(_locked(checker, lock, trail.lock, followed))
    armed = _compare(checker, "ge", followed.peak[begin.type.kind], begin, trail.begin)
    closes = falls[0] if len(falls) == 1 else Expr("or", BOOL, tuple(falls))
    return Expr("and", BOOL, (armed, closes))


def _figure(checker: Checker, key: str, leaf: Expression) -> Expr:
    """A gain or a fall, in pips or as a ratio; it has to be above nothing."""
    expr = _in_pips(checker, checker.value(leaf, PIPS, RATIO, DISTANCE))
    if expr.type != ANY and _is_never_above_zero(fold(expr)):
        checker.names.found.append(figures.out_of_bounds(leaf.node.span, key, leaf.text.strip(), "above 0"))
    return expr


def _is_never_above_zero(expr: Expr) -> bool:
    if expr.op == "const":
        return isinstance(expr.data, Decimal) and expr.data <= 0
    return sign_of(expr) < 0


def _lock(checker: Checker, leaf: Expression, followed: Followed) -> Expr:
    """A gain, which may be below zero, `break_even`, or a price that something gives: a bare number is none."""
    if leaf.text.strip() == BREAK_EVEN and BREAK_EVEN not in (*checker.names.parameters, *checker.names.features):
        return _fact(checker, f"{followed.of}.break_even", leaf)
    expr = _in_pips(checker, checker.value(leaf, PIPS, RATIO, DISTANCE, PRICE))
    if expr.type == PRICE:
        check_bracket(checker.names, "lock", leaf, expr)
    return expr


def _in_pips(checker: Checker, expr: Expr) -> Expr:
    """How finely two distances are told apart is known in pips only (`units.COMPARISON_SCALE`)."""
    return to_pips(checker, expr) if expr.type == DISTANCE else expr


def _check_lock(checker: Checker, begin: Expr, lock: Expr, trail: Trail) -> None:
    """A lock is below the gain at which the stop arms, where both are constants of one unit."""
    first, kept = fold(begin), fold(lock)
    if first.op == kept.op == "const" and first.type == kept.type and kept.data >= first.data and trail.lock:
        place = trail.lock.node.span
        checker.names.found.append(faults.lock_beyond_arming(place, trail.lock.text.strip(), trail.begin.text.strip()))


def _locked(checker: Checker, lock: Expr, leaf: Expression, followed: Followed) -> Expr:
    """The gain has come down to what is locked; for a price: what closing at it would give, in pips, is nothing."""
    if lock.type != PRICE:
        return _compare(checker, "le", followed.gain[lock.type.kind], lock, leaf)
    sign, price = (_fact(checker, f"{followed.of}.{each}", leaf) for each in ("sign", "exit_price"))
    beyond = Expr("mul", DISTANCE, (sign, Expr("sub", DISTANCE, (price, lock))))
    nothing = Expr("const", PIPS, data=Decimal(0))
    return Expr("le", BOOL, (to_pips(checker, beyond), nothing), span=leaf.node.span)


def _compare(checker: Checker, op: str, name: str, value: Expr, leaf: Expression) -> Expr:
    """A fact against a figure, written where the figure is."""
    return Expr(op, BOOL, (_fact(checker, name, leaf), value), span=leaf.node.span)


def _fact(checker: Checker, name: str, leaf: Expression) -> Expr:
    return fact(checker, FACTS[name], leaf.node.span, False)
