"""What a policy's names mean: the context in which its expressions are checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ruleengine.diagnostics import Diagnostic
from ruleengine.facts.base import Frame
from ruleengine.facts.catalogue import ENUMS, FACTS
from ruleengine.functions.base import Function
from ruleengine.schema.candidates import Candidates
from ruleengine.schema.declarations import Feature
from ruleengine.schema.leaf import Expression
from ruleengine.schema.modes import Mode
from ruleengine.schema.policy import Policy
from ruleengine.schema.tables import Table
from ruleengine.typecheck.ranges import Range
from ruleengine.typecheck.typed import Expr, TypedColumn

STANDARD_TIMEFRAMES = ("m1", "m2", "m5", "m10", "m15", "m30", "h1", "h2", "h4", "d1")
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Scope:
    """Which frames an expression may read. `spoken`: how a diagnostic names it. `after`: facts that have an `…_after`
    form mean that form (inside `until`). `only`: facts of the intent frame that exist here, where not all do."""

    name: str
    spoken: str
    frames: frozenset[Frame]
    after: bool = False
    only: frozenset[str] | None = None


def _scope(name: str, spoken: str, *frames: Frame, after: bool = False, only: frozenset[str] | None = None) -> Scope:
    return Scope(name, spoken, frozenset(frames) | {"time"}, after, only)


INTENT = _scope("intent", "each intent", "market", "account", "position", "intent", "signal")
SIGNAL = _scope("signal", "each signal", "market", "account", "position", "signal")
INSTRUMENT = _scope("instrument", "each instrument", "market", "account", "position")
REDUCTION = _scope(
    "instrument",
    "each instrument",
    "market",
    "account",
    "position",
    "intent",
    after=True,
    only=frozenset(
        {
            "size",
            "reduce_only",
            "intent.net_change",
            "intent.long_change",
            "intent.short_change",
            "intent.levered_rate",
        }
    ),
)
TRADE = _scope("trade", "each trade", "market", "account", "position", "trade")
ACCOUNT = _scope("account", "the account", "account")
BY_STRATEGY = _scope("strategy", "each strategy", "account", "intent", only=frozenset({"strategy"}))
BY_POCKET = _scope("pocket", "each pocket", "account", "intent", only=frozenset({"pocket"}))
CONSTANT = Scope("constant", "the policy alone", frozenset())
EVERYTHING = _scope("everything", "anything", "market", "account", "position", "trade", "intent", "signal")


def words_of(mode: Mode) -> tuple[str, ...]:
    """The names of a mode's states, in the order in which they stand; none of a switch."""
    states = mode.states or ()
    return tuple(states) if isinstance(states, dict) else tuple(state.name for state in states)


@dataclass(slots=True)
class Names:
    """All names of one policy, with a record of which were used (an unused one is a finding)."""

    policy: Policy
    functions: dict[str, Function]
    currency: str
    parameters: dict[str, Expr] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    found: list[Diagnostic] = field(default_factory=list)
    in_progress: list[str] = field(default_factory=list)
    settable: dict[str, Range] = field(default_factory=dict)
    """What `--set` may give each parameter that has bounds."""
    read: list[Expr] = field(default_factory=list)
    """Every expression of the policy as written, nothing folded."""
    columns_read: dict[tuple[str, str], TypedColumn] = field(default_factory=dict)
    """Columns of decision tables that something reads, by table and column."""
    features_read: dict[tuple[str, str, int, float], Expr] = field(default_factory=dict)
    """Features that were checked already: by name, scope, and what they inherit."""

    modes_read: dict[str, Expr] = field(default_factory=dict)
    """Modes that were checked already, by name."""
    patterns_read: dict[str, dict[str, Expr]] = field(default_factory=dict)
    """The facts of patterns that were checked already, by the pattern's name."""

    @property
    def features(self) -> dict[str, Feature | Expression]:
        return self.policy.features

    @property
    def tables(self) -> dict[str, Table]:
        return self.policy.tables

    @property
    def rankings(self) -> dict[str, Candidates]:
        """Lists of candidates by their name."""
        return {each.id.text: each for each in self.policy.candidates}

    @property
    def timeframes(self) -> tuple[str, ...]:
        return (*STANDARD_TIMEFRAMES, *self.policy.timeframes)

    def vocabulary(self, name: str) -> tuple[str, ...]:
        """The declared words of `strategies`, `pockets`, `regimes`, `instruments`, or of an enum."""
        match name:
            case "strategies":
                return tuple(self.policy.strategies)
            case "pockets":
                return tuple(leaf.text for leaf in self.policy.pockets)
            case "regimes":
                return tuple(leaf.text for leaf in self.policy.regimes)
            case "instruments":
                return tuple(leaf.text for leaf in self.policy.requires.instruments)
        if name in self.policy.modes:
            return words_of(self.policy.modes[name])
        return ENUMS.get(name, ())

    def circle(self, wanted: str) -> list[str]:
        """The definitions that lead from a name back to it."""
        return [*self.in_progress[self.in_progress.index(wanted) :], wanted]

    def is_value(self, name: str) -> bool:
        """Does a bare name stand for a value of the language or of the policy?"""
        policy = self.policy
        declared = (policy.features, policy.parameters, policy.schedules, policy.modes, policy.tables, self.rankings)
        return name in FACTS or name in self.timeframes or any(name in each for each in declared)

    def is_switched(self, expr: Expr) -> bool:
        """Does a parameter stand in it? Then a condition that is constant now is one that was switched off."""
        return any(node.op == "const" and node.label in self.parameters for node in expr.walk())

    def candidates(self) -> list[str]:
        """Everything a bare name could have meant, for suggestions."""
        policy = self.policy
        named = (*self.parameters, *self.features, *policy.schedules, *policy.modes, *policy.patterns, *self.rankings)
        return [*named, *FACTS, *self.timeframes, *self.tables]
