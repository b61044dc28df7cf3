"""Names and calls in expressions, and declarations that nothing uses or that stand twice.

Codes: RE320–RE323, RE325–RE329, RE336–RE341, RE348–RE349, RE351–RE352.

One function per fault, declared with its page by `@fault` (see `pages.py`). `proof="expression"`: the bad example is
one expression, checked in the scope of an entry guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.span import Span
from ruleengine.diagnostics.suggest import help_line

_TRUTH_FOR = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_TRUTH_FOR |= {spelt: truth for name, truth in _TRUTH_FOR.items() for spelt in (name.title(), name.upper())}
_DECLARED = {
    "strategies": ("strategy", "strategies"),
    "pockets": ("pocket", "pockets"),
    "regimes": ("regime", "regimes"),
    "instruments": ("instrument", "requires.instruments"),
}
"""Vocabularies that a policy declares: one of them, and where they stand."""


def _scope_help(frame: str, scope: str) -> str:
    helps = {
        "trade": "use `for_each: trade`, or an aggregate such as `count(t for t in trades if …)`",
        "signal": "it is known only in entries `on: signal`",
        "intent": "it is known in guards, caps and sizing",
    }
    return helps.get(frame, f"this rule is evaluated for {scope}")


@fault(
    "RE320",
    title="unknown name",
    what="A name is no fact, feature, parameter, schedule or word of the policy.",
    why="A misspelt fact must not silently be something else.",
    bad="spraed <= 1.2pips",
    good="spread <= 1.2pips",
    proof="expression",
)
def unknown_name(span: Span, name: str, candidates: Sequence[str]) -> Wording:
    if name in _TRUTH_FOR:
        return says(f"unknown name {word(name)}", f"write `{_TRUTH_FOR[name]}`")
    return says(
        f"unknown name {word(name)}",
        help_line(
            name,
            candidates,
            "facts are listed by `ruleengine explain facts`; declare your own under `features:` or `parameters:`",
        ),
    )


@fault(
    "RE321",
    title="unknown function",
    what="A call names no function of the language.",
    why="Only registered, pure functions can be called.",
    bad="rsj(m1, 14) > 70",
    good="rsi(m1, 14) > 70",
    proof="expression",
)
def unknown_function(span: Span, name: str, candidates: Sequence[str]) -> Wording:
    return says(
        f"unknown function {word(name)}", help_line(name, candidates, "functions are listed in docs/language.md")
    )


@fault(
    "RE322",
    title="wrong number of arguments",
    what="A call has too few or too many arguments.",
    why="A missing window has no silent default, and a superfluous argument says that something else was meant.",
    bad="avg_over(spread) <= 2pips",
    good="avg_over(spread, 60s) <= 2pips",
    proof="expression",
)
def argument_count(span: Span, function: str, signature: str, given: int) -> Wording:
    return says(
        f"{word(function)} does not take {given} argument{'' if given == 1 else 's'}", f"its form is `{signature}`"
    )


@fault(
    "RE323",
    title="unknown parameter of a function",
    what="A named argument is no parameter of the function.",
    why="A misspelt parameter must not be ignored.",
    bad="avg_over(spread, windw=60s) <= 2pips",
    good="avg_over(spread, window=60s) <= 2pips",
    proof="expression",
)
def unknown_parameter(span: Span, function: str, name: str, names: Sequence[str]) -> Wording:
    return says(
        f"{word(function)} has no parameter {word(name)}",
        help_line(name, names, f"its parameters are {', '.join(names)}"),
    )


@fault(
    "RE325",
    title="argument that is not constant",
    what="A length or window depends on data.",
    why="Look-back is computed before any data is read.",
    bad="sma(m1.close, position.additions) > 90",
    good="sma(m1.close, 20) > 90",
    proof="expression",
)
def argument_not_constant(span: Span, function: str, parameter: str) -> Wording:
    return says(
        f"{word(parameter)} of {word(function)} must be known when the policy is compiled",
        "write a number, or the name of a parameter",
    )


@fault(
    "RE326",
    title="argument out of bounds",
    what="A constant argument lies outside of what the function takes.",
    why="An RSI over 0 bars has no value.",
    bad="rsi(m1, 0) > 70",
    good="rsi(m1, 14) > 70",
    proof="expression",
)
def argument_bounds(span: Span, function: str, parameter: str, bounds: str) -> Wording:
    return says(f"{word(parameter)} of {word(function)} must be {bounds}")


@fault(
    "RE327",
    title="argument given twice",
    what="A parameter is given by place and by name, or twice by name.",
    why="Which of the two counts would be a guess.",
    bad="rsi(m1, 14, n=9) > 70",
    good="rsi(m1, n=14) > 70",
    proof="expression",
)
def argument_twice(span: Span, function: str, name: str) -> Wording:
    return says(f"{word(name)} of {word(function)} is given twice")


@fault(
    "RE328",
    title="aggregate without a collection",
    what="`count`, `sum`, `any`, `all`, `avg` take one comprehension, `percentile` one and its share.",
    why="Over which trades must be said.",
    bad="count(trades) > 5",
    good="count(t for t in trades) > 5",
    proof="expression",
)
def needs_comprehension(span: Span, function: str) -> Wording:
    return says(
        f"{word(function)} goes over a collection",
        f"write `{function}(t for t in trades if …)` or `{function}(t.pnl for t in trades)`",
    )


@fault(
    "RE329",
    title="comprehension outside an aggregate",
    what="A function that is no aggregate was given a comprehension.",
    why="Only aggregates over a collection can be bounded and explained.",
    bad="abs(t.pnl for t in trades) > 5",
    good="sum(t.pnl for t in trades) > 0",
    proof="expression",
)
def comprehension_outside(span: Span) -> Wording:
    return says(
        "a comprehension may only be the first argument of an aggregate",
        "aggregates are count, sum, min, max, avg, any, all, streak, percentile",
    )


@fault(
    "RE336",
    title="word that is not in the vocabulary",
    what="A word compared with a side, phase, strategy, pocket or regime is none of the declared ones.",
    why="A comparison with a misspelt name is never true, and says nothing.",
    bad="side == lonng",
    good="side == long",
    proof="expression",
)
def unknown_word(span: Span, name: str, vocabulary: str, words: Sequence[str]) -> Wording:
    if vocabulary in _DECLARED:
        noun, section = _DECLARED[vocabulary]
        otherwise = f"declared under `{section}`: {', '.join(words)}" if words else f"declare it under `{section}`"
    else:
        noun = vocabulary
        otherwise = f"{noun} is one of {', '.join(words)}" if words else f"declare it under `{noun}`"
    return says(f"{word(name)} is no {noun}", help_line(name, words, otherwise))


@fault(
    "RE337",
    title="fact out of scope",
    what="The fact is of a trade, an intent or a signal, and the rule is evaluated without one.",
    why="There is no trade to ask for its age; the rule would never act.",
    bad="trade.pnl < 0",
    good="count(t for t in trades if t.pnl < 0) > 0",
    proof="expression",
)
def not_in_scope(span: Span, name: str, frame: str, scope: str) -> Wording:
    return says(f"{word(name)} belongs to {frame}, which this rule does not have", _scope_help(frame, scope))


@fault(
    "RE338",
    title="timeframe, table or function used as a value",
    what="A name of something that is no value stands where a value is expected.",
    why="Which of its values is meant must be said.",
    bad="m1 > 90",
    good="m1.close > 90",
    proof="expression",
)
def not_a_value(span: Span, name: str, kind: str, example: str) -> Wording:
    return says(f"{word(name)} is {kind}, not a value", f"write `{example}`")


@fault(
    "RE339",
    title="unknown column",
    what="The part after the dot is no column of the timeframe, table or element.",
    why="A misspelt column must not be something else.",
    bad="m1.clos > 90",
    good="m1.close > 90",
    proof="expression",
)
def unknown_column(span: Span, name: str, column: str, columns: Sequence[str]) -> Wording:
    return says(f"{word(name)} has no {word(column)}", help_line(column, columns, f"it has {', '.join(columns)}"))


@fault(
    "RE341",
    title="definition that needs itself",
    what="Features or tables depend on each other in a circle.",
    why="Such a value could never be computed.",
    bad="features: {a: b + 1, b: a + 1}",
    good="features: {a: 1 + 1, b: a + 1}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def cycle(span: Span, chain: Sequence[str]) -> Wording:
    return says(f"defined by itself: {' → '.join(chain)}", "break the circle")


@fault(
    "RE348",
    title="declared but never used",
    what="A parameter, feature, table, schedule or timeframe is declared and nothing reads it.",
    why="A limit that nothing reads looks like protection and is none (SC-17).",
    bad="parameters: {max_loss: …} without a use",
    good="remove it, or use it in a rule",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def unused(span: Span, kind: str, name: str, section_below: str = "") -> Wording:
    remedy = "use it or remove it"
    if section_below:
        remedy = f"it stands in a policy below: use it, or add `removes: [{section_below}.{name.partition('.')[0]}]`"
    return says(f"{kind} {word(name)} is never used", remedy)


@fault(
    "RE349",
    title="name already taken",
    what="A feature, parameter, table or schedule is called like a fact, function, timeframe, strategy or other word.",
    why="One name, one meaning.",
    bad="features: {mid: bid}",
    good="features: {my_mid: bid}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def name_taken(span: Span, name: str, kind: str) -> Wording:
    return says(f"{word(name)} is already {kind}", "choose another name")


@fault(
    "RE351",
    title="two strategies with the same tag",
    what="Two names resolve from the same alias or cut to the same tag.",
    why="Trades of one would be managed as the other's (FX-16).",
    bad="strategies: {A: {aliases: [X]}, B: {aliases: [X]}}",
    good="strategies: {A: {aliases: [X]}, B: {aliases: [Y]}}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def same_cut_tag(span: Span, first: str, second: str, tag: str) -> Wording:
    return says(
        f"strategies {word(first)} and {word(second)} both claim the tag {word(tag)}", "make the aliases distinct"
    )


@fault(
    "RE352",
    title="reference to something that is not declared",
    what="A rule names a rule, table, schedule or strategy that the policy does not have.",
    why="A reference to nothing would silently do nothing.",
    bad="applies_to: {strategy: Unknwon}",
    good="applies_to: {strategy: M1Scalper}",
    proof="none: shown in tests/typecheck/test_codes.py",
)
def unknown_reference(span: Span, kind: str, name: str, candidates: Sequence[str]) -> Wording:
    return says(
        f"there is no {kind} {word(name)}",
        help_line(
            name,
            list(candidates),
            f"declared are {', '.join(candidates)}" if candidates else f"no {kind} is declared; declare it first",
        ),
    )
