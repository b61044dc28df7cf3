"""Whose a trade is and which strategy it belongs to, from client ids and tags as the venue carries them (FX-16).

Owner: the client id begins with a declared prefix, or was made by us. Anything else is manual.
Strategy: base tag ← raw tag ← tag at the end of the client id, each by

    1. the strategy's own name or one of its declared aliases, letter for letter
    2. a cut: what is left of exactly one strategy's names once `-`, `_` and the end are gone, 8 letters or more
       (`Donchian5` of `Donchian55-breakout-up`, `TrendMAbu` of `TrendMA-bull`)

A tag that says nothing by both is strategy `unknown`, with a finding: it is shown, never dropped. A longer tag is never
taken for a shorter one (`TrendMA-bear` is not `TrendMA`): the policy declares which derived tags mean what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ruleengine.diagnostics import Diagnostic, Span
from ruleengine.diagnostics.catalogue import book
from ruleengine.runtime.orders.ids import ID_LENGTH_MAX, MADE_HERE, is_usable_prefix
from ruleengine.schema.policy import Policy

UNKNOWN_STRATEGY = "unknown"
CUT_LENGTH_MIN = 8
"""A shorter rest is too little to tell strategies apart by."""

Owner = Literal["engine", "manual"]

_HERE = Span.of_file("tags")
_SPLIT = re.compile(r"[^A-Za-z0-9]+")
_MADE = re.compile(rf"{MADE_HERE}[a-z2-7]{{{24}}}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a trade or signal belongs to. `raw_tag`: as received. `opened_by`: kind of the rule, "" for manual trades."""

    owner: Owner
    strategy: str
    raw_tag: str
    pocket: str
    opened_by: str
    found: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True)
class Tags:
    """Declared names. `aliases` by strategy; `home_pockets`, `opened_by`: what trades of a strategy have where nothing
    else says it."""

    aliases: Mapping[str, Iterable[str]]
    prefixes: tuple[str, ...] = ()
    pockets: tuple[str, ...] = ()
    home_pockets: Mapping[str, str] = field(default_factory=dict)
    opened_by: Mapping[str, str] = field(default_factory=dict)
    _exact: dict[str, str] = field(default_factory=dict, init=False, repr=False)
    _letters: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for strategy, aliases in self.aliases.items():
            names = (strategy, *aliases)
            for name in names:
                self._exact.setdefault(name, strategy)
            self._letters[strategy] = tuple(_letters(name) for name in names)

    @classmethod
    def from_policy(cls, policy: Policy) -> Tags:
        strategies = policy.strategies
        return cls(
            aliases={name: tuple(leaf.text for leaf in each.aliases) for name, each in strategies.items()},
            prefixes=tuple(leaf.text for leaf in policy.ownership),
            pockets=tuple(leaf.text for leaf in policy.pockets),
            home_pockets={name: each.pocket.text for name, each in strategies.items() if each.pocket is not None},
            opened_by=_openers(policy),
        )

    @property
    def prefix(self) -> str:
        """What ids made here begin with: the first declared prefix that an id may have, else our own."""
        return next((prefix for prefix in self.prefixes if is_usable_prefix(prefix)), MADE_HERE)

    def owner(self, client_id: str) -> Owner:
        """
        >>> Tags({}, prefixes=("qr-",)).owner("qr-1761926411971-micro-M1Scalper"), Tags({}).owner("web-7")
        ('engine', 'manual')
        """
        is_ours = client_id.startswith(self.prefixes) if self.prefixes else False
        return "engine" if is_ours or _MADE.fullmatch(client_id) else "manual"

    def strategy_of(self, *tags: str) -> str | None:
        """The base tag of the first of these tags that says one; None where none does.

        >>> Tags({"TrendMAbu": ["TrendMA-bull"], "M1Scalper": []}).strategy_of("", "TrendMA-bull")
        'TrendMAbu'
        """
        for tag in tags:
            found = self._exact.get(tag) or self._cut(tag)
            if found is not None:
                return found
        return None

    def identify(
        self, subject: str, client_id: str, tag: str, pocket: str, *, is_ours: bool = False, opened_by: str = ""
    ) -> Identity:
        """Who a trade belongs to. `subject`: how findings call it. `is_ours`: known to be, whatever the client id says;
        `opened_by`: the kind of rule, where it is known."""
        owner: Owner = "engine" if is_ours else self.owner(client_id)
        trailing, written_pocket = self._parts(client_id)
        strategy = self.strategy_of(tag, trailing) or UNKNOWN_STRATEGY
        found: list[Diagnostic] = []
        if strategy == UNKNOWN_STRATEGY and (owner == "engine" or tag):
            found.append(book.tag_not_declared(_HERE, tag or trailing, subject))
        if written_pocket and pocket and written_pocket != pocket:
            found.append(
                book.tags_disagree(_HERE, subject, client_id, f"pocket `{written_pocket}`", f"pocket `{pocket}`")
            )
        if owner == "manual" and pocket in self.pockets:
            found.append(book.tags_disagree(_HERE, subject, client_id, "manual", f"pocket `{pocket}`"))
        by = opened_by or (self.opened_by.get(strategy, "entry") if owner == "engine" else "")
        home = self.home_pockets.get(strategy, "") if owner == "engine" else ""
        return Identity(owner, strategy, tag or trailing, pocket or written_pocket or home, by, tuple(found))

    def _cut(self, tag: str) -> str | None:
        letters = _letters(tag)
        if len(letters) < CUT_LENGTH_MIN or letters != tag:
            return None  # only what has been cut already is read as a cut
        meant = [name for name, each in self._letters.items() if any(full.startswith(letters) for full in each)]
        return meant[0] if len(meant) == 1 else None

    def _parts(self, client_id: str) -> tuple[str, str]:
        """(tag at the end, pocket inside) of a client id that says more than a number."""
        prefix = next((prefix for prefix in self.prefixes if client_id.startswith(prefix)), None)
        if prefix is None or len(client_id) > 4 * ID_LENGTH_MAX:
            return "", ""
        words = [part for part in _SPLIT.split(client_id[len(prefix) :]) if part]
        pocket = next((part for part in words if part in self.pockets), "")
        last = words[-1] if len(words) > 1 else ""
        return ("" if last == pocket or last.isdigit() else last), pocket


def _openers(policy: Policy) -> dict[str, str]:
    """Kind of rule by strategy, where only hedges open it: a trade of such a strategy, of which nothing else is known,
    was opened by one (FX-06)."""
    entries = [entry.strategy.text for entry in policy.entries if entry.strategy is not None]
    hedges = [hedge.open.strategy.text for hedge in policy.hedges if hedge.open is not None]
    return {strategy: "hedge_open" for strategy in hedges if strategy not in entries}


def _letters(tag: str) -> str:
    return _SPLIT.sub("", tag)
