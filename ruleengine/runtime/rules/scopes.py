"""What a protection or an alert is judged for, one by one: the account, each instrument, strategy or pocket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ruleengine.facts.frames import Env, IntentFrame
from ruleengine.model.unknown import Unknown
from ruleengine.runtime.plan.rules import Words
from ruleengine.runtime.plan.safety_rules import ForEach
from ruleengine.runtime.rules.desk import Desk

ACCOUNT = "account"


class Scoped(NamedTuple):
    """`key`: its name. `instrument`: "" where it is none."""

    key: str
    env: Env
    instrument: str


def scopes(desk: Desk, for_each: ForEach, words: Words) -> Iterator[Scoped]:
    """Everything that a rule is judged for but trades, which come and go."""
    policy = desk.plan.policy
    match for_each:
        case "account":
            yield Scoped(ACCOUNT, desk.account_env, "")
        case "instrument":
            for name in desk.specs:
                if words.instruments is None or name in words.instruments:
                    yield Scoped(name, desk.env(name), name)
        case "strategy":
            for name in policy.strategies:
                if words.strategies is None or name in words.strategies:
                    yield Scoped(name, desk.account_env_with(IntentFrame(strategy=name)), "")
        case "pocket":
            for leaf in policy.pockets:
                if words.pockets is None or leaf.text in words.pockets:
                    yield Scoped(leaf.text, desk.account_env_with(IntentFrame(pocket=leaf.text)), "")


def concerns(for_each: ForEach, key: str, words: Words, what: Any) -> bool:
    """Is an intent's proposal, an open trade or one that ended of this scope, and admitted by the rule's words?"""
    strategy, pocket = _word(what.strategy), _word(what.pocket)
    own = {ACCOUNT: key, "instrument": what.instrument, "strategy": strategy, "pocket": pocket}[for_each]
    return own == key and words.admit(
        strategy=strategy, pocket=pocket, instrument=what.instrument, side=str(getattr(what.side, "value", what.side))
    )


def _word(value: Any) -> str:
    return "" if value.__class__ is Unknown else str(value)
