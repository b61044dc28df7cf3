"""RE353–RE359: a rule reads well, and can't do what it stands for: it never acts, or its figures make no sense.

One function per fault, declared with its page by `@fault` (see `pages.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ruleengine.diagnostics.catalogue.pages import Wording, fault, says, word
from ruleengine.diagnostics.diagnostic import Related
from ruleengine.diagnostics.span import Span


@fault(
    "RE353",
    title="rule that can never act",
    what="The rule's own strategy, pocket or side is none of those that its `applies_to` admits.",
    why="`applies_to` narrows what a rule may do; where it leaves out all of it, the rule is dead text.",
    bad="entries: [{id: dip, source: market, strategy: A, applies_to: {strategy: B}, …}]",
    good="entries: [{id: dip, source: market, strategy: A, …}]",
    proof="none: shown in tests/typecheck/test_applies.py",
)
def never_applies(span: Span, key: str, admitted: Sequence[str], own: str) -> Wording:
    has = f"its own is {word(own)}" if own else f"it has no {key} of its own"
    return says(
        f"the rule can never act: `applies_to` admits {key} {', '.join(word(each) for each in admitted)}, and {has}",
        f"remove `{key}` from its `applies_to`, or make the two agree",
    )


@fault(
    "RE354",
    title="figure outside of what its place can mean",
    what="A share, size, count, wait or cooldown of a rule lies outside of its bounds, whatever the market does.",
    why="A rule that closes 0% does nothing and a wait below 0s is over before it begins; 200% was meant to be 20%.",
    bad="close: 0% - 50%",
    good="close: 50%",
    proof="none: shown in tests/typecheck/test_bounds.py",
)
def out_of_bounds(span: Span, key: str, value: str, bounds: str) -> Wording:
    return says(f"{word(key)} is {value}", f"it has to be {bounds}")


@fault(
    "RE355",
    title="strategy whose trades no exit can close",
    what="The policy opens trades of the strategy, and no exit rule that is switched on and enforced can close them.",
    why="Such a trade stays open whatever it loses; a misspelt filter or a rule left in shadow looks just like that "
    "(FX-16). Where its trades are closed by an attached stop and target, by the venue or by hand, `has_exits: false` "
    "says so.",
    bad="strategies: {A: {}} with an entry of A, and exits of B alone",
    good="strategies: {A: {}} with an exit that admits A, or strategies: {A: {has_exits: false}}",
    proof="none: shown in tests/typecheck/test_coverage.py",
)
def no_exit(
    span: Span, strategy: str, side: str, entered: Span, covered: Sequence[str] = (), taken: Sequence[Span] = ()
) -> Wording:
    """`strategy`: empty where the policy declares none, so that signals open trades of unknown ones. `covered`: the
    strategies with exits, where the entry takes signals of any. `taken`: where files above switched exits off."""
    places = tuple(Related("an exit is changed or removed here", at) for at in taken)
    trades = f"{side} trades" if side else "trades"
    if not strategy:
        return says(
            f"no exit rule can close the {trades} that signals open here",
            "add an exit that admits them: switched on, enforced, with a `close`",
            related=places,
        )
    narrow = f"let the entry take what has exits (`applies_to: {{strategy: [{', '.join(covered)}]}}`), or "
    return says(
        f"no exit rule can close the {trades} of strategy {word(strategy)}",
        f"{narrow if covered else ''}add an exit that admits them (switched on, enforced, with a `close`), or say"
        f" `has_exits: false` of {word(strategy)} where something else closes them",
        related=(Related("opened here", entered), *places),
    )


@fault(
    "RE356",
    title="part closed behind a stage that closes all",
    what="A stage that closes a part stands after one with `close: 100%`.",
    why="A stage is done when it or a later one has filled: a part that is closed first keeps the stage before it from "
    "ever closing the rest.",
    bad="stages: [{when: trade.age > 72h, close: 100%}, {when: trade.age > 24h, close: 50%}]",
    good="stages: [{when: trade.age > 24h, close: 50%}, {when: trade.age > 72h, close: 100%}]",
    proof="none: shown in tests/typecheck/test_stages.py",
)
def stage_out_of_reach(span: Span, whole: Span) -> Wording:
    return says(
        "this stage closes a part and stands behind one that closes all",
        "put it before that one, remove it, or write a rule of its own",
        related=(Related("closes all", whole),),
    )


@fault(
    "RE357",
    title="intent that nothing makes",
    what="A rule applies only to intents of ladders or pyramids, and the policy has no such rule.",
    why="No intent is of that kind: the guard refuses nothing, the cap bounds nothing.",
    bad="applies_to: {intent: ladder} in a policy without ladders",
    good="applies_to: {intent: [entry, ladder]}",
    proof="none: shown in tests/typecheck/test_applies.py",
)
def nothing_makes(span: Span, key: str, kinds: Sequence[str]) -> Wording:
    return says(
        f"nothing is of the kind that {word(key)} names: the policy has no {' and no '.join(f'{k}s' for k in kinds)}",
        "name the kinds that the rule is meant for, such as `entry`, or write the section",
    )


@fault(
    "RE358",
    title="signal asked for where there is none",
    what="A guard, cap or size needs a fact of the signal, and applies to intents that come of no signal.",
    why="Only an entry with `source: signal` has one. For an exit, a hedge or an entry on the market the fact is never "
    "known, and unknown refuses: a guard on `signal.age` would keep every exit from being sent.",
    bad="applies_to: {intent: [entry, exit]}, require: signal.age <= 6s",
    good="applies_to: {intent: entry}, require: signal.age <= 6s",
    proof="none: shown in tests/typecheck/test_signals.py",
)
def signal_never_known(span: Span, section: str, rule: str, kinds: Sequence[str]) -> Wording:
    listed = ", ".join(word(kind) for kind in kinds)
    here = "no entry here is `source: signal`" if tuple(kinds) == ("entry",) else f"{listed} comes of no signal"
    remedy = "`coalesce(signal.size, …)`" if section == "sizing" else "`not known(signal.time) or …`"
    return says(
        f"{word(rule)} refuses every intent of the kind {listed}: {here}",
        f"let it apply to what signals open (`applies_to: {{intent: entry}}`), or say what holds without one: {remedy}",
    )


@fault(
    "RE359",
    title="score that has no order",
    what="The `score` of a list of candidates is a condition, a word or an instant.",
    why="Candidates are ranked from the highest score down; only numbers can be.",
    bad="score: spread_ratio <= 0.4%",
    good="score: 100% - spread_ratio",
    proof="none: shown in tests/typecheck/test_candidates.py",
)
def score_without_order(span: Span, name: str, kind: str) -> Wording:
    return says(
        f"the score of {word(name)} is a {kind}, which can't be ranked",
        "write a number, and put the condition under `eligible`",
    )
